"""From values to what a user reads: numbers, names, errors. No Streamlit here."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any

from shrinkage.app.i18n import catalog, section, translate
from shrinkage.errors import ShrinkageError

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~:&])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Translator:
    """The texts of one language: ``t(key, **values)``."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **values: Any) -> str:
        return translate(self.language, key, **values)

    def has(self, key: str) -> bool:
        """Whether the catalog knows the key."""
        return key in catalog(self.language)

    def error(self, error: BaseException) -> str:
        """What a user reads about an error, by its code; the library's English text if unknown.

        An exception that the library did not raise on purpose is not spelled out: its text is for
        the log.
        """
        if not isinstance(error, ShrinkageError):
            return self("error.unexpected")
        key = f"error.{error.code}"
        if not self.has(key):
            return plain(str(error), limit=600)
        try:
            return self(key, **self._fields(error.fields))
        except KeyError:
            # The library left out a field that the text needs.
            return plain(str(error), limit=600)

    def _fields(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """Fields as text; amounts of a unit get the unit's name."""
        shown = {name: show(value) for name, value in fields.items()}
        unit = fields.get("unit")
        for name in ("value", "limit"):
            if isinstance(unit, str) and isinstance(fields.get(name), int):
                shown[name] = self.amount(fields[name], unit)
        return shown

    def amount(self, value: int, unit: str) -> str:
        """So many bytes, rows, columns, ...; bytes by the thousand in GB and MB."""
        for size, name in ((1 << 30, "GB"), (1 << 20, "MB")) if unit == "bytes" else ():
            if value >= size:
                return f"{number(value / size)} {name}"
        return self(f"unit.{unit}", n=count(value))

    def section(self, prefix: str) -> dict[str, str]:
        """All texts below a key, by the rest of their key."""
        return section(self.language, prefix)


def number(value: float, digits: int = 3, *, zeros: bool = False) -> str:
    """Three significant digits, a true minus sign, powers of ten spelled ×10ⁿ.

    With ``zeros`` the digits are all written, also those at the end: 0.190.
    """
    value = float(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: f"{MINUS}∞"}.get(value, "–")
    text = f"{value:#.{digits}g}" if zeros else f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.replace("-", MINUS).removesuffix(".")
    if not exponent:
        whole = mantissa.removeprefix(MINUS).partition(".")[0]
        return mantissa.replace(whole, f"{int(whole):,}", 1) if len(whole) > 3 else mantissa
    power = int(exponent)
    if 0 < power <= 6:
        return f"{float(text):,.0f}".replace("-", MINUS)
    return f"{mantissa}×10{str(power).translate(_SUPERSCRIPTS)}"


def duration(seconds: float) -> str:
    """Seconds with three significant digits."""
    return number(seconds, zeros=True)


def count(value: int) -> str:
    """A whole number with separators between thousands."""
    return f"{int(value):,}"


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters on one line, cut in the middle so that both ends stay."""
    text = _CONTROL.sub(" ", text).strip()
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    return text[: limit - 1 - tail] + ELLIPSIS + text[len(text) - tail :]


def plain(text: str, limit: int = 60) -> str:
    """A user's own words, safe inside Markdown: nothing in them is markup."""
    return _MARKDOWN.sub(r"\\\1", shorten(text, limit))


def show(value: Any) -> str:
    """A field of an error as a user may read it."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        value = list(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(str(v), 30) for v in value]
        return ", ".join(items[:5]) + (f", {ELLIPSIS}" if len(items) > 5 else "")
    return plain(str(value), 80)


def moment(seconds: float) -> str:
    """A time of day in the past few hours, else the date with it, in local time."""
    when = time.localtime(seconds)
    today = time.localtime()
    same_day = (when.tm_year, when.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", when)
