"""The one place where arguments are checked, and where the one copy or cast is made.

Every message names the argument, its value and the remedy; the same three travel as fields.
"""

from __future__ import annotations

import copy
import math
import numbers
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .errors import InvalidArgument

FloatArray = npt.NDArray[np.float64]

LONG_PASS = 2**25  # bytes above which threads are worth their start


def refuse(
    argument: str, value: object, remedy: str, *, code: str, **fields: object
) -> InvalidArgument:
    """The error to raise for an argument that cannot be used."""
    text = f"{argument}={value} cannot be used; {remedy}"
    return InvalidArgument(text, code=code, argument=argument, value=value, remedy=remedy, **fields)


def describe(array: npt.NDArray[Any]) -> str:
    """How an array is named in a message: by shape and type, not by its numbers."""
    return f"<array of shape {array.shape}, {array.dtype}>"


def as_number(
    value: object,
    argument: str,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    open_minimum: bool = False,
    open_maximum: bool = False,
) -> float:
    """A finite number between two limits, each included unless it is open."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise refuse(argument, repr(value), "give a number", code="argument.type")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    low = number > minimum if open_minimum else number >= minimum
    high = number < maximum if open_maximum else number <= maximum
    if not (math.isfinite(number) and low and high):
        limits = []
        if minimum > -math.inf:
            limits.append(f"{'above' if open_minimum else 'at least'} {minimum:g}")
        if maximum < math.inf:
            limits.append(f"{'below' if open_maximum else 'at most'} {maximum:g}")
        remedy = " ".join(["give a finite number", " and ".join(limits)]).strip()
        raise refuse(argument, number, remedy, code="argument.range")
    return number


def as_integer(value: object, argument: str, *, minimum: int, maximum: int) -> int:
    """An integer between two limits, both included."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise refuse(argument, repr(value), "give an integer", code="argument.type")
    number = int(value)
    if not minimum <= number <= maximum:
        remedy = f"give an integer from {minimum} to {maximum}"
        raise refuse(argument, number, remedy, code="argument.range")
    return number


def as_array(value: npt.ArrayLike, argument: str) -> npt.NDArray[Any]:
    """An array of whatever type; nested lists must be of one length."""
    try:
        return np.asarray(value)
    except ValueError as error:
        remedy = "give an array, or rows of one length"
        raise refuse(argument, f"{value!r:.60}", remedy, code="argument.type") from error


def as_floats(
    value: npt.ArrayLike,
    argument: str,
    *,
    ndim: int,
    order: Literal["C", "F"] = "C",
    finite: bool = True,
) -> FloatArray:
    """Float64 numbers in `ndim` dimensions, finite unless that is seen to later; copies only what
    is not so already.
    """
    array = as_array(value, argument)
    if array.dtype.kind not in "biuf":
        remedy = "give real numbers: convert text, dates and objects first"
        raise refuse(argument, describe(array), remedy, code="argument.type")
    if array.ndim != ndim:
        remedy = f"give {ndim} dimension{'s' if ndim > 1 else ''}"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    # What is too large becomes infinite, and is refused then.
    with np.errstate(over="ignore", invalid="ignore"):
        array = np.require(array, dtype=np.float64, requirements=[order, "A"])
    if finite:
        require_finite(array, argument)
    return array


def as_sound(X: Any, argument: str = "X") -> Any:
    """X itself; a sparse one as a view whose indices were looked at, every one.

    Compiled code, scipy's and ours, follows them without looking. What scipy has noted of a matrix,
    such as that its indices are sorted, may no longer hold and is left behind.

    Raises:
        InvalidArgument: its indices and values do not make a matrix of two dimensions.
    """
    if not sparse.issparse(X):
        return X
    try:
        return _sound_sparse(X)
    except (ValueError, IndexError, OverflowError) as error:
        value = f"<sparse {X.format}, shape {X.shape}>"
        remedy = f"build it anew: {error}"
        raise refuse(argument, value, remedy, code="argument.sparse") from error


def _sound_sparse(X: Any) -> Any:
    if len(X.shape) != 2:
        raise ValueError("give 2 dimensions")
    if X.format == "dia" and len(X.offsets) != len(X.data):
        raise ValueError("there must be one offset per diagonal")
    if X.format in ("dia", "dok", "lil"):
        X = X.tocsr()
    view = copy.copy(X)  # the check casts and cuts arrays in place
    if view.format == "coo":
        if not len(view.row) == len(view.col) == len(view.data):
            raise ValueError("there must be one row and one column per value")
        for name, index, size in (("row", view.row, X.shape[0]), ("column", view.col, X.shape[1])):
            if index.size and not 0 <= index.min() <= index.max() < size:
                raise ValueError(f"a {name} index lies outside of 0 to {size - 1}")
        view.has_canonical_format = False
        return view
    if (view.indptr[1:] < view.indptr[:-1]).any():
        raise ValueError("indptr must not decrease")
    view.check_format(full_check=True)
    for noted in ("_has_sorted_indices", "_has_canonical_format"):
        view.__dict__.pop(noted, None)
    return view


def require_finite(array: FloatArray, argument: str) -> None:
    """Refuses the first entry that is missing or infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = _total(array)
    if not np.isfinite(total) and not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        where = f"{argument}[{', '.join(map(str, index))}]"
        remedy = "drop or fill missing and infinite entries first"
        raise refuse(
            where,
            float(array[index]),
            remedy,
            code="argument.not_finite",
            index=index,
            array=argument,
        )


def _total(array: FloatArray) -> float:
    """The sum, by a pass that makes no other array; where that takes long, by several threads."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if array.nbytes < LONG_PASS or cpus == 1:
        return float(np.add.reduce(array, axis=None))
    parts = np.array_split(array.reshape(-1, order="A"), cpus)
    with ThreadPoolExecutor(cpus) as threads:
        return float(sum(threads.map(_sum_quietly, parts)))


def _sum_quietly(part: FloatArray) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # it does not reach into threads
        return float(np.add.reduce(part))


def as_weights(value: npt.ArrayLike | None, n: int) -> FloatArray | None:
    """Sample weights: n numbers, none negative, not all zero; None stays None."""
    if value is None:
        return None
    weights = as_floats(value, "sample_weight", ndim=1)
    if weights.shape[0] != n:
        remedy = f"give one weight per observation, {n} in all"
        raise refuse("sample_weight", describe(weights), remedy, code="argument.shape")
    if (weights < 0).any():
        index = int(np.flatnonzero(weights < 0)[0])
        raise refuse(
            f"sample_weight[{index}]",
            float(weights[index]),
            "give weights of at least 0",
            code="argument.range",
            index=index,
        )
    if not weights.any():
        remedy = "give at least one observation a positive weight"
        raise refuse("sample_weight", "all zero", remedy, code="argument.range")
    return weights
