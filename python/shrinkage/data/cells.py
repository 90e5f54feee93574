"""Cells of a spreadsheet, gathered row by row and kept as compact columns."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.limits import Limits
from shrinkage.data.wire import Column, Moments, Numbers, factorized

_BLOCK_CELLS = 50_000

Row = Mapping[int, Any]
"""The cells of a row that hold something, by the place of their column."""


class CellColumns:
    """Columns that grow block by block; a block of numbers takes eight bytes a cell.

    A column is made with the first cell that holds something, so that one far to the right costs
    no more than itself.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: list[Row] = []
        self._cells = 0
        self._blocks: dict[int, list[NDArray[np.float64] | list[Any]]] = {}
        self._lengths: list[int] = []
        self.n_rows = 0

    def add(self, row: Row) -> None:
        """Take a row that holds something."""
        self._waiting.append(row)
        self._cells += len(row)
        self.n_rows += 1
        if self._cells >= _BLOCK_CELLS:
            self._flush()

    def places(self) -> list[int]:
        """The places of the columns that hold something."""
        self._flush()
        return sorted(self._blocks)

    def column(self, place: int) -> Column:
        """A column by its place: numbers or dates if all cells are, else texts."""
        self._flush()
        return _typed(self._blocks.pop(place) if place in self._blocks else self._missing())

    def _missing(self) -> list[NDArray[np.float64] | list[Any]]:
        return [np.full(length, np.nan) for length in self._lengths]

    def _flush(self) -> None:
        rows, self._waiting, self._cells = self._waiting, [], 0
        if not rows:
            return
        for place in {place for row in rows for place in row}:
            if place not in self._blocks:
                self._blocks[place] = self._missing()
        self._lengths.append(len(rows))
        for place, blocks in self._blocks.items():
            blocks.append(_compact([row.get(place) for row in rows]))
        self._limits.check_shape(self.n_rows, len(self._blocks))


def _compact(cells: list[Any]) -> NDArray[np.float64] | list[Any]:
    if all(cell is None or type(cell) in (int, float) for cell in cells):
        return np.array([math.nan if cell is None else _float(cell) for cell in cells])
    return cells


def _float(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:  # a whole number beyond the range
        return math.inf if cell > 0 else -math.inf


def _typed(blocks: Sequence[NDArray[np.float64] | list[Any]]) -> Column:
    if all(isinstance(block, np.ndarray) for block in blocks):
        return Numbers(np.concatenate(blocks) if blocks else np.empty(0))
    cells = list(_cells(blocks))
    present = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, datetime.date) for cell in present):  # a datetime is a date too
        return Moments(np.array(cells, dtype="datetime64[us]"))
    return factorized([None if cell is None else cell_text(cell) for cell in cells])


def _cells(blocks: Sequence[NDArray[np.float64] | list[Any]]) -> Iterator[Any]:
    for block in blocks:
        if isinstance(block, np.ndarray):
            yield from (None if math.isnan(number) else number for number in block.tolist())
        else:
            yield from block


def cell_text(cell: Any) -> str:
    """How a cell reads among texts: 3 for 3.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
