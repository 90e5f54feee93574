"""Quantile regression: against HiGHS, and against what defines a quantile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import QuantileRegressor

import shrinkage as sh


def data(n: int, p: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, :3].sum(axis=1) + rng.standard_normal(n)


def pinball(y: np.ndarray, eta: np.ndarray, q: float) -> np.ndarray:
    r = y - eta
    return np.maximum(q * r, (q - 1) * r)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(200, 10), (100, 150), (60, 1)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_objective_is_that_of_highs(q: float, shape: tuple[int, int], fit_intercept: bool) -> None:
    X, y = data(*shape, seed=3)
    path = sh.fit_path(
        X, y, loss=sh.Quantile(q), n_lambdas=20, standardize=False, fit_intercept=fit_intercept
    )
    assert np.all(path.converged)
    for i in (5, 12, 19):
        alpha = path.lambdas[i]
        oracle = QuantileRegressor(
            quantile=q, alpha=alpha, fit_intercept=fit_intercept, solver="highs"
        ).fit(X, y)

        def objective(coef: Any, intercept: Any, alpha: float = alpha) -> float:
            return float(np.mean(pinball(y, X @ coef + intercept, q)) + alpha * np.abs(coef).sum())

        best = objective(oracle.coef_, oracle.intercept_)
        found = objective(path.coefs[:, i], path.intercepts[i])
        assert abs(found - best) <= 2e-6 * best


@pytest.mark.parametrize("seed", [1, 6, 10])
@pytest.mark.parametrize("shape", [(900, 50), (200, 10), (100, 150)])
def test_every_lambda_is_certified(shape: tuple[int, int], seed: int) -> None:
    X, y = data(*shape, seed=seed)
    path = sh.fit_path(X, y, loss=sh.Quantile(0.5), n_lambdas=20)
    assert np.all(np.isfinite(path.coefs))
    assert np.max(path.gaps) <= 1e-6


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": "l2"},
        {"penalty": "elasticnet"},
        {"penalty_factor": np.r_[0.0, 0.0, np.ones(8)]},
        {"lower": 0.0, "upper": 0.5},
        {"lower": -0.1, "upper": 0.2, "penalty": "elasticnet"},
        {"sample_weight": np.r_[0.0, np.linspace(0.1, 3.0, 199)]},
    ],
    ids=["l2", "elasticnet", "free", "bounds", "bounded net", "weights"],
)
@pytest.mark.parametrize("q", [0.1, 0.5])
def test_certified_with_options(options: dict[str, Any], q: float) -> None:
    X, y = data(200, 10, seed=4)
    path = sh.fit_path(X, y, loss=sh.Quantile(q), n_lambdas=20, **options)
    assert np.all(path.converged)
    assert np.all(path.coefs >= options.get("lower", -np.inf) - 1e-12)
    assert np.all(path.coefs <= options.get("upper", np.inf) + 1e-12)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_shares_below_and_above(q: float) -> None:
    """At most a share q lies below the fit and at most 1 - q above (Koenker & Bassett 1978)."""
    X, y = data(200, 10, seed=5)
    path = sh.fit_path(X, y, loss=sh.Quantile(q), n_lambdas=20)
    for i in range(20):
        r = y - X @ path.coefs[:, i] - path.intercepts[i]
        assert np.mean(r < -1e-7) <= q + 1e-12
        assert np.mean(r > 1e-7) <= 1 - q + 1e-12


def test_lasso_interpolates_as_many_rows_as_it_has_coefficients() -> None:
    X, y = data(200, 10, seed=7)
    path = sh.fit_path(X, y, loss=sh.Quantile(0.3), n_lambdas=20)
    for i in range(1, 20):
        r = y - X @ path.coefs[:, i] - path.intercepts[i]
        assert np.sum(np.abs(r) < 1e-9) == 1 + np.count_nonzero(path.coefs[:, i])


def test_reflection_swaps_the_quantiles() -> None:
    X, y = data(203, 10, seed=8)
    low = sh.fit_path(X, y, loss=sh.Quantile(0.2), n_lambdas=10)
    high = sh.fit_path(X, -y, loss=sh.Quantile(0.8), lambdas=low.lambdas)
    np.testing.assert_allclose(high.coefs, -low.coefs, atol=1e-6)
    np.testing.assert_allclose(high.intercepts, -low.intercepts, atol=1e-6)


def test_sparse_and_dense_agree() -> None:
    X, y = data(200, 10, seed=9)
    X[np.abs(X) < 0.8] = 0.0
    dense = sh.fit_path(X, y, loss=sh.Quantile(0.7), n_lambdas=10)
    thin = sh.fit_path(sparse.csc_array(X), y, loss=sh.Quantile(0.7), n_lambdas=10)
    np.testing.assert_allclose(thin.coefs, dense.coefs, atol=1e-6)
