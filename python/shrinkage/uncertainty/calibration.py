"""Whether probabilities come true: reliability, calibration error, PIT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from .._validation import FloatArray, as_integer, refuse
from ._inputs import Places, as_columns, as_level, as_places, as_scores, same_rows
from .estimate import RESAMPLES, Estimate, clopper_pearson, stream

Strategy = Literal["mass", "width"]
Norm = Literal["l1", "l2", "max"]


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram of B bins; empty ones are left out.

    Attributes:
        edges: (B, 2) least and largest confidence of a bin's rows ("mass"), or its limits
            ("width").
        count: (B,) rows. confidence: (B,) mean confidence. frequency: (B,) share that came true.
        low, high: (B,) exact interval of the frequency (Clopper & Pearson 1934; where confidences
            differ within a bin it is on the safe side, Hoeffding 1956). level: its level.
        strategy: how rows were binned.
    """

    edges: FloatArray
    count: npt.NDArray[np.int64]
    confidence: FloatArray
    frequency: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    strategy: Strategy


def reliability(
    y: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    classes: npt.ArrayLike | None = None,
    n_bins: int = 15,
    strategy: Strategy = "mass",
    level: float = 0.95,
) -> Reliability:
    """How often what was held likely came true, by bins of confidence.

    Args:
        y: (n,) labels.
        probabilities: (n, K): the confidence is the largest of a row, and comes true when its class
            does (Guo, Pleiss, Sun & Weinberger 2017). (n,): it is the probability of the second of
            two classes.
        classes: (K,) label of each column; None: the sorted labels of y.
        n_bins: at most so many; fewer where confidences are equal, which are never parted.
        strategy: "mass", as many rows in each bin; "width", bins (0, 1/B], (1/B, 2/B], ...
        level: of the intervals.
    """
    confidence, came_true = _confidence(y, probabilities, classes)
    place, edges = bins_of(confidence, n_bins, strategy)
    count = np.bincount(place, minlength=len(edges))
    trues = np.bincount(place, came_true, minlength=len(edges))
    total = np.bincount(place, confidence, minlength=len(edges))
    low, high = clopper_pearson(trues, count, level)
    return Reliability(
        edges, count, total / count, trues / count, low, high, float(level), strategy
    )


def expected_calibration_error(
    y: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    classes: npt.ArrayLike | None = None,
    n_bins: int = 15,
    strategy: Strategy = "mass",
    norm: Norm = "l1",
    level: float = 0.95,
    n_draws: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean distance between confidence and frequency over bins, weighted by their rows (ECE).

    Naeini, Cooper & Hauskrecht 2015. Noise alone makes it positive: of a perfect forecast about
    √(2B/(πn)) times an outcome's standard deviation, which the value keeps and the interval takes
    into account: it holds the errors under which a value as large and a value as small are both
    likely enough (test inversion; errors of the bins in proportion to those seen, each with the
    noise of a binomial share), and the value itself. No error is less than the distance of the mean
    confidence from the share that comes true (Jensen), so that the interval also reaches as far as
    the exact interval of that share allows: sure forecasts may have seen no miss yet.

    Args:
        y, probabilities, classes, n_bins, strategy: as in `reliability`.
        norm: "l1"; "l2", the root of the mean square; "max", the largest distance (MCE).
        level, n_draws, random_state: of the interval.
    """
    if norm not in ("l1", "l2", "max"):
        raise refuse("norm", repr(norm), 'use "l1", "l2" or "max"', code="argument.choice")
    bins = reliability(
        y, probabilities, classes=classes, n_bins=n_bins, strategy=strategy, level=level
    )
    n_draws = as_integer(n_draws, "n_draws", minimum=10, maximum=10**6)
    share = bins.count / bins.count.sum()

    def measure(gaps: FloatArray) -> FloatArray:
        if norm == "l1":
            return np.asarray(np.abs(gaps) @ share)
        if norm == "l2":
            return np.asarray(np.sqrt(gaps**2 @ share))
        return np.asarray(np.abs(gaps).max(axis=-1))

    gap = bins.confidence - bins.frequency
    smooth = (bins.frequency * bins.count + 1.0) / (bins.count + 2.0)  # never quite sure
    noise = np.sqrt(smooth * (1.0 - smooth) / bins.count)
    noise = noise * stream(random_state).standard_normal((n_draws, len(gap)))
    value = float(measure(gap))
    low, high = _invert(lambda factor: measure(factor * gap + noise), value, level)
    reach = max(value * high, _farthest_from_whole(bins, level))
    name = f"test inversion, {n_draws} draws of the noise in the bins; exact for the whole"
    return Estimate(value, value * low, min(reach, 1.0), level, name)


def _farthest_from_whole(bins: Reliability, level: float) -> float:
    """Of the mean confidence from the share of all rows that may come true."""
    n, trues = bins.count.sum(), bins.frequency @ bins.count
    ends = clopper_pearson(np.round(trues), n, level)
    confidence = float(bins.confidence @ bins.count / n)
    return max(abs(confidence - float(end)) for end in ends)


def _invert(draw: Callable[[float], FloatArray], value: float, level: float) -> tuple[float, float]:
    """The least factor ≤ 1 and the largest ≥ 1 under which the value is in neither tail."""
    tail = 0.5 * (1.0 - level)

    def excess(factor: float, q: float) -> float:
        return float(np.quantile(draw(factor), q)) - value

    low, high = 0.0, 1.0
    if excess(0.0, 1.0 - tail) < 0.0 < excess(1.0, 1.0 - tail):
        low = float(optimize.brentq(excess, 0.0, 1.0, args=(1.0 - tail,), xtol=1e-4))
    if value > 0.0 and excess(1.0, tail) < 0.0:
        far = 2.0
        while excess(far, tail) < 0.0:
            far *= 2.0
        high = float(optimize.brentq(excess, 1.0, far, args=(tail,), xtol=1e-4))
    return low, high


@dataclass(frozen=True, eq=False)
class PitHistogram:
    """Probability integral transforms in B equal bins.

    Attributes:
        edges: (B + 1,). count: (B,) rows. density: (B,) 1 everywhere under the truth.
        low, high: (B,) exact interval of the density (Clopper & Pearson), each bin by itself.
        level: its level.
        statistic, p_value: Kolmogorov and Smirnov's test of uniformity, from the values.
    """

    edges: FloatArray
    count: npt.NDArray[np.int64]
    density: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    statistic: float
    p_value: float


def pit_histogram(pit: npt.ArrayLike, *, n_bins: int = 10, level: float = 0.95) -> PitHistogram:
    """Histogram of (n,) values of a distribution's `pit`: flat if it is calibrated.

    A hump says that predictions are too wide, a bowl that they are too narrow, a slope that they
    are biased (Gneiting, Balabdaoui & Raftery 2007).
    """
    values = as_scores(np.ravel(np.asarray(pit)), "pit")
    if (values < 0).any() or (values > 1).any():
        remedy = "give values from 0 to 1, as distribution.pit(y) does"
        raise refuse("pit", f"{values.min():g} to {values.max():g}", remedy, code="argument.range")
    n_bins = as_integer(n_bins, "n_bins", minimum=1, maximum=10**6)
    count, edges = np.histogram(values, bins=n_bins, range=(0.0, 1.0))
    low, high = clopper_pearson(count, len(values), level)
    test = stats.kstest(values, "uniform")
    return PitHistogram(
        edges,
        count,
        n_bins * count / len(values),
        n_bins * low,
        n_bins * high,
        as_level(level),
        float(test.statistic),
        float(test.pvalue),
    )


def _confidence(
    y: npt.ArrayLike, probabilities: npt.ArrayLike, classes: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """(n,) confidence, and whether it came true."""
    columns = as_columns(probabilities)
    places = as_places(y, columns.shape[1], classes)
    same_rows(len(places), probabilities=columns)
    if np.ndim(probabilities) == 1:
        return columns[:, 1], (places == 1).astype(float)
    return columns.max(axis=1), (columns.argmax(axis=1) == places).astype(float)


def bins_of(values: FloatArray, n_bins: int, strategy: Strategy) -> tuple[Places, FloatArray]:
    """(n,) bin of each value, none empty, and (B, 2) edges."""
    n_bins = as_integer(n_bins, "n_bins", minimum=1, maximum=10**4)
    if strategy == "width":
        limits = np.linspace(0.0, 1.0, n_bins + 1)
        used, place = np.unique(np.searchsorted(limits[1:-1], values), return_inverse=True)
        return place, np.column_stack([limits[used], limits[used + 1]])
    if strategy != "mass":
        raise refuse("strategy", repr(strategy), 'use "mass" or "width"', code="argument.choice")
    ordered = np.sort(values)
    cuts = ordered[
        np.linspace(0, len(values), n_bins + 1).astype(int)[1:-1].clip(max=len(values) - 1)
    ]
    _, place = np.unique(np.searchsorted(cuts, values, side="right"), return_inverse=True)
    size = int(place.max()) + 1
    edges = np.empty((size, 2))
    edges[:, 0], edges[:, 1] = np.inf, -np.inf
    np.minimum.at(edges[:, 0], place, values)
    np.maximum.at(edges[:, 1], place, values)
    return place, edges
