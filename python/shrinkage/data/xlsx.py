"""Reader of Excel workbooks (.xlsx). It runs in a process of its own, with bounded memory."""

from __future__ import annotations

import warnings
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from shrinkage.data.archives import damaged, open_archive
from shrinkage.data.cells import CellColumns, Row, cell_text
from shrinkage.data.delimited import empty_file
from shrinkage.data.dialect import Record
from shrinkage.data.layout import LAST_ROWS, Rows, find_layout, names_of
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.sheets import READ_SHARE, Sheet, choose_sheet, named_sheet
from shrinkage.data.source import SourceFile
from shrinkage.data.table import Step, counted, make_step, missing_extra
from shrinkage.data.wire import Column, Content
from shrinkage.errors import DataError, ShrinkageError

_FIRST_ROWS, _FIRST_CELLS = 400, 100_000
_SMALL_BYTES, _MAX_EXPANSION = 64 * MIB, 150


def read_xlsx(
    source: SourceFile, limits: Limits, *, sheet: str | None, header: int | None
) -> Content:
    """Read one sheet: the one that is named, else the first visible one that holds a table.

    The line of names is found as in a text file, or is the row that is given; 0 for none. Cells
    that hold a formula give the value that was stored with it; error values are missing.
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
            named = sheet is not None
            chosen = choose_sheet(sheets, source) if sheet is None else named_sheet(sheets, sheet)
            content = _read_sheet(chosen, source, limits, header)
            steps = [] if named or len(sheets) == 1 else [_sheet_step(chosen, sheets)]
            return replace(
                content,
                steps=[*steps, *content.steps],
                details={
                    **content.details,
                    "sheet": chosen.title,
                    "sheets": [found.title for found in sheets],
                    "n_bytes": source.size,
                },
            )
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


def _read_sheet(sheet: Sheet, source: SourceFile, limits: Limits, header: int | None) -> Content:
    """The table of a sheet, without titles above and notes below it."""
    rows = sheet.rows(source)
    first = _first_rows(rows)
    if not first:
        raise empty_file()
    known = sorted({place for _, row in first for place in row})
    layout = find_layout(_records(first, known), [], header)
    columns, lines = CellColumns(limits), array("q")
    last: deque[tuple[int, Row]] = deque()
    for number, row in chain(first[layout.skip :], rows):
        last.append((number, row))
        if len(last) > LAST_ROWS:
            _take(columns, lines, *last.popleft())
    below = Rows(iter(_records(last, known)), layout)
    kept = {number for number, _ in below}
    for number, row in last:
        if number in kept:
            _take(columns, lines, number, row)
    if columns.n_rows == 0:
        raise _no_rows(sheet)
    # A column that appears late has no name in the layout.
    places = [*known, *(place for place in columns.places() if place not in set(known))]
    limits.check_shape(columns.n_rows, len(places))
    names, naming = names_of(layout, len(places))
    steps = [*layout.steps, *naming, *below.steps()]
    if sheet.unstored.count:
        steps.append(_unstored_step(sheet, dict(zip(places, names, strict=True))))
    details = {"header_line": layout.header_line}
    made = _columns(columns, places, source)
    numbers = np.frombuffer(lines, dtype=np.int64)
    return Content("xlsx", names, columns.n_rows, made, steps, details, lines=numbers)


def _first_rows(rows: Iterator[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """So many rows as tell where the table stands."""
    first: list[tuple[int, Row]] = []
    cells = 0
    for number, row in rows:
        first.append((number, row))
        cells += len(row)
        if len(first) >= _FIRST_ROWS or cells >= _FIRST_CELLS:
            break
    return first


def _records(rows: Iterable[tuple[int, Row]], places: list[int]) -> list[Record]:
    """Rows as those of a text file, cells that hold nothing as empty texts."""
    return [
        (number, [cell_text(row[place]) if place in row else "" for place in places])
        for number, row in rows
    ]


def _take(columns: CellColumns, lines: array[int], number: int, row: Row) -> None:
    columns.add(row)
    lines.append(number)


def _columns(columns: CellColumns, places: list[int], source: SourceFile) -> Iterator[Column]:
    for index, place in enumerate(places, start=1):
        yield columns.column(place)
        source.watch.done(READ_SHARE + (1 - READ_SHARE) * index / len(places))


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
    count, example = sheet.unstored.count, sheet.unstored.first
    columns = [names[place] for place in sorted(sheet.unstored.columns) if place in names]
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
    if sheet.unstored.count:
        example = sheet.unstored.first
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
