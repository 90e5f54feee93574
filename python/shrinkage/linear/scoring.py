"""scikit-learn's scorers on held-out rows: what they see of a fit, and how rows are weighed."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import get_scorer
from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags
from sklearn.utils.metaestimators import available_if

from .._classes import by_class, decision_of, labels_of
from .._validation import FloatArray, refuse
from ..losses import Loss
from ._problem import Problem
from .folds import Folds

Scorer = Callable[..., float]


class Fitted:
    """η as a function of rows, with the face of a fitted estimator."""

    def __init__(
        self, loss: Loss, classes: npt.NDArray[Any] | None, eta: Callable[[Any], FloatArray]
    ) -> None:
        self._loss, self._classes, self.eta = loss, classes, eta
        self._estimator_type = "regressor" if classes is None else "classifier"
        if classes is not None:
            self.classes_ = classes

    def __sklearn_tags__(self) -> Any:
        classifies = self._classes is not None
        return Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=self._loss.multiclass)
            if classifies
            else None,
            regressor_tags=None if classifies else RegressorTags(),
            input_tags=InputTags(sparse=True),
        )

    def fit(self, X: Any, y: Any) -> Fitted:  # noqa: ARG002 - what scikit-learn looks for
        """Already fitted."""
        return self

    def decision_function(self, X: Any) -> FloatArray:
        return decision_of(self.eta(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        eta = self.eta(X)
        return self._loss.mean(eta) if self._classes is None else labels_of(eta, self._classes)

    @available_if(lambda self: self._loss.probabilistic)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> FloatArray:
        return by_class(self._loss.mean, self.eta(X))


@dataclass(frozen=True)
class HeldOut:
    """The rows of one fold that a scorer sees: those of positive weight.

    Attributes:
        rows: their numbers.
        y: their targets or labels, as the caller gave them.
        keywords: their weights, for the scorer; nothing where all weigh the same.
    """

    rows: npt.NDArray[np.int64]
    y: npt.NDArray[Any]
    keywords: dict[str, Any]


Measure = Callable[[Fitted, Any, HeldOut], float]


def hold_out(problem: Problem, folds: Folds) -> list[HeldOut]:
    """What is held out of each fold. Rows that all weigh the same need no weights."""
    held = []
    for _, test in folds:
        rows = test[problem.weights[test] > 0]
        w = problem.weights[rows]
        y = problem.y[rows]
        if problem.classes is not None:
            y = problem.classes[problem.class_index[rows]]
        even = bool((w == w[0]).all())
        held.append(HeldOut(rows, y, {} if even else {"sample_weight": w}))
    return held


def resolve_scorer(score: str | Scorer) -> Scorer:
    """The scorer of this name, or the function itself."""
    if callable(score):
        return score
    try:
        scorer: Scorer = get_scorer(score)
    except (ValueError, TypeError) as error:
        remedy = "use a name of sklearn.metrics.get_scorer_names() or a scorer (model, X, y)"
        raise refuse("score", repr(score), remedy, code="argument.score") from error
    return scorer


def name_of(score: str | Scorer) -> str:
    """The name by which a score is told."""
    return score if isinstance(score, str) else getattr(score, "__name__", "score")


def check_scorer(scorer: Scorer, name: str, problem: Problem, held: list[HeldOut]) -> None:
    """Refuses what cannot score these folds, before anything is fitted.

    scikit-learn's scorers are tried on each fold with made-up predictions: where even those have no
    score, as AUC of one class or R² of one row, the rows are the reason.
    """
    if any(fold.keywords for fold in held) and not _takes_weights(scorer):
        remedy = (
            "it takes no sample_weight, by which held-out rows are weighed: give it that argument, "
            "or use another score"
        )
        raise refuse("score", repr(name), remedy, code="argument.score")
    if not hasattr(scorer, "_score_func"):
        return  # a plain function may count on a fit
    for f, fold in enumerate(held):
        reason = _why_not(scorer, name, problem, fold)
        if reason is not None:
            remedy = f"score={name!r} is not defined on what it holds out: {reason}"
            rows = f"<{len(fold.rows)} held-out rows>"
            raise refuse(f"cv[{f}]", rows, remedy, code="argument.score", index=f, reason=reason)


def _why_not(scorer: Scorer, name: str, problem: Problem, fold: HeldOut) -> str | None:
    """Why made-up predictions for these rows have no score; None where they have one."""
    model = Fitted(problem.loss, problem.classes, _made_up(problem, fold.rows))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            value = float(scorer(model, fold.rows, fold.y, **fold.keywords))
        except AttributeError as error:
            if problem.loss.probabilistic or "predict_proba" not in str(error):
                raise
            has = f'loss="{problem.loss.name}" has no predict_proba'
            raise AttributeError(f"score={name!r} cannot be used; {has}") from error
        except ValueError as error:
            return str(error)
    if not np.isnan(value):
        return None
    return str(said[0].message) if said else "it is not a number"


def _takes_weights(scorer: Scorer) -> bool:
    try:
        parameters = inspect.signature(getattr(scorer, "_score_func", scorer)).parameters
    except (TypeError, ValueError):
        return True  # it tells nothing about itself
    return "sample_weight" in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values()
    )


def _made_up(problem: Problem, rows: npt.NDArray[np.int64]) -> Callable[[Any], FloatArray]:
    """η that differ from row to row; means lie halfway between other rows' targets and theirs."""
    if problem.classes is not None:
        shape = (len(rows), *([] if problem.outputs is None else [problem.outputs]))
        eta = np.sin(1.0 + np.arange(np.prod(shape))).reshape(shape)
    else:
        eta = 0.5 * (problem.y[rows][::-1] + problem.y.mean(axis=0))
        if problem.loss.targets != "real":  # the link is a logarithm
            eta = np.log(np.where(eta > 0, eta, 1.0))
    return lambda _: eta


def by_scorer(scorer: Scorer) -> Measure:
    """The scorer, which gets weights where they matter."""

    def measure(model: Fitted, X: Any, fold: HeldOut) -> float:
        return float(scorer(model, X, fold.y, **fold.keywords))

    return measure


def by_loss(problem: Problem) -> Measure:
    """What the loss itself measures, as the native kernel does."""

    def measure(model: Fitted, X: Any, fold: HeldOut) -> float:
        from .. import core

        y, weights = problem.y[fold.rows], problem.weights[fold.rows]
        value = core.loss_value(problem.loss, y, model.eta(X), weights)
        level = np.average(problem.loss.saturated(y), weights=weights)
        return float(problem.loss.to_score(value, level))

    return measure
