"""Reader of delimited text: CSV, TSV and their relatives, plain or gzipped."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.columns import TextColumn, assemble
from shrinkage.data.dialect import Dialect, Record, share_of_split_quotes, sniff
from shrinkage.data.encoding import TextScan, encoding_of_head, guess_encoding, has_mark
from shrinkage.data.layout import Layout, Rows, find_layout, names_of
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import RawTable, Step, make_step
from shrinkage.errors import DataError

_SAMPLE_CHARACTERS = 256 * 1024
_FIRST_RECORDS = 400
_FIRST_CELLS = 2_000_000
_BLOCK_CELLS = 100_000
_SCAN_SHARE = 0.2


@dataclass(frozen=True)
class TextOptions:
    """What the caller of ``read_table`` knows of a text file; None where it is to be found."""

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: int | None = None


@dataclass
class _Raggedness:
    """Records whose number of cells is not the table's width."""

    short: int = 0
    long: int = 0
    records: int = 0
    lines: array[int] = field(default_factory=lambda: array("q"))

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

    def steps(self) -> list[Step]:
        """The step that tells of them, if there are any."""
        if not self.short and not self.long:
            return []
        text = (
            f"{self.short} rows have fewer cells than the table has columns (the rest is "
            f"missing) and {self.long} have more (the surplus was left out)."
        )
        fields = {"short": self.short, "long": self.long}
        return [make_step("ragged_rows", None, text, undoable=False, **fields)]


def read_delimited(
    source: SourceFile,
    limits: Limits,
    *,
    name: str,
    compressed: bool,
    options: TextOptions,
) -> RawTable:
    """Read a delimited text file.

    Two passes. The first inflates and measures without keeping anything, so that a stream that
    claims too much is refused in constant memory, and finds the encoding; the second parses in
    blocks.
    """
    source.watch.phase(0.0, _SCAN_SHARE)
    scan, head = _scan(source, limits, compressed)
    encoding, steps = _encoding(options.encoding, scan, head)
    errors = "replace" if encoding == "utf-8" and not scan.is_utf8 else "strict"
    text_file = _TextFile(source, compressed, encoding, errors)
    sample = text_file.sample()
    if not sample.strip("\ufeff \t\r\n;,|"):
        raise empty_file()
    whole = len(sample) < _SAMPLE_CHARACTERS
    dialect = sniff(sample, whole=whole, delimiter=options.delimiter, decimal=options.decimal)
    # The csv module refuses longer cells; the bound is raised for the process, never lowered.
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_line_bytes))
    source.watch.phase(_SCAN_SHARE, 1.0)
    parsed = _parse_with_fallbacks(text_file, dialect, limits, options.header)
    dialect = parsed.dialect
    details = {
        "delimiter": dialect.delimiter,
        "encoding": encoding,
        "decimal": dialect.decimal,
        "quoted": bool(dialect.quote),
        "header": parsed.header_line is not None,
        "header_line": parsed.header_line,
        "compressed": compressed,
        "n_bytes": scan.n_bytes,
    }
    frame = assemble(parsed.names, parsed.columns, source.watch)
    return RawTable(
        frame,
        name,
        "delimited",
        details,
        (*steps, *parsed.steps),
        decimal=dialect.decimal,
        lines=parsed.lines,
    )


def empty_file() -> DataError:
    return DataError(
        "the file is empty; choose a file with a line of names and lines of values",
        code="data.empty_file",
        argument="source",
        value=0,
        remedy="choose a file with a line of names and lines of values",
    )


def _encoding(given: str | None, scan: TextScan, head: bytes) -> tuple[str, list[Step]]:
    """The encoding, and a step where it is guessed or some bytes do not follow it."""
    encoding = given or encoding_of_head(head)
    if given is None and encoding is None:
        encoding = "utf-8" if scan.is_utf8 else guess_encoding(bytes(scan.sample))
    assert encoding is not None
    if encoding == "utf-8":
        text = "Some bytes are not valid UTF-8; each was replaced by the sign �."
        damaged = make_step("replaced_bytes", None, text, undoable=False, encoding=encoding)
        return encoding, [] if scan.is_utf8 else [damaged]
    if given is not None or has_mark(head):
        return encoding, []
    text = f"The file does not say its encoding; it was read as {encoding}, which fits best."
    return encoding, [make_step("guessed_encoding", None, text, undoable=False, encoding=encoding)]


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


@dataclass
class _Parsed:
    """A whole table in one dialect."""

    dialect: Dialect
    names: list[str]
    columns: list[Any]
    steps: list[Step]
    header_line: int | None
    lines: NDArray[np.int64]
    ragged: _Raggedness


def _parse_with_fallbacks(
    text_file: _TextFile, dialect: Dialect, limits: Limits, header: int | None
) -> _Parsed:
    """Parse; where the quotes turn out not to follow the rules, try the other readings of them."""
    try:
        return _parse(text_file, dialect, limits, header)
    except csv.Error as error:
        first_error = error
    line = _last_good_line(text_file, dialect)
    plain = replace(dialect, quote="", escape="", strict=False)
    tries = [replace(dialect, escape="\\")]
    if share_of_split_quotes(_plain_records(text_file, plain)) < 0.01:
        tries.append(plain)
    if "end of data" not in str(first_error):  # an open quote would swallow the rest of the file
        tries.append(replace(dialect, strict=False))
    for other in tries:
        try:
            parsed = _parse(text_file, other, limits, header)
        except (csv.Error, DataError):
            continue
        if other.strict:
            return parsed
        if other.quote:
            text = f"After line {line} text follows a closing quote; it was joined to the cell."
            parsed.steps.append(make_step("loose_quotes", None, text, undoable=False, line=line))
            return parsed
        if parsed.ragged.share < 0.01:
            return parsed
    raise DataError(
        f"the text cannot be split into cells after line {line}: a quote is opened there and not "
        "closed before the end of the file or of the longest cell that is read; close it",
        code="data.open_quote",
        argument="source",
        value=line,
        reason=str(first_error),
        remedy="close the quote that is opened after this line",
    )


def _plain_records(text_file: _TextFile, plain: Dialect) -> list[list[str]]:
    lines = text_file.sample().splitlines(keepends=True)
    return [record for _, record in islice(plain.records(iter(lines)), _FIRST_RECORDS)]


def _last_good_line(text_file: _TextFile, dialect: Dialect) -> int:
    """The last line before the record that cannot be split."""
    line = dialect.skip_lines
    try:
        with text_file.open() as text:
            for start, record in dialect.records(iter(text)):
                line = start + sum(cell.count("\n") for cell in record)
    except csv.Error:
        pass
    return line


def _parse(text_file: _TextFile, dialect: Dialect, limits: Limits, header: int | None) -> _Parsed:
    as_text: set[int] = set()
    while True:
        with text_file.open() as text:
            layout, records = _open_records(text, dialect, header)
            limits.check_shape(0, layout.width)
            columns = [
                TextColumn(dialect.decimal, as_text=index in as_text)
                for index in range(layout.width)
            ]
            rows = Rows(records, layout)
            ragged = _fill(columns, rows, limits, text_file.source)
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
    names, naming = names_of(layout, layout.width)
    finished = []
    for column in columns:
        finished.append(column.finish())
        text_file.source.watch.check()
    steps = [*layout.steps, *naming, *rows.steps(), *ragged.steps()]
    lines = np.frombuffer(ragged.lines, dtype=np.int64) if ragged.lines else np.empty(0, np.int64)
    return _Parsed(dialect, names, finished, steps, layout.header_line, lines, ragged)


def _open_records(
    text: IO[str], dialect: Dialect, header: int | None
) -> tuple[Layout, Iterator[Record]]:
    """Where the table stands, and the records of its rows."""
    comments = list(_comments(text, dialect))
    records = replace(dialect, skip_lines=0).records(iter(text))
    first: list[Record] = []
    cells = 0
    for line, record in records:
        first.append((line + dialect.skip_lines, record))
        cells += len(record)
        if len(first) == _FIRST_RECORDS or (cells > _FIRST_CELLS and len(first) > 1):
            break
    layout = find_layout(first, comments, header)
    more = ((line + dialect.skip_lines, record) for line, record in records)
    return layout, chain(first[layout.skip :], more)


def _comments(text: IO[str], dialect: Dialect) -> Iterator[Record]:
    """The comments that the dialect skips, split into cells."""
    plain = replace(dialect, skip_lines=0, strict=False)
    for number, line in enumerate(islice(text, dialect.skip_lines), start=1):
        if line.startswith("#"):
            for _, record in plain.records(iter([line.lstrip("#").strip()])):
                yield number, record


def _fill(
    columns: list[TextColumn], rows: Iterator[Record], limits: Limits, source: SourceFile
) -> _Raggedness:
    width = len(columns)
    ragged = _Raggedness()
    rows_at_once = max(32, min(_BLOCK_CELLS // max(width, 1), 20_000))
    while numbered := list(islice(rows, rows_at_once)):
        ragged.records += len(numbered)
        ragged.lines.extend(line for line, _ in numbered)
        limits.check_shape(ragged.records, width)
        block = [record for _, record in numbered]
        if any(len(record) != width for record in block):
            block = [r if len(r) == width else ragged.fit(r, width) for r in block]
        for index, (column, cells) in enumerate(
            zip(columns, zip(*block, strict=True), strict=True)
        ):
            column.add(cells)
            if index % 256 == 0:
                source.watch.check()
    return ragged
