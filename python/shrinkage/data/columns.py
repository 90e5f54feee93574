"""Columns that are filled block by block and become numbers if every cell is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.limits import Watch
from shrinkage.data.table import require_pandas

if TYPE_CHECKING:
    import pandas as pd

Block = NDArray[Any] | list[str | None] | int


def plain_numbers(cells: Sequence[str], decimal: str) -> NDArray[np.float64] | None:
    """The cells as numbers, blank ones as NaN; None if one of them is not plainly a number.

    Plain means what Python's ``float`` reads, less digit separators. In a table with decimal commas
    a point may mark thousands, so such a cell is left to the preparation.
    """
    values = _floats(cells)
    if values is None:
        return None
    joined = "".join(cells)
    if "_" in joined or not joined.isascii() or (decimal == "," and "." in joined):
        return None
    return np.array(values, dtype=np.float64)


def _floats(cells: Sequence[str]) -> list[float] | None:
    try:
        return [float(cell) if cell else np.nan for cell in cells]
    except ValueError:  # a text, or only blanks: the slower look is worth it for few columns
        pass
    try:
        return [float(cell) if cell and not cell.isspace() else np.nan for cell in cells]
    except ValueError:
        return None


class TextColumn:
    """One column of a delimited file.

    Attributes:
        mixed: numbers came first and text later; the file must be read again with this column
            taken as text from the start, because the texts of the numbers were not kept.
    """

    def __init__(self, decimal: str, *, as_text: bool) -> None:
        self._decimal = decimal
        self._as_text = as_text
        self._blocks: list[Any] = []
        self.mixed = False

    def add(self, cells: Sequence[str]) -> None:
        if self.mixed:
            return
        if not any(cells) or all(cell.isspace() for cell in cells if cell):
            self._blocks.append(len(cells))
            return
        numbers = None if self._as_text else plain_numbers(cells, self._decimal)
        if numbers is not None:
            self._blocks.append(numbers)
            return
        if any(isinstance(block, np.ndarray) for block in self._blocks):
            self.mixed = True
            self._blocks.clear()
            return
        self._as_text = True
        self._blocks.append(text_series(cells))

    def finish(self) -> NDArray[np.float64] | pd.Series[Any]:
        """The whole column: float64 (also if all of it is blank), or a Series of texts."""
        blocks = [
            (text_series([""] * block) if self._as_text else np.full(block, np.nan))
            if isinstance(block, int)
            else block
            for block in self._blocks
        ]
        if any(not isinstance(block, np.ndarray) for block in blocks):
            joined: pd.Series[Any] = require_pandas().concat(blocks, ignore_index=True)
            return joined
        return np.concatenate(blocks) if blocks else np.empty(0)


def text_series(cells: Sequence[str | None]) -> pd.Series[Any]:
    """Texts with blanks as missing values, in pandas' compact string type."""
    pandas = require_pandas()
    cleaned = [cell if cell and not cell.isspace() else None for cell in cells]
    series: pd.Series[Any] = pandas.Series(cleaned, dtype="string")
    return series


def assemble(names: Sequence[str], columns: Sequence[Any], watch: Watch) -> pd.DataFrame:
    """A frame of these columns; number columns share one block, so that wide tables are fast."""
    pandas = require_pandas()
    if columns and all(isinstance(column, np.ndarray) for column in columns):
        # Column after column, which is how pandas keeps them and a stop may come between.
        matrix = np.empty((len(columns[0]), len(columns)), order="F")
        for index, column in enumerate(columns):
            matrix[:, index] = column
            watch.check()
        frame = pandas.DataFrame(matrix, columns=list(names), copy=False)
    else:
        frame = pandas.DataFrame(dict(zip(names, columns, strict=True)), copy=False)
    frame.columns = frame.columns.astype(object)
    result: pd.DataFrame = frame
    return result
