"""Scores of rows, their means and intervals, against scikit-learn, scipy and plain formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, log_loss

import shrinkage as sh
from shrinkage.uncertainty import (
    Normal,
    NormalMixture,
    Samples,
    brier,
    brier_scores,
    clopper_pearson,
    interval_coverage,
    interval_scores,
    interval_width,
    log_scores,
    mean_estimate,
    negative_log_likelihood,
    set_coverage,
    winkler,
)


def forecasts(n: int = 200, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), n)
    return np.array([rng.choice(classes, p=row) for row in p]), p


def test_scikit_learn_has_the_same_scores() -> None:
    y, p = forecasts()
    names = np.array(["ant", "bee", "cat"])
    assert negative_log_likelihood(names[y], p).value == pytest.approx(log_loss(y, p))
    y, p = forecasts(classes=2)
    single = brier(y, p[:, 1]).value
    assert single == pytest.approx(brier_score_loss(y, p[:, 1]))
    assert brier(y, p).value == pytest.approx(2.0 * single)
    np.testing.assert_allclose(log_scores(y, p), log_scores(y, p[:, 1]))


def test_columns_need_not_be_in_sorted_order() -> None:
    y, p = forecasts()
    names = np.array(["ant", "bee", "cat"])
    turned = log_scores(names[y], p[:, ::-1], classes=names[::-1])
    np.testing.assert_array_equal(turned, log_scores(y, p))
    some = y[y < 2]  # without the third class, its columns are still known by number
    np.testing.assert_array_equal(brier_scores(some, p[y < 2]), brier_scores(y, p)[y < 2])


def test_the_likelihood_of_a_distribution() -> None:
    rng = np.random.default_rng(0)
    mean, y = rng.normal(size=50), rng.normal(size=50)
    expected = -stats.norm.logpdf(y, mean, 0.7).mean()
    assert negative_log_likelihood(y, Normal(mean, 0.7)).value == pytest.approx(expected)
    with pytest.raises(ValueError, match="no density"):
        negative_log_likelihood(y, Samples(rng.normal(size=(3, 50))))


def test_an_impossible_class_is_infinitely_wrong() -> None:
    found = negative_log_likelihood([0, 1], [[1.0, 0.0], [1.0, 0.0]])
    assert found.value == np.inf
    assert "probability 0" in found.method


def test_interval_scores_by_hand() -> None:
    """Gneiting & Raftery 2007, eq. 43: width + (2/α)(distance outside)."""
    scores = interval_scores([0.0, 3.0, -2.0], [-1.0] * 3, [1.0] * 3, coverage=0.8)
    np.testing.assert_allclose(scores, [2.0, 2.0 + 10.0 * 2.0, 2.0 + 10.0 * 1.0])
    y, low, high = np.arange(4.0), np.full(4, 0.5), np.full(4, 2.0)
    assert winkler(y, low, high, 0.5).value == pytest.approx(1.5 + 4.0 * (0.5 + 1.0) / 4)
    assert interval_coverage(y, low, high).value == 0.5
    assert interval_width(low, high).value == 1.5
    assert interval_coverage(y, [-np.inf] * 4, [np.inf] * 4).value == 1.0


def test_the_true_interval_scores_best() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=20_000)

    def score(half: float, shift: float = 0.0) -> float:
        ends = np.full(len(y), shift - half), np.full(len(y), shift + half)
        return winkler(y, *ends, 0.9, n_resamples=10).value

    best = score(1.6449)
    assert best < min(score(1.2), score(2.1), score(1.6449, 0.3))


def test_coverage_of_sets() -> None:
    sets = np.array([[True, False, True], [False, False, False], [True, True, True]])
    assert set_coverage([2, 0, 1], sets).value == pytest.approx(2 / 3)
    assert set_coverage(list("cab"), sets, classes=list("abc")).value == pytest.approx(2 / 3)


def test_clopper_and_pearson_by_scipy() -> None:
    for hits, trials in ((0, 7), (4, 10), (7, 7), (31, 200)):
        exact = stats.binomtest(hits, trials).proportion_ci(0.9, method="exact")
        low, high = clopper_pearson(hits, trials, 0.9)
        assert (float(low), float(high)) == pytest.approx((exact.low, exact.high), rel=1e-9)
    low, high = clopper_pearson(0, 0)
    assert (float(low), float(high)) == (0.0, 1.0)


def test_the_bootstrap_of_a_mean_by_scipy() -> None:
    scores = np.random.default_rng(0).exponential(size=80)
    found = mean_estimate(scores, n_resamples=5000)
    theirs = stats.bootstrap((scores,), np.mean, method="percentile", rng=1, n_resamples=5000)
    low, high = theirs.confidence_interval
    assert found.value == pytest.approx(scores.mean())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)
    assert "5000 resamples" in found.method


def test_many_rows_are_resampled_in_blocks() -> None:
    scores = np.sort(np.random.default_rng(0).exponential(size=200_003))
    found = mean_estimate(scores)
    reach = 1.96 * scores.std() / np.sqrt(len(scores))
    assert found.value == pytest.approx(scores.mean(), rel=1e-12)
    assert found.high - found.low == pytest.approx(2 * reach, rel=0.1)
    assert found == mean_estimate(scores)


def test_one_row_tells_nothing_of_the_spread() -> None:
    found = mean_estimate([3.0])
    assert (found.value, found.low, found.high) == (3.0, -np.inf, np.inf)
    assert "one row" in found.method


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.floats(0.5, 0.99))
def test_an_interval_holds_its_value(scores: list[float], level: float) -> None:
    found = mean_estimate(scores, level=level, n_resamples=200)
    assert min(scores) - 1e-9 <= found.low <= found.high <= max(scores) + 1e-9
    assert float(found) == found.value
    assert f"{level:.0%}" in str(found)
    assert f"{found:.2f}".startswith(f"{found.value:.2f} [")


def test_rounding_leaves_probabilities_where_they_belong() -> None:
    """Float32 softmax of others may give 1.0000001 and -1e-7; more than rounding is refused."""
    rounded = np.array([[1.0000001, -1e-7], [0.3, 0.7]], dtype=np.float32)
    assert brier([0, 1], rounded).value == pytest.approx(0.09, rel=1e-6)
    assert brier([0, 1], rounded[:, 1]).value == pytest.approx(0.045, rel=1e-6)
    assert negative_log_likelihood([0, 1], rounded).value == pytest.approx(-np.log(0.7) / 2)
    with pytest.raises(sh.errors.InvalidArgument, match=r"probabilities\[0\]=1\.00001"):
        brier([0, 1], [1.00001, 0.5])


def test_missing_labels_and_infinite_intervals() -> None:
    with pytest.raises(sh.errors.InvalidArgument, match=r"y=.*none of them missing"):
        brier(np.array(["a", None], dtype=object), [0.2, 0.8])
    ends = np.array([-np.inf, 0.0]), np.array([np.inf, 1.0])
    for found in (interval_width(*ends), winkler([0.5, 0.5], *ends)):
        assert (found.value, found.high) == (np.inf, np.inf)
    assert "infinite" in interval_width(*ends).method


def test_far_targets_have_a_density_of_nothing_without_a_warning() -> None:
    assert Normal([0.0], 1e-200).log_density([1.0])[0] == -np.inf
    assert Normal([0.0], 1e-200).crps([1e200])[0] == 1e200
    mixture = NormalMixture([[0.0], [1e300]], 1.0, weights=[1, 0])
    assert mixture.log_density([0.0])[0] == pytest.approx(-0.5 * np.log(2 * np.pi))
