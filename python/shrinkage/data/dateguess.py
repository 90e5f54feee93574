"""Which format the dates of a column are written in, and why that one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.dates import DateFormat
from shrinkage.data.numbertext import READABLE

_SAMPLE_SHARE = 0.9
_SAMPLE = 60

# The earlier of two that read the same texts is taken where nothing else decides: day before month.
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y"),
    *("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y"),
    *("%Y年%m月%d日", "%Y年%m月", "%Y年%q季度", "%Y年第%q季度"),
    *("%d %b %Y", "%d. %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d%b%Y", "%d %b, %Y"),
    *("%d-%b-%y", "%d %b %y", "%d%b%y", "%d/%b/%y"),
    *("%b %d, %Y", "%b %d %Y", "%b-%d-%Y", "%Y %b %d", "%Y-%b-%d", "%Y%m%d"),
    *("%b %Y", "%b, %Y", "%b-%Y", "%b/%Y", "%b%Y", "%b-%y", "%Y %b", "%Y-%b"),
    *("%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%YM%m"),
    *("%Y Q%q", "%Y-Q%q", "%YQ%q", "%Y:Q%q", "%Y/Q%q", "Q%q %Y", "Q%q-%Y", "Q%q/%Y"),
    *("%Y-W%V", "%Y W%V", "%YW%V"),
    "",  # a time of day
)
# Only where no other format reads the column: points stand after days, two-digit years come last.
_RARE_DATES = ("%m.%d.%Y", "%m.%d.%y", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d")


@dataclass(frozen=True, eq=False)
class DateGuess:
    """The format of a column of dates.

    Attributes:
        format: the format taken.
        moments: the texts' dates in it, NaT where a text is none.
        other: the format that reads the same texts as other dates, or None.
        reason: why the first was taken: ``"first_of_month"`` (every date is the first of a month),
            ``"regular"`` (equal steps), ``"sorted"`` (in order of time), ``"span"`` (closer
            together) or ``"custom"`` (nothing decides; day before month).
    """

    format: DateFormat
    moments: NDArray[np.datetime64]
    other: DateFormat | None = None
    reason: str = ""


REASONS = ("first_of_month", "regular", "sorted", "span", "custom")


def guess_date_format(texts: Sequence[str], least: float = READABLE) -> DateGuess | None:
    """The format that reads this share of distinct texts, given in their order, or None.

    Day-month and month-day often both read a column. The better of the two reads more texts, else
    has firsts of months only, else steps evenly, else goes in order, else spans less time.
    """
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    if sum(any(map(str.isdigit, text)) for text in sample) < min(least, _SAMPLE_SHARE) * len(
        sample
    ):
        return None
    ranked = _ranked(_DATES, texts, sample, least)
    ranked = ranked or _ranked(_RARE_DATES, texts, sample, least)
    if not ranked:
        return None
    rank, best, moments = ranked[0]
    for rank_of_other, other, others_moments in ranked[1:2]:
        differs = ~np.isnat(moments) & (moments != others_moments)
        if rank_of_other[0] == rank[0] and differs.any():
            pairs = zip(REASONS, rank[1:], rank_of_other[1:], strict=False)
            reason = next((name for name, a, b in pairs if a != b), "custom")
            return DateGuess(best, moments, other, reason)
    return DateGuess(best, moments)


_Rank = tuple[float, float, float, float, float]


def _ranked(
    patterns: Sequence[str], texts: Sequence[str], sample: Sequence[str], least: float
) -> list[tuple[_Rank, DateFormat, NDArray[np.datetime64]]]:
    """The formats that read the column, the best first."""
    found = []
    for pattern in patterns:
        candidate = DateFormat(pattern).with_clock_of(sample)
        if least and _share_read(candidate.parse(sample)) < _SAMPLE_SHARE:
            continue
        moments = candidate.parse(texts)
        if _share_read(moments) >= max(least, 1e-9):
            found.append((_rank(moments), candidate, moments))
    return sorted(found, key=lambda entry: entry[0], reverse=True)  # stable: the earlier at a tie


def _share_read(moments: NDArray[np.datetime64]) -> float:
    return float(1.0 - np.isnat(moments).mean())


def _rank(moments: NDArray[np.datetime64]) -> _Rank:
    known = moments[~np.isnat(moments)]
    if len(known) < 2:
        return float(len(known)), 0.0, 0.0, 0.0, 0.0
    days = known.astype("datetime64[D]")
    of_month: NDArray[np.int64] = (days - days.astype("datetime64[M]")).astype(np.int64)
    steps = _steps(known)
    months = _steps(known.astype("datetime64[M]"))
    same_day = of_month[1:] == of_month[:-1]
    regular = max(_commonest(steps), _commonest(months[same_day]) * same_day.mean())
    in_order = max((steps > 0).mean(), (steps < 0).mean())
    return (
        float(len(known)),
        float((of_month == 0).all()),
        round(float(regular), 2),
        round(float(in_order), 2),
        -float(known.max().astype(np.int64) - known.min().astype(np.int64)),
    )


def _steps(moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = moments.astype(np.int64)
    return numbers[1:] - numbers[:-1]


def _commonest(steps: NDArray[np.int64]) -> float:
    """Share of the steps that are the commonest one; 0 for fewer than two."""
    if len(steps) < 2:
        return 0.0
    return float(np.unique(steps, return_counts=True)[1].max() / len(steps))
