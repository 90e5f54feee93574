"""Coefficients against scikit-learn at matched λ, to 1e-6 of their scale, and adjusted problems."""

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from support.datasets import Find, load, random_problem

SQUARED = ("prostate", "diabetes", "hitters", "riboflavin")
PENALTIES = {"l1": 1.0, "elasticnet": 0.5}


def assert_close(ours: np.ndarray, theirs: np.ndarray, share: float = 1e-6) -> None:
    scale = np.abs(theirs).max()
    assert scale > 0
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=share * scale)


def some_lambdas(X: np.ndarray, y: np.ndarray, penalty: str, **kinds: Any) -> np.ndarray:
    """Three λ across the default grid."""
    return sh.fit_path(X, y, penalty=penalty, n_lambdas=10, **kinds).lambdas[[1, 4, 8]]


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("name", SQUARED)
def test_lasso_and_elastic_net(shared_data: Find, name: str, penalty: str) -> None:
    X, y, _ = load(name, shared_data)
    X = StandardScaler().fit_transform(X)
    lambdas = some_lambdas(X, y, penalty)[: 1 if name == "riboflavin" else 3]
    path = sh.fit_path(X, y, penalty=penalty, lambdas=lambdas, tol=1e-13)
    for i, lam in enumerate(lambdas):
        peer = linear_model.ElasticNet(
            alpha=lam, l1_ratio=PENALTIES[penalty], tol=1e-13, max_iter=10**6
        ).fit(X, y)
        assert_close(path.coefs[:, i], peer.coef_)
        assert path.intercepts[i] == pytest.approx(peer.intercept_, rel=1e-9)


@pytest.mark.parametrize("name", SQUARED)
def test_ridge(shared_data: Find, name: str) -> None:
    X, y, _ = load(name, shared_data)
    X = StandardScaler().fit_transform(X)
    lambdas = [10.0, 0.1, 1e-3]
    path = sh.fit_path(X, y, penalty="l2", lambdas=lambdas, tol=1e-13)
    for i, lam in enumerate(lambdas):
        peer = linear_model.Ridge(alpha=lam * len(y), solver="cholesky").fit(X, y)
        assert_close(path.coefs[:, i], peer.coef_)


@pytest.mark.parametrize("name", ["prostate", "diabetes"])
def test_original_scale_without_standardizing(shared_data: Find, name: str) -> None:
    X, y, _ = load(name, shared_data)
    for lam in some_lambdas(X, y, "l1", standardize=False):
        path = sh.fit_path(X, y, lambdas=[lam], standardize=False, tol=1e-13)
        peer = linear_model.Lasso(alpha=lam, tol=1e-14, max_iter=10**6).fit(X, y)
        assert_close(path.coefs[:, 0], peer.coef_)


@pytest.mark.parametrize(("penalty", "C", "tol"), [("l1", 0.1, 1e-10), ("l2", 1e-3, 1e-13)])
def test_leukemia_without_intercept(shared_data: Find, penalty: str, C: float, tol: float) -> None:
    X, y, loss = load("leukemia", shared_data)
    X = StandardScaler().fit_transform(X)
    kinds: dict[str, Any] = {"loss": loss, "fit_intercept": False, "standardize": False}
    path = sh.fit_path(X, y, penalty=penalty, lambdas=[1.0 / (C * len(y))], tol=tol, **kinds)
    peer = linear_model.LogisticRegression(
        l1_ratio=1.0 if penalty == "l1" else 0.0,
        C=C,
        solver="liblinear",
        fit_intercept=False,
        tol=tol,
        max_iter=10**5,
    ).fit(X, y)
    assert_close(path.coefs[:, 0], peer.coef_[0])


@pytest.mark.parametrize(
    ("l1_ratio", "solver"), [(0.0, "newton-cholesky"), (1.0, "saga"), (0.5, "saga")]
)
def test_logistic_with_intercept(l1_ratio: float, solver: str) -> None:
    X, y = random_problem(11, n=80, p=6, loss="logistic")
    X = StandardScaler().fit_transform(X)
    for lam in (0.1, 0.02):
        path = sh.fit_path(
            X, y, loss="logistic", penalty=sh.ElasticNet(l1_ratio), lambdas=[lam], tol=1e-13
        )
        peer = linear_model.LogisticRegression(
            l1_ratio=l1_ratio, C=1.0 / (lam * len(y)), solver=solver, tol=1e-12, max_iter=10**6
        ).fit(X, y)
        assert_close(path.coefs[:, 0], peer.coef_[0])
        assert path.intercepts[0] == pytest.approx(peer.intercept_[0], abs=1e-6)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_sample_weights(penalty: str) -> None:
    X, y = random_problem(12)
    weight = np.random.default_rng(0).uniform(0.0, 4.0, len(y))
    path = sh.fit_path(
        X, y, penalty=penalty, lambdas=[0.2], standardize=False, sample_weight=weight, tol=1e-13
    )
    peer = linear_model.ElasticNet(
        alpha=0.2, l1_ratio=PENALTIES[penalty], tol=1e-14, max_iter=10**6
    ).fit(X, y, sample_weight=weight)
    assert_close(path.coefs[:, 0], peer.coef_)
    assert path.intercepts[0] == pytest.approx(peer.intercept_, rel=1e-8)


def test_standardizing_uses_the_weights() -> None:
    X, y = random_problem(13)
    weight = np.random.default_rng(1).uniform(0.0, 4.0, len(y))
    mean = np.average(X, axis=0, weights=weight)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    path = sh.fit_path(X, y, lambdas=[0.1], sample_weight=weight, tol=1e-13)
    peer = linear_model.Lasso(alpha=0.1, tol=1e-14, max_iter=10**6)
    peer.fit((X - mean) / scale, y, sample_weight=weight)
    assert_close(path.coefs[:, 0] * scale, peer.coef_)


def test_penalty_factor_is_a_rescaled_column() -> None:
    X, y = random_problem(14)
    factors = np.array([1.0, 2.0, 0.5, 3.0, 1.0, 0.1, 10.0, 1.0])
    path = sh.fit_path(X, y, lambdas=[0.05], penalty_factor=factors, standardize=False, tol=1e-13)
    peer = linear_model.Lasso(alpha=0.05, tol=1e-14, max_iter=10**6).fit(X / factors, y)
    assert_close(path.coefs[:, 0], peer.coef_ / factors)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_factor_zero_is_the_partialled_out_problem(penalty: str) -> None:
    """Frisch, Waugh & Lovell: what is unpenalized can be projected out of X and y first."""
    X, y = random_problem(15)
    free = np.column_stack([np.ones(len(y)), X[:, [0, 3]]])
    rest = [1, 2, 4, 5, 6, 7]
    projected = X[:, rest] - free @ np.linalg.lstsq(free, X[:, rest], rcond=None)[0]
    target = y - free @ np.linalg.lstsq(free, y, rcond=None)[0]
    factors = np.where(np.isin(np.arange(8), [0, 3]), 0.0, 1.0)
    kinds: dict[str, Any] = {"penalty": penalty, "lambdas": [0.1], "standardize": False}
    path = sh.fit_path(X, y, penalty_factor=factors, tol=1e-13, **kinds)
    other = sh.fit_path(projected, target, fit_intercept=False, tol=1e-13, **kinds)
    assert_close(path.coefs[rest, 0], other.coefs[:, 0], 1e-8)


def test_nonnegative_lasso_and_least_squares() -> None:
    X, y = random_problem(16)
    for lam in (0.2, 0.0):
        path = sh.fit_path(X, y, lambdas=[lam], lower=0.0, standardize=False, tol=1e-13)
        peer: Any = (
            linear_model.Lasso(alpha=lam, positive=True, tol=1e-14, max_iter=10**6)
            if lam
            else linear_model.LinearRegression(positive=True)
        )
        assert_close(path.coefs[:, 0], peer.fit(X, y).coef_)
        assert path.converged.all()


def test_lambda_zero_is_least_squares_and_maximum_likelihood() -> None:
    X, y = random_problem(17)
    path = sh.fit_path(X, y, lambdas=[0.0], tol=1e-12)
    assert_close(path.coefs[:, 0], linear_model.LinearRegression().fit(X, y).coef_, 1e-9)
    X, y = random_problem(17, n=200, loss="logistic")
    path = sh.fit_path(X, y, loss="logistic", lambdas=[0.0], tol=1e-12)
    peer = linear_model.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert_close(path.coefs[:, 0], peer.coef_[0])


def test_default_grid_of_l1_starts_at_the_smallest_lambda_of_an_empty_model() -> None:
    X, y = random_problem(18)
    Z = StandardScaler().fit_transform(X)
    largest = np.abs(Z.T @ (y - y.mean())).max() / len(y)
    path = sh.fit_path(X, y)
    assert path.lambdas[0] == pytest.approx(largest, rel=1e-12)
    assert path.lambdas[-1] == pytest.approx(1e-3 * largest, rel=1e-12)
    np.testing.assert_allclose(np.diff(np.log(path.lambdas)), np.log(1e-3) / 99, rtol=1e-9)
    half = sh.fit_path(X, y, penalty=sh.ElasticNet(0.25))
    assert half.lambdas[0] == pytest.approx(4.0 * largest, rel=1e-12)


@pytest.mark.parametrize(("loss", "curvature"), [("squared", 1.0), ("logistic", 0.25)])
@pytest.mark.parametrize("p", [8, 90])
def test_default_grid_of_l2_is_that_of_the_largest_eigenvalue(
    loss: str, curvature: float, p: int
) -> None:
    X, y = random_problem(19, p=p, loss=loss)
    weight = np.linspace(1.0, 2.0, len(y))
    Z = (X - np.average(X, axis=0, weights=weight)) * np.sqrt(weight / weight.sum())[:, None]
    e = np.linalg.eigvalsh(Z.T @ Z)[-1] * curvature
    path = sh.fit_path(X, y, loss=loss, penalty="l2", standardize=False, sample_weight=weight)
    assert path.lambdas[0] == pytest.approx(100 * e, rel=1e-9)
    assert path.lambdas[-1] == pytest.approx(1e-6 * e, rel=1e-9)
