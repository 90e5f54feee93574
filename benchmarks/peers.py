"""How each package fits a whole path of L1 problems, at its own best setting.

A solver takes (X, y, lambdas, tol). Its coefficients are read from its result afterwards, which is
not part of what is timed: ours, for one, builds the dense ones on first access.
All λ are fitted by all: early stops on explained deviance are switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Result:
    """What a solver returns.

    Attributes:
        coefs: gives the coefficients, (p, L) or (p, K, L).
        dual: gives the solver's own dual points (n, L), where −ℓ′(η) is none.
    """

    coefs: Callable[[], Any]
    dual: Callable[[], Any] | None = None


Fit = Callable[[Any, Any, Any, float], Result]

OURS = "shrinkage"
OUR_GAPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
THRESHOLDS = (1e-5, 1e-7, 1e-9, 1e-11, 1e-13, 1e-15, 1e-17, 1e-19)
GAPS = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14)


@dataclass(frozen=True)
class Solver:
    """One setting of one package.

    Attributes:
        distribution: the name under which pip knows the package.
        tolerances: from loose to tight, a hundredfold apart.
        takes: whether the setting can be used on this X.
        like: an earlier solver that needs the same tolerances, as it differs only in speed.
    """

    name: str
    distribution: str
    fit: Fit
    tolerances: tuple[float, ...] = GAPS
    takes: Callable[[Any], bool] = lambda _: True
    like: str | None = None

    @property
    def ours(self) -> bool:
        return self.distribution == OURS


def always(coefs: Any) -> Result:
    return Result(lambda: coefs)


# shrinkage


def shrinkage(X: Any, y: Any, lambdas: Any, tol: float, loss: Any, whole: bool = False) -> Result:
    import shrinkage as sh

    path = sh.fit_path(
        X, y, loss=loss, lambdas=lambdas, fit_intercept=whole, standardize=whole, tol=tol
    )
    if loss == "quantile":
        return Result(
            lambda: path.coefs,
            lambda: np.stack([path.dual(i) for i in range(len(lambdas))], axis=-1),
        )
    return Result(lambda: path.coefs)


# scikit-learn


def sklearn_lasso(X: Any, y: Any, lambdas: Any, tol: float, gram: bool) -> Result:
    from sklearn.linear_model import lasso_path

    precompute = X.T @ X if gram else False
    return always(
        lasso_path(
            X,
            y,
            alphas=lambdas,
            tol=tol,
            max_iter=100_000,
            precompute=precompute,
            copy_X=sparse.issparse(X),
        )[1]
    )


def sklearn_logistic(X: Any, y: Any, lambdas: Any, tol: float) -> Result:
    return _one_by_one(X, y, lambdas, tol, solver="liblinear")


def sklearn_saga(X: Any, y: Any, lambdas: Any, tol: float) -> Result:
    return _one_by_one(X, y, lambdas, tol, solver="saga", warm_start=True)


def _one_by_one(X: Any, y: Any, lambdas: Any, tol: float, **options: Any) -> Result:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        l1_ratio=1.0, fit_intercept=False, tol=tol, max_iter=100_000, random_state=0, **options
    )
    coefs = []
    for lam in lambdas:
        model.set_params(C=1.0 / (lam * len(y))).fit(X, y)
        coefs.append(model.coef_.T.copy())
    return Result(lambda: np.stack(coefs, axis=-1).squeeze())


# celer


def celer(X: Any, y: Any, lambdas: Any, tol: float, loss: str) -> Result:
    from celer import celer_path

    logistic = loss == "logreg"
    return always(
        celer_path(
            X,
            2 * y - 1 if logistic else y,
            pb=loss,
            alphas=lambdas * len(y) if logistic else lambdas,
            tol=tol,
            max_iter=200,
            max_epochs=100_000,
        )[1]
    )


# skglm


def skglm_lasso(X: Any, y: Any, lambdas: Any, tol: float) -> Result:
    from skglm.datafits import Quadratic
    from skglm.penalties import L1
    from skglm.solvers import AndersonCD

    solver = AndersonCD(
        tol=tol, fit_intercept=False, max_iter=500, max_epochs=100_000, warm_start=True
    )
    return always(solver.path(X, y, Quadratic(), L1(1.0), alphas=lambdas)[1])


def skglm_newton(X: Any, y: Any, lambdas: Any, tol: float, loss: str) -> Result:
    from skglm import datafits
    from skglm.penalties import L1
    from skglm.solvers import ProxNewton
    from skglm.utils.jit_compilation import compiled_clone

    solver = ProxNewton(tol=tol, fit_intercept=False, max_iter=200, warm_start=True)
    datafit = compiled_clone(getattr(datafits, loss)())
    target = 2 * y - 1 if loss == "Logistic" else y
    coefs = np.zeros((X.shape[1], len(lambdas)))
    beta, eta = np.zeros(X.shape[1]), np.zeros(len(y))
    for k, lam in enumerate(lambdas):
        penalty = compiled_clone(L1(lam))
        beta = solver.solve(X, target, datafit, penalty, w_init=beta.copy(), Xw_init=eta.copy())[0]
        eta = X @ beta
        coefs[:, k] = beta
    return always(coefs)


# adelie


def adelie(X: Any, y: Any, lambdas: Any, tol: float, family: str, threads: int) -> Result:
    import adelie as ad

    make = ad.matrix.sparse if sparse.issparse(X) else ad.matrix.dense
    given = {"irls_tol": tol} if family != "gaussian" else {}
    state = ad.grpnet(
        make(X, method="naive", n_threads=threads),
        getattr(ad.glm, family)(y),
        lmda_path=lambdas,
        intercept=False,
        tol=tol,
        early_exit=False,
        n_threads=threads,
        adev_tol=1.0,
        ddev_tol=0.0,
        progress_bar=False,
        max_iters=10_000_000,
        **given,
    )
    return Result(lambda: state.betas.toarray().T)


# glmstar: the glmnet authors' package


def glmstar(X: Any, y: Any, lambdas: Any, tol: float, model: str, whole: bool = False) -> Result:
    import glmnet
    from glmnet.paths.fastnet import FastNetControl

    newton = {"prec": 1e-14, "epsnr": max(tol, 1e-12), "mxitnr": 200}
    given = {} if model == "GaussNet" else newton
    control = FastNetControl(thresh=tol, fdev=0, devmax=1.0, maxit=10**8, **given)
    fitted = getattr(glmnet, model)(
        lambda_values=lambdas, standardize=whole, fit_intercept=whole, control=control
    )
    fitted.fit(X, y)
    return Result(lambda: _glmstar_coefs(np.asarray(fitted.coefs_), X.shape[1]))


def _glmstar_coefs(coefs: Any, p: int) -> Any:
    """(L, p) or (L, 1, p) as (p, L); (L, p, K) as (p, K, L)."""
    if coefs.ndim == 3 and coefs.shape[1] == p:
        return np.moveaxis(coefs, 0, -1)
    return coefs.reshape(len(coefs), p).T


# glum


def glum(X: Any, y: Any, lambdas: Any, tol: float, family: str) -> Result:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        family=family,
        l1_ratio=1.0,
        alpha_search=True,
        alphas=lambdas,
        fit_intercept=False,
        gradient_tol=tol,
        max_iter=1000,
        copy_X=False,
    )
    model.fit(X, y)
    return Result(lambda: np.asarray(model.coef_path_).T)


# skein-glm


def skein(X: Any, y: Any, lambdas: Any, tol: float, model: str, **options: Any) -> Result:
    import skein_glm

    if "max_outer" in options:
        options["outer_tol"] = tol
    fitted = getattr(skein_glm, model)(
        lambdas=lambdas, fit_intercept=False, tol=tol, max_iter=100_000, **options
    )
    fitted.fit(X, y)
    return Result(lambda: _skein_coefs(fitted, X.shape[1]))


def _skein_coefs(fitted: Any, p: int) -> Any:
    names = ("coef_path_", "coefs_")
    coefs = next(np.asarray(getattr(fitted, name)) for name in names if hasattr(fitted, name))
    return coefs if coefs.shape[0] == p else coefs.T


# pycasso


def pycasso(X: Any, y: Any, lambdas: Any, tol: float, family: str) -> Result:
    from pycasso import Solver as Pycasso

    model = Pycasso(
        X,
        y,
        lambdas=np.asarray(lambdas),
        family=family,
        useintercept=False,
        standardize=False,
        prec=tol,
        max_ite=100_000,
    )
    model.train()
    return Result(lambda: np.asarray(model.result["beta"]).T)


def by_hand(fit: Fit) -> Fit:
    """For packages whose path function neither centres nor scales: numpy does, within the call."""

    def whole(X: Any, y: Any, lambdas: Any, tol: float) -> Result:
        center, scale = X.mean(axis=0), X.std(axis=0)
        result = fit(np.asfortranarray((X - center) / scale), y - y.mean(), lambdas, tol)
        return Result(lambda: result.coefs() / scale[:, None])

    return whole


def dense(X: Any) -> bool:
    return not sparse.issparse(X)


def narrow(X: Any) -> bool:
    """glum forms a Hessian of all columns."""
    return X.shape[1] <= 1000


def gram_fits(X: Any) -> bool:
    return dense(X) and X.shape[1] <= 6000


def _ours(loss: Any, whole: bool = False) -> Solver:
    return Solver(OURS, OURS, partial(shrinkage, loss=loss, whole=whole), OUR_GAPS)


def _glmstar(model: str, whole: bool = False) -> Solver:
    return Solver("glmstar", "glmstar", partial(glmstar, model=model, whole=whole), THRESHOLDS)


def _adelie(family: str) -> tuple[Solver, Solver]:
    one, two = (partial(adelie, family=family, threads=threads) for threads in (1, 2))
    return (
        Solver("adelie", "adelie", one, THRESHOLDS),
        Solver("adelie, 2 threads", "adelie", two, THRESHOLDS, like="adelie"),
    )


def _skein(model: str, **options: Any) -> Solver:
    return Solver("skein-glm", "skein-glm", partial(skein, model=model, **options))


def _pycasso(family: str) -> Solver:
    return Solver("pycasso", "pycasso", partial(pycasso, family=family), takes=dense)


def _glum(family: str) -> Solver:
    return Solver("glum", "glum", partial(glum, family=family), takes=narrow)


# The likely fastest first: what the others may take is bounded by what the best has taken.
SOLVERS: dict[str, tuple[Solver, ...]] = {
    "squared": (
        _ours("squared"),
        _glmstar("GaussNet"),
        Solver(
            "scikit-learn, given Gram",
            "scikit-learn",
            partial(sklearn_lasso, gram=True),
            takes=gram_fits,
        ),
        *_adelie("gaussian"),
        Solver("scikit-learn", "scikit-learn", partial(sklearn_lasso, gram=False)),
        Solver("celer", "celer", partial(celer, loss="lasso")),
        _skein("ElasticNetPathRegressor", alpha=1.0),
        Solver("skglm", "skglm", skglm_lasso),
        _pycasso("gaussian"),
        _glum("normal"),
    ),
    "logistic": (
        _ours("logistic"),
        _glmstar("LogNet"),
        *_adelie("binomial"),
        Solver("celer", "celer", partial(celer, loss="logreg")),
        _skein("LogisticLassoPathRegressor", max_outer=1000),
        Solver("skglm", "skglm", partial(skglm_newton, loss="Logistic")),
        Solver("scikit-learn, liblinear", "scikit-learn", sklearn_logistic),
        _pycasso("binomial"),
        _glum("binomial"),
    ),
    "poisson": (
        _ours("poisson"),
        _glmstar("FishNet"),
        *_adelie("poisson"),
        _skein("PoissonLassoPathRegressor", max_outer=1000),
        Solver("skglm", "skglm", partial(skglm_newton, loss="Poisson")),
        _pycasso("poisson"),
        _glum("poisson"),
    ),
    "multinomial": (
        _ours("multinomial"),
        _glmstar("MultiClassNet"),
        _pycasso("multinomial"),
        Solver("scikit-learn, saga", "scikit-learn", sklearn_saga),
    ),
    "whole": (
        _ours("squared", whole=True),
        _glmstar("GaussNet", whole=True),
        Solver(
            "scikit-learn, given Gram", "scikit-learn", by_hand(partial(sklearn_lasso, gram=True))
        ),
        Solver(
            "adelie", "adelie", by_hand(partial(adelie, family="gaussian", threads=1)), THRESHOLDS
        ),
        Solver("celer", "celer", by_hand(partial(celer, loss="lasso"))),
        Solver(
            "skein-glm",
            "skein-glm",
            by_hand(partial(skein, model="ElasticNetPathRegressor", alpha=1.0)),
        ),
        Solver("skglm", "skglm", by_hand(skglm_lasso)),
        Solver("pycasso", "pycasso", by_hand(partial(pycasso, family="gaussian"))),
    ),
    **{loss: (_ours(loss),) for loss in ("huber", "squared_hinge", "gamma", "quantile")},
}
