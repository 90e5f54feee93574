"""Rows that are held out of a fit to stop it by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from .._validation import FloatArray, as_number, refuse

Rows = npt.NDArray[np.int64]


def split(
    target: FloatArray, labels: npt.NDArray[Any] | None, fraction: Any, seed: int
) -> tuple[Rows, Rows]:
    """Rows to train on and rows to measure by, by class where there are `labels` of the classes.

    Raises:
        InvalidArgument: too few rows, of all or of a class, or a fraction outside (0, 1).
    """
    share = as_number(
        fraction,
        "validation_fraction",
        minimum=0.0,
        maximum=1.0,
        open_minimum=True,
        open_maximum=True,
    )
    n = len(target)
    _require_rows(target, labels, share)
    return tuple(
        train_test_split(
            np.arange(n),
            test_size=share,
            random_state=seed % 2**32,
            stratify=None if labels is None else target,
        )
    )


OTHERWISE = "or set early_stopping=False, or give fit rows of its own, validation=(X, y)"


def _require_rows(target: FloatArray, labels: npt.NDArray[Any] | None, share: float) -> None:
    """Refuses what cannot be split, naming what is short."""
    n = len(target)
    if n < 2:
        remedy = f"give at least 2 rows, {OTHERWISE}"
        raise refuse("X", f"<{n} row>", remedy, code="argument.shape")
    if labels is not None:
        counts = np.bincount(target.astype(int), minlength=len(labels))
        if counts.min() < 2:
            rare = labels[int(counts.argmin())].tolist()
            remedy = f"give at least 2 rows of each class, for training and stopping, {OTHERWISE}"
            value = f"<1 row of class {rare!r}>"
            raise refuse("y", value, remedy, code="argument.classes")
    least = 1 if labels is None else len(labels)
    if 2 * least > n:
        remedy = f"give at least {2 * least} rows for {least} classes, {OTHERWISE}"
        raise refuse("y", f"<{n} rows>", remedy, code="argument.classes")
    held_out = math.ceil(share * n)
    if min(held_out, n - held_out) < least:
        low, high = (least - 0.5) / n, (n - least) / n
        remedy = f"give {low:.3g} to {high:.3g} of {n} rows of {least} classes, {OTHERWISE}"
        if labels is None:
            remedy = f"give at most {high:.3g} of {n} rows, {OTHERWISE}"
        raise refuse("validation_fraction", share, remedy, code="argument.range")
