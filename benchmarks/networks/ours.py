"""Ours, as it is timed.

What is timed has `amount`, the examples (rows, operations, bytes) of one pass, and `run(passes)`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from shrinkage.losses import Multinomial, Squared
from shrinkage.neural import DropoutMLPClassifier, Network, Setting
from shrinkage.neural.network import run_many

from .works import HIDDEN_RATE, INPUT_RATE, LEARNING_RATE, MOMENTUM, Work


class Ours:
    """One network.

    Args:
        dropout: whether there is any. kind: of dropout.
    """

    def __init__(
        self, work: Work, optimizer: str, dropout: bool = True, kind: str = "bernoulli"
    ) -> None:
        self.network = network(work, optimizer, dropout=dropout, kind=kind)
        self.amount = work.n

    def run(self, passes: int) -> None:
        self.network.run(passes)


class OursMany:
    """Models side by side, as `fit_many` trains them once it has checked and copied."""

    def __init__(self, work: Work, optimizer: str) -> None:
        self.networks = [network(work, optimizer, seed) for seed in range(work.models)]
        self.amount = work.models * work.n

    def run(self, passes: int) -> None:
        run_many(self.networks, passes)


def network(
    work: Work, optimizer: str, seed: int = 0, dropout: bool = True, kind: str = "bernoulli"
) -> Network:
    """A network of the work with its examples, not yet trained."""
    X, y = work.data()
    setting = Setting(
        work.hidden,
        optimizer=optimizer,
        learning_rate=LEARNING_RATE[optimizer],
        momentum=MOMENTUM,
        batch_size=work.batch,
    )
    inputs, *_, outputs = work.sizes
    loss = Squared() if outputs == 1 else Multinomial()
    made = Network(inputs, loss, outputs, setting, seed)
    rates = (HIDDEN_RATE, INPUT_RATE) if dropout else (0.0, 0.0)
    made.regularize(dropout=rates[0], input_dropout=rates[1], dropout_kind=kind)
    made.set_examples(X, y)
    return made


class Predictions:
    """Predictions of a network that its penalty has thinned out, as it is or compact."""

    def __init__(self, compact: bool, divisor: int = 1) -> None:
        full, self.X = thinned(divisor)
        self.model, self.amount, self.difference = full, len(self.X), 0.0
        if compact:
            self.model = full.compact()
            ours, theirs = (model.predict_proba(self.X) for model in (self.model, full))
            self.difference = float(np.abs(ours - theirs).max())

    def run(self, passes: int) -> None:
        for _ in range(passes):
            self.model.predict_proba(self.X)

    def about(self) -> dict[str, Any]:
        """Units of each layer; how far the predictions of the compact one are from those before."""
        sizes = [len(self.model.coefs_[0]), *(len(b) for b in self.model.intercepts_)]
        return {"sizes": sizes, "difference": self.difference}


@cache
def thinned(divisor: int) -> tuple[DropoutMLPClassifier, Any]:
    """784-1024-1024-10 under a group penalty on units, and the inputs it was trained on.

    A tenth of the inputs decides the class.
    """
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2048 // divisor, 784), dtype=np.float32)
    y = (X[:, :78] @ rng.standard_normal((78, 10))).argmax(axis=1)
    model = DropoutMLPClassifier(
        (1024, 1024),
        scale=None,
        dropout=0.0,
        penalty="unit_group",
        lam=[6e-4, 6e-4, 0.0],
        optimizer="momentum",
        learning_rate=0.05,
        batch_size=128,
        max_epochs=20,
        random_state=0,
    )
    return model.fit(X, y), X
