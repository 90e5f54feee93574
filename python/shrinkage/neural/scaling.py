"""What the estimators do to X and y before a network sees them, and how its answers come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._validation import FloatArray, describe, refuse
from ..losses import Huber, Quantile, Squared
from .losses import Gaussian, NetworkLoss, Quantiles

SCALES = ("standard", "robust")
SCALED_LOSSES = (Squared, Huber, Quantile, Quantiles, Gaussian)  # whose target has a unit to choose
Scale = Literal["standard", "robust"]

BLOCK = 2**22  # numbers that are looked at together
EXTREME = 1e150  # whose squares would leave the range of float64


@dataclass(frozen=True, eq=False)
class Columns:
    """(x − centre)/scale, column by column.

    Attributes:
        centre, scale: (p,) in the units of the data; a constant column has scale 1.
    """

    centre: FloatArray
    scale: FloatArray


@dataclass(frozen=True, eq=False)
class Scaling:
    """How the training rows were centred and scaled: what a fit keeps as `scaling_`.

    Attributes:
        kind: "standard", by weighted mean and 1/n standard deviation; or "robust", by median and
            interquartile range.
        inputs: of the columns of X; sparse columns keep their centre at 0.
        targets: of y, one column a target; None where the loss or the classes have no unit.
    """

    kind: Scale
    inputs: Columns
    targets: Columns | None

    def scaled_inputs(
        self, X: Any, dtype: Any, columns: npt.NDArray[np.int64] | slice = slice(None)
    ) -> Any:
        """X (n, p), dense or sparse, as the network reads it: computed in float64, cast once."""
        centre, scale = self.inputs.centre[columns], self.inputs.scale[columns]
        if sparse.issparse(X):
            rows = sparse.csr_array(X[:, columns] if not isinstance(columns, slice) else X)
            if not centre.any():
                with np.errstate(over="ignore"):
                    data = (rows.data.astype(np.float64) / scale[rows.indices]).astype(dtype)
                _require_range(data, X, dtype)
                return sparse.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)
            X, columns = rows, slice(None)  # a network of dense rows is centred
        out = np.empty((X.shape[0], len(scale)), dtype=dtype)
        for block in _blocks(X.shape[0], X.shape[1]):
            part = X[block].toarray() if sparse.issparse(X) else X[block][:, columns]
            with np.errstate(over="ignore", invalid="ignore"):
                out[block] = (part.astype(np.float64, copy=False) - centre) / scale
        _require_range(out, X, dtype)
        return out

    def scaled_target(self, y: FloatArray) -> FloatArray:
        """y (n,) or (n, K) as the network is to predict it."""
        if self.targets is None:
            return y
        return np.asarray((y - self._flat(self.targets.centre, y)) / self._flat(self.scale, y))

    def scaled_loss(self, loss: NetworkLoss) -> NetworkLoss:
        """The loss of scaled targets: Huber's δ in their unit, all others as they are."""
        if isinstance(loss, Huber) and self.targets is not None:
            return Huber(loss.delta / float(self.scale[0]))
        return loss

    @property
    def scale(self) -> FloatArray:
        """(K,) of the targets; 1 where they stay as they are."""
        return np.ones(1) if self.targets is None else self.targets.scale

    def answers(self, loss: NetworkLoss, eta: FloatArray) -> FloatArray:
        """η (n, outputs) of the network in the units of y; log s² is added to log variances."""
        if self.targets is None:
            return eta
        if not isinstance(loss, Gaussian):
            return np.asarray(self.targets.centre + self.targets.scale * eta)
        mean, log_variance = np.hsplit(eta, 2)
        mean = self.targets.centre + self.targets.scale * mean
        return np.hstack([mean, log_variance + 2.0 * np.log(self.targets.scale)])

    def original(
        self,
        loss: NetworkLoss,
        weights: list[npt.NDArray[Any]],
        biases: list[npt.NDArray[Any]],
        columns: npt.NDArray[np.int64] | slice = slice(None),
    ) -> tuple[list[FloatArray], list[FloatArray]]:
        """Float64 weights and biases of the network that takes X and gives y as they came."""
        w, b = ([np.array(each, np.float64) for each in arrays] for arrays in (weights, biases))
        w[0] /= self.inputs.scale[columns][:, None]
        b[0] -= self.inputs.centre[columns] @ w[0]
        if self.targets is not None:
            learned = isinstance(loss, Gaussian)
            scale = np.broadcast_to(self.scale, (b[-1].size // (2 if learned else 1),))
            means = slice(0, scale.size)
            w[-1][:, means] *= scale
            b[-1][means] = self.targets.centre + scale * b[-1][means]
            if learned:
                b[-1][scale.size :] += 2.0 * np.log(scale)
        return w, b

    @staticmethod
    def _flat(of_targets: FloatArray, y: FloatArray) -> Any:
        return of_targets if y.ndim == 2 else of_targets[0]


def as_scale(value: Any) -> Scale | None:
    """The argument `scale`.

    Raises:
        InvalidArgument: there is no such way.
    """
    if value is None or (isinstance(value, str) and value in SCALES):
        return cast("Scale | None", value)
    remedy = "use " + ", ".join(f'"{name}"' for name in SCALES) + " or None"
    raise refuse("scale", repr(value), remedy, code="argument.choice", choices=SCALES)


def has_scaled_target(loss: NetworkLoss) -> bool:
    """Whether y has a unit that the loss leaves to choose."""
    return isinstance(loss, SCALED_LOSSES)


def fit_scaling(
    kind: Scale, X: Any, y: FloatArray, weights: FloatArray | None, loss: NetworkLoss
) -> Scaling:
    """Statistics of the training rows X (n, p) and y under their weights, in float64."""
    X, y, weights = _counted_rows(X, y, weights)
    targets = None
    if has_scaled_target(loss):
        targets = _columns(y.reshape(len(y), -1), weights, kind)
    return Scaling(kind, _columns(X, weights, kind), targets)


def refit_targets(scaling: Scaling, y: FloatArray, weights: Any, loss: NetworkLoss) -> Scaling:
    """The same inputs, with targets as the loss wants them: kept where they are scaled already."""
    if has_scaled_target(loss) == (scaling.targets is not None):
        return scaling
    targets = fit_scaling(scaling.kind, y.reshape(len(y), -1), y, weights, loss).targets
    return replace(scaling, targets=targets)


def _counted_rows(X: Any, y: FloatArray, weights: FloatArray | None) -> tuple[Any, Any, Any]:
    """The rows of some weight; equal weights are as good as none."""
    if weights is None:
        return X, y, None
    largest = weights.max()
    if not 1 / EXTREME < largest < EXTREME:
        weights = weights / largest
    counted = weights > 0
    if not counted.all():
        X, y, weights = X[np.flatnonzero(counted)], y[counted], weights[counted]
    return X, y, None if (weights == weights[0]).all() else weights


def _columns(X: Any, weights: FloatArray | None, kind: Scale) -> Columns:
    n, p = X.shape
    centre, scale = np.zeros(p), np.ones(p)
    if sparse.issparse(X):
        columns = sparse.csc_array(X, copy=True)
        columns.sum_duplicates()
        if kind == "standard":
            return Columns(centre, _sparse_deviations(columns, weights))
        for block in _blocks(p, n):
            scale[block] = _statistics(columns[:, block].toarray(), weights, kind)[1]
        return Columns(centre, scale)
    for block in _blocks(p, n, least=2):
        numbers = np.asarray(X[:, block], dtype=np.float64)
        centre[block], scale[block] = _statistics(numbers, weights, kind)
    return Columns(centre, scale)


def _statistics(
    x: FloatArray, weights: FloatArray | None, kind: Scale
) -> tuple[FloatArray, FloatArray]:
    """Centre and scale of each column."""
    x = x.astype(np.float64, copy=False)
    largest = np.abs(x).max(axis=0)
    unit = _units(largest)
    x = x if (unit == 1.0).all() else x / unit
    mean = np.average(x, axis=0, weights=weights)
    deviation = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weights))
    varies = _varies(deviation, largest / unit)
    if kind == "robust":
        lower, mean, upper = _quartiles(x, weights)
        deviation = np.where(upper > lower, upper - lower, deviation)
    return np.where(varies, mean, x[0]) * unit, _scales(varies, deviation, unit)


def _sparse_deviations(columns: Any, weights: FloatArray | None) -> FloatArray:
    """(p,) scales of the columns of a CSC array, from its entries alone."""
    n, p = columns.shape
    largest = np.zeros(p)
    place = np.repeat(np.arange(p), np.diff(columns.indptr))
    x = columns.data.astype(np.float64)
    np.maximum.at(largest, place, np.abs(x))
    unit = _units(largest)
    x = x / unit[place]
    each = np.ones(len(x)) if weights is None else weights[columns.indices]
    total = float(n) if weights is None else float(weights.sum())
    mean = np.bincount(place, each * x, p) / total
    others = np.maximum(total - np.bincount(place, each, p), 0.0)  # which are 0
    squares = np.bincount(place, each * (x - mean[place]) ** 2, p) + others * mean**2
    deviation = np.sqrt(squares / total)
    return _scales(_varies(deviation, largest / unit), deviation, unit)


def _units(largest: FloatArray) -> FloatArray:
    """What extreme columns are divided by: a power of two, which rounds nothing; 1 for others."""
    extreme = ((largest > EXTREME) | (largest < 1 / EXTREME)) & (largest > 0)
    return np.where(extreme, np.exp2(np.frexp(largest)[1] - 1.0), 1.0)


def _varies(deviation: FloatArray, largest: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether more than rounding sets the numbers of a column apart."""
    return np.asarray(deviation > 4 * np.finfo(np.float64).eps * largest)


def _scales(varies: npt.NDArray[np.bool_], deviation: FloatArray, unit: FloatArray) -> FloatArray:
    scale = deviation * unit
    return np.where(varies & (scale > 0), scale, 1.0)


def _quartiles(x: FloatArray, weights: FloatArray | None) -> FloatArray:
    """(3, p) as numpy interpolates them; under weights where their sum passes a quarter, a half and
    three quarters, the mean of two neighbours where it meets them.
    """
    shares = np.array([0.25, 0.5, 0.75])
    if weights is None:
        return np.asarray(np.quantile(x, shares, axis=0))
    order = np.argsort(x, axis=0, kind="stable")
    numbers = np.take_along_axis(x, order, axis=0)
    passed = np.cumsum(weights[order], axis=0)
    passed /= passed[-1]
    found = np.empty((3, x.shape[1]))
    tolerance = 4 * len(x) * np.finfo(np.float64).eps
    for row, share in enumerate(shares):
        first = np.argmax(passed >= share - tolerance, axis=0)
        after = np.argmax(passed > share + tolerance, axis=0)
        each = np.arange(x.shape[1])
        found[row] = 0.5 * numbers[first, each] + 0.5 * numbers[after, each]
    return found


def _blocks(n: int, numbers: int, *, least: int = 1) -> Iterator[slice]:
    """Stretches of n columns or rows, each of so many numbers, that fit into memory."""
    size = max(BLOCK // max(numbers, 1), least)
    count = max(n // size, 1)
    edges = [n * place // count for place in range(count + 1)]
    return (slice(first, last) for first, last in pairwise(edges))


def _require_range(scaled: npt.NDArray[Any], X: Any, dtype: Any) -> None:
    if not np.isfinite(scaled).all():
        remedy = (
            f"drop rows that lie beyond all that was trained on: in scales of the training rows "
            f"an entry exceeds {np.dtype(dtype)}"
        )
        shown = f"<sparse, {X.shape}>" if sparse.issparse(X) else describe(X)
        raise refuse("X", shown, remedy, code="argument.range")
