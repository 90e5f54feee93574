"""The dropout networks keep scikit-learn's contract."""

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

import shrinkage as sh

BOTH = (sh.DropoutMLPRegressor, sh.DropoutMLPClassifier)
# Full batches without masks: the one setting in which a weight of 2 is an example seen twice.
EXACT: dict[str, Any] = dict(dropout=0.0, batch_size=10**6, max_epochs=100)
ORDER_MATTERS = "examples come in batches of random order, with a mask each"


def expected_failures(estimator: Any) -> dict[str, str]:
    if estimator.batch_size >= 10**6:
        return {}
    return {
        "check_sample_weight_equivalence_on_dense_data": ORDER_MATTERS,
        "check_sample_weight_equivalence_on_sparse_data": ORDER_MATTERS,
    }


@parametrize_with_checks(
    [
        sh.DropoutMLPRegressor(max_epochs=100, learning_rate=0.01, dropout=0.1),
        sh.DropoutMLPClassifier(max_epochs=50),
        sh.DropoutMLPClassifier(max_epochs=50, dropout=0.2, dropout_kind="concrete"),
        sh.DropoutMLPClassifier(max_epochs=50, dropout_kind="masksembles"),
        sh.DropoutMLPRegressor(**EXACT, learning_rate=0.02, dtype="float64"),
        sh.DropoutMLPClassifier(**EXACT, learning_rate=0.02, dtype="float64"),
    ],
    expected_failed_checks=expected_failures,
)
def test_check_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def problem(kind: Any, seed: int = 0, n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 5))
    y = X[:, 0] - X[:, 1]
    if kind is sh.DropoutMLPClassifier:
        return X, np.array(["low", "mid", "high"])[np.digitize(y, [-0.7, 0.7])]
    return X, y


@pytest.mark.parametrize("kind", BOTH)
def test_frames_clones_pickles_and_copies(kind: Any) -> None:
    X, y = problem(kind)
    model = kind(8, penalty=sh.ElasticNet(0.3), lam=1e-3, max_epochs=5, random_state=3)
    assert clone(model).get_params() == model.get_params()
    model.fit(pd.DataFrame(X, columns=list("abcde")), y)
    assert model.feature_names_in_.tolist() == list("abcde")
    frame = pd.DataFrame(X, columns=list("abcde"))
    expected = model.predict(frame)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict(frame), expected)
        assert len(other.history_) == 5
        other.partial_fit(frame, y)
        assert other.n_iter_ == 6
    model.partial_fit(frame, y)
    np.testing.assert_array_equal(other.coefs_[0], model.coefs_[0])
    assert [w.shape for w in model.coefs_] == [(5, 8), (8, 1 if kind is BOTH[0] else 3)]
    assert model.coefs_[0].dtype == np.float32


@pytest.mark.parametrize("kind", BOTH)
def test_a_seed_is_a_fit(kind: Any) -> None:
    X, y = problem(kind)
    one = kind(max_epochs=3, random_state=1, n_threads=1).fit(X, y)
    two = kind(max_epochs=3, random_state=1, n_threads=4).fit(X, y)
    other = kind(max_epochs=3, random_state=2).fit(X, y)
    np.testing.assert_array_equal(one.coefs_[1], two.coefs_[1])
    assert (one.coefs_[1] != other.coefs_[1]).any()
    assert one.seed_ == 1


def test_history_as_a_frame() -> None:
    X, y = problem(sh.DropoutMLPRegressor)
    model = sh.DropoutMLPRegressor(4, max_epochs=3, random_state=0)
    model.fit(X, y, validation=(X, y))
    frame = model.history_.to_frame()
    assert len(frame) == len(model.history_) == 3
    assert frame["zeros_1"].tolist() == [0, 0, 0]
    assert model.history_[-1]["epoch"] == 2
    assert frame["validation_loss"].notna().all()


def test_class_weights_multiply_sample_weights() -> None:
    X, y = problem(sh.DropoutMLPClassifier)
    own = np.linspace(0.5, 2.0, len(y))
    factors = {"low": 3.0, "mid": 0.5, "high": 1.0}
    one = sh.DropoutMLPClassifier(max_epochs=5, random_state=0, class_weight=factors)
    two = sh.DropoutMLPClassifier(max_epochs=5, random_state=0)
    one.fit(X, y, own)
    two.fit(X, y, own * np.array([factors[label] for label in y]))
    np.testing.assert_allclose(one.coefs_[1], two.coefs_[1], rtol=1e-6)
    with pytest.raises(sh.errors.InvalidArgument, match="mapping"):
        sh.DropoutMLPClassifier(class_weight="balanced").partial_fit(X, y)


def test_digits() -> None:
    X, y = load_digits(return_X_y=True)
    Xt, Xv, yt, yv = train_test_split(X / 16, y, test_size=0.3, random_state=0)
    model = sh.DropoutMLPClassifier((128,), max_epochs=40, random_state=0).fit(Xt, yt)
    assert model.score(Xv, yv) > 0.96
    proba = model.predict_proba(Xv)
    assert proba.shape == (len(yv), 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(Xv))


def test_grid_search_over_rates_and_penalties() -> None:
    X, y = problem(sh.DropoutMLPClassifier)
    grid = {"dropout": [0.0, 0.5], "penalty": [None, "l1"]}
    model = sh.DropoutMLPClassifier(16, lam=1e-3, learning_rate=0.01, random_state=0, n_threads=1)
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.8
