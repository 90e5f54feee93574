"""What every estimator of ours, linear model or network, does for scikit-learn."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator


class Estimator(BaseEstimator):  # type: ignore[misc]
    """Takes sparse X, and keeps its arguments."""

    def _keep(self, arguments: dict[str, Any]) -> None:
        """Stores the arguments of __init__ as they came, which is all that scikit-learn allows."""
        for name, value in arguments.items():
            if name != "self":
                setattr(self, name, value)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
