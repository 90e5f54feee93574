"""What all lanes of a race share: the network, its optimizer, how long it trains."""

from __future__ import annotations

from typing import Any

import streamlit as st

from shrinkage.app.race import Race
from shrinkage.app.race_spec import MAX_EPOCHS, MAX_LAYERS, MAX_UNITS
from shrinkage.app.state import AppState
from shrinkage.app.views.controls import steps_with
from shrinkage.app.views.text import Translator, count, number
from shrinkage.neural.setting import ACTIVATIONS, OPTIMIZERS

BATCHES = (8, 16, 32, 64, 128, 256, 512)
LEARNING_RATES = tuple(float(f"{m}e{power}") for power in range(-5, 0) for m in (1, 2, 3, 5))
NEW_LAYER = 64


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
                max_value=2**31 - 1,
                value=min(race.spec.seed, 2**31 - 1),
                help=t("network.seed_help"),
                **_anew("seed", race, state),
            )
        st.caption(t("network.goes_on"))
        key = _key("rate", state)
        st.select_slider(
            t("network.learning_rate"),
            steps_with(LEARNING_RATES, race.rate()),
            value=race.rate(),
            format_func=number,
            key=key,
            on_change=_set_rate,
            args=(key, race, state),
        )
        key = _key("epochs", state)
        st.number_input(
            t("network.epochs"),
            min_value=1,
            max_value=MAX_EPOCHS,
            value=race.spec.epochs,
            step=50,
            key=key,
            on_change=_set_epochs,
            args=(key, race, state),
        )


def _layers(race: Race, state: AppState, t: Translator) -> None:
    hidden = race.spec.hidden
    key = _key("layers", state)
    st.segmented_control(
        t("network.layers"),
        range(MAX_LAYERS + 1),
        default=len(hidden),
        required=True,
        key=key,
        help=t("network.layers_help"),
        on_change=_set_layers,
        args=(key, race, state),
    )
    with st.container(horizontal=True):
        for i, units in enumerate(hidden):
            key = _key(f"units_{i}", state)
            st.number_input(
                t("network.units", n=i + 1),
                min_value=1,
                max_value=MAX_UNITS,
                value=units,
                key=key,
                width=110,
                on_change=_set_units,
                args=(i, key, race, state),
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
    key = _key(name, state)
    return dict(key=key, on_change=_set, args=(name, key, race, state))


def _key(name: str, state: AppState) -> str:
    return f"race_{name}_{state.edition}"


def _set(name: str, key: str, race: Race, state: AppState) -> None:
    value = st.session_state[key]
    if value is not None:
        state.want_race(race.spec.settled().but(**{name: value}), controls=False)


def _set_layers(key: str, race: Race, state: AppState) -> None:
    hidden, wanted = race.spec.hidden, st.session_state[key]
    more = (hidden[-1] if hidden else NEW_LAYER,) * (wanted - len(hidden))
    changed = race.spec.settled().but(hidden=(*hidden[:wanted], *more))
    state.want_race(changed, controls=False)


def _set_units(i: int, key: str, race: Race, state: AppState) -> None:
    hidden, units = race.spec.hidden, st.session_state[key]
    if units is not None:
        changed = (*hidden[:i], int(units), *hidden[i + 1 :])
        state.want_race(race.spec.settled().but(hidden=changed), controls=False)


def _set_rate(key: str, race: Race, state: AppState) -> None:
    race.change_rate(st.session_state[key])
    state.want_race(race.spec, controls=False)


def _set_epochs(key: str, race: Race, state: AppState) -> None:
    wanted = st.session_state[key]
    if wanted is not None:
        race.change_goal(int(wanted))
        # Not below what is trained already: then the control has to be told.
        state.want_race(race.spec, controls=race.spec.epochs != wanted)
