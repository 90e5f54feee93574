"""Penalties that are norms, written a second time in plain numpy: certificates of what they fit.

Nothing here imports the package.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from support.reference import Reference

Array = np.ndarray


@dataclass
class GroupNorm:
    """Σ_g w_g ‖β_g‖₂, on β ≥ 0 where `nonnegative`."""

    labels: Array
    weights: Array
    nonnegative: bool = False

    def value(self, beta: Array) -> float:
        return float(sum(w * np.linalg.norm(beta[self.labels == g]) for g, w in self._groups()))

    def dual(self, g: Array) -> float:
        """The smallest t with g in t times the dual ball."""
        g = np.maximum(g, 0.0) if self.nonnegative else g
        return max(
            (float(np.linalg.norm(g[self.labels == k]) / w) for k, w in self._groups() if w > 0),
            default=0.0,
        )

    def _groups(self) -> Any:
        return enumerate(self.weights)


@dataclass
class SortedNorm:
    """Σ_k ω_k |fβ|_(k) over the features with f > 0."""

    omega: Array
    factors: Array

    def value(self, beta: Array) -> float:
        sizes = np.sort(np.abs(self.factors * beta)[self.factors > 0])[::-1]
        return float(self.omega[: len(sizes)] @ sizes)

    def dual(self, g: Array) -> float:
        kept = self.factors > 0
        sizes = np.sort(np.abs(g[kept] / self.factors[kept]))[::-1]
        ratios = np.cumsum(sizes) / np.cumsum(self.omega[: len(sizes)])
        return float(ratios.max(initial=0.0))


@dataclass
class NormReference(Reference):
    """`Reference` with a norm in place of the elastic net."""

    norm: Any = None

    def penalty(self, beta: Array, lam: float) -> float:
        return lam * self.norm.value(beta)

    def _dual(self, theta: Array, beta: Array, lam: float) -> float:
        g = np.where(self.free(lam), 0.0, self.Z.T @ (self.w * theta))
        reach = self.norm.dual(g)
        return self.dual_loss(theta * min(1.0, lam / reach if reach > 0 else 1.0))
