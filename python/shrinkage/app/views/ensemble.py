"""The Ensemble tab: how the sub-networks inside a dropout network vote."""

from __future__ import annotations

from functools import partial

import streamlit as st

from shrinkage.app.board import LETTERS, figures_board, figures_payload
from shrinkage.app.ensembles import submit_votes, voters
from shrinkage.app.jobs import Job, JobState
from shrinkage.app.race import Race
from shrinkage.app.services import Services
from shrinkage.app.state import VIEWS, AppState
from shrinkage.app.views.controls import control
from shrinkage.app.views.ensemble_figures import ensemble_figures, ensemble_specs, votes_sentence
from shrinkage.app.views.lanes import results_label
from shrinkage.app.views.progress import TICK_SECONDS, race_line, watch
from shrinkage.app.views.text import Translator, count, duration
from shrinkage.app.votes import REPEATS, Votes
from shrinkage.plots.ensemble import DARK_INKS, INKS

PATIENCE_SECONDS = 1.5
BOARD_KEY = "ensemble_board"
_ROWS = "ensemble_rows"


def ensemble_tab(
    race: Race, running: bool, state: AppState, services: Services, t: Translator
) -> None:
    """Draw the tab; the votes are counted by a job, once for each trained network."""
    if running:
        st.fragment(_await_end, run_every=TICK_SECONDS)(race, state, t)
        return
    lanes = voters(race)
    if not lanes:
        _empty(race, state, t)
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="ensemble_choice"):
        lane = _chosen_lane(race, lanes, t)
        beside = st.container(width="content")
    job = submit_votes(race, lane, services)
    if job is None:  # it was started from elsewhere since
        st.rerun()
    # A short count is waited for, so that the picture comes without a flash of progress.
    job.wait(max(0.0, PATIENCE_SECONDS - job.snapshot().seconds))
    standing = job.state
    if not standing.final:
        watch(job, t, label=t("ensemble.counting"), key="ensemble")
        return
    votes: Votes | None = job.result if standing is JobState.DONE else job.partial
    if votes is not None:
        with beside:
            row = _chosen_row(votes, t)
    if standing is not JobState.DONE:
        _ended(job, race, lane, services, t)
    if votes is not None:
        _picture(job, votes, row, t)


def _await_end(race: Race, state: AppState, t: Translator) -> None:
    """While the race is under way there is nothing to vote; a full rerun follows its end."""
    if not race.running:
        state.notice = state.told
        st.rerun()
    look = race.look
    st.progress(look.epoch / look.goal, text=race_line(race, look, t))
    st.info(t("ensemble.trains"), icon=":material/hourglass_top:")


def _empty(race: Race, state: AppState, t: Translator) -> None:
    """Why there is no vote, and the way to one."""
    key = "ensemble.no_dropout" if race.look.epoch > 0 else "ensemble.not_trained"
    with st.container(border=True, key="ensemble_empty"):
        st.info(t(key), icon=":material/info:")
        st.button(t("ensemble.to_train"), key="ensemble_to_train", on_click=_show, args=(state,))


def _show(state: AppState) -> None:
    state.view = VIEWS[0]


def _chosen_lane(race: Race, lanes: list[int], t: Translator) -> int:
    shown = race.look.lanes

    def label(i: int) -> str:
        return t("network.lane", letter=LETTERS[i], label=results_label(shown[i], t))

    if len(lanes) == 1:
        st.markdown(label(lanes[0]), width="content")
        return lanes[0]
    return int(
        st.segmented_control(
            t("ensemble.lane"),
            lanes,
            default=lanes[0],
            format_func=label,
            # Other lanes are another control: a choice among them means nothing here.
            key=f"ensemble_lane_{''.join(LETTERS[i] for i in lanes)}",
            required=True,
        )
    )


def _chosen_row(votes: Votes, t: Translator) -> int:
    """Place of the test row whose votes are shown, at first the one they differ on most."""
    last, begin = votes.rows.n, votes.rows.most_divided + 1
    # A row that nobody chose gives way to that of other votes.
    chosen: dict[int, int] = st.session_state.setdefault(_ROWS, {})
    row = chosen.get(last, begin)
    st.number_input(
        t("ensemble.row"),
        min_value=1,
        max_value=last,
        value=row,
        **control(f"ensemble_row_{last}", row, partial(_choose_row, chosen, last)),
        help=t("ensemble.row_help", rows=count(last), total=count(votes.n_test)),
        width=160,
    )
    return int(row) - 1


def _choose_row(rows: dict[int, int], last: int, row: int | None) -> None:
    if row is not None:
        rows[last] = row


def _picture(job: Job, votes: Votes, row: int, t: Translator) -> None:
    with st.container(key="ensemble_finding", gap="xsmall"):
        st.markdown(votes_sentence(votes, t))
    words = t.section("figures")
    payload = figures_payload(
        ensemble_figures(votes, row, t),
        ensemble_specs(tuple(sorted(words.items()))),
        {"light": INKS, "dark": DARK_INKS},
        words,
    )
    figures_board(payload, key=BOARD_KEY)
    said = t(
        "ensemble.counted",
        repeats=count(votes.repeats),
        members=count(votes.members),
        units=count(votes.units),
        seconds=duration(job.snapshot().seconds),
    )
    st.caption(said)


def _ended(job: Job, race: Race, lane: int, services: Services, t: Translator) -> None:
    """A count that was stopped or failed: why, and the way on."""
    with st.container(border=True, key="ensemble_ended"):
        if job.state is JobState.FAILED and job.error is not None:
            st.error(t.error(job.error), icon=":material/error:")
        else:
            st.info(_stopped(job.partial, t), icon=":material/stop_circle:")
        st.button(
            t("ensemble.again"), key="ensemble_again", on_click=_again, args=(race, lane, services)
        )


def _stopped(votes: Votes | None, t: Translator) -> str:
    """What a stop left."""
    if votes is None:
        return t("ensemble.stopped")
    if votes.repeats < REPEATS:
        return t("ensemble.stopped_part", repeats=count(votes.repeats), total=count(REPEATS))
    return t("ensemble.stopped_exact", units=count(votes.units))


def _again(race: Race, lane: int, services: Services) -> None:
    submit_votes(race, lane, services, retry=True)
