"""Losses ℓ(y, η) by name, or as frozen dataclasses that carry their parameters.

The canonical objective is ``(1/Σw) Σ w ℓ(y, η) + λ P(β)`` with ``η = offset + b + Xβ``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, xlogy

from ._validation import as_number, refuse

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """Base of every loss.

    Attributes:
        name: the name by which the core knows it.
        task: what kind of target it is made for.
        formula: ℓ(y, η), as it is printed.
        textbook: the first term of the textbook objective, as it is printed.
        textbook_factor: the textbook's term over Σ w ℓ: 2 for the squared loss, whose textbook form
            has no ½, else 1.
        codes: the two numbers by which the core knows two classes, the event second.
        targets: which numbers may stand as targets: "real", "nonnegative" or "positive".
        probabilistic: whether it models the probability of a class.
        score: what held-out data are scored by: "mse" and "deviance" are 2(ℓ − saturated ℓ), which
            is the squared error and minus twice the log-likelihood ratio; "loss" is ℓ itself.
        smooth: whether it has a derivative everywhere, and with it a gradient and a curvature.
        multiclass: whether it takes more than two classes, one η for each.
        multitarget: whether it takes several targets, one η for each.
    """

    name: ClassVar[str]
    task: ClassVar[Literal["regression", "classification"]] = "regression"
    formula: ClassVar[str]
    textbook: ClassVar[str]
    textbook_factor: ClassVar[float] = 1.0
    codes: ClassVar[tuple[float, float]] = (0.0, 1.0)
    targets: ClassVar[Literal["real", "nonnegative", "positive"]] = "real"
    probabilistic: ClassVar[bool] = False
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "loss"
    smooth: ClassVar[bool] = True
    multiclass: ClassVar[bool] = False
    multitarget: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[float, ...]:
        """The parameters, in the order in which the core takes them."""
        return tuple(float(getattr(self, field.name)) for field in fields(self))

    @property
    def symbols(self) -> dict[str, float]:
        """The parameters as the formula writes them."""
        return {}

    def mean(self, eta: FloatArray) -> FloatArray:
        """The response predicted at η: the inverse link."""
        return np.asarray(eta)

    def log_mean(self, eta: FloatArray) -> FloatArray:
        """log `mean`, for the losses of which it is a probability; exact where that rounds to 0."""
        return np.log(self.mean(eta))

    def saturated(self, y: FloatArray) -> FloatArray:
        """The least loss of any η, by observation."""
        return np.zeros(len(y))

    def to_score(self, loss: Any, saturated: Any) -> Any:
        """`score` from the mean loss and the saturated one."""
        return loss if self.score == "loss" else 2.0 * (loss - saturated)


@dataclass(frozen=True)
class Squared(Loss):
    """Squared loss, ½(y − η)²."""

    name: ClassVar[str] = "squared"
    formula: ClassVar[str] = "½(y_i − η_i)²"
    textbook: ClassVar[str] = "(ŷ_i − y_i)²"
    textbook_factor: ClassVar[float] = 2.0
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "mse"
    multitarget: ClassVar[bool] = True


@dataclass(frozen=True)
class Logistic(Loss):
    """Logistic loss, log(1 + e^η) − yη, for two classes."""

    name: ClassVar[str] = "logistic"
    task: ClassVar[Literal["regression", "classification"]] = "classification"
    formula: ClassVar[str] = "[log(1 + exp(η_i)) − y_i η_i]"
    textbook: ClassVar[str] = "[−log p(y_i | x_i)]"
    probabilistic: ClassVar[bool] = True
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "deviance"

    def mean(self, eta: FloatArray) -> FloatArray:
        e = np.exp(-np.abs(eta))
        return np.asarray(np.where(eta >= 0, 1.0, e) / (1.0 + e))

    def log_mean(self, eta: FloatArray) -> FloatArray:
        return np.asarray(-np.logaddexp(0.0, -eta))


@dataclass(frozen=True)
class Multinomial(Loss):
    """Minus log softmax for any number of classes, one η for each: log Σ_k e^η_k − η_y.

    The model is symmetric, without a reference class.
    """

    name: ClassVar[str] = "multinomial"
    task: ClassVar[Literal["regression", "classification"]] = "classification"
    formula: ClassVar[str] = "[log Σ_k exp(η_ik) − η_iy]"
    textbook: ClassVar[str] = "[−log p(y_i | x_i)]"
    probabilistic: ClassVar[bool] = True
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "deviance"
    multiclass: ClassVar[bool] = True

    def mean(self, eta: FloatArray) -> FloatArray:
        """(n, K) probabilities from η (n, K)."""
        e = np.exp(eta - eta.max(axis=-1, keepdims=True))
        return np.asarray(e / e.sum(axis=-1, keepdims=True))

    def log_mean(self, eta: FloatArray) -> FloatArray:
        """Logarithms of `mean`, of the same shape."""
        return np.asarray(eta - logsumexp(eta, axis=-1, keepdims=True))


@dataclass(frozen=True)
class Poisson(Loss):
    """Poisson loss with log link, e^η − yη: half the deviance up to a constant of y, y ≥ 0."""

    name: ClassVar[str] = "poisson"
    formula: ClassVar[str] = "[exp(η_i) − y_i η_i]"
    textbook: ClassVar[str] = "[exp(η_i) − y_i η_i]"
    targets: ClassVar[Literal["real", "nonnegative", "positive"]] = "nonnegative"
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "deviance"

    def mean(self, eta: FloatArray) -> FloatArray:
        return _exp(eta)

    def saturated(self, y: FloatArray) -> FloatArray:
        return np.asarray(y - xlogy(y, y))


@dataclass(frozen=True)
class Gamma(Loss):
    """Gamma loss with log link, y e^−η + η: half the deviance up to a constant of y, y > 0."""

    name: ClassVar[str] = "gamma"
    formula: ClassVar[str] = "[y_i exp(−η_i) + η_i]"
    textbook: ClassVar[str] = "[y_i exp(−η_i) + η_i]"
    targets: ClassVar[Literal["real", "nonnegative", "positive"]] = "positive"
    score: ClassVar[Literal["mse", "deviance", "loss"]] = "deviance"

    def mean(self, eta: FloatArray) -> FloatArray:
        return _exp(eta)

    def saturated(self, y: FloatArray) -> FloatArray:
        return np.asarray(1.0 + np.log(y))


@dataclass(frozen=True)
class Huber(Loss):
    """Huber's loss: ½r² for |r| ≤ δ, else δ|r| − ½δ², r = y − η (Huber 1964).

    Args:
        delta: δ > 0 in units of y; no scale is estimated.

    Raises:
        InvalidArgument: `delta` is not a positive number.
    """

    name: ClassVar[str] = "huber"
    formula: ClassVar[str] = "H_δ(y_i − η_i)"
    textbook: ClassVar[str] = "H_δ(y_i − ŷ_i)"
    delta: float = 1.35

    def __post_init__(self) -> None:
        as_number(self.delta, "delta", minimum=0.0, open_minimum=True)

    @property
    def symbols(self) -> dict[str, float]:
        return {"δ": float(self.delta)}


@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss: q·(y − η) where y ≥ η, else (1 − q)(η − y) (Koenker & Bassett 1978).

    Args:
        q: the quantile, in (0, 1).

    Raises:
        InvalidArgument: `q` is not a number in (0, 1).
    """

    name: ClassVar[str] = "quantile"
    formula: ClassVar[str] = "ρ_q(y_i − η_i)"
    textbook: ClassVar[str] = "ρ_q(y_i − ŷ_i)"
    smooth: ClassVar[bool] = False
    q: float = 0.5

    def __post_init__(self) -> None:
        as_number(self.q, "q", minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)

    @property
    def symbols(self) -> dict[str, float]:
        return {"q": float(self.q)}


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """Squared hinge, max(0, 1 − yη)², for two classes: the L2-loss support vector machine."""

    name: ClassVar[str] = "squared_hinge"
    task: ClassVar[Literal["regression", "classification"]] = "classification"
    formula: ClassVar[str] = "max(0, 1 − y_i η_i)²"
    textbook: ClassVar[str] = "max(0, 1 − y_i η_i)²"
    codes: ClassVar[tuple[float, float]] = (-1.0, 1.0)


def _exp(eta: FloatArray) -> FloatArray:
    """e^η; a mean beyond the largest number is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(eta))


LOSSES: dict[str, type[Loss]] = {
    kind.name: kind
    for kind in (Squared, Logistic, Multinomial, Poisson, Gamma, Huber, SquaredHinge, Quantile)
}


def resolve_loss(loss: str | Loss) -> Loss:
    """The loss itself, or the one of this name with its default parameters.

    Raises:
        InvalidArgument: there is no such loss.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    remedy = "use one of " + ", ".join(f'"{name}"' for name in LOSSES)
    remedy += ", or a loss such as shrinkage.Huber(delta=1.35)"
    raise refuse("loss", repr(loss), remedy, code="argument.loss", choices=tuple(LOSSES))
