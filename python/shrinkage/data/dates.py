"""Dates and times of day written as text, and the numbers a linear model can use of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.table import require_pandas

if TYPE_CHECKING:
    import pandas as pd

_LOOKS_LIKE_DATE = re.compile(
    r"\d{4}[-/.年]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[ -][A-Za-z]{3}|[A-Za-z]{3,9} \d"
)
_LOOKS_LIKE_TIME = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2})?$")
_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%Y-%m",
)
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
_DATE_FORMATS = tuple(
    date + clock
    for date in _DATES
    for clock in ("", *(" " + clock for clock in _CLOCKS), *("T" + clock for clock in _CLOCKS))
)
_TIME_FORMATS = (*_CLOCKS, "%H.%M.%S")
_SAMPLE = 50
_READABLE = 0.95
_EPOCH = np.datetime64("2000-01-01", "s")
_DAY = np.timedelta64(86400, "s")

PARTS = ("days", "month", "weekday", "hour")


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates: a ``strptime`` format; a time of day has no date in it."""

    pattern: str

    @property
    def is_time(self) -> bool:
        return "%d" not in self.pattern and "%m" not in self.pattern

    def parse(self, texts: Sequence[str]) -> NDArray[np.datetime64]:
        """The dates, NaT where a text does not follow the format."""
        pandas = require_pandas()
        cut = [text.removesuffix("Z") for text in texts]
        moments = pandas.to_datetime(
            pandas.Series(cut, dtype=object), format=self.pattern, errors="coerce"
        )
        return to_seconds(moments)


def to_seconds(moments: pd.Series[Any]) -> NDArray[np.datetime64]:
    """A datetime column as numpy datetimes in seconds, zones taken to UTC."""
    if getattr(moments.dt, "tz", None) is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments.to_numpy().astype("datetime64[s]")


def guess_date_format(texts: Sequence[str]) -> DateFormat | None:
    """The format that reads these distinct texts, or None.

    Day-month and month-day often both read a column; the one that spans less time is taken: real
    columns are runs of days, and swapping scatters them over the year.
    """
    sample = list(texts[:_SAMPLE])
    formats: tuple[str, ...] = ()
    if all(_LOOKS_LIKE_DATE.match(text) for text in sample):
        formats += _DATE_FORMATS
    if all(_LOOKS_LIKE_TIME.match(text) for text in sample):
        formats += _TIME_FORMATS
    best, best_span = None, None
    for pattern in formats:
        candidate = DateFormat(pattern)
        # One text by the standard library first: it is fast, and nearly all formats fail there.
        if not _fits(sample[0], pattern) or np.isnat(candidate.parse(sample)).any():
            continue
        moments = candidate.parse(texts)
        readable = moments[~np.isnat(moments)]
        if len(readable) < _READABLE * len(texts):
            continue
        span = readable.max() - readable.min()
        if best_span is None or span < best_span:
            best, best_span = candidate, span
    return best


def _fits(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text.removesuffix("Z"), pattern)
    except ValueError:
        return False
    return True


def date_part(moments: NDArray[np.datetime64], part: str) -> NDArray[np.float64]:
    """One number per date, NaN where the date is missing.

    ``days`` since 2000-01-01 (with a fraction for the time), ``month`` 1-12, ``weekday`` 0-6 from
    Monday, ``hour`` 0-24 with a fraction.
    """
    missing = np.isnat(moments)
    seconds = np.where(missing, _EPOCH, moments)
    whole_days = seconds.astype("datetime64[D]")
    if part == "days":
        values = (seconds - _EPOCH) / _DAY
    elif part == "month":
        values = (seconds.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.float64)
    elif part == "weekday":
        values = ((whole_days.astype(np.int64) + 3) % 7).astype(np.float64)  # 1970-01-01: Thursday
    else:
        values = (seconds - whole_days) / (_DAY / 24)
    return np.where(missing, np.nan, values.astype(np.float64))
