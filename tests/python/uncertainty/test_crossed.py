"""The interval of a mean over fits and rows: by hand, and how often it covers."""

import numpy as np
import pytest
from scipy import special, stats

from shrinkage.errors import InvalidArgument
from shrinkage.uncertainty import crossed_mean_estimate

CHANCE = 1e-4  # with which a true statement may fail a test


def test_it_is_the_analysis_of_variance_of_two_crossed_effects() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((4, 1)) + rng.standard_normal(30) + rng.standard_normal((4, 30))
    found = crossed_mean_estimate(scores, level=0.9)
    mean, fits, rows = scores.mean(), scores.mean(axis=1), scores.mean(axis=0)
    squares = [
        30 * ((fits - mean) ** 2).sum() / 3,
        4 * ((rows - mean) ** 2).sum() / 29,
        ((scores - fits[:, None] - rows + mean) ** 2).sum() / (3 * 29),
    ]
    variance = (squares[0] + squares[1] - squares[2]) / 120
    freedom = variance**2 / ((squares[0] / 120) ** 2 / 3 + (squares[1] / 120) ** 2 / 29)
    reach = stats.t.ppf(0.95, freedom) * np.sqrt(variance)
    assert found.value == mean and found.level == 0.9
    assert found.low == pytest.approx(mean - reach, rel=1e-12)
    assert found.high == pytest.approx(mean + reach, rel=1e-12)
    turned = crossed_mean_estimate(scores.T, level=0.9)  # fits and rows have the same part
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high), rel=1e-12)


def test_fits_that_agree_leave_the_interval_of_the_rows() -> None:
    scores = np.random.default_rng(0).standard_normal(50)
    found = crossed_mean_estimate(np.tile(scores, (6, 1)))
    reach = special.stdtrit(49, 0.975) * scores.std(ddof=1) / np.sqrt(50)
    assert found.high - found.value == pytest.approx(reach, rel=1e-12)
    still = crossed_mean_estimate(np.full((2, 3), 0.25))
    assert (still.low, still.value, still.high) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("of_fits", "of_rows", "rest", "most"),
    [(1.0, 0.0, 1.0, 0.97), (0.0, 1.0, 1.0, 0.98), (0.3, 3.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)],
)
def test_it_covers_as_often_as_it_says(
    of_fits: float, of_rows: float, rest: float, most: float
) -> None:
    """5 fits, 100 rows, 2000 replicates at 95 %. The last two cases may cover more often: where
    effects share the variance, Satterthwaite's degrees are few, and without any effect the mean
    squares of noise are added.
    """
    replicates, covered = 2000, 0
    for seed in range(replicates):
        rng = np.random.default_rng(seed)
        effects = of_fits * rng.standard_normal((5, 1)) + of_rows * rng.standard_normal(100)
        found = crossed_mean_estimate(effects + rest * rng.standard_normal((5, 100)))
        covered += found.low <= 0 <= found.high
    assert stats.binom.ppf(CHANCE, replicates, 0.945) <= covered <= most * replicates


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (5,), (0, 0)])
def test_one_fit_or_row_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        crossed_mean_estimate(np.zeros(shape))
    assert caught.value.fields["argument"] == "scores"
