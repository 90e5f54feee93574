"""Folds of every kind: groups, labels, splitters that repeat and shuffle; and scores they lack."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import make_scorer, max_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from support.datasets import random_problem

GROUPS = np.arange(60) % 10


def summary(cv: Any, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and error of all folds by the formula."""
    W = np.array([w[test].sum() for _, test in cv.folds])
    mean = W @ cv.fold_scores / W.sum()
    error = np.sqrt(W @ (cv.fold_scores - mean) ** 2 / W.sum() / (len(W) - 1))
    return mean, error


def same_folds(one: Any, other: Any) -> None:
    assert [test.tolist() for _, test in one] == [list(test) for _, test in other]


@pytest.mark.parametrize("score", [None, "neg_mean_squared_error"])
@pytest.mark.parametrize(
    "splitter",
    [
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(3, test_size=20, random_state=0),
        GroupShuffleSplit(3, random_state=0),
        PredefinedSplit(np.arange(60) % 4 - 1),
        LeaveOneGroupOut(),
    ],
    ids=lambda splitter: type(splitter).__name__,
)
def test_splitters_that_repeat_shuffle_and_group(splitter: Any, score: str | None) -> None:
    X, y = random_problem(0)
    w = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    groups = GROUPS if "Group" in type(splitter).__name__ else None
    kinds: dict[str, Any] = {"n_lambdas": 4, "tol": 1e-11, "sample_weight": w}
    cv = sh.fit_path_cv(X, y, cv=splitter, groups=groups, score=score, **kinds)
    folds = list(splitter.split(X, y, groups))
    same_folds(cv.folds, folds)
    sign = 1.0 if score is None else -1.0
    for f, (train, test) in enumerate(folds):
        path = sh.fit_path(
            X[train], y[train], lambdas=cv.path.lambdas, sample_weight=w[train], tol=1e-11
        )
        error = (y[test, None] - X[test] @ path.coefs - path.intercepts) ** 2
        expected = np.average(error, axis=0, weights=w[test])
        np.testing.assert_allclose(sign * cv.fold_scores[f], expected, rtol=1e-5)
    mean, error = summary(cv, w)
    np.testing.assert_allclose(cv.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(cv.std_error, error, rtol=1e-10)


def test_classes_in_repeated_folds_and_every_pair_left_out() -> None:
    X, y = random_problem(1, n=16, loss="logistic")
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    cv = sh.fit_path_cv(X, y, loss="logistic", cv=folds, n_lambdas=3)
    assert cv.fold_scores.shape == (6, 3)
    pairs = sh.fit_path_cv(X[:6], X[:6, 0], cv=LeavePOut(2), n_lambdas=3)
    assert pairs.fold_scores.shape == (15, 3)


@pytest.mark.parametrize(
    "labels",
    [
        (np.arange(60) // 20).tolist(),
        tuple("abc"[i // 20] for i in range(60)),
        pd.Series(np.arange(60) // 20, index=np.arange(60)[::-1]),
        pd.Categorical(["abc"[i // 20] for i in range(60)]),
    ],
    ids=["list", "tuple", "series", "categorical"],
)
def test_labels_in_any_container(labels: Any) -> None:
    X, y = random_problem(2)
    same_folds(sh.fit_path_cv(X, y, cv=labels, n_lambdas=3).folds, KFold(3).split(X))


def test_a_number_of_folds_keeps_groups_together() -> None:
    X, y = random_problem(3)
    cv = sh.fit_path_cv(X, y, cv=4, groups=GROUPS, n_lambdas=3)
    same_folds(cv.folds, GroupKFold(4).split(X, y, GROUPS))
    assert len(sh.fit_path_cv(X, y, groups=list("ab" * 30), n_lambdas=3).folds) == 2
    _, y = random_problem(3, loss="logistic")
    cv = sh.fit_path_cv(X, y, loss="logistic", cv=4, groups=GROUPS, n_lambdas=3)
    same_folds(cv.folds, StratifiedGroupKFold(4).split(X, y, GROUPS))


REFUSED: dict[str, Any] = {
    "no groups": ({"cv": GroupKFold(4)}, "give groups.*groups"),
    "too few groups": ({"cv": GroupKFold(11), "groups": GROUPS}, "n_splits=11"),
    "one group": ({"groups": np.zeros(60)}, "two groups"),
    "groups of another length": ({"groups": GROUPS[1:]}, "one label per row"),
    "a group that is missing": ({"groups": [None, *GROUPS[1:].tolist()]}, r"groups\[0\]"),
    "groups and labels": ({"cv": GROUPS, "groups": GROUPS}, "groups.*splitter"),
    "numbers to stratify": ({"cv": StratifiedKFold(3)}, "continuous"),
    "labels of another length": ({"cv": [0, 1, 2]}, "one label per row"),
    "a label that is missing": ({"cv": [*range(59), np.nan]}, r"cv\[59\]"),
    "labels of two types": ({"cv": np.array(["a", 1] * 30, dtype=object)}, "one type"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_reason_of_a_refusal_is_told(case: str) -> None:
    X, y = random_problem(4)
    kinds, words = REFUSED[case]
    with pytest.raises(sh.errors.InvalidArgument, match=words):
        sh.fit_path_cv(X, y, n_lambdas=3, **kinds)


def test_estimators_take_groups() -> None:
    X, y = random_problem(5)
    model = sh.PenalizedRegressorCV(cv=GroupKFold(4), n_lambdas=3).fit(X, y, groups=GROUPS)
    same_folds(model.cv_.folds, GroupKFold(4).split(X, y, GROUPS))
    labels = np.where(y > np.median(y), "yes", "no")
    other = sh.PenalizedClassifierCV(cv=LeaveOneGroupOut(), n_lambdas=3)
    assert len(other.fit(X, labels, groups=GROUPS).cv_.folds) == 10
    with pytest.raises(sh.errors.InvalidArgument, match="give groups"):
        model.fit(X, y)


def test_groups_are_routed() -> None:
    """As to scikit-learn's own: without a request of the user's."""
    X, y = random_problem(6)
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            StandardScaler(), sh.PenalizedRegressorCV(cv=GroupKFold(4), n_lambdas=3)
        )
        pipe.fit(X, y, groups=GROUPS)
        same_folds(pipe[-1].cv_.folds, GroupKFold(4).split(X, y, GROUPS))
        search = GridSearchCV(
            pipe, {"penalizedregressorcv__rule": ["min", "1se"]}, cv=GroupKFold(2)
        )
        search.fit(X, y, groups=GROUPS)
        assert len(search.best_estimator_[-1].cv_.folds) == 4


def repeated(w: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    return [np.repeat(array, w, axis=0) for array in arrays]


@pytest.mark.parametrize(
    "score",
    ["neg_mean_squared_error", "r2", "neg_mean_absolute_error", "neg_max_error"],
)
def test_scorers_weigh_rows_as_copies_of_them(score: str) -> None:
    X, y = random_problem(7)
    rng = np.random.default_rng(7)
    w = rng.integers(0, 4, 60)
    if score == "neg_max_error":  # it takes no weights, and needs none where all are equal
        w = np.where(w > 0, 2, 0)
    labels = rng.integers(0, 4, 60)
    X2, y2, labels2 = repeated(w, X, y, labels)
    kinds: dict[str, Any] = {"score": score, "n_lambdas": 6, "tol": 1e-12}
    one = sh.fit_path_cv(X, y, cv=labels, sample_weight=w * 1.0, **kinds)
    two = sh.fit_path_cv(X2, y2, cv=labels2, **kinds)
    np.testing.assert_allclose(one.fold_scores, two.fold_scores, rtol=1e-5)
    np.testing.assert_allclose(one.mean, two.mean, rtol=1e-5)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-4)
    np.testing.assert_allclose(one.lambda_1se, two.lambda_1se, rtol=1e-9)


@pytest.mark.parametrize("score", ["neg_log_loss", "accuracy", "roc_auc", "f1_macro"])
def test_class_weights_count_on_held_out_rows(score: str) -> None:
    X, y = random_problem(8, loss="logistic")
    labels = np.random.default_rng(8).integers(0, 4, 60)
    w = np.where(y == 1, 3, 1)
    X2, y2, labels2 = repeated(w, X, y, labels)
    kinds: dict[str, Any] = {"score_by": score, "n_lambdas": 6, "tol": 1e-12}
    one = sh.PenalizedClassifierCV(cv=labels, class_weight={1: 3.0}, **kinds).fit(X, y)
    two = sh.PenalizedClassifierCV(cv=labels2, **kinds).fit(X2, y2)
    np.testing.assert_allclose(one.cv_.mean, two.cv_.mean, rtol=1e-5)
    np.testing.assert_allclose(one.cv_.std_error, two.cv_.std_error, rtol=1e-4)


def test_scorers_that_take_no_weights_are_named() -> None:
    X, y = random_problem(9)
    w = np.linspace(1.0, 2.0, 60)

    def own(model: Any, X: Any, y: Any) -> float:
        return -float(np.abs(y - model.predict(X)).max())

    def weighed(model: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        return -float(np.average((y - model.predict(X)) ** 2, weights=sample_weight))

    for score, name in (
        (own, "own"),
        ("neg_max_error", "neg_max_error"),
        (make_scorer(max_error), "score"),
    ):
        with pytest.raises(sh.errors.InvalidArgument, match=f"{name}.*sample_weight") as caught:
            sh.fit_path_cv(X, y, score=score, sample_weight=w, n_lambdas=3)
        assert caught.value.fields["argument"] == "score"
    one = sh.fit_path_cv(X, y, score=weighed, sample_weight=w, n_lambdas=3)
    two = sh.fit_path_cv(X, y, score="neg_mean_squared_error", sample_weight=w, n_lambdas=3)
    np.testing.assert_allclose(one.mean, two.mean, rtol=1e-12)


def test_folds_without_a_score_are_named_before_the_fits() -> None:
    X, y = random_problem(10, n=40, loss="logistic")
    order = np.argsort(y, kind="stable")
    labels = np.empty(40, dtype=int)
    labels[order] = [0] * 5 + [1, 2] * 17 + [1]  # fold 0 holds out one class alone
    multi = np.where(y == 1, 1 + (X[:, 0] > 0), 0)

    def never(progress: Any) -> bool:
        raise AssertionError("a fit was begun")

    cases: list[tuple[Any, dict[str, Any], str, str]] = [
        (y, {"loss": "logistic", "score": "roc_auc", "cv": labels}, "cv[0]", "one class"),
        (y, {"loss": "logistic", "score": "neg_log_loss", "cv": labels}, "cv[0]", "label"),
        (multi, {"loss": "multinomial", "score": "roc_auc_ovr", "cv": labels}, "cv[0]", "classes"),
        (X[:, 0], {"score": "r2", "cv": 40}, "cv[0]", "two samples"),
        (X[:, 0], {"score": make_scorer(r2_score), "cv": LeaveOneOut()}, "cv[0]", "two samples"),
    ]
    for target, kinds, where, words in cases:
        with pytest.raises(sh.errors.InvalidArgument, match=words) as caught:
            sh.fit_path_cv(X, target, n_lambdas=3, callback=never, **kinds)
        assert caught.value.fields["argument"] == where


def scorer_of(table: np.ndarray) -> Any:
    """A scorer whose values are given, fold by fold and λ by λ."""
    values = iter(table.ravel())
    return lambda model, X, y: float(next(values))


def test_a_fold_without_any_score_is_left_out() -> None:
    X, y = random_problem(11)
    table = np.array([[1.0, 2.0, 3.0], [np.nan, -np.inf, np.nan], [2.0, 4.0, 1.0]])
    labels = np.repeat([0, 1, 2], [10, 20, 30])
    with pytest.warns(UndefinedMetricWarning, match="fold 1, which the mean"):
        cv = sh.fit_path_cv(X, y, cv=labels, n_lambdas=3, score=scorer_of(table))
    np.testing.assert_allclose(cv.mean, [1.75, 3.5, 1.5])
    spread = [
        0.25 * 0.75**2 + 0.75 * 0.25**2,
        0.25 * 1.5**2 + 0.75 * 0.5**2,
        0.25 * 1.5**2 + 0.75 * 0.5**2,
    ]
    np.testing.assert_allclose(cv.std_error, np.sqrt(spread))
    assert cv.index_min == 1
    np.testing.assert_array_equal(cv.fold_scores, table)


def test_a_penalty_level_without_a_score_is_not_chosen() -> None:
    """As a correlation with the constant predictions at λmax."""
    X, y = random_problem(12)

    def correlation(model: Any, X: Any, y: Any) -> float:
        predicted = model.predict(X)
        return float(np.corrcoef(y, predicted)[0, 1]) if np.ptp(predicted) > 0 else np.nan

    with pytest.warns(UndefinedMetricWarning, match="1 of 5 λ in fold"):
        cv = sh.fit_path_cv(X, y, cv=3, n_lambdas=5, rule="1se", score=correlation)
    assert np.isnan(cv.mean[0])
    assert np.isfinite(cv.mean[1:]).all()
    assert 0 < cv.best <= cv.index_min


def test_no_scores_at_all() -> None:
    X, y = random_problem(13)
    table = np.full((2, 3), np.nan)
    with pytest.raises(sh.errors.InvalidArgument, match=r"score.*nan in fold 0") as caught:
        sh.fit_path_cv(X, y, cv=2, n_lambdas=3, score=scorer_of(table))
    assert len(caught.value.path.lambdas) == 3  # type: ignore[attr-defined]


def test_errors_of_a_scorer_say_where() -> None:
    X, y = random_problem(14)

    def broken(model: Any, X: Any, y: Any) -> float:
        raise KeyError("own")

    with pytest.raises(KeyError) as caught:
        sh.fit_path_cv(X, y, cv=3, lambdas=[1.0, 0.5], score=broken)
    assert caught.value.__notes__ == ["raised by the score of fold 0 at λ=1"]


def test_probabilities_that_a_loss_does_not_have() -> None:
    X, y = random_problem(15, loss="squared_hinge")
    with pytest.raises(AttributeError, match='"squared_hinge" has no predict_proba'):
        sh.fit_path_cv(X, y, loss="squared_hinge", score="neg_log_loss", n_lambdas=3)


@pytest.mark.parametrize("loss", ["squared", "poisson", "gamma"])
def test_scores_that_are_defined_are_not_refused(loss: str) -> None:
    """The trial before the fits takes what these scores take."""
    X, y = random_problem(16, loss=loss)
    y = np.abs(y)
    names = ["r2", "explained_variance", "neg_mean_squared_log_error", "d2_absolute_error_score"]
    names += [f"neg_mean_{loss}_deviance"] if loss != "squared" else []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            kinds: dict[str, Any] = {"score": name, "loss": loss, "lambdas": [1e3]}
            assert np.isfinite(sh.fit_path_cv(X, y, cv=4, **kinds).mean).all()
