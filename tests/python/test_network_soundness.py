"""What is no number is said, many may read one network, and a refused call leaves no trace."""

import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh
from shrinkage.errors import ConvergenceWarning, InvalidArgument
from shrinkage.losses import Squared
from shrinkage.neural import Network, Setting, UnitGroup, fit_many

SMALL: dict[str, Any] = dict(hidden_layer_sizes=(6,), max_epochs=2, random_state=0)


def rows(n: int = 40, p: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).standard_normal((n, p))
    return X, X[:, 0] - X[:, 1]


def test_predictions_that_left_the_range_of_numbers_are_no_end() -> None:
    X, _ = rows(300, 4)
    y = 5e4 * np.exp(0.1 * X[:, 0])
    model = sh.DropoutMLPRegressor(
        loss="gamma", optimizer="sgd", learning_rate=1e-3, max_epochs=3, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"y reaches .*divide y by its mean"):
        model.fit(X, y)
    assert model.ending_ == "diverged"
    X = np.random.default_rng(0).standard_normal((20, 2)) * 1e12
    model = sh.DropoutMLPRegressor(optimizer="sgd", max_epochs=1, random_state=0, scale=None)
    with pytest.warns(ConvergenceWarning, match=r'X reaches .*scale="standard"'):
        model.fit(X, X[:, 0] / 1e12)
    assert model.ending_ == "diverged"
    model = sh.DropoutMLPRegressor(optimizer="sgd", max_epochs=1, random_state=0, scale=None)
    with pytest.warns(ConvergenceWarning, match=r'y reaches 1e\+30: use scale="standard"'):
        model.fit(X / 1e12, np.where(X[:, 0] > 0, 1e30, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "selu", "tanh", "gelu", "leaky_relu", "logistic"])
def test_what_is_no_number_comes_out(activation: str, dtype: str) -> None:
    X, y = rows()
    setting = Setting((5,), activation=activation, dtype=dtype)
    network = Network(3, Squared(), 1, setting, 0)
    network.regularize(dropout=0.2)
    network.set_examples(X.astype(dtype), y)
    network.run(1)
    weights, biases = network.parameters()
    for place in range(5):  # of one unit or another
        spoiled = [weights[0].copy(), weights[1]]
        spoiled[0][0, place] = np.nan
        network.set_parameters(spoiled, biases)
        assert np.isnan(network.eta(X.astype(dtype))).all()
        for penalty, lam in (("l1", 0.1), (UnitGroup(), 0.1), (None, 0.0)):
            network.regularize(penalty=penalty, lam=lam, dropout=0.2)
            assert np.isnan(network.kkt_residual()[0])
        assert network.health()["not_finite"] == 40
        found = network.predict_ensemble(X.astype(dtype), "exact_arithmetic", y=y, precision=1.0)
        assert np.isnan(found.mean).all() and np.isnan(found.std).all()
        with pytest.warns(ConvergenceWarning, match="not reached"):
            rough = network.predict_ensemble(X.astype(dtype), standard_error=0.1, random_state=0)
        assert not rough.stopped and rough.n_members < 1000
        network.regularize(penalty=UnitGroup(), lam=0.1, dropout=0.2)
        assert network.run(1) == "diverged"


def test_a_dead_layer_is_said_with_its_cause() -> None:
    rng = np.random.default_rng(0)
    Z = 8 + rng.standard_normal((150, 500))
    labels = np.digitize(Z[:, :3].sum(axis=1), [23.2, 24.8])
    plain: dict[str, Any] = dict(scale=None, dropout=0.5, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r'dead.*not scaled: use scale="standard"'):
        sh.DropoutMLPClassifier(max_epochs=30, learning_rate=0.01, **plain).fit(Z, labels)
    X, y = rows()
    with pytest.warns(ConvergenceWarning, match=r"penalty left no weight in layer 1.*lower lam"):
        sh.DropoutMLPRegressor(penalty="l1", lam=50.0, **SMALL | {"max_epochs": 100}).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sh.DropoutMLPRegressor(**SMALL).fit(X, np.zeros(40))  # there is nothing to learn
        sh.DropoutMLPRegressor(**SMALL).fit(X, y)
        model = sh.DropoutMLPRegressor(early_stopping=True, **SMALL | {"max_epochs": 30})
        for _ in range(12):
            model.partial_fit(X, y)
        assert model.ending_ == "none"


def in_threads(work: Callable[[int], None], n: int = 8) -> list[BaseException]:
    failed: list[BaseException] = []

    def run(place: int) -> None:
        try:
            work(place)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_eight_threads_read_one_network(dtype: str) -> None:
    X, y = rows()
    labels = np.digitize(y, [-0.5, 0.5])
    model = sh.DropoutMLPClassifier(dtype=dtype, penalty="l1", lam=0.01, **SMALL).fit(X, labels)
    asked: list[Callable[[], Any]] = [
        lambda: model.predict_proba(X),
        lambda: model.predict(X[:3]),
        lambda: model.predict_ensemble(X[:5], n_members=10, random_state=1, n_threads=1).mean,
        lambda: model.predict_ensemble(X[:5], "exact_arithmetic", n_threads=1).mean,
        lambda: model.kkt_residual_,
        lambda: model._network.loss_and_gradient(3, n_threads=1)[1][0],
        lambda: model._network.penalty(),
        lambda: model._network.parameters()[0][0],
        lambda: model._network.health(n_threads=1)["not_finite"],
        lambda: pickle.loads(pickle.dumps(model)).predict(X[:2]),
    ]
    model.n_threads = 1
    alone = [each() for each in asked]

    def ask(place: int) -> None:
        for time in range(40):
            which = (time + place) % len(asked)
            np.testing.assert_array_equal(asked[which](), alone[which])

    assert not in_threads(ask)


def test_reading_in_training_and_training_in_reading_are_told() -> None:
    X, y = rows(2000, 20)
    model = sh.DropoutMLPRegressor((256, 256), dropout=0.5, random_state=0, kkt_every=0)
    said: list[str] = []

    def look(_: Any) -> bool:
        with pytest.raises(InvalidArgument, match="in training") as caught:
            model.predict(X)
        said.append(caught.value.code)
        return True

    model.set_params(max_epochs=1).fit(X, y)
    model.callback = look
    model._run(10**6, residual_at_end=False)
    assert said == ["network.busy"]
    assert model.ending_ == "cancelled"


@pytest.mark.parametrize("kind", [sh.DropoutMLPRegressor, sh.DropoutMLPClassifier])
def test_a_refused_fit_leaves_no_trace(kind: Any) -> None:
    X, y = rows()
    labels = np.where(y > 0, "up", "down")
    target = labels if kind is sh.DropoutMLPClassifier else y
    model = kind(penalty="input_group", lam=0.05, **SMALL).fit(X, target)
    for fitted in (model, model.compact()):
        before, state = fitted.predict(X), set(vars(fitted))
        wrong = np.where(y > 0, "left", "right") if kind is sh.DropoutMLPClassifier else y
        with pytest.raises(InvalidArgument):
            fitted.set_params(lam=-1.0).fit(X[:, :2], wrong)
        with pytest.raises(InvalidArgument):
            fitted.set_params(lam=0.05).fit(X[:, :2], wrong, validation=(X[:, :2], y[:3]))
        with pytest.raises(ValueError, match="NaN"):
            fitted.fit(np.where(X > 1, np.nan, X), wrong)
        assert set(vars(fitted)) == state and fitted.n_features_in_ == 3
        np.testing.assert_array_equal(fitted.predict(X), before)
    other = kind(**SMALL).set_params(lam=-1.0, penalty="l1")
    with pytest.raises(InvalidArgument):
        fit_many([model, other], X[:, :2], target)
    np.testing.assert_array_equal(model.predict(X), kind.predict(model, X))
    assert not hasattr(other, "n_features_in_") and model.n_features_in_ == 3


def test_warm_starts_ask_for_the_same_labels_and_columns() -> None:
    X, y = rows()
    model = sh.DropoutMLPClassifier(warm_start=True, **SMALL).fit(X, y > 0)
    with pytest.raises(InvalidArgument, match=r"y=.*warm_start keeps weights of False, True"):
        model.fit(X, np.where(y > 0, "a", "b"))
    np.testing.assert_array_equal(model.classes_, [False, True])
    model.fit(X, y > 0.1)


def test_parameters_hold_or_are_refused_before_partial_fit() -> None:
    X, y = rows()

    def trained(**changes: Any) -> Any:
        model = sh.DropoutMLPRegressor(dropout=0.0, **SMALL).partial_fit(X, y)
        model.set_params(**changes).partial_fit(X, y)
        return model

    plain = trained().coefs_[0]
    for changes in (
        dict(batch_size=7),
        dict(beta_1=0.5),
        dict(beta_2=0.9),
        dict(epsilon=0.1),
        dict(clip_norm=1e-3),
        dict(learning_rate=0.1),
        dict(learning_rate_schedule="linear", max_epochs=4),
        dict(dropout=0.5),
        dict(lam=0.3, penalty="l1"),
        dict(max_norm=0.1),
    ):
        model = trained(**changes)
        assert not np.array_equal(model.coefs_[0], plain), changes
        again = pickle.loads(pickle.dumps(model)).partial_fit(X, y)
        np.testing.assert_array_equal(again.coefs_[0], model.partial_fit(X, y).coefs_[0])
    heavy = sh.DropoutMLPRegressor(optimizer="momentum", **SMALL).partial_fit(X, y)
    light = pickle.loads(pickle.dumps(heavy)).set_params(momentum=0.1).partial_fit(X, y)
    assert not np.array_equal(heavy.partial_fit(X, y).coefs_[0], light.coefs_[0])
    measured = trained(kkt_every=1).history_.kkt
    assert np.isnan(measured[0]) and np.isfinite(measured[1])
    for name, value in dict(
        hidden_layer_sizes=(7,),
        activation="tanh",
        loss="huber",
        optimizer="sgd",
        dtype="float64",
        scale=None,
        start="glorot",
        random_state=5,
    ).items():
        model = sh.DropoutMLPRegressor(**SMALL).partial_fit(X, y)
        before = model.predict(X)
        with pytest.raises(InvalidArgument, match=f"^{name}=.*set it back to .*, or call fit"):
            model.set_params(**{name: value}).partial_fit(X, y)
        np.testing.assert_array_equal(model.predict(X), before)
    same = sh.DropoutMLPRegressor(**SMALL).partial_fit(X, y)
    same.set_params(hidden_layer_sizes=[6], loss=Squared()).partial_fit(X, y)


def test_what_is_short_is_named() -> None:
    X, y = rows()
    rare = np.where(np.arange(40) == 3, "c", np.where(y > 0, "a", "b"))
    stops: dict[str, Any] = dict(early_stopping=True, **SMALL)
    with pytest.raises(InvalidArgument, match="y=<1 row of class 'c'>"):
        sh.DropoutMLPClassifier(**stops).fit(X, rare)
    with pytest.raises(InvalidArgument, match=r"validation_fraction=0\.01.*give 0\.0375 to"):
        sh.DropoutMLPClassifier(validation_fraction=0.01, **stops).fit(X, y > 0)
    with pytest.raises(InvalidArgument, match="X=<1 row>"):
        sh.DropoutMLPRegressor(**stops).fit(X[:1], y[:1])
    sh.DropoutMLPClassifier(validation_fraction=0.05, **stops).fit(X, y > 0)


@pytest.mark.parametrize("scale", ["standard", None])
def test_examples_are_held_as_they_were(scale: str | None) -> None:
    X, y = (array.astype(np.float32) for array in rows())
    target, weights = y.astype(np.float64), np.ones(40)
    thin = sparse.csr_array(np.where(X > 0, X, 0))
    for given in (X, thin):
        model = sh.DropoutMLPRegressor(scale=scale, **SMALL)
        model.fit(given, target, weights, validation=(given, target))
        before = model.kkt_residual_
        (given.data if given is thin else given)[...] *= 2
        target *= 2
        assert model.kkt_residual_ == before
    network = Network(3, Squared(), 1, Setting((4,)), 0)
    network.regularize()
    network.set_examples(X, target)
    before = network.kkt_residual()
    X *= 2
    target *= 2
    assert network.kkt_residual() == before
