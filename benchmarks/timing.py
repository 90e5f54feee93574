"""Finding each solver's loosest sufficient tolerance, and timing all of them in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .peers import Solver
from .worker import Failed, TooSlow, Worker, repeats

PAUSE = 0.1  # idle threads of the last solver spin for a while
SLACK = 2.0  # a run may take this many times the fastest peer's, then it cannot win
FLOOR = 2.0  # seconds that a run may take in any case
CLOSE = 1.5  # peers within this factor of the fastest are timed in every round


@dataclass
class Found:
    """What the search learned about one solver on one case.

    Attributes:
        runs: [tolerance, seconds, largest gap] of every run.
        chosen: the loosest tolerance that reached each wanted gap; the key is f"{gap:g}".
        remark: why there is none for some gap.
    """

    runs: list[list[float]] = field(default_factory=list)
    chosen: dict[str, float] = field(default_factory=dict)
    remark: str = ""


def search(
    solvers: Iterable[Solver],
    workers: Callable[[str], Worker],
    folder: Path,
    gaps: tuple[float, ...],
    cap: float,
    known: dict[str, Found],
    save: Callable[[dict[str, Found]], None],
) -> dict[str, Found]:
    """The tolerance of every solver, `known` ones not searched again.

    Each climbs its list until the smallest gap is reached, then tries the tolerance ten times
    looser. A run is killed when it takes `cap` seconds, or SLACK times what the fastest peer so far
    took to reach the smallest gap.
    """
    found: dict[str, Found] = {}
    best = float("inf")
    for solver in solvers:
        one = known.get(solver.name)
        if one is None:
            one = Found()
            limit = min(cap, max(FLOOR, SLACK * best))
            try:
                worker = workers(solver.name)
                worker.read(folder)
                like = found.get(solver.like or "")
                ladder = solver.tolerances if like is None else _same_as(like)
                _climb(worker, one, ladder, gaps, limit, refine=like is None)
            except TooSlow as slow:
                one.remark = f"{slow}"
            except Failed as error:
                one.remark = _short(error)
        found[solver.name] = one
        tightest = one.chosen.get(f"{min(gaps):g}")
        if not solver.ours:
            best = min([best, *(run[1] for run in one.runs if run[0] == tightest)])
        save(found)
    return found


def _same_as(like: Found) -> tuple[float, ...]:
    return tuple(sorted(set(like.chosen.values()), reverse=True))


def _climb(
    worker: Worker,
    one: Found,
    ladder: tuple[float, ...],
    gaps: tuple[float, ...],
    limit: float,
    refine: bool,
) -> None:
    def reach(tol: float) -> float:
        for known, _, gap in one.runs:
            if known == tol:
                return gap
        seconds = worker.run(tol, limit)
        gap = worker.gap()
        one.runs.append([tol, seconds, gap])
        return gap

    wanted = sorted(gaps, reverse=True)
    for tol in ladder:
        gap = reach(tol)
        for want in [want for want in wanted if gap <= want]:
            wanted.remove(want)
            one.chosen[f"{want:g}"] = tol
            looser = float(f"{10 * tol:.0e}")
            if refine and reach(looser) <= want:
                one.chosen[f"{want:g}"] = looser
        if not wanted:
            return
    one.remark = f"reached {min((run[2] for run in one.runs), default=float('inf')):.1e} at best"


def _short(error: Exception) -> str:
    text = str(error).splitlines()[0]
    return text if len(text) <= 90 else text[:87] + "..."


@dataclass
class Turns:
    """How one entrant did: the seconds of its turns, and the gap it reached."""

    seconds: list[float] = field(default_factory=list)
    gap: float = float("nan")
    remark: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else float("nan")


@dataclass(frozen=True)
class Entrant:
    """Who runs, on the problem of which folder, at which tolerance."""

    worker: Worker
    folder: Path
    tol: float


def interleave(
    entrants: dict[str, Entrant],
    cap: float,
    always: Callable[[str], bool],
    budget: float = 3.0,
) -> dict[str, Turns]:
    """Times all in turn: A B C A B C ...

    The first round has everyone; later ones those for whom `always` holds and those within CLOSE
    of the fastest other. At least 5 rounds where the slowest of these takes less than a second,
    else 3; more, up to 25, while they fit into `budget` seconds.
    """
    turns = {name: Turns() for name in entrants}
    for name, entrant in entrants.items():
        try:
            entrant.worker.read(entrant.folder)
        except (Failed, TooSlow) as error:
            turns[name].remark = _short(error)
    active = [name for name in entrants if not turns[name].remark]
    _round(entrants, turns, active, cap, with_gap=True)
    active = [name for name in active if turns[name].seconds]
    rivals = [turns[name].median for name in active if not always(name)]
    limit = CLOSE * min(rivals, default=float("inf"))
    active = [name for name in active if always(name) or turns[name].median <= limit]
    if active:
        slowest = max(turns[name].median for name in active)
        together = sum(max(turns[name].median, PAUSE) for name in active)
        least = 5 if slowest < 1.0 else 3
        for _ in range(max(least, min(25, int(budget / together))) - 1):
            _round(entrants, turns, active, cap)
    return turns


def _round(
    entrants: dict[str, Entrant],
    turns: dict[str, Turns],
    active: list[str],
    cap: float,
    with_gap: bool = False,
) -> None:
    for name in active:
        worker, tol = entrants[name].worker, entrants[name].tol
        turn = turns[name]
        time.sleep(PAUSE)
        try:
            if not turn.seconds:  # how often to repeat the call is learned from the first one
                once = worker.run(tol, cap)
                turn.seconds = [worker.run(tol, cap, repeats(once)) if once < 0.02 else once]
            else:
                turn.seconds.append(worker.run(tol, cap, repeats(turn.seconds[0])))
            if with_gap:
                turn.gap = worker.gap()
        except (Failed, TooSlow) as error:
            turn.remark = _short(error)


def as_json(things: dict[str, Any]) -> dict[str, Any]:
    """Dataclasses by name as plain dictionaries."""
    return {name: vars(thing).copy() for name, thing in things.items()}
