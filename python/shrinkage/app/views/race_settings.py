"""What all lanes of a race share: the network, its optimizer, how long it trains."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from shrinkage.app.race import Race
from shrinkage.app.race_spec import MAX_EPOCHS, MAX_LAYERS, MAX_UNITS
from shrinkage.app.state import AppState
from shrinkage.app.views.controls import control, steps_with
from shrinkage.app.views.text import Translator, count, number
from shrinkage.neural.setting import ACTIVATIONS, OPTIMIZERS

BATCHES = (8, 16, 32, 64, 128, 256, 512)
LEARNING_RATES = tuple(float(f"{m}e{power}") for power in range(-5, 0) for m in (1, 2, 3, 5))
NEW_LAYER = 64
MOST_SEED = 2**31 - 1


def settings_panel(race: Race, state: AppState, t: Translator) -> None:
    """Popover with the shared settings; each takes effect at once."""
    with st.popover(t("network.settings"), icon=":material/tune:", key="race_settings"):
        st.caption(t("network.anew"))
        _layers(race, state, t)
        with st.container(horizontal=True):
            _choice("activation", ACTIVATIONS, race, state, t)
            _choice("optimizer", OPTIMIZERS, race, state, t)
        batch = race.spec.batch_size
        with st.container(horizontal=True):
            st.selectbox(
                t("network.batch_size"),
                (sizes := sorted({*BATCHES, batch})),
                index=sizes.index(batch),
                format_func=count,
                **_anew("batch_size", race, state),
            )
            st.number_input(
                t("network.seed"),
                min_value=0,
                max_value=MOST_SEED,
                value=min(race.spec.seed, MOST_SEED),
                help=t("network.seed_help"),
                **_anew("seed", race, state),
            )
        st.caption(t("network.goes_on"))
        st.select_slider(
            t("network.learning_rate"),
            steps_with(LEARNING_RATES, race.rate()),
            value=race.rate(),
            format_func=number,
            **control("race_rate", race.rate(), partial(_set_rate, race, state)),
        )
        st.number_input(
            t("network.epochs"),
            min_value=1,
            max_value=MAX_EPOCHS,
            value=race.spec.epochs,
            step=50,
            **control("race_epochs", race.spec.epochs, partial(_set_epochs, race, state)),
        )


def _layers(race: Race, state: AppState, t: Translator) -> None:
    hidden = race.spec.hidden
    st.segmented_control(
        t("network.layers"),
        range(MAX_LAYERS + 1),
        default=len(hidden),
        required=True,
        help=t("network.layers_help"),
        **control("race_layers", len(hidden), partial(_set_layers, race, state)),
    )
    with st.container(horizontal=True):
        for i, units in enumerate(hidden):
            st.number_input(
                t("network.units", n=i + 1),
                min_value=1,
                max_value=MAX_UNITS,
                value=units,
                width=110,
                **control(f"race_units_{i}", units, partial(_set_units, i, race, state)),
            )


def _choice(
    name: str, options: tuple[str, ...], race: Race, state: AppState, t: Translator
) -> None:
    st.selectbox(
        t(f"network.{name}"),
        options,
        index=options.index(getattr(race.spec, name)),
        format_func=lambda code: t(f"{name}.{code}"),
        **_anew(name, race, state),
    )


def _anew(name: str, race: Race, state: AppState) -> dict[str, Any]:
    """Key and callback of a control that starts another race."""
    shown = min(race.spec.seed, MOST_SEED) if name == "seed" else getattr(race.spec, name)
    return control(f"race_{name}", shown, partial(_set, name, race, state))


def _set(name: str, race: Race, state: AppState, value: Any) -> None:
    if value is not None:
        state.want_race(race.spec.settled().but(**{name: value}))


def _set_layers(race: Race, state: AppState, wanted: int) -> None:
    hidden = race.spec.hidden
    more = (hidden[-1] if hidden else NEW_LAYER,) * (wanted - len(hidden))
    state.want_race(race.spec.settled().but(hidden=(*hidden[:wanted], *more)))


def _set_units(i: int, race: Race, state: AppState, units: int | None) -> None:
    hidden = race.spec.hidden
    if units is not None:
        changed = (*hidden[:i], int(units), *hidden[i + 1 :])
        state.want_race(race.spec.settled().but(hidden=changed))


def _set_rate(race: Race, state: AppState, rate: float) -> None:
    race.change_rate(rate)
    state.want_race(race.spec)


def _set_epochs(race: Race, state: AppState, wanted: int | None) -> None:
    if wanted is not None:
        race.change_goal(int(wanted))
        state.want_race(race.spec)
