"""An offset of the fit belongs to every prediction and every score."""

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, cross_val_score

import shrinkage as sh

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
exposure = rng.uniform(0.1, 20, 60)
counts = rng.poisson(exposure * np.exp(0.3 * X[:, 0]))
shift = np.log(exposure)
labels = np.where(X[:, 0] + 0.2 * shift + rng.normal(size=60) > 0, "b", "a")
three = np.array(["a", "b", "c"])[np.argmax(X + rng.normal(size=(60, 3)), axis=1)]
wide = rng.normal(size=(60, 3))


def missing(call: Any) -> None:
    with pytest.raises(sh.errors.InvalidArgument, match="the fit had one") as caught:
        call()
    assert (caught.value.code, caught.value.fields["argument"]) == ("argument.missing", "offset")


REGRESSORS = [
    (sh.PenalizedRegressor("poisson", lam=0.01), counts, shift),
    (sh.PenalizedRegressor("gamma", lam=0.01), counts + 1.0, shift),
    (sh.PenalizedRegressor("quantile", lam=0.01), counts, shift),
    (sh.PenalizedRegressor(lam=0.01), wide + X, wide),
    (sh.PenalizedRegressorCV("poisson", cv=3, n_lambdas=5), counts, shift),
]
CLASSIFIERS = [
    (sh.PenalizedClassifier(), labels, shift),
    (sh.PenalizedClassifier("squared_hinge"), labels, shift),
    (sh.PenalizedClassifier("multinomial"), three, wide),
    (sh.PenalizedClassifierCV(cv=3, n_lambdas=5), labels, shift),
]


@pytest.mark.parametrize(("model", "y", "offset"), REGRESSORS)
def test_regressors(model: Any, y: np.ndarray, offset: np.ndarray) -> None:
    model.fit(X, y, offset=offset)
    eta = offset + X @ model.coef_.T + model.intercept_
    predicted = model.path_.loss.mean(eta)
    np.testing.assert_allclose(model.predict(X, offset=offset), predicted)
    np.testing.assert_allclose(
        model.predict(X, offset=1.0), model.path_.loss.mean(eta - offset + 1)
    )
    weights = exposure
    r2 = sklearn.metrics.r2_score(y, predicted, sample_weight=weights)
    assert model.score(X, y, weights, offset) == pytest.approx(r2)
    missing(lambda: model.predict(X))
    missing(lambda: model.score(X, y))
    missing(lambda: model.path_.predict(X, model.lambda_))
    np.testing.assert_allclose(
        model.path_.predict(X, model.lambda_, offset=offset), predicted, rtol=1e-9
    )


def test_counts_are_predicted_at_their_size() -> None:
    model = sh.PenalizedRegressor("poisson", lam=0.01).fit(X, counts, offset=shift)
    assert model.predict(X, shift).mean() == pytest.approx(counts.mean(), rel=1e-6)


@pytest.mark.parametrize(("model", "y", "offset"), CLASSIFIERS)
def test_classifiers(model: Any, y: np.ndarray, offset: np.ndarray) -> None:
    model.fit(X, y, offset=offset)
    several = offset.ndim == 2
    eta = (
        offset
        + X @ (model.coef_.T if several else model.coef_[0])
        + (model.intercept_ if several else model.intercept_[0])
    )
    np.testing.assert_allclose(model.decision_function(X, offset), eta)
    right = model.classes_[eta.argmax(axis=1) if several else (eta > 0).astype(int)]
    np.testing.assert_array_equal(model.predict(X, offset), right)
    assert model.score(X, y, offset=offset) == pytest.approx(np.mean(right == y))
    calls = [model.decision_function, model.predict]
    if hasattr(model, "predict_proba"):
        p = model.predict_proba(X, offset)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        np.testing.assert_allclose(model.predict_log_proba(X, offset), np.log(p), atol=1e-12)
        calls += [model.predict_proba, model.predict_log_proba]
    for call in calls:
        missing(lambda call=call: call(X))
    missing(lambda: model.score(X, y))


def test_without_an_offset_nothing_is_asked() -> None:
    model = sh.PenalizedRegressor("poisson", lam=0.01).fit(X, counts)
    assert not model.path_.has_offset
    np.testing.assert_allclose(model.predict(X, shift), model.predict(X) * exposure)
    with pytest.raises(sh.errors.InvalidArgument, match="one entry per observation, 60"):
        model.predict(X, shift[:-1])


def test_routing_carries_it_to_folds_and_their_scores() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        model = sh.PenalizedRegressor("poisson", lam=0.01)
        model.set_fit_request(offset=True).set_score_request(offset=True)
        model.set_predict_request(offset=True)
        scores = cross_val_score(model, X, counts, cv=3, params={"offset": shift})
        folds = [np.array_split(np.arange(60), 3)[f] for f in range(3)]
        for score, test in zip(scores, folds, strict=True):
            train = np.setdiff1d(np.arange(60), test)
            own = sh.PenalizedRegressor("poisson", lam=0.01)
            own.fit(X[train], counts[train], offset=shift[train])
            assert score == pytest.approx(own.score(X[test], counts[test], offset=shift[test]))
        search = GridSearchCV(model, {"lam": [0.01, 1.0]}, cv=3)
        search.fit(X, counts, offset=shift)
        assert search.cv_results_["mean_test_score"][0] == pytest.approx(scores.mean())
        classifier = sh.PenalizedClassifier()
        for method in ("decision_function", "predict_proba", "predict_log_proba", "score"):
            getattr(classifier, f"set_{method}_request")(offset=True)


def test_logarithms_of_probabilities_that_round_to_zero() -> None:
    for loss, y in (("logistic", labels), ("multinomial", three)):
        model = sh.PenalizedClassifier(loss).fit(X, y)
        far = 1e5 * X
        logs = model.predict_log_proba(far)
        assert np.isfinite(logs).all()
        assert logs.min() < -1000
        assert (model.predict_proba(far) == 0).any()
        eta = model.decision_function(far)
        if loss == "logistic":
            np.testing.assert_allclose(logs[:, 1] - logs[:, 0], eta)
    assert not hasattr(sh.PenalizedClassifier("squared_hinge"), "predict_log_proba")
