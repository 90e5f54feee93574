"""Predictions mended on data that trained nothing: of classes by scikit-learn, of numbers by scale.

Each takes predictions, not X, so that an ensemble's mean can be mended as a single model's.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
import sklearn
from scipy import optimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from .._estimator import Estimator
from .._validation import FloatArray, describe, refuse
from ..errors import ConvergenceWarning
from ._inputs import Places, as_columns, as_places, as_values, broadcast, same_rows
from .distributions import Normal, NormalMixture

Method = Literal["temperature", "platt", "isotonic"]
SKLEARN_NAMES = {"temperature": "temperature", "platt": "sigmoid", "isotonic": "isotonic"}
Distribution = TypeVar("Distribution", Normal, NormalMixture)
GRID, MOST_GRID = 0.25, 200  # steps of the logarithm of a mixture's scale
LEAST = 1e-12  # probabilities are kept from 0 and 1 by so much before their logits are taken


class RecalibratedProbabilities(Estimator):
    """Probabilities of classes made to come true, by scikit-learn's `CalibratedClassifierCV`.

    Args:
        method: "temperature", softmax(log p / T) with one T (Guo, Pleiss, Sun & Weinberger 2017;
            scikit-learn 1.8 or newer), which leaves every decision as it was; "platt", a logistic
            curve of the logit for each class (Platt 1999); "isotonic", a rising function of the
            probability for each class (Zadrozny & Elkan 2002), for a thousand rows or more.

    Attributes:
        calibrator_: the fitted `CalibratedClassifierCV`; it reads log p.
        temperature_: T of "temperature": above 1 the predictions were too sure. Where no T is best,
            since every row is right or all are no better than chance, it is one near an end of the
            range that is searched, and a `ConvergenceWarning` says so.
    """

    def __init__(self, method: Method = "temperature") -> None:
        self.method = method

    def fit(
        self,
        probabilities: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        classes: npt.ArrayLike | None = None,
    ) -> Self:
        """Fits to (n, K) probabilities, or (n,) of the second of two classes, and labels y.

        Args:
            classes: (K,) label of each column; None: the sorted labels of y. Each must occur.
        """
        if self.method not in SKLEARN_NAMES:
            names = ", ".join(f'"{name}"' for name in SKLEARN_NAMES)
            raise refuse("method", repr(self.method), f"use {names}", code="argument.choice")
        columns = as_columns(probabilities)
        places = as_places(y, columns.shape[1], classes)
        same_rows(len(places), probabilities=columns)
        absent = np.setdiff1d(np.arange(columns.shape[1]), places)
        if len(absent):
            remedy = "give rows of every class to recalibrate by"
            raise refuse("y", f"without class {absent[0]}", remedy, code="argument.choice")
        self.calibrator_ = _calibrate(_logits(columns), places, SKLEARN_NAMES[self.method])
        if self.method == "temperature":
            self.temperature_ = self._temperature(columns.shape[1])
            _warn_without_best(_logits(columns), places, self.temperature_)
        return self

    def _temperature(self, n_classes: int) -> float:
        """T by what becomes of two logits that are a little apart."""
        for apart in (1.0, 1e-4):
            probe = np.full((1, n_classes), -2.0)
            probe[0, 0] += apart
            first, second = self.calibrator_.predict_proba(probe)[0, :2]
            if second > 0.0:
                break
        return apart / float(np.log(first / second))

    def predict_proba(self, probabilities: npt.ArrayLike) -> FloatArray:
        """(n, K) mended probabilities; (n,) where those given are (n,)."""
        check_is_fitted(self)
        columns = as_columns(probabilities)
        fitted = len(self.calibrator_.classes_)
        if columns.shape[1] != fitted:
            remedy = f"give probabilities of the {fitted} classes that were fitted"
            raise refuse("probabilities", describe(columns), remedy, code="argument.shape")
        mended = np.asarray(self.calibrator_.predict_proba(_logits(columns)))
        return mended[:, 1] if np.ndim(probabilities) == 1 else mended

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "calibrator_")


class _Logits(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose X is its own decision function: what scikit-learn is to calibrate."""

    def fit(self, _: FloatArray, y: Places) -> Self:
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X: FloatArray) -> FloatArray:
        return np.asarray(X[:, 1] - X[:, 0]) if X.shape[1] == 2 else X

    def predict(self, X: FloatArray) -> Places:
        return np.asarray(X.argmax(axis=1))


def _logits(columns: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.clip(columns, LEAST, 1.0)))


def _calibrate(logits: FloatArray, places: Places, method: str) -> Any:
    version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    if method == "temperature" and version < (1, 8):
        remedy = "install scikit-learn 1.8 or newer, which scales temperatures"
        raise refuse("method", '"temperature"', remedy, code="argument.choice")
    model = FrozenEstimator(_Logits().fit(logits, places))
    rows = np.arange(len(places))  # the model is as good as given: one fold that tests them all
    return CalibratedClassifierCV(model, method=method, cv=[(rows, rows)]).fit(logits, places)


def _warn_without_best(logits: FloatArray, places: Places, temperature: float) -> None:
    """Says where the likelihood, concave in 1/T, has no maximum at a T between 0 and ∞."""
    own = logits[np.arange(len(places)), places]
    if (own == logits.max(axis=1)).all():
        why = "the right class is the likeliest one in every row"
    elif own.mean() <= logits.mean():  # its slope at 1/T = 0
        why = "the predictions are no better than chance"
    else:
        return
    warnings.warn(
        f"No temperature is best, as {why}: T={temperature:.3g} is where the search ended. Give "
        "more rows that trained nothing.",
        ConvergenceWarning,
        stacklevel=3,
    )


class VarianceScale(Estimator):
    """One factor on predicted standard deviations, by maximum likelihood.

    For a normal it is the root mean square of (y − μ)/σ (Laves, Ihler, Fast, Kahrs & Ortmaier 2020,
    eq. 7); members of a mixture keep their means and share the factor, which lies between the root
    mean squares over the nearest members and over the farthest.

    Attributes:
        scale_: the factor s of the standard deviations; above 1 they were too small.
    """

    def fit(self, distribution: Normal | NormalMixture, y: npt.ArrayLike) -> Self:
        """Fits to the predictive distributions of rows and their targets y."""
        if isinstance(distribution, Normal):
            rows = broadcast(as_values(y, "y"), "y", distribution.shape)
            self.scale_ = _root_mean_square((rows - distribution.mean) / distribution.std)
        elif isinstance(distribution, NormalMixture):
            self.scale_ = _mixture_scale(distribution, as_values(y, "y"))
        else:
            kind = type(distribution).__name__
            remedy = "give a Normal or a NormalMixture"
            raise refuse("distribution", kind, remedy, code="argument.type")
        return self

    def transform(self, distribution: Distribution) -> Distribution:
        """The distributions with scaled standard deviations."""
        check_is_fitted(self)
        return distribution.scaled(self.scale_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "scale_")


def _root_mean_square(z: FloatArray) -> float:
    """Root mean square of distances, none too large or small to be squared."""
    largest = float(np.abs(z).max())
    if largest == 0.0:
        remedy = "give targets that the means do not hit exactly"
        raise refuse("y", "equal to the means", remedy, code="argument.range")
    return largest * float(np.sqrt(np.mean((z / largest) ** 2)))


def _mixture_scale(mixture: NormalMixture, y: FloatArray) -> float:
    """The factor of the greatest likelihood.

    The derivative by s of a row's log density is a mean of −1/s + z_t²/s³ over the members t. So
    the likelihood rises up to the root mean square of the least |z_t| and falls from that of the
    largest; between them it may have several maxima.
    """
    rows = broadcast(y, "y", mixture.shape)
    z = np.abs((rows - mixture.means) / mixture.stds)[mixture.weights > 0]
    first, last = (math.log(_root_mean_square(far)) for far in (z.min(axis=0), z.max(axis=0)))

    def loss(log_scale: float) -> float:
        return -float(mixture.scaled(float(np.exp(log_scale))).log_density(rows).mean())

    grid = np.linspace(first, last, min(2 + math.ceil((last - first) / GRID), MOST_GRID))
    best = int(np.argmin([loss(each) for each in grid]))
    bounds = grid[max(best - 1, 0)] - grid[best], grid[min(best + 1, len(grid) - 1)] - grid[best]
    if not bounds[0] < bounds[1]:
        return float(np.exp(grid[best]))
    found = optimize.minimize_scalar(
        lambda change: loss(grid[best] + change), bounds=bounds, options={"xatol": 1e-8}
    )
    return float(np.exp(grid[best] + found.x))
