"""The work that is timed: simulated designs of several shapes, and real data where at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Case:
    """One path: (1/n) Σ ℓ + λ‖β‖₁ without intercept on columns of unit standard deviation.

    Attributes:
        make: returns X (n, p) in Fortran order and y (n,), 0 or 1 for the logistic loss.
        ratio: smallest λ over λmax.
    """

    name: str
    loss: str
    make: Callable[[], tuple[Any, Any]]
    ratio: float
    n_lambdas: int


def autoregressive(
    n: int, p: int, correlation: float, n_active: int, signal_to_noise: float, seed: int = 0
) -> tuple[Any, Any, Any]:
    """Columns that each lean on the one before; n_active of them carry the signal."""
    rng = np.random.default_rng(seed)
    X = np.asfortranarray(rng.standard_normal((n, p)))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    active = rng.choice(p, n_active, replace=False)
    signal = X[:, active] @ rng.standard_normal(n_active)
    noise = rng.standard_normal(n) * signal.std() / np.sqrt(signal_to_noise)
    return X, signal, signal + noise


def regression(n: int, p: int, correlation: float, n_active: int) -> tuple[Any, Any]:
    X, _, y = autoregressive(n, p, correlation, n_active, 3.0)
    y = y - y.mean()
    return X, y / y.std()


def classes(n: int, p: int, correlation: float, n_active: int) -> tuple[Any, Any]:
    X, signal, _ = autoregressive(n, p, correlation, n_active, 3.0)
    probability = 1.0 / (1.0 + np.exp(-2.0 * signal / signal.std()))
    return X, (np.random.default_rng(1).random(n) < probability).astype(float)


def real(name: str, loss: str) -> tuple[Any, Any]:
    """A real data set, centred and scaled; raises FileNotFoundError where it is not at hand."""
    with np.load(REAL_DATA / f"{name}.npz", allow_pickle=False) as archive:
        X, y = archive["X"].astype(float), archive["y"].astype(float)
    X -= X.mean(axis=0)
    spread = X.std(axis=0)
    X = np.asfortranarray(X[:, spread > 0] / spread[spread > 0])
    if loss == "logistic":
        return X, (y == y.max()).astype(float)
    y = y - y.mean()
    return X, y / y.std()


CASES = {
    case.name: case
    for case in (
        Case("wide", "squared", lambda: regression(1000, 10000, 0.5, 50), 1e-2, 100),
        Case("wide_corr", "squared", lambda: regression(500, 20000, 0.95, 50), 1e-2, 100),
        Case("square", "squared", lambda: regression(4000, 4000, 0.5, 100), 1e-3, 100),
        Case("tall", "squared", lambda: regression(100_000, 200, 0.5, 50), 1e-3, 100),
        Case("riboflavin", "squared", lambda: real("riboflavin", "squared"), 1e-2, 100),
        Case("leukemia", "squared", lambda: real("leukemia_golub", "squared"), 1e-2, 100),
        Case("logistic_wide", "logistic", lambda: classes(1000, 10000, 0.5, 50), 5e-2, 50),
        Case("logistic_tall", "logistic", lambda: classes(100_000, 200, 0.5, 30), 1e-3, 50),
        Case("logistic_leukemia", "logistic", lambda: real("leukemia_golub", "logistic"), 1e-2, 50),
    )
}
