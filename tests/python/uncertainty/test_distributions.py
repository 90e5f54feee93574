"""Predictive distributions: closed forms against each other, samples, quadrature and packages."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from shrinkage.uncertainty import Normal, NormalMixture, Samples, crps, split_variance


def mixture(seed: int = 0, members: int = 5, n: int = 40) -> tuple[NormalMixture, np.ndarray]:
    rng = np.random.default_rng(seed)
    means, stds = rng.normal(size=(members, n)), rng.uniform(0.2, 2.0, (members, n))
    return NormalMixture(means, stds, rng.uniform(0.1, 1.0, members)), rng.normal(size=n)


def drawn(one: NormalMixture, count: int, seed: int = 1) -> np.ndarray:
    """(count, n) samples of a mixture."""
    rng = np.random.default_rng(seed)
    member = rng.choice(len(one.weights), (count, *one.shape), p=one.weights)
    pick = (member, np.arange(one.shape[0]))
    return one.means[pick] + one.stds[pick] * rng.normal(size=member.shape)


def test_the_crps_of_a_standard_normal() -> None:
    """Gneiting & Raftery 2007, eq. 21, at y = 0: 2φ(0) − 1/√π = 0.2337."""
    assert Normal([0.0], 1.0).crps([0.0])[0] == pytest.approx(0.23369498, abs=1e-8)
    z = np.array([-1.5, 0.3, 4.0])
    expected = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    np.testing.assert_allclose(Normal(np.zeros(3), 2.0).crps(2.0 * z), 2.0 * expected, rtol=1e-13)


def test_one_member_is_a_normal() -> None:
    rng = np.random.default_rng(0)
    mean, std, y = rng.normal(size=9), rng.uniform(0.1, 3.0, 9), rng.normal(size=9)
    one, same = Normal(mean, std), NormalMixture(mean[None], std)
    for name in ("mean", "variance", "std"):
        np.testing.assert_allclose(getattr(one, name), getattr(same, name), rtol=1e-14)
    for name in ("cdf", "log_density", "crps", "pit"):
        np.testing.assert_allclose(getattr(one, name)(y), getattr(same, name)(y), rtol=1e-12)
    np.testing.assert_allclose(one.quantile([0.01, 0.6]), same.quantile([0.01, 0.6]), rtol=1e-12)
    np.testing.assert_array_equal(same.split().model, 0.0)


def test_the_crps_of_a_mixture_by_quadrature() -> None:
    one, y = mixture(n=4)
    for row in range(4):
        single = NormalMixture(one.means[:, row : row + 1], one.stds[:, row : row + 1], one.weights)

        def squared(x: float, row: int = row, single: NormalMixture = single) -> float:
            return float((single.cdf([x])[0] - (x >= y[row])) ** 2)

        parts = [integrate.quad(squared, *ends)[0] for ends in ((-20, y[row]), (y[row], 20))]
        assert one.crps(y)[row] == pytest.approx(sum(parts), rel=1e-7)


def test_samples_approach_the_mixture_they_come_from() -> None:
    one, y = mixture(n=30)
    samples = drawn(one, 20_000)
    many = Samples(samples)
    np.testing.assert_allclose(many.mean, one.mean, atol=0.06)
    np.testing.assert_allclose(many.variance, one.variance, rtol=0.08)
    np.testing.assert_allclose(many.quantile(0.3), one.quantile(0.3), atol=0.08)
    np.testing.assert_allclose(many.crps(y), one.crps(y), atol=0.02)
    fair = np.mean([Samples(samples[i : i + 3], fair=True).crps(y) for i in range(0, 9000, 3)], 0)
    np.testing.assert_allclose(fair, one.crps(y), atol=0.06)
    own = np.mean([Samples(samples[i : i + 3]).crps(y) for i in range(0, 9000, 3)], 0)
    assert (
        own > one.crps(y) + 0.05
    ).all()  # three samples' own distribution is worse than the truth


def test_the_crps_of_samples_by_pairs() -> None:
    rng = np.random.default_rng(3)
    values, y = rng.normal(size=(6, 5)), rng.normal(size=5)
    apart = np.abs(values[:, None] - values[None]).sum(axis=(0, 1))
    first = np.abs(values - y).mean(axis=0)
    np.testing.assert_allclose(Samples(values).crps(y), first - 0.5 * apart / 36, rtol=1e-13)
    np.testing.assert_allclose(Samples(values, fair=True).crps(y), first - 0.5 * apart / 30)
    assert Samples(values[:1]).crps(y) == pytest.approx(np.abs(values[0] - y))


def test_log_density_is_the_logarithm_of_the_members_mean() -> None:
    one, y = mixture()
    expected = np.log(one.weights @ stats.norm.pdf(y, one.means, one.stds))
    np.testing.assert_allclose(one.log_density(y), expected, rtol=1e-12)
    far = np.full(40, 1e3)  # where every density underflows
    assert np.isfinite(one.log_density(far)).all()


def test_the_log_likelihood_of_gal_and_ghahramani() -> None:
    """2016, appendix: logsumexp_t(−½τ(y − ŷ_t)²) − ln T − ½ln 2π + ½ln τ."""
    rng = np.random.default_rng(0)
    members, y, tau = rng.normal(size=(50, 8)), rng.normal(size=8), 2.5
    squares = -0.5 * tau * (y - members) ** 2
    top = squares.max(axis=0)
    sums = top + np.log(np.exp(squares - top).sum(axis=0))
    expected = sums - np.log(50) - 0.5 * np.log(2 * np.pi) + 0.5 * np.log(tau)
    ours = NormalMixture(members, tau**-0.5).log_density(y)
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_pit_is_uniform_under_the_truth() -> None:
    one, _ = mixture(n=3000)
    y = drawn(one, 1, seed=5)[0]
    assert stats.kstest(one.pit(y), "uniform").pvalue > 0.01
    few = Samples(drawn(one, 4, seed=6))
    assert stats.kstest(few.pit(y), "uniform").pvalue > 0.01
    narrow = NormalMixture(one.means, 0.3 * one.stds, one.weights)
    assert stats.kstest(narrow.pit(y), "uniform").pvalue < 1e-6


def test_ties_among_samples_leave_the_pit_uniform() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 3, (6, 5000)).astype(float)
    assert stats.kstest(Samples(values[:5]).pit(values[5]), "uniform").pvalue > 0.01


@given(st.integers(0, 10**6), st.floats(1e-6, 1 - 1e-6), st.floats(-3, 3))
def test_quantile_inverts_the_distribution(seed: int, q: float, log_scale: float) -> None:
    one, _ = mixture(seed, members=1 + seed % 7, n=6)
    scaled = NormalMixture(one.means, 10.0**log_scale * one.stds, one.weights)
    np.testing.assert_allclose(scaled.cdf(scaled.quantile(q)), q, rtol=1e-9, atol=1e-14)
    low, high = scaled.interval(0.5)
    assert (low < high).all()


@given(st.integers(0, 10**6))
def test_the_truth_scores_best_on_average(seed: int) -> None:
    """E_{Y~F} CRPS(G, Y) − CRPS(F, Y) = ∫(F − G)² ≥ 0."""
    truth, _ = mixture(seed, members=2, n=1)
    rng = np.random.default_rng(seed)
    other = Normal(truth.mean + rng.normal(), truth.std * rng.uniform(0.3, 3.0))
    y = truth.quantile((np.arange(50) + 0.5) / 50)[:, 0]
    wide = NormalMixture(np.tile(truth.means, 50), np.tile(truth.stds, 50), truth.weights)
    bad = Normal(np.full(50, other.mean[0]), np.full(50, other.std[0]))
    assert wide.crps(y).mean() <= bad.crps(y).mean() + 0.01 * truth.std[0]
    assert (wide.crps(y) >= 0).all()


def test_variance_is_noise_and_disagreement() -> None:
    one, _ = mixture()
    split = one.split()
    np.testing.assert_allclose(split.total, one.variance)
    other = split_variance(one.means, one.stds**2, weights=one.weights)
    np.testing.assert_allclose(other.model, split.model)
    np.testing.assert_allclose(other.data, split.data)
    second = one.weights @ (one.means**2 + one.stds**2) - one.mean**2
    np.testing.assert_allclose(split.total, second, rtol=1e-10)


def test_several_targets_are_rows_of_their_own() -> None:
    rng = np.random.default_rng(0)
    means, y = rng.normal(size=(4, 7, 2)), rng.normal(size=(7, 2))
    both = NormalMixture(means, 0.5)
    for k in range(2):
        one = NormalMixture(means[..., k], 0.5)
        for name in ("crps", "cdf", "log_density"):
            np.testing.assert_allclose(getattr(both, name)(y)[:, k], getattr(one, name)(y[:, k]))
        np.testing.assert_allclose(both.quantile([0.2, 0.8])[..., k], one.quantile([0.2, 0.8]))
        np.testing.assert_allclose(
            Samples(means).crps(y)[:, k], Samples(means[..., k]).crps(y[:, k])
        )
    assert crps(y, both).value == pytest.approx(both.crps(y).mean())


def test_scoringrules() -> None:
    peer: Any = pytest.importorskip("scoringrules", reason="compares with scoringrules")
    one, y = mixture()
    normal = Normal(one.means[0], one.stds[0])
    np.testing.assert_allclose(normal.crps(y), peer.crps_normal(y, normal.mean, normal.std))
    np.testing.assert_allclose(
        one.crps(y),
        peer.crps_mixnorm(y, one.means.T, one.stds.T, np.tile(one.weights, (len(y), 1))),
        rtol=1e-10,
    )
    values = drawn(one, 11)
    for fair, estimator in ((True, "fair"), (False, "nrg")):
        theirs = peer.crps_ensemble(y, values.T, estimator=estimator)
        np.testing.assert_allclose(Samples(values, fair=fair).crps(y), theirs, rtol=1e-9)


def test_properscoring() -> None:
    peer: Any = pytest.importorskip("properscoring", reason="compares with properscoring")
    one, y = mixture()
    np.testing.assert_allclose(
        Normal(one.means[0], one.stds[0]).crps(y),
        peer.crps_gaussian(y, one.means[0], one.stds[0]),
        rtol=1e-9,
    )
    values = drawn(one, 11)
    np.testing.assert_allclose(Samples(values).crps(y), peer.crps_ensemble(y, values.T), rtol=1e-9)
