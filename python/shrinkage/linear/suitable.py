"""Which losses suit a target, and which of them is customary."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkage.losses import LOSSES

CUSTOMARY = {"regression": "squared", "classification": "logistic"}


def suitable_losses(y: Any, task: str) -> tuple[str, ...]:
    """Names of the losses whose targets these may be; the customary one for them comes first.

    Args:
        y: (n,) target.
        task: "regression" or "classification".
    """
    y = np.asarray(y)
    names = [
        name
        for name, kind in LOSSES.items()
        if kind.task == task
        and not kind.multiclass
        and (task == "classification" or _may_be(y, kind.targets))
    ]
    first = customary_loss(y, task)
    return (first, *(name for name in names if name != first))


def _may_be(y: Any, targets: str) -> bool:
    if targets == "nonnegative":
        return bool((y >= 0).all() and (y > 0).any())
    return targets == "real" or bool((y > 0).all())


def customary_loss(y: Any, task: str) -> str:
    """Squared for quantities, poisson for counts, logistic for classes.

    Whole numbers from zero on count as counts if they scatter as counts do: to the right (mean
    above the median), with a variance of at least the mean.
    """
    if task == "classification":
        return CUSTOMARY[task]
    y = np.asarray(y, dtype=np.float64)
    whole = bool(y.size) and y.min() == 0.0 and bool((y == np.floor(y)).all())
    counts = whole and bool(np.median(y) < y.mean() <= y.var())
    return "poisson" if counts else CUSTOMARY[task]


def starting_delta(y: Any) -> float:
    """A δ for Huber's loss to start from, in the units of y, to two digits.

    1.345 times the scaled median absolute deviation of y, the constant of 95 % efficiency for
    normal errors (Huber 1964); the standard deviation where more than half of y are alike. The
    errors of a good fit are smaller than the spread of y: it is a start, no estimate.
    """
    y = np.asarray(y, dtype=np.float64)
    scale = 1.4826 * float(np.median(np.abs(y - np.median(y)))) or float(y.std()) or 1.0
    return float(f"{1.345 * scale:.2g}")
