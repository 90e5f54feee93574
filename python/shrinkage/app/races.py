"""The work behind the Network screen: get the data of a race, start it, go on with it.

Everything here runs on a job's thread; a screen only submits it and draws what comes back.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from shrinkage.app.cost import race_cost
from shrinkage.app.jobs import Cost, Job, Report, interruptible
from shrinkage.app.loading import TEST_SHARE, TableFacts, data_name, held_out, load
from shrinkage.app.race import Earlier, Race
from shrinkage.app.race_look import Look, Part, Table
from shrinkage.app.race_spec import DEFAULT_RACE, RaceSpec, table_part
from shrinkage.app.services import RunInfo, Services
from shrinkage.app.spec import RunSpec
from shrinkage.data import Dataset
from shrinkage.errors import DataError
from shrinkage.losses import Logistic, Multinomial, Squared

VALIDATION_SHARE = 0.25
"""Of the rows that are not test rows."""
MIN_ROWS = 12
MANY_COLUMNS, ALIKE_SHARE = 48, 0.9
"""Columns, and share of them or of their range, from which one number scales them all."""


def race_for(
    name: str | None,
    spec: RunSpec,
    race: RaceSpec,
    services: Services,
    *,
    pace: float | None = None,
    asked: bool = True,
) -> tuple[Race, Race | None]:
    """The race of this name if it is the wanted one; else a new one, under way.

    A race that has to give way is asked to end; it stays in the history. One that the history knows
    and whose trained weights are gone waits for a wish: it is not trained again unasked, and then
    no further than it was.

    Args:
        name: of the race on the screen or in the link; None: a new one is wanted.
        spec: the data. race: the lanes and the network.
        pace: of a new race, epochs a second; None: as fast as the machine can.
        asked: whether a person asked for it; where only a link did, and for much, it waits.

    Returns:
        The race, and the one that was stopped for it, or None.
    """
    old = services.races.get(name)
    table = table_part(spec)
    if old is not None and old.table_spec == table and old.spec.structure() == race.structure():
        return old, None
    # A link whose race is not in memory gets it under its own name, as a refresh must find it.
    fresh = name is None or old is not None
    earlier = None if fresh else _earlier(str(name), services)
    if earlier is not None and earlier.epochs is not None:
        race = race.but(epochs=earlier.epochs)
    new = Race(secrets.token_urlsafe(9) if fresh else str(name), table, race)
    new.pace, new.earlier = pace, earlier
    services.races.add(new)
    new.cost = None if asked else _unasked(race, spec, services)
    if earlier is None and new.cost is None:
        start(new, services)
    if old is None or not old.running:
        return new, None
    stop(old)
    return new, old


def _unasked(race: RaceSpec, spec: RunSpec, services: Services) -> Cost | None:
    """What a race takes that a link alone may not begin; None for one that it may."""
    preset = race == DEFAULT_RACE and spec.is_sample
    known = spec.is_sample or services.shelf.find(spec.digest or "") is not None
    cost = race_cost(race, spec, services)
    return None if preset or not known or cost.small else cost


def _earlier(name: str, services: Services) -> Earlier | None:
    """What the history tells of a race that was trained before."""
    run = services.history.find(name)
    if run is None or run.key != name or run.status == "failed":
        return None
    epochs = run.summary.get("epochs")
    return Earlier(run.status, epochs if isinstance(epochs, int) and epochs > 0 else None)


def start(race: Race, services: Services) -> Job:
    """Train a race to its goal, from where it stands; one that is under way goes on."""
    with _starting:
        if race.job is not None and race.running:
            return race.job

        def work(report: Report) -> Look:
            return race.train(lambda: _race_table(race.table_spec, services, report), report)

        info = RunInfo(race, data_name(race.table_spec, services), summarize, race.id, True)
        race.job = services.trainings.submit(f"{race.id}.{secrets.token_hex(4)}", work, info=info)
        return race.job


_starting = threading.Lock()


def stop(race: Race) -> None:
    """End a race after the epoch under way; what was trained is kept."""
    if race.job is not None:
        race.job.stop()


def summarize(look: Look) -> dict[str, Any]:
    """Language-neutral facts for the history."""
    return {"epochs": look.epoch, "lanes": len(look.lanes)}


def split_rows(
    y: NDArray[Any], task: str, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Training, validation and test rows; the test rows are those of the Linear screen.

    Raises:
        DataError: there are too few rows for three parts (``race.few_rows``).
    """
    if len(y) < MIN_ROWS:
        raise DataError(
            f"{len(y)} rows are too few for training, validation and test; give {MIN_ROWS} or more",
            code="race.few_rows",
            argument="data",
            value=len(y),
            limit=MIN_ROWS,
            remedy="choose a table with more rows",
        )
    test = held_out(y, task, share=TEST_SHARE, seed=seed)
    rest = np.setdiff1d(np.arange(len(y)), test)
    validation = rest[held_out(y[rest], task, share=VALIDATION_SHARE, seed=seed)]
    return np.setdiff1d(rest, validation), validation, test


def _race_table(spec: RunSpec, services: Services, report: Report) -> Table:
    table: Table = interruptible(lambda: race_table(spec, services, report), report)
    return table


def race_table(spec: RunSpec, services: Services, report: Report) -> Table:
    """The table of a race, split and scaled as its training rows alone teach it.

    Raises:
        shrinkage.errors.ShrinkageError: what is wrong with the data, or ``Cancelled``.
    """

    def hold_back(y: NDArray[Any], task: str) -> NDArray[np.int64]:
        _, validation, test = split_rows(y, task, spec.seed)
        return np.union1d(validation, test)

    data = load(spec, services, report, hold_back)
    dataset = data.dataset
    rows = split_rows(dataset.y, dataset.task, spec.seed)
    X, divisor = _scaled(dataset.X, rows[0])
    y, unit, origin = _target(dataset, rows[0])
    train, validation, test = (Part(X[part], y[part]) for part in rows)
    several = dataset.n_classes > 2
    kind = Squared if dataset.task == "regression" else Multinomial if several else Logistic
    facts = TableFacts(**data.facts(spec, services))
    outputs = dataset.n_classes if several else 1
    places = np.arange(len(y)) if data.rows is None else data.rows
    return Table(
        facts,
        train,
        validation,
        test,
        kind(),
        outputs,
        unit,
        origin,
        places=places[rows[2]] + 1,
        divisor=divisor,
    )


def _scaled(X: Any, train: NDArray[np.int64]) -> tuple[Any, float | None]:
    """Columns scaled as the training rows teach it, and the one divisor of all if there is one.

    By column: to unit standard deviation, dense ones to mean 0.
    """
    divisor = shared_range(X, train)
    if divisor is not None:
        return np.ascontiguousarray(X / divisor, dtype=np.float32), divisor
    scaler = StandardScaler(with_mean=not sparse.issparse(X), copy=True)
    rows = sparse.csr_array(X) if sparse.issparse(X) else X
    scaled = scaler.fit(rows[train]).transform(rows)
    if sparse.issparse(scaled):
        return sparse.csr_array(scaled, dtype=np.float32), None
    return np.ascontiguousarray(scaled, dtype=np.float32), None


def shared_range(X: Any, train: NDArray[np.int64]) -> float | None:
    """The largest value where columns are of one kind, such as the grey values of pixels; or None.

    They are where there are MANY_COLUMNS, none has a value below 0, and most begin at 0 and reach
    the same. A column of its own scale would then blow up those that hardly vary.
    """
    if sparse.issparse(X) or X.shape[1] < MANY_COLUMNS:
        return None
    seen = X[train]
    low, high = seen.min(axis=0), seen.max(axis=0)
    largest = float(high.max())
    alike = np.median(high) >= ALIKE_SHARE * largest and np.mean(low == 0) >= ALIKE_SHARE
    return largest if largest > 0 and low.min() >= 0 and bool(alike) else None


def _target(dataset: Dataset, train: NDArray[np.int64]) -> tuple[NDArray[np.float64], float, float]:
    """The target as the loss takes it, unit and origin: quantities are scaled like the columns."""
    y = np.asarray(dataset.y, dtype=np.float64)
    if dataset.task == "classification":
        return y, 1.0, 0.0
    unit, origin = float(y[train].std()) or 1.0, float(y[train].mean())
    return (y - origin) / unit, unit, origin
