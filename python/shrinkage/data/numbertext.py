"""Numbers as people write them: decimal comma, thousands marks, currency and per cent signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MARKS = {".": re.escape(","), ",": re.escape(".")}
_SPACES = " '’_\u00a0\u2009\u202f"
_AFFIX = "[$€£¥₹]"
READABLE = 0.95
"""Share of the distinct texts that must be numbers, or dates, for a column to be of them."""
_READABLE_SAMPLE = 0.9
_SAMPLE = 60
_MINUS = str.maketrans({"−": "-", "–": "-"})


@dataclass(frozen=True)
class NumberStyle:
    """How a column writes its numbers.

    Attributes:
        decimal: the decimal mark, ``"."`` or ``","``; the other one may mark thousands.
    """

    decimal: str = "."

    def reads(self, text: str) -> bool:
        """Whether the text is a number in this style."""
        return _PATTERNS[self.decimal].fullmatch(text.strip().translate(_MINUS)) is not None

    def parse(self, texts: Iterable[str]) -> NDArray[np.float64]:
        """The numbers, NaN where a text is not a number in this style."""
        match, strip = _PATTERNS[self.decimal].fullmatch, _STRIP[self.decimal]
        values = []
        for text in texts:
            found = match(text.strip().translate(_MINUS))
            if found is None:
                values.append(np.nan)
                continue
            digits = strip.sub("", found["number"]).replace(",", ".")
            values.append(float(found["sign"] + digits + (found["exponent"] or "")))
        return np.array(values, dtype=np.float64)


def _pattern(decimal: str) -> re.Pattern[str]:
    thousands = f"(?P<mark>[{_MARKS[decimal]}{_SPACES}])"
    grouped = rf"\d{{1,3}}{thousands}\d{{3}}(?:(?P=mark)\d{{3}})*"
    point = re.escape(decimal)
    number = rf"(?:(?:{grouped}|\d+)(?:{point}\d*)?|{point}\d+)"
    return re.compile(
        rf"(?P<sign>[+-]?)\s?{_AFFIX}?\s?(?P<number>{number})(?P<exponent>[eE][+-]?\d+)?"
        rf"\s?(?:%|{_AFFIX})?",
        re.ASCII,
    )


_PATTERNS = {decimal: _pattern(decimal) for decimal in _MARKS}
_STRIP = {decimal: re.compile(f"[{mark}{_SPACES}]") for decimal, mark in _MARKS.items()}

# What only one of the two styles can have written.
_ONLY_POINT = re.compile(
    r"[+-]?(\d{1,3}(,\d{3})+\.\d*|\d*\.\d{1,2}|\d*\.\d{4,}|0\.\d+|\d{4,}\.\d+)"
)
_ONLY_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+,\d*|\d*,\d{1,2}|\d*,\d{4,}|0,\d+|\d{4,},\d+)")


def decimal_votes(texts: Iterable[str]) -> tuple[int, int]:
    """How many texts only a decimal point, and only a decimal comma, can explain."""
    point = comma = 0
    for text in texts:
        text = text.strip()
        point += _ONLY_POINT.fullmatch(text) is not None
        comma += _ONLY_COMMA.fullmatch(text) is not None
    return point, comma


def guess_decimal(texts: Iterable[str]) -> str:
    """The decimal mark of a table, from a sample of its cells; the point at a tie."""
    point, comma = decimal_votes(texts)
    return "," if comma > point else "."


def guess_style(texts: Sequence[str], decimal: str, least: float = READABLE) -> NumberStyle | None:
    """The style in which the most of these texts are numbers, or None.

    Args:
        texts: distinct texts of one column, missing ones left out; not empty.
        decimal: the mark to prefer where both would do ("1,234"): the table's own.
        least: share of the texts that must be numbers; with 0 one of them must.
    """
    point, comma = decimal_votes(texts)
    order = (".", ",") if point > comma or (point == comma and decimal == ".") else (",", ".")
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    best, best_share = None, max(least, 1e-9)
    for mark in order:
        style = NumberStyle(mark)
        # A short look first: most text columns fail at once.
        if least and _share_read(style.parse(sample)) < _READABLE_SAMPLE:
            continue
        share = _share_read(style.parse(texts))
        if share > best_share or (best is None and share == best_share):
            best, best_share = style, share
    return best


def _share_read(values: NDArray[np.float64]) -> float:
    return float(1.0 - np.isnan(values).mean())
