"""The process in which binary files are read, so that a library that breaks down takes only it.

A server, started once, has imported what the readers need and forks one process per file. Neither
imports pandas, scikit-learn or the core.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import FrameType
from typing import Any

from shrinkage.data.archives import damaged, open_archive, unsupported
from shrinkage.data.limits import MIB, Limits, Watch
from shrinkage.data.npz import read_npz
from shrinkage.data.parquet import read_parquet
from shrinkage.data.source import SourceFile
from shrinkage.data.wire import Content, write_content, write_error, write_message
from shrinkage.data.xlsx import read_xlsx
from shrinkage.errors import DataError, ShrinkageError

REQUEST = struct.Struct("<cq")
"""What the server is asked: ``R`` with two open files, to read; ``K`` and a number, to end one."""

_TASK = struct.Struct("<I")


def serve(control: int) -> None:
    """Fork a process for each request, until the other end of the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    _import_once()
    alive: set[int] = set()
    with socket.socket(fileno=control) as requests:
        while True:
            message, files, *_ = socket.recv_fds(requests, REQUEST.size, 2)
            if len(message) < REQUEST.size:
                break
            kind, process = REQUEST.unpack(message)
            if kind == b"R" and len(files) == 2:
                child = os.fork()
                if child == 0:
                    requests.close()
                    _read_and_leave(*files)
                alive.add(child)
                for file in files:
                    os.close(file)
            elif process in alive:
                _end(process)
                alive.discard(process)
    for process in alive:
        _end(process)


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas: pyarrow would load it in every process, and needs it not."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def _import_once() -> None:
    """Import what the readers need, so that the forked processes find it there."""
    sys.meta_path.insert(0, _NoPandas())
    for name in ("pyarrow.compute", "pyarrow.parquet", "openpyxl"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _end(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _read_and_leave(channel: int, file: int) -> None:
    """Do one task and leave, whatever happens."""
    try:
        with socket.socket(fileno=channel) as answers:
            task = _receive_task(answers)
            write_message(answers.sendall, {"kind": "process", "process": os.getpid()})
            limits = Limits(**task["limits"])
            with open(file, "rb", buffering=0, closefd=False) as content:
                read_in_bounds(content, task, limits, answers.sendall)
    finally:
        os._exit(0)


def _receive_task(answers: socket.socket) -> dict[str, Any]:
    (length,) = _TASK.unpack(answers.recv(_TASK.size, socket.MSG_WAITALL))
    task: dict[str, Any] = json.loads(answers.recv(length, socket.MSG_WAITALL))
    return task


def send_task(answers: socket.socket, task: Mapping[str, Any]) -> None:
    """The other side of a task: format, name, size, limits, options."""
    text = json.dumps(task).encode()
    answers.sendall(_TASK.pack(len(text)) + text)


def read_in_bounds(
    content: Any, task: Mapping[str, Any], limits: Limits, send: Callable[[Any], object]
) -> None:
    """Read within the memory and the processor time that a file of this size may take."""
    size = int(task["size"])
    memory, seconds = limits.memory_for(size), limits.seconds_for(size)

    def progress(done: int, total: int) -> None:
        write_message(send, {"kind": "progress", "share": done / total})

    try:
        with _bounds(memory, seconds):
            source = SourceFile(content, size, Watch(progress, None, size))
            write_content(read_content(source, limits, task), send)
    except ShrinkageError as error:
        write_error(send, error)
    except MemoryError:
        write_error(send, too_costly("memory", memory))
    except _TimeIsUp:
        write_error(send, too_costly("time", seconds))


def read_content(source: SourceFile, limits: Limits, task: Mapping[str, Any]) -> Content:
    """The table of a binary file; every error is one of the package's own."""
    try:
        if task["format"] == "parquet":
            content = read_parquet(source, limits)
        else:
            content = _read_zip(source, limits, task["sheet"], task["header"])
        return replace(content, columns=_guarded(content.columns))
    except (ShrinkageError, MemoryError):
        raise
    except Exception as error:  # the libraries let whatever meets them through
        raise _broken(error) from error


def _read_zip(source: SourceFile, limits: Limits, sheet: str | None, header: int | None) -> Content:
    with open_archive(source, limits) as archive:
        members = archive.namelist()
    if "xl/workbook.xml" in members:
        return read_xlsx(source, limits, sheet=sheet, header=header)
    if any(member.endswith(".npy") for member in members):
        return read_npz(source, limits)
    raise unsupported("a zip archive", "unpack it and choose the table in it")


def _guarded(columns: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from columns
    except (ShrinkageError, MemoryError):
        raise
    except Exception as error:
        raise _broken(error) from error


def _broken(error: Exception) -> DataError:
    reason = (str(error).splitlines() or [""])[0][:200]
    return damaged(f"its content is damaged ({type(error).__name__}: {reason})")


class _TimeIsUp(BaseException):
    """The processor time is used up; no library may swallow it."""


@contextlib.contextmanager
def _bounds(memory: int, seconds: float) -> Iterator[None]:
    """Bound this process; the memory only where the system knows such a limit."""
    import resource

    def on_time(_signum: int, _frame: FrameType | None) -> None:
        raise _TimeIsUp

    signal.signal(signal.SIGPROF, on_time)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Code that does not come back to Python is ended by the system two seconds later.
    limit = math.ceil(used.ru_utime + used.ru_stime + seconds + 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + memory,) * 2)
    yield


def _data_bytes() -> int:
    """What counts for the limit and is there already."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def too_costly(resource: str, limit: float) -> DataError:
    """The error for a file whose reading takes more than its size gives reason for."""
    amount = f"{limit / MIB:.0f} MB of memory" if resource == "memory" else f"{limit:.0f} s"
    remedy = "take a part of the rows or columns, or save it as .csv"
    return DataError(
        f"the file takes more than {amount} to read, more than its size gives reason for; {remedy}",
        code=f"data.too_much_{resource}",
        argument="source",
        limit=round(limit / MIB) if resource == "memory" else round(limit),
        remedy=remedy,
    )
