"""History of runs in SQLite: it survives a killed server, which it then finds interrupted.

Nothing here imports Streamlit.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

HOME_VARIABLE = "SHRINKAGE_HOME"
STATUSES = ("running", "done", "stopped", "failed", "interrupted")
SETTLED_SECONDS = 3600
_SCHEMA_VERSION = 1
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
_COLUMNS = "id, key, created, spec, data_name, digest, version, status, seconds, summary"


def data_dir() -> Path:
    """Folder for history and files: ``$SHRINKAGE_HOME`` or the platform's user data folder.

    A folder that cannot be written is replaced by a temporary one, so that the app still works.
    """
    wanted = os.environ.get(HOME_VARIABLE)
    if wanted:
        folder = Path(wanted).expanduser()
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support" / "shrinkage"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        folder = Path(base) / "shrinkage"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _temporary()


@cache
def _temporary() -> Path:
    """One folder per process that the system clears."""
    return Path(tempfile.mkdtemp(prefix="shrinkage-"))


@dataclass(frozen=True)
class Run:
    """One row of the history; ``spec`` is canonical JSON, ``created`` in seconds since 1970."""

    id: str
    key: str
    created: float
    spec: str
    data_name: str
    digest: str
    version: str
    status: str
    seconds: float | None
    summary: dict[str, Any]


class History:
    """Runs table of one folder. One connection writes, under a lock; WAL lets others read.

    Every server holds a lock on a file of its own. A run marked "running" whose server's lock can
    be taken belongs to a server that is gone: it becomes "interrupted".
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._servers = folder / "servers"
        self._servers.mkdir(parents=True, exist_ok=True)
        self._token = secrets.token_hex(8)
        self._alive = _take_lock(self._servers / f"{self._token}.lock")
        self._db = _open(folder / "history.sqlite3")
        self._mark_interrupted()
        self._sweep()

    def start(self, *, key: str, spec: str, data_name: str, digest: str, version: str) -> str:
        """Record a run as running and return its id."""
        run = secrets.token_urlsafe(9)
        self._write(
            f"INSERT INTO runs ({_COLUMNS}, server)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'running', NULL, '{}', ?)",
            (run, key, time.time(), spec, data_name, digest, version, self._token),
        )
        return run

    def finish(
        self,
        run: str,
        status: str,
        seconds: float,
        summary: Mapping[str, Any] | None = None,
        *,
        spec: str | None = None,
    ) -> None:
        """Record how a run ended, and its spec if that was changed under way.

        Raises ValueError on an unknown status.
        """
        if status not in STATUSES or status == "running":
            raise ValueError(f"status = {status!r}: expected one of {STATUSES[1:]}")
        text = json.dumps(dict(summary or {}), ensure_ascii=False)
        self._write(
            "UPDATE runs SET status = ?, seconds = ?, summary = ?, spec = COALESCE(?, spec)"
            " WHERE id = ?",
            (status, seconds, text, spec, run),
        )

    def recent(self, limit: int = 50) -> list[Run]:
        """The last runs, newest first."""
        return self._read(
            f"SELECT {_COLUMNS} FROM runs ORDER BY created DESC, rowid DESC LIMIT ?", (limit,)
        )

    def find(self, key_prefix: str) -> Run | None:
        """The newest run whose key begins with ``key_prefix``, or None."""
        rows = self._read(
            f"SELECT {_COLUMNS} FROM runs WHERE substr(key, 1, ?) = ?"
            " ORDER BY created DESC, rowid DESC LIMIT 1",
            (len(key_prefix), key_prefix),
        )
        return rows[0] if rows else None

    def clear(self) -> None:
        """Delete every run that is not running."""
        self._write("DELETE FROM runs WHERE status <> 'running'", ())

    def close(self) -> None:
        """Close the connection and give the server's lock back."""
        with self._lock:
            self._db.close()
        self._alive.close()
        (self._servers / f"{self._token}.lock").unlink(missing_ok=True)

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        with self._lock, self._db:
            self._db.execute(statement, values)

    def _read(self, statement: str, values: tuple[Any, ...]) -> list[Run]:
        with self._lock:
            rows = self._db.execute(statement, values).fetchall()
        return [Run(*(*row[:-1], json.loads(row[-1]))) for row in rows]

    def _mark_interrupted(self) -> None:
        with self._lock, self._db:
            running = self._db.execute("SELECT DISTINCT server FROM runs WHERE status = 'running'")
            gone = [(s,) for (s,) in running if s != self._token and self._is_gone(s)]
            self._db.executemany(
                "UPDATE runs SET status = 'interrupted' WHERE status = 'running' AND server = ?",
                gone,
            )

    def _sweep(self) -> None:
        """Remove what servers left that are gone; one that is just starting is let alone."""
        for path in self._servers.glob("*.lock"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > SETTLED_SECONDS:
                    self._is_gone(path.stem)

    def _is_gone(self, server: str) -> bool:
        path = self._servers / f"{server}.lock"
        if not path.exists():
            return True
        try:
            _take_lock(path).close()
        except BlockingIOError:
            return False
        path.unlink(missing_ok=True)
        return True


def _take_lock(path: Path) -> IO[bytes]:
    """Open and lock a file; the system releases it when the process ends, however it ends."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _open(path: Path) -> sqlite3.Connection:
    """Connect and migrate. A damaged file is set aside, not deleted."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        mark = f"damaged-{int(time.time())}"
        # The write-ahead log belongs to the damaged file and would be replayed into the new one.
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(part.with_name(f"{mark}-{part.name}"))
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"history of a newer version ({version})")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    except BaseException:
        db.close()
        raise
    return db
