"""How the sub-networks inside a dropout network vote on the test rows of a race."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.app.intervals import ERRORS, standard_error
from shrinkage.app.jobs import Report, Share
from shrinkage.app.race_look import Table, as_responses, mask_seed
from shrinkage.app.race_spec import Lane
from shrinkage.errors import Cancelled
from shrinkage.neural import MOST_ENUMERATED_UNITS, Network
from shrinkage.neural.scaling_identity import ScalingIdentity, scaling_identity

REPEATS = 20
"""Independent draws of members, as in Srivastava et al. (2014), figure 11."""
MEMBERS, FEWEST = 200, 20
"""Of each draw: as many as WORK and NUMBERS allow between these bounds."""
WORK = 4e11
"""Operations of all members together, some ten seconds of two cores."""
NUMBERS = 2**22
"""Predictions of one draw that are held at a time."""
EXACT_NUMBERS = 1e9
"""Predictions of all sub-networks at most, some ten seconds."""
SHOWN_ROWS, SHOWN_MEMBERS = 200, 1000
"""Test rows whose members are kept, and how many of them."""


@dataclass(frozen=True)
class Ambiguity:
    """Krogh & Vedelsby's (1995) decomposition of a squared error: vote = member − variance.

    Of a quantity the mean squared error in squared units; of classes the Brier score, the squared
    distance of the probabilities from the class that was true.

    Attributes:
        member: mean over the members of their squared errors.
        variance: of the members around their mean, on the average over the rows.
        vote: squared error of their mean.
    """

    member: float
    variance: float
    vote: float


@dataclass(frozen=True, eq=False)
class RowVotes:
    """Of the first r test rows what M members predict, classes by the probability of the true one.

    Attributes:
        members: (M, r). vote, scaling, truth: (r,), all in units of the target.
        places: (r,) number of the row in the data as they were read, from 1 on; or None.
    """

    members: NDArray[np.float32]
    vote: NDArray[np.float64]
    scaling: NDArray[np.float64]
    truth: NDArray[np.float64]
    places: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def most_divided(self) -> int:
        """Place of the row on which members differ most."""
        return int(self.members.std(axis=0).argmax())


@dataclass(frozen=True, eq=False)
class Votes:
    """The ensemble inside one network. Errors are those of ``Table.test_error``.

    Attributes:
        lane: how the network was regularized last.
        units: how many may be dropped. countable: of how many all sub-networks could be counted.
        identity: which mean of all sub-networks weight scaling is exactly, "arithmetic" or
            "geometric", or None.
        repeats: R independent draws of K members each, T = R·K in all.
        mean: (K,) error of the mean of k members, over all T drawn; root of the mean over sets of
            k where it is a root.
        error: (K,) standard error of its difference from ``scaling``, over masks and test rows.
        spread: (K,) standard deviation of the error of k members between the draws.
        member_errors: (T,) of single members.
        vote: error of the mean of all T members. scaling: of weight scaling.
        exact: error of the mean of all 2^units sub-networks, each by its probability; None if they
            are too many to count, or were not counted to the end.
        ambiguity: why the vote is better than its members.
        rows: votes on single rows. n_test: test rows.
        classes: whether the target is a class. step: least difference of two errors, 0 for none.
    """

    lane: Lane
    units: int
    countable: int
    identity: ScalingIdentity | None
    repeats: int
    mean: NDArray[np.float64]
    error: NDArray[np.float64]
    spread: NDArray[np.float64]
    member_errors: NDArray[np.float64]
    vote: float
    scaling: float
    exact: float | None
    ambiguity: Ambiguity
    rows: RowVotes
    n_test: int
    classes: bool
    step: float

    @property
    def members(self) -> int:
        """K."""
        return len(self.mean)

    @property
    def total(self) -> int:
        """T."""
        return len(self.member_errors)

    @property
    def mean_of_all(self) -> bool:
        """Whether weight scaling is the mean of all members, which no finite number reaches."""
        return self.identity == "arithmetic" and not self.classes

    @property
    def match(self) -> int | None:
        """The least k from which members err clearly no more than weight scaling; or None.

        Clearly: by more than twice the standard error, for k and every larger number.
        """
        short = np.flatnonzero(~(self.mean + ERRORS * self.error <= self.scaling))
        k = int(short[-1]) + 2 if short.size else 1
        return None if self.mean_of_all or k > self.members else k


def count_votes(network: Network, lane: Lane, table: Table, seed: int, report: Report) -> Votes:
    """Draw members again and again, and all of them where they can be counted.

    Args:
        network: trained. lane: its rates are those that members are drawn by.
        table: whose test rows are voted on. seed: of the masks.
        report: is told the share done, asks for the end by returning True.

    Raises:
        Cancelled: the report asked for it; its ``path`` are the votes of the finished draws, if
            there are two of them.
    """
    rates = lane.rates(network.setting.hidden_layer_sizes)
    units = sum(n for n, rate in zip(network.sizes, rates, strict=False) if rate > 0)
    members = _members(network, table)
    most = most_countable(table)
    countable = units <= most
    steps = REPEATS + countable

    stopped = Cancelled("the votes were not counted to the end", code="votes.cancelled")

    def predicted(step: int, kind: str, **options: Any) -> Any:
        """One call of the library, which is so many steps of the whole."""
        if report(Share(step / steps)):
            raise stopped
        ensemble = network.predict_ensemble(
            table.test.X,
            kind,
            rates=rates,
            callback=lambda now: report(Share((step + now.done / max(now.total, 1)) / steps)),
            **options,
        )
        if ensemble.stopped:
            raise stopped
        return ensemble

    scaling = network.predict_ensemble(table.test.X, "weight_scaling").mean
    tally = _Tally(table, as_responses(scaling, classes=table.classes))
    identity = scaling_identity(
        rates, network.sizes, activation=network.setting.activation, loss=table.loss
    )

    def votes(exact: float | None) -> Votes:
        return tally.votes(exact, lane=lane, units=units, countable=most, identity=identity)

    exact = None
    try:
        for repeat in range(REPEATS):
            seeds = {"random_state": mask_seed(seed, repeat)}
            drawn = predicted(repeat, "mc", n_members=members, keep_members=True, **seeds)
            tally.add(as_responses(drawn.members, classes=table.classes))
        if countable:
            everyone = predicted(REPEATS, "exact_arithmetic").mean
            exact = float(table.errors(as_responses(everyone, classes=table.classes)))
    except Cancelled as stop:
        stop.path = votes(None) if tally.draws > 1 else None
        raise
    return votes(exact)


def most_countable(table: Table) -> int:
    """Units that may be dropped of which all sub-networks can be counted on these rows."""
    affordable = math.log2(EXACT_NUMBERS / (table.test.n * table.outputs))
    return max(0, min(MOST_ENUMERATED_UNITS, math.floor(affordable)))


def _members(network: Network, table: Table) -> int:
    """How many a draw has."""
    flops = 2.0 * network.n_parameters * table.test.n
    numbers = table.test.n * max(table.outputs, 1 + table.classes)
    return int(min(max(min(WORK / (REPEATS * flops), NUMBERS / numbers), FEWEST), MEMBERS))


class _Tally:
    """Sums over the draws; no draw is kept but for the rows that are shown."""

    def __init__(self, table: Table, scaling: NDArray[np.float64]) -> None:
        self._table = table
        self._scaling = scaling
        self._goal = _goal(table, scaling.shape[-1])
        self._curves: list[NDArray[np.float64]] = []
        self._rates: list[NDArray[np.float64]] = []
        self._wrong: NDArray[np.float64] | None = None
        self._errors: list[NDArray[np.float64]] = []
        self._squares: list[NDArray[np.float64]] = []
        self._shown: list[NDArray[np.float32]] = []
        self._means: list[NDArray[np.float64]] = []
        self._variances: list[NDArray[np.float64]] = []

    @property
    def draws(self) -> int:
        """Finished ones."""
        return len(self._errors)

    def add(self, members: NDArray[np.float64]) -> None:
        """Members (K, n, responses) of one draw."""
        table, count = self._table, np.arange(1, len(members) + 1)[:, None, None]
        self._errors.append(table.errors(members))
        self._squares.append(((members - self._goal) ** 2).sum(axis=-1).mean(axis=-1))
        if sum(map(len, self._shown)) < SHOWN_MEMBERS:
            self._shown.append(self._of_rows(members).astype(np.float32))
        self._means.append(members.mean(axis=0))
        self._variances.append(members.var(axis=0))
        self._curves.append(table.errors(np.cumsum(members, axis=0) / count))
        if table.classes:
            wrong = wrong_votes(members, table.test.y)
            self._rates.append(wrong.mean(axis=1))
            self._wrong = wrong if self._wrong is None else self._wrong + wrong

    def votes(self, exact: float | None, **about: Any) -> Votes:
        """What all draws together tell; ``about`` are the fields that no draw tells."""
        table, curves, means = self._table, np.array(self._curves), np.array(self._means)
        vote = means.mean(axis=0)
        # All draws are of one size: variance within them plus variance of their means.
        variance = np.mean(self._variances, axis=0) + means.var(axis=0)
        scale = table.unit**2
        ambiguity = Ambiguity(
            member=scale * float(np.mean(self._squares)),
            variance=scale * float(variance.sum(axis=-1).mean()),
            vote=scale * float(((vote - self._goal) ** 2).sum(axis=-1).mean()),
        )
        rows = RowVotes(
            np.concatenate(self._shown)[:SHOWN_MEMBERS],
            self._of_rows(vote),
            self._of_rows(self._scaling),
            self._of_rows(self._goal),
            None if table.places is None else table.places[:SHOWN_ROWS],
        )
        known = about["identity"] == "arithmetic"
        mean, error = self._by_rate() if table.classes else self._by_variance(vote, variance, known)
        return Votes(
            **about,
            repeats=len(curves),
            mean=mean,
            error=error,
            spread=curves.std(axis=0, ddof=1),
            member_errors=np.concatenate(self._errors),
            vote=float(table.errors(vote)),
            scaling=float(table.errors(self._scaling)),
            exact=exact,
            ambiguity=ambiguity,
            rows=rows,
            n_test=table.test.n,
            classes=table.classes,
            step=1.0 / table.test.n if table.classes else 0.0,
        )

    def _by_variance(
        self, vote: NDArray[np.float64], variance: NDArray[np.float64], known: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``Votes.mean`` and ``Votes.error`` of a quantity, over all sets of k of the T members.

        On a row the mean over these sets of their squared error is (m̄ − y)² + s²(1/k − 1/T), m̄
        and s² mean and unbiased variance of the T members. Where the mean of all masks is ``known``
        to be weight scaling ŷ it is (ŷ − y)² + s²/k.
        """
        y, drawn, members = self._goal[:, 0], len(self._means), len(self._curves[0])

        def parts(m: Any, v: Any, count: int) -> tuple[Any, Any]:
            """The squared error as a + b/k."""
            b = v[..., 0] * count / (count - 1)
            return (goal + 0.0 * b if known else (m[..., 0] - y) ** 2 - b / count), b

        k = np.arange(1, members + 1)
        goal = (self._scaling[:, 0] - y) ** 2
        a, b = parts(vote, variance, drawn * members)
        squared = np.maximum(a.mean() + b.mean() / k, 0.0)
        over_rows = np.array([standard_error(a - goal + b / i) for i in k])
        each_a, each_b = parts(np.array(self._means), np.array(self._variances), members)
        each = each_a.mean(axis=1)[:, None] + each_b.mean(axis=1)[:, None] / k
        over_masks = each.std(axis=0, ddof=1) / math.sqrt(drawn)
        unit, scaling = self._table.unit, math.sqrt(goal.mean())
        root = np.sqrt(squared)
        # r − s = (r² − s²)/(r + s), also for the error.
        apart = np.hypot(over_rows, over_masks) / np.maximum(root + scaling, 1e-300)
        return unit * root, unit * apart

    def _by_rate(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """``Votes.mean`` and ``Votes.error`` of classes, from groups of k of each draw."""
        assert self._wrong is not None
        each, drawn = np.array(self._rates), len(self._rates)
        missed = self._scaling.argmax(axis=-1) != self._table.test.y
        over_rows = [standard_error(row) for row in self._wrong / drawn - missed]
        over_masks = each.std(axis=0, ddof=1) / math.sqrt(drawn)
        return each.mean(axis=0), np.hypot(over_rows, over_masks)

    def _of_rows(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """(…, n, responses) to (…, r): in units of the target, or the true class's probability."""
        first, table = responses[..., :SHOWN_ROWS, :], self._table
        if not table.classes:
            return np.asarray(table.origin + table.unit * first[..., 0])
        true = table.test.y[:SHOWN_ROWS].astype(int)
        return np.asarray(first[..., np.arange(len(true)), true])


def wrong_votes(members: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
    """(K, n) share of groups of k = 1 … K members whose vote is wrong, by row.

    Groups of k follow one another and together have all K members (K, n, classes); the last begins
    again at the first members where k does not divide K.
    """
    total, true = len(members), y.astype(int)
    by_class = np.swapaxes(members, 1, 2)  # long rows are fast ones
    sums = np.concatenate([np.zeros_like(by_class[:1]), np.cumsum(by_class, axis=0)])
    earlier = np.arange(by_class.shape[1])[:, None] < true  # of equals the first is chosen
    shares = np.empty(members.shape[:2])
    for k in range(1, total + 1):
        begin = np.arange(0, total, k)
        end = begin + k
        votes = sums[np.minimum(end, total)] - sums[begin]
        votes[end > total] += sums[end[end > total] - total]
        own = votes[:, true, np.arange(len(true))][:, None]
        wrong = ((votes > own) | ((votes == own) & earlier)).any(axis=1)
        shares[k - 1] = wrong.mean(axis=0)
    return shares


def _goal(table: Table, responses: int) -> NDArray[np.float64]:
    """(n, responses) that a perfect member would predict."""
    y = table.test.y
    return (y[:, None] == np.arange(responses)).astype(float) if table.classes else y[:, None]
