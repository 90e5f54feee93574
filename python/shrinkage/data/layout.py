"""Where the table stands in a delimited text: titles, line of names, units, rows, notes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shrinkage.data.cellkinds import (
    BLANK,
    NUMBER,
    TEXT,
    filled,
    kind_of,
    kinds_of_columns,
    usual_width,
)
from shrinkage.data.dialect import Record
from shrinkage.data.table import Step, counted, make_step, unique_names

_LOOK_FOR_NAMES = 60
_NEARLY_ALL = 0.9
LAST_ROWS = 50
"""Rows at the end of a table among which notes are looked for."""
_YEARS = range(1800, 2101)
_SHOWN = 3
_UNIT = re.compile(
    r"[\[(].{0,20}[\])]|%|‰|°|°?[CFK]|-|[µμmkcdhMGn]?(m|g|s|A|V|W|Hz|Pa|J|N|l|L|mol|bar|Wh|eV|Ω|lx)[23²³]?"
    r"|(min|h|hr|hrs|day|days|d|year|years|yr|ppm|ppb|kn|mph|rpm|dB|in|ft|lb|lbs|mi|ha|t|USD|EUR"
    r"|€|\$|£|unit|units|count|index|rad|deg|[^\s,]{1,5}/[^\s,]{1,5})"
)


@dataclass(frozen=True)
class Layout:
    """Where the table stands among the records.

    Attributes:
        names: names of the columns as they stand there; none where no line holds them.
        header_line: line of the file with the names, or None.
        skip: records before the first row of the table, among those looked at.
        width: number of columns.
        typed: kinds of the columns of numbers and of dates, of sixty at most.
        steps: what was left out, none of it undoable.
    """

    names: list[str]
    header_line: int | None
    skip: int
    width: int
    typed: dict[int, str]
    steps: list[Step] = field(default_factory=list)


def find_layout(
    records: Sequence[Record], comments: Sequence[Record], header: int | None = None
) -> Layout:
    """Find the line of names and the first row of the table.

    The rows below tell which columns hold numbers or dates. The names are the line above them with
    the most texts in those columns; where the first full line holds values, there are none.

    Args:
        records: the first records of the file.
        comments: leading lines that start with ``#``, split into cells; the last may hold names.
        header: line of the file with the names, 0 for none, None to find it.
    """
    cells = [record for _, record in records]
    width, _ = usual_width(cells)
    full = [record for record in cells if len(record) == width and filled(record) > (width > 2)]
    kinds = kinds_of_columns(full[len(full) // 2 :], width) if full else {}
    table = _Body(width, {i: k for i, k in kinds.items() if k not in (TEXT, BLANK)})
    names, place = None, 0
    if header:
        place = next((i for i, (line, _) in enumerate(records) if line >= header), 0)
        names = records[place] if records else None
    elif header is None:
        names = table.names_in_comment(comments, cells)
        found = -1 if names else table.find_names(cells)
        if found >= 0:
            names, place = records[found], found
        elif names is None:
            place = next((i for i, record in enumerate(cells) if len(record) == width), 0)
    return _layout(records, names, place, table, comments)


def _layout(
    records: Sequence[Record],
    names: Record | None,
    place: int,
    table: _Body,
    comments: Sequence[Record],
) -> Layout:
    """The layout with these names and a table that begins at this place among the records."""
    steps: list[Step] = []
    in_table = bool(records) and names is records[place]
    unused = [comment for comment in comments if names is None or comment[0] != names[0]]
    if unused:
        steps.append(_left_out("comment_lines", "of comments", unused))
    if place:
        steps.append(_left_out("skipped_lines", "above the table", records[:place]))
    skip = place + in_table
    if names is not None and skip < len(records) and table.holds_units(records[skip][1]):
        steps.append(_left_out("units_line", "of units", records[skip : skip + 1]))
        skip += 1
    header = list(names[1]) if names is not None else []
    one_short = bool(header) and table.width == len(header) + 1
    while header and not header[-1].strip():
        header.pop()
    rows = [record for _, record in records[skip:]]
    if one_short and _named_rows(rows, table.width):
        header.insert(0, "row_name")  # R's write.table leaves the row names unnamed
        text = "The lines hold one cell more than there are names; the first is called row_name."
        steps.append(make_step("row_names", None, text, undoable=False))
    line, width = names[0] if names else None, max(len(header), table.width)
    return Layout(header, line, skip, width, table.typed, steps)


def names_of(layout: Layout, width: int) -> tuple[list[str], list[Step]]:
    """Names for so many columns, and the steps of naming."""
    given = [cell.lstrip("\ufeff") for cell in layout.names]
    names, steps = unique_names(given + [""] * (width - len(given)))
    if layout.header_line is None:
        sentence = "No line holds names, so the columns are called column_1, column_2, ..."
        steps = [make_step("no_header", None, sentence, undoable=False, columns=width)]
    return names, steps


def _left_out(code: str, where: str, records: Sequence[Record]) -> Step:
    shown = [f"{line}: “{_shown(record)}”" for line, record in records[:_SHOWN]]
    more = ", ..." if len(records) > _SHOWN else ""
    text = f"{counted(len(records), 'line')} {where} left out: line {', '.join(shown)}{more}."
    return make_step(code, None, text, undoable=False, count=len(records), cells=shown)


def _shown(record: list[str]) -> str:
    return " ".join(cell.strip() for cell in record if cell.strip())[:60]


def _named_rows(rows: list[list[str]], width: int) -> bool:
    """Whether the first of these cells are names of rows: all different, the last cells filled."""
    whole = [record for record in rows if len(record) == width]
    last = sum(bool(record[-1].strip()) for record in whole)
    first = [record[0] for record in whole]
    return bool(whole) and last > 0.5 * len(whole) and len(set(first)) == len(first)


@dataclass(frozen=True)
class _Body:
    """What is known of the rows: their width and the kinds of the columns of numbers and dates."""

    width: int
    typed: dict[int, str]

    def find_names(self, cells: Sequence[list[str]]) -> int:
        """The place of the record with the names, -1 if there is none."""
        if not self.typed:
            return self._names_above_texts(cells)
        first = next((i for i, record in enumerate(cells) if self._is_row(record)), len(cells))
        best, best_share = -1, 0.5
        for index, record in enumerate(cells[: min(first, _LOOK_FOR_NAMES)]):
            share = self._share_of_names(record)
            if share > best_share or (share == best_share > 0.5 and not self._is_unit(record)):
                best, best_share = index, share
        if best < 0:
            tried = (place for place in (first - 1, first) if 0 <= place < len(cells))
            best = next((place for place in tried if self._numbered(cells, place)), -1)
        return best

    def names_in_comment(
        self, comments: Sequence[Record], cells: Sequence[list[str]]
    ) -> Record | None:
        """The last comment, if it holds a name for each column and the lines below are rows."""
        if not comments or not cells:
            return None
        named = comments[-1][1]
        below = self._is_row(cells[0]) if self.typed else self._names_above_texts(cells) < 0
        if len(named) != self.width or filled(named) < self.width - 1 or not below:
            return None
        return comments[-1] if all(kind_of(cell) != NUMBER for cell in named) else None

    def holds_units(self, record: list[str]) -> bool:
        return bool(self.typed) and not self._is_row(record) and self._is_unit(record)

    def _is_row(self, record: list[str]) -> bool:
        """Whether the typed cells are of the kinds of their columns, at least one of them."""
        if len(record) != self.width:
            return False
        pairs = [(kind_of(record[i]), kind, record[i]) for i, kind in self.typed.items()]
        known = [(is_, kind, cell) for is_, kind, cell in pairs if is_ != BLANK]
        fit = sum(is_ == kind for is_, kind, _ in known)
        named = any(is_ == TEXT and cell.strip()[0].isalpha() for is_, _, cell in known)
        return bool(fit) and (
            fit >= _NEARLY_ALL * len(known) or (not named and 2 * fit > len(known))
        )

    def _share_of_names(self, record: list[str]) -> float:
        """Share of texts among the typed columns of a record that may hold the names, else 0."""
        short = self.width - len(record)
        enough = max(2, (self.width + 1) // 2) if self.width > 2 or short else 1
        if filled(record) < enough:
            return 0.0
        shift = 1 if short == 1 else 0  # R leaves the column of row names unnamed
        places = [i - shift for i in self.typed if 0 <= i - shift < len(record)]
        kinds = [kind_of(record[i]) for i in places]
        named = sum(kind == TEXT for kind in kinds)
        return named / max(1, len(kinds) - kinds.count(BLANK)) if named else 0.0

    def _is_unit(self, record: list[str]) -> bool:
        present = [cell.strip() for cell in record if cell.strip()]
        units = sum(_UNIT.fullmatch(cell) is not None for cell in present)
        return len(record) == self.width and bool(present) and units > 0.5 * len(present)

    def _names_above_texts(self, cells: Sequence[list[str]]) -> int:
        """In a table of texts: the first full record, unless all its cells occur again below."""
        place = next(
            (i for i, r in enumerate(cells) if len(r) == self.width and filled(r) == self.width), -1
        )
        if place < 0:
            return 0
        rows = [record for record in cells[place + 1 :] if len(record) == self.width]
        columns = [set(column) for column in zip(*rows, strict=True)]
        again = all(cell in column for cell, column in zip(cells[place], columns, strict=False))
        return -1 if len(rows) >= 5 and again else place

    def _numbered(self, cells: Sequence[list[str]], place: int) -> bool:
        """Whether a record of numbers holds names: 0, 1, 2, ... or years that go on."""
        numbers = [_whole(cell) for cell in cells[place]]
        known = [number for number in numbers if number is not None]
        blank_first = not cells[place][0].strip()
        texts = len(numbers) - len(known) - blank_first
        if known == list(range(len(known))) and not texts and (len(known) > 2 or blank_first):
            return True  # how data frames without names write their header
        years = len(known) > 0 and all(number in _YEARS for number in known)
        rising = sorted(set(known)) in (known, known[::-1])
        if not years or not rising or place + 1 >= len(cells):
            return False
        below = [record for record in cells[place + 1 :] if len(record) == self.width][:10]
        again = [
            cell
            for record in below
            for number, cell in zip(numbers, record, strict=False)
            if number is not None and _whole(cell) in _YEARS
        ]
        return bool(below) and not again


def _whole(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"\s*\d{1,9}\s*", cell, re.ASCII) else None


class Rows(Iterator[Record]):
    """The rows of a table without the comments among them and the notes below; both are kept."""

    def __init__(self, records: Iterator[Record], layout: Layout) -> None:
        self._layout = layout
        self._rows = self._without_notes(records)
        self.notes: list[Record] = []
        self.comments: list[Record] = []

    def __next__(self) -> Record:
        return next(self._rows)

    def steps(self) -> list[Step]:
        """What was left out, once the last row was taken."""
        found = []
        if self.comments:
            found.append(_left_out("comment_lines", "of comments", self.comments))
        if self.notes:
            found.append(_left_out("note_lines", "below the table", self.notes))
        return found

    def _without_notes(self, records: Iterator[Record]) -> Iterator[Record]:
        last: deque[Record] = deque()
        for record in records:
            if record[1][0].startswith("#") and len(record[1]) != self._layout.width:
                self.comments.append(record)
                continue
            last.append(record)
            if len(last) > LAST_ROWS:
                yield last.popleft()
        notes: list[Record] = []
        while len(last) > 1 and self._is_note(last[-1][1]):
            notes.insert(0, last.pop())
        self.notes = notes
        yield from last

    def _is_note(self, cells: list[str]) -> bool:
        """Text where the rows have numbers, or a line of another width that reads like a note."""
        present = [cell.strip() for cell in cells if cell.strip()]
        if not present or kind_of(present[0]) != TEXT:
            return False
        if len(present) == 1:
            return len(cells) < self._layout.width or bool(_NOTE.match(present[0]))
        if len(cells) == self._layout.width:
            kinds = [(kind_of(cells[i]), kind) for i, kind in self._layout.typed.items()]
            told = [is_ == kind for is_, kind in kinds if is_ != BLANK]
            return len(told) > 0 and not any(told) and bool(_NOTE.match(present[0]))
        texts = sum(kind_of(cell) == TEXT for cell in present)
        return 2 * texts >= len(present) and bool(_NOTE.match(present[0]))


_NOTE = re.compile(r"(?i)(note|source|quelle|anmerkung|注|来源|\*|†)|.*:|(\S+\s+){3}")
