"""The conversions themselves; `shrinkage.conventions` says what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray, as_floats, as_number, as_weights, refuse
from ..losses import Loss, Quantile, resolve_loss
from ..penalties import L1, L2, ElasticNet, Penalty, l1_ratio, resolve_penalty

Lambda = TypeVar("Lambda", float, npt.NDArray[np.float64])


@dataclass(frozen=True)
class Canonical:
    """A penalized model in our scale: what `fit_path` takes as loss, penalty and one of lambdas."""

    loss: str | Loss
    penalty: Penalty
    lam: float


@dataclass(frozen=True)
class TextbookSetting:
    """λ_t and the penalty of the textbook form; an elastic net carries α_t as its l1_ratio."""

    loss: str | Loss
    penalty: Penalty
    lam: float


@dataclass(frozen=True)
class SklearnSetting:
    """A scikit-learn estimator by name, and the parameters to construct it with."""

    estimator: str
    parameters: Mapping[str, float | str | bool]

    def __str__(self) -> str:
        inside = ", ".join(
            f"{name}={value:.10g}" if isinstance(value, float) else f"{name}={value!r}"
            for name, value in self.parameters.items()
        )
        return f"{self.estimator}({inside})"


@dataclass(frozen=True)
class GlmnetSetting:
    """The arguments of R's ``glmnet(x, y, family, lambda, alpha)``."""

    family: str
    lam: float
    alpha: float

    def __str__(self) -> str:
        return (
            f'glmnet(x, y, family="{self.family}", lambda={self.lam:.10g}, alpha={self.alpha:.10g})'
        )


@dataclass(frozen=True)
class GlumSetting:
    """The arguments of ``glum.GeneralizedLinearRegressor``, whose gamma family has the log link."""

    family: str
    alpha: float
    l1_ratio: float


GLMNET_FAMILIES = {
    "squared": "gaussian",
    "logistic": "binomial",
    "multinomial": "multinomial",
    "poisson": "poisson",
}
GLUM_FAMILIES = {
    "squared": "normal",
    "logistic": "binomial",
    "poisson": "poisson",
    "gamma": "gamma",
}
# What each estimator is converted from, with scikit-learn's defaults.
SKLEARN_DEFAULTS: dict[str, dict[str, Any]] = {
    "Lasso": {"alpha": 1.0},
    "Ridge": {"alpha": 1.0},
    "ElasticNet": {"alpha": 1.0, "l1_ratio": 0.5},
    "LogisticRegression": {"C": 1.0, "l1_ratio": 0.0},
    "PoissonRegressor": {"alpha": 1.0},
    "GammaRegressor": {"alpha": 1.0},
    "QuantileRegressor": {"alpha": 1.0, "quantile": 0.5},
    "LinearSVC": {"C": 1.0, "penalty": "l2", "loss": "squared_hinge", "dual": "auto"},
}


def textbook_lambda(
    lam: Lambda, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> Lambda:
    """λ_t from λ: ``½ c (1 + α) λ Σw`` with c = 2 for the squared loss and 1 for the others.

    A penalty outside of the elastic-net family goes like L1, α = 1.

    Args:
        lam: λ, one number or an array of them.
        loss: name of the loss.
        penalty: the penalty.
        weight_sum: Σw, the number of observations when there are no weights.
    """
    return lam * _textbook_factor(resolve_loss(loss), resolve_penalty(penalty), weight_sum)


def to_textbook(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> TextbookSetting:
    """The textbook form of our objective: Σw(ŷ − y)², −Σw log p(y|x) or Σwℓ, plus λ_t Q(β).

    Q is Σ|β| for L1, Σβ² for L2, α_tΣ|β| + (1 − α_t)Σβ² with α_t = 2α/(1 + α) for the elastic net.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    factor = _textbook_factor(loss, penalty, weight_sum)
    return TextbookSetting(_name_of(loss), _textbook(penalty), as_lambda(lam, "lam") * factor)


def from_textbook(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> Canonical:
    """Our form of a textbook objective; the inverse of `to_textbook`.

    Args:
        lam: λ_t.
        loss: name of the loss.
        penalty: L1, L2, or an elastic net whose l1_ratio is α_t.
        weight_sum: Σw, the number of observations when there are no weights.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty).of_textbook()
    factor = _textbook_factor(loss, penalty, weight_sum)
    return Canonical(_name_of(loss), penalty, as_lambda(lam, "lam") / factor)


def to_sklearn(
    lam: float,
    *,
    loss: str | Loss,
    penalty: str | Penalty,
    weight_sum: float,
    fit_intercept: bool = True,
) -> SklearnSetting:
    """The scikit-learn estimator that minimizes the same objective, times a constant.

    Squared loss: Lasso, Ridge or ElasticNet by the penalty, MultiTaskLasso for the row group.
    Logistic and multinomial: LogisticRegression with C and l1_ratio, the spelling of scikit-learn ≥
    1.8 (before it, add penalty="elasticnet"); its solver="liblinear" also penalizes the intercept
    and then solves another problem. Poisson and gamma: PoissonRegressor and GammaRegressor, for L2.
    Quantile: QuantileRegressor, for L1. Squared hinge: LinearSVC, for L1 and L2 and only without
    intercept, which it would penalize. Huber has no equal.

    Args:
        lam: λ; for the classifiers it must be positive, because C = 1/(λΣw).
        loss: the loss.
        penalty: L1, L2 or elastic net; with the squared loss also the row group.
        weight_sum: Σw, the number of observations when there are no weights.
        fit_intercept: whether b is fitted.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam, total = as_lambda(lam, "lam"), _as_weight_sum(weight_sum)
    if loss.name != "squared":
        alpha = l1_ratio(penalty)
    parameters: dict[str, Any]
    if loss.name == "squared":
        estimator = _sklearn_estimator(penalty)
        parameters = {"alpha": lam * total if estimator == "Ridge" else lam}
        if estimator == "ElasticNet":
            parameters["l1_ratio"] = l1_ratio(penalty)
    elif loss.name in ("poisson", "gamma"):
        estimator = "PoissonRegressor" if loss.name == "poisson" else "GammaRegressor"
        _require_share(penalty, 0.0, estimator)
        parameters = {"alpha": lam}
    elif isinstance(loss, Quantile):
        estimator = "QuantileRegressor"
        _require_share(penalty, 1.0, estimator)
        parameters = {"alpha": lam, "quantile": float(loss.q)}
    elif loss.task == "classification":
        estimator = "LinearSVC" if loss.name == "squared_hinge" else "LogisticRegression"
        if lam == 0.0:
            remedy = f"{estimator} takes C = 1/(λΣw): give a positive λ"
            raise refuse("lam", lam, remedy, code="argument.range")
        parameters = {"C": 1.0 / (lam * total)}
        if estimator == "LogisticRegression":
            parameters["l1_ratio"] = alpha
        else:
            if fit_intercept:
                raise refuse("fit_intercept", True, SVC_REMEDY, code="argument.choice")
            _require_share(penalty, round(alpha), estimator)
            parameters |= {"penalty": "l1" if alpha else "l2", "dual": False}
    else:
        known = "squared, logistic, multinomial, poisson, gamma, quantile, squared_hinge"
        remedy = f"scikit-learn is converted for {known}"
        raise refuse("loss", loss.name, remedy, code="argument.loss")
    if not fit_intercept:
        parameters["fit_intercept"] = False
    return SklearnSetting(estimator, parameters)


def from_sklearn(estimator: str, *, weight_sum: float, **parameters: Any) -> Canonical:
    """Our form of a scikit-learn estimator; the inverse of `to_sklearn`.

    Args:
        estimator: "Lasso", "ElasticNet", "Ridge", "LogisticRegression", "PoissonRegressor",
            "GammaRegressor", "QuantileRegressor", or "LinearSVC" with fit_intercept=False.
        weight_sum: Σw of the fit, the number of observations when there are no weights.
        **parameters: as the estimator has them (`alpha`, `l1_ratio`, `C`, `quantile`, `penalty`,
            `fit_intercept`); what is left out has scikit-learn's default.
    """
    total = _as_weight_sum(weight_sum)
    if estimator not in SKLEARN_DEFAULTS:
        remedy = f"use one of {', '.join(SKLEARN_DEFAULTS)}"
        raise refuse("estimator", repr(estimator), remedy, code="argument.choice")
    known = SKLEARN_DEFAULTS[estimator] | {"fit_intercept": True}
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        remedy = f"{estimator} is converted from {', '.join(known)}"
        raise refuse(unknown[0], repr(parameters[unknown[0]]), remedy, code="argument.unknown")
    values = known | parameters
    if "C" in values:
        lam = 1.0 / (as_number(values["C"], "C", minimum=0.0, open_minimum=True) * total)
        if estimator == "LogisticRegression":
            return Canonical("logistic", _penalty_of(values["l1_ratio"]), lam)
        if values["fit_intercept"]:
            raise refuse("fit_intercept", True, SVC_REMEDY, code="argument.choice")
        for name, choices in (("loss", ("squared_hinge",)), ("penalty", ("l1", "l2"))):
            if values[name] not in choices:
                remedy = f"LinearSVC is converted for {' and '.join(choices)}"
                raise refuse(name, repr(values[name]), remedy, code="argument.choice")
        return Canonical("squared_hinge", resolve_penalty(values["penalty"]), lam)
    alpha = as_lambda(values["alpha"], "alpha")
    if estimator == "QuantileRegressor":
        return Canonical(Quantile(values["quantile"]), L1(), alpha)
    if estimator in ("PoissonRegressor", "GammaRegressor"):
        return Canonical("poisson" if estimator.startswith("Poisson") else "gamma", L2(), alpha)
    if estimator == "ElasticNet":
        return Canonical("squared", ElasticNet(values["l1_ratio"]), alpha)
    if estimator == "Ridge":
        return Canonical("squared", L2(), alpha / total)
    return Canonical("squared", L1(), alpha)


SVC_REMEDY = "LinearSVC penalizes its intercept: fit both with fit_intercept=False"


def to_glum(lam: float, *, loss: str | Loss, penalty: str | Penalty) -> GlumSetting:
    """The `alpha` and `l1_ratio` with which glum minimizes the same objective."""
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    family = _family(loss, GLUM_FAMILIES, "glum")
    return GlumSetting(family, as_lambda(lam, "lam"), l1_ratio(penalty))


def from_glum(alpha: float, l1_ratio: float = 0.0, *, family: str = "normal") -> Canonical:
    """Our form of ``glum.GeneralizedLinearRegressor``; the inverse of `to_glum`."""
    share = as_number(l1_ratio, "l1_ratio", minimum=0.0, maximum=1.0)
    loss = _loss_of(family, GLUM_FAMILIES)
    return Canonical(loss, _penalty_of(share), as_lambda(alpha, "alpha"))


def to_glmnet(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, target_std: float | None = None
) -> GlmnetSetting:
    """The `lambda` and `alpha` with which R's glmnet minimizes the same objective.

    For family="gaussian" glmnet divides y by its deviation s_y first (Friedman, Hastie & Tibshirani
    2010, §2; the manual of glmnet, argument `lambda`), which rescales the L1 part but not the L2
    part: λ_g = λ₁ + s_y λ₂ and α_g = λ₁/λ_g with λ₁ = λα, λ₂ = λ(1 − α). L1 needs no s_y.

    Args:
        lam: λ.
        loss: "squared", "logistic", "multinomial" or "poisson".
        penalty: L1, L2 or elastic net.
        target_std: s_y, by `target_std`; needed for the squared loss unless the penalty is L1.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam, alpha = as_lambda(lam, "lam"), l1_ratio(penalty)
    family = _family(loss, GLMNET_FAMILIES, "glmnet")
    if family != "gaussian" or alpha == 1.0:
        return GlmnetSetting(family, lam, alpha)
    scale = _as_target_std(target_std)
    lam_g = lam * (alpha + scale * (1.0 - alpha))
    return GlmnetSetting(family, lam_g, alpha / (alpha + scale * (1.0 - alpha)))


def from_glmnet(
    lam: float, alpha: float, *, family: str = "gaussian", target_std: float | None = None
) -> Canonical:
    """Our form of ``glmnet(x, y, family, lambda, alpha)``; the inverse of `to_glmnet`.

    Args:
        lam: glmnet's `lambda`.
        alpha: glmnet's `alpha`, 1 for L1 and 0 for L2.
        family: "gaussian", "binomial", "multinomial" or "poisson".
        target_std: s_y, by `target_std`; needed for "gaussian" unless alpha is 1.
    """
    lam = as_lambda(lam, "lam")
    alpha = as_number(alpha, "alpha", minimum=0.0, maximum=1.0)
    loss = _loss_of(family, GLMNET_FAMILIES)
    if family != "gaussian" or alpha == 1.0:
        return Canonical(loss, _penalty_of(alpha), lam)
    l1, l2 = lam * alpha, lam * (1.0 - alpha) / _as_target_std(target_std)
    ratio = l1 / (l1 + l2) if l1 + l2 > 0.0 else alpha
    return Canonical("squared", _penalty_of(ratio), l1 + l2)


def target_std(
    y: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    offset: npt.ArrayLike | None = None,
    fit_intercept: bool = True,
) -> float:
    """Weighted 1/n standard deviation of y − offset, (n,), by which glmnet divides the target.

    Without intercept it is the root mean square about zero (glmnet ≥ 4, standardize.hpp).
    """
    y = as_floats(y, "y", ndim=1)
    weights = as_weights(sample_weight, y.shape[0])
    weights = np.ones(y.shape[0]) if weights is None else weights
    if offset is not None:
        y = y - as_floats(offset, "offset", ndim=1)
    return weighted_std(y, weights, centred=fit_intercept)


def weighted_std(y: FloatArray, weights: FloatArray, *, centred: bool = True) -> float:
    """The same of checked arrays. No product by BLAS: its threads would spin into the next fit."""
    shares = weights / weights.sum()
    about = y - (shares * y).sum() if centred else y
    return float(np.sqrt((shares * about**2).sum()))


def to_pytorch(lam: float, *, loss: str | Loss, penalty: str | Penalty = "l2") -> float:
    """`weight_decay` of torch.optim.SGD for the L2 penalty.

    The loss is MSELoss, BCEWithLogitsLoss, PoissonNLLLoss or HuberLoss(delta=δ), each with its
    default, the mean over the batch, or the mean of our ℓ where PyTorch has no such loss. SGD adds
    ``weight_decay · W`` to the gradient of the loss; MSELoss has no ½, hence 2λ. The bias belongs
    in a parameter group with ``weight_decay=0``. AdamW's decoupled decay is no penalty and has no
    such conversion.
    """
    loss = resolve_loss(loss)
    _require_l2(resolve_penalty(penalty))
    return loss.textbook_factor * as_lambda(lam, "lam")


def from_pytorch(weight_decay: float, *, loss: str | Loss) -> Canonical:
    """Our form of coupled `weight_decay`; the inverse of `to_pytorch`."""
    loss = resolve_loss(loss)
    lam = as_lambda(weight_decay, "weight_decay") / loss.textbook_factor
    return Canonical(_name_of(loss), L2(), lam)


def _textbook_factor(loss: Loss, penalty: Penalty, weight_sum: float) -> float:
    total = _as_weight_sum(weight_sum)
    return loss.textbook_factor * penalty.textbook_factor * total


def _textbook(penalty: Penalty) -> Penalty:
    book = penalty.textbook()
    if book is None:
        remedy = 'it has no textbook form: use another penalty, or form="canonical"'
        raise refuse("penalty", penalty.name, remedy, code="argument.penalty")
    return book


def _sklearn_estimator(penalty: Penalty) -> str:
    """The estimator of the squared loss."""
    if penalty.peers.sklearn is None:
        remedy = "scikit-learn has no such penalty: use L1, L2, the elastic net or the row group"
        raise refuse("penalty", penalty.name, remedy, code="argument.penalty")
    return penalty.peers.sklearn


def _penalty_of(alpha: float) -> Penalty:
    if alpha == 1.0:
        return L1()
    return L2() if alpha == 0.0 else ElasticNet(alpha)


def as_lambda(value: float, argument: str) -> float:
    return as_number(value, argument, minimum=0.0)


def _as_weight_sum(value: float) -> float:
    return as_number(value, "weight_sum", minimum=0.0, open_minimum=True)


def _as_target_std(value: float | None) -> float:
    if value is None:
        remedy = "glmnet's scale depends on it: give shrinkage.conventions.target_std(y)"
        raise refuse("target_std", None, remedy, code="argument.missing")
    return as_number(value, "target_std", minimum=0.0, open_minimum=True)


def _family(loss: Loss, families: Mapping[str, str], peer: str) -> str:
    if loss.name not in families:
        remedy = f"{peer} is converted for {', '.join(families)}"
        raise refuse("loss", loss.name, remedy, code="argument.loss")
    return families[loss.name]


def _loss_of(family: str, families: Mapping[str, str]) -> str:
    losses = {name: loss for loss, name in families.items()}
    if family not in losses:
        remedy = f"use one of {', '.join(losses)}"
        raise refuse("family", repr(family), remedy, code="argument.choice")
    return losses[family]


def _name_of(loss: Loss) -> str | Loss:
    """What stands for the loss in a setting: its name, unless it has parameters."""
    return loss if loss.parameters else loss.name


def _require_share(penalty: Penalty, share: float, peer: str) -> None:
    if l1_ratio(penalty) != share:
        remedy = f"{peer} has no such penalty: use {'L1' if share else 'L2'}"
        raise refuse("penalty", penalty.name, remedy, code="argument.penalty")


def _require_l2(penalty: Penalty) -> None:
    if penalty.peers.torch is None:
        remedy = "weight_decay is an L2 penalty: use L2"
        raise refuse("penalty", penalty.name, remedy, code="argument.penalty")
