"""Opening the history's SQLite file, whatever became of it; nothing here imports Streamlit.

A file that cannot be used is set aside, never deleted, and what can be read of it is carried over.
Where nothing can be kept on this disk, the history of this server lives in memory.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "history.sqlite3"
SCHEMA_VERSION = 1
COLUMNS = (
    "id",
    "key",
    "created",
    "spec",
    "data_name",
    "digest",
    "version",
    "status",
    "seconds",
    "summary",
    "server",
)
_NAMES, _MARKS = ", ".join(COLUMNS), ", ".join("?" * len(COLUMNS))
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    created REAL NOT NULL,
    spec TEXT NOT NULL,
    data_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    seconds REAL,
    summary TEXT NOT NULL DEFAULT '{}',
    server TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_time ON runs (created DESC);
CREATE INDEX IF NOT EXISTS runs_by_key ON runs (key);
"""
_BUSY_SECONDS = 2.0
_MOST_ROWS = 20_000  # that a rescue looks for, one by one
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class Trouble:
    """What became of the history: ``kind`` names a sentence of the catalog.

    Kinds: ``damaged`` and ``foreign`` (set aside as ``file``, ``kept`` runs carried over),
    ``newer`` (left alone; runs go to ``file``), and ``locked``, ``full``, ``readonly`` and
    ``unusable``, whose runs are kept in memory until the server ends. ``temporary`` tells of the
    whole data folder, which is then ``file``.
    """

    kind: str
    file: str = ""
    kept: int = 0


class _Damaged(sqlite3.DatabaseError):
    """Pages of the file contradict each other."""


class _Foreign(sqlite3.DatabaseError):
    """A database, but another program's."""


class _Newer(Exception):
    """A history that a newer version of this program wrote."""


def open_history(folder: Path) -> tuple[sqlite3.Connection, Trouble | None]:
    """Connect to the history of a folder; it never raises for what lies there.

    Returns the connection and what had to be done, None when nothing was.
    """
    try:
        return _open(folder / NAME)
    except (sqlite3.Error, OSError) as error:
        return in_memory(), Trouble(kind_of(error))


def in_memory() -> sqlite3.Connection:
    """A history that ends with the server."""
    return _prepared(sqlite3.connect(":memory:", check_same_thread=False))


def kind_of(error: sqlite3.Error | OSError) -> str:
    """The kind of trouble that an error of the disk or of SQLite tells of."""
    if isinstance(error, OSError):
        return "full" if error.errno in _FULL_DISK else "unusable"
    if isinstance(error, _Damaged):
        return "damaged"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    kinds = {
        sqlite3.SQLITE_BUSY: "locked",
        sqlite3.SQLITE_LOCKED: "locked",
        sqlite3.SQLITE_FULL: "full",
        sqlite3.SQLITE_READONLY: "readonly",
        sqlite3.SQLITE_CORRUPT: "damaged",
        sqlite3.SQLITE_NOTADB: "damaged",
    }
    return kinds.get(code, "unusable")


def rescue(path: Path) -> tuple[sqlite3.Connection, Trouble]:
    """Set a damaged file aside and carry over what can still be read of it."""
    return _set_aside(path, "damaged")


def _open(path: Path) -> tuple[sqlite3.Connection, Trouble | None]:
    if path.exists() and not path.is_file():
        return _set_aside(path, "foreign")
    try:
        return _connect(path), None
    except _Newer:
        # The newer program will want its file again: it stays where and as it is.
        beside = path.with_name(f"history-{SCHEMA_VERSION}.sqlite3")
        return _connect(beside), Trouble("newer", beside.name)
    except _Foreign:
        return _set_aside(path, "foreign")
    except sqlite3.DatabaseError as error:
        if kind_of(error) != "damaged":
            raise
        return _set_aside(path, "damaged")


def _set_aside(path: Path, kind: str) -> tuple[sqlite3.Connection, Trouble]:
    aside = _free_name(path)
    # The write-ahead log belongs to the file and would be replayed into the new one.
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    db = _connect(path)
    kept = _carry_over(aside, db) if kind == "damaged" and aside.is_file() else 0
    return db, Trouble(kind, aside.name, kept)


def _free_name(path: Path) -> Path:
    mark = int(time.time())
    while (aside := path.with_name(f"damaged-{mark}-{path.name}")).exists():
        mark += 1
    return aside


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise _Newer
        # Only the header was read so far; a page that is wrong shows when it is needed.
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _Damaged(verdict)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return _prepared(db)
    except BaseException:
        db.close()
        raise


def _prepared(db: sqlite3.Connection) -> sqlite3.Connection:
    """With our table, which another program's of the same name is not."""
    held = {row[1] for row in db.execute("PRAGMA table_info(runs)")}
    if held and not held.issuperset(COLUMNS):
        raise _Foreign("another program's table of runs")
    db.executescript(_SCHEMA)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return db


def add_rows(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> int:
    """Insert whole rows, passing over those that break a rule of the table; returns how many."""
    kept = 0
    with db:
        for row in rows:
            with contextlib.suppress(sqlite3.Error):
                db.execute(f"INSERT INTO runs ({_NAMES}) VALUES ({_MARKS})", row)
                kept += 1
    return kept


def read_rows(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Every whole row, oldest first."""
    return db.execute(f"SELECT {_NAMES} FROM runs ORDER BY rowid").fetchall()


def _carry_over(aside: Path, db: sqlite3.Connection) -> int:
    """Copy the rows that can be read, in their order; returns how many."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_reader(aside)) as old:
        return add_rows(db, _readable(old))
    return 0


def _reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _readable(old: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The rows, each asked for alone: one that lies on a wrong page hides no other."""
    with contextlib.suppress(sqlite3.Error):
        (last,) = old.execute("SELECT max(rowid) FROM runs NOT INDEXED").fetchone()
        for place in range(max(1, (last or 0) - _MOST_ROWS + 1), (last or 0) + 1):
            with contextlib.suppress(sqlite3.DatabaseError):
                yield from old.execute(
                    f"SELECT {_NAMES} FROM runs NOT INDEXED WHERE rowid = ?", (place,)
                ).fetchall()
