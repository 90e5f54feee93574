"""What single cells of a delimited text look like: blank, a number, a date or a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from shrinkage.data.numbertext import NumberStyle
from shrinkage.data.reading import NUMBER_TOKENS

BLANK, NUMBER, DATE, TEXT = "blank", "number", "date", "text"
_STYLES = (NumberStyle("."), NumberStyle(","))
_DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?|\d{1,2}:\d{2}(:\d{2}.*)?|\d{4}[-/]?Q?\d{1,2}"
    r"|\d{4}年.*|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}.*|[A-Za-z]{3,9}[- ]\d{2,4}"
)
_CLEAR = 0.8
_ROWS, _COLUMNS = 80, 60


def kind_of(cell: str) -> str:
    """The kind of one cell; a customary mark of nothing ("NA", "?") is blank."""
    cell = cell.strip()
    if not cell or cell.lower() in NUMBER_TOKENS:
        return BLANK
    try:
        float(cell)
        return NUMBER
    except ValueError:
        pass
    if cell[-1] in ",;" or not any(map(str.isdigit, cell)):
        return TEXT
    if any(style.reads(cell) for style in _STYLES):
        return NUMBER
    return DATE if _DATE.fullmatch(cell) else TEXT


def kinds_of_columns(records: Sequence[Sequence[str]], width: int) -> dict[int, str]:
    """The kind of each column (of up to 60, evenly taken) that four fifths of its cells share.

    Args:
        records: rows of the table, all of this width.
        width: number of columns.
    """
    some = records[:: max(1, len(records) // _ROWS)][:_ROWS]
    found = {}
    for index in range(0, width, max(1, width // _COLUMNS)):
        kinds = Counter(kind_of(record[index]) for record in some)
        del kinds[BLANK]
        kind, count = kinds.most_common(1)[0] if kinds else (BLANK, 0)
        found[index] = kind if count >= _CLEAR * kinds.total() else TEXT
    return found


def filled(record: Sequence[str]) -> int:
    """How many cells of a record hold something."""
    return sum(bool(cell.strip()) for cell in record)


def usual_width(records: Sequence[Sequence[str]]) -> tuple[int, float]:
    """The commonest number of cells, the greater at a tie, and the share of records with it."""
    if not records:
        return 0, 0.0
    counts = Counter(map(len, records))
    width = max(counts, key=lambda number: (counts[number], number))
    return width, counts[width] / len(records)
