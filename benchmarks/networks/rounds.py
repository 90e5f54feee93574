"""Timing all entrants of a work in turn, each package in a process of its own."""

from __future__ import annotations

import importlib
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..process import Failed, Process, TooSlow
from ..timing import PAUSE, SLACK

PREPARING = 300.0  # seconds for imports, compiling and a first pass
LIMIT = 60.0  # seconds of a turn
TURN = 0.3  # seconds that a turn is to last
ROUNDS = 5


@dataclass(frozen=True)
class Entrant:
    """Who takes part.

    Attributes:
        package: "ours", "pytorch" or "others", the module beside this one that makes it, or as
            ".ensembles.ours" one of another part; one process a package and number of threads.
        make: name of what makes it there. arguments, options: what it is made with.
        threads: that PyTorch is held to; 0: the package decides.
        rivals: entrants of one such group compete: those far behind the fastest in the first round
            sit out the others. "" stays in every round.
    """

    package: str
    make: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    threads: int = 0
    rivals: str = ""


@dataclass
class Rates:
    """What an entrant reached: amounts a second in each turn, or why there is none."""

    rates: list[float] = field(default_factory=list)
    remark: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.rates) if self.rates else float("nan")


def rates_of(known: dict[str, Any]) -> dict[str, dict[str, Rates]]:
    """Raw results as rates, by group and entrant."""
    return {
        group: {name: Rates(**one) for name, one in raw["entrants"].items()}
        for group, raw in known.items()
    }


class Served:
    """The side of the process: makes entrants of one package and times their passes."""

    def __init__(self, package: str, threads: int) -> None:
        self.module = importlib.import_module(f".{package}", __package__)
        if threads:
            self.module.prepare(threads)
        self.made: dict[str, Any] = {}

    def prepare(
        self, name: str, make: str, arguments: tuple[Any, ...], options: dict[str, Any], turn: float
    ) -> int:
        """Makes an entrant and warms it up; returns the passes that fill a turn, at least one."""
        entrants = getattr(self.module, "ENTRANTS", vars(self.module))
        self.made[name] = entrants[make](*arguments, **options)
        self.made[name].run(1)
        passes = 1
        while (seconds := self._seconds(name, passes)) < turn / 4:
            passes *= 4  # a call may cost more than its first pass
        return max(1, round(passes * turn / seconds))

    def rate(self, name: str, passes: int) -> float:
        """Amounts a second."""
        return passes * float(self.made[name].amount) / self._seconds(name, passes)

    def about(self, name: str) -> dict[str, Any]:
        """What it tells of itself."""
        return dict(getattr(self.made[name], "about", dict)())

    def forget(self) -> None:
        """Drops all entrants; the package stays imported."""
        self.made = {}

    def _seconds(self, name: str, passes: int) -> float:
        start = time.perf_counter()
        self.made[name].run(passes)
        return time.perf_counter() - start


class Processes:
    """The processes, by package and threads."""

    def __init__(self) -> None:
        self._all: dict[tuple[str, int], Process] = {}

    def of(self, entrant: Entrant) -> Process:
        key = (entrant.package, entrant.threads)
        if key not in self._all:
            self._all[key] = Process(Served, *key)
        return self._all[key]

    def forget(self) -> None:
        """Entrants of the last work are dropped."""
        for process in self._all.values():
            if process.alive:
                with suppress(Failed, TooSlow):  # it may have had no package to make any of
                    process.ask(LIMIT, "forget")

    def stop(self) -> None:
        for process in self._all.values():
            process.stop()


def measure(
    entrants: dict[str, Entrant],
    processes: Processes,
    rounds: int = ROUNDS,
    turn: float = TURN,
    slack: float = SLACK,
) -> dict[str, Rates]:
    """The rates of all, A B C A B C ..., in turns of about `turn` seconds, at least one pass."""
    found = {name: Rates() for name in entrants}
    passes: dict[str, int] = {}
    for name, one in entrants.items():
        try:
            given = (name, one.make, one.arguments, one.options, turn)
            passes[name] = processes.of(one).ask(PREPARING, "prepare", *given)
        except (Failed, TooSlow) as error:
            found[name].remark = str(error).splitlines()[0][:90]
    for place in range(rounds):
        for name in [name for name in passes if place == 0 or _stays(name, entrants, found, slack)]:
            time.sleep(PAUSE)
            try:
                rate = processes.of(entrants[name]).ask(LIMIT, "rate", name, passes[name])
                found[name].rates.append(rate)
            except (Failed, TooSlow) as error:
                found[name].remark = str(error).splitlines()[0][:90]
                del passes[name]
    for name in passes:
        found[name].about = processes.of(entrants[name]).ask(LIMIT, "about", name)
    processes.forget()
    return found


def _stays(name: str, entrants: dict[str, Entrant], found: dict[str, Rates], slack: float) -> bool:
    """Whether an entrant is near enough to the fastest of its rivals in the first round."""
    group = entrants[name].rivals
    if not group:
        return True
    firsts = [
        rates.rates[0]
        for other, rates in found.items()
        if entrants[other].rivals == group and rates.rates
    ]
    return found[name].rates[0] * slack >= max(firsts)
