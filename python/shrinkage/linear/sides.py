"""One penalty's side of a comparison: its path with what a picture shows at every λ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shrinkage.linear.certificate import Certificate
from shrinkage.linear.geometry import GeometryBasis

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class PenaltySide:
    """One penalty's path with what the picture shows at every λ.

    Attributes:
        penalty: "l1" or "l2".
        lambdas: canonical λ, (L,) decreasing; the grid and, for L2, the λ that links ask for.
        textbook: the same λ in textbook form, (L,).
        grid: numbers of the λ that belong to the regular grid, on which curves are drawn.
        coefs: (p, L) on the original scale.
        intercepts: (L,).
        scales: (p,) so that coefs·scales are the penalized coefficients.
        n_zero: features with a coefficient of exactly zero, (L,).
        n_small: features below 1 % of the largest penalized coefficient, zeros included, (L,).
        norm_share: ‖u‖₁ (L1) or ‖u‖₂ (L2) of the penalized coefficients as a share of the
            least-penalized fit's, (L,).
        df: effective degrees of freedom, intercept not counted, (L,); NaN where the loss gives them
            no meaning, and for L2 where they would take too long.
        train_error: (L,); cv_mean, cv_std_error: (L,).
        test_error, test_std_error: (L,) mean over the test rows and its standard error (NaN of one
            row), or None.
        train_sum: textbook first term on the training rows, (L,): Σ(ŷ−y)², −Σ log p, or Σ ℓ.
        deviance_ratio: (L,) of the full-data fits.
        certificates: how exact each of those is, L of them.
        regimes: (L,) the algorithm of each fit, see `Path.regime`.
        i_min, i_1se: numbers of λ.min and λ.1se in `lambdas`.
        geometry: for pairs of the top features; None for a loss with kinks.
    """

    penalty: str
    lambdas: Array
    textbook: Array
    grid: Indices
    coefs: Array
    intercepts: Array
    scales: Array
    n_zero: Indices
    n_small: Indices
    norm_share: Array
    df: Array
    train_error: Array
    cv_mean: Array
    cv_std_error: Array
    test_error: Array | None
    test_std_error: Array | None
    train_sum: Array
    deviance_ratio: Array
    certificates: tuple[Certificate, ...]
    regimes: NDArray[np.str_]
    i_min: int
    i_1se: int
    geometry: GeometryBasis | None

    @property
    def penalized_coefs(self) -> Array:
        """Coefficients in the scale in which they are penalized, (p, L)."""
        return self.coefs * self.scales[:, None]

    @property
    def n_nonzero(self) -> Indices:
        """Features whose coefficient is not zero, (L,)."""
        return np.asarray(self.coefs.shape[0] - self.n_zero)
