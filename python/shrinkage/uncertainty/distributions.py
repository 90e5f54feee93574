"""Predictive distributions of rows: a normal, a mixture of normals, samples.

All have `mean`, `variance`, `std`, `cdf`, `quantile`, `interval`, `pit` and `crps`; those with a
density have `log_density` too. A row's shape is (n,), or (n, K) for K targets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from .._validation import FloatArray, as_array, describe, refuse
from ._inputs import as_level, as_member_weights, as_members, as_stds, as_values, broadcast
from .estimate import stream
from .splits import VarianceSplit

LOG_ROOT_2PI = 0.5 * np.log(2.0 * np.pi)
NUMBERS_AT_ONCE = 2**16  # which a cache holds
ROOT_STEPS = 200
ROUNDING = 4e-15  # relative, of a mixture's distribution function


class Predictive(ABC):
    """A distribution for each row."""

    shape: tuple[int, ...]

    @property
    @abstractmethod
    def mean(self) -> FloatArray:
        """(n,) or (n, K)."""

    @property
    @abstractmethod
    def variance(self) -> FloatArray:
        """(n,) or (n, K)."""

    @property
    def std(self) -> FloatArray:
        """(n,) or (n, K)."""
        return np.asarray(np.sqrt(self.variance))

    @abstractmethod
    def cdf(self, y: npt.ArrayLike) -> FloatArray:
        """P(Y ≤ y) of each row."""

    def quantile(self, q: npt.ArrayLike) -> FloatArray:
        """Quantiles of each row, (n,); (Q, n) for Q probabilities.

        Args:
            q: probabilities strictly between 0 and 1.
        """
        levels = as_array(q, "q")
        if levels.ndim > 1:
            remedy = "give one probability, or (Q,) of them"
            raise refuse("q", describe(levels), remedy, code="argument.shape")
        found = [self._quantile(as_level(float(one), "q")) for one in np.atleast_1d(levels)]
        return found[0] if levels.ndim == 0 else np.array(found)

    @abstractmethod
    def _quantile(self, q: float) -> FloatArray:
        """Of each row."""

    def interval(self, coverage: float = 0.9) -> tuple[FloatArray, FloatArray]:
        """Ends of the central interval that leaves (1 − coverage)/2 on either side."""
        tail = 0.5 * (1.0 - as_level(coverage, "coverage"))
        return self._quantile(tail), self._quantile(1.0 - tail)

    def pit(self, y: npt.ArrayLike) -> FloatArray:
        """Probability integral transform: uniform on [0, 1] if y comes from the distribution."""
        return self.cdf(y)

    @abstractmethod
    def crps(self, y: npt.ArrayLike) -> FloatArray:
        """Continuous ranked probability score of each row, in units of y; 0 is best."""

    def _rows(self, y: npt.ArrayLike) -> FloatArray:
        return broadcast(as_values(y, "y"), "y", self.shape)


class Normal(Predictive):
    """A normal distribution for each row.

    Args:
        mean: (n,) or (n, K). std: above 0, a number or what broadcasts to `mean`, noise included.
    """

    def __init__(self, mean: npt.ArrayLike, std: npt.ArrayLike) -> None:
        self._mean = as_values(mean, "mean")
        self.shape = self._mean.shape
        self._std = as_stds(std, "std", self.shape)

    @property
    def mean(self) -> FloatArray:
        return self._mean

    @property
    def variance(self) -> FloatArray:
        return np.asarray(self._std**2)

    @property
    def std(self) -> FloatArray:
        return self._std

    def scaled(self, factor: float) -> Normal:
        """With standard deviations times a factor."""
        return Normal(self._mean, factor * self._std)

    def cdf(self, y: npt.ArrayLike) -> FloatArray:
        return np.asarray(special.ndtr((self._rows(y) - self._mean) / self._std))

    def log_density(self, y: npt.ArrayLike) -> FloatArray:
        """Log-likelihood of each row."""
        return _log_normal(self._rows(y), self._mean, self._std)

    def _quantile(self, q: float) -> FloatArray:
        return np.asarray(self._mean + special.ndtri(q) * self._std)

    def crps(self, y: npt.ArrayLike) -> FloatArray:
        """σ[z(2Φ(z) − 1) + 2φ(z) − 1/√π], z = (y − μ)/σ (Gneiting & Raftery 2007, eq. 21)."""
        gap = self._rows(y) - self._mean
        return np.asarray(_mean_distance(gap, self._std) - self._std / np.sqrt(np.pi))


class NormalMixture(Predictive):
    """For each row a mixture of T normals, such as members of an ensemble with their noise.

    Args:
        means: (T, n) or (T, n, K).
        stds: above 0; a number, or what broadcasts to `means`: (n,) for one a row.
        weights: (T,) probabilities of the members; None: equal.
    """

    def __init__(
        self, means: npt.ArrayLike, stds: npt.ArrayLike, weights: npt.ArrayLike | None = None
    ) -> None:
        self.means = as_members(means, "means")
        self.stds = as_stds(stds, "stds", self.means.shape)
        self.weights = as_member_weights(weights, len(self.means))
        self.shape = self.means.shape[1:]

    @property
    def mean(self) -> FloatArray:
        return self._average(self.means)

    @property
    def variance(self) -> FloatArray:
        return self.split().total

    def scaled(self, factor: float) -> NormalMixture:
        """With standard deviations of the members times a factor; their means stay."""
        return NormalMixture(self.means, factor * self.stds, self.weights)

    def split(self) -> VarianceSplit:
        """Mean, and variance by data and model (law of total variance)."""
        mean = self.mean
        spread = self._average((self.means - mean) ** 2)
        return VarianceSplit(mean, self._average(self.stds**2), spread)

    def cdf(self, y: npt.ArrayLike) -> FloatArray:
        return self._cdf(self._rows(y))

    def log_density(self, y: npt.ArrayLike) -> FloatArray:
        """Log-likelihood of each row, log Σ_t w_t N(y; μ_t, σ_t²)."""
        each = _log_normal(self._rows(y), self.means, self.stds)
        weights = self.weights.reshape(-1, *[1] * len(self.shape))
        return np.asarray(special.logsumexp(each, axis=0, b=weights))

    def _quantile(self, q: float) -> FloatArray:
        each = self.means + special.ndtri(q) * self.stds
        each = each[self.weights > 0]  # the root lies between the members' own quantiles
        return _root(self._cdf, self._density, q, each.min(axis=0), each.max(axis=0))

    def crps(self, y: npt.ArrayLike) -> FloatArray:
        """Closed form over T² pairs (Grimit, Gneiting, Berrocal & Johnson 2006, eq. 5):

        Σ_t w_t A(y − μ_t, σ_t²) − ½ Σ_st w_s w_t A(μ_s − μ_t, σ_s² + σ_t²),
        A(μ, σ²) = E|N(μ, σ²)|.
        """
        rows = self._rows(y).reshape(-1)
        count = len(self.means)
        means, stds = self.means.reshape(count, -1).T, self.stds.reshape(count, -1).T
        first = _mean_distance(rows[:, None] - means, stds) @ self.weights
        pairs = stds @ self.weights**2 / np.sqrt(np.pi)  # ½ w_t² A(0, 2σ_t²)
        at_once = max(1, NUMBERS_AT_ONCE // count)
        for start in range(0, len(rows), at_once):
            part = slice(start, start + at_once)
            for t in range(count - 1):
                apart = means[part, t + 1 :] - means[part, t, None]
                both = np.hypot(stds[part, t + 1 :], stds[part, t, None])
                pairs[part] += self.weights[t] * (
                    _mean_distance(apart, both) @ self.weights[t + 1 :]
                )
        return np.asarray((first - pairs).reshape(self.shape))

    def _average(self, array: FloatArray) -> FloatArray:
        return np.asarray(np.tensordot(self.weights, array, axes=1))

    def _cdf(self, rows: FloatArray) -> FloatArray:
        return self._average(special.ndtr((rows - self.means) / self.stds))

    def _density(self, rows: FloatArray) -> FloatArray:
        return self._average(np.exp(_log_normal(rows, self.means, self.stds)))


class Samples(Predictive):
    """For each row T samples that stand for its distribution, noise included.

    Args:
        values: (T, n) or (T, n, K).
        fair: whether the CRPS is unbiased for the distribution the samples come from (Ferro 2014,
            which needs T ≥ 2), or that of the samples' own distribution.
        random_state: of the ranks in `pit`.
    """

    def __init__(self, values: npt.ArrayLike, *, fair: bool = False, random_state: int = 0) -> None:
        self.values = as_members(values, "values")
        if fair and len(self.values) < 2:
            remedy = "give at least two samples a row for the fair score"
            raise refuse("values", describe(self.values), remedy, code="argument.shape")
        self.fair, self.random_state = fair, random_state
        self.shape = self.values.shape[1:]

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.values.mean(axis=0))

    @property
    def variance(self) -> FloatArray:
        """Of the samples' own distribution: divided by T."""
        return np.asarray(self.values.var(axis=0))

    def cdf(self, y: npt.ArrayLike) -> FloatArray:
        return np.asarray((self.values <= self._rows(y)).mean(axis=0))

    def _quantile(self, q: float) -> FloatArray:
        return np.asarray(np.quantile(self.values, q, axis=0))

    def pit(self, y: npt.ArrayLike) -> FloatArray:
        """(rank of y among the samples + a uniform number)/(T + 1), ties broken at random.

        Exactly uniform if y and the samples come from one distribution (Hamill 2001).
        """
        rows = self._rows(y)
        below, equal = (self.values < rows).sum(axis=0), (self.values == rows).sum(axis=0)
        uniform = stream(self.random_state).random(self.shape)
        return np.asarray((below + uniform * (equal + 1)) / (len(self.values) + 1))

    def crps(self, y: npt.ArrayLike) -> FloatArray:
        """E|X − y| − ½E|X − X′| over samples (Gneiting & Raftery 2007, eq. 20).

        With `fair` the second mean is over pairs of different samples, T(T − 1) of them.
        """
        count = len(self.values)
        rows = self._rows(y).reshape(-1)
        ordered = np.sort(self.values.reshape(count, -1).T, axis=1)
        rank = 2.0 * np.arange(count) - (count - 1)  # Σ|x_s − x_t| = 2 Σ rank_t x_(t)
        half = (ordered - ordered[:, :1]) @ rank / (count * (count - 1 if self.fair else count))
        return np.asarray((np.abs(ordered - rows[:, None]).mean(axis=1) - half).reshape(self.shape))


def _log_normal(y: Any, mean: FloatArray, std: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):  # a density of 0
        return np.asarray(-0.5 * ((y - mean) / std) ** 2 - np.log(std) - LOG_ROOT_2PI)


def _mean_distance(mean: FloatArray, std: FloatArray) -> FloatArray:
    """E|N(mean, std²)|."""
    with np.errstate(over="ignore"):
        z = mean / std
    return np.asarray(mean * special.erf(z / np.sqrt(2.0)) + 2.0 * std * _density_of(z))


def _density_of(z: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(-0.5 * z**2 - LOG_ROOT_2PI))


def _root(
    cdf: Callable[[FloatArray], FloatArray],
    density: Callable[[FloatArray], FloatArray],
    q: float,
    low: FloatArray,
    high: FloatArray,
) -> FloatArray:
    """Where cdf is q, between brackets, all rows at once: Newton's steps, else halving."""
    x = 0.5 * (low + high)
    last = np.full_like(x, np.inf)
    for _ in range(ROOT_STEPS):
        value = cdf(x) - q
        done = (np.abs(value) <= ROUNDING * q) | (low == high)
        if done.all():
            break
        low, high = np.where(value < 0.0, x, low), np.where(value > 0.0, x, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = x - value / density(x)
        # A step that left the bracket, or did not halve what is left, is replaced by halving.
        good = (newton > low) & (newton < high) & (np.abs(value) <= 0.5 * last)
        middle = 0.5 * (low + high)
        stuck = (middle == low) | (middle == high)  # no number is left between
        x = np.where(done | stuck, x, np.where(good, newton, middle))
        if (done | stuck).all():
            break
        last = np.abs(value)
    return np.asarray(x)
