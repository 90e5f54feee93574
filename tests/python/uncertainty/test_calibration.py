"""Calibration errors, Brier's parts and PIT histograms: published values, identities, packages."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from shrinkage.uncertainty import (
    brier_parts,
    brier_scores,
    expected_calibration_error,
    pit_histogram,
    reliability,
)

# The worked example of scikit-learn's pull request 11096; its sample weight 3 is three rows here.
EIGHT = np.array([0, 0, 0, 1] + [0, 1, 1, 1] * 3)


def drawn(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(int), p


@pytest.mark.parametrize("strategy", ["mass", "width"])
def test_the_worked_example_of_scikit_learn(strategy: Any) -> None:
    settled = dict(strategy=strategy, n_bins=2)
    right = np.repeat([0.25, 0.75], [4, 12])
    assert expected_calibration_error(EIGHT, right, **settled).value == 0.0
    off = np.repeat([0.25, 1.0], [4, 12])
    errors = {n: expected_calibration_error(EIGHT, off, norm=n, **settled).value for n in NORMS}
    assert errors["l1"] == pytest.approx(0.1875)
    assert errors["l2"] == pytest.approx(0.2165063, abs=1e-7)
    assert errors["max"] == pytest.approx(0.25)


NORMS: Any = ("l1", "l2", "max")


@pytest.mark.parametrize(("ours", "theirs"), [("mass", "quantile"), ("width", "uniform")])
def test_scikit_learns_calibration_curve(ours: Any, theirs: str) -> None:
    y, p = drawn()
    bins = reliability(y, p, n_bins=10, strategy=ours)
    frequency, confidence = calibration_curve(y, p, n_bins=10, strategy=theirs)
    np.testing.assert_allclose(bins.frequency, frequency)
    np.testing.assert_allclose(bins.confidence, confidence)
    assert (bins.low < bins.frequency).all()
    assert (bins.frequency < bins.high).all()
    assert bins.count.sum() == 500
    gaps = np.abs(bins.frequency - bins.confidence) @ bins.count / 500
    found = expected_calibration_error(y, p, n_bins=10, strategy=ours)
    assert found.value == pytest.approx(gaps)
    assert "test inversion" in found.method


def test_the_confidence_of_several_classes_is_their_largest_probability() -> None:
    p = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.7, 0.2, 0.1]])
    bins = reliability([0, 2, 2, 0], p, n_bins=1)
    assert bins.confidence.tolist() == pytest.approx([0.65])
    assert bins.frequency.tolist() == [0.75]
    assert bins.edges.tolist() == [[0.5, 0.8]]


def test_equal_confidences_are_never_parted() -> None:
    y, p = drawn()
    p = np.round(p, 1)
    bins = reliability(y, p, n_bins=7)
    assert bins.count.sum() == len(y)
    assert (bins.edges[1:, 0] > bins.edges[:-1, 1]).all()
    assert len(reliability(y, np.full(500, 0.3)).count) == 1


@given(st.integers(0, 10**6), st.integers(1, 20), st.sampled_from(["mass", "width"]))
def test_calibration_does_not_depend_on_the_order(seed: int, n_bins: int, strategy: Any) -> None:
    y, p = drawn(60, seed)
    order = np.random.default_rng(seed).permutation(60)
    given_ = dict(n_bins=n_bins, strategy=strategy, n_draws=20)
    one = expected_calibration_error(y, p, **given_)
    two = expected_calibration_error(y[order], p[order], **given_)
    assert one.value == pytest.approx(two.value, abs=1e-12)
    assert 0.0 <= one.low <= one.value <= one.high <= 1.0


@given(st.integers(0, 10**6), st.sampled_from([None, 1, 5, 15]), st.integers(2, 4))
def test_brier_is_the_sum_of_its_parts(seed: int, n_bins: int | None, classes: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.dirichlet(np.ones(classes), 50), 1)
    p[:, -1] = 1.0 - p[:, :-1].sum(axis=1)
    p = np.clip(p, 0.0, 1.0)
    p /= p.sum(axis=1, keepdims=True)
    y = rng.integers(0, classes, 50)
    for forecast in (p, p[:, 1] if classes == 2 else p):
        parts = brier_parts(y, forecast, classes=range(classes), n_bins=n_bins)
        total = (
            parts.reliability.value
            - parts.resolution.value
            + parts.uncertainty.value
            + parts.within.value
        )
        assert parts.score.value == pytest.approx(total, abs=1e-12)
        assert parts.score.value == pytest.approx(
            brier_scores(y, forecast, classes=range(classes)).mean()
        )
        if n_bins is None:
            assert parts.within.value == pytest.approx(0.0, abs=1e-15)
        for part in vars(parts).values():
            assert part.low <= part.value <= part.high


def test_murphys_parts_by_hand() -> None:
    """Two forecasts, 0.2 (twice) and 0.8 (three times); outcomes 0 0 and 1 1 0."""
    parts = brier_parts([0, 0, 1, 1, 0], [0.2, 0.2, 0.8, 0.8, 0.8], n_bins=None)
    assert parts.reliability.value == pytest.approx((2 * 0.04 + 3 * (0.8 - 2 / 3) ** 2) / 5)
    assert parts.resolution.value == pytest.approx((2 * 0.16 + 3 * (2 / 3 - 0.4) ** 2) / 5)
    assert parts.uncertainty.value == pytest.approx(0.24)
    assert parts.score.value == pytest.approx(
        brier_score_loss([0, 0, 1, 1, 0], [0.2, 0.2, 0.8, 0.8, 0.8])
    )


def test_intervals_of_briers_parts_at_the_ends() -> None:
    """No event yet: nothing is quite sure. One bin: no resolution. Two classes: exact."""
    none = brier_parts(np.zeros(100, int), np.linspace(0.0, 0.02, 100), classes=[0, 1])
    rate = 1.0 - 0.025 ** (1 / 100)
    assert none.uncertainty.high == pytest.approx(rate * (1.0 - rate))
    assert none.resolution.low == none.resolution.value == 0.0 < none.resolution.high < 0.05
    assert (rate - 0.01) ** 2 < none.reliability.high < 0.05
    y = np.arange(60) % 3
    even = brier_parts(y, np.full((60, 3), 1 / 3))
    assert even.resolution.high == pytest.approx(0.0, abs=1e-30)
    assert even.uncertainty.low < even.uncertainty.value == pytest.approx(2 / 3)
    assert even.uncertainty.high == pytest.approx(even.uncertainty.value)


@given(st.integers(0, 10**6))
def test_one_column_has_half_of_two(seed: int) -> None:
    y, p = drawn(60, seed)
    one = brier_parts(y, p, classes=[0, 1], n_resamples=50)
    two = brier_parts(y, np.column_stack([1.0 - p, p]), classes=[0, 1], n_resamples=50)
    for part in ("score", "reliability", "resolution", "uncertainty", "within"):
        assert 2.0 * getattr(one, part).value == pytest.approx(getattr(two, part).value, abs=1e-12)
    for part in ("reliability", "resolution", "uncertainty"):
        for end in ("low", "high"):
            ends = getattr(getattr(one, part), end), getattr(getattr(two, part), end)
            assert 2.0 * ends[0] == pytest.approx(ends[1])


def test_ends_of_briers_parts_stay_within_what_is_possible() -> None:
    row = brier_parts([1], [0.3], classes=[0, 1])
    assert row.reliability.high <= 1.0
    wrong = brier_parts(np.ones(50, int), np.zeros(50), classes=[0, 1])
    assert wrong.reliability.value == wrong.reliability.high == 1.0
    y = np.arange(200) % 2
    sure = brier_parts(y, np.where(y == 1, 0.99, 0.01))
    assert sure.resolution.value <= sure.resolution.high <= sure.uncertainty.high == 0.25


def test_pit_histograms_tell_what_is_wrong() -> None:
    rng = np.random.default_rng(0)
    flat = pit_histogram(rng.random(2000))
    assert flat.p_value > 0.01
    assert flat.density.mean() == pytest.approx(1.0)
    assert ((flat.low <= 1.0) & (flat.high >= 1.0)).mean() >= 0.8
    hump = pit_histogram(rng.beta(3, 3, 2000))
    assert hump.p_value < 1e-6
    assert hump.low[5] > 1.0 > hump.high[0]
    with pytest.raises(ValueError, match="from 0 to 1"):
        pit_histogram([0.2, 1.2])


def test_netcal() -> None:
    peer: Any = pytest.importorskip("netcal.metrics", reason="compares with netcal")
    y, p = drawn()
    ours = expected_calibration_error(y, p, n_bins=10, strategy="width").value
    assert ours == pytest.approx(peer.ECE(10).measure(p, y), abs=1e-9)


def test_a_million_rows() -> None:
    y, p = drawn(10**6)
    found = expected_calibration_error(y, p)
    assert found.value < 0.005
    assert brier_parts(y, p).score.value == pytest.approx(1 / 6, abs=1e-3)
