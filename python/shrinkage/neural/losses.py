"""Losses that only networks have; the others are those of `shrinkage.losses`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import FloatArray, as_floats, refuse
from ..losses import LOSSES, Loss, resolve_loss


@dataclass(frozen=True)
class Quantiles:
    """Several quantiles of one target: the sum of their pinball losses (Koenker & Bassett 1978).

    What is learned may cross, a higher quantile below a lower one; predictions are rearranged, so
    that they rise with q, which never makes the loss larger (Chernozhukov, Fernández-Val & Galichon
    2010, proposition 4).

    Args:
        q: the quantiles, each in (0, 1).

    Raises:
        InvalidArgument: there is none, or one outside (0, 1).
    """

    q: tuple[float, ...] = (0.1, 0.5, 0.9)
    name = "quantiles"

    def __post_init__(self) -> None:
        values = as_floats(np.atleast_1d(np.asarray(self.q)), "q", ndim=1)
        if not len(values) or not ((values > 0) & (values < 1)).all():
            raise refuse("q", self.q, "give quantiles between 0 and 1", code="argument.range")
        object.__setattr__(self, "q", tuple(values.tolist()))

    def rearranged(self, eta: FloatArray) -> FloatArray:
        """(n, Q) predictions of each row in the order of q, whatever the order of q."""
        predictions = np.empty_like(eta)
        predictions[:, np.argsort(self.q, kind="stable")] = np.sort(eta, axis=1)
        return predictions


@dataclass(frozen=True)
class Gaussian:
    """Mean and variance of a Gaussian target, both learned (Nix & Weigend 1994, eq. 7).

    ℓ = ½[s + (y − m)² e^−s] where the network gives the mean m and the log variance s.
    """

    name = "gaussian"


NetworkLoss = Loss | Quantiles | Gaussian


def resolve_regression_loss(loss: str | NetworkLoss) -> NetworkLoss:
    """The loss of a regressor by name or as an object.

    Raises:
        InvalidArgument: there is no such loss, or it is one for classes.
    """
    if isinstance(loss, Quantiles | Gaussian):
        return loss
    if loss == "gaussian":
        return Gaussian()
    known = [name for name, kind in LOSSES.items() if kind.task == "regression"]
    if isinstance(loss, Loss) or (isinstance(loss, str) and loss in LOSSES):
        resolved = resolve_loss(loss)
        if resolved.task == "regression":
            return resolved
    choices = (*known, "gaussian")
    remedy = "use one of " + ", ".join(f'"{name}"' for name in choices)
    remedy += ", or a loss such as shrinkage.neural.Quantiles((0.1, 0.9))"
    raise refuse("loss", repr(loss), remedy, code="argument.loss", choices=choices)


def mean_of(loss: NetworkLoss, eta: FloatArray) -> FloatArray:
    """The response predicted at η: (n,), or (n, K) for several targets or quantiles."""
    if isinstance(loss, Gaussian):
        eta = eta[:, : eta.shape[1] // 2]
    elif isinstance(loss, Quantiles):
        eta = loss.rearranged(eta)
    elif isinstance(loss, Loss):
        eta = loss.mean(eta)
    return eta[:, 0] if eta.shape[1] == 1 else eta


def native_loss(loss: NetworkLoss, targets: int) -> dict[str, Any]:
    """How the core is told; `targets` is the number of targets or classes."""
    if isinstance(loss, Quantiles):
        return {"loss": loss.name, "loss_parameters": list(loss.q), "loss_size": 1}
    if isinstance(loss, Gaussian):
        return {"loss": loss.name, "loss_parameters": [], "loss_size": targets}
    size = targets if loss.multiclass or targets > 1 else 0
    return {"loss": loss.name, "loss_parameters": list(loss.parameters), "loss_size": size}
