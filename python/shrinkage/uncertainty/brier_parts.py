"""What a Brier score is made of (Murphy 1973), each part with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._validation import FloatArray, as_integer
from ._inputs import Places, as_columns, as_level, as_places, same_rows
from .calibration import Strategy, bins_of
from .estimate import (
    BLOCKS,
    CHUNK,
    RESAMPLES,
    Estimate,
    clopper_pearson,
    invert,
    mean_estimate,
    stream,
)


@dataclass(frozen=True)
class BrierParts:
    """score = reliability − resolution + uncertainty + within, to rounding, of the values.

    Attributes:
        score: the mean Brier score.
        reliability: mean squared distance of confidence and frequency over bins; 0 is best.
        resolution: variance of the frequency over bins; the more, the better.
        uncertainty: variance of the outcomes, what the base rates alone would score.
        within: what differing confidences within a bin add; 0 where they are equal.
    """

    score: Estimate
    reliability: Estimate
    resolution: Estimate
    uncertainty: Estimate
    within: Estimate


def brier_parts(
    y: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    classes: npt.ArrayLike | None = None,
    n_bins: int | None = 15,
    strategy: Strategy = "mass",
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> BrierParts:
    """Murphy's (1973) parts of the Brier score, summed over classes.

    Bins that hold different confidences add two terms (Stephenson, Coelho & Jolliffe 2008), whose
    sum is `within`.

    Score and `within` are means over rows, with the bootstrap's interval. The others are sums of
    squares, which the noise of the outcomes makes larger: of a perfect forecast the reliability is
    about the number of bins over that of rows times an outcome's variance. Their values keep that
    noise, and their intervals take it into account by test inversion, as the interval of
    `expected_calibration_error` does, with the noise of a Bayesian bootstrap over rows (Rubin
    1981), never less than that of shares that are not quite sure. The interval of reliability
    also holds what the exact intervals of the base rates allow; the uncertainty of two classes
    is exact.

    Args:
        y, probabilities, classes: as in `brier_scores`.
        n_bins, strategy: as in `reliability`, for each class; None: a bin for each value.
        level, n_resamples, random_state: of the intervals.
    """
    columns = as_columns(probabilities)
    places = as_places(y, columns.shape[1], classes)
    same_rows(len(places), probabilities=columns)
    level = as_level(level)
    n_resamples = as_integer(n_resamples, "n_resamples", minimum=10, maximum=10**6)
    n_classes, first = columns.shape[1], 1 if np.ndim(probabilities) == 1 else 0
    split = [
        _Class(columns[:, k], places == k, 1.0 / n_classes, n_bins, strategy)
        for k in range(first, n_classes)
    ]
    score, within = (
        mean_estimate(rows, level=level, n_resamples=n_resamples, random_state=random_state)
        for rows in (sum(one.scores for one in split), sum(one.within for one in split))
    )
    reliability, resolution, unequal = _inverted(split, level, n_resamples, random_state)
    reach = sum(one.farthest_from_whole(level) ** 2 for one in split)
    reliability = replace(reliability, high=max(reliability.high, reach))
    if n_classes == 2:
        uncertainty = _two_classes(split[0], level, len(split))
    else:
        even = 1.0 - 1.0 / n_classes
        value, low, high = (
            max(even - one, 0.0) for one in (unequal.value, unequal.high, unequal.low)
        )
        uncertainty = Estimate(value, low, high, level, unequal.method)
    return BrierParts(score, reliability, resolution, uncertainty, within)


class _Class:
    """The rows of one class against the rest, in bins of its probability."""

    def __init__(
        self,
        p: FloatArray,
        happened: npt.NDArray[np.bool_],
        even: float,
        n_bins: int | None,
        strategy: Strategy,
    ) -> None:
        if n_bins is None:
            _, place = np.unique(p, return_inverse=True)
        else:
            place, _ = bins_of(p, n_bins, strategy)
        self.p, self.happened, self.even, self.place = p, happened.astype(float), even, place
        self.count = np.bincount(place)
        self.frequency = np.bincount(place, self.happened) / self.count
        self.gap = np.bincount(place, p - self.happened) / self.count
        self.base = float(self.happened.mean())

    @property
    def scores(self) -> FloatArray:
        """(n,) Brier scores."""
        return np.asarray((self.p - self.happened) ** 2)

    @property
    def within(self) -> FloatArray:
        """(n,) squared distance of p from its bin's mean, less twice the product with y's."""
        frequency = self.frequency[self.place]
        inner = self.p - self.gap[self.place] - frequency
        return np.asarray(inner**2 - 2.0 * inner * (self.happened - frequency))

    def base_interval(self, level: float) -> tuple[float, float]:
        low, high = clopper_pearson(self.happened.sum(), len(self.p), level)
        return float(low), float(high)

    def farthest_from_whole(self, level: float) -> float:
        """Of the mean probability from the share of all rows that may come true."""
        return max(abs(float(self.p.mean()) - end) for end in self.base_interval(level))

    def squares(self) -> FloatArray:
        """(3,) reliability, resolution, and what makes classes unequally common."""
        share = self.count / len(self.p)
        resolution = share @ (self.frequency - self.base) ** 2
        return np.array([share @ self.gap**2, resolution, (self.base - self.even) ** 2])

    def resampled_squares(
        self, weights: FloatArray, block: Places, generator: np.random.Generator
    ) -> FloatArray:
        """(3, 3, R) of `squares` in R resamples, were each of its distances F times as large.

        Coefficients of F², 2F and 1: what is true, its product with noise, and noise.

        Args:
            weights: (R, G) of blocks of rows, that sum to 1 over rows. block: (n,) of each row.
        """

        def sums(rows: FloatArray) -> FloatArray:
            cells = (rows, (block, self.place))
            shape = weights.shape[1], len(self.count)
            return np.asarray(weights @ sparse.csr_array(cells, shape=shape))

        share, trues = sums(np.ones(len(block))), sums(self.happened)
        # A share that is 0 or 1 in a bin has no noise of its own: add what one less sure has more.
        unsure = _noise(self.frequency, self.count) * generator.standard_normal(share.shape)
        gap = sums(self.p - self.happened) / share - self.gap + unsure
        frequency = trues / share - self.frequency - unsure
        base = trues.sum(axis=1) - self.base
        base = base + _noise(self.base, len(block)) * generator.standard_normal(len(base))
        apart = self.frequency - (share @ self.frequency)[:, None]
        frequency = frequency - (share * frequency).sum(axis=1, keepdims=True)
        uneven = np.full((len(base), 1), self.base - self.even)
        return np.array(
            [
                _quadratic(share, np.broadcast_to(self.gap, share.shape), gap),
                _quadratic(share, apart, frequency),
                _quadratic(np.ones((1, 1)), uneven, base[:, None]),
            ]
        )


def _noise(frequency: Any, count: Any) -> Any:
    """Standard deviation that (k + 1)/(n + 2) has more than the share k/n, of n rows."""
    smooth = (frequency * count + 1.0) / (count + 2.0)
    more = smooth * (1.0 - smooth) - frequency * (1.0 - frequency)
    return np.sqrt(np.maximum(more, 0.0) / count)


def _quadratic(share: FloatArray, true: FloatArray, noise: FloatArray) -> FloatArray:
    """(3, R) Σ share·(F·true + noise)², its coefficients of F², 2F and 1."""
    return np.array([(share * pair).sum(axis=1) for pair in (true**2, true * noise, noise**2)])


def _inverted(
    split: list[_Class], level: float, n_resamples: int, random_state: int
) -> list[Estimate]:
    """The three `squares`, summed over classes."""
    generator = stream(random_state)
    n = len(split[0].p)
    block = generator.permutation(n) % BLOCKS
    size = np.bincount(block)
    at_once = max(1, CHUNK // max(len(size), *(len(one.count) for one in split)))
    drawn = []
    for start in range(0, n_resamples, at_once):
        shape = min(at_once, n_resamples - start), len(size)
        weights = generator.standard_exponential(shape)
        weights /= (weights @ size)[:, None]
        drawn.append(sum(one.resampled_squares(weights, block, generator) for one in split))
    coefficients = np.concatenate(drawn, axis=2)
    values = np.sum([one.squares() for one in split], axis=0)
    # The interval of reliability reaches far enough by that of the base rates.
    return [
        _squares_estimate(value, draws, level, n_resamples, to_noise=place > 0)
        for place, (value, draws) in enumerate(zip(values.tolist(), coefficients, strict=True))
    ]


def _squares_estimate(
    value: float, coefficients: FloatArray, level: float, n_resamples: int, to_noise: bool
) -> Estimate:
    true, both, noise = coefficients

    def draw(factor: float) -> FloatArray:
        return np.asarray(factor**2 * true + 2.0 * factor * both + noise)

    low, high = invert(draw, value, level)
    most = value * high**2
    if to_noise and value <= np.quantile(noise, 0.5 * (1.0 - level)):
        # Less than noise alone would show: as far as that reaches.
        most = max(most, float(np.quantile(noise, level)))
    name = f"test inversion, {n_resamples} resamples"
    return Estimate(value, value * low**2, most, level, name)


def _two_classes(one: _Class, level: float, times: int) -> Estimate:
    """Variance of the outcomes of two classes, counted `times`."""
    low, high = one.base_interval(level)
    ends = low * (1.0 - low), high * (1.0 - high)
    most = 0.25 if low <= 0.5 <= high else max(ends)
    value = one.base * (1.0 - one.base)
    return Estimate(
        times * value, times * min(ends), times * most, level, "exact (Clopper–Pearson)"
    )
