"""One reader for what people bring."""

from __future__ import annotations

import codecs
import zipfile
import zlib

from shrinkage.data.archives import damaged, unsupported
from shrinkage.data.delimited import TextOptions, empty_file, read_delimited
from shrinkage.data.encoding import encoding_of_head
from shrinkage.data.isolated import read_isolated
from shrinkage.data.limits import Cancel, Limits, Progress
from shrinkage.data.source import Source, SourceFile, open_source, source_name
from shrinkage.data.table import RawTable, require_pandas
from shrinkage.errors import DataError

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)", "save it as .xlsx or .csv"),
    (b"%PDF", "a PDF file", "export the table as .csv"),
    (b"\x89PNG", "a picture", "choose a table"),
    (b"\xff\xd8\xff", "a picture", "choose a table"),
    (b"\x93NUMPY", "a single numpy array", "save with numpy.savez(file, X=X, y=y)"),
    (b"\x89HDF", "an HDF5 file", "export the table as .csv or .parquet"),
    (b"BZh", "compressed with bzip2", "unpack it, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it, or compress it with gzip"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (b"{", "JSON", "export the table as .csv"),
    (b"[{", "JSON", "export the table as .csv"),
    (b"<?xml", "XML", "export the table as .csv"),
    (b"<html", "a web page", "export the table as .csv"),
    (b"<!DOCTYPE", "a web page", "export the table as .csv"),
)
_FOREIGN_TEXTS = (b"%PDF", b"{", b"[{", b"<?xml", b"<html", b"<!DOCTYPE")


def read_table(
    source: Source,
    *,
    name: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    limits: Limits | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    header: int | None = None,
    sheet: str | None = None,
) -> RawTable:
    """Read a table from a path, bytes or a binary file object.

    The format is found from the content: delimited text (delimiter, encoding, decimal mark, header
    and quotes are found too; gzip allowed), Parquet, .xlsx, or .npz with ``X`` and ``y`` or with
    what ``scipy.sparse.save_npz`` writes. Nothing is ever unpickled. What a file claims about its
    size is checked against ``limits`` before memory is taken for it. The last three are read in a
    process of their own, whose memory and time are bounded: their libraries may abort it.

    Args:
        source: path, bytes, or a file object opened in binary mode (it is not closed).
        name: what to call the table; by default the file's name.
        progress: called as ``progress(done_bytes, total_bytes)`` while reading, in this thread.
        cancel: polled every 20 ms or so; True stops the reading.
        limits: what the file may ask for; by default ``Limits()``.
        encoding: encoding of a text file, where the guess is wrong.
        delimiter: delimiter of a text file, where the guess is wrong.
        decimal: decimal mark of a text file, ``"."`` or ``","``, where the guess is wrong.
        header: line of a text file or row of a sheet that holds the names, counted from 1, where
            the guess is wrong; 0 where none does.
        sheet: sheet of a workbook; by default the first visible one that holds a table.

    Raises:
        shrinkage.errors.DataError: the file is empty, too large, of an unknown format, or damaged;
            ``code`` says which (``data.empty_file``, ``data.too_large``,
            ``data.unsupported_format``, ``data.unreadable``, ...).
        shrinkage.errors.Cancelled: ``cancel()`` returned True.
    """
    limits = limits or Limits()
    options = TextOptions(encoding, delimiter, decimal, header)
    _check_options(options)
    require_pandas()
    with open_source(source, limits, progress, cancel) as file:
        table = _dispatch(file, limits, name or source_name(source), sheet, options)
        file.watch.finish()
    if table.n_columns < 2:
        raise DataError(
            f"{table.name} has only one column; a target and at least one feature are needed "
            "(if there are more, the delimiter was not recognized: use comma, semicolon or tab)",
            code="data.one_column",
            argument="source",
            value=table.n_columns,
            remedy="use comma, semicolon or tab between the columns",
        )
    return table


def _check_options(options: TextOptions) -> None:
    encoding, delimiter = options.encoding, options.delimiter
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise DataError(
                f"encoding {encoding!r} is unknown; give a Python codec name such as 'utf-8'",
                code="data.bad_encoding",
                argument="encoding",
                value=encoding,
                remedy="give a Python codec name such as 'utf-8'",
            ) from error
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"'):
        raise DataError(
            f"delimiter must be one character, not {delimiter!r}; for example ';'",
            code="data.bad_delimiter",
            argument="delimiter",
            value=delimiter,
            remedy="give one character, for example ';'",
        )
    if options.decimal not in (None, ".", ","):
        raise DataError(
            f"decimal must be '.' or ',', not {options.decimal!r}",
            code="data.bad_decimal",
            argument="decimal",
            value=options.decimal,
            remedy="give '.' or ','",
        )
    if options.header is not None and options.header < 0:
        raise DataError(
            f"header must be the line with the names, counted from 1, or 0 for none, not "
            f"{options.header}; leave it out to have it found",
            code="data.bad_header",
            argument="header",
            value=options.header,
            remedy="leave it out to have it found",
        )


def _dispatch(
    file: SourceFile,
    limits: Limits,
    name: str,
    sheet: str | None,
    options: TextOptions,
) -> RawTable:
    if file.size == 0:
        raise empty_file()
    try:
        head = file.head(4096)
        compressed = head.startswith(_GZIP)
        if compressed:
            with file.inflated(compressed=True) as stream:
                head = stream.read(4096)
        elif head.startswith(_ZIP) and not _is_text(head):
            return read_isolated(
                file, limits, kind="zip", name=name, sheet=sheet, header=options.header
            )
        if head.startswith(b"PAR1") and not compressed and not _is_text(head):
            return read_isolated(file, limits, kind="parquet", name=name)
        if compressed and not head:
            raise empty_file()
        _refuse_foreign(head, compressed)
        return read_delimited(file, limits, name=name, compressed=compressed, options=options)
    except (EOFError, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise damaged(f"it is damaged or cut off ({error})") from error
    except UnicodeDecodeError as error:
        raise damaged(
            f"it is not text in the encoding {error.encoding}",
            remedy="save it as UTF-8 or give the right encoding",
        ) from error


def _refuse_foreign(head: bytes, compressed: bool) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_text = _is_text(head)
    for mark, what, remedy in _FOREIGN:
        # A line of names may begin as a binary format does: "PK", "BZh", "PAR1".
        if is_text and mark not in _FOREIGN_TEXTS:
            continue
        if start[: len(mark)].lower() == mark.lower():
            raise unsupported(what, remedy)
    if compressed and not is_text and head.startswith((b"PAR1", *_ZIP, _GZIP)):
        raise unsupported("a gzipped binary file", "unpack it first")
    if not is_text:
        raise unsupported("a binary file", "choose a .csv, .tsv, .parquet, .xlsx or .npz file")


def _is_text(head: bytes) -> bool:
    """Whether this start of a file holds next to no bytes that text does not."""
    controls = sum(head.count(byte) for byte in _CONTROLS)
    return encoding_of_head(head) is not None or (
        b"\0" not in head and controls <= 0.02 * len(head)
    )


_CONTROLS = [bytes((byte,)) for byte in (*range(1, 9), *range(14, 27), *range(28, 32))]
