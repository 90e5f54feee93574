"""Kinds of dropout, schedules, clipping, compact networks, paths and many networks at once."""

import time
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import Network, Setting, fit_dropout_path, fit_many, fit_penalty_path
from shrinkage.neural.schedules import dropout_factors, learning_rate_factors

ALPHA = -1.7580993408473766


def regression(seed: int = 0, n: int = 120, p: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] * 2 - X[:, 1] + 0.5 * rng.standard_normal(n)


def network(X: np.ndarray, y: np.ndarray, hidden: tuple[int, ...], seed: int = 5) -> Network:
    one = Network(X.shape[1], sh.losses.Squared(), 1, Setting(hidden, dtype="float64"), seed)
    one.set_examples(X, y)
    return one


def masks(n: int, sizes: tuple[int, ...], rate: float, *, seed: int, step: int) -> list[Any]:
    draw = sh.core.dropout_mask
    return [draw(n, u, rate, seed=seed, step=step, layer=layer) for layer, u in enumerate(sizes)]


def squared_gradient(
    net: Network, X: np.ndarray, y: np.ndarray, drop: Any
) -> tuple[float, np.ndarray]:
    """Loss and ∂/∂W of the first layer, with drop(layer, h) -> (masked h, its factor)."""
    (W, V), (b, c) = net.parameters()
    x, _ = drop(0, X)
    h, factor = drop(1, np.maximum(x @ W + b, 0))
    r = (h @ V + c)[:, 0] - y
    delta = r[:, None] * V.T * factor * (x @ W + b > 0)
    return float(0.5 * (r**2).mean()), x.T @ delta / len(y)


@pytest.mark.parametrize("kind", ["bernoulli", "alpha", "batch"])
def test_loss_and_gradient_of_a_kind_are_those_of_its_formula(kind: str) -> None:
    X, y = regression(1, n=21, p=9)
    rate, step, hidden = 0.35, 3, 30
    net = network(X, y, (hidden,))
    net.regularize(dropout=rate, input_dropout=rate, dropout_kind=kind)
    net.set_parameters(net.parameters()[0], [np.linspace(-0.5, 0.5, hidden), np.zeros(1)])
    kept = masks(21, (9, hidden), rate, seed=5, step=step)
    if kind == "batch":
        kept = [np.broadcast_to(mask[:1], mask.shape) for mask in kept]

    def drop(layer: int, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mask = kept[layer]
        if kind != "alpha":
            return h * mask / (1 - rate), mask / (1 - rate)
        q = 1 - rate
        a = (q + ALPHA**2 * q * (1 - q)) ** -0.5
        b = -a * (1 - q) * ALPHA
        return a * np.where(mask, h, ALPHA) + b, a * mask

    loss, gradient = squared_gradient(net, X, y, drop)
    ours, by_weights, _ = net.loss_and_gradient(step)
    # The mask of a batch belongs to all batches of the step.
    assert ours == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(by_weights[0], gradient, rtol=1e-9, atol=1e-12)


def linear_outputs(kind: str, rate: float, value: float, draws: int) -> np.ndarray:
    """What an input of this value becomes, over many examples."""
    X = np.full((draws, 1), value)
    net = network(X, np.zeros(draws), ())
    net.regularize(input_dropout=rate, dropout_kind=kind)
    net.set_parameters([np.ones((1, 1))], [np.zeros(1)])
    # The gradient by W of ½(xw − y)² at w = 1 with targets 0 is the mean of x², by b that of x.
    _, by_weights, by_bias = net.loss_and_gradient(0)
    return np.array([by_bias[0][0], by_weights[0][0, 0]])


@pytest.mark.parametrize(("kind", "rate"), [("gaussian", 0.3), ("bernoulli", 0.3)])
def test_first_two_moments_of_the_noise(kind: str, rate: float) -> None:
    n = 200_000
    mean, square = linear_outputs(kind, rate, 2.0, n)
    ratio = rate / (1 - rate)
    assert abs(mean - 2.0) < 5 * 2.0 * np.sqrt(ratio / n)
    fourth = 3 * ratio**2 if kind == "gaussian" else ratio**2 * (1 / rate - 3 + 1 / (1 - rate))
    spread = 4.0 * np.sqrt((fourth + 4 * ratio) / n)
    assert abs(square - 4.0 * (1 + ratio)) < 6 * spread


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    rng = np.random.default_rng(2)
    n = 200_000
    X = rng.standard_normal((n, 1))
    net = network(X, np.zeros(n), ())
    net.regularize(input_dropout=0.1, dropout_kind="alpha")
    net.set_parameters([np.ones((1, 1))], [np.zeros(1)])
    _, square, mean = net.loss_and_gradient(0)
    assert abs(mean[0][0]) < 5 / np.sqrt(n)
    assert abs(square[0][0, 0] - 1) < 5 * np.sqrt(3 / n)


def test_groups_of_inputs_are_dropped_together() -> None:
    X, y = regression(3, n=50, p=6)
    net = network(X, y, ())
    labels = ["a", "b", "b", "c", "a", "c"]
    net.regularize(input_dropout=0.4, input_groups=labels)
    loss, _, _ = net.loss_and_gradient(2)
    mask = sh.core.dropout_mask(50, 3, 0.4, seed=5, step=2, layer=0)[:, [0, 1, 1, 2, 0, 2]]
    W, b = (arrays[0] for arrays in net.parameters())
    eta = (X * mask / 0.6 @ W + b)[:, 0]
    assert loss == pytest.approx(0.5 * ((eta - y) ** 2).mean(), rel=1e-12)
    with pytest.raises(InvalidArgument, match="input_groups"):
        net.regularize(input_groups=[0, 1])
    with pytest.raises(InvalidArgument, match="input_groups"):
        net.regularize(input_groups=labels, dropout_kind="gaussian")


def test_dropconnect_is_replayed_by_dropout_mask() -> None:
    X, y = regression(13, n=21, p=9)
    hidden, seed, step = 30, 5, 11
    net = network(X, y, (hidden,), seed)
    net.regularize(dropout=0.5, input_dropout=0.3, dropout_kind="dropconnect")
    net.set_parameters(net.parameters()[0], [np.linspace(-0.5, 0.5, hidden), np.zeros(1)])
    (W, V), (b, c) = net.parameters()
    factor = []
    for layer, (weights, rate) in enumerate(((W, 0.3), (V, 0.5))):
        mask = sh.core.dropout_mask([0], weights.size, rate, seed=seed, step=step, layer=layer)
        factor.append(mask.reshape(weights.shape) / (1 - rate))
    z = X @ (W * factor[0]) + b
    h = np.maximum(z, 0)
    r = (h @ (V * factor[1]) + c)[:, 0] - y
    delta = r[:, None] * (V * factor[1]).T * (z > 0) / len(y)
    ours, by_weights, by_biases = net.loss_and_gradient(step)
    assert ours == pytest.approx(0.5 * (r**2).mean(), rel=1e-12)
    np.testing.assert_allclose(by_weights[0], X.T @ delta * factor[0], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(by_biases[0], delta.sum(axis=0), rtol=1e-9, atol=1e-14)
    assert (by_weights[1][factor[1] == 0] == 0).all()


def test_first_two_moments_of_dropconnect() -> None:
    # A linear unit: u = Σ_i w_i v_i M_i/q has mean wᵀv and variance (p/q) Σ (w_i v_i)².
    v, w, rate, draws = np.array([[1.0, -2.0, 0.5]]), np.array([0.3, 1.0, -2.0]), 0.4, 8000
    net = network(v, np.zeros(1), ())
    net.regularize(input_dropout=rate, dropout_kind="dropconnect")
    net.set_parameters([w[:, None]], [np.zeros(1)])
    u = np.array([net.loss_and_gradient(step)[2][0][0] for step in range(draws)])
    variance = rate / (1 - rate) * ((w * v[0]) ** 2).sum()
    assert abs(u.mean() - w @ v[0]) < 5 * np.sqrt(variance / draws)
    spread = ((u - u.mean()) ** 2).std() / np.sqrt(draws)
    assert abs(u.var() - variance) < 5 * spread
    assert net.eta(v)[0, 0] == pytest.approx(w @ v[0])  # predictions scale nothing


def test_dropconnect_with_penalties_paths_and_checks() -> None:
    X, y = regression(14, n=200)
    model = sh.DropoutMLPRegressor(
        (24,), dropout=0.3, dropout_kind="dropconnect", penalty="l1", lam=0.05, max_epochs=120,
        learning_rate=0.005, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert (model.coefs_[0] == 0).mean() > 0.3
    assert model.history_.kkt_error[-1] > 0
    path = fit_dropout_path(model, X, y, rates=[0.1, 0.6], epochs=30)
    assert path.train_loss[1] > path.train_loss[0]
    fresh = sh.DropoutMLPRegressor(**(model.get_params() | {"max_norm": 0.8, "penalty": None}))
    assert np.linalg.norm(fresh.fit(X, y).coefs_[0], axis=0).max() <= 0.8 * (1 + 1e-6)
    with pytest.raises(InvalidArgument, match="input_groups"):
        network(X, y, (4,)).regularize(input_groups=[0] * 12, dropout_kind="dropconnect")


@pytest.mark.parametrize("kind", ["gaussian", "alpha", "batch", "dropconnect"])
def test_a_network_learns_under_every_kind(kind: str) -> None:
    X, y = regression(4, n=400)
    model = sh.DropoutMLPRegressor(
        (128,),
        "selu" if kind == "alpha" else "relu",
        dropout=0.2,
        dropout_kind=kind,
        max_epochs=100,
        random_state=0,
    ).fit(X, y)
    assert model.score(X, y) > 0.75
    same = sh.DropoutMLPRegressor(**(model.get_params() | {"n_threads": 3})).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])


def test_schedules() -> None:
    assert learning_rate_factors("constant", 3).size == 0
    np.testing.assert_allclose(learning_rate_factors("linear", 4), [1, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(learning_rate_factors("cosine", 2), [1, 0.5])
    assert dropout_factors("early", 4, 0.5).tolist() == [1, 1, 0, 0]
    assert dropout_factors("late", 4, 0.5).tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(dropout_factors("front_loaded", 4, 0.1), [1.75, 1.25, 0.75, 0.25])
    assert 0.8 * dropout_factors("front_loaded", 100, 0.8).max() == pytest.approx(0.95)
    for call in (lambda: learning_rate_factors("x", 2), lambda: dropout_factors("x", 2, 0.1)):
        with pytest.raises(InvalidArgument, match="constant"):
            call()


def test_a_schedule_changes_what_an_epoch_does() -> None:
    X, y = regression(5)
    common: dict[str, Any] = dict(max_epochs=6, random_state=0, dropout=0.6)
    falling = sh.DropoutMLPRegressor(learning_rate_schedule="linear", **common).fit(X, y)
    np.testing.assert_allclose(falling.history_.learning_rate, 1e-3 * np.arange(6, 0, -1) / 6)
    early = sh.DropoutMLPRegressor(dropout_schedule="early", **common).fit(X, y)
    none = sh.DropoutMLPRegressor(**(common | {"dropout": 0.0})).fit(X, y)
    always = sh.DropoutMLPRegressor(**common).fit(X, y)
    np.testing.assert_array_equal(early.history_.train_loss[:3], always.history_.train_loss[:3])
    late = sh.DropoutMLPRegressor(dropout_schedule="late", **common).fit(X, y)
    np.testing.assert_array_equal(late.history_.train_loss[:3], none.history_.train_loss[:3])


def test_clipping_bounds_the_step() -> None:
    X, y = regression(6, n=30)
    start = network(X, y, ())
    _, by_weights, by_bias = start.loss_and_gradient(0)
    norm = np.sqrt((by_weights[0] ** 2).sum() + (by_bias[0] ** 2).sum())
    setting = Setting((), "relu", "sgd", 0.1, batch_size=30, dtype="float64", clip_norm=norm / 4)
    clipped = Network(12, sh.losses.Squared(), 1, setting, 5)
    clipped.set_examples(X, y)
    clipped.run(1)
    expected = start.parameters()[0][0] - 0.1 * by_weights[0] / 4
    np.testing.assert_allclose(clipped.parameters()[0][0], expected, rtol=1e-12)


def test_compact_networks_predict_the_same() -> None:
    X, y = regression(7, n=300, p=20)
    model = sh.DropoutMLPRegressor(
        (64, 48),
        dropout=0.0,
        penalty=["input_group", "unit_group", None],
        lam=[0.02, 0.02, 0],
        max_epochs=150,
        learning_rate=0.005,
        random_state=0,
    ).fit(X, y)
    small = model.compact()
    assert small.coefs_[0].shape[0] < 20
    assert small.coefs_[1].shape[1] < 48
    scale = np.abs(model.predict(X)).max()
    np.testing.assert_allclose(small.predict(X), model.predict(X), atol=1e-6 * scale, rtol=0)
    twice = small.compact()
    np.testing.assert_array_equal(twice.kept_inputs_, small.kept_inputs_)
    with pytest.raises(InvalidArgument, match="compact"):
        small.partial_fit(X, y)
    small.fit(X, y)
    assert small.coefs_[0].shape[0] == 20


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_units_without_inputs_move_into_the_next_bias(activation: str) -> None:
    X, y = regression(8, p=5)
    model = sh.DropoutMLPRegressor((6, 4), activation, max_epochs=2, random_state=0).fit(X, y)
    W, b = model._network.parameters()
    W[0][:, [1, 4]] = 0
    b[0][:] = np.linspace(-1, 1, 6)
    W[1][:, 2] = 0
    W[2][3] = 0
    W[0][2] = 0
    model._network.set_parameters(W, b)
    small = model.compact()
    assert [w.shape for w in small.coefs_] == [(4, 4), (4, 2), (2, 1)]
    assert small.kept_inputs_.tolist() == [0, 1, 3, 4]
    np.testing.assert_allclose(small.predict(X), model.predict(X), rtol=1e-5, atol=1e-6)
    for array in W:
        array[:] = 0
    model._network.set_parameters(W, b)
    nothing = model.compact()
    assert [w.shape for w in nothing.coefs_] == [(1, 1), (1, 1), (1, 1)]
    np.testing.assert_allclose(nothing.predict(X), model.predict(X), rtol=1e-6)


def test_a_penalty_path_grows_sparser() -> None:
    X, y = regression(9, n=200)
    Xv, yv = regression(10, n=200)
    model = sh.DropoutMLPRegressor(
        (32,), dropout=0.0, penalty="l1", max_epochs=100, learning_rate=0.005, random_state=0
    )
    path = fit_penalty_path(
        model, X, y, lambdas=[0.001, 0.01, 0.1, 10.0], epochs=60, validation=(Xv, yv)
    )
    total = path.zeros.sum(axis=1)
    assert (np.diff(total) > 0).all()
    assert total[-1] == 12 * 32 + 32
    assert path.to_frame()["lam"].tolist() == [0.001, 0.01, 0.1, 10.0]
    assert np.isfinite(path.validation_loss).all()
    assert path.estimator.lam == 10.0
    assert model.lam == 0.0
    rates = fit_dropout_path(model, X, y, rates=[0.0, 0.5], epochs=20)
    assert rates.train_loss[1] > rates.train_loss[0]
    assert np.isnan(rates.validation_loss).all()
    with pytest.raises(InvalidArgument, match="at least one"):
        fit_penalty_path(model, X, y, lambdas=[])


def test_early_stopping_starts_anew_at_each_value_of_a_path() -> None:
    X, y = regression(9, n=200)
    model = sh.DropoutMLPRegressor(
        (16,), dropout=0.0, penalty="l1", early_stopping=True, max_epochs=60, random_state=0
    )
    path = fit_penalty_path(model, X, y, lambdas=[1e-4, 0.01, 0.5])
    # The best weights at a small penalty have the least validation loss, but are not this one's.
    norms = [np.abs(weights[0]).sum() for weights in path.coefs]
    assert norms[0] > norms[1] > norms[2]
    assert (np.diff(path.zeros.sum(axis=1)) > 0).all()


def test_many_networks_are_each_their_own_fit() -> None:
    X, y = regression(11, n=90)
    rows = [np.flatnonzero(np.arange(90) % 3 != fold) for fold in (0, 1, 2, 0)]
    settings: list[dict[str, Any]] = [
        dict(random_state=0),
        dict(random_state=1, dropout=0.2),
        dict(random_state=2, lam=0.1),
        dict(random_state=3, hidden_layer_sizes=(7,), dtype="float64", max_epochs=4),
    ]
    make = [sh.DropoutMLPRegressor(**(dict(max_epochs=6, penalty="l1") | s)) for s in settings]
    many = fit_many(make, X, y, rows=rows, n_threads=3)
    for one, s, part in zip(many, settings, rows, strict=True):
        alone = sh.DropoutMLPRegressor(**(dict(max_epochs=6, penalty="l1") | s))
        alone.fit(X[part], y[part])
        np.testing.assert_array_equal(one.coefs_[0], alone.coefs_[0])
        assert one.n_iter_ == one.max_epochs
    with pytest.raises(InvalidArgument, match="rows"):
        fit_many(make, X, y, rows=rows[:2])


def test_many_networks_stop_when_asked() -> None:
    X, y = regression(12, n=500)
    models = [sh.DropoutMLPRegressor(max_epochs=100_000, random_state=i) for i in range(4)]
    begin = time.perf_counter()
    fit_many(models, X, y, callback=lambda done: done > 3)
    assert time.perf_counter() - begin < 20
    assert [model.ending_ for model in models] == ["cancelled"] * 4
