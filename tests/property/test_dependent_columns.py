"""Columns that depend on each other: copies, low rank, p > n, unpenalized ones among them."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import shrinkage as sh
from support.losses import FORMULAS, SMOOTH

LOSSES = st.sampled_from(SMOOTH)


def dependent(seed: int, kind: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(5, 60)), int(rng.integers(3, 40))
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2.0, p) + rng.uniform(-3.0, 3.0, p)
    if kind == "copies":
        X = X[:, rng.integers(0, p, p)] * rng.choice([-1.0, 1.0], p)
    elif kind == "low rank":
        X = X[:, : p // 3] @ rng.integers(-2, 3, (p // 3, p)).astype(float)
    return X, X @ rng.normal(size=p) / np.sqrt(p) + rng.normal(size=n)


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["copies", "low rank", "any"]),
    loss=LOSSES,
    share=st.sampled_from([1.0, 0.5, 0.0]),
    free=st.booleans(),
    intercept=st.booleans(),
)
def test_every_fit_converges_and_stays_finite(
    seed: int, kind: str, loss: str, share: float, free: bool, intercept: bool
) -> None:
    X, y = dependent(seed, kind)
    rng = np.random.default_rng(seed + 1)
    factor = rng.choice([0.0, 1.0, 2.0], X.shape[1], p=[0.1, 0.5, 0.4]) if free else None
    path = sh.fit_path(
        X,
        FORMULAS[loss].target((y - y.mean()) / y.std(), rng),
        loss=loss,
        penalty=sh.ElasticNet(share),
        n_lambdas=20,
        lambda_min_ratio=1e-2,
        penalty_factor=factor,
        fit_intercept=intercept,
        # Free columns can separate the classes, or the zeros of counts: then there is no fit.
        **({} if loss == "squared" or not free else {"lower": -10.0, "upper": 10.0}),
    )
    assert path.converged.all()
    assert np.isfinite(path.coefs).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_start_with_opposite_weights_on_copies_is_left_behind(seed: int) -> None:
    X, y = dependent(seed, "any")
    twice = np.hstack([X, X])
    start = np.concatenate([np.full(X.shape[1], 5.0), np.full(X.shape[1], -5.0)])
    options: Any = {"lambdas": [0.3, 0.1], "tol": 1e-10}
    cold = sh.fit_path(twice, y, **options)
    warm = sh.fit_path(twice, y, warm_start=(start, 0.0), **options)
    assert warm.converged.all()
    scale = np.abs(y).max() + 1.0
    for i in range(2):
        expected = twice @ cold.coefs[:, i] + cold.intercepts[i]
        found = twice @ warm.coefs[:, i] + warm.intercepts[i]
        np.testing.assert_allclose(found, expected, atol=1e-4 * scale)


def test_unpenalized_columns_that_explain_everything_leave_a_grid_to_fit() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(12, 20))
    factor = np.where(np.arange(20) < 14, 0.0, 1.0)
    path = sh.fit_path(X, rng.normal(size=12), penalty_factor=factor)
    assert path.converged.all()
    assert path.lambdas[0] == 1.0  # λmax is rounding: nothing is left to penalize
    np.testing.assert_allclose(path.deviance_ratio, 1.0, atol=1e-12)
