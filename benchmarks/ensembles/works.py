"""What is predicted: networks with their dropout rates, rows, and what is wanted of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

PASSES = 10  # of PyTorch's loop that are timed: each costs the same


@dataclass(frozen=True)
class Sampled:
    """T members of a relu network with softmax, for n rows.

    Attributes:
        rates: dropout of what enters each layer.
        wanted: how many times as fast as PyTorch's loop ours is to be.
    """

    name: str
    sizes: tuple[int, ...]
    rates: tuple[float, ...]
    n: int
    members: int
    wanted: float

    @property
    def shape(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def operations(self) -> float:
        """Floating-point operations of a member and row, every product whole."""
        return 2.0 * sum(a * b for a, b in pairwise(self.sizes))

    @property
    def needed_operations(self) -> float:
        """The same where what is alike in all members is computed once, and what is dropped is not.

        The first layer that drops sums over the fewer of its kept and dropped inputs.
        """
        first = next(layer for layer, rate in enumerate(self.rates) if rate > 0)
        kept = [1.0 - rate for rate in self.rates] + [1.0]
        total = 0.0
        for layer, (a, b) in enumerate(pairwise(self.sizes)):
            if layer < first:
                total += 2.0 * a * b / self.members
                continue
            summed = min(kept[layer], 1 - kept[layer]) if layer == first else kept[layer]
            total += 2.0 * a * summed * b * kept[layer + 1]
            if layer == first and kept[layer] > 0.5:
                total += 2.0 * a * b / self.members
        return total

    def data(self) -> Any:
        """X (n, inputs) float32."""
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.n, self.sizes[0]), dtype=np.float32)

    def shortened(self, divisor: int) -> Sampled:
        return replace(self, n=max(1, self.n // divisor), members=max(1, self.members // divisor))


@dataclass(frozen=True)
class Enumerated:
    """All 2^H sub-networks of one hidden layer of H units.

    Attributes:
        wanted: seconds that are allowed.
    """

    name: str
    sizes: tuple[int, ...]
    n: int
    wanted: float

    def data(self) -> Any:
        rng = np.random.default_rng(0)
        return rng.standard_normal((self.n, self.sizes[0]), dtype=np.float32)

    def shortened(self, divisor: int) -> Enumerated:
        return replace(self, n=max(1, self.n // divisor))


SAMPLED = {
    work.name: work
    for work in (
        Sampled("hidden", (784, 512, 512, 10), (0.0, 0.5, 0.5), 10_000, 100, 4.0),
        Sampled("input and hidden", (784, 512, 512, 10), (0.2, 0.5, 0.5), 10_000, 100, 1.5),
    )
}
ENUMERATED = {work.name: work for work in (Enumerated("exact", (20, 16, 3), 500, 1.0),)}
