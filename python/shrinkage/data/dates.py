"""Dates and times of day written as text, and the numbers a linear model can use of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.table import require_pandas

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("days", "month", "weekday", "hour")

_EPOCH = np.datetime64("2000-01-01", "us")
_DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MANY = 1_000
_PANDAS_KNOWS = {f"%{letter}" for letter in "YymdHIMSfp"}
_NAT = np.iinfo(np.int64).min

# English, German, French, Spanish, Italian, Portuguese and Dutch; abbreviations are told by their
# first letters, but for those that would take two months for one.
_MONTH_NAMES = (
    "january januar janvier enero gennaio janeiro januari jan jän ene gen janv",
    "february februar février febrero febbraio fevereiro februari feb fév févr fev",
    "march märz mars marzo março maart mar mär mrz mrt",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio maio mei mag",
    "june juni juin junio giugno junho jun giu",
    "july juli juillet julio luglio julho jul juil lug",
    "august août agosto augustus aug aoû ago",
    "september septembre septiembre settembre setembro sep sept set",
    "october oktober octobre octubre ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december dezember décembre diciembre dicembre dezembro dec dez déc dic",
)
_MONTHS = {name: n for n, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}

_DIRECTIVES = {
    "%Y": r"(?P<Y>1[5-9]\d\d|2[01]\d\d)",
    "%y": r"(?P<y>\d\d)",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%b": r"(?P<b>[^\W\d_]{3,10})\.?",
    "%q": r"(?P<q>[1-4])",
    "%V": r"(?P<V>\d{1,2})",
}
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_FRACTION = r"(?:[.,](?P<f>\d{1,9})\d*)?"
_HALF = r"(?:\s*(?P<p>[ap])\.?m\.?)?"
_ZONE = r"(?:\s*(?P<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
_ZONE_AT_END = re.compile(r"\d\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$", re.IGNORECASE)
_CHINESE_HALF = r"(?:(?P<h>上午|下午)\s*)?"
_SECONDS = rf"(?::?(?P<S>\d{{2}}){_FRACTION})?"
_MINUTES = rf":?(?P<M>\d{{2}}){_SECONDS}"
_CLOCK = rf"{_CHINESE_HALF}(?P<H>\d{{1,2}})(?:{_MINUTES}){{hours}}{_HALF}{_ZONE}"
_TIME_OF_DAY = (
    rf"{_CHINESE_HALF}(?P<H>\d{{1,2}})(?::(?P<M>\d{{2}})(?::(?P<S>\d{{2}}){_FRACTION})?"
    rf"|\.(?P<M2>\d{{2}})\.(?P<S2>\d{{2}})){_HALF}{_ZONE}"
)


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates.

    Attributes:
        date: the date as ``strptime`` writes it, with ``%q`` for a quarter and any month's name for
            ``%b``; empty for a time of day.
        clock: the time of day of the first date that has one, for the report; every date may have
            one, with seconds, their fraction, AM or PM, and a zone.
    """

    date: str
    clock: str = ""

    @property
    def pattern(self) -> str:
        return self.date + self.clock

    @property
    def is_time(self) -> bool:
        return not self.date

    def parse(self, texts: Sequence[str]) -> NDArray[np.datetime64]:
        """The dates in microseconds, NaT where a text does not follow the format.

        A zone is read and left out: the date and hour are those that the clock showed there.
        """
        if len(texts) < _MANY or set(re.findall(r"%[A-Za-z]", self.pattern)) - _PANDAS_KNOWS:
            return self._parse_one_by_one(texts)
        pandas = require_pandas()
        series = pandas.Series(texts, dtype=object)
        parsed = pandas.to_datetime(series, format=self.pattern, errors="coerce")
        moments: NDArray[np.datetime64] = parsed.to_numpy().astype("datetime64[us]")
        years = moments.astype("datetime64[Y]").astype(np.int64) + 1970
        left = np.flatnonzero(np.isnat(moments) | (years < 1500) | (years > 2199))
        moments[left] = self._parse_one_by_one([texts[place] for place in left.tolist()])
        return moments

    def _parse_one_by_one(self, texts: Sequence[str]) -> NDArray[np.datetime64]:
        match = _compiled(self.date).fullmatch
        found = (match(text) for text in texts)
        moments = [_NAT if fields is None else _microseconds(fields) for fields in found]
        return np.array(moments, dtype=np.int64).view("datetime64[us]")

    def with_clock_of(self, texts: Sequence[str]) -> DateFormat:
        """The same format with the clock of the first text that has one."""
        match = _compiled(self.date).fullmatch
        for fields in filter(None, map(match, texts)):
            if fields["H"] is not None:
                return DateFormat(self.date, _clock_pattern(fields, with_date=bool(self.date)))
        return self


@cache
def _compiled(date_pattern: str) -> re.Pattern[str]:
    if not date_pattern:
        return re.compile(_TIME_OF_DAY, re.IGNORECASE)
    parts = re.split(r"(%[A-Za-z])", date_pattern)
    regex = "".join(
        _DIRECTIVES.get(part) or re.escape(part).replace(r"\ ", r"\s+") for part in parts
    )
    if "%b" in date_pattern:
        regex = regex.replace(_DIRECTIVES["%d"], _DIRECTIVES["%d"] + r"(?:st|nd|rd|th)?")
    # After a day an hour may stand alone.
    clock = _CLOCK.replace("{hours}", "?" if "%d" in date_pattern else "")
    return re.compile(rf"{_WEEKDAY}{regex}(?:(?:\s*T\s*|,?\s+|[:_]){clock})?", re.IGNORECASE)


def _microseconds(fields: re.Match[str]) -> int:
    """Microseconds since 1970, NaT's number for a day or an hour that does not exist."""
    parts = fields.groupdict()
    try:
        day = _ordinal(parts) - _EPOCH_ORDINAL
        return day * 86_400_000_000 + _of_day(parts)
    except (KeyError, ValueError):
        return _NAT


def _ordinal(parts: dict[str, str | None]) -> int:
    """The day's number; the first day of a month, quarter or week.

    Raises:
        KeyError, ValueError: there is no such month or day.
    """
    if year := parts.get("Y"):
        number = int(year)
    elif year := parts.get("y"):
        number = int(year) + (1900 if int(year) >= 69 else 2000)  # as strptime
    else:
        return _EPOCH_ORDINAL
    if week := parts.get("V"):
        return date.fromisocalendar(number, int(week), 1).toordinal()
    if quarter := parts.get("q"):
        return date(number, 3 * int(quarter) - 2, 1).toordinal()
    name = parts.get("b")
    month = _MONTHS[name.lower()] if name else int(parts["m"] or 0)
    return date(number, month, int(parts.get("d") or 1)).toordinal()


def _of_day(parts: dict[str, str | None]) -> int:
    if parts["H"] is None:
        return 0
    hour, minute = int(parts["H"]), int(parts["M"] or parts.get("M2") or 0)
    second = int(parts["S"] or parts.get("S2") or 0)
    if parts["p"] or parts["h"]:
        late = (parts["p"] or "").lower() == "p" or parts["h"] == "下午"
        if not 1 <= hour <= 12:
            raise ValueError(f"hour {hour} of twelve")
        hour = hour % 12 + 12 * late
    of_day = (hour * 60 + minute) * 60 + second
    if minute > 59 or second > 59 or of_day > 86_400:  # 24:00 ends a day
        raise ValueError(f"{hour}:{minute}:{second}")
    return of_day * 1_000_000 + int((parts["f"] or "0").ljust(6, "0")[:6])


def _clock_pattern(fields: re.Match[str], *, with_date: bool) -> str:
    parts = fields.groupdict()
    text = fields.group()
    half = bool(parts["p"] or parts["h"])
    mark = ":" if parts["M"] else "."
    joint = ("T" if "T" in text[: fields.start("H")][-2:].upper() else " ") if with_date else ""
    pattern = joint + ("%I" if half else "%H") + f"{mark}%M" * bool(parts["M"] or parts.get("M2"))
    if parts["S"] or parts.get("S2"):
        pattern += f"{mark}%S"
    return (
        pattern + (".%f" if parts["f"] else "") + (" %p" if half else "") + "%z" * bool(parts["z"])
    )


def zones_of(texts: Sequence[str]) -> list[str]:
    """The different zones at the end of these texts, such as ``+01:00``; "" for none."""
    found = (_ZONE_AT_END.search(text) for text in texts if ":" in text)
    return sorted({"" if zone is None else zone[1].upper() for zone in found})


def to_moments(moments: pd.Series[Any]) -> NDArray[np.datetime64]:
    """A datetime column as numpy datetimes in microseconds; of a zone, what its clock shows."""
    if getattr(moments.dt, "tz", None) is not None:
        moments = moments.dt.tz_localize(None)
    return moments.to_numpy().astype("datetime64[us]")


def date_part(moments: NDArray[np.datetime64], part: str) -> NDArray[np.float64]:
    """One number per date, NaN where the date is missing.

    ``days`` since 2000-01-01 (with a fraction for the time), ``month`` 1-12, ``weekday`` 0-6 from
    Monday, ``hour`` 0-24 with a fraction.
    """
    missing = np.isnat(moments)
    present = np.where(missing, _EPOCH, moments)
    whole_days = present.astype("datetime64[D]")
    if part == "days":
        values = (present - _EPOCH) / _DAY
    elif part == "month":
        values = (present.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.float64)
    elif part == "weekday":
        values = ((whole_days.astype(np.int64) + 3) % 7).astype(np.float64)  # 1970-01-01: Thursday
    else:
        values = (present - whole_days) / (_DAY / 24)
    return np.where(missing, np.nan, values.astype(np.float64))
