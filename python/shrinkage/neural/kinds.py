"""Kinds of dropout by name or as objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_integer, as_number, refuse
from ..core import MAX_MEMBERS, _native

# What is known of each kind, by its name.
DROPOUT_TRAITS = {traits.name: traits for traits in _native.dropout_kinds()}


@dataclass(frozen=True)
class Concrete:
    """Dropout rates that are learned, one for each layer whose rate starts above 0.

    A unit is multiplied by k/(1 − p), k = 1 − σ((logit p + logit u)/t) with u uniform; the rate p
    follows the gradient through k and that of

        (1/τn) Σ_l [ℓ²‖W_l‖²/(2(1 − p_l)) − K_l H(p_l)],   H(p) = −p ln p − (1 − p) ln(1 − p),

    the divergence from the prior (Gal, Hron & Kendall 2017, eq. 3 to 5), K_l the number of what
    enters layer l and n that of the examples trained on. With more of them this term fades and
    rates fall.
    (Their W is ours over 1 − p; their Keras code states the same with 2ℓ²/2 and 2 for a squared
    loss without ½.)

    Args:
        temperature: t > 0; as t → 0 the gates become the masks of "bernoulli".
        length_scale: ℓ ≥ 0 of the prior on weights; 10⁻⁴ is that of the authors' experiments.
        precision: τ > 0 of the targets as the network sees them (scaled, unless scale=None),
            1/variance, with the squared loss; 1 where the loss is minus a log likelihood.

    Raises:
        InvalidArgument: a number is outside its range.
    """

    temperature: float = 0.1
    length_scale: float = 1e-4
    precision: float = 1.0
    name = "concrete"

    def __post_init__(self) -> None:
        as_number(self.temperature, "temperature", minimum=0.0, open_minimum=True)
        as_number(self.length_scale, "length_scale", minimum=0.0)
        as_number(self.precision, "precision", minimum=0.0, open_minimum=True)


@dataclass(frozen=True)
class Masksembles:
    """N fixed masks that come back: an ensemble of N overlapping networks, trained as one.

    Example i has the masks of member (i + step) mod N, so that every member trains on its share of
    the batches and sees all examples in turn (Durasov, Bagautdinov, Baque & Fua 2021). At
    prediction `predict_ensemble` takes exactly these N members; `predict` has all units on.

    Of what enters a layer, U numbers with rate p, each member keeps K = U − round(pU), times U/K,
    and each number is kept by NK/U members, rounded down or up, so that none stays untrained. The
    rate in force is 1 − K/U. Two members share K(NK/U − 1)/(N − 1) numbers on average: none with
    p = 1 − 1/N, where members are networks of their own, all as p goes to 0, and more and more like
    masks drawn anew as N grows. How masks are dealt stands in `shrinkage.core.dropout_mask`, which
    draws them again.

    Durasov et al. draw N masks of M out of SM numbers at random, S ≥ 1 their scale, and leave out
    those that none keeps: SM(1 − (1 − 1/S)^N) stay on average, which their code takes for the
    layer's width, so that their p is 1 − 1/(S(1 − (1 − 1/S)^N)). Two of their masks share M/S
    numbers on average, 1/S of what each keeps. Ours share as much with p = (1 − 1/N)(1 − 1/S), less
    than theirs: of all masks of a size, two share least where each number is in as many.

    Args:
        n_members: N, 1 … 1000.

    Raises:
        InvalidArgument: a number is outside its range.
    """

    n_members: int = 4
    name = "masksembles"

    def __post_init__(self) -> None:
        as_integer(self.n_members, "n_members", minimum=1, maximum=MAX_MEMBERS)


DropoutKind = str | Concrete | Masksembles


@dataclass(frozen=True)
class ResolvedKind:
    """A kind by its name, and what its object says.

    Attributes:
        concrete: what rates are learned by, of "concrete".
        n_members: of masks that come back; 0: masks are drawn anew.
    """

    name: str
    concrete: Concrete = Concrete()
    n_members: int = 0

    @property
    def traits(self) -> _native.DropoutTraits:
        """What is known of the kind."""
        return DROPOUT_TRAITS[self.name]


def resolve_dropout_kind(kind: DropoutKind) -> ResolvedKind:
    """A kind given by name or as an object.

    Raises:
        InvalidArgument: there is no such kind.
    """
    if isinstance(kind, Concrete):
        return ResolvedKind(kind.name, concrete=kind)
    if isinstance(kind, str) and kind == Masksembles.name:
        kind = Masksembles()
    if isinstance(kind, Masksembles):
        return ResolvedKind(kind.name, n_members=kind.n_members)
    if isinstance(kind, str) and kind in DROPOUT_TRAITS:
        return ResolvedKind(kind)
    choices = tuple(DROPOUT_TRAITS)
    remedy = "use " + ", ".join(f'"{name}"' for name in choices)
    remedy += ", or shrinkage.neural.Concrete(temperature=0.1) or Masksembles(n_members=4)"
    raise refuse("dropout_kind", repr(kind), remedy, code="argument.choice", choices=choices)


def require_constant(kind: ResolvedKind, factors: Any) -> None:
    """Refuses a schedule of rates for kinds that have none."""
    if (kind.traits.learns_rates or kind.traits.recurring) and np.size(factors):
        what = "rates that are learned" if kind.traits.learns_rates else "masks that come back"
        remedy = f'use "constant": {what} have no schedule'
        raise refuse("dropout_schedule", "given", remedy, code="argument.choice")


def layer_rates(dropout: Any, input_dropout: Any, hidden: int) -> list[tuple[str, float]]:
    """Argument and rate of what enters each layer: the inputs, then so many hidden layers."""
    alone = isinstance(dropout, str) or not isinstance(dropout, Iterable)
    alone = alone or getattr(dropout, "ndim", 1) == 0
    if alone:
        dropout = [dropout] * hidden
    elif len(dropout := list(dropout)) != hidden:
        remedy = f"give one rate, or one per hidden layer, {hidden} in all"
        raise refuse("dropout", repr(dropout), remedy, code="argument.length")
    names = ["dropout" if alone else f"dropout[{layer}]" for layer in range(hidden)]
    given = [("input_dropout", input_dropout), *zip(names, dropout, strict=True)]
    return [
        (name, as_number(rate, name, minimum=0.0, maximum=1.0, open_maximum=True))
        for name, rate in given
    ]


def require_rates(rates: list[tuple[str, float]], factors: Any) -> None:
    """Refuses a schedule that lifts a rate to 1, where no unit would be left."""
    highest = float(np.max(factors, initial=0.0))
    for name, rate in rates:
        if rate * highest >= 1.0:
            remedy = f"keep it below 1/{highest:g}, the largest factor of the schedule"
            raise refuse(name, rate, remedy, code="argument.range")


def require_grouping(kind: ResolvedKind) -> None:
    """Refuses groups of inputs for kinds that have no bit which a group could share."""
    if not kind.traits.drops_units:
        names = [name for name, traits in DROPOUT_TRAITS.items() if traits.drops_units]
        remedy = "with groups use " + ", ".join(f'"{name}"' for name in names)
        raise refuse("input_groups", "given", remedy, code="argument.choice")


def as_groups(groups: Sequence[int] | None, inputs: int) -> list[int]:
    """The number of each input's group, from 0 without gaps; empty: each input is its own."""
    if groups is None:
        return []
    labels = np.asarray(groups)
    if labels.shape != (inputs,):
        remedy = f"give one label per input, {inputs} in all"
        raise refuse("input_groups", f"<shape {labels.shape}>", remedy, code="argument.length")
    numbers: list[int] = np.unique(labels, return_inverse=True)[1].tolist()
    return numbers
