"""The calls that a fit prints are run: scikit-learn's as they stand, glmnet's by R's formulas."""

import re
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import shrinkage as sh
from shrinkage import conventions
from shrinkage.penalties import Penalty

N, P = 40, 4
rng = np.random.default_rng(0)
X = rng.normal(size=(N, P)) * [1.0, 3.0, 0.5, 2.0] + [0.0, 1.0, -1.0, 0.5]
signal = X @ [1.0, -0.4, 0.0, 0.3]
w = rng.uniform(0.5, 2.0, N)
offset = rng.normal(size=N)
factors = np.array([1.0, 0.5, 2.0, 0.0])
lower, upper = np.array([0.0, -0.1, -np.inf, 0.0]), np.array([0.2, 0.0, np.inf, np.inf])
TARGETS: dict[str, Any] = {
    "squared": signal + rng.normal(size=N) + 2,
    "quantile": signal + rng.normal(size=N) + 2,
    "huber": signal + rng.normal(size=N) + 2,
    "logistic": (signal + rng.logistic(size=N) > 0).astype(int),
    "squared_hinge": (signal + rng.logistic(size=N) > 0).astype(int),
    "poisson": rng.poisson(np.exp(0.3 * signal)).astype(float),
    "gamma": np.exp(0.3 * signal) * rng.gamma(2.0, size=N) + 0.01,
    "multinomial": np.digitize(signal + rng.logistic(size=N), [-1.0, 1.0]),
}


def exact(kind: Any, **settings: Any) -> Any:
    return partial(kind, **settings)


NAMES = {
    "X": X,
    "w": w,
    "offset": offset,
    "exp": np.exp,
    "inf": np.inf,
    "make_pipeline": make_pipeline,
    "StandardScaler": StandardScaler,
    "Lasso": exact(linear_model.Lasso, tol=1e-13, max_iter=100_000),
    "ElasticNet": exact(linear_model.ElasticNet, tol=1e-13, max_iter=100_000),
    "Ridge": exact(linear_model.Ridge, solver="cholesky"),
    "LogisticRegression": exact(linear_model.LogisticRegression, tol=1e-10, max_iter=100_000),
    "PoissonRegressor": exact(linear_model.PoissonRegressor, solver="newton-cholesky", tol=1e-10),
    "GammaRegressor": exact(linear_model.GammaRegressor, solver="newton-cholesky", tol=1e-10),
    "QuantileRegressor": linear_model.QuantileRegressor,
    "LinearSVC": exact(LinearSVC, tol=1e-10, max_iter=1_000_000),
    "MultiTaskLasso": exact(linear_model.MultiTaskLasso, tol=1e-13, max_iter=100_000),
}


def fitted(
    loss: str, penalty: Any, y: Any, how: dict[str, Any]
) -> tuple[np.ndarray, dict[str, str]]:
    """The coefficients, and the lines of the explanation by their names."""
    tol = 1e-12 if loss == "quantile" else 1e-13
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, lambdas=[0.05], tol=tol, **how)
    lines = dict(
        line.split(":  ", 1) for line in path.explain_objective().splitlines() if ":  " in line
    )
    return path.coefs[..., 0], lines


def coefficients(call: str, y: Any) -> np.ndarray:
    """What the printed expression gives, on the scale of X."""
    model = eval(call, {"__builtins__": {}}, {**NAMES, "y": y})
    if ".fit(" not in call:
        model.fit(X, y)
    if call.startswith("make_pipeline"):
        return model[-1].coef_ / model[0].scale_
    return model.coef_


def settings() -> list[Any]:
    """(loss, penalty, how) of which scikit-learn has a call."""
    cases = []
    kinds = [
        ("squared", "l1"), ("squared", "l2"), ("squared", "elasticnet"), ("quantile", "l1"),
        ("logistic", "l1"), ("logistic", "l2"), ("poisson", "l2"), ("gamma", "l2"),
        ("multinomial", "l2"), ("squared_hinge", "l2"),
    ]  # fmt: skip
    ways = [(True, True, 0), (True, False, 1), (False, True, 1), (False, False, 0)]
    for (loss, penalty), (standardize, intercept, weighted) in product(kinds, ways):
        how: dict[str, Any] = {"standardize": standardize, "fit_intercept": intercept}
        if loss == "squared_hinge":
            how["fit_intercept"] = False  # it would penalize the intercept
        if weighted:
            how["sample_weight"] = w
        if weighted == standardize and loss in ("squared", "quantile", "gamma"):
            how["offset"] = offset
        cases.append(pytest.param(loss, penalty, how, id=f"{loss}-{penalty}-{'-'.join(how)}"))
    return cases


@pytest.mark.parametrize(("loss", "penalty", "how"), settings())
def test_the_line_of_scikit_learn_gives_the_coefficients(loss: str, penalty: str, how: Any) -> None:
    coef, lines = fitted(loss, penalty, TARGETS[loss], how)
    theirs = coefficients(lines["scikit-learn"], TARGETS[loss])
    np.testing.assert_allclose(np.squeeze(theirs), np.squeeze(coef.T), atol=1e-6)


@pytest.mark.parametrize("penalty", ["l1", "l2", "row_group"])
def test_several_targets(penalty: str) -> None:
    y = np.column_stack([TARGETS["squared"], TARGETS["squared"] ** 2, X[:, 1] + offset])
    coef, lines = fitted("squared", penalty, y, {})
    np.testing.assert_allclose(coefficients(lines["scikit-learn"], y), coef.T, atol=1e-6)


NO_CALL = {
    "factors": ("squared", "l1", {"penalty_factor": factors}, "penalty factors"),
    "bounds": ("squared", "l1", {"lower": lower, "upper": upper}, "bounds"),
    "offset": ("logistic", "l2", {"offset": offset}, "offset"),
    "counts": ("poisson", "l2", {"offset": offset}, "offset"),
    "share": ("poisson", "l1", {}, "L2"),
    "hinge": ("squared_hinge", "l2", {}, "intercept"),
    "huber": ("huber", "l2", {}, "converted for"),
}


@pytest.mark.parametrize("name", NO_CALL)
def test_no_equal_call_names_the_reason(name: str) -> None:
    loss, penalty, how, reason = NO_CALL[name]
    line = fitted(loss, penalty, TARGETS[loss], how)[1]["scikit-learn"]
    assert line.startswith("no equal call")
    assert reason in line


def test_two_classes_have_one_eta_there() -> None:
    line = fitted("multinomial", "l2", TARGETS["logistic"], {})[1]["scikit-learn"]
    assert line == "no equal call (of two classes LogisticRegression has one η)"


# R's side: the documentation of glmnet 4 (arguments `lambda`, `standardize`, `penalty.factor`) and
# its standardize.hpp.


def arguments(call: str) -> dict[str, str]:
    assert call.startswith("glmnet(x, y, ")
    return dict(re.findall(r'([\w.]+)="?([^,")]+)', call))


def glmnet_stationarity(call: str, y: Any, coef: np.ndarray) -> float:
    """How far `coef` is from the minimum of what the call minimizes, in glmnet's own units."""
    given = arguments(call)
    weights = w if "weights" in given else np.ones(N)
    weights = weights / weights.sum()
    shift = offset if "offset" in given else np.zeros(N)
    intercept = given.get("intercept") != "FALSE"
    means = weights @ X
    scale = np.ones(P)
    if given.get("standardize") != "FALSE":
        scale = np.sqrt(weights @ (X - means) ** 2)
    lam, alpha = float(given["lambda"]), float(given["alpha"])
    rate = np.ones(P)
    if "penalty.factor" in given:
        rate = factors * P / factors.sum()
    coef = coef.reshape(P, -1)
    unit = 1.0
    if given["family"] == "gaussian":
        target = y - shift
        unit = np.sqrt(weights @ (target - (weights @ target if intercept else 0.0)) ** 2)
        residual = target - X @ coef[:, 0]
        lam /= unit  # the user's lambda is that of y as it came
        residual = ((residual - (weights @ residual if intercept else 0.0)) / unit)[:, None]
    elif given["family"] == "mgaussian":
        residual = y - X @ coef
        residual = residual - weights @ residual
    else:
        residual = glm_residual(given["family"], X @ coef + shift[:, None], y, weights, intercept)
    beta = coef * scale[:, None] / unit
    push = (X / scale[:, None].T).T @ (weights[:, None] * residual)
    push -= lam * (1 - alpha) * rate[:, None] * beta
    grouped = given["family"] == "mgaussian" or "type.multinomial" in given
    if grouped:
        norm = np.linalg.norm(beta, axis=1, keepdims=True)
        there = push - lam * rate[:, None] * beta / np.where(norm > 0, norm, 1.0)
        zero = np.maximum(np.linalg.norm(push, axis=1, keepdims=True) - lam * rate[:, None], 0.0)
        return float(np.abs(np.where(norm > 0, there, zero)).max())
    kink = lam * alpha * rate[:, None]
    low = np.where(beta > 0, push - kink, np.where(beta < 0, push + kink, push - kink))
    high = np.where(beta > 0, push - kink, push + kink)
    # push − λ∂|β| must hold 0: [low, high] where β is free, one side of it at a bound.
    at_low = ("lower.limits" in given) & np.isclose(coef, lower[:, None], rtol=0, atol=1e-12)
    at_high = ("upper.limits" in given) & np.isclose(coef, upper[:, None], rtol=0, atol=1e-12)
    too_high, too_low = np.maximum(low, 0.0), np.maximum(-high, 0.0)
    too_high[at_high], too_low[at_low] = 0.0, 0.0
    return float(max(too_high.max(), too_low.max()))


def glm_residual(
    family: str, eta: np.ndarray, y: Any, weights: np.ndarray, intercept: bool
) -> np.ndarray:
    """y − μ at the best intercept, found by Newton's steps of each column."""
    codes = (y[:, None] == np.arange(3)) if family == "multinomial" else np.asarray(y)[:, None]
    b = np.zeros(eta.shape[1])
    for _ in range(200 if intercept else 1):
        if family == "multinomial":
            e = np.exp(eta + b)
            mu = e / e.sum(axis=1, keepdims=True)
            bend = mu * (1 - mu)
        elif family == "binomial":
            mu = 1 / (1 + np.exp(-eta - b))
            bend = mu * (1 - mu)
        else:
            mu = bend = np.exp(eta + b)
        if intercept:
            b = b + (weights @ (codes - mu)) / (weights @ bend)
    return codes - mu


def glmnet_settings() -> list[Any]:
    specials: dict[str, dict[str, Any]] = {
        "plain": {},
        "raw": {"standardize": False},
        "through zero": {"fit_intercept": False},
        "weights": {"sample_weight": w, "standardize": False},
        "offset": {"offset": offset},
        "offset through zero": {"offset": offset, "fit_intercept": False, "sample_weight": w},
        "factors": {"penalty_factor": factors, "sample_weight": w},
        "bounds": {"lower": lower, "upper": upper},
        "all": {
            "sample_weight": w,
            "offset": offset,
            "penalty_factor": factors,
            "lower": lower,
            "upper": upper,
            "fit_intercept": False,
        },
    }
    cases = []
    for loss, penalty in (
        ("squared", "l1"),
        ("squared", "l2"),
        ("squared", sh.ElasticNet(0.3)),
        ("logistic", sh.ElasticNet(0.3)),
        ("poisson", "l1"),
        ("multinomial", "l1"),
        ("multinomial", "row_group"),
    ):
        for name, how in specials.items():
            if penalty == "row_group" and ("lower" in how):
                continue
            used = (
                {**how, "offset": np.tile(offset[:, None], (1, 3))}
                if (loss == "multinomial" and "offset" in how)
                else how
            )
            cases.append(pytest.param(loss, penalty, used, id=f"{loss}-{penalty}-{name}"))
    return cases


@pytest.mark.parametrize(("loss", "penalty", "how"), glmnet_settings())
def test_the_line_of_glmnet_has_its_minimum_there(loss: str, penalty: Any, how: Any) -> None:
    coef, lines = fitted(loss, penalty, TARGETS[loss], how)
    assert glmnet_stationarity(lines["glmnet"], TARGETS[loss], coef) < 1e-6
    moved = coef + 0.01
    assert glmnet_stationarity(lines["glmnet"], TARGETS[loss], moved) > 1e-4


def test_glmnet_of_several_targets() -> None:
    y = np.column_stack([TARGETS["squared"], X[:, 1] + offset, TARGETS["gamma"]])
    coef, lines = fitted("squared", "row_group", y, {"sample_weight": w})
    assert 'family="mgaussian"' in lines["glmnet"]
    assert glmnet_stationarity(lines["glmnet"], y, coef) < 1e-6


def test_a_penalty_that_nobody_knows_is_explained() -> None:
    class Own(Penalty):
        name = "own"
        formula = "Σ log(1 + |β_j|)"

    text = conventions.explain_objective("squared", Own(), 0.5, weight_sum=10.0)
    assert "0.5 · [Σ log(1 + |β_j|)]" in text
    assert "textbook:  Σ w_i (ŷ_i − y_i)² + 10 · [Σ log(1 + |β_j|)]" in text
    assert text.count("no equal call") == 2


def test_what_a_line_needs_and_nobody_gave() -> None:
    text = conventions.explain_objective("squared", "l1", 0.5, weight_sum=10, penalty_factor=True)
    assert "mean of the factors, which is not known" in text
    text = conventions.explain_objective("squared", "l2", 0.5, weight_sum=10, target_std=0.0)
    assert "glmnet:  no equal call (it refuses a constant y)" in text
    text = conventions.explain_objective(
        "squared", "l1", 0.5, weight_sum=10, penalty_factor=True, factor_mean=0.0
    )
    assert "lambda=0, alpha=1, standardize=FALSE)" in text
