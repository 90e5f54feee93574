"""What all sessions of a server share: jobs, history and files of one data folder."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from shrinkage.app.files import FileShelf
from shrinkage.app.history_file import Trouble
from shrinkage.app.jobs import Job, JobState, Registry
from shrinkage.app.race import Races
from shrinkage.app.store import History, data_dir, wanted_dir


class Described(Protocol):
    """What a run is, in the words of the history."""

    @property
    def data(self) -> str:
        """Which data: ``sample:<name>`` or ``sha256:<digest>``."""

    def to_json(self) -> str:
        """The form stored in the history."""


@dataclass(frozen=True)
class RunInfo:
    """What the history keeps of a job beside its outcome.

    ``spec`` is asked again at the end, as a race may be changed under way. ``summarize`` turns the
    result into language-neutral facts; ``partial``: also what a stop left of it. Runs of one
    ``key`` are one line of the history; None is the job's own.
    """

    spec: Described
    data_name: str
    summarize: Callable[[Any], dict[str, Any]]
    key: str | None = None
    partial: bool = False


class Services:
    """What the sessions share.

    Attributes:
        folder: the data folder.
        history: the past runs.
        shelf: copies of uploaded files.
        fits: jobs whose results are pictures; the history follows them.
        trainings: jobs that train a race; the history follows them.
        races: what is trained by them.
        ensembles: jobs that count the votes inside a trained network.
        readings: jobs whose results are tables, of which few are kept because they may be large.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History(folder)
        self.shelf = FileShelf(folder / "files")
        self.fits = Registry(workers=_workers(), keep=8, small_lane=True, on_change=self._record)
        # A race held to a pace mostly waits; its epochs bring threads of their own.
        # One that is over is found through its race; kept here it would keep the weights too.
        self.trainings = Registry(workers=4, keep=1, on_change=self._record)
        self.races = Races()
        self.ensembles = Registry(workers=1, keep=8)
        self.readings = Registry(workers=1, keep=3, small_lane=True)
        self._rows: dict[int, str] = {}

    @property
    def trouble(self) -> Trouble | None:
        """What keeps runs from being kept as a person expects, None when nothing does."""
        wanted = wanted_dir()
        if self.folder != wanted and self.folder == data_dir():
            return Trouble("temporary", str(wanted))
        return self.history.trouble

    def close(self) -> None:
        """Stop what runs and give the folder back; the next use opens it anew."""
        self.fits.close()
        self.trainings.close()
        self.ensembles.close()
        self.readings.close()
        self.history.close()
        _open_services.pop(self.folder, None)

    def _record(self, job: Job) -> None:
        """Keep the history in step with a job; called on the job's thread."""
        info = job.info
        if not isinstance(info, RunInfo):
            return
        if job.state is JobState.RUNNING:
            self._rows[id(job)] = self.history.start(
                key=info.key or job.key,
                spec=info.spec.to_json(),
                data_name=info.data_name,
                digest=info.spec.data,
                version=package_version(),
            )
            return
        summary: dict[str, Any] = {}
        if job.state is JobState.DONE:
            summary = info.summarize(job.result)
        elif info.partial and job.partial is not None:
            summary = info.summarize(job.partial)
        elif job.error is not None:
            summary = {"error": getattr(job.error, "code", "error.unexpected")}
        row = self._rows.pop(id(job))
        self.history.finish(
            row, job.state.value, job.snapshot().seconds, summary, spec=info.spec.to_json()
        )


_open_services: dict[Path, Services] = {}
_lock = threading.Lock()


def services() -> Services:
    """The services of this process for the current data folder, made at first use."""
    folder = data_dir()
    with _lock:
        if folder not in _open_services:
            _open_services[folder] = Services(folder)
        return _open_services[folder]


@cache
def package_version() -> str:
    """Version of the installed package."""
    try:
        return version("shrinkage")
    except PackageNotFoundError:
        return "0"


def _workers() -> int:
    """A core stays with the screen; two at least, as a fit may be waited for in two places."""
    return max(2, (os.cpu_count() or 2) - 1)
