"""Reader of delimited text: CSV, TSV and their relatives, plain or gzipped."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import IO, Any

from shrinkage.data.columns import TextColumn, assemble
from shrinkage.data.dialect import Dialect, sniff
from shrinkage.data.encoding import TextScan, encoding_of_head, guess_encoding
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import RawTable, Step, make_step, unique_names
from shrinkage.errors import DataError

_SAMPLE_CHARACTERS = 256 * 1024
_WIDTH_SAMPLE = 400
_BLOCK_CELLS = 100_000
_SCAN_SHARE = 0.2


@dataclass
class _Raggedness:
    """Records whose number of cells is not the table's width."""

    short: int = 0
    long: int = 0
    records: int = 0

    def fit(self, record: list[str], width: int) -> list[str]:
        """The record with blanks added or surplus cells cut off."""
        if len(record) < width:
            self.short += 1
            return record + [""] * (width - len(record))
        if any(cell.strip() for cell in record[width:]):
            self.long += 1
        return record[:width]

    @property
    def share(self) -> float:
        return (self.short + self.long) / max(self.records, 1)


def read_delimited(
    source: SourceFile,
    limits: Limits,
    *,
    name: str,
    compressed: bool,
    encoding: str | None,
    delimiter: str | None,
) -> RawTable:
    """Read a delimited text file.

    Two passes. The first inflates and measures without keeping anything, so that a stream that
    claims too much is refused in constant memory, and finds the encoding; the second parses in
    blocks.
    """
    source.watch.phase(0.0, _SCAN_SHARE)
    scan, head = _scan(source, limits, compressed)
    encoding = encoding or encoding_of_head(head)
    if encoding is None:
        encoding = "utf-8" if scan.is_utf8 else guess_encoding(bytes(scan.sample))
    steps: list[Step] = []
    errors = "strict"
    if encoding == "utf-8" and not scan.is_utf8:
        errors = "replace"
        text = "Some bytes are not valid UTF-8; each was replaced by the sign �."
        steps.append(make_step("replaced_bytes", None, text, undoable=False, encoding=encoding))
    text_file = _TextFile(source, compressed, encoding, errors)
    sample = text_file.sample()
    if not sample.strip("\ufeff \t\r\n;,|"):
        raise empty_file()
    dialect = sniff(sample, whole=len(sample) < _SAMPLE_CHARACTERS, delimiter=delimiter)
    source.watch.phase(_SCAN_SHARE, 1.0)
    dialect, names, columns, more = _parse_with_fallbacks(text_file, dialect, limits)
    details = {
        "delimiter": dialect.delimiter,
        "encoding": encoding,
        "decimal": dialect.decimal,
        "quoted": dialect.quoted,
        "header": dialect.has_header,
        "compressed": compressed,
        "n_bytes": scan.n_bytes,
    }
    frame = assemble(names, columns, source.watch)
    return RawTable(frame, name, "delimited", details, (*steps, *more), decimal=dialect.decimal)


def empty_file() -> DataError:
    return DataError(
        "the file is empty; choose a file with a line of names and lines of values",
        code="data.empty_file",
        argument="source",
        value=0,
        remedy="choose a file with a line of names and lines of values",
    )


def _scan(source: SourceFile, limits: Limits, compressed: bool) -> tuple[TextScan, bytes]:
    scan, head = TextScan(), b""
    with closing(source.inflated(compressed)) as stream:
        while block := stream.read(MIB // 4):
            head = head or block[:4096]
            scan.feed(block)
            limits.check_inflated(scan.n_bytes)
            if scan.longest_line > limits.max_line_bytes:
                raise too_large(
                    "a line of the text", scan.longest_line, limits.max_line_bytes, unit="bytes"
                )
            source.watch.check()
    scan.feed(b"", final=True)
    return scan, head


@dataclass(frozen=True)
class _TextFile:
    """A text file that can be read from its start again and again."""

    source: SourceFile
    compressed: bool
    encoding: str
    errors: str

    def open(self) -> IO[str]:
        stream: Any = self.source.inflated(self.compressed)
        return io.TextIOWrapper(stream, self.encoding, self.errors, newline="")

    def sample(self) -> str:
        with self.open() as text:
            return text.read(_SAMPLE_CHARACTERS)


_Parsed = tuple[Dialect, list[str], list[Any], list[Step]]


def _parse_with_fallbacks(text_file: _TextFile, dialect: Dialect, limits: Limits) -> _Parsed:
    """Parse; where the quotes turn out not to follow the rules, try the other readings of them."""
    try:
        return _parse(text_file, dialect, limits)[0]
    except csv.Error as error:
        first_error = error
    try:
        parsed, ragged = _parse(text_file, replace(dialect, quoted=False, strict=False), limits)
        if ragged.share < 0.01:
            return parsed
    except csv.Error:
        pass
    try:
        return _parse(text_file, replace(dialect, strict=False), limits)[0]
    except csv.Error:
        raise DataError(
            f"the text cannot be split into cells: {first_error}; check that every quote is closed",
            code="data.unreadable",
            argument="source",
            reason=str(first_error),
            remedy="check that every quote is closed",
        ) from first_error


def _parse(text_file: _TextFile, dialect: Dialect, limits: Limits) -> tuple[_Parsed, _Raggedness]:
    as_text: set[int] = set()
    while True:
        with text_file.open() as text:
            names, steps, records, width = _open_records(text, dialect, limits)
            columns = [
                TextColumn(dialect.decimal, as_text=index in as_text) for index in range(width)
            ]
            ragged = _fill(columns, records, limits, text_file.source)
        mixed = {index for index, column in enumerate(columns) if column.mixed}
        if not mixed:
            break
        as_text |= mixed
    if ragged.records == 0:
        raise DataError(
            "the file has a line of names but no rows; choose a file with rows",
            code="data.no_rows",
            argument="source",
            value=0,
            remedy="choose a file with rows",
        )
    if ragged.short or ragged.long:
        text_of_step = (
            f"{ragged.short} rows have fewer cells than the table has columns (the rest is "
            f"missing) and {ragged.long} have more (the surplus was left out)."
        )
        steps.append(
            make_step(
                "ragged_rows",
                None,
                text_of_step,
                undoable=False,
                short=ragged.short,
                long=ragged.long,
            )
        )
    finished = []
    for column in columns:
        finished.append(column.finish())
        text_file.source.watch.check()
    return (dialect, names, finished, steps), ragged


def _open_records(
    text: IO[str], dialect: Dialect, limits: Limits
) -> tuple[list[str], list[Step], Iterator[list[str]], int]:
    """The names, the steps of naming, and the records that follow."""
    records = dialect.records(iter(text))
    first = list(islice(records, _WIDTH_SAMPLE))
    header = first.pop(0) if first and dialect.has_header else []
    while header and not header[-1].strip():
        header.pop()
    usual = Counter(map(len, first)).most_common(1)[0][0] if first else len(header)
    if header and usual == len(header) + 1 and _last_cells_filled(first, usual):
        header = ["row_name", *header]  # R's write.table leaves the row names unnamed
    width = max(len(header), usual)
    limits.check_shape(0, width)
    names, steps = unique_names(
        [cell.lstrip("\ufeff") for cell in header] + [""] * (width - len(header))
    )
    if not dialect.has_header:
        sentence = "The first line holds values, so the columns are called column_1, column_2, ..."
        steps = [make_step("no_header", None, sentence, undoable=False, columns=width)]
    return names, steps, chain(first, records), width


def _last_cells_filled(records: list[list[str]], width: int) -> bool:
    last = [record[-1] for record in records if len(record) == width]
    return sum(bool(cell.strip()) for cell in last) > 0.5 * len(last)


def _fill(
    columns: list[TextColumn], records: Iterator[list[str]], limits: Limits, source: SourceFile
) -> _Raggedness:
    width = len(columns)
    ragged = _Raggedness()
    rows_at_once = max(32, min(_BLOCK_CELLS // max(width, 1), 20_000))
    while block := list(islice(records, rows_at_once)):
        ragged.records += len(block)
        limits.check_shape(ragged.records, width)
        if any(len(record) != width for record in block):
            block = [r if len(r) == width else ragged.fit(r, width) for r in block]
        for index, (column, cells) in enumerate(
            zip(columns, zip(*block, strict=True), strict=True)
        ):
            column.add(cells)
            if index % 256 == 0:
                source.watch.check()
    return ragged
