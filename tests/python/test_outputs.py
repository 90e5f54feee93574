"""Several outputs in Python: shapes, gauge, cross-validation, estimators, and what is refused."""

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import shrinkage as sh
from shrinkage import core
from shrinkage.conventions import explain_objective, to_sklearn
from shrinkage.errors import InvalidArgument
from shrinkage.linear.comparison import compare_penalties
from support.outputs import PENALTIES, outputs_problem
from support.vector_reference import VectorReference

LOSSES = ("multinomial", "squared")


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_shapes(loss: str, penalty: str) -> None:
    X, y = outputs_problem(0, loss)
    path = sh.fit_path(X, y, loss=loss, penalty=penalty, n_lambdas=6)
    assert path.outputs == 3
    assert path.coefs.shape == (8, 3, 6)
    assert path.intercepts.shape == (3, 6)
    assert path.coefs_sparse.shape == (24, 6)
    lam = float(np.sqrt(path.lambdas[2] * path.lambdas[3]))
    assert path.coef(lam).shape == (8, 3)
    np.testing.assert_array_equal(path.coef(float(path.lambdas[4])), path.coefs[..., 4])
    link = path.predict(X, lam, kind="link")
    np.testing.assert_allclose(link, X @ path.coef(lam) + path.intercept(lam))
    np.testing.assert_array_equal(
        path.predict(X, lam, kind="link", offset=np.ones((60, 3))), link + 1.0
    )
    frame = path.to_frame()
    assert frame["x2[1]"].to_list() == path.coefs[2, 1].tolist()
    assert frame["intercept[2]"].to_list() == path.intercepts[2].tolist()
    if penalty == "row_group":
        kept = path.coefs != 0
        np.testing.assert_array_equal(kept.any(axis=1), kept.all(axis=1))


def test_labels_and_probabilities() -> None:
    X, codes = outputs_problem(1)
    y = np.array(["north", "south", "west"])[codes]
    path = sh.fit_path(X, y, loss="multinomial", n_lambdas=10)
    lam = float(path.lambdas[-1])
    p = path.predict(X, lam)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert path.predict(X, lam, kind="class").tolist() == path.classes[p.argmax(axis=1)].tolist()
    plain = sh.fit_path(X, codes, loss="multinomial", n_lambdas=10)
    np.testing.assert_array_equal(path.coefs, plain.coefs)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_gauge(penalty: str) -> None:
    """Nothing but rounding is left of what the loss cannot tell."""
    X, y = outputs_problem(2)
    free = {"penalty_factor": [0, 1, 1, 1, 0, 1, 1, 1]}
    path = sh.fit_path(X, y, loss="multinomial", penalty=penalty, n_lambdas=8, tol=1e-10, **free)
    np.testing.assert_allclose(path.intercepts.sum(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(path.coefs[[0, 4]].sum(axis=1), 0.0, atol=1e-10)
    penalized = path.coefs[[1, 2, 3, 5, 6, 7]]
    if penalty == "l1":
        # Of the shifts of a row that leave Σ|β| least, with three classes only one: median zero.
        np.testing.assert_allclose(np.median(penalized, axis=1), 0.0, atol=1e-12)
    elif penalty == "elasticnet":
        for shift in (-1e-3, 1e-3):
            moved = penalized + shift
            change = 0.5 * np.abs(moved) + 0.25 * moved**2
            change -= 0.5 * np.abs(penalized) + 0.25 * penalized**2
            assert change.sum(axis=1).min() > -1e-7
    else:
        np.testing.assert_allclose(penalized.sum(axis=1), 0.0, atol=1e-5)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_targets_stand_alone_under_a_separable_penalty(penalty: str) -> None:
    X, y = outputs_problem(3, "squared")
    grid = sh.fit_path(X, y, penalty=penalty, n_lambdas=8).lambdas
    together = sh.fit_path(X, y, penalty=penalty, lambdas=grid, tol=1e-11)
    for k in range(3):
        alone = sh.fit_path(X, y[:, k], penalty=penalty, lambdas=grid, tol=1e-11)
        np.testing.assert_allclose(together.coefs[:, k], alone.coefs, atol=1e-5)
        np.testing.assert_allclose(together.intercepts[k], alone.intercepts, atol=1e-5)


def test_two_classes_are_the_logistic_fit() -> None:
    """η₂ − η₁ with λΣ(β₁² + β₂²)/2 is the logistic η with half of λ."""
    X, y = outputs_problem(4, outputs=2)
    lambdas = np.array([0.3, 0.03])
    two = sh.fit_path(X, y, loss="multinomial", penalty="l2", lambdas=lambdas, tol=1e-12)
    one = sh.fit_path(X, y, loss="logistic", penalty="l2", lambdas=lambdas / 2, tol=1e-12)
    np.testing.assert_allclose(two.coefs[:, 1] - two.coefs[:, 0], one.coefs, atol=1e-5)
    np.testing.assert_allclose(two.intercepts[1] - two.intercepts[0], one.intercepts, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_warm_start(loss: str) -> None:
    X, y = outputs_problem(5, loss)
    path = sh.fit_path(X, y, loss=loss, n_lambdas=20, tol=1e-9)
    lam = [float(path.lambdas[-1])]
    again = sh.fit_path(X, y, loss=loss, lambdas=lam, tol=1e-8, warm_start=path)
    assert again.gaps[0] <= 1e-8
    np.testing.assert_allclose(again.losses[0], path.losses[-1], rtol=1e-6)
    pair = (path.coef(lam[0]), path.intercept(lam[0]))
    again = sh.fit_path(X, y, loss=loss, lambdas=lam, tol=1e-8, warm_start=pair)
    assert again.gaps[0] <= 1e-8
    with pytest.raises(InvalidArgument, match="warm_start"):
        sh.fit_path(X, y, loss=loss, warm_start=(np.zeros(8), 0.0))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_cross_validation(loss: str, penalty: str) -> None:
    """The kernel's scores are those of paths on the training rows, scored here in numpy."""
    X, y = outputs_problem(6, loss, n=90)
    weight = np.linspace(0.5, 2.0, 90)
    how: dict[str, Any] = {"loss": loss, "penalty": penalty, "tol": 1e-9}
    cv = sh.fit_path_cv(X, y, cv=3, n_lambdas=6, sample_weight=weight, **how)
    assert cv.score == ("deviance" if loss == "multinomial" else "mse")
    for f, (train, test) in enumerate(cv.folds):
        part = sh.fit_path(
            X[train], y[train], sample_weight=weight[train], lambdas=cv.path.lambdas, **how
        )
        held = VectorReference(X[test], y[test], loss=loss, sample_weight=weight[test])
        expected = [
            2.0 * held.value(X[test] @ part.coefs[..., i] + part.intercepts[..., i])
            for i in range(6)
        ]
        np.testing.assert_allclose(cv.fold_scores[f], expected, rtol=1e-4)
    np.testing.assert_allclose(cv.train_scores, 2.0 * cv.path.losses, rtol=1e-12)
    holdout = [(train, test[::2]) for train, test in cv.folds]
    part_cv = sh.fit_path_cv(X, y, cv=holdout, lambdas=cv.path.lambdas, **how)
    assert part_cv.fold_scores.shape == (3, 6)


@pytest.mark.parametrize("outputs", [2, 3])
def test_scorers(outputs: int) -> None:
    X, y = outputs_problem(7, n=90, outputs=outputs)
    cv: Any = StratifiedKFold(3)
    scores = ("accuracy", "neg_log_loss", "roc_auc" if outputs == 2 else "roc_auc_ovr")
    for score in scores:
        result = sh.fit_path_cv(X, y, loss="multinomial", cv=cv, score=score, n_lambdas=5)
        assert np.isfinite(result.fold_scores).all()
        assert result.mean.max() > result.mean[0]
    X, y = outputs_problem(7, "squared", n=90)
    result = sh.fit_path_cv(X, y, cv=3, score="r2", n_lambdas=5)
    assert result.mean.max() > result.mean[0]


def test_estimators() -> None:
    X, y = outputs_problem(8)
    labels = np.array(["a", "b", "c"])[y]
    model = sh.PenalizedClassifier(loss="multinomial", penalty="row_group", lam=0.02)
    model.fit(X, labels)
    assert model.coef_.shape == (3, 8)
    assert model.intercept_.shape == (3,)
    assert model.decision_function(X).shape == (60, 3)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (model.predict(X) == model.classes_[p.argmax(axis=1)]).all()
    balanced = sh.PenalizedClassifier(loss="multinomial", lam=0.0, class_weight="balanced")
    assert not np.allclose(balanced.fit(X, labels).intercept_, model.intercept_)
    chosen = sh.PenalizedClassifierCV(loss="multinomial", cv=3, n_lambdas=10).fit(X, labels)
    assert chosen.score(X, labels) > 0.5
    X, y = outputs_problem(8, "squared")
    regressor = sh.PenalizedRegressor(penalty="row_group", lam=0.02).fit(X, y)
    assert regressor.coef_.shape == (3, 8)
    np.testing.assert_allclose(regressor.predict(X), X @ regressor.coef_.T + regressor.intercept_)
    assert regressor.score(X, y) > 0.5


@parametrize_with_checks([sh.PenalizedClassifier(loss="multinomial", lam=1e-3)])
def test_scikit_learn_conventions(estimator: Any, check: Any) -> None:
    check(estimator)


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "rows without outputs": ("argument.penalty", {"y": np.arange(60.0)}),
    "bounds on rows": ("argument.bounds", {"lower": -1.0}),
    "one class": ("argument.classes", {"y": np.zeros(60), "loss": "multinomial"}),
    "flat offset": ("argument.shape", {"offset": np.zeros((60, 2))}),
    "a missing target": ("argument.not_finite", {"y": np.full((60, 2), np.nan)}),
    "too few rows of y": ("argument.shape", {"y": np.zeros((59, 2))}),
    "several targets of huber": ("argument.shape", {"loss": "huber"}),
    "a class without weight": (
        "argument.classes",
        {"y": np.arange(60) % 3, "loss": "multinomial", "sample_weight": np.arange(60) % 3},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str) -> None:
    code, changes = REFUSED[case]
    X, y = outputs_problem(9, "squared")
    with pytest.raises(InvalidArgument) as caught:
        sh.fit_path(**{"X": X, "y": y, "penalty": "row_group", **changes})
    assert caught.value.code == code


def test_formulas() -> None:
    X, y = outputs_problem(10)
    eta = X[:, :3]
    reference = VectorReference(X, y)
    assert core.loss_value("multinomial", y, eta) == pytest.approx(reference.value(eta))
    gradient = core.loss_gradient("multinomial", y, eta)
    np.testing.assert_allclose(gradient, reference.slope(eta), atol=1e-12)
    with pytest.raises(InvalidArgument, match="row_group"):
        core.penalty_value("row_group", np.zeros(3), 1.0)


def test_explanations() -> None:
    text = explain_objective("squared", "row_group", 0.5, weight_sum=100.0, outputs=3)
    assert "½(y_i − η_i)²" in text
    assert "0.5 Σ ‖B_j‖₂" in text
    assert "MultiTaskLasso(alpha=0.5)" in text
    assert 'family="mgaussian", lambda=0.5' in text
    text = explain_objective("multinomial", "row_group", 0.5, weight_sum=100.0, outputs=3)
    assert 'type.multinomial="grouped"' in text
    text = explain_objective("multinomial", "l2", 0.5, weight_sum=100.0, outputs=3)
    assert "LogisticRegression(C=0.02, l1_ratio=0)" in text
    assert 'family="multinomial"' in text
    text = explain_objective("squared", "l2", 0.5, weight_sum=100.0, outputs=3)
    assert "Ridge(alpha=50)" in text
    with pytest.raises(InvalidArgument, match="penalty"):
        to_sklearn(0.5, loss="multinomial", penalty="row_group", weight_sum=100.0)
    with pytest.raises(InvalidArgument, match="loss"):
        compare_penalties(*outputs_problem(11), loss="multinomial")


@pytest.mark.parametrize("tol", [1e-6, 1e-12])
def test_nearly_certain_classes_end_within_tol(tol: float) -> None:
    # p - 1 is then known to its last digits only, and so are the intercepts.
    X = np.repeat([[1.0, 3.0], [2.0, 1.0], [3.0, 3.0], [4.0, 1.0]], 4, axis=0)
    y = np.repeat([1, 2, 1, 2], 4)
    path = sh.fit_path(X, y, loss="multinomial", lambdas=np.geomspace(0.5, 1e-4, 25), tol=tol)
    assert path.converged.all()
    assert path.n_iter.max() < 30
