"""What the conformal estimators share: rows kept to calibrate by, a quantile of their scores."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..._validation import FloatArray, as_number, as_sound, describe, refuse
from .._inputs import as_level

ROUNDING = 1e-9  # (m + 1)c may exceed a whole number by so much and still count as it


def conformal_quantile(scores: FloatArray, coverage: float) -> float:
    """The ⌈(m + 1)c⌉-th smallest of (m,) scores; infinite where m is too small for it."""
    place = math.ceil((len(scores) + 1) * coverage - ROUNDING)
    if place > len(scores):
        return math.inf
    return float(np.partition(scores, place - 1)[place - 1])


class SplitConformal(BaseEstimator, ABC):  # type: ignore[misc]
    """Base of regressors and classifiers: fit on one part, calibrate on the other."""

    coverage: float
    calibration_fraction: float
    random_state: Any
    scores_: FloatArray

    @abstractmethod
    def _models(self) -> dict[str, Any]:
        """The estimators to fit, by the name of their attribute."""

    @abstractmethod
    def _scores(self, X: Any, y: npt.NDArray[Any]) -> FloatArray:
        """(m,) nonconformity of calibration rows: the larger, the stranger."""

    def _as_target(self, y: Any) -> npt.NDArray[Any]:
        """y as one column."""
        if y is None:
            name = type(self).__name__
            raise ValueError(f"{name} requires y to be passed, but the target y is None")
        target = np.asarray(y)
        if target.ndim == 2 and target.shape[1] > 1:
            remedy = "give one target: wrap each of several by itself"
            raise refuse("y", describe(target), remedy, code="argument.shape")
        numeric = "numeric" if isinstance(self, RegressorMixin) else None
        column = column_or_1d(y, warn=True)
        return np.asarray(check_array(column, ensure_2d=False, dtype=numeric, input_name="y"))

    def fit(self, X: Any, y: Any) -> Self:
        """Fits the estimator to a part of the rows and calibrates it by the rest.

        A `sklearn.frozen.FrozenEstimator` is taken as it is: all rows then calibrate, and none of
        them may have trained it. Rows to calibrate by are drawn without a look at y: stratified by
        class they would not be exchangeable with a new row, whose class is left to chance.

        Args:
            X: (n, p) in any form that the estimator takes. y: (n,).
        """
        fitted = copy(self)  # a refused fit leaves what was fitted before
        fitted._fit(X, y)
        self.__dict__.update(fitted.__dict__)
        return self

    def _fit(self, X: Any, y: Any) -> None:
        as_level(self.coverage, "coverage")
        target = self._as_target(y)
        X = as_sound(X)
        validate_data(self, X, skip_check_array=True)
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        models = self._models()
        frozen = {isinstance(model, FrozenEstimator) for model in models.values()}
        if len(frozen) > 1:
            remedy = "freeze both estimators, or neither"
            raise refuse("upper", "one frozen estimator of two", remedy, code="argument.choice")
        held_X, held_y = X, target
        if frozen == {False}:
            X, held_X, target, held_y = self._parts(X, target)
        for name, model in models.items():
            setattr(self, name, model if True in frozen else clone(model).fit(X, target))
        self.scores_ = self._scores(held_X, held_y)

    def _parts(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, Any, Any, Any]:
        share = as_number(
            self.calibration_fraction,
            "calibration_fraction",
            minimum=0.0,
            maximum=1.0,
            open_minimum=True,
            open_maximum=True,
        )
        X, held_X, y, held_y = train_test_split(X, y, test_size=share, random_state=self._seed)
        return X, held_X, y, held_y

    def _threshold(self, coverage: float | None) -> float:
        check_is_fitted(self)
        wanted = self.coverage if coverage is None else coverage
        return conformal_quantile(self.scores_, as_level(wanted, "coverage"))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "scores_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = next(iter(self._models().values())).__sklearn_tags__()
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.string = inner.input_tags.string
        tags.input_tags.categorical = inner.input_tags.categorical
        tags.non_deterministic = self.random_state is None
        return tags
