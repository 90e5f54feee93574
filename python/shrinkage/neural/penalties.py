"""Penalties on the weights of a network, one for all layers or one for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import as_number, refuse
from ..core import _native
from ..penalties import Penalty, l1_ratio, resolve_penalty


@dataclass(frozen=True)
class UnitGroup:
    """P(W) = √inputs Σ_j ‖w_j‖₂ over the weights into unit j: drops whole units.

    Scardapane, Comminiello, Hussain & Uncini 2017, eq. 8, by units.
    """

    name = "unit_group"
    groups = "incoming"


@dataclass(frozen=True)
class InputGroup:
    """P(W) = √units Σ_i ‖w_i‖₂ over the weights out of input i: drops whole inputs.

    Scardapane, Comminiello, Hussain & Uncini 2017, eq. 8.
    """

    name = "input_group"
    groups = "outgoing"


WeightPenalty = Penalty | UnitGroup | InputGroup
GROUPED = {kind.name: kind for kind in (UnitGroup, InputGroup)}
NAMES = ("l1", "l2", "elasticnet", *GROUPED)


def resolve_weight_penalty(penalty: Any) -> WeightPenalty | None:
    """A penalty by name or as an object; None stays None.

    Raises:
        InvalidArgument: there is no such penalty for weights.
    """
    if penalty is None or isinstance(penalty, UnitGroup | InputGroup):
        return penalty
    if isinstance(penalty, str) and penalty in GROUPED:
        return GROUPED[penalty]()
    if isinstance(penalty, Penalty) or (isinstance(penalty, str) and penalty in NAMES):
        resolved = resolve_penalty(penalty)
        if resolved.l1_share is not None:
            return resolved
    remedy = "use None, one of " + ", ".join(f'"{name}"' for name in NAMES)
    remedy += ", or a penalty such as shrinkage.ElasticNet(l1_ratio=0.5)"
    raise refuse("penalty", repr(penalty), remedy, code="argument.penalty", choices=NAMES)


def penalty_rows(penalty: Any, lam: Any, max_norm: Any, depth: int) -> list[_native.LayerPenalty]:
    """One row a layer; a single value stands for all layers."""
    kinds = per_layer(penalty, "penalty", depth)
    lambdas = per_layer(lam, "lam", depth)
    norms = per_layer(max_norm, "max_norm", depth)
    return [
        _row(resolve_weight_penalty(kind), one, norm, layer if _is_list(lam) else None)
        for layer, (kind, one, norm) in enumerate(zip(kinds, lambdas, norms, strict=True))
    ]


def _row(
    penalty: WeightPenalty | None, lam: Any, max_norm: Any, layer: int | None
) -> _native.LayerPenalty:
    name = "lam" if layer is None else f"lam[{layer}]"
    strength = as_number(lam, name, minimum=0.0)
    bound = math.inf
    if max_norm is not None:
        bound = as_number(max_norm, "max_norm", minimum=0.0, open_minimum=True)
    if penalty is None:
        return _native.LayerPenalty(
            groups="separable", kink=0.0, ridge=0.0, lam=0.0, max_norm=bound
        )
    if isinstance(penalty, InputGroup) and max_norm is not None:
        remedy = "bound norms with max_norm, or group by inputs; the two steps do not compose"
        raise refuse("max_norm", max_norm, remedy, code="argument.choice")
    if isinstance(penalty, UnitGroup | InputGroup):
        return _native.LayerPenalty(
            groups=penalty.groups, kink=strength, ridge=0.0, lam=strength, max_norm=bound
        )
    ratio = l1_ratio(penalty)
    return _native.LayerPenalty(
        groups="separable",
        kink=strength * ratio,
        ridge=strength * (1.0 - ratio),
        lam=strength,
        max_norm=bound,
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def per_layer(value: Any, argument: str, depth: int) -> list[Any]:
    """`depth` entries: the value itself for each, or those of a list of that length."""
    if not _is_list(value):
        return [value] * depth
    entries = list(value)
    if len(entries) != depth:
        remedy = f"give one value, or a list with one entry per layer, {depth} in all"
        raise refuse(argument, f"<list of {len(entries)}>", remedy, code="argument.length")
    return entries
