"""Reads binary files in a process of their own: one that breaks down or is stopped harms no other.

The libraries that read Parquet files and workbooks may abort the process, fill the memory or never
come back, at a single damaged bit.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from shrinkage.data.archives import damaged
from shrinkage.data.frames import Assembly
from shrinkage.data.limits import MIB, Limits, Watch
from shrinkage.data.source import SourceFile
from shrinkage.data.table import RawTable
from shrinkage.data.wire import (
    Content,
    fill_array,
    read_column,
    read_content_head,
    read_head,
    read_lines,
)
from shrinkage.data.worker import REQUEST, read_content, send_task, too_costly
from shrinkage.errors import DataError, ShrinkageError

_POLL_SECONDS = 0.02
_PATIENCE = 10.0  # wall seconds per second of processor time allowed
_START_SECONDS = 120.0  # for the imports of the server on a busy machine

# The packages' own __init__ files load the core and scikit-learn, which no reader needs.
_SERVER = """
import json, sys, types
root, control, sys.path[:] = json.loads(sys.argv[1])
for name, folder in (("shrinkage", root), ("shrinkage.data", root + "/data")):
    module = types.ModuleType(name)
    module.__path__ = [folder]
    sys.modules[name] = module
from shrinkage.data.worker import serve
serve(control)
"""


class _Server:
    """The server of this process, started with the first file and ended with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def ask(self, files: list[int], watch: Watch) -> None:
        """Have a process forked that answers on the first file and reads the second."""
        with self._locked(watch):
            for last in (False, True):
                try:
                    socket.send_fds(self._running(), [REQUEST.pack(b"R", 0)], files)
                    return
                except OSError:
                    self._close()  # somebody ended it: a new one
                    if last:
                        raise

    def end(self, process: int) -> None:
        """End a process that the server forked, if it has not ended by itself."""
        with self._lock, contextlib.suppress(OSError):
            if self._control is not None:
                self._control.sendall(REQUEST.pack(b"K", process))

    def close(self) -> None:
        """End the server and all processes that it forked."""
        with self._lock:
            self._close()

    @contextlib.contextmanager
    def _locked(self, watch: Watch) -> Iterator[None]:
        while not self._lock.acquire(timeout=_POLL_SECONDS):
            watch.check()
        try:
            yield
        finally:
            self._lock.release()

    def _running(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._close()
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                root = str(Path(__file__).parents[1])
                start = json.dumps([root, theirs.fileno(), sys.path])
                # One allocator, one thread: what a reading takes is then what its content takes.
                bounds = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1"}
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _SERVER, start],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, **bounds},
                    start_new_session=True,
                )
            self._control = ours
        return self._control

    def _close(self) -> None:
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(timeout=1.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


_server = _Server()


def _forget_server() -> None:
    """A fork shares no server with its parent."""
    global _server
    control = _server._control
    if control is not None:
        control.close()
    _forgotten.append(_server)
    _server = _Server()


_forgotten: list[_Server] = []
"""Servers of a parent, kept so that nobody waits for a process that is not ours."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_server)
atexit.register(lambda: _server.close())


def can_isolate() -> bool:
    """Whether this system forks and hands open files to another process."""
    return bool(hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.executable)


def read_isolated(
    source: SourceFile,
    limits: Limits,
    *,
    kind: str,
    name: str,
    sheet: str | None = None,
    header: int | None = None,
) -> RawTable:
    """Read a ``"parquet"`` or a ``"zip"`` file (.xlsx, .npz), whatever it does to its library.

    Where there is no other process to be had, it is read in this one.

    Raises:
        shrinkage.errors.DataError: the file is damaged, above the limits, or takes more memory or
            time than they allow for its size.
        shrinkage.errors.Cancelled: the reading was stopped; its process has been ended.
    """
    task = {
        "format": kind,
        "size": source.size,
        "limits": asdict(limits),
        "sheet": sheet,
        "header": header,
    }
    source.watch.phase(0.0, 0.0)  # only the other process knows how far it is
    if not can_isolate():
        content = read_content(source, limits, task)
        table = Assembly(content.names, content.n_rows, limits)
        for column in content.columns:
            table.add(column)
            source.watch.check()
        return _raw_table(content, table, name)
    reading = _Reading(source.watch, limits, source.size)
    with _open_file(source) as file:
        return reading.run(file.fileno(), task, name)


def _raw_table(content: Content, table: Assembly, name: str) -> RawTable:
    return RawTable(
        table.frame(),
        name,
        content.format,
        content.details,
        (*content.steps, *table.steps),
        target_columns=tuple(content.targets),
        lines=content.lines,
    )


class _Reading:
    """One file in one process."""

    def __init__(self, watch: Watch, limits: Limits, size: int) -> None:
        self._watch = watch
        self._limits = limits
        self._seconds = limits.seconds_for(size)
        self._deadline = time.monotonic() + _START_SECONDS + _PATIENCE * self._seconds
        self._process: int | None = None
        self._interruption: BaseException | None = None
        self._answers: socket.socket

    def run(self, file: int, task: Mapping[str, Any], name: str) -> RawTable:
        self._answers, theirs = socket.socketpair()
        with self._answers:
            try:
                with theirs:
                    _server.ask([theirs.fileno(), file], self._watch)
                send_task(self._answers, task)
                return self._table(name)
            except Exception as error:  # what a process in pieces sends may break anything
                own = isinstance(error, (ShrinkageError, MemoryError))
                if own or error is self._interruption:
                    raise
                raise self._broken() from error
            finally:
                if self._process is not None:
                    _server.end(self._process)

    def _table(self, name: str) -> RawTable:
        head = self._next_head()
        lines = read_lines(self._fill, head, 8 * self._limits.max_rows)
        content = read_content_head(head, lines)
        table = Assembly(content.names, content.n_rows, self._limits)
        while not table.complete:
            column = self._next_head()
            if column["kind"] == "numbers" and column["arrays"][0][0] == "<f8":
                shape = column["arrays"][0][1]  # the bulk of most tables: no copy
                fill_array(self._fill, table.room_for_numbers(shape))
            else:
                table.add(read_column(self._fill, column, self._limits.max_inflated_bytes))
        return _raw_table(content, table, name)

    def _next_head(self) -> dict[str, Any]:
        while True:
            head = read_head(self._fill)
            if head["kind"] == "process":
                self._process = int(head["process"])
            elif head["kind"] == "progress":
                self._poll(float(head["share"]))
            else:
                return head

    def _fill(self, view: memoryview) -> None:
        while view:
            ready, _, _ = select.select([self._answers], [], [], _POLL_SECONDS)
            self._poll()
            if ready:
                count = self._answers.recv_into(view)
                if not count:
                    raise EOFError
                view = view[count:]
            elif time.monotonic() > self._deadline:
                raise too_costly("time", self._seconds)

    def _poll(self, share: float = 0.0) -> None:
        try:
            self._watch.done(share)
        except BaseException as error:  # the caller's own: it is no damage of the file
            self._interruption = error
            raise

    def _broken(self) -> DataError:
        if self._process is None:
            return DataError(
                "the process that reads such files could not be started; "
                "try again, or save the table as .csv",
                code="data.no_process",
                argument="source",
                remedy="try again, or save the table as .csv",
            )
        return damaged("the library for its format broke down on it")


@contextlib.contextmanager
def _open_file(source: SourceFile) -> Iterator[IO[bytes] | io.FileIO]:
    """The content as a file of the system: the source itself, or a copy in memory or on disk."""
    raw = source.raw_file()
    if raw is not None:
        yield raw
        return
    with _temporary_file() as copy:
        source.seek(0)
        while block := source.read(MIB):
            copy.write(block)
        copy.flush()
        copy.seek(0)
        yield copy


def _temporary_file() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("shrinkage"), "w+b")
    return tempfile.TemporaryFile()
