"""What is wrong with a network that has been trained, by name, with causes and remedies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from ..losses import Gamma, Poisson
from .losses import NetworkLoss
from .network import Network

FAR = 100.0  # numbers beyond it are hard to learn from


@dataclass(frozen=True)
class Reach:
    """The largest numbers that a network was given, and whether they are apart.

    Attributes:
        inputs, targets: largest absolute entry of X and y as the network saw them.
        scaled: whether columns were scaled. varies: whether y is more than one number.
    """

    inputs: float
    targets: float
    scaled: bool
    varies: bool

    @classmethod
    def of(cls, X: Any, y: Any, *, scaled: bool) -> Reach:
        """How far the training examples reach."""
        entries = X.data if sparse.issparse(X) else X
        return cls(_largest(entries), _largest(y), scaled, bool((y != y[0]).any()))


def _largest(x: Any) -> float:
    return max(float(x.max(initial=0.0)), -float(x.min(initial=0.0)))


def remedies(network: Network, reach: Reach) -> str:
    """What keeps numbers in range, the likely cause first."""
    found = []
    if reach.inputs > FAR:
        found.append(
            f"X reaches {reach.inputs:.3g} in scales of its columns: look at its outlying rows"
            if reach.scaled
            else f'X reaches {reach.inputs:.3g}: use scale="standard", or scale its columns'
        )
    if reach.targets > FAR:
        found.append(f"y reaches {reach.targets:.3g}: " + _remedy_of_targets(network.loss, reach))
    found.append(f"lower learning_rate (it was {network.learning_rate:g}), or set clip_norm")
    return f"What may help: {'; '.join(found)}."


def _remedy_of_targets(loss: NetworkLoss, reach: Reach) -> str:
    if isinstance(loss, Poisson):
        return "a log link starts from 1; count in larger units, or start with small steps"
    if isinstance(loss, Gamma):
        return "a log link starts from 1; divide y by its mean"
    return "look at its outlying rows" if reach.scaled else 'use scale="standard", or scale y'


def dead_text(network: Network, health: dict[str, Any], reach: Reach) -> str | None:
    """What to say of a network whose output does not depend on the row; None of one that is well.

    A target that does not vary asks for nothing else.
    """
    layer = int(health["dead_layer"])
    if not (layer or health["constant"]) or not reach.varies or not reach.inputs > 0:
        return None
    what = (
        f"Hidden layer {layer} of {network.setting.depth - 1} is dead: each of its units gives the "
        "same for all training rows, and so does the network."
        if layer
        else "The network's output does not depend on the row."
    )
    zero = next((k + 1 for k, w in enumerate(network.parameters()[0]) if not w.any()), 0)
    if zero and _penalized(network):
        return f"{what} The penalty left no weight in layer {zero} of weights: lower lam."
    if not reach.scaled:
        cause = f"The columns of X, which reach {reach.inputs:.3g}, are not scaled"
        return f'{what} {cause}: use scale="standard", or scale them.'
    return f'{what} Lower learning_rate or dropout, or use activation="leaky_relu".'


def _penalized(network: Network) -> bool:
    return bool(np.max(network.strengths) > 0)
