"""The app's one page: header, then the screen. Called by ``app.py`` on every rerun."""

from __future__ import annotations

import gc
import logging
from functools import cache
from pathlib import Path

import streamlit as st

from shrinkage.app.i18n import choose_language
from shrinkage.app.race_spec import RaceRun
from shrinkage.app.screens import linear, network
from shrinkage.app.services import Services, services
from shrinkage.app.spec import RunSpec
from shrinkage.app.state import LANGUAGE, AppState, read_address, write_address
from shrinkage.app.views.page import page_style, show_notice
from shrinkage.app.views.text import Translator

# A drawing of our own: Streamlit fetches icons by name from the network.
_ICON = Path(__file__).with_name("icon.svg")
_LOG = logging.getLogger(__name__)


def main() -> None:
    """Draw the page. An error nobody foresaw is logged and told in one sentence."""
    _freeze()
    t = Translator(_language())
    st.set_page_config(
        page_title=t("app.title"),
        page_icon=str(_ICON),
        layout="wide",
        menu_items={"About": t("app.about")},
    )
    page_style()
    try:
        _draw(t)
    except Exception:
        _LOG.exception("the page could not be drawn")
        st.error(t("error.unexpected"), icon=":material/error:")


def _draw(t: Translator) -> None:
    shared = services()
    state = _state()
    read_address(
        state,
        st.query_params,
        lambda prefix: _find_spec(shared, prefix),
        lambda name: _find_race(shared, name),
    )
    screen = network if state.screen == "network" else linear
    screen.render(state, shared, t, before_picture=lambda: show_notice(state, t))
    write_address(state, st.query_params)


def _state() -> AppState:
    if "app" not in st.session_state:
        st.session_state["app"] = AppState()
    state: AppState = st.session_state["app"]
    return state


def _language() -> str:
    """Language of this run; once chosen it stays in the link and in the session."""
    kept = st.session_state.get(LANGUAGE)
    language = choose_language(st.query_params.get(LANGUAGE), kept, st.context.locale)
    if language != kept:
        st.session_state[LANGUAGE] = language
    return language


def _find_spec(shared: Services, prefix: str) -> RunSpec | None:
    run = shared.history.find(prefix) if prefix else None
    return RunSpec.from_json(run.spec) if run else None


def _find_race(shared: Services, name: str) -> RaceRun | None:
    run = shared.history.find(name) if name else None
    return RaceRun.from_json(run.spec) if run and run.key == name else None


@cache
def _freeze() -> None:
    """Take what was imported out of the collector's sight.

    Streamlit collects every generation after each rerun; over the imported modules that costs some
    60 ms and finds nothing.
    """
    gc.collect()
    gc.freeze()
