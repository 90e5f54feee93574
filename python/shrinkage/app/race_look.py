"""The data of a race, and what it looks like at one moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from shrinkage.app.intervals import standard_error
from shrinkage.app.race_spec import Lane, RaceSpec
from shrinkage.losses import Loss
from shrinkage.neural import Network

VOTERS = 50
"""Sampled sub-networks whose mean stands beside a lane's test error."""
MEASURED_ROWS = 10_000
"""Training and validation rows at most whose losses tell how exact a mean loss is."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of the table: X (n, p) scaled, y (n,) as the loss takes it."""

    X: Any
    y: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)

    @cached_property
    def measured(self) -> Part:
        """All rows, or MEASURED_ROWS of them at even distances."""
        if self.n <= MEASURED_ROWS:
            return self
        rows = np.linspace(0, self.n - 1, MEASURED_ROWS).astype(np.int64)
        return Part(self.X[rows], self.y[rows])


@dataclass(frozen=True, eq=False)
class RowLosses:
    """Losses of single rows, all units on, from which errors of differences are computed.

    Attributes:
        train, validation: losses of the measured rows of these parts.
        best: those of ``validation`` after the epoch of the lowest validation loss.
        test: squared errors of all test rows in units of the scaled target, or 1 where the class
            is wrong and 0 where it is right.
    """

    train: NDArray[np.float64]
    validation: NDArray[np.float64]
    best: NDArray[np.float64]
    test: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Constant:
    """The best constant prediction: fitted on the training rows, measured as the lanes are.

    Attributes:
        train, validation: mean losses.
        train_rows, validation_rows: losses of the measured rows.
    """

    train: float
    validation: float
    train_rows: NDArray[np.float64]
    validation_rows: NDArray[np.float64]

    @property
    def gap(self) -> float:
        """Validation loss minus training loss: how much harder the validation rows are."""
        return self.validation - self.train


@dataclass(frozen=True, eq=False)
class Table:
    """The data of a race: what is trained on, what is measured by.

    Attributes:
        facts: what the screen says of the data.
        train, validation, test: the three parts.
        loss: of the output; outputs: number of classes beyond two, else 1.
        unit, origin: standard deviation and mean of the target among the training rows; 1 and 0
            for classes.
        places: (n,) number of each test row in the data as they were read, from 1 on; None where
            it is not known.
        divisor: what all columns were divided by, where one number scales them; None where each
            column was scaled by its own deviation.
    """

    facts: Any
    train: Part
    validation: Part
    test: Part
    loss: Loss
    outputs: int
    unit: float
    origin: float = 0.0
    places: NDArray[np.int64] | None = None
    divisor: float | None = None

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        return self.loss.task == "classification"

    def network(self, spec: RaceSpec) -> Network:
        """An untrained network of the race; all of them start from the same weights."""
        p = self.train.X.shape[1]
        network = Network(p, self.loss, self.outputs, spec.setting(), spec.seed)
        network.set_examples(self.train.X, self.train.y, copy=False)  # one table for all lanes
        return network

    def test_error(self, network: Network) -> float:
        """Share of wrong classes, or root mean squared error in units of the target."""
        return self.error_of(self.test_rows(network))

    def error_of(self, rows: NDArray[np.float64]) -> float:
        """The test error from what ``test_rows`` returns."""
        mean = float(np.mean(rows))
        return mean if self.classes else self.unit * math.sqrt(mean)

    def error_of_error(self, rows: NDArray[np.float64]) -> float:
        """Standard error of the test error over its rows; that of a root by the delta method."""
        error = standard_error(rows)
        if self.classes:
            return error
        root = math.sqrt(float(np.mean(rows)))
        return self.unit * error / (2.0 * root) if root > 0 else 0.0

    def test_rows(self, network: Network) -> NDArray[np.float64]:
        """(n,) squared errors in units of the scaled target, or 1 where the class is wrong."""
        eta = network.eta(self.test.X)
        if not self.classes:
            return np.asarray((eta[:, 0] - self.test.y) ** 2)
        chosen = eta.argmax(axis=1) if eta.shape[1] > 1 else eta[:, 0] > 0
        return np.asarray(chosen != self.test.y, dtype=np.float64)

    def validation_rows(self, network: Network) -> NDArray[np.float64]:
        """Losses of the measured validation rows."""
        part = self.validation.measured
        return row_losses(network.eta(part.X), part.y, classes=self.classes)

    def row_losses(self, network: Network, best: NDArray[np.float64] | None) -> RowLosses:
        """Losses of single rows; ``best`` are those of the epoch of the lowest validation loss."""
        part, validation = self.train.measured, self.validation_rows(network)
        return RowLosses(
            train=row_losses(network.eta(part.X), part.y, classes=self.classes),
            validation=validation,
            best=validation if best is None else best,
            test=self.test_rows(network),
        )

    @cached_property
    def constant(self) -> Constant:
        """The best constant prediction and its losses."""
        eta = self._constant_eta()

        def losses(part: Part) -> NDArray[np.float64]:
            shape = (part.n, len(eta))
            return row_losses(np.broadcast_to(eta, shape), part.y, classes=self.classes)

        return Constant(
            train=float(losses(self.train).mean()),
            validation=float(losses(self.validation).mean()),
            train_rows=losses(self.train.measured),
            validation_rows=losses(self.validation.measured),
        )

    def _constant_eta(self) -> NDArray[np.float64]:
        """(outputs,) the mean, or the log of the shares of the classes.

        A class that no training row has counts as half a row, so that its loss stays finite.
        """
        y = self.train.y
        if not self.classes:
            return np.array([y.mean()])
        counts = np.bincount(y.astype(int), minlength=max(self.outputs, 2))
        logs = np.log(np.maximum(counts, 0.5))
        return logs if self.outputs > 1 else logs[1:] - logs[:1]

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


def row_losses(
    eta: NDArray[np.float64], y: NDArray[np.float64], *, classes: bool
) -> NDArray[np.float64]:
    """(n,) losses at η (n, K): half the squared error, logistic, or softmax cross-entropy."""
    if not classes:
        return np.asarray(0.5 * (eta[:, 0] - y) ** 2)
    if eta.shape[1] == 1:
        return np.asarray(np.logaddexp(0.0, eta[:, 0]) - y * eta[:, 0])
    true = eta[np.arange(len(y)), y.astype(int)]
    return np.asarray(logsumexp(eta, axis=1) - true)


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
        rules: (epochs, how) it was regularized in those that are over: after so many epochs, from
            0 on; empty before the first.
        train, validation: mean loss after each epoch, all units on, at most ``epoch`` of them.
        zeros, total: weights that are exactly zero, and weights in all.
        cut_off: hidden units to which no weight leads, or from which none does. cut_zeros: zeros
            that are weights of theirs.
        test_error: see ``Table.test_error``; None before the first epoch. deviation: its standard
            error over the test rows.
        diverged: the epoch whose loss left the range of numbers, or None.
        vote: test error of the mean of VOTERS sampled sub-networks, all units on being the
            ``test_error``; None while it trains, and where nothing is dropped.
        rows: losses of single rows; None before the first epoch.
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
    rules: tuple[tuple[int, Lane], ...] = ()
    deviation: float | None = None
    rows: RowLosses | None = field(default=None, compare=False, repr=False)

    @property
    def coming(self) -> Lane | None:
        """How the next epoch differs from the last; None where it does not."""
        if not self.rules or self.lane.rules() == self.rules[-1][1].rules():
            return None
        return self.lane

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
        constant: the best constant prediction, once the data are loaded.
    """

    epoch: int
    goal: int
    lanes: tuple[LaneLook, ...]
    seconds: float = 0.0
    changes: tuple[tuple[int, ...], ...] = ()
    constant: Constant | None = field(default=None, compare=False, repr=False)
