"""The work behind the Linear screen: prepare the data and compare the penalties.

Everything here runs on a job's thread; a screen only submits it and draws what comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.board import prepare as prepare_board
from shrinkage.app.cost import linear_cost
from shrinkage.app.jobs import Job, Report, Share, interruptible
from shrinkage.app.loading import TEST_SHARE, TableFacts, data_name, held_out, load
from shrinkage.app.services import RunInfo, Services
from shrinkage.app.spec import RunSpec
from shrinkage.data import one_vs_rest
from shrinkage.linear.certificate import Certificate
from shrinkage.linear.comparison import PenaltyComparison, compare_penalties
from shrinkage.linear.suitable import starting_delta, suitable_losses


@dataclass(frozen=True)
class LinearResult(TableFacts):
    """What the Linear screen draws.

    Attributes:
        event: with more than two classes the one that is held against the rest, else None.
        losses: names of the losses that suit the target, the customary first.
        delta: a δ of Huber's loss in the units of the target, as a start; None for classes.
        seconds: time that the fits took.
        comparison: the two paths.
    """

    event: str | None
    losses: tuple[str, ...]
    delta: float | None
    seconds: float
    comparison: PenaltyComparison

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """How exact every fit of both paths is."""
        return self.comparison.l1.certificates + self.comparison.l2.certificates


def submit_linear(spec: RunSpec, services: Services, *, retry: bool = False) -> Job:
    """The job of this run, started if there is none."""

    def work(report: Report) -> LinearResult:
        result: LinearResult = interruptible(lambda: fit_linear(spec, services, report), report)
        return result

    info = RunInfo(spec, data_name(spec, services), summarize)
    expected = linear_cost(spec, services).seconds
    return services.fits.submit(spec.key(), work, info=info, retry=retry, expected=expected)


def fit_linear(spec: RunSpec, services: Services, report: Report) -> LinearResult:
    """Get the data, prepare them and compare L1 with L2.

    Raises:
        shrinkage.errors.ShrinkageError: what is wrong with the data, or ``Cancelled``.
    """

    def test_rows(y: NDArray[Any], task: str) -> NDArray[np.int64] | None:
        return held_out(y, task, share=TEST_SHARE, seed=spec.seed) if spec.test else None

    data = load(spec, services, report, test_rows)
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
        test_rows=data.held,
        cv=spec.cv,
        seed=spec.seed,
        standardize=spec.standardize,
        callback=Stages(report),
    )
    seconds = time.monotonic() - started
    prepare_board(comparison)
    numbers = dataset.task == "regression"
    return LinearResult(
        **data.facts(spec, services),
        event=event,
        losses=suitable_losses(dataset.y, dataset.task),
        delta=starting_delta(dataset.y) if numbers else None,
        seconds=seconds,
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
