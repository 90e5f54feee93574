"""The sheets of a workbook: their cells, and which of them is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from shrinkage.data.cells import Row
from shrinkage.data.delimited import empty_file
from shrinkage.data.source import SourceFile
from shrinkage.errors import DataError

READ_SHARE = 0.9
_MAX_ROW = 2**62
_SAMPLE_ROWS = 200
_SAMPLE_CELLS = 20_000
_FEW_ROWS, _FEW_CELLS = 10, 0.1


@dataclass
class Unstored:
    """Cells with a formula but no stored value: how many, the first, and their columns."""

    count: int = 0
    first: str = ""
    columns: set[int] = field(default_factory=set)

    def add(self, column: int, place: str) -> None:
        self.count += 1
        self.first = self.first or place
        self.columns.add(column)


@dataclass
class Sheet:
    """A worksheet, read without believing what it says of its size.

    Attributes:
        unstored: the cells with a formula but no stored value, among those read so far.
    """

    sheet: Any
    book: Any
    unstored: Unstored = field(default_factory=lambda: Unstored())

    @property
    def title(self) -> str:
        return str(self.sheet.title)

    @property
    def visible(self) -> bool:
        return bool(self.sheet.sheet_state == "visible")

    def rows(self, source: SourceFile) -> Iterator[tuple[int, Row]]:
        """The rows that hold something, with their numbers; no row between them is walked over."""
        from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

        unstored = self.unstored = Unstored()
        size = self.book._archive.getinfo(self.sheet._worksheet_path).file_size

        class Parser(WorkSheetParser):  # type: ignore[misc]
            def parse_cell(self, element: Any) -> dict[str, Any]:
                cell: dict[str, Any] = super().parse_cell(element)
                if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                    unstored.add(cell["column"], element.get("r") or f"row {cell['row']}")
                return cell

        with self.sheet._get_source() as stream:
            parser = Parser(
                stream,
                self.sheet._shared_strings,
                data_only=True,
                epoch=self.book.epoch,
                date_formats=self.book._date_formats,
                timedelta_formats=self.book._timedelta_formats,
            )
            for number, cells in parser.parse():
                source.watch.done(READ_SHARE * min(stream.tell() / max(size, 1), 1.0))
                row = {cell["column"]: cell["value"] for cell in cells if _holds(cell)}
                if row:
                    yield min(number, _MAX_ROW), row


def _holds(cell: dict[str, Any]) -> bool:
    value = cell["value"]
    if value is None or cell["data_type"] == "e":
        return False
    return not isinstance(value, str) or bool(value.strip())


def named_sheet(sheets: list[Sheet], wanted: str) -> Sheet:
    known = [sheet.title for sheet in sheets]
    if wanted not in known:
        raise DataError(
            f"there is no sheet “{wanted}”; choose one of: {', '.join(known)}",
            code="data.unknown_sheet",
            argument="sheet",
            value=wanted,
            known=known,
            remedy="choose one of the sheets of the workbook",
        )
    return sheets[known.index(wanted)]


def choose_sheet(sheets: list[Sheet], source: SourceFile) -> Sheet:
    """The first sheet that holds a table, else the first that holds anything; visible ones first.

    A few rows beside a table ten times their size are notes.
    """
    for visible in (True, False):
        group = [(sheet, _look(sheet, source)) for sheet in sheets if sheet.visible is visible]
        filled = [(sheet, look) for sheet, look in group if look.cells]
        tables = [(sheet, look) for sheet, look in filled if look.is_table] or filled
        most = max((look.cells for _, look in tables), default=0)
        for sheet, look in tables:
            if look.rows >= _FEW_ROWS or look.cells >= _FEW_CELLS * most:
                return sheet
    raise empty_file()


@dataclass(frozen=True)
class _Look:
    """What the first rows of a sheet hold."""

    rows: int
    cells: int
    is_table: bool


def _look(sheet: Sheet, source: SourceFile) -> _Look:
    """Look at the first rows: notes hold words, a table has rows with numbers or dates."""
    rows, cells = [], 0
    for _, row in islice(sheet.rows(source), _SAMPLE_ROWS):
        rows.append(row)
        cells += len(row)
        if cells > _SAMPLE_CELLS:
            break
    kinds: dict[int, list[bool]] = {}
    for row in rows[1:]:
        for place, value in row.items():
            kinds.setdefault(place, []).append(not isinstance(value, str))
    measured = any(2 * sum(kind) >= len(kind) for kind in kinds.values())
    wide = len({place for row in rows for place in row}) > 1
    return _Look(len(rows), cells, wide and (measured or sheet.unstored.count > 0))
