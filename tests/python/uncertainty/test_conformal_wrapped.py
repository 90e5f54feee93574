"""Conformal wrappers around what wraps, lacks classes, or predicts no numbers."""

from itertools import combinations_with_replacement
from math import factorial
from typing import Any

import numpy as np
import pytest
from scipy import special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import shrinkage as sh
from shrinkage.neural import Quantiles
from shrinkage.uncertainty import (
    ConformalizedQuantileRegressor,
    SplitConformalClassifier,
    SplitConformalRegressor,
)
from shrinkage.uncertainty.conformal.deviations import mean_and_std
from support.regressors import frozen, heteroscedastic


class Table(ClassifierMixin, BaseEstimator):
    """Predicts the probabilities that stand in its table for the number of a row."""

    shares = np.array([0.5, 0.35, 0.15])  # of the numbers 0, 1, 2
    table = np.array([[0.8, 0.2, 0.0], [0.1, 0.7, 0.2], [0.1, 0.3, 0.6]])
    classes_ = np.array(["a", "b", "c"])

    def fit(self, X: Any, y: Any) -> "Table":
        self.fitted_ = True
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.table[np.asarray(X)[:, 0].astype(int)]

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_classes_that_calibration_lacks_are_covered_too(score: str) -> None:
    """All 120 ways in which three rows may calibrate, each by its probability: coverage exactly."""
    model, rows, m, coverage = FrozenEstimator(Table().fit(None, None)), np.arange(3), 3, 0.75
    cells = [(x, k) for x in rows for k in range(3) if Table.table[x, k] > 0]
    p = np.array([Table.shares[x] * Table.table[x, k] for x, k in cells])
    covered = 0.0
    for drawn in combinations_with_replacement(range(len(cells)), m):
        counts = np.bincount(drawn, minlength=len(cells))
        chance = factorial(m) * np.prod(p**counts / special.factorial(counts))
        X = np.array([[cells[place][0]] for place in drawn])
        y = Table.classes_[[cells[place][1] for place in drawn]]
        wrapped = SplitConformalClassifier(
            model, conformity_score=score, randomize=False, coverage=coverage
        ).fit(X, y)
        assert wrapped.classes_.tolist() == ["a", "b", "c"]
        sets = wrapped.predict_set(rows[:, None])
        covered += chance * sum(p[i] for i, cell in enumerate(cells) if sets[cell])
    assert coverage <= covered <= coverage + 0.1


def test_labels_of_another_kind_than_the_estimator_knows() -> None:
    X, y = np.arange(8.0)[:, None], np.arange(8) % 2
    words = FrozenEstimator(LogisticRegression().fit(X, np.array(["no", "yes"])[y]))
    with pytest.raises(sh.errors.InvalidArgument, match=r"y\[0\]=0 .*'no', 'yes'"):
        SplitConformalClassifier(words).fit(X, y)
    with pytest.raises(sh.errors.InvalidArgument, match=r"LinearSVC.*CalibratedClassifierCV"):
        SplitConformalClassifier(LinearSVC()).fit(X, y)
    calibrated = CalibratedClassifierCV(LinearSVC(), cv=2)
    assert SplitConformalClassifier(calibrated, random_state=0).fit(X, y).predict_set(X).all()


def test_a_refused_fit_leaves_what_was_fitted() -> None:
    X, y = heteroscedastic(40)
    model = SplitConformalRegressor(Ridge(), random_state=0).fit(X, y)
    before = model.predict_interval(X)
    with pytest.raises(sh.errors.InvalidArgument, match="neither"):
        model.set_params(scale="std").fit(X, 2 * y)
    after = model.set_params(scale="constant").predict_interval(X)
    np.testing.assert_array_equal(before, after)


def wide(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X, y = heteroscedastic(n, seed)
    return np.column_stack([X, (X - 0.5) ** 2]), y


def scaled(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(BayesianRidge()),
        scaled(BayesianRidge()),
        GridSearchCV(scaled(BayesianRidge()), {"bayesianridge__tol": [1e-3]}, cv=2),
        TransformedTargetRegressor(scaled(BayesianRidge()), transformer=StandardScaler()),
        scaled(TransformedTargetRegressor(BayesianRidge(), transformer=StandardScaler())),
        FrozenEstimator(scaled(BayesianRidge()).fit(*wide(300, seed=2))),
        RFE(BayesianRidge(), n_features_to_select=2),
    ],
    ids=["step", "pipeline", "search", "target", "inner target", "frozen", "selected"],
)
def test_deviations_are_found_inside_of_what_wraps_them(model: Any) -> None:
    """σ of the regressor inside, in units of y: Bayesian ridge hardly minds how data are scaled."""
    X, y = wide(300)
    wrapped = SplitConformalRegressor(model, scale="std", random_state=0).fit(X, y)
    center, std = mean_and_std(wrapped.estimator_, X)
    np.testing.assert_allclose(center, wrapped.predict(X), rtol=1e-12)
    low, high = wrapped.predict_interval(X)
    np.testing.assert_allclose((high - low) / std, (high - low)[0] / std[0], rtol=1e-9)
    if not isinstance(model, FrozenEstimator):
        alone = SplitConformalRegressor(BayesianRidge(), scale="std", random_state=0).fit(X, y)
        np.testing.assert_allclose(std, mean_and_std(alone.estimator_, X)[1], rtol=0.01)


def test_predictions_that_are_no_numbers_are_refused() -> None:
    X, y = np.array([[1.0, 2.0], [np.inf, 3.0], [2.0, 5.0]]), np.ones(3)
    for model in (
        SplitConformalRegressor(frozen()),
        ConformalizedQuantileRegressor(frozen(2)),
    ):
        with pytest.raises(sh.errors.InvalidArgument, match=r"for row 1 .*finite"):
            model.fit(X, y)


def test_intervals_of_networks_are_in_the_units_of_y() -> None:
    """A network of scaled targets learns the same of 1024 y: intervals are 1024 times as wide."""
    X, y = heteroscedastic(60)
    given = {"max_epochs": 5, "kkt_every": 0, "random_state": 0}
    for model in (
        SplitConformalRegressor(
            sh.DropoutMLPRegressor((4,), loss="gaussian", **given), scale="std", random_state=0
        ),
        ConformalizedQuantileRegressor(
            sh.DropoutMLPRegressor((4,), loss=Quantiles([0.1, 0.9]), **given), random_state=0
        ),
    ):
        small = model.fit(X, y).predict_interval(X)
        large = model.fit(X, 1024.0 * y).predict_interval(X)
        np.testing.assert_allclose(large, 1024.0 * np.array(small), rtol=1e-12)
        assert np.mean((small[0] <= y) & (y <= small[1])) > 0.8
