"""A row of words of which one holds, as screens and their parts are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def switch(
    key: str, label: str, words: Mapping[str, str], chosen: str, choose: Callable[[str], None]
) -> None:
    """Draw the codes of ``words``; a click calls ``choose`` with one before the next run."""
    st.session_state[key] = chosen
    st.segmented_control(
        label,
        list(words),
        format_func=words.__getitem__,
        key=key,
        label_visibility="collapsed",
        required=True,
        on_change=lambda: choose(st.session_state[key]),
    )
