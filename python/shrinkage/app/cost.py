"""What work is expected to take, from what is known before it begins: counted, not timed."""

from __future__ import annotations

import math

from shrinkage.app.jobs import JobState
from shrinkage.app.services import Services
from shrinkage.app.spec import LOSS_OF_TASK, RunSpec
from shrinkage.data import samples

SECONDS_OF_CELL = 1e-6
"""A cell of the table in one fold, both paths, squared loss: 0.5 to 2 of these on one core."""
CURVED = 5.0
"""Times as much for a loss that is solved by several quadratic ones."""
BYTES_A_SECOND = 2e7
"""Of a file that is read."""
BYTES_OF_CELL = 5.0


def linear_seconds(spec: RunSpec, services: Services) -> float:
    """Of the fits of a run; infinite where its data are not known."""
    curved = 1.0 if spec.loss_name == LOSS_OF_TASK["regression"] else CURVED
    return SECONDS_OF_CELL * _cells(spec, services) * (spec.cv + 1) * curved


def reading_seconds(size: int) -> float:
    """Of reading a file of so many bytes."""
    return size / BYTES_A_SECOND


def _cells(spec: RunSpec, services: Services) -> float:
    """Rows times columns: of the sample, of the table that was read, by the size of the file."""
    if spec.sample is not None:
        shapes = {s.name: s.n_samples * s.n_features for s in samples()}
        return shapes.get(spec.sample, math.inf)
    digest = spec.digest or ""
    reading = services.readings.get(digest)
    if reading is not None and reading.state is JobState.DONE:
        table = reading.result.table
        return float(table.n_rows * table.n_columns)
    file = services.shelf.find(digest)
    return math.inf if file is None else file.path.stat().st_size / BYTES_OF_CELL
