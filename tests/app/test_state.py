"""The session and the address bar: what a refresh finds, and a link that is too long."""

from __future__ import annotations

import hashlib

from shrinkage.app.spec import DEFAULT, RunSpec, encode
from shrinkage.app.state import JOB, JOB_DIGITS, LINK, AppState, read_address, write_address

LONG = DEFAULT.but(
    undo=tuple(sorted(hashlib.sha256(b"%d" % i).hexdigest() for i in range(60))), cv=5
)


def nothing(prefix: str) -> None:
    raise AssertionError("no job is looked up")


def test_the_default_leaves_the_address_bare() -> None:
    query: dict[str, str] = {LINK: "v1.old", "lang": "zh"}
    write_address(AppState(), query)
    assert query == {"lang": "zh"}


def test_a_run_goes_into_the_address_and_comes_back() -> None:
    query: dict[str, str] = {}
    state = AppState(spec=DEFAULT.but(cv=5))
    write_address(state, query)
    assert query == {LINK: encode(state.spec)}
    fresh = AppState()
    read_address(fresh, query, nothing)
    assert fresh.spec == state.spec
    # What the session wrote itself is not taken up again.
    state.want(DEFAULT.but(cv=20))
    read_address(state, query, nothing)
    assert state.spec.cv == 20


def test_a_link_too_long_is_looked_up_by_its_job() -> None:
    query: dict[str, str] = {}
    write_address(AppState(spec=LONG), query)
    assert query == {JOB: LONG.key()[:JOB_DIGITS]}
    known: dict[str, RunSpec] = {query[JOB]: LONG}
    fresh = AppState()
    read_address(fresh, query, known.get)
    assert fresh.spec == LONG
    assert fresh.notice is None


def test_going_back_to_the_bare_address_is_going_back_to_the_start() -> None:
    query: dict[str, str] = {}
    state = AppState(spec=DEFAULT.but(cv=5))
    write_address(state, query)
    read_address(state, {}, nothing)
    assert state.spec == DEFAULT


def test_back_returns_to_what_is_on_the_screen() -> None:
    state = AppState(spec=DEFAULT.but(cv=5))
    state.back()
    assert state.spec.cv == 5
    state.shown = DEFAULT
    state.back()
    assert state.spec == DEFAULT
