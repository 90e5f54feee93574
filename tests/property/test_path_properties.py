"""What must hold for any problem: drawn by Hypothesis, checked on the coefficients."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shrinkage as sh
from shrinkage.linear import _problem
from shrinkage.linear import path as path_module
from shrinkage.linear.request import PathRequest
from support.datasets import as_sparse
from support.losses import FORMULAS, SMOOTH
from support.reference import Reference

TIGHT = 1e-12
LAMBDAS = np.geomspace(0.5, 0.005, 4)
SHARES = st.sampled_from([1.0, 0.5, 0.0])
LOSSES = st.sampled_from(SMOOTH)
Draw = tuple[np.ndarray, np.ndarray, str, float, dict[str, Any]]


@st.composite
def problems(draw: Any, *, max_p: int = 9) -> Draw:
    """(X, y, loss, share of L1, how it is designed); every column varies."""
    n, p = draw(st.integers(8, 30)), draw(st.integers(1, max_p))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2.0, p) + rng.uniform(-3.0, 3.0, p)
    if draw(st.booleans()):  # correlated columns
        X = X + 2.0 * rng.normal(size=(n, 1))
    loss = draw(LOSSES)
    signal = X @ (rng.normal(size=p) / np.sqrt(p))
    y = FORMULAS[loss].target(signal - signal.mean(), rng)
    design = {"fit_intercept": draw(st.booleans()), "standardize": draw(st.booleans())}
    return X, y, loss, draw(SHARES), design


def fit(X: np.ndarray, y: np.ndarray, loss: str, share: float, **kinds: Any) -> sh.Path:
    kinds = {"lambdas": LAMBDAS, "tol": TIGHT, **kinds}
    return sh.fit_path(X, y, loss=loss, penalty=sh.ElasticNet(share), **kinds)


def assert_same(a: np.ndarray, b: np.ndarray, X: np.ndarray, share: float = 1e-4) -> None:
    """Equal predictions up to what a gap of TIGHT leaves undecided."""
    reach = np.abs(X @ a).max() + np.abs(X @ b).max() + 1e-6
    np.testing.assert_allclose(X @ a, X @ b, rtol=0, atol=share * reach)


@given(problems())
def test_kkt_and_gap(problem: Draw) -> None:
    X, y, loss, share, design = problem
    path = sh.fit_path(X, y, loss=loss, penalty=sh.ElasticNet(share), lambdas=LAMBDAS, **design)
    exact = fit(X, y, loss, share, **design)
    reference = Reference(X, y, loss=loss, alpha=share, **design)
    assert reference.gaps(path)[1].max() <= 1e-6
    for i, lam in enumerate(LAMBDAS):
        # A gap bounds the gradient by its square root, times √(2 · curvature · D₀) over the scale.
        assert reference.kkt(exact.coefs[:, i], exact.intercepts[i], lam) <= 100 * np.sqrt(TIGHT)


@given(problems(), st.integers(2, 4))
def test_weight_k_is_k_copies(problem: Draw, k: int) -> None:
    X, y, loss, share, design = problem
    weight = np.where(np.arange(len(y)) % 3 == 0, float(k), 1.0)
    copies = np.repeat(np.arange(len(y)), weight.astype(int))
    a = fit(X, y, loss, share, sample_weight=weight, **design)
    b = fit(X[copies], y[copies], loss, share, **design)
    assert a.null_deviance == pytest.approx(b.null_deviance, rel=1e-9)
    assert_same(a.coefs, b.coefs, X)


@given(problems(), st.floats(1e-6, 1e6))
def test_weights_are_relative(problem: Draw, factor: float) -> None:
    X, y, loss, share, design = problem
    weight = np.linspace(0.5, 2.0, len(y))
    a = fit(X, y, loss, share, sample_weight=weight, **design)
    b = fit(X, y, loss, share, sample_weight=factor * weight, **design)
    assert_same(a.coefs, b.coefs, X)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_is_of_no_account(problem: Draw, random: Any) -> None:
    X, y, loss, share, design = problem
    rows, columns = list(range(X.shape[0])), list(range(X.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    a = fit(X, y, loss, share, **design)
    b = fit(X[rows][:, columns], y[rows], loss, share, **design)
    assert_same(a.coefs[columns], b.coefs, X[:, columns])


@given(problems(), st.floats(1e-3, 1e3))
def test_scaling_the_target_scales_a_lasso(problem: Draw, scale: float) -> None:
    X, y, _, _, design = problem
    a = fit(X, y, "squared", 1.0, **design)
    b = fit(X, scale * y, "squared", 1.0, **{**design, "lambdas": scale * LAMBDAS})
    assert_same(scale * a.coefs, b.coefs, X)
    c = fit(X, y, "squared", 0.0, **design)
    assert_same(scale * c.coefs, fit(X, scale * y, "squared", 0.0, **design).coefs, X)


@given(problems(), st.integers(0, 2**32 - 1))
def test_standardizing_forgets_the_units(problem: Draw, seed: int) -> None:
    X, y, loss, share, design = problem
    units = 10.0 ** np.random.default_rng(seed).uniform(-4, 4, X.shape[1])
    design = {**design, "standardize": True}
    a, b = fit(X, y, loss, share, **design), fit(X * units, y, loss, share, **design)
    assert_same(a.coefs, b.coefs * units[:, None], X)


@given(problems())
def test_standardizing_is_rescaling_the_columns(problem: Draw) -> None:
    X, y, loss, share, design = problem
    scale = X.std(axis=0)
    a = fit(X, y, loss, share, **{**design, "standardize": True})
    b = fit(X / scale, y, loss, share, **{**design, "standardize": False})
    np.testing.assert_allclose(a.scales, scale, rtol=1e-12)
    assert_same(a.coefs, b.coefs / scale[:, None], X)


@given(problems(), st.floats(-100, 100))
def test_an_intercept_absorbs_shifts_of_the_columns(problem: Draw, shift: float) -> None:
    X, y, loss, share, design = problem
    design = {**design, "fit_intercept": True}
    a, b = fit(X, y, loss, share, **design), fit(X + shift, y, loss, share, **design)
    assert_same(a.coefs, b.coefs, X)
    np.testing.assert_allclose(a.intercepts, b.intercepts + shift * b.coefs.sum(axis=0), atol=1e-3)


@given(problems())
def test_an_offset_is_a_shifted_link(problem: Draw) -> None:
    """Of the same data the offset can be taken out: by hand, one way for each loss."""
    X, y, loss, share, design = problem
    offset = 0.7 * np.sin(3.0 * np.arange(len(y)))
    a = fit(X, y, loss, share, offset=offset, **design)
    if loss in ("squared", "huber"):
        b = fit(X, y - offset, loss, share, **design)
    elif loss == "gamma":
        b = fit(X, y * np.exp(-offset), loss, share, **design)
    elif loss == "poisson" and not design["standardize"]:  # exposures: rates that weigh as much
        exposure = np.exp(offset)
        # Weights are relative: λ is per unit of the exposures' mean.
        scaled = {**design, "lambdas": LAMBDAS / exposure.mean()}
        b = fit(X, y / exposure, loss, share, sample_weight=exposure, **scaled)
    else:
        return
    assert_same(a.coefs, b.coefs, X)
    np.testing.assert_allclose(a.intercepts, b.intercepts, atol=1e-3 * (1.0 + np.abs(X).max()))


@given(problems(), st.floats(-2.0, 2.0))
def test_an_intercept_absorbs_a_constant_offset(problem: Draw, shift: float) -> None:
    X, y, loss, share, design = problem
    design = {**design, "fit_intercept": True}
    a = fit(X, y, loss, share, **design)
    b = fit(X, y, loss, share, offset=np.full(len(y), shift), **design)
    assert a.null_deviance == pytest.approx(b.null_deviance, rel=1e-9)
    assert_same(a.coefs, b.coefs, X)


@given(problems(max_p=40), st.integers(0, 2**32 - 1))
def test_the_whole_table_at_once(problem: Draw, seed: int) -> None:
    """Weights with zeros, offset, factors with zeros and bounds together: certified in numpy, the
    bounds kept, dense and sparse alike, the same bits on one thread and two."""
    X, y, loss, share, design = problem
    rng = np.random.default_rng(seed)
    n, p = X.shape
    free = rng.random(p) < (0.2 if 4 * p < n else 0.0)
    kinds: dict[str, Any] = {
        "sample_weight": rng.integers(0, 3, n) + (np.arange(n) % 2),
        "offset": 0.3 * rng.normal(size=n),
        "penalty_factor": np.where(free, 0.0, rng.uniform(0.5, 2.0, p)),
        # Whatever could run away (classes that free columns separate) is held.
        "lower": np.where(free, -5.0, rng.choice([-np.inf, -0.3, 0.0], p)),
        "upper": np.where(free, 5.0, rng.choice([np.inf, 0.2, 4.0], p)),
        **design,
    }
    weighted = y[kinds["sample_weight"] > 0]
    if len(np.unique(weighted)) < 2:
        return
    path = fit(X, y, loss, share, tol=1e-9, **kinds)
    reference = Reference(X, y, loss=loss, alpha=share, **kinds)
    gaps = reference.gaps(path)[1]
    assert path.null_deviance == pytest.approx(reference.null_deviance(), rel=1e-9)
    assert gaps.max() <= 2e-9
    np.testing.assert_allclose(path.gaps, gaps, rtol=1e-6, atol=1e-8)
    assert (path.coefs >= kinds["lower"][:, None]).all()
    assert (path.coefs <= kinds["upper"][:, None]).all()
    two = fit(X, y, loss, share, tol=1e-9, n_threads=2, **kinds)
    one = fit(X, y, loss, share, tol=1e-9, n_threads=1, **kinds)
    for name in ("coefs", "intercepts", "gaps", "losses", "n_iter"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    for form, width in product(("csr", "csc"), (np.int32, np.int64)):
        same = fit(as_sparse(X, form, width), y, loss, share, tol=1e-9, **kinds)
        np.testing.assert_allclose(same.gaps, reference.gaps(same)[1], rtol=1e-6, atol=1e-8)
        assert same.gaps.max() <= 1e-9
        for i, lam in enumerate(LAMBDAS):
            expected = reference.objective(path.coefs[:, i], path.intercepts[i], lam)
            found = reference.objective(same.coefs[:, i], same.intercepts[i], lam)
            assert found == pytest.approx(expected, abs=4e-9 * reference.null_deviance())


@pytest.mark.parametrize("loss", SMOOTH)
@pytest.mark.parametrize("kept", [1.0, 0.1], ids=["dense", "sparse"])
@pytest.mark.parametrize("shape", [(3000, 90), (80, 3000)])
def test_the_same_bits_on_one_thread_and_two(
    loss: str, kept: float, shape: tuple[int, int]
) -> None:
    """Large enough that the threads share the work."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=shape) * (rng.random(shape) < kept)
    y = FORMULAS[loss].target(X[:, :5].sum(axis=1) / 2.0, rng)
    design = X if kept == 1.0 else as_sparse(X, "csr", np.int32)
    for penalty in ("l1", "l2"):
        grid: dict[str, Any] = {"loss": loss, "penalty": penalty, "n_lambdas": 4, "tol": 1e-4}
        one, two = (sh.fit_path(design, y, n_threads=threads, **grid) for threads in (1, 2))
        for name in ("coefs", "intercepts", "gaps", "losses", "n_iter"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@given(problems(), st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_bounds_hold_and_lose_nothing(problem: Draw, below: float, above: float) -> None:
    X, y, loss, share, design = problem
    path = fit(X, y, loss, share, lower=-below, upper=above, tol=1e-8, **design)
    assert (path.coefs >= -below).all()
    assert (path.coefs <= above).all()
    reference = Reference(X, y, loss=loss, alpha=share, lower=-below, upper=above, **design)
    free = fit(X, y, loss, share, **design)
    for i, lam in enumerate(LAMBDAS):
        held = np.clip(free.coefs[:, i], -below, above)
        eta = reference.o + X @ held
        b = reference._best_shift(eta) if design["fit_intercept"] else 0.0
        ours = reference.objective(path.coefs[:, i], path.intercepts[i], lam)
        assert ours <= reference.objective(held, b, lam) + 1e-7


@given(problems())
def test_wide_bounds_are_none(problem: Draw) -> None:
    X, y, loss, share, design = problem
    a = fit(X, y, loss, share, **design)
    # A finite bound multiplies the rounding of the dual point: no wider, no tighter than this.
    b = fit(X, y, loss, share, lower=-1e4, upper=1e4, **{**design, "tol": 1e-9})
    assert_same(a.coefs, b.coefs, X, 1e-2)


@given(problems(), st.integers(0, 2**32 - 1))
def test_a_factor_rescales_the_penalty_of_its_column(problem: Draw, seed: int) -> None:
    X, y, loss, _, design = problem
    factors = np.random.default_rng(seed).uniform(0.2, 5.0, X.shape[1])
    design = {**design, "standardize": False}
    a = fit(X, y, loss, 1.0, penalty_factor=factors, **design)
    assert_same(a.coefs, fit(X / factors, y, loss, 1.0, **design).coefs / factors[:, None], X)
    root = np.sqrt(factors)
    a = fit(X, y, loss, 0.0, penalty_factor=factors, **design)
    assert_same(a.coefs, fit(X / root, y, loss, 0.0, **design).coefs / root[:, None], X)
    a = fit(X, y, loss, 0.5, penalty_factor=np.full(X.shape[1], 3.0), **design)
    b = fit(X, y, loss, 0.5, **{**design, "lambdas": 3.0 * LAMBDAS})
    assert_same(a.coefs, b.coefs, X)


@given(problems())
def test_a_warm_start_changes_nothing(problem: Draw) -> None:
    X, y, loss, share, design = problem
    cold = fit(X, y, loss, share, **design)
    noise = np.random.default_rng(0).normal(size=X.shape[1])
    for start in (cold, (noise, 1.0), (cold.coefs[:, -1], cold.intercepts[-1])):
        warm = fit(X, y, loss, share, warm_start=start, **design)
        assert warm.converged.all()
        assert_same(cold.coefs, warm.coefs, X)


@given(problems())
def test_a_grid_of_ones_own_gives_the_same_fits(problem: Draw) -> None:
    X, y, loss, share, design = problem
    whole = fit(X, y, loss, share, **{**design, "lambdas": None, "n_lambdas": 9})
    again = fit(X, y, loss, share, **{**design, "lambdas": whole.lambdas})
    np.testing.assert_array_equal(whole.coefs, again.coefs)
    some = fit(X, y, loss, share, **{**design, "lambdas": whole.lambdas[[2, 7]]})
    assert_same(some.coefs, whole.coefs[:, [2, 7]], X)


@given(problems())
def test_the_ends_of_the_elastic_net_are_l1_and_l2(problem: Draw) -> None:
    X, y, loss, _, design = problem
    kinds: dict[str, Any] = {"loss": loss, "lambdas": LAMBDAS, "tol": TIGHT, **design}
    for name, share in (("l1", 1.0), ("l2", 0.0)):
        a = sh.fit_path(X, y, penalty=name, **kinds)
        assert_same(a.coefs, fit(X, y, loss, share, **design).coefs, X)


@given(problems())
def test_at_the_largest_lambda_nothing_is_left(problem: Draw) -> None:
    X, y, loss, share, design = problem
    share = max(share, 0.5)
    path = fit(X, y, loss, share, **{**design, "lambdas": None, "n_lambdas": 5})
    assert path.n_nonzero[0] == 0
    above = fit(X, y, loss, share, **{**design, "lambdas": [1.001 * path.lambdas[0]]})
    below = fit(X, y, loss, share, **{**design, "lambdas": [0.99 * path.lambdas[0]]})
    assert above.n_nonzero[0] == 0
    assert below.n_nonzero[0] > 0


REGIMES: dict[str, tuple[bool, int]] = {
    "gram": (True, 1 << 30),
    "working_set": (False, 1 << 30),
    "residual": (False, 0),
}


@given(problems(max_p=40), st.booleans())
def test_every_regime_finds_the_same(problem: Draw, special: bool) -> None:
    X, y, loss, share, design = problem
    p = X.shape[1]
    variant: dict[str, Any] = dict.fromkeys(("offset", "penalty_factor", "lower", "upper"))
    weight = None
    if special:
        variant["penalty_factor"] = np.where(np.arange(p) % 4 == 1, 0.0 if p < 6 else 0.2, 1.0)
        variant["upper"] = np.where(np.arange(p) % 3 == 0, 0.1, np.inf)
        weight = np.linspace(0.0, 2.0, len(y)) + (np.arange(len(y)) % 2)
    request = PathRequest(
        X=X,
        y=y,
        loss=loss,
        penalty=sh.ElasticNet(share),
        lambdas=LAMBDAS,
        sample_weight=weight,
        tol=1e-11,
        max_iter=20_000,
        **variant,
        **design,
    )
    problem_ = _problem.make_problem(request)
    grid = path_module.Grid.of(request, problem_)
    found = {}
    for name, (allow_full_gram, gram_bytes) in REGIMES.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_problem, "gram_bytes", lambda size=gram_bytes: size)
            found[name] = path_module.fit_problem(problem_, grid, allow_full_gram=allow_full_gram)
        if loss == "squared":
            # An empty working set fits into no memory at all.
            assert set(found[name].regime[found[name].n_nonzero > 0]) <= {name}
    reference = Reference(X, y, loss=loss, alpha=share, sample_weight=weight, **variant, **design)
    for path in found.values():
        for i, lam in enumerate(LAMBDAS):
            best = reference.objective(found["gram"].coefs[:, i], found["gram"].intercepts[i], lam)
            ours = reference.objective(path.coefs[:, i], path.intercepts[i], lam)
            assert ours == pytest.approx(best, abs=1e-8 * reference.null_deviance())
