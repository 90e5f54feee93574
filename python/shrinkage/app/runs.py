"""The work behind the screens: read a file, prepare it, compare the penalties.

Everything here runs on a job's thread; a screen only submits it and draws what comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from shrinkage.app.board import prepare as prepare_board
from shrinkage.app.files import StoredFile
from shrinkage.app.jobs import Job, JobState, Report, interruptible
from shrinkage.app.services import RunInfo, Services
from shrinkage.app.spec import FILE_PREFIX, RunSpec
from shrinkage.data import (
    Dataset,
    Prepared,
    RawTable,
    Step,
    guess_target,
    load_sample,
    one_vs_rest,
    prepare,
    read_table,
)
from shrinkage.data.table import StepLog
from shrinkage.data.target import read_target
from shrinkage.errors import DataError
from shrinkage.linear.comparison import PenaltyComparison, compare_penalties
from shrinkage.linear.suitable import CUSTOMARY, customary_loss, starting_delta, suitable_losses

TEST_SHARE = 0.25


@dataclass(frozen=True)
class Share:
    """Progress of work that knows only how much of it is done."""

    fraction: float


@dataclass(frozen=True)
class ReadFile:
    """A file that was read, and the column that looks like its target."""

    table: RawTable
    target: str


@dataclass(frozen=True)
class LinearResult:
    """What the Linear screen draws.

    Attributes:
        spec: the run.
        name: what the data are called, before any translation.
        target: name of the target.
        classes: all classes of the target, also those that were pooled as the rest; or None.
        event: with more than two classes the one that is held against the rest, else None.
        n_rows, n_features: shape of the prepared data, test rows counted.
        losses: names of the losses that suit the target, the customary first.
        delta: a δ of Huber's loss in the units of the target, as a start; None for classes.
        seconds: time that the fits took.
        steps, undone: what the reader and the preparation did, and what the user took back.
        stratified: whether the test rows hold every class in proportion.
        comparison: the two paths.
    """

    spec: RunSpec
    name: str
    target: str
    classes: tuple[str, ...] | None
    event: str | None
    n_rows: int
    n_features: int
    losses: tuple[str, ...]
    delta: float | None
    seconds: float
    steps: tuple[Step, ...]
    undone: tuple[Step, ...]
    stratified: bool
    comparison: PenaltyComparison

    @property
    def gaps(self) -> NDArray[np.float64]:
        """Relative duality gaps of all fits of both paths."""
        return np.concatenate([self.comparison.l1.gaps, self.comparison.l2.gaps])


def submit_linear(spec: RunSpec, services: Services, *, retry: bool = False) -> Job:
    """The job of this run, started if there is none."""

    def work(report: Report) -> LinearResult:
        result: LinearResult = interruptible(lambda: fit_linear(spec, services, report), report)
        return result

    info = RunInfo(spec, data_name(spec, services), summarize)
    return services.fits.submit(spec.key(), work, info=info, retry=retry)


def submit_reading(file: StoredFile, services: Services, *, retry: bool = False) -> Job:
    """The job that reads this file, started if there is none; its result is a ``ReadFile``."""
    return services.readings.submit(
        file.digest, lambda report: _read(file, report), info=file, retry=retry
    )


def loss_for(table: RawTable, target: str, task: str) -> str:
    """The customary loss for this target; where it cannot be read, that of its task."""
    try:
        y = read_target(table, target, task, StepLog()).y
    except DataError:
        return CUSTOMARY[task]
    return customary_loss(y, task)


def data_name(spec: RunSpec, services: Services) -> str:
    """Name of the sample or of the file; the first digits of the digest if it is not here."""
    if spec.sample is not None:
        return spec.sample
    file = services.shelf.find(spec.digest or "")
    return (spec.digest or "")[:8] if file is None else file.name


def fit_linear(spec: RunSpec, services: Services, report: Report) -> LinearResult:
    """Get the data, prepare them and compare L1 with L2.

    Raises:
        shrinkage.errors.ShrinkageError: what is wrong with the data, or ``Cancelled``.
    """
    data = _load(spec, services, report)
    dataset, everything = data.dataset, data.dataset.classes
    event = None
    if everything is not None and len(everything) > 2:
        event = spec.event or everything[0]
        dataset = one_vs_rest(dataset, event)
    started = time.monotonic()
    comparison = compare_penalties(
        dataset.X,
        dataset.y,
        loss=spec.but(task=dataset.task).chosen_loss(),
        feature_names=dataset.feature_names,
        classes=dataset.classes,
        test_rows=data.test_rows,
        cv=spec.cv,
        seed=spec.seed,
        standardize=spec.standardize,
        callback=Stages(report),
    )
    seconds = time.monotonic() - started
    prepare_board(comparison)
    numbers = dataset.task == "regression"
    return LinearResult(
        spec=spec,
        name=data_name(spec, services),
        target=dataset.target_name,
        classes=everything,
        event=event,
        n_rows=dataset.n_samples,
        n_features=dataset.n_features,
        losses=suitable_losses(dataset.y, dataset.task),
        delta=starting_delta(dataset.y) if numbers else None,
        seconds=seconds,
        steps=data.steps,
        undone=data.undone,
        stratified=data.stratified,
        comparison=comparison,
    )


def summarize(result: LinearResult) -> dict[str, Any]:
    """Language-neutral facts for the history."""
    side = result.comparison.l1
    return {
        "kept": int(side.n_nonzero[side.i_1se]),
        "total": int(side.coefs.shape[0]),
        "error": float(side.cv_mean[side.i_1se]),
        "target": result.target,
    }


class Stages:
    """Joins the progress of several fits, whose number is not known, into one that never falls.

    The first fit fills half of the bar, the next half of the rest, and so on.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._stage = 0
        self._share = 0.0

    def __call__(self, progress: Any) -> bool:
        share = progress.index / max(progress.total, 1)
        if share < self._share - 0.5:
            self._stage += 1
        self._share = share
        done = 1.0 - 0.5**self._stage * (1.0 - 0.5 * share)
        return self._report(Fitting(done, progress.lam, progress.n_nonzero))


@dataclass(frozen=True)
class Fitting(Share):
    """Progress of a fit: the λ it has reached and how many features it keeps there."""

    lam: float
    n_nonzero: int


@dataclass(frozen=True)
class _Loaded:
    dataset: Dataset
    steps: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    test_rows: NDArray[np.int64] | None = None

    @property
    def stratified(self) -> bool:
        return _by_class(self.dataset.y, self.dataset.task)


def _load(spec: RunSpec, services: Services, report: Report) -> _Loaded:
    if spec.sample is not None:
        dataset = load_sample(spec.sample)
        return _Loaded(dataset, test_rows=_test_rows(dataset.y, spec, dataset.task))
    read = _read_again(spec, services, report)
    target = spec.target if spec.target is not None else read.target
    prepared = prepare(read.table, target, task=spec.task, undo=spec.undo, max_words=spec.words)
    test_rows = _test_rows(prepared.y, spec, prepared.task)
    if test_rows is not None:
        prepared = _refitted(prepared, test_rows)
    return _Loaded(prepared.dataset(), prepared.steps, prepared.undone, test_rows)


def _read_again(spec: RunSpec, services: Services, report: Report) -> ReadFile:
    """The table of a file: from the reading that is still remembered, else from the shelf."""
    digest = spec.digest or ""
    reading = services.readings.get(digest)
    if reading is not None and reading.state is JobState.DONE:
        result: ReadFile = reading.result
        return result
    file = services.shelf.find(digest)
    if file is None:
        raise DataError(
            f"the file {FILE_PREFIX}{digest[:8]} is not kept on this machine; upload it again",
            code="data.file_gone",
            argument="data",
            value=digest[:8],
            remedy="upload it again",
        )
    return _read(file, report)


def _read(file: StoredFile, report: Report) -> ReadFile:
    def progress(done: int, total: int) -> None:
        report(Share(done / max(total, 1)))

    table = read_table(file.path, name=file.name, progress=progress, cancel=lambda: report(None))
    return ReadFile(table, guess_target(table))


def _test_rows(y: NDArray[Any], spec: RunSpec, task: str) -> NDArray[np.int64] | None:
    """A quarter of the rows, of every class alike, drawn by the seed of the run."""
    if not spec.test:
        return None
    by = y if _by_class(y, task) else None
    rows = np.arange(len(y))
    _, test = train_test_split(rows, test_size=TEST_SHARE, random_state=spec.seed, stratify=by)
    return np.sort(test).astype(np.int64)


def _by_class(y: NDArray[Any], task: str) -> bool:
    """Whether every class has the two rows that a split in proportion needs."""
    return task == "classification" and int(np.unique(y, return_counts=True)[1].min()) >= 2


def _refitted(prepared: Prepared, test_rows: NDArray[np.int64]) -> Prepared:
    """Prepared as the training rows alone teach it, so that no test row has a say.

    Which columns are left out is still decided on all rows: a row number is one in the whole table,
    not in a part of it.
    """
    train = np.setdiff1d(np.arange(len(prepared.y)), test_rows)
    kept = list(dict.fromkeys(prepared.origin))
    preparation = clone(prepared.preparation).fit(prepared.features[kept].iloc[train])
    old = prepared.preparation.steps_
    before = prepared.steps[: len(prepared.steps) - len(old)]
    left_out = (step for step in old if step.column not in kept)
    return replace(
        prepared,
        X=preparation.transform(prepared.features),
        feature_names=tuple(preparation.get_feature_names_out()),
        origin=preparation.origin_,
        steps=(*before, *left_out, *preparation.steps_),
        preparation=preparation,
    )
