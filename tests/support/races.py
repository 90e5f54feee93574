"""Races and votes from numbers written down by hand: nothing is trained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.race_look import Constant, LaneLook, Look, RowLosses
from shrinkage.app.race_spec import Lane
from shrinkage.app.votes import Ambiguity, RowVotes, Votes

ROWS = 64


def rows_of(mean: float, error: float, phase: int) -> NDArray[np.float64]:
    """ROWS numbers of exactly this mean and standard error; other phases are not correlated."""
    place = np.arange(ROWS)
    signs = 1.0 - 2.0 * (np.bitwise_count(place & (phase + 1)) % 2)  # a Walsh function
    return mean + error * math.sqrt(ROWS - 1) * signs


def lane_look(
    number: int,
    train: tuple[float, ...],
    validation: tuple[float, ...],
    error: float = 1e-4,
    **more: Any,
) -> LaneLook:
    """A lane whose last validation loss has this standard error, its training loss none."""
    best = min(validation)
    rows = RowLosses(
        train=rows_of(train[-1], 0.0, 0),
        validation=rows_of(validation[-1], error, number),
        best=rows_of(best, 0.0 if best < validation[-1] else error, number),
        test=rows_of(more.pop("test", 1.0), more.pop("test_spread", error), number),
    )
    return LaneLook(Lane(), train, validation, rows=rows, **more)


def constant_of(train: float = 1.0, validation: float = 1.0) -> Constant:
    """A constant whose losses vary with no row."""
    return Constant(train, validation, rows_of(train, 0.0, 0), rows_of(validation, 0.0, 0))


def look_of(*lanes: LaneLook, constant: Constant | None = None, epoch: int = 3) -> Look:
    """A race of these lanes."""
    return Look(epoch, epoch, lanes, constant=constant or constant_of())


def votes_of(
    mean: Any, error: Any, scaling: float, *, identity: Any = None, classes: bool = False
) -> Votes:
    """Votes whose mean and error by k are these, or this one for every k."""
    mean = np.atleast_1d(np.asarray(mean, dtype=float))
    rows = RowVotes(np.ones((2, 1), np.float32), np.ones(1), np.ones(1), np.ones(1))
    return Votes(
        lane=Lane(dropout=0.5),
        units=8,
        countable=8,
        identity=identity,
        repeats=20,
        mean=mean,
        error=np.broadcast_to(np.asarray(error, dtype=float), mean.shape),
        spread=np.zeros_like(mean),
        member_errors=np.ones(40),
        vote=float(mean[-1]),
        scaling=scaling,
        exact=None,
        ambiguity=Ambiguity(member=3.0, variance=1.0, vote=2.0),
        rows=rows,
        n_test=100,
        classes=classes,
        step=0.0,
    )
