"""Where one pass with all units on is exactly a mean of all sub-networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..losses import Gamma, Logistic, Multinomial, Poisson
from .kinds import DropoutKind, ResolvedKind, resolve_dropout_kind
from .losses import NetworkLoss

ScalingIdentity = Literal["arithmetic", "geometric"]


def scaling_identity(
    rates: Sequence[float],
    sizes: Sequence[int],
    *,
    activation: str,
    loss: NetworkLoss,
    dropout_kind: DropoutKind = "bernoulli",
) -> ScalingIdentity | None:
    """Which mean of all sub-networks weight scaling is exactly, or None.

    A unit, or a weight, that is dropped is a factor of mean 1. Where only what feeds the output
    layer is dropped, η is linear in the factors, so that weight scaling is the mean of η: the
    arithmetic mean of predictions where these are η itself, and where they are exp or softmax of it
    the geometric one, normalized for classes (Goodfellow, Bengio & Courville 2016, §7.12; Baldi &
    Sadowski 2013). The same holds for any layers where hidden units are linear, as masks of
    different layers are independent. One layer more that is dropped before an activation, and it is
    an approximation.

    Kinds: "bernoulli", "batch", "gaussian" and "dropconnect" have factors of mean 1. "alpha" sets a
    dropped unit to another value than 0, and gates of "concrete" have another mean than their rate:
    never. "masksembles": each number is in as many masks as every other only where the number of
    members times that of units kept is a multiple of the units; and its masks of different layers
    belong to one member, so that one layer alone may have any.

    Args:
        rates: (L,) of what enters each layer, the inputs first.
        sizes: (L + 1,) inputs, hidden units, outputs.
        activation: of hidden units.
    """
    kind = resolve_dropout_kind(dropout_kind)
    dropped = [layer for layer, rate in enumerate(rates) if rate > 0]
    before_last = any(layer < len(rates) - 1 for layer in dropped)
    if before_last and activation != "identity":
        return None
    if dropped and not _of_mean_one(kind, [(sizes[i], rates[i]) for i in dropped]):
        return None
    return (
        "geometric" if isinstance(loss, Logistic | Multinomial | Poisson | Gamma) else "arithmetic"
    )


def _of_mean_one(kind: ResolvedKind, layers: list[tuple[int, float]]) -> bool:
    """Whether all factors of these (units, rate) average to 1 over all masks, independently."""
    if not kind.traits.recurring:
        return kind.traits.mean_one
    if len(layers) > 1:
        return False
    ((units, rate),) = layers
    kept = units - int(np.round(rate * units))
    return kind.n_members * kept % units == 0
