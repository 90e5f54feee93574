"""A reading stops within 500 ms of the wish, in every format."""

import functools
import gzip
import io
import time
from collections.abc import Callable

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shrinkage.data import read_table
from shrinkage.errors import Cancelled

WITHIN = 0.5


@functools.cache
def csv_text() -> bytes:
    line = ",".join(f"{value:.6f}" for value in np.linspace(0, 1, 20))
    head = ",".join(f"x{index}" for index in range(20))
    return (head + "\n" + (line + "\n") * 60_000).encode()


@functools.cache
def gzipped_text() -> bytes:
    return gzip.compress(csv_text(), compresslevel=1)


@functools.cache
def parquet() -> bytes:
    values = np.random.default_rng(0).normal(size=(1_500_000, 8)).astype(np.float32)
    buffer = io.BytesIO()
    table = pa.table({f"x{j}": values[:, j] for j in range(8)})
    pq.write_table(table, buffer, use_dictionary=False)
    return buffer.getvalue()


@functools.cache
def xlsx() -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in range(5000):
        sheet.append([row + j for j in range(12)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@functools.cache
def npz() -> bytes:
    buffer = io.BytesIO()
    X = np.tile(np.arange(9.0), (400_000, 2))
    np.savez(buffer, X=X, y=X[:, 0])
    return buffer.getvalue()


def best_of_three(measure: Callable[[], float]) -> float:
    """The shortest of up to three tries: a busy machine may hold up one, our code all of them."""
    best = measure()
    for _ in range(2):
        if best < WITHIN:
            break
        best = min(best, measure())
    return best


def seconds_to_stop(content: bytes, after: float) -> float:
    wished: list[float] = []

    def wish_when_done(done: int, total: int) -> None:
        if done >= after * total and not wished:
            wished.append(time.monotonic())

    with pytest.raises(Cancelled) as caught:
        read_table(content, progress=wish_when_done, cancel=lambda: bool(wished))
    assert caught.value.code == "data.cancelled"
    return time.monotonic() - wished[0]


def longest_silence(content: bytes) -> float:
    polls = [time.monotonic()]

    def poll() -> bool:
        polls.append(time.monotonic())
        return False

    read_table(content, cancel=poll)
    polls.append(time.monotonic())
    return float(np.diff(polls).max())


FORMATS = [csv_text, gzipped_text, parquet, xlsx, npz]


@pytest.mark.parametrize("make", FORMATS)
@pytest.mark.parametrize("after", [0.0, 0.3, 0.6], ids=["at once", "at 30 %", "at 60 %"])
def test_stops_in_time(make: Callable[[], bytes], after: float) -> None:
    content = make()
    assert best_of_three(lambda: seconds_to_stop(content, after)) < WITHIN


@pytest.mark.parametrize("make", FORMATS)
def test_polls_to_the_end(make: Callable[[], bytes]) -> None:
    """Between two polls of a whole reading, and after the last one, lie less than 500 ms."""
    content = make()
    assert best_of_three(lambda: longest_silence(content)) < WITHIN


def test_a_slow_stream_stops() -> None:
    class Slow(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            time.sleep(0.01)
            buffer[:4] = b"1,2\n"
            return 4

    start = time.monotonic()
    with pytest.raises(Cancelled):
        read_table(Slow(), cancel=lambda: time.monotonic() - start > 0.1)
    assert time.monotonic() - start < 0.1 + WITHIN


def test_progress_may_raise() -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        read_table(b"a,b\n1,2\n", progress=stop)
