"""Times two builds of ours against each other: the cases of `make bench`, in pairs that alternate.

    .venv/bin/python -m benchmarks.paired OLD/bin/python              every case
    .venv/bin/python -m benchmarks.paired OLD/bin/python --only large --pairs 15

OLD/bin/python is an interpreter in which the older build is installed; both run the cases of this
checkout. A case got slower where the 95 % interval of new/old lies above 1.03 as a whole.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from .cases import CASES, problem_of
from .ensembles.works import ENUMERATED, SAMPLED
from .extras import LOSS_BASES, LOSS_TARGETS, target_of
from .networks.works import WORKS
from .peers import OURS
from .store import ROOT
from .worker import Served, save

SLOWER = 1.03
SHORTEST = 0.1  # a turn lasts about this long: shorter calls are repeated within it
TOLERANCE = 1e-6


def works(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each case, and what a server needs to do it; paths are written to `folder`."""
    for case in CASES.values():
        try:
            X, y = case.make(1)
        except FileNotFoundError as error:
            print(f"{case.name}: skipped, {Path(str(error.filename)).name} is not at hand")
            continue
        problems = {case.solvers: problem_of(case, X, y)}
        if case.name in LOSS_BASES:
            for loss in LOSS_TARGETS:
                other = replace(case, loss=loss)
                problems[loss] = problem_of(
                    other, X, target_of(loss, y), len(problems[case.solvers].lambdas)
                )
        for kind, problem in problems.items():
            where = save(problem, folder / f"{case.name}-{kind}")
            name = case.name if kind == case.solvers else f"{case.name} {kind}"
            yield name, {"part": "path", "kind": kind, "folder": str(where)}
    for work in WORKS.values():
        for optimizer in work.wanted:
            yield (
                f"{work.name} {optimizer}",
                {"part": "network", "work": work.name, "optimizer": optimizer},
            )
    for name in (*SAMPLED, *ENUMERATED):
        yield f"ensemble {name}", {"part": "ensemble", "work": name}


def runner(task: dict[str, Any]) -> Callable[[int], Any]:
    """A function that does the work so many times."""
    if task["part"] == "path":
        served = Served(task["kind"], OURS)
        served.read(Path(task["folder"]))
        problem = served.problem
        assert problem is not None

        def fits(times: int) -> None:
            for _ in range(times):
                served.solver.fit(problem.X, problem.y, problem.lambdas, TOLERANCE)

        return fits
    if task["part"] == "network":
        from .networks.ours import Ours, OursMany

        work = WORKS[task["work"]]
        return (OursMany if work.models > 1 else Ours)(work, task["optimizer"]).run
    from .ensembles.ours import Every, Members

    name = task["work"]
    # A tenth of the members and rows is enough to tell two builds apart.
    if name in SAMPLED:
        return Members(replace(SAMPLED[name], members=10)).run
    return Every(ENUMERATED[name].shortened(10)).run


def serve() -> None:
    """Reads a task, then how many times to do it, line by line; writes the seconds of each."""
    run: Callable[[int], Any] | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, dict):
            run = runner(order)
            run(1)
            answer = 0.0
        else:
            assert run is not None
            start = time.perf_counter()
            run(order)
            answer = time.perf_counter() - start
        print(f"seconds {answer!r}", flush=True)


class Server:
    """The parent's side of an interpreter that serves."""

    def __init__(self, python: str) -> None:
        command = [python, "-m", "benchmarks.paired", "--serve"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, order: Any) -> float:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        raise RuntimeError("the interpreter ended")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def compare(old: Server, new: Server, task: dict[str, Any], pairs: int) -> dict[str, float]:
    """Median and 95 % interval of new/old, from the logarithms of the pairs' ratios."""
    for server in (old, new):
        server.ask(task)
    times = max(1, round(SHORTEST / max(old.ask(1), 1e-6)))
    ratios, seconds = [], []
    for pair in range(pairs):
        turn = (old, new) if pair % 2 == 0 else (new, old)
        took = {server: server.ask(times) / times for server in turn}
        ratios.append(np.log(took[new] / took[old]))
        seconds.append(took[new])
    middle, spread = float(np.mean(ratios)), float(np.std(ratios, ddof=1)) / pairs**0.5
    reach = float(stats.t.ppf(0.975, pairs - 1)) * spread
    return {
        "seconds": statistics.median(seconds),
        "ratio": float(np.exp(statistics.median(ratios))),
        "low": float(np.exp(middle - reach)),
        "high": float(np.exp(middle + reach)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("old", nargs="?", help="interpreter with the older build")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--only", action="append", help="cases whose name begins so")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    if arguments.old is None:
        parser.error("give the interpreter with the older build")
    servers = Server(arguments.old), Server(sys.executable)
    slower = []
    with tempfile.TemporaryDirectory(prefix="shrinkage-paired-") as folder:
        for name, task in works(Path(folder)):
            if arguments.only and not name.startswith(tuple(arguments.only)):
                continue
            found = compare(*servers, task, arguments.pairs)
            mark = "  slower" if found["low"] > SLOWER else ""
            print(
                f"{name:32} {found['seconds']:.4g} s  new/old {found['ratio']:.3f} "
                f"[{found['low']:.3f}, {found['high']:.3f}]{mark}",
                flush=True,
            )
            slower += [name] * bool(mark)
    for server in servers:
        server.close()
    print("slower: " + (", ".join(slower) or "none"))


if __name__ == "__main__":
    main()
