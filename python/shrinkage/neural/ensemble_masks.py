"""Which masks the members of an ensemble inside a dropout network have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._validation import as_number, refuse
from ..core import _native
from ..losses import Logistic, Multinomial, Poisson, Squared
from .ensemble_result import DropoutNetwork, MaskSource
from .seeds import resolve_seed

ENSEMBLE_KINDS = ("weight_scaling", "mc", "rao_blackwell", "exact_arithmetic", "exact_geometric")
MASKS = ("shared", "per_row")
MOST_ENUMERATED_UNITS: int = _native.most_enumerated_units
MOST_CLASSES = 64  # of rao_blackwell, which looks at all pairs


def mask_source(
    network: DropoutNetwork, kind: str, masks: str, rates: Sequence[float] | None, random_state: Any
) -> MaskSource:
    """Kind, masks and rates, checked against each other."""
    for name, value, choices in (("kind", kind, ENSEMBLE_KINDS), ("masks", masks, MASKS)):
        if value not in choices:
            remedy = "use " + ", ".join(f'"{choice}"' for choice in choices)
            raise refuse(name, repr(value), remedy, code="argument.choice", choices=choices)
    dropout_kind = network.dropout_kind
    source = MaskSource(
        network.sizes,
        _as_rates(rates, network),
        dropout_kind.name,
        tuple(network.input_groups),
        network.seed if dropout_kind.traits.recurring else resolve_seed(random_state),
        masks == "per_row",
        dropout_kind.n_members,
    )
    if kind == "weight_scaling":
        return replace(source, rates=(0.0,) * len(source.rates))
    if source.per_row and (not source.traits.per_row or kind.startswith("exact")):
        remedy = 'use masks="shared"'
        raise refuse("masks", masks, remedy, code="argument.choice")
    if source.traits.recurring:
        _require_as_trained(kind, source, rates)
    if kind == "rao_blackwell":
        _require_integrable(network, source)
    if kind.startswith("exact"):
        _require_enumerable(network, kind, source)
    return source


def _require_as_trained(kind: str, source: MaskSource, rates: Any) -> None:
    if kind != "mc":
        remedy = f'use kind="mc", which takes all {source.n_members} fixed masks, or weight_scaling'
        raise refuse("kind", kind, remedy, code="ensemble.kind")
    if rates is not None:
        remedy = "leave them out: the masks that were trained have the rates of training"
        raise refuse("rates", repr(rates), remedy, code="argument.choice")


def _require_integrable(network: DropoutNetwork, source: MaskSource) -> None:
    if source.rates[-1] == 0:
        remedy = 'use kind="mc": nothing is dropped before the output layer'
        raise refuse("kind", "rao_blackwell", remedy, code="ensemble.kind")
    if not source.traits.integrable:
        name = source.dropout_kind
        remedy = f'use kind="mc": the factors of {name} dropout have no closed moments'
        raise refuse("kind", "rao_blackwell", remedy, code="ensemble.kind")
    if isinstance(network.loss, Multinomial) and source.sizes[-1] > MOST_CLASSES:
        remedy = f'use kind="mc": it looks at all pairs of at most {MOST_CLASSES} classes'
        raise refuse("kind", "rao_blackwell", remedy, code="ensemble.kind")


def _require_enumerable(network: DropoutNetwork, kind: str, source: MaskSource) -> None:
    if not source.traits.enumerable and any(source.rates):
        remedy = f'use kind="mc": {source.dropout_kind} dropout has no units that are kept or not'
        raise refuse("kind", kind, remedy, code="ensemble.kind")
    units, most = sum(source.decisions), MOST_ENUMERATED_UNITS
    if units > most:
        remedy = f'use kind="mc": {units} units may be dropped, and 2^{most} networks are the most'
        raise refuse("kind", kind, remedy, code="ensemble.too_many", units=units, most=most)
    if kind == "exact_geometric" and not isinstance(
        network.loss, Logistic | Multinomial | Squared | Poisson
    ):
        remedy = 'use kind="exact_arithmetic": of this loss there is no geometric mean'
        raise refuse("kind", kind, remedy, code="ensemble.kind")


def _as_rates(rates: Sequence[float] | None, network: DropoutNetwork) -> tuple[float, ...]:
    if rates is None:
        return tuple(network.rates.tolist())
    if np.shape(rates) != (network.setting.depth,):
        remedy = f"give one rate per layer of weights, {network.setting.depth} in all"
        raise refuse("rates", repr(rates), remedy, code="argument.length")
    return tuple(
        as_number(rate, f"rates[{layer}]", minimum=0.0, maximum=1.0, open_maximum=True)
        for layer, rate in enumerate(rates)
    )
