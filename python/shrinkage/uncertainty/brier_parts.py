"""What a Brier score is made of (Murphy 1973), each part with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from .._validation import FloatArray, as_integer
from ._inputs import Places, as_columns, as_level, as_places, same_rows
from .calibration import Strategy, bins_of
from .estimate import (
    BLOCKS,
    CHUNK,
    RESAMPLES,
    Estimate,
    clopper_pearson,
    mean_estimate,
    stream,
)

ROUNDING = 1e-28  # a mean square that is none


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
    1981), never less than that of shares that are not quite sure. An upper end holds what is
    hidden most easily, a distance in the bin of most noise alone, and that of reliability what the
    exact intervals of the base rates allow. The uncertainty of two classes is exact. Where a few
    events decide, the resolution's interval covers less than it says, some 0.9 for 0.95.

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
    # Two classes mirror each other: one is looked at, and counted twice.
    n_classes = columns.shape[1]
    times = 2 if n_classes == 2 and np.ndim(probabilities) == 2 else 1
    split = [
        _Class(columns[:, k], places == k, 1.0 / n_classes, n_bins, strategy)
        for k in (range(n_classes) if n_classes > 2 else [1])
    ]
    score, within = (
        mean_estimate(rows, level=level, n_resamples=n_resamples, random_state=random_state)
        for rows in (sum(one.scores for one in split), sum(one.within for one in split))
    )
    reliability, resolution, unequal = _inverted(split, level, n_resamples, random_state)
    reach = sum(one.farthest_from_whole(level) ** 2 for one in split)
    most = 1.0 if n_classes == 2 else 2.0
    reliability = _at_most(replace(reliability, high=max(reliability.high, reach)), most)
    if n_classes == 2:
        uncertainty = _two_classes(split[0], level)
    else:
        even = 1.0 - 1.0 / n_classes
        value, low, high = (
            max(even - one, 0.0) for one in (unequal.value, unequal.high, unequal.low)
        )
        uncertainty = Estimate(value, low, high, level, unequal.method)
    resolution = _at_most(resolution, uncertainty.high)
    parts = score, reliability, resolution, uncertainty, within
    return BrierParts(*(_multiplied(part, times) for part in parts))


def _multiplied(one: Estimate, times: int) -> Estimate:
    return replace(one, value=times * one.value, low=times * one.low, high=times * one.high)


def _at_most(one: Estimate, most: float) -> Estimate:
    return replace(one, high=max(min(one.high, most), one.value))


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
        self, weights: FloatArray, block: Places, generator: np.random.Generator, lone: bool
    ) -> FloatArray:
        """(2, 3, 3, R): `squares` in R resamples by coefficients of F², 2F and 1.

        First, were each distance F times as large as seen. Second, were there none but in the bin
        of most noise, if this is the class with it (`lone`), and its mean square F². The
        coefficients are what is true, its product with noise, and noise.

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
        frequency = frequency - (share * frequency).sum(axis=1, keepdims=True)
        whole, base = np.ones((1, 1)), base[:, None]
        # How many rows the one bin has tells nothing of a distance that is not its own.
        known = (self.count / len(block))[None, :]
        alone = lone * self._noisiest_alone()
        return np.array(
            [
                [
                    _quadratic(share, self.gap, gap),
                    _quadratic(share, _centred(share, self.frequency), frequency),
                    _quadratic(whole, np.array([self.base - self.even]), base),
                ],
                [
                    _quadratic(share, alone, gap, known),
                    _quadratic(share, _centred(known, alone), frequency, known),
                    _quadratic(whole, np.array([float(lone)]), base),
                ],
            ]
        )

    def most_noise(self) -> float:
        """Variance of an outcome in the bin where it is largest."""
        return float(_smooth_variance(self.frequency, self.count).max())

    def _noisiest_alone(self) -> FloatArray:
        """(B,) distances that are 0 but in the bin of `most_noise`, of mean square 1."""
        alone = np.zeros(len(self.count))
        place = _smooth_variance(self.frequency, self.count).argmax()
        alone[place] = np.sqrt(len(self.p) / self.count[place])
        return alone


def _smooth_variance(frequency: Any, count: Any) -> Any:
    """Of an outcome whose share is (k + 1)/(n + 2) where k of n rows were seen."""
    smooth = (frequency * count + 1.0) / (count + 2.0)
    return smooth * (1.0 - smooth)


def _noise(frequency: Any, count: Any) -> Any:
    """Standard deviation that (k + 1)/(n + 2) has more than the share k/n, of n rows."""
    more = _smooth_variance(frequency, count) - frequency * (1.0 - frequency)
    return np.sqrt(np.maximum(more, 0.0) / count)


def _centred(share: FloatArray, true: FloatArray) -> FloatArray:
    """(R, B) distances from their mean."""
    return np.asarray(true - (share @ true)[:, None])


def _quadratic(
    share: FloatArray, true: FloatArray, noise: FloatArray, known: FloatArray | None = None
) -> FloatArray:
    """(3, R) Σ share·(F·true + noise)², its coefficients of F², 2F and 1.

    Args:
        known: shares of what is true, if they are not resampled.
    """
    true = np.broadcast_to(true, noise.shape)
    of_true = share if known is None else known
    return np.array(
        [
            (of_true * true**2).sum(axis=1),
            (of_true * true * noise).sum(axis=1),
            (share * noise**2).sum(axis=1),
        ]
    )


def _inverted(
    split: list[_Class], level: float, n_resamples: int, random_state: int
) -> list[Estimate]:
    """The three `squares`, summed over classes."""
    generator = stream(random_state)
    n = len(split[0].p)
    block = generator.permutation(n) % BLOCKS
    size = np.bincount(block)
    at_once = max(1, CHUNK // max(len(size), *(len(one.count) for one in split)))
    lone = int(np.argmax([one.most_noise() for one in split]))
    drawn = []
    for start in range(0, n_resamples, at_once):
        shape = min(at_once, n_resamples - start), len(size)
        weights = generator.standard_exponential(shape)
        weights /= (weights @ size)[:, None]
        drawn.append(
            sum(
                one.resampled_squares(weights, block, generator, place == lone)
                for place, one in enumerate(split)
            )
        )
    coefficients = np.concatenate(drawn, axis=3)
    values = np.sum([one.squares() for one in split], axis=0).tolist()
    return [
        _squares_estimate(value, coefficients[:, place], level, n_resamples)
        for place, value in enumerate(values)
    ]


def _squares_estimate(
    value: float, directions: FloatArray, level: float, n_resamples: int
) -> Estimate:
    """The lower end by distances as they were seen, the upper by the worse of both directions."""
    ends = [_ends(value, draws, level) for draws in directions]
    low, high = ends[0][0], max(high for _, high in ends)
    name = f"test inversion, {n_resamples} resamples"
    return Estimate(value, min(low, value), max(high, value), level, name)


def _ends(value: float, draws: FloatArray, level: float) -> tuple[float, float]:
    """The mean squares F²·E[true] under which the value is in neither tail."""
    true, both, noise = draws
    tail = 0.5 * (1.0 - level)
    scale = float(true.mean())
    if scale < ROUNDING:
        return 0.0, 0.0

    def excess(factor: float, q: float, seen: float) -> float:
        drawn = factor**2 * true + 2.0 * factor * both + noise
        return float(np.quantile(drawn, q)) - seen

    # Less than noise alone would show tells no more than what it shows.
    seen = value if value > np.quantile(noise, tail) else float(np.median(noise))
    far = float(np.sqrt(seen / scale))
    while excess(far, tail, seen) < 0.0:
        far *= 2.0
    high = optimize.brentq(excess, 0.0, far, args=(tail, seen), xtol=1e-4 * far)
    low = 0.0
    if excess(0.0, 1.0 - tail, value) < 0.0:
        low = optimize.brentq(excess, 0.0, far, args=(1.0 - tail, value), xtol=1e-4 * far)
    return scale * low**2, scale * high**2


def _two_classes(one: _Class, level: float) -> Estimate:
    """Variance of the outcomes."""
    low, high = one.base_interval(level)
    ends = low * (1.0 - low), high * (1.0 - high)
    most = 0.25 if low <= 0.5 <= high else max(ends)
    value = one.base * (1.0 - one.base)
    return Estimate(value, min(ends), most, level, "exact (Clopper–Pearson)")
