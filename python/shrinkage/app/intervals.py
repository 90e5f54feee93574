"""When a difference counts: beyond two standard errors of it, paired over the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

ERRORS = 2.0
"""Standard errors that a difference has to exceed."""


def standard_error(values: NDArray[Any]) -> float:
    """Standard error of the mean of (n,) values; infinite for a single one, which tells nothing."""
    n = len(values)
    return float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.inf


def clear(difference: float, error: float) -> bool:
    """Whether a difference is above its interval; what is no number never is."""
    return difference > ERRORS * error


def level_with(
    one: int, others: Iterable[int], apart: Callable[[int, int], tuple[float, float]]
) -> list[int]:
    """Those of ``others`` that cannot be told from ``one``, the best, itself among them.

    ``apart(one, other)`` is by how much it is better than another, and the standard error of that.
    """
    return [other for other in others if other == one or not clear(*apart(one, other))]
