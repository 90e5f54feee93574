"""The losses written a second time in plain numpy, with their targets: one row each.

Nothing here imports the package. Every test over losses takes its names from `SMOOTH`; a loss of
one number per observation joins them by a line in `FORMULAS`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy

Array = np.ndarray
SLACK = 1e-9  # how far outside its domain rounding may carry a dual point, against its size


@dataclass(frozen=True)
class Formula:
    """ℓ(y, η) and what belongs to it, by observation.

    Attributes:
        kappa: κ of the ridge grid; None where it depends on the data.
        classes: the two codes of y, or None.
    """

    kappa: float | None = 1.0
    classes: tuple[float, float] | None = None

    def value(self, y: Array, eta: Array) -> Array:
        raise NotImplementedError

    def slope(self, y: Array, eta: Array) -> Array:
        raise NotImplementedError

    def curvature(self, y: Array, eta: Array) -> Array:
        raise NotImplementedError

    def dual(self, y: Array, theta: Array) -> Array:
        """−ℓ*(−θ); −inf outside the domain."""
        raise NotImplementedError

    def saturated(self, y: Array) -> Array:
        return np.zeros_like(y)

    def mean(self, eta: Array) -> Array:
        return eta

    def target(self, signal: Array, rng: np.random.Generator) -> Array:
        """Targets that the loss takes, near a signal of about unit size."""
        return 2.0 * signal + rng.normal(size=signal.shape) + 1.0


class Squared(Formula):
    def value(self, y: Array, eta: Array) -> Array:
        return 0.5 * (y - eta) ** 2

    def slope(self, y: Array, eta: Array) -> Array:
        return eta - y

    def curvature(self, y: Array, eta: Array) -> Array:
        return np.ones_like(eta)

    def dual(self, y: Array, theta: Array) -> Array:
        return y * theta - 0.5 * theta**2


class Logistic(Formula):
    def value(self, y: Array, eta: Array) -> Array:
        return np.logaddexp(0.0, eta) - y * eta

    def slope(self, y: Array, eta: Array) -> Array:
        return np.where(y > 0.5, -expit(-eta), expit(eta))

    def curvature(self, y: Array, eta: Array) -> Array:
        return expit(eta) * expit(-eta)

    def dual(self, y: Array, theta: Array) -> Array:
        q = y - theta
        outside = (q < -SLACK) | (q > 1.0 + SLACK)
        q = np.clip(q, 0.0, 1.0)
        # 1 − q from θ itself, so that it does not vanish in rounding for y = 1.
        rest = np.clip(np.where(y > 0.5, theta, 1.0 - q), 0.0, 1.0)
        return np.where(outside, -np.inf, -xlogy(q, q) - xlogy(rest, rest))

    def mean(self, eta: Array) -> Array:
        return expit(eta)

    def target(self, signal: Array, rng: np.random.Generator) -> Array:
        low, high = self.classes or (0.0, 1.0)
        noisy = signal + rng.normal(size=signal.shape)
        return np.where(noisy > np.median(noisy), high, low)


class Poisson(Formula):
    def value(self, y: Array, eta: Array) -> Array:
        return np.exp(eta) - y * eta

    def slope(self, y: Array, eta: Array) -> Array:
        return np.exp(eta) - y

    def curvature(self, y: Array, eta: Array) -> Array:
        return np.exp(eta)

    def dual(self, y: Array, theta: Array) -> Array:
        mu = y - theta
        outside = mu < -SLACK * (1.0 + y)
        mu = np.maximum(mu, 0.0)
        return np.where(outside, -np.inf, mu - xlogy(mu, mu))

    def saturated(self, y: Array) -> Array:
        return y - xlogy(y, y)

    def mean(self, eta: Array) -> Array:
        return np.exp(eta)

    def target(self, signal: Array, rng: np.random.Generator) -> Array:
        y = rng.poisson(2.0 * np.exp(np.clip(0.5 * signal, -3.0, 3.0))).astype(float)
        y[0] = max(y[0], 1.0)
        return y


class Gamma(Formula):
    def value(self, y: Array, eta: Array) -> Array:
        return y * np.exp(-eta) + eta

    def slope(self, y: Array, eta: Array) -> Array:
        return 1.0 - y * np.exp(-eta)

    def curvature(self, y: Array, eta: Array) -> Array:
        return y * np.exp(-eta)

    def dual(self, y: Array, theta: Array) -> Array:
        rest = 1.0 + theta
        outside = rest < -SLACK
        rest = np.maximum(rest, 0.0)
        return np.where(outside, -np.inf, rest + rest * np.log(y) - xlogy(rest, rest))

    def saturated(self, y: Array) -> Array:
        return 1.0 + np.log(y)

    def mean(self, eta: Array) -> Array:
        return np.exp(eta)

    def target(self, signal: Array, rng: np.random.Generator) -> Array:
        mean = np.exp(np.clip(0.5 * signal, -3.0, 3.0))
        return mean * rng.gamma(2.0, 0.5, size=signal.shape) + 1e-3


@dataclass(frozen=True)
class Huber(Formula):
    delta: float = 1.35

    def value(self, y: Array, eta: Array) -> Array:
        r = np.abs(y - eta)
        return np.where(r <= self.delta, 0.5 * r**2, self.delta * (r - 0.5 * self.delta))

    def slope(self, y: Array, eta: Array) -> Array:
        return np.clip(eta - y, -self.delta, self.delta)

    def curvature(self, y: Array, eta: Array) -> Array:
        return (np.abs(y - eta) <= self.delta) * 1.0

    def dual(self, y: Array, theta: Array) -> Array:
        outside = np.abs(theta) > self.delta * (1.0 + SLACK)
        return np.where(outside, -np.inf, y * theta - 0.5 * theta**2)


class SquaredHinge(Logistic):
    def value(self, y: Array, eta: Array) -> Array:
        return np.maximum(0.0, 1.0 - y * eta) ** 2

    def slope(self, y: Array, eta: Array) -> Array:
        return -2.0 * y * np.maximum(0.0, 1.0 - y * eta)

    def curvature(self, y: Array, eta: Array) -> Array:
        return 2.0 * (y * eta <= 1.0)

    def dual(self, y: Array, theta: Array) -> Array:
        t = y * theta
        return np.where(t < -SLACK, -np.inf, t - 0.25 * t**2)

    def mean(self, eta: Array) -> Array:
        return eta


FORMULAS: dict[str, Formula] = {
    "squared": Squared(),
    "logistic": Logistic(kappa=0.25, classes=(0.0, 1.0)),
    "poisson": Poisson(kappa=None),
    "gamma": Gamma(),
    "huber": Huber(),
    "squared_hinge": SquaredHinge(kappa=2.0, classes=(-1.0, 1.0)),
}
SMOOTH = tuple(FORMULAS)
