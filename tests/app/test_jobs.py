"""The registry: progress, stop, reattach, failure, bound. The work here is plain Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from shrinkage.app.jobs import Job, JobState, Registry, Report, interruptible
from shrinkage.errors import Cancelled, InvalidArgument


@dataclass
class Progress:
    index: int
    total: int


def until_stopped(report: Report) -> None:
    """Work that reports every 10 ms and ends only when it is told to."""
    for i in range(10_000):
        if report(Progress(i, 10_000)):
            error = Cancelled("stopped", code="cancelled")
            error.path = ("finished part", i)
            raise error
        time.sleep(0.01)


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry(workers=2, keep=3)
    yield made
    made.close()


def test_result_progress_and_seconds(registry: Registry) -> None:
    def work(report: Report) -> str:
        assert not report(Progress(3, 4))
        return "result"

    job = registry.submit("a", work, info="spec")
    assert job.wait(5)
    look = job.snapshot()
    assert (look.state, look.fraction, look.progress) == (JobState.DONE, 1.0, Progress(3, 4))
    assert look.seconds == job.snapshot().seconds >= 0
    assert (job.result, job.info, job.error) == ("result", "spec", None)


def test_fraction_never_falls(registry: Registry) -> None:
    seen: list[float] = []
    box: list[Job] = []
    ready = threading.Event()

    def work(report: Report) -> None:
        ready.wait(5)
        for index in (1, 6, 2, 12):
            report(Progress(index, 8))
            seen.append(box[0].snapshot().fraction)

    box.append(registry.submit("a", work))
    ready.set()
    assert box[0].wait(5)
    assert seen == [1 / 8, 6 / 8, 6 / 8, 1.0]


def test_stop_takes_less_than_200_ms_and_keeps_the_finished_part(registry: Registry) -> None:
    job = registry.submit("a", until_stopped)
    while job.snapshot().progress is None:
        time.sleep(0.005)
    begin = time.perf_counter()
    job.stop()
    assert job.wait(5)
    assert time.perf_counter() - begin < 0.2
    assert job.state is JobState.STOPPED
    assert job.partial[0] == "finished part"


def test_a_queued_job_stops_at_once() -> None:
    registry = Registry(workers=1)
    try:
        first, second = registry.submit("a", until_stopped), registry.submit("b", until_stopped)
        second.stop()
        assert second.wait(0.2)
        assert second.state is JobState.STOPPED
        assert second.partial is None
        assert not first.state.final
    finally:
        registry.close()


def test_small_jobs_overtake_large_ones_and_delay_none() -> None:
    registry = Registry(workers=1, small_lane=True)
    begun: list[str] = []

    def work(name: str) -> Callable[[Report], None]:
        return lambda _: begun.append(name)

    try:
        running = registry.submit("running", until_stopped, expected=60)
        unknown = registry.submit("unknown", work("unknown"))
        large = registry.submit("large", work("large"), expected=60)
        small = registry.submit("small", work("small"), expected=0.1)
        assert small.wait(5)
        assert begun == ["small"]
        assert (unknown.state, large.state) == (JobState.QUEUED, JobState.QUEUED)
        running.stop()
        assert large.wait(5)
        # The others begin in the order they came.
        assert begun == ["small", "unknown", "large"]
    finally:
        registry.close()


def test_many_small_jobs_do_not_hold_a_large_one_up() -> None:
    registry = Registry(workers=1, small_lane=True, keep=40)
    try:
        held = [registry.submit(f"s{i}", until_stopped, expected=0.1) for i in range(2)]
        large = registry.submit("large", lambda _: None, expected=60)
        for i in range(20):
            registry.submit(f"later{i}", lambda _: time.sleep(0.01), expected=0.1)
        for job in held:
            job.stop()
        assert large.wait(5)
        assert registry.get("later19") is not None
    finally:
        registry.close()


def test_the_same_key_is_the_same_job(registry: Registry) -> None:
    job = registry.submit("abcdef", until_stopped)
    assert registry.submit("abcdef", until_stopped, retry=True) is job
    assert registry.get("abcdef") is job
    assert registry.jobs() == [job]
    assert registry.get("x") is None
    job.stop()
    assert job.wait(5)
    assert registry.submit("abcdef", until_stopped) is job
    again = registry.submit("abcdef", until_stopped, retry=True)
    assert again is not job


def test_failure_keeps_the_error_with_code_and_fields(registry: Registry) -> None:
    def work(report: Report) -> None:
        raise InvalidArgument("y is constant", code="data.constant_target", argument="y", value=3)

    job = registry.submit("a", work)
    assert job.wait(5)
    assert job.state is JobState.FAILED
    assert isinstance(job.error, InvalidArgument)
    assert job.error.code == "data.constant_target"
    assert job.error.fields == {"argument": "y", "value": 3}
    # A worker outlives the failure of its work.
    assert registry.submit("b", lambda report: 1).wait(5)


def test_cache_is_bounded_and_spares_the_running(registry: Registry) -> None:
    running = registry.submit("running", until_stopped)
    for i in range(6):
        assert registry.submit(f"k{i}", lambda report: 1).wait(5)
    registry.submit("k6", lambda report: 1)
    assert registry.get("running") is running
    assert registry.get("k0") is None
    assert registry.get("k6") is not None


def test_history_is_told_before_waiters_wake_and_may_fail() -> None:
    told: list[JobState] = []

    def listen(job: Job) -> None:
        told.append(job.state)
        if job.state.final:
            raise OSError("disk full")

    registry = Registry(on_change=listen)
    try:
        job = registry.submit("a", lambda report: 1)
        assert job.wait(5)
        assert told == [JobState.RUNNING, JobState.DONE]
        assert job.result == 1
    finally:
        registry.close()


def test_close_stops_what_runs() -> None:
    registry = Registry()
    job = registry.submit("a", until_stopped)
    while job.state is JobState.QUEUED:
        time.sleep(0.005)
    registry.close()
    assert job.state is JobState.STOPPED


@pytest.mark.parametrize("bad", [{"workers": 0}, {"keep": 0}])
def test_bad_bounds(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Registry(**bad)


def test_work_that_does_not_report_is_left_behind(registry: Registry) -> None:
    release = threading.Event()
    job = registry.submit("a", lambda report: interruptible(release.wait, report))
    while job.state is JobState.QUEUED:
        time.sleep(0.005)
    begin = time.perf_counter()
    job.stop()
    assert job.wait(5)
    assert time.perf_counter() - begin < 0.2
    assert job.state is JobState.STOPPED
    release.set()


def test_work_that_reports_ends_by_itself_and_keeps_its_part(registry: Registry) -> None:
    job = registry.submit("a", lambda report: interruptible(lambda: until_stopped(report), report))
    while job.snapshot().progress is None:
        time.sleep(0.005)
    job.stop()
    assert job.wait(5)
    assert job.partial[0] == "finished part"


def test_interruptible_work_returns_and_fails_as_work_does(registry: Registry) -> None:
    done = registry.submit("a", lambda report: interruptible(lambda: 7, report))
    failed = registry.submit("b", lambda report: interruptible(lambda: 1 / 0, report))
    assert done.wait(5)
    assert failed.wait(5)
    assert done.result == 7
    assert isinstance(failed.error, ZeroDivisionError)
