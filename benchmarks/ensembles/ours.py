"""Ours, as it is timed."""

from __future__ import annotations

from typing import Any

from shrinkage.losses import Multinomial
from shrinkage.neural import Network, Setting

from .works import Enumerated, Sampled


class Members:
    """Sampled members; the amount is in members times rows.

    Args:
        kind: "mc" or "rao_blackwell". masks: "shared" or "per_row".
    """

    def __init__(self, work: Sampled, kind: str = "mc", masks: str = "shared") -> None:
        self.network = network(work.sizes, work.rates)
        self.X, self.members, self.kind, self.masks = work.data(), work.members, kind, masks
        self.amount = work.members * work.n

    def run(self, passes: int) -> None:
        for _ in range(passes):
            self.network.predict_ensemble(
                self.X, self.kind, n_members=self.members, masks=self.masks, random_state=0
            )


class Every:
    """All sub-networks; the amount is 1, so that a rate is 1 over the seconds.

    Args:
        scored: whether every sub-network's loss is wanted too.
    """

    amount = 1

    def __init__(self, work: Enumerated, dtype: str = "float32", scored: bool = False) -> None:
        self.network = network(work.sizes, (0.0, 0.5), dtype)
        self.X = work.data().astype(dtype)
        self.y = (self.X[:, 0] > 0).astype(float) if scored else None

    def run(self, passes: int) -> None:
        for _ in range(passes):
            self.network.predict_ensemble(self.X, "exact_arithmetic", y=self.y)


def network(sizes: tuple[int, ...], rates: tuple[float, ...], dtype: str = "float32") -> Network:
    """With the weights it starts from, which cost what trained ones do."""
    inputs, *hidden, outputs = sizes
    made: Any = Network(inputs, Multinomial(), outputs, Setting(tuple(hidden), dtype=dtype), 0)
    made.regularize(input_dropout=rates[0], dropout=list(rates[1:]))
    return made
