"""Telling foreign rows apart, and abstaining: against scikit-learn, brute force and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from shrinkage.uncertainty import ood_auroc, risk_coverage


def test_the_auroc_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    known, foreign = np.round(rng.normal(size=60), 1), np.round(rng.normal(size=45) + 0.8, 1)
    found = ood_auroc(known, foreign)
    labels = np.repeat([0, 1], [60, 45])
    assert found.value == pytest.approx(roc_auc_score(labels, np.concatenate([known, foreign])))
    assert found.low < found.value < found.high
    assert "DeLong" in found.method


def test_delongs_standard_error_by_its_components() -> None:
    rng = np.random.default_rng(1)
    known, foreign = rng.normal(size=30), rng.normal(size=40) + 1.0
    won = (foreign[:, None] > known) + 0.5 * (foreign[:, None] == known)
    spread = won.mean(axis=0).var(ddof=1) / 30 + won.mean(axis=1).var(ddof=1) / 40
    found = ood_auroc(known, foreign)
    value = found.value
    reach = 1.959963984540054 * np.sqrt(spread) / (value * (1 - value))
    logit = np.log(value / (1 - value))
    assert found.low == pytest.approx(1 / (1 + np.exp(reach - logit)))
    assert found.high == pytest.approx(1 / (1 + np.exp(-reach - logit)))


def test_without_a_mistake_the_interval_is_that_of_pairs() -> None:
    found = ood_auroc(np.arange(10.0), np.arange(20.0) + 100)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025**0.1)  # ten pairs, none lost
    assert "10 independent pairs" in found.method
    assert ood_auroc([1.0], [1.0]).value == 0.5
    assert ood_auroc(np.ones(5), np.zeros(5)).value == 0.0


def brute(losses: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Risks by their definition; losses of equally sure rows are averaged."""
    flat = np.array([losses[doubt == one].mean() for one in doubt])
    ordered = flat[np.argsort(doubt, kind="stable")]
    return np.array([ordered[: k + 1].mean() for k in range(len(ordered))])


@given(st.integers(0, 10**6), st.integers(1, 25), st.booleans())
def test_the_risk_coverage_curve_by_its_definition(seed: int, n: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    losses = rng.integers(0, 2, n).astype(float)
    doubt = rng.integers(0, 4, n).astype(float) if ties else rng.random(n)
    curve = risk_coverage(losses, doubt)
    np.testing.assert_allclose(curve.risk, brute(losses, doubt), atol=1e-12)
    assert curve.aurc.value == pytest.approx(curve.risk.mean())
    assert curve.risk[-1] == pytest.approx(losses.mean())
    assert curve.coverage[-1] == 1.0
    assert curve.excess >= -1e-12
    assert curve.aurc.low <= curve.aurc.value <= curve.aurc.high


def test_the_best_order_has_no_excess() -> None:
    losses = np.array([0.0, 1.0, 0.0, 0.5])
    assert risk_coverage(losses, losses).excess == 0.0
    assert risk_coverage(losses, -losses).excess > 0.3


def test_the_standard_error_of_the_area_by_simulation() -> None:
    rng = np.random.default_rng(0)

    def sample() -> tuple[np.ndarray, np.ndarray]:
        doubt = rng.random(300)
        return (rng.random(300) < 0.6 * doubt).astype(float), doubt

    areas = [risk_coverage(*sample()) for _ in range(300)]
    spread = np.std([one.aurc.value for one in areas])
    claimed = np.mean([one.aurc.high - one.aurc.value for one in areas]) / 1.96
    assert claimed == pytest.approx(spread, rel=0.12)
