"""How each package fits a whole path of L1 problems, at its own best setting for accuracy `tol`.

Every function takes X, y, the λ grid and a tolerance and returns the coefficients (p, L). Early
stops on explained deviance are switched off: all λ are fitted by all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Fit = Callable[[Any, Any, Any, float], Any]


def shrinkage_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    import shrinkage as sh

    fit = sh.fit_path(X, y, lambdas=lambdas, fit_intercept=False, standardize=False, tol=tol)
    return fit.coefs


def shrinkage_logistic(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    import shrinkage as sh

    return sh.fit_path(
        X, y, loss="logistic", lambdas=lambdas, fit_intercept=False, standardize=False, tol=tol
    ).coefs


def sklearn_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from sklearn.linear_model import lasso_path

    n, p = X.shape
    precompute = X.T @ X if p <= min(n, 6000) else "auto"
    return lasso_path(
        X, y, alphas=lambdas, tol=tol, max_iter=100_000, precompute=precompute, copy_X=False
    )[1]


def celer_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from celer import celer_path

    return celer_path(X, y, pb="lasso", alphas=lambdas, tol=tol, max_iter=200, max_epochs=100_000)[
        1
    ]


def celer_logistic(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from celer import celer_path

    alphas = lambdas * len(y)
    signs = 2 * y - 1
    return celer_path(
        X, signs, pb="logreg", alphas=alphas, tol=tol, max_iter=200, max_epochs=100_000
    )[1]


def skglm_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD

    solver = AndersonCD(
        tol=tol, fit_intercept=False, max_iter=500, max_epochs=100_000, warm_start=True
    )
    return solver.path(X, y, Quadratic(), L1(1.0), alphas=lambdas)[1]


def _adelie(X: Any, family: Any, lambdas: Any, tol: float, **more: float) -> Any:
    import adelie

    state = adelie.grpnet(
        adelie.matrix.dense(X, method="naive", n_threads=2),
        family,
        lmda_path=lambdas,
        intercept=False,
        tol=tol,
        early_exit=False,
        n_threads=2,
        adev_tol=1.0,
        ddev_tol=0.0,
        progress_bar=False,
        max_iters=10_000_000,
        **more,
    )
    return state.betas.toarray().T


def adelie_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    import adelie

    return _adelie(X, adelie.glm.gaussian(y), lambdas, tol)


def adelie_logistic(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    import adelie

    return _adelie(X, adelie.glm.binomial(y), lambdas, tol, irls_tol=tol)


def glmstar_squared(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from glmnet import GaussNet
    from glmnet.paths.fastnet import FastNetControl

    control = FastNetControl(thresh=tol, fdev=0, devmax=1.0, maxit=10**8)
    model = GaussNet(lambda_values=lambdas, standardize=False, fit_intercept=False, control=control)
    model.fit(X, y)
    return np.asarray(model.coefs_).T


def glmstar_logistic(X: Any, y: Any, lambdas: Any, tol: float) -> Any:
    from glmnet import LogNet
    from glmnet.paths.fastnet import FastNetControl

    control = FastNetControl(
        thresh=tol,
        fdev=0,
        devmax=1.0,
        maxit=10**8,
        prec=1e-14,
        epsnr=max(tol, 1e-12),
        mxitnr=200,
    )
    model = LogNet(lambda_values=lambdas, standardize=False, fit_intercept=False, control=control)
    model.fit(X, y)
    coefs = np.asarray(model.coefs_)
    return coefs.reshape(len(coefs), -1).T


# Tolerances from loose to tight; the first that reaches the wanted gap is the one that counts.
OURS = [1e-4, 1e-6, 1e-8]
THRESHOLDS = [1e-7, 1e-9, 1e-11, 1e-13, 1e-15]
GAPS = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]

SOLVERS: dict[str, dict[str, tuple[Fit, list[float]]]] = {
    "squared": {
        "shrinkage": (shrinkage_squared, OURS),
        "scikit-learn": (sklearn_squared, GAPS),
        "glmstar": (glmstar_squared, THRESHOLDS),
        "adelie": (adelie_squared, THRESHOLDS),
        "celer": (celer_squared, GAPS),
        "skglm": (skglm_squared, GAPS),
    },
    "logistic": {
        "shrinkage": (shrinkage_logistic, OURS),
        "glmstar": (glmstar_logistic, THRESHOLDS),
        "adelie": (adelie_logistic, THRESHOLDS),
        "celer": (celer_logistic, GAPS),
    },
}
