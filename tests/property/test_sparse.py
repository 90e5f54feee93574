"""A sparse X gives what the same X gives when it is dense, whatever its format and index width."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import shrinkage as sh
from support.datasets import as_sparse
from support.losses import FORMULAS, SMOOTH


def problem(seed: int) -> tuple[Any, Any, Any]:
    """Columns with an empty one, a constant one and a copy; targets; weights with zeros."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(20, 60)), int(rng.integers(8, 40))
    X = rng.normal(1.0, 1.0, (n, p)) * (rng.random((n, p)) < 0.3)
    X[:, 0], X[:, 1], X[:, 2] = 0.0, 1.5, X[:, 3]
    y = X @ (rng.normal(size=p) * (rng.random(p) < 0.4)) + 0.3 * rng.normal(size=n)
    return X, y, rng.integers(0, 3, n).astype(float)


@given(
    seed=st.integers(0, 2**32 - 1),
    form=st.sampled_from(["csr", "csc"]),
    width=st.sampled_from([np.int32, np.int64]),
    penalty=st.sampled_from(["l1", "l2", "elasticnet"]),
    loss=st.sampled_from(SMOOTH),
    intercept=st.booleans(),
    standardize=st.booleans(),
)
def test_sparse_is_dense(
    seed: int,
    form: str,
    width: type,
    penalty: str,
    loss: str,
    intercept: bool,
    standardize: bool,
) -> None:
    X, y, weights = problem(seed)
    target = FORMULAS[loss].target((y - y.mean()) / y.std(), np.random.default_rng(seed))
    if len(np.unique(target[weights > 0])) < 2:
        return
    options: Any = {
        "loss": loss,
        "penalty": penalty,
        "fit_intercept": intercept,
        "standardize": standardize,
        "sample_weight": weights,
        "lambda_min_ratio": 0.05,
        "n_lambdas": 15,
        "tol": 1e-10,
    }
    S = as_sparse(X, form, width)
    before = (S.data.copy(), S.indices.copy(), S.indptr.copy())
    dense, found = sh.fit_path(X, target, **options), sh.fit_path(S, target, **options)
    assert found.converged.all()
    np.testing.assert_allclose(found.lambdas, dense.lambdas, rtol=1e-10)
    # Copies of a column may share a weight in any proportion: predictions are unique, weights not.
    scale = np.abs(dense.predict(X, float(dense.lambdas[-1]), kind="link")).max() + 1.0
    for lam in dense.lambdas[::5]:
        expected = dense.predict(X, lam, kind="link")
        np.testing.assert_allclose(found.predict(S, lam, kind="link"), expected, atol=1e-4 * scale)
    after = (S.data, S.indices, S.indptr)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_unsorted_duplicates_and_integers_are_put_in_order_on_a_copy() -> None:
    rows, columns = np.array([2, 0, 2, 1, 0]), np.array([0, 0, 0, 1, 1])
    S = sparse.csc_array((np.array([1, 2, 3, 4, 5]), rows, np.array([0, 3, 5])), shape=(3, 2))
    before = S.indices.copy()
    dense = np.zeros((3, 2))
    np.add.at(dense, (rows, columns), [1, 2, 3, 4, 5])
    y = np.array([1.0, 2.0, 4.0])
    found, expected = sh.fit_path(S, y, penalty="l2"), sh.fit_path(dense, y, penalty="l2")
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=1e-9)
    assert np.array_equal(S.indices, before)


def test_missing_entries_of_a_sparse_matrix_are_named() -> None:
    S = sparse.csr_array(np.array([[1.0, 0.0], [np.nan, 2.0]]))
    with pytest.raises(sh.errors.InvalidArgument, match=r"X\.data"):
        sh.fit_path(S, [0.0, 1.0])


def test_cross_validation_and_estimators_take_sparse() -> None:
    X, y, _ = problem(7)
    S = sparse.csr_array(X)
    dense, found = sh.fit_path_cv(X, y, cv=5), sh.fit_path_cv(S, y, cv=5)
    np.testing.assert_allclose(found.mean, dense.mean, rtol=1e-5)
    scored = sh.fit_path_cv(S, y, cv=5, score="neg_mean_squared_error")
    np.testing.assert_allclose(-scored.mean, dense.mean, rtol=1e-5)
    model = sh.PenalizedRegressor(lam=0.05).fit(S, y)
    same = sh.PenalizedRegressor(lam=0.05).fit(X, y)
    np.testing.assert_allclose(model.predict(S), same.predict(X), atol=1e-4)


@pytest.mark.parametrize("width", [np.int32, np.int64])
@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("loss", SMOOTH)
def test_single_precision_is_the_same_numbers_in_double(loss: str, form: str, width: type) -> None:
    X, y, _ = problem(11)
    target = FORMULAS[loss].target((y - y.mean()) / y.std(), np.random.default_rng(0))
    S = as_sparse(X.astype(np.float32), form, width)
    found = sh.fit_path(S, target, loss=loss, n_lambdas=5)
    expected = sh.fit_path(S.astype(np.float64), target, loss=loss, n_lambdas=5)
    np.testing.assert_array_equal(found.coefs, expected.coefs)
    np.testing.assert_array_equal(found.intercepts, expected.intercepts)
    assert S.dtype == np.float32 and S.indices.dtype == width
