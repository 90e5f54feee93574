"""What fit_path promises, written a second time in plain numpy and without its code.

Nothing here imports the package: the certificate, the KKT distances and the null model are computed
from the data and the returned coefficients alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from support.losses import FORMULAS


@dataclass
class Reference:
    """(1/Σw) Σ w ℓ(y, offset + b + Xβ) + λ Σ f_j [α|s_j β_j| + ½(1−α)(s_j β_j)²] on a box.

    Args:
        loss: a name of `support.losses.FORMULAS`, or a formula; two classes are its codes, or 0
            and 1.
        alpha: share of L1: 1 for L1, 0 for L2.
    """

    X: np.ndarray
    y: np.ndarray
    loss: Any = "squared"
    alpha: float = 1.0
    sample_weight: Any = None
    offset: Any = None
    penalty_factor: Any = None
    lower: Any = None
    upper: Any = None
    fit_intercept: bool = True
    standardize: bool = True

    def __post_init__(self) -> None:
        n, p = self.X.shape
        self.X = np.asarray(self.X, dtype=float)
        self.y = np.asarray(self.y, dtype=float)
        self.formula = FORMULAS[self.loss] if isinstance(self.loss, str) else self.loss
        if self.formula.classes is not None:
            self.y = np.where(self.y > 0.5, self.formula.classes[1], self.formula.classes[0])
        w = np.ones(n) if self.sample_weight is None else np.asarray(self.sample_weight, float)
        self.w = w / w.sum()
        self.o = np.zeros(n) if self.offset is None else np.asarray(self.offset, dtype=float)
        self.f = (
            np.ones(p) if self.penalty_factor is None else np.asarray(self.penalty_factor, float)
        )
        self.means = self.w @ self.X
        centered = self.X - self.means
        deviation = np.sqrt(self.w @ centered**2)
        constant = deviation <= 1e-13 * np.abs(self.means)
        self.s = np.where(constant, 1.0, deviation) if self.standardize else np.ones(p)
        # Whether a column can be told from the intercept or, standardized, from nothing at all.
        self.usable = ~constant if self.fit_intercept or self.standardize else np.ones(p, bool)
        shift = self.means if self.fit_intercept else 0.0
        self.Z = np.where(self.usable, (self.X - shift) / self.s, 0.0)
        self.lo = self._box(self.lower, -np.inf)
        self.hi = self._box(self.upper, np.inf)

    def _box(self, bound: Any, default: float) -> np.ndarray:
        given = default if bound is None else bound
        return np.broadcast_to(np.asarray(given, dtype=float), self.X.shape[1]) * self.s

    # The loss, its derivative, and minus its conjugate at -theta. Rows of weight zero are skipped:
    # their loss may be anything.

    def _mean(self, each: np.ndarray) -> float:
        with np.errstate(invalid="ignore"):
            return float(np.sum(np.where(self.w > 0, self.w * each, 0.0)))

    def value(self, eta: np.ndarray) -> float:
        return self._mean(self.formula.value(self.y, eta))

    def slope(self, eta: np.ndarray) -> np.ndarray:
        return self.formula.slope(self.y, eta)

    def curvature(self, eta: np.ndarray) -> np.ndarray:
        return self.formula.curvature(self.y, eta)

    def dual_loss(self, theta: np.ndarray) -> float:
        """−(1/Σw) Σ w ℓ*(−θ), plus what the offset contributes."""
        return self._mean(self.formula.dual(self.y, theta) - self.o * theta)

    # The penalty on β̃ = s β.

    def penalty(self, beta: np.ndarray, lam: float) -> float:
        each = self.alpha * np.abs(beta) + 0.5 * (1.0 - self.alpha) * beta**2
        return float(lam * (self.f @ each))

    def free(self, lam: float) -> np.ndarray:
        return (lam * self.f == 0.0) & np.isinf(self.lo) & np.isinf(self.hi) & self.usable

    def _conjugate(self, v: np.ndarray, lam: float, ridge: bool, free: np.ndarray) -> float:
        """sup over the box of v'β − λP(β), P with its L2 part or without; free columns left out."""
        v = np.where(free, 0.0, v)
        l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha) * ridge
        excess = np.sign(v) * np.maximum(np.abs(v) - l1, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(excess == 0.0, 0.0, np.clip(excess / l2, self.lo, self.hi))
            total = np.where(excess == 0.0, 0.0, v * best - l1 * np.abs(best) - 0.5 * l2 * best**2)
        return float(np.sum(np.where(np.isnan(total), np.inf, total)))

    def _dual(self, theta: np.ndarray, beta: np.ndarray, lam: float) -> float:
        """The better of formulation A, scaled to be feasible, and B, as it is."""
        g = self.Z.T @ (self.w * theta)
        # Unpenalized but bounded on one side: where β is inside, g is zero but for rounding.
        g[(lam * self.f == 0.0) & (np.abs(g) <= 1e-9 * self.gradient_scale())] = 0.0
        free = self.free(lam)
        l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha)
        v = np.where(free, 0.0, g - l2 * beta)
        open_side = np.where(v > 0, np.isinf(self.hi), np.isinf(self.lo))
        over = open_side & (np.abs(v) > l1)
        s = min(1.0, float(np.min(l1[over] / np.abs(v[over]), initial=1.0)))
        ridge = 0.5 * s**2 * float(l2 @ beta**2)
        side = np.where(v > 0, self.hi, -self.lo)
        excess = np.where(open_side | free, 0.0, np.maximum(s * np.abs(v) - l1, 0.0))
        blocked = np.where(excess > 0.0, side, 0.0)
        blocked = np.where(np.isinf(blocked), 0.0, blocked)
        scaled = self.dual_loss(s * theta) - float(excess @ blocked) - ridge
        if self.alpha == 1.0:
            return scaled
        return max(scaled, self.dual_loss(theta) - self._conjugate(g, lam, True, free))

    def gradient_scale(self) -> float:
        theta = -self.slope(self.null_eta())
        return float(np.abs(self.Z.T @ (self.w * theta)).max())

    # Null model, saturated model, stationarity.

    def null_eta(self) -> np.ndarray:
        return self.o + self._best_shift(self.o) if self.fit_intercept else self.o

    def _best_shift(self, eta: np.ndarray) -> float:
        """The b with Σ w ℓ′(eta + b) = 0, by bisection."""

        def slope(b: float) -> float:
            return float(self.w @ self.slope(eta + b))

        reach = 1e-9
        while slope(-reach) > 0 or slope(reach) < 0:
            reach *= 4.0
        return float(brentq(slope, -reach, reach, xtol=1e-300, rtol=1e-15, maxiter=500))

    def null_deviance(self) -> float:
        """D₀: the loss of the null model minus that of the saturated one."""
        return self.value(self.null_eta()) - self.saturated()

    def saturated(self) -> float:
        return self._mean(self.formula.saturated(self.y))

    def _stationary(self, eta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Newton on the coefficients of `columns`, damped while the loss rises."""
        if columns.shape[1] == 1 and self.fit_intercept:
            return eta + self._best_shift(eta)
        _, size, right = np.linalg.svd(np.sqrt(self.w)[:, None] * columns, full_matrices=False)
        rank = size > 1e-12 * size[0]
        basis = columns @ (right[rank].T / size[rank])  # orthonormal in the weights
        eye = np.eye(basis.shape[1])
        for _ in range(200):
            gradient = basis.T @ (self.w * self.slope(eta))
            H = basis.T @ ((self.w * self.curvature(eta))[:, None] * basis)
            step = basis @ np.linalg.solve(H + 1e-10 * max(np.trace(H), 1e-3) * eye, -gradient)
            start, t = self.value(eta), 1.0
            while self.value(eta + t * step) > start + 1e-14 * abs(start) and t > 1e-9:
                t *= 0.5
            eta = eta + t * step
            if np.abs(gradient).max() < 1e-15 or np.abs(t * step).max() < 1e-13:
                return eta
        return eta

    def unpenalized(self, lam: float) -> np.ndarray:
        """(n, k) the intercept's column and the unpenalized ones."""
        ones = np.ones((len(self.y), 1)) if self.fit_intercept else np.empty((len(self.y), 0))
        return np.hstack([ones, self.Z[:, self.free(lam)]])

    def gap(self, coef: np.ndarray, intercept: float, lam: float) -> tuple[float, float]:
        """The relative duality gap of the coefficients, twice.

        Returns:
            (as they are returned, after the intercept and the unpenalized columns were made
            stationary). The dual point is the same for both.
        """
        d0 = self.null_deviance()
        beta = np.where(self.usable, coef * self.s, 0.0)
        raw = self.o + intercept + self.X @ coef
        columns = self.unpenalized(lam)
        eta = self._stationary(raw, columns) if columns.shape[1] else raw
        theta = -self.slope(eta)
        if columns.shape[1]:
            root = np.sqrt(self.w)
            theta_w = root * theta
            basis, size, _ = np.linalg.svd(root[:, None] * columns, full_matrices=False)
            basis = basis[:, size > 1e-12 * size[0]]
            drift = basis @ (basis.T @ theta_w)
            with np.errstate(divide="ignore", invalid="ignore"):
                theta = theta - np.where(root > 0, drift / root, 0.0)
        dual = self._dual(theta, beta, lam)
        penalty = self.penalty(beta, lam)
        return (self.value(raw) + penalty - dual) / d0, (self.value(eta) + penalty - dual) / d0

    def gaps(self, path: Any) -> tuple[np.ndarray, np.ndarray]:
        """`gap` at every λ of a path."""
        pairs = [
            self.gap(path.coefs[:, i], path.intercepts[i], lam)
            for i, lam in enumerate(path.lambdas)
        ]
        return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])

    def objective(self, coef: np.ndarray, intercept: float, lam: float) -> float:
        return self.value(self.o + intercept + self.X @ coef) + self.penalty(coef * self.s, lam)

    def kkt(self, coef: np.ndarray, intercept: float, lam: float) -> float:
        """max_j dist(−∇_j, ∂λP) over the largest gradient of the null model."""
        beta = coef * self.s
        v = -self.slope(self.o + intercept + self.X @ coef)
        g = self.Z.T @ (self.w * v)
        l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha)
        at = (
            np.isclose(beta, self.lo, rtol=1e-12, atol=0),
            np.isclose(beta, self.hi, rtol=1e-12, atol=0),
        )
        low = np.where(beta > 0, l1, -l1) + l2 * beta
        high = np.where(beta < 0, -l1, l1) + l2 * beta
        low, high = np.where(at[0], -np.inf, low), np.where(at[1], np.inf, high)
        distance = np.maximum(np.maximum(low - g, g - high), 0.0)
        return float(np.where(self.usable, distance, 0.0).max() / self.gradient_scale())
