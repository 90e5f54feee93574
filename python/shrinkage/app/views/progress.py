"""Work under way: the card of a job, with its progress and Stop; the line of a race."""

from __future__ import annotations

import math

import streamlit as st

from shrinkage.app.jobs import Cost, Job, JobState
from shrinkage.app.race import Race
from shrinkage.app.race_look import Look
from shrinkage.app.views.text import Translator, count, duration, number

TICK_SECONDS = 0.25
_TIMES = (
    ("seconds", 1, 90),
    ("minutes", 60, 5400),
    ("hours", 3600, 172_800),
    ("days", 86_400, math.inf),
)
"""Unit of a time, its seconds, and the seconds from which on a larger one is taken."""


def watch(job: Job, t: Translator, *, label: str, key: str) -> None:
    """Progress bar and Stop, refreshed on a timer; a full rerun follows when the job ends."""
    st.fragment(_tick, run_every=TICK_SECONDS)(job, t, label, key)


def _tick(job: Job, t: Translator, label: str, key: str) -> None:
    look = job.snapshot()
    if look.state.final:
        st.rerun()
    with st.container(border=True, key=f"{key}_card"):
        waiting = look.state is JobState.QUEUED
        text = t("progress.queued", what=label) if waiting else _line(job, t, label)
        st.progress(look.fraction, text=text)
        st.button(t("progress.stop"), on_click=job.stop, key=f"{key}_stop", icon=":material/stop:")


def _line(job: Job, t: Translator, label: str) -> str:
    look = job.snapshot()
    seconds = duration(look.seconds)
    lam = getattr(look.progress, "lam", None)
    if lam is None:
        return t("progress.running", what=label, seconds=seconds)
    return t(
        "progress.fitting",
        what=label,
        seconds=seconds,
        lam=number(lam),
        nonzero=count(look.progress.n_nonzero),
    )


def cost_words(cost: Cost, t: Translator) -> dict[str, str]:
    """What work is expected to take, in words for a sentence: ``seconds`` and ``memory``."""
    known = math.isfinite(cost.seconds) and math.isfinite(cost.bytes)
    if not known:
        return {"seconds": t("cost.unknown"), "memory": t("cost.unknown")}
    unit, length = next((u, n) for u, n, most in _TIMES if cost.seconds < most)
    time = t(f"cost.{unit}", n=_about(cost.seconds, length))
    return {"seconds": time, "memory": t("cost.megabytes", n=_about(cost.bytes, 1e6))}


def _about(value: float, unit: float) -> str:
    """One digit of it, as an estimate has no more; at least 1."""
    parts = max(value / unit, 1.0)
    step = 10.0 ** math.floor(math.log10(parts))
    return count(round(round(parts / step) * step))


def race_line(race: Race, look: Look, t: Translator) -> str:
    """How far the race under way had come at this look."""
    job = race.job
    if job is not None and job.state is JobState.QUEUED:
        return t("network.queued")
    if race.table is None:
        return t("network.loading")
    return t(
        "network.running",
        epoch=count(look.epoch),
        goal=count(look.goal),
        seconds=duration(look.seconds),
    )
