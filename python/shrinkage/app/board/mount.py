"""Mounting the boards on a Streamlit page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st

from shrinkage.app.board.bundle import FIGURE_SCRIPTS, RACE_SCRIPTS, script, style
from shrinkage.app.board.payload import board_payload, digest, valid_pair
from shrinkage.linear.comparison import PenaltyComparison

NAME = "shrinkage_linear_board"
RACE_NAME = "shrinkage_race_board"
FIGURES_NAME = "shrinkage_figures_board"
HTML = '<div class="board-frame"><div class="board"></div></div>'
RACE_HTML = '<div class="board-frame"><div class="board race"></div></div>'
FIGURES_HTML = '<div class="board-frame"><div class="board figures"></div></div>'


@cache
def _component() -> Any:
    return st.components.v2.component(NAME, html=HTML, css=style("board.css"), js=script())


def linear_board(
    comparison: PenaltyComparison,
    *,
    words: Mapping[str, str],
    key: str,
    height: int | None = None,
    link: str = "1se",
) -> dict[str, Any]:
    """Show L1 and L2 of one comparison with the λ control.

    Dragging λ never reaches the server. A change of the link does (so that it can be shared), and
    but for squared loss a change of the two features of the geometry.

    Args:
        comparison: what to show.
        words: texts of the board by key, with or without the leading ``board.``.
        key: of the component; one key keeps the state of the control over reruns.
        height: pixels; as tall as the content if omitted.
        link: the link to show, one of ``comparison.links``.

    Returns:
        ``link`` (name) and ``pair`` (positions in ``comparison.top``, or None) as last chosen.
    """
    state = st.session_state.get(key) or {}
    pair = valid_pair(comparison, state.get("pair"))
    link = _chosen_link(comparison, state.get("link"), link, key)
    plain = {name.removeprefix("board."): text for name, text in words.items()}
    _component()(
        key=key,
        data=board_payload(comparison, plain, pair=pair, link=link),
        height="content" if height is None else height,
        on_link_change=_nothing,
        on_pair_change=_nothing,
    )
    return {"link": link, "pair": pair}


def _chosen_link(comparison: PenaltyComparison, said: Any, link: str, key: str) -> str:
    """What was newly chosen on the board of this comparison, else the link it is to show.

    A choice counts once: after that a link, the history or the way back may want another.
    """
    heard = f"{key}_heard"
    if said is None or said == st.session_state.get(heard):
        return link
    st.session_state[heard] = said
    return str(said["name"]) if said.get("id") == digest(comparison) else link


@cache
def _race_component() -> Any:
    return st.components.v2.component(
        RACE_NAME, html=RACE_HTML, css=style("race.css"), js=script(RACE_SCRIPTS)
    )


def race_board(payload: Mapping[str, Any], *, key: str) -> None:
    """Show a race. Mounted again with new numbers it changes in place; it asks for nothing."""
    _race_component()(key=key, data=payload, height="content")


@cache
def _figures_component() -> Any:
    return st.components.v2.component(
        FIGURES_NAME, html=FIGURES_HTML, css=style("figures.css"), js=script(FIGURE_SCRIPTS)
    )


def figures_board(payload: Mapping[str, Any], *, key: str) -> None:
    """Show figures. Mounted again with new numbers they change in place; it asks for nothing."""
    _figures_component()(key=key, data=payload, height="content")


def _nothing() -> None:
    """The rerun that a change causes is all that is needed."""
