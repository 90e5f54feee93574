"""`path.dual(i)`: with it anyone can compute the gap that the path reports."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh
from shrinkage.errors import Cancelled, InvalidArgument


def data(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :3].sum(axis=1) + rng.standard_normal(n)


class Certificate:
    """Primal minus dual of the pinball loss in plain numpy, from coefficients and θ alone."""

    def __init__(self, X: np.ndarray, y: np.ndarray, q: float, alpha: float, **how: Any) -> None:
        n, p = X.shape
        w = np.asarray(how.get("sample_weight", np.ones(n)), dtype=float)
        self.w, self.q, self.alpha = w / w.sum(), q, alpha
        self.X, self.y = X, y
        self.o = np.asarray(how.get("offset", np.zeros(n)), dtype=float)
        self.f = np.asarray(how.get("penalty_factor", np.ones(p)), dtype=float)
        self.intercept = how.get("fit_intercept", True)
        center = self.w @ X
        deviation = np.sqrt(self.w @ (X - center) ** 2)
        self.s = deviation if how.get("standardize", True) else np.ones(p)
        self.Z = (X - center if self.intercept else X) / self.s
        self.lo = np.broadcast_to(how.get("lower", -np.inf), p) * self.s
        self.hi = np.broadcast_to(how.get("upper", np.inf), p) * self.s

    def loss(self, eta: np.ndarray) -> float:
        r = self.y - eta
        return float(self.w @ np.maximum(self.q * r, (self.q - 1.0) * r))

    def null_deviance(self) -> float:
        if not self.intercept:
            return self.loss(self.o)
        return min(self.loss(self.o + b) for b in (self.y - self.o)[self.w > 0])

    def primal(self, coef: np.ndarray, intercept: float, lam: float) -> float:
        beta = coef * self.s
        each = self.alpha * np.abs(beta) + 0.5 * (1.0 - self.alpha) * beta**2
        return self.loss(self.o + intercept + self.X @ coef) + lam * float(self.f @ each)

    def dual(self, theta: np.ndarray, lam: float) -> float:
        """Minus infinity where θ is infeasible by more than rounding."""
        size = float(np.abs(self.Z).max())
        limits = (theta >= self.q - 1.0 - 1e-14) & (theta <= self.q + 1e-14)
        if not limits.all() or (self.intercept and abs(self.w @ theta) > 1e-14):
            return -np.inf
        g = self.Z.T @ (self.w * theta)
        l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha)
        excess = np.maximum(np.abs(g) - l1, 0.0)
        excess[excess <= 1e-12 * size] = 0.0
        reach = np.where(g > 0.0, self.hi, -self.lo)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.where(excess > 0.0, np.minimum(excess / l2, reach), 0.0)
            conjugate = np.where(excess > 0.0, at * excess - 0.5 * l2 * at**2, 0.0)
        infinite = np.isnan(conjugate).any()
        return float(
            self.w @ (theta * (self.y - self.o)) - (np.inf if infinite else conjugate.sum())
        )


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "raw columns": {"standardize": False},
    "l2": {"penalty": "l2"},
    "elasticnet": {"penalty": "elasticnet"},
    "free": {"penalty_factor": np.r_[0.0, 0.0, np.linspace(0.5, 2.0, 8)]},
    "bounds": {"lower": 0.0, "upper": 0.5},
    "bounded net": {"lower": -0.1, "upper": 0.2, "penalty": "elasticnet"},
    "weights": {"sample_weight": np.r_[0.0, np.linspace(0.1, 3.0, 119)]},
    "offset": {"offset": np.sin(np.arange(120.0))},
    "loose": {"tol": 1e-2},
    "stopped": {"max_iter": 6},
}


@pytest.mark.filterwarnings("ignore::shrinkage.ConvergenceWarning")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_the_gap_is_primal_minus_dual(options: dict[str, Any], q: float) -> None:
    X, y = data(120, 10, seed=11)
    path = sh.fit_path(X, y, loss=sh.Quantile(q), n_lambdas=15, **options)
    how = {k: v for k, v in options.items() if k not in ("penalty", "tol", "max_iter")}
    alpha = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5}[options.get("penalty", "l1")]
    reference = Certificate(X, y, q, alpha, **how)
    d0 = reference.null_deviance()
    assert path.null_deviance == pytest.approx(d0, rel=1e-12)
    for i, lam in enumerate(path.lambdas):
        theta = path.dual(i)
        assert theta.shape == (120,)
        primal = reference.primal(path.coefs[:, i], path.intercepts[i], lam)
        gap = (primal - reference.dual(theta, lam)) / d0
        assert gap == pytest.approx(path.gaps[i], rel=1e-6, abs=1e-11)


def test_a_flat_path_has_dual_points_too() -> None:
    X, _ = data(20, 3, seed=1)
    constant = sh.fit_path(X, np.ones(20), loss="quantile", n_lambdas=3)
    np.testing.assert_array_equal(constant.dual(2), np.zeros(20))
    nothing = sh.fit_path(np.ones((4, 1)), np.arange(4.0), loss="quantile", lambdas=[1.0])
    assert nothing.dual(0) @ np.arange(4.0) / 4 == pytest.approx(nothing.losses[0], rel=1e-15)


def test_sparse_columns_give_the_same_dual_objective() -> None:
    X, y = data(120, 10, seed=12)
    X[np.abs(X) < 0.8] = 0.0
    path = sh.fit_path(sparse.csc_array(X), y, loss=sh.Quantile(0.3), n_lambdas=8)
    reference = Certificate(X, y, 0.3, 1.0)
    for i, lam in enumerate(path.lambdas):
        primal = reference.primal(path.coefs[:, i], path.intercepts[i], lam)
        gap = (primal - reference.dual(path.dual(i), lam)) / path.null_deviance
        assert gap == pytest.approx(path.gaps[i], abs=1e-11)


def test_copies_and_the_finished_part_keep_their_dual_points() -> None:
    X, y = data(120, 10, seed=13)
    path = sh.fit_path(X, y, loss="quantile", n_lambdas=8)
    for again in (pickle.loads(pickle.dumps(path)), copy.deepcopy(path), copy.copy(path)):
        for i in (0, 3, 7, -1):
            np.testing.assert_array_equal(again.dual(i), path.dual(i))
    with pytest.raises(Cancelled) as stopped:
        sh.fit_path(*data(4000, 60, seed=13), loss="quantile", callback=lambda p: p.index >= 2)
    part = stopped.value.path
    assert part.dual(len(part.lambdas) - 1).shape == (4000,)


def test_what_is_stored_is_small() -> None:
    """A vertex leaves all slopes at their limits but as many as there are coefficients."""
    path = sh.fit_path(*data(3000, 10, seed=14), loss=sh.Quantile(0.3), n_lambdas=30)
    assert path._duals is not None
    assert len(path._duals.values) < 0.25 * 3000 * 30


def test_errors_name_the_remedy() -> None:
    X, y = data(30, 3, seed=15)
    with pytest.raises(InvalidArgument, match="loss_gradient") as smooth:
        sh.fit_path(X, y, n_lambdas=3).dual(0)
    assert smooth.value.code == "argument.loss"
    path = sh.fit_path(X, y, loss="quantile", n_lambdas=3)
    for wrong in (3, -4):
        with pytest.raises(InvalidArgument, match="0 to 2"):
            path.dual(wrong)
    with pytest.raises(TypeError):
        path.dual(0.5)  # type: ignore[arg-type]
