"""Sets of classes around any classifier that predicts probabilities."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ..._validation import FloatArray, refuse, require_finite
from .._inputs import as_places
from .split import SplitConformal

TEXT = "OUST"  # kinds of arrays


class SplitConformalClassifier(ClassifierMixin, SplitConformal):  # type: ignore[misc]
    """Sets of classes that hold the true one with a wanted probability.

    Args:
        estimator: any classifier with `predict_proba`; a `FrozenEstimator` is not trained again.
        conformity_score: "lac", 1 − p of the class: the smallest sets on average (Sadinle, Lei &
            Wasserman 2019), empty where no class is likely enough; "aps", the probability of all
            classes that are likelier, and a share of its own (Romano, Sesia & Candès 2020): larger
            sets, whose coverage differs less between easy and hard rows.
        randomize: of "aps": a random share of the class's own probability, for which coverage is
            exact; False: all of it, for larger sets that are the same each time.
        coverage: c; `predict_set` takes others too.
        calibration_fraction: share of the rows that calibrate and do not train.
        random_state: of the split and of the random shares.

    Attributes:
        estimator_: the fitted classifier. scores_: (m,) of the calibration rows.
        classes_: labels in sorted order, those the estimator knows and those that calibrated.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        conformity_score: Literal["lac", "aps"] = "lac",
        randomize: bool = True,
        coverage: float = 0.9,
        calibration_fraction: float = 0.25,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.conformity_score = conformity_score
        self.randomize = randomize
        self.coverage = coverage
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def _models(self) -> dict[str, Any]:
        return {"estimator_": self.estimator}

    def _as_target(self, y: Any) -> npt.NDArray[Any]:
        if self.conformity_score not in ("lac", "aps"):
            remedy = 'use "lac" or "aps"'
            value = repr(self.conformity_score)
            raise refuse("conformity_score", value, remedy, code="argument.choice")
        target = super()._as_target(y)
        check_classification_targets(target)
        return target

    def _scores(self, X: Any, y: npt.NDArray[Any]) -> FloatArray:
        # Chance alone keeps a rare class out of the calibration rows: new rows may be of it.
        known = self._known()
        if (known.dtype.kind in TEXT) != (y.dtype.kind in TEXT):
            names = ", ".join(map(repr, known[:5].tolist()))
            remedy = f"give labels as those the estimator was fitted to: {names}"
            raise refuse("y[0]", repr(y.tolist()[0]), remedy, code="argument.choice")
        self.classes_: npt.NDArray[Any] = np.union1d(known, y)
        places = as_places(y, len(self.classes_), self.classes_)
        scores = self._all_scores(self.predict_proba(X), stream=0)
        return np.asarray(scores[np.arange(len(places)), places])

    def _known(self) -> npt.NDArray[Any]:
        """Labels the estimator predicts probabilities of."""
        if not hasattr(self.estimator_, "predict_proba"):
            remedy = "give a classifier with predict_proba, or put CalibratedClassifierCV around it"
            name = type(self.estimator_).__name__
            raise refuse("estimator", name, remedy, code="argument.type")
        return np.asarray(self.estimator_.classes_)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """(n,) the estimator's own labels."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(X))

    def predict_proba(self, X: Any) -> FloatArray:
        """(n, K) the estimator's own probabilities, 0 for a class that it never saw."""
        check_is_fitted(self, "estimator_")
        proba = np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)
        require_finite(proba, "probabilities")
        columns = np.zeros((len(proba), len(self.classes_)))
        columns[:, np.searchsorted(self.classes_, self.estimator_.classes_)] = proba
        return columns

    def predict_set(self, X: Any, coverage: float | None = None) -> npt.NDArray[np.bool_]:
        """(n, K) which classes are in the set of each row, in the order of `classes_`.

        All are where fewer than c/(1 − c) rows calibrated.

        Args:
            coverage: c; None: the estimator's.
        """
        threshold = self._threshold(coverage)
        return self._all_scores(self.predict_proba(X), stream=1) <= threshold

    def _all_scores(self, proba: FloatArray, stream: int) -> FloatArray:
        """(n, K) nonconformity of every class."""
        if self.conformity_score == "lac":
            return np.asarray(1.0 - proba)
        order = np.argsort(-proba, axis=1, kind="stable")
        ordered = np.take_along_axis(proba, order, axis=1)
        before = np.cumsum(ordered, axis=1) - ordered
        share: Any = 1.0
        if self.randomize:
            share = np.random.default_rng([self._seed, stream]).random((len(proba), 1))
        scores = np.empty_like(proba)
        np.put_along_axis(scores, order, before + share * ordered, axis=1)
        return scores
