"""One λ, five scales: ours, the textbook's, scikit-learn's, glmnet's and PyTorch's.

Ours is the canonical objective ``(1/Σw) Σ w ℓ(y, η) + λ P(β)`` with P = Σ|β| for L1, ½Σβ² for L2
and αΣ|β| + ½(1 − α)Σβ² for the elastic net. Each peer minimizes the same function times a constant,
with its own name for λ:

========================== ============================================ ==========================
form                       objective                                    from λ and α
========================== ============================================ ==========================
textbook, squared          Σw(ŷ − y)² + λ_t[α_tΣ|β| + (1 − α_t)Σβ²]      λ_t = (1 + α)λΣw
textbook, classes          −Σw log p + λ_t[α_tΣ|β| + (1 − α_t)Σβ²]       λ_t = ½(1 + α)λΣw
scikit-learn Lasso,        (1/2n)‖y − ŷ‖² + alpha[ρ‖β‖₁ + ½(1 − ρ)‖β‖²]  alpha = λ, ρ = α
ElasticNet
scikit-learn Ridge         ‖y − ŷ‖² + alpha‖β‖²                         alpha = λΣw
LogisticRegression         C Σwℓ + ρ‖β‖₁ + ½(1 − ρ)‖β‖²                 C = 1/(λΣw), ρ = α
glmnet, gaussian           as ours, on y divided by its deviation s_y   λ_g = λ[α + s_y(1 − α)],
                                                                        α_g = λα/λ_g
glmnet, binomial           as ours                                      λ_g = λ, α_g = α
PyTorch, MSELoss           mean (ŷ − y)² + ½ weight_decay ‖β‖²          weight_decay = 2λ (L2)
PyTorch, BCEWithLogitsLoss mean ℓ + ½ weight_decay ‖β‖²                 weight_decay = λ (L2)
========================== ============================================ ==========================

In the textbook form α_t = 2α/(1 + α), so that L1 (α = 1) has λ_t = 2λΣw and L2 (α = 0) has
λ_t = λΣw for the squared loss, λΣw and ½λΣw for classes.

Every conversion holds for the columns as they are penalized. After ``standardize=True`` those are
the columns divided by their weighted 1/n standard deviation: glmnet's own scale, and that of
scikit-learn's StandardScaler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ._validation import as_floats, as_number, as_weights, refuse
from .errors import InvalidArgument
from .losses import Loss, resolve_loss
from .penalties import L1, L2, ElasticNet, Penalty, l1_ratio, resolve_penalty

__all__ = [
    "Canonical",
    "GlmnetSetting",
    "SklearnSetting",
    "TextbookSetting",
    "explain_objective",
    "from_glmnet",
    "from_pytorch",
    "from_sklearn",
    "from_textbook",
    "target_std",
    "textbook_lambda",
    "to_glmnet",
    "to_pytorch",
    "to_sklearn",
    "to_textbook",
]

Lambda = TypeVar("Lambda", float, npt.NDArray[np.float64])


@dataclass(frozen=True)
class Canonical:
    """A penalized model in our scale: what `fit_path` takes as loss, penalty and one of lambdas."""

    loss: str
    penalty: Penalty
    lam: float


@dataclass(frozen=True)
class TextbookSetting:
    """λ_t and the penalty of the textbook form; an elastic net carries α_t as its l1_ratio."""

    loss: str
    penalty: Penalty
    lam: float


@dataclass(frozen=True)
class SklearnSetting:
    """A scikit-learn estimator by name, and the parameters to construct it with."""

    estimator: str
    parameters: Mapping[str, float]

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value:.6g}" for name, value in self.parameters.items())
        return f"{self.estimator}({inside})"


@dataclass(frozen=True)
class GlmnetSetting:
    """The arguments of R's ``glmnet(x, y, family, lambda, alpha)``."""

    family: str
    lam: float
    alpha: float

    def __str__(self) -> str:
        return (
            f'glmnet(x, y, family="{self.family}", lambda={self.lam:.6g}, alpha={self.alpha:.6g})'
        )


GLMNET_FAMILIES = {"squared": "gaussian", "logistic": "binomial"}


def textbook_lambda(
    lam: Lambda, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> Lambda:
    """λ_t from λ: ``½ c (1 + α) λ Σw`` with c = 2 for the squared loss and 1 for classes.

    Args:
        lam: λ, one number or an array of them.
        loss: name of the loss.
        penalty: L1, L2 or elastic net.
        weight_sum: Σw, the number of observations when there are no weights.
    """
    return lam * _textbook_factor(resolve_loss(loss), resolve_penalty(penalty), weight_sum)


def to_textbook(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> TextbookSetting:
    """The textbook form of our objective: Σw(ŷ − y)² or −Σw log p(y|x), plus λ_t Q(β).

    Q is Σ|β| for L1, Σβ² for L2, α_tΣ|β| + (1 − α_t)Σβ² with α_t = 2α/(1 + α) for the elastic net.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    factor = _textbook_factor(loss, penalty, weight_sum)
    if isinstance(penalty, ElasticNet):
        penalty = ElasticNet(2.0 * penalty.l1_ratio / (1.0 + penalty.l1_ratio))
    return TextbookSetting(loss.name, penalty, _as_lambda(lam, "lam") * factor)


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
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    if isinstance(penalty, ElasticNet):
        penalty = ElasticNet(penalty.l1_ratio / (2.0 - penalty.l1_ratio))
    factor = _textbook_factor(loss, penalty, weight_sum)
    return Canonical(loss.name, penalty, _as_lambda(lam, "lam") / factor)


def to_sklearn(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, weight_sum: float
) -> SklearnSetting:
    """The scikit-learn estimator that minimizes the same objective, times a constant.

    Squared loss: Lasso, Ridge or ElasticNet by the penalty. Logistic: LogisticRegression with C and
    l1_ratio, the spelling of scikit-learn ≥ 1.8 (before it, add penalty="elasticnet"); its
    solver="liblinear" also penalizes the intercept and then solves another problem.

    Args:
        lam: λ; for the logistic loss it must be positive, because C = 1/(λΣw).
        loss: "squared" or "logistic".
        penalty: L1, L2 or elastic net.
        weight_sum: Σw, the number of observations when there are no weights.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam, total, alpha = _as_lambda(lam, "lam"), _as_weight_sum(weight_sum), l1_ratio(penalty)
    if loss.name == "logistic":
        if lam == 0.0:
            remedy = "LogisticRegression takes C = 1/(λΣw): give a positive λ"
            raise refuse("lam", lam, remedy, code="argument.range")
        return SklearnSetting("LogisticRegression", {"C": 1.0 / (lam * total), "l1_ratio": alpha})
    _require_squared(loss, "scikit-learn")
    if isinstance(penalty, L1):
        return SklearnSetting("Lasso", {"alpha": lam})
    if isinstance(penalty, L2):
        return SklearnSetting("Ridge", {"alpha": lam * total})
    return SklearnSetting("ElasticNet", {"alpha": lam, "l1_ratio": alpha})


def from_sklearn(estimator: str, *, weight_sum: float, **parameters: Any) -> Canonical:
    """Our form of a scikit-learn estimator; the inverse of `to_sklearn`.

    Args:
        estimator: "Lasso", "ElasticNet", "Ridge" or "LogisticRegression".
        weight_sum: Σw of the fit, the number of observations when there are no weights.
        **parameters: `alpha`, `l1_ratio` and `C` as the estimator has them; what is left out has
            scikit-learn's default (alpha 1, C 1; l1_ratio 0.5, for LogisticRegression 0).
    """
    total = _as_weight_sum(weight_sum)
    known = {
        "Lasso": {"alpha": 1.0},
        "Ridge": {"alpha": 1.0},
        "ElasticNet": {"alpha": 1.0, "l1_ratio": 0.5},
        "LogisticRegression": {"C": 1.0, "l1_ratio": 0.0},
    }
    if estimator not in known:
        remedy = f"use one of {', '.join(known)}"
        raise refuse("estimator", repr(estimator), remedy, code="argument.choice")
    unknown = sorted(set(parameters) - set(known[estimator]))
    if unknown:
        remedy = f"{estimator} is converted from {', '.join(known[estimator])}"
        raise refuse(unknown[0], repr(parameters[unknown[0]]), remedy, code="argument.unknown")
    values = known[estimator] | parameters
    if estimator == "LogisticRegression":
        c = as_number(values["C"], "C", minimum=0.0, open_minimum=True)
        return Canonical("logistic", _penalty_of(values["l1_ratio"]), 1.0 / (c * total))
    alpha = _as_lambda(values["alpha"], "alpha")
    if estimator == "Lasso":
        return Canonical("squared", L1(), alpha)
    if estimator == "Ridge":
        return Canonical("squared", L2(), alpha / total)
    return Canonical("squared", ElasticNet(values["l1_ratio"]), alpha)


def to_glmnet(
    lam: float, *, loss: str | Loss, penalty: str | Penalty, target_std: float | None = None
) -> GlmnetSetting:
    """The `lambda` and `alpha` with which R's glmnet minimizes the same objective.

    For family="gaussian" glmnet divides y by its deviation s_y first (Friedman, Hastie & Tibshirani
    2010, §2; the manual of glmnet, argument `lambda`), which rescales the L1 part but not the L2
    part: λ_g = λ₁ + s_y λ₂ and α_g = λ₁/λ_g with λ₁ = λα, λ₂ = λ(1 − α). L1 needs no s_y.

    Args:
        lam: λ.
        loss: "squared" or "logistic".
        penalty: L1, L2 or elastic net.
        target_std: s_y, by `target_std`; needed for the squared loss unless the penalty is L1.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam, alpha = _as_lambda(lam, "lam"), l1_ratio(penalty)
    family = _glmnet_family(loss)
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
        family: "gaussian" or "binomial".
        target_std: s_y, by `target_std`; needed for "gaussian" unless alpha is 1.
    """
    lam = _as_lambda(lam, "lam")
    alpha = as_number(alpha, "alpha", minimum=0.0, maximum=1.0)
    losses = {name: loss for loss, name in GLMNET_FAMILIES.items()}
    if family not in losses:
        remedy = f"use one of {', '.join(losses)}"
        raise refuse("family", repr(family), remedy, code="argument.choice")
    if family != "gaussian" or alpha == 1.0:
        return Canonical(losses[family], _penalty_of(alpha), lam)
    l1, l2 = lam * alpha, lam * (1.0 - alpha) / _as_target_std(target_std)
    ratio = l1 / (l1 + l2) if l1 + l2 > 0.0 else alpha
    return Canonical("squared", _penalty_of(ratio), l1 + l2)


def target_std(y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """Weighted 1/n standard deviation of the target, by which glmnet divides it; y is (n,)."""
    y = as_floats(y, "y", ndim=1)
    weights = as_weights(sample_weight, y.shape[0])
    mean = np.average(y, weights=weights)
    return float(np.sqrt(np.average((y - mean) ** 2, weights=weights)))


def to_pytorch(lam: float, *, loss: str | Loss, penalty: str | Penalty = "l2") -> float:
    """`weight_decay` of torch.optim.SGD for the L2 penalty.

    The loss is MSELoss or BCEWithLogitsLoss, each with its default, the mean over the batch. SGD
    adds ``weight_decay · W`` to the gradient of the loss; MSELoss has no ½, hence 2λ. The bias
    belongs in a parameter group with ``weight_decay=0``. AdamW's decoupled decay is no penalty and
    has no such conversion.
    """
    loss = resolve_loss(loss)
    _require_l2(resolve_penalty(penalty))
    return loss.textbook_factor * _as_lambda(lam, "lam")


def from_pytorch(weight_decay: float, *, loss: str | Loss) -> Canonical:
    """Our form of coupled `weight_decay`; the inverse of `to_pytorch`."""
    loss = resolve_loss(loss)
    return Canonical(
        loss.name, L2(), _as_lambda(weight_decay, "weight_decay") / loss.textbook_factor
    )


def explain_objective(
    loss: str | Loss,
    penalty: str | Penalty,
    lam: float,
    *,
    weight_sum: float,
    fit_intercept: bool = True,
    standardize: bool = False,
    offset: bool = False,
    penalty_factor: bool = False,
    bounded: bool = False,
    target_std: float | None = None,
) -> str:
    """What a fit minimizes, in words that can be checked: ours, the textbook's, the peers' calls.

    Args:
        loss: name of the loss.
        penalty: the penalty.
        lam: λ.
        weight_sum: Σw, the number of observations when there are no weights.
        fit_intercept: whether b is fitted; it is never penalized.
        standardize: whether β belongs to columns scaled to unit standard deviation.
        offset: whether η has an offset.
        penalty_factor: whether features have factors f_j of their own.
        bounded: whether β is held between bounds.
        target_std: s_y, for glmnet's scale; without it that line is left out where it is needed.

    Returns:
        A few lines of text, one per form; a form that cannot express the problem says so.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam = _as_lambda(lam, "lam")
    variables = "(b, β)" if fit_intercept else "β"
    terms = [name for name, used in (("offset", offset), ("b", fit_intercept)) if used] + ["Xβ"]
    lines = [
        f"minimize over {variables}:  (1/Σw) Σ w_i {loss.formula} + "
        f"{_penalty_text(penalty, lam, 0.5, penalty_factor)}",
        f"  with η = {' + '.join(terms)}, Σw = {weight_sum:.6g}"
        + ("" if fit_intercept else ", no intercept")
        + (", lower ≤ β ≤ upper" if bounded else ""),
    ]
    if standardize:
        lines.append("  β is penalized on columns scaled to unit standard deviation (1/n)")
    book = to_textbook(lam, loss=loss, penalty=penalty, weight_sum=weight_sum)
    book_penalty = _penalty_text(book.penalty, book.lam, 1.0, penalty_factor)
    lines.append(f"textbook:  Σ w_i {loss.textbook} + {book_penalty}")
    special = [
        name
        for name, used in (
            ("an offset", offset),
            ("penalty factors", penalty_factor),
            ("bounds", bounded),
        )
        if used
    ]
    lines += _peer_lines(loss, penalty, lam, weight_sum, special, target_std)
    return "\n".join(lines)


def _peer_lines(
    loss: Loss,
    penalty: Penalty,
    lam: float,
    weight_sum: float,
    special: list[str],
    target_std: float | None,
) -> list[str]:
    if special:
        return [
            "scikit-learn and glmnet: no equal call, for penalty factors or bounds are in force"
        ]
    lines = []
    if loss.name == "logistic" and lam == 0.0:
        lines.append("scikit-learn:  LogisticRegression(C=inf)")
    else:
        sklearn = to_sklearn(lam, loss=loss, penalty=penalty, weight_sum=weight_sum)
        lines.append(f"scikit-learn:  {sklearn}")
    try:
        lines.append(
            f"glmnet:  {to_glmnet(lam, loss=loss, penalty=penalty, target_std=target_std)}"
        )
    except InvalidArgument:
        lines.append("glmnet:  its lambda depends on the deviation of y, which is not known here")
    return lines


def _penalty_text(penalty: Penalty, lam: float, ridge_scale: float, factors: bool) -> str:
    """λ P with its numbers; `ridge_scale` stands before β²: ½ in ours, 1 in the textbook's."""
    f = "f_j " if factors else ""
    alpha = l1_ratio(penalty)
    parts = []
    if alpha > 0.0:
        parts.append(f"{lam * alpha:.6g} Σ {f}|β_j|")
    if alpha < 1.0:
        half = "½ · " if ridge_scale == 0.5 else ""
        parts.append(f"{half}{lam * (1.0 - alpha):.6g} Σ {f}β_j²")
    return " + ".join(parts)


def _textbook_factor(loss: Loss, penalty: Penalty, weight_sum: float) -> float:
    total = _as_weight_sum(weight_sum)
    return 0.5 * loss.textbook_factor * (1.0 + l1_ratio(penalty)) * total


def _penalty_of(alpha: float) -> Penalty:
    if alpha == 1.0:
        return L1()
    return L2() if alpha == 0.0 else ElasticNet(alpha)


def _as_lambda(value: float, argument: str) -> float:
    return as_number(value, argument, minimum=0.0)


def _as_weight_sum(value: float) -> float:
    return as_number(value, "weight_sum", minimum=0.0, open_minimum=True)


def _as_target_std(value: float | None) -> float:
    if value is None:
        remedy = "glmnet's scale depends on it: give shrinkage.conventions.target_std(y)"
        raise refuse("target_std", None, remedy, code="argument.missing")
    return as_number(value, "target_std", minimum=0.0, open_minimum=True)


def _glmnet_family(loss: Loss) -> str:
    if loss.name not in GLMNET_FAMILIES:
        remedy = f"glmnet is converted for {', '.join(GLMNET_FAMILIES)}"
        raise refuse("loss", loss.name, remedy, code="argument.loss")
    return GLMNET_FAMILIES[loss.name]


def _require_squared(loss: Loss, peer: str) -> None:
    if loss.name != "squared":
        remedy = f"{peer} is converted for squared and logistic"
        raise refuse("loss", loss.name, remedy, code="argument.loss")


def _require_l2(penalty: Penalty) -> None:
    if l1_ratio(penalty) != 0.0:
        remedy = "weight_decay is an L2 penalty: use L2"
        raise refuse("penalty", penalty.name, remedy, code="argument.penalty")
