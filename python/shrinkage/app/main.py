"""The app's one page: header, then the screen. Called by ``app.py`` on every rerun."""

from __future__ import annotations

import gc
import logging
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from shrinkage.app.i18n import LANGUAGES, choose_language
from shrinkage.app.offline import stay_home
from shrinkage.app.race_spec import RaceRun
from shrinkage.app.screens import linear, network
from shrinkage.app.services import Services, services
from shrinkage.app.spec import RunSpec
from shrinkage.app.state import LANGUAGE, AppState, read_address, write_address
from shrinkage.app.views.history import trouble_notice
from shrinkage.app.views.page import (
    catch_up,
    frame_door,
    in_foreign_frame,
    page_style,
    show_notice,
)
from shrinkage.app.views.text import Translator

# A drawing of our own: Streamlit fetches icons by name from the network.
_ICON = Path(__file__).with_name("icon.svg")
_APP = "app"
_LOG = logging.getLogger(__name__)


def main() -> None:
    """Draw the page. An error nobody foresaw is logged and told in one sentence."""
    _prepare()
    news = _address_is_news()
    state = _state()
    t = Translator(_language(state, news))
    framed = in_foreign_frame()
    st.set_page_config(
        page_title=t("app.title"),
        page_icon=str(_ICON),
        layout="wide",
        menu_items=None if framed else {"About": t("app.about")},
    )
    if framed:
        frame_door(t)
        return
    page_style()
    catch_up()
    try:
        _draw(state, t, news=news)
    except Exception:
        _LOG.exception("the page could not be drawn")
        st.error(t("error.unexpected"), icon=":material/error:")


def _draw(state: AppState, t: Translator, *, news: bool) -> None:
    shared = services()
    if news:
        read_address(
            state,
            st.query_params,
            lambda prefix: _find_spec(shared, prefix),
            lambda name: _find_race(shared, name),
        )
    _hear_trouble(state, shared)
    screen = network if state.screen == "network" else linear
    screen.render(state, shared, t, before_picture=lambda: show_notice(state, t))
    write_address(state, st.query_params)


def _hear_trouble(state: AppState, shared: Services) -> None:
    """Have each session told once what became of the history; the History panel keeps saying it."""
    trouble = shared.trouble
    if trouble is None or trouble == state.heard or state.notice is not None:
        return
    state.heard = trouble
    state.notice = trouble_notice(trouble)


def _state() -> AppState:
    if _APP not in st.session_state:
        st.session_state[_APP] = AppState()
    state: AppState = st.session_state[_APP]
    return state


def _address_is_news() -> bool:
    """Whether a person opened the address, or went back to it.

    Any other message brings the address that the page knew when it was sent, which is an old one
    where the page is slow or was cut off.
    """
    context = get_script_run_ctx()
    back = context is not None and context.is_history_navigation
    return back or _APP not in st.session_state


def _language(state: AppState, news: bool) -> str:
    """Language of this run; once chosen it stays in the link and in the session."""
    asked = st.query_params.get(LANGUAGE) if news else None
    if asked in LANGUAGES:
        state.language = asked
    return choose_language(state.language, None, st.context.locale)


def _find_spec(shared: Services, prefix: str) -> RunSpec | None:
    run = shared.history.find(prefix) if prefix else None
    return RunSpec.from_json(run.spec) if run else None


def _find_race(shared: Services, name: str) -> RaceRun | None:
    run = shared.history.find(name) if name else None
    return RaceRun.from_json(run.spec) if run and run.key == name else None


@cache
def _prepare() -> None:
    """Keep the server from asking outside, and what was imported out of the collector's sight.

    Streamlit collects every generation after each rerun; over the imported modules that costs some
    60 ms and finds nothing.
    """
    stay_home()
    gc.collect()
    gc.freeze()
