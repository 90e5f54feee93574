"""Data for every screen: read a file once, prepare it, hold rows back.

Everything here runs on a job's thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from shrinkage.app.cost import reading_seconds
from shrinkage.app.files import StoredFile
from shrinkage.app.jobs import Job, JobState, Report, Share
from shrinkage.app.services import Services
from shrinkage.app.spec import FILE_PREFIX, RunSpec
from shrinkage.data import (
    Dataset,
    Prepared,
    RawTable,
    Step,
    guess_target,
    load_sample,
    prepare,
    read_table,
)
from shrinkage.data.hints import leakage_hints
from shrinkage.data.table import StepLog
from shrinkage.data.target import read_target
from shrinkage.errors import DataError
from shrinkage.linear.suitable import CUSTOMARY, customary_loss

TEST_SHARE = 0.25


@dataclass(frozen=True)
class ReadFile:
    """A file that was read, and the column that looks like its target."""

    table: RawTable
    target: str


def submit_reading(file: StoredFile, services: Services, *, retry: bool = False) -> Job:
    """The job that reads this file, started if there is none; its result is a ``ReadFile``."""
    expected = reading_seconds(file.path.stat().st_size) if file.path.exists() else math.inf
    return services.readings.submit(
        file.digest,
        lambda report: _read(file, report),
        info=file,
        retry=retry,
        expected=expected,
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


HoldBack = Callable[[NDArray[Any], str], NDArray[np.int64] | None]
"""Which rows no fit may see, from the target and its task."""


@dataclass(frozen=True)
class TableFacts:
    """What is known of the data behind a picture.

    Attributes:
        spec: the data and what was asked of them.
        name: what the data are called, before any translation.
        target: name of the target.
        classes: all classes of the target, also those that were pooled as the rest; or None.
        n_rows, n_features: shape of the prepared data, rows held back counted.
        steps, undone: what the reader and the preparation did, and what the user took back.
        stratified: whether rows are held back of every class in proportion.
    """

    spec: RunSpec
    name: str
    target: str
    classes: tuple[str, ...] | None
    n_rows: int
    n_features: int
    steps: tuple[Step, ...]
    undone: tuple[Step, ...]
    stratified: bool


@dataclass(frozen=True)
class Loaded:
    """A data set, the rows of it that are held back, and how it was made.

    ``rows`` are the positions of its rows in the file, where it comes from one.
    """

    dataset: Dataset
    steps: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    held: NDArray[np.int64] | None = None
    rows: NDArray[np.int64] | None = None

    def facts(self, spec: RunSpec, services: Services) -> dict[str, Any]:
        """The fields of ``TableFacts``."""
        data = self.dataset
        return dict(
            spec=spec,
            name=data_name(spec, services),
            target=data.target_name,
            classes=data.classes,
            n_rows=data.n_samples,
            n_features=data.n_features,
            steps=self.steps,
            undone=self.undone,
            stratified=by_class(data.y, data.task),
        )


def load(spec: RunSpec, services: Services, report: Report, hold_back: HoldBack) -> Loaded:
    """The data of a run, prepared as the rows alone teach it that are not held back.

    Raises:
        shrinkage.errors.ShrinkageError: what is wrong with the data, or ``Cancelled``.
    """
    if spec.sample is not None:
        dataset = load_sample(spec.sample)
        return Loaded(dataset, held=hold_back(dataset.y, dataset.task))
    read = _read_again(spec, services, report)
    target = spec.target if spec.target is not None else read.target
    prepared = prepare(read.table, target, task=spec.task, undo=spec.undo, max_words=spec.words)
    held = hold_back(prepared.y, prepared.task)
    if held is not None:
        prepared = _refitted(prepared, held)
    steps = (*leakage_hints(prepared), *prepared.steps)
    return Loaded(prepared.dataset(), steps, prepared.undone, held, prepared.rows)


def held_out(y: NDArray[Any], task: str, *, share: float, seed: int) -> NDArray[np.int64]:
    """Places of a share of the rows, of every class alike, drawn by a seed; in order."""
    by = y if by_class(y, task) else None
    rows = np.arange(len(y))
    _, out = train_test_split(rows, test_size=share, random_state=seed, stratify=by)
    return np.sort(out).astype(np.int64)


def by_class(y: NDArray[Any], task: str) -> bool:
    """Whether every class has the two rows that a split in proportion needs."""
    return task == "classification" and int(np.unique(y, return_counts=True)[1].min()) >= 2


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


def _refitted(prepared: Prepared, held: NDArray[np.int64]) -> Prepared:
    """Prepared as the training rows alone teach it, so that no row held back has a say.

    Which columns are left out is still decided on all rows: a row number is one in the whole table,
    not in a part of it.
    """
    train = np.setdiff1d(np.arange(len(prepared.y)), held)
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
