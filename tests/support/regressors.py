"""Regressors and data of which every interval is known."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.frozen import FrozenEstimator


class Identity(RegressorMixin, BaseEstimator):
    """Predicts its first column, or its first two."""

    def __init__(self, columns: int = 1) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any) -> "Identity":
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> np.ndarray:
        return X[:, 0] if self.columns == 1 else X[:, : self.columns]


def frozen(columns: int = 1) -> FrozenEstimator:
    return FrozenEstimator(Identity(columns).fit(None, None))


def heteroscedastic(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.0, 1.0, (n, 1))
    return X, X[:, 0] + (0.1 + X[:, 0]) * rng.normal(size=n)
