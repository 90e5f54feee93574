"""Reader of Excel workbooks (.xlsx). It runs in a process of its own, with bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from shrinkage.data.archives import damaged, open_archive
from shrinkage.data.cells import CellColumns, Row, cell_text
from shrinkage.data.delimited import empty_file
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import Step, counted, make_step, missing_extra, unique_names
from shrinkage.data.wire import Column, Content
from shrinkage.errors import DataError, ShrinkageError

_SAMPLE_ROWS = 200
_SAMPLE_CELLS = 20_000
_FEW_ROWS, _FEW_CELLS = 10, 0.1
_READ_SHARE = 0.9
_SMALL_BYTES, _MAX_EXPANSION = 64 * MIB, 150


def read_xlsx(source: SourceFile, limits: Limits, *, sheet: str | None) -> Content:
    """Read one sheet: the one that is named, else the first visible one that holds a table.

    Cells that hold a formula give the value that was stored with it; error values are missing.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise missing_extra("openpyxl", "Excel workbooks") from error
    source.watch.phase(0.0, 0.0)  # the directory lies at the end: positions say nothing
    with open_archive(source, limits) as archive:
        _refuse_expansion(archive, source.size)
        _refuse_entities(archive)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                source.buffered(), read_only=True, data_only=True, keep_links=False
            )
            sheets = [Sheet(found, book) for found in book.worksheets]
            chosen = _named(sheets, sheet) if sheet is not None else _choose(sheets, source)
            return _read_sheet(chosen, sheets, source, limits, named=sheet is not None)
    except (ShrinkageError, MemoryError):
        raise
    except Exception as error:  # openpyxl lets KeyError, ParseError and others of its parts through
        raise damaged(f"the workbook is damaged ({type(error).__name__}: {error})") from error


def _refuse_expansion(archive: Any, size: int) -> None:
    """Real workbooks expand to 5 to 60 times their size; one of 1000 only fills memory."""
    content = sum(member.file_size for member in archive.infolist())
    limit = max(_SMALL_BYTES, _MAX_EXPANSION * size)
    if content > limit:
        raise too_large("the content of the workbook", content, limit, unit="bytes")


def _refuse_entities(archive: Any) -> None:
    """Excel never writes a document type; one can only be there to inflate entities."""
    for member in archive.namelist():
        if member.endswith((".xml", ".rels")):
            with archive.open(member) as stream:
                head = stream.read(4096)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise damaged(f"{member} declares entities")


@dataclass
class Sheet:
    """A worksheet, read without believing what it says of its size.

    Attributes:
        unstored: places of cells with a formula but no stored value, by column, as they were read.
    """

    sheet: Any
    book: Any
    unstored: dict[int, list[str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return str(self.sheet.title)

    @property
    def visible(self) -> bool:
        return bool(self.sheet.sheet_state == "visible")

    def rows(self, source: SourceFile) -> Iterator[Row]:
        """The rows that hold something, whatever their numbers are."""
        from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

        unstored = self.unstored = {}
        size = self.book._archive.getinfo(self.sheet._worksheet_path).file_size

        class Parser(WorkSheetParser):  # type: ignore[misc]
            def parse_cell(self, element: Any) -> dict[str, Any]:
                cell: dict[str, Any] = super().parse_cell(element)
                if cell["value"] is None and element.find(FORMULA_TAG) is not None:
                    place = element.get("r") or f"row {cell['row']}"
                    unstored.setdefault(cell["column"], []).append(place)
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
            for _, cells in parser.parse():
                source.watch.done(_READ_SHARE * min(stream.tell() / max(size, 1), 1.0))
                row = {cell["column"]: cell["value"] for cell in cells if _holds(cell)}
                if row:
                    yield row


def _holds(cell: dict[str, Any]) -> bool:
    value = cell["value"]
    if value is None or cell["data_type"] == "e":
        return False
    return not isinstance(value, str) or bool(value.strip())


def _named(sheets: list[Sheet], wanted: str) -> Sheet:
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


def _choose(sheets: list[Sheet], source: SourceFile) -> Sheet:
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
    for row in islice(sheet.rows(source), _SAMPLE_ROWS):
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
    return _Look(len(rows), cells, wide and (measured or bool(sheet.unstored)))


def _read_sheet(
    sheet: Sheet, sheets: list[Sheet], source: SourceFile, limits: Limits, *, named: bool
) -> Content:
    rows = sheet.rows(source)
    header = next(rows, None)
    if header is None:
        raise empty_file()
    columns = CellColumns(limits)
    for row in rows:
        columns.add(row)
    places = sorted({*header, *columns.places()})
    limits.check_shape(columns.n_rows, len(places))
    steps = [] if named or len(sheets) == 1 else [_sheet_step(sheet, sheets)]
    if columns.n_rows == 0:
        raise _no_rows(sheet)
    names, more = unique_names([_header_text(header.get(place)) for place in places])
    steps += more
    if sheet.unstored:
        steps.append(_unstored_step(sheet, dict(zip(places, names, strict=True))))
    details = {
        "sheet": sheet.title,
        "sheets": [other.title for other in sheets],
        "n_bytes": source.size,
    }
    return Content("xlsx", names, columns.n_rows, _columns(columns, places, source), steps, details)


def _header_text(cell: Any) -> str:
    return "" if cell is None else cell_text(cell)


def _columns(columns: CellColumns, places: list[int], source: SourceFile) -> Iterator[Column]:
    for index, place in enumerate(places, start=1):
        yield columns.column(place)
        source.watch.done(_READ_SHARE + (1 - _READ_SHARE) * index / len(places))


def _sheet_step(chosen: Sheet, sheets: list[Sheet]) -> Step:
    others = [
        f"“{sheet.title}”" + ("" if sheet.visible else " (hidden)")
        for sheet in sheets
        if sheet is not chosen
    ]
    text = f"The sheet “{chosen.title}” was read, not {', '.join(others)}."
    if not chosen.visible:
        text += " It is hidden; no visible sheet holds anything."
    return make_step("chose_sheet", None, text, undoable=False, sheet=chosen.title, others=others)


def _unstored_step(sheet: Sheet, names: dict[int, str]) -> Step:
    count = sum(map(len, sheet.unstored.values()))
    columns = [names[place] for place in sorted(sheet.unstored) if place in names]
    example = next(iter(sheet.unstored.values()))[0]
    text = (
        f"{counted(count, 'cell')} with a formula, {example} first, had no stored value and "
        f"{'is' if count == 1 else 'are'} missing; open the workbook in a spreadsheet program and "
        "save it there."
    )
    return make_step(
        "unstored_formulas",
        None,
        text,
        undoable=False,
        count=count,
        columns=columns,
        example=example,
    )


def _no_rows(sheet: Sheet) -> DataError:
    if sheet.unstored:
        example = next(iter(sheet.unstored.values()))[0]
        remedy = "open the workbook in a spreadsheet program and save it there"
        return DataError(
            f"the sheet {sheet.title} holds formulas without stored values, {example} first; "
            f"{remedy}",
            code="data.unstored_formulas",
            argument="sheet",
            value=sheet.title,
            example=example,
            remedy=remedy,
        )
    return DataError(
        f"the sheet {sheet.title} has a line of names but no rows; choose a sheet with rows",
        code="data.no_rows",
        argument="sheet",
        value=sheet.title,
        remedy="choose a sheet with rows",
    )
