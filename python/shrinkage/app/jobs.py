"""Background work that outlives a screen: started once per key, watched, stopped, found again.

A job runs on a daemon thread of the registry, never on a thread of Streamlit, so that a refresh, a
closed tab or a second viewer does not touch it. Nothing here imports Streamlit.
"""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shrinkage.errors import Cancelled

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.05
GRACE_SECONDS = 0.1
SMALL_SECONDS = 2.0
"""A job that is expected to take no longer does not wait behind those that do."""
UNASKED_BYTES = 200e6
"""Work that takes more than this, or is not small, begins only when a person asks for it."""
Report = Callable[[Any], bool]
Work = Callable[[Report], Any]


@dataclass(frozen=True)
class Share:
    """Progress of work that knows only how much of it is done."""

    fraction: float


@dataclass(frozen=True)
class Cost:
    """What work is expected to take: seconds of one core, bytes; infinite where nobody knows."""

    seconds: float
    bytes: float

    @property
    def small(self) -> bool:
        """Whether it may begin because of a link alone."""
        return self.seconds <= SMALL_SECONDS and self.bytes <= UNASKED_BYTES


class JobState(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether the job will not change any more."""
        return self in (JobState.DONE, JobState.STOPPED, JobState.FAILED)


@dataclass(frozen=True)
class Snapshot:
    """One consistent look at a job.

    Attributes:
        state: where it stands.
        fraction: share of the work done, 0 to 1, never falling.
        progress: the last progress object of the library, or None.
        seconds: running time so far, or in all.
    """

    state: JobState
    fraction: float
    progress: Any
    seconds: float


class Job:
    """One piece of work. Made by :meth:`Registry.submit` only.

    Attributes:
        key: equal keys are the same work.
        info: what the caller wants to find again with the job, such as its spec.
        expected: seconds that the work is expected to take; infinite where nobody knows.
        result: what the work returned, when the state is ``done``.
        error: the exception with its code and fields, when ``failed``; for ``stopped`` the
            ``Cancelled`` whose ``path`` is the finished part, if the work left one.
    """

    def __init__(self, key: str, work: Work, info: Any = None, expected: float = math.inf) -> None:
        self.key = key
        self.info = info
        self.expected = expected
        self.result: Any = None
        self.error: BaseException | None = None
        self._work = work
        self._lock = threading.Lock()
        self._state = JobState.QUEUED
        self._fraction = 0.0
        self._progress: Any = None
        self._started: float | None = None
        self._seconds: float | None = None
        self._stop = threading.Event()
        self._finished = threading.Event()

    @property
    def state(self) -> JobState:
        """Where the job stands."""
        return self._state

    @property
    def partial(self) -> Any:
        """The finished part that a stopped job left, or None."""
        return getattr(self.error, "path", None) if self._state is JobState.STOPPED else None

    def snapshot(self) -> Snapshot:
        """State, share done, last progress and seconds, all of one moment."""
        with self._lock:
            return Snapshot(self._state, self._fraction, self._progress, self._elapsed())

    def stop(self) -> None:
        """Ask the work to end; it does at its next progress report, 50 ms apart.

        A job still in the queue ends at once.
        """
        self._stop.set()
        with self._lock:
            if self._state is not JobState.QUEUED:
                return
            self._state, self._seconds = JobState.STOPPED, 0.0
        self._finished.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the job is final or the time is over; True if it is final."""
        return self._finished.wait(timeout)

    def _elapsed(self) -> float:
        if self._seconds is not None:
            return self._seconds
        return 0.0 if self._started is None else time.monotonic() - self._started

    def _report(self, progress: Any) -> bool:
        """Note the progress; True asks the work to end. None only asks."""
        if progress is None:
            return self._stop.is_set()
        share = _fraction(progress)
        with self._lock:
            self._progress = progress
            if share is not None:
                self._fraction = max(self._fraction, share)
        return self._stop.is_set()

    def _begin(self) -> bool:
        """Take the job from the queue; False if it was stopped there."""
        with self._lock:
            if self._state is not JobState.QUEUED:
                return False
            self._started = time.monotonic()
            self._state = JobState.RUNNING
            return True

    def _run(self) -> None:
        """Do the work and keep what came of it; raises nothing."""
        result: Any = None
        error: BaseException | None = None
        try:
            result, state = self._work(self._report), JobState.DONE
        except Cancelled as cancelled:
            error, state = cancelled, JobState.STOPPED
        except Exception as failure:
            error, state = failure, JobState.FAILED
            _LOG.debug("job %s failed", self.key, exc_info=True)
        with self._lock:
            self.result, self.error = result, error
            self._seconds = self._elapsed()
            self._fraction = 1.0 if state is JobState.DONE else self._fraction
            self._state = state
        self._work = _done  # what it held, such as data, may go


def _done(report: Report) -> None:
    """The work of a job that is over."""


def _fraction(progress: Any) -> float | None:
    """Share done from ``fraction``, or from ``index`` of ``total``."""
    share = getattr(progress, "fraction", None)
    if share is None:
        index, total = getattr(progress, "index", None), getattr(progress, "total", None)
        if index is None or not total:
            return None
        share = index / total
    return min(max(float(share), 0.0), 1.0)


def interruptible(work: Callable[[], Any], report: Report) -> Any:
    """Do work that does not report often enough, so that a stop still takes effect at once.

    The work runs on a thread of its own. When it is to end it gets the time to do so by itself, at
    its own next report; after that it is left behind.

    Raises:
        Cancelled: the work was asked to end.
    """
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="shrinkage-work", daemon=True).start()
    while not wait_for((future,), timeout=POLL_SECONDS).done:
        if report(None):
            if wait_for((future,), timeout=GRACE_SECONDS).done:
                break
            raise Cancelled("the work was stopped before its next report", code="job.cancelled")
    return future.result()


class Registry:
    """Runs jobs on ``workers`` threads and keeps the last ``keep`` finished ones.

    Jobs begin in the order they came. With ``small_lane`` there is one more thread, which takes
    only jobs expected to be over within SMALL_SECONDS: they pass the large ones, and delay none.

    ``on_change(job)`` is called on the worker's thread when a job starts and when it has become
    final, before anybody who waits for it is woken: the history is written first.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        keep: int = 12,
        small_lane: bool = False,
        on_change: Callable[[Job], None] | None = None,
    ) -> None:
        if workers < 1 or keep < 1:
            raise ValueError(f"workers = {workers}, keep = {keep}: both must be at least 1")
        self._keep = keep
        self._on_change = on_change
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self._queued = threading.Condition(self._lock)
        self._closed = False
        lanes = [math.inf] * workers + [SMALL_SECONDS] * small_lane
        self._threads = [
            threading.Thread(
                target=self._serve, args=(most,), name=f"shrinkage-job-{i}", daemon=True
            )
            for i, most in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)

    def submit(
        self,
        key: str,
        work: Work,
        *,
        info: Any = None,
        retry: bool = False,
        expected: float = math.inf,
    ) -> Job:
        """The job of this key: the one there is, or a new one.

        A new one is expected to take ``expected`` seconds. A job that failed or was stopped is
        returned as it is, unless ``retry`` asks for a new one.
        """
        with self._lock:
            job = self._jobs.get(key)
            over = job is not None and job.state in (JobState.STOPPED, JobState.FAILED)
            if job is None or (retry and over):
                job = self._jobs[key] = Job(key, work, info, expected)
                self._queue.append(job)
                self._queued.notify_all()
            self._jobs.move_to_end(key)
            self._trim()
            return job

    def get(self, key: str) -> Job | None:
        """The job of this key, or None if there is none or it was dropped."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None:
                self._jobs.move_to_end(key)
            return job

    def jobs(self) -> list[Job]:
        """The jobs that are remembered, the least recently used first."""
        with self._lock:
            return list(self._jobs.values())

    def close(self, timeout: float = 1.0) -> None:
        """Stop every job and end the threads, waiting at most ``timeout`` seconds for them."""
        atexit.unregister(self.close)
        with self._lock:
            for job in self._jobs.values():
                job.stop()
            self._closed = True
            self._queued.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _trim(self) -> None:
        """Drop the least recently used final jobs beyond the bound."""
        surplus = len(self._jobs) - self._keep
        for key in [k for k, job in self._jobs.items() if job.state.final][: max(surplus, 0)]:
            del self._jobs[key]

    def _next(self, most: float) -> Job | None:
        """The first queued job that is expected to take no longer; None when all is over."""
        with self._lock:
            while not self._closed:
                for job in self._queue:
                    if job.expected <= most:
                        self._queue.remove(job)
                        return job
                self._queued.wait()
        return None

    def _serve(self, most: float) -> None:
        while (job := self._next(most)) is not None:
            if not job._begin():
                continue
            self._notify(job)
            job._run()
            self._notify(job)
            job._finished.set()

    def _notify(self, job: Job) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(job)
        except Exception:
            # A full disk must not take the result away from the user.
            _LOG.exception("the history could not be written")
