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

from shrinkage.app import history_file

HOME_VARIABLE = "SHRINKAGE_HOME"
STATUSES = ("running", "done", "stopped", "failed", "interrupted")
SETTLED_SECONDS = 3600
_LATEST = 1e11  # seconds since 1970 that a calendar can still tell
_COLUMNS = ", ".join(history_file.COLUMNS[:-1])  # what a Run holds


def wanted_dir() -> Path:
    """Folder for history and files: ``$SHRINKAGE_HOME`` or the platform's user data folder."""
    wanted = os.environ.get(HOME_VARIABLE)
    if wanted:
        return Path(wanted).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "shrinkage"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "shrinkage"


def data_dir() -> Path:
    """The wanted folder; one that cannot be written is replaced by a temporary one."""
    folder = wanted_dir()
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

    ``trouble`` is what became of the history, None when nothing did.

    Every server holds a lock on a file of its own. A run marked "running" whose server's lock can
    be taken belongs to a server that is gone: it becomes "interrupted".
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._path = folder / history_file.NAME
        self._servers = folder / "servers"
        self._token = secrets.token_hex(8)
        self._alive = self._announce()
        self._db, self.trouble = history_file.open_history(folder)
        self._mark_interrupted()
        self._sweep()

    def _announce(self) -> IO[bytes] | None:
        """The lock of this server; None where the folder takes none: then nobody will miss it."""
        try:
            self._servers.mkdir(parents=True, exist_ok=True)
            return _take_lock(self._servers / f"{self._token}.lock")
        except OSError:
            return None

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
        if self._alive is not None:
            self._alive.close()
            (self._servers / f"{self._token}.lock").unlink(missing_ok=True)

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        self._ask(statement, values)

    def _read(self, statement: str, values: tuple[Any, ...]) -> list[Run]:
        runs = (_run_of(row) for row in self._ask(statement, values))
        return [run for run in runs if run is not None]

    def _ask(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of one statement, in a transaction of its own.

        A history that fails under way must not take the fit with it that it tells of: what can be
        saved is, the trouble is noted, and the statement is tried once more.
        """
        with self._lock:
            try:
                return self._transact(statement, values)
            except sqlite3.Error as error:
                self._recover(error)
            try:
                return self._transact(statement, values)
            except sqlite3.Error:
                return []

    def _transact(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._db:
            return self._db.execute(statement, values).fetchall()

    def _recover(self, error: sqlite3.Error) -> None:
        kind = history_file.kind_of(error)
        if kind == "locked":  # for a moment only, most likely: the file is as good as it was
            self.trouble = history_file.Trouble(kind)
            return
        rows = self._readable_rows()
        self._db.close()
        try:
            if kind != "damaged":
                raise error
            self._db, self.trouble = history_file.rescue(self._path)
        except (sqlite3.Error, OSError):
            self._db, self.trouble = history_file.in_memory(), history_file.Trouble(kind)
            history_file.add_rows(self._db, rows)

    def _readable_rows(self) -> list[tuple[Any, ...]]:
        try:
            return history_file.read_rows(self._db)
        except sqlite3.Error:
            return []

    def _mark_interrupted(self) -> None:
        servers = self._ask("SELECT DISTINCT server FROM runs WHERE status = 'running'", ())
        for (server,) in servers:
            if server != self._token and self._is_gone(str(server)):
                self._write(
                    "UPDATE runs SET status = 'interrupted'"
                    " WHERE status = 'running' AND server = ?",
                    (server,),
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
        except OSError:  # it lives, or cannot be asked
            return False
        path.unlink(missing_ok=True)
        return True


def _run_of(row: tuple[Any, ...]) -> Run | None:
    """The run of a row. Facts that cannot be read are none; a row that is no run is passed over."""
    run, key, created, spec, data_name, digest, version, status, seconds, summary = row
    texts = (run, key, spec, data_name, digest, version, summary)
    times = (created, 0.0 if seconds is None else seconds)
    if not all(isinstance(text, str) for text in texts) or status not in STATUSES:
        return None
    if not all(isinstance(t, float | int) and 0 <= t < _LATEST for t in times):
        return None
    try:
        facts = json.loads(summary)
    except ValueError:
        facts = {}
    facts = facts if isinstance(facts, dict) else {}
    return Run(run, key, created, spec, data_name, digest, version, status, seconds, facts)


def _take_lock(path: Path) -> IO[bytes]:
    """Open and lock a file; the system releases it when the process ends, however it ends."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file
