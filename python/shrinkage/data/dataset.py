"""A data set ready to be fitted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkage._validation import as_sound
from shrinkage.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Features and target, ready to be fitted. Two data sets with the same content are equal.

    Attributes:
        X: (n, p) float64, finite; in Fortran order, or sparse by columns (CSC).
        y: (n,) float64 for regression; for classification int64 codes 0..K-1 into ``classes``.
        feature_names: p names.
        target_name: name of the target.
        task: ``"regression"`` or ``"classification"``.
        name: what the data set is called.
        classes: the K class labels, in order of their codes; None for regression.
        truth: (p,) true coefficients of a simulation, on the scale of X; else None.
        description: one English sentence.
        digest: sha256 of everything above but name and description, hexadecimal.
    """

    X: NDArray[np.float64] | sparse.csc_array
    y: NDArray[np.float64] | NDArray[np.int64]
    feature_names: tuple[str, ...]
    target_name: str
    task: str
    name: str
    classes: tuple[str, ...] | None = None
    truth: NDArray[np.float64] | None = None
    description: str = ""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "X", _by_columns(self.X))
        object.__setattr__(self, "digest", _digest(self))

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        return int(self.X.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.classes) if self.classes else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def one_vs_rest(dataset: Dataset, cls: str) -> Dataset:
    """The binary data set "this class or another"; the event, code 1, is the class.

    Raises:
        shrinkage.errors.DataError: the data set has no such class (code ``data.unknown_class``).
    """
    if dataset.classes is None or cls not in dataset.classes:
        known = dataset.classes or ()
        remedy = f"choose one of: {', '.join(known)}" if known else "choose a classification task"
        raise DataError(
            f"{dataset.name} has no class “{cls}”; {remedy}",
            code="data.unknown_class",
            argument="cls",
            value=cls,
            known=list(known),
            remedy=remedy,
        )
    y = (dataset.y == dataset.classes.index(cls)).astype(np.int64)
    rest = next((c for c in dataset.classes if c != cls), "") if dataset.n_classes == 2 else "rest"
    return replace(
        dataset, y=y, classes=(rest, cls), name=f"{dataset.name}: {cls} against {rest}", truth=None
    )


def _by_columns(X: Any) -> NDArray[np.float64] | sparse.csc_array:
    """Float64 by columns; a sparse matrix in canonical form, so that equal ones hash alike."""
    if not sparse.issparse(X):
        return np.asfortranarray(X, dtype=np.float64)
    made = sparse.csc_array(as_sound(X), dtype=np.float64)
    if not made.has_canonical_format:
        made = made.copy()
        made.sum_duplicates()
    return made


def _digest(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    words = (
        dataset.task,
        dataset.target_name,
        *dataset.feature_names,
        "|",
        *(dataset.classes or ()),
    )
    digest.update(repr((dataset.X.shape, words)).encode())
    if isinstance(dataset.X, np.ndarray):
        # no copy: X is in Fortran order
        digest.update(dataset.X.T.reshape(-1).view(np.uint8).data)
    else:
        for part in (dataset.X.data, dataset.X.indices, dataset.X.indptr):
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    digest.update(np.ascontiguousarray(dataset.y, dtype=np.float64).tobytes())
    if dataset.truth is not None:
        digest.update(np.ascontiguousarray(dataset.truth, dtype=np.float64).tobytes())
    return digest.hexdigest()
