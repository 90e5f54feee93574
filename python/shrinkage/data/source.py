"""Where bytes come from: a path, bytes or a file object, seen as one polled binary file."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from shrinkage.data.limits import MIB, Cancel, Limits, Progress, Watch
from shrinkage.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Buffer

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]


class SourceFile(io.RawIOBase):
    """A seekable binary file whose every read polls the watch; closing leaves the source open."""

    def __init__(self, file: IO[bytes], size: int, watch: Watch) -> None:
        self._file = file
        self.size = size
        self.watch = watch

    def close(self) -> None:
        """Do nothing: a library that closes its view must not end the others."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        block = self._file.read(min(len(view), MIB))
        view[: len(block)] = block
        self.watch.at(self._file.tell())
        return len(block)

    def raw_file(self) -> io.FileIO | None:
        """The file of the system whose bytes these are, if there is one."""
        file: Any = self._file
        if isinstance(file, (io.BufferedReader, io.BufferedRandom)):
            file = file.raw
        if not isinstance(file, io.FileIO):
            return None
        file.seek(0)
        return file

    def head(self, length: int) -> bytes:
        """The first bytes of the file."""
        self.seek(0)
        return self._file.read(length)

    def buffered(self) -> io.BufferedReader:
        """A buffered view from the start, for libraries that read little by little."""
        self.seek(0)
        return io.BufferedReader(self, 16 * 1024)  # small: each refill polls

    def inflated(self, compressed: bool) -> IO[bytes]:
        """The content from its start, through gzip if compressed."""
        if not compressed:
            return self.buffered()
        self.seek(0)
        stream: Any = gzip.GzipFile(fileobj=self, mode="rb")
        binary: IO[bytes] = stream
        return binary


@contextmanager
def open_source(
    source: Source, limits: Limits, progress: Progress | None, cancel: Cancel | None
) -> Iterator[SourceFile]:
    """Open what the caller gave; its length is checked before a byte is read."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        size = memoryview(source).nbytes
        limits.check_file_size(size)
        yield SourceFile(io.BytesIO(source), size, Watch(progress, cancel, size))
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(Path(source)) as file:
            yield _from_seekable(file, limits, progress, cancel)
    elif not hasattr(source, "read"):
        raise DataError(
            f"source must be a path, bytes or a binary file object, not {type(source).__name__}",
            code="data.bad_source",
            argument="source",
            value=type(source).__name__,
            remedy="pass a path, bytes or a file opened with mode 'rb'",
        )
    elif _is_seekable(source):
        yield _from_seekable(source, limits, progress, cancel)
    else:
        with tempfile.SpooledTemporaryFile(max_size=16 * MIB) as spool:
            _spool(source, spool, limits, Watch(None, cancel, 1))
            yield _from_seekable(spool, limits, progress, cancel)


def source_name(source: Source) -> str:
    """What to call the table: the file's name, else "table"."""
    name: Any = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    return Path(name).name if isinstance(name, (str, os.PathLike)) else "table"


def _open_path(path: Path) -> IO[bytes]:
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        return path.open("rb")
    except OSError as error:
        raise DataError(
            f"cannot open {path}: {error.strerror}; give the path of a readable file",
            code="data.cannot_open",
            argument="source",
            value=str(path),
            reason=str(error.strerror),
            remedy="give the path of a readable file",
        ) from error


def _is_seekable(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable is not None and seekable())


def _from_seekable(
    file: Any, limits: Limits, progress: Progress | None, cancel: Cancel | None
) -> SourceFile:
    size = file.seek(0, os.SEEK_END)
    limits.check_file_size(size)
    file.seek(0)
    return SourceFile(file, size, Watch(progress, cancel, size))


def _spool(source: IO[bytes], spool: Any, limits: Limits, watch: Watch) -> None:
    taken = 0
    while block := source.read(64 * 1024):
        taken += len(block)
        limits.check_file_size(taken)
        spool.write(block)
        watch.check()
