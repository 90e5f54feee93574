"""What was done to the data before the fit; every step can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from shrinkage.app.loading import TableFacts
from shrinkage.app.state import AppState
from shrinkage.app.views.history import target_label
from shrinkage.app.views.text import Translator, count, plain, show
from shrinkage.data import Step

SHOWN = 30


def preparation_report(state: AppState, t: Translator, shown: TableFacts) -> None:
    """Popover with the steps of reader and preparation, and their undo."""
    with st.popover(t("data.report"), type="tertiary", key="preparation"):
        st.caption(
            t(
                "data.facts",
                target=target_label(shown.spec, shown.target, t),
                rows=count(shown.n_rows),
                features=count(shown.n_features),
            )
        )
        if not shown.steps and not shown.undone:
            st.caption(t("data.report_clean"))
        for number, step in enumerate(shown.undone[:SHOWN]):
            text = t("data.undone", text=step_text(step, t))
            _row(step, text, f"redo_{number}", t("data.redo"), partial(_redo, state, shown))
        for number, step in enumerate(shown.steps[:SHOWN]):
            label = t("data.undo") if step.undoable else None
            _row(step, step_text(step, t), f"undo_{number}", label, partial(_undo, state, shown))
        hidden = max(0, len(shown.steps) - SHOWN) + max(0, len(shown.undone) - SHOWN)
        if hidden:
            st.caption(t("data.more_steps", n=count(hidden)))


def step_text(step: Step, t: Translator) -> str:
    """A step in the user's language; the library's English text for a step it does not know."""
    key = f"step.{step.code}"
    if not t.has(key):
        return plain(step.text, limit=300)
    values = {name: show(value) for name, value in step.fields.items()}
    return t(key, **{**values, "column": plain(step.column or "")})


def _row(step: Step, text: str, key: str, label: str | None, take: Callable[[str], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_row"):
        st.markdown(text, width="stretch")
        if label is not None:
            # The step is in the key: a second click meets no other one that took its place.
            st.button(label, key=f"{key}:{step.id}", on_click=take, args=(step.id,))


def _undo(state: AppState, shown: TableFacts, step: str) -> None:
    wanted = state.wanted_of(shown.spec)
    state.want(wanted.but(undo=tuple(sorted({*wanted.undo, step}))))


def _redo(state: AppState, shown: TableFacts, step: str) -> None:
    wanted = state.wanted_of(shown.spec)
    state.want(wanted.but(undo=tuple(sorted({*wanted.undo} - {step}))))
