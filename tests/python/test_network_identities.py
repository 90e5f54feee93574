"""Identities of dropout that hold to rounding, and promises of a training run."""

import itertools
import threading
import time
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.core import _native
from shrinkage.neural import Network, Setting, fit_many, fit_penalty_path


def regression(seed: int = 0, n: int = 60, p: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] * 2 - X[:, 1] + 0.5 * rng.standard_normal(n)


class Classic:
    """A network of one relu layer with classic dropout: no scaling in training (numpy)."""

    def __init__(self, network: Network, keep: float) -> None:
        (W, V), (b, c) = network.parameters()
        self.parameters = [W, b, V / keep, c]
        self.moments: list[Any] = [(0.0, 0.0)] * 4

    def gradient(self, X: np.ndarray, y: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        W, b, V, c = self.parameters
        z = X @ W + b
        h = mask * np.maximum(z, 0)
        r = (h @ V + c - y[:, None]) / len(y)
        delta = r @ V.T * mask * (z > 0)
        return [X.T @ delta, delta.sum(axis=0), h.T @ r, r.sum(axis=0)]

    def sgd(self, gradient: list[np.ndarray], rates: list[float]) -> None:
        parts = zip(self.parameters, rates, gradient, strict=True)
        self.parameters = [p - rate * g for p, rate, g in parts]

    def adam(self, gradient: list[np.ndarray], rate: float, t: int) -> None:
        for i, g in enumerate(gradient):
            m, v = self.moments[i]
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            self.moments[i] = m, v
            step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            self.parameters[i] = self.parameters[i] - rate * step


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_classic_dropout_is_inverted_dropout_under_sgd_alone(optimizer: str) -> None:
    X, y = regression(1)
    rate, hidden, seed, eta = 0.4, 11, 6, 0.03
    keep = 1 - rate
    setting = Setting((hidden,), "relu", optimizer, eta, batch_size=len(y), dtype="float64")
    network = Network(X.shape[1], sh.losses.Squared(), 1, setting, seed)
    network.regularize(dropout=rate)
    network.set_examples(X, y)
    classic = Classic(network, keep)
    network.run(150)
    for step in range(150):
        mask = sh.core.dropout_mask(len(y), hidden, rate, seed=seed, step=step, layer=1)
        gradient = classic.gradient(X, y, mask)
        if optimizer == "sgd":  # the weights behind the mask are larger by 1/q: so is their rate
            classic.sgd(gradient, [eta, eta, eta / keep**2, eta])
        else:
            classic.adam(gradient, eta, step + 1)
    W, b, V, c = classic.parameters
    weighted = np.maximum(X @ W + b, 0) @ (keep * V) + c  # predictions of classic dropout
    difference = np.abs(network.eta(X) - weighted).max()
    if optimizer == "sgd":
        assert difference < 1e-12
        np.testing.assert_allclose(network.parameters()[0][1], keep * V, rtol=0, atol=1e-12)
    else:  # whose steps do not know the scale of a gradient
        assert difference > 1e-3


@pytest.mark.parametrize("classes", [2, 4])
def test_softmax_at_scaled_weights_is_the_normalized_geometric_mean_over_all_masks(
    classes: int,
) -> None:
    rng = np.random.default_rng(2)
    X = rng.standard_normal((80, 9))
    y = np.argmax(X[:, :classes], axis=1)
    rate = 0.35
    model = sh.DropoutMLPClassifier(
        (),
        input_dropout=rate,
        dtype="float64",
        learning_rate=0.05,
        max_epochs=20,
        random_state=0,
        scale=None,
    ).fit(X, y)
    points, (W,), (b,) = X[:6], model.coefs_, model.intercepts_
    if classes == 2:  # one η, that of the second class
        W, b = np.column_stack([0 * W, W]), np.append(0.0, b)
    logs, arithmetic = np.zeros((6, classes)), np.zeros((6, classes))
    for mask in itertools.product((0, 1), repeat=9):
        share = np.prod(np.where(mask, 1 - rate, rate))
        eta = sh.core.apply_dropout(points, np.tile(mask, (6, 1)), rate) @ W + b
        p = np.exp(eta - np.logaddexp.reduce(eta, axis=1, keepdims=True))
        logs += share * np.log(p)
        arithmetic += share * p
    geometric = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(points), geometric, rtol=0, atol=1e-13)
    assert np.abs(arithmetic - geometric).max() > 1e-3


def test_moments_of_a_mask_for_the_whole_batch() -> None:
    network = Network(1, sh.losses.Squared(), 1, Setting((), dtype="float64"), 3)
    network.regularize(input_dropout=0.3, dropout_kind="batch")
    network.set_examples(np.array([[2.0], [1.0]]), np.zeros(2))
    network.set_parameters([np.ones((1, 1))], [np.zeros(1)])
    # With targets 0 the gradient by the bias is the mean of what the inputs became.
    seen = [network.loss_and_gradient(step)[2][0][0] for step in range(6000)]
    values, counts = np.unique(np.round(seen, 12), return_counts=True)
    np.testing.assert_allclose(values, [0, 1.5 / 0.7])  # both rows dropped, or neither
    assert abs(counts[0] / 6000 - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 6000)
    assert abs(np.mean(seen) - 1.5) < 5 * 1.5 * np.sqrt(0.3 / 0.7 / 6000)


def residual_of(model: Any, X: np.ndarray, y: np.ndarray, lam: float) -> float:
    """max dist(−∇, ∂λ|w|)/λ of a linear model without dropout, in numpy."""
    (W,), (b,) = model.coefs_, model.intercepts_
    r = X @ W[:, 0] + b - y
    g, w = X.T @ r / len(y), W[:, 0]
    inside = np.maximum(np.abs(g) - lam, 0)
    apart = np.where(w == 0, inside, np.abs(g + lam * np.sign(w)))
    return float(max(apart.max(), abs(r.mean())) / lam)


def test_a_fit_ends_with_its_residual_in_the_history() -> None:
    X, y = regression(3)
    lam = 0.1
    arguments: dict[str, Any] = dict(
        dropout=0.0,
        penalty="l1",
        lam=lam,
        max_epochs=7,
        random_state=0,
        dtype="float64",
        scale=None,
    )
    model = sh.DropoutMLPRegressor((), **arguments).fit(X, y)
    assert np.isnan(model.history_.kkt[:-1]).all()
    assert model.history_.kkt[-1] == pytest.approx(residual_of(model, X, y, lam), rel=1e-9)
    assert model.history_.kkt_error[-1] == 0.0
    before = len(model.history_)
    model.partial_fit(X, y)
    assert np.isnan(model.history_.kkt[before])
    none = sh.DropoutMLPRegressor((), kkt_every=0, **arguments).fit(X, y)
    assert np.isnan(none.history_.kkt).all()
    some = sh.DropoutMLPRegressor((), kkt_every=3, **arguments).fit(X, y)
    assert np.isnan(some.history_.kkt).tolist() == [True, True, False, True, True, False, False]
    (many,) = fit_many([sh.DropoutMLPRegressor((), **arguments)], X, y)
    np.testing.assert_array_equal(many.history_.kkt, model.history_.kkt[:before])
    path = fit_penalty_path(model, X, y, lambdas=[0.1, 0.2], epochs=4)
    ends = np.flatnonzero(np.isfinite(path.estimator.history_.kkt))
    assert ends.tolist() == [6, 10]


def test_the_residual_at_the_end_is_that_of_the_best_weights() -> None:
    X, y = regression(4, n=40)
    other, target = regression(5, n=300)
    model = sh.DropoutMLPRegressor(
        (), dropout=0.0, penalty="l1", lam=0.01, learning_rate=0.3, max_epochs=100,
        early_stopping=True, n_iter_no_change=5, dtype="float64", random_state=0, scale=None,
    ).fit(X, y, validation=(other, target))  # fmt: skip
    assert model.ending_ == "early_stopping"
    assert model.history_.validation_loss.argmin() < len(model.history_) - 1
    assert model.history_.kkt[-1] == pytest.approx(residual_of(model, X, y, 0.01), rel=1e-9)


def test_with_dropout_the_residual_at_the_end_has_an_error() -> None:
    X, y = regression(6)
    model = sh.DropoutMLPRegressor(8, max_epochs=256, penalty="l1", lam=0.01, random_state=0)
    model.fit(X, y)
    # 256 epochs allow all 32 draws, which are those of the attribute.
    ours = model.history_.kkt[-1], model.history_.kkt_error[-1]
    assert ours == model.kkt_residual_
    assert ours[1] > 0
    short = sh.DropoutMLPRegressor(8, max_epochs=1, random_state=0).fit(X, y)
    assert short.history_.kkt_error[-1] > 0


@pytest.mark.parametrize("kind", ["bernoulli", "batch", "dropconnect", "concrete"])
def test_large_batches_are_added_up_from_parts(kind: str) -> None:
    rng = np.random.default_rng(7)
    n = 2600
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    setting = Setting((5,), "tanh", "sgd", 0.1, batch_size=n, dtype="float64")
    network = Network(3, sh.losses.Squared(), 1, setting, 4)
    network.regularize(dropout=0.5, dropout_kind=kind)
    network.set_examples(X, y, rng.uniform(0.5, 2, n))
    before, (loss, by_weights, _) = network.parameters()[0], network.loss_and_gradient(0)
    loss -= network.penalty()  # what learned rates cost
    network.run(1)
    assert network.updates == 1
    assert network.history.train_loss[0] == pytest.approx(loss, rel=1e-12)
    for old, new, slope in zip(before, network.parameters()[0], by_weights, strict=True):
        np.testing.assert_allclose(new, old - 0.1 * slope, rtol=0, atol=1e-14)


def stopped(network: Network, after: float) -> tuple[float, int]:
    """Seconds from the request to the end of a run, and the steps begun or finished in them."""
    control = _native.Control()
    run = threading.Thread(target=network._native.run, args=(10**6, 1, control, False))
    run.start()
    time.sleep(after)
    steps, begin = network.updates, time.perf_counter()
    control.stop()
    run.join()
    return time.perf_counter() - begin, network.updates - steps


@pytest.mark.serial
@pytest.mark.parametrize("batch", [128, 20_000])
def test_a_big_network_stops_at_once(batch: int) -> None:
    rng = np.random.default_rng(8)
    X = rng.standard_normal((batch, 784)).astype(np.float32)
    y = rng.integers(0, 10, batch).astype(np.float64)
    setting = Setting((1024, 1024, 1024), batch_size=batch)
    network = Network(784, sh.losses.Multinomial(), 10, setting, 1)
    network.regularize(dropout=0.5, input_dropout=0.2, penalty="unit_group", lam=1e-4)
    network.set_examples(X, y)
    tries = [stopped(network, 0.15 + 0.03 * i) for i in range(7)]
    # A step under way ends or is given up; one more may have been counted before the request came.
    assert max(steps for _, steps in tries) <= 1
    # 10 to 50 ms on a machine of its own; one step of the large batch takes a second and more.
    assert np.median([seconds for seconds, _ in tries]) < 0.25
