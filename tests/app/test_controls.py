"""Only what a person changed counts: late and repeated reports of controls change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from shrinkage.app.views import controls
from shrinkage.app.views.controls import control


class Page:
    """One control as page and server see it, without Streamlit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session: dict[str, Any] = {}
        self.taken: list[Any] = []
        monkeypatch.setattr(controls.st, "session_state", self.session)

    def draw(self, shown: Any) -> dict[str, Any]:
        return control("box", shown, self.taken.append)

    def report(self, drawn: dict[str, Any], value: Any) -> None:
        self.session[drawn["key"]] = value
        drawn["on_change"](*drawn["args"])


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_a_change_counts_once(page: Page) -> None:
    drawn = page.draw("diabetes")
    page.report(drawn, "wine")
    page.report(drawn, "wine")
    assert page.taken == ["wine"]
    # The page set it, so it stays the same control, with its focus.
    assert page.draw("wine")["key"] == drawn["key"]
    page.report(drawn, "diabetes")
    assert page.taken == ["wine", "diabetes"]


def test_a_control_that_is_gone_repeats_itself_in_vain(page: Page) -> None:
    old = page.draw("diabetes")
    new = page.draw("own file")
    assert new["key"] != old["key"]
    page.report(old, "diabetes")
    page.report(new, "own file")
    assert page.taken == []
    # Back at the old value it is a third control: reports of the first two mean nothing for it.
    third = page.draw("diabetes")
    assert len({old["key"], new["key"], third["key"]}) == 3
    page.report(new, "own file")
    assert page.taken == []
    page.report(third, "own file")
    assert page.taken == ["own file"]


def test_a_choice_on_a_page_that_lags_behind_counts(page: Page) -> None:
    old = page.draw("diabetes")
    page.draw("own file")
    page.report(old, "wine")
    assert page.taken == ["wine"]


def test_a_value_that_was_not_taken_up_is_told_anew(page: Page) -> None:
    drawn = page.draw(30)
    page.report(drawn, 10)
    told = page.draw(30)
    assert told["key"] != drawn["key"]
    page.report(drawn, 10)
    assert page.taken == [10]
