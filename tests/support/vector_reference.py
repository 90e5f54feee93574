"""What fit_path promises with several outputs, a second time in plain numpy and without its code.

As `support.reference`, for the multinomial loss and the squared loss of several targets: matrices
are (n, K) and (p, K) here, whatever the package stores.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax, xlogy


@dataclass
class VectorReference:
    """(1/Σw) Σ w ℓ(y, offset + b + Xβ) + λ P(β) on the columns as they are penalized.

    Args:
        y: (n,) class numbers 0 … K − 1 for "multinomial", (n, K) for "squared".
        alpha: share of L1 in the elastic net; None for the row-group penalty.
    """

    X: np.ndarray
    y: np.ndarray
    loss: str = "multinomial"
    alpha: float | None = 1.0
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
        w = np.ones(n) if self.sample_weight is None else np.asarray(self.sample_weight, float)
        self.w = (w / w.sum())[:, None]
        if self.loss == "multinomial":
            self.Y = np.eye(int(self.y.max()) + 1)[np.asarray(self.y, dtype=int)]
        else:
            self.Y = np.asarray(self.y, dtype=float)
        self.K = self.Y.shape[1]
        self.o = np.zeros((n, self.K)) if self.offset is None else np.asarray(self.offset, float)
        factors = np.ones(p) if self.penalty_factor is None else self.penalty_factor
        self.f = np.asarray(factors, dtype=float)[:, None]
        means = self.w[:, 0] @ self.X
        deviation = np.sqrt(self.w[:, 0] @ (self.X - means) ** 2)
        constant = deviation <= 1e-13 * np.abs(means)
        self.s = np.where(constant, 1.0, deviation) if self.standardize else np.ones(p)
        self.usable = ~constant if self.fit_intercept or self.standardize else np.ones(p, bool)
        shift = means if self.fit_intercept else 0.0
        self.Z = np.where(self.usable, (self.X - shift) / self.s, 0.0)
        self.lo = self._box(self.lower, -np.inf)
        self.hi = self._box(self.upper, np.inf)

    def _box(self, bound: Any, default: float) -> np.ndarray:
        given = np.asarray(default if bound is None else bound, dtype=float)
        return (np.broadcast_to(given, self.X.shape[1]) * self.s)[:, None]

    # The loss, its derivative, its curvature, and minus its conjugate at -theta.

    def value(self, eta: np.ndarray) -> float:
        if self.loss == "squared":
            return float(np.sum(self.w * 0.5 * (self.Y - eta) ** 2))
        return float(self.w[:, 0] @ (logsumexp(eta, axis=1) - np.sum(self.Y * eta, axis=1)))

    def slope(self, eta: np.ndarray) -> np.ndarray:
        if self.loss == "squared":
            return eta - self.Y
        p = softmax(eta, axis=1)
        own = (self.Y > 0).argmax(axis=1)
        rows = np.arange(len(p))
        rest = p.copy()
        rest[rows, own] = 0.0
        p[rows, own] = -rest.sum(axis=1)
        return p

    def dual_loss(self, theta: np.ndarray) -> float:
        if self.loss == "squared":
            part = self.Y * theta - 0.5 * theta**2
        else:
            q = self.Y - theta
            # Projecting theta on the stationary columns moves it by rounding, also at the edge.
            if q.min() < -1e-10:
                return -np.inf
            q = np.clip(q, 0.0, 1.0)
            part = -xlogy(q, q)
        return float(np.sum(self.w * (part - self.o * theta)))

    # The penalty on B scaled by s.

    def penalty(self, beta: np.ndarray, lam: float) -> float:
        if self.alpha is None:
            return float(lam * (self.f[:, 0] @ np.linalg.norm(beta, axis=1)))
        each = self.alpha * np.abs(beta) + 0.5 * (1.0 - self.alpha) * beta**2
        return float(lam * np.sum(self.f * each))

    def _dual(self, theta: np.ndarray, beta: np.ndarray, lam: float) -> float:
        """The better of the point scaled to be feasible and, with an L2 part, the point itself."""
        g = self.Z.T @ (self.w * theta)
        unpenalized = lam * self.f == 0.0
        g[unpenalized & (np.abs(g) <= 1e-9 * self.gradient_scale())] = 0.0
        if self.alpha is None:
            lengths = np.linalg.norm(g, axis=1)
            limit = lam * self.f[:, 0]
            over = lengths > limit
            s = min(1.0, float(np.min(limit[over] / lengths[over], initial=1.0)))
            return self.dual_loss(s * theta)
        free = unpenalized & np.isinf(self.lo) & np.isinf(self.hi)
        l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha)
        l1, l2 = np.broadcast_to(l1, g.shape), np.broadcast_to(l2, g.shape)
        v = np.where(free, 0.0, g - l2 * beta)
        open_side = np.where(v > 0, np.isinf(self.hi), np.isinf(self.lo))
        over = open_side & (np.abs(v) > l1)
        s = min(1.0, float(np.min(l1[over] / np.abs(v[over]), initial=1.0)))
        side = np.where(v > 0, self.hi, -self.lo)
        excess = np.where(open_side | free, 0.0, np.maximum(s * np.abs(v) - l1, 0.0))
        blocked = np.where(np.isinf(side) | (excess == 0.0), 0.0, side)
        ridge = 0.5 * s**2 * float(np.sum(l2 * beta**2))
        scaled = self.dual_loss(s * theta) - float(np.sum(excess * blocked)) - ridge
        if self.alpha == 1.0:
            return scaled
        v = np.where(free, 0.0, g)
        excess = np.sign(v) * np.maximum(np.abs(v) - l1, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(excess == 0.0, 0.0, np.clip(excess / l2, self.lo, self.hi))
            total = np.where(excess == 0.0, 0.0, v * best - l1 * np.abs(best) - 0.5 * l2 * best**2)
        return max(scaled, self.dual_loss(theta) - float(np.sum(total)))

    # Null model, stationarity.

    def null_eta(self) -> np.ndarray:
        ones = np.ones((len(self.X), 1))
        return self._stationary(self.o, ones) if self.fit_intercept else self.o

    def gradient_scale(self) -> float:
        return float(np.abs(self.Z.T @ (self.w * self.slope(self.null_eta()))).max())

    def null_deviance(self) -> float:
        """D₀: the saturated model of both losses has loss 0."""
        return self.value(self.null_eta())

    def _stationary(self, eta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Newton on the coefficients of `columns`, for all outputs, damped while the loss rises."""
        m = columns.shape[1]
        for _ in range(200):
            gradient = columns.T @ (self.w * self.slope(eta))
            if self.loss == "squared":
                root = np.sqrt(self.w) * columns
                step = columns @ np.linalg.lstsq(root.T @ root, -gradient, rcond=1e-13)[0]
            else:
                p = softmax(eta, axis=1)
                hessian = np.empty((self.K, m, self.K, m))
                for a in range(self.K):
                    for b in range(self.K):
                        d = self.w[:, 0] * (p[:, a] * (a == b) - p[:, a] * p[:, b])
                        hessian[a, :, b] = columns.T @ (d[:, None] * columns)
                size = self.K * m
                solved = np.linalg.lstsq(
                    hessian.reshape(size, size), -gradient.T.ravel(), rcond=1e-13
                )[0]
                step = columns @ solved.reshape(self.K, m).T
            start, t = self.value(eta), 1.0
            while self.value(eta + t * step) > start + 1e-14 * abs(start) and t > 1e-9:
                t *= 0.5
            eta = eta + t * step
            if np.abs(gradient).max() < 1e-16 or np.abs(step).max() < 1e-14:
                return eta
        return eta

    def gap(self, coef: np.ndarray, intercept: np.ndarray, lam: float) -> tuple[float, float]:
        """The relative gap of the coefficients (p, K), as returned and with the intercepts and the
        unpenalized features made stationary; the dual point is the same for both."""
        beta = np.where(self.usable[:, None], coef * self.s[:, None], 0.0)
        raw = self.o + intercept + self.X @ coef
        free = self.usable & (lam * self.f[:, 0] == 0.0)
        free &= np.isinf(self.lo[:, 0]) & np.isinf(self.hi[:, 0])
        ones = np.ones((len(self.X), int(self.fit_intercept)))
        columns = np.hstack([ones, self.Z[:, free]])
        eta = self._stationary(raw, columns) if columns.shape[1] else raw
        theta = -self.slope(eta)
        if columns.shape[1]:
            root = np.sqrt(self.w)
            basis, size, _ = np.linalg.svd(root * columns, full_matrices=False)
            basis = basis[:, size > 1e-12 * size[0]]
            drift = basis @ (basis.T @ (root * theta))
            with np.errstate(divide="ignore", invalid="ignore"):
                theta = theta - np.where(root > 0, drift / root, 0.0)
        dual, penalty = self._dual(theta, beta, lam), self.penalty(beta, lam)
        d0 = self.null_deviance()
        return (self.value(raw) + penalty - dual) / d0, (self.value(eta) + penalty - dual) / d0

    def gaps(self, path: Any) -> tuple[np.ndarray, np.ndarray]:
        """`gap` at every λ of a path."""
        pairs = [
            self.gap(path.coefs[..., i], path.intercepts[..., i], lam)
            for i, lam in enumerate(path.lambdas)
        ]
        return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])

    def objective(self, coef: np.ndarray, intercept: np.ndarray, lam: float) -> float:
        eta = self.o + intercept + self.X @ coef
        return self.value(eta) + self.penalty(coef * self.s[:, None], lam)

    def kkt(self, coef: np.ndarray, intercept: np.ndarray, lam: float) -> float:
        """The largest distance of −∇ from ∂λP over the largest gradient of the null model."""
        beta = coef * self.s[:, None]
        g = -self.Z.T @ (self.w * self.slope(self.o + intercept + self.X @ coef))
        if self.alpha is None:
            length = np.linalg.norm(beta, axis=1, keepdims=True)
            unit = np.divide(beta, length, out=np.zeros_like(beta), where=length > 0)
            inside = np.linalg.norm(g - lam * self.f * unit, axis=1)
            at_zero = np.maximum(np.linalg.norm(g, axis=1) - lam * self.f[:, 0], 0.0)
            distance = np.where(length[:, 0] > 0, inside, at_zero)
        else:
            l1, l2 = lam * self.f * self.alpha, lam * self.f * (1.0 - self.alpha)
            low = np.where(beta > 0, l1, -l1) + l2 * beta
            high = np.where(beta < 0, -l1, l1) + l2 * beta
            low = np.where(np.isclose(beta, self.lo, rtol=1e-12, atol=0), -np.inf, low)
            high = np.where(np.isclose(beta, self.hi, rtol=1e-12, atol=0), np.inf, high)
            distance = np.maximum(np.maximum(low - g, g - high), 0.0).max(axis=1)
        return float(np.where(self.usable, distance, 0.0).max() / self.gradient_scale())
