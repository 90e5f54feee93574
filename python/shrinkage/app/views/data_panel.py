"""The data chip: built-in data, the user's file, its target and task, the fit's settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from shrinkage.app.files import StoredFile
from shrinkage.app.jobs import Job, JobState
from shrinkage.app.loading import ReadFile, TableFacts, loss_for, submit_reading
from shrinkage.app.runs import LinearResult
from shrinkage.app.services import Services
from shrinkage.app.spec import FILE_PREFIX, SAMPLE_PREFIX, TASKS, RunSpec
from shrinkage.app.state import AppState, Notice
from shrinkage.app.views.controls import control
from shrinkage.app.views.history import data_label
from shrinkage.app.views.progress import watch
from shrinkage.app.views.text import Translator, count, plain, shorten
from shrinkage.data import guess_task, samples, target_problem

PANEL = "data_panel"
PATIENCE_SECONDS = 1.0
FORMATS = ["csv", "tsv", "txt", "gz", "parquet", "pq", "xlsx", "npz"]
MAX_MEGABYTES = 200
OWN_FILE = "own_file"
_TAKEN_UP = "upload_taken_up"
FOLDS = (3, 5, 10, 20)
WORDS = (200, 500, 1000, 2000)


def data_panel(
    state: AppState, services: Services, t: Translator, shown: TableFacts | None
) -> None:
    """Popover behind the data chip of the header."""
    label = _chip(shown, t)
    panel = st.popover(label, icon=":material/database:", key=PANEL, on_change="rerun")
    with panel:
        _choose_sample(state, t)
        _upload(state, services, t)
        file = _file_at_hand(state, services, shown)
        # A table may have thousands of columns to choose from: they are sent when they are seen.
        if file is not None and panel.open:
            _file_form(file, state, services, t)
        if isinstance(shown, LinearResult):
            _fit_settings(state, t, shown)


def _chip(shown: TableFacts | None, t: Translator) -> str:
    if shown is None:
        return t("data.chip_empty")
    return t(
        "data.chip",
        name=data_label(shown.spec, shown.name, t),
        rows=count(shown.n_rows),
        columns=count(shown.n_features),
    )


def _choose_sample(state: AppState, t: Translator) -> None:
    known = {sample.name: sample.task for sample in samples()}
    options = [*known, OWN_FILE]
    current = state.spec.sample if state.spec.sample in known else OWN_FILE
    st.selectbox(
        t("data.sample"),
        options,
        index=options.index(current),
        format_func=lambda name: t(f"sample.{name}"),
        **control("sample_box", current, partial(_take_sample, state, known)),
    )


def _take_sample(state: AppState, tasks: dict[str, str], name: str) -> None:
    if name in tasks:
        fresh = RunSpec(data=SAMPLE_PREFIX + name, task=tasks[name])
        state.draft = None
        state.want(_with_settings_of(state.spec, fresh))
        st.session_state[PANEL] = False


def _upload(state: AppState, services: Services, t: Translator) -> None:
    st.file_uploader(
        t("data.upload"),
        type=FORMATS,
        max_upload_size=MAX_MEGABYTES,
        key="upload",
        help=t("data.upload_help", folder=plain(str(services.folder), 200)),
        on_change=_take_up,
        args=(state, services),
    )


def _take_up(state: AppState, services: Services) -> None:
    upload = st.session_state["upload"]
    # A page that was cut off reports its file again.
    if upload is None or upload.file_id == st.session_state.get(_TAKEN_UP):
        return
    st.session_state[_TAKEN_UP] = upload.file_id
    try:
        state.draft = services.shelf.save(upload.name, upload.getvalue())
    except OSError:
        state.notice = Notice("data.not_saved")
        return
    submit_reading(state.draft, services, retry=True)


def _file_at_hand(
    state: AppState, services: Services, shown: TableFacts | None
) -> StoredFile | None:
    """The file just uploaded, else the one on the screen, so that its target can be changed."""
    if state.draft is not None:
        return state.draft
    digest = None if shown is None else shown.spec.digest
    return None if digest is None else services.shelf.find(digest)


def _file_form(file: StoredFile, state: AppState, services: Services, t: Translator) -> None:
    job = submit_reading(file, services)
    job.wait(max(0.0, PATIENCE_SECONDS - job.snapshot().seconds))
    name = plain(file.name)
    if not job.state.final:
        watch(job, t, label=t("data.reading", name=name), key="reading")
    elif job.state is JobState.DONE:
        _choose_target(file, job.result, state, t)
    else:
        _not_read(job, name, t)


def _not_read(job: Job, name: str, t: Translator) -> None:
    if job.state is JobState.FAILED and job.error is not None:
        st.error(f"**{name}**: {t.error(job.error)}", icon=":material/error:")
        st.caption(t("data.kept"))
    else:
        st.info(t("data.reading_stopped", name=name), icon=":material/stop_circle:")


def _choose_target(file: StoredFile, read: ReadFile, state: AppState, t: Translator) -> None:
    table, mark = read.table, file.digest[:8]
    shape = {"rows": count(table.n_rows), "columns": count(table.n_columns)}
    st.markdown(t("data.read", name=plain(file.name), **shape))
    columns = list(table.columns)
    in_use = state.spec.digest == file.digest and state.spec.target in columns
    first = state.spec.target if in_use and state.spec.target is not None else read.target
    target_key = f"target_{mark}"
    # A page that was cut off may forget what was chosen and show what it is drawn with.
    first = _chosen(target_key, columns, first)
    target = st.selectbox(
        t("data.target"),
        columns,
        index=columns.index(first),
        format_func=lambda column: shorten(column, 60),
        key=target_key,
    )
    if target is None:
        return

    def task_key(target: str) -> str:
        # A key of its own for every target, so that the guess is made anew.
        return f"task_{mark}_{columns.index(target)}"

    task = st.segmented_control(
        t("task.label"),
        TASKS,
        default=_chosen(task_key(target), TASKS, guess_task(table, target)),
        format_func=lambda code: t(f"task.{code}"),
        required=True,
        key=task_key(target),
    )
    problem = target_problem(table, target, task)
    if problem is not None:
        st.warning(t.error(problem), icon=":material/warning:")
    st.button(
        t("data.use"),
        type="primary",
        key="use_data",
        on_click=_use,
        args=(file, read, target_key, task_key, state),
    )


def _chosen(key: str, options: Sequence[str], first: str) -> str:
    """What the server knows to be chosen under this key, else the option to begin with."""
    chosen = st.session_state.get(key)
    return chosen if isinstance(chosen, str) and chosen in options else first


def _use(
    file: StoredFile,
    read: ReadFile,
    target_key: str,
    task_key: Callable[[str], str],
    state: AppState,
) -> None:
    """Take the file with what the boxes hold now: they may have changed since they were drawn."""
    target = st.session_state[target_key]
    task = st.session_state.get(task_key(target)) or guess_task(read.table, target)
    fresh = RunSpec(data=FILE_PREFIX + file.digest, target=target, task=task)
    fresh = fresh.with_loss(loss_for(read.table, target, task))
    state.want(_with_settings_of(state.spec, fresh))
    st.session_state[PANEL] = False


def _with_settings_of(old: RunSpec, new: RunSpec) -> RunSpec:
    """Another table with the fit settings as they were, opened at each penalty's own λ.1se."""
    return new.but(
        standardize=old.standardize,
        words=old.words,
        cv=old.cv,
        test=old.test,
        seed=old.seed,
    )


def _fit_settings(state: AppState, t: Translator, shown: LinearResult) -> None:
    """Settings of the data on the screen; each takes effect at once, on top of the others."""
    spec = state.wanted_of(shown.spec)
    with st.container(border=True, key="fit_settings"):
        st.markdown(t("data.fit_settings", name=data_label(spec, shown.name, t)))
        if shown.classes is not None and shown.event is not None:
            event = shown.event if spec.event is None else spec.event
            st.selectbox(
                t("data.event"),
                shown.classes,
                index=shown.classes.index(event),
                format_func=lambda label: shorten(label, 60),
                **control("event_box", event, partial(_set, "event", shown, state)),
            )
        if any(step.code == "text_words" for step in shown.steps):
            words = sorted({*WORDS, spec.words})
            st.selectbox(
                t("data.words"),
                words,
                index=words.index(spec.words),
                format_func=count,
                help=t("data.words_help"),
                **control("words_box", spec.words, partial(_set, "words", shown, state)),
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            folds = sorted({*FOLDS, spec.cv})
            st.selectbox(
                t("data.folds"),
                folds,
                index=folds.index(spec.cv),
                **control("folds_box", spec.cv, partial(_set, "cv", shown, state)),
            )
            st.toggle(
                t("data.standardize"),
                value=spec.standardize,
                help=t("data.standardize_help"),
                **control(
                    "standardize_toggle",
                    spec.standardize,
                    partial(_set, "standardize", shown, state),
                ),
            )


def _set(field: str, shown: LinearResult, state: AppState, value: Any) -> None:
    state.want(state.wanted_of(shown.spec).but(**{field: value}))
