"""The network inside what a caller hands over, or a clear word that there is none."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

from .._validation import refuse
from .._wrapped import last_step
from .base import DropoutMLP
from .network import Network

Model = DropoutMLP | Network
ESTIMATORS = "a DropoutMLPClassifier or DropoutMLPRegressor"


def fitted_network(model: Any, X: Any, argument: str = "model") -> tuple[Model, Any]:
    """The network in a fitted pipeline, search or frozen estimator, and X as it gets it.

    Raises:
        InvalidArgument: what is there is no network of ours.
    """
    inner, rows = last_step(model, X)
    if not isinstance(inner, DropoutMLP | Network):
        remedy = f"give {ESTIMATORS}, a Network, or a Pipeline that ends in one"
        raise refuse(argument, f"<{type(inner).__name__}>", remedy, code="argument.type")
    return inner, rows


def require_estimator(model: Any, argument: str = "estimator") -> None:
    """Refuses what is no estimator of a network itself."""
    if isinstance(model, DropoutMLP):
        return
    remedy = f"give {ESTIMATORS}"
    if isinstance(model, Pipeline):
        remedy += ", and to X what the steps before it make of it"
    raise refuse(argument, f"<{type(model).__name__}>", remedy, code="argument.type")
