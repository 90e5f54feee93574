"""Raw results, one JSON file per case, and what makes an old result still valid."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
DEFINITION = ("designs.py", "cases.py", "gaps.py", "peers.py")
SOURCES = ("cpp/shrinkage", "cpp/bind", "python/shrinkage/core", "python/shrinkage/linear")


def digest(files: list[Path]) -> str:
    """A short check sum of names and contents."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(ROOT)).encode())
        total.update(file.read_bytes())
    return total.hexdigest()[:12]


def definition() -> str:
    """Changes when a case or the setting of a solver does."""
    return digest([HERE / name for name in DEFINITION])


def our_sources(folders: tuple[str, ...] = SOURCES) -> str:
    """Changes when the code that is timed does."""
    suffixes = {".cpp", ".hpp", ".py"}
    files = (file for folder in folders for file in (ROOT / folder).rglob("*"))
    return digest([file for file in files if file.suffix in suffixes])


def version(distribution: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> dict[str, Any]:
    """Model, cores and vector instructions, as far as the system tells."""
    model, flags = platform.processor() or platform.machine(), ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        fields = [line.partition(":")[::2] for line in info.read_text().splitlines()]
        given = {name.strip(): value.strip() for name, value in fields}
        model, flags = given.get("model name", model), given.get("flags", "")
    wanted = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
    return {
        "model": model,
        "cores": os.cpu_count(),
        "flags": [flag for flag in wanted if flag in flags.split()],
    }


NOISE = 0.1  # a larger share of the cores, used by others, disturbs a measurement


def busy(seconds: float = 0.5) -> float | None:
    """The share of all cores that others use while this process sleeps; None where unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None

    def counts() -> tuple[int, int]:
        ticks = [int(part) for part in stat.read_text().splitlines()[0].split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]  # all; idle and waiting for disks

    before = counts()
    time.sleep(seconds)
    after = counts()
    total, idle = after[0] - before[0], after[1] - before[1]
    return round(1.0 - idle / total, 2) if total else None


class Store:
    """The results in one folder; every write is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, name: str) -> dict[str, Any]:
        """What is known under this name; empty where nothing is."""
        file = self.folder / f"{name}.json"
        if not file.exists():
            return {}
        return dict(json.loads(file.read_text(encoding="utf-8")))

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replaces what is known under this name."""
        file = self.folder / f"{name}.json"
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(file)
