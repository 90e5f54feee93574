"""A row of words of which one holds, as screens and their parts are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from shrinkage.app.views.controls import control


def switch(
    key: str, label: str, words: Mapping[str, str], chosen: str, choose: Callable[[str], None]
) -> None:
    """Draw the codes of ``words``; a click calls ``choose`` with one before the next run."""
    st.segmented_control(
        label,
        list(words),
        format_func=words.__getitem__,
        default=chosen,
        label_visibility="collapsed",
        required=True,
        **control(key, chosen, choose),
    )
