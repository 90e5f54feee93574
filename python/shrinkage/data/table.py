"""What the reader returns, and the record of what was done to a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

LINE = "line"
"""Name of an index that holds the lines of the file on which the rows begin."""


@dataclass(frozen=True)
class Step:
    """One thing that was done to the data.

    Attributes:
        id: stable name of this step on this table, ``"code:column"``; what ``undo`` takes.
        code: kind of step, such as ``"dropped_constant"``; an application translates by it.
        column: the column it concerns, or None for the whole table.
        fields: the counts and values its text is made of.
        text: English sentence.
        undoable: False for what the file forces (a name given to an unnamed column) and for what no
            fit can do without (rows whose target is missing).
    """

    id: str
    code: str
    column: str | None
    fields: Mapping[str, Any]
    text: str
    undoable: bool = True


def make_step(
    code: str, column: str | None, text: str, *, undoable: bool = True, **fields: Any
) -> Step:
    """A step with its stable id."""
    identity = code if column is None else f"{code}:{column}"
    return Step(identity, code, column, fields, text, undoable)


class StepLog:
    """Collects the steps of a preparation and knows which of them the user has undone.

    Attributes:
        steps: what was done, in order.
        undone: what would have been done, but was undone.
    """

    def __init__(self, undo: frozenset[str] = frozenset()) -> None:
        self._undo = undo
        self.steps: list[Step] = []
        self.undone: list[Step] = []

    def do(
        self, code: str, column: str | None, text: str, *, undoable: bool = True, **fields: Any
    ) -> bool:
        """Record the step and return True, or return False because it is undone."""
        return self.do_step(make_step(code, column, text, undoable=undoable, **fields))

    def do_step(self, step: Step) -> bool:
        """The same for a step that is made already."""
        if step.undoable and step.id in self._undo:
            if step.id not in {other.id for other in self.undone}:
                self.undone.append(step)
            return False
        self.steps.append(step)
        return True

    def one_of(self, first: Step, second: Step) -> bool:
        """Record the first step, or the second if the first is undone; True for the first.

        Something must be done: if both are undone, the first is done again.
        """
        if self.do_step(first):
            return True
        if self.do_step(second):
            return False
        self.undone = [step for step in self.undone if step.id != first.id]
        self.steps.append(first)
        return True


@dataclass(frozen=True)
class RawTable:
    """A table as it was read: numbers where every cell is a plain number, else text.

    Attributes:
        frame: pandas DataFrame, one row per record, column names unique and of type str.
        name: what the table is called, usually the file's name.
        format: ``"delimited"``, ``"parquet"``, ``"xlsx"`` or ``"npz"``.
        details: how it was read (``delimiter``, ``encoding``, ``decimal``, ``compressed``,
            ``sheet``, ``sheets``, ``n_bytes``), for the report.
        steps: what the reader had to do, none of it undoable.
        target_columns: columns the file itself marks as targets (``y`` of an .npz file).
        decimal: the decimal mark of number texts, ``"."`` or ``","``.
        lines: (n_rows,) line of the file, or row of the sheet, on which each row begins, counted
            from 1; None where the file has no lines.
    """

    frame: pd.DataFrame
    name: str
    format: str
    details: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    target_columns: tuple[str, ...] = ()
    decimal: str = "."
    lines: NDArray[np.int64] | None = None

    @property
    def n_rows(self) -> int:
        return int(self.frame.shape[0])

    @property
    def n_columns(self) -> int:
        return int(self.frame.shape[1])

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.frame.columns)

    def column(self, name: str) -> pd.Series[Any]:
        """A column, indexed by the lines of the file where they are known."""
        series: pd.Series[Any] = self.frame[name]
        return series if self._index is None else series.set_axis(self._index)

    def rows(self, rows: NDArray[np.int64], *, without: list[str]) -> pd.DataFrame:
        """These rows of all columns but some, indexed in the same way, else from 0."""
        frame = self.frame.drop(columns=without).iloc[rows].reset_index(drop=True)
        if self._index is not None:
            frame.index = self._index[rows]
        return frame

    @cached_property
    def _index(self) -> pd.Index[Any] | None:
        return None if self.lines is None else require_pandas().Index(self.lines, name=LINE)


def unique_names(names: list[str]) -> tuple[list[str], list[Step]]:
    """Names without blanks and repeats, and a step for each of the two that occurred."""
    given = [" ".join(name.split()) for name in names]
    taken: set[str] = set(filter(None, given))
    seen: set[str] = set()
    last: dict[str, int] = {}
    result: list[str] = []
    unnamed: list[str] = []
    repeated: list[str] = []
    for position, wanted in enumerate(given, start=1):
        name = wanted
        if not wanted:
            stem = f"column_{position}"
            name = _numbered(stem, "_", taken, last) if stem in taken else stem
            unnamed.append(name)
        elif wanted in seen:
            name = _numbered(wanted, ".", taken, last)
            repeated.append(name)
        taken.add(name)
        seen.add(name)
        result.append(name)
    steps = []
    if unnamed:
        text = f"{counted(len(unnamed), 'column')} without a name got one: {_shown(unnamed)}."
        steps.append(make_step("named_columns", None, text, undoable=False, names=unnamed))
    if repeated:
        number = counted(len(repeated), "column")
        text = f"{number} with the name of another got a new one: {_shown(repeated)}."
        steps.append(make_step("renamed_duplicates", None, text, undoable=False, names=repeated))
    return result, steps


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _shown(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names[:3]) + (", ..." if len(names) > 3 else "")


def _numbered(stem: str, mark: str, taken: set[str], last: dict[str, int]) -> str:
    """The stem with the next free number; ``last`` keeps where each stem has got to."""
    number = last.get(stem, 0) + 1
    while f"{stem}{mark}{number}" in taken:
        number += 1
    last[stem] = number
    return f"{stem}{mark}{number}"


def require_pandas() -> Any:
    """The pandas module.

    Raises:
        DataError: pandas is not installed (code ``data.missing_extra``).
    """
    try:
        import pandas
    except ImportError as error:
        raise missing_extra("pandas", "tables") from error
    return pandas


def missing_extra(package: str, what: str) -> DataError:
    """The error for a format whose package is not installed."""
    return DataError(
        f"reading {what} needs the package {package}; install it with: "
        'pip install "shrinkage[app]"',
        code="data.missing_extra",
        argument="source",
        value=package,
        what=what,
        remedy='pip install "shrinkage[app]"',
    )
