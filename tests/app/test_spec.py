"""A run's description: round trips, and links that cannot be trusted."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkage.app.spec import DEFAULT, LINKS, MAX_LINK, TASKS, RunSpec, decode, encode

SPECS = st.builds(
    RunSpec,
    data=st.one_of(
        st.sampled_from(["sample:diabetes", "sample:wine"]),
        st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format),
    ),
    target=st.one_of(st.none(), st.text(max_size=20)),
    task=st.sampled_from(TASKS),
    event=st.one_of(st.none(), st.text(max_size=10)),
    standardize=st.booleans(),
    undo=st.lists(st.text(max_size=10), max_size=3).map(lambda s: tuple(sorted(s))),
    cv=st.integers(2, 50),
    test=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
    link=st.sampled_from(LINKS),
)


@given(SPECS)
def test_link_and_json_round_trip(spec: RunSpec) -> None:
    text = encode(spec)
    assert (decode(text) if text else DEFAULT) == spec
    assert RunSpec.from_json(spec.to_json()) == spec


def test_default_needs_no_link_and_a_monster_gets_none() -> None:
    assert encode(DEFAULT) is None
    names = tuple(sorted(hashlib.sha256(b"%d" % i).hexdigest() for i in range(60)))
    assert encode(DEFAULT.but(undo=names)) is None


def test_link_holds_only_what_differs() -> None:
    text = encode(DEFAULT.but(cv=5, target="目标"))
    assert text is not None
    packed = text.removeprefix("v1.")
    body = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert json.loads(body) == {"cv": 5, "target": "目标"}


def test_key_ignores_the_link_between_the_penalties_and_nothing_else() -> None:
    assert DEFAULT.but(link="textbook").key() == DEFAULT.key()
    changes = dict(
        data="sample:wine", target="y", task="classification", event="1", standardize=False,
        undo=("a",), cv=5, test=True, seed=2,
    )  # fmt: skip
    keys = {DEFAULT.but(**{k: v}).key() for k, v in changes.items()} | {DEFAULT.key()}
    assert len(keys) == len(changes) + 1


def _link(content: object) -> str:
    packed = zlib.compress(json.dumps(content).encode())
    return "v1." + base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1.",
        "v2.abc",
        "v1.!!!!",
        "v1.AAAA",
        "v1." + "A" * MAX_LINK,
        _link([1]),
        _link({"unknown": 1}),
        _link({"cv": "10"}),
        _link({"cv": True}),
        _link({"cv": 1}),
        _link({"cv": 10**9}),
        _link({"task": "magic"}),
        _link({"link": "x"}),
        _link({"data": "/etc/passwd"}),
        _link({"data": None}),
        _link({"undo": "abc"}),
        _link({"undo": [1]}),
        _link({"seed": -1}),
        _link({"target": "a" * 30_000}),
    ],
)
def test_damaged_links_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)
