"""Standard deviations of predictions, from whatever regressor predicts them."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.compose import TransformedTargetRegressor

from ..._validation import FloatArray, refuse
from ..._wrapped import last_step


def mean_and_std(model: Any, X: Any) -> tuple[FloatArray, FloatArray]:
    """(n,) or (n, 1) predictions and their deviations, by `predict_std` or `return_std=True`.

    Pipelines, searches and frozen estimators are asked at their end. Behind a transformed target
    the deviation is half the way between what mean − σ and mean + σ are turned back into: σ itself,
    in units of y, of a transformation that moves and scales.

    Raises:
        InvalidArgument: the regressor tells none.
    """
    model, X = last_step(model, X)
    if isinstance(model, TransformedTargetRegressor):
        mean, std = (np.reshape(each, -1) for each in mean_and_std(model.regressor_, X))
        low, center, high = (
            model.transformer_.inverse_transform(each[:, None])[:, 0]
            for each in (mean - std, mean, mean + std)
        )
        return np.asarray(center), np.abs(high - low) / 2
    if hasattr(model, "predict_std"):
        return model.predict(X), model.predict_std(X)
    found = _with_std(model, X)
    if found is None:
        remedy = 'use "constant", or an estimator with predict_std or return_std: '
        remedy += f"{type(model).__name__} has neither"
        raise refuse("scale", '"std"', remedy, code="argument.choice")
    return found


def _with_std(model: Any, X: npt.ArrayLike) -> tuple[FloatArray, FloatArray] | None:
    """`predict(X, return_std=True)`; None where that is not taken, by the model or what it asks."""
    parameters = inspect.signature(model.predict).parameters
    if "return_std" in parameters:
        mean, std = model.predict(X, return_std=True)
        return mean, std
    if all(each.kind is not inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return None
    try:
        found = model.predict(X, return_std=True)
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, tuple) and len(found) == 2 else None
