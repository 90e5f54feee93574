"""The loss behind the fit: which one, what it asks of the target, and its parameter."""

from __future__ import annotations

from functools import partial

import streamlit as st

from shrinkage.app.runs import LinearResult
from shrinkage.app.state import AppState
from shrinkage.app.views.controls import control
from shrinkage.app.views.text import Translator, number
from shrinkage.losses import Loss

PANEL = "loss_panel"
LEAST, MOST = {"huber": 1e-9, "quantile": 0.01}, {"huber": 1e12, "quantile": 0.99}
_TARGETS = {"poisson": "counts", "gamma": "positive"}


def loss_label(loss: Loss, t: Translator) -> str:
    """The loss with its parameter: "Huber, δ = 60"."""
    name = t(f"loss.{loss.name}")
    return (
        t(f"loss.with_{loss.name}", name=name, value=number(loss.parameters[0]))
        if (loss.parameters)
        else name
    )


def loss_panel(result: LinearResult, state: AppState, t: Translator) -> None:
    """Popover with the losses that suit the target; a choice takes effect at once."""
    spec = state.wanted_of(result.spec)
    label = t("loss.label", loss=loss_label(result.comparison.loss, t))
    chosen = spec.chosen_loss()
    with st.popover(label, type="tertiary", key=PANEL):
        names = list(dict.fromkeys([*result.losses, chosen.name]))
        st.radio(
            t("loss.choose"),
            names,
            index=names.index(chosen.name),
            format_func=lambda name: t(f"loss.{name}"),
            captions=[t(f"loss.about_{name}") for name in names],
            **control("loss_radio", chosen.name, partial(_take, result, state)),
        )
        if chosen.parameters:
            _parameter(chosen, result, state, t)
        for name, need in _TARGETS.items():
            if spec.task == "regression" and name not in names:
                st.caption(t(f"loss.needs_{need}", name=t(f"loss.{name}")))


def _parameter(loss: Loss, result: LinearResult, state: AppState, t: Translator) -> None:
    value = float(loss.parameters[0])
    st.number_input(
        t(f"loss.parameter_{loss.name}"),
        min_value=LEAST[loss.name],
        max_value=MOST[loss.name],
        value=value,
        step=0.05 if loss.name == "quantile" else float(f"{value / 10:.1g}"),
        format="%.2f" if loss.name == "quantile" else "%.4g",
        help=t(f"loss.parameter_{loss.name}_help"),
        **control(
            f"parameter_{loss.name}", value, partial(_set_parameter, loss.name, result, state)
        ),
    )


def _take(result: LinearResult, state: AppState, name: str) -> None:
    delta = result.delta if name == "huber" else None
    state.want(state.wanted_of(result.spec).with_loss(name, delta))


def _set_parameter(name: str, result: LinearResult, state: AppState, value: float) -> None:
    state.want(state.wanted_of(result.spec).with_loss(name, float(value)))
