"""Several quantiles of one network: none crosses another."""

from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.neural import Quantiles

Q = (0.1, 0.9, 0.5)


def crossing(**given: Any) -> sh.DropoutMLPRegressor:
    """Learned quantiles 3, 1, 2 at probabilities .1, .9, .5, whatever the row."""
    X, y = np.arange(8.0)[:, None], np.arange(8.0)
    model = sh.DropoutMLPRegressor(
        (3,), loss=Quantiles(Q), scale=None, max_epochs=1, kkt_every=0, random_state=0, **given
    ).fit(X, y)
    weights, biases = model._network.parameters()
    model._network.set_parameters([weights[0], 0 * weights[1]], [biases[0], np.array([3.0, 1, 2])])
    return model


def pinball(y: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    apart = y[:, None] - predictions
    return np.maximum(np.array(Q) * apart, (np.array(Q) - 1) * apart).sum(axis=1)


def test_predictions_rise_with_their_probability() -> None:
    model, X = crossing(), np.arange(4.0)[:, None]
    expected = np.tile([1.0, 3.0, 2.0], (4, 1))
    np.testing.assert_array_equal(model.predict(X), expected)
    for kind in ("weight_scaling", "mc", "rao_blackwell", "exact_arithmetic"):
        np.testing.assert_array_equal(model.predict_ensemble(X, kind).mean, expected)
    # A swap of two that cross takes (q' − q)(f − f') from the loss, wherever y is.
    y = np.array([-5.0, 1.5, 2.5, 40.0])
    crossed = np.tile([3.0, 1.0, 2.0], (4, 1))
    np.testing.assert_allclose(pinball(y, crossed) - pinball(y, expected), (0.9 - 0.1) * (3 - 1))


@pytest.mark.parametrize("scale", ["standard", None])
def test_no_quantiles_cross_on_new_rows(scale: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 6))
    y = X[:, 0] + rng.standard_normal(40)
    model = sh.DropoutMLPRegressor(
        (16,),
        loss=Quantiles((0.4, 0.5, 0.6)),
        scale=scale,
        learning_rate=0.01,
        max_epochs=60,
        kkt_every=0,
        random_state=0,
    ).fit(X, y)
    new = 2.0 * rng.standard_normal((300, 6))
    assert (np.diff(model._eta(new), axis=1) < 0).any()  # what was learned does
    assert (np.diff(model.predict(new), axis=1) >= 0).all()
    mean = model.predict_ensemble(new, n_members=3, random_state=0).mean
    assert (np.diff(mean, axis=1) >= 0).all()
