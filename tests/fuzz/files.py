"""Damaged files: a few good ones of every format, and what chance makes of them.

A case is a pure function of its number, so that any of them can be had again.
"""

from __future__ import annotations

import datetime
import gzip
import io
import random
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

SIGNIFICANT = (b"\x00", b"\xff", b"\x7f", b"\xff\xff\xff\x7f", b"\xff" * 8, b"\x80", b"PK\x03\x04")
SIGNS = "[ ( ) { \" ' , ; - \n \r \t 1e999 <row> </c> = :"
TEXTS = [sign.encode() for sign in SIGNS.split(" ")]
NUMBERS = (b"-1", b"0", b"99999999999", b"1000000000", b"9" * 5000, b"1e308", b"-8")


def case(number: int) -> tuple[str, bytes]:
    """What was done, and the bytes."""
    chance = random.Random(number)
    kind = chance.choice(sorted(good_files()))
    content = good_files()[kind]
    members = _members(content)
    steps = []
    if members and chance.random() < 0.7:  # inside the archive, whose checksums then hold again
        member = chance.choice(sorted(members))
        for _ in range(chance.choice((1, 1, 2, 4))):
            step, members[member] = _mutated(members[member], chance)
            steps.append(f"{step} in {member}")
        return f"{kind}: {', '.join(steps)}", zipped(members)
    if content[:2] == b"\x1f\x8b" and chance.random() < 0.7:
        step, inner = _mutated(gzip.decompress(content), chance)
        return f"{kind}: {step} inside", gzip.compress(inner, mtime=0)
    for _ in range(chance.choice((1, 1, 2, 4))):
        step, content = _mutated(content, chance)
        steps.append(step)
    return f"{kind}: {', '.join(steps)}", content


def flipped_bits() -> Iterator[tuple[str, bytes]]:
    """Every single bit of a small Parquet footer, and of the header of an array, turned over."""
    parquet = good_files()["parquet, small"]
    footer = int.from_bytes(parquet[-8:-4], "little") + 8
    for bit in range(8 * (len(parquet) - footer), 8 * len(parquet)):
        yield f"bit {bit} of the Parquet file", flipped(parquet, bit)
    members = _members(good_files()["npz, dense"])
    for bit in range(8 * 128):
        damaged = {**members, "X.npy": flipped(members["X.npy"], bit)}
        yield f"bit {bit} of X.npy", zipped(damaged)


def flipped(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _mutated(content: bytes, chance: random.Random) -> tuple[str, bytes]:
    """One change at a random place; near the end, where footers and directories lie, as often."""
    length = max(len(content), 1)
    place = min(
        chance.choice((chance.randrange(length), length - 1 - int(length ** chance.random()))),
        length - 1,
    )
    place = max(place, 0)
    end = min(length, place + chance.choice((1, 4, 30, 400)))
    action = chance.choice(
        ("flip", "flip", "cut", "drop", "repeat", "splice", "bytes", "text", "number", "zero")
    )
    if action == "flip":
        content = flipped(content or b"\0", 8 * place + chance.randrange(8))
    elif action == "cut":
        content = content[:place]
    elif action == "drop":
        content = content[:place] + content[end:]
    elif action == "repeat":
        content = content[:end] + content[place:end] * chance.choice((1, 3, 100)) + content[end:]
    elif action == "splice":
        other = good_files()[chance.choice(sorted(good_files()))]
        start = chance.randrange(len(other))
        content = content[:place] + other[start : start + 400] + content[end:]
    elif action == "zero":
        content = content[:place] + bytes(end - place) + content[end:]
    elif action == "number":
        content = _other_number(content, chance)
    else:
        put = chance.choice(SIGNIFICANT if action == "bytes" else TEXTS)
        put *= chance.choice((1, 1, 1, 300))
        content = content[:place] + put + content[place + len(put) * (action == "bytes") :]
    return f"{action} at {place}", content


def _other_number(content: bytes, chance: random.Random) -> bytes:
    """A number written in digits becomes another: a shape, a row of a sheet, an index, a cell."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return content + chance.choice(NUMBERS)
    match = chance.choice(found)
    return content[: match.start()] + chance.choice(NUMBERS) + content[match.end() :]


@cache
def good_files() -> dict[str, bytes]:
    """Small good files by name, the same bytes every time."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 5)).round(3)
    labels = np.array(["cat", "dög"] * 20)
    return {**_texts(X), **_parquets(X), **_archives(X, labels), "xlsx": _workbook(X)}


def _texts(X: np.ndarray[Any, Any]) -> dict[str, bytes]:
    head = ["id", "date", "größe", "b", "c", "d", "e", "kind"]
    day = datetime.date(2020, 1, 1)
    rows = [
        [
            str(i),
            str(day + datetime.timedelta(i)),
            *map(str, row),
            ["a, b", 'say "no"', "数"][i % 3],
        ]
        for i, row in enumerate(X.tolist())
    ]

    def table(mark: str, decimal: str = ".") -> str:
        cells = [
            head,
            *([r[0], r[1], *(c.replace(".", decimal) for c in r[2:7]), r[7]] for r in rows),
        ]
        quoted = [
            ['"' + c.replace('"', '""') + '"' if mark in c or '"' in c else c for c in line]
            for line in cells
        ]
        return "".join(mark.join(line) + "\r\n" for line in quoted)

    comma = table(",")
    titled = "A report\n# made in May\n\n" + comma + "Note: all in kg\n"
    return {
        "csv": comma.encode(),
        "csv, semicolon": table(";", ",").encode(),
        "csv, tab": table("\t").encode("utf-8-sig"),
        "csv, latin-1": table(";", ",").replace("数", "é").encode("latin-1"),
        "csv, utf-16": comma.encode("utf-16"),
        "csv, gb18030": comma.encode("gb18030"),
        "csv, titled": titled.encode(),
        "csv, gzip": gzip.compress(comma.encode(), mtime=0),
    }


def _parquets(X: np.ndarray[Any, Any]) -> dict[str, bytes]:
    moment = datetime.datetime(2021, 3, 5, 12)
    mixed = pa.table(
        {
            "x": X[:, 0],
            "whole": pa.array([None, *range(39)], pa.int32()),
            "text": pa.array(["a", "b", None, "ü"] * 10),
            "truth": pa.array([True, False] * 20),
            "when": pa.array([moment] * 40, pa.timestamp("us", tz="Europe/Zurich")),
            "day": pa.array([moment.date()] * 40),
            "amount": pa.array([None] * 40, pa.decimal128(10, 2)),
            "list": pa.array([[1, 2]] * 40),
        }
    )

    def written(table: Any, **options: Any) -> bytes:
        buffer = io.BytesIO()
        pq.write_table(table, buffer, **options)
        return buffer.getvalue()

    return {
        "parquet, small": written(pa.table({"a": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]})),
        "parquet, mixed": written(mixed, row_group_size=15),
        "parquet, zstd": written(mixed, compression="zstd", version="2.6"),
        "parquet, plain": written(mixed, compression="none", use_dictionary=False),
    }


def _archives(X: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> dict[str, bytes]:
    def saved(**arrays: Any) -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return zipped(_members(buffer.getvalue()))

    files = {
        "npz, dense": saved(X=X, y=X[:, 0]),
        "npz, texts": saved(
            X=np.asfortranarray(X, dtype=">f4"),
            y=labels,
            feature_names=np.array([b"a", b"b", b"c", b"d", b"e"]),
        ),
    }
    thin = np.where(np.abs(X) > 1, X, 0)
    for kind in ("csr", "csc", "coo", "bsr", "dia"):
        buffer = io.BytesIO()
        sparse.save_npz(buffer, getattr(sparse, f"{kind}_matrix")(thin))
        files[f"npz, {kind}"] = zipped(_members(buffer.getvalue()))
    buffer = io.BytesIO()
    np.save(buffer, X)
    files["npy"] = buffer.getvalue()
    files["zip"] = zipped({"data.csv": b"a,b\n1,2\n3,4\n"})
    return files


def _workbook(X: np.ndarray[Any, Any]) -> bytes:
    book = openpyxl.Workbook()
    notes, data = book.active, book.create_sheet("data")
    notes.append(["About these data"])
    data.append(["when", "town", "a", "b", "c", "d", "e", "double"])
    day = datetime.datetime(2020, 1, 1)
    for i, row in enumerate(X.tolist()):
        data.append([day + datetime.timedelta(i), ["Bern", "北京"][i % 2], *row, f"=C{i + 2}*2"])
    buffer = io.BytesIO()
    book.save(buffer)
    members = _members(buffer.getvalue())
    del members["docProps/core.xml"]  # the hour it was made in
    return zipped(members)


def _members(content: bytes) -> dict[str, bytes]:
    if content[:4] != b"PK\x03\x04":
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of these members, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
