"""The target: which column it is by default, which task it asks for, and its values."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.plans import Policy, plan_column
from shrinkage.data.reading import learn_reading
from shrinkage.data.table import RawTable, StepLog
from shrinkage.errors import DataError

MAX_CLASSES = 20
TASKS = ("auto", "regression", "classification")
_MAX_CODED_CLASSES = 10

# Customary names of targets, the surest first.
_TARGET_NAMES = (
    *("target", "y", "label", "class", "outcome", "response", "diagnosis", "species", "survived"),
    *("price", "salary", "quality", "saleprice", "sale_price", "medv", "churn", "default", "sales"),
)
# A name that ends in one of these ("Rented Bike Count") is the next best sign.
_TARGET_WORDS = tuple([word] for word in (*_TARGET_NAMES, "count", "rating", "score", "cost"))
_LAST_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Target:
    """The target's values where it is known.

    Attributes:
        known: (n_rows,) True where the target is not missing.
        y: (n,) values of those rows: float64, or int64 codes of classes.
        task: ``"regression"`` or ``"classification"``.
        classes: class labels, or None.
    """

    known: NDArray[np.bool_]
    y: NDArray[np.float64] | NDArray[np.int64]
    task: str
    classes: tuple[str, ...] | None


def guess_target(table: RawTable) -> str:
    """The column that is most likely the target.

    What the file says (``y`` of an .npz file), else a customary name, else the last column that
    could serve as a feature (not constant, not an identifier, not a date). Except for the file's
    word, no column is guessed that cannot be a target: constant, or of too many different texts.
    """
    if table.target_columns:
        return table.target_columns[0]
    by_name = {column.lower(): column for column in reversed(table.columns)}
    named = [by_name[name] for name in _TARGET_NAMES if name in by_name]
    for column in reversed(table.columns):
        if _LAST_WORD.findall(column.lower())[-1:] in _TARGET_WORDS:
            named.append(column)
    for column in named:
        if target_problem(table, column) is None:
            return column
    policy = Policy(decimal=table.decimal)
    for column in reversed(table.columns):
        if target_problem(table, column) is not None:
            continue
        log = StepLog()
        plan = plan_column(table.column(column), column, policy, log)
        dated = any(step.code == "date_parts" for step in log.steps)
        if plan is not None and not dated:
            return column
    return table.columns[-1]


def target_problem(table: RawTable, target: str, task: str = "auto") -> DataError | None:
    """Why the column cannot be the target, with the remedy; None if it can."""
    try:
        read_target(table, target, task, StepLog())
    except DataError as error:
        return error
    return None


def guess_task(table: RawTable, target: str) -> str:
    """``"classification"`` for texts, truth values, two numbers, or codes 0..K-1 or 1..K.

    Codes count up to K = 10; all other numbers are taken as quantities: ``"regression"``.
    """
    check_target_name(table, target)
    series = table.column(target)
    reading = learn_reading(series, target, table.decimal, StepLog())
    if reading.kind != "number" or series.dtype == np.bool_:
        return "classification"
    distinct = np.unique(reading.numbers(series))
    return _task_of_numbers(distinct[~np.isnan(distinct)])


def _task_of_numbers(distinct: NDArray[np.float64]) -> str:
    n = len(distinct)
    if n == 2:
        return "classification"
    start = distinct[0] if n else np.nan
    coded = 2 < n <= _MAX_CODED_CLASSES and start in (0.0, 1.0)
    if coded and np.array_equal(distinct, start + np.arange(n)):
        return "classification"
    return "regression"


def check_target_name(table: RawTable, target: str) -> None:
    """Refuse a target that is not a column."""
    if target in table.columns:
        return
    near = difflib.get_close_matches(target, table.columns, n=3) or list(table.columns[:5])
    raise DataError(
        f"{table.name} has no column “{target}”; choose one such as {', '.join(near)}",
        code="data.unknown_target",
        argument="target",
        value=target,
        known=near,
        remedy="choose one of the columns of the table",
    )


def read_target(table: RawTable, target: str, task: str, log: StepLog) -> Target:
    """Read the target column.

    Raises:
        shrinkage.errors.DataError: see ``prepare``.
    """
    check_target_name(table, target)
    if task not in TASKS:
        raise DataError(
            f"task must be one of {', '.join(TASKS)}, not {task!r}",
            code="data.unknown_task",
            argument="task",
            value=task,
            remedy=f"give one of {', '.join(TASKS)}",
        )
    series = table.column(target)
    reading = learn_reading(series, target, table.decimal, log)
    if reading.kind == "number":
        values = reading.numbers(series)
        known = ~np.isnan(values)
        _check_known(known, target)
        distinct = np.unique(values[known])
        as_classes = task == "classification" or (
            task == "auto"
            and (series.dtype == np.bool_ or _task_of_numbers(distinct) == "classification")
        )
        _check_varies(len(distinct), f"{distinct[0]:g}", target)
        if not as_classes:
            return Target(known, values[known], "regression", None)
        y = np.searchsorted(distinct, values[known]).astype(np.int64)
        labels = tuple(_label(value, truth=series.dtype == np.bool_) for value in distinct)
    else:
        texts = reading.categories(series)
        known = texts.codes >= 0
        _check_known(known, target)
        n_texts = len(np.unique(texts.codes[known]))
        if n_texts > MAX_CLASSES:
            raise _too_many_texts(target, n_texts, texts.distinct[0])
        if task == "regression":
            raise _text_for_regression(target, texts.distinct[0])
        present, codes = np.unique(
            np.array(texts.distinct, dtype=object)[texts.codes[known]].astype(str),
            return_inverse=True,
        )
        _check_varies(len(present), f"“{present[0]}”", target)
        y, labels = codes.astype(np.int64), tuple(str(label) for label in present)
    _check_classes(len(labels), target)
    return Target(known, y, "classification", labels)


def _label(value: float, *, truth: bool) -> str:
    return str(bool(value)) if truth else f"{value:.17g}"


def _check_known(known: NDArray[np.bool_], target: str) -> None:
    if not known.any():
        raise DataError(
            f"every value of the target “{target}” is missing; choose another column",
            code="data.missing_target",
            argument="target",
            value=target,
            remedy="choose another column",
        )


def _check_varies(distinct: int, value: Any, target: str) -> None:
    if distinct < 2:
        raise DataError(
            f"the target “{target}” has the same value, {value}, in every row, so there is nothing "
            "to explain; choose another column",
            code="data.constant_target",
            argument="target",
            value=target,
            constant=str(value),
            remedy="choose another column",
        )


def _check_classes(n_classes: int, target: str) -> None:
    if n_classes > MAX_CLASSES:
        raise DataError(
            f"the target “{target}” has {n_classes} different values, more than {MAX_CLASSES} "
            "classes; choose another column, or regression if they are quantities",
            code="data.too_many_classes",
            argument="target",
            value=n_classes,
            column=target,
            limit=MAX_CLASSES,
            remedy="choose another column, or regression if they are quantities",
        )


def _too_many_texts(target: str, n_texts: int, example: str) -> DataError:
    return DataError(
        f"the target “{target}” holds {n_texts} different texts such as “{example}”, more than "
        f"{MAX_CLASSES} classes; choose another column",
        code="data.too_many_texts",
        argument="target",
        value=n_texts,
        column=target,
        example=example,
        limit=MAX_CLASSES,
        remedy="choose another column",
    )


def _text_for_regression(target: str, example: str) -> DataError:
    return DataError(
        f"the target “{target}” holds text such as “{example}”, and regression needs numbers; "
        "choose classification or a column of numbers",
        code="data.text_target_for_regression",
        argument="target",
        value=target,
        example=example,
        remedy="choose classification or a column of numbers",
    )
