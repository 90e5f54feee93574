"""From a raw table to a data set, with a report in which every step can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkage.data.dataset import Dataset
from shrinkage.data.dateguess import REASONS
from shrinkage.data.preparation import TablePreparation
from shrinkage.data.reading import Reading, learn_reading, texts_of
from shrinkage.data.table import RawTable, Step, StepLog, counted
from shrinkage.data.target import read_target
from shrinkage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS = 4
_EXAMPLES = 3

UNDOABLE = frozenset(
    (
        *("missing_code", "parsed_number_text", "parsed_date", "date_parts", "dropped_date"),
        *("dropped_constant", "dropped_identifier", "dropped_text", "dropped_split_marker"),
        *("dropped_mostly_missing", "dropped_incomplete", "dropped_category", "one_hot"),
        *("dropped_no_words", "unread_cells", "unread_rows"),
        *(f"ambiguous_date_{reason}" for reason in REASONS),
        *("filled_missing_median", "missing_level", "filled_missing_most_frequent"),
        *("pooled_rare_levels", "dropped_other_target", "text_words"),
    )
)


@dataclass(frozen=True)
class ColumnSummary:
    """What a column of a raw table holds.

    Attributes:
        name: its name.
        kind: ``"number"``, ``"category"``, ``"date"`` or ``"empty"``.
        n_missing: rows without a value, missing codes counted.
        n_distinct: different values.
        examples: up to three of them, as text.
    """

    name: str
    kind: str
    n_missing: int
    n_distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table prepared for a target.

    Attributes:
        X: (n, p) float64, finite; in Fortran order, or sparse (CSC) with a text column.
        y: (n,) float64, or int64 codes into ``classes``.
        feature_names: p names.
        origin: p names: the column of the table that each feature comes from.
        target: name of the target.
        task: ``"regression"`` or ``"classification"``.
        classes: class labels, or None.
        steps: what was done, by the reader and by the preparation.
        undone: steps that would have been taken but were undone.
        rows: (n,) positions of the rows in the raw table.
        features: the raw feature columns of these rows; what ``preparation`` is refitted on in a
            fold.
        preparation: the fitted transformer.
        name: name of the table.
    """

    X: NDArray[np.float64] | sparse.csc_array
    y: NDArray[np.float64] | NDArray[np.int64]
    feature_names: tuple[str, ...]
    origin: tuple[str, ...]
    target: str
    task: str
    classes: tuple[str, ...] | None
    steps: tuple[Step, ...]
    undone: tuple[Step, ...]
    rows: NDArray[np.int64]
    features: pd.DataFrame
    preparation: TablePreparation
    name: str

    def dataset(self) -> Dataset:
        """The data set to fit."""
        return Dataset(
            self.X, self.y, self.feature_names, self.target, self.task, self.name, self.classes
        )


def prepare(
    table: RawTable,
    target: str,
    *,
    task: str = "auto",
    exclude: Iterable[str] = (),
    undo: Iterable[str] = (),
    add_indicator: bool = False,
    max_words: int = 500,
    kinds: Mapping[str, str] | None = None,
) -> Prepared:
    """Prepare a table for a target.

    Rows whose target is missing are left out. The other columns go through ``TablePreparation``.

    Args:
        table: what ``read_table`` returned.
        target: name of the target column.
        task: ``"regression"``, ``"classification"``, or ``"auto"`` to decide by ``guess_task``.
        exclude: columns not to use as features.
        undo: ids of steps not to take; undoing a filling leaves the column out, undoing that fills
            it again.
        add_indicator: add a 0/1 column for each number column with missing values.
        max_words: words of a text column that get a column, the commonest.
        kinds: ``{column: "number", "category" or "date"}`` where the kind that is found is wrong.

    Raises:
        shrinkage.errors.DataError: ``data.unknown_target``, ``data.missing_target`` (every value is
            missing), ``data.constant_target``, ``data.text_target_for_regression``,
            ``data.too_many_classes``, ``data.too_few_rows``, ``data.no_features``,
            ``data.all_missing``, ``data.no_words``, ``data.unknown_column``, ``data.unknown_kind``,
            ``data.wrong_kind`` or ``data.unknown_step``.
    """
    undo, exclude = frozenset(undo), tuple(exclude)
    _check_names(table, exclude, undo)
    log = StepLog(undo)
    chosen = read_target(table, target, task, log)
    rows = _rows_with_target(chosen.known, target, log)
    features = table.rows(rows, without=_not_features(table, target, exclude, log))
    preparation = TablePreparation(
        undo=tuple(sorted(undo)),
        decimal=table.decimal,
        add_indicator=add_indicator,
        max_words=max_words,
        kinds=kinds,
    )
    X = preparation.fit(features).transform(features)
    return Prepared(
        X=X,
        y=chosen.y,
        feature_names=tuple(preparation.get_feature_names_out()),
        origin=preparation.origin_,
        target=target,
        task=chosen.task,
        classes=chosen.classes,
        steps=(*table.steps, *log.steps, *preparation.steps_),
        undone=(*log.undone, *preparation.undone_),
        rows=rows,
        features=features,
        preparation=preparation,
        name=table.name,
    )


def _rows_with_target(known: NDArray[np.bool_], target: str, log: StepLog) -> NDArray[np.int64]:
    n_unknown = int((~known).sum())
    if n_unknown:
        text = f"{counted(n_unknown, 'row')} left out: the target “{target}” is missing there."
        log.do("dropped_rows_missing_target", target, text, undoable=False, count=n_unknown)
    rows = np.flatnonzero(known).astype(np.int64)
    if len(rows) < MIN_ROWS:
        raise DataError(
            f"only {len(rows)} rows have a target; at least {MIN_ROWS} are needed: add rows",
            code="data.too_few_rows",
            argument="table",
            value=len(rows),
            limit=MIN_ROWS,
            remedy="add rows",
        )
    return rows


def _not_features(
    table: RawTable, target: str, exclude: tuple[str, ...], log: StepLog
) -> list[str]:
    dropped = {target, *exclude}
    for other in table.target_columns:
        if other not in dropped and target in table.target_columns:
            text = f"“{other}” was left out: the file marks it as a target."
            if log.do("dropped_other_target", other, text):
                dropped.add(other)
    return [column for column in table.columns if column in dropped]


def _check_names(table: RawTable, exclude: tuple[str, ...], undo: frozenset[str]) -> None:
    columns = set(table.columns)
    for column in exclude:
        if column not in columns:
            raise DataError(
                f"{table.name} has no column “{column}” to exclude; use names of its columns",
                code="data.unknown_column",
                argument="exclude",
                value=column,
                remedy="use names of its columns",
            )
    for step in sorted(undo):
        code, _, column = step.partition(":")
        if code not in UNDOABLE or column not in columns:
            raise DataError(
                f"there is no step {step!r} to undo; use the id of an undoable step",
                code="data.unknown_step",
                argument="undo",
                value=step,
                remedy="use the id of an undoable step",
            )


def inspect_table(table: RawTable) -> tuple[ColumnSummary, ...]:
    """What each column holds, in the order of the table; nothing is changed."""
    return tuple(_summarize(table.column(name), name, table.decimal) for name in table.columns)


def _summarize(series: pd.Series[Any], name: str, decimal: str) -> ColumnSummary:
    reading = learn_reading(series, name, decimal, StepLog())
    if reading.kind == "number":
        return _summarize_numbers(series, name, reading)
    if reading.kind == "date":
        moments = reading.moments(series)
        n_missing = int(np.isnat(moments).sum())
    else:
        n_missing = int((reading.categories(series).codes < 0).sum())
    texts = texts_of(series).without(reading.missing_texts).distinct
    return ColumnSummary(name, reading.kind, n_missing, len(texts), tuple(texts[:_EXAMPLES]))


def _summarize_numbers(series: pd.Series[Any], name: str, reading: Reading) -> ColumnSummary:
    values = reading.numbers(series)
    present = values[~np.isnan(values)]
    kind = "number" if len(present) else "empty"
    examples = tuple(f"{value:g}" for value in dict.fromkeys(present[:100].tolist()))[:_EXAMPLES]
    distinct = len(np.unique(present))
    return ColumnSummary(name, kind, len(values) - len(present), distinct, examples)
