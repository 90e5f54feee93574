"""Columns from a reading process put together as a pandas frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.limits import Limits
from shrinkage.data.table import Step, make_step, require_pandas
from shrinkage.data.wire import Column, Moments, Numbers, Texts, Truths

if TYPE_CHECKING:
    import pandas as pd

_YEARS_OF_ZONES = (2, 9998)
"""Years for which zones are known; times beyond them stay in UTC."""


class Assembly:
    """Takes the columns of a table one after another.

    All numbers lie in one matrix by columns, which is how pandas keeps them; the memory of columns
    that hold something else is never touched.

    Attributes:
        steps: what had to be done to the columns.
    """

    def __init__(self, names: Sequence[str], n_rows: int, limits: Limits) -> None:
        limits.check_shape(n_rows, len(names))
        self._names = list(names)
        self._matrix = np.empty((n_rows, len(names)), order="F")
        self._others: dict[int, pd.Series[Any]] = {}
        self.steps: list[Step] = []
        self._taken = 0

    @property
    def complete(self) -> bool:
        """Whether all columns have come."""
        return self._taken >= len(self._names)

    def room_for_numbers(self, shape: Sequence[int]) -> NDArray[np.float64]:
        """Where the next column or columns of numbers go.

        Raises:
            ValueError: they have another length than the table, or are more than it has room for.
        """
        rows, count = (shape[0], 1) if len(shape) == 1 else (shape[0], shape[1])
        if rows != self._matrix.shape[0] or self._taken + count > len(self._names):
            raise ValueError("a column that does not fit the table")
        start, self._taken = self._taken, self._taken + count
        return self._matrix[:, start : self._taken]

    def add(self, column: Column) -> None:
        """Take the next column."""
        if isinstance(column, Numbers):
            room = self.room_for_numbers(column.values.shape)
            room[...] = column.values.reshape(room.shape, order="F")
            return
        values = column.codes if isinstance(column, Texts) else column.values
        self.room_for_numbers(values.shape)
        place = self._taken - 1
        self._others[place] = self._series(column, self._names[place])

    def _series(self, column: Truths | Texts | Moments, name: str) -> pd.Series[Any]:
        pandas = require_pandas()
        series: pd.Series[Any]
        if isinstance(column, Moments):
            series = self._local(pandas.Series(column.values), column.zone, name)
        elif isinstance(column, Truths):
            series = pandas.Series(column.values)
        else:
            # Repeated texts stay codes: one long text may stand for a million rows.
            texts = pandas.Index(column.distinct, dtype=object)
            series = pandas.Series(pandas.Categorical.from_codes(column.codes, categories=texts))
        return series

    def _local(self, moments: pd.Series[Any], zone: str | None, name: str) -> pd.Series[Any]:
        """Times as the clocks of their zone show them, which is what hour and weekday mean."""
        if zone is None:
            return moments
        inside = moments.dt.year.between(*_YEARS_OF_ZONES)
        local = moments.copy()
        try:
            zoned = moments[inside].dt.tz_localize("UTC").dt.tz_convert(zone)
            local[inside] = zoned.dt.tz_localize(None)
        except (KeyError, ValueError, OSError, OverflowError, TypeError):
            text = f"The time zone {zone} of “{name}” is unknown; its times are those of UTC."
            self.steps.append(make_step("unknown_zone", name, text, undoable=False, zone=zone))
            return moments
        text = f"The times of “{name}” are taken as the clock showed them there (zone {zone})."
        self.steps.append(make_step("zoned_times", name, text, undoable=False, zones=[zone]))
        return local

    def frame(self) -> pd.DataFrame:
        """The table, when all columns have come."""
        pandas = require_pandas()
        frame: pd.DataFrame
        if not self._others:
            frame = pandas.DataFrame(self._matrix, copy=False)
        else:
            columns = {
                place: self._others.get(place, self._matrix[:, place])
                for place in range(len(self._names))
            }
            frame = pandas.DataFrame(columns, copy=False)
        frame.columns = pandas.Index(self._names, dtype=object)
        return frame
