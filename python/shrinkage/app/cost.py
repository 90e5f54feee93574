"""What work is expected to take, from what is known before it begins: counted, not timed.

The seconds are those of one core of a present-day machine; the counts were fitted to measured work
(``docs/decisions.md``) and are meant to be right within a factor of 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from shrinkage.app.jobs import Cost, JobState
from shrinkage.app.race import BYTES_OF_WEIGHT
from shrinkage.app.race_spec import RaceSpec
from shrinkage.app.services import Services
from shrinkage.app.spec import LOSS_OF_TASK, RunSpec
from shrinkage.data import samples

BYTES_A_SECOND = 2e7
"""How fast a file is read."""
BYTES_OF_CELL = 5.0
COLUMNS_UNREAD = 10
"""Columns that a file is taken to have before anybody has read it."""


@dataclass(frozen=True)
class _Fit:
    """Seconds of both paths over one fold.

    A part for the fold, a part for each row (all λ read all rows), a part for each column and
    feature that may enter, and one for curvature matrices.
    """

    fold: float
    row: float
    square: float
    cube: float = 0.0

    def seconds(self, rows: float, columns: float) -> float:
        """What a table of this shape takes."""
        if not math.isfinite(rows * columns):
            return math.inf
        active = min(rows, columns)
        parts = self.fold, self.row * rows, self.square * columns * active
        return sum(parts) + self.cube * rows * active**2


_QUADRATIC = _Fit(3e-3, 5.2e-6, 0.7e-6)
_CURVED = _Fit(5e-3, 35e-6, 0.45e-6, 2.5e-9)
_PINBALL = _Fit(20e-3, 400e-6, 5e-6)


def linear_cost(spec: RunSpec, services: Services) -> Cost:
    """What the fits of a run take, cross-validation included."""
    rows, columns = _shape(spec, services)
    name = spec.loss_name
    fit = _PINBALL if name == "quantile" else _CURVED
    fit = _QUADRATIC if name == LOSS_OF_TASK["regression"] else fit
    seconds = (spec.cv + 1) * fit.seconds(rows, columns)
    return Cost(seconds, 8.0 * rows * columns * 4)


def race_cost(race: RaceSpec, spec: RunSpec, services: Services) -> Cost:
    """What training a race to its goal takes, whatever pace it is held to."""
    rows, columns = _shape(spec, services)
    widths = [columns, *race.hidden, 1]
    weights = sum(a * b for a, b in pairwise(widths))
    trained = 0.5625 * rows  # of them a quarter is held back twice
    steps = math.ceil(trained / race.batch_size) if math.isfinite(trained) else math.inf
    epoch = 2e-4 + 2e-6 * steps + 3.9e-9 * steps * weights + 1.4e-10 * trained * weights
    lanes = len(race.lanes)
    memory = 4.0 * rows * columns + lanes * weights * BYTES_OF_WEIGHT
    return Cost(lanes * race.epochs * epoch, memory)


def reading_seconds(size: int) -> float:
    """What reading a file of so many bytes takes."""
    return size / BYTES_A_SECOND


def _shape(spec: RunSpec, services: Services) -> tuple[float, float]:
    """Rows and columns: of the sample, of the table that was read, by the size of the file."""
    if spec.sample is not None:
        shapes = {s.name: (s.n_samples, s.n_features) for s in samples()}
        return shapes.get(spec.sample, (math.inf, math.inf))
    digest = spec.digest or ""
    reading = services.readings.get(digest)
    if reading is not None and reading.state is JobState.DONE:
        table = reading.result.table
        return float(table.n_rows), float(table.n_columns)
    file = services.shelf.find(digest)
    if file is None:
        return math.inf, math.inf
    cells = file.path.stat().st_size / BYTES_OF_CELL
    return cells / COLUMNS_UNREAD, COLUMNS_UNREAD
