"""Fits that leave the range of numbers, data that cannot be used, and changes on the way."""

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import shrinkage as sh
from shrinkage.errors import ConvergenceWarning, InvalidArgument
from shrinkage.losses import Logistic, Multinomial, Squared
from shrinkage.neural import (
    Network,
    Setting,
    fit_dropout_path,
    fit_many,
    fit_penalty_path,
)

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")


def wild(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts, and columns of so large a scale that exp(eta) overflows."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(4e4, 1e4, 300), rng.normal(40, 10, 300)])
    return X, rng.poisson(3, 300).astype(float)


def tame(seed: int = 0, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 6))
    return X, X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(n)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", ["poisson", "gamma", "gaussian"])
def test_every_optimizer_says_that_it_diverged(optimizer: str, loss: str) -> None:
    X, y = wild()
    model = sh.DropoutMLPRegressor(
        loss=loss, optimizer=optimizer, learning_rate=1.0, max_epochs=20, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="left the range"):
        model.fit(X, y + 1.0)
    assert model.ending_ == "diverged"
    assert all(np.isfinite(w).all() for w in model.coefs_)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_after_it_diverged(optimizer: str) -> None:
    X, y = tame()
    setting = Setting((16,), optimizer=optimizer, learning_rate=0.01)
    net = Network(6, Squared(), 1, setting, 0)
    net.set_examples(X, y)
    net.run(30)
    before = net.mean_loss(X, y)
    net.set_learning_rate(1e25)
    assert net.run(5) == "diverged"
    assert net.mean_loss(X, y) == before
    net.set_learning_rate(0.01)
    assert net.run(30) == "none"
    assert net.mean_loss(X, y) < 1.5 * before


@pytest.mark.parametrize(
    ("loss", "outputs", "y"),
    [
        (Multinomial(), 3, np.full(9, 1e9)),
        (Multinomial(), 3, np.full(9, 7.0)),
        (Multinomial(), 3, np.full(9, 0.5)),
        (Logistic(), 1, np.full(9, 5.0)),
        (Squared(), 1, np.r_[np.zeros(8), np.nan]),
        (sh.losses.Poisson(), 1, np.r_[np.zeros(8), -1.0]),
    ],
)
def test_a_network_refuses_targets_that_its_loss_does_not_take(
    loss: Any, outputs: int, y: np.ndarray
) -> None:
    net = Network(3, loss, outputs, Setting((4,)), 0)
    with pytest.raises(InvalidArgument, match=r"y\[\d\]"):
        net.set_examples(np.ones((9, 3)), y)


def test_a_network_refuses_inputs_and_weights_that_cannot_be_used() -> None:
    net = Network(3, Squared(), 1, Setting((4,)), 0)
    X = np.ones((9, 3))
    X[4, 1] = np.nan
    with pytest.raises(InvalidArgument, match="finite"):
        net.set_examples(X, np.zeros(9))
    for weights in (-np.ones(9), np.zeros(9), np.ones(8)):
        with pytest.raises(InvalidArgument, match="sample_weight"):
            net.set_examples(np.ones((9, 3)), np.zeros(9), weights)


def test_refused_examples_leave_those_there_are() -> None:
    X, y = tame()
    one, other = (Network(6, Squared(), 1, Setting((8,)), 0) for _ in range(2))
    for net in (one, other):
        net.set_examples(X.copy(), y.copy())
    for bad in (np.full((50_000, 6), np.nan), np.empty((0, 6))):
        with pytest.raises(InvalidArgument):
            one.set_examples(bad, np.zeros(len(bad)))
    one.run(3)
    other.run(3)
    np.testing.assert_array_equal(one.parameters()[0][0], other.parameters()[0][0])


def test_huge_weights_are_relative_too() -> None:
    X, y = tame()
    one, other = (
        sh.DropoutMLPRegressor((8,), max_epochs=5, random_state=0).fit(X, y, np.full(120, w))
        for w in (1.0, 1e308)
    )
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-5)


def test_each_value_of_a_path_has_the_whole_schedule() -> None:
    X, y = tame()
    given: dict[str, Any] = dict(max_epochs=60, learning_rate=0.02, random_state=0, kkt_every=0)
    lambdas = [1e-4, 1e-2, 0.3]
    zeros = {
        schedule: fit_penalty_path(
            sh.DropoutMLPRegressor(
                (8,), penalty="l1", dropout=0.0, learning_rate_schedule=schedule, **given
            ),
            X,
            y,
            lambdas=lambdas,
        ).zeros.sum(axis=1)
        for schedule in ("constant", "linear", "cosine")
    }
    for found in zeros.values():
        assert found[-1] > 0.7 * zeros["constant"][-1] > 0
    path = fit_dropout_path(
        sh.DropoutMLPRegressor((8,), dropout_schedule="late", **given), X, y, rates=[0.0, 0.6]
    )
    rates = path.estimator.history_.rates[:, 1]
    assert rates[60:90].max() == 0.0 and rates[90:].min() == pytest.approx(0.6)


def test_a_stopped_path_returns_what_is_finished() -> None:
    X, y = tame()
    calls = []

    def stop(progress: Any) -> bool:
        calls.append(progress)
        return True

    model = sh.DropoutMLPRegressor((64, 64), max_epochs=100_000, penalty="l1", callback=stop)
    path = fit_penalty_path(model, X, y, lambdas=[1e-3, 1e-2, 1e-1])
    assert len(calls) == 1
    assert len(path.values) == len(path.train_loss) == len(path.coefs) == 1


def test_set_params_reaches_the_next_partial_fit() -> None:
    X, y = tame()
    model = sh.DropoutMLPRegressor((8,), dropout=0.0, random_state=0)
    for _ in range(5):
        model.partial_fit(X, y)
    model.set_params(learning_rate=0.05, penalty="l1", lam=3.0)
    for _ in range(60):
        model.partial_fit(X, y)
    assert model.history_.learning_rate[[4, 5]].tolist() == pytest.approx([0.001, 0.05])
    assert not model.coefs_[0].any()


def test_a_changed_learning_rate_survives_copies() -> None:
    X, y = tame()
    net = Network(6, Squared(), 1, Setting((8,), learning_rate=0.001), 0)
    net.set_examples(X, y)
    net.run(2)
    net.set_learning_rate(0.05)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        other.set_examples(X, y)
        other.run(3)
        again = copy.deepcopy(net)
        again.set_examples(X, y)
        again.set_learning_rate(0.05)
        again.run(3)
        np.testing.assert_array_equal(other.parameters()[0][0], again.parameters()[0][0])


def test_a_part_of_the_data_may_lack_a_class_of_class_weight() -> None:
    X, y = tame()
    c = (y > 0).astype(int)
    model = sh.DropoutMLPClassifier((8,), class_weight={0: 1.0, 1: 5.0}, random_state=0)
    model.partial_fit(X, c, classes=[0, 1]).partial_fit(X[c == 0], c[c == 0])
    with pytest.raises(InvalidArgument, match="class_weight"):
        sh.DropoutMLPClassifier(class_weight={0: 1.0, 7: 5.0}).partial_fit(X, c, classes=[0, 1])


def test_folds_of_frames_and_lists() -> None:
    X, y = tame()
    halves = [np.arange(60), np.arange(120) >= 60]

    def fitted(data: Any) -> list[Any]:
        models: list[Any] = [
            sh.DropoutMLPRegressor((8,), max_epochs=3, random_state=0) for _ in halves
        ]
        return fit_many(models, data, y, rows=halves)

    plain = fitted(X)
    for data in (X.tolist(), pd.DataFrame(X, index=np.arange(120)[::-1])):
        for one, other in zip(plain, fitted(data), strict=True):
            np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])
    for bad in ([0, 120], [], [0.5, 1.5], np.ones(7, bool)):
        with pytest.raises(InvalidArgument, match=r"rows\[0\]"):
            fit_many([sh.DropoutMLPRegressor()], X, y, rows=[np.array(bad)])
