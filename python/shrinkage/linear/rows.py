"""The rows of a comparison: the table, what is held out, the folds of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from shrinkage._validation import as_sound
from shrinkage.errors import InvalidArgument
from shrinkage.losses import Loss, resolve_loss

Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]


@dataclass(frozen=True)
class Rows:
    """Some rows of the table and their targets."""

    X: Any
    y: Any

    def coded(self, event: Any, loss: Loss) -> Rows:
        """Classes as the two numbers of the loss."""
        return Rows(self.X, np.where(self.y == event, loss.codes[1], loss.codes[0]))


def take(X: Any, rows: NDArray[np.bool_]) -> Any:
    """Some rows; sparse ones by columns, as the solver takes them."""
    return sparse.csc_array(X[rows]) if sparse.issparse(X) else X[rows]


def as_table(X: Any, feature_names: Sequence[str] | None) -> tuple[tuple[str, ...], Any]:
    columns = getattr(X, "columns", None)
    values: Any = (
        sparse.csr_array(as_sound(X)) if sparse.issparse(X) else np.asarray(X, dtype=np.float64)
    )
    if values.ndim != 2:
        raise InvalidArgument(
            f"X has {values.ndim} dimension(s); give a table of rows and columns, shape (n, p)",
            code="comparison.x_shape",
            argument="X",
            value=list(values.shape),
            remedy="a table of shape (n, p)",
        )
    p = values.shape[1]
    if feature_names is not None:
        names = tuple(str(name) for name in feature_names)
    elif columns is not None:
        names = tuple(str(name) for name in columns)
    else:
        names = tuple(f"x{j}" for j in range(p))
    if len(names) != p:
        raise InvalidArgument(
            f"feature_names has {len(names)} entries; X has {p} columns: give one name a column",
            code="comparison.feature_names",
            argument="feature_names",
            value=len(names),
            remedy=f"{p} names",
        )
    return names, values


def test_mask(test_rows: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    if test_rows is None:
        return mask
    rows = np.asarray(test_rows)
    ok = rows.shape == (n,) if rows.dtype == bool else rows.ndim == 1
    if ok and rows.dtype != bool:
        ok = rows.size == 0 or (
            np.issubdtype(rows.dtype, np.integer) and rows.min() >= 0 and rows.max() < n
        )
    if not ok:
        raise InvalidArgument(
            f"test_rows must be row numbers from 0 to {n - 1} or a mask of {n} booleans",
            code="comparison.test_rows",
            argument="test_rows",
            value=str(rows.dtype),
            remedy=f"row numbers from 0 to {n - 1}, or a mask of {n} booleans",
        )
    mask[rows if rows.size else np.zeros(0, dtype=np.int64)] = True
    return mask


def make_folds(y: Any, n_splits: int, *, loss: str | Loss, seed: int) -> Folds:
    """Shuffled folds (stratified for classes); leave-one-out below 30 rows of numbers.

    Raises:
        InvalidArgument: fewer than two rows, or a class with a single row.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    y = np.asarray(y)
    n = y.size
    if n_splits < 2 or n < 2:
        bad = "cv" if n_splits < 2 else "y"
        raise InvalidArgument(
            f"cross-validation needs two folds and two rows; cv={n_splits}, rows={n}",
            code="comparison.too_few_rows",
            argument=bad,
            value=n_splits if bad == "cv" else n,
            remedy="at least two folds and two training rows",
        )
    if resolve_loss(loss).task == "classification":
        labels, counts = np.unique(y, return_counts=True)
        least = int(counts.min())
        if least < 2:
            raise InvalidArgument(
                f"y: class {labels[counts.argmin()]!s} has {least} training row; cross-validation "
                "needs at least two rows of each class",
                code="comparison.rare_class",
                argument="y",
                value=str(labels[counts.argmin()]),
                remedy="at least two training rows of each class",
            )
        splitter: Any = StratifiedKFold(min(n_splits, least), shuffle=True, random_state=seed)
    else:
        splitter = KFold(n if n < 30 else min(n_splits, n), shuffle=True, random_state=seed)
    return [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(np.zeros((n, 1)), y)]
