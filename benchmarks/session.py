"""Cells of the table: each is measured once, and again only when something it rests on changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import store
from .cases import GAPS, Case, Problem, problem_of
from .peers import OURS, SOLVERS, Solver
from .timing import CAP, Entrant, Found, Turns, as_json, interleave, search
from .worker import Workers, save

QUICK_DIVISOR, QUICK_LAMBDAS = 10, 15


@dataclass
class Session:
    """One run of the benchmark.

    Attributes:
        cap: seconds after which any single run is given up.
        quick: small problems and short grids, to try the benchmark itself.
        again: measure times again that are known already; tolerances found for the same versions
            are kept.
        search_only: find tolerances, time nothing; other programs may run meanwhile.
    """

    results: store.Store
    cap: float = CAP
    quick: bool = False
    again: bool = False
    search_only: bool = False
    workers: Workers = field(default_factory=Workers)
    _made: dict[str, Path] = field(default_factory=dict)
    _temporary: Path | None = None

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """Holds the folder for problems, and ends all workers at the end."""
        self._temporary = Path(tempfile.mkdtemp(prefix="shrinkage-bench-"))
        try:
            yield self
        finally:
            self.workers.stop()
            shutil.rmtree(self._temporary, ignore_errors=True)

    def make(self, case: Case) -> Problem:
        """The problem of a case, in full or quick.

        Raises:
            FileNotFoundError: its data are not at hand.
        """
        X, y = case.make(QUICK_DIVISOR if self.quick else 1)
        return problem_of(case, X, y, QUICK_LAMBDAS if self.quick else None)

    def write(self, name: str, problem: Problem) -> Path:
        """Saves a problem for the workers."""
        assert self._temporary is not None
        self._made[name] = save(problem, self._temporary / name)
        return self._made[name]

    def forget(self) -> None:
        """Deletes all saved problems."""
        for folder in self._made.values():
            shutil.rmtree(folder)
        self._made = {}

    def folder(self, case: Case) -> Path:
        """Where the workers find the problem of a case."""
        return (
            self._made[case.name]
            if case.name in self._made
            else self.write(case.name, self.make(case))
        )

    def stamp(self, *solvers: Solver) -> str:
        """What a result of these solvers rests on; equal stamps, equal conditions."""
        versions = sorted({f"{s.distribution} {store.version(s.distribution)}" for s in solvers})
        if any(solver.ours for solver in solvers):
            versions.append(store.our_sources())
        machine = store.processor()
        parts = [store.definition(), machine["model"], str(machine["cores"]), *versions]
        return "; ".join([*parts, f"cap {self.cap:g}"])

    def cells(self, case: Case, gaps: tuple[float, ...]) -> None:
        """Fills the cells of one case."""
        known = self.results.read(case.name)
        solvers = SOLVERS[case.solvers]
        stamp = self.stamp(*solvers)
        cells = known.setdefault("cells", {})
        missing = [
            gap for gap in gaps if self.again or cells.get(f"{gap:g}", {}).get("stamp") != stamp
        ]
        if not missing:
            print(f"{case.name}: known")
            return
        try:
            folder = self.folder(case)
        except FileNotFoundError as error:
            known["skipped"] = f"{Path(error.filename).name} is not at hand"
            print(f"{case.name}: skipped, {known['skipped']}")
            self.results.write(case.name, known)
            return
        known.pop("skipped", None)
        found = self._search(case, known, folder)
        known.update(describe(self.make(case)))
        if self.search_only:
            self.results.write(case.name, known)
            self.forget()
            print(f"{case.name}: tolerances are known", flush=True)
            return
        for gap in missing:
            cells[f"{gap:g}"] = {"stamp": stamp, **self._time(case, found, folder, gap)}
            self.results.write(case.name, known)
            print(f"{case.name} at {gap:g}: {summary(cells[f'{gap:g}'])}", flush=True)
        self.forget()

    def _search(self, case: Case, known: dict[str, Any], folder: Path) -> dict[str, Found]:
        """The tolerances, those of unchanged peers from the last time."""
        stamps = {solver.name: self.stamp(solver) for solver in SOLVERS[case.solvers]}
        before = known.get("search", {})
        valid = {
            name: Found(**one["found"])
            for name, one in before.items()
            if one["stamp"] == stamps.get(name)
        }

        def keep(found: dict[str, Found]) -> None:
            known["search"] = {
                **before,
                **{
                    name: {"stamp": stamps[name], "found": one}
                    for name, one in as_json(found).items()
                },
            }
            self.results.write(case.name, known)

        design = self.make(case).X
        return search(
            [solver for solver in SOLVERS[case.solvers] if solver.takes(design)],
            lambda name: self.workers(case.solvers, name),
            folder,
            GAPS,
            self.cap,
            valid,
            keep,
        )

    def _time(
        self, case: Case, found: dict[str, Found], folder: Path, gap: float
    ) -> dict[str, Any]:
        tolerances = entering(found, f"{gap:g}")
        entrants = {
            name: Entrant(self.workers(case.solvers, name), folder, tol)
            for name, tol in tolerances.items()
        }
        load = store.busy()
        turns = interleave(entrants, self.cap, lambda name: name == OURS)
        return {
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "busy": load,
            "tolerances": tolerances,
            "turns": as_json(turns),
        }


def entering(found: dict[str, Found], gap: str) -> dict[str, float]:
    """The tolerance of each that reached the gap; without a peer among them, the closest one's."""
    tolerances = {name: one.chosen[gap] for name, one in found.items() if gap in one.chosen}
    peers = {name: one for name, one in found.items() if name != OURS and one.runs}
    if not tolerances.keys() & peers.keys() and peers:
        closest = min(peers, key=lambda name: peers[name].smallest)
        tolerances[closest] = min(peers[closest].runs, key=lambda run: run[2])[0]
    return tolerances


def describe(problem: Problem) -> dict[str, Any]:
    """Size and sparsity of X, and the number of λ."""
    n, p = problem.X.shape
    nonzero = getattr(problem.X, "nnz", None)
    return {"n": n, "p": p, "nonzero": nonzero, "n_lambdas": len(problem.lambdas)}


def medians(cell: dict[str, Any]) -> dict[str, float]:
    """Median seconds of those who ran, the fastest first."""
    times = {name: Turns(**turn).median for name, turn in cell["turns"].items() if turn["seconds"]}
    return dict(sorted(times.items(), key=lambda item: item[1]))


def summary(cell: dict[str, Any]) -> str:
    """One line for the terminal."""
    return ", ".join(f"{name} {seconds:.3g} s" for name, seconds in medians(cell).items())
