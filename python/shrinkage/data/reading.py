"""What the cells of a column mean: numbers, categories or dates, and which stand for "missing"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.dateguess import DateGuess, guess_date_format
from shrinkage.data.dates import DateFormat, to_moments, zones_of
from shrinkage.data.numbertext import NumberStyle, guess_style
from shrinkage.data.table import LINE, StepLog, counted, require_pandas
from shrinkage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

NEGATIVE_CODES = (-99.0, -200.0, -999.0, -9999.0, -99999.0, -32768.0)
POSITIVE_CODES = (999.0, 9999.0, 99999.0)
KINDS = ("number", "category", "date")
_TOKENS = frozenset(
    (
        *("na", "n/a", "#n/a", "<na>", "n.a.", "nan", "nat"),
        *("null", "(null)", "?", "\\n"),
        *("#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!"),
    )
)
# Real levels of many categories ("none", "-"), but not numbers.
NUMBER_TOKENS = _TOKENS | {
    *("none", "nil", "-", "--", "—", "–", ".", "..", "...", "*", "missing", "unknown"),
    *("n.d.", "k.a.", "not available", "无", "缺失"),
}
_SHOWN_CELLS = 5
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Texts:
    """A text column as distinct texts, in order of appearance, and a code per row (-1 missing)."""

    codes: NDArray[np.intp]
    distinct: list[str]

    def spread(self, values: NDArray[Any], missing: Any) -> NDArray[Any]:
        """One value per row from one value per distinct text."""
        if not len(values):
            return np.full(len(self.codes), missing)
        return np.where(self.codes < 0, missing, values[self.codes])

    def counts(self) -> NDArray[np.intp]:
        """Rows with each distinct text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))

    def without(self, dropped: frozenset[str]) -> Texts:
        """The same column with some texts taken as missing."""
        if not dropped:
            return self
        kept = [text not in dropped for text in self.distinct]
        new = np.cumsum(kept) - 1
        mapping = np.where(kept, new, -1) if kept else np.empty(0, dtype=np.intp)
        codes = self.spread(mapping, -1).astype(np.intp)
        return Texts(codes, [text for text, keep in zip(self.distinct, kept, strict=True) if keep])


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read, the same in training and in new data.

    Attributes:
        kind: ``"number"``, ``"category"`` or ``"date"``.
        style: how texts write numbers.
        date_format: how texts write dates.
        missing_texts: texts that mean "missing".
        missing_code: number that means "missing", or None.
    """

    kind: str
    style: NumberStyle = field(default_factory=NumberStyle)
    date_format: DateFormat | None = None
    missing_texts: frozenset[str] = frozenset()
    missing_code: float | None = None

    def numbers(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """The column as float64, NaN where missing, infinite or not a number in this style."""
        if is_numeric(series):
            values = to_float(series)
        else:
            texts = texts_of(series).without(self.missing_texts)
            values = texts.spread(self.style.parse(texts.distinct), np.nan)
        return self.clean(values)

    def clean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers with every kind of missing as the plain NaN.

        A mask, never a comparison: R's NA is a signalling NaN, on which nanmin and nanmax of some
        numpy builds go wrong.
        """
        missing = ~np.isfinite(values)
        if self.missing_code is not None:
            missing |= values == self.missing_code
        return np.where(missing, np.nan, values)

    def categories(self, series: pd.Series[Any]) -> Texts:
        """The column as texts."""
        return texts_of(series).without(self.missing_texts)

    def moments(self, series: pd.Series[Any]) -> NDArray[np.datetime64]:
        """The column as datetimes, NaT where missing or not a date in this format."""
        if is_datetime(series):
            return to_moments(series)
        texts = texts_of(series).without(self.missing_texts)
        parsed = (self.date_format or DateFormat("%Y-%m-%d")).parse(texts.distinct)
        return texts.spread(parsed, np.datetime64("NaT", "us")).astype("datetime64[us]")


def is_numeric(series: pd.Series[Any]) -> bool:
    """Numbers or truth values."""
    return bool(require_pandas().api.types.is_numeric_dtype(series.dtype))


def is_datetime(series: pd.Series[Any]) -> bool:
    return bool(require_pandas().api.types.is_datetime64_any_dtype(series.dtype))


def to_float(series: pd.Series[Any]) -> NDArray[np.float64]:
    """A numeric column as float64, missing as NaN."""
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def texts_of(series: pd.Series[Any]) -> Texts:
    """Any column as texts, spaces at the ends cut off; blank ones are missing."""
    pandas = require_pandas()
    codes, uniques = pandas.factorize(series, use_na_sentinel=True)
    stripped = [_text(value) for value in uniques]
    recoded, distinct = pandas.factorize(np.array([*stripped, None], dtype=object))
    labels = [str(text) for text in distinct]
    plain = Texts(np.append(recoded[:-1], -1)[codes], labels)  # code -1 picks the appended -1
    return plain.without(frozenset(("",)) & set(labels))


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def learn_reading(
    series: pd.Series[Any], name: str, decimal: str, log: StepLog, kind: str | None = None
) -> Reading:
    """Find out how a column is to be read, and log what is more than reading plain numbers.

    Args:
        series: the column as it came.
        name: its name, for the steps.
        decimal: the table's decimal mark, which decides where a column alone leaves it open.
        log: where the steps go; an undone step is not taken.
        kind: one of ``KINDS`` if it was chosen, None to find it.

    Raises:
        shrinkage.errors.DataError: no cell is of the kind chosen (code ``data.wrong_kind``).
    """
    if kind == "category":
        return Reading(
            "category", missing_texts=_learn_missing(texts_of(series), _TOKENS, name, log)
        )
    if kind is not None and not is_numeric(series) and not is_datetime(series):
        return _learn_chosen(Cells(texts_of(series), series, name), kind, decimal, log)
    if is_numeric(series):
        if kind == "date":
            raise _wrong_kind(name, kind)
        return Reading("number", missing_code=learn_code(to_float(series), name, log))
    if is_datetime(series):
        zone = getattr(series.dt, "tz", None)
        _log_zones([] if zone is None else [str(zone)], name, log)
        return Reading("date")
    cells = Cells(texts_of(series), series, name)
    as_number = _learn_number_texts(cells, decimal, log)
    if as_number is not None:
        return as_number
    missing = _learn_missing(cells.texts, _TOKENS, name, log)
    kept = cells.texts.without(missing).distinct
    guess = guess_date_format(kept) if kept else None
    as_date = None if guess is None else _learn_dates(cells, kept, guess, missing, log)
    return as_date or Reading("category", missing_texts=missing)


def _learn_chosen(cells: Cells, kind: str, decimal: str, log: StepLog) -> Reading:
    """A reading of texts as numbers or dates, however many of them are."""
    missing = _learn_missing(cells.texts, NUMBER_TOKENS, cells.name, log)
    kept = cells.texts.without(missing).distinct
    reading: Reading | None = None
    if kind == "number":
        style = guess_style(kept, decimal, least=0.0) if kept else None
        if style is not None:
            unread = [text for text in kept if not style.reads(text)]
            reading = Reading("number", style, missing_texts=missing | set(unread))
    else:
        guess = guess_date_format(kept, least=0.0) if kept else None
        if guess is not None:
            unread = [text for text, at in zip(kept, guess.moments, strict=True) if np.isnat(at)]
            reading = Reading("date", date_format=guess.format, missing_texts=missing | set(unread))
    if reading is None:
        raise _wrong_kind(cells.name, kind)
    cells.unread(unread, log, undoable=False)
    return reading


def _wrong_kind(name: str, kind: str) -> DataError:
    return DataError(
        f"no cell of “{name}” can be read as a {kind}; choose another kind for it",
        code="data.wrong_kind",
        argument="kinds",
        value=kind,
        column=name,
        remedy="choose another kind for it",
    )


@dataclass(frozen=True)
class Cells:
    """A text column with what names its cells: the column, and the lines of the file if known."""

    texts: Texts
    series: pd.Series[Any]
    name: str

    def unread(self, distinct: Sequence[str], log: StepLog, *, undoable: bool = True) -> bool:
        """Record that the cells with these texts count as missing; False if that is undone."""
        if not distinct:
            return True
        chosen = set(distinct)
        codes = [code for code, text in enumerate(self.texts.distinct) if text in chosen]
        rows = np.flatnonzero(np.isin(self.texts.codes, codes))
        first = rows[:_SHOWN_CELLS]
        by_line = self.series.index.name == LINE
        places = self.series.index[first].tolist() if by_line else (first + 1).tolist()
        found = [self.texts.distinct[code][:40] for code in self.texts.codes[first]]
        cells = [f"{place}: “{text}”" for place, text in zip(places, found, strict=True)]
        more = ", ..." if len(rows) > len(first) else ""
        text = (
            f"{counted(len(rows), 'cell')} of “{self.name}” that cannot be read like the others "
            f"taken as missing: {LINE if by_line else 'row'} {', '.join(cells)}{more}."
        )
        code = "unread_cells" if by_line else "unread_rows"
        return log.do(code, self.name, text, undoable=undoable, count=len(rows), cells=cells)


def _learn_dates(
    cells: Cells, kept: list[str], guess: DateGuess, missing: frozenset[str], log: StepLog
) -> Reading | None:
    """A reading as dates, or None if that is undone."""
    name, chosen, moments = cells.name, guess.format, guess.moments
    if guess.other is not None:
        text = (
            f"The dates of “{name}” can be read as {guess.format.pattern} or "
            f"{guess.other.pattern}; the first was taken because {_WHY[guess.reason]}."
        )
        code = f"ambiguous_date_{guess.reason}"
        first, second = guess.format.pattern, guess.other.pattern
        if not log.do(code, name, text, format=first, other=second):
            chosen, moments = guess.other, guess.other.parse(kept)
    unread = [text for text, gone in zip(kept, np.isnat(moments), strict=True) if gone]
    pattern = chosen.pattern
    text = f"The texts of “{name}” were read as dates or times ({pattern})."
    if not log.do("parsed_date", name, text, format=pattern, is_time=chosen.is_time):
        return None
    if not cells.unread(unread, log):
        return None
    zones = zones_of(kept)
    _log_zones(zones if any(zones) else [], name, log)
    return Reading("date", date_format=chosen, missing_texts=missing)


_WHY = {
    "first_of_month": "every date is then the first of a month",
    "regular": "the dates then follow in equal steps",
    "sorted": "the dates then stand in order",
    "span": "the dates then lie closer together",
    "custom": "nothing else decides and the day often comes first",
}


def _log_zones(zones: list[str], name: str, log: StepLog) -> None:
    if not zones:
        return
    shown = ", ".join(zone or "none" for zone in zones[:5]) + (", ..." if len(zones) > 5 else "")
    text = f"The times of “{name}” are taken as the clock showed them there (zone {shown})."
    zones = [zone or "–" for zone in zones]
    log.do("zoned_times", name, text, undoable=False, zones=zones)


def _learn_number_texts(cells: Cells, decimal: str, log: StepLog) -> Reading | None:
    """A reading as numbers, if nearly all texts but those for "missing" are numbers."""
    texts, name = cells.texts, cells.name
    tokens = frozenset(t for t in texts.distinct if t.lower() in NUMBER_TOKENS)
    kept = texts.without(tokens)
    if not kept.distinct:
        missing = _learn_missing(texts, _TOKENS, name, log) if texts.distinct else frozenset()
        return None if set(texts.distinct) - missing else Reading("number", missing_texts=missing)
    style = guess_style(kept.distinct, decimal)
    if style is None:
        return None
    missing = _learn_missing(texts, NUMBER_TOKENS, name, log)
    if tokens - missing:
        return None
    parsed = style.parse(kept.distinct)
    unread = [text for text, gone in zip(kept.distinct, np.isnan(parsed), strict=True) if gone]
    if not cells.unread(unread, log):
        return None
    numbers = (t for t, gone in zip(kept.distinct, np.isnan(parsed), strict=True) if not gone)
    example = next((text for text in numbers if not _is_plain(text, style)), None)
    if example is not None:
        count = int((kept.codes >= 0).sum())
        text = (
            f"The texts of “{name}” were read as numbers with a decimal "
            f"{'comma' if style.decimal == ',' else 'point'}."
        )
        if not log.do(
            "parsed_number_text", name, text, decimal=style.decimal, count=count, example=example
        ):
            return Reading("category", missing_texts=missing)
    values = kept.spread(parsed, np.nan)
    taken = f"missing_code:{name}" in {step.id for step in log.steps}
    code = None if taken else learn_code(values, name, log)
    return Reading("number", style, missing_texts=missing, missing_code=code)


def _is_plain(text: str, style: NumberStyle) -> bool:
    """The text means the same number to any program; a point may mark thousands."""
    return _PLAIN.fullmatch(text) is not None and (style.decimal == "." or "." not in text)


def _learn_missing(texts: Texts, tokens: frozenset[str], name: str, log: StepLog) -> frozenset[str]:
    found = [text for text in texts.distinct if text.lower() in tokens]
    if not found:
        return frozenset()
    count = int(sum(texts.counts()[texts.distinct.index(text)] for text in found))
    shown = ", ".join(f"“{text}”" for text in found)
    text = f"{counted(count, 'cell')} of “{name}” with {shown} taken as missing."
    done = log.do("missing_code", name, text, codes=found, count=count)
    return frozenset(found) if done else frozenset()


def learn_code(values: NDArray[np.float64], name: str, log: StepLog) -> float | None:
    """The number that stands for "missing" in this column, such as -200 or 999, or None.

    It must be one of the customary codes, occur again and again, and lie apart: a negative code
    among numbers that are otherwise not negative, or a code further from the rest than the rest is
    wide.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    for code, customary in ((finite.min(), NEGATIVE_CODES), (finite.max(), POSITIVE_CODES)):
        if code not in customary:
            continue
        rest = finite[finite != code]
        count = finite.size - rest.size
        if count < 3 or not rest.size:
            continue
        width = rest.max() - rest.min()
        apart = min(abs(rest.min() - code), abs(rest.max() - code)) > width
        if apart or (code < 0 and rest.min() >= 0):
            text = f"{counted(count, 'cell')} of “{name}” with {code:g} taken as missing."
            if log.do("missing_code", name, text, codes=[float(code)], count=int(count)):
                return float(code)
    return None
