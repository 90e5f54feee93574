"""The calls of scikit-learn and glmnet that minimize what a fit minimized, as they are typed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import InvalidArgument
from ..losses import Loss
from ..penalties import Penalty
from .conversions import GLMNET_FAMILIES, SklearnSetting, to_glmnet, to_sklearn

# What is fitted to y − offset has the same minimizer; of gamma, to y exp(−offset).
SHIFTED_TARGETS = {"squared": "y - offset", "quantile": "y - offset", "gamma": "y * exp(-offset)"}


@dataclass(frozen=True)
class Fit:
    """What a call must repeat; see `explain_objective`, whose arguments these are."""

    loss: Loss
    penalty: Penalty
    lam: float
    weight_sum: float
    fit_intercept: bool
    standardize: bool
    weighted: bool
    offset: bool
    penalty_factor: bool
    factor_mean: float | None
    bounded: bool
    target_std: float | None
    outputs: int | None

    @property
    def several_targets(self) -> bool:
        """Whether an observation has several targets, not classes."""
        return self.outputs is not None and not self.loss.multiclass


def sklearn_call(fit: Fit) -> str:
    """An expression of X, y, w and offset, fitted by ``.fit(X, y)`` where that is not in it."""
    if fit.penalty.peers.sklearn is None:
        return _no_call("it has no such penalty")
    try:
        setting = _sklearn_setting(fit)
    except InvalidArgument as error:
        return _no_call(str(error.fields["remedy"]))
    missing = _missing_in_sklearn(fit, setting.estimator)
    if missing:
        return _no_call(missing)
    call, step = str(setting), ""
    if fit.standardize:
        # Without intercept the columns are scaled about their means, and not centred.
        scaler = "StandardScaler()" if fit.fit_intercept else "StandardScaler(with_mean=False)"
        call, step = f"make_pipeline({scaler}, {call})", f"{setting.estimator.lower()}__"
    if not (fit.weighted or fit.offset):
        return call
    target = SHIFTED_TARGETS[fit.loss.name] if fit.offset else "y"
    weights = f", {step}sample_weight=w" if fit.weighted else ""
    if fit.weighted and fit.standardize:
        weights = f", standardscaler__sample_weight=w{weights}"
    return f"{call}.fit(X, {target}{weights})"


def _sklearn_setting(fit: Fit) -> SklearnSetting:
    if fit.loss.name in ("logistic", "multinomial") and fit.lam == 0.0:
        parameters: dict[str, float | str | bool] = {"C": float("inf")}
        if not fit.fit_intercept:
            parameters["fit_intercept"] = False
        return SklearnSetting("LogisticRegression", parameters)
    setting = to_sklearn(
        fit.lam,
        loss=fit.loss,
        penalty=fit.penalty,
        weight_sum=fit.weight_sum,
        fit_intercept=fit.fit_intercept,
    )
    if setting.parameters.get("l1_ratio") and setting.estimator == "LogisticRegression":
        return replace(setting, parameters={**setting.parameters, "solver": "saga"})
    return setting


def _missing_in_sklearn(fit: Fit, estimator: str) -> str | None:
    """Why it has no equal call; None when it has."""
    if fit.penalty_factor:
        return f"{estimator} has no penalty factors"
    if fit.bounded:
        return f"{estimator} has no bounds"
    if fit.offset and fit.loss.name not in SHIFTED_TARGETS:
        return f"{estimator} has no offset"
    if fit.weighted and estimator == "MultiTaskLasso":
        return f"{estimator} has no sample weights"
    if fit.loss.multiclass and fit.outputs == 2:
        return f"of two classes {estimator} has one η"
    return None


def glmnet_call(fit: Fit) -> str:
    """A call of R with x, y and, where the fit had them, w, offset, f, lower and upper."""
    peer = fit.penalty.peers.glmnet
    if peer is None:
        return _no_call("it has no such penalty")
    if fit.loss.name not in GLMNET_FAMILIES:
        return "no such family"
    grouped = peer == "grouped"
    if grouped and fit.loss.name not in ("squared", "multinomial"):
        return _no_call("it has no such penalty for one η")
    if fit.several_targets and not grouped:
        return "one call per target"
    if fit.penalty_factor and fit.factor_mean is None:
        return "its lambda depends on the mean of the factors, which is not known here"
    # glmnet rescales the factors to a mean of 1, and refuses those that are all 0.
    mean = fit.factor_mean if fit.penalty_factor and fit.factor_mean is not None else 1.0
    try:
        family, lam, alpha = _glmnet_numbers(fit, fit.lam * mean)
    except InvalidArgument as error:
        if error.code == "argument.missing":
            return "its lambda depends on the deviation of y, which is not known here"
        return _no_call("it refuses a constant y")
    arguments = [f'family="{family}"', f"lambda={lam:.10g}", f"alpha={alpha:.10g}"]
    optional = {
        "standardize=FALSE": not fit.standardize,
        "intercept=FALSE": not fit.fit_intercept,
        "weights=w": fit.weighted,
        "offset=offset": fit.offset,
        "penalty.factor=f": fit.penalty_factor and mean > 0.0,
        "lower.limits=lower, upper.limits=upper": fit.bounded,
        'type.multinomial="grouped"': grouped and fit.loss.multiclass,
    }
    arguments += [argument for argument, used in optional.items() if used]
    return f"glmnet(x, y, {', '.join(arguments)})"


def _glmnet_numbers(fit: Fit, lam: float) -> tuple[str, float, float]:
    """family, lambda and alpha."""
    if fit.penalty.peers.glmnet == "grouped":
        return ("multinomial" if fit.loss.multiclass else "mgaussian"), lam, 1.0
    setting = to_glmnet(lam, loss=fit.loss, penalty=fit.penalty, target_std=fit.target_std)
    return setting.family, setting.lam, setting.alpha


def _no_call(reason: str) -> str:
    return f"no equal call ({reason})"
