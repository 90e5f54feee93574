"""Intervals and sets whose coverage holds in finite samples, whatever the model.

They need exchangeable rows and nothing else (Vovk, Gammerman & Shafer 2005): with m calibration
rows, a new row is covered with probability at least ⌈(m + 1)c⌉/(m + 1) ≥ c, on average over rows
and calibration data alike; for continuous scores with exactly that.
"""

from .classification import SplitConformalClassifier
from .regression import ConformalizedQuantileRegressor, SplitConformalRegressor

__all__ = [
    "ConformalizedQuantileRegressor",
    "SplitConformalClassifier",
    "SplitConformalRegressor",
]
