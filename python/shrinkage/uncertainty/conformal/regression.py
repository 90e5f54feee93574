"""Intervals around any regressor, and around any estimator of two quantiles."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..._validation import FloatArray, describe, refuse
from .deviations import mean_and_std
from .split import SplitConformal


class SplitConformalRegressor(RegressorMixin, SplitConformal):  # type: ignore[misc]
    """Intervals of one half-width around a regressor, or of a multiple of its own deviation.

    Papadopoulos, Proedrou, Vovk & Gammerman 2002; Lei, G'Sell, Rinaldo, Tibshirani & Wasserman
    2018.

    Args:
        estimator: any regressor of one target; a `FrozenEstimator` is not trained again.
        coverage: c; `predict_interval` takes others too.
        scale: "constant", scores |y − ŷ|; "std", |y − ŷ|/σ with σ from the estimator's
            `predict_std(X)` or `predict(X, return_std=True)`, for noise that differs by row; that
            of the regressor at the end of a pipeline, in a search, frozen or behind a transformed
            target.
        calibration_fraction: share of the rows that calibrate and do not train.
        random_state: of the split.

    Attributes:
        estimator_: the fitted regressor. scores_: (m,) of the calibration rows.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        coverage: float = 0.9,
        scale: Literal["constant", "std"] = "constant",
        calibration_fraction: float = 0.25,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.coverage = coverage
        self.scale = scale
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def _models(self) -> dict[str, Any]:
        return {"estimator_": self.estimator}

    def _scores(self, X: Any, y: npt.NDArray[Any]) -> FloatArray:
        center, scale = self._center_and_scale(X)
        return np.asarray(np.abs(y - center) / scale)

    def predict(self, X: Any) -> FloatArray:
        """(n,) the estimator's own predictions."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(X))

    def predict_interval(
        self, X: Any, coverage: float | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """(n,) lower and (n,) upper ends, in units of y.

        Infinite where fewer than c/(1 − c) rows calibrated: no finite interval covers then.

        Args:
            coverage: c; None: the estimator's.
        """
        threshold = self._threshold(coverage)
        center, scale = self._center_and_scale(X)
        return center - threshold * scale, center + threshold * scale

    def _center_and_scale(self, X: Any) -> tuple[FloatArray, Any]:
        if self.scale == "constant":
            return one_column(self.estimator_.predict(X)), 1.0
        if self.scale != "std":
            raise refuse(
                "scale", repr(self.scale), 'use "constant" or "std"', code="argument.choice"
            )
        center, std = (one_column(each) for each in mean_and_std(self.estimator_, X))
        if (std <= 0).any():
            remedy = 'use "constant": the estimator predicts a deviation of 0'
            raise refuse("scale", '"std"', remedy, code="argument.range")
        return center, std


class ConformalizedQuantileRegressor(RegressorMixin, SplitConformal):  # type: ignore[misc]
    """Intervals between two estimated quantiles, moved until they cover (CQR).

    Romano, Patterson & Candès 2019: scores max(lower − y, y − upper). As wide as the quantiles are
    apart, so that they follow noise that differs by row.

    Args:
        lower: estimator of the lower quantile; with `upper=None` of both, as two columns (n, 2),
            such as `DropoutMLPRegressor(loss=Quantiles([0.05, 0.95]))`.
        upper: estimator of the upper quantile. `FrozenEstimator`s are not trained again.
        coverage: c; best with quantiles (1 − c)/2 and (1 + c)/2.
        calibration_fraction: share of the rows that calibrate and do not train.
        random_state: of the split.

    Attributes:
        lower_, upper_: the fitted estimators. scores_: (m,) of the calibration rows.
    """

    def __init__(
        self,
        lower: Any,
        upper: Any = None,
        *,
        coverage: float = 0.9,
        calibration_fraction: float = 0.25,
        random_state: Any = None,
    ) -> None:
        self.lower = lower
        self.upper = upper
        self.coverage = coverage
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def _models(self) -> dict[str, Any]:
        if self.upper is None:
            return {"lower_": self.lower}
        return {"lower_": self.lower, "upper_": self.upper}

    def _scores(self, X: Any, y: npt.NDArray[Any]) -> FloatArray:
        low, high = self._quantiles(X)
        return np.asarray(np.maximum(low - y, y - high))

    def predict(self, X: Any) -> FloatArray:
        """(n,) the middle between the two quantiles."""
        check_is_fitted(self)
        low, high = self._quantiles(X)
        return np.asarray(0.5 * (low + high))

    def predict_interval(
        self, X: Any, coverage: float | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """(n,) lower and (n,) upper ends, in units of y.

        Ends that cross, as they may where the quantiles were too far apart, meet in the middle.
        Infinite where fewer than c/(1 − c) rows calibrated.

        Args:
            coverage: c; None: the estimator's.
        """
        threshold = self._threshold(coverage)
        low, high = self._quantiles(X)
        reach = np.maximum(threshold, -0.5 * (high - low))
        return low - reach, high + reach

    def _quantiles(self, X: Any) -> tuple[FloatArray, FloatArray]:
        if self.upper is not None:
            both = np.column_stack(
                [one_column(model.predict(X)) for model in (self.lower_, self.upper_)]
            )
        else:
            both = np.asarray(self.lower_.predict(X), dtype=np.float64)
            if both.ndim != 2 or both.shape[1] != 2:
                remedy = "give upper too, or an estimator that predicts two columns (n, 2)"
                raise refuse("lower", f"predicts {describe(both)}", remedy, code="argument.shape")
            _refuse_missing(both, "lower")
        return both.min(axis=1), both.max(axis=1)


def one_column(predictions: npt.ArrayLike) -> FloatArray:
    """(n,) predictions of one target."""
    array = np.asarray(predictions, dtype=np.float64)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim != 1:
        remedy = "give an estimator of one target"
        raise refuse("estimator", f"predicts {describe(array)}", remedy, code="argument.shape")
    _refuse_missing(array, "estimator")
    return array


def _refuse_missing(predictions: FloatArray, argument: str) -> None:
    """No interval around what is no number says anything."""
    missing = np.flatnonzero(~np.isfinite(predictions.reshape(len(predictions), -1)).all(axis=1))
    if len(missing):
        remedy = "give an estimator whose predictions are finite"
        value = f"predicts {predictions[missing[0]]} for row {missing[0]}"
        raise refuse(argument, value, remedy, code="argument.not_finite", index=int(missing[0]))
