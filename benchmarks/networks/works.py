"""What is trained: the networks, their data and what is wanted of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

OPTIMIZERS = ("momentum", "adam")
LEARNING_RATE = {"momentum": 0.01, "adam": 1e-3}
MOMENTUM = 0.9
INPUT_RATE, HIDDEN_RATE = 0.2, 0.5  # dropout, the probability of dropping
# Bytes moved for one weight in a step: float32, read by both passes of the products; gradient
# written and read; weight and each moment read and written.
BYTES_OF_A_WEIGHT = {"momentum": 32, "adam": 40}


@dataclass(frozen=True)
class Work:
    """Relu networks of one shape on made-up data: classes by softmax, or one output by ½(y − η)².

    Attributes:
        sizes: of inputs, hidden layers, outputs.
        n: examples, a multiple of the batch.
        models: networks trained at once, each on all examples.
        wanted: by optimizer, how many times as fast as PyTorch ours is to be.
        wanted_stacked: likewise as PyTorch with stacked models.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    n: int
    wanted: dict[str, float]
    models: int = 1
    wanted_stacked: float = 0.0

    @property
    def shape(self) -> str:
        """As it is written: 784-256-256-10."""
        return "-".join(map(str, self.sizes))

    @property
    def hidden(self) -> tuple[int, ...]:
        return self.sizes[1:-1]

    @property
    def parameters(self) -> int:
        """Weights and biases of one network."""
        return sum((a + 1) * b for a, b in pairwise(self.sizes))

    @property
    def operations(self) -> int:
        """Floating-point operations of the products for one example.

        Forward, gradient by weights and gradient by inputs; the last is not needed of layer 1.
        """
        products = [2 * a * b for a, b in pairwise(self.sizes)]
        return 3 * sum(products) - products[0]

    def bytes_of_a_step(self, optimizer: str) -> int:
        """What a step moves of weights, gradients and moments, were nothing kept in caches."""
        return self.models * self.parameters * BYTES_OF_A_WEIGHT[optimizer]

    def data(self) -> tuple[Any, Any]:
        """X (n, inputs) float32 and y (n,): labels as int64, or targets as float32."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n, self.sizes[0]), dtype=np.float32)
        if self.sizes[-1] == 1:
            return X, rng.standard_normal(self.n, dtype=np.float32)
        return X, rng.integers(0, self.sizes[-1], self.n)

    def shortened(self, divisor: int) -> Work:
        """The same network on fewer examples."""
        return replace(self, n=max(1, self.n // self.batch // divisor) * self.batch)


WORKS = {
    work.name: work
    for work in (
        Work("small", (20, 64, 64, 2), 32, 6400, {"momentum": 12.0, "adam": 12.0}),
        Work("medium", (784, 256, 256, 10), 128, 5120, {"momentum": 3.0, "adam": 3.0}),
        Work("large", (784, 1024, 1024, 1024, 10), 128, 2560, {"momentum": 1.7, "adam": 1.5}),
        Work(
            "many",
            (13, 50, 1),
            32,
            480,
            {"momentum": 100.0, "adam": 100.0},
            models=16,
            wanted_stacked=8.0,
        ),
    )
}
