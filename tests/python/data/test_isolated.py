"""A binary file that breaks its library down harms only the process that reads it."""

import io
import os
import signal
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shrinkage.data import Limits, isolated, read_table
from shrinkage.errors import Cancelled, DataError


def small_parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0, 2, 3, 4], "y": [1.0, 3, 2, 5]}), buffer)
    return buffer.getvalue()


def outcome(content: bytes, **options: Any) -> str:
    """ "table", or the code of the error."""
    try:
        read_table(content, **options)
    except DataError as error:
        return error.code if error.fields["remedy"] else "an error without a remedy"
    return "table"


def large_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, X=np.zeros((50_000, 20)), y=np.arange(50_000))
    return buffer.getvalue()


def test_the_bit_that_makes_arrow_abort() -> None:
    content = bytearray(small_parquet())
    content[-527] ^= 1
    assert outcome(bytes(content)) in ("table", "data.unreadable", "data.too_large")


def test_flipped_bits_of_a_footer() -> None:
    """A slice of what `make fuzz` does with all of them."""
    good = small_parquet()
    length = int.from_bytes(good[-8:-4], "little") + 8
    for bit in range(8 * (len(good) - length), 8 * len(good), 97):
        content = bytearray(good)
        content[bit // 8] ^= 1 << bit % 8
        assert outcome(bytes(content)) in ("table", "data.unreadable", "data.too_large")
    assert outcome(good) == "table"


def test_a_process_that_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = isolated._Reading._next_head

    def killed(reading: Any) -> dict[str, Any]:
        head = whole(reading)
        os.kill(reading._process, signal.SIGKILL)
        return head

    with monkeypatch.context() as patch:
        patch.setattr(isolated._Reading, "_next_head", killed)
        with pytest.raises(DataError, match="broke down") as caught:
            read_table(large_npz())
    assert caught.value.code == "data.unreadable"
    assert outcome(small_parquet()) == "table"


def test_a_server_that_is_killed_is_started_again() -> None:
    read_table(small_parquet())
    server = isolated._server._process
    assert server is not None
    server.kill()
    server.wait()
    assert outcome(small_parquet()) == "table"


def test_memory_and_time_are_bounded() -> None:
    content = large_npz()
    assert outcome(content, limits=Limits(max_memory_bytes=4 << 20)) == "data.too_much_memory"
    assert outcome(content) == "table"
    buffer = io.BytesIO()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in range(500):
        sheet.append([row + j for j in range(40)])
    book.save(buffer)
    assert outcome(buffer.getvalue(), limits=Limits(max_seconds=0.05)) == "data.too_much_time"


def test_an_error_of_the_callers_own_is_no_damage() -> None:
    class Own(ValueError):
        pass

    def progress(done: int, total: int) -> None:
        raise Own

    with pytest.raises(Own):
        read_table(small_parquet(), progress=progress)


def test_stopped_before_and_threads_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    path.write_bytes(small_parquet())
    with pytest.raises(Cancelled):
        read_table(path, cancel=lambda: True)
    shapes: list[tuple[int, int]] = []
    threads = [
        threading.Thread(target=lambda: shapes.append(read_table(path).frame.shape))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(4, 2)] * 6


def test_without_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "can_isolate", lambda: False)
    assert read_table(small_parquet()).frame["y"].tolist() == [1.0, 3.0, 2.0, 5.0]
    assert outcome(small_parquet()[:-4]) == "data.unreadable"


def test_a_fork_has_a_server_of_its_own() -> None:
    content = small_parquet()
    read_table(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if child == 0:
        os._exit(0 if outcome(content) == "table" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert outcome(content) == "table"


def test_a_server_ends_with_its_socket() -> None:
    server = isolated._Server()
    server._running()
    process = server._process
    assert process is not None
    assert process.poll() is None
    server.close()
    assert process.returncode is not None
