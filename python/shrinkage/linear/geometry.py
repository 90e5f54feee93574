"""The geometry of a penalty for two chosen coefficients, all others held at their fitted values.

Everything is in the scale in which the coefficients are penalized, u = coef·scale, with columns
centred when there is an intercept. With δ the step of the pair from its fitted values, the loss is

    E(δ) = gᵀδ + R(δ),   R convex, R(0) = 0, ∇R(0) = 0,

relative to the fit. At a fit −g ∈ λ∂P for the pair, so {E = 0} touches the diamond or the circle
through the solution exactly there. Squared loss: R = ½δᵀGδ with G the pair's Gram matrix, an
ellipse. Any other loss with a derivative: R is the mean Bregman remainder of ℓ(y, ·) at η; its
level sets are solved for, direction by direction, by safeguarded Newton steps. A loss with kinks
has no ∇E, and no picture.

Time stays bounded for many rows: R is averaged over at most `max_rows` rows, drawn once with a
seed. The gradient is always that of all rows, and R keeps R(0) = 0, ∇R(0) = 0 and convexity, so the
contour still passes through the solution and still touches the ball there; only its shape away
from the solution is estimated. `GeometryBasis.sampled` says when this happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage._validation import as_sound
from shrinkage.core import _native
from shrinkage.errors import InvalidArgument
from shrinkage.linear.degrees_of_freedom import penalized_columns
from shrinkage.losses import Loss, resolve_loss

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

LEVELS = (1.0, 4.0, 12.0)
"""Depth of the drawn level sets, as multiples of the depth of the one that touches."""
PIECEWISE = ("huber", "squared_hinge")
"""Losses of which a row can be without curvature."""
FLAT = 1e-6


def _directions(count: int, size: float) -> Array:
    """Angles over a full turn from 0; the larger the contour (in half widths), the denser there.

    Of a contour much larger than the picture only the part near the solution is seen.
    """
    turn = np.arange(count) / count * 2.0
    s = np.where(turn < 1.0, turn, turn - 2.0)
    dense = max(0.0, 1.0 - 3.0 / max(size, 1e-300))
    return np.asarray(np.pi * ((1.0 - dense) * s + dense * s**3))


@dataclass(frozen=True)
class GeometryBasis:
    """What the geometry of any pair of the chosen features needs, for every λ of a path.

    Attributes:
        penalty: "l1" or "l2".
        features: column numbers of the T chosen features, (T,).
        lambdas: (L,) canonical λ.
        coefs: penalized coefficients u of the chosen features, (T, L).
        gradients: gradient of the mean loss in u, (T, L), from all rows.
        gram: (T, T) for squared loss, else None.
        loss: the loss of the path.
        rows: penalized columns of the rows R is averaged over, (m, T), but for squared loss.
        targets: of those rows, (m,), else None.
        eta: linear predictor of those rows, (m, L), else None.
        sampled: whether those rows are a sample.
    """

    penalty: str
    features: Indices
    lambdas: Array
    coefs: Array
    gradients: Array
    gram: Array | None
    loss: Loss
    rows: Array | None
    targets: Array | None
    eta: Array | None
    sampled: bool

    def pair(self, index: int, first: int, second: int) -> PairGeometry:
        """Geometry at λ number `index` for two of the chosen features (positions in `features`)."""
        t = self.features.size
        for name, value in (("first", first), ("second", second)):
            if not 0 <= value < t:
                raise InvalidArgument(
                    f"{name}={value} is not one of the {t} chosen features; use 0 to {t - 1}",
                    code="geometry.unknown_feature",
                    argument=name,
                    value=value,
                    remedy=f"0 to {t - 1}",
                )
        if first == second:
            raise InvalidArgument(
                f"first and second are both {first}; choose two different features",
                code="geometry.same_feature",
                argument="second",
                value=second,
                remedy="choose two different features",
            )
        both = [first, second]
        return PairGeometry(
            penalty=self.penalty,
            lam=float(self.lambdas[index]),
            solution=self.coefs[both, index],
            gradient=self.gradients[both, index],
            gram=None if self.gram is None else self.gram[np.ix_(both, both)],
            loss=self.loss,
            rows=None if self.rows is None else self.rows[:, both],
            targets=self.targets,
            eta=None if self.eta is None else self.eta[:, index],
        )


def make_basis(
    X: Any,
    y: Array,
    path: Any,
    features: Indices,
    *,
    penalty: str,
    loss: str | Loss,
    fit_intercept: bool = True,
    max_rows: int = 300,
    seed: int = 1,
) -> GeometryBasis:
    """Collect, for every λ of `path`, what the geometry of pairs of `features` needs.

    Args:
        X: (n, p) training rows on the original scale, dense or sparse.
        y: (n,) target; classes coded as the loss does.
        path: result of `fit_path` on these rows with unit weights.
        features: column numbers, (T,).
        penalty: "l1" or "l2".
        loss: of the path; one with a derivative.
        fit_intercept: whether the path has an intercept (then columns are centred).
        max_rows: rows over which the remainder is averaged (see the module's text).
        seed: of the sample of rows.
    """
    loss, X = resolve_loss(loss), as_sound(X)
    squared = loss.name == "squared"
    n = X.shape[0]
    chosen = np.asarray(features, dtype=np.int64)
    Z = penalized_columns(
        X[:, chosen], path.centers[chosen], path.scales[chosen], fit_intercept=fit_intercept
    )
    coefs = np.asarray(path.coefs, dtype=np.float64)
    rows = np.arange(n)
    if not squared and n > max_rows:
        rows = np.sort(np.random.default_rng(seed).choice(n, size=max_rows, replace=False))
    gradients = np.empty((chosen.size, coefs.shape[1]))
    eta = None if squared else np.empty((rows.size, coefs.shape[1]))
    block = max(1, 4_000_000 // max(n, 1))
    for start in range(0, coefs.shape[1], block):
        part = slice(start, start + block)
        linear = X @ coefs[:, part] + path.intercepts[part]
        slope = linear - y[:, None] if squared else _terms(loss, y[:, None], linear)[1]
        gradients[:, part] = Z.T @ slope / n
        if eta is not None:
            eta[:, part] = linear[rows]
    return GeometryBasis(
        penalty=penalty,
        features=chosen,
        lambdas=np.asarray(path.lambdas, dtype=np.float64),
        coefs=coefs[chosen] * path.scales[chosen, None],
        gradients=gradients,
        gram=Z.T @ Z / n if squared else None,
        loss=loss,
        rows=None if squared else Z[rows],
        targets=None if squared else y[rows],
        eta=eta,
        sampled=rows.size < n,
    )


def _terms(loss: Loss, y: Array, eta: Array) -> tuple[Array, Array, Array]:
    """Loss, gradient and curvature at any array of η, targets broadcast to it."""
    targets = np.ascontiguousarray(np.broadcast_to(y, eta.shape)).reshape(-1)
    flat = np.ascontiguousarray(eta).reshape(-1)
    value, slope, bend = _native.loss_terms(loss.name, loss.parameters, targets, flat)
    return value.reshape(eta.shape), slope.reshape(eta.shape), bend.reshape(eta.shape)


@dataclass(frozen=True)
class PairGeometry:
    """Loss and penalty as functions of two coefficients at one λ; see the module's text."""

    penalty: str
    lam: float
    solution: Array
    gradient: Array
    gram: Array | None
    loss: Loss
    rows: Array | None
    targets: Array | None
    eta: Array | None

    def radius(self) -> float:
        """Size of the ball the solution lies on: ‖u‖₁ for L1, ‖u‖₂ for L2."""
        if self.penalty == "l1":
            return float(np.abs(self.solution).sum())
        return float(np.hypot(*self.solution))

    def stationarity(self) -> float:
        """Distance of −∇ from λ∂P for the pair, divided by λ (0 = touches exactly)."""
        u, slope = self.solution, -self.gradient
        if self.penalty == "l2":
            distance = np.abs(slope - self.lam * u)
        else:
            kink = np.maximum(np.abs(slope) - self.lam, 0.0)
            distance = np.where(u != 0.0, np.abs(slope - self.lam * np.sign(u)), kink)
        return float(distance.max() / self.lam) if self.lam > 0 else float(distance.max())

    def excess(self, points: Array) -> Array:
        """Loss at `points` (m, 2) of the plane, relative to the fit, (m,)."""
        step = np.atleast_2d(points) - self.solution
        if self.gram is not None:
            bend = 0.5 * np.einsum("ij,jk,ik->i", step, self.gram, step)
        else:
            bend = self._remainder(step)[0]
        return np.asarray(step @ self.gradient + bend)

    def _remainder(self, step: Array) -> tuple[Array, Array]:
        """Bregman remainder of the loss at steps (m, 2), and its gradient (m, 2)."""
        rows, targets, eta = self._sample
        before, here = self._at_fit
        move = step @ rows.T
        after, there, _ = _terms(self.loss, targets, eta + move)
        value = (after - move * here).mean(axis=1) - before
        return value, (there - here) @ rows / rows.shape[0]

    @cached_property
    def _at_fit(self) -> tuple[float, Array]:
        """Mean loss of the sample at the fit, and the gradient of each row."""
        _, targets, eta = self._sample
        value, slope, _ = _terms(self.loss, targets, eta)
        return float(value.mean()), slope

    @property
    def _sample(self) -> tuple[Array, Array, Array]:
        assert self.rows is not None and self.targets is not None and self.eta is not None
        return self.rows, self.targets, self.eta

    def curvature(self, step: Array) -> Array:
        """Hessian of the loss in the pair at one step (2,) from the solution, (2, 2).

        Where rows have no curvature (huber, squared hinge), `FLAT` of the Gram matrix stands in:
        it makes directions, not values of the loss.
        """
        if self.gram is not None:
            return self.gram
        rows, targets, eta = self._sample
        weight = _terms(self.loss, targets, eta + rows @ step)[2]
        if self.loss.name in PIECEWISE:
            weight = weight + FLAT
        return np.asarray((rows * weight[:, None]).T @ rows / rows.shape[0])

    def centre(self, *, limit: float) -> Array:
        """Minimizer of the loss over the pair.

        Squared loss: the nearest one when the two columns are collinear. Another: damped Newton; a
        pair that separates the classes has no minimizer and gives the point at which the search
        came `limit` away from the solution.
        """
        if self.gram is not None:
            inverse = np.linalg.pinv(self.gram, rcond=1e-12, hermitian=True)
            return np.asarray(self.solution - inverse @ self.gradient)
        step = np.zeros(2)
        for _ in range(60):
            value, bend = self._remainder(step[None, :])
            slope = self.gradient + bend[0]
            hessian = self.curvature(step)
            direction = -np.linalg.pinv(hessian, rcond=1e-12, hermitian=True) @ slope
            decrease = float(slope @ direction)
            if -decrease <= 1e-14 * max(float(np.abs(self.gradient).max()), 1e-12):
                break
            now = float(self.gradient @ step + value[0])
            size = 1.0
            while size > 1e-6:
                trial = step + size * direction
                there = float(self.gradient @ trial + self._remainder(trial[None, :])[0][0])
                if there <= now + 1e-4 * size * decrease:
                    break
                size *= 0.5
            if size <= 1e-6:
                break  # as low as rounding lets it see
            step = step + size * direction
            if np.hypot(*step) >= limit:
                step *= limit / np.hypot(*step)
                break
        return np.asarray(self.solution + step)

    def ball(self, n_points: int = 72) -> Array:
        """Closed outline of the ball through the solution: (5, 2) or, L2, (n_points + 1, 2)."""
        if self.penalty == "l1":
            corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]], dtype=np.float64)
            return self.radius() * corners
        angle = np.linspace(0.0, 2.0 * np.pi, n_points + 1)
        angle += np.arctan2(self.solution[1], self.solution[0])
        return self.radius() * np.column_stack([np.cos(angle), np.sin(angle)])

    def contours(
        self,
        *,
        extent: float,
        levels: tuple[float, ...] = LEVELS,
        n_points: int = 72,
        tol: float = 1e-10,
    ) -> Contours:
        """Level sets of the loss around the pair's minimizer.

        Args:
            extent: half width of the picture; contours that are no ellipses and reach further than
                6 of it end there, outside of the picture.
            levels: depths as multiples of that of the touching level; the one equal to 1 passes
                through the solution, which is its first point.
            n_points: directions.
            tol: of the touching level, relative to its depth; a thousand times that for the others.
        """
        reach = 6.0 * extent
        centre = self.centre(limit=reach / 2)
        hessian = self.curvature(centre - self.solution)
        values, vectors = np.linalg.eigh(hessian)
        values = np.maximum(values, max(values[1], 1e-300) * 1e-12)
        inverse_root = vectors / np.sqrt(values)
        bottom = float(self.excess(centre)[0])
        to_solution = np.sqrt(values) * (vectors.T @ (self.solution - centre))
        start = np.arctan2(to_solution[1], to_solution[0]) if np.any(to_solution) else 0.0
        size = np.sqrt(max(-2.0 * bottom, 0.0) / values[0])
        angle = start + _directions(n_points, size / extent)
        directions = (inverse_root @ np.vstack([np.cos(angle), np.sin(angle)])).T
        # without this floor all levels would shrink to one point where nothing is penalized
        shown = max(-bottom, 0.5 * float(values[0]) * (0.04 * extent) ** 2)
        outlines = []
        for level in levels:
            depth = -bottom if level == 1.0 else level * shown
            asked = tol if level == 1.0 else 1e3 * tol
            radii = self._radii(centre, bottom, directions, depth, reach, asked)
            outline = centre + radii[:, None] * directions
            if level == 1.0:
                outline[0] = self.solution
            outlines.append(np.vstack([outline, outline[:1]]))
        return Contours(centre=centre, levels=levels, outlines=tuple(outlines))

    def _radii(
        self,
        centre: Array,
        bottom: float,
        directions: Array,
        depth: float,
        reach: float,
        tol: float,
    ) -> Array:
        """Distance along each direction at which the loss is `depth` above its minimum."""
        if depth <= 0.0:
            return np.zeros(directions.shape[0])
        if self.gram is not None:
            return np.full(directions.shape[0], np.sqrt(2.0 * depth))
        farthest = reach / np.hypot(directions[:, 0], directions[:, 1])
        offset = centre - self.solution

        def miss(radius: Array) -> tuple[Array, Array]:
            step = offset + radius[:, None] * directions
            value, bend = self._remainder(step)
            slope = ((self.gradient + bend) * directions).sum(axis=1)
            return step @ self.gradient + value - bottom - depth, slope

        # Near the end of a path a level may be as flat as rounding; past that no step is surer.
        enough = max(tol * depth, 16.0 * np.finfo(float).eps * abs(self._at_fit[0]))
        low, high = np.zeros(directions.shape[0]), farthest
        unreached = miss(farthest)[0] <= 0.0
        radius = np.where(unreached, farthest, np.minimum(np.sqrt(2.0 * depth), farthest))
        for _ in range(60):
            off, slope = miss(radius)
            if np.all(unreached | (np.abs(off) <= enough)):
                break
            low, high = np.where(off < 0, radius, low), np.where(off > 0, radius, high)
            newton = radius - off / np.where(slope > 0, slope, 1.0)
            inside = (slope > 0) & (newton > low) & (newton < high)
            radius = np.where(unreached, radius, np.where(inside, newton, 0.5 * (low + high)))
        return radius


@dataclass(frozen=True)
class Contours:
    """Level sets of one pair: `outlines[i]` is closed, (n_points + 1, 2), at depth `levels[i]`."""

    centre: Array
    levels: tuple[float, ...]
    outlines: tuple[Array, ...]
