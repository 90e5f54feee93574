"""The data of a race, and what it looks like at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.race_spec import Lane, RaceSpec
from shrinkage.losses import Loss
from shrinkage.neural import Network

VOTERS = 50
"""Sampled sub-networks whose mean stands beside a lane's test error."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of the table: X (n, p) scaled, y (n,) as the loss takes it."""

    X: Any
    y: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Table:
    """The data of a race: what is trained on, what is measured by.

    Attributes:
        facts: what the screen says of the data.
        train, validation, test: the three parts.
        loss: of the output; outputs: number of classes beyond two, else 1.
        unit, origin: standard deviation and mean of the target among the training rows; 1 and 0
            for classes.
    """

    facts: Any
    train: Part
    validation: Part
    test: Part
    loss: Loss
    outputs: int
    unit: float
    origin: float = 0.0

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.loss.task == "classification"

    def network(self, spec: RaceSpec) -> Network:
        """An untrained network of the race; all of them start from the same weights."""
        p = self.train.X.shape[1]
        network = Network(p, self.loss, self.outputs, spec.setting(), spec.seed)
        network.set_examples(self.train.X, self.train.y)
        return network

    def test_error(self, network: Network) -> float:
        """Share of wrong classes, or root mean squared error in units of the target."""
        eta = network.eta(self.test.X)
        if not self.classes:
            return float(self.unit * np.sqrt(np.mean((eta[:, 0] - self.test.y) ** 2)))
        chosen = eta.argmax(axis=1) if eta.shape[1] > 1 else eta[:, 0] > 0
        return float(np.mean(chosen != self.test.y))

    def errors(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Test errors (…) of means (…, n, K) for the test rows, K > 1 probabilities of classes."""
        if self.classes:
            return np.asarray(np.mean(responses.argmax(axis=-1) != self.test.y, axis=-1))
        squares = np.mean((responses[..., 0] - self.test.y) ** 2, axis=-1)
        return np.asarray(self.unit * np.sqrt(squares))

    def vote_error(self, network: Network, lane: Lane, seed: int) -> float:
        """Test error of the mean of VOTERS sampled sub-networks."""
        vote = network.predict_ensemble(
            self.test.X,
            "mc",
            n_members=VOTERS,
            rates=lane.rates(network.setting.hidden_layer_sizes),
            random_state=mask_seed(seed, 0),
        )
        return float(self.errors(as_responses(vote.mean, classes=self.classes)))


def as_responses(predictions: Any, *, classes: bool) -> NDArray[np.float64]:
    """(…, n, K) from (…, n, K) probabilities of classes, or from (…, n) predictions."""
    values = np.asarray(predictions, dtype=np.float64)
    return values if classes else values[..., None]


def mask_seed(seed: int, repeat: int) -> int:
    """Seed of the masks of members; those of the training have the race's own."""
    return int(np.random.SeedSequence((seed, repeat)).generate_state(1, np.uint64)[0])


def cut_off(weights: Sequence[NDArray[Any]]) -> tuple[int, int]:
    """Hidden units through which nothing passes, and how many zeros are weights of theirs."""
    zero = [w == 0 for w in weights]
    hidden = [before.all(axis=0) | after.all(axis=1) for before, after in pairwise(zero)]
    units = sum(int(each.sum()) for each in hidden)
    if units == 0:
        return 0, 0
    ends = [np.zeros(len(zero[0]), bool), *hidden, np.zeros(zero[-1].shape[1], bool)]
    inside = zip(zero, pairwise(ends), strict=True)
    zeros = sum(int((w & (rows[:, None] | columns)).sum()) for w, (rows, columns) in inside)
    return units, zeros


@dataclass(frozen=True)
class LaneLook:
    """One lane at one moment.

    Attributes:
        lane: how it is regularized in the next epoch.
        train, validation: mean loss after each epoch, all units on, at most ``epoch`` of them.
        zeros, total: weights that are exactly zero, and weights in all.
        cut_off: hidden units to which no weight leads, or from which none does. cut_zeros: zeros
            that are weights of theirs.
        test_error: see ``Table.test_error``; None before the first epoch.
        diverged: the epoch whose loss left the range of numbers, or None.
        vote: test error of the mean of VOTERS sampled sub-networks, all units on being the
            ``test_error``; None while it trains, and where nothing is dropped.
    """

    lane: Lane
    train: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    zeros: int = 0
    total: int = 0
    cut_off: int = 0
    cut_zeros: int = 0
    test_error: float | None = None
    diverged: int | None = None
    vote: float | None = None

    @property
    def gap(self) -> float:
        """Validation loss minus training loss after the last epoch; NaN before the first."""
        return self.validation[-1] - self.train[-1] if self.train else float("nan")


@dataclass(frozen=True)
class Look:
    """A race at one moment.

    Attributes:
        epoch: epochs that all lanes have finished, but for those that diverged.
        goal: at which it ends.
        lanes: in order.
        seconds: computing time of all epochs.
        changes: epochs after which a lane or the learning rate was changed, per lane.
    """

    epoch: int
    goal: int
    lanes: tuple[LaneLook, ...]
    seconds: float = 0.0
    changes: tuple[tuple[int, ...], ...] = ()
