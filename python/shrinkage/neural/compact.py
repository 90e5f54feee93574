"""Networks without their dead units and inputs: smaller arrays, the same predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .network import Network

Arrays = list[npt.NDArray[Any]]


def compact(network: Network) -> tuple[Network, npt.NDArray[np.int64]]:
    """The network that predicts the same without dead units and inputs.

    A unit whose weights out are all zero is dropped; one whose weights in are all zero gives the
    same number for every example, which the next biases take in. An input whose weights out are
    all zero is dropped. At least one of each is kept.

    Returns:
        The smaller network, its optimizer fresh, and the columns of X that it wants.
    """
    weights, biases = (
        [array.astype(np.float64) for array in arrays] for arrays in network.parameters()
    )
    while any(_drop_units(network, layer, weights, biases) for layer in range(len(weights) - 1)):
        pass
    inputs = np.flatnonzero(weights[0].any(axis=1))
    inputs = inputs if len(inputs) else np.array([0])
    weights[0] = weights[0][inputs]
    setting = replace(network.setting, hidden_layer_sizes=tuple(int(b.size) for b in biases[:-1]))
    smaller = network.resized(len(inputs), setting)
    smaller.set_parameters(weights, biases)
    return smaller, inputs


def _drop_units(network: Network, layer: int, weights: Arrays, biases: Arrays) -> bool:
    """Drops what is dead among the units of a layer; whether there was any."""
    constant = ~weights[layer].any(axis=0)
    alive = np.asarray(weights[layer + 1].any(axis=1) & ~constant)
    if alive.all() or alive.size == 1:
        return False
    if not alive.any():
        alive[0] = True  # a layer needs a unit; what it gives is still told to the next
    gone = constant & ~alive
    if gone.any():
        shift = _activated(network, biases[layer][gone]) @ weights[layer + 1][gone]
        biases[layer + 1] = biases[layer + 1] + shift
    weights[layer], biases[layer] = weights[layer][:, alive], biases[layer][alive]
    weights[layer + 1] = weights[layer + 1][alive]
    return True


def _activated(network: Network, z: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """f(z) by the network's own activation: a layer of units with these biases, read off."""
    n = len(z)
    setting = replace(network.setting, hidden_layer_sizes=(n,), dtype="float64")
    probe = network.reading(setting, outputs=n)
    probe.set_parameters([np.zeros((1, n)), np.eye(n)], [z, np.zeros(n)])
    return np.asarray(probe.eta(np.zeros((1, 1)))[0])
