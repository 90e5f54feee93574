"""Coefficients of the losses beyond squared against every peer that has them, at matched λ.

The peers are optional: what is not installed is skipped, with the command that installs it.
"""

import contextlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import linear_model, svm
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from support.datasets import random_problem

TOL = 1e-13
SHARE = {"l1": 1.0, "elasticnet": 0.5, "l2": 0.0}


def peer(module: str, package: str) -> ModuleType:
    """A peer's module; the test is skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own
        return pytest.importorskip(module, reason=f"pip install {package} to compare with it")


def problem(loss: str, seed: int, n: int = 120, p: int = 6) -> tuple[Any, Any, Any]:
    """Columns of unit spread, targets, and weights; classes are 0 and 1."""
    X, y = random_problem(seed, n=n, p=p, loss=loss)
    weights = np.random.default_rng(seed).uniform(0.2, 2.0, n)
    return np.asfortranarray(StandardScaler().fit_transform(X)), y, weights


def ours(X: Any, y: Any, loss: Any, share: float, lam: float, **kinds: Any) -> np.ndarray:
    """Our coefficients with the intercept at the end."""
    path = sh.fit_path(
        X,
        y,
        loss=loss,
        penalty=sh.ElasticNet(share),
        lambdas=[lam],
        standardize=False,
        tol=TOL,
        **kinds,
    )
    assert path.converged.all()
    return np.append(path.coefs[:, 0], path.intercepts[0])


def assert_close(found: np.ndarray, theirs: Any, share: float = 1e-6) -> None:
    theirs = np.asarray(theirs, dtype=float).ravel()
    assert np.abs(theirs).max() > 0
    np.testing.assert_allclose(found, theirs, rtol=0, atol=share * np.abs(theirs).max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
@pytest.mark.parametrize("lam", [1.0, 0.05])
def test_scikit_learn_poisson_and_gamma(loss: str, lam: float, weighted: bool) -> None:
    X, y, w = problem(loss, 21)
    kind = linear_model.PoissonRegressor if loss == "poisson" else linear_model.GammaRegressor
    model = kind(alpha=lam, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    weights = w if weighted else None
    model.fit(X, y, sample_weight=weights)
    found = ours(X, y, loss, 0.0, lam, sample_weight=weights)
    assert_close(found, np.append(model.coef_, model.intercept_))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("lam", [0.3, 0.02])
def test_scikit_learn_support_vectors(penalty: str, lam: float, weighted: bool) -> None:
    """liblinear penalizes its intercept, so both go without."""
    X, y, w = problem("squared_hinge", 22)
    weights = w if weighted else np.ones(len(y))
    model = svm.LinearSVC(
        penalty=penalty,
        loss="squared_hinge",
        dual=False,
        C=1.0 / (lam * weights.sum()),
        fit_intercept=False,
        tol=1e-10,
        max_iter=10**6,
    ).fit(X, y, sample_weight=weights)
    found = ours(
        X, y, "squared_hinge", SHARE[penalty], lam, fit_intercept=False, sample_weight=weights
    )
    assert_close(found[:-1], model.coef_)


@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("loss", ["gamma", "poisson", "logistic"])
def test_glum(loss: str, penalty: str) -> None:
    glum = peer("glum", "glum")
    X, y, w = problem(loss, 23)
    for lam in (0.1, 0.01):
        setting = sh.conventions.to_glum(lam, loss=loss, penalty=sh.ElasticNet(SHARE[penalty]))
        model = glum.GeneralizedLinearRegressor(
            family=setting.family,
            alpha=setting.alpha,
            l1_ratio=setting.l1_ratio,
            scale_predictors=False,
            gradient_tol=1e-11,
            max_iter=1000,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that its tolerance is beyond rounding
            model.fit(X, y, sample_weight=w)
        found = ours(X, y, loss, SHARE[penalty], lam, sample_weight=w)
        assert_close(found, np.append(model.coef_, model.intercept_))


@pytest.mark.parametrize("delta", [0.3, 1.35])
@pytest.mark.parametrize("lam", [0.1, 0.01])
def test_skglm_huber(delta: float, lam: float) -> None:
    skglm = peer("skglm", "skglm")
    X, y, _ = problem("huber", 24)
    model = skglm.GeneralizedLinearEstimator(
        datafit=skglm.datafits.Huber(delta),
        penalty=skglm.penalties.L1(lam),
        solver=skglm.solvers.AndersonCD(tol=1e-12, fit_intercept=True, max_epochs=10**5),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    found = ours(X, y, sh.Huber(delta), 1.0, lam)
    assert_close(found, np.append(model.coef_, model.intercept_))


@pytest.mark.parametrize("penalty", SHARE)
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_glmnet(loss: str, penalty: str) -> None:
    glmnet = peer("glmnet", "glmstar")
    from glmnet.paths.fastnet import FastNetControl

    X, y, w = problem(loss, 25)
    kind = {"squared": "GaussNet", "logistic": "LogNet", "poisson": "FishNet"}[loss]
    for lam in (0.1, 0.02):
        setting = sh.conventions.to_glmnet(
            lam,
            loss=loss,
            penalty=sh.ElasticNet(SHARE[penalty]),
            target_std=sh.conventions.target_std(y, w) if loss == "squared" else None,
        )
        model = getattr(glmnet, kind)(
            lambda_values=np.array([setting.lam]),
            alpha=setting.alpha,
            standardize=False,
            response_id="y",
            weight_id="w",
            control=FastNetControl(
                thresh=1e-15, fdev=0, devmax=1.0, maxit=10**8, epsnr=1e-14, mxitnr=500
            ),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, pd.DataFrame({"y": y, "w": w}))
        theirs = np.append(np.ravel(model.coefs_), np.ravel(model.intercepts_))
        assert_close(ours(X, y, loss, SHARE[penalty], lam, sample_weight=w), theirs)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_adelie(loss: str, penalty: str) -> None:
    adelie = peer("adelie", "adelie")
    X, y, w = problem(loss, 26)
    weights = w / w.sum()
    family = {"squared": "gaussian", "logistic": "binomial", "poisson": "poisson"}[loss]
    for lam in (0.1, 0.02):
        more = {} if loss == "squared" else {"irls_tol": 1e-14}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = adelie.grpnet(
                X,
                getattr(adelie.glm, family)(np.asarray(y, dtype=float), weights=weights),
                alpha=SHARE[penalty],
                lmda_path=[lam],
                tol=1e-15,
                early_exit=False,
                progress_bar=False,
                max_iters=10**7,
                **more,
            )
        theirs = np.append(state.betas.toarray()[0], state.intercepts[0])
        assert_close(ours(X, y, loss, SHARE[penalty], lam, sample_weight=w), theirs)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [1e-4, 1.0, 100.0])
@pytest.mark.parametrize("epsilon", [1.05, 1.35, 3.0])
def test_huber_at_the_scale_that_scikit_learn_estimates(
    epsilon: float, alpha: float, fit_intercept: bool
) -> None:
    """HuberRegressor minimizes Σ w [σ + σ H_ε(r/σ)] + α‖β‖² over β and σ (Owen 2007).

    As σ H_ε(r/σ) = 2/σ · huber_δ(r) with δ = εσ, its coefficients are ours at that δ and
    λ = ασ/Σw once σ is its own estimate, whatever that is.
    """
    X, y, w = problem("huber", 27, n=200)
    model = linear_model.HuberRegressor(
        epsilon=epsilon, alpha=alpha, tol=1e-12, max_iter=10_000, fit_intercept=fit_intercept
    )
    model.fit(X, y, sample_weight=w)
    if fit_intercept:  # without one scikit-learn's warm start begins to fit it
        model.set_params(warm_start=True)
        with contextlib.suppress(ValueError):  # that a start cannot be improved
            for _ in range(5):  # L-BFGS stops early: restarts bring the last digits
                model.fit(X, y, sample_weight=w)
    lam, loss = alpha * model.scale_ / w.sum(), sh.Huber(epsilon * model.scale_)
    found = ours(X, y, loss, 0.0, lam, sample_weight=w, fit_intercept=fit_intercept)
    theirs = np.append(model.coef_, model.intercept_)
    assert_close(found, theirs, 1e-5 if fit_intercept else 5e-5)

    def objective(b: np.ndarray) -> float:
        mean = sh.core.loss_value(loss, y, X @ b[:-1] + b[-1], sample_weight=w)
        return mean + 0.5 * lam * float(b[:-1] @ b[:-1])

    assert -1e-14 <= objective(theirs) - objective(found) <= 1e-9
