"""The data of a race, and what it looks like at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.race_spec import Lane, RaceSpec
from shrinkage.losses import Loss
from shrinkage.neural import Network


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
        unit: standard deviation of the target among the training rows; 1 for classes.
    """

    facts: Any
    train: Part
    validation: Part
    test: Part
    loss: Loss
    outputs: int
    unit: float

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


@dataclass(frozen=True)
class LaneLook:
    """One lane at one moment.

    Attributes:
        lane: how it is regularized in the next epoch.
        train, validation: mean loss after each epoch, all units on, at most ``epoch`` of them.
        zeros, total: weights that are exactly zero, and weights in all.
        test_error: see ``Table.test_error``; None before the first epoch.
        diverged: the epoch whose loss left the range of numbers, or None.
    """

    lane: Lane
    train: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()
    zeros: int = 0
    total: int = 0
    test_error: float | None = None
    diverged: int | None = None

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
