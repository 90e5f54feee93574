"""A race: networks trained epoch by epoch in step, on one table, from one start.

A race outlives the screens that watch it: they read ``look``, and change it between two epochs.
Nothing here imports Streamlit.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.jobs import Cost, Job, Report, Share
from shrinkage.app.race_look import VOTERS, LaneLook, Look, Table, cut_off
from shrinkage.app.race_spec import Lane, RaceRun, RaceSpec
from shrinkage.app.spec import RunSpec
from shrinkage.errors import Cancelled
from shrinkage.neural import Network
from shrinkage.neural.network import run_many

T = TypeVar("T")
LOOK_SECONDS = 0.2
"""Time between two looks at the zeros and the test error."""
SHORT_SECONDS = 0.1
"""An epoch that takes less is waited for when the race is stopped."""
WATCHABLE = 40.0
"""Epochs a second that an eye can follow."""
BYTES_OF_WEIGHT = 32.0
"""Weight, gradient, two moments, and what an epoch is taken back to: four bytes each."""
VOTE_FLOPS = 1e9
"""The vote of a lane that takes more, a tenth of a second, is left to the Ensemble tab."""


@dataclass
class _Runner:
    """One network under way."""

    network: Network
    rules: dict[str, Any] | None = None
    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    best: NDArray[np.float64] | None = None
    diverged: int | None = None

    def measured(self, train: float, validation: float, table: Table) -> None:
        """Keep the losses of one more epoch, and those of single rows where it is the best."""
        if not self.validation or validation < min(self.validation):
            self.best = table.validation_rows(self.network)
        self.train.append(train)
        self.validation.append(validation)


@dataclass(frozen=True)
class Earlier:
    """A race whose trained weights are gone: how it ended, and after how many epochs if known."""

    status: str
    epochs: int | None


@dataclass(frozen=True)
class Trained:
    """A copy of a lane's network, how it was regularized last, and after how many epochs."""

    network: Network
    lane: Lane
    epochs: int


class Race:
    """One race with what was trained so far.

    Attributes:
        id: its name in the address and in the history.
        table_spec: which data it runs on.
        table: the data, once they are loaded.
        pace: epochs a second at most; None is as fast as the machine can.
        job: the training under way or last ended; None before the first.
        cost: what it takes, where that is too much to begin unasked.
        earlier: what the history tells of it, where it was trained and its weights are gone.
    """

    def __init__(self, name: str, table_spec: RunSpec, spec: RaceSpec) -> None:
        self.id = name
        self.table_spec = table_spec
        self.table: Table | None = None
        self.pace: float | None = None
        self.job: Job | None = None
        self.earlier: Earlier | None = None
        self.cost: Cost | None = None
        self._lock = threading.Lock()
        self._training = threading.Lock()
        self._spec = spec
        self._runners: list[_Runner] = []
        self._done = 0
        self._begun = 0
        self._seconds = 0.0
        self._rate = spec.learning_rate
        self._drawn: dict[str, tuple[tuple[Look, Table | None], Any]] = {}
        lanes = tuple(LaneLook(lane.within(spec.hidden)) for lane in spec.lanes)
        self._look = Look(0, spec.epochs, lanes)

    # ---- seen and changed by screens ---------------------------------------------------------

    @property
    def spec(self) -> RaceSpec:
        """The race with all changes so far."""
        return self._spec

    @property
    def data(self) -> str:
        """Which data, as in ``RunSpec``."""
        return self.table_spec.data

    def to_json(self) -> str:
        """The race as the history keeps it."""
        return RaceRun(self.table_spec, self._spec).to_json()

    @property
    def look(self) -> Look:
        """The race as it stood at the last look, some moments ago."""
        return self._look

    @property
    def running(self) -> bool:
        """Whether it is under way or waits for its turn."""
        return self.job is not None and not self.job.state.final

    @property
    def bytes(self) -> float:
        """Memory that its weights and its data take, about."""
        weights = sum(int(runner.network.n_parameters) for runner in self._runners)
        parts = () if self.table is None else (self.table.train, self.table.validation)
        cells = sum(int(part.X.size) for part in parts)  # of a sparse table those that are not zero
        return BYTES_OF_WEIGHT * weights + 4.0 * cells

    def await_table(self, timeout: float) -> None:
        """Wait until the data are loaded, the job has ended, or the time is over."""
        deadline = time.monotonic() + timeout
        while self.table is None and self.running and time.monotonic() < deadline:
            time.sleep(0.01)

    def drawn(self, language: str, look: Look, draw: Callable[[Look, Table | None], T]) -> T:
        """What ``draw`` makes of a look, made once for all who see it in one language."""
        seen = (look, self.table)
        kept = self._drawn.get(language)
        if kept is None or kept[0][0] is not seen[0] or kept[0][1] is not seen[1]:
            kept = self._drawn[language] = (seen, draw(*seen))
        return cast(T, kept[1])

    def trained(self, lane: int) -> Trained | None:
        """A lane's network as it stands; None while it trains and before the first epoch."""
        if not self._training.acquire(blocking=False):
            return None
        try:
            if self._done == 0:
                return None
            rules = self._spec.lanes_after(self._done - 1)[lane]
            return Trained(copy.copy(self._runners[lane].network), rules, self._done)
        finally:
            self._training.release()

    def lanes(self) -> tuple[Lane, ...]:
        """How the lanes are regularized in the next epoch to begin."""
        with self._lock:
            return self._spec.lanes_after(self._begun)

    def rate(self) -> float:
        """The learning rate of the next epoch to begin."""
        with self._lock:
            return self._spec.rate_after(self._begun)

    def change_lane(self, lane: int, to: Lane) -> None:
        """Regularize a lane like ``to`` from the next epoch on."""
        with self._lock:
            self._spec = self._spec.with_lane(self._begun, lane, to)
        self._freshen()

    def change_rate(self, rate: float) -> None:
        """Train at this learning rate from the next epoch on."""
        with self._lock:
            self._spec = self._spec.with_rate(self._begun, rate)

    def change_goal(self, epochs: int) -> None:
        """End after this many epochs; not before those that have begun."""
        with self._lock:
            self._spec = self._spec.but(epochs=max(epochs, self._begun, 1))
        self._freshen()

    # ---- on the thread of its job ------------------------------------------------------------

    def train(self, load: Callable[[], Table], report: Report) -> Look:
        """Train to the goal.

        Raises:
            Cancelled: the report asked for it; whole epochs are kept.
            shrinkage.errors.ShrinkageError: what is wrong with the data.
        """
        with self._training:
            try:
                return self._train(load, report)
            except Cancelled as stop:
                stop.path = self._look
                raise

    def _train(self, load: Callable[[], Table], report: Report) -> Look:
        if self.table is None:
            self.table = load()
        if not self._runners:
            self._runners = [_Runner(self.table.network(self._spec)) for _ in self._spec.lanes]
        clock = _Clock(self._done)
        seen = time.monotonic()
        try:
            while self._racing() and self._begin():
                self._epoch(self.table, report)
                report(Share(self._done / self._spec.epochs))
                clock.keep(self, report)
                if time.monotonic() - seen > LOOK_SECONDS:
                    self._take_look(self.table)
                    seen = time.monotonic()
                if report(None):
                    raise _stopped()
        finally:
            self._take_look(self.table)
            self._count_votes(self.table)
        return self._look

    def _racing(self) -> list[_Runner]:
        return [runner for runner in self._runners if runner.diverged is None]

    def _begin(self) -> bool:
        """Open the next epoch, after which changes wait for the one that follows it."""
        with self._lock:
            if self._done >= self._spec.epochs:
                return False
            lanes, rate = self._spec.lanes_after(self._done), self._spec.rate_after(self._done)
            self._begun = self._done + 1
        for runner, lane in zip(self._runners, lanes, strict=True):
            if runner.rules != lane.rules():
                runner.rules = lane.rules()
                runner.network.regularize(**runner.rules)
            if rate != self._rate:
                runner.network.set_learning_rate(rate)
        self._rate = rate
        return True

    def _epoch(self, table: Table, report: Report) -> None:
        """One epoch of all lanes, or none of it."""
        racing = self._racing()
        started = time.monotonic()
        # Epochs known to be short are waited for; longer ones are undone when they are cut short.
        short = self._done > 0 and self._seconds / self._done < SHORT_SECONDS
        before = [] if short else [runner.network.checkpoint() for runner in racing]
        asked = (lambda _: None) if short else (lambda _: report(None))
        endings = run_many([runner.network for runner in racing], 1, callback=asked)
        measured = []
        for runner, ending in zip(racing, endings, strict=True):
            if "cancelled" in endings or (before and report(None)):
                self._cut_short(racing, before)
            measured.append(None if ending == "diverged" else _losses(runner.network, table))
        for runner, losses in zip(racing, measured, strict=True):
            if losses is None:
                runner.diverged = self._done + 1
            else:
                runner.measured(*losses, table)
        self._done += 1
        self._seconds += time.monotonic() - started

    def _cut_short(self, racing: list[_Runner], before: list[dict[str, Any]]) -> NoReturn:
        """End where the epoch under way began."""
        for runner, state in zip(racing, before, strict=True):
            runner.network.restore(state)
        with self._lock:
            self._begun = self._done
        raise _stopped()

    def _take_look(self, table: Table) -> None:
        if self._look.epoch == self._done > 0:
            self._relabel()  # nothing was trained since, though it may have been changed
            return
        lanes = []
        now = self._spec.lanes_after(self._done)
        for i, (runner, lane) in enumerate(zip(self._runners, now, strict=True)):
            weights, _ = runner.network.parameters()
            units, zeros = cut_off(weights)
            rows = table.row_losses(runner.network, runner.best) if runner.train else None
            lanes.append(
                LaneLook(
                    lane=lane.within(self._spec.hidden),
                    rules=self._spec.rules_until(i, runner.diverged or self._done),
                    train=tuple(runner.train),
                    validation=tuple(runner.validation),
                    zeros=sum(int((w == 0).sum()) for w in weights),
                    total=sum(w.size for w in weights),
                    cut_off=units,
                    cut_zeros=zeros,
                    test_error=None if rows is None else table.error_of(rows.test),
                    deviation=None if rows is None else table.error_of_error(rows.test),
                    diverged=runner.diverged,
                    rows=rows,
                )
            )
        spec, seconds = self._spec, self._seconds
        look = Look(self._done, spec.epochs, tuple(lanes), seconds, constant=table.constant)
        self._publish(look)

    def _count_votes(self, table: Table) -> None:
        """Add to the last look what the sub-networks of every lane with dropout vote."""
        if self._done == 0:
            return
        rules = self._spec.lanes_after(self._done - 1)
        lanes = []
        for runner, lane, seen in zip(self._runners, rules, self._look.lanes, strict=True):
            flops = 2.0 * runner.network.n_parameters * table.test.n * VOTERS
            votes = lane.drops(self._spec.hidden) and runner.diverged is None
            if votes and flops <= VOTE_FLOPS and seen.vote is None:
                seen = replace(seen, vote=table.vote_error(runner.network, lane, self._spec.seed))
            lanes.append(seen)
        self._publish(replace(self._look, lanes=tuple(lanes)))

    def _freshen(self) -> None:
        """Show a change at once where no training would show it."""
        if not self.running:
            self._relabel()

    def _relabel(self) -> None:
        """The last look with the lanes and the goal as they are now."""
        old, now = self._look, self.lanes()
        hidden = self._spec.hidden
        lanes = tuple(
            replace(seen, lane=lane.within(hidden))
            for seen, lane in zip(old.lanes, now, strict=True)
        )
        self._publish(replace(old, goal=self._spec.epochs, lanes=lanes))

    def _publish(self, look: Look) -> None:
        spec = self._spec.until(max(look.epoch, 1))  # what is to change later changed nothing yet
        rates = [epoch for epoch, _ in spec.rates]
        changes = tuple(
            tuple(sorted({c.epoch for c in spec.changes if c.lane == lane} | {*rates}))
            for lane in range(len(spec.lanes))
        )
        self._look = replace(look, changes=changes)


class _Clock:
    """Holds a race to its pace."""

    def __init__(self, done: int) -> None:
        self._pace: float | None = None
        self._start, self._first = time.monotonic(), done

    def keep(self, race: Race, report: Report) -> None:
        """Wait until the next epoch is due, or the race is to end, or its pace is changed."""
        if race.pace != self._pace:
            self._pace, self._start, self._first = race.pace, time.monotonic(), race._done
        while self._pace is not None and race.pace == self._pace and not report(None):
            ahead = self._start + (race._done - self._first) / self._pace - time.monotonic()
            if ahead <= 0:
                # What the machine was too slow for is not made up for.
                self._start -= ahead
                return
            time.sleep(min(ahead, 0.05))


class Races:
    """The races of a server; the least recently used leave first, those under way never.

    As many are kept as hold ``max_bytes`` of weights and data together, at most ``keep``.
    """

    def __init__(self, keep: int = 6, max_bytes: float = 4e8) -> None:
        self._keep = keep
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._races: OrderedDict[str, Race] = OrderedDict()

    def add(self, race: Race) -> None:
        """Remember a race."""
        with self._lock:
            self._races[race.id] = race
            over = [k for k, r in self._races.items() if not r.running and r is not race]
            for name in over:
                held = sum(r.bytes for r in self._races.values())
                if len(self._races) <= self._keep and held <= self._max_bytes:
                    return
                del self._races[name]

    def get(self, name: str | None) -> Race | None:
        """The race of this name, or None."""
        with self._lock:
            if name is None or name not in self._races:
                return None
            self._races.move_to_end(name)
            return self._races[name]


def _losses(network: Network, table: Table) -> tuple[float, float] | None:
    """Training and validation loss, all units on; None if one is no number."""
    train, validation = (
        network.mean_loss(part.X, part.y) for part in (table.train, table.validation)
    )
    return (train, validation) if np.isfinite([train, validation]).all() else None


def _stopped() -> Cancelled:
    return Cancelled("the race was stopped", code="race.cancelled")
