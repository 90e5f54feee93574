"""Reader of Excel workbooks (.xlsx)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from shrinkage.data.archives import damaged, open_archive
from shrinkage.data.columns import assemble, typed_series
from shrinkage.data.delimited import empty_file
from shrinkage.data.limits import Limits
from shrinkage.data.source import SourceFile
from shrinkage.data.table import RawTable, missing_extra, require_pandas, unique_names
from shrinkage.errors import DataError, ShrinkageError

_ERRORS = frozenset(("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"))


def read_xlsx(source: SourceFile, limits: Limits, *, name: str, sheet: str | None) -> RawTable:
    """Read one sheet: the one that is named, else the first that is not empty.

    Cells that hold a formula give the value Excel stored; error values such as #N/A are missing.
    """
    require_pandas()
    try:
        import openpyxl
    except ImportError as error:
        raise missing_extra("openpyxl", "Excel workbooks") from error
    source.watch.phase(0.0, 0.0)  # the directory lies at the end: positions say nothing
    with open_archive(source, limits) as archive:
        _refuse_entities(archive)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(source.buffered(), read_only=True, data_only=True)
            chosen, rows = _choose_sheet(book, sheet, limits, source)
    except ShrinkageError:
        raise
    except Exception as error:  # openpyxl lets KeyError, ParseError and others of its parts through
        raise damaged(f"the workbook is damaged ({type(error).__name__}: {error})") from error
    header, *records = rows
    width = max(map(len, rows))
    names, steps = unique_names(
        ["" if cell is None else str(cell) for cell in header] + [""] * (width - len(header))
    )
    if not records:
        raise DataError(
            f"the sheet {chosen} has a line of names but no rows; choose a sheet with rows",
            code="data.no_rows",
            argument="sheet",
            value=chosen,
            remedy="choose a sheet with rows",
        )
    padded = [row + [None] * (width - len(row)) for row in records]
    columns = []
    for cells in zip(*padded, strict=True):
        columns.append(typed_series(cells))
        source.watch.check()
    details = {"sheet": chosen, "sheets": list(book.sheetnames), "n_bytes": source.size}
    return RawTable(assemble(names, columns, source.watch), name, "xlsx", details, tuple(steps))


def _refuse_entities(archive: Any) -> None:
    """Excel never writes a document type; one can only be there to inflate entities."""
    for member in archive.namelist():
        if member.endswith((".xml", ".rels")):
            with archive.open(member) as stream:
                head = stream.read(4096)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise damaged(f"{member} declares entities")


def _choose_sheet(
    book: Any, wanted: str | None, limits: Limits, source: SourceFile
) -> tuple[str, list[list[Any]]]:
    if wanted is not None and wanted not in book.sheetnames:
        raise DataError(
            f"there is no sheet “{wanted}”; choose one of: {', '.join(book.sheetnames)}",
            code="data.unknown_sheet",
            argument="sheet",
            value=wanted,
            known=list(book.sheetnames),
            remedy="choose one of the sheets of the workbook",
        )
    for sheet in book.worksheets:
        if wanted in (None, sheet.title):
            rows = _rows(sheet, limits, source)
            if rows:
                return sheet.title, rows
    raise empty_file()


def _rows(sheet: Any, limits: Limits, source: SourceFile) -> list[list[Any]]:
    """The non-empty rows, without trailing empty cells."""
    source.watch.phase(0.0, 0.9)
    sheet.reset_dimensions()  # the sheet's own claim about its size may be wrong
    rows: list[list[Any]] = []
    cells = 0
    for row in _values(sheet, source):
        while row and row[-1] is None:
            row.pop()
        if not row:
            continue
        rows.append(row)
        cells += len(row)
        limits.check_shape(len(rows), len(row))
        limits.check_shape(1, 0 if cells <= limits.max_cells else cells)
    return rows


def _values(sheet: Any, source: SourceFile) -> Iterator[list[Any]]:
    for row in sheet.iter_rows(values_only=True):
        source.watch.check()
        yield [None if isinstance(c, str) and (c in _ERRORS or not c.strip()) else c for c in row]
