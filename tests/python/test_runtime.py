"""How a fit runs: without the GIL, stoppable, with the same bits for any number of threads."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import shrinkage as sh
from shrinkage._runtime import Progress, resolve_threads
from support.datasets import random_problem

POLL = 0.05
SLACK = 0.05  # of a busy machine


def long_problem(n: int = 20_000, p: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """A logistic problem whose path takes many seconds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, :20].sum(axis=1) + 4 * rng.normal(size=n) > 0
    return np.asfortranarray(X), y


@pytest.fixture(scope="module")
def long_fit() -> Callable[..., Any]:
    X, y = long_problem()

    def fit(**kinds: Any) -> Any:
        return sh.fit_path(X, y, loss="logistic", penalty="elasticnet", **kinds)

    return fit


def stopped(fit: Callable[..., Any], after: int) -> tuple[sh.Cancelled, float]:
    """Stops a fit once `after` λ are done; the error and the seconds it took to come."""
    asked: list[float] = []

    def callback(progress: Progress) -> bool:
        if progress.index >= after:
            asked.append(time.perf_counter())
        return bool(asked)

    with pytest.raises(sh.Cancelled) as caught:
        fit(callback=callback)
    return caught.value, time.perf_counter() - asked[0]


@pytest.mark.serial
def test_stopping_takes_50_ms_and_keeps_what_is_done(long_fit: Callable[..., Any]) -> None:
    taken = []
    for after in (0, 1, 3):
        error, seconds = stopped(long_fit, after)
        taken.append(seconds)
        assert error.code == "fit.cancelled"
        if after:
            assert error.path.coefs.shape[1] == len(error.path.lambdas) >= after
            assert error.path.converged.all()
    assert sorted(taken)[1] <= 0.05 + SLACK, taken


@pytest.mark.serial
def test_the_finished_part_is_the_beginning_of_the_whole(long_fit: Callable[..., Any]) -> None:
    error, _ = stopped(long_fit, 2)
    done = len(error.path.lambdas)
    again = long_fit(lambdas=error.path.lambdas)
    np.testing.assert_array_equal(again.coefs[:, :done], error.path.coefs)


@pytest.mark.serial
def test_stopping_while_the_gram_matrix_is_built() -> None:
    rng = np.random.default_rng(1)
    X = np.asfortranarray(rng.normal(size=(20_000, 1500)))
    y = X[:, 0] + rng.normal(size=20_000)
    error, seconds = stopped(lambda **kinds: sh.fit_path(X, y, **kinds), 0)
    assert error.path is None
    assert seconds <= 0.05 + SLACK


@pytest.mark.serial
def test_time_limit(long_fit: Callable[..., Any]) -> None:
    start = time.perf_counter()
    with pytest.warns(sh.ConvergenceWarning, match="time limit"):
        path = long_fit(time_limit=0.5)
    assert time.perf_counter() - start <= 0.5 + POLL + 2 * SLACK
    assert path.time_limited
    assert 0 < len(path.lambdas) < 100
    assert path.coefs.shape == (500, len(path.lambdas))


def test_a_time_limit_that_leaves_nothing(long_fit: Callable[..., Any]) -> None:
    with pytest.warns(sh.ConvergenceWarning, match="time limit"):
        path = long_fit(time_limit=1e-6)
    assert len(path.lambdas) == 0
    assert path.coefs.shape == (500, 0)
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        path.coef(0.1)
    assert caught.value.code == "argument.range"


@pytest.mark.serial
def test_other_threads_run_during_a_fit(long_fit: Callable[..., Any]) -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.wait(0.002):
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    start = time.perf_counter()
    with pytest.warns(sh.ConvergenceWarning):
        long_fit(time_limit=0.6)
    seconds = time.perf_counter() - start
    done.set()
    counter.join()
    assert counted >= 0.25 * seconds / 0.002


@pytest.mark.serial
def test_progress_is_monotone(long_fit: Callable[..., Any]) -> None:
    seen: list[Progress] = []
    with pytest.raises(sh.Cancelled):
        long_fit(callback=lambda progress: seen.append(progress) or len(seen) >= 12)
    assert len(seen) == 12
    index = [progress.index for progress in seen]
    seconds = [progress.seconds for progress in seen]
    assert index == sorted(index)
    assert seconds == sorted(seconds)
    assert 0.8 * POLL <= np.median(np.diff(seconds)) <= POLL + SLACK
    assert {progress.total for progress in seen} == {100}
    done = [progress for progress in seen if progress.index > 0]
    assert all(0 <= progress.gap <= 1e-6 and progress.lam > 0 for progress in done)


@pytest.mark.parametrize("n", [30, 3000])
def test_the_last_call_says_that_all_is_done(n: int) -> None:
    X, y = random_problem(0, n=n, p=20)
    seen: list[Progress] = []
    path = sh.fit_path(X, y, callback=seen.append)
    assert seen[-1].index == seen[-1].total == 100
    assert seen[-1].lam == path.lambdas[-1]
    assert seen[-1].n_nonzero == path.n_nonzero[-1]


def test_an_error_of_the_callback_ends_the_fit(long_fit: Callable[..., Any]) -> None:
    def fails(progress: Progress) -> bool:
        raise RuntimeError("of the callback")

    with pytest.raises(RuntimeError, match="of the callback"):
        long_fit(callback=fails)


INTERRUPTED = """
import os, signal, threading, time
import numpy as np
import shrinkage as sh
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(20_000, 500)))
y = X[:, :20].sum(axis=1) + 4 * rng.normal(size=20_000) > 0
sent, begun = [], threading.Event()
def interrupt():
    begun.wait()
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
def watch(progress):
    if progress.index > 0:
        begun.set()
try:
    sh.fit_path(X, y, loss="logistic", penalty="elasticnet", n_lambdas=1000, callback=watch)
except KeyboardInterrupt as error:
    print(time.perf_counter() - sent[0], len(error.path.lambdas), error.path.gaps.max())
"""


@pytest.mark.serial
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
def test_ctrl_c_takes_100_ms_and_keeps_what_is_done() -> None:
    out = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    assert float(out[0]) <= 0.1 + SLACK
    assert int(out[1]) > 0
    assert float(out[2]) <= 1e-6


SHAPES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "tall": (2000, 60, {}),
    "rows in blocks": (17_000, 12, {}),
    "columns in tiles": (1200, 560, {}),
    "wide": (120, 1500, {}),
    "wide ridge": (120, 1500, {"penalty": "l2"}),
    "tall ridge": (2000, 60, {"penalty": "l2"}),
    "wide elastic net": (150, 900, {"penalty": "elasticnet"}),
    "logistic": (1500, 200, {"loss": "logistic"}),
    "wide logistic": (100, 1200, {"loss": "logistic"}),
    "wide logistic ridge": (100, 1200, {"loss": "logistic", "penalty": "l2"}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_bits_for_any_number_of_threads(shape: str) -> None:
    n, p, kinds = SHAPES[shape]
    X, y = random_problem(1, n=n, p=p, loss=kinds.get("loss", "squared"))
    kinds = {**kinds, "n_lambdas": 12, "lambda_min_ratio": 0.05}
    one = sh.fit_path(X, y, n_threads=1, **kinds)
    for n_threads in (2, 3):
        other = sh.fit_path(X, y, n_threads=n_threads, **kinds)
        assert one.lambdas.tobytes() == other.lambdas.tobytes()
        assert one.coefs.tobytes() == other.coefs.tobytes()
        assert one.intercepts.tobytes() == other.intercepts.tobytes()
        assert one.gaps.tobytes() == other.gaps.tobytes()


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_cross_validation_has_the_same_bits_too(loss: str) -> None:
    X, y = random_problem(2, n=300, p=40, loss=loss)
    one, two = (sh.fit_path_cv(X, y, loss=loss, cv=5, n_threads=k, n_lambdas=20) for k in (1, 2))
    assert one.fold_scores.tobytes() == two.fold_scores.tobytes()


def test_repeated_fits_have_the_same_bits() -> None:
    X, y = random_problem(3, n=700, p=130)
    runs = {sh.fit_path(X, y).coefs.tobytes() for _ in range(4)}
    assert len(runs) == 1


def blas_threads() -> list[int]:
    return [part["num_threads"] for part in threadpool_info() if part["user_api"] == "blas"]


def test_the_limits_of_blas_are_restored() -> None:
    X, y = random_problem(4, n=400, p=80)
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        sh.fit_path(X, y)
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            sh.fit_path(*long_problem(3000, 300), loss="logistic", callback=lambda _: 1 / 0)
        assert blas_threads() == before
        with pytest.raises(ValueError):
            sh.fit_path(X, y[:-1])
        assert blas_threads() == before


def test_fits_in_two_python_threads_do_not_disturb_each_other() -> None:
    problems = [random_problem(seed, n=800, p=150) for seed in range(4)]
    alone = [sh.fit_path(X, y, n_lambdas=30).coefs for X, y in problems]
    found: dict[int, np.ndarray] = {}

    def fit(k: int) -> None:
        found[k] = sh.fit_path(*problems[k], n_lambdas=30).coefs

    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        threads = [threading.Thread(target=fit, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blas_threads() == before
    for k in range(4):
        np.testing.assert_array_equal(found[k], alone[k])


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_threads(3) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert resolve_threads(None) == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    if hasattr(os, "sched_getaffinity"):
        assert 1 <= resolve_threads(None) <= len(os.sched_getaffinity(0))


def test_signal_handlers_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    sh.fit_path(*random_problem(5, n=2000, p=50))
    assert signal.getsignal(signal.SIGINT) is before
