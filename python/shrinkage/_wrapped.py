"""What stands inside an estimator of scikit-learn's that hands its rows on to another."""

from __future__ import annotations

from typing import Any

from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline


def last_step(model: Any, X: Any) -> tuple[Any, Any]:
    """The estimator inside fitted pipelines, searches, selectors and frozen ones, and its X.

    Only what leaves predictions as they are is entered: not what changes the target.
    """
    while True:
        if isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline):
            X = model[:-1].transform(X) if len(model) > 1 else X
            model = model[-1]
        elif isinstance(model, RFE):
            model, X = model.estimator_, model.transform(X)
        else:
            return model, X
