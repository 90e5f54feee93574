"""Copies of uploaded files, by digest, so that a refresh or a restart can reopen a run.

They stay in the user's own data folder, at most 1 GB, the least recently used leaving first.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1 << 30
_PART = ".part"


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file: its SHA-256, the name the user knows it by, and where the bytes lie."""

    digest: str
    name: str
    path: Path


class FileShelf:
    """Files below one folder, named by their digest."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        if folder.exists() and not folder.is_dir():
            folder.rename(folder.with_name(f"{folder.name}-set-aside-{int(time.time())}"))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep_parts(folder)

    def save(self, name: str, content: bytes | memoryview) -> StoredFile:
        """Keep the bytes, unless they are here already, under the name; evict beyond the bound."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._folder / digest
        if not path.exists():
            write_whole(path, content)
        os.utime(path)
        write_whole(path.with_suffix(".json"), json.dumps({"name": name}).encode())
        self._evict(keep=digest)
        return StoredFile(digest, name, path)

    def find(self, digest: str) -> StoredFile | None:
        """The file of this digest, or None if it was never here or has been evicted."""
        path = self._folder / digest
        if len(digest) != 64 or not digest.isalnum() or not path.is_file():
            return None
        os.utime(path)
        try:
            name = json.loads(path.with_suffix(".json").read_text())["name"]
        except (OSError, ValueError, KeyError):
            name = digest[:8]
        return StoredFile(digest, str(name), path)

    def clear(self) -> None:
        """Delete every copy."""
        for path in self._folder.iterdir():
            path.unlink(missing_ok=True)

    def _evict(self, keep: str) -> None:
        files = [p for p in self._folder.iterdir() if not p.suffix]
        files.sort(key=lambda p: p.stat().st_mtime)
        surplus = sum(p.stat().st_size for p in files) - self._max_bytes
        for path in files:
            if surplus <= 0:
                return
            if path.name != keep:
                surplus -= path.stat().st_size
                path.unlink()
                path.with_suffix(".json").unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write beside the target, then rename, so that a killed server leaves no half file.

    The part's name tells which process writes it, so that what a killed one left can be swept.
    """
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f"{os.getpid()}-", suffix=_PART, delete=False
    ) as file:
        part = Path(file.name)
        try:
            file.write(content)
            file.flush()
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def sweep_parts(folder: Path) -> None:
    """Delete the parts whose writers are no more."""
    for part in folder.glob(f"*{_PART}"):
        writer = part.name.partition("-")[0]
        if not writer.isdecimal() or not _is_alive(int(writer)):
            part.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True
