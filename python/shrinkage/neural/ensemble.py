"""Predictions of the sub-networks inside a dropout network, sampled or all of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import gammaln, ndtri, xlogy
from scipy.stats.qmc import Sobol

from .._classes import by_class
from .._runtime import resolve_threads, watch_native
from .._validation import FloatArray, as_array, as_floats, as_integer, as_number, refuse
from ..core import _native
from ..errors import ConvergenceWarning
from ..losses import Gamma, Logistic, Multinomial, Poisson, Squared
from .ensemble_masks import mask_source
from .ensemble_result import DropoutNetwork, Ensemble, EnsembleProgress, MaskSource, shaped
from .losses import Gaussian, Quantiles
from .units import Units

MEMBERS = 100
MOST_MEMBERS = 100_000  # where a standard error is wanted

EnsembleCallback = Callable[[EnsembleProgress], bool | None]


def predict_ensemble(
    network: DropoutNetwork,
    X: Any,
    kind: str = "mc",
    *,
    n_members: int | None = None,
    standard_error: float | None = None,
    masks: str = "shared",
    rates: Sequence[float] | None = None,
    y: Any = None,
    precision: float | Sequence[float] | None = None,
    keep_members: bool = False,
    random_state: Any = None,
    n_threads: int | None = None,
    callback: EnsembleCallback | None = None,
    units: Units | None = None,
) -> Ensemble:
    """What the sub-networks that dropout leaves predict for X (n, p) together.

    Kinds:
        weight_scaling: one pass with all units on, which is what `predict` does.
        mc: the mean of T sampled sub-networks (Gal & Ghahramani 2016).
        rao_blackwell: likewise, with the mask before the output layer integrated instead of drawn.
            Mean and variance of the outputs under it are exact, so that a regression's mean is
            never less accurate than by mc. Whatever is not linear in the outputs takes them for
            normal under this mask: probabilities, the mean of a log link, and `log_likelihood`.
        exact_arithmetic, exact_geometric: all 2^H sub-networks of H ≤ 22 units that may be dropped,
            each weighted by its probability, and the mean, or the normalized geometric mean, of
            their probabilities (Warde-Farley et al. 2014); of a regression both are the mean of the
            predictions (of Poisson counts the geometric mean).

    A network with fixed masks (`shrinkage.neural.Masksembles`) has N members, those that were
    trained: mc is their mean, nothing is drawn, and there is no Monte-Carlo error; beside it there
    is weight_scaling.

    Args:
        network: whose parameters, kind of dropout and groups of inputs are taken.
        n_members: T of mc and rao_blackwell, 100 (N with fixed masks); with `standard_error` at
            most so many, 100,000.
        standard_error: draw until no Monte-Carlo error of a mean is above it. Members are drawn in
            rounds, and the error found so far decides on the next; the first has 32, or 10/p of
            them where units are dropped, or kept, with a probability p that is rare.
        masks: "shared", each member one function, its masks those of row 0 and step t; or
            "per_row", where row i has those of row i.
        rates: (L,) rates of what enters each layer; None: those in force at the end of training
            (0 behind a schedule that ends there).
        y: targets (n,) or (n, K) as the loss takes them, to score the members by.
        precision: 1/variance of the targets around the predictions, one or P of them, for the
            log_likelihood of a network with squared loss.
        keep_members: whether to keep every member's predictions, T n K numbers.
        random_state: an integer is the seed of the masks itself; fixed masks are drawn by that of
            the network.
        callback: called about every 50 ms with an `EnsembleProgress`; returning True stops, and
            what mc and rao_blackwell have by then is returned.

        units: in which an estimator with scaled targets takes y, precision and standard error and
            answers.

    Raises:
        InvalidArgument: something cannot be used, such as an exact kind with more than 22 units,
            or with noise that has no masks.
        Cancelled: stopped before the first members were there.
    """
    if not hasattr(network, "_native"):
        remedy = "give a shrinkage.neural.Network; of an estimator call its own predict_ensemble"
        raise refuse("network", f"<{type(network).__name__}>", remedy, code="argument.type")
    if X.shape[0] == 0:
        raise refuse("X", "<no rows>", "give at least one row", code="argument.shape")
    threads = resolve_threads(n_threads)
    source = mask_source(network, kind, masks, rates, random_state)
    target = _as_target(network, y, X.shape[0])
    precisions = _as_precisions(precision, network.loss, target)
    wanted = standard_error
    if units is not None:
        target = None if target is None else units.target(target.reshape(np.shape(y))).reshape(-1)
        precisions = [units.precision(tau) for tau in precisions]
        wanted = units.standard_error(standard_error)
    job: _Job
    if kind.startswith("exact"):
        _require_no_sampling(n_members, standard_error, keep_members)
        job = _Enumeration(network, network._design(X), target, kind, source, precisions)
    else:
        members, error = _amount(kind, source, n_members, wanted)
        if keep_members and error > 0:
            remedy = "give n_members and no standard_error"
            raise refuse("keep_members", True, remedy, code="argument.choice")
        job = _Sampling(
            network,
            network._design(X),
            target,
            kind,
            source,
            precisions,
            members,
            error,
            keep_members,
        )

    def snapshot(control: _native.Control) -> EnsembleProgress:
        now = control.progress()
        return EnsembleProgress(min(now["done"], job.total), job.total, now["seconds"])

    ensemble = watch_native(
        lambda control: job.run(control, threads),
        flops=2.0 * network.n_parameters * X.shape[0] * job.most_members,
        time_limit=None,
        callback=callback,
        snapshot=snapshot,
    )
    missed = isinstance(job, _Sampling) and job.missed(ensemble)
    ensemble = ensemble if units is None else units.answer(ensemble)
    if missed:
        largest = float(np.max(ensemble.standard_error))
        warnings.warn(
            f"standard_error={standard_error:g} was not reached: of {ensemble.n_members} members "
            f"the largest is {largest:.3g}. Allow more n_members.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return ensemble


@dataclass(frozen=True)
class _Job:
    """What is to be computed, with all arguments checked."""

    network: DropoutNetwork
    design: Any
    target: FloatArray | None
    kind: str
    source: MaskSource
    precisions: list[float]

    @property
    def loss(self) -> Any:
        return self.network.loss

    @property
    def classes(self) -> bool:
        return isinstance(self.loss, Logistic | Multinomial)

    @property
    def rows(self) -> int:
        return len(self.design[2]) - 1 if isinstance(self.design, tuple) else len(self.design)

    @property
    def most_members(self) -> int:
        raise NotImplementedError

    @property
    def total(self) -> int:
        """How far the native call's progress counts."""
        raise NotImplementedError

    def run(self, control: _native.Control, threads: int) -> Ensemble:
        raise NotImplementedError

    def scores(self, found: dict[str, Any]) -> dict[str, Any]:
        if self.target is None:
            return {}
        return {"member_losses": found["losses"], "member_errors": found["errors"]}

    def class_eta(self, eta: FloatArray) -> FloatArray:
        """(n,) for two classes, else (n, K), from (n, outputs)."""
        return eta[:, 0] if isinstance(self.loss, Logistic) else eta

    def extras(self, extra: FloatArray) -> dict[str, Any]:
        """What members average beside their predictions."""
        if self.classes:
            entropy = None if self.kind == "rao_blackwell" else extra[:, 0]
            return {"expected_entropy": entropy}
        return (
            {"data_variance": shaped(extra, self.loss)} if isinstance(self.loss, Gaussian) else {}
        )

    def response(self, mean: FloatArray) -> FloatArray:
        """What the ensemble predicts by the means of its members, (n, responses)."""
        if self.classes:  # each is rounded
            mean = mean / mean.sum(axis=1, keepdims=True)
        elif isinstance(self.loss, Quantiles):
            mean = self.loss.rearranged(mean)
        return shaped(mean, self.loss)

    def log_likelihood(self, log_density: FloatArray) -> FloatArray | None:
        """(n,) log-likelihoods of the targets under the mean of the members' densities."""
        if self.target is None:
            return None
        unknown = self.kind == "rao_blackwell" and isinstance(self.loss, Poisson | Gamma)
        if unknown or not log_density.shape[1]:
            return None
        if isinstance(self.loss, Poisson):
            log_density = log_density - gammaln(self.target + 1)[:, None]
        return _one_or_several(log_density)


@dataclass(frozen=True)
class _Sampling(_Job):
    members: int
    wanted: float
    keep_members: bool

    @property
    def most_members(self) -> int:
        return self.members

    @property
    def total(self) -> int:
        return _native.sampling_tasks(self.rows, self.members)

    def run(self, control: _native.Control, threads: int) -> Ensemble:
        points, weights = _normal_rule(self.network.sizes[-1] if self.classes else 0)
        found = _native.sample_ensemble(
            self.network._native,
            self.design,
            self.target,
            seed=self.source.seed,
            rates=list(self.source.rates),
            per_row=self.source.per_row,
            integrate_last=self.kind == "rao_blackwell",
            n_members=self.members,
            wanted_error=self.wanted,
            keep_members=self.keep_members,
            precisions=self.precisions,
            points=points.reshape(-1).tolist(),
            weights=weights.tolist(),
            n_threads=threads,
            control=control,
        )
        return self._ensemble(found)

    def _ensemble(self, found: dict[str, Any]) -> Ensemble:
        n, mean, extra = int(found["n_members"]), found["mean"], found["extra"]
        between, error = self._variances(found["squares"], n)
        within = extra[:, -mean.shape[1] :] if self.kind == "rao_blackwell" else 0.0
        extra = extra[:, : -mean.shape[1]] if self.kind == "rao_blackwell" else extra
        # An error that is no number is not a stop: more members would not have mended it.
        missed = n < self.members and _largest_error(between, n) > self.wanted
        enough = self.wanted == 0 or not missed
        return Ensemble(
            self.kind,
            n,
            self.response(mean),
            shaped(np.sqrt(between + within), self.loss),
            shaped(np.sqrt(error), self.loss),
            self.source,
            members=self._members(found["members"], mean.shape) if self.keep_members else None,
            log_likelihood=self.log_likelihood(found["log_density"]),
            stopped=not enough or (self.wanted == 0 and n < self.members),
            **self.extras(extra),
            **self.scores(found),
        )

    def _variances(self, squares: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
        """Variance between members, unknown after a sample of one, and that of their mean."""
        none = np.zeros_like(squares)
        if not _sampled_layers(self.kind, self.source):
            return none, none
        if n == self.source.n_members:
            return squares / n, none
        between = squares / (n - 1) if n > 1 else np.full_like(squares, np.nan)
        return between, between / n

    def _members(self, members: Any, shape: tuple[int, ...]) -> Any:
        flat = shaped(members.reshape(-1, shape[1]), self.loss)
        return flat.reshape(-1, shape[0], *flat.shape[1:])

    def missed(self, ensemble: Ensemble) -> bool:
        """Whether a wanted standard error was not reached."""
        largest = float(np.max(ensemble.standard_error))
        return self.wanted > 0 and not ensemble.stopped and not largest <= self.wanted


@dataclass(frozen=True)
class _Enumeration(_Job):
    @property
    def most_members(self) -> int:
        return int(2 ** sum(self.source.decisions))

    @property
    def total(self) -> int:
        return _native.enumeration_tasks(self.rows, sum(self.source.decisions))

    def run(self, control: _native.Control, threads: int) -> Ensemble:
        found = _native.enumerate_ensemble(
            self.network._native,
            self.design,
            self.target,
            rates=list(self.source.rates),
            precisions=self.precisions,
            n_threads=threads,
            control=control,
        )
        arithmetic = self.response(found["mean"])
        geometric = self._geometric(found["output"])
        mean = arithmetic if self.kind == "exact_arithmetic" else geometric
        assert mean is not None  # the kind was checked against the loss
        averaged = self.kind == "exact_arithmetic"
        return Ensemble(
            self.kind,
            int(found["n_members"]),
            mean,
            shaped(np.sqrt(found["variance"]), self.loss),
            np.zeros_like(mean),
            self.source,
            arithmetic_mean=arithmetic,
            geometric_mean=geometric,
            log_likelihood=self.log_likelihood(found["log_density"])
            if averaged
            else self._of_geometric_mean(found["output"], mean),
            **self.extras(found["extra"]),
            **self.scores(found),
        )

    def _of_geometric_mean(self, output: FloatArray, mean: FloatArray) -> FloatArray | None:
        """The log likelihood under the normalized geometric mean of the members' densities.

        Of normals of one variance, and of Poisson laws, it is one of them, at `mean`.
        """
        if self.target is None:
            return None
        if self.classes:
            return _at(self.target, by_class(self.loss.log_mean, self.class_eta(output)))
        y = self.target.reshape(mean.shape)
        if isinstance(self.loss, Poisson):
            return np.asarray(xlogy(y, mean) - mean - gammaln(y + 1))
        if not self.precisions:
            return None
        tau, squares = np.array(self.precisions), ((y - mean) ** 2).reshape(len(y), -1)
        log_norm = 0.5 * squares.shape[1] * np.log(tau / (2 * np.pi))
        return _one_or_several(log_norm - 0.5 * tau * squares.sum(axis=1)[:, None])

    def _geometric(self, output: FloatArray) -> FloatArray | None:
        """The mean of η, through the inverse link.

        Log probabilities are η up to what all classes share, which the norm takes out again; and
        a product of Poisson densities is one at the mean of η.
        """
        if self.classes:
            return by_class(self.loss.mean, self.class_eta(output))
        if not isinstance(self.loss, Squared | Poisson):
            return None
        return shaped(self.loss.mean(output), self.loss)


@cache
def _normal_rule(outputs: int) -> tuple[FloatArray, FloatArray]:
    """Points (S, outputs) and weights by which means under a standard normal are taken.

    Gauss and Hermite's of one output; of several points of Sobol' with their opposites, whose
    covariance is made exact. Of 10 classes they leave a fifth of the error that approximations by
    pairs of classes do.
    """
    if outputs == 1:
        points, weights = np.polynomial.hermite_e.hermegauss(16)
        return points[:, None], weights / weights.sum()
    if outputs == 0:
        return np.zeros((0, 0)), np.zeros(0)
    half = 2 ** max(5, math.ceil(math.log2(2 * outputs)))
    points = ndtri(Sobol(outputs, rng=np.random.default_rng(0)).random(half))
    points = np.vstack([points, -points])
    factor = np.linalg.cholesky(points.T @ points / len(points))
    points = np.linalg.solve(factor, points.T).T
    return points, np.full(len(points), 1 / len(points))


def _at(classes: FloatArray, columns: FloatArray) -> FloatArray:
    """(n,) of (n, K) columns those of each row's class."""
    return np.asarray(columns[np.arange(len(columns)), classes.astype(int)])


def _one_or_several(columns: FloatArray) -> FloatArray:
    """(n,) of one column, otherwise (n, P) as they are."""
    return columns[:, 0] if columns.shape[1] == 1 else columns


def _largest_error(between: FloatArray, n: int) -> float:
    return math.sqrt(float(between.max()) / n)


def _sampled_layers(kind: str, source: MaskSource) -> bool:
    """Whether any mask is drawn."""
    rates = source.rates[:-1] if kind == "rao_blackwell" else source.rates
    return any(rate > 0 for rate in rates)


def _require_no_sampling(*given: Any) -> None:
    names = ("n_members", "standard_error", "keep_members")
    for name, value in zip(names, given, strict=True):
        if value is not None and value is not False:
            remedy = 'leave it out, or use kind="mc": all members are counted'
            raise refuse(name, repr(value), remedy, code="argument.choice")


def _amount(
    kind: str, source: MaskSource, n_members: int | None, standard_error: float | None
) -> tuple[int, float]:
    """The number of members, at most, and the error that is wanted, 0 for none."""
    wanted = 0.0
    if standard_error is not None:
        wanted = as_number(standard_error, "standard_error", minimum=0.0, open_minimum=True)
    if source.n_members and kind != "weight_scaling":
        return _all_fixed(source.n_members, n_members, standard_error)
    usual = MEMBERS if standard_error is None else MOST_MEMBERS
    asked = usual if n_members is None else n_members
    least = 1 if standard_error is None else 2  # of which an error can be told
    members = as_integer(asked, "n_members", minimum=least, maximum=2**31)
    if kind == "weight_scaling" or (kind == "rao_blackwell" and not any(source.rates[:-1])):
        return 1, 0.0  # all are alike
    return members, wanted


def _all_fixed(
    n_members: int, given: int | None, standard_error: float | None
) -> tuple[int, float]:
    if given not in (None, n_members):
        remedy = f"leave it out: the network was trained with {n_members} fixed masks"
        raise refuse("n_members", given, remedy, code="argument.choice")
    if standard_error is not None:
        remedy = "leave it out: fixed masks are all counted"
        raise refuse("standard_error", standard_error, remedy, code="argument.choice")
    return n_members, 0.0


def _as_target(network: DropoutNetwork, y: Any, n: int) -> FloatArray | None:
    """y flat, as the core takes it."""
    if y is None:
        return None
    target = as_floats(y, "y", ndim=np.ndim(y))
    if target.shape[:1] != (n,):
        remedy = f"give one target per row of X, {n} in all"
        raise refuse("y", f"<shape {target.shape}>", remedy, code="argument.length")
    flat = target.reshape(-1)
    if isinstance(network.loss, Logistic | Multinomial):
        classes = max(2, network.sizes[-1])
        if not np.isin(flat, np.arange(classes)).all():
            remedy = f"give the numbers of classes, 0 to {classes - 1}"
            raise refuse("y", "<other numbers>", remedy, code="argument.choice")
    return flat


def _as_precisions(
    precision: float | Sequence[float] | None, loss: Any, target: FloatArray | None
) -> list[float]:
    if precision is None:
        return []
    if not isinstance(loss, Squared):
        remedy = "leave it out: it is for the squared loss"
        raise refuse("precision", repr(precision), remedy, code="argument.loss")
    if target is None:
        remedy = "give y too, or leave it out"
        raise refuse("precision", repr(precision), remedy, code="argument.missing")
    given = as_floats(np.atleast_1d(as_array(precision, "precision")), "precision", ndim=1)
    if not len(given):
        raise refuse("precision", "[]", "give one at least, or leave it out", code="argument.empty")
    return [
        as_number(value, "precision", minimum=0.0, open_minimum=True) for value in given.tolist()
    ]
