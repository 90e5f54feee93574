"""Ensembles of a network of scaled targets, in the units of y."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from .._validation import FloatArray, as_number
from ..losses import Quantile
from .ensemble_result import DropoutNetwork, Ensemble
from .losses import Gaussian, NetworkLoss, Quantiles
from .scaling import Columns

N = TypeVar("N", bound=DropoutNetwork)


@dataclass(frozen=True, eq=False)
class Units:
    """y = centre + scale · what the network predicts: one scale for all K targets, so that the core
    knows distances between them.

    Attributes:
        centre: (K,). scale: the largest of the targets'.
        loss: of the network. targets: K.
    """

    centre: FloatArray
    scale: float
    loss: NetworkLoss

    @property
    def targets(self) -> int:
        """K"""
        return len(self.centre)

    def target(self, y: FloatArray) -> FloatArray:
        """y (n,) or (n, K) as the core compares it."""
        return np.asarray((y - (self.centre if y.ndim == 2 else self.centre[0])) / self.scale)

    def precision(self, given: Any) -> Any:
        """1/variance of scaled targets."""
        return None if given is None else np.multiply(given, self.scale**2)

    def standard_error(self, given: float | None) -> float | None:
        """The wanted standard error of scaled predictions."""
        if given is None:
            return None
        wanted = as_number(given, "standard_error", minimum=0.0, open_minimum=True)
        return wanted / self.scale

    def answer(self, found: Ensemble) -> Ensemble:
        """The ensemble in the units of y: (T, …) and (n, …) arrays as they were."""
        scale, log_scale = self.scale, float(np.log(self.scale))
        centre = self.centre if self.targets > 1 else self.centre[0]
        learned = isinstance(self.loss, Gaussian)
        by = 1.0 if learned else scale if isinstance(self.loss, Quantile | Quantiles) else scale**2
        added = self.targets * log_scale if learned else 0.0

        def located(values: Any) -> Any:
            return None if values is None else centre + scale * np.asarray(values, np.float64)

        def times(factor: float, values: Any, plus: float = 0.0) -> Any:
            return None if values is None else factor * values + plus

        return replace(
            found,
            mean=located(found.mean),
            arithmetic_mean=located(found.arithmetic_mean),
            geometric_mean=located(found.geometric_mean),
            members=located(found.members),
            std=times(scale, found.std),
            standard_error=times(scale, found.standard_error),
            data_variance=times(scale**2, found.data_variance),
            log_likelihood=times(1.0, found.log_likelihood, -self.targets * log_scale),
            member_losses=times(by, found.member_losses, added),
            member_errors=times(scale**2, found.member_errors),
        )


def ensemble_units(network: N, loss: NetworkLoss, targets: Columns) -> tuple[N, Units]:
    """A network of one scale for all targets, and the units of what it predicts.

    The scales of several targets go into its last layer, up to the largest: masks act on what
    enters that layer or on single weights of it, and so leave them alone.
    """
    largest = float(targets.scale.max())
    units = Units(targets.centre, largest, loss)
    ratio = targets.scale / largest
    if (ratio == 1.0).all():
        return network, units
    own = copy(network)
    weights, biases = own.parameters()
    weights[-1][:, : len(ratio)] *= ratio
    biases[-1][: len(ratio)] *= ratio
    if isinstance(loss, Gaussian):
        biases[-1][len(ratio) :] += 2.0 * np.log(ratio)
    own.set_parameters(weights, biases)
    return own, units
