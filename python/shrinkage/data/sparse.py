"""The parts of a sparse matrix, as ``scipy.sparse.save_npz`` keeps them, checked and made dense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.data.limits import Limits
from shrinkage.errors import DataError

_INDEX_PARTS = {
    "csr": ("indices", "indptr"),
    "csc": ("indices", "indptr"),
    "bsr": ("indices", "indptr"),
    "coo": ("row", "col"),
    "dia": ("offsets",),
}
_COORDS = "coords"  # newer files of the format "coo" may hold one array for both
PARTS = ("data", "shape", "format", "indices", "indptr", "row", "col", _COORDS, "offsets")

_Triple = tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]


def is_sparse(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Whether these are the parts of a sparse matrix; without a format they are taken for CSR."""
    if "data" not in arrays or "shape" not in arrays:
        return False
    return "format" in arrays or {"indices", "indptr"} <= set(arrays)


def sparse_to_dense(
    arrays: Mapping[str, NDArray[Any]], limits: Limits
) -> tuple[NDArray[np.float64], int]:
    """The matrix as (n, p) float64, and how many values are stored. Equal places add up.

    Raises:
        shrinkage.errors.DataError: a part is missing or points outside of the matrix (code
            ``data.bad_array``), or the matrix is above the limits.
    """
    name = _format(arrays)
    rows, columns = _shape(arrays["shape"])
    limits.check_shape(rows, columns)
    data = arrays["data"]
    if data.dtype.kind not in "fiub":
        raise bad_array("data", f"its type is {data.dtype}", "save numbers")
    if name == "dia":
        values, row, column = _from_diagonals(data, _indices(arrays, "offsets"), rows, columns)
    elif name == "coo":
        values, (row, column) = data, _coordinates(arrays)
    else:
        values, row, column = _from_pointers(name, arrays, rows, columns)
    for part, places, extent in (("row", row, rows), ("column", column, columns)):
        if places.shape != values.shape or values.ndim != 1:
            raise bad_array("data", "its parts differ in length", f"save a valid {name} matrix")
        if places.size and not 0 <= int(places.min()) <= int(places.max()) < extent:
            outside = int(places.max()) if int(places.max()) >= extent else int(places.min())
            raise bad_array(
                "indices",
                f"{part} {outside} lies outside of {rows} × {columns}",
                f"save a valid {name} matrix",
            )
    dense = np.zeros((rows, columns), order="F")
    np.add.at(dense, (row, column), values.astype(np.float64, copy=False))
    return dense, int(values.size)


def _format(arrays: Mapping[str, NDArray[Any]]) -> str:
    if "format" not in arrays:
        return "csr"
    found = arrays["format"]
    text = found.item() if found.size == 1 else ""
    name = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)
    parts = _INDEX_PARTS.get(name)
    if parts is None:
        known = ", ".join(_INDEX_PARTS)
        raise bad_array("format", f"it is {name!r}", f"save one of {known}")
    if not set(parts) <= set(arrays) and not (name == "coo" and _COORDS in arrays):
        missing = ", ".join(part for part in parts if part not in arrays)
        raise bad_array("format", f"{name} needs {missing}", f"save a valid {name} matrix")
    return name


def _shape(shape: NDArray[Any]) -> tuple[int, int]:
    if shape.shape != (2,) or shape.dtype.kind not in "iu":
        raise bad_array("shape", "it is not two whole numbers", "save rows and columns")
    rows, columns = (int(extent) for extent in shape)
    if rows < 0 or columns < 0:
        raise bad_array("shape", f"it is {rows} × {columns}", "save rows and columns")
    return rows, columns


def _indices(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.int64]:
    part = arrays[name]
    if part.dtype.kind not in "iu" or part.ndim != 1:
        raise bad_array(name, "it is no list of whole numbers", "save a valid sparse matrix")
    return part.astype(np.int64)


def _coordinates(
    arrays: Mapping[str, NDArray[Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if "row" in arrays and "col" in arrays:
        return _indices(arrays, "row"), _indices(arrays, "col")
    coords = arrays[_COORDS]
    if coords.ndim != 2 or coords.shape[0] != 2:
        raise bad_array(_COORDS, "it is not two lists", "save a matrix with rows and columns")
    return _indices({_COORDS: coords[0]}, _COORDS), _indices({_COORDS: coords[1]}, _COORDS)


def _from_pointers(
    name: str, arrays: Mapping[str, NDArray[Any]], rows: int, columns: int
) -> _Triple:
    """Values, rows and columns of CSR, of CSC, and of BSR, whose values are blocks."""
    data, remedy = arrays["data"], f"save a valid {name} matrix"
    minor, pointers = _indices(arrays, "indices"), _indices(arrays, "indptr")
    high, wide = data.shape[1:] if name == "bsr" and data.ndim == 3 else (1, 1)
    if not high or not wide or rows % high or columns % wide:
        raise bad_array("data", f"blocks of {high} × {wide} do not fill the matrix", remedy)
    major_extent = columns if name == "csc" else rows // high
    counts = np.diff(pointers)
    stored = int(pointers[-1]) if pointers.size else 0
    if pointers.shape != (major_extent + 1,) or pointers[0] != 0 or counts.min(initial=0) < 0:
        raise bad_array("indptr", f"it does not begin each of {major_extent} lines", remedy)
    if data.ndim != (3 if name == "bsr" else 1) or stored > min(minor.size, data.shape[0]):
        raise bad_array("indptr", f"it counts {stored} values, more than there are", remedy)
    major = np.repeat(np.arange(major_extent), counts)
    minor, data = minor[:stored], data[:stored]
    if name == "csc":
        return data, minor, major
    if name == "csr":
        return data, major, minor
    down, right = np.meshgrid(np.arange(high), np.arange(wide), indexing="ij")
    row = major[:, None, None] * high + down
    column = minor[:, None, None] * wide + right
    return data.reshape(-1), row.reshape(-1), column.reshape(-1)


def _from_diagonals(
    data: NDArray[Any], offsets: NDArray[np.int64], rows: int, columns: int
) -> _Triple:
    """Values of a DIA matrix: entry j of a diagonal with offset k lies at (j − k, j)."""
    if data.ndim != 2 or data.shape[0] != offsets.size:
        raise bad_array("data", "it has not one row per offset", "save a valid dia matrix")
    if np.unique(offsets).size != offsets.size:
        raise bad_array("offsets", "one occurs twice", "save a valid dia matrix")
    if offsets.size and max(-int(offsets.min()), int(offsets.max())) > rows + columns:
        raise bad_array("offsets", "one lies outside of the matrix", "save a valid dia matrix")
    column = np.broadcast_to(np.arange(data.shape[1]), data.shape)
    row = column - offsets[:, None]
    inside = (row >= 0) & (row < rows) & (column < columns)
    return data[inside], row[inside], column[inside]


def bad_array(name: str, reason: str, remedy: str) -> DataError:
    """The error for an array of the archive that cannot be used."""
    return DataError(
        f"the array {name} cannot be used: {reason}; {remedy}",
        code="data.bad_array",
        argument=name,
        reason=reason,
        remedy=remedy,
    )
