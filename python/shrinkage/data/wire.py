"""What a reading process hands back: columns without pandas, and their form on a socket.

A message is a length (four bytes, little-endian), a JSON header and the arrays that it announces.
Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.table import Step
from shrinkage.errors import Cancelled, DataError, ShrinkageError

_LENGTH = struct.Struct("<I")
_MAX_HEADER = 512 << 20
_BLOCK_BYTES = 4 << 20
_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Numbers:
    """One or more columns of numbers or truth values taken as numbers: (n,) or (n, k)."""

    values: NDArray[Any]


@dataclass(frozen=True)
class Truths:
    """A column of truth values, (n,) bool."""

    values: NDArray[np.bool_]


@dataclass(frozen=True)
class Texts:
    """A column of texts: codes (n,) into the distinct ones, -1 where missing."""

    codes: NDArray[np.int32]
    distinct: list[str]


@dataclass(frozen=True)
class Moments:
    """A column of datetimes, (n,) datetime64; with a zone they are in UTC and shown in the zone."""

    values: NDArray[np.datetime64]
    zone: str | None = None


Column = Numbers | Truths | Texts | Moments


@dataclass(frozen=True)
class Content:
    """A table as a reader of binary files makes it.

    Attributes:
        format: ``"parquet"``, ``"xlsx"`` or ``"npz"``.
        names: unique names of the columns.
        n_rows: number of rows.
        columns: the columns in order; an (n, k) block of numbers stands for k of them.
        steps: what the reader had to do.
        details: how it was read.
        targets: columns that the file itself marks as targets.
        lines: (n_rows,) row of the sheet of each row, counted from 1, or None.
    """

    format: str
    names: list[str]
    n_rows: int
    columns: Iterator[Column]
    steps: Sequence[Step] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    targets: Sequence[str] = ()
    lines: NDArray[np.int64] | None = None


def factorized(cells: Sequence[str | None]) -> Texts:
    """Texts as codes in order of appearance; blank ones are missing."""
    codes: dict[str, int] = {}
    found = [
        codes.setdefault(cell, len(codes)) if cell and not cell.isspace() else -1 for cell in cells
    ]
    return Texts(np.array(found, dtype=np.int32), list(codes))


def write_content(content: Content, send: Callable[[bytes | memoryview], object]) -> None:
    """Send the table, column after column."""
    head = {
        "kind": "table",
        "format": content.format,
        "names": content.names,
        "n_rows": content.n_rows,
        "steps": [asdict(step) for step in content.steps],
        "details": dict(content.details),
        "targets": list(content.targets),
    }
    write_message(send, head, *([] if content.lines is None else [content.lines]))
    for column in content.columns:
        for part in _parts(column):
            _write_column(send, part)


def _parts(column: Column) -> Iterator[Column]:
    """A wide block in pieces that fit the cache while they are turned to columns."""
    if not isinstance(column, Numbers) or column.values.ndim == 1:
        yield column
        return
    step = max(1, _BLOCK_BYTES // max(column.values.shape[0] * column.values.itemsize, 1))
    for start in range(0, column.values.shape[1], step):
        yield Numbers(np.asfortranarray(column.values[:, start : start + step]))


def _write_column(send: Callable[[bytes | memoryview], object], column: Column) -> None:
    if isinstance(column, Numbers):
        values = column.values
        if values.dtype.kind not in "fiub" or values.dtype.itemsize > 8:
            values = values.astype(np.float64)
        write_message(send, {"kind": "numbers"}, values)
    elif isinstance(column, Truths):
        write_message(send, {"kind": "truths"}, column.values.view(np.uint8))
    elif isinstance(column, Moments):
        unit, _ = np.datetime_data(column.values.dtype)
        head = {"kind": "moments", "unit": unit, "zone": column.zone}
        write_message(send, head, column.values.view(np.int64))
    else:
        try:
            joined = "".join(column.distinct).encode()
        except UnicodeEncodeError:  # half a surrogate pair
            column = _writable(column)
            joined = "".join(column.distinct).encode()
        lengths = np.fromiter(map(len, column.distinct), np.int64, len(column.distinct))
        arrays = (column.codes, lengths, np.frombuffer(joined, dtype=np.uint8))
        write_message(send, {"kind": "texts"}, *arrays)


def _writable(texts: Texts) -> Texts:
    """The same texts with a question mark for what is no character."""
    mended = factorized([text.encode("utf-8", "replace").decode() for text in texts.distinct])
    return Texts(np.append(mended.codes, np.int32(-1))[texts.codes], mended.distinct)


def write_error(send: Callable[[bytes | memoryview], object], error: ShrinkageError) -> None:
    """Send an error with its code and fields."""
    head = {"kind": "error", "text": str(error), "code": error.code, "fields": error.fields}
    write_message(send, head)


def write_message(
    send: Callable[[bytes | memoryview], object], head: Mapping[str, Any], *arrays: NDArray[Any]
) -> None:
    """Send a header and the bytes of arrays; those of two dimensions go column by column."""
    native = [np.asarray(a, dtype=a.dtype.newbyteorder("="), order="F") for a in arrays]
    announced = [[array.dtype.str, array.shape] for array in native]
    text = json.dumps({**head, "arrays": announced}, default=_plain).encode()
    send(_LENGTH.pack(len(text)) + text)
    for array in native:
        send(_bytes_of(array))


def _bytes_of(array: NDArray[Any]) -> memoryview:
    """The memory of an array that lies column by column."""
    return array.reshape(-1, order="F").view(np.uint8).data


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


Fill = Callable[[memoryview], None]
"""Fills the whole view with the next bytes; raises EOFError where there are no more."""


def read_head(fill: Fill) -> dict[str, Any]:
    """The header of the next message.

    Raises:
        EOFError, ValueError: the process broke down while it wrote.
        shrinkage.errors.DataError: the error that the process met.
    """
    length = bytearray(_LENGTH.size)
    fill(memoryview(length))
    (size,) = _LENGTH.unpack(length)
    if size > _MAX_HEADER:
        raise ValueError("a header without end")
    text = bytearray(size)
    fill(memoryview(text))
    head: dict[str, Any] = json.loads(text)
    if head["kind"] == "error":
        kind = Cancelled if head["code"] == "data.cancelled" else DataError
        raise kind(head["text"], code=head["code"], **head["fields"])
    return head


def read_array(fill: Fill, head: Mapping[str, Any], place: int, limit: int) -> NDArray[Any]:
    """The array that the header announces at this place, of at most ``limit`` bytes."""
    kind, shape = head["arrays"][place]
    dtype = np.dtype(kind)
    if dtype.kind not in "fiub" or min(shape, default=0) < 0:
        raise ValueError("an array of another kind")
    if math.prod(shape) * dtype.itemsize > limit:
        raise ValueError("an array beyond the limits")
    array = np.empty(shape, dtype, order="F")
    fill_array(fill, array)
    return array


def fill_array(fill: Fill, array: NDArray[Any]) -> None:
    """Fill an array that lies column by column."""
    fill(_bytes_of(array))


def read_column(fill: Fill, head: Mapping[str, Any], limit: int) -> Column:
    """The column whose header this is."""
    arrays = [read_array(fill, head, place, limit) for place in range(len(head["arrays"]))]
    kind: Literal["numbers", "truths", "moments", "texts"] = head["kind"]
    if kind == "numbers":
        return Numbers(arrays[0])
    if kind == "truths":
        return Truths(arrays[0].astype(np.bool_))
    if kind == "moments":
        return Moments(arrays[0].view(f"datetime64[{head['unit']}]"), head["zone"])
    codes, lengths, joined = arrays
    distinct, start, content = [], 0, joined.tobytes().decode("utf-8")
    for length in lengths.tolist():
        distinct.append(content[start : start + length])
        start += length
    if codes.size and not -1 <= int(codes.min()) <= int(codes.max()) < len(distinct):
        raise ValueError("a text that is not there")
    return Texts(codes, distinct)


def read_lines(fill: Fill, head: Mapping[str, Any], limit: int) -> NDArray[np.int64] | None:
    """The row of the sheet of each row, if the table's header announces them."""
    return read_array(fill, head, 0, limit) if head["arrays"] else None


def read_content_head(head: Mapping[str, Any], lines: NDArray[np.int64] | None) -> Content:
    """The table whose header this is, its columns still to come.

    Raises:
        ValueError: the lines are not as many as the rows.
    """
    n_rows = int(head["n_rows"])
    if lines is not None and lines.shape != (n_rows,):
        raise ValueError("lines of other rows")
    return Content(
        format=str(head["format"]),
        names=[str(name) for name in head["names"]],
        n_rows=n_rows,
        columns=iter(()),
        steps=[Step(**step) for step in head["steps"]],
        details=head["details"],
        targets=[str(name) for name in head["targets"]],
        lines=lines,
    )
