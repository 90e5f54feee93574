"""How a penalty travels to the compiled core."""

from __future__ import annotations

from typing import Any

from ..penalties import Penalty
from . import _native


def penalty_arguments(penalty: Penalty, n_features: int, n_outputs: int = 1) -> dict[str, Any]:
    """The keywords of every native call that takes a penalty.

    Args:
        penalty: whose own data are checked here.
        n_features: p.
        n_outputs: K, the η of an observation.
    """
    native = penalty.to_native(n_features, n_outputs)
    return {
        "penalty": _native.PenaltyInput(
            native.name,
            parameters=native.parameters.tolist(),
            groups=native.groups.tolist(),
            weights=native.weights.tolist(),
        )
    }
