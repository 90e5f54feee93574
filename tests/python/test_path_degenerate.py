"""Data on which solvers break: nothing to fit, too much to fit, columns that say the same."""

import warnings
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from support.datasets import random_problem
from support.reference import Reference

SHARE = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5}
LOSSES = ("squared", "logistic")


def certified(X: Any, y: Any, *, loss: str, penalty: str, **kinds: Any) -> sh.Path:
    """A fit whose every λ has an independent gap within tol."""
    fit_only = {k: kinds.pop(k) for k in ("lambdas", "n_lambdas") if k in kinds}
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, **fit_only, **kinds)
    reference = Reference(X, y, loss=loss, alpha=SHARE[penalty], **kinds)
    assert reference.gaps(path)[1].max() <= path.tol
    assert path.converged.all()
    assert np.isfinite(path.coefs).all()
    return path


both = pytest.mark.parametrize("loss", LOSSES)
each_penalty = pytest.mark.parametrize("penalty", SHARE)


@both
@each_penalty
@pytest.mark.parametrize("standardize", [True, False])
def test_a_constant_column_gets_zero(loss: str, penalty: str, standardize: bool) -> None:
    X, y = random_problem(0, loss=loss)
    X[:, 2] = 7.3
    X[:, 5] = 0.0
    path = certified(X, y, loss=loss, penalty=penalty, standardize=standardize, n_lambdas=20)
    assert not path.coefs[[2, 5]].any()
    assert (path.scales[[2, 5]] == 1.0).all()
    without = np.delete(X, [2, 5], axis=1)
    other = sh.fit_path(
        without, y, loss=loss, penalty=penalty, standardize=standardize, n_lambdas=20
    )
    np.testing.assert_allclose(np.delete(path.coefs, [2, 5], axis=0), other.coefs, atol=1e-7)


@both
def test_a_constant_column_stands_for_the_intercept_only_unstandardized(loss: str) -> None:
    X, y = random_problem(0, loss=loss)
    X[:, 2] = 1.0
    kinds: dict[str, Any] = {"loss": loss, "fit_intercept": False, "lambdas": [1e-3]}
    assert sh.fit_path(X, y, **kinds).coefs[2, 0] == 0.0
    assert sh.fit_path(X, y, standardize=False, **kinds).coefs[2, 0] != 0.0


@both
@each_penalty
def test_only_constant_columns(loss: str, penalty: str) -> None:
    y = np.arange(10) % 2
    path = sh.fit_path(np.ones((10, 3)), y, loss=loss, penalty=penalty, n_lambdas=5)
    assert not path.coefs.any()
    assert path.converged.all()
    assert (path.gaps == 0).all()
    np.testing.assert_allclose(path.losses, path.null_deviance)
    np.testing.assert_allclose(path.deviance_ratio, 0.0)
    np.testing.assert_allclose(path.predict(np.ones((1, 3)), path.lambdas[0]), 0.5, atol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
@each_penalty
def test_nothing_to_explain(penalty: str, fit_intercept: bool) -> None:
    """D₀ = 0: β = 0, gap 0, converged."""
    X, _ = random_problem(1)
    level = 3.7 if fit_intercept else 0.0
    for y, offset in ((np.full(60, level), None), (X[:, 0] + level, X[:, 0])):
        path = sh.fit_path(X, y, penalty=penalty, offset=offset, fit_intercept=fit_intercept)
        assert not path.coefs.any()
        assert (path.gaps == 0).all()
        assert path.converged.all()
        assert (path.deviance_ratio == 0).all()
        np.testing.assert_allclose(path.intercepts, level, rtol=1e-15)
        np.testing.assert_allclose(path.losses, 0.0, atol=1e-28)
        assert (np.diff(path.lambdas) < 0).all()
        given = sh.fit_path(X, y, penalty=penalty, offset=offset, lambdas=[1.0, 0.0])
        assert given.converged.all()


@both
@each_penalty
def test_duplicated_and_collinear_columns(loss: str, penalty: str) -> None:
    X, y = random_problem(2, loss=loss)
    X = np.hstack([X, X[:, :3], 3 * X[:, :1] - 1, X[:, 1:2] + X[:, 4:5]])
    path = certified(X, y, loss=loss, penalty=penalty, n_lambdas=20)
    if penalty != "l1":
        np.testing.assert_allclose(path.coefs[0], path.coefs[8], atol=1e-4)
    certified(X, y, loss=loss, penalty=penalty, lambdas=[0.1, 1e-10, 0.0])
    free = [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1]
    certified(X, y, loss=loss, penalty=penalty, penalty_factor=free, n_lambdas=20)
    certified(X, y, loss=loss, penalty=penalty, lower=0.0, lambdas=[0.1, 0.0])


@both
@each_penalty
def test_more_columns_than_rows(loss: str, penalty: str) -> None:
    X, _ = random_problem(3, n=12, p=50)
    y = np.arange(12) % 2
    certified(X, y, loss=loss, penalty=penalty)
    certified(X, y, loss=loss, penalty=penalty, lambdas=[1.0, 1e-8, 0.0])
    certified(X, y, loss=loss, penalty=penalty, lambdas=[0.0])
    certified(X, y, loss=loss, penalty=penalty, penalty_factor=np.zeros(50), n_lambdas=3)


@both
@each_penalty
@pytest.mark.parametrize(("n", "p"), [(2, 1), (2, 5), (3, 1), (60, 1)])
def test_the_smallest_problems(loss: str, penalty: str, n: int, p: int) -> None:
    X, _ = random_problem(4, n=n, p=p)
    y = np.arange(n) % 2
    path = certified(X, y, loss=loss, penalty=penalty, n_lambdas=10)
    assert path.coefs.shape == (p, 10)


def test_one_observation_explains_nothing() -> None:
    path = sh.fit_path([[1.0, 2.0]], [3.0])
    assert not path.coefs.any()
    assert path.intercepts[0] == 3.0


@both
@each_penalty
@pytest.mark.parametrize("standardize", [True, False])
def test_columns_of_huge_mean(loss: str, penalty: str, standardize: bool) -> None:
    X, y = random_problem(5, loss=loss)
    far = X + 1e6
    path = certified(far, y, loss=loss, penalty=penalty, standardize=standardize, n_lambdas=20)
    near = sh.fit_path(
        X, y, loss=loss, penalty=penalty, standardize=standardize, lambdas=path.lambdas
    )
    scale = np.abs(near.coefs).max()
    np.testing.assert_allclose(path.coefs, near.coefs, atol=1e-4 * scale)
    signs = 1e6 + np.where(X.mean(axis=0) < X, 1.0, -1.0)
    certified(signs, y, loss=loss, penalty=penalty, n_lambdas=20)


@both
@each_penalty
def test_columns_of_very_different_scale(loss: str, penalty: str) -> None:
    X, y = random_problem(6, loss=loss)
    scales = 10.0 ** np.linspace(-8, 8, 8)
    path = certified(X * scales, y, loss=loss, penalty=penalty, n_lambdas=20)
    other = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=20)
    np.testing.assert_allclose(path.coefs * scales[:, None], other.coefs, atol=1e-6)


@both
@each_penalty
def test_one_lambda_far_below_the_largest(loss: str, penalty: str) -> None:
    X, y = random_problem(7, loss=loss)
    for lam in (1e-6, 1e-12):
        certified(X, y, loss=loss, penalty=penalty, lambdas=[lam])


@each_penalty
def test_separable_classes(penalty: str) -> None:
    X, _ = random_problem(8)
    y = X[:, 0] > X[:, 0].mean()
    path = certified(X, y, loss="logistic", penalty=penalty, lambdas=np.geomspace(1, 1e-9, 20))
    assert path.deviance_ratio[-1] > 0.99
    bare = certified(X, y, loss="logistic", penalty=penalty, lambdas=[0.1, 0.0])
    assert bare.deviance_ratio[-1] > 0.999


@each_penalty
def test_one_event_in_sixty(penalty: str) -> None:
    X, _ = random_problem(9)
    y = np.arange(60) == 17
    path = certified(X, y, loss="logistic", penalty=penalty)
    assert path.predict(X, path.lambdas[0]).mean() == pytest.approx(1 / 60)


@both
def test_weights_over_many_orders_of_magnitude(loss: str) -> None:
    X, y = random_problem(10, loss=loss)
    weight = 10.0 ** np.linspace(-12, 12, 60)[np.random.default_rng(0).permutation(60)]
    certified(X, y, loss=loss, penalty="l1", sample_weight=weight, n_lambdas=20)
    certified(X, y, loss=loss, penalty="l2", sample_weight=weight, n_lambdas=20)


@both
def test_rows_of_weight_zero_are_not_there(loss: str) -> None:
    X, y = random_problem(11, loss=loss)
    weight = np.where(np.arange(60) < 25, 0.0, 1.5)
    path = sh.fit_path(X, y, loss=loss, sample_weight=weight, n_lambdas=20)
    other = sh.fit_path(X[25:], y[25:], loss=loss, n_lambdas=20)
    np.testing.assert_allclose(path.lambdas, other.lambdas, rtol=1e-10)
    np.testing.assert_allclose(path.coefs, other.coefs, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e12, 1e100])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_targets_of_any_size(penalty: str, scale: float) -> None:
    X, y = random_problem(12)
    path = sh.fit_path(X, scale * y, penalty=penalty, n_lambdas=20)
    other = sh.fit_path(X, y, penalty=penalty, n_lambdas=20)
    assert path.converged.all()
    np.testing.assert_allclose(path.coefs / scale, other.coefs, atol=1e-8)


@both
def test_bounds_that_leave_no_room(loss: str) -> None:
    X, y = random_problem(13, loss=loss)
    path = sh.fit_path(X, y, loss=loss, lower=0.0, upper=0.0, n_lambdas=5)
    assert not path.coefs.any()
    assert path.converged.all()


def test_what_is_unpenalized_explains_everything() -> None:
    X, _ = random_problem(14)
    factors = [0, 1, 1, 1, 1, 1, 1, 1]
    path = sh.fit_path(X, 2.0 * X[:, 0], penalty_factor=factors, n_lambdas=5)
    assert path.converged.all()
    np.testing.assert_allclose(path.coefs[0], 2.0, rtol=1e-9)
    np.testing.assert_allclose(path.coefs[1:], 0.0, atol=1e-9)


@both
def test_an_ill_conditioned_fit_says_so(loss: str) -> None:
    """Powers of x up to 12: what the arithmetic cannot reach must be reported, not claimed."""
    x = np.linspace(0.0, 1.0, 150)[:, None]
    X = x ** np.arange(1, 13)
    y = np.sin(12 * x[:, 0]) + 0.1 * np.random.default_rng(0).normal(size=150)
    y = y if loss == "squared" else y > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sh.ConvergenceWarning)
        for lambdas in (None, [1e-12]):
            path = sh.fit_path(X, y, loss=loss, lambdas=lambdas)
            gaps = Reference(X, y, loss=loss).gaps(path)[1]
            assert (gaps[path.converged] <= path.tol).all()
            np.testing.assert_allclose(path.gaps, gaps, rtol=1e-3, atol=1e-7)
