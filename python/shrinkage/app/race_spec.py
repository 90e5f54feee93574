"""What a race is: networks that differ in their penalty and dropout alone, and in nothing else.

Frozen, hashable, language-neutral, with a form for links and for the history, like ``RunSpec``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any

from shrinkage.app.spec import RunSpec, canonical, pack, run_spec, unpack
from shrinkage.neural.setting import ACTIVATIONS, OPTIMIZERS, Setting
from shrinkage.penalties import ElasticNet

PENALTIES = ("none", "l1", "l2", "elasticnet")
MAX_LANES = 4
MAX_LAYERS = 4
MAX_UNITS = 1024
MAX_EPOCHS = 100_000
MAX_CHANGES = 400
MAX_LAMBDA = 100.0
MAX_RATE = 0.95


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} = {value!r}: expected one of {choices}")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} = {value}: expected {low} to {high}")


@dataclass(frozen=True)
class Lane:
    """How one network of the race is regularized.

    Attributes:
        penalty: on the weights of all layers, one of PENALTIES.
        lam: its λ.
        l1_ratio: share of L1 in an elastic net.
        dropout: probability of dropping a hidden unit.
        input_dropout: probability of dropping an input.
    """

    penalty: str = "none"
    lam: float = 0.003
    l1_ratio: float = 0.5
    dropout: float = 0.0
    input_dropout: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no screen can produce; a link is user input."""
        _check_choice("penalty", self.penalty, PENALTIES)
        _check_range("lam", self.lam, 0.0, MAX_LAMBDA)
        _check_range("l1_ratio", self.l1_ratio, 0.0, 1.0)
        _check_range("dropout", self.dropout, 0.0, MAX_RATE)
        _check_range("input_dropout", self.input_dropout, 0.0, MAX_RATE)

    def but(self, **changes: Any) -> Lane:
        """A copy with these fields changed."""
        return replace(self, **changes)

    def rates(self, hidden: tuple[int, ...]) -> list[float]:
        """(L,) dropout rates of what enters each layer of a network with these hidden layers."""
        return [self.input_dropout, *(self.dropout for _ in hidden)]

    def drops(self, hidden: tuple[int, ...]) -> bool:
        """Whether anything is dropped in a network with these hidden layers."""
        return any(self.rates(hidden))

    def within(self, hidden: tuple[int, ...]) -> Lane:
        """What of it has a say in a network with these hidden layers."""
        return self if hidden else self.but(dropout=0.0)

    def rules(self) -> dict[str, Any]:
        """Arguments of ``Network.regularize``: equal ones train alike."""
        penalty = None if self.penalty == "none" else self.penalty
        return dict(
            penalty=ElasticNet(self.l1_ratio) if penalty == "elasticnet" else penalty,
            lam=0.0 if penalty is None else self.lam,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
        )


@dataclass(frozen=True)
class Change:
    """From the epoch after ``epoch`` on, lane number ``lane`` is regularized like ``to``."""

    epoch: int
    lane: int
    to: Lane


LANES = (
    Lane(),
    Lane(penalty="l1", lam=0.003),
    Lane(penalty="l2", lam=0.01),
    Lane(dropout=0.5),
)


@dataclass(frozen=True)
class RaceSpec:
    """Networks of the same shape, start, order of examples and optimizer, side by side.

    Attributes:
        lanes: how each is regularized at the start.
        hidden: units of each hidden layer.
        activation, optimizer, batch_size: as in ``shrinkage.neural.Setting``.
        learning_rate: of all lanes at the start.
        epochs: at which the race ends.
        seed: of weights, order and masks.
        changes: of lanes during training, in order.
        rates: (epoch, learning rate) of the changes of the learning rate, in order.
    """

    lanes: tuple[Lane, ...] = LANES
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch_size: int = 32
    epochs: int = 200
    seed: int = 1
    changes: tuple[Change, ...] = ()
    rates: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.lanes) <= MAX_LANES:
            raise ValueError(f"lanes: {len(self.lanes)} given, expected 1 to {MAX_LANES}")
        if len(self.hidden) > MAX_LAYERS:
            raise ValueError(f"hidden = {self.hidden}: expected at most {MAX_LAYERS} layers")
        for units in self.hidden:
            _check_range("hidden", units, 1, MAX_UNITS)
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        for rate in (self.learning_rate, *(rate for _, rate in self.rates)):
            _check_range("learning_rate", rate, 1e-9, 10.0)
        _check_range("batch_size", self.batch_size, 1, 2**20)
        _check_range("epochs", self.epochs, 1, MAX_EPOCHS)
        _check_range("seed", self.seed, 0, 2**63 - 1)
        self._check_changes()

    def _check_changes(self) -> None:
        if len(self.changes) + len(self.rates) > MAX_CHANGES:
            raise ValueError(f"more than {MAX_CHANGES} changes during training")
        for change in self.changes:
            _check_range("lane", change.lane, 0, len(self.lanes) - 1)
        for epochs in ([c.epoch for c in self.changes], [epoch for epoch, _ in self.rates]):
            if any(a > b for a, b in pairwise([1, *epochs])):
                raise ValueError("changes during training: expected epochs from 1 on, in order")

    def but(self, **changes: Any) -> RaceSpec:
        """A copy with these fields changed."""
        return replace(self, **changes)

    def structure(self) -> tuple[Any, ...]:
        """What cannot be changed while it trains."""
        shape = (len(self.lanes), self.hidden, self.activation)
        return (*shape, self.optimizer, self.batch_size, self.seed)

    def setting(self) -> Setting:
        """Shape and optimizer of every network."""
        return Setting(
            hidden_layer_sizes=self.hidden,
            activation=self.activation,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
        )

    def lanes_after(self, epochs: int) -> tuple[Lane, ...]:
        """How the lanes are regularized in the epoch that follows ``epochs`` epochs."""
        lanes = list(self.lanes)
        for change in self.changes:
            if change.epoch <= epochs:
                lanes[change.lane] = change.to
        return tuple(lanes)

    def rules_until(self, lane: int, epochs: int) -> tuple[tuple[int, Lane], ...]:
        """How a lane was regularized in the first ``epochs`` epochs: (after how many, how)."""
        begins = [0, *(c.epoch for c in self.changes if c.lane == lane and c.epoch < epochs)]
        found: list[tuple[int, Lane]] = []
        for begin in begins if epochs > 0 else ():
            now = self.lanes_after(begin)[lane].within(self.hidden)
            if not found or found[-1][1].rules() != now.rules():
                found.append((begin, now))
        return tuple(found)

    def rate_after(self, epochs: int) -> float:
        """The learning rate of the epoch that follows ``epochs`` epochs."""
        rate = self.learning_rate
        for epoch, value in self.rates:
            if epoch <= epochs:
                rate = value
        return rate

    def until(self, epochs: int) -> RaceSpec:
        """What of it had a say in the first ``epochs`` epochs, one at least."""
        return self.but(
            epochs=epochs,
            changes=tuple(change for change in self.changes if change.epoch < epochs),
            rates=tuple(rate for rate in self.rates if rate[0] < epochs),
        )

    def with_lane(self, epochs: int, lane: int, to: Lane) -> RaceSpec:
        """A copy whose lane is regularized like ``to`` after ``epochs`` epochs.

        What was to change later in this lane is dropped, and so is a change that changes nothing.
        """
        if epochs == 0:
            lanes = (*self.lanes[:lane], to, *self.lanes[lane + 1 :])
            kept = tuple(c for c in self.changes if c.lane != lane)
            return self.but(lanes=lanes, changes=kept)
        kept = tuple(c for c in self.changes if c.lane != lane or c.epoch < epochs)
        before = self.but(changes=kept)
        if before.lanes_after(epochs)[lane] == to:
            return before
        changes = sorted((*kept, Change(epochs, lane, to)), key=lambda c: (c.epoch, c.lane))
        return before.but(changes=tuple(changes))

    def with_rate(self, epochs: int, rate: float) -> RaceSpec:
        """A copy with this learning rate after ``epochs`` epochs."""
        if epochs == 0:
            return self.but(learning_rate=rate, rates=())
        before = self.but(rates=tuple(r for r in self.rates if r[0] < epochs))
        if before.rate_after(epochs) == rate:
            return before
        return before.but(rates=(*before.rates, (epochs, rate)))

    def settled(self) -> RaceSpec:
        """The race that starts with what this one ends with."""
        return self.but(
            lanes=self.lanes_after(MAX_EPOCHS),
            learning_rate=self.rate_after(MAX_EPOCHS),
            changes=(),
            rates=(),
        )


DEFAULT_RACE = RaceSpec()


@dataclass(frozen=True)
class RaceRun:
    """A race on its data, as the history keeps it."""

    table: RunSpec
    race: RaceSpec

    def to_json(self) -> str:
        """Canonical JSON, the form stored in the history."""
        content = {"table": asdict(self.table), "race": _content(self.race)}
        return canonical(content).decode()

    @classmethod
    def from_json(cls, text: str) -> RaceRun:
        """Inverse of :meth:`to_json`. Raises ValueError on anything else."""
        content = json.loads(text)
        if not isinstance(content, dict) or set(content) != {"table", "race"}:
            raise ValueError("expected a race")
        return cls(run_spec(content["table"]), race_spec(content["race"]))


def table_part(spec: RunSpec) -> RunSpec:
    """What of a run says which data a race runs on; all else is as by default."""
    kept = ("data", "target", "task", "undo", "words", "seed")
    return RunSpec(**{name: getattr(spec, name) for name in kept})


def encode_race(race: RaceSpec) -> str | None:
    """Link form of what differs from the defaults; None if nothing does, or if it is too long."""
    content = _content(race)
    return pack(content) if content else None


def decode_race(text: str) -> RaceSpec:
    """Inverse of :func:`encode_race`. Raises ValueError on a damaged link."""
    return race_spec(unpack(text))


def race_spec(content: Any) -> RaceSpec:
    """RaceSpec from decoded JSON, every field checked for its type."""
    values = _fields_of(content, RaceSpec)
    for name in ("activation", "optimizer"):
        _expect(values, name, str)
    for name in ("batch_size", "epochs", "seed"):
        _expect(values, name, int)
    if "learning_rate" in values:
        values["learning_rate"] = _number(values["learning_rate"])
    if "lanes" in values:
        values["lanes"] = tuple(_lane(lane) for lane in _list(values["lanes"]))
    if "hidden" in values:
        values["hidden"] = tuple(_whole(units) for units in _list(values["hidden"]))
    if "changes" in values:
        values["changes"] = tuple(
            Change(_whole(epoch), _whole(lane), _lane(to))
            for epoch, lane, to in (_list(c, 3) for c in _list(values["changes"]))
        )
    if "rates" in values:
        pairs = (_list(pair, 2) for pair in _list(values["rates"]))
        values["rates"] = tuple((_whole(epoch), _number(rate)) for epoch, rate in pairs)
    return RaceSpec(**values)


def _content(race: RaceSpec) -> dict[str, Any]:
    """What differs from the defaults, ready for JSON."""
    made: dict[str, Any] = {}
    for field in fields(RaceSpec):
        value = getattr(race, field.name)
        if value != getattr(DEFAULT_RACE, field.name):
            made[field.name] = value
    if "lanes" in made:
        made["lanes"] = [_lane_content(lane) for lane in race.lanes]
    if "changes" in made:
        made["changes"] = [[c.epoch, c.lane, _lane_content(c.to)] for c in race.changes]
    return made


def _lane_content(lane: Lane) -> dict[str, Any]:
    return {k: v for k, v in asdict(lane).items() if v != getattr(Lane(), k)}


def _lane(content: Any) -> Lane:
    values = _fields_of(content, Lane)
    _expect(values, "penalty", str)
    numbers = {k: _number(v) for k, v in values.items() if k != "penalty"}
    return Lane(**{**values, **numbers})


def _fields_of(content: Any, kind: type) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError("expected an object")
    if unknown := sorted(set(content) - {f.name for f in fields(kind)}):
        raise ValueError(f"unknown fields {unknown}")
    return dict(content)


def _expect(values: dict[str, Any], name: str, kind: type) -> None:
    # bool is an int for isinstance, so the types are compared exactly.
    if name in values and type(values[name]) is not kind:
        raise ValueError(f"{name}: expected {kind.__name__}")


def _list(value: Any, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise ValueError("expected a list")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r}: expected a whole number")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{value!r}: expected a number")
    return float(value)
