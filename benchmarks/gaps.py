"""The certificate, computed here for everyone alike and without the package's own code.

For (1/n) Σ ℓ(y, η) + λ‖β‖₁, η = Xβ: θ = −ℓ′(η), scaled by the largest s ≤ 1 with ‖Xᵀsθ‖∞ ≤ nλ, is
a dual point. The gap is primal − dual, relative to the loss at β = 0 minus that of the saturated
model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, xlogy

BLOCK = 20_000_000  # numbers of η that are held at a time


class Loss(ABC):
    """Formulas per observation; y broadcasts against η of shape (n, L)."""

    @abstractmethod
    def value(self, y: Any, eta: Any) -> Any:
        """ℓ(y, η)."""

    @abstractmethod
    def theta(self, y: Any, eta: Any) -> Any:
        """−ℓ′(η)."""

    @abstractmethod
    def dual(self, y: Any, theta: Any) -> Any:
        """−ℓ*(−θ)."""

    def saturated(self, y: Any) -> Any:
        """inf over η of ℓ(y, η)."""
        return np.zeros(len(y))

    def shaped(self, y: Any) -> Any:
        """y as it broadcasts against η: (n, 1)."""
        return y[:, None]

    def largest_lambda(self, X: Any, y: Any) -> float:
        """λmax."""
        y = self.shaped(y)
        return float(_steepest(X, self.theta(y, np.zeros_like(y)))[0])

    def null_deviance(self, y: Any) -> float:
        """D₀, what gaps are relative to."""
        y = self.shaped(y)
        return float(np.mean(self.value(y, np.zeros_like(y))) - np.mean(self.saturated(y)))

    def largest_gap(self, X: Any, y: Any, coefs: Any, lambdas: Any, theta: Any = None) -> float:
        """The largest relative gap over a path.

        Args:
            coefs: (p, L), or (p, K, L) for the multinomial loss.
            theta: (n, L) dual points of the solver's, to be scaled like ours; None for −ℓ′(η).
        """
        shaped, worst = self.shaped(y), 0.0
        width = max(1, BLOCK // shaped.size)
        for start in range(0, len(lambdas), width):
            block = slice(start, start + width)
            lam, beta = lambdas[block], np.ascontiguousarray(coefs[..., block])
            eta = _product(X, beta)
            point = self.theta(shaped, eta) if theta is None else theta[..., block]
            scale = np.minimum(1.0, lam / np.maximum(_steepest(X, point), 1e-300))
            gap = self.value(shaped, eta).mean(axis=0) - self.dual(shaped, point * scale).mean(
                axis=0
            )
            gap += lam * np.abs(beta).reshape(-1, len(lam)).sum(axis=0)
            worst = max(worst, float(gap.max()))
        return worst / self.null_deviance(y)


def _product(X: Any, columns: Any) -> Any:
    """X times (p, ..., L)."""
    flat = X @ columns.reshape(len(columns), -1)
    return flat.reshape(X.shape[0], *columns.shape[1:])


def _steepest(X: Any, theta: Any) -> Any:
    """(L,) ‖Xᵀθ‖∞ / n."""
    gradient = _product(X.T, theta)
    return np.abs(gradient).reshape(-1, theta.shape[-1]).max(axis=0) / X.shape[0]


class Squared(Loss):
    def value(self, y: Any, eta: Any) -> Any:
        return 0.5 * (y - eta) ** 2

    def theta(self, y: Any, eta: Any) -> Any:
        return y - eta

    def dual(self, y: Any, theta: Any) -> Any:
        return y * theta - 0.5 * theta**2


class Logistic(Loss):
    """y is 0 or 1."""

    def value(self, y: Any, eta: Any) -> Any:
        return np.logaddexp(0.0, eta) - y * eta

    def theta(self, y: Any, eta: Any) -> Any:
        return np.where(y > 0.5, expit(-eta), -expit(eta))

    def dual(self, y: Any, theta: Any) -> Any:
        size = np.abs(theta)  # in [0, 1]: the probability of the other class
        return -xlogy(size, size) - xlogy(1.0 - size, 1.0 - size)


class Poisson(Loss):
    def value(self, y: Any, eta: Any) -> Any:
        return np.exp(eta) - y * eta

    def theta(self, y: Any, eta: Any) -> Any:
        return y - np.exp(eta)

    def dual(self, y: Any, theta: Any) -> Any:
        mean = np.maximum(y - theta, 0.0)
        return mean - xlogy(mean, mean)

    def saturated(self, y: Any) -> Any:
        return y - xlogy(y, y)


class Gamma(Loss):
    """y > 0."""

    def value(self, y: Any, eta: Any) -> Any:
        return y * np.exp(-eta) + eta

    def theta(self, y: Any, eta: Any) -> Any:
        return y * np.exp(-eta) - 1.0

    def dual(self, y: Any, theta: Any) -> Any:
        ratio = np.maximum(1.0 + theta, 0.0)  # y over the mean
        return ratio - xlogy(ratio, ratio / y)

    def saturated(self, y: Any) -> Any:
        return 1.0 + np.log(y)


class Huber(Loss):
    def __init__(self, delta: float = 1.35) -> None:
        self.delta = delta

    def value(self, y: Any, eta: Any) -> Any:
        size = np.abs(y - eta)
        inner = np.minimum(size, self.delta)
        return inner * (size - 0.5 * inner)

    def theta(self, y: Any, eta: Any) -> Any:
        return np.clip(y - eta, -self.delta, self.delta)

    def dual(self, y: Any, theta: Any) -> Any:
        return y * theta - 0.5 * theta**2


class SquaredHinge(Loss):
    """y is 0 or 1, coded here as −1 or 1."""

    def shaped(self, y: Any) -> Any:
        return (2.0 * y - 1.0)[:, None]

    def value(self, y: Any, eta: Any) -> Any:
        return np.maximum(0.0, 1.0 - y * eta) ** 2

    def theta(self, y: Any, eta: Any) -> Any:
        return 2.0 * y * np.maximum(0.0, 1.0 - y * eta)

    def dual(self, y: Any, theta: Any) -> Any:
        size = np.abs(theta)  # yθ ≥ 0
        return size - 0.25 * size**2


class Quantile(Loss):
    """The pinball loss. Between its kinks −ℓ′ is no good dual point: the solver's own is taken."""

    def __init__(self, q: float = 0.5) -> None:
        self.q = q

    def value(self, y: Any, eta: Any) -> Any:
        rest = y - eta
        return np.where(rest >= 0, self.q * rest, (self.q - 1.0) * rest)

    def theta(self, y: Any, eta: Any) -> Any:
        return np.where(y - eta >= 0, self.q, self.q - 1.0)

    def dual(self, y: Any, theta: Any) -> Any:
        outside = (theta > self.q * (1 + 1e-9)) | (theta < (self.q - 1.0) * (1 + 1e-9))
        return np.where(outside, -np.inf, y * theta)


class Multinomial(Loss):
    """y is the number of the class; η is (n, K, L)."""

    def shaped(self, y: Any) -> Any:
        return (y[:, None] == np.unique(y)).astype(float)[:, :, None]

    def value(self, y: Any, eta: Any) -> Any:
        return -(y * log_softmax(eta, axis=1)).sum(axis=1)

    def theta(self, y: Any, eta: Any) -> Any:
        return y - np.exp(log_softmax(eta, axis=1))

    def dual(self, y: Any, theta: Any) -> Any:
        probability = np.maximum(y - theta, 0.0)
        return -xlogy(probability, probability).sum(axis=1)


LOSSES: dict[str, Loss] = {
    "squared": Squared(),
    "logistic": Logistic(),
    "multinomial": Multinomial(),
    "poisson": Poisson(),
    "gamma": Gamma(),
    "huber": Huber(),
    "squared_hinge": SquaredHinge(),
    "quantile": Quantile(),
}
