"""scikit-learn's network, and what the machine itself can do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from .works import LEARNING_RATE, MOMENTUM, Work


class Sklearn:
    """MLPClassifier or MLPRegressor, without dropout and L2; its two classes have one output."""

    def __init__(self, work: Work, optimizer: str) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        self.X, self.y = work.data()
        self.models, self.amount = work.models, work.models * work.n
        self.make = MLPRegressor if work.sizes[-1] == 1 else MLPClassifier
        self.options: dict[str, Any] = dict(
            hidden_layer_sizes=work.hidden,
            batch_size=work.batch,
            solver="sgd" if optimizer == "momentum" else "adam",
            learning_rate_init=LEARNING_RATE[optimizer],
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            alpha=0.0,
            tol=0.0,
            n_iter_no_change=10**6,
        )

    def run(self, passes: int) -> None:
        for seed in range(self.models):
            self.make(max_iter=passes, random_state=seed, **self.options).fit(self.X, self.y)


class Sgemm:
    """The machine's product of float32 matrices, by numpy's BLAS; the amount is in operations."""

    SIZE = 1536

    def __init__(self, threads: int) -> None:
        rng = np.random.default_rng(0)
        self.threads = threads
        self.a, self.b = rng.standard_normal((2, self.SIZE, self.SIZE), dtype=np.float32)
        self.amount = 2 * self.SIZE**3

    def run(self, passes: int) -> None:
        with threadpool_limits(self.threads, user_api="blas"):
            for _ in range(passes):
                self.a @ self.b


class Memory:
    """c = a + b over arrays too large for a core's caches; the amount is in bytes moved."""

    SIZE = 2**23

    def __init__(self, threads: int) -> None:
        self.arrays = [
            tuple(np.ones(self.SIZE // threads, np.float32) for _ in range(3))
            for _ in range(threads)
        ]
        self.pool = ThreadPoolExecutor(threads)
        self.amount = 3 * 4 * self.SIZE

    def run(self, passes: int) -> None:
        def add(arrays: Any) -> None:
            for _ in range(passes):
                np.add(arrays[0], arrays[1], out=arrays[2])

        list(self.pool.map(add, self.arrays))
