"""Files that claim 5 GB are refused before memory is taken for them."""

import gzip
import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shrinkage.data import Limits, read_table
from shrinkage.errors import DataError

GB = 1 << 30
CLAIM = 5 * GB
ALLOWED = 24 << 20  # bytes: what a refusal may take, tables of the libraries included


def refuse(source: Any, **options: Any) -> DataError:
    """The error for this source, after a check that little memory was taken."""
    read_table(b"a,b\n1,2\n")  # imports are not the claim's doing
    arrow = pa.default_memory_pool()
    before = arrow.bytes_allocated()
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            read_table(source, **options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < ALLOWED, f"{peak / (1 << 20):.0f} MB taken"
    assert arrow.bytes_allocated() - before < ALLOWED
    assert caught.value.fields["remedy"]
    return caught.value


def test_length_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(CLAIM)  # sparse: takes no disk
    error = refuse(path)
    assert error.code == "data.too_large"
    assert error.fields["value"] == CLAIM
    with path.open("rb") as file:
        assert refuse(file).code == "data.too_large"


def test_a_stream_without_end() -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"1,2\n" * (len(buffer) // 4) + b"\n" * (len(buffer) % 4)
            return len(buffer)

    error = refuse(Endless(), limits=Limits(max_bytes=8 << 20))
    assert error.code == "data.too_large"


@pytest.mark.parametrize("line", [b"1,2\n", b"0"], ids=["short lines", "one line"])
def test_inflating_gzip(line: bytes) -> None:
    member = gzip.compress(line * ((32 << 20) // len(line)), compresslevel=9)
    bomb = member * (CLAIM // (32 << 20))
    assert len(bomb) < 20 << 20
    start = time.monotonic()
    error = refuse(bomb, limits=Limits(max_inflated_bytes=256 << 20))
    assert error.code == "data.too_large"
    assert time.monotonic() - start < 10


def _patched_archive(members: dict[str, bytes], name: str) -> bytes:
    """An archive whose directory claims 5 GB for one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in members.items():
            archive.writestr(key, content)
        next(i for i in archive.filelist if i.filename == name).file_size = CLAIM
    return buffer.getvalue()


def _npy(shape: tuple[int, ...], content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + content


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, content in members.items():
            archive.writestr(key, content)
    return buffer.getvalue()


def test_npz_directory() -> None:
    content = _patched_archive({"X.npy": _npy((CLAIM // 80, 10), bytes(800))}, "X.npy")
    assert refuse(content).code == "data.too_large"


@pytest.mark.parametrize(
    "shape", [(CLAIM // 80, 10), (CLAIM // 8,), (10, CLAIM // 80), (2**40, 2**40)]
)
def test_npz_header(shape: tuple[int, ...]) -> None:
    content = _zip({"X.npy": _npy(shape, bytes(800)), "y.npy": _npy((10,), bytes(80))})
    assert refuse(content).code == "data.too_large"


def test_npz_header_beyond_its_member() -> None:
    content = _zip({"X.npy": _npy((1000, 1000), bytes(800)), "y.npy": _npy((10,), bytes(80))})
    assert refuse(content).code == "data.unreadable"


def test_npz_sparse_shape() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, data=[1.0], indices=[0], indptr=[0, 1], shape=[CLAIM // 8, 1])
    assert refuse(buffer.getvalue()).code == "data.too_large"


def test_xlsx_directory() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = _patched_archive(members, "xl/worksheets/sheet1.xml")
    assert refuse(content).code == "data.too_large"


def test_xlsx_entities() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    members["xl/workbook.xml"] = bomb + members["xl/workbook.xml"]
    assert refuse(_zip(members)).code == "data.unreadable"


def test_a_wrong_sheet_dimension_is_not_believed() -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [3, 4]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b'ref="A1:B3"' in sheet
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"')
    assert read_table(_zip(members)).frame.shape == (2, 2)


def _varint(value: int) -> bytes:
    """Thrift's compact signed integer."""
    value, content = value << 1, b""
    while value > 127:
        content += bytes((value & 127 | 128,))
        value >>= 7
    return content + bytes((value,))


def _patched_footer(old: Callable[[pq.FileMetaData], int], new: int) -> bytes:
    """A Parquet file whose footer says ``new`` where it said ``old``."""
    buffer = io.BytesIO()
    rows = 123_457
    pq.write_table(pa.table({"a": np.zeros(rows), "b": np.ones(rows)}), buffer)
    content = buffer.getvalue()
    length = struct.unpack("<I", content[-8:-4])[0]
    body, footer = content[: -8 - length], content[-8 - length : -8]
    wanted = _varint(old(pq.ParquetFile(buffer).metadata))
    assert wanted in footer
    footer = footer.replace(wanted, _varint(new))
    return body + footer + struct.pack("<I", len(footer)) + b"PAR1"


def test_parquet_rows() -> None:
    content = _patched_footer(lambda metadata: metadata.num_rows, CLAIM // 16)
    error = refuse(content)
    assert error.code == "data.too_large"
    assert error.fields["unit"] == "rows"


def test_parquet_cells() -> None:
    content = _patched_footer(lambda metadata: metadata.num_rows, CLAIM // 16)
    error = refuse(content, limits=Limits(max_rows=10**10))
    assert error.code == "data.too_large"
    assert error.fields["unit"] == "cells"


def test_parquet_row_group_bytes() -> None:
    content = _patched_footer(lambda metadata: metadata.row_group(0).total_byte_size, CLAIM)
    error = refuse(content)
    assert error.code == "data.too_large"
    assert error.fields["unit"] == "bytes"


def test_parquet_footer_length() -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), buffer)
    content = buffer.getvalue()
    huge = content[:-8] + struct.pack("<I", 0xFFFFFFF0) + b"PAR1"
    assert refuse(huge).code == "data.too_large"
    beyond = content[:-8] + struct.pack("<I", len(content) * 2) + b"PAR1"
    assert refuse(beyond).code == "data.unreadable"
