"""The page around the screens: style, notices, what it asks for when it was cut off."""

from __future__ import annotations

import html
import os

import streamlit as st

from shrinkage.app.board.bundle import own_file
from shrinkage.app.state import AppState
from shrinkage.app.views.text import Translator

FRAMES_VARIABLE = "SHRINKAGE_FRAMES"
"""1: other pages may show the app in a frame, as Jupyter, Codespaces or a teacher's page do."""
FRAME = "frame"
DAY_SECONDS = 86_400

# Streamlit's own bar lies over the first line: it keeps its menu and lets other clicks through.
# The primary button has a blue of its own: white is too faint on the primary colour of the dark.
_STYLE = """
<style>
[data-testid="stHeader"] { background: transparent; height: 2.8rem; min-height: 2.8rem; }
[data-testid="stHeader"], [data-testid="stHeader"] * { pointer-events: none; }
[data-testid="stHeader"] button, [data-testid="stHeader"] button * { pointer-events: auto; }
[data-testid="stMainBlockContainer"] { padding: 0.4rem 1.25rem 2rem; max-width: 1480px; }
/* The running man and his Stop, which stops no work of ours, lay on the language. */
[data-testid="stStatusWidget"]:not(:has([data-testid="stConnectionStatus"])) { display: none; }
[data-testid="stStatusWidget"] { position: fixed; left: 0.5rem; bottom: 0.5rem; }
/* What is drawn stays as it is until it is drawn anew. */
[data-stale] { opacity: 1 !important; transition: none !important; }
/* Streamlit's grey of 60 % is too faint. */
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: inherit; }
[data-testid="stCaptionContainer"] { opacity: 0.78; }
.st-key-page_script:not(:has(button)) { display: none; }
.st-key-header { padding-right: 2.5rem; row-gap: 0.25rem; column-gap: 0.6rem; }
.st-key-header h1 { padding: 0; font-size: 1.35rem; white-space: nowrap; }
.st-key-race_controls, .st-key-lanes { row-gap: 0.25rem; column-gap: 0.6rem; }
.st-key-lanes > div { flex: 1 1 9rem; }
.st-key-race_controls :is([data-testid="stButton"], [data-testid="stPopover"]) button,
.st-key-lanes button, .st-key-header button {
  min-height: 2.1rem; padding-top: 0.15rem; padding-bottom: 0.15rem;
}
[data-testid="stBaseButton-primary"] { background: #1a73b8; border-color: #1a73b8; color: #fff; }
.st-key-context { row-gap: 0; column-gap: 0.6rem; }
.st-key-loss_panel, .st-key-preparation { position: relative; z-index: 1; }
.st-key-context button { min-height: 1.5rem; padding: 0; font-size: 0.875rem; }
.st-key-context button:not(:hover) { color: inherit; }
[data-testid="stPopoverBody"] { max-height: min(85vh, 46rem); }
@media (min-width: 641px) { .st-key-finding { flex-wrap: nowrap; } }
@media (max-width: 640px) {
  .st-key-finding { flex-direction: column; align-items: stretch; }
  .st-key-header { padding-right: 0; column-gap: 0.4rem; }
  .st-key-data_panel { flex: 0 0 calc(100vw - 11.5rem); min-width: 0; }
  .st-key-header [data-testid="stSpace"] { display: none; }
  [data-testid="stMainBlockContainer"] { padding-left: 0.75rem; padding-right: 0.75rem; }
}
</style>
"""


# Hidden until its script has looked whose window it is: nothing can be clicked before that.
_GUARD = """
<style>html:not([data-shrinkage="own"]) [data-testid="stApp"] { visibility: hidden; }</style>
"""
_DOOR_STYLE = """
<style>
.shrinkage-door {
  padding: 0.5rem 1rem; border: 0; border-radius: 8px; background: #1a73b8; color: #fff;
  font: inherit; cursor: pointer;
}
[data-testid="stSkipToContent"] { display: none; }
</style>
"""


def page_style() -> None:
    """Slim the page so that the picture, its control and the sentence share one screen."""
    st.html(_STYLE + (_GUARD if _guarded() else ""))
    _run_script('<span class="shrinkage-guard"></span>' if _guarded() else "")


def catch_up() -> None:
    """Have a page that was cut off ask for a run when it is back.

    A wish may have reached the server while the page heard nothing of it; Streamlit's page then
    asks for nothing and stays as it was. It does ask where it holds a timer: this one is for that
    alone, and does nothing once a day.
    """
    st.fragment(_nothing, run_every=DAY_SECONDS)()


def _nothing() -> None:
    """Draw nothing."""


def in_foreign_frame() -> bool:
    """Whether somebody else's page shows this one, and may not.

    Any page may put the app into a frame of its own and have people click there unawares. Only the
    page's script can tell; until it has looked the page is hidden, and there it asks for this one.
    """
    return _guarded() and FRAME in st.query_params


def frame_door(t: Translator) -> None:
    """One button in place of the page: it opens the app in a window of its own."""
    st.html(_DOOR_STYLE)
    label = html.escape(t("frame.open"))
    _run_script(f'<button type="button" class="shrinkage-door">{label}</button>')


def _run_script(body: str) -> None:
    with st.container(key="page_script"):
        st.html(f"{body}<script>{own_file('page.js')}</script>", unsafe_allow_javascript=True)


def _guarded() -> bool:
    return os.environ.get(FRAMES_VARIABLE, "") != "1"


def show_notice(state: AppState, t: Translator) -> None:
    """Tell what there is to tell, once."""
    notice = state.told = state.notice
    if notice is None:
        return
    state.notice = None
    text = t.error(notice.error) if notice.error is not None else t(notice.key, **notice.values)
    st.warning(text, icon=":material/info:")
