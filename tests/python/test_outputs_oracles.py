"""Several outputs against scikit-learn, and where problems degenerate."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn import linear_model

import shrinkage as sh
from shrinkage.conventions import to_sklearn
from shrinkage.errors import InvalidArgument
from support.outputs import PENALTIES, outputs_problem
from support.vector_reference import VectorReference

PLAIN: dict[str, Any] = {"standardize": False, "tol": 1e-12}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    ("classes", "penalty"),
    [(2, "l2"), *((k, penalty) for k in (3, 5) for penalty in ("l1", "l2", "elasticnet"))],
)
def test_logistic_regression(classes: int, penalty: str, fit_intercept: bool) -> None:
    """Probabilities and objective of scikit-learn's multinomial fit, to 1e-6.

    Of two classes scikit-learn fits the one η that is their difference: only L2 is then the same
    problem, with half of λ.
    """
    X, y = outputs_problem(0, n=120, outputs=classes)
    lam = 0.02
    ours = sh.fit_path(
        X,
        y,
        loss="multinomial",
        penalty=penalty,
        lambdas=[lam],
        fit_intercept=fit_intercept,
        **PLAIN,
    )
    setting = to_sklearn(
        lam if classes > 2 else lam / 2,
        loss="multinomial",
        penalty=penalty,
        weight_sum=120,
        fit_intercept=fit_intercept,
    )
    solver = {"solver": "newton-cg" if penalty == "l2" else "saga", "tol": 1e-10}
    peer = getattr(linear_model, setting.estimator)(
        **setting.parameters, **solver, max_iter=200_000
    )
    peer.fit(X, y)
    np.testing.assert_allclose(ours.predict(X, lam), peer.predict_proba(X), atol=1e-6)
    if classes == 2:
        return
    reference = VectorReference(
        X, y, alpha=PENALTIES[penalty], fit_intercept=fit_intercept, standardize=False
    )
    theirs = reference.objective(peer.coef_.T, peer.intercept_, lam)
    mine = reference.objective(ours.coefs[..., 0], ours.intercepts[..., 0], lam)
    assert mine <= theirs + 1e-12
    assert mine == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", ["row_group", "l1", "l2", "elasticnet"])
@pytest.mark.parametrize(("n", "p"), [(120, 8), (40, 90)])
def test_several_targets(n: int, p: int, penalty: str, fit_intercept: bool) -> None:
    """Coefficients and objective of MultiTaskLasso, and of Lasso, Ridge and ElasticNet."""
    X, y = outputs_problem(1, "squared", n=n, p=p)
    lam = 0.2
    ours = sh.fit_path(X, y, penalty=penalty, lambdas=[lam], fit_intercept=fit_intercept, **PLAIN)
    setting = to_sklearn(
        lam, loss="squared", penalty=penalty, weight_sum=n, fit_intercept=fit_intercept
    )
    limits = {} if penalty == "l2" else {"tol": 1e-13, "max_iter": 100_000}
    peer = getattr(linear_model, setting.estimator)(**setting.parameters, **limits).fit(X, y)
    reference = VectorReference(
        X, y, "squared", PENALTIES[penalty], fit_intercept=fit_intercept, standardize=False
    )
    theirs = reference.objective(peer.coef_.T, peer.intercept_, lam)
    mine = reference.objective(ours.coefs[..., 0], ours.intercepts[..., 0], lam)
    assert mine == pytest.approx(theirs, rel=1e-6)
    np.testing.assert_allclose(ours.coefs[..., 0], peer.coef_.T, atol=1e-5)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", ["multinomial", "squared"])
class TestDegenerate:
    """Every fit is finite, and as good as it says."""

    def check(self, X: np.ndarray, y: np.ndarray, loss: str, penalty: str, **kinds: Any) -> sh.Path:
        path = sh.fit_path(X, y, loss=loss, penalty=penalty, **kinds)
        assert np.isfinite(path.coefs).all()
        assert np.isfinite(path.intercepts).all()
        assert path.converged.all()
        reference = VectorReference(X, y, loss=loss, alpha=PENALTIES[penalty])
        if reference.null_deviance() > 0:
            assert reference.gaps(path)[1].max() <= 1e-6
        return path

    def test_one_feature(self, loss: str, penalty: str) -> None:
        self.check(*outputs_problem(2, loss, p=1), loss, penalty, n_lambdas=10)

    def test_constant_column(self, loss: str, penalty: str) -> None:
        X, y = outputs_problem(3, loss)
        X[:, 3] = 7.0
        path = self.check(X, y, loss, penalty, n_lambdas=10)
        assert (path.coefs[3] == 0).all()

    def test_all_columns_constant(self, loss: str, penalty: str) -> None:
        _, y = outputs_problem(3, loss)
        path = self.check(np.ones((60, 2)), y, loss, penalty, n_lambdas=5)
        assert (path.coefs == 0).all()

    def test_twice_the_same_column(self, loss: str, penalty: str) -> None:
        X, y = outputs_problem(4, loss)
        self.check(np.hstack([X, X]), y, loss, penalty, n_lambdas=10)

    def test_no_penalty(self, loss: str, penalty: str) -> None:
        X, y = outputs_problem(5, loss)
        path = self.check(X, y, loss, penalty, lambdas=[0.0])
        free = sh.fit_path(X, y, loss=loss, penalty="l2", lambdas=[0.0])
        np.testing.assert_allclose(path.losses, free.losses, rtol=1e-5)

    def test_few_observations(self, loss: str, penalty: str) -> None:
        X, y = outputs_problem(6, loss, n=3)
        self.check(X, y, loss, penalty, n_lambdas=10)

    def test_one_observation(self, loss: str, penalty: str) -> None:
        X, y = outputs_problem(7, loss, n=4)
        if loss == "multinomial":
            with pytest.raises(InvalidArgument, match="class"):
                sh.fit_path(X[:1], y[:1], loss=loss, penalty=penalty)
            return
        path = self.check(X[:1], y[:1], loss, penalty, n_lambdas=5)
        assert (path.coefs == 0).all()
        np.testing.assert_allclose(path.intercepts, np.repeat(y[:1].T, 5, axis=1))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_target_without_signal(penalty: str) -> None:
    """One constant target among others: its coefficients are zero, the others' are not."""
    X, y = outputs_problem(8, "squared")
    y[:, 1] = 4.0
    path = sh.fit_path(X, y, penalty=penalty, n_lambdas=10)
    assert path.converged.all()
    np.testing.assert_allclose(path.coefs[:, 1], 0.0, atol=1e-10)
    np.testing.assert_allclose(path.intercepts[1], 4.0, atol=1e-10)
    assert np.abs(path.coefs[:, 0, -1]).max() > 0.1


@pytest.mark.parametrize("penalty", ["l1", "row_group", "elasticnet"])
def test_separable_classes(penalty: str) -> None:
    """Classes that a plane tells apart: the gap says truly how far the path came."""
    X, _ = outputs_problem(9)
    y = X[:, :3].argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sh.ConvergenceWarning)
        path = sh.fit_path(X, y, loss="multinomial", penalty=penalty, n_lambdas=20)
    _, gaps = VectorReference(X, y, alpha=PENALTIES[penalty]).gaps(path)
    assert (gaps <= np.maximum(path.gaps, 1e-6) * 1.001 + 1e-8).all()
    assert path.converged.mean() > 0.9
