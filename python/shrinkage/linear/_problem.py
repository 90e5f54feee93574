"""From what a caller passes to what the core takes: every check, every cast, the class coding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._runtime import physical_memory
from .._validation import (
    FloatArray,
    as_array,
    as_floats,
    as_integer,
    as_number,
    as_sound,
    as_weights,
    describe,
    refuse,
    require_finite,
)
from ..core.penalty_arguments import penalty_arguments
from ..losses import Loss, resolve_loss
from ..penalties import Penalty, resolve_penalty
from ._range import require_range
from .request import PathRequest

MAX_GRAM_BYTES = 1 << 30
Design: TypeAlias = Any  # a FloatArray or a scipy.sparse.csc_array, which has no types


@dataclass(frozen=True)
class Problem:
    """A checked problem; arrays are float64 and laid out as the core reads them.

    Attributes:
        X: (n, p), dense in Fortran order or CSC with sorted indices.
        y: (n,), or (n, K) for several targets; for classes the loss's two codes, or the place of
            the label in `classes`.
        weights: (n,).
        offset, factors, lower, upper: (n,) or (p,), or None; offset (n, K) with several outputs.
        penalty_arguments: how the penalty travels to the core.
        classes: the labels in sorted order; of two the second is the event; None for regression.
        outputs: K, the η of an observation; None where η is one number.
        feature_names: (p,) names of the columns, or None.
    """

    X: Design
    y: FloatArray
    weights: FloatArray
    offset: FloatArray | None
    factors: FloatArray | None
    lower: FloatArray | None
    upper: FloatArray | None
    loss: Loss
    penalty: Penalty
    penalty_arguments: dict[str, Any]
    classes: npt.NDArray[Any] | None
    feature_names: npt.NDArray[Any] | None
    fit_intercept: bool
    standardize: bool
    tol: float
    max_iter: int
    outputs: int | None = None

    def native(self) -> dict[str, Any]:
        """The arguments that every native call shares."""
        x = self.X
        parts = (x.data, x.indices, x.indptr, x.shape) if sparse.issparse(x) else x
        return {
            "x": parts,
            "y": self.y.ravel(order="F"),
            "weights": self.weights,
            "offset": None if self.offset is None else self.offset.ravel(order="F"),
            "factors": self.factors,
            "lower": self.lower,
            "upper": self.upper,
            "outputs": self.outputs or 0,
            "loss": self.loss.name,
            "loss_parameters": list(self.loss.parameters),
            **self.penalty_arguments,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "gram_bytes": gram_bytes(),
        }

    def has_null_model(self, rows: npt.NDArray[Any]) -> bool:
        """Whether an intercept alone can be fitted to these rows: not to counts of 0 alone."""
        may_fail = self.loss.targets == "nonnegative" and self.fit_intercept
        return not may_fail or bool((self.y[rows] > 0).any())

    @property
    def found_by_core(self) -> bool:
        """Whether the core finds entries of X that are not finite by its first gradient. A pass
        over a long X ahead of it would take a tenth of a fit.
        """
        plain = self.outputs is None and not sparse.issparse(self.X)
        return plain and self.loss.smooth and self.penalty.has_lambda_max

    @property
    def class_index(self) -> npt.NDArray[np.int64]:
        """(n,) the place of each observation's label in `classes`."""
        codes: npt.NDArray[np.int64]
        if self.loss.multiclass:
            codes = self.y.astype(np.int64)
        else:
            codes = np.asarray(self.y == self.loss.codes[1], dtype=np.int64)
        return codes

    def flops(self, n_lambdas: int) -> float:
        """A rough size of the work, to tell a short call from a long one."""
        n, p = self.X.shape
        passes = 1.0 if self.loss.name == "squared" else 20.0
        entries = float(self.X.nnz) if sparse.issparse(self.X) else float(n * p)
        return float(passes * (self.outputs or 1) * entries * (min(n, p) + 2.0 * n_lambdas))


def make_problem(request: PathRequest) -> Problem:
    """Checks what a request minimizes, and casts it."""
    loss = resolve_loss(request.loss)
    matrix = as_design(request.X, finite=False)
    n, p = matrix.shape
    target, classes = as_target(request.y, n, loss)
    weights = as_weights(request.sample_weight, n)
    weights = np.ones(n) if weights is None else weights
    outputs = _outputs(target, classes, loss)
    if classes is not None:
        _require_all_classes(
            np.searchsorted(loss.codes, target) if outputs is None else target, weights, classes
        )
    lower, upper = as_bounds(request.lower, "lower", p), as_bounds(request.upper, "upper", p)
    penalty = resolve_penalty(request.penalty)
    factors = _as_factors(request.penalty_factor, p)
    penalty.check(p, outputs or 1, lower=lower, upper=upper, factors=factors)
    problem = Problem(
        X=matrix,
        y=target,
        weights=weights,
        offset=as_offset(request.offset, n, outputs),
        factors=factors,
        lower=lower,
        upper=upper,
        loss=loss,
        penalty=penalty,
        penalty_arguments=penalty_arguments(penalty, p, outputs or 1),
        classes=classes,
        feature_names=feature_names(request.X),
        fit_intercept=bool(request.fit_intercept),
        standardize=bool(request.standardize),
        tol=as_number(request.tol, "tol", minimum=0.0, open_minimum=True, maximum=1.0),
        max_iter=1000
        if request.max_iter is None
        else as_integer(request.max_iter, "max_iter", minimum=1, maximum=10**9),
        outputs=outputs,
    )
    if not (problem.found_by_core or sparse.issparse(matrix)):
        require_finite(matrix, "X")
    if not problem.has_null_model(weights > 0):
        remedy = "give at least one count above 0 positive weight, or set fit_intercept=False"
        raise refuse("y", "<all counts 0>", remedy, code="argument.range")
    require_range(matrix, target, weights, problem.offset, loss)
    return problem


def _outputs(target: FloatArray, classes: npt.NDArray[Any] | None, loss: Loss) -> int | None:
    """K, the η of an observation; None where η is one number."""
    if loss.multiclass and classes is not None:
        return len(classes)
    return target.shape[1] if target.ndim == 2 else None


def feature_names(X: Any) -> npt.NDArray[Any] | None:
    """The column names of a data frame when all are text, else None."""
    columns = getattr(X, "columns", None)
    if columns is None or not all(isinstance(c, str) for c in columns):
        return None
    return np.asarray(list(columns), dtype=object)


def as_design(X: Any, *, finite: bool = True) -> Design:
    """X as the core reads it: finite float64, dense in Fortran order or sparse by columns; whether
    a dense one is finite may be seen to later.

    What is so already is not copied; nothing of the caller's is changed.
    """
    if sparse.issparse(X):
        matrix: Design = _as_columns(X)
    else:
        matrix = as_floats(_unboxed(X), "X", ndim=2, order="F", finite=finite)
    if matrix.shape[0] == 0 or matrix.shape[1] == 0:
        value = f"<array of shape {matrix.shape}>"
        remedy = "give at least one observation and one feature"
        raise refuse("X", value, remedy, code="argument.empty")
    return matrix


def _as_columns(X: Any) -> sparse.csc_array:
    """CSC with sorted indices and no duplicates, its indices of 32 or 64 bits as they came."""
    columns = sparse.csc_array(as_sound(X))
    as_floats(columns.data, "X.data", ndim=1)
    if columns.data.dtype != np.float64:
        columns = columns.astype(np.float64)
    if not columns.has_canonical_format:
        columns = columns.copy()
        columns.sum_duplicates()
    return columns


def _unboxed(X: Any) -> Any:
    """A data frame of numbers and booleans as one array: mixed types would become objects."""
    dtypes = getattr(X, "dtypes", None)
    if dtypes is None or not hasattr(X, "to_numpy"):
        return X
    if getattr(X, "ndim", 2) == 1:
        value, remedy = f"<series of {len(X)}>", "give a table, for one feature X.to_frame()"
        raise refuse("X", value, remedy, code="argument.shape")
    if all(getattr(dtype, "kind", "O") in "biuf" for dtype in dtypes):
        return X.to_numpy(dtype=np.float64, na_value=np.nan)
    return X


def as_target(y: Any, n: int, loss: Loss) -> tuple[FloatArray, npt.NDArray[Any] | None]:
    """y as the core takes it, and the classes it codes."""
    array = as_array(y, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    several = array.ndim == 2 and array.shape[1] > 1 and loss.multitarget
    if not (array.ndim == 1 or several) or array.shape[0] != n:
        remedy = f"give one target per row of X, {n} in all"
        if array.ndim == 2 and array.shape[0] == n:
            remedy += ', or use loss="squared" for several targets'
        raise refuse("y", describe(array), remedy, code="argument.shape")
    if loss.task == "regression":
        if array.dtype.kind not in "biuf":
            remedy = 'give numbers, or use loss="logistic" for classes'
            raise refuse("y", describe(array), remedy, code="argument.target_type")
        if several:
            return as_floats(array, "y", ndim=2, order="F"), None
        return _as_numbers(array, loss), None
    classes, codes = _as_classes(array)
    if loss.multiclass:
        if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
            remedy = "give labels: text, or whole numbers; for other numbers use a regression loss"
            value = f"<{len(classes)} different numbers>"
            raise refuse("y", value, remedy, code="argument.target_type")
        if len(classes) < 2:
            remedy = "give at least two classes"
            raise refuse("y", "1 class", remedy, code="argument.classes", n_classes=1)
        return codes.astype(np.float64), classes
    if len(classes) != 2:
        found = f"{len(classes)} classes"
        remedy = f'give exactly two classes for loss="{loss.name}"'
        if len(classes) > 2:
            remedy += ', or use loss="multinomial"'
        raise refuse("y", found, remedy, code="argument.classes", n_classes=len(classes))
    return np.asarray(loss.codes)[codes], classes


def _as_classes(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The labels in sorted order, and the place of each observation's label among them."""
    if array.dtype.kind == "f":
        as_floats(array, "y", ndim=1)
    try:
        classes, codes = np.unique(array, return_inverse=True)
    except TypeError as error:
        remedy = "give labels of one type without missing entries"
        raise refuse("y", describe(array), remedy, code="argument.target_type") from error
    if any(label != label for label in classes):  # NaN
        remedy = "drop or fill missing labels first"
        raise refuse("y", describe(array), remedy, code="argument.target_type")
    return classes, codes


def _as_numbers(array: npt.NDArray[Any], loss: Loss) -> FloatArray:
    """Targets that the loss is made for."""
    target = as_floats(array, "y", ndim=1)
    wrong = {"real": None, "nonnegative": target < 0, "positive": target <= 0}[loss.targets]
    if wrong is not None and wrong.any():
        index = int(np.flatnonzero(wrong)[0])
        least = "of at least 0" if loss.targets == "nonnegative" else "above 0"
        remedy = f'give targets {least} for loss="{loss.name}"'
        raise refuse(f"y[{index}]", target[index], remedy, code="argument.range", index=index)
    return target


def _require_all_classes(
    codes: npt.NDArray[Any], weights: FloatArray, classes: npt.NDArray[Any]
) -> None:
    """Every class needs an observation that counts; codes are places in `classes`."""
    present = np.flatnonzero(np.bincount(codes[weights > 0].astype(np.int64)))
    if len(present) < len(classes):
        if len(classes) == 2:
            value = f"only class {classes[present[0]]!r} with positive weight"
            remedy = "give both classes a positive weight"
        else:
            missing = np.setdiff1d(np.arange(len(classes)), present)
            value = f"no positive weight in class {classes[missing[0]]!r}"
            remedy = "give every class a positive weight, or drop its rows"
        raise refuse(
            "sample_weight", value, remedy, code="argument.classes", n_classes=len(present)
        )


def as_offset(value: Any, n: int, outputs: int | None) -> FloatArray | None:
    """(n,) or, with several outputs, (n, K) numbers; None stays None."""
    if value is None or outputs is None:
        return as_vector(value, "offset", n, "observation")
    offset = as_floats(value, "offset", ndim=2, order="F")
    if offset.shape != (n, outputs):
        remedy = f"give one row per observation and one column per output, ({n}, {outputs})"
        raise refuse("offset", describe(offset), remedy, code="argument.shape")
    return offset


def as_vector(value: Any, argument: str, size: int, per: str) -> FloatArray | None:
    """One finite number per observation or feature; None stays None."""
    if value is None:
        return None
    vector = as_floats(value, argument, ndim=1)
    if vector.shape[0] != size:
        remedy = f"give one entry per {per}, {size} in all"
        raise refuse(argument, describe(vector), remedy, code="argument.shape")
    return vector


def _as_factors(value: Any, p: int) -> FloatArray | None:
    factors = as_vector(value, "penalty_factor", p, "feature")
    if factors is not None and (factors < 0).any():
        index = int(np.flatnonzero(factors < 0)[0])
        raise refuse(
            f"penalty_factor[{index}]",
            factors[index],
            "give factors of at least 0",
            code="argument.range",
            index=index,
        )
    return factors


def as_bounds(value: Any, argument: str, p: int) -> FloatArray | None:
    """One bound per feature; a number stands for all; infinite means none."""
    if value is None:
        return None
    bounds = as_array(value, argument)
    if bounds.dtype.kind not in "biuf":
        remedy = "give one number, or one per feature; infinity stands for no bound"
        raise refuse(argument, describe(bounds), remedy, code="argument.type")
    bounds = bounds.astype(np.float64)
    if bounds.ndim == 0:
        bounds = np.full(p, float(bounds))
    if bounds.shape != (p,):
        remedy = f"give one number, or one per feature, {p} in all"
        raise refuse(argument, describe(bounds), remedy, code="argument.shape")
    side = "at most 0" if argument == "lower" else "at least 0"
    wrong = ~(bounds <= 0) if argument == "lower" else ~(bounds >= 0)
    if wrong.any():
        index = int(np.flatnonzero(wrong)[0])
        remedy = f"give bounds of {side}: the interval must contain 0"
        raise refuse(
            f"{argument}[{index}]", bounds[index], remedy, code="argument.range", index=index
        )
    return np.ascontiguousarray(bounds)


def as_lambdas(value: Any) -> FloatArray:
    """A user's grid: finite, not negative, strictly decreasing."""
    lambdas = as_floats(np.atleast_1d(as_array(value, "lambdas")), "lambdas", ndim=1)
    if lambdas.size == 0:
        raise refuse("lambdas", "[]", "give at least one λ", code="argument.empty")
    if (lambdas < 0).any():
        index = int(np.flatnonzero(lambdas < 0)[0])
        raise refuse(
            f"lambdas[{index}]",
            lambdas[index],
            "give λ of at least 0",
            code="argument.range",
            index=index,
        )
    rising = np.flatnonzero(np.diff(lambdas) >= 0)
    if rising.size:
        index = int(rising[0]) + 1
        value = f"{lambdas[index]:g} after {lambdas[index - 1]:g}"
        remedy = "give λ in strictly decreasing order: numpy.unique(lambdas)[::-1]"
        raise refuse(
            f"lambdas[{index}]", value, remedy, code="argument.not_decreasing", index=index
        )
    return lambdas


def as_start(coef: Any, intercept: Any, problem: Problem) -> tuple[FloatArray, FloatArray]:
    """Coefficients (p,) or (p, K) output by output, and as many intercepts, to start from."""
    p, outputs = problem.X.shape[1], problem.outputs
    shape = (p,) if outputs is None else (p, outputs)
    start = as_floats(coef, "warm_start", ndim=len(shape))
    if start.shape != shape:
        remedy = f"give {p} coefficients" + ("" if outputs is None else f" for {outputs} outputs")
        raise refuse("warm_start", describe(start), remedy, code="argument.shape")
    if outputs is None:
        shift = np.array([as_number(intercept, "warm_start intercept")])
    else:
        shift = as_floats(intercept, "warm_start intercept", ndim=1)
        if shift.shape != (outputs,):
            remedy = f"give one intercept per output, {outputs} in all"
            raise refuse("warm_start intercept", describe(shift), remedy, code="argument.shape")
    return start.ravel(order="F"), shift if problem.fit_intercept else np.zeros_like(shift)


def gram_bytes() -> int:
    """How much a working set's Gram matrix may take: min(1 GiB, ¼ of the memory)."""
    return int(min(MAX_GRAM_BYTES, physical_memory() / 4))
