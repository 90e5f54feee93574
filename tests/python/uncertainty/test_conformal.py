"""Conformal wrappers: finite-sample coverage exactly, scikit-learn's contract, and MAPIE."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    BayesianRidge,
    LinearRegression,
    LogisticRegression,
    QuantileRegressor,
    Ridge,
)
from sklearn.utils.estimator_checks import parametrize_with_checks

import shrinkage as sh
from shrinkage.neural import Quantiles
from shrinkage.uncertainty import (
    ConformalizedQuantileRegressor,
    SplitConformalClassifier,
    SplitConformalRegressor,
    interval_coverage,
    set_coverage,
)
from shrinkage.uncertainty.conformal.split import conformal_quantile
from support.regressors import frozen, heteroscedastic


def quantiles(low: float = 0.05, high: float = 0.95) -> tuple[Any, Any]:
    return tuple(QuantileRegressor(quantile=q, alpha=0.0) for q in (low, high))


@parametrize_with_checks(
    [
        SplitConformalRegressor(Ridge()),
        ConformalizedQuantileRegressor(*quantiles()),
        SplitConformalClassifier(LogisticRegression()),
        SplitConformalClassifier(LogisticRegression(), conformity_score="aps"),
    ]
)
def test_check_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("rows", [4, 11, 30])
@pytest.mark.parametrize("coverage", [0.5, 0.75, 0.9])
def test_exactly_so_many_of_all_orders_are_covered(rows: int, coverage: float) -> None:
    """Of m + 1 exchangeable rows, each calibrated by the others, ⌈(m + 1)c⌉ are covered."""
    rng = np.random.default_rng(rows)
    X, y = rng.normal(size=(rows, 2)), rng.normal(size=rows)
    wanted = min(int(np.ceil(rows * coverage)), rows)
    for model in (
        SplitConformalRegressor(frozen(), coverage=coverage),
        ConformalizedQuantileRegressor(frozen(2), coverage=coverage),
    ):
        covered = 0
        for i in range(rows):
            others = np.arange(rows) != i
            low, high = clone(model).fit(X[others], y[others]).predict_interval(X[i : i + 1])
            covered += int(low[0] <= y[i] <= high[0])
        assert covered == wanted


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_exactly_so_many_of_all_orders_are_in_their_sets(score: str) -> None:
    X, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    X = X + rng.normal(size=X.shape)
    model = FrozenEstimator(LogisticRegression(max_iter=1000).fit(X[::3], y[::3]))
    X, y = X[1::3], y[1::3]
    covered = []
    for i in range(len(y)):
        others = np.arange(len(y)) != i
        wrapped = SplitConformalClassifier(
            model, conformity_score=score, coverage=0.8, randomize=False
        ).fit(X[others], y[others])
        covered.append(wrapped.predict_set(X[i : i + 1])[0, y[i]])
    assert sum(covered) >= np.ceil(0.8 * len(y))
    assert sum(covered) <= np.ceil(0.8 * len(y)) + (score == "aps")  # a row may tie at certainty


def test_the_quantile_of_scores() -> None:
    scores = np.arange(1.0, 10.0)
    assert conformal_quantile(scores, 0.7) == 7.0  # (9 + 1)0.7 rounds to 7.000000000000001
    assert conformal_quantile(scores, 0.71) == 8.0
    assert conformal_quantile(scores, 0.9) == 9.0
    assert conformal_quantile(scores, 0.95) == np.inf


@pytest.mark.parametrize(
    "model",
    [
        SplitConformalRegressor(LinearRegression(), random_state=0),
        SplitConformalRegressor(sh.PenalizedRegressor(lam=0.01), random_state=0),
        SplitConformalRegressor(
            sh.DropoutMLPRegressor(
                16, loss="gaussian", max_epochs=30, learning_rate=0.01, random_state=0
            ),
            scale="std",
            random_state=0,
        ),
        SplitConformalRegressor(BayesianRidge(), scale="std", random_state=0),
        ConformalizedQuantileRegressor(*quantiles(), random_state=0),
        ConformalizedQuantileRegressor(
            sh.DropoutMLPRegressor(16, loss=Quantiles([0.05, 0.95]), max_epochs=30, random_state=0),
            random_state=0,
        ),
        ConformalizedQuantileRegressor(
            sh.PenalizedRegressor(loss=sh.Quantile(0.05), lam=1e-3),
            sh.PenalizedRegressor(loss=sh.Quantile(0.95), lam=1e-3),
            random_state=0,
        ),
    ],
    ids=["ols", "lasso", "gaussian network", "bayesian", "quantiles", "quantile network", "ours"],
)
def test_any_regressor_is_covered(model: Any) -> None:
    X, y = heteroscedastic(800)
    X_test, y_test = heteroscedastic(4000, seed=1)
    low, high = model.fit(X, y).predict_interval(X_test)
    assert interval_coverage(y_test, low, high).value == pytest.approx(0.9, abs=0.05)
    wider = model.predict_interval(X_test, coverage=0.95)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()


def test_quantiles_and_deviations_follow_the_noise() -> None:
    X, y = heteroscedastic(2000)
    ends = np.array([[0.02], [0.98]])
    widths = {}
    for name, model in {
        "constant": SplitConformalRegressor(LinearRegression(), random_state=0),
        "quantiles": ConformalizedQuantileRegressor(*quantiles(), random_state=0),
    }.items():
        low, high = model.fit(X, y).predict_interval(ends)
        widths[name] = high - low
    assert widths["constant"][0] == pytest.approx(widths["constant"][1])
    assert widths["quantiles"][1] > 4.0 * widths["quantiles"][0]


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), sh.DropoutMLPClassifier(16, max_epochs=20, random_state=0)],
    ids=["logistic", "network"],
)
def test_any_classifier_is_covered(model: Any, score: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 3))
    y = np.array(["a", "b", "c"])[(X + rng.gumbel(size=X.shape)).argmax(axis=1)]
    wrapped = SplitConformalClassifier(model, conformity_score=score, random_state=0)
    wrapped.fit(X[:800], y[:800])
    sets = wrapped.predict_set(X[800:])
    assert set_coverage(y[800:], sets).value == pytest.approx(0.9, abs=0.05)
    assert (wrapped.predict_set(X[800:], 0.99).sum(axis=1) >= sets.sum(axis=1)).all()
    np.testing.assert_array_equal(wrapped.predict(X), wrapped.estimator_.predict(X))


def test_frames_sparse_and_clones() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = SplitConformalRegressor(sh.PenalizedRegressor(lam=0.1), random_state=3).fit(X, y)
    assert model.feature_names_in_.tolist() == list(X.columns)
    assert clone(model).get_params()["estimator__lam"] == 0.1
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.scores_, model.scores_)
    assert len(model.scores_) == int(np.ceil(0.25 * len(y)))
    spread = SplitConformalRegressor(Ridge(), random_state=3).fit(sparse.csr_array(X), y)
    assert np.isfinite(spread.predict_interval(sparse.csr_array(X))[0]).all()
    assert isinstance(X, pd.DataFrame)


def test_too_few_rows_cover_with_everything() -> None:
    X, y = heteroscedastic(8)
    low, high = SplitConformalRegressor(frozen()).fit(X, y).predict_interval(X)
    assert (low == -np.inf).all()
    assert (high == np.inf).all()
    labels = np.arange(8) % 2
    classifier = FrozenEstimator(LogisticRegression().fit(X, labels))
    assert SplitConformalClassifier(classifier).fit(X, labels).predict_set(X).all()


def test_a_class_that_only_calibrates() -> None:
    X = np.arange(12.0)[:, None]
    known = FrozenEstimator(LogisticRegression().fit(X, np.arange(12) % 2))
    y = np.array([0, 1, 2] * 4)
    wrapped = SplitConformalClassifier(known, coverage=0.6).fit(X, y)
    assert wrapped.predict_proba(X).shape == (12, 3)
    assert wrapped.predict_set(X).shape == (12, 3)
    assert (wrapped.scores_[y == 2] == 1.0).all()


def test_quantiles_that_cross_or_shrink_meet() -> None:
    X = np.array([[1.0, -1.0], [5.0, 5.2]] * 10)
    y = np.zeros(20)
    y[1::2] = 5.1
    model = ConformalizedQuantileRegressor(frozen(2), coverage=0.5).fit(X, y)
    low, high = model.predict_interval(X)
    assert (low <= high).all()
    assert model.scores_.max() < 0


BAD = {
    "two targets": (SplitConformalRegressor(LinearRegression()), np.ones((20, 2)), "one target"),
    "coverage": (
        SplitConformalRegressor(Ridge(), coverage=1.0),
        np.ones(20),
        r"coverage=1\.0.*below 1",
    ),
    "fraction": (
        SplitConformalRegressor(Ridge(), calibration_fraction=0),
        np.ones(20),
        r"calibration_fraction=0.*above 0",
    ),
    "scale": (
        SplitConformalRegressor(Ridge(), scale="iqr"),
        np.ones(20),
        'use "constant" or "std"',
    ),
    "no deviation": (SplitConformalRegressor(Ridge(), scale="std"), np.ones(20), "predict_std"),
    "one quantile": (ConformalizedQuantileRegressor(Ridge()), np.ones(20), "give upper too"),
    "half frozen": (ConformalizedQuantileRegressor(frozen(), Ridge()), np.ones(20), "or neither"),
    "score": (
        SplitConformalClassifier(LogisticRegression(), conformity_score="raps"),
        np.arange(20) % 2,
        'use "lac" or "aps"',
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name: str) -> None:
    model, y, message = BAD[name]
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(sh.errors.InvalidArgument, match=message):
        model.fit(X, y)


def test_mapie_regression() -> None:
    peer: Any = pytest.importorskip("mapie.regression", reason="compares with MAPIE")
    X, y = heteroscedastic(300)
    X_test, _ = heteroscedastic(50, seed=1)
    model = LinearRegression().fit(X[:200], y[:200])
    theirs = peer.SplitConformalRegressor(model, confidence_level=0.9, prefit=True)
    theirs.conformalize(X[200:], y[200:])
    _, ends = theirs.predict_interval(X_test)
    low, high = (
        SplitConformalRegressor(FrozenEstimator(model))
        .fit(X[200:], y[200:])
        .predict_interval(X_test)
    )
    np.testing.assert_allclose(np.column_stack([low, high]), ends[:, :, 0], rtol=1e-10)


def test_mapie_classification() -> None:
    """LAC; their APS draws random shares of its own."""
    peer: Any = pytest.importorskip("mapie.classification", reason="compares with MAPIE")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    y = (X + rng.gumbel(size=X.shape)).argmax(axis=1)
    model = LogisticRegression().fit(X[:200], y[:200])
    theirs = peer.SplitConformalClassifier(
        model, confidence_level=0.9, prefit=True, conformity_score="lac"
    )
    theirs.conformalize(X[200:400], y[200:400])
    _, sets = theirs.predict_set(X[400:])
    ours = SplitConformalClassifier(FrozenEstimator(model)).fit(X[200:400], y[200:400])
    np.testing.assert_array_equal(ours.predict_set(X[400:]), sets[:, :, 0])
