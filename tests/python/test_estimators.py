"""The four estimators keep scikit-learn's contract."""

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_regressors_train,
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

import shrinkage as sh
from support.datasets import random_problem

REGRESSORS = (sh.PenalizedRegressor, sh.PenalizedRegressorCV)
CLASSIFIERS = (sh.PenalizedClassifier, sh.PenalizedClassifierCV)
EVERY = (*REGRESSORS, *CLASSIFIERS)
WEIGHT_CHECKS = (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
)


@parametrize_with_checks(
    [
        sh.PenalizedRegressor(lam=0.01),
        sh.PenalizedClassifier(),
        sh.PenalizedRegressorCV(cv=3, n_lambdas=10),
        sh.PenalizedClassifierCV(cv=3, n_lambdas=10),
        sh.PenalizedRegressor(loss="poisson", lam=0.01),
        sh.PenalizedRegressor(loss="gamma", lam=0.01),
        sh.PenalizedRegressor(loss="huber", lam=0.01),
        sh.PenalizedRegressorCV(loss="poisson", cv=3, n_lambdas=10),
        sh.PenalizedRegressorCV(loss="gamma", cv=3, n_lambdas=10),
        sh.PenalizedRegressorCV(loss=sh.Huber(10.0), cv=3, n_lambdas=10),
        sh.PenalizedClassifier(loss="squared_hinge", class_weight="balanced"),
        sh.PenalizedClassifierCV(loss="squared_hinge", cv=3, n_lambdas=10),
    ]
)
def test_check_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


PENALTIES = ("l1", "l2", "elasticnet")
EXACT = ("l1", "l2")
COUNTED = [
    *(
        sh.PenalizedRegressor(loss, penalty, 0.01)
        for loss in ("squared", "poisson", "gamma", "huber", "quantile")
        for penalty in EXACT
    ),
    *(
        sh.PenalizedClassifier(loss, penalty)
        for loss in ("logistic", "squared_hinge", "multinomial")
        for penalty in EXACT
    ),
    *(
        sh.PenalizedRegressorCV(penalty=penalty, cv=3, lambdas=[1.0, 0.1, 0.01])
        for penalty in EXACT
    ),
    *(
        sh.PenalizedClassifierCV(penalty=penalty, cv=3, lambdas=[1.0, 0.1, 0.01])
        for penalty in EXACT
    ),
]


@pytest.mark.parametrize("estimator", COUNTED, ids=repr)
def test_weights_are_copies_of_rows_with_l1_and_l2(estimator: Any) -> None:
    """scikit-learn's own check, to 1e-7 of the predictions."""
    for check in WEIGHT_CHECKS:
        check(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_default_level_passes_the_check_of_a_regressor(penalty: str) -> None:
    """λ = 1 leaves nothing of a standardized target with L1, which a tag says."""
    model = sh.PenalizedRegressor(penalty=penalty)
    assert get_tags(model).regressor_tags.poor_score == (penalty != "l2")
    assert not get_tags(sh.PenalizedRegressor(lam=0.01)).regressor_tags.poor_score
    check_regressors_train("PenalizedRegressor", model)


def problem_for(kind: Any, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X, y = random_problem(seed, loss="logistic" if kind in CLASSIFIERS else "squared")
    return X, np.array(["no", "yes"])[y] if kind in CLASSIFIERS else y


@pytest.mark.parametrize("kind", EVERY)
def test_parameters_are_kept_and_cloned(kind: Any) -> None:
    model = kind(penalty=sh.ElasticNet(0.3), lower=-1.0, tol=1e-8, n_threads=1)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert twin is not model
    twin.set_params(penalty="l2", fit_intercept=False)
    assert (twin.penalty, twin.fit_intercept, model.fit_intercept) == ("l2", False, True)
    assert "penalty=ElasticNet(l1_ratio=0.3)" in repr(model)


@pytest.mark.parametrize("kind", EVERY)
def test_frames_give_their_names(kind: Any) -> None:
    X, y = problem_for(kind)
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    model = kind().fit(frame, pd.Series(y))
    assert model.feature_names_in_.tolist() == list("abcdefgh")
    assert model.n_features_in_ == 8
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("hgfedcba")])
    plain = kind().fit(X, y)
    np.testing.assert_array_equal(model.coef_, plain.coef_)


@pytest.mark.parametrize("kind", EVERY)
def test_pickles_and_copies(kind: Any) -> None:
    X, y = problem_for(kind)
    model = kind().fit(X, y)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
        assert other.explain_objective() == model.explain_objective()


@pytest.mark.parametrize("kind", EVERY)
def test_unfitted(kind: Any) -> None:
    for call in (lambda m: m.predict(np.zeros((1, 2))), lambda m: m.explain_objective()):
        with pytest.raises(NotFittedError):
            call(kind())


@pytest.mark.parametrize("penalty", ["l1", "l2", sh.ElasticNet(0.7)])
def test_a_regressor_is_one_fit_of_the_path(penalty: Any) -> None:
    X, y = random_problem(1)
    weight, offset = np.linspace(0.1, 1.0, 60), np.cos(np.arange(60.0))
    model = sh.PenalizedRegressor(penalty=penalty, lam=0.05).fit(X, y, weight, offset)
    path = sh.fit_path(
        X, y, penalty=penalty, lambdas=[0.05], sample_weight=weight, offset=offset, tol=1e-10
    )
    np.testing.assert_array_equal(model.coef_, path.coefs[:, 0])
    assert isinstance(model.intercept_, float)
    assert model.intercept_ == path.intercepts[0]
    assert model.converged_
    assert 0 <= model.gap_ <= 1e-10
    np.testing.assert_allclose(
        model.predict(X, offset), path.predict(X, 0.05, offset=offset), rtol=1e-12
    )
    assert model.score(X, y, weight, offset) > 0


def test_a_classifier_is_one_fit_of_the_path() -> None:
    X, y = problem_for(sh.PenalizedClassifier, 2)
    model = sh.PenalizedClassifier(lam=0.02).fit(X, y)
    path = sh.fit_path(X, y, loss="logistic", lambdas=[0.02], tol=1e-10)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.coef_.shape == (1, 8)
    assert model.intercept_.shape == (1,)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(proba[:, 1], path.predict(X, 0.02), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), path.predict(X, 0.02, kind="class"))
    np.testing.assert_array_equal(model.predict(X) == "yes", model.decision_function(X) > 0)
    assert model.score(X, y) > 0.5


def test_probabilities_far_from_the_data() -> None:
    X, y = problem_for(sh.PenalizedClassifier, 3)
    model = sh.PenalizedClassifier(lam=0.01).fit(X, y)
    proba = model.predict_proba(np.array([[1e5], [-1e5]]) * np.sign(model.coef_))
    np.testing.assert_array_equal(proba, [[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_cross_validated_ones_choose_by_the_rule(rule: Any) -> None:
    X, y = random_problem(4)
    model = sh.PenalizedRegressorCV(cv=5, rule=rule).fit(X, y)
    cv = sh.fit_path_cv(X, y, cv=5, rule=rule)
    assert model.lambda_ == cv.path.lambdas[cv.best]
    np.testing.assert_array_equal(model.coef_, cv.path.coefs[:, cv.best])
    assert model.gap_ == cv.path.gaps[cv.best]
    np.testing.assert_array_equal(model.cv_.mean, cv.mean)
    assert f"{model.lambda_:.3g}"[:4] in model.explain_objective()


def test_scores_of_cross_validated_ones() -> None:
    X, y = problem_for(sh.PenalizedClassifierCV, 5)
    model = sh.PenalizedClassifierCV(cv=4, score_by="accuracy", n_lambdas=8).fit(X, y)
    assert model.cv_.score == "accuracy"
    assert model.lambda_ == model.cv_.lambda_min


@pytest.mark.parametrize("kind", [sh.PenalizedRegressor, sh.PenalizedClassifier])
def test_grid_search(kind: Any) -> None:
    X, y = problem_for(kind, 6)
    grid = {"lam": [1.0, 0.1, 0.01], "penalty": ["l1", "l2", sh.ElasticNet(0.5)]}
    search = GridSearchCV(kind(), grid, cv=3).fit(X, y)
    assert search.best_params_["lam"] in grid["lam"]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    pipe = make_pipeline(StandardScaler(), kind(lam=0.01))
    assert np.isfinite(cross_val_score(pipe, X, y, cv=3)).all()


def test_parallel_grid_search() -> None:
    X, y = random_problem(7)
    grid = {"lam": [1.0, 0.1]}
    one = GridSearchCV(sh.PenalizedRegressor(), grid, cv=2).fit(X, y)
    with parallel_config(backend="threading"):
        two = GridSearchCV(sh.PenalizedRegressor(), grid, cv=2, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("kind", EVERY)
def test_bad_parameters_are_found_at_fit(kind: Any) -> None:
    X, y = problem_for(kind)
    for name, value in {"penalty": "l7", "tol": -1.0, "lower": 1.0}.items():
        with pytest.raises(sh.errors.InvalidArgument, match=name):
            kind(**{name: value}).fit(X, y)


def test_bad_lam() -> None:
    X, y = random_problem(8)
    for lam in (-1.0, np.nan, "auto"):
        with pytest.raises(sh.errors.InvalidArgument, match="lam"):
            sh.PenalizedRegressor(lam=lam).fit(X, y)


def test_losses_belong_to_their_kind() -> None:
    X, y = random_problem(9)
    with pytest.raises(ValueError, match="loss"):
        sh.PenalizedRegressor(loss="logistic").fit(X, y > 0)
    with pytest.raises(ValueError, match="loss"):
        sh.PenalizedClassifier(loss="squared").fit(X, (y > 0).astype(int))


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_means_of_a_log_link_are_predicted(loss: str) -> None:
    X, y = random_problem(10, loss=loss)
    model = sh.PenalizedRegressor(loss=loss, penalty="l2", lam=0.01).fit(X, y)
    np.testing.assert_allclose(model.predict(X), np.exp(X @ model.coef_ + model.intercept_))
    # At the optimum the intercept makes the residuals of the score sum to zero.
    expected = {"poisson": y - model.predict(X), "gamma": y / model.predict(X) - 1.0}[loss]
    assert abs(expected.mean()) < 1e-8
    path = sh.fit_path(X, y, loss=loss, penalty="l2", lambdas=[0.01], tol=model.path_.tol)
    np.testing.assert_allclose(path.predict(X, 0.01), model.predict(X), rtol=1e-12)
    np.testing.assert_allclose(np.log(model.predict(X)), path.predict(X, 0.01, kind="link"))
    assert np.isinf(model.predict(1e9 * np.sign(model.coef_)[None, :]))


def test_targets_a_loss_is_not_made_for_are_refused_by_the_estimator() -> None:
    X, y = random_problem(10)
    for loss, wrong in (("poisson", y - y.max() - 1.0), ("gamma", np.abs(y) * (y > 0))):
        with pytest.raises(sh.errors.InvalidArgument, match=f"{loss}"):
            sh.PenalizedRegressor(loss=loss).fit(X, wrong)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_margin_has_no_probability(kind: Any) -> None:
    X, y = problem_for(kind, 11)
    few = {"cv": 3, "n_lambdas": 5} if kind is sh.PenalizedClassifierCV else {}
    model = kind(loss="squared_hinge", **few).fit(X, y)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(X)
    assert hasattr(kind(), "predict_proba")
    margin = model.decision_function(X)
    np.testing.assert_array_equal(model.predict(X), np.where(margin > 0, "yes", "no"))
    assert model.score(X, y) > 0.6


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_class_weight_multiplies_the_weights_of_its_class(kind: Any, loss: str) -> None:
    X, y = problem_for(kind, 12)
    own = np.linspace(0.5, 2.0, len(y))
    few = {"cv": 3, "n_lambdas": 5} if kind is sh.PenalizedClassifierCV else {"lam": 0.02}
    total = {label: own[y == label].sum() for label in ("no", "yes")}
    for class_weight, factor in (
        ({"no": 0.2, "yes": 3.0}, {"no": 0.2, "yes": 3.0}),
        ({"yes": 3.0}, {"no": 1.0, "yes": 3.0}),
        ("balanced", {label: own.sum() / (2.0 * t) for label, t in total.items()}),
    ):
        explicit = own * np.array([factor[label] for label in y])
        one = kind(loss=loss, class_weight=class_weight, **few).fit(X, y, own)
        two = kind(loss=loss, **few).fit(X, y, explicit)
        np.testing.assert_allclose(one.coef_, two.coef_, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(one.intercept_, two.intercept_, rtol=1e-10)
        assert one.path_.sample_weight_sum == pytest.approx(explicit.sum())
    balanced = kind(loss=loss, class_weight="balanced", **few).fit(X, y)
    assert balanced.path_.sample_weight_sum == pytest.approx(len(y))


def test_class_weight_is_that_of_scikit_learn() -> None:
    X, y = problem_for(sh.PenalizedClassifier, 13)
    y = np.where(np.arange(60) % 5 == 0, "yes", y)
    for class_weight in ("balanced", {"no": 2.0, "yes": 0.7}):
        ours = sh.PenalizedClassifier(
            penalty="l2", lam=0.05, standardize=False, class_weight=class_weight, tol=1e-13
        ).fit(X, y)
        peer = LogisticRegression(
            C=1.0 / (0.05 * ours.path_.sample_weight_sum),
            class_weight=class_weight,
            solver="newton-cholesky",
            tol=1e-12,
        ).fit(X, y)
        np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-6 * np.abs(peer.coef_).max())


@pytest.mark.parametrize(
    ("class_weight", "named"),
    [
        ("even", "class_weight"),
        ([1.0, 2.0], "class_weight"),
        ({"maybe": 1.0}, "class_weight"),
        ({"yes": -1.0}, "class_weight['yes']"),
        ({"yes": np.nan}, "class_weight['yes']"),
        ({"yes": "much"}, "class_weight['yes']"),
    ],
)
def test_class_weights_that_cannot_be_used(class_weight: Any, named: str) -> None:
    X, y = problem_for(sh.PenalizedClassifier)
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        sh.PenalizedClassifier(class_weight=class_weight).fit(X, y)
    assert caught.value.fields["argument"] == named
    assert caught.value.fields["remedy"] in str(caught.value)


def test_a_class_of_weight_zero_is_no_class() -> None:
    X, y = problem_for(sh.PenalizedClassifier)
    with pytest.raises(sh.errors.InvalidArgument, match="both classes a positive weight"):
        sh.PenalizedClassifier(class_weight={"yes": 0.0}).fit(X, y)
    with pytest.raises(sh.errors.InvalidArgument, match="both classes a positive weight"):
        sh.PenalizedClassifier(class_weight="balanced").fit(X, y, (y == "no") * 1.0)
