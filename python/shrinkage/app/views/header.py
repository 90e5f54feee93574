"""The line on top: name, screens, data, history, take away, language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.loading import TableFacts
from shrinkage.app.services import Services
from shrinkage.app.state import SCREENS, AppState
from shrinkage.app.views.data_panel import data_panel
from shrinkage.app.views.history import history_panel
from shrinkage.app.views.switch import switch
from shrinkage.app.views.text import Translator


def header(
    state: AppState,
    services: Services,
    t: Translator,
    shown: TableFacts | None,
    take_away: Callable[[], None],
) -> None:
    """The line on top of every screen; ``take_away`` draws the screen's own panel."""
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        # The name of the product as the page's one first-level heading.
        st.title(t("app.title"), anchor=False, width="content")
        words = {code: t(f"screen.{code}") for code in SCREENS}
        switch(
            "screen_switch",
            t("screen.label"),
            words,
            state.screen,
            partial(setattr, state, "screen"),
        )
        data_panel(state, services, t, shown)
        history_panel(state, services, t)
        take_away()
        st.space("stretch")
        _language_switch(state, t)


def _language_switch(state: AppState, t: Translator) -> None:
    """English or Chinese; the choice goes into the link."""
    words = {code: t(f"language.{code}") for code in LANGUAGES}
    switch(
        "language_switch",
        t("language.label"),
        words,
        t.language,
        partial(setattr, state, "language"),
    )
