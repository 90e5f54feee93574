"""How a native call runs: its BLAS, its threads, its progress, its cancellation.

The call itself runs without the GIL on a worker thread; this side polls, so that callbacks, Ctrl-C
and cancellation take effect within 50 ms whatever the core is doing.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import joblib
from scipy.linalg import cython_blas, cython_lapack
from threadpoolctl import ThreadpoolController

from ._validation import as_integer, refuse
from .core import _native

T = TypeVar("T")
POLL_SECONDS = 0.05
LEAVE_SECONDS = 5.0  # how long an end of the interpreter waits for calls that it stopped
BETWEEN_CALLS_SECONDS = 0.2  # and how long for threads that have called, and may again
SHORT_FLOPS = 2e6  # below it a call ends before the first poll would come


@dataclass(frozen=True)
class Progress:
    """How far a fit has come, as callbacks see it.

    Attributes:
        index: fitted λ so far, over all folds.
        total: λ to fit in all.
        lam: the last fitted λ.
        gap: the value of its certificate, of a convex problem the relative duality gap.
        n_nonzero: its number of nonzero coefficients.
        seconds: time since the start.
    """

    index: int
    total: int
    lam: float
    gap: float
    n_nonzero: int
    seconds: float


Callback = Callable[[Progress], bool | None]
P = TypeVar("P")  # what a callback is shown


def install_blas() -> None:
    """Hands the routines that scipy exports to the core; later calls change nothing."""
    _native.install_blas({**cython_blas.__pyx_capi__, **cython_lapack.__pyx_capi__})


@cache
def _blas_libraries() -> list[Any]:
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def _set_blas_threads(library: Any, n_threads: int) -> None:
    # threadpoolctl 3.8 heeds only the thread that was the first to limit OpenBLAS, while fits run
    # on any thread and share one limit; what it does when it heeds is taken directly.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n_threads)


class _SingleThreadedBlas:
    """Holds BLAS to one thread while any native call runs.

    These limits are global, so overlapping calls share one: the first sets it, the last restores
    what the first had found, whatever threads they run on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._found: list[tuple[Any, int]] = []

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._found = [(each, each.get_num_threads()) for each in _blas_libraries()]
                for library, _ in self._found:
                    _set_blas_threads(library, 1)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    for library, n_threads in self._found:
                        _set_blas_threads(library, n_threads)


single_threaded_blas = _SingleThreadedBlas()


class _RunningCalls:
    """The native calls in progress, which an end of the interpreter stops and waits for.

    A thread that came back into an interpreter that is gone would be ended in the middle of C++,
    ours or numpy's, and the BLAS under a call that went on would be unloaded. Threads that outlive
    the main one are daemons; when they call the core, or come back from it, they sleep.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begins anew: a forked child has no call of its parent's."""
        self._changed = threading.Condition()
        self._controls: list[_native.Control] = []
        self._callers: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._leaving = False

    @contextmanager
    def __call__(self, control: _native.Control) -> Iterator[None]:
        with self._changed:
            outlived = self._outlives_main()
            if not outlived:
                self._controls.append(control)
                self._callers.add(threading.current_thread())
        if outlived:
            self._sleep()
        try:
            yield
        finally:
            with self._changed:
                self._controls.remove(control)
                self._changed.notify_all()
            if self._outlives_main():
                self._sleep()

    def leave(self) -> None:
        """Stops all calls and waits for them; one that does not heed it in time is left alone.

        Threads that are between two calls have a moment to come to the next.
        """
        with self._changed:
            self._leaving = True
            self._callers.discard(threading.current_thread())
            for control in self._controls:
                control.stop()
            self._changed.wait_for(lambda: not self._controls, timeout=LEAVE_SECONDS)
            self._changed.wait_for(
                lambda: not any(thread.is_alive() for thread in self._callers),
                timeout=BETWEEN_CALLS_SECONDS,
            )

    def _outlives_main(self) -> bool:
        """Whether this is a daemon thread after the main one, which may still call, has ended."""
        return self._leaving and threading.current_thread() is not threading.main_thread()

    def _sleep(self) -> None:
        with self._changed:
            self._callers.discard(threading.current_thread())
            self._changed.notify_all()
        while True:
            threading.Event().wait()


_running = _RunningCalls()
atexit.register(_running.leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.forget)


@cache
def _usable_cpus() -> int:
    return int(joblib.cpu_count())  # reads files of the system, which a short fit would notice


def physical_memory() -> float:
    """Bytes of the machine; endless where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def resolve_threads(n_threads: int | None) -> int:
    """The number of threads; None: the CPUs this process may use (affinity, cgroup, joblib)."""
    if n_threads is not None:
        return as_integer(n_threads, "n_threads", minimum=1, maximum=1024)
    cpus = _usable_cpus()
    inner = os.environ.get("OMP_NUM_THREADS", "")  # what joblib leaves to each of its workers
    return max(1, min(cpus, int(inner))) if inner.isdigit() and int(inner) > 0 else max(1, cpus)


def require_callback(callback: object) -> None:
    """Refuses what cannot be called."""
    if callback is not None and not callable(callback):
        remedy = "give a function that is called with the progress, or None"
        raise refuse("callback", repr(callback), remedy, code="argument.type")


def run_native(
    call: Callable[[_native.Control], T],
    *,
    total: int,
    flops: float,
    time_limit: float | None,
    callback: Callback | None,
) -> T:
    """Runs ``call(control)`` as `watch_native` does, for a call that fits λ after λ."""
    return watch_native(
        call,
        flops=flops,
        time_limit=time_limit,
        callback=callback,
        snapshot=lambda control: _progress(control, total),
    )


def watch_native(
    call: Callable[[_native.Control], T],
    *,
    flops: float,
    time_limit: float | None,
    callback: Callable[[P], bool | None] | None,
    snapshot: Callable[[_native.Control], P],
) -> T:
    """Runs ``call(control)`` and returns its result, whole or cut short by a stop.

    Args:
        call: the native call; it ends early, with what is finished, once ``control`` is stopped.
        flops: an estimate of the work; a short call runs on this thread.
        time_limit: seconds after which the call ends early, or None.
        callback: called about every 50 ms and at the end; returning True stops the call.
        snapshot: what the callback is shown.

    Raises:
        Interrupted: on Ctrl-C, with the result of what was finished.
    """
    require_callback(callback)
    control = _native.Control()
    if time_limit is not None:
        control.set_time_limit(time_limit)
    with _running(control), single_threaded_blas():
        if flops >= SHORT_FLOPS:
            return _watch(call, control, callback, snapshot)
        result = call(control)
    if callback is not None:
        callback(snapshot(control))
    return result


def _watch(
    call: Callable[[_native.Control], T],
    control: _native.Control,
    callback: Callable[[P], bool | None] | None,
    snapshot: Callable[[_native.Control], P],
) -> T:
    outcome: list[T] = []
    failure: list[BaseException] = []
    # An event, not join(): a join that Ctrl-C interrupts takes the thread for ended (Python 3.11).
    ended = threading.Event()

    def work() -> None:
        try:
            outcome.append(call(control))
        except BaseException as error:
            failure.append(error)
        finally:
            ended.set()

    def stop() -> None:
        control.stop()
        while not ended.is_set():
            with suppress(KeyboardInterrupt):  # it is coming already
                ended.wait()

    threading.Thread(target=work, name="shrinkage-fit", daemon=True).start()
    try:
        while not ended.wait(POLL_SECONDS):
            if callback is not None and callback(snapshot(control)):
                stop()
                callback = None  # it knows
    except BaseException as error:  # Ctrl-C, or an error of the callback: the core must end first
        stop()
        if isinstance(error, KeyboardInterrupt) and outcome:
            raise Interrupted(outcome[0]) from None
        raise
    if failure:
        raise failure[0]
    if callback is not None:
        callback(snapshot(control))
    return outcome[0]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a native call; ``result`` is what the call had finished."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


def _progress(control: _native.Control, total: int) -> Progress:
    now = control.progress()
    return Progress(
        index=now["done"],
        total=total,
        lam=now["lam"],
        gap=now["gap"],
        n_nonzero=now["n_nonzero"],
        seconds=now["seconds"],
    )
