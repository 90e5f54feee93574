"""The line on top: name, data, history, take away, language."""

from __future__ import annotations

import streamlit as st

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.state import LANGUAGE
from shrinkage.app.views.text import Translator


def product_name(t: Translator) -> None:
    """The name of the product as the page's one first-level heading."""
    st.title(t("app.title"), anchor=False, width="content")


def language_switch(t: Translator) -> None:
    """English or Chinese; the choice goes into the link."""
    st.session_state["language_switch"] = t.language
    st.segmented_control(
        t("language.label"),
        LANGUAGES,
        format_func=lambda code: t(f"language.{code}"),
        key="language_switch",
        label_visibility="collapsed",
        required=True,
        on_change=_switch,
    )


def _switch() -> None:
    chosen = st.session_state["language_switch"]
    st.session_state[LANGUAGE] = chosen
    st.query_params[LANGUAGE] = chosen
