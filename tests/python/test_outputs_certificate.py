"""Several outputs: every gap that a path reports, computed again in numpy from its coefficients."""

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh
from support.outputs import PENALTIES, outputs_problem
from support.vector_reference import VectorReference

LOSSES = ("multinomial", "squared")


def check(path: sh.Path, reference: VectorReference, tol: float = 1e-6) -> None:
    """All λ are within `tol`; `path.gaps` says the same as the recomputed gaps."""
    returned, stationary = reference.gaps(path)
    assert path.null_deviance == pytest.approx(reference.null_deviance(), rel=1e-10)
    assert stationary.max() <= tol
    assert returned.max() <= tol
    assert path.gaps.max() <= tol
    np.testing.assert_allclose(path.gaps, stationary, rtol=1e-6, atol=1e-8)
    assert path.converged.all()


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weights": {"sample_weight": np.linspace(0.1, 3.0, 60)},
    "zero weights": {"sample_weight": np.r_[np.zeros(15), np.linspace(0.1, 3.0, 45)]},
    "offset": {"offset": np.sin(np.arange(180.0)).reshape(60, 3)},
    "factors": {"penalty_factor": [1.0, 2.0, 0.5, 0.0, 1.0, 0.0, 3.0, 1.0]},
    "weights, offset and factors": {
        "sample_weight": np.linspace(3.0, 0.0, 60),
        "offset": np.cos(np.arange(180.0)).reshape(60, 3),
        "penalty_factor": [1.0, 2.0, 0.5, 0.0, 1.0, 0.0, 3.0, 1.0],
    },
}
BOUNDS: dict[str, dict[str, Any]] = {
    "bounds": {"lower": -0.1, "upper": 0.2},
    "nonnegative": {"lower": 0.0},
    "mixed bounds": {
        "lower": [0, -1, -np.inf, -np.inf, -0.1, 0, -2, -1],
        "upper": [1, 0, np.inf, 0.2, 0.1, 0, np.inf, 3],
        "penalty_factor": [0, 1, 2, 0.5, 0, 1, 1, 0],
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("fit_intercept", "standardize"), list(product((True, False), repeat=2)))
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_variants(
    loss: str, penalty: str, fit_intercept: bool, standardize: bool, variant: str
) -> None:
    X, y = outputs_problem(3, loss)
    kinds = {**VARIANTS[variant], "fit_intercept": fit_intercept, "standardize": standardize}
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=12, **kinds)
    check(path, VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty], **kinds))


@pytest.mark.parametrize("variant", BOUNDS)
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", LOSSES)
def test_bounds(loss: str, penalty: str, variant: str) -> None:
    X, y = outputs_problem(4, loss)
    kinds = BOUNDS[variant]
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=12, **kinds)
    check(path, VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty], **kinds))
    assert (path.coefs >= np.reshape(kinds.get("lower", -np.inf), (-1, 1, 1))).all()
    assert (path.coefs <= np.reshape(kinds.get("upper", np.inf), (-1, 1, 1))).all()


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_more_features_than_observations(loss: str, penalty: str) -> None:
    X, y = outputs_problem(5, loss, n=40, p=90)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=15)
    check(path, VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty]))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_down_to_zero(loss: str, penalty: str) -> None:
    X, y = outputs_problem(6, loss)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, lambdas=[0.1, 1e-4, 0.0])
    check(path, VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty]))


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-9, 1e-11])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_tolerance(loss: str, penalty: str, tol: float) -> None:
    X, y = outputs_problem(7, loss)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, tol=tol, n_lambdas=30)
    reference = VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty])
    check(path, reference, tol)
    if tol <= 1e-9:
        for i, lam in enumerate(path.lambdas):
            distance = reference.kkt(path.coefs[..., i], path.intercepts[..., i], lam)
            assert distance <= 100.0 * np.sqrt(tol)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_reported_measures(loss: str, penalty: str) -> None:
    X, y = outputs_problem(8, loss)
    weight = np.linspace(0.5, 2.0, len(X))
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, sample_weight=weight, n_lambdas=10)
    reference = VectorReference(X, y, loss=loss, sample_weight=weight)
    etas = [X @ path.coefs[..., i] + path.intercepts[..., i] for i in range(10)]
    losses = np.array([reference.value(eta) for eta in etas])
    np.testing.assert_allclose(path.losses, losses, rtol=1e-10)
    ratio = 1.0 - losses / reference.null_deviance()
    np.testing.assert_allclose(path.deviance_ratio, ratio, atol=1e-10)
    np.testing.assert_array_equal(path.n_nonzero, (path.coefs != 0).any(axis=1).sum(axis=0))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_an_unfinished_fit_is_never_called_converged(loss: str, penalty: str) -> None:
    X, y = outputs_problem(9, loss)
    kinds = {"penalty_factor": [0, 0, 1, 1, 1, 0, 1, 1]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sh.ConvergenceWarning)
        path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=8, max_iter=1, **kinds)
    reference = VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty], **kinds)
    _, stationary = reference.gaps(path)
    assert (path.gaps >= stationary - 1e-8).all()
    np.testing.assert_array_equal(path.converged, path.gaps <= 1e-6)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_sparse_equals_dense(loss: str, penalty: str, fit_intercept: bool, form: Any) -> None:
    X, y = outputs_problem(10, loss)
    X = np.where(np.random.default_rng(0).random(X.shape) < 0.6, 0.0, X)
    kinds = {"loss": loss, "penalty": penalty, "fit_intercept": fit_intercept, "n_lambdas": 10}
    dense = sh.fit_path(X, y, tol=1e-11, **kinds)
    thin = sh.fit_path(form(X), y, tol=1e-11, **kinds)
    np.testing.assert_allclose(thin.lambdas, dense.lambdas, rtol=1e-10)
    check(
        thin,
        VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty], fit_intercept=fit_intercept),
        1e-11 if loss == "squared" else 1e-10,
    )
    scale = np.abs(dense.coefs).max()
    np.testing.assert_allclose(thin.coefs, dense.coefs, rtol=0, atol=1e-4 * scale)
