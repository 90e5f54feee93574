"""One process per solver: it reads a problem, fits it, and measures the gap of what came out."""

from __future__ import annotations

import gc
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from .cases import Problem
from .gaps import LOSSES
from .peers import SOLVERS, Solver
from .process import Process

GRACE = 180.0  # seconds for reading data, imports, compiling and measuring the gap
SHORTEST = 0.02  # a turn lasts about this long: shorter calls are repeated within it


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


class Served:
    """What a worker knows: its solver and the problem that was read last."""

    def __init__(self, kind: str, name: str) -> None:
        self.solver = next(solver for solver in SOLVERS[kind] if solver.name == name)
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


class Worker:
    """The parent's side of one worker.

    Args:
        kind, name: the solver in SOLVERS.
    """

    def __init__(self, kind: str, name: str) -> None:
        self._process = Process(Served, kind, name)
        self._folder: Path | None = None  # what the process has read

    def read(self, folder: Path) -> None:
        """Makes the problem in `folder` the one that `run` fits.

        Raises:
            Failed: the package is not installed, or cannot take the problem.
            TooSlow: not even that ended.
        """
        if self._folder != folder or not self._process.alive:
            self._folder = None
            self._process.ask(GRACE, "read", folder)
            self._folder = folder

    def run(self, tol: float, limit: float, repeat: int = 1) -> float:
        """Seconds of one fit.

        Raises:
            Failed, TooSlow: it did not end well, or not within `limit` seconds.
        """
        assert self._folder is not None
        self.read(self._folder)
        return float(self._process.ask(limit * repeat, "run", tol, repeat))

    def gap(self) -> float:
        """The largest relative gap of the last run."""
        return float(self._process.ask(GRACE, "gap"))

    def stop(self) -> None:
        """Ends the process."""
        self._process.stop()


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
