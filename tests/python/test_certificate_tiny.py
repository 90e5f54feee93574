"""The certificate where λ is below what rounding leaves of a gradient."""

import warnings
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from support.datasets import random_problem

LOSSES = ("squared", "logistic", "poisson", "gamma", "huber", "squared_hinge", "multinomial")


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("loss", [*LOSSES, "quantile"])
def test_no_false_alarm(loss: str, alone: bool) -> None:
    kind = "squared" if loss == "quantile" else "logistic" if loss == "multinomial" else loss
    X, y = random_problem(0, loss=kind)
    kinds: dict[str, Any] = {"loss": loss, "tol": 1e-6}
    top = sh.fit_path(X[:, :5], y, n_lambdas=2, **kinds).lambdas[0]
    grid = top * 10.0 ** -np.arange(10.0, 18.0)
    for lambdas in [[lam] for lam in grid[::3]] if alone else [grid]:
        path = sh.fit_path(X[:, :5], y, lambdas=lambdas, **kinds)
        assert path.converged.all()
        assert path.gaps.max() <= path.tol


@pytest.mark.parametrize("penalty", ["l1", "row_group"])
def test_several_targets(penalty: str) -> None:
    X, y = random_problem(1)
    path = sh.fit_path(X[:, :4], np.column_stack([y, y**2]), penalty=penalty, lambdas=[1e-13])
    assert path.gaps[0] <= path.tol


def test_small_factors_and_bounds() -> None:
    X, y = random_problem(2)
    factors = [1.0, 1.0, 1e-13, 1e-14, 0.0]
    for kinds in (
        {"penalty_factor": factors, "lambdas": [0.1]},
        {"lower": -0.3, "lambdas": [1e-14]},
    ):
        path = sh.fit_path(X[:, :5], y, **kinds)
        assert path.gaps[0] <= path.tol


def test_what_is_not_solved_is_not_certified() -> None:
    """A fit that was cut short keeps a gap no smaller than its true one."""
    X, y = random_problem(3, n=80, loss="poisson")
    kinds: dict[str, Any] = {"loss": "poisson", "lambdas": [1e-13]}
    best = sh.fit_path(X[:, :5], y, tol=1e-12, **kinds)
    for rounds in (1, 2, 3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sh.errors.ConvergenceWarning)
            short = sh.fit_path(X[:, :5], y, tol=1e-15, max_iter=rounds, **kinds)
        true = (short.losses[0] - best.losses[0]) / short.null_deviance
        assert short.gaps[0] >= true - 1e-14
