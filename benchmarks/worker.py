"""One process per solver: what one package does to BLAS, threads or memory cannot reach another.

The parent sends requests through a pipe and kills a worker that exceeds its time.
"""

from __future__ import annotations

import gc
import multiprocessing
import statistics
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .cases import Problem
from .gaps import LOSSES
from .peers import SOLVERS, Solver

GRACE = 180.0  # seconds for reading data, imports, compiling and measuring the gap
SHORTEST = 0.02  # a turn lasts about this long: shorter calls are repeated within it


class TooSlow(Exception):
    """The call took longer than it was given."""


class Failed(Exception):
    """The package itself failed; the text is its error."""


def save(problem: Problem, folder: Path) -> Path:
    """Writes the arrays of a problem to `folder`, from which workers read them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("y", "lambdas", "target", "scale"):
        np.save(folder / f"{name}.npy", getattr(problem, name))
    for name in ("X", "columns"):
        X = getattr(problem, name)
        if name == "columns" and X is problem.X:
            continue
        parts = ("data", "indices", "indptr") if sparse.issparse(X) else ("",)
        for part in parts:
            np.save(folder / f"{name}{part}.npy", getattr(X, part) if part else X)
    (folder / "loss").write_text(problem.loss)
    return folder


def load(folder: Path) -> Problem:
    def read(name: str) -> Any:
        return np.load(folder / f"{name}.npy")

    def design(name: str) -> Any:
        if (folder / f"{name}.npy").exists():
            return read(name)
        parts = tuple(read(name + part) for part in ("data", "indices", "indptr"))
        return sparse.csc_matrix(parts, shape=(len(y), len(scale)))

    y, scale = read("y"), read("scale")
    X = design("X")
    columns = design("columns") if list(folder.glob("columns*")) else X
    loss = (folder / "loss").read_text()
    return Problem(loss, X, y, read("lambdas"), columns, read("target"), scale)


def gap_of(problem: Problem, coefs: Any, theta: Any = None) -> float:
    """The largest relative gap of coefficients on the scale of X."""
    shape = (len(problem.scale),) + (1,) * (coefs.ndim - 1)
    scaled = coefs * problem.scale.reshape(shape)
    measure = LOSSES[problem.loss].largest_gap
    return measure(problem.columns, problem.target, scaled, problem.lambdas, theta)


def warm_up(solver: Solver, problem: Problem) -> None:
    """Imports, compilation and thread pools, on a corner of the problem."""
    X = problem.X[:, : min(50, problem.X.shape[1])]
    X = sparse.csc_matrix(X) if sparse.issparse(X) else np.asfortranarray(X)
    largest = LOSSES[problem.loss].largest_lambda(X, problem.y)
    solver.fit(X, problem.y, largest * np.array([1.0, 0.9, 0.8]), 1e-3)


class _Served:
    """What a worker knows: its solver and the problem that was read last."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.problem: Problem | None = None
        self.last: Any = None

    def read(self, folder: Path) -> None:
        self.last = self.problem = None
        self.problem = load(folder)
        warm_up(self.solver, self.problem)

    def run(self, tol: float, repeat: int) -> float:
        """The median of `repeat` calls, in seconds."""
        assert self.problem is not None
        problem, seconds = self.problem, []
        self.last = None
        gc.collect()
        for _ in range(repeat):
            start = time.perf_counter()
            self.last = self.solver.fit(problem.X, problem.y, problem.lambdas, tol)
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds)

    def gap(self) -> float:
        """The largest gap of the last run; infinite where it did not fit all λ."""
        assert self.problem is not None
        coefs = np.asarray(self.last.coefs())
        if coefs.shape[0] != self.problem.X.shape[1] or coefs.shape[-1] != len(
            self.problem.lambdas
        ):
            return float("inf")
        theta = None if self.last.dual is None else self.last.dual()
        value = gap_of(self.problem, coefs, theta)
        return value if np.isfinite(value) else float("inf")


def serve(pipe: Connection, kind: str, name: str) -> None:
    """Answers requests until the pipe closes."""
    warnings.filterwarnings("ignore")
    served = _Served(next(solver for solver in SOLVERS[kind] if solver.name == name))
    while True:
        try:
            name, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, getattr(served, name)(*arguments)))
        except Exception as error:  # a package's own failure is a result
            pipe.send((False, f"{type(error).__name__}: {error}"))


class Worker:
    """The parent's side of one worker; its process starts when first asked, and again once killed.

    Args:
        kind, name: the solver in SOLVERS.
    """

    def __init__(self, kind: str, name: str) -> None:
        self._solver = (kind, name)
        self._process: Any = None
        self._pipe: Any = None
        self._folder: Path | None = None
        self._has_read = False

    def read(self, folder: Path) -> None:
        """Makes the problem in `folder` the one that `run` fits.

        Raises:
            Failed: the package is not installed, or cannot take the problem.
            TooSlow: not even that ended.
        """
        if not (self._has_read and self._folder == folder):
            self._folder, self._has_read = folder, False
            self._ask(GRACE, "read", folder)
            self._has_read = True

    def run(self, tol: float, limit: float, repeat: int = 1) -> float:
        """Seconds of one fit.

        Raises:
            Failed, TooSlow: it did not end well, or not within `limit` seconds.
        """
        assert self._folder is not None
        self.read(self._folder)
        return float(self._ask(limit * repeat, "run", tol, repeat))

    def gap(self) -> float:
        """The largest relative gap of the last run."""
        return float(self._ask(GRACE, "gap"))

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._process, self._has_read = None, False

    def _ask(self, limit: float, name: str, *arguments: Any) -> Any:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(theirs, *self._solver), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send((name, arguments))
            if not self._pipe.poll(limit):
                self.stop()
                raise TooSlow(f"over {limit:.3g} s")
            well, answer = self._pipe.recv()
        except (EOFError, OSError):
            self.stop()
            raise Failed("its process died") from None
        if not well:
            raise Failed(answer)
        return answer


class Workers:
    """The workers of one kind of problem; asking for another kind ends them."""

    def __init__(self) -> None:
        self._kind = ""
        self._all: dict[str, Worker] = {}

    def __call__(self, kind: str, name: str) -> Worker:
        if kind != self._kind:
            self.stop()
            self._kind = kind
        return self._all.setdefault(name, Worker(kind, name))

    def stop(self) -> None:
        """Ends all processes."""
        for worker in self._all.values():
            worker.stop()
        self._all = {}


def repeats(seconds: float) -> int:
    """Calls per turn."""
    return max(1, min(100, int(SHORTEST / max(seconds, 1e-6))))
