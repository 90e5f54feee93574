"""What becomes of each column: left out, kept as a number, or encoded; decided on training data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.dates import PARTS, date_part
from shrinkage.data.reading import Reading, Texts, learn_reading
from shrinkage.data.table import Step, StepLog, counted, make_step
from shrinkage.data.words import (
    LEAST_ROWS,
    WordsPlan,
    has_words,
    is_free_text,
    learn_vocabulary,
    log_words,
    plan_words,
)

if TYPE_CHECKING:
    import pandas as pd

MISSING_LEVEL = "(missing)"
OTHER_LEVEL = "(other)"
_RARE_SHARE = 0.005
_MIN_ROWS_TO_JUDGE = 10

ID_NAME = re.compile(
    r"(?i:(.*[_\W])?(id|pid|uuid|guid|key|index|idx|row|row_name|rownames?|record|serial))"
    r"|.*[a-z]I[dD]"
)
SPLIT_NAME = re.compile(r"(is_?)?(train|test|training|split|fold|set)", re.IGNORECASE)
_SPLIT_LEVELS = frozenset(("train", "test", "valid", "validation", "true", "false", "training"))
_MAX_FOLDS = 20


@dataclass(frozen=True)
class Policy:
    """The choices of a preparation that concern a single column."""

    max_levels: int = 30
    max_missing: float = 0.5
    add_indicator: bool = False
    decimal: str = "."
    max_words: int = 500
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NumberPlan:
    """A number column: missing values become ``fill``."""

    reading: Reading
    fill: float
    indicator: bool = False

    def names(self, column: str) -> list[str]:
        return [column, f"{column} {MISSING_LEVEL}"] if self.indicator else [column]

    def encode(self, series: pd.Series[Any]) -> list[NDArray[np.float64]]:
        return self.encode_values(self.reading.numbers(series))

    def encode_values(self, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        return [filled, missing.astype(np.float64)] if self.indicator else [filled]


@dataclass(frozen=True)
class CategoryPlan:
    """A category column: one 0/1 column per level in ``shown``.

    All levels are shown, so that no level is singled out as the reference: the penalty would treat
    it differently. Of two levels only the later one is shown, the other is its mirror image. A
    level that was not seen in training counts as ``(other)`` if there is that level, else as none.
    """

    reading: Reading
    levels: tuple[str, ...]
    shown: tuple[str, ...]
    fill: str

    def names(self, column: str) -> list[str]:
        return [f"{column}={level}" for level in self.shown]

    def encode(self, series: pd.Series[Any]) -> list[NDArray[np.float64]]:
        texts = self.reading.categories(series)
        known = frozenset(self.levels)
        other = OTHER_LEVEL if OTHER_LEVEL in known else ""
        labels = np.array([t if t in known else other for t in texts.distinct], dtype=object)
        rows = texts.spread(labels, self.fill)
        return [(rows == level).astype(np.float64) for level in self.shown]


@dataclass(frozen=True)
class DatePlan:
    """A date column: some of ``dates.PARTS``, missing ones filled."""

    reading: Reading
    parts: tuple[str, ...]
    fills: tuple[float, ...]

    def names(self, column: str) -> list[str]:
        return [f"{column}: {part}" for part in self.parts]

    def encode(self, series: pd.Series[Any]) -> list[NDArray[np.float64]]:
        moments = self.reading.moments(series)
        columns = []
        for part, fill in zip(self.parts, self.fills, strict=True):
            values = date_part(moments, part)
            columns.append(np.where(np.isnan(values), fill, values))
        return columns


Plan = NumberPlan | CategoryPlan | DatePlan | WordsPlan


def plan_column(series: pd.Series[Any], name: str, policy: Policy, log: StepLog) -> Plan | None:
    """Decide on a column; None if it is left out."""
    kind = policy.kinds.get(name)
    reading = learn_reading(series, name, policy.decimal, log, kind)
    if reading.kind == "number":
        return plan_number(reading, reading.numbers(series), name, policy, log, raw=series)
    if reading.kind == "date":
        return _plan_date(reading, reading.moments(series), name, log)
    texts = reading.categories(series)
    if kind is None and _mostly_once(texts):
        return _plan_texts(reading, texts, name, policy, log)
    return _plan_category(reading, texts, name, policy, log)


def plan_number(
    reading: Reading,
    values: NDArray[np.float64],
    name: str,
    policy: Policy,
    log: StepLog,
    *,
    raw: pd.Series[Any] | None = None,
) -> NumberPlan | None:
    """Decide on a column of numbers (NaN where missing)."""
    if raw is not None and raw.dtype.kind == "f":
        _log_infinite(raw.to_numpy(), name, log)
    present = values[~np.isnan(values)]
    n_missing = len(values) - len(present)
    if _drop_missing(n_missing, len(values), name, policy, log, droppable=True):
        return None
    if _drop_constant(present.min() == present.max(), f"{present[0]:g}", name, log):
        return None
    if _drop_split_marker(name, present, log) or _drop_number_identifier(name, present, log):
        return None
    fill = float(np.median(present))
    indicator = policy.add_indicator and n_missing > 0
    if n_missing:
        text = (
            f"{counted(n_missing, 'missing value')} of “{name}” filled with the median, {fill:.3g}."
        )
        code = "filled_missing_median"
        filling = make_step(code, name, text, count=n_missing, value=fill, indicator=indicator)
        if not log.one_of(filling, _incomplete(name, n_missing)):
            return None
    return NumberPlan(reading, fill, indicator)


def _log_infinite(values: NDArray[np.float64], name: str, log: StepLog) -> None:
    count = int(np.isinf(values).sum())
    if count:
        text = f"{counted(count, 'infinite value')} of “{name}” taken as missing."
        log.do("infinite_as_missing", name, text, undoable=False, count=count)


def _incomplete(name: str, count: int) -> Step:
    text = f"“{name}” was left out because its missing values ({count}) were not to be filled."
    return make_step("dropped_incomplete", name, text, count=count)


def _drop_missing(
    n_missing: int, n_rows: int, name: str, policy: Policy, log: StepLog, *, droppable: bool
) -> bool:
    if n_missing == n_rows:
        text = f"“{name}” was left out: all its values are missing."
        return log.do("dropped_all_missing", name, text, undoable=False, count=n_missing)
    share = n_missing / n_rows
    if not droppable or share <= policy.max_missing:
        return False
    text = f"“{name}” was left out: {share:.0%} of its values are missing."
    return log.do("dropped_mostly_missing", name, text, count=n_missing, share=share)


def _drop_constant(constant: bool, value: str, name: str, log: StepLog) -> bool:
    text = f"“{name}” was left out: it holds the same value, {value}, in every row."
    return bool(constant) and log.do("dropped_constant", name, text, value=value)


def _drop_split_marker(
    name: str, values: Sequence[str] | NDArray[np.float64], log: StepLog
) -> bool:
    if not SPLIT_NAME.fullmatch(name):
        return False
    distinct = set(values)
    if not _marks_split(distinct):
        return False
    text = f"“{name}” was left out: it seems to mark training and test rows."
    return log.do("dropped_split_marker", name, text, distinct=len(distinct))


def _marks_split(distinct: set[Any]) -> bool:
    if all(isinstance(value, str) for value in distinct):
        return {str(value).lower() for value in distinct} <= _SPLIT_LEVELS
    return len(distinct) <= _MAX_FOLDS and all(float(value).is_integer() for value in distinct)


def _drop_number_identifier(name: str, present: NDArray[np.float64], log: StepLog) -> bool:
    """Whole numbers, no two alike, that count the rows or bear the name of an identifier."""
    low, high = present.min(), present.max()
    counts_rows = bool(low in (0.0, 1.0) and high - low + 1 == len(present))
    if len(present) < _MIN_ROWS_TO_JUDGE or not (counts_rows or ID_NAME.fullmatch(name)):
        return False
    if (present != np.floor(present)).any() or len(np.unique(present)) < len(present):
        return False
    why = "counts the rows" if counts_rows else "has another number in every row"
    text = f"“{name}” was left out: it {why}, so it identifies rows and does not describe them."
    return log.do("dropped_identifier", name, text, distinct=len(present), counts=counts_rows)


def _plan_date(
    reading: Reading, moments: NDArray[np.datetime64], name: str, log: StepLog
) -> DatePlan | None:
    n_missing = int(np.isnat(moments).sum())
    if _drop_missing(n_missing, len(moments), name, Policy(), log, droppable=False):
        return None
    time_only = reading.date_format is not None and reading.date_format.is_time
    parts, fills = [], []
    for part in ("hour",) if time_only else PARTS:
        values = date_part(moments, part)
        present = values[~np.isnan(values)]
        if present.min() < present.max():
            parts.append(part)
            fills.append(float(np.median(present)))
    if not parts:
        _drop_constant(True, str(moments[~np.isnat(moments)][0]), name, log)
        return None
    if n_missing:
        text = f"{counted(n_missing, 'missing date')} of “{name}” filled with medians."
        filling = make_step("filled_missing_median", name, text, count=n_missing)
        if not log.one_of(filling, _incomplete(name, n_missing)):
            return None
    text = f"“{name}” became {counted(len(parts), 'number column')}: {', '.join(parts)}."
    encoding = make_step("date_parts", name, text, parts=parts)
    if not log.one_of(encoding, _not_encoded("dropped_date", name)):
        return None
    return DatePlan(reading, tuple(parts), tuple(fills))


def _not_encoded(code: str, name: str) -> Step:
    return make_step(code, name, f"“{name}” was left out because it was not to be encoded.")


def _plan_category(
    reading: Reading, texts: Texts, name: str, policy: Policy, log: StepLog
) -> CategoryPlan | None:
    counts = texts.counts()
    present = int(counts.sum())
    n_missing = len(texts.codes) - present
    if _drop_missing(n_missing, len(texts.codes), name, policy, log, droppable=False):
        return None
    if _drop_constant(len(counts) == 1 and not n_missing, f"“{texts.distinct[0]}”", name, log):
        return None
    if _drop_split_marker(name, texts.distinct, log):
        return None
    fill = texts.distinct[int(np.argmax(counts))]
    levels = _pool_rare(texts, counts, name, policy, log)
    if n_missing:
        fill = _fill_category(n_missing, fill, name, log)
        if not fill:
            return None
        levels = levels if fill in levels or fill != MISSING_LEVEL else [*levels, MISSING_LEVEL]
    if fill not in levels and OTHER_LEVEL in levels:
        fill = OTHER_LEVEL
    if n_missing and _drop_constant(len(levels) == 1, f"“{fill}”", name, log):
        return None
    shown = levels[1:] if len(levels) == 2 else levels
    made = counted(len(shown), "0/1 column")
    text = f"“{name}” became {made}, from {counted(len(levels), 'level')}."
    encoding = make_step("one_hot", name, text, levels=len(levels), columns=len(shown))
    if not log.one_of(encoding, _not_encoded("dropped_category", name)):
        return None
    return CategoryPlan(reading, tuple(levels), tuple(shown), fill)


def _mostly_once(texts: Texts) -> bool:
    """Whether most texts occur once: they are identifiers or free text, no categories."""
    present = int((texts.codes >= 0).sum())
    return present >= _MIN_ROWS_TO_JUDGE and len(texts.distinct) > 0.5 * present


def _plan_texts(
    reading: Reading, texts: Texts, name: str, policy: Policy, log: StepLog
) -> Plan | None:
    """Texts of which most occur once: words if they are free text, else identifiers, left out.

    What is undone gives way to the next: words, no feature, categories. An identifier of several
    words, such as a name, can become words instead.
    """
    distinct, present = len(texts.distinct), int((texts.codes >= 0).sum())
    share = distinct / present
    free = is_free_text(texts)
    if not free:
        text = (
            f"“{name}” was left out: {distinct} different values in {present} rows "
            "identify rows and do not describe them."
        )
        code = "dropped_identifier"
        if log.do(code, name, text, distinct=distinct, share=share, counts=False):
            return None
    if free or has_words(texts):
        vocabulary = learn_vocabulary(texts, policy.max_words)
        if not vocabulary.words:
            code, why = "dropped_no_words", f"no word in it occurs in {LEAST_ROWS} rows"
        elif log_words(vocabulary, texts, name, log):
            return plan_words(reading, texts, vocabulary)
        else:
            code, why = "dropped_text", f"it holds free text ({distinct} different texts)"
        if log.do(code, name, f"“{name}” was left out: {why}.", distinct=distinct, share=share):
            return None
    return _plan_category(reading, texts, name, policy, log)


def _pool_rare(
    texts: Texts, counts: NDArray[np.intp], name: str, policy: Policy, log: StepLog
) -> list[str]:
    """The levels in order of their names; rare ones, and those beyond the cap, pooled into one."""
    least = max(2, int(np.ceil(_RARE_SHARE * len(texts.codes))))
    first = np.argsort(-counts, kind="stable")[: policy.max_levels]
    frequent = [index for index in first if counts[index] >= least] or list(first)
    pooled = len(counts) - len(frequent)
    every = sorted(texts.distinct)
    if pooled < 2:
        return every
    kept = sorted(texts.distinct[index] for index in frequent)
    rows = int(counts.sum() - counts[frequent].sum())
    text = f"{pooled} rare levels of “{name}” ({rows} rows) pooled into “{OTHER_LEVEL}”."
    done = log.do("pooled_rare_levels", name, text, pooled=pooled, kept=len(kept), rows=rows)
    return [*kept, OTHER_LEVEL] if done else every


def _fill_category(n_missing: int, most_frequent: str, name: str, log: StepLog) -> str:
    """The level for missing values, or "" if the column is left out instead."""
    text = f"{counted(n_missing, 'missing value')} of “{name}” became an extra level."
    if log.do("missing_level", name, text, count=n_missing):
        return MISSING_LEVEL
    text = f"{counted(n_missing, 'missing value')} of “{name}” filled with “{most_frequent}”."
    filling = make_step(
        "filled_missing_most_frequent", name, text, count=n_missing, value=most_frequent
    )
    return most_frequent if log.one_of(filling, _incomplete(name, n_missing)) else ""
