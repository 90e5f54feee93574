"""Gives damaged files to the reader: ``python tests/fuzz/read_fuzz.py COUNT [FIRST]``.

``--file FILE`` repeats one.

Demanded of every one: a table or one of the package's own errors, within 10 s of processor time
and 500 MB, in a process that lives on. Prints what came of them; fails if one broke a demand, and
keeps that file in build/fuzz/findings.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import select
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.files import case, flipped_bits

MAX_SECONDS, MAX_BYTES = 10.0, 500 << 20
HANGS_SECONDS = 120.0  # of the wall; other work may hold the processors
FINDINGS = Path("build/fuzz/findings")


def cases(count: int, first: int) -> Iterator[tuple[str, bytes]]:
    """All single bits, then so many files that chance damaged."""
    return itertools.chain(flipped_bits(), (case(number) for number in range(first, first + count)))


def outcome(content: bytes) -> str:
    """What came of reading and preparing: "table", the code of an error, or what broke a demand."""
    from shrinkage.data import guess_target, prepare, read_table
    from shrinkage.errors import ShrinkageError

    started = time.process_time()
    before = _peak(reset=True)
    try:
        table = read_table(content)
        prepare(table, guess_target(table))
        found = "table"
    except ShrinkageError as error:
        found = error.code
    except Exception as error:
        return f"BARE {type(error).__name__}: {str(error)[:120]}"
    seconds, taken = time.process_time() - started, _peak() - before
    if seconds > MAX_SECONDS:
        return f"SLOW {seconds:.0f} s"
    return f"LARGE {taken >> 20} MB" if taken > MAX_BYTES else found


def _peak(*, reset: bool = False) -> int:
    """The largest resident size since the last reset, in bytes; 0 where the system keeps none."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(text.partition("VmHWM:")[2].split()[0]) << 10


def work(count: int, first: int, part: int, parts: int, start: int) -> None:
    """Read every ``parts``-th case from ``start`` on; a line before and after each."""
    warnings.simplefilter("ignore")
    for number, (name, content) in enumerate(cases(count, first)):
        if number % parts == part and number >= start:
            print(json.dumps(["begin", number, name]), flush=True)
            print(json.dumps(["end", number, outcome(content)]), flush=True)


class Worker:
    """A process that reads its share of the cases; one that dies is followed by another."""

    def __init__(self, count: int, first: int, part: int, parts: int) -> None:
        self._task = [str(value) for value in (count, first, part, parts)]
        self.number, self.name, self.since = -1, "", time.monotonic()
        self.start(0)

    def start(self, number: int) -> None:
        command = [sys.executable, __file__, "--worker", *self._task, str(number)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.since = time.monotonic()

    def step(self) -> str | None:
        """What came of one case; None when there are no more."""
        while True:
            assert self.process.stdout is not None
            ready, _, _ = select.select([self.process.stdout], [], [], HANGS_SECONDS)
            line = self.process.stdout.readline() if ready else b""
            if not line:
                self.process.kill()
                if self.process.wait() == 0:
                    return None
                found = "HANGS" if not ready else f"DEATH {self.process.returncode}"
                self.start(self.number + 1)
                return found
            kind, self.number, text = json.loads(line)
            if kind == "end":
                return str(text)
            self.name = text


def main(count: int, first: int) -> int:
    started = time.monotonic()
    parts = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    workers = [Worker(count, first, part, parts) for part in range(parts)]
    counts: Counter[str] = Counter()
    broken: list[tuple[int, str, str]] = []
    while workers:
        for worker in list(workers):
            found = worker.step()
            if found is None:
                workers.remove(worker)
                continue
            counts[found.partition(" ")[0]] += 1
            if found[:1].isupper():
                broken.append((worker.number, worker.name, found))
                print(f"case {worker.number} ({worker.name}): {found}", flush=True)
    print(f"{sum(counts.values())} damaged files in {time.monotonic() - started:.0f} s:")
    for found, times in counts.most_common():
        print(f"  {times:6d} {found}")
    if broken:
        _keep({number for number, _, _ in broken}, count, first)
    return 1 if broken else 0


def _keep(numbers: set[int], count: int, first: int) -> None:
    FINDINGS.mkdir(parents=True, exist_ok=True)
    for number, (_, content) in enumerate(cases(count, first)):
        if number in numbers:
            name = f"file-{number}-{hashlib.sha256(content).hexdigest()[:8]}"
            (FINDINGS / name).write_bytes(content)
    print(f"kept in {FINDINGS}")


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        work(*map(int, sys.argv[2:]))
    elif sys.argv[1] == "--file":
        print(outcome(Path(sys.argv[2]).read_bytes()))
    else:
        sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
