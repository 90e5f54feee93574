"""Cross-validation of paths against a loop over folds written by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.metrics import log_loss, make_scorer, mean_gamma_deviance, mean_poisson_deviance
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

import shrinkage as sh
from support.datasets import random_problem


def folds_of(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(np.arange(n) % k)


@pytest.mark.parametrize("weighted", [False, True])
def test_squared_error_by_hand(weighted: bool) -> None:
    X, y = random_problem(0, n=90)
    labels = folds_of(90, 6)
    w = np.random.default_rng(1).uniform(0.1, 3.0, 90) if weighted else np.ones(90)
    cv = sh.fit_path_cv(X, y, cv=labels, sample_weight=w, n_lambdas=8, tol=1e-12, standardize=False)
    expected = np.empty((6, 8))
    for f, (train, test) in enumerate(cv.folds):
        np.testing.assert_array_equal(test, np.flatnonzero(labels == f))
        for i, lam in enumerate(cv.path.lambdas):
            model = Lasso(alpha=lam, tol=1e-13, max_iter=10**6)
            model.fit(X[train], y[train], sample_weight=w[train])
            error = (y[test] - model.predict(X[test])) ** 2
            expected[f, i] = np.average(error, weights=w[test])
    np.testing.assert_allclose(cv.fold_scores, expected, rtol=1e-5)
    assert (cv.score, cv.lower_is_better, cv.rule) == ("mse", True, "min")


def test_deviance_by_hand() -> None:
    X, y = random_problem(1, n=120, loss="logistic")
    folds = list(StratifiedKFold(5).split(X, y))
    kinds: dict[str, Any] = {"loss": "logistic", "penalty": "l2", "standardize": False}
    cv = sh.fit_path_cv(X, y, cv=folds, lambdas=[1.0, 0.1, 0.01], tol=1e-12, **kinds)
    for f, (train, test) in enumerate(folds):
        for i, lam in enumerate(cv.path.lambdas):
            model = LogisticRegression(
                C=1.0 / (lam * len(train)), solver="newton-cholesky", tol=1e-12
            ).fit(X[train], y[train])
            deviance = 2.0 * log_loss(y[test], model.predict_proba(X[test])[:, 1], labels=[0, 1])
            assert cv.fold_scores[f, i] == pytest.approx(deviance, rel=1e-6)
    assert cv.score == "deviance"


TEXTBOOK_SCORES: dict[str, Any] = {
    "poisson": ("deviance", mean_poisson_deviance),
    "gamma": ("deviance", mean_gamma_deviance),
    "huber": (
        "loss",
        lambda y, m: np.where(
            abs(y - m) <= 1.35, (y - m) ** 2 / 2, 1.35 * (abs(y - m) - 0.675)
        ).mean(),
    ),
    "squared_hinge": ("loss", lambda y, m: (np.maximum(0, 1 - y * m) ** 2).mean()),
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("loss", TEXTBOOK_SCORES)
def test_the_default_score_of_each_loss_by_hand(loss: str, whole: bool) -> None:
    """By the native kernel, and one by one where the folds leave a row out."""
    X, y = random_problem(3, n=90, loss=loss)
    name, score = TEXTBOOK_SCORES[loss]
    labels = folds_of(90, 5)
    folds = [(np.flatnonzero(labels != f), np.flatnonzero(labels == f)) for f in range(5)]
    if not whole:
        folds = [(train[1:], test) for train, test in folds]
    kinds: dict[str, Any] = {"loss": loss, "tol": 1e-10}
    cv = sh.fit_path_cv(X, y, cv=folds, n_lambdas=6, **kinds)
    assert (cv.score, cv.lower_is_better) == (name, True)
    for f, (train, test) in enumerate(folds):
        path = sh.fit_path(X[train], y[train], lambdas=cv.path.lambdas, **kinds)
        for i, lam in enumerate(cv.path.lambdas):
            expected = score(y[test], path.predict(X[test], lam))
            assert cv.fold_scores[f, i] == pytest.approx(expected, rel=1e-4)
    train_scores = [score(y, cv.path.predict(X, lam)) for lam in cv.path.lambdas]
    np.testing.assert_allclose(cv.train_scores, train_scores, rtol=1e-10)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_scorers_see_means(loss: str) -> None:
    X, y = random_problem(4, n=80, loss=loss)
    kinds: dict[str, Any] = {"loss": loss, "cv": 4, "n_lambdas": 5, "tol": 1e-10}
    native = sh.fit_path_cv(X, y, **kinds)
    scored = sh.fit_path_cv(X, y, score=f"neg_mean_{loss}_deviance", **kinds)
    np.testing.assert_allclose(-scored.fold_scores, native.fold_scores, rtol=1e-5)
    assert scored.lambda_min == native.lambda_min


def test_scorers_of_margins() -> None:
    X, y = random_problem(5, n=80, loss="squared_hinge")
    kinds: dict[str, Any] = {"loss": "squared_hinge", "cv": 4, "n_lambdas": 5}
    for score in ("accuracy", "roc_auc"):
        assert np.isfinite(sh.fit_path_cv(X, y, score=score, **kinds).fold_scores).all()
    with pytest.raises(AttributeError, match="predict_proba"):
        sh.fit_path_cv(X, y, score="neg_log_loss", **kinds)


def test_counts_that_are_all_zero_in_a_training_set() -> None:
    X, _ = random_problem(6)
    y = np.where(np.arange(60) < 20, 3, 0)
    with pytest.raises(sh.errors.InvalidArgument, match="count above 0") as caught:
        sh.fit_path_cv(X, y, loss="poisson", cv=np.arange(60) // 20, n_lambdas=3)
    assert caught.value.fields["argument"] == "cv[0]"


def test_the_summary_is_that_of_the_folds() -> None:
    X, y = random_problem(2, n=75)
    w = np.random.default_rng(2).uniform(0.1, 3.0, 75)
    cv = sh.fit_path_cv(X, y, cv=folds_of(75, 7), sample_weight=w)
    W = np.array([w[test].sum() for _, test in cv.folds])
    mean = W @ cv.fold_scores / W.sum()
    error = np.sqrt(W @ (cv.fold_scores - mean) ** 2 / W.sum() / (7 - 1))
    np.testing.assert_allclose(cv.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(cv.std_error, error, rtol=1e-10)
    best = int(mean.argmin())
    assert cv.index_min == best
    assert cv.lambda_min == cv.path.lambdas[best]
    within = np.flatnonzero(mean <= mean[best] + error[best])
    assert cv.index_1se == within.min()
    assert cv.lambda_1se == cv.path.lambdas[within].max() >= cv.lambda_min
    residual = y[:, None] - X @ cv.path.coefs - cv.path.intercepts
    np.testing.assert_allclose(cv.train_scores, w @ residual**2 / w.sum(), rtol=1e-9)


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_the_rule_chooses(rule: Any) -> None:
    X, y = random_problem(3)
    cv = sh.fit_path_cv(X, y, cv=5, rule=rule)
    assert cv.best == (cv.index_min if rule == "min" else cv.index_1se)
    assert cv.index_1se <= cv.index_min


def test_a_number_of_folds_is_shuffled_with_a_fixed_seed() -> None:
    X, y = random_problem(4, n=61)
    one, two = sh.fit_path_cv(X, y, cv=5), sh.fit_path_cv(X, y, cv=5)
    np.testing.assert_array_equal(one.fold_scores, two.fold_scores)
    assert sorted(np.concatenate([test for _, test in one.folds])) == list(range(61))
    assert [len(test) for _, test in one.folds] == [13, 12, 12, 12, 12]
    assert sh.fit_path_cv(X, y).fold_scores.shape == (10, 100)


def test_classes_are_stratified() -> None:
    X, _ = random_problem(5)
    y = np.arange(60) < 12
    cv = sh.fit_path_cv(X, y, loss="logistic", cv=4, n_lambdas=5)
    assert [y[test].sum() for _, test in cv.folds] == [3, 3, 3, 3]


def test_every_way_to_give_folds() -> None:
    X, y = random_problem(6)
    labels = np.arange(60) // 20
    pairs = list(KFold(3).split(X))
    masks = [(labels != f, labels == f) for f in range(3)]
    names = np.array(["a", "b", "c"])[labels]
    scores = [
        sh.fit_path_cv(X, y, cv=cv, n_lambdas=6).fold_scores
        for cv in (labels, pairs, iter(pairs), masks, names, pd.Series(names), KFold(3))
    ]
    for other in scores[1:]:
        np.testing.assert_allclose(other, scores[0], rtol=1e-9)


def test_folds_that_do_not_cover_every_row() -> None:
    X, y = random_problem(7)
    w = np.linspace(1.0, 2.0, 60)
    cv = sh.fit_path_cv(X, y, cv=TimeSeriesSplit(4), sample_weight=w, n_lambdas=6, tol=1e-12)
    for f, (train, test) in enumerate(TimeSeriesSplit(4).split(X)):
        path = sh.fit_path(
            X[train], y[train], lambdas=cv.path.lambdas, sample_weight=w[train], tol=1e-12
        )
        error = (y[test, None] - X[test] @ path.coefs - path.intercepts) ** 2
        np.testing.assert_allclose(cv.fold_scores[f], w[test] @ error / w[test].sum(), rtol=1e-5)


def test_both_ways_to_score_agree() -> None:
    """Four folds through the native kernel, and again one by one because a row is left out."""
    for loss in ("squared", "logistic"):
        X, y = random_problem(8, loss=loss)
        offset = np.sin(np.arange(60.0))
        kinds: dict[str, Any] = {"loss": loss, "n_lambdas": 6, "tol": 1e-11}
        whole = [(np.flatnonzero(np.arange(60) % 4 != f), np.arange(f, 60, 4)) for f in range(4)]
        native = sh.fit_path_cv(X, y, cv=whole, offset=offset, **kinds)
        apart = [(train[train != 59], test[test != 59]) for train, test in whole]
        weight = np.where(np.arange(60) == 59, 0.0, 1.0)
        kinds["lambdas"] = native.path.lambdas
        one = sh.fit_path_cv(X, y, cv=whole, offset=offset, sample_weight=weight, **kinds)
        other = sh.fit_path_cv(X, y, cv=apart, offset=offset, sample_weight=weight, **kinds)
        np.testing.assert_allclose(one.fold_scores, other.fold_scores, rtol=1e-6)


def test_scorers_keep_their_sign() -> None:
    X, y = random_problem(9)
    labels = folds_of(60, 5)
    native = sh.fit_path_cv(X, y, cv=labels, n_lambdas=10, tol=1e-10)
    scored = sh.fit_path_cv(
        X, y, cv=labels, n_lambdas=10, tol=1e-10, score="neg_mean_squared_error"
    )
    np.testing.assert_allclose(scored.fold_scores, -native.fold_scores, rtol=1e-6)
    assert not scored.lower_is_better
    assert scored.score == "neg_mean_squared_error"
    assert scored.train_scores is None
    assert (scored.lambda_min, scored.lambda_1se) == (native.lambda_min, native.lambda_1se)


def test_scorers_of_classes() -> None:
    X, y = random_problem(10, n=100, loss="logistic")
    names = np.array(["no", "yes"])[y]
    kinds: dict[str, Any] = {"loss": "logistic", "cv": 4, "n_lambdas": 6, "tol": 1e-9}
    native = sh.fit_path_cv(X, names, **kinds)
    for score in ("accuracy", "roc_auc", "neg_log_loss", "f1_macro"):
        scored = sh.fit_path_cv(X, names, score=score, **kinds)
        assert scored.fold_scores.shape == (4, 6)
        if score == "neg_log_loss":
            np.testing.assert_allclose(-2 * scored.fold_scores, native.fold_scores, rtol=1e-5)
        if score == "accuracy":
            train, test = scored.folds[0]
            path = sh.fit_path(X[train], names[train], loss="logistic", lambdas=scored.path.lambdas)
            right = path.predict(X[test], path.lambdas[3], kind="class") == names[test]
            assert scored.fold_scores[0, 3] == pytest.approx(right.mean())


def test_own_scorers() -> None:
    X, y = random_problem(11)

    def largest_error(model: Any, X: Any, y: Any) -> float:
        return -float(np.abs(y - model.predict(X)).max())

    kinds: dict[str, Any] = {"cv": 4, "n_lambdas": 5}
    one = sh.fit_path_cv(X, y, score=largest_error, **kinds)
    assert one.score == "largest_error"
    two = sh.fit_path_cv(X, y, score=make_scorer(lambda a, b: -np.abs(a - b).max()), **kinds)
    np.testing.assert_array_equal(one.fold_scores, two.fold_scores)


def test_the_grid_is_that_of_all_data() -> None:
    X, y = random_problem(12)
    np.testing.assert_array_equal(sh.fit_path_cv(X, y).path.lambdas, sh.fit_path(X, y).lambdas)


def test_progress_counts_the_path_and_every_fold() -> None:
    X, y = random_problem(13, n=6000, p=60)
    seen: list[Any] = []
    sh.fit_path_cv(X, y, cv=4, n_lambdas=50, callback=seen.append)
    assert [p.index for p in seen] == sorted(p.index for p in seen)
    assert {p.total for p in seen} == {250}
    assert seen[-1].index == 250


@pytest.mark.parametrize("score", [None, "accuracy"])
def test_a_stop_keeps_the_path_on_all_data(score: str | None) -> None:
    X, y = random_problem(14, n=4000, p=60, loss="logistic")
    L = 50
    with pytest.raises(sh.Cancelled) as caught:
        sh.fit_path_cv(
            X, y, loss="logistic", cv=8, n_lambdas=L, score=score, callback=lambda p: p.index > L
        )
    assert len(caught.value.path.lambdas) == L


@pytest.mark.parametrize("score", [None, "r2"])
def test_a_stop_between_two_parts_counts(score: str | None) -> None:
    X, y = random_problem(14)
    with pytest.raises(sh.Cancelled) as caught:
        sh.fit_path_cv(X, y, n_lambdas=5, score=score, callback=lambda p: True)
    assert len(caught.value.path.lambdas) == 5


FOLDS: dict[str, Any] = {
    "one": 1,
    "too many": 61,
    "a fraction": 5.0,
    "a flag": True,
    "a word": "ten",
    "nothing": [],
    "labels of another length": np.zeros(59),
    "one label": np.zeros(60),
    "out of range": [([0, 1, 2], [60]), ([3, 4], [1])],
    "an empty test": [(np.arange(60), []), (np.arange(30), np.arange(30, 60))],
    "leaking": [(np.arange(60), np.arange(30)), (np.arange(30), np.arange(30, 60))],
    "repeated rows": [
        (np.r_[30:59, 30], np.arange(30)),
        (np.arange(30), np.arange(30, 60)),
    ],
}


@pytest.mark.parametrize("folds", FOLDS)
def test_folds_that_cannot_be_used(folds: str) -> None:
    X, y = random_problem(15)
    with pytest.raises(sh.errors.InvalidArgument, match="cv") as caught:
        sh.fit_path_cv(X, y, cv=FOLDS[folds], n_lambdas=3)
    assert caught.value.fields["argument"].startswith("cv")
    assert caught.value.fields["remedy"] in str(caught.value)


def test_folds_without_weight_or_with_one_class() -> None:
    X, y = random_problem(16, loss="logistic")
    labels = np.arange(60) // 20
    with pytest.raises(sh.errors.InvalidArgument, match="weight"):
        sh.fit_path_cv(X, y * 1.0, cv=labels, sample_weight=(labels != 1) * 1.0, n_lambdas=3)
    with pytest.raises(sh.errors.InvalidArgument, match="stratify"):
        sh.fit_path_cv(X, y, loss="logistic", cv=y, n_lambdas=3)
    with pytest.raises(sh.errors.InvalidArgument, match="two members"):
        sh.fit_path_cv(X, np.arange(60) == 3, loss="logistic", n_lambdas=3)


def test_other_arguments_that_cannot_be_used() -> None:
    X, y = random_problem(17)
    for kinds in ({"rule": "best"}, {"score": "no such score"}, {"score": 3}):
        with pytest.raises(sh.errors.InvalidArgument) as caught:
            sh.fit_path_cv(X, y, **kinds)
        assert caught.value.fields["argument"] == next(iter(kinds))
    with pytest.raises(sh.errors.InvalidArgument, match="time_limit"):
        sh.fit_path_cv(X, y, time_limit=1e-9)


def test_errors_of_a_scorer_are_its_own() -> None:
    X, y = random_problem(18)

    def broken(model: Any, X: Any, y: Any) -> float:
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        sh.fit_path_cv(X, y, score=broken)
