"""How a delimited text is split into cells: delimiter, quotes, decimal mark."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shrinkage.data.cellkinds import BLANK, TEXT, kinds_of_columns, usual_width
from shrinkage.data.numbertext import guess_decimal

DELIMITERS = (",", ";", "\t", "|", " ")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_SAMPLE_RECORDS = 400

Record = tuple[int, list[str]]
"""The line of the file on which a record begins, counted from 1, and its cells."""


@dataclass(frozen=True)
class Dialect:
    """How the lines of a delimited text become cells.

    Attributes:
        delimiter: one character; a space stands for any number of them.
        quote: the sign around quoted cells, or "" where quotes are plain characters.
        escape: the sign that takes a quote's meaning, or "" where a quote is doubled.
        strict: a closing quote must end its cell; otherwise what follows is joined to it.
        skip_lines: lines before the first record: Excel's ``sep=;`` and comments.
        decimal: the decimal mark, ``"."`` or ``","``.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    strict: bool = True
    skip_lines: int = 0
    decimal: str = "."

    def records(self, lines: Iterator[str]) -> Iterator[Record]:
        """The records of these lines, blank ones left out; spaces before a cell do not count.

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
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            skipinitialspace=True,
            strict=self.strict,
        )
        line = self.skip_lines + 1
        for record in reader:
            if record:
                yield line, record
            line = self.skip_lines + reader.line_num + 1


def sniff(
    text: str, *, whole: bool, delimiter: str | None = None, decimal: str | None = None
) -> Dialect:
    """Guess the dialect from the start of a file.

    The sample is parsed in every way of splitting it; the winner is the one whose records agree
    best in their number of cells and whose columns hold the most numbers and dates. A double quote
    is a quote unless another reading is better.

    Args:
        text: start of the file.
        whole: the text is the whole file, so its last line is complete.
        delimiter: what the caller knows; None to guess.
        decimal: what the caller knows; None to guess.
    """
    announced = _SEPARATOR_LINE.match(text)
    if announced and delimiter is None:
        delimiter = announced[1]
    lines = text.splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()
    skip = _leading_comments(lines, 1 if announced else 0)
    best, best_score, best_records = Dialect(skip_lines=skip), -1.0, list[list[str]]()
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        for quote, escape in (('"', ""), ('"', "\\"), ("'", ""), ("", "")):
            dialect = Dialect(candidate, quote, escape, bool(quote), skip)
            records, share = _sample_records(dialect, lines, whole=whole)
            score = share * _score(records) - 0.02 * _looks_like_prose(candidate, text)
            if quote != '"':
                score *= 1.0 - share_of_split_quotes(records)
            if score > best_score + 1e-9:
                best, best_score, best_records = dialect, score, records
    cells = [cell for record in best_records[1:] for cell in record]
    decimal = decimal or guess_decimal(cells)
    return Dialect(best.delimiter, best.quote, best.escape, best.strict, skip, decimal)


def _leading_comments(lines: list[str], start: int) -> int:
    """How many lines come before the first that is neither blank nor a comment; all but one."""
    end = start
    for number, line in enumerate(lines[start:-1], start=start + 1):
        if line.startswith("#"):
            end = number
        elif line.strip():
            break
    return end


def _sample_records(
    dialect: Dialect, lines: list[str], *, whole: bool
) -> tuple[list[list[str]], float]:
    """The first records, and how far they may be trusted."""
    records: list[list[str]] = []
    try:
        for _, record in dialect.records(iter(lines)):
            records.append(record)
            if len(records) == _SAMPLE_RECORDS:
                break
    except csv.Error:
        # The sample may end inside a quoted cell; an error before that speaks against the quotes.
        if len(records) < 0.5 * len(lines):
            return [], 1.0
        return records, 0.9 if whole else 1.0
    return records, 1.0


def share_of_split_quotes(records: list[list[str]]) -> float:
    """Share of records in which a cell begins with a double quote that another one ends with."""
    if not records:
        return 0.0
    split = 0
    for record in records:
        begun = [cell[:1] == '"' and (cell[-1:] != '"' or len(cell) == 1) for cell in record]
        ended = [cell[-1:] == '"' and (cell[:1] != '"' or len(cell) == 1) for cell in record]
        split += any(begun) and any(ended[begun.index(True) + 1 :])
    return split / len(records)


def _score(records: list[list[str]]) -> float:
    """Agreement of the records in their cells, times what their columns hold; 0 for one column."""
    if not records:
        return -0.5
    width, share = usual_width(records)
    if width == 1:
        return 0.0
    kinds = kinds_of_columns([r for r in records[1:] if len(r) == width], width)
    typed = sum(kind not in (TEXT, BLANK) for kind in kinds.values()) / len(kinds)
    # The first line is the one made with care.
    return share * (0.4 + 0.6 * typed) + 0.03 * (abs(len(records[0]) - width) <= 1)


def _looks_like_prose(delimiter: str, text: str) -> float:
    """1 for a sign that a space mostly follows ("Price, EUR"), 1.5 for the space itself."""
    if delimiter == " ":
        return 1.5
    return float(2 * text.count(delimiter + " ") > text.count(delimiter) > 0)
