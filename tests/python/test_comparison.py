"""L1 beside L2: every number of the comparison against a computation by hand."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Lasso, Ridge

import shrinkage as sh
from shrinkage.linear.comparison import PenaltyComparison, compare_penalties, make_folds
from shrinkage.linear.degrees_of_freedom import (
    WeightedDegreesOfFreedom,
    gram_eigenvalues,
    lambda_for_df,
    ridge_df,
)
from shrinkage.linear.sides import PenaltySide


@pytest.fixture(scope="module")
def diabetes() -> tuple[np.ndarray, np.ndarray]:
    return load_diabetes(return_X_y=True, scaled=False)


@pytest.fixture(scope="module")
def squared(diabetes: tuple[np.ndarray, np.ndarray]) -> PenaltyComparison:
    return compare_penalties(*diabetes)


@pytest.fixture(scope="module")
def cancer() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, :6], y


@pytest.fixture(scope="module")
def logistic(cancer: tuple[np.ndarray, np.ndarray]) -> PenaltyComparison:
    return compare_penalties(*cancer, loss="logistic", cv=4, n_lambdas=30)


def standardized(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def hat_trace(Z: np.ndarray, lam: float) -> float:
    """Trace of the matrix that maps y to the ridge fit, formed in full."""
    n, p = Z.shape
    return float(np.trace(Z @ np.linalg.solve(Z.T @ Z + n * lam * np.eye(p), Z.T)))


def weighted_hat_trace(Z: np.ndarray, eta: np.ndarray, lam: float) -> float:
    """The same for logistic loss, with the unpenalized intercept as a column; less one for it."""
    n, p = Z.shape
    D = np.column_stack([np.ones(n), Z])
    weight = np.exp(eta) / (1 + np.exp(eta)) ** 2
    information = D.T @ (weight[:, None] * D)
    ridge = np.diag(np.r_[0.0, np.full(p, n * lam)])
    return float(np.trace(np.linalg.solve(information + ridge, information))) - 1.0


def test_degrees_of_freedom_are_those_of_the_hat_matrix(
    diabetes: tuple[np.ndarray, np.ndarray], squared: PenaltyComparison
) -> None:
    Z = standardized(diabetes[0])
    for i in range(0, squared.l2.lambdas.size, 37):
        assert squared.l2.df[i] == pytest.approx(hat_trace(Z, squared.l2.lambdas[i]), rel=1e-9)
    np.testing.assert_array_equal(squared.l1.df, np.count_nonzero(squared.l1.coefs, axis=0))


def test_logistic_degrees_of_freedom_weigh_rows_by_curvature(
    cancer: tuple[np.ndarray, np.ndarray], logistic: PenaltyComparison
) -> None:
    X, side = cancer[0], logistic.l2
    Z = standardized(X)
    for i in range(0, side.lambdas.size, 11):
        eta = X @ side.coefs[:, i] + side.intercepts[i]
        assert side.df[i] == pytest.approx(weighted_hat_trace(Z, eta, side.lambdas[i]), rel=1e-8)


def test_wide_logistic_degrees_of_freedom_agree_with_the_tall_formula() -> None:
    rng = np.random.default_rng(0)
    Z, eta = standardized(rng.normal(size=(20, 45))), rng.normal(size=20)
    weight = np.exp(eta) / (1 + np.exp(eta)) ** 2
    assert WeightedDegreesOfFreedom(Z)(weight, 0.03) == pytest.approx(
        weighted_hat_trace(Z, eta, 0.03), rel=1e-9
    )


def test_lambda_for_df_inverts_and_says_when_it_cannot() -> None:
    e = gram_eigenvalues(standardized(np.random.default_rng(1).normal(size=(40, 7))))
    lam, attained = lambda_for_df(e, 3.2, lowest=1e-6, highest=1e3)
    assert attained
    assert ridge_df(e, lam)[0] == pytest.approx(3.2, rel=1e-10)
    assert lambda_for_df(e, 0.0, lowest=1e-6, highest=1e3) == (1e3, False)
    assert lambda_for_df(e, 7.0, lowest=1e-6, highest=1e3) == (1e-6, False)


def test_df_link_has_the_same_degrees_of_freedom_at_every_position(
    squared: PenaltyComparison, logistic: PenaltyComparison
) -> None:
    for comparison in (squared, logistic):
        link = comparison.links["df"]
        off = np.abs(comparison.l1.df[link.l1] - comparison.l2.df[link.l2])
        allowed = 0.005 * np.maximum(1.0, comparison.l1.df[link.l1])
        np.testing.assert_array_equal(link.clipped, off > allowed)
        assert link.clipped.mean() < 0.2


@pytest.mark.parametrize("name", ["best", "1se"])
def test_multiple_links_use_one_factor_on_both_sides(squared: PenaltyComparison, name: str) -> None:
    link, (l1, l2) = squared.links[name], (squared.l1, squared.l2)
    home = (l1.i_min, l2.i_min) if name == "best" else (l1.i_1se, l2.i_1se)
    factors = l1.lambdas[link.l1] / l1.lambdas[home[0]], l2.lambdas[link.l2] / l2.lambdas[home[1]]
    inside = ~link.clipped
    np.testing.assert_allclose(factors[0][inside], factors[1][inside], rtol=1e-9)
    assert (link.l1[link.start], link.l2[link.start]) == home


def test_textbook_link_has_the_same_textbook_lambda(
    diabetes: tuple[np.ndarray, np.ndarray],
    squared: PenaltyComparison,
    logistic: PenaltyComparison,
) -> None:
    for comparison in (squared, logistic):
        link = comparison.links["textbook"]
        inside = ~link.clipped
        one = comparison.l1.textbook[link.l1][inside]
        np.testing.assert_allclose(one, comparison.l2.textbook[link.l2][inside], rtol=1e-9)
    n = diabetes[1].size
    np.testing.assert_allclose(squared.l1.textbook, 2 * n * squared.l1.lambdas)
    np.testing.assert_allclose(squared.l2.textbook, n * squared.l2.lambdas)


def test_what_l2_cannot_attain_is_clipped_and_said(
    diabetes: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = diabetes
    comparison = compare_penalties(X, 1e-7 * y, cv=3, n_lambdas=20)
    link, grid = comparison.links["textbook"], comparison.l2.lambdas
    assert link.clipped.any()
    assert set(link.l2[link.clipped]) <= {0, grid.size - 1}
    beyond = 2 * comparison.l1.lambdas[link.clipped]
    assert ((beyond < grid[-1]) | (beyond > grid[0])).all()


def test_every_linked_lambda_is_fitted_exactly(
    diabetes: tuple[np.ndarray, np.ndarray], squared: PenaltyComparison
) -> None:
    X, y = diabetes
    n = y.size
    Z = standardized(X)
    for name, link in squared.links.items():
        for position in (15, 50, 85):
            i = link.l2[position]
            peer = Ridge(alpha=n * squared.l2.lambdas[i], solver="cholesky").fit(Z, y)
            np.testing.assert_allclose(
                squared.l2.penalized_coefs[:, i], peer.coef_, rtol=1e-7, atol=1e-7, err_msg=name
            )
    for one in (squared.l1, squared.l2):
        assert max(each.value for each in one.certificates) <= 1e-11


def test_counts_norms_and_errors(
    diabetes: tuple[np.ndarray, np.ndarray], squared: PenaltyComparison
) -> None:
    X, y = diabetes
    for side in (squared.l1, squared.l2):
        for i in (0, side.lambdas.size // 2, side.lambdas.size - 1):
            u = side.coefs[:, i] * X.std(axis=0)
            size = np.abs(u)
            assert side.n_zero[i] == sum(v == 0 for v in u)
            assert side.n_small[i] == (sum(size < 0.01 * size.max()) if size.max() else u.size)
            order = 1 if side.penalty == "l1" else 2
            full = np.linalg.norm(side.coefs[:, -1] * X.std(axis=0), ord=order)
            assert side.norm_share[i] == pytest.approx(np.linalg.norm(u, ord=order) / full)
            residual = y - X @ side.coefs[:, i] - side.intercepts[i]
            assert side.train_error[i] == pytest.approx(np.mean(residual**2))
            assert side.train_sum[i] == pytest.approx(residual @ residual)


def test_cross_validation_uses_the_same_folds_for_both(
    diabetes: tuple[np.ndarray, np.ndarray], squared: PenaltyComparison
) -> None:
    X, y = diabetes
    folds = make_folds(y, 10, loss="squared", seed=1)
    assert squared.n_folds == len(folds) == 10
    for side in (squared.l1, squared.l2):
        for i in (side.i_1se, side.i_min):
            total = 0.0
            for train, test in folds:
                mean, std = X[train].mean(axis=0), X[train].std(axis=0)
                lam, n = side.lambdas[i], train.size
                peer: Any = (
                    Lasso(alpha=lam, tol=1e-12, max_iter=100_000)
                    if side.penalty == "l1"
                    else Ridge(alpha=n * lam)
                )
                peer.fit((X[train] - mean) / std, y[train])
                total += np.sum((y[test] - peer.predict((X[test] - mean) / std)) ** 2)
            assert side.cv_mean[i] == pytest.approx(total / y.size, rel=1e-7)


def test_lambda_min_and_1se_follow_the_rule(squared: PenaltyComparison) -> None:
    for side in (squared.l1, squared.l2):
        mean, se = side.cv_mean[side.grid], side.cv_std_error[side.grid]
        assert side.grid[mean.argmin()] == side.i_min
        within = np.flatnonzero(mean <= mean.min() + se[mean.argmin()])
        assert side.grid[within[0]] == side.i_1se


def test_test_rows_touch_nothing_but_the_test_error(
    diabetes: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = diabetes
    rows = np.arange(0, y.size, 4)
    mask = np.isin(np.arange(y.size), rows)
    whole = compare_penalties(X, y, test_rows=rows, cv=3, n_lambdas=20)
    part = compare_penalties(X[~mask], y[~mask], cv=3, n_lambdas=20)
    np.testing.assert_array_equal(whole.l1.coefs, part.l1.coefs)
    np.testing.assert_array_equal(whole.l2.cv_mean, part.l2.cv_mean)
    assert part.l1.test_error is None
    assert (whole.n_rows, whole.n_test) == ((~mask).sum(), mask.sum())
    assert whole.l2.test_error is not None
    i = whole.l2.i_1se
    miss = y[mask] - X[mask] @ whole.l2.coefs[:, i] - whole.l2.intercepts[i]
    assert whole.l2.test_error[i] == pytest.approx(np.mean(miss**2))
    (fact,) = (f for f in whole.facts if f.code == "test")
    assert fact.fields["rows"] == mask.sum()
    assert fact.fields["l2"] == whole.l2.test_error[i]
    by_mask = compare_penalties(X, y, test_rows=mask, cv=3, n_lambdas=20)
    np.testing.assert_array_equal(by_mask.l1.coefs, whole.l1.coefs)


def test_logistic_errors_are_deviances(
    cancer: tuple[np.ndarray, np.ndarray], logistic: PenaltyComparison
) -> None:
    X, y = cancer
    side = logistic.l1
    p = 1 / (1 + np.exp(-(X @ side.coefs[:, 9] + side.intercepts[9])))
    log_likelihood = np.sum(np.log(np.where(y == 1, p, 1 - p)))
    assert side.train_error[9] == pytest.approx(-2 * log_likelihood / y.size)
    assert side.train_sum[9] == pytest.approx(-log_likelihood)
    assert logistic.classes == ("0", "1")


def facts_of(side_1: PenaltySide, side_2: PenaltySide, tied: bool) -> list[str]:
    """The codes that the numbers call for, decided anew."""
    means = {s.penalty: s.cv_mean[s.i_min] for s in (side_1, side_2)}
    best = min((side_1, side_2), key=lambda s: means[s.penalty])
    limit = means[best.penalty] + best.cv_std_error[best.i_min]
    close = side_1.cv_mean[side_1.i_1se] <= limit
    return [
        "l1_keeps" if side_1.coefs[:, side_1.i_1se].any() else "l1_keeps_none",
        "within_one_se" if close else "above_one_se",
        "tied" if tied else f"better_{best.penalty}",
        "l2_small",
    ]


def fold_differences(X: Any, y: Any, comparison: PenaltyComparison) -> np.ndarray:
    """CV error of L1 less that of L2 in every fold, each at its λ.min, fitted anew."""
    folds = make_folds(y, comparison.n_folds, loss=comparison.loss, seed=1)
    found = [
        sh.fit_path_cv(
            X, y, loss=comparison.loss, penalty=s.penalty, cv=folds, lambdas=s.lambdas, tol=1e-12
        ).fold_scores[:, s.i_min]
        for s in (comparison.l1, comparison.l2)
    ]
    return np.subtract(*found)


def test_facts_say_what_the_numbers_say(
    diabetes: tuple[np.ndarray, np.ndarray],
    squared: PenaltyComparison,
    cancer: tuple[np.ndarray, np.ndarray],
    logistic: PenaltyComparison,
) -> None:
    for comparison, table in ((squared, diabetes), (logistic, cancer)):
        codes = [fact.code for fact in comparison.facts]
        d = fold_differences(*table, comparison)
        verdict = comparison.facts[2].fields
        assert verdict["difference"] == pytest.approx(d.mean(), rel=0.05)  # folds differ in rows
        tied = verdict["low"] <= 0.0 <= verdict["high"]
        assert codes[:4] == facts_of(comparison.l1, comparison.l2, tied)
        k = d.size
        half = stats.t.ppf(0.975, k - 1) * d.std(ddof=1) * np.sqrt(1 / k + 1 / (k - 1))
        assert verdict["high"] - verdict["low"] == pytest.approx(2 * half, rel=0.05)
        kept = comparison.facts[0].fields
        assert kept["kept"] == np.count_nonzero(comparison.l1.coefs[:, comparison.l1.i_1se])
        assert kept["kept"] + kept["zero"] == kept["total"] == comparison.l1.coefs.shape[0]
    noise = np.random.default_rng(3).normal(size=(60, 5))
    nothing = compare_penalties(noise[:, :4], noise[:, 4], cv=5, n_lambdas=20)
    assert nothing.facts[0].code == "l1_keeps_none"


def test_result_pickles_and_repeats(
    diabetes: tuple[np.ndarray, np.ndarray], squared: PenaltyComparison
) -> None:
    again = pickle.loads(pickle.dumps(squared))
    assert again.facts == squared.facts
    repeated = compare_penalties(*diabetes, n_threads=1)
    for side in ("l1", "l2"):
        np.testing.assert_array_equal(repeated.side(side).coefs, again.side(side).coefs)
        np.testing.assert_array_equal(repeated.side(side).cv_mean, again.side(side).cv_mean)


def test_folds_are_shuffled_stratified_and_single_rows_for_tiny_data() -> None:
    y = np.repeat([0, 1], [60, 20])
    for _, test in make_folds(y, 10, loss="logistic", seed=1):
        assert np.bincount(y[test]).tolist() == [6, 2]
    assert len(make_folds(np.arange(12.0), 10, loss="squared", seed=1)) == 12
    plain = make_folds(np.arange(50.0), 10, loss="squared", seed=1)
    assert not np.array_equal(plain[0][1], np.arange(5))
    assert len(make_folds(np.repeat(["a", "b"], [9, 3]), 10, loss="logistic", seed=1)) == 3


def test_callback_stops_with_cancelled() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(1500, 400))  # long enough to be polled
    with pytest.raises(sh.Cancelled):
        compare_penalties(X, X[:, 0] + rng.normal(size=1500), callback=lambda progress: True)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"test_rows": [0, 999]}, "test_rows"),
        ({"test_rows": [-1]}, "test_rows"),
        ({"test_rows": np.zeros(5, dtype=bool)}, "test_rows"),
        ({"feature_names": ["only one"]}, "feature_names"),
        ({"y": np.arange(4.0)}, "y"),
        ({"X": np.arange(40.0)}, "X"),
        ({"cv": 1}, "cv"),
        ({"y": np.r_[1, np.zeros(39)], "loss": "logistic"}, "y"),
    ],
)
def test_bad_arguments_are_named_with_a_remedy(arguments: dict[str, Any], named: str) -> None:
    rng = np.random.default_rng(0)
    call = {"X": rng.normal(size=(40, 3)), "y": rng.normal(size=40), **arguments}
    with pytest.raises(sh.errors.InvalidArgument) as raised:
        compare_penalties(call.pop("X"), call.pop("y"), **call)
    assert raised.value.fields["argument"] == named
    assert raised.value.fields["remedy"]
    assert named in str(raised.value)


def test_frame_names_and_one_feature() -> None:
    import pandas as pd

    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"Länge": rng.normal(size=40)})
    comparison = compare_penalties(frame, frame["Länge"] + rng.normal(size=40), cv=4, n_lambdas=10)
    assert comparison.feature_names == ("Länge",)
    assert comparison.pair is None
