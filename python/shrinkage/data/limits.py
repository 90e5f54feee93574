"""How much a file may claim, and the watch that reports progress and stops a reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from shrinkage.errors import Cancelled, DataError

Progress = Callable[[int, int], object]
Cancel = Callable[[], bool]

_POLL_SECONDS = 0.02
MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a file may ask for. A claim above a limit is refused before memory is taken for it.

    Attributes:
        max_bytes: size of the file as it comes, in bytes (200 MiB, the upload cap of the app).
        max_inflated_bytes: size after decompression, in bytes (1 GiB): a gz stream, the members of
            an .npz or .xlsx archive, the column chunks of a Parquet file.
        max_rows: rows of the table.
        max_columns: columns of the table.
        max_cells: rows times columns (10^8, which is 0.8 GB as float64).
        max_line_bytes: length of one line of text.
        max_memory_bytes: memory that the process may take in which a Parquet, .xlsx or .npz file
            is read; by default 384 MiB and 16 times the size of the file.
        max_seconds: processor time that it may take; by default 4 s, 6 s for the
            first MiB and 12 s for every other.
    """

    max_bytes: int = 200 * MIB
    max_inflated_bytes: int = 1024 * MIB
    max_rows: int = 5_000_000
    max_columns: int = 100_000
    max_cells: int = 100_000_000
    max_line_bytes: int = 32 * MIB
    max_memory_bytes: int | None = None
    max_seconds: float | None = None

    def memory_for(self, size: int) -> int:
        """Bytes of memory that the reading of a binary file of this size may take."""
        return self.max_memory_bytes or 384 * MIB + 16 * size

    def seconds_for(self, size: int) -> float:
        """Seconds of processor time that it may take."""
        more = max(size / MIB - 1.0, 0.0)
        return self.max_seconds or 4.0 + 6.0 * min(size / MIB, 1.0) + 12.0 * more

    def check_file_size(self, size: int) -> None:
        if size > self.max_bytes:
            raise too_large("the file", size, self.max_bytes, unit="bytes")

    def check_inflated(self, size: int, what: str = "the decompressed content") -> None:
        if size > self.max_inflated_bytes:
            raise too_large(what, size, self.max_inflated_bytes, unit="bytes")

    def check_shape(self, rows: int, columns: int) -> None:
        """Refuse a table of this shape if it is above the limits."""
        if rows > self.max_rows:
            raise too_large("the table", rows, self.max_rows, unit="rows")
        if columns > self.max_columns:
            raise too_large("the table", columns, self.max_columns, unit="columns")
        if rows * columns > self.max_cells:
            raise too_large("the table", rows * columns, self.max_cells, unit="cells")


def too_large(what: str, claimed: int, limit: int, *, unit: str) -> DataError:
    """The error for a claim above a limit; ``unit`` is bytes, rows, columns or cells."""
    return DataError(
        f"{what} holds {_amount(claimed, unit)}, more than the limit of {_amount(limit, unit)}; "
        "take a part of the rows or columns, or raise the limit",
        code="data.too_large",
        argument="source",
        what=what,
        value=claimed,
        limit=limit,
        unit=unit,
        remedy="take a part of the rows or columns, or raise the limit",
    )


def _amount(value: int, unit: str) -> str:
    if unit != "bytes":
        return f"{value:,} {unit}"
    if value >= 1024 * MIB:
        return f"{value / (1024 * MIB):.3g} GB"
    return f"{value / MIB:.3g} MB"


class Watch:
    """Calls ``progress(done, total)`` and polls ``cancel()``, each at most every 20 ms.

    A format that reads the file more than once gives each pass its share of the whole with
    ``phase``; one that jumps about in the file sets an empty phase and reports shares with
    ``done``. What is reported never goes back.
    """

    def __init__(self, progress: Progress | None, cancel: Cancel | None, total: int) -> None:
        self._progress = progress
        self._cancel = cancel
        self._total = max(total, 1)
        self._start, self._share = 0.0, 1.0
        self._fraction = 0.0
        self._last_poll = 0.0

    def phase(self, start: float, end: float) -> None:
        """From now on positions 0..total of the file stand for start..end of the work."""
        self._start, self._share = start, end - start

    def at(self, position: int) -> None:
        """The reading stands at this byte of the file."""
        self.done(self._start + self._share * min(position / self._total, 1.0))

    def done(self, fraction: float) -> None:
        """This share of the whole work is done."""
        self._fraction = max(self._fraction, fraction)
        self.check()

    def check(self) -> None:
        """Poll.

        Raises:
            shrinkage.errors.Cancelled: ``cancel()`` returned True.
        """
        now = time.monotonic()
        if now - self._last_poll < _POLL_SECONDS:
            return
        self._last_poll = now
        if self._cancel is not None and self._cancel():
            raise Cancelled("the reading was stopped on request", code="data.cancelled")
        if self._progress is not None:
            self._progress(int(self._fraction * self._total), self._total)

    def finish(self) -> None:
        """Report the end of the work."""
        if self._progress is not None:
            self._progress(self._total, self._total)
