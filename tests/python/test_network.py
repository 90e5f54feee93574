"""Networks against closed forms, the path solver and themselves."""

import pickle
import time
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh
from shrinkage.errors import ConvergenceWarning, InvalidArgument
from shrinkage.neural import InputGroup, Network, Quantiles, Setting, UnitGroup

OPTIMIZERS = {"sgd": 0.1, "momentum": 0.02, "adam": 0.01}


def regression(seed: int = 0, n: int = 120, p: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] * 2 - X[:, 1] + 0.5 * rng.standard_normal(n)


def linear(optimizer: str, n: int, **more: Any) -> sh.DropoutMLPRegressor:
    arguments: dict[str, Any] = dict(
        optimizer=optimizer,
        learning_rate=OPTIMIZERS[optimizer],
        batch_size=n,
        max_epochs=3000,
        dropout=0.0,
        dtype="float64",
        random_state=0,
        scale=None,  # the objective is that of X and y as they are
    )
    return sh.DropoutMLPRegressor((), **(arguments | more))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("penalty", ["l1", "l2", sh.ElasticNet(0.4)])
def test_a_network_without_hidden_layer_is_the_path_solvers_fit(
    optimizer: str, penalty: Any
) -> None:
    X, y = regression()
    weight = np.linspace(0.5, 2.0, len(y))
    model = linear(optimizer, len(y), penalty=penalty, lam=0.2).fit(X, y, weight)
    path = sh.fit_path(
        X, y, penalty=penalty, lambdas=[0.2], sample_weight=weight, standardize=False, tol=1e-12
    )
    np.testing.assert_allclose(model.coefs_[0], path.coefs, atol=1e-10)
    np.testing.assert_allclose(model.intercepts_[0], path.intercepts, atol=1e-10)
    np.testing.assert_array_equal(model.coefs_[0] == 0, path.coefs == 0)
    residual, error = model.kkt_residual_
    assert residual < 1e-9
    assert error == 0.0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_network_without_hidden_layer_closes_the_duality_gap_of_the_lasso(
    optimizer: str,
) -> None:
    X, y = regression()
    lam, share = 0.2, np.linspace(0.5, 2.0, len(y))
    model = linear(optimizer, len(y), penalty="l1", lam=lam).fit(X, y, share)
    share = share / share.sum()
    residual = y - model.predict(X)
    primal = 0.5 * share @ residual**2 + lam * np.abs(model.coefs_[0]).sum()
    # The residual, scaled until no column has more than lam, is a point of the dual.
    theta = residual * min(1.0, lam / np.abs(X.T @ (share * residual)).max())
    centred = y - share @ y
    dual = 0.5 * share @ centred**2 - 0.5 * share @ (centred - theta) ** 2
    assert abs(share @ theta) < 1e-10
    assert -1e-12 < primal - dual < 1e-9 * primal


def common_recipe(optimizer: str, X: np.ndarray, y: np.ndarray, lam: float) -> np.ndarray:
    """A lasso fitted as is usual: the optimizer's step, then a soft threshold of rate·λ."""
    n, p = X.shape
    w, m, v, rate = np.zeros(p), np.zeros(p), np.zeros(p), OPTIMIZERS[optimizer]
    for t in range(1, 20001):
        g = X.T @ (X @ w - y) / n
        if optimizer == "momentum":
            m = 0.9 * m + g
            w = w - rate * m
        else:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w = np.sign(w) * np.maximum(np.abs(w) - rate * lam, 0)
    g = X.T @ (X @ w - y) / n
    return np.where(w == 0, np.maximum(np.abs(g) - lam, 0), np.abs(g + lam * np.sign(w)))


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_only_the_metric_aware_step_reaches_the_lasso(optimizer: str) -> None:
    X, y = regression(3)
    X, y = X - X.mean(axis=0), y - y.mean()
    model = linear(optimizer, len(y), penalty="l1", lam=0.2).fit(X, y)
    assert model.kkt_residual_[0] < 1e-9
    assert common_recipe(optimizer, X, y, 0.2).max() / 0.2 > 0.1


def test_input_dropout_of_a_linear_model_is_ridge() -> None:
    X, y = regression(1, n=40, p=4)
    X, y = X - X.mean(axis=0), y - y.mean()
    rate, n = 0.3, len(y)
    network = Network(4, sh.losses.Squared(), 1, Setting((), dtype="float64", batch_size=n), 5)
    network.regularize(input_dropout=rate)
    network.set_examples(X, y)
    ridge = np.linalg.solve(X.T @ X + rate / (1 - rate) * np.diag(np.diag(X.T @ X)), X.T @ y)
    network.set_parameters([ridge[:, None]], [np.zeros(1)])
    draws = np.array([network.loss_and_gradient(step)[1][0][:, 0] for step in range(4000)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0)) < 5 * error).all()
    network.set_parameters([2 * ridge[:, None]], [np.zeros(1)])
    draws = np.array([network.loss_and_gradient(step)[1][0][:, 0] for step in range(400)])
    assert (np.abs(draws.mean(axis=0)) > 5 * draws.std(axis=0) / 20).any()


def forward(model: Network, X: np.ndarray, masks: list[np.ndarray], rate: float) -> np.ndarray:
    weights, biases = model.parameters()
    h = X
    for layer, (W, b) in enumerate(zip(weights, biases, strict=True)):
        z = sh.core.apply_dropout(h, masks[layer], rate) @ W + b
        h = np.maximum(z, 0)
    return z[:, 0]


def test_the_masks_are_those_of_dropout_mask() -> None:
    X, y = regression(2, n=37, p=9)
    rate, seed, step = 0.4, 2**40 + 3, 17
    network = Network(9, sh.losses.Squared(), 1, Setting((21, 5), dtype="float64"), seed)
    network.regularize(dropout=rate, input_dropout=rate)
    network.set_examples(X, y)
    loss, _, _ = network.loss_and_gradient(step)
    masks = [
        sh.core.dropout_mask(37, units, rate, seed=seed, step=step, layer=layer)
        for layer, units in enumerate((9, 21, 5))
    ]
    eta = forward(network, X, masks, rate)
    assert loss == pytest.approx(sh.core.loss_value("squared", y, eta), rel=1e-12)


@pytest.mark.parametrize("kind", ["adam", "momentum"])
def test_the_same_bits_for_any_threads_and_across_a_checkpoint(kind: str) -> None:
    X, y = regression(4, n=300, p=30)
    setting = Setting((80, 70), optimizer=kind, batch_size=100)

    def network() -> Network:
        one = Network(30, sh.losses.Squared(), 1, setting, 7)
        one.regularize(dropout=0.3, penalty="l1", lam=1e-3)
        one.set_examples(X, y)
        return one

    whole = network()
    whole.run(6, n_threads=1)
    first = network()
    first.run(2, n_threads=2)
    second = pickle.loads(pickle.dumps(first))
    second.set_examples(X, y)
    second.run(4, n_threads=3)
    for ours, other in zip(whole.parameters(), second.parameters(), strict=True):
        for a, b in zip(ours, other, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.history.train_loss, second.history.train_loss)
    assert second.updates == 18


def test_everything_may_change_between_epochs() -> None:
    X, y = regression(5)
    network = Network(12, sh.losses.Squared(), 1, Setting((16,)), 0)
    network.set_examples(X, y)
    network.regularize(penalty="l1", lam=10.0)
    network.run(200)
    assert network.history.zeros[-1].tolist() == [12 * 16, 16]
    assert network.history.penalty[-1] == 0.0
    fresh = Network(12, sh.losses.Squared(), 1, Setting((16,)), 0)
    network.set_parameters(*fresh.parameters())
    network.regularize(penalty=["l1", None], lam=[0.01, 0.0], dropout=[0.1])
    network.set_learning_rate(0.005)
    network.run(50)
    assert network.history.learning_rate[-1] == 0.005
    assert network.history.zeros[-1][1] == 0
    assert network.history.train_loss[-1] < network.history.train_loss[199]


def test_zeros_come_back_to_life() -> None:
    X, y = regression(6)
    model = linear("adam", len(y), penalty="l1", lam=100.0, max_epochs=2000)
    with pytest.warns(ConvergenceWarning, match="no weight in layer 1"):
        model.fit(X, y)
    assert not model.coefs_[0].any()
    model.set_params(lam=0.01, warm_start=True).fit(X, y)
    path = sh.fit_path(X, y, lambdas=[0.01], standardize=False, tol=1e-12)
    np.testing.assert_array_equal(model.coefs_[0] == 0, path.coefs == 0)
    assert model.coefs_[0].any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("penalty", [UnitGroup(), InputGroup()])
def test_groups_rest_at_a_stationary_point(optimizer: str, penalty: Any) -> None:
    rng = np.random.default_rng(7)
    X = rng.standard_normal((80, 6))
    Y = X @ (rng.standard_normal((6, 3)) * np.array([[1], [1], [1], [0], [0], [0]]))
    model = linear(optimizer, 80, penalty=penalty, lam=0.3, max_epochs=6000).fit(X, Y)
    assert model.kkt_residual_[0] < 1e-8
    W, b = model.coefs_[0], model.intercepts_[0]
    gradient = X.T @ (X @ W + b - Y) / 80
    axis = 0 if isinstance(penalty, UnitGroup) else 1
    norm = np.linalg.norm(W, axis=axis, keepdims=True)
    kink = 0.3 * np.sqrt(W.shape[axis])
    with np.errstate(invalid="ignore"):
        inside = np.linalg.norm(gradient, axis=axis, keepdims=True) <= kink
        rest = np.where(norm > 0, np.abs(gradient + kink * W / norm) < 1e-8, inside)
    assert rest.all()
    if axis == 1:
        assert (norm == 0).any() and (norm > 0).any()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_max_norm_bounds_every_unit_and_rests(optimizer: str) -> None:
    X, y = regression(8)
    model = linear(optimizer, len(y), max_norm=0.7, max_epochs=2000, penalty="l1", lam=0.05)
    model.fit(X, y)
    assert np.linalg.norm(model.coefs_[0]) == pytest.approx(0.7, rel=1e-12)
    assert model.kkt_residual_[0] < 1e-5


def test_adamw_decays_as_pytorchs_does() -> None:
    X, y = regression(9, n=8, p=3)
    network = Network(3, sh.losses.Squared(), 1, Setting((), "identity", "adamw", 0.1), 0)
    network.regularize(penalty="l2", lam=0.5)
    network.set_examples(X, y)
    start = network.parameters()[0][0]
    gradient = network.loss_and_gradient(0)[1][0]
    network.run(1)
    # Adam's first step is the sign of the gradient.
    expected = start * (1 - 0.1 * 0.5) - 0.1 * np.sign(gradient)
    np.testing.assert_allclose(network.parameters()[0][0], expected, rtol=1e-5)


def test_a_smaller_last_batch_takes_a_smaller_step() -> None:
    X, y = regression(10, n=5, p=3)
    setting = Setting((), "identity", "sgd", 0.1, batch_size=4, dtype="float64")
    network = Network(3, sh.losses.Squared(), 1, setting, 11)
    network.regularize(penalty="l1", lam=0.3)
    network.set_examples(X, y)
    w, b = (array[0].ravel() for array in network.parameters())
    network.run(1)
    ours = network.parameters()[0][0].ravel()
    found = []
    for last in range(5):  # whichever example the order left for the second batch
        rest = [i for i in range(5) if i != last]
        u, c = w.copy(), b.copy()
        for rows, rate in ((rest, 0.1), ([last], 0.025)):
            r = X[rows] @ u + c - y[rows]
            u = u - rate * X[rows].T @ r / len(rows)
            c = c - rate * r.mean()
            u = np.sign(u) * np.maximum(np.abs(u) - rate * 0.3, 0)
        found.append(np.abs(u - ours).max())
    assert min(found) < 1e-13


@pytest.mark.parametrize("loss", ["squared", "poisson", "huber", "gamma", "quantile", "gaussian"])
def test_every_loss_beats_the_mean(loss: str) -> None:
    X, y = regression(11, n=300)
    if loss in ("poisson", "gamma"):
        y = np.exp(y / 3)
    model = sh.DropoutMLPRegressor(loss=loss, dropout=0.0, max_epochs=100, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.7
    assert np.diff(model.history_.train_loss)[:10].mean() < 0


def test_quantiles_cover_what_they_say() -> None:
    rng = np.random.default_rng(12)
    X = rng.uniform(-1, 1, (2000, 1))
    y = X[:, 0] + (0.2 + X[:, 0] ** 2) * rng.standard_normal(2000)
    model = sh.DropoutMLPRegressor(
        32, loss=Quantiles((0.1, 0.5, 0.9)), dropout=0.0, max_epochs=60, random_state=0
    ).fit(X, y)
    below = (y[:, None] < model.predict(X)).mean(axis=0)
    np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=0.04)


def test_the_gaussian_learns_its_noise() -> None:
    rng = np.random.default_rng(13)
    X = rng.uniform(-1, 1, (3000, 1))
    y = X[:, 0] + np.where(X[:, 0] > 0, 1.0, 0.1) * rng.standard_normal(3000)
    model = sh.DropoutMLPRegressor(
        32, loss="gaussian", dropout=0.0, max_epochs=60, random_state=0, n_threads=1
    ).fit(X, y)
    high, low = model.predict_std(np.array([[0.5], [-0.5]]))
    assert high == pytest.approx(1.0, rel=0.2)
    assert low == pytest.approx(0.1, rel=0.4)


def test_sparse_rows_are_those_of_the_dense_matrix() -> None:
    X, y = regression(14)
    X[np.abs(X) < 1] = 0
    arguments: dict[str, Any] = dict(max_epochs=5, input_dropout=0.2, random_state=0, scale=None)
    dense = sh.DropoutMLPRegressor(**arguments).fit(X, y)
    thin = sh.DropoutMLPRegressor(**arguments)
    thin.fit(sparse.csr_array(X), y)
    np.testing.assert_array_equal(dense.predict(X), thin.predict(sparse.csc_matrix(X)))


def test_early_stopping_keeps_the_best_weights() -> None:
    X, y = regression(15, n=60, p=30)
    Xv, yv = regression(16, n=200, p=30)
    model = sh.DropoutMLPRegressor(
        (64,),
        dropout=0.0,
        learning_rate=0.01,
        max_epochs=500,
        early_stopping=True,
        random_state=0,
        scale=None,
    ).fit(X, y, validation=(Xv, yv))
    losses = model.history_.validation_loss
    assert model.ending_ == "early_stopping"
    assert model.n_iter_ < 500
    mse = ((model.predict(Xv) - yv) ** 2).mean()
    assert losses.min() == pytest.approx(mse / 2, rel=1e-5)
    split = sh.DropoutMLPRegressor(early_stopping=True, max_epochs=3, random_state=0).fit(X, y)
    assert np.isfinite(split.history_.validation_loss).all()


def test_divergence_names_the_epoch_and_keeps_the_last_good_weights() -> None:
    X, y = regression(17)
    model = sh.DropoutMLPRegressor(optimizer="sgd", learning_rate=1e6, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"in epoch \d+; the weights"):
        model.fit(X, y)
    assert model.ending_ == "diverged"
    assert all(np.isfinite(w).all() for w in model.coefs_)


def test_a_callback_sees_epochs_and_stops_within_50_ms() -> None:
    rng = np.random.default_rng(18)
    X, y = rng.standard_normal((4000, 300)), rng.standard_normal(4000)
    seen: list[Any] = []
    stopped = [0.0]

    def stop(progress: Any) -> bool:
        seen.append(progress)
        stopped[0] = time.perf_counter()
        return progress.epoch >= 1

    model = sh.DropoutMLPRegressor(
        (512, 512), max_epochs=100000, batch_size=4000, random_state=0, callback=stop
    ).fit(X, y)
    assert model.ending_ == "cancelled"
    assert 1 <= model.n_iter_ < 100000
    assert seen[-1].total == 100000
    # The machine may be busy: ten times what an idle one needs.
    assert time.perf_counter() - stopped[0] < 0.5
    assert np.isfinite(model.predict(X)).all()


def test_the_residual_under_dropout_has_an_error() -> None:
    X, y = regression(19)
    model = sh.DropoutMLPRegressor(
        max_epochs=4, kkt_every=2, penalty="l1", lam=0.01, random_state=0
    ).fit(X, y)
    assert np.isnan(model.history_.kkt).tolist() == [True, False, True, False]
    assert (model.history_.kkt_error[[1, 3]] > 0).all()
    assert model.kkt_residual_ == pytest.approx(
        (model.history_.kkt[-1], model.history_.kkt_error[-1])
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (dict(dropout=1.0), "dropout"),
        (dict(dropout=[0.5]), "dropout"),
        (dict(input_dropout=-0.1), "input_dropout"),
        (dict(dropout_kind="spatial"), "dropout_kind"),
        (dict(penalty="l1", lam=-1.0), "lam"),
        (dict(penalty="l1", lam=[0.1, -1.0, 0.0]), "lam[1]"),
        (dict(penalty="l1", lam=[0.1]), "lam"),
        (dict(penalty="l0"), "penalty"),
        (dict(penalty="row_group"), "penalty"),
        (dict(penalty="input_group", max_norm=1.0), "max_norm"),
        (dict(max_norm=0.0), "max_norm"),
        (dict(activation="sine"), "activation"),
        (dict(optimizer="lbfgs"), "optimizer"),
        (dict(learning_rate=0.0), "learning_rate"),
        (dict(batch_size=0), "batch_size"),
        (dict(hidden_layer_sizes=(0,)), "hidden_layer_sizes"),
        (dict(max_epochs=0), "max_epochs"),
        (dict(dtype="float16"), "dtype"),
        (dict(start="zero"), "start"),
        (dict(loss="logistic"), "loss"),
        (dict(early_stopping=True, validation_fraction=1.0), "validation_fraction"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: dict[str, Any], named: str) -> None:
    X, y = regression(20)
    with pytest.raises(InvalidArgument) as caught:
        sh.DropoutMLPRegressor(**arguments).fit(X, y)
    assert caught.value.fields["argument"] == named
    assert caught.value.fields["remedy"] in str(caught.value)


def test_data_that_cannot_be_used() -> None:
    X, y = regression(21)
    model = sh.DropoutMLPRegressor(max_epochs=1)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(InvalidArgument, match="float64"):
        sh.DropoutMLPRegressor(max_epochs=1, scale=None).fit(X * 1e300, y)
    with pytest.raises(InvalidArgument, match="several targets"):
        sh.DropoutMLPRegressor(loss="huber").fit(X, np.column_stack([y, y]))
    with pytest.raises(InvalidArgument, match="at least 0"):
        sh.DropoutMLPRegressor(loss="poisson").fit(X, y)
    labels = np.where(y > 0, "a", "b")
    classifier = sh.DropoutMLPClassifier(max_epochs=1)
    with pytest.raises(ValueError, match="1 class"):
        classifier.fit(X, np.full(len(y), "a"))
    classifier.partial_fit(X, labels)
    with pytest.raises(InvalidArgument, match="'c'"):
        classifier.partial_fit(X, np.where(y > 1, "c", labels))
    with pytest.raises(InvalidArgument, match="classes"):
        classifier.partial_fit(X, labels, classes=["a", "b", "c"])
