"""Style, types, layers and the stub: `make lint`; `--fix` lets the formatters rewrite."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
PYTHON_SOURCES = ("python", "tools", "tests", "benchmarks", "reproductions", "app.py")
CPP_SOURCES = ("cpp", "tests/cpp", "tests/fuzz")
CPP_SUFFIXES = {".cpp", ".hpp", ".inc"}


def cpp_files() -> list[str]:
    """Every C++ file of ours, relative to the root."""
    files = (path for folder in CPP_SOURCES for path in (ROOT / folder).rglob("*"))
    return sorted(str(path.relative_to(ROOT)) for path in files if path.suffix in CPP_SUFFIXES)


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs an installed Python module."""
    return [sys.executable, "-m", name, *arguments]


def checks() -> dict[str, list[str]]:
    """Name and command of each check."""
    return {
        "ruff check": module("ruff", "check", *PYTHON_SOURCES),
        "ruff format": module("ruff", "format", "--check", *PYTHON_SOURCES),
        "mypy": module("mypy", "--strict", "python/shrinkage", "tools"),
        "clang-format": [str(PROGRAMS / "clang-format"), "--dry-run", "--Werror", *cpp_files()],
        "import-linter": [str(PROGRAMS / "lint-imports"), "--no-cache"],
        "stub": [sys.executable, "tools/stubs.py"],
    }


def fixes() -> dict[str, list[str]]:
    """Name and command of each formatter."""
    return {
        "ruff check": module("ruff", "check", "--fix", *PYTHON_SOURCES),
        "ruff format": module("ruff", "format", *PYTHON_SOURCES),
        "clang-format": [str(PROGRAMS / "clang-format"), "-i", *cpp_files()],
    }


def main(arguments: Sequence[str]) -> int:
    """Run all; returns 1 when one failed. A check that finds nothing prints one line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    failed = []
    for name, command in (fixes() if "--fix" in arguments else checks()).items():
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(f"{name}: {'failed' if done.returncode else 'ok'}", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout, flush=True)
    if failed:
        print("lint failed:", ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
