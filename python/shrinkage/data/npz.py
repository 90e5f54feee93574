"""Reader of .npz archives: ``X``, ``y``, optional names, or the parts of a CSR matrix."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from shrinkage.data.archives import damaged, open_archive
from shrinkage.data.columns import text_series
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import RawTable, Step, make_step, require_pandas, unique_names
from shrinkage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_CSR_PARTS = ("data", "indices", "indptr", "shape")
_TARGETS = ("y", "Y")
_FEATURE_NAMES = ("feature_names", "names", "columns")
_READ = frozenset(("X", *_CSR_PARTS, *_TARGETS, *_FEATURE_NAMES, "class_names", "target_names"))


@dataclass(frozen=True)
class _Member:
    """An array of the archive: what its header claims, checked against the member's size."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    offset: int

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_npz(source: SourceFile, limits: Limits, *, name: str) -> RawTable:
    """Read an .npz archive without ever unpickling.

    Headers are read first: a member whose header claims more than the archive holds, or more than
    the limits, is refused before an array is made.
    """
    source.watch.phase(0.0, 0.0)  # the directory lies at the end: positions say nothing
    with open_archive(source, limits) as archive:
        members = _members(archive, limits)
        wanted = {key: member for key, member in members.items() if key in _READ}
        arrays = _read_arrays(archive, wanted, source)
    matrix, steps = _matrix(arrays, limits)
    ignored = sorted(set(members) - _READ)
    if ignored:
        text = f"Arrays that are neither features nor target were left out: {', '.join(ignored)}."
        steps.append(make_step("ignored_arrays", None, text, undoable=False, names=ignored))
    features, more = _feature_names(arrays, matrix.shape[1])
    targets = _targets(arrays, matrix.shape[0], features)
    pandas = require_pandas()
    names = pandas.Index([*features, *targets], dtype=object)
    frame = pandas.DataFrame(matrix, columns=names[: len(features)], copy=False)
    for target, values in targets.items():
        frame[target] = values
    frame.columns = names
    details = {"arrays": sorted(members), "n_bytes": source.size}
    return RawTable(frame, name, "npz", details, (*steps, *more), target_columns=tuple(targets))


def _members(archive: zipfile.ZipFile, limits: Limits) -> dict[str, _Member]:
    return {
        info.filename[:-4]: _header(archive, info, limits)
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> _Member:
    with archive.open(info) as stream:
        try:
            version = npy_format.read_magic(stream)
            read = (
                npy_format.read_array_header_1_0
                if version == (1, 0)
                else npy_format.read_array_header_2_0
            )
            shape, fortran, dtype = read(stream)
        except (ValueError, EOFError) as error:
            raise damaged(f"{info.filename} has no valid header") from error
        offset = stream.tell()
    if dtype.hasobject:
        raise DataError(
            f"{info.filename} holds Python objects, which are never loaded from a file; "
            "save it as numbers or fixed-width text",
            code="data.object_array",
            argument="source",
            value=info.filename,
            remedy="save it as numbers or fixed-width text",
        )
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > limits.max_inflated_bytes:
        raise too_large(info.filename, claimed, limits.max_inflated_bytes, unit="bytes")
    if math.prod(shape) > limits.max_cells:
        raise too_large(info.filename, math.prod(shape), limits.max_cells, unit="cells")
    if claimed != info.file_size - offset:
        raise damaged(f"the header of {info.filename} does not fit its length")
    return _Member(info, shape, dtype, fortran, offset)


def _read_arrays(
    archive: zipfile.ZipFile, members: dict[str, _Member], source: SourceFile
) -> dict[str, NDArray[Any]]:
    total = max(sum(member.n_bytes for member in members.values()), 1)
    arrays, done = {}, 0
    for key, member in members.items():
        raw = np.empty(member.n_bytes, dtype=np.uint8)
        with archive.open(member.info) as stream:
            stream.read(member.offset)
            for filled in _read_into(stream, memoryview(raw.data)):
                source.watch.done((done + filled) / total)
        done += member.n_bytes
        order: Literal["F", "C"] = "F" if member.fortran else "C"
        arrays[key] = raw.view(member.dtype).reshape(member.shape, order=order)
    return arrays


def _read_into(stream: IO[bytes], view: memoryview) -> Iterator[int]:
    """Fill the view block by block; yields the bytes filled so far."""
    filled = 0
    while filled < len(view):
        block = stream.read(min(MIB, len(view) - filled))
        if not block:
            raise damaged("an array ends early")
        view[filled : filled + len(block)] = block
        filled += len(block)
        yield filled


def _matrix(
    arrays: dict[str, NDArray[Any]], limits: Limits
) -> tuple[NDArray[np.float64], list[Step]]:
    if "X" in arrays:
        X, steps = arrays["X"], list[Step]()
        if X.ndim > 2:
            shape = " × ".join(map(str, X.shape[1:]))
            text = f"Each row is an array of {shape}; its cells became columns."
            steps.append(make_step("flattened", None, text, undoable=False, shape=X.shape[1:]))
            X = X.reshape(X.shape[0], -1)
        if X.ndim != 2:
            raise _bad_array("X", f"it has {X.ndim} dimension(s)", "save X with rows and columns")
    elif all(part in arrays for part in _CSR_PARTS):
        X, steps = _dense_from_csr(arrays, limits)
    else:
        raise DataError(
            f"the archive has no array X (found: {', '.join(arrays) or 'nothing usable'}); "
            "save with numpy.savez(file, X=X, y=y)",
            code="data.no_matrix",
            argument="source",
            value=list(arrays),
            remedy="save with numpy.savez(file, X=X, y=y)",
        )
    limits.check_shape(*X.shape)
    if X.dtype.kind not in "fiub":
        raise _bad_array("X", f"its type is {X.dtype}", "save X as numbers")
    if X.shape[0] == 0:
        raise DataError(
            "X has no rows; choose a file with rows",
            code="data.no_rows",
            argument="source",
            value=0,
            remedy="choose a file with rows",
        )
    return np.asarray(X, dtype=np.float64), steps


def _dense_from_csr(
    arrays: dict[str, NDArray[Any]], limits: Limits
) -> tuple[NDArray[Any], list[Step]]:
    from scipy.sparse import csr_matrix

    parts = [arrays[part] for part in _CSR_PARTS]
    data, indices, indptr, shape = parts
    if shape.shape != (2,) or any(part.dtype.kind not in "iu" for part in parts[1:]):
        raise _bad_array("shape", "the parts are not those of a CSR matrix", "save a CSR matrix")
    rows, columns = (int(extent) for extent in shape)
    limits.check_shape(rows, columns)
    try:
        matrix = csr_matrix((data, indices, indptr), shape=(rows, columns))
        matrix.check_format(full_check=True)
    except ValueError as error:
        raise _bad_array("indptr", str(error), "save a valid CSR matrix") from error
    stored = int(matrix.nnz)
    text = f"The sparse matrix of {rows} × {columns} with {stored} stored values was made dense."
    step = make_step("made_dense", None, text, undoable=False, stored=stored, cells=rows * columns)
    return matrix.toarray(), [step]


def _bad_array(name: str, reason: str, remedy: str) -> DataError:
    return DataError(
        f"the array {name} cannot be used: {reason}; {remedy}",
        code="data.bad_array",
        argument=name,
        reason=reason,
        remedy=remedy,
    )


def _feature_names(arrays: dict[str, NDArray[Any]], width: int) -> tuple[list[str], list[Step]]:
    for key in _FEATURE_NAMES:
        names = arrays.get(key)
        if names is not None and names.shape == (width,):
            return unique_names([str(name) for name in names.tolist()])
    return [f"x{index}" for index in range(1, width + 1)], []


def _targets(
    arrays: dict[str, NDArray[Any]], n_rows: int, features: list[str]
) -> dict[str, pd.Series[Any]]:
    key = next((key for key in _TARGETS if key in arrays), None)
    if key is None:
        return {}
    y = arrays[key]
    if y.ndim not in (1, 2) or y.shape[0] != n_rows:
        raise _bad_array(
            key, f"its shape is {y.shape} where X has {n_rows} rows", "give y one entry per row"
        )
    y = y.reshape(n_rows, -1)
    names = [key] if y.shape[1] == 1 else [f"{key}{i + 1}" for i in range(y.shape[1])]
    given = arrays.get("target_names")
    if given is not None and given.shape == (y.shape[1],) and y.shape[1] > 1:
        names = [str(name) for name in given.tolist()]
    names = unique_names([*features, *names])[0][len(features) :]
    return {
        name: _target(y[:, column], arrays.get("class_names")) for column, name in enumerate(names)
    }


def _target(y: NDArray[Any], class_names: NDArray[Any] | None) -> pd.Series[Any]:
    """The target as numbers, or as class names where codes 0..K-1 come with names."""
    if y.dtype.kind not in "fiub":
        return text_series([str(label) for label in y.tolist()])
    values = np.asarray(y, dtype=np.float64)
    if class_names is not None and class_names.ndim == 1:
        codes = np.arange(len(class_names), dtype=np.float64)
        if np.isin(values, codes).all():
            return text_series([str(class_names[int(code)]) for code in values])
    series: pd.Series[Any] = require_pandas().Series(values)
    return series
