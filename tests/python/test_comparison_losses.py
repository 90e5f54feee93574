"""L1 beside L2 with every loss: errors, degrees of freedom and folds computed again by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes

import shrinkage as sh
from shrinkage.linear.comparison import (
    PenaltyComparison,
    _is_much_work,
    compare_penalties,
    make_folds,
)
from shrinkage.linear.suitable import customary_loss, starting_delta, suitable_losses
from shrinkage.losses import LOSSES, Loss, resolve_loss

DELTA = 50.0


def likelihood_gap(y: Any, mean: Any, kind: str) -> Any:
    """The deviance of each row from its textbook formula."""
    if kind == "poisson":
        return 2 * (y * np.log(y / mean) - (y - mean))
    return 2 * ((y - mean) / mean - np.log(y / mean))


def huber(y: Any, eta: Any) -> Any:
    r = np.abs(y - eta)
    return np.where(r <= DELTA, r**2 / 2, DELTA * r - DELTA**2 / 2)


ERRORS = {
    "squared": lambda y, eta: (y - eta) ** 2,
    "poisson": lambda y, eta: likelihood_gap(y, np.exp(eta), "poisson"),
    "gamma": lambda y, eta: likelihood_gap(y, np.exp(eta), "gamma"),
    "huber": huber,
    "logistic": lambda y, eta: 2 * np.logaddexp(0, np.where(y == 1, -eta, eta)),
    "squared_hinge": lambda y, eta: np.maximum(0, 1 - np.where(y == 1, eta, -eta)) ** 2,
}
"""What the comparison calls the error of a row."""
CURVATURE = {
    "squared": lambda y, eta: np.ones_like(eta),
    "poisson": lambda y, eta: np.exp(eta),
    "gamma": lambda y, eta: y * np.exp(-eta),
    "huber": lambda y, eta: (np.abs(y - eta) <= DELTA).astype(float),
    "logistic": lambda y, eta: 1 / (2 + 2 * np.cosh(eta)),
    "squared_hinge": lambda y, eta: 2.0 * (np.where(y == 1, eta, -eta) <= 1),
}
SCORES = {"squared": "mse", "huber": "loss", "squared_hinge": "loss"}


def chosen(name: str) -> Loss:
    return sh.Huber(delta=DELTA) if name == "huber" else resolve_loss(name)


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    if LOSSES[name].task == "classification":
        X, y = load_breast_cancer(return_X_y=True)
        return X[::2, :6], y[::2]
    return load_diabetes(return_X_y=True, scaled=False)


@pytest.fixture(scope="module", params=list(ERRORS))
def made(request: pytest.FixtureRequest) -> tuple[str, PenaltyComparison]:
    name = request.param
    X, y = data(name)
    rows = np.arange(0, y.size, 5)
    return name, compare_penalties(X, y, loss=chosen(name), cv=4, n_lambdas=25, test_rows=rows)


def test_errors_and_sums_are_those_of_the_loss(made: tuple[str, PenaltyComparison]) -> None:
    name, comparison = made
    X, y = data(name)
    held = np.isin(np.arange(y.size), np.arange(0, y.size, 5))
    assert comparison.score == SCORES.get(name, "deviance")
    for side in (comparison.l1, comparison.l2):
        assert all(each.value <= comparison.tol for each in side.certificates)
        assert set(side.regimes) <= {"null", "gram", "newton"}
        for i in (0, side.i_1se, side.lambdas.size - 1):
            eta = X @ side.coefs[:, i] + side.intercepts[i]
            each = ERRORS[name](y, eta)
            assert side.train_error[i] == pytest.approx(each[~held].mean(), rel=1e-9)
            assert side.test_error is not None
            assert side.test_error[i] == pytest.approx(each[held].mean(), rel=1e-9)
            total = sh.core.loss_value(comparison.loss, coded(name, y[~held]), eta[~held])
            factor = 2.0 if name == "squared" else 1.0
            assert side.train_sum[i] == pytest.approx(factor * total * (~held).sum(), rel=1e-9)
            # the textbook objective is the canonical one, scaled
            share = 1.0 if side.penalty == "l1" else 2.0
            n = (~held).sum()
            assert side.textbook[i] == pytest.approx(factor * n * side.lambdas[i] / share)


def coded(name: str, y: np.ndarray) -> np.ndarray:
    if LOSSES[name].task == "regression":
        return y
    low, high = LOSSES[name].codes
    return np.where(y == 1, high, low)


def test_degrees_of_freedom_weigh_rows_by_the_curvature(
    made: tuple[str, PenaltyComparison],
) -> None:
    name, comparison = made
    X, y = data(name)
    train = np.setdiff1d(np.arange(y.size), np.arange(0, y.size, 5))
    X, y, side = X[train], y[train], comparison.l2
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    D = np.column_stack([np.ones(y.size), Z])
    for i in range(0, side.lambdas.size, 9):
        weight = CURVATURE[name](y, X @ side.coefs[:, i] + side.intercepts[i])
        if not weight.any():
            assert side.df[i] == 0.0
            continue
        information = D.T @ (weight[:, None] * D)
        ridge = np.diag(np.r_[0.0, np.full(Z.shape[1], y.size * side.lambdas[i])])
        trace = np.trace(np.linalg.solve(information + ridge, information)) - 1.0
        assert side.df[i] == pytest.approx(trace, rel=1e-6, abs=1e-9)
    np.testing.assert_array_equal(comparison.l1.df, np.count_nonzero(comparison.l1.coefs, axis=0))
    link = comparison.links["df"]
    off = np.abs(comparison.l1.df[link.l1] - side.df[link.l2])
    close = off <= 0.005 * np.maximum(1.0, comparison.l1.df[link.l1])
    np.testing.assert_array_equal(close, ~link.clipped)


def test_held_out_rows_are_scored_by_the_same_error(made: tuple[str, PenaltyComparison]) -> None:
    name, comparison = made
    X, y = data(name)
    train = np.setdiff1d(np.arange(y.size), np.arange(0, y.size, 5))
    X, y = X[train], y[train]
    folds = make_folds(y, 4, loss=chosen(name), seed=1)
    for side in (comparison.l1, comparison.l2):
        i = side.i_1se
        scores = []
        for rows, test in folds:
            path = sh.fit_path(
                X[rows],
                y[rows],
                loss=chosen(name),
                penalty=side.penalty,
                lambdas=[side.lambdas[i]],
                tol=1e-11,
            )
            eta = X[test] @ path.coefs[:, 0] + path.intercepts[0]
            scores.append(ERRORS[name](y[test], eta).mean())
        sizes = [test.size for _, test in folds]
        mean = np.average(scores, weights=sizes)
        assert side.cv_mean[i] == pytest.approx(mean, rel=1e-5)
        spread = np.average((np.array(scores) - mean) ** 2, weights=sizes)
        assert side.cv_std_error[i] == pytest.approx(np.sqrt(spread / 3), rel=1e-4)


@pytest.mark.parametrize("name", ["squared", "logistic", "poisson"])
def test_sparse_is_the_same_as_dense(name: str) -> None:
    X, y = data(name)
    X = np.where(np.abs(X - X.mean(axis=0)) > X.std(axis=0), X - X.mean(axis=0), 0.0)
    options: dict[str, Any] = dict(loss=name, cv=3, n_lambdas=15, test_rows=np.arange(0, 60, 3))
    dense = compare_penalties(X, y, **options)
    thin = compare_penalties(sparse.csr_matrix(X), y, **options)
    for penalty in ("l1", "l2"):
        a, b = dense.side(penalty), thin.side(penalty)
        scale = np.abs(a.penalized_coefs).max()
        np.testing.assert_allclose(b.lambdas[b.grid], a.lambdas[a.grid], rtol=1e-9)
        u, v = a.penalized_coefs[:, a.grid], b.penalized_coefs[:, b.grid]
        np.testing.assert_allclose(v, u, atol=2e-5 * scale)
        np.testing.assert_allclose(b.test_error[b.grid], a.test_error[a.grid], rtol=1e-4)
        np.testing.assert_allclose(b.df[b.grid], a.df[a.grid], rtol=1e-4, atol=1e-6)
    assert thin.geometry("l1").coefs.shape == dense.geometry("l1").coefs.shape


def test_too_many_columns_have_no_degrees_of_freedom_and_no_link_by_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shrinkage.linear.comparison.DF_FLOPS", 10.0)
    X, y = load_diabetes(return_X_y=True)
    comparison = compare_penalties(X, y, cv=3, n_lambdas=10)
    assert list(comparison.links) == ["best", "1se", "textbook"]
    assert np.isnan(comparison.l2.df).all()
    np.testing.assert_array_equal(comparison.l1.df, comparison.l1.n_nonzero)


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_a_loss_with_kinks_has_paths_and_errors_but_no_geometry(q: float) -> None:
    X, y = load_diabetes(return_X_y=True, scaled=False)
    held = np.arange(y.size) % 5 == 0
    comparison = compare_penalties(X, y, loss=sh.Quantile(q), cv=4, n_lambdas=15, test_rows=held)
    assert list(comparison.links) == ["best", "1se", "textbook"]
    assert comparison.pair is None
    assert comparison.score == "loss"
    assert not comparison.thinned
    for side in (comparison.l1, comparison.l2):
        assert side.geometry is None
        assert np.isnan(side.df).all()
        assert comparison.tol == 1e-7
        assert all(each.value <= comparison.tol for each in side.certificates)
        for i in (0, side.i_min, side.lambdas.size - 1):
            r = y - X @ side.coefs[:, i] - side.intercepts[i]
            each = np.maximum(q * r, (q - 1) * r)
            assert side.train_error[i] == pytest.approx(each[~held].mean(), rel=1e-9)
            assert side.test_error is not None
            assert side.test_error[i] == pytest.approx(each[held].mean(), rel=1e-9)


def test_quantiles_of_thousands_of_rows_are_thinned() -> None:
    assert not _is_much_work(np.empty((442, 10)), sh.Quantile(), 10, 100)
    assert _is_much_work(np.empty((5000, 20)), sh.Quantile(), 10, 100)
    assert not _is_much_work(np.empty((5000, 20)), sh.Huber(), 10, 100)


def test_which_losses_suit_a_target() -> None:
    signed = np.array([-1.0, 0.0, 2.5, 3.0])
    assert suitable_losses(signed, "regression") == ("squared", "huber", "quantile")
    assert "poisson" in suitable_losses(signed + 1, "regression")
    assert "gamma" not in suitable_losses(signed + 1, "regression")
    assert set(suitable_losses(signed + 2, "regression")) >= {"gamma", "poisson", "huber"}
    assert set(suitable_losses(np.array([0, 1]), "classification")) == {"logistic", "squared_hinge"}
    assert "poisson" not in suitable_losses(np.zeros(4), "regression")


def test_counts_are_told_from_quantities() -> None:
    rng = np.random.default_rng(0)
    counts = rng.negative_binomial(2, 0.2, size=300)
    assert customary_loss(counts, "regression") == "poisson"
    assert suitable_losses(counts, "regression")[0] == "poisson"
    for other in (counts + 0.5, counts - 3, counts + 1, rng.integers(0, 2, 300)):
        assert customary_loss(other, "regression") == "squared"
    assert customary_loss(load_diabetes().target, "regression") == "squared"
    assert customary_loss(counts > 5, "classification") == "logistic"


def test_the_first_delta_is_robust_and_never_zero() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(scale=10.0, size=4000)
    assert starting_delta(y) == pytest.approx(13.45, rel=0.06)
    wild = np.where(np.arange(4000) % 20 == 0, 1e6, y)
    assert starting_delta(wild) == pytest.approx(13.45, rel=0.15)
    assert starting_delta(np.r_[np.zeros(9), 1.0]) > 0
