"""Every gap that a path reports, computed again in numpy from its coefficients alone."""

import warnings
from itertools import product
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from support.datasets import NAMES, Find, load, random_problem
from support.losses import FORMULAS, SMOOTH, Huber
from support.reference import Reference

SHARE = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5}


def check(path: sh.Path, reference: Reference, tol: float = 1e-6, *, exact: bool = True) -> None:
    """All λ are within `tol`; `path.gaps` says the same as the recomputed gaps."""
    returned, stationary = reference.gaps(path)
    assert path.null_deviance == pytest.approx(reference.null_deviance(), rel=1e-10)
    assert stationary.max() <= tol
    assert path.gaps.max() <= tol
    if exact:
        assert returned.max() <= tol
    np.testing.assert_allclose(path.gaps, stationary, rtol=1e-6, atol=1e-8)
    assert path.converged.all()


@pytest.mark.parametrize(
    ("fit_intercept", "standardize"), [(True, True), (True, False), (False, True)]
)
@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("name", NAMES)
def test_real_data(
    shared_data: Find, name: str, penalty: str, fit_intercept: bool, standardize: bool
) -> None:
    X, y, loss = load(name, shared_data)
    n_lambdas = 40 if X.shape[1] < 1000 else 8
    kinds = {"fit_intercept": fit_intercept, "standardize": standardize}
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=n_lambdas, **kinds)
    check(path, Reference(X, y, loss=loss, alpha=SHARE[penalty], **kinds))


@pytest.mark.parametrize("name", NAMES)
def test_default_grid_of_real_data(shared_data: Find, name: str) -> None:
    X, y, loss = load(name, shared_data)
    path = sh.fit_path(X, y, loss=loss)
    assert path.gaps.max() <= 1e-6
    every = slice(None, None, 1 if X.shape[1] < 1000 else 4)
    reference = Reference(X, y, loss=loss)
    gaps = [
        reference.gap(path.coefs[:, i], path.intercepts[i], path.lambdas[i])[1]
        for i in range(100)[every]
    ]
    np.testing.assert_allclose(path.gaps[every], gaps, rtol=1e-6, atol=1e-8)
    assert len(path.lambdas) == 100
    assert path.n_nonzero[0] == 0
    assert path.n_nonzero[1] > 0


VARIANTS: dict[str, dict[str, Any]] = {
    "weights": {"sample_weight": np.linspace(0.1, 3.0, 60)},
    "zero weights": {"sample_weight": np.r_[np.zeros(15), np.linspace(0.1, 3.0, 45)]},
    "offset": {"offset": np.sin(np.arange(60.0))},
    "factors": {"penalty_factor": [1.0, 2.0, 0.5, 0.0, 1.0, 0.0, 3.0, 1.0]},
    "bounds": {"lower": -0.1, "upper": 0.2},
    "nonnegative": {"lower": 0.0},
    "mixed bounds": {
        "lower": [0, -1, -np.inf, -np.inf, -0.1, 0, -2, -1],
        "upper": [1, 0, np.inf, 0.2, 0.1, 0, np.inf, 3],
        "penalty_factor": [0, 1, 2, 0.5, 0, 1, 1, 0],
    },
    "unpenalized, bounded below": {"lower": 0.0, "penalty_factor": [0, 0, 1, 1, 1, 0, 1, 1]},
    "everything": {
        "sample_weight": np.linspace(3.0, 0.0, 60),
        "offset": np.cos(np.arange(60.0)),
        "penalty_factor": [1.0, 2.0, 0.5, 0.0, 1.0, 0.0, 3.0, 1.0],
        "lower": [-1, 0, -1, -np.inf, -1, -np.inf, -1, -1],
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("fit_intercept", "standardize"), list(product((True, False), repeat=2)))
@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("loss", SMOOTH)
def test_variants(
    loss: str, penalty: str, fit_intercept: bool, standardize: bool, variant: str
) -> None:
    X, y = random_problem(3, loss=loss)
    kinds = {**VARIANTS[variant], "fit_intercept": fit_intercept, "standardize": standardize}
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=12, **kinds)
    check(path, Reference(X, y, loss=loss, alpha=SHARE[penalty], **kinds))


@pytest.mark.parametrize("lower", [None, 0.0])
@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("loss", SMOOTH)
def test_down_to_zero(loss: str, penalty: str, lower: float | None) -> None:
    X, y = random_problem(4, loss=loss)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, lambdas=[0.1, 1e-4, 0.0], lower=lower)
    check(path, Reference(X, y, loss=loss, alpha=SHARE[penalty], lower=lower))


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-8, 1e-11])
@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("loss", SMOOTH)
def test_every_tolerance(loss: str, penalty: str, tol: float) -> None:
    X, y = random_problem(5, loss=loss)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, tol=tol)
    check(path, Reference(X, y, loss=loss, alpha=SHARE[penalty]), tol)


@pytest.mark.parametrize("penalty", SHARE)
def test_reported_measures(penalty: str) -> None:
    for loss in SMOOTH:
        X, y = random_problem(6, loss=loss)
        weight = np.linspace(0.5, 2.0, len(y))
        path = sh.fit_path(X, y, loss=loss, penalty=penalty, sample_weight=weight, n_lambdas=10)
        reference = Reference(X, y, loss=loss, sample_weight=weight)
        eta = X @ path.coefs + path.intercepts
        losses = np.array([reference.value(column) for column in eta.T])
        np.testing.assert_allclose(path.losses, losses, rtol=1e-10)
        ratio = 1.0 - (losses - reference.saturated()) / reference.null_deviance()
        np.testing.assert_allclose(path.deviance_ratio, ratio, atol=1e-10)
        np.testing.assert_array_equal(path.n_nonzero, (path.coefs != 0).sum(axis=0))
        np.testing.assert_allclose(path.centers, reference.means, rtol=1e-12)
        np.testing.assert_allclose(path.scales, reference.s, rtol=1e-12)
        assert path.sample_weight_sum == pytest.approx(weight.sum())


@pytest.mark.parametrize("max_iter", [1, 2])
@pytest.mark.parametrize("loss", SMOOTH)
@pytest.mark.parametrize("factors", [None, [0, 0, 1, 1, 1, 0, 1, 1]])
def test_an_unfinished_fit_is_never_called_converged(
    loss: str, max_iter: int, factors: list[float] | None
) -> None:
    X, y = random_problem(7, loss=loss)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = sh.fit_path(
            X, y, loss=loss, max_iter=max_iter, penalty_factor=factors, lambdas=[1e-3]
        )
    assert [w.category for w in caught] == [sh.ConvergenceWarning] * (not path.converged.all())
    reference = Reference(X, y, loss=loss, penalty_factor=factors)
    _, stationary = reference.gaps(path)
    assert (path.gaps >= stationary * (1 - 1e-6) - 1e-8).all()
    assert (stationary[path.converged] <= path.tol).all()


@pytest.mark.parametrize("loss", SMOOTH)
def test_what_max_iter_leaves_unfinished_of_many_columns_is_not_called_converged(loss: str) -> None:
    X, y = random_problem(7, n=60, p=200, loss=loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sh.ConvergenceWarning)
        path = sh.fit_path(X, y, loss=loss, max_iter=1, n_lambdas=10)
    gaps = Reference(X, y, loss=loss).gaps(path)[1]
    assert (gaps[path.converged] <= path.tol).all()
    np.testing.assert_allclose(path.gaps, gaps, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("delta", [1e-3, 0.1, 1.35, 50.0])
@pytest.mark.parametrize("penalty", SHARE)
def test_every_width_of_huber(penalty: str, delta: float) -> None:
    X, y = random_problem(9)
    y[::7] += 30.0
    path = sh.fit_path(X, y, loss=sh.Huber(delta), penalty=penalty, n_lambdas=20)
    check(path, Reference(X, y, loss=Huber(delta=delta), alpha=SHARE[penalty]))
    if delta == 50.0:  # no residual is as large: least squares
        squared = sh.fit_path(X, y, penalty=penalty, lambdas=path.lambdas)
        np.testing.assert_allclose(path.losses, squared.losses, rtol=1e-5)


@pytest.mark.parametrize("loss", SMOOTH)
def test_the_formulas_of_the_core_are_those_written_here(loss: str) -> None:
    _, y = random_problem(10, loss=loss)
    formula, rng = FORMULAS[loss], np.random.default_rng(0)
    if formula.classes is not None:
        y = np.where(y > 0.5, formula.classes[1], formula.classes[0])
    eta, weight = rng.normal(size=60) * 3.0, rng.uniform(0.0, 2.0, 60)
    expected = np.average(formula.value(y, eta), weights=weight)
    assert sh.core.loss_value(loss, y, eta, weight) == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(
        sh.core.loss_gradient(loss, y, eta), formula.slope(y, eta), rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("loss", SMOOTH)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_null_deviance_by_hand(loss: str, fit_intercept: bool) -> None:
    """D₀ where a closed form is known; half the null deviance of the textbooks."""
    X, y = random_problem(11, loss=loss)
    w = np.linspace(0.5, 2.0, len(y))
    found = sh.fit_path(
        X, y, loss=loss, sample_weight=w, fit_intercept=fit_intercept, n_lambdas=2
    ).null_deviance
    w = w / w.sum()
    m = w @ y if fit_intercept else 1.0 * (loss in ("poisson", "gamma"))
    p = w @ y if fit_intercept else 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = {
            "squared": w @ (y - m) ** 2 / 2,
            "logistic": -(w @ y) * np.log(p) - (1 - w @ y) * np.log(1 - p),
            "poisson": w @ (np.where(y > 0, y * np.log(y / m), 0.0) - (y - m)),
            "gamma": w @ (y / m - 1 - np.log(y / m)),
            # ±1: with η = m the mean of y, each class pays (1 ∓ m)².
            "squared_hinge": 1.0 - (w @ (2 * (y > 0) - 1.0)) ** 2 if fit_intercept else 1.0,
            "huber": Reference(
                X, y, loss="huber", sample_weight=w, fit_intercept=fit_intercept
            ).null_deviance(),
        }[loss]
    assert found == pytest.approx(expected, rel=1e-10)


def test_null_model_of_offset_without_intercept() -> None:
    X, y = random_problem(8)
    offset = np.linspace(-1, 1, len(y))
    path = sh.fit_path(X, y, offset=offset, fit_intercept=False)
    assert path.null_deviance == pytest.approx(0.5 * np.mean((y - offset) ** 2))
