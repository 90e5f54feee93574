"""Dropout on inputs beside its ridge: closed form, gradient, fixed point, training, bad input."""

from typing import Any

import numpy as np
import pytest
from scipy import optimize

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import adaptive_ridge
from shrinkage.neural.input_dropout import quadratic_objective


def problem(seed: int = 0, n: int = 80, p: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1) + 0.5
    eta = X @ np.linspace(1.0, -0.5, p)
    return X, eta + rng.standard_normal(n), (eta + rng.logistic(size=n) > 0).astype(float)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.6])
def test_of_the_squared_loss_it_is_the_path_solvers_ridge(rate: float) -> None:
    X, y, _ = problem()
    found = adaptive_ridge(X, y, rate)
    np.testing.assert_allclose(found.factors, rate / (1 - rate) * np.mean(X**2, axis=0), rtol=1e-13)
    path = sh.fit_path(
        X,
        y,
        penalty="l2",
        lambdas=[max(rate / (1 - rate), 0.0)],
        penalty_factor=np.mean(X**2, axis=0),
        standardize=False,
        tol=1e-13,
    )
    np.testing.assert_allclose(found.coef, path.coefs[:, 0], rtol=1e-6, atol=1e-9)
    assert found.intercept == pytest.approx(path.intercepts[0], rel=1e-6)


def test_training_comes_to_it() -> None:
    X, y, _ = problem(1)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = sh.DropoutMLPRegressor(
        (),
        dropout=0.0,
        input_dropout=0.3,
        scale=None,
        optimizer="sgd",
        learning_rate=0.05,
        learning_rate_schedule="linear",
        batch_size=80,
        max_epochs=20_000,
        dtype="float64",
        kkt_every=0,
        random_state=0,
    ).fit(X, y)
    found = adaptive_ridge(X, y, 0.3)
    np.testing.assert_allclose(model.coefs_[0][:, 0], found.coef, atol=0.02)


def test_of_the_logistic_loss_it_is_a_ridge_with_its_own_factors() -> None:
    X, _, y = problem(2)
    found = adaptive_ridge(X, y, 0.3, "logistic")
    beta = np.append(found.intercept, found.coef)
    odds = 0.3 / 0.7
    error = optimize.check_grad(
        lambda b: quadratic_objective(X, y, odds, b)[0],
        lambda b: quadratic_objective(X, y, odds, b)[1],
        beta + 0.1,
    )
    assert error < 1e-5
    assert np.abs(quadratic_objective(X, y, odds, beta)[1]).max() < 1e-7
    value = quadratic_objective(X, y, odds, beta)[0]
    eta = found.intercept + X @ found.coef
    loss = np.mean(np.logaddexp(0, eta) - y * eta)
    assert value == pytest.approx(loss + 0.5 * found.factors @ found.coef**2, rel=1e-12)
    plain = adaptive_ridge(X, y, 0.0, "logistic")
    assert (plain.factors == 0).all()
    assert np.linalg.norm(found.coef) < np.linalg.norm(plain.coef)


def test_what_cannot_be_used() -> None:
    X, y, _ = problem()

    def refused(*arguments: Any) -> str:
        with pytest.raises(InvalidArgument) as caught:
            adaptive_ridge(*arguments)
        return str(caught.value.fields["argument"])

    assert refused(X, y, 1.0) == "rate"
    assert refused(X, y[:-1], 0.5) == "y"
    assert refused(X, y, 0.5, "poisson") == "loss"
    assert refused(X, y, 0.5, "logistic") == "y"
    assert refused(X, np.ones(80), 0.5, "logistic") == "y"
