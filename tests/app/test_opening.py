"""The board opens at the λ that the sentence speaks of: each penalty's own λ.1se."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st

from shrinkage.app.board import payload
from shrinkage.app.board.mount import _chosen_link
from shrinkage.app.i18n import section
from shrinkage.app.runs import LinearResult
from shrinkage.app.spec import DEFAULT, decode, encode

Opened = Callable[..., Any]

SPECS = {
    "sample": DEFAULT,
    "without degrees of freedom": DEFAULT.but(loss="quantile", cv=3),
    "degrees of freedom wanted and not there": DEFAULT.but(loss="quantile", cv=3, link="df"),
}


def opens_at(board: dict[str, Any]) -> list[str]:
    """What marks the λ of L1 and of L2 at which the control stands first."""
    link = board["links"][board["link"]]
    at = {"l1": link["start"], "l2": link["l2"][link["start"]]}
    return ["1se" if at[p] == board["sides"][p]["oneSe"] else "other" for p in ("l1", "l2")]


@pytest.mark.parametrize("case", SPECS)
def test_the_board_opens_at_the_lambda_of_the_sentence(open_app: Opened, case: str) -> None:
    assert opens_at(open_app(c=encode(SPECS[case]) or "").board) == ["1se", "1se"]


FILE = "\n".join(["a,b,y", *(f"{i * 7 % 11},{i % 5},{i * 7 % 11 + i % 3}" for i in range(60))])


def test_own_data_open_there_whatever_was_kept_the_same_before(open_app: Opened) -> None:
    screen = open_app(c=encode(DEFAULT.but(link="df")))
    assert screen.board["link"] == "df"
    screen.upload("own.csv", FILE.encode()).use("y", "regression")
    assert opens_at(screen.board) == ["1se", "1se"]
    assert decode(screen.query("c")).link == "1se"
    screen.widget("selectbox", "sample_").set_value("sparse")
    assert opens_at(screen.run().board) == ["1se", "1se"]


@pytest.mark.parametrize("keep", [(), ("1se",), ("1se", "textbook")])
def test_a_link_that_is_not_there_is_no_other_lambda(
    diabetes_result: LinearResult, keep: tuple[str, ...]
) -> None:
    whole = diabetes_result.comparison
    made = replace(
        whole, links={n: v for n, v in whole.links.items() if n in ("best", "1se", *keep)}
    )
    for asked in ("df", "nonsense"):
        assert payload.board_payload(made, section("en", "board"), link=asked)["link"] == "1se"
    assert payload.valid_link(made, "best") == "best"


def test_a_choice_on_an_older_board_is_over(diabetes_result: LinearResult) -> None:
    shown = diabetes_result.comparison
    now = {"id": payload.digest(shown), "name": "df"}
    st.session_state.pop("older_heard", None)
    assert _chosen_link(shown, now, "1se", "older") == "df"
    assert _chosen_link(shown, now, "1se", "older") == "1se", "a choice counts once"
    assert _chosen_link(shown, {**now, "id": "another"}, "1se", "older") == "1se"
    assert _chosen_link(shown, None, "textbook", "older") == "textbook"


def test_the_lowest_error_of_each_stands_beside_the_one_shown(open_app: Opened) -> None:
    """With degrees of freedom alike L2 is not at its best, and its best is on the screen."""
    words = open_app(c=encode(DEFAULT.but(link="df"))).board["words"]
    assert {"numbers.lowest", "numbers.test"} <= set(words)
    for name in ("train", "test"):
        assert "this λ" in words[f"numbers.{name}"]
