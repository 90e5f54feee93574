"""Group lasso and SLOPE through the public door: what they are, and that every fit is certified."""

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.model_selection import cross_val_predict

import shrinkage as sh
from shrinkage.core import penalized_loss, penalty_value, prox
from shrinkage.errors import ConvergenceWarning, InvalidArgument
from support.losses import FORMULAS, SMOOTH
from support.norms import GroupNorm, NormReference, SortedNorm

P = 12
LABELS = np.array([0, 1, 0, 2, 2, 2, 1, 3, 4, 4, 4, 4])
OMEGA = np.linspace(1.0, 0.2, P)


def data(loss: str, seed: int = 0, n: int = 60) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P)) * rng.uniform(0.5, 3.0, P) + rng.normal(size=P)
    X[:, 5] = X[:, 4] + 0.1 * rng.normal(size=n)
    Z = (X - X.mean(0)) / X.std(0)
    signal = Z[:, 3] - Z[:, 4] + 0.5 * Z[:, 0] + rng.normal(size=n)
    return X, FORMULAS[loss].target(signal / 2, rng), rng.uniform(0.2, 2.0, n)


def joint(name: str, factor: Any = None) -> tuple[sh.penalties.Penalty, Any]:
    """A penalty, and its norm in numpy."""
    f = np.ones(P) if factor is None else factor
    if name == "slope":
        return sh.SLOPE(weights=OMEGA), SortedNorm(OMEGA, f)
    sizes = np.bincount(LABELS)
    given = name == "weighted groups"
    weights = np.arange(1.0, 6.0) if given else np.sqrt(sizes)
    penalty = sh.GroupLasso(LABELS, weights=weights if given else None)
    return penalty, GroupNorm(
        LABELS, weights * f[[np.flatnonzero(g == LABELS)[0] for g in range(5)]]
    )


def factors(name: str) -> Any:
    rng = np.random.default_rng(1)
    if name == "slope":
        return np.where(np.arange(P) == 2, 0.0, rng.uniform(0.5, 2.0, P))
    return np.array([0.0, 1.0, 2.0, 0.5, 1.0])[LABELS]


@pytest.mark.parametrize("name", ["groups", "weighted groups", "slope"])
@pytest.mark.parametrize("loss", SMOOTH)
def test_every_fit_is_certified_and_the_gap_is_the_one_computed_in_numpy(
    name: str, loss: str
) -> None:
    X, y, w = data(loss)
    offset = 0.1 * np.random.default_rng(2).normal(size=len(y))
    for standardize, factor in ((True, None), (False, factors(name))):
        penalty, norm = joint(name, factor)
        options: Any = {"sample_weight": w, "offset": offset, "penalty_factor": factor}
        path = sh.fit_path(
            X,
            y,
            loss=loss,
            penalty=penalty,
            n_lambdas=8,
            lambda_min_ratio=0.03,
            standardize=standardize,
            **options,
        )
        assert path.converged.all() and path.certificate_kind == "gap"
        assert set(path.regime) <= {"block" if name != "slope" else "proximal", "null"}
        reference = NormReference(X, y, loss, standardize=standardize, norm=norm, **options)
        _, gaps = reference.gaps(path)
        assert (gaps <= 1.0001e-6).all()
        np.testing.assert_allclose(gaps, path.gaps, atol=2e-8)


@pytest.mark.parametrize("name", ["groups", "slope"])
def test_lambda_max_is_where_the_first_coefficient_enters(name: str) -> None:
    X, y, w = data("squared")
    penalty, norm = joint(name)
    path = sh.fit_path(X, y, penalty=penalty, sample_weight=w, n_lambdas=2)
    reference = NormReference(X, y, norm=norm, sample_weight=w)
    theta = -reference.slope(reference.null_eta())
    top = norm.dual(reference.Z.T @ (reference.w * theta))
    assert path.lambdas[0] == pytest.approx(top, rel=1e-12)
    near = sh.fit_path(X, y, penalty=penalty, sample_weight=w, lambdas=[top * 1.0001, top * 0.99])
    assert near.n_nonzero[0] == 0 < near.n_nonzero[1]


@pytest.mark.parametrize("loss", SMOOTH)
def test_groups_of_one_and_equal_weights_are_the_lasso(loss: str) -> None:
    X, y, w = data(loss)
    options: Any = {"loss": loss, "sample_weight": w, "n_lambdas": 6, "tol": 1e-11}
    lasso = sh.fit_path(X, y, lambda_min_ratio=0.05, **options)
    options["lambdas"] = lasso.lambdas
    for penalty in (sh.GroupLasso(np.arange(P)), sh.SLOPE(weights=np.ones(P))):
        path = sh.fit_path(X, y, penalty=penalty, **options)
        np.testing.assert_allclose(path.coefs, lasso.coefs, atol=2e-5)
        np.testing.assert_array_equal(path.n_nonzero, lasso.n_nonzero)


@pytest.mark.parametrize("name", ["groups", "slope"])
def test_sparse_is_dense_and_weight_two_is_two_copies(name: str) -> None:
    X, y, _ = data("logistic")
    X = np.where(np.abs(X) < 1.0, 0.0, X)
    penalty, _ = joint(name)
    options: Any = {"loss": "logistic", "penalty": penalty, "lambdas": [0.1, 0.03], "tol": 1e-11}
    dense = sh.fit_path(X, y, **options)
    for other in (
        sh.fit_path(sparse.csc_array(X), y, **options),
        sh.fit_path(np.vstack([X, X]), np.concatenate([y, y]), **options),
        sh.fit_path(X, y, sample_weight=np.full(len(y), 2.0), **options),
    ):
        np.testing.assert_allclose(other.coefs, dense.coefs, atol=1e-5)


def test_any_number_of_threads_and_any_order_of_columns() -> None:
    X, y, _ = data("squared", n=400)
    order = np.random.default_rng(3).permutation(P)
    for penalty, permuted in (
        (sh.GroupLasso(LABELS), sh.GroupLasso(LABELS[order])),
        (sh.SLOPE(), sh.SLOPE()),
    ):
        options: Any = {"n_lambdas": 10, "tol": 1e-10}
        one = sh.fit_path(X, y, penalty=penalty, n_threads=1, **options)
        four = sh.fit_path(X, y, penalty=penalty, n_threads=4, **options)
        np.testing.assert_array_equal(one.coefs, four.coefs)
        other = sh.fit_path(X[:, order], y, penalty=permuted, **options)
        np.testing.assert_allclose(other.coefs, one.coefs[order], atol=2e-5)


def test_coefficients_of_a_group_enter_together_and_bounds_keep_them_positive() -> None:
    X, y, _ = data("squared")
    path = sh.fit_path(X, y, penalty=sh.GroupLasso(LABELS), n_lambdas=20)
    for coefs in path.coefs.T:
        for g in range(5):
            assert len(set((coefs[g == LABELS] != 0).tolist())) == 1
    bounded = sh.fit_path(X, y, penalty=sh.GroupLasso(LABELS), lower=0, n_lambdas=20)
    assert bounded.converged.all() and (bounded.coefs >= 0).all() and (bounded.coefs > 0).any()
    # Where the optimum does not touch the bounds they do not matter.
    names = GroupNorm(LABELS, np.sqrt(np.bincount(LABELS)), nonnegative=True)
    reference = NormReference(X, y, norm=names, lower=0.0)
    _, gaps = reference.gaps(bounded)
    assert (gaps <= 1.0001e-6).all()


@pytest.mark.parametrize("penalty", [sh.GroupLasso([0, 1, 0, 1, 2]), sh.SLOPE(q=0.3)])
def test_prox_is_the_minimum_that_a_numerical_solver_finds(penalty: Any) -> None:
    rng = np.random.default_rng(4)
    for _ in range(10):
        v, step, lam = 2 * rng.normal(size=5), rng.uniform(0.2, 2), rng.uniform(0.1, 1.5)

        def objective(b: Any, v: Any = v, step: float = step, lam: float = lam) -> float:
            return float(np.sum((b - v) ** 2) / (2 * step) + penalty_value(penalty, b, lam))

        best = prox(penalty, v, step, lam)
        found = minimize(
            objective,
            best + 0.1 * rng.normal(size=5),
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
        )
        assert objective(best) <= found.fun + 1e-10


@pytest.mark.parametrize("penalty", [sh.GroupLasso([0, 1, 0, 1]), sh.SLOPE(q=0.3)])
def test_the_subgradient_of_least_norm_vanishes_at_the_optimum(penalty: Any) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(50, 4))
    y = X @ [1.0, 0.0, 0.5, 0.0] + rng.normal(size=50)
    path = sh.fit_path(X, y, penalty=penalty, lambdas=[0.1], standardize=False, tol=1e-13)
    where = {"loss": "squared", "penalty": penalty, "lam": 0.1}
    _, slope, by_intercept = penalized_loss(X, y, path.coefs[:, 0], path.intercepts[0], **where)
    assert np.abs(slope).max() < 1e-5 and abs(by_intercept) < 1e-10
    w, b = rng.normal(size=4), 0.3
    _, slope, _ = penalized_loss(X, y, w, b, **where)
    for j in range(4):
        h = 1e-6 * (np.arange(4) == j)
        up, down = (penalized_loss(X, y, w + s * h, b, **where)[0] for s in (1, -1))
        assert slope[j] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def degenerate(seed: int) -> tuple[Any, Any, dict[str, Any]]:
    """Few rows, copies, constants, low rank, tiny and huge columns, weights of zero."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 30)), int(rng.integers(1, 25))
    X = rng.normal(size=(n, p))
    kind = seed % 6
    if kind == 1:
        X = X[:, rng.integers(0, p, p)] * rng.choice([-1.0, 1.0], p)
    elif kind == 2:
        X[:, rng.random(p) < 0.4] = 0.1
    elif kind == 3:
        X = X[:, : p // 3 + 1] @ rng.normal(size=(p // 3 + 1, p))
    elif kind == 4:
        X = X * 10.0 ** rng.integers(-8, 9, p)
    elif kind == 5:
        X = np.round(X)
    options: dict[str, Any] = {
        "fit_intercept": bool(rng.integers(2)),
        "standardize": bool(rng.integers(2)),
        "sample_weight": rng.choice([0.0, 1.0, 3.0], n) + (np.arange(n) < 2),
    }
    return X, rng.normal(size=n), options


@pytest.mark.parametrize("name", ["groups", "slope"])
def test_degenerate_designs_end_in_an_honest_result_or_a_clear_error(name: str) -> None:
    missed, refused = 0, []
    for seed in range(200):
        X, signal, options = degenerate(seed)
        p = X.shape[1]
        rng = np.random.default_rng(seed)
        loss = SMOOTH[seed % len(SMOOTH)]
        y = FORMULAS[loss].target(signal, rng)
        labels = rng.integers(0, max(p // 2, 1), p)
        norm: Any = SortedNorm(np.linspace(1.0, 0.1, p), np.ones(p))
        penalty: Any = sh.SLOPE(weights=norm.omega)
        if name == "groups":
            numbers = np.unique(labels, return_inverse=True)[1]
            penalty = sh.GroupLasso(labels)
            norm = GroupNorm(numbers, np.sqrt(np.bincount(numbers)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                path = sh.fit_path(
                    X, y, loss=loss, penalty=penalty, n_lambdas=6, lambda_min_ratio=0.05, **options
                )
            except InvalidArgument as error:
                refused.append(str(error))
                continue
        assert np.isfinite(path.coefs).all() and np.isfinite(path.intercepts).all()
        missed += not path.converged.all()
        if path.null_deviance > 1e-10 and path.converged.all():
            reference = NormReference(X, y, loss, norm=norm, **options)
            gaps = reference.gaps(path)[1]
            assert (gaps[path.lambdas > 0] <= 2e-6).all(), (seed, gaps)
    assert missed <= 2
    assert all("cannot be used; " in text for text in refused)


def test_cv_and_estimators_take_them() -> None:
    X, y, w = data("squared", n=120)
    for penalty in (sh.GroupLasso(LABELS), sh.SLOPE()):
        cv = sh.fit_path_cv(X, y, penalty=penalty, sample_weight=w, cv=4, n_lambdas=15)
        fold = np.isin(np.arange(len(y)), cv.folds[0][1])
        alone = sh.fit_path(
            X[~fold], y[~fold], penalty=penalty, sample_weight=w[~fold], lambdas=cv.path.lambdas
        )
        errors = (y[fold, None] - X[fold] @ alone.coefs - alone.intercepts) ** 2
        np.testing.assert_allclose(cv.fold_scores[0], w[fold] @ errors / w[fold].sum(), rtol=1e-4)
        model = sh.PenalizedRegressor(penalty=penalty, lam=0.1).fit(X, y)
        assert cross_val_predict(model, X, y, cv=3).shape == y.shape
        assert model.score(X, y) > 0.2
        classes = sh.PenalizedClassifierCV(penalty=penalty, cv=3).fit(X, y > np.median(y))
        assert classes.score(X, y > np.median(y)) > 0.6


@pytest.mark.parametrize(
    ("penalty", "options", "argument"),
    [
        (sh.GroupLasso(LABELS[:-1]), {}, "groups"),
        (sh.GroupLasso([[0, 1], [1, *range(2, P)]]), {}, "groups[1]"),
        (sh.GroupLasso([list(range(P - 1))]), {}, "groups"),
        (sh.GroupLasso(LABELS, weights=[1.0]), {}, "weights"),
        (sh.GroupLasso(LABELS), {"penalty_factor": np.arange(P) + 1.0}, "penalty_factor[2]"),
        (sh.GroupLasso(LABELS), {"upper": 1.0}, "upper"),
        (sh.GroupLasso(LABELS), {"lower": -1.0}, "lower"),
        (sh.GroupLasso(LABELS), {"loss": sh.Quantile(0.5)}, "penalty"),
        (sh.SLOPE(weights=[1.0, 2.0]), {}, "weights"),
        (sh.SLOPE(), {"lower": 0.0}, "lower"),
        (sh.SLOPE(), {"loss": "quantile"}, "penalty"),
        (sh.SLOPE(), {"y": np.zeros((60, 2))}, "penalty"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(
    penalty: Any, options: dict[str, Any], argument: str
) -> None:
    X, y, _ = data("squared")
    with pytest.raises(InvalidArgument) as caught:
        sh.fit_path(X, options.pop("y", y), penalty=penalty, **options)
    assert caught.value.fields["argument"] == argument
