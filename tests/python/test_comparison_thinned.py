"""Where a comparison is much work it is thinned, and says so."""

import numpy as np
import pytest
from scipy import sparse

from shrinkage.linear import comparison
from shrinkage.linear.comparison import compare_penalties
from shrinkage.linear.cv import fit_path_cv
from shrinkage.losses import resolve_loss


def table() -> tuple[sparse.csc_array, np.ndarray]:
    rng = np.random.default_rng(5)
    X = sparse.random_array((120, 15), density=0.3, rng=rng, format="csc")
    eta = X @ np.r_[3.0, -3.0, np.zeros(13)]
    return X, (rng.uniform(size=120) < 1 / (1 + np.exp(-eta))).astype(int)


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_much_work_is_thinned(monkeypatch: pytest.MonkeyPatch, loss: str) -> None:
    X, y = table()
    whole = compare_penalties(X, y, loss=loss, cv=4)
    assert not whole.thinned
    monkeypatch.setattr(comparison, "MUCH_WORK", 0.0)
    thin = compare_penalties(X, y, loss=loss, cv=4)
    assert thin.thinned
    # A thinned cross-validation is no reason to leave out degrees of freedom, which need none.
    assert list(thin.links) == list(whole.links) == ["df", "best", "1se", "textbook"]
    link, count = thin.links["df"], thin.l1.n_nonzero
    off = np.abs(thin.l2.df[link.l2] - count)
    assert (off <= 0.005 * np.maximum(1.0, count))[~link.clipped].all()
    assert link.clipped.mean() < 0.2
    assert thin.l1.lambdas.size == comparison.THIN_LAMBDAS
    assert thin.tol == comparison.THIN_TOL
    for side in (thin.l1, thin.l2):
        assert all(each.value <= thin.tol for each in side.certificates)
        at = side.lambdas[side.i_min]
        assert whole.side(side.penalty).cv_mean.min() == pytest.approx(
            side.cv_mean[side.i_min], rel=2e-3
        ), at
    # On the grid the errors are those of fits, between they are near them.
    folds = comparison.make_folds(y, 4, loss=loss, seed=1)
    cv = fit_path_cv(X, y, loss=loss, penalty="l2", cv=folds, lambdas=thin.l2.lambdas, tol=1e-11)
    grid = thin.l2.grid
    np.testing.assert_allclose(thin.l2.cv_mean[grid], cv.mean[grid], rtol=1e-4)
    np.testing.assert_allclose(thin.l2.cv_mean, cv.mean, rtol=3e-3)
    np.testing.assert_allclose(thin.l2.cv_std_error, cv.std_error, rtol=2e-2)


def test_small_tables_are_not_thinned_and_words_are() -> None:
    logistic = resolve_loss("logistic")
    for shape in ((442, 10), (72, 7129), (1797, 64)):
        assert not comparison._is_much_work(np.empty(shape), logistic, 10, 100)
    assert comparison._is_much_work(sparse.csc_array((5574, 500)), logistic, 10, 100)
