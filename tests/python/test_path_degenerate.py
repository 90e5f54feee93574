"""Data on which solvers break: nothing to fit, too much to fit, columns that say the same."""

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh
from support.datasets import random_problem
from support.losses import FORMULAS, SMOOTH
from support.reference import Reference

SHARE = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5}
REGRESSIONS = tuple(name for name in SMOOTH if FORMULAS[name].classes is None)
CLASSES = tuple(name for name in SMOOTH if FORMULAS[name].classes is not None)


def certified(X: Any, y: Any, *, loss: str, penalty: str, **kinds: Any) -> sh.Path:
    """A fit whose every λ has an independent gap within tol."""
    fit_only = {k: kinds.pop(k) for k in ("lambdas", "n_lambdas", "tol") if k in kinds}
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, **fit_only, **kinds)
    reference = Reference(X, y, loss=loss, alpha=SHARE[penalty], **kinds)
    assert reference.gaps(path)[1].max() <= path.tol
    assert path.converged.all()
    assert np.isfinite(path.coefs).all()
    return path


def quietly(X: Any, y: Any, **kinds: Any) -> sh.Path:
    """A fit that may miss tol."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sh.ConvergenceWarning)
        return sh.fit_path(X, y, **kinds)


def target(loss: str, n: int, seed: int = 0) -> np.ndarray:
    """(n,) targets of a loss that tell nothing of X."""
    rng = np.random.default_rng(seed)
    return FORMULAS[loss].target(rng.normal(size=n), rng)


each_loss = pytest.mark.parametrize("loss", SMOOTH)
each_penalty = pytest.mark.parametrize("penalty", SHARE)


@each_loss
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


@each_loss
def test_a_constant_column_stands_for_the_intercept_only_unstandardized(loss: str) -> None:
    X, y = random_problem(0, loss=loss)
    X[:, 2] = 1.0
    kinds: dict[str, Any] = {"loss": loss, "fit_intercept": False, "lambdas": [1e-3]}
    assert sh.fit_path(X, y, **kinds).coefs[2, 0] == 0.0
    assert sh.fit_path(X, y, standardize=False, **kinds).coefs[2, 0] != 0.0


@each_loss
@each_penalty
def test_only_constant_columns(loss: str, penalty: str) -> None:
    X, y = np.ones((10, 3)), target(loss, 10)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=5)
    assert not path.coefs.any()
    assert path.converged.all()
    assert (path.gaps == 0).all()
    saturated = Reference(X, y, loss=loss).saturated()
    np.testing.assert_allclose(path.losses - saturated, path.null_deviance)
    np.testing.assert_allclose(path.deviance_ratio, 0.0)
    null = Reference(X, y, loss=loss).null_eta()
    np.testing.assert_allclose(path.predict(X, path.lambdas[0], kind="link"), null, atol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@each_penalty
@pytest.mark.parametrize("loss", REGRESSIONS)
def test_nothing_to_explain(loss: str, penalty: str, fit_intercept: bool) -> None:
    """D₀ = 0: β = 0, gap 0, converged."""
    X, _ = random_problem(1)
    formula = FORMULAS[loss]
    level = 3.7 if fit_intercept else 0.0
    for offset in (np.zeros(60), X[:, 0]):
        y = formula.mean(offset + level)
        kinds: dict[str, Any] = {"loss": loss, "penalty": penalty, "offset": offset}
        path = sh.fit_path(X, y, fit_intercept=fit_intercept, **kinds)
        assert not path.coefs.any()
        assert (path.gaps == 0).all()
        assert path.converged.all()
        assert (path.deviance_ratio == 0).all()
        np.testing.assert_allclose(path.intercepts, level, rtol=1e-12)
        np.testing.assert_allclose(path.losses, formula.saturated(y).mean(), rtol=1e-12, atol=1e-28)
        assert (np.diff(path.lambdas) < 0).all()
        given = sh.fit_path(X, y, fit_intercept=fit_intercept, lambdas=[1.0, 0.0], **kinds)
        assert given.converged.all()


@each_loss
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


@each_loss
@each_penalty
def test_more_columns_than_rows(loss: str, penalty: str) -> None:
    X, _ = random_problem(3, n=12, p=50)
    y = target(loss, 12)
    certified(X, y, loss=loss, penalty=penalty)
    certified(X, y, loss=loss, penalty=penalty, lambdas=[1.0, 1e-8, 0.0])
    certified(X, y, loss=loss, penalty=penalty, lambdas=[0.0])
    certified(X, y, loss=loss, penalty=penalty, penalty_factor=np.zeros(50), n_lambdas=3)


@each_loss
@each_penalty
@pytest.mark.parametrize(("n", "p"), [(2, 1), (2, 5), (3, 1), (60, 1)])
def test_the_smallest_problems(loss: str, penalty: str, n: int, p: int) -> None:
    X, _ = random_problem(4, n=n, p=p)
    y = target(loss, n)
    path = certified(X, y, loss=loss, penalty=penalty, n_lambdas=10)
    assert path.coefs.shape == (p, 10)


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_one_observation_explains_nothing(loss: str) -> None:
    path = sh.fit_path([[1.0, 2.0]], [3.0], loss=loss)
    assert not path.coefs.any()
    assert path.converged.all()
    mean = FORMULAS[loss].mean(path.intercepts)
    np.testing.assert_allclose(mean, 3.0, rtol=1e-12)


@each_penalty
@pytest.mark.parametrize("loss", REGRESSIONS)
def test_one_observation_without_intercept(loss: str, penalty: str) -> None:
    kinds: dict[str, Any] = {"fit_intercept": False, "standardize": False}
    X, y = np.array([[1.0, 2.0]]), np.array([3.0])
    path = certified(X, y, loss=loss, penalty=penalty, n_lambdas=10, **kinds)
    assert (path.deviance_ratio[1:] > 0.0).all()


@pytest.mark.parametrize("loss", CLASSES)
def test_one_observation_is_one_class(loss: str) -> None:
    with pytest.raises(sh.errors.InvalidArgument, match="exactly two classes"):
        sh.fit_path([[1.0, 2.0]], [1.0], loss=loss)
    with pytest.raises(sh.errors.InvalidArgument, match="both classes a positive weight"):
        sh.fit_path([[1.0], [2.0]], [0, 1], loss=loss, sample_weight=[0.0, 1.0])


@each_loss
@each_penalty
@pytest.mark.parametrize("standardize", [True, False])
def test_columns_of_huge_mean(loss: str, penalty: str, standardize: bool) -> None:
    X, y = random_problem(5, loss=loss)
    far = X + 1e6
    how: dict[str, Any] = {"loss": loss, "penalty": penalty, "standardize": standardize}
    grid = certified(far, y, **how, n_lambdas=20, tol=1e-7).lambdas
    path = sh.fit_path(far, y, **how, lambdas=grid, tol=1e-8)
    near = sh.fit_path(X, y, **how, lambdas=grid, tol=1e-8)
    scale = np.abs(near.coefs).max()
    np.testing.assert_allclose(path.coefs, near.coefs, atol=1e-4 * scale)
    signs = 1e6 + np.where(X.mean(axis=0) < X, 1.0, -1.0)
    certified(signs, y, loss=loss, penalty=penalty, n_lambdas=20)


@each_loss
@each_penalty
def test_columns_of_very_different_scale(loss: str, penalty: str) -> None:
    X, y = random_problem(6, loss=loss)
    scales = 10.0 ** np.linspace(-12, 12, 8)
    path = certified(X * scales, y, loss=loss, penalty=penalty, n_lambdas=20)
    other = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=20)
    np.testing.assert_allclose(path.coefs * scales[:, None], other.coefs, atol=1e-6)


@each_loss
@each_penalty
@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_columns_of_extreme_scale_as_they_are(loss: str, penalty: str, scale: float) -> None:
    """Not standardized, beside columns of unit scale: certified, or said not to be."""
    X, y = random_problem(6, loss=loss)
    X[:, ::3] *= scale
    kinds: dict[str, Any] = {"standardize": False}
    path = quietly(X, y, loss=loss, penalty=penalty, n_lambdas=20, **kinds)
    gaps = Reference(X, y, loss=loss, alpha=SHARE[penalty], **kinds).gaps(path)[1]
    assert np.isfinite(path.coefs).all() and np.isfinite(path.gaps).all()
    assert (gaps[path.converged] <= path.tol).all()
    assert path.converged.any()


@each_loss
@each_penalty
def test_one_lambda_far_below_the_largest(loss: str, penalty: str) -> None:
    X, y = random_problem(7, loss=loss)
    # The dual of huber feels in full what rounding leaves of the gradient, over λ.
    for lam in (1e-6, 1e-10 if loss == "huber" else 1e-12):
        certified(X, y, loss=loss, penalty=penalty, lambdas=[lam])


@each_penalty
@pytest.mark.parametrize("loss", CLASSES)
def test_separable_classes(loss: str, penalty: str) -> None:
    X, _ = random_problem(8)
    y = X[:, 0] > X[:, 0].mean()
    path = certified(X, y, loss=loss, penalty=penalty, lambdas=np.geomspace(1, 1e-9, 20))
    assert path.deviance_ratio[-1] > 0.99
    bare = certified(X, y, loss=loss, penalty=penalty, lambdas=[0.1, 0.0])
    assert bare.deviance_ratio[-1] > 0.999
    sides = certified(X, y, loss=loss, penalty=penalty, penalty_factor=[0] + 7 * [1], lambdas=[0.1])
    assert sides.deviance_ratio[0] > 0.999


def separable_counts() -> tuple[np.ndarray, np.ndarray]:
    """A column that is on only where the counts are 0: its best coefficient is −∞."""
    X, y = random_problem(8, loss="poisson")
    X[:, 0] = (y == 0) * 1.0
    return X, y


@each_penalty
def test_separable_counts(penalty: str) -> None:
    path = certified(
        *separable_counts(), loss="poisson", penalty=penalty, lambdas=[0.1, 1e-4, 1e-9]
    )
    assert path.coefs[0, -1] < -8.0


@each_penalty
def test_separable_counts_without_penalty(penalty: str) -> None:
    kinds: dict[str, Any] = {"loss": "poisson", "penalty": penalty}
    certified(*separable_counts(), lambdas=[0.1, 0.0], **kinds)
    certified(*separable_counts(), lambdas=[0.1, 0.01], penalty_factor=[0] + 7 * [1], **kinds)


@each_penalty
@pytest.mark.parametrize("loss", CLASSES)
def test_one_event_in_sixty(loss: str, penalty: str) -> None:
    X, _ = random_problem(9)
    y = np.arange(60) == 17
    path = certified(X, y, loss=loss, penalty=penalty)
    if loss == "logistic":
        assert path.predict(X, path.lambdas[0]).mean() == pytest.approx(1 / 60)


@each_penalty
@pytest.mark.parametrize("loss", CLASSES)
def test_nearly_all_weight_on_one_class(loss: str, penalty: str) -> None:
    X, y = random_problem(9, loss=loss)
    kinds: dict[str, Any] = {"loss": loss, "penalty": penalty, "n_lambdas": 9}
    certified(X, y, sample_weight=np.where(y > 0.5, 1e-6, 1.0), **kinds)


@pytest.mark.parametrize(
    ("loss", "penalty"),
    [(loss, penalty) for loss in CLASSES for penalty in SHARE],
)
def test_all_weight_but_a_trace_on_one_class(loss: str, penalty: str) -> None:
    """Of a null deviance of 1e-11 rounding is more than tol: honesty is what is left."""
    X, y = random_problem(9, loss=loss)
    weight = np.where(y > 0.5, 1e-12, 1.0)
    kinds: dict[str, Any] = {"loss": loss, "sample_weight": weight}
    path = quietly(X, y, penalty=penalty, n_lambdas=9, max_iter=50, **kinds)
    reference = Reference(X, y, alpha=SHARE[penalty], **kinds)
    slack = 4e-16 / reference.null_deviance()
    assert np.isfinite(path.coefs).all() and np.isfinite(path.gaps).all()
    assert (reference.gaps(path)[1][path.converged] <= path.tol + slack).all()


@each_loss
def test_weights_over_many_orders_of_magnitude(loss: str) -> None:
    X, y = random_problem(10, loss=loss)
    weight = 10.0 ** np.linspace(-12, 12, 60)[np.random.default_rng(0).permutation(60)]
    certified(X, y, loss=loss, penalty="l1", sample_weight=weight, n_lambdas=20)
    certified(X, y, loss=loss, penalty="l2", sample_weight=weight, n_lambdas=20)


@each_loss
def test_rows_of_weight_zero_are_not_there(loss: str) -> None:
    X, y = random_problem(11, loss=loss)
    weight = np.where(np.arange(60) < 25, 0.0, 1.5)
    path = sh.fit_path(X, y, loss=loss, sample_weight=weight, n_lambdas=20, tol=1e-9)
    other = sh.fit_path(X[25:], y[25:], loss=loss, n_lambdas=20, tol=1e-9)
    np.testing.assert_allclose(path.lambdas, other.lambdas, rtol=1e-10)
    np.testing.assert_allclose(path.coefs, other.coefs, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "scale"),
    [(loss, scale) for loss in REGRESSIONS for scale in (1e-100, 1e-12, 1e12, 1e100)],
)
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_targets_of_any_size(loss: str, penalty: str, scale: float) -> None:
    """Least squares and huber scale with y, the log links shift their intercept by log scale."""
    X, y = random_problem(12, loss=loss)
    kinds: dict[str, Any] = {"penalty": penalty, "n_lambdas": 20, "tol": 1e-11}
    scaled = sh.Huber(1.35 * scale) if loss == "huber" else loss
    path = sh.fit_path(X, scale * y, loss=scaled, **kinds)
    other = sh.fit_path(X, y, loss=loss, **kinds)
    assert path.converged.all()
    shift, unit = (np.log(scale), 1.0) if loss in ("poisson", "gamma") else (0.0, scale)
    np.testing.assert_allclose(path.coefs / unit, other.coefs, atol=1e-6)
    np.testing.assert_allclose((path.intercepts - shift) / unit, other.intercepts, atol=1e-6)


@each_loss
def test_bounds_that_leave_no_room(loss: str) -> None:
    X, y = random_problem(13, loss=loss)
    path = sh.fit_path(X, y, loss=loss, lower=0.0, upper=0.0, n_lambdas=5)
    assert not path.coefs.any()
    assert path.converged.all()


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_what_is_unpenalized_explains_everything(loss: str) -> None:
    X, _ = random_problem(14)
    factors = [0, 1, 1, 1, 1, 1, 1, 1]
    y = FORMULAS[loss].mean(2.0 * X[:, 0])
    path = sh.fit_path(X, y, loss=loss, penalty_factor=factors, n_lambdas=5)
    assert path.converged.all()
    np.testing.assert_allclose(path.coefs[0], 2.0, rtol=1e-9)
    np.testing.assert_allclose(path.coefs[1:], 0.0, atol=1e-9)


@each_loss
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_above_the_largest_lambda_only_the_intercept_is_left(loss: str, penalty: str) -> None:
    X, y = random_problem(15, loss=loss)
    largest = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=2).lambdas[0]
    path = certified(
        X, y, loss=loss, penalty=penalty, lambdas=largest * np.array([1e300, 1e3, 1.0 + 1e-9])
    )
    assert not path.coefs.any()
    assert (path.intercepts == path.intercepts[0]).all()
    np.testing.assert_allclose(path.deviance_ratio, 0.0, atol=1e-12)


@each_loss
def test_an_ill_conditioned_fit_says_so(loss: str) -> None:
    """Powers of x up to 12: what the arithmetic cannot reach must be reported, not claimed."""
    x = np.linspace(0.0, 1.0, 150)[:, None]
    X = x ** np.arange(1, 13)
    rng = np.random.default_rng(0)
    y = np.sin(12 * x[:, 0]) + 0.1 * rng.normal(size=150)
    log_link = loss in ("poisson", "gamma")
    y = y > 0 if loss in CLASSES else FORMULAS[loss].target(y, rng) if log_link else y
    for lambdas in (None, [1e-12]):
        path = quietly(X, y, loss=loss, lambdas=lambdas)
        gaps = Reference(X, y, loss=loss).gaps(path)[1]
        assert (gaps[path.converged] <= path.tol).all()
        # Coefficients of 1e6, as the log links have them, leave η 1e-10 of rounding: 100 λ.
        np.testing.assert_allclose(path.gaps, gaps, rtol=0.05 if log_link else 1e-3, atol=1e-7)


def copies(n: int, p: int, loss: str) -> tuple[np.ndarray, np.ndarray]:
    """(n, p) p copies of a column, and targets that follow it."""
    rng = np.random.default_rng(16)
    column = np.where(rng.random(n) < 0.5, rng.normal(1.0, 1.0, n), 0.0)
    y = FORMULAS[loss].target(column + 0.3 * rng.normal(size=n), rng)
    return np.asfortranarray(np.repeat(column[:, None], p, axis=1)), y


@each_loss
@pytest.mark.parametrize(("penalty", "p"), [("l1", 100_000), ("l2", 100_000), ("elasticnet", 300)])
@pytest.mark.parametrize("form", [np.asfortranarray, sparse.csc_array])
def test_many_copies_of_one_column(loss: str, penalty: str, p: int, form: Any) -> None:
    """They share the weight that one alone would have; L2 is divided by their number."""
    n = 16
    X, y = copies(n, p, loss)
    kinds: dict[str, Any] = {"loss": loss, "penalty": penalty}
    lambdas = np.array([0.1, 0.05]) * (p if penalty == "l2" else 1)
    path = sh.fit_path(form(X), y, lambdas=lambdas, time_limit=30.0, **kinds)
    assert not path.time_limited
    assert path.converged.all()
    # Shared by p copies β costs α|β| + ½(1 − α)β²/p.
    share = SHARE[penalty]
    cost = share + (1.0 - share) / p
    alone = sh.fit_path(
        X[:, :1],
        y,
        loss=loss,
        penalty=sh.ElasticNet(share / cost),
        lambdas=lambdas * cost,
        tol=1e-10,
    )
    total = np.asarray(path.coefs_sparse.sum(axis=0))
    np.testing.assert_allclose(total, alone.coefs[0], atol=3e-3 * np.abs(alone.coefs).max())


def test_too_many_copies_for_the_time_are_left_with_what_is_done() -> None:
    """An elastic net spreads over every copy, which is long work: the time limit ends it."""
    X, y = copies(16, 100_000, "logistic")
    path = quietly(X, y, loss="logistic", penalty="elasticnet", lambdas=[0.1, 0.01], time_limit=0.5)
    assert np.isfinite(path.coefs_sparse.data).all()
    assert path.time_limited or path.converged.all()


@each_loss
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_tolerance_below_rounding_is_said_to_be_missed(loss: str, penalty: str) -> None:
    """The whole path comes back, each λ with the gap that it reached."""
    X, y = random_problem(17, loss=loss)
    kinds: dict[str, Any] = {"loss": loss, "penalty": penalty, "n_lambdas": 10}
    path = quietly(X, y, tol=1e-300, time_limit=30.0, **kinds)
    assert not path.time_limited and len(path.lambdas) == 10
    assert np.isfinite(path.coefs).all() and np.isfinite(path.intercepts).all()
    np.testing.assert_array_equal(path.converged, path.gaps <= 1e-300)
    gaps = Reference(X, y, loss=loss, alpha=SHARE[penalty]).gaps(path)[1]
    assert gaps.max() <= 1e-11
    if not path.converged.all():
        with pytest.warns(sh.ConvergenceWarning, match=r"missed tol=1e-300.*Raise"):
            sh.fit_path(X, y, tol=1e-300, **kinds)


@each_loss
def test_what_was_fitted_before_a_lambda_that_fails_is_kept(loss: str) -> None:
    X, y = random_problem(18, loss=loss)
    whole = sh.fit_path(X, y, loss=loss, n_lambdas=8)
    path = quietly(X, y, loss=loss, lambdas=np.append(whole.lambdas, 1e-30), max_iter=20)
    np.testing.assert_array_equal(path.coefs[:, :8], whole.coefs)
    assert path.converged[:8].all()
    # At 1e-30 the penalty is nothing: what is above the fit without one is what the fit misses.
    free = sh.fit_path(X, y, loss=loss, lambdas=[0.0])
    above = free.gaps[0] + (path.losses[8] - free.losses[0]) / path.null_deviance
    assert not path.converged[8] or above <= path.tol + 1e-12
