"""Predictions, probabilities and labels as the formulas take them; bad ones are refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray, as_array, as_floats, as_number, describe, refuse

Places = npt.NDArray[np.int64]
SUM_TO_ONE = 1e-4  # what float32 probabilities may miss it by
OUTSIDE = 1e-6  # and by what rounding alone may put one of them below 0 or above 1


def as_level(value: object, argument: str = "level") -> float:
    """A probability strictly between 0 and 1."""
    return as_number(
        value, argument, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True
    )


def as_values(value: npt.ArrayLike, argument: str) -> FloatArray:
    """Finite float64 numbers of any shape with at least one entry."""
    array = as_array(value, argument)
    array = as_floats(array, argument, ndim=max(array.ndim, 1)) if array.ndim else array
    if array.ndim == 0:
        array = as_floats(array[None], argument, ndim=1)[0]
    if array.size == 0:
        raise refuse(argument, describe(array), "give at least one entry", code="argument.empty")
    return np.asarray(array, dtype=np.float64)


def as_scores(value: npt.ArrayLike, argument: str) -> FloatArray:
    """(n,) finite numbers, n at least 1."""
    array = as_floats(value, argument, ndim=1)
    if not len(array):
        raise refuse(argument, "[]", "give at least one row", code="argument.empty")
    return array


def as_stds(value: npt.ArrayLike, argument: str, shape: tuple[int, ...]) -> FloatArray:
    """Standard deviations above 0 that broadcast to a shape."""
    array = as_values(value, argument)
    if (array <= 0).any():
        least = float(array.min())
        remedy = "give standard deviations above 0, noise included"
        raise refuse(argument, least, remedy, code="argument.range")
    return broadcast(array, argument, shape)


def broadcast(array: FloatArray, argument: str, shape: tuple[int, ...]) -> FloatArray:
    """The array seen in a shape that it must fit."""
    try:
        return np.broadcast_to(array, shape)
    except ValueError as error:
        remedy = f"give one number, or a shape that broadcasts to {shape}"
        raise refuse(argument, describe(array), remedy, code="argument.shape") from error


def as_members(value: npt.ArrayLike, argument: str = "members") -> FloatArray:
    """(T, n) or (T, n, K): predictions of T members for n rows."""
    array = as_values(value, argument)
    if array.ndim not in (2, 3):
        remedy = "give (T, n) predictions of T members for n rows, or (T, n, K)"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    return array


def as_probabilities(value: npt.ArrayLike, argument: str = "probabilities") -> FloatArray:
    """(..., K) probabilities that sum to 1 over the last axis; K is at least 2."""
    array = as_values(value, argument)
    if array.ndim == 0 or array.shape[-1] < 2:
        remedy = "give one column per class, two for two classes: [1 − p, p]"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    array = _within(array, argument)
    off = np.abs(array.sum(axis=-1) - 1.0)
    if (off > SUM_TO_ONE).any():
        index = tuple(int(i) for i in np.argwhere(off > SUM_TO_ONE)[0])
        where = f"{argument}[{', '.join(map(str, index))}]"
        remedy = "give probabilities that sum to 1 over the classes"
        raise refuse(where, array[index].tolist(), remedy, code="argument.range", index=index)
    return array


def as_columns(value: npt.ArrayLike, argument: str = "probabilities") -> FloatArray:
    """(n, K) probabilities; (n,) are those of the second of two classes."""
    array = as_values(value, argument)
    if array.ndim == 1:
        array = _within(array, argument)
        return np.column_stack([1.0 - array, array])
    if array.ndim != 2:
        remedy = "give (n, K) probabilities, or (n,) those of the second of two classes"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    return as_probabilities(array, argument)


def _within(array: FloatArray, argument: str) -> FloatArray:
    """Probabilities in [0, 1]: those that rounding has put outside are put back."""
    outside = (array < -OUTSIDE) | (array > 1 + OUTSIDE)
    if outside.any():
        index = tuple(int(i) for i in np.argwhere(outside)[0])
        where = f"{argument}[{', '.join(map(str, index))}]"
        remedy = "give probabilities from 0 to 1"
        raise refuse(where, float(array[index]), remedy, code="argument.range", index=index)
    return np.clip(array, 0.0, 1.0)


def as_places(y: npt.ArrayLike, n_classes: int, classes: npt.ArrayLike | None = None) -> Places:
    """(n,) the column of each label.

    Args:
        classes: (K,) the label of each column; None: the sorted labels of y where these are K
            different ones, else y must be columns 0 to K − 1 themselves.
    """
    labels = as_array(y, "y")
    if labels.ndim != 1 or not len(labels):
        raise refuse("y", describe(labels), "give one label per row", code="argument.shape")
    try:
        found, inverse = np.unique(labels, return_inverse=True)
    except TypeError as error:
        remedy = "give labels of one kind, none of them missing"
        raise refuse("y", describe(labels), remedy, code="argument.type") from error
    known: npt.NDArray[Any] = found if classes is None else as_array(classes, "classes")
    if classes is None and len(found) != n_classes:
        known = np.arange(n_classes)
    if known.shape != (n_classes,):
        remedy = f"give the label of each of the {n_classes} columns"
        raise refuse("classes", describe(known), remedy, code="argument.shape")
    place_of = {label: place for place, label in enumerate(known.tolist())}
    unknown = [label for label in found.tolist() if label not in place_of]
    if unknown:
        remedy = f"name the label of each of the {n_classes} columns in classes=..."
        raise refuse("y", f"{unknown[0]!r} among its labels", remedy, code="argument.choice")
    return np.array([place_of[label] for label in found.tolist()], dtype=np.int64)[inverse]


def same_rows(n: int, **arrays: npt.NDArray[Any]) -> None:
    """Refuses an array whose rows are not n."""
    for argument, array in arrays.items():
        if len(array) != n:
            remedy = f"give one row for each of the {n} of y"
            raise refuse(argument, describe(array), remedy, code="argument.shape")


def as_member_weights(value: npt.ArrayLike | None, n_members: int) -> FloatArray:
    """(T,) weights of members, none negative, that sum to 1; None: equal ones."""
    if value is None:
        return np.full(n_members, 1.0 / n_members)
    weights = as_floats(value, "weights", ndim=1)
    if len(weights) != n_members or (weights < 0).any() or not weights.any():
        remedy = f"give {n_members} numbers of at least 0, one a member, not all 0"
        raise refuse("weights", describe(weights), remedy, code="argument.shape")
    return np.asarray(weights / weights.sum())


def refuse_negative(array: FloatArray, argument: str) -> None:
    """Refuses numbers below 0."""
    if (array < 0).any():
        raise refuse(argument, float(array.min()), "give at least 0", code="argument.range")
