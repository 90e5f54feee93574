"""How a delimited text is laid out: delimiter, quotes, header, decimal mark."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shrinkage.data.numbertext import NumberStyle, guess_decimal

DELIMITERS = (",", ";", "\t", "|", " ")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_SAMPLE_RECORDS = 400


@dataclass(frozen=True)
class Dialect:
    """The layout of a delimited text.

    Attributes:
        delimiter: one character.
        quoted: a leading double quote opens a quoted cell; False takes quotes as plain characters.
        strict: a closing quote must end its cell; otherwise what follows is joined to it.
        skip_lines: lines before the first record (Excel's ``sep=;``).
        has_header: the first record holds the names.
        decimal: the decimal mark, ``"."`` or ``","``.
    """

    delimiter: str = ","
    quoted: bool = True
    strict: bool = True
    skip_lines: int = 0
    has_header: bool = True
    decimal: str = "."

    def records(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The records of these lines, blank ones left out.

        Raises:
            csv.Error: a quote is not closed where the dialect says it must be.
        """
        for _ in range(self.skip_lines):
            next(lines, None)
        if self.delimiter == " ":
            lines = (line.strip(" \r\n") + "\n" for line in lines)
        reader = csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            skipinitialspace=self.delimiter == " ",
            strict=self.strict,
        )
        return filter(None, reader)


def sniff(text: str, *, whole: bool, delimiter: str | None = None) -> Dialect:
    """Guess the layout from the start of a file.

    For each delimiter the sample is parsed; the winner is the one whose records agree best in their
    number of cells. Quotes count as quotes unless only taking them as characters makes the records
    agree.

    Args:
        text: start of the file.
        whole: the text is the whole file, so its last line is complete.
        delimiter: what the caller knows; None to guess.
    """
    announced = _SEPARATOR_LINE.match(text)
    skip = 1 if announced else 0
    if announced and delimiter is None:
        delimiter = announced[1]
    best, best_score, best_records = Dialect(skip_lines=skip), -1.0, list[list[str]]()
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        for quoted in (True, False):
            dialect = Dialect(candidate, quoted, quoted, skip)
            records = _sample_records(dialect, text, whole=whole)
            score = _agreement(records)
            if score > best_score + 1e-9:
                best, best_score, best_records = dialect, score, records
    cells = [cell for record in best_records[1:] for cell in record]
    return Dialect(
        best.delimiter,
        best.quoted,
        best.quoted,
        skip,
        has_header=_has_header(best_records),
        decimal=guess_decimal(cells),
    )


def _sample_records(dialect: Dialect, text: str, *, whole: bool) -> list[list[str]]:
    lines = text.splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()
    records: list[list[str]] = []
    try:
        for record in dialect.records(iter(lines)):
            records.append(record)
            if len(records) == _SAMPLE_RECORDS:
                break
    except csv.Error:
        # The sample may end inside a quoted cell; an error before that speaks against the quotes.
        if whole or len(records) < 0.5 * len(lines):
            return []
    return records


def _agreement(records: list[list[str]]) -> float:
    """Share of records with the commonest number of cells; 0 if that is one cell."""
    if not records:
        return -0.5
    counts = Counter(map(len, records))
    width, number = counts.most_common(1)[0]
    if width == 1:
        return 0.0
    # The header's width counts like a tenth of the rows: it is the one line made with care.
    header = abs(len(records[0]) - width) <= 1
    return 0.9 * number / len(records) + 0.1 * header


def _has_header(records: list[list[str]]) -> bool:
    if not records:
        return True
    first = [cell.strip() for cell in records[0] if cell.strip()]
    counted = first == [str(index) for index in range(len(first))]
    if counted and (len(first) > 2 or not records[0][0].strip()):
        return True  # 0, 1, 2, ...: how data frames without names write their header
    return not first or any(not _is_number(cell) for cell in first)


def _is_number(cell: str) -> bool:
    return any(bool(np.isfinite(NumberStyle(mark).parse([cell])[0])) for mark in ".,")
