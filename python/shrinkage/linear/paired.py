"""Differences between two models on the same rows, with the interval that chance allows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean difference, the first model less the second, and half the width of its 95 % interval.

    `half_width` is NaN where it cannot be known, as with a single row.
    """

    mean: float
    half_width: float

    @property
    def known(self) -> bool:
        """Whether both numbers are finite."""
        return bool(np.isfinite(self.mean) and np.isfinite(self.half_width))

    @property
    def tied(self) -> bool:
        """Whether the interval holds zero, its ends included."""
        return self.known and abs(self.mean) <= self.half_width

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width


def paired_over_rows(first: ArrayLike, second: ArrayLike) -> Difference:
    """Student's interval of the mean difference over rows that no model was fitted to.

    Args:
        first, second: (n,) errors of the two models, row by row.
    """
    d = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if d.size < 2:
        return Difference(float(d.mean()) if d.size else np.nan, np.nan)
    return _student(float(d.mean()), float(d.std(ddof=1) / np.sqrt(d.size)), d.size)


def paired_over_folds(first: ArrayLike, second: ArrayLike, weights: ArrayLike) -> Difference:
    """Student's interval of the mean difference over folds, wider for what training sets share.

    The variance of the mean is s² (1/K + 1/(K − 1)) in place of s²/K, as any two training sets of K
    folds have most of their rows in common (Nadeau & Bengio 2003, Machine Learning 52, section 5).

    Args:
        first, second: (K,) errors of the two models, fold by fold.
        weights: (K,) sums of the sample weights of the folds.
    """
    d = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    weights, k = np.asarray(weights, dtype=np.float64), d.size
    if k < 2:
        return Difference(float(d.mean()) if k else np.nan, np.nan)
    mean = float(np.average(d, weights=weights))
    variance = float(np.average((d - mean) ** 2, weights=weights)) * k / (k - 1)
    return _student(mean, float(np.sqrt(variance * (1.0 / k + 1.0 / (k - 1)))), k)


def _student(mean: float, std_error: float, count: int) -> Difference:
    quantile = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, count - 1))
    return Difference(mean, quantile * std_error)
