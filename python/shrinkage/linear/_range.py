"""Numbers whose squares, products and exponentials stay numbers; others are refused, not rounded.

A float64 goes from 1e-308 to 1e308, its square from 1e-154 to 1e154. What underflows or overflows
inside a fit would be taken for zero, or for nothing left to explain, and be called converged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from .._validation import FloatArray, refuse
from ..losses import Huber, Loss

LARGEST = 1e150
SMALLEST = 1e-140
LARGEST_LINK = 1e6  # beyond it offset + b + Xβ has lost what Xβ adds, and the mean is 0 or infinite
LEAST_DELTA = 1e-20  # of the targets: below it H_δ is δ|r| to the last digit


def require_range(
    X: Any, y: FloatArray, weights: FloatArray, offset: FloatArray | None, loss: Loss
) -> None:
    """Refuses y, weights, offset, δ and X that are too large or too small to compute with."""
    _require_at_most(weights, LARGEST, "sample_weight", "weights are relative")
    _require_not_tiny(weights, "sample_weight", "weights are relative")
    if loss.task == "regression":
        _require_at_most(y, LARGEST, "y", "use another unit")
        _require_targets(y, loss)
    if offset is not None:
        curved = loss.probabilistic or loss.targets != "real"
        reason = "it is added to the link, of which ±700 is all that has a mean"
        limit = LARGEST_LINK if curved else LARGEST
        _require_at_most(offset, limit, "offset", reason if curved else "use another unit")
    if isinstance(loss, Huber):
        _require_delta(loss, y if offset is None else y - offset)
    _require_columns(X)


def _require_at_most(values: FloatArray, limit: float, argument: str, reason: str) -> None:
    low, high = float(values.min()), float(values.max())
    if max(-low, high) > limit:
        value = low if -low > high else high
        remedy = f"give numbers of at most {limit:g}: {reason}"
        raise refuse(argument, value, remedy, code="argument.range")


def _require_not_tiny(values: FloatArray, argument: str, reason: str) -> None:
    largest = max(-float(values.min()), float(values.max()))
    if 0.0 < largest < SMALLEST:
        remedy = f"give numbers of which the largest is at least {SMALLEST:g}: {reason}"
        raise refuse(argument, largest, remedy, code="argument.range")


def _require_targets(y: FloatArray, loss: Loss) -> None:
    _require_not_tiny(y, "y", "use another unit")
    # Here every target counts, as y/mean does: the smallest may have a mean of its own.
    if loss.targets == "positive" and y.min() < SMALLEST:
        index = int(y.argmin())
        remedy = f"give targets of at least {SMALLEST:g}: use another unit"
        raise refuse(f"y[{index}]", float(y[index]), remedy, code="argument.range", index=index)


def _require_delta(loss: Huber, residual: FloatArray) -> None:
    size = float(np.abs(residual).max())
    if loss.delta < LEAST_DELTA * size:
        remedy = f'give at least {LEAST_DELTA * size:g}, or use loss="quantile" for δ → 0'
        raise refuse("delta", loss.delta, remedy, code="argument.range")


def _require_columns(X: Any) -> None:
    """Smaller columns have no length, and no spread; of most the first rows say enough."""
    if sparse.issparse(X):
        largest = abs(X).max(axis=0).toarray().ravel()
    else:
        first = X[:1000]  # its absolute values would be a copy
        largest = np.maximum(first.max(axis=0), -first.min(axis=0))
        for j in np.flatnonzero(largest < SMALLEST):
            largest[j] = max(float(X[:, j].max()), -float(X[:, j].min()))
    tiny = np.flatnonzero((largest > 0.0) & (largest < SMALLEST))
    if tiny.size:
        column = int(tiny[0])
        size = float(largest[column])
        remedy = f"give a column whose largest number is at least {SMALLEST:g}: scale it up"
        raise refuse(f"X[:, {column}]", size, remedy, code="argument.range", index=column)
