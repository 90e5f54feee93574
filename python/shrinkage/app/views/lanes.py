"""The lanes of a race: what each is called, and the controls that change it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from shrinkage.app.board import LETTERS
from shrinkage.app.race import Race
from shrinkage.app.race_look import LaneLook
from shrinkage.app.race_spec import MAX_LANES, PENALTIES, Lane
from shrinkage.app.state import AppState
from shrinkage.app.views.controls import control, steps_with
from shrinkage.app.views.text import Translator, count, number

_MANTISSAS = (1.0, 2.0, 3.0, 5.0)
LAMBDAS = tuple(float(f"{m}e{power}") for power in range(-6, 1) for m in _MANTISSAS)
RATES = tuple(round(0.05 * i, 2) for i in range(19))
SHARES = tuple(round(0.1 * i, 1) for i in range(11))
SHOWN_RULES = 2
"""Rules of a training that are spelled out after the first."""
_NEW = Lane(penalty="l2", lam=0.01, dropout=0.5)


def lane_label(lane: Lane, t: Translator) -> str:
    """What distinguishes a lane: "L1, λ = 0.003 + dropout 0.5"."""
    said = []
    if lane.penalty != "none":
        share = number(lane.l1_ratio)
        said.append(t(f"network.with_{lane.penalty}", lam=number(lane.lam), share=share))
    if lane.dropout > 0:
        said.append(t("network.with_dropout", rate=number(lane.dropout)))
    if lane.input_dropout > 0:
        said.append(t("network.with_input_dropout", rate=number(lane.input_dropout)))
    return t("network.plus").join(said) if said else t("network.plain")


def results_label(seen: LaneLook, t: Translator) -> str:
    """What results were trained under, rule after rule, and what is to come if it differs."""
    if not seen.rules:
        return lane_label(seen.lane, t)
    label = rules_label(seen.rules, t)
    if seen.coming is not None:
        label = t("network.coming", label=label, coming=lane_label(seen.coming, t))
    return label


def rules_label(rules: Sequence[tuple[int, Lane]], t: Translator) -> str:
    """The rules of a training: "L1, λ = 0.003; after epoch 400 L1, λ = 0.01"."""
    (_, first), *later = rules
    said = [lane_label(first, t)]
    if len(later) > SHOWN_RULES:
        said.append(t("network.more_rules", n=count(len(later) - SHOWN_RULES)))
    said += [
        t("network.from_epoch", epoch=count(epoch), label=lane_label(lane, t))
        for epoch, lane in later[-SHOWN_RULES:]
    ]
    return t("network.rules").join(said)


def lane_row(race: Race, state: AppState, t: Translator) -> None:
    """One popover a lane, and one to add a lane while there is room."""
    lanes = race.lanes()
    with st.container(horizontal=True, vertical_alignment="center", key="lanes"):
        for i, lane in enumerate(lanes):
            label = t("network.lane", letter=LETTERS[i], label=lane_label(lane, t))
            with st.popover(label, key=f"lane_{i}", width="stretch"):
                _lane_form(i, lane, race, state, t)
        if len(lanes) < MAX_LANES:
            st.button(
                t("network.add"),
                icon=":material/add:",
                key="lane_add",
                help=t("network.add_help"),
                on_click=_add,
                args=(race, state),
            )


def _lane_form(i: int, lane: Lane, race: Race, state: AppState, t: Translator) -> None:
    def told(name: str) -> dict[str, Any]:
        return control(
            f"lane_{name}_{i}", getattr(lane, name), partial(_change, i, name, race, state)
        )

    st.segmented_control(
        t("network.penalty"),
        PENALTIES,
        default=lane.penalty,
        format_func=lambda code: t(f"network.penalty_{code}"),
        required=True,
        help=t("network.penalty_help"),
        **told("penalty"),
    )
    if lane.penalty != "none":
        st.select_slider(
            t("network.lambda"),
            steps_with(LAMBDAS, lane.lam),
            value=lane.lam,
            format_func=number,
            help=t("network.lambda_help"),
            **told("lam"),
        )
    if lane.penalty == "elasticnet":
        st.select_slider(
            t("network.share"),
            steps_with(SHARES, lane.l1_ratio),
            value=lane.l1_ratio,
            format_func=number,
            **told("l1_ratio"),
        )
    for name, label in (("dropout", "network.dropout"), ("input_dropout", "network.inputs")):
        value = getattr(lane, name)
        st.select_slider(
            t(label),
            steps_with(RATES, value),
            value=value,
            format_func=number,
            help=t(f"{label}_help"),
            **told(name),
        )
    if len(race.spec.lanes) > 1:
        st.button(
            t("network.remove"),
            icon=":material/delete:",
            type="tertiary",
            # The key holds the number of lanes: a second click removes no other one.
            key=f"lane_remove_{i}_of_{len(race.spec.lanes)}",
            help=t("network.add_help"),
            on_click=_remove,
            args=(i, race, state),
        )


def _change(i: int, name: str, race: Race, state: AppState, value: Any) -> None:
    race.change_lane(i, race.lanes()[i].but(**{name: value}))
    state.want_race(race.spec)


def _add(race: Race, state: AppState) -> None:
    now = race.spec.settled()
    state.want_race(now.but(lanes=(*now.lanes, _NEW)))


def _remove(i: int, race: Race, state: AppState) -> None:
    now = race.spec.settled()
    state.want_race(now.but(lanes=(*now.lanes[:i], *now.lanes[i + 1 :])))
