"""The contour and the ball touch at the solution, at every λ, for every loss and penalty."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import shrinkage as sh
from shrinkage.linear.geometry import GeometryBasis, PairGeometry, make_basis
from shrinkage.losses import resolve_loss

EXTENT = 3.0
DELTA = 40.0
LOSSES = {
    "squared": lambda y, eta: (y - eta) ** 2 / 2,
    "logistic": lambda y, eta: np.logaddexp(0, eta) - y * eta,
    "poisson": lambda y, eta: np.exp(eta) - y * eta,
    "gamma": lambda y, eta: y * np.exp(-eta) + eta,
    "huber": lambda y, eta: np.where(
        np.abs(y - eta) <= DELTA, (y - eta) ** 2 / 2, DELTA * np.abs(y - eta) - DELTA**2 / 2
    ),
    "squared_hinge": lambda y, eta: np.maximum(0, 1 - y * eta) ** 2,
}
"""Each loss written out again, classes coded as the loss codes them."""
CLASSES = {"logistic": (0.0, 1.0), "squared_hinge": (-1.0, 1.0)}


def named(loss: str) -> str | sh.Huber:
    return sh.Huber(delta=DELTA) if loss == "huber" else loss


class Problem:
    """A path with its basis, and loss and gradient written out again in full."""

    def __init__(
        self, X: np.ndarray, y: np.ndarray, loss: str, penalty: str, max_rows: int = 300
    ) -> None:
        self.X, self.y, self.loss, self.penalty = X, y, loss, penalty
        self.path = sh.fit_path(X, y, loss=named(loss), penalty=penalty, n_lambdas=25, tol=1e-13)
        self.features = np.arange(min(X.shape[1], 5))
        self.basis = make_basis(
            X, y, self.path, self.features, penalty=penalty, loss=named(loss), max_rows=max_rows
        )
        self.Z = (X - X.mean(axis=0)) / X.std(axis=0)

    def mean_loss(self, i: int, pair: tuple[int, int], u: np.ndarray) -> float:
        """Mean loss with the pair's penalized coefficients set to u, all else as fitted."""
        coefs = self.path.coefs[:, i] * self.X.std(axis=0)
        centred_intercept = self.path.intercepts[i] + self.X.mean(axis=0) @ self.path.coefs[:, i]
        coefs[list(pair)] = u
        eta = centred_intercept + self.Z @ coefs
        return float(np.mean(LOSSES[self.loss](self.y, eta)))

    def gradient(self, i: int, pair: tuple[int, int], u: np.ndarray, step: float) -> np.ndarray:
        """Central differences of the mean loss in the pair."""
        return np.array(
            [
                (self.mean_loss(i, pair, u + d) - self.mean_loss(i, pair, u - d)) / (2 * step)
                for d in step * np.eye(2)
            ]
        )


def ball_norm(penalty: str, points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points, ord=1 if penalty == "l1" else 2, axis=1)


@pytest.fixture(
    scope="module",
    params=[(loss, penalty) for loss in LOSSES for penalty in ("l1", "l2")],
    ids="-".join,
)
def problem(request: pytest.FixtureRequest) -> Problem:
    loss, penalty = request.param
    if loss not in CLASSES:
        X, y = load_diabetes(return_X_y=True, scaled=False)
        return Problem(X, y, loss, penalty, max_rows=X.shape[0])
    X, y = load_breast_cancer(return_X_y=True)
    return Problem(X[::2, :5], np.array(CLASSES[loss])[y[::2]], loss, penalty)


PAIRS = [(0, 1), (2, 4), (3, 2)]


@pytest.mark.parametrize("pair", PAIRS)
def test_minus_gradient_is_in_lambda_times_subdifferential(
    problem: Problem, pair: tuple[int, int]
) -> None:
    for i, lam in enumerate(problem.path.lambdas):
        geometry = problem.basis.pair(i, *pair)
        u = geometry.solution
        slope = -problem.gradient(i, pair, u, step=1e-5)
        noise = 1e-8 * max(1.0, float(np.var(problem.y)))
        scale = max(lam, float(np.abs(problem.basis.gradients).max()))
        np.testing.assert_allclose(-geometry.gradient, slope, atol=1e-6 * scale + noise)
        if problem.penalty == "l2":
            np.testing.assert_allclose(slope, lam * u, atol=1e-6 * scale + noise)
            continue
        for value, s in zip(u, slope, strict=True):
            if value == 0.0:
                assert abs(s) <= lam + 1e-6 * scale + noise
            else:
                assert s == pytest.approx(lam * np.sign(value), abs=1e-6 * scale + noise)
        assert geometry.stationarity() <= 1e-5


@pytest.mark.parametrize("pair", PAIRS)
def test_contour_through_the_solution_touches_the_ball(
    problem: Problem, pair: tuple[int, int]
) -> None:
    extent = max(1.2 * float(np.abs(problem.basis.coefs).sum(axis=0).max()), 1e-3)
    for i in range(problem.path.lambdas.size):
        geometry = problem.basis.pair(i, *pair)
        outline = geometry.contours(extent=extent).outlines[0]
        np.testing.assert_array_equal(outline[0], geometry.solution)
        np.testing.assert_array_equal(outline[0], outline[-1])
        radius = ball_norm(problem.penalty, geometry.solution[None, :])[0]
        assert radius == pytest.approx(geometry.radius(), abs=1e-12)
        inside = radius - ball_norm(problem.penalty, outline)
        assert inside.max() <= 1e-6 * max(radius, extent)
        ball = geometry.ball()
        np.testing.assert_allclose(ball_norm(problem.penalty, ball), radius, atol=1e-12 * extent)


def test_contours_are_level_sets_of_the_full_loss(problem: Problem) -> None:
    pair = (2, 4)
    extent = 1.5 * float(np.abs(problem.basis.coefs).sum(axis=0).max())
    for i in (3, 12, 20):
        geometry = problem.basis.pair(i, *pair)
        drawn = geometry.contours(extent=extent)
        here = problem.mean_loss(i, pair, geometry.solution)
        bottom = problem.mean_loss(i, pair, drawn.centre)
        slope = problem.gradient(i, pair, drawn.centre, 1e-4)
        assert np.linalg.norm(slope) <= 1e-5 * max(1.0, float(np.std(problem.y)))
        for level, outline in zip(drawn.levels, drawn.outlines, strict=True):
            reached = np.linalg.norm(outline - drawn.centre, axis=1) < 5.99 * extent
            assert reached.sum() > 20
            values = [problem.mean_loss(i, pair, point) for point in outline[reached][::5]]
            if level == 1.0:
                np.testing.assert_allclose(values, here, rtol=1e-8)
            else:
                np.testing.assert_allclose(values, values[0], rtol=1e-6)
                assert values[0] - bottom >= level * (here - bottom) * (1 - 1e-6)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_many_rows_are_sampled_and_still_touch(penalty: str) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(4000, 3))
    y = (X @ [1.0, -0.5, 0.0] + rng.logistic(size=4000) > 0).astype(float)
    problem = Problem(X, y, "logistic", penalty, max_rows=150)
    basis = problem.basis
    assert basis.sampled
    assert basis.rows is not None
    assert basis.rows.shape == (150, 3)
    full = Problem(X, y, "logistic", penalty, max_rows=4000).basis
    assert not full.sampled
    np.testing.assert_array_equal(basis.gradients, full.gradients)
    for i in (5, 15, 24):
        sampled, exact = (b.pair(i, 0, 1).contours(extent=EXTENT) for b in (basis, full))
        geometry = basis.pair(i, 0, 1)
        inside = geometry.radius() - ball_norm(penalty, sampled.outlines[0])
        assert inside.max() <= 1e-8 * EXTENT
        np.testing.assert_array_equal(sampled.outlines[0][0], exact.outlines[0][0])


def basis_of(rows: np.ndarray, y: np.ndarray) -> GeometryBasis:
    path = sh.fit_path(rows, y, loss="logistic", penalty="l2", n_lambdas=20, tol=1e-12)
    return make_basis(rows, y, path, np.arange(2), penalty="l2", loss="logistic")


def test_a_pair_that_separates_the_classes_has_open_contours_that_end_outside() -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(float)
    geometry = basis_of(X, y).pair(19, 0, 1)
    drawn = geometry.contours(extent=EXTENT)
    for outline in drawn.outlines:
        assert np.isfinite(outline).all()
    inside = geometry.radius() - ball_norm("l2", drawn.outlines[0])
    assert inside.max() <= 1e-6 * max(geometry.radius(), EXTENT)


def test_collinear_pair_is_drawn() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = np.column_stack([X[:, 2], 2 * X[:, 2], X[:, 3]])
    path = sh.fit_path(X, y, penalty="l2", n_lambdas=20, tol=1e-12)
    basis = make_basis(X, y, path, np.arange(3), penalty="l2", loss="squared")
    for i in range(20):
        geometry = basis.pair(i, 0, 1)
        for outline in geometry.contours(extent=50.0).outlines:
            assert np.isfinite(outline).all()


def test_stationarity_notices_a_point_that_is_no_fit() -> None:
    geometry = PairGeometry(
        penalty="l1",
        lam=0.5,
        solution=np.array([1.0, 0.0]),
        gradient=np.array([-0.5, 0.2]),
        gram=np.eye(2),
        loss=resolve_loss("squared"),
        rows=None,
        targets=None,
        eta=None,
    )
    assert geometry.stationarity() == 0.0
    moved = PairGeometry(**{**geometry.__dict__, "gradient": np.array([-0.4, 0.2])})
    assert moved.stationarity() == pytest.approx(0.2)
    outside = PairGeometry(**{**geometry.__dict__, "gradient": np.array([-0.5, 0.6])})
    assert outside.stationarity() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("first", "second", "named"), [(0, 9, "second"), (7, 1, "first"), (1, 1, "second")]
)
def test_pairs_that_do_not_exist_are_refused(first: int, second: int, named: str) -> None:
    X, y = load_diabetes(return_X_y=True)
    path = sh.fit_path(X, y, n_lambdas=3)
    basis = make_basis(X, y, path, np.arange(5), penalty="l1", loss="squared")
    with pytest.raises(sh.errors.InvalidArgument) as raised:
        basis.pair(0, first, second)
    assert raised.value.fields["argument"] == named
