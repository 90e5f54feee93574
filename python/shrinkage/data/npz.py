"""Reader of .npz archives: ``X``, ``y``, optional names, or the parts of a sparse matrix."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from shrinkage.data.archives import damaged, open_archive
from shrinkage.data.limits import MIB, Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.sparse import PARTS, bad_array, is_sparse, sparse_to_dense
from shrinkage.data.table import Step, make_step, unique_names
from shrinkage.data.wire import Column, Content, Numbers, factorized
from shrinkage.errors import DataError

_TARGETS = ("y", "Y")
_FEATURE_NAMES = ("feature_names", "names", "columns")
_READ = frozenset(("X", *PARTS, *_TARGETS, *_FEATURE_NAMES, "class_names", "target_names"))
_SPARSE_MARKS = frozenset(("format", "_is_array"))
_MAX_CODE_POINT = 0x10FFFF


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


def read_npz(source: SourceFile, limits: Limits) -> Content:
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
    used = _READ | (_SPARSE_MARKS if "X" not in arrays else frozenset())
    ignored = sorted(set(members) - used)
    if ignored:
        text = f"Arrays that are neither features nor target were left out: {', '.join(ignored)}."
        steps.append(make_step("ignored_arrays", None, text, undoable=False, names=ignored))
    features, more = _feature_names(arrays, matrix.shape[1])
    targets = _targets(arrays, matrix.shape[0], features)
    columns: list[Column] = [Numbers(matrix), *targets.values()]
    details = {"arrays": sorted(members), "n_bytes": source.size}
    names = [*features, *targets]
    steps += more
    return Content("npz", names, matrix.shape[0], iter(columns), steps, details, tuple(targets))


def _members(archive: zipfile.ZipFile, limits: Limits) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    for info in archive.infolist():
        if info.filename.endswith(".npy"):
            key = info.filename[:-4]
            if key in members:
                raise damaged(f"the archive lists {info.filename} twice")
            members[key] = _header(archive, info, limits)
    return members


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
        except MemoryError:
            raise
        except Exception as error:  # the header is Python source: nearly every error may come
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
    if any(extent < 0 for extent in shape):
        raise damaged(f"the header of {info.filename} gives a negative length")
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
        if member.dtype.itemsize == 0:  # texts without a letter
            arrays[key] = np.zeros(member.shape, dtype=member.dtype)
            continue
        array = raw.view(member.dtype).reshape(member.shape, order=order)
        arrays[key] = array.astype(array.dtype.newbyteorder("="), copy=False)
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
            raise bad_array("X", f"it has {X.ndim} dimension(s)", "save X with rows and columns")
    elif is_sparse(arrays):
        X, steps = _made_dense(arrays, limits)
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
        raise bad_array("X", f"its type is {X.dtype}", "save X as numbers")
    if X.shape[0] == 0:
        raise DataError(
            "X has no rows; choose a file with rows",
            code="data.no_rows",
            argument="source",
            value=0,
            remedy="choose a file with rows",
        )
    return X, steps


def _made_dense(
    arrays: dict[str, NDArray[Any]], limits: Limits
) -> tuple[NDArray[np.float64], list[Step]]:
    X, stored = sparse_to_dense(arrays, limits)
    rows, columns = X.shape
    text = f"The sparse matrix of {rows} × {columns} with {stored} stored values was made dense."
    step = make_step("made_dense", None, text, undoable=False, stored=stored, cells=X.size)
    return X, [step]


def _feature_names(arrays: dict[str, NDArray[Any]], width: int) -> tuple[list[str], list[Step]]:
    for key in _FEATURE_NAMES:
        names = arrays.get(key)
        if names is not None and names.shape == (width,):
            return unique_names(_texts(names, key))
    return [f"x{index}" for index in range(1, width + 1)], []


def _texts(array: NDArray[Any], name: str) -> list[str]:
    """The entries of an array of one dimension as texts; byte strings as UTF-8."""
    if array.dtype.kind == "S":
        return [cell.decode("utf-8", errors="replace") for cell in array.tolist()]
    if array.dtype.kind == "U" and array.dtype.itemsize:
        if np.ascontiguousarray(array).view(np.uint32).max(initial=0) > _MAX_CODE_POINT:
            raise damaged(f"{name} holds signs that do not exist")
    elif array.dtype.kind == "M":
        return [str(cell) for cell in np.datetime_as_string(array)]
    elif array.dtype.kind not in "Ufiub":
        raise bad_array(name, f"its type is {array.dtype}", "save it as numbers or texts")
    return [str(cell) for cell in array.tolist()]


def _targets(
    arrays: dict[str, NDArray[Any]], n_rows: int, features: list[str]
) -> dict[str, Column]:
    key = next((key for key in _TARGETS if key in arrays), None)
    if key is None:
        return {}
    y = arrays[key]
    if y.ndim not in (1, 2) or y.shape[0] != n_rows:
        raise bad_array(
            key, f"its shape is {y.shape} where X has {n_rows} rows", "give y one entry per row"
        )
    y = y.reshape(n_rows, -1)
    names = [key] if y.shape[1] == 1 else [f"{key}{i + 1}" for i in range(y.shape[1])]
    given = arrays.get("target_names")
    if given is not None and given.shape == (y.shape[1],) and y.shape[1] > 1:
        names = _texts(given, "target_names")
    names = unique_names([*features, *names])[0][len(features) :]
    return {
        name: _target(y[:, column], key, arrays.get("class_names"))
        for column, name in enumerate(names)
    }


def _target(y: NDArray[Any], key: str, class_names: NDArray[Any] | None) -> Column:
    """The target as numbers, or as class names where codes 0..K-1 come with names."""
    if y.dtype.kind not in "fiub":
        labels = _texts(y, key)
        return factorized(["" if label == "NaT" else label for label in labels])
    if class_names is not None and class_names.ndim == 1:
        codes = np.arange(len(class_names))
        if np.isin(y, codes).all():
            named = _texts(class_names, "class_names")
            return factorized([named[code] for code in y.astype(np.int64).tolist()])
    return Numbers(y)
