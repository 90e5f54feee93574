"""The list of past runs; every one can be opened again."""

from __future__ import annotations

import math

import streamlit as st

from shrinkage.app.history_file import Trouble
from shrinkage.app.race_spec import RaceRun
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, RunSpec
from shrinkage.app.state import AppState, Notice
from shrinkage.app.store import Run
from shrinkage.app.views.lanes import rules_label
from shrinkage.app.views.loss_panel import loss_label
from shrinkage.app.views.text import Translator, count, duration, moment, number, plain

SHOWN = 12
_ASKED = "history_clear_asked"
Opened = RunSpec | RaceRun
"""What a line of the history opens."""
_ICONS = {
    "done": ":material/check_circle:",
    "running": ":material/progress_activity:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/power_off:",
}


def history_panel(state: AppState, services: Services, t: Translator) -> None:
    """Popover with the last runs, newest first."""
    label = t("history.button")
    with st.popover(label, icon=":material/history:", key="history_panel", on_change="rerun"):
        runs = _latest_of_each(services.history.recent(200))
        st.markdown(t("history.title"))
        if services.trouble is not None:
            notice = trouble_notice(services.trouble)
            st.caption(t(notice.key, **notice.values))
        if not runs:
            st.caption(t("history.empty"))
            return
        for run, spec in runs[:SHOWN]:
            _row(run, spec, state, services, t)
        st.caption(t("history.where", folder=plain(str(services.folder), 200)))
        _offer_clearing(services, t)


def trouble_notice(trouble: Trouble) -> Notice:
    """What became of the history, as something to tell."""
    values = {"file": plain(trouble.file, 200), "kept": count(trouble.kept)}
    return Notice(f"history.trouble.{trouble.kind}", values)


def _offer_clearing(services: Services, t: Translator) -> None:
    """Delete everything, in two steps: what is gone cannot be brought back."""
    if not st.session_state.get(_ASKED):
        st.button(
            t("history.clear"), key="history_clear", type="tertiary", on_click=_ask, args=(True,)
        )
        return
    st.caption(t("history.clear_help"))
    with st.container(horizontal=True):
        st.button(
            t("history.clear_yes"), key="history_clear_yes", on_click=_clear, args=(services,)
        )
        st.button(t("history.clear_no"), key="history_clear_no", on_click=_ask, args=(False,))


def _ask(asked: bool) -> None:
    st.session_state[_ASKED] = asked


def _latest_of_each(runs: list[Run]) -> list[tuple[Run, Opened]]:
    """One line for each distinct run: the same fit done twice tells nothing new.

    A run of another version, whose spec this one cannot read, is passed over.
    """
    latest: dict[str, tuple[Run, Opened]] = {}
    for run in runs:
        spec = _spec_of(run)
        if spec is not None:
            latest.setdefault(run.key, (run, spec))
    return list(latest.values())


def _spec_of(run: Run) -> Opened | None:
    for kind in (RunSpec, RaceRun):
        try:
            return kind.from_json(run.spec)
        except ValueError:
            continue
    return None


def _row(run: Run, spec: Opened, state: AppState, services: Services, t: Translator) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"run_{run.id}"):
        st.markdown(f"{_ICONS[run.status]} {_line(run, spec, t)}", width="stretch")
        st.button(
            t("history.open"),
            key=f"open_{run.id}",
            on_click=_open,
            args=(run, spec, state, services),
        )


def _line(run: Run, spec: Opened, t: Translator) -> str:
    table = spec.table if isinstance(spec, RaceRun) else spec
    head = t(
        "history.line",
        when=moment(run.created),
        name=data_label(table, run.data_name, t),
        status=t(f"status.{run.status}"),
    )
    if isinstance(spec, RaceRun):
        parts = [head, *_race_settings(run, spec, t)]
    else:
        parts = [head, *_settings(spec, t), _detail(run, t)]
    return t("list.join").join(part for part in parts if part)


def _race_settings(run: Run, spec: RaceRun, t: Translator) -> list[str]:
    """What tells this race from others of the same data."""
    said = [] if spec.table.target is None else [_target(spec.table.target, t)]
    figures = _figures(run)
    race, epochs = spec.race, int(figures.get("epochs", spec.race.epochs))
    trained = [race.rules_until(i, max(epochs, 1)) for i in range(len(race.lanes))]
    lanes = t("network.versus").join(rules_label(rules, t) for rules in trained)
    said.append(t("history.race", lanes=lanes))
    if "epochs" in figures:
        said.append(t("history.epochs", n=count(epochs)))
    return said


def _target(target: str, t: Translator) -> str:
    return t("context.target", target=plain(target, 32))


def _settings(spec: RunSpec, t: Translator) -> list[str]:
    """What tells this run from others of the same data."""
    said = [] if spec.target is None else [_target(spec.target, t)]
    if spec.event is not None:
        said.append(plain(spec.event, 32))
    if spec.loss is not None:
        said.append(loss_label(spec.chosen_loss(), t))
    if spec.test:
        said.append(t("history.test"))
    if spec.cv != DEFAULT.cv:
        said.append(t("history.folds", folds=count(spec.cv)))
    if spec.words != DEFAULT.words:
        said.append(t("history.words", n=count(spec.words)))
    if not spec.standardize:
        said.append(t("history.raw"))
    if spec.undo:
        said.append(t("history.undone", n=count(len(spec.undo))))
    return said


def _detail(run: Run, t: Translator) -> str:
    facts = _figures(run)
    if {"kept", "total", "error"} <= facts.keys():
        return t(
            "history.detail",
            kept=count(int(facts["kept"])),
            total=count(int(facts["total"])),
            error=number(facts["error"]),
            seconds=duration(run.seconds or 0.0),
        )
    return ""


def _figures(run: Run) -> dict[str, float]:
    """The numbers among the facts of a run; what else a damaged row may hold is left out."""
    facts = run.summary.items()
    return {k: v for k, v in facts if isinstance(v, int | float) and math.isfinite(v)}


def data_label(spec: RunSpec, name: str, t: Translator) -> str:
    """What a data set is called: a sample by its translated name, a file by its own."""
    key = f"sample.{spec.sample}"
    return t(key) if spec.is_sample and t.has(key) else plain(name, 32)


def target_label(spec: RunSpec, name: str, t: Translator) -> str:
    """The target's name; a sample's own is translated."""
    key = f"target.{spec.sample}"
    return t(key) if t.has(key) else plain(name)


def _open(run: Run, spec: Opened, state: AppState, services: Services) -> None:
    st.session_state["history_panel"] = False
    digest = spec.table.digest if isinstance(spec, RaceRun) else spec.digest
    if digest is not None and services.shelf.find(digest) is None:
        state.notice = Notice("history.file_gone", {"name": plain(run.data_name, 60)})
        return
    if isinstance(spec, RaceRun):
        # A race that is still in memory tells its changes up to now.
        living = services.races.get(run.key)
        state.open_race(run.key, spec if living is None else RaceRun(spec.table, living.spec))
    else:
        state.want(spec)
        state.screen = "linear"


def _clear(services: Services) -> None:
    _ask(False)
    services.history.clear()
    services.shelf.clear()
