"""Entropies and variances of ensembles: identities, limits, and values by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shrinkage.uncertainty import entropy, split_entropy, split_variance


def members(seed: int, count: int, n: int = 6, classes: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.4), (count, n))


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(2, 5))
def test_total_is_data_and_model(seed: int, count: int, classes: int) -> None:
    given_ = members(seed, count, classes=classes)
    split = split_entropy(given_)
    np.testing.assert_allclose(split.total, split.data + split.model, rtol=1e-9, atol=1e-12)
    assert (split.model >= 0).all()
    assert (split.total <= np.log(classes) + 1e-12).all()
    assert (split.variation_ratio <= 1.0 - 1.0 / min(count, classes) + 1e-12).all()
    np.testing.assert_allclose(split.mean, given_.mean(axis=0))


def test_one_member_has_no_doubt() -> None:
    alone = split_entropy(members(0, 1))
    np.testing.assert_array_equal(alone.model, 0.0)
    np.testing.assert_array_equal(alone.variation_ratio, 0.0)
    np.testing.assert_array_equal(alone.total, alone.data)
    np.testing.assert_array_equal(split_variance(np.ones((1, 4)), 2.0).model, 0.0)


def test_two_sure_members_that_disagree() -> None:
    """All doubt is of the model: ln 2, half of the votes elsewhere."""
    split = split_entropy([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    assert split.model[0] == pytest.approx(np.log(2))
    assert split.data[0] == 0.0
    assert split.variation_ratio[0] == 0.5
    same = split_entropy([[[0.5, 0.5]], [[0.5, 0.5]]])
    assert (same.model[0], same.data[0]) == (0.0, pytest.approx(np.log(2)))


def test_two_classes_by_one_probability() -> None:
    p = np.random.default_rng(0).random((4, 5))
    one, two = split_entropy(p), split_entropy(np.stack([1 - p, p], axis=-1))
    for name in ("total", "data", "model", "variation_ratio"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_weights_count_members() -> None:
    given_ = members(1, 3)
    weighted = split_entropy(given_, weights=[2, 1, 1])
    repeated = split_entropy(given_[[0, 0, 1, 2]])
    np.testing.assert_allclose(weighted.model, repeated.model)
    np.testing.assert_allclose(weighted.variation_ratio, repeated.variation_ratio)
    means = np.random.default_rng(1).normal(size=(3, 5))
    one, two = split_variance(means, weights=[2, 1, 1]), split_variance(means[[0, 0, 1, 2]])
    np.testing.assert_allclose(one.model, two.model)


def test_entropy_is_scipys() -> None:
    p = members(2, 1)[0]
    np.testing.assert_allclose(entropy(p), stats.entropy(p, axis=1))


def test_noise_may_differ_by_row_and_by_member() -> None:
    means = np.random.default_rng(0).normal(size=(3, 4))
    rows, each = np.arange(1.0, 5.0), np.random.default_rng(1).random((3, 4))
    np.testing.assert_allclose(split_variance(means, rows).data, rows)
    np.testing.assert_allclose(split_variance(means, each).data, each.mean(axis=0))
    split = split_variance(means, each)
    np.testing.assert_allclose(split.std**2, each.mean(axis=0) + means.var(axis=0))
