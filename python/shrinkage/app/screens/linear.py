"""The Linear screen: L1 and L2 side by side on one table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from shrinkage.app.board import linear_board
from shrinkage.app.cost import linear_cost
from shrinkage.app.jobs import Cost, Job, JobState
from shrinkage.app.loading import data_name
from shrinkage.app.runs import LinearResult, submit_linear
from shrinkage.app.services import Services
from shrinkage.app.state import AppState
from shrinkage.app.views.context import context_line
from shrinkage.app.views.controls import control
from shrinkage.app.views.header import header
from shrinkage.app.views.history import data_label
from shrinkage.app.views.progress import cost_words, watch
from shrinkage.app.views.sentence import certificate, sentence
from shrinkage.app.views.take_away import take_away_panel
from shrinkage.app.views.text import Translator, count

PATIENCE_SECONDS = 1.5
BOARD_KEY = "linear_board"


def render(
    state: AppState, services: Services, t: Translator, *, before_picture: Callable[[], None]
) -> None:
    """Draw the screen; the fit itself runs as a job."""
    if (cost := _unasked(state, services)) is not None:
        _wait(cost, state, services, t, before_picture)
        return
    job = submit_linear(state.spec, services)
    # A short fit is waited for, so that the first picture comes without a flash of progress.
    job.wait(max(0.0, PATIENCE_SECONDS - job.snapshot().seconds))
    # Read once: a job that ends meanwhile must not be half running and half done on one page.
    standing = job.state
    if standing is JobState.DONE:
        state.shown = state.spec
    shown = _picture_of(state, services)
    header(state, services, t, shown, lambda: take_away_panel(shown, t))
    before_picture()
    if standing is not JobState.DONE:
        _status(job, standing, state, services, t, shown)
    if shown is not None:
        _picture(shown, state, t)


def _unasked(state: AppState, services: Services) -> Cost | None:
    """What the wanted fits take, where only a link asks for them, and for much."""
    spec = state.spec
    known = spec.is_sample or services.shelf.find(spec.digest or "") is not None
    if state.asked or not known or services.fits.get(spec.key()) is not None:
        return None
    cost = linear_cost(spec, services)
    return None if cost.small else cost


def _wait(
    cost: Cost,
    state: AppState,
    services: Services,
    t: Translator,
    before_picture: Callable[[], None],
) -> None:
    """The page of a link whose fits wait for a click; the last picture stays."""
    shown = _picture_of(state, services)
    header(state, services, t, shown, lambda: take_away_panel(shown, t))
    before_picture()
    name = data_label(state.spec, data_name(state.spec, services), t)
    with st.container(border=True, key="fit_waits"):
        st.info(t("cost.fit", name=name, **cost_words(cost, t)), icon=":material/hourglass_empty:")
        st.button(t("cost.begin"), on_click=state.ask, key="fit_begin", type="primary")
    if shown is not None:
        st.caption(t("linear.previous", name=data_label(shown.spec, shown.name, t)))
        _picture(shown, state, t)


def _picture_of(state: AppState, services: Services) -> LinearResult | None:
    """The wanted result, or while there is none the last finished one."""
    job = None if state.shown is None else services.fits.get(state.shown.key())
    result: LinearResult | None = None if job is None else job.result
    return result


def _picture(result: LinearResult, state: AppState, t: Translator) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="finding"):
        with st.container(gap=None, width="stretch", key="said"):
            st.markdown(sentence(result, t))
            context_line(result, state, t)
        st.toggle(
            t("linear.split"),
            value=state.spec.test,
            help=t("linear.split_help"),
            **control("split", state.spec.test, partial(_split, state)),
        )
    chosen = linear_board(
        result.comparison, words=t.section("board"), key=BOARD_KEY, link=state.spec.link
    )
    state.follow_link(chosen["link"])
    st.caption(certificate(result, t))


def _split(state: AppState, test: bool) -> None:
    state.want(state.spec.but(test=test))


def _status(
    job: Job,
    standing: JobState,
    state: AppState,
    services: Services,
    t: Translator,
    shown: LinearResult | None,
) -> None:
    """What stands in the way of the picture, and what can be done about it."""
    name = data_label(state.spec, job.info.data_name, t)
    label = t("linear.fitting", name=name)
    if not standing.final:
        watch(job, t, label=label, key="fit")
    else:
        _ended(job, name, state, services, t, shown)
    if shown is not None:
        st.caption(t("linear.previous", name=data_label(shown.spec, shown.name, t)))


def _ended(
    job: Job,
    name: str,
    state: AppState,
    services: Services,
    t: Translator,
    shown: LinearResult | None,
) -> None:
    """A fit that failed or was stopped: why, and the ways on."""
    with st.container(border=True, key="fit_ended"):
        if job.state is JobState.FAILED and job.error is not None:
            st.error(t.error(job.error), icon=":material/error:")
        else:
            st.info(_stopped(job, name, t), icon=":material/stop_circle:")
        with st.container(horizontal=True):
            st.button(t("linear.again"), on_click=_again, args=(state, services), key="fit_again")
            st.button(t("linear.change_data"), on_click=_open_data, key="fit_change")
            if shown is not None:
                st.button(
                    t("linear.back", name=data_label(shown.spec, shown.name, t)),
                    on_click=state.back,
                    key="fit_back",
                )


def _stopped(job: Job, name: str, t: Translator) -> str:
    if job.partial is None:
        return t("linear.stopped", name=name)
    return t("linear.stopped_part", name=name, done=count(job.partial.lambdas.size))


def _again(state: AppState, services: Services) -> None:
    submit_linear(state.spec, services, retry=True)


def _open_data() -> None:
    st.session_state["data_panel"] = True
