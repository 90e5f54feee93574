"""The Network screen: networks that differ in regularization alone, trained side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from shrinkage.app.board import race_board, race_payload
from shrinkage.app.jobs import JobState
from shrinkage.app.race import WATCHABLE, Race
from shrinkage.app.race_look import Look, Table
from shrinkage.app.race_spec import DEFAULT_RACE
from shrinkage.app.races import race_for, start, stop
from shrinkage.app.services import Services
from shrinkage.app.state import VIEWS, AppState, Notice
from shrinkage.app.views.context import race_context
from shrinkage.app.views.controls import control
from shrinkage.app.views.ensemble import ensemble_tab
from shrinkage.app.views.header import header
from shrinkage.app.views.history import data_label
from shrinkage.app.views.lanes import lane_row
from shrinkage.app.views.progress import TICK_SECONDS, cost_words, race_line
from shrinkage.app.views.race_sentence import race_sentence, race_texts
from shrinkage.app.views.race_settings import settings_panel
from shrinkage.app.views.switch import switch
from shrinkage.app.views.take_away import take_race_panel
from shrinkage.app.views.text import Translator, count, duration

PATIENCE_SECONDS = 1.5
BOARD_KEY = "race_board"


def render(
    state: AppState, services: Services, t: Translator, *, before_picture: Callable[[], None]
) -> None:
    """Draw the screen; the training itself runs as a job."""
    race = _race(state, services, t)
    # Read once: a race that ends meanwhile must not be half running and half done on one page.
    running, table = race.running, race.table
    facts = None if table is None else table.facts
    header(state, services, t, facts, lambda: take_race_panel(race, t))
    before_picture()
    _controls(race, running, state, services, t)
    if state.view == "train":
        lane_row(race, state, t)
    if not running:
        _failure(race, t)
    if _waits(race, running):
        _why_it_waits(race, t)
    elif state.view == "train":
        live = st.fragment(_live, run_every=TICK_SECONDS if running else None)
        live(race, running, table is not None, state, t)
    else:
        ensemble_tab(race, running, state, services, t)
    if table is not None:
        race_context(table, state, t)


def _race(state: AppState, services: Services, t: Translator) -> Race:
    """The wanted race; where it takes the place of one that ran, that is told."""
    pace = None if state.full_speed else WATCHABLE
    race, stopped = race_for(
        state.race_name, state.spec, state.race, services, pace=pace, asked=state.asked
    )
    if stopped is not None and stopped.look.epoch > 0:
        name = "" if stopped.job is None else stopped.job.info.data_name
        label = data_label(stopped.table_spec, name, t)
        values = {"name": label, "epochs": count(stopped.look.epoch)}
        state.notice = Notice("network.gave_way", values)
    state.race_name, state.race = race.id, race.spec
    if race.table is None and race.job is not None:
        # Data are at hand in a moment: waited for, so that the page is not drawn twice.
        race.await_table(PATIENCE_SECONDS)
    return race


def _controls(
    race: Race, running: bool, state: AppState, services: Services, t: Translator
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="race_controls"):
        words = {code: t(f"network.view_{code}") for code in VIEWS}
        switch(
            "network_view", t("network.view"), words, state.view, partial(setattr, state, "view")
        )
        if running:
            st.button(
                t("progress.stop"),
                icon=":material/stop:",
                key="race_stop",
                on_click=stop,
                args=(race,),
            )
        else:
            _ways_on(race, state, services, t)
        settings_panel(race, state, t)
        st.toggle(
            t("network.full_speed"),
            value=state.full_speed,
            help=t("network.full_speed_help", pace=count(round(WATCHABLE))),
            **control("full_speed", state.full_speed, partial(_set_pace, race, state)),
        )


def _ways_on(race: Race, state: AppState, services: Services, t: Translator) -> None:
    """Train, train on to the goal, train beyond it; or all anew."""
    look = race.look
    if any(lane.diverged is None for lane in look.lanes):
        st.button(
            _train_label(race, t),
            icon=":material/play_arrow:",
            type="primary",
            key="race_train",
            on_click=_train,
            args=(race, state, services),
        )
    if look.epoch > 0:
        st.button(
            t("network.start_over"),
            icon=":material/replay:",
            key="race_anew",
            help=t("network.start_over_help"),
            on_click=_start_over,
            args=(race, state),
        )


def _train_label(race: Race, t: Translator) -> str:
    done, goal = race.look.epoch, race.spec.epochs
    if done == 0 and race.earlier is not None:
        return t("network.train_again", epochs=count(goal))
    if done == 0:
        return t("network.train")
    if done < goal:
        return t("network.train_on", epochs=count(goal))
    return t("network.train_more", n=count(DEFAULT_RACE.epochs))


def _train(race: Race, state: AppState, services: Services) -> None:
    if race.look.epoch >= race.spec.epochs:
        race.change_goal(race.look.epoch + DEFAULT_RACE.epochs)
        state.want_race(race.spec)
    start(race, services)


def _start_over(race: Race, state: AppState) -> None:
    """A new race of what the lanes are now; the old one stays in the history."""
    state.want_race(race.spec.settled())
    state.race_name = None


def _set_pace(race: Race, state: AppState, full_speed: bool) -> None:
    state.full_speed = full_speed
    race.pace = None if full_speed else WATCHABLE


def _failure(race: Race, t: Translator) -> None:
    """Why there is nothing to train on, and the ways on."""
    job = race.job
    if job is None or job.state is not JobState.FAILED or job.error is None:
        return
    with st.container(border=True, key="race_failed"):
        st.error(t.error(job.error), icon=":material/error:")
        st.button(t("linear.change_data"), on_click=_open_data, key="race_change")


def _waits(race: Race, running: bool) -> bool:
    """Whether it has not begun, as nobody asked: its weights are gone, or it takes much."""
    unasked = race.earlier is not None or race.cost is not None
    return unasked and race.job is None and not running


def _why_it_waits(race: Race, t: Translator) -> None:
    """What became of a race that waits, or what it would take."""
    earlier = race.earlier
    if earlier is None and race.cost is not None:
        st.info(t("cost.race", **cost_words(race.cost, t)), icon=":material/hourglass_empty:")
        return
    key = "network.not_kept"
    if earlier is not None and earlier.epochs is not None:
        key += "_done" if earlier.status == "done" else "_stopped"
    st.info(t(key, epochs=count(race.spec.epochs)), icon=":material/history:")


def _open_data() -> None:
    st.session_state["data_panel"] = True


def _live(race: Race, running: bool, loaded: bool, state: AppState, t: Translator) -> None:
    """What changes while the race is under way.

    A full rerun follows when it ends, or when data that were not ``loaded`` are.
    """
    if running and (not race.running or (race.table is not None) != loaded):
        state.notice = state.told
        st.rerun()
    look = race.look  # one for all that is drawn here

    def draw(look: Look, table: Table | None) -> tuple[str, dict[str, Any]]:
        payload = race_payload(race.id, look, race_texts(look, table, t), t.section("race"))
        return race_sentence(look, table, t), payload

    sentence, payload = race.drawn(t.language, look, draw)
    with st.container(key="race_finding", gap="xsmall"):
        if running:
            st.progress(look.epoch / look.goal, text=race_line(race, look, t))
        elif look.epoch > 0:
            st.caption(t("network.ran", epochs=count(look.epoch), seconds=duration(look.seconds)))
        st.markdown(sentence)
    race_board(payload, key=BOARD_KEY)
