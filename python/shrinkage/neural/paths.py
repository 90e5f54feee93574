"""One network along a path of penalties or dropout rates, and many networks at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone

from .._runtime import require_callback
from .._validation import FloatArray, as_array, as_floats, as_integer, as_sound, describe, refuse
from .base import DropoutMLP, Validation
from .continuing import unless_refused
from .inside import require_estimator
from .kinds import resolve_dropout_kind
from .network import Ending, run_many

Estimator = TypeVar("Estimator", bound=DropoutMLP)


@dataclass(frozen=True, eq=False)
class NetworkPath:
    """Fits of one network along V values of λ or of the dropout rate, each from the one before.

    Attributes:
        parameter: "lam" or "dropout". values: (V,) as they were fitted.
        train_loss, validation_loss: (V,) mean losses with all units on, in the scaled units of the
            objective; NaN without validation.
        penalty: (V,) λP. zeros: (V, L) weights exactly zero by layer.
        coefs, intercepts: lists of V lists, as `coefs_` and `intercepts_` are.
        estimator: the fitted estimator at the last value.
    """

    parameter: str
    values: FloatArray
    train_loss: FloatArray
    validation_loss: FloatArray
    penalty: FloatArray
    zeros: npt.NDArray[np.int64]
    coefs: list[list[npt.NDArray[Any]]]
    intercepts: list[list[npt.NDArray[Any]]]
    estimator: Any

    def to_frame(self) -> Any:
        """A pandas data frame, one row a value."""
        import pandas as pd

        columns: dict[str, Any] = {
            self.parameter: self.values,
            "train_loss": self.train_loss,
            "validation_loss": self.validation_loss,
            "penalty": self.penalty,
        }
        columns |= {f"zeros_{layer}": self.zeros[:, layer] for layer in range(self.zeros.shape[1])}
        return pd.DataFrame(columns)


def fit_penalty_path(
    estimator: DropoutMLP,
    X: Any,
    y: Any,
    *,
    lambdas: npt.ArrayLike,
    epochs: int | None = None,
    sample_weight: Any = None,
    validation: Validation = None,
) -> NetworkPath:
    """Fits along λ with warm starts, in the order given.

    Rising λ, from dense to sparse, is what networks bear: a network whose weights are all zero has
    no gradient to leave by.

    Args:
        estimator: what to fit, left as it is; its penalty stays, its `lam` is replaced.
        lambdas: (V,).
        epochs: at each λ after the first, which takes the estimator's max_epochs; None: as many.
        sample_weight, validation: as in `fit`.
    """
    return _fit_path(estimator, X, y, "lam", lambdas, epochs, sample_weight, validation)


def fit_dropout_path(
    estimator: DropoutMLP,
    X: Any,
    y: Any,
    *,
    rates: npt.ArrayLike,
    epochs: int | None = None,
    sample_weight: Any = None,
    validation: Validation = None,
) -> NetworkPath:
    """Fits along the dropout rate of the hidden layers with warm starts, in the order given.

    Arguments as in `fit_penalty_path`; the estimator's `dropout` is replaced.

    Raises:
        InvalidArgument: the estimator learns its rates.
    """
    require_estimator(estimator)
    kind = resolve_dropout_kind(estimator.dropout_kind)
    if kind.traits.learns_rates:
        remedy = f"give it another kind: {kind.name} dropout finds its rates itself"
        raise refuse("dropout_kind", kind.name, remedy, code="argument.choice")
    return _fit_path(estimator, X, y, "dropout", rates, epochs, sample_weight, validation)


def _fit_path(
    estimator: DropoutMLP,
    X: Any,
    y: Any,
    parameter: str,
    given: npt.ArrayLike,
    epochs: int | None,
    sample_weight: Any,
    validation: Validation,
) -> NetworkPath:
    require_estimator(estimator)
    argument = "lambdas" if parameter == "lam" else "rates"
    values = as_floats(np.atleast_1d(np.asarray(given)), argument, ndim=1)
    if not len(values):
        raise refuse(argument, "[]", "give at least one value", code="argument.empty")
    model = clone(estimator).set_params(**{parameter: float(values[0])})
    count = model.max_epochs if epochs is None else epochs
    count = as_integer(count, "epochs", minimum=1, maximum=2**31)
    rows: list[tuple[Any, ...]] = []
    for place, value in enumerate(values.tolist()):
        model.set_params(**{parameter: value})
        if place == 0:
            model.fit(X, y, sample_weight, validation=validation)
            examples = model._scaled(*model._prepared(X, y, sample_weight, reset=False)[:3])
            held_out = model._validation(validation)
            held_out = None if held_out is None else model._scaled(*held_out)
        else:
            model._regularize(model._network)
            model._schedule(model._network, count, done=model.n_iter_)
            model._run(count, residual_at_end=model._wants_residual(), learns=False)
        network = model._network
        measured = np.nan if held_out is None else network.mean_loss(*held_out)
        zeros = [int((w == 0).sum()) for w in model.coefs_]
        loss = network.mean_loss(*examples)
        rows.append((loss, measured, network.penalty(), zeros, model.coefs_, model.intercepts_))
        if model.ending_ == "cancelled":
            break
    train, validated, penalty, dead, coefs, intercepts = zip(*rows, strict=True)
    return NetworkPath(
        parameter,
        values[: len(rows)],
        np.array(train),
        np.array(validated),
        np.array(penalty),
        np.array(dead),
        list(coefs),
        list(intercepts),
        model,
    )


def _as_rows(given: npt.ArrayLike, argument: str, n: int) -> npt.NDArray[Any]:
    """Numbers of rows, or n times whether to take one."""
    rows = as_array(given, argument)
    whether = rows.dtype == bool and rows.shape == (n,)
    inside = rows.ndim == 1 and rows.dtype.kind in "iu" and ((rows >= -n) & (rows < n)).all()
    if not (whether or inside) or not len(rows):
        remedy = f"give numbers of rows, 0 to {n - 1}, or True or False for each of them"
        raise refuse(argument, describe(rows), remedy, code="argument.range")
    return rows


def fit_many(
    estimators: Sequence[Estimator],
    X: Any,
    y: Any,
    *,
    rows: Sequence[npt.ArrayLike] | None = None,
    sample_weight: Any = None,
    validation: Validation = None,
    n_threads: int | None = None,
    callback: Callable[[int], bool | None] | None = None,
) -> list[Estimator]:
    """Fits many estimators at once, each on one thread, side by side.

    Every fit is bit by bit what the estimator's own ``fit`` would give.

    Args:
        estimators: what to fit, in place: seeds, λ, rates, widths.
        X, y, sample_weight, validation: as in `fit`, for all of them.
        rows: the rows of X each of them is fitted to (folds); None: all.
        callback: called about every 50 ms with the epochs finished by all together; returning True
            stops them, and what is done is kept.
    """
    models = list(estimators)
    if len({id(model) for model in models}) < len(models):
        remedy = "give each its own, sklearn.base.clone(estimator): they are fitted in place"
        raise refuse("estimators", "<one of them twice>", remedy, code="argument.choice")
    if rows is not None and len(rows) != len(models):
        remedy = f"give one array of rows per estimator, {len(models)} in all"
        raise refuse("rows", f"<list of {len(rows)}>", remedy, code="argument.length")
    require_callback(callback)
    weights = None if sample_weight is None else np.asarray(sample_weight)
    X = as_sound(X)
    for place, model in enumerate(models):
        require_estimator(model, f"estimators[{place}]")
    with ExitStack() as all_or_none:
        for place, model in enumerate(models):
            all_or_none.enter_context(unless_refused(model))
            if rows is None:
                model._prepare_fit(X, y, weights, validation)
                continue
            part = _as_rows(rows[place], f"rows[{place}]", len(y))
            own = None if weights is None else weights[part]
            inputs = X if sparse.issparse(X) or hasattr(X, "iloc") else np.asarray(X)
            inputs = inputs.iloc[part] if hasattr(inputs, "iloc") else inputs[part]
            model._prepare_fit(inputs, np.asarray(y)[part], own, validation)
    kind_of = {model: (model.dtype, model.max_epochs, model._wants_residual()) for model in models}
    watch = _Watch(callback)
    for kind in sorted(set(kind_of.values())):
        group = [model for model in models if kind_of[model] == kind]
        endings: list[Ending] = ["cancelled"] * len(group)
        if not watch.stopped:
            endings = run_many(
                [model._network for model in group],
                kind[1],
                n_threads=n_threads,
                callback=None if callback is None else watch,
                residual_at_end=kind[2],
            )
        for model, ending in zip(group, endings, strict=True):
            model._read_off(ending)
        watch.before = watch.now
    return models


class _Watch:
    """A callback over several groups, one after the other, which a stop ends together."""

    def __init__(self, callback: Callable[[int], bool | None] | None) -> None:
        self.callback, self.before, self.now, self.stopped = callback, 0, 0, False

    def __call__(self, epochs: int) -> bool:
        self.now = self.before + epochs
        self.stopped = bool(self.callback and self.callback(self.now)) or self.stopped
        return self.stopped
