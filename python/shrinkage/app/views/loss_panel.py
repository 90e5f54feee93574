"""The loss behind the fit: which one, what it asks of the target, and its parameter."""

from __future__ import annotations

import streamlit as st

from shrinkage.app.runs import LinearResult
from shrinkage.app.spec import RunSpec
from shrinkage.app.state import AppState
from shrinkage.app.views.controls import key_of_value
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
    spec, chosen = result.spec, result.comparison.loss
    label = t("loss.label", loss=loss_label(chosen, t))
    with st.popover(label, type="tertiary", key=PANEL):
        names = list(dict.fromkeys([*result.losses, chosen.name]))
        key = key_of_value("loss", f"{spec.task}_{chosen.name}")
        st.radio(
            t("loss.choose"),
            names,
            index=names.index(chosen.name),
            format_func=lambda name: t(f"loss.{name}"),
            captions=[t(f"loss.about_{name}") for name in names],
            key=key,
            on_change=_take,
            args=(key, spec, result.delta, state),
        )
        if chosen.parameters:
            _parameter(chosen, spec, state, t)
        for name, need in _TARGETS.items():
            if spec.task == "regression" and name not in names:
                st.caption(t(f"loss.needs_{need}", name=t(f"loss.{name}")))


def _parameter(loss: Loss, spec: RunSpec, state: AppState, t: Translator) -> None:
    value = float(loss.parameters[0])
    key = key_of_value(f"parameter_{loss.name}", value)
    st.number_input(
        t(f"loss.parameter_{loss.name}"),
        min_value=LEAST[loss.name],
        max_value=MOST[loss.name],
        value=value,
        step=0.05 if loss.name == "quantile" else float(f"{value / 10:.1g}"),
        format="%.2f" if loss.name == "quantile" else "%.4g",
        key=key,
        help=t(f"loss.parameter_{loss.name}_help"),
        on_change=_set_parameter,
        args=(key, loss.name, spec, state),
    )


def _take(key: str, spec: RunSpec, delta: float | None, state: AppState) -> None:
    name = st.session_state[key]
    state.want(spec.with_loss(name, delta if name == "huber" else None))


def _set_parameter(key: str, name: str, spec: RunSpec, state: AppState) -> None:
    state.want(spec.with_loss(name, float(st.session_state[key])))
