"""A measured value with the interval it is known to, and the ways such intervals are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from .._validation import FloatArray, as_floats, as_integer, describe, refuse
from ._inputs import as_level, as_scores

RESAMPLES = 2000
BLOCKS = 10_000  # rows beyond so many are summed into so many blocks before they are resampled
CHUNK = 2**22  # numbers held at a time


@dataclass(frozen=True)
class Estimate:
    """A measured value and its confidence interval.

    Attributes:
        value: the measure. low, high: ends of the interval.
        level: the share of such intervals that cover the measure on endlessly many rows.
        method: how the interval was made, in words.
    """

    value: float
    low: float
    high: float
    level: float
    method: str

    def to_columns(self, name: str) -> dict[str, float]:
        """Cells of a table: `name`, `name`_low and `name`_high."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        spec = spec or ".4g"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def __str__(self) -> str:
        return f"{self} at {self.level:.0%} ({self.method})"


def stream(seed: int) -> np.random.Generator:
    """Random numbers of our own: data are often drawn by ``default_rng(0)`` too."""
    return np.random.default_rng([0x5CA1E, seed])


def mean_estimate(
    scores: npt.ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """The mean of (n,) scores of rows, with the percentile interval of the bootstrap over rows.

    Efron & Tibshirani 1993, chapter 13. One row tells nothing of the spread: no ends. Rows beyond
    10,000 are first summed into 10,000 blocks at random places, whose resampled mean has the same
    variance.
    """
    rows = as_scores(scores, "scores")
    level = as_level(level)
    n_resamples = as_integer(n_resamples, "n_resamples", minimum=10, maximum=10**6)
    if len(rows) == 1:
        return Estimate(float(rows[0]), -np.inf, np.inf, level, "unknown of one row")
    generator = stream(random_state)
    sums = np.column_stack([np.ones(len(rows)), rows])
    if len(rows) > BLOCKS:
        block = generator.permutation(len(rows)) % BLOCKS
        sums = np.column_stack([np.bincount(block), np.bincount(block, rows)]).astype(float)
    drawn = np.concatenate(list(_resampled(sums, n_resamples, generator)))
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(drawn[:, 1] / drawn[:, 0], [tail, 1.0 - tail])
    value = float(rows.mean())
    name = f"percentile bootstrap, {n_resamples} resamples of rows"
    return Estimate(value, min(float(low), value), max(float(high), value), level, name)


def crossed_mean_estimate(scores: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """The mean of (R, n) scores of R fits (seeds) on the same n rows, known for new fits and rows.

    Fits and rows are crossed random effects, m_ri = µ + a_r + b_i + e_ri. With the mean squares M_a
    between fits, M_b between rows and M_e of what is left, the mean has the variance
    (M_a + M_b − M_e)/(R n), here never less than that of either effect alone (Cornfield & Tukey
    1956); the interval is that of Student's t with the degrees of freedom of Satterthwaite (1946).
    A difference of two models on the same rows and seeds is paired: give the difference of scores.

    Raises:
        InvalidArgument: there are fewer than two fits or rows.
    """
    array = as_floats(scores, "scores", ndim=2)
    level = as_level(level)
    fits, rows = array.shape
    if fits < 2 or rows < 2:
        remedy = "give (R, n) scores of at least two fits and two rows"
        raise refuse("scores", describe(array), remedy, code="argument.shape")
    value = float(array.mean())
    of_fits, of_rows = array.mean(axis=1), array.mean(axis=0)
    left = array - of_fits[:, None] - of_rows + value
    rest = float((left**2).sum()) / ((fits - 1) * (rows - 1) * fits * rows)
    parts = np.array([of_fits.var(ddof=1) / fits, of_rows.var(ddof=1) / rows])
    variance = max(float(parts.sum()) - rest, float(parts.max()))
    reach = 0.0
    if variance > 0:
        freedom = variance**2 / float((parts**2 / [fits - 1, rows - 1]).sum())
        quantile = float(special.stdtrit(freedom, 0.5 * (1.0 + level)))
        reach = quantile * float(np.sqrt(variance))
    name = f"Student's t, {fits} fits crossed with {rows} rows"
    return Estimate(value, value - reach, value + reach, level, name)


def _resampled(
    sums: FloatArray, n_resamples: int, generator: np.random.Generator
) -> Iterator[FloatArray]:
    """(., k) sums over resampled rows of (G, k), some resamples at a time."""
    size = len(sums)
    at_once = max(1, CHUNK // size)
    for start in range(0, n_resamples, at_once):
        count = min(at_once, n_resamples - start)
        chosen = generator.integers(0, size, (count, size))
        chosen += size * np.arange(count)[:, None]
        times = np.bincount(chosen.ravel(), minlength=count * size).reshape(count, size)
        yield times.astype(np.float64) @ sums


def clopper_pearson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Exact interval of a binomial share (Clopper & Pearson 1934), elementwise.

    It covers at least with probability `level` for any share; without trials it is [0, 1].
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    tail = 0.5 * (1.0 - as_level(level))
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0, special.betaincinv(np.maximum(k, 1e-9), n - k + 1.0, tail), 0.0)
        high = np.where(
            k < n, special.betaincinv(k + 1.0, np.maximum(n - k, 1e-9), 1.0 - tail), 1.0
        )
    return low, high


def share_estimate(hits: npt.NDArray[np.bool_], *, level: float = 0.95) -> Estimate:
    """The share of true entries with its exact interval (Clopper & Pearson 1934)."""
    count = int(np.count_nonzero(hits))
    low, high = clopper_pearson(count, hits.size, level)
    value = count / hits.size
    return Estimate(value, float(low), float(high), float(level), "exact (Clopper–Pearson)")
