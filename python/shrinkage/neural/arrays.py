"""Examples as the core takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._validation import as_array


def design_of(X: Any, dtype: Any) -> Any:
    """X (n, p) of this type with rows contiguous, or the parts of a canonical CSR array and p.

    It copies only what is not so already.
    """
    if not sparse.issparse(X):
        return np.require(as_array(X, "X"), dtype=dtype, requirements=["C", "A"])
    rows = sparse.csr_array(X)
    if not rows.has_canonical_format:
        rows = rows.copy()  # the caller's stays as it is
        rows.sum_duplicates()
    return (
        np.ascontiguousarray(rows.data, dtype=dtype),
        np.ascontiguousarray(rows.indices, dtype=np.int32),
        np.ascontiguousarray(rows.indptr, dtype=np.int64),
        rows.shape[1],
    )


def owned(design: Any, given: Any) -> Any:
    """What `design_of` made of `given`, with copies in place of arrays that are the caller's."""
    if not isinstance(design, tuple):
        return _owned(design, np.asarray(given))
    parts = zip(design[:3], (given.data, given.indices, given.indptr), strict=True)
    return (*(_owned(array, part) for array, part in parts), design[3])


def _owned(array: npt.NDArray[Any], given: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.copy() if np.may_share_memory(array, given) else array
