"""The certificate at λ so small that rounding hides it: bounded by the fit at λ = 0.

The gap at λ scales a dual point until no gradient exceeds λ. Where λ is below what rounding leaves
of a gradient, that sends the dual point towards 0 at the exact solution too. Weak duality gives
another bound, which needs no such scaling: a penalty is nonnegative, so that the optimum at λ lies
nowhere below that at λ = 0, whose own dual point is orthogonal to every column.

    gap(λ, β) ≤ gap(0, β₀) + L(β) − L(β₀) + λP(β)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from shrinkage._validation import FloatArray

from ._problem import Problem
from .result import Path

FitAtZero = Callable[[FloatArray, Any], dict[str, Any]]
"""What the core returns of the fit at λ = 0 from these coefficients and intercepts."""


def bounded_by_zero(problem: Problem, path: Path, fit_at_zero: FitAtZero) -> Path:
    """The path with gaps bounded by λ = 0 where that certifies fits that seemed to miss `tol`.

    It can only where the penalty itself is below the tolerance; elsewhere nothing is fitted. What
    is not convex has no duality.
    """
    values = _penalties(problem, path) if path.certificate_kind == "gap" else None
    if values is None:
        return path
    scale = path.null_deviance
    tried = ~path.converged & (path.lambdas > 0) & (values <= path.tol * scale)
    if not tried.any():
        return path
    last = int(np.flatnonzero(tried)[-1])
    zero = fit_at_zero(path.coef_at(last), path.intercepts[..., last][()])
    if not len(zero["certificates"]):
        return path
    above = np.maximum(path.losses - zero["loss"][0], 0.0) + values
    bound = zero["certificates"][0] + above / scale
    gaps = np.where(tried, np.minimum(path.gaps, bound), path.gaps)
    return replace(path, certificate_values=gaps)


def _penalties(problem: Problem, path: Path) -> FloatArray | None:
    """(L,) λP(β) on the scale that is penalized; None where only the core knows P."""
    factors = np.ones(path.n_features) if problem.factors is None else problem.factors
    coefs = path.coefs if path.coefs.ndim == 3 else path.coefs[:, None, :]
    scaled = coefs * np.asarray(path.scales)[:, None, None]
    values = problem.penalty.values(scaled, factors)
    return None if values is None else path.lambdas * values
