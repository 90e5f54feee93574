"""Feature names cut to the room of a chart, so that they can still be told apart."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
LEVEL = "="
"""Between a column and its level in the name of a column of 0 and 1."""
_NARROW, _WIDE = frozenset("fijlrtI.,:;!|'()[]-/ "), frozenset("mwMW@%&")


def text_width(text: str, size: float = 11.0) -> float:
    """Pixels that a text takes in a sans-serif face of so many pixels, rather too many."""
    return size * sum(_advance(letter) for letter in text)


def _advance(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF" or letter == ELLIPSIS:
        return 1.0
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.9
    return 0.7 if letter.isupper() else 0.57


def short_names(names: Sequence[str], width: float, size: float = 11.0) -> list[str]:
    """Names of at most `width` pixels, cut in the middle, so that no two of them read alike.

    The level of a category is kept whole where there is room for it. Names that would still read
    alike are cut elsewhere, and where nothing helps they are numbered.

    Args:
        names: of the features of one chart.
        width: pixels.
        size: of the letters, pixels.
    """
    short = [_cut(name, width, size, len(name.rpartition(LEVEL)[2]) + 1) for name in names]
    for text, times in Counter(short).items():
        alike = [i for i, each in enumerate(short) if each == text]
        if times > 1 and len({names[i] for i in alike}) > 1:
            taken = {each for i, each in enumerate(short) if i not in alike}
            apart = _apart([names[i] for i in alike], taken, width, size)
            for i, each in zip(alike, apart, strict=True):
                short[i] = each
    return short


def _cut(name: str, width: float, size: float, tail: int) -> str:
    """The name with a gap before its last letters: `tail` of them if they fit, else half."""
    if text_width(name, size) <= width:
        return name
    room = width - text_width(ELLIPSIS, size)
    if LEVEL not in name or text_width(name[-tail:], size) > 0.75 * room:
        tail = _fitting(name[::-1], room / 2.0, size)
    end = name[len(name) - tail :]
    head = _fitting(name, room - text_width(end, size), size)
    return name[:head] + ELLIPSIS + end


def _fitting(text: str, room: float, size: float) -> int:
    """How many of the first letters fit."""
    used = 0.0
    for count, letter in enumerate(text):
        used += text_width(letter, size)
        if used > room:
            return count
    return len(text)


def _apart(names: list[str], taken: set[str], width: float, size: float) -> list[str]:
    """Other cuts of names that read alike: around the first letter in which they differ."""
    room = width - 2.0 * text_width(ELLIPSIS, size)
    first = next(
        i for i in range(max(map(len, names))) if len({name[i : i + 1] for name in names}) > 1
    )
    for before in (first, first - 2, first - 4, first):
        start = max(before, 0)
        parts = [name[start : start + _fitting(name[start:], room, size)] for name in names]
        made = [
            (ELLIPSIS if start else "") + part + (ELLIPSIS if start + len(part) < len(name) else "")
            for part, name in zip(parts, names, strict=True)
        ]
        if len(set(made)) == len(set(names)) and not taken & set(made):
            return made
    order = {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}
    marks = {name: f"{ELLIPSIS}{number}" for name, number in order.items()}
    return [
        name[: _fitting(name, width - text_width(marks[name], size), size)] + marks[name]
        for name in names
    ]
