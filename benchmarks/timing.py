"""Finding each solver's loosest sufficient tolerance, and timing all of them in turn."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .peers import Solver
from .process import Failed, TooSlow
from .store import NOISE, busy
from .worker import Worker, repeats

PAUSE = 0.1  # idle threads of the last solver spin for a while
SLACK = 1.25  # a peer that takes this many times what the fastest takes cannot win
CAP = 60.0  # seconds after which any run is ended
FLOOR = 2.0  # seconds that a run may take in any case
STEP = 10**0.5  # to which factor the loosest sufficient tolerance is found


@dataclass
class Found:
    """What the search learned about one solver on one case.

    Attributes:
        runs: [tolerance, seconds, largest gap] of every run.
        chosen: the loosest tolerance that reached each wanted gap; the key is f"{gap:g}".
        remark: why there is none for some gap.
        slow: whether that is because a run took too long while other programs were busy: the next
            session tries it again.
    """

    runs: list[list[float]] = field(default_factory=list)
    chosen: dict[str, float] = field(default_factory=dict)
    remark: str = ""
    slow: bool = False

    @property
    def smallest(self) -> float:
        """The smallest gap of any run."""
        return min((run[2] for run in self.runs), default=float("inf"))


def search(
    solvers: Iterable[Solver],
    workers: Callable[[str], Worker],
    folder: Path,
    gaps: tuple[float, ...],
    cap: float,
    known: dict[str, Found],
    save: Callable[[dict[str, Found]], None],
) -> dict[str, Found]:
    """The tolerances of every solver; `known` gives runs that need not be repeated.

    Each climbs its list until the smallest gap is reached, then bisects what lies between. A run is
    ended when it takes `cap` seconds, or SLACK times what the fastest peer so far took to reach the
    smallest gap.
    """
    found: dict[str, Found] = {}
    best = float("inf")
    for solver in solvers:
        one = known.get(solver.name)
        if one is None or one.slow:
            one = Found(one.runs if one else [])
            limit = min(cap, max(FLOOR, SLACK * best))
            like = found.get(solver.like or "")
            try:
                worker = workers(solver.name)
                worker.read(folder)
                ladder = _same_as(like) if like else ()
                _climb(worker, one, ladder or solver.tolerances, gaps, limit, bisect=not ladder)
            except TooSlow as slow:
                one.remark, one.slow = f"{slow}", (busy() or 0.0) > NOISE
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
    bisect: bool,
) -> None:
    def reach(tol: float) -> float:
        for known, _, gap in one.runs:
            if known == tol:
                return gap
        seconds = worker.run(tol, limit)
        one.runs.append([tol, seconds, worker.gap()])
        return one.runs[-1][2]

    wanted = sorted(gaps, reverse=True)
    before: float | None = None
    for tol in ladder:
        try:
            gap = reach(tol)
        except TooSlow:
            if not bisect or before is None or one.smallest > 10.0 * wanted[0]:
                raise
            tol = _between(before, tol)  # the gap was near: a looser tolerance may do
            if reach(tol) > wanted[0]:
                raise
            gap = reach(tol)
        for want in [want for want in wanted if gap <= want]:
            wanted.remove(want)
            one.chosen[f"{want:g}"] = tol
            if bisect and before is not None:
                one.chosen[f"{want:g}"] = _loosest(reach, want, before, tol)
        if not wanted:
            return
        before = tol
    closest = f"reached {one.smallest:.1e} at best"
    one.remark = closest if math.isfinite(one.smallest) else "did not fit the whole path"


def _loosest(reach: Callable[[float], float], want: float, short: float, enough: float) -> float:
    """The loosest tolerance that reaches the gap, between one that does not and one that does."""
    while short / enough > 1.1 * STEP:
        middle = _between(short, enough)
        if reach(middle) <= want:
            enough = middle
        else:
            short = middle
    return enough


def _between(loose: float, tight: float) -> float:
    """The geometric mean, to one digit."""
    return float(f"{(loose * tight) ** 0.5:.0e}")


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

    The first round has everyone, each ended after SLACK times the fastest other so far; later ones
    those for whom `always` holds and those within SLACK of the fastest other. At least 5 rounds
    where the slowest of these takes less than a second, 3 below ten seconds, else 2; more, up to
    25, while they fit into `budget` seconds.
    """
    turns = {name: Turns() for name in entrants}
    for name, entrant in entrants.items():
        try:
            entrant.worker.read(entrant.folder)
        except (Failed, TooSlow) as error:
            turns[name].remark = _short(error)
    active = [name for name in entrants if not turns[name].remark]
    best = float("inf")
    for name in active:
        limit = cap if always(name) else min(cap, max(FLOOR, SLACK * best))
        _turn(entrants[name], turns[name], limit, with_gap=True)
        if turns[name].seconds and not always(name):
            best = min(best, turns[name].median)
    active = [
        name
        for name in active
        if turns[name].seconds and (always(name) or turns[name].median <= SLACK * best)
    ]
    if active:
        slowest = max(turns[name].median for name in active)
        together = sum(max(turns[name].median, PAUSE) for name in active)
        least = 5 if slowest < 1.0 else 3 if slowest < 10.0 else 2
        for _ in range(max(least, min(25, int(budget / together))) - 1):
            for name in active:
                _turn(entrants[name], turns[name], cap)
    return turns


def _turn(entrant: Entrant, turn: Turns, limit: float, with_gap: bool = False) -> None:
    time.sleep(PAUSE)
    try:
        if not turn.seconds:  # how often to repeat the call is learned from the first one
            once = entrant.worker.run(entrant.tol, limit)
            repeat = repeats(once)
            turn.seconds = [entrant.worker.run(entrant.tol, limit, repeat) if repeat > 1 else once]
        else:
            turn.seconds.append(entrant.worker.run(entrant.tol, limit, repeats(turn.seconds[0])))
        if with_gap:
            turn.gap = entrant.worker.gap()
    except (Failed, TooSlow) as error:
        turn.remark = _short(error)


def as_json(things: dict[str, Any]) -> dict[str, Any]:
    """Dataclasses by name as plain dictionaries."""
    return {name: vars(thing).copy() for name, thing in things.items()}
