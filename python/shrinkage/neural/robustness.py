"""How the error of a fitted model grows under input noise and occlusion."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import is_classifier

from .._validation import FloatArray, as_array, as_floats, as_integer, describe, refuse
from ..uncertainty import Estimate, mean_estimate
from .seeds import resolve_seed

# What the inputs become at the level of a place: one draw, the same for all levels.
Disturbed = Callable[[int], FloatArray]


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """Errors of a fitted model as its inputs are disturbed.

    Attributes:
        levels: (S,) noise in standard deviations, or shares of columns covered.
        errors: S estimates of the share of wrong classes or the mean squared error; intervals are
            those of `mean_estimate`, for new rows and draws of this one model.
        scores: (S, n) errors of rows, each the mean over draws. Of several fits of a model,
            ``crossed_mean_estimate([c.scores[s] for c in curves])`` has an interval for new fits.
    """

    levels: FloatArray
    errors: tuple[Estimate, ...]
    scores: FloatArray

    def difference(self, other: ErrorCurve) -> tuple[Estimate, ...]:
        """This error less another model's at each level, paired by row.

        Draws are the same where `random_state` was.

        Raises:
            InvalidArgument: the other curve has other levels or rows.
        """
        same = self.scores.shape == other.scores.shape and np.array_equal(self.levels, other.levels)
        if not same:
            remedy = "measure both models on the same rows at the same levels"
            raise refuse("other", describe(other.scores), remedy, code="argument.shape")
        return tuple(mean_estimate(scores) for scores in self.scores - other.scores)

    def to_frame(self) -> Any:
        """A pandas data frame, one row a level; intervals as `error_low` and `error_high`."""
        import pandas as pd

        pairs = zip(self.levels.tolist(), self.errors, strict=True)
        return pd.DataFrame([{"level": at} | error.to_columns("error") for at, error in pairs])


def error_under_noise(
    model: Any,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    levels: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0),
    *,
    scale: npt.ArrayLike | None = None,
    n_draws: int = 20,
    random_state: Any = 0,
) -> ErrorCurve:
    """The error of a fitted model as N(0, (level · scale)²) is added to every entry of X (n, p).

    Args:
        model: an estimator of scikit-learn's kind.
        y: (n,) labels or targets, or (n, K) targets.
        scale: (p,) or one number, the unit of each column; None: its standard deviation in X.
        n_draws: of the noise, fresh for every row and the same for all levels.

    Raises:
        InvalidArgument: shapes do not fit, or a level is below 0.
    """
    design = as_design(X, "X")
    amounts = _as_levels(levels, "levels", np.inf)
    stds = _per_column(design.std(axis=0) if scale is None else scale, "scale", design)
    if (stds < 0).any():
        raise refuse("scale", float(stds.min()), "give at least 0", code="argument.range")

    def draw(rng: np.random.Generator) -> Disturbed:
        noise = stds * rng.standard_normal(design.shape)
        return lambda place: design + amounts[place] * noise

    return _curve(model, X, y, amounts, draw, n_draws, random_state)


def error_under_occlusion(
    model: Any,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    shares: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.75),
    *,
    fill: npt.ArrayLike | None = None,
    image_shape: Sequence[int] | None = None,
    n_draws: int = 20,
    random_state: Any = 0,
) -> ErrorCurve:
    """The error of a fitted model as a share of the columns of X (n, p) is covered.

    Each entry is covered with probability `share`, independently, and what a small share covers a
    larger one covers too. With `image_shape` a patch is covered instead, wholly inside the image
    at a random place and of its proportions (a square of a square image); the curve's `levels` are
    then the shares of whole pixels.

    Args:
        model: an estimator of scikit-learn's kind.
        y: (n,) labels or targets, or (n, K) targets.
        fill: (p,) or one number, what covered entries become; None: the means of the columns of X.
            Give ``X_train.mean(axis=0)`` for those of the training data.
        image_shape: (height, width) or (height, width, channels) of the image that a row is.
        n_draws: of what is covered, fresh for every row and the same for all shares.

    Raises:
        InvalidArgument: shapes do not fit, or a share is outside [0, 1].
    """
    design = as_design(X, "X")
    amounts = _as_levels(shares, "shares", 1.0)
    cover = _per_column(design.mean(axis=0) if fill is None else fill, "fill", design)
    if image_shape is None:

        def draw(rng: np.random.Generator) -> Disturbed:
            chances = rng.random(design.shape)
            return lambda place: np.where(chances < amounts[place], cover, design)

        return _curve(model, X, y, amounts, draw, n_draws, random_state)

    height, width, channels = _as_image(image_shape, design)
    sides = [(_side(share, height), _side(share, width)) for share in amounts.tolist()]

    def draw_patch(rng: np.random.Generator) -> Disturbed:
        down, across = rng.random((2, len(design), 1))

        def patched(place: int) -> FloatArray:
            rows, columns = sides[place]
            pixels = (
                _span(down, rows, height)[:, :, None] & _span(across, columns, width)[:, None, :]
            )
            covered = np.repeat(pixels.reshape(len(design), -1), channels, axis=1)
            return np.where(covered, cover, design)

        return patched

    areas = np.array([rows * columns / (height * width) for rows, columns in sides])
    return _curve(model, X, y, areas, draw_patch, n_draws, random_state)


def row_errors(model: Any, X: Any, y: npt.ArrayLike, argument: str = "y") -> FloatArray:
    """(n,) 1 where a classifier is wrong, or squared errors, the mean over targets."""
    if not hasattr(model, "predict"):
        remedy = "give a fitted estimator with predict"
        raise refuse("model", type(model).__name__, remedy, code="argument.type")
    predicted, target = np.asarray(model.predict(X)), as_array(y, argument)
    if target.shape != predicted.shape:
        remedy = f"give shape {predicted.shape}, as the model predicts"
        raise refuse(argument, describe(target), remedy, code="argument.shape")
    if is_classifier(model):
        return np.asarray(predicted != target, dtype=np.float64)
    squares = (as_floats(target, argument, ndim=target.ndim) - predicted) ** 2
    return np.asarray(squares if squares.ndim == 1 else squares.mean(axis=1))


def as_pair(test: Any) -> tuple[Any, Any]:
    """(X, y) of rows to measure on."""
    if not isinstance(test, tuple | list) or len(test) != 2:
        remedy = "give a pair (X, y) of rows to measure on"
        raise refuse("test", f"<{type(test).__name__}>", remedy, code="argument.type")
    return test[0], test[1]


def as_design(X: Any, argument: str) -> FloatArray:
    """(n, p) dense finite numbers, n and p at least 1."""
    if sparse.issparse(X):
        remedy = "give a dense array, X.toarray(): disturbed rows are dense"
        raise refuse(argument, f"<sparse, {X.shape}>", remedy, code="argument.type")
    array = as_floats(X, argument, ndim=2)
    if not array.size:
        remedy = "give at least one row and one column"
        raise refuse(argument, describe(array), remedy, code="argument.empty")
    return array


def _curve(
    model: Any,
    X: Any,
    y: npt.ArrayLike,
    levels: FloatArray,
    draw: Callable[[np.random.Generator], Disturbed],
    n_draws: int,
    random_state: Any,
) -> ErrorCurve:
    """Mean errors of rows over draws; level 0 takes X as it is."""
    n_draws = as_integer(n_draws, "n_draws", minimum=1, maximum=10**6)
    # A stream of our own: data are often drawn by default_rng(0) too.
    rng = np.random.default_rng([0x0CC1, resolve_seed(random_state)])
    scores = np.tile(row_errors(model, X, y), (len(levels), 1))
    disturbed = np.flatnonzero(levels > 0).tolist()
    scores[disturbed] = 0.0
    for _ in range(n_draws if disturbed else 0):
        at = draw(rng)
        for place in disturbed:
            scores[place] += row_errors(model, _like(X, at(place)), y)
    scores[disturbed] /= n_draws
    return ErrorCurve(levels, tuple(mean_estimate(each) for each in scores), scores)


def _like(X: Any, values: FloatArray) -> Any:
    """A data frame where X is one: a model fitted to names asks for them."""
    return type(X)(values, columns=X.columns) if hasattr(X, "columns") else values


def _as_levels(value: Sequence[float], argument: str, maximum: float) -> FloatArray:
    levels = as_floats(np.atleast_1d(as_array(value, argument)), argument, ndim=1)
    if not len(levels):
        raise refuse(argument, "[]", "give at least one", code="argument.empty")
    outside = np.flatnonzero((levels < 0) | (levels > maximum))
    if len(outside):
        index = int(outside[0])
        remedy = "give numbers of at least 0" + (f" and at most {maximum:g}" * (maximum < np.inf))
        where = f"{argument}[{index}]"
        raise refuse(where, float(levels[index]), remedy, code="argument.range", index=index)
    return levels


def _per_column(value: npt.ArrayLike, argument: str, design: FloatArray) -> FloatArray:
    array = as_floats(np.atleast_1d(as_array(value, argument)), argument, ndim=1)
    if len(array) not in (1, design.shape[1]):
        remedy = f"give one number, or one for each of the {design.shape[1]} columns"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    return np.asarray(np.broadcast_to(array, design.shape[1:]))


def _as_image(value: Sequence[int], design: FloatArray) -> tuple[int, int, int]:
    """(height, width, channels) that make up a row."""
    sides = list(value) if isinstance(value, Sequence) else [value]
    checked = [as_integer(side, "image_shape", minimum=1, maximum=2**31) for side in sides]
    if len(checked) not in (2, 3) or np.prod(checked) != design.shape[1]:
        remedy = f"give (height, width) or (height, width, channels) of {design.shape[1]} columns"
        raise refuse("image_shape", repr(value), remedy, code="argument.shape")
    height, width, channels = [*checked, 1][:3]
    return height, width, channels


def _side(share: float, whole: int) -> int:
    """Pixels of a patch along a side of the image; at least one where anything is covered."""
    return max(round(whole * math.sqrt(share)), int(share > 0))


def _span(place: FloatArray, side: int, whole: int) -> npt.NDArray[np.bool_]:
    """(n, whole) pixels of a side that lie in a patch which starts at a share of its room."""
    start = np.floor(place * (whole - side + 1))
    pixel = np.arange(whole)
    return np.asarray((pixel >= start) & (pixel < start + side))
