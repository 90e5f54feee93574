"""Proper scores and intervals: of each row, and their means with confidence intervals.

Scores are losses: the less, the better; the truth is expected to score best.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray, as_array, describe, refuse
from ._inputs import as_columns, as_level, as_places, as_values, same_rows
from .distributions import Predictive
from .estimate import RESAMPLES, Estimate, mean_estimate, share_estimate


class HasDensity(Protocol):
    """A predictive distribution with a density."""

    def log_density(self, y: npt.ArrayLike) -> FloatArray:
        """Log-likelihood of each row."""


def log_scores(
    y: npt.ArrayLike, probabilities: npt.ArrayLike, *, classes: npt.ArrayLike | None = None
) -> FloatArray:
    """(n,) −log p of the true class, in nats; infinite where it was held impossible.

    Args:
        y: (n,) labels.
        probabilities: (n, K), or (n,) those of the second of two classes.
        classes: (K,) label of each column; None: the sorted labels of y.
    """
    columns = as_columns(probabilities)
    places = as_places(y, columns.shape[1], classes)
    same_rows(len(places), probabilities=columns)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(columns[np.arange(len(places)), places]))


def brier_scores(
    y: npt.ArrayLike, probabilities: npt.ArrayLike, *, classes: npt.ArrayLike | None = None
) -> FloatArray:
    """(n,) squared distances between probabilities and what happened; arguments as `log_scores`.

    Σ_k (p_k − [y = k])² with (n, K) probabilities (Brier 1950), from 0 to 2; (p − [y])² with (n,),
    half of the former for two classes, as scikit-learn's `brier_score_loss` has it.
    """
    columns = as_columns(probabilities)
    places = as_places(y, columns.shape[1], classes)
    same_rows(len(places), probabilities=columns)
    happened = places[:, None] == np.arange(columns.shape[1])
    squares = (columns - happened) ** 2
    return np.asarray(squares[:, 1] if np.ndim(probabilities) == 1 else squares.sum(axis=1))


def interval_scores(
    y: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, coverage: float = 0.9
) -> FloatArray:
    """Width plus 2/α times the distance by which y lies outside, α = 1 − coverage, in units of y.

    Proper for the central interval (Winkler 1972; Gneiting & Raftery 2007, eq. 43).
    """
    low, high, rows = _ordered(y, lower, upper)
    outside = np.maximum(low - rows, 0.0) + np.maximum(rows - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - as_level(coverage, "coverage")) * outside)


def negative_log_likelihood(
    y: npt.ArrayLike,
    prediction: npt.ArrayLike | HasDensity,
    *,
    classes: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean negative log-likelihood in nats, with its bootstrap interval.

    Args:
        y: (n,) labels, or targets.
        prediction: probabilities as in `log_scores`, or a distribution such as `Normal`.
        level, n_resamples, random_state: of the interval, as in `mean_estimate`.
    """
    if isinstance(prediction, Predictive) or hasattr(prediction, "log_density"):
        if not hasattr(prediction, "log_density"):
            remedy = "give Normal or NormalMixture: samples have no density"
            raise refuse("prediction", type(prediction).__name__, remedy, code="argument.type")
        scores = -prediction.log_density(y)
    else:
        scores = log_scores(y, prediction, classes=classes)
    if np.isinf(scores).any():
        name = "none: a class that happened had probability 0"
        return Estimate(np.inf, np.nan, np.inf, as_level(level), name)
    return _mean(scores, level, n_resamples, random_state)


def brier(
    y: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    classes: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean of `brier_scores` with its bootstrap interval; arguments as in both."""
    scores = brier_scores(y, probabilities, classes=classes)
    return _mean(scores, level, n_resamples, random_state)


def crps(
    y: npt.ArrayLike,
    distribution: Predictive,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean continuous ranked probability score with its bootstrap interval, in units of y.

    Args:
        y: (n,) or (n, K) targets.
        distribution: `Normal`, `NormalMixture` or `Samples`.
        level, n_resamples, random_state: of the interval, as in `mean_estimate`.
    """
    return _mean(distribution.crps(y), level, n_resamples, random_state)


def interval_coverage(
    y: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, *, level: float = 0.95
) -> Estimate:
    """Share of y within its interval, ends included, with the exact interval of Clopper & Pearson.

    Infinite ends are allowed.
    """
    low, high, rows = _ordered(y, lower, upper)
    return share_estimate((low <= rows) & (rows <= high), level=level)


def set_coverage(
    y: npt.ArrayLike,
    sets: npt.ArrayLike,
    *,
    classes: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Share of labels that are in their set, with the exact interval of Clopper & Pearson.

    Args:
        y: (n,) labels.
        sets: (n, K) booleans, as `SplitConformalClassifier.predict_set` gives them; the mean size
            is ``mean_estimate(sets.sum(axis=1))``.
        classes: (K,) label of each column; None: the sorted labels of y.
    """
    held = as_array(sets, "sets")
    if held.ndim != 2 or held.dtype != bool:
        raise refuse("sets", describe(held), "give (n, K) booleans", code="argument.shape")
    places = as_places(y, held.shape[1], classes)
    same_rows(len(places), sets=held)
    return share_estimate(held[np.arange(len(places)), places], level=level)


def interval_width(
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean width of intervals with its bootstrap interval, in units of y; ∞ if one is infinite."""
    ends = as_array(lower, "lower")
    low, high, _ = _ordered(np.zeros(ends.shape), ends, upper)
    return _mean(np.asarray(high - low), level, n_resamples, random_state)


def winkler(
    y: npt.ArrayLike,
    lower: npt.ArrayLike,
    upper: npt.ArrayLike,
    coverage: float = 0.9,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Estimate:
    """Mean of `interval_scores` with its bootstrap interval; arguments as in both."""
    scores = interval_scores(y, lower, upper, coverage)
    return _mean(scores, level, n_resamples, random_state)


def _mean(scores: FloatArray, level: float, n_resamples: int, random_state: int) -> Estimate:
    """A row of several targets counts as one: its scores are averaged."""
    rows = scores.reshape(len(scores), -1).mean(axis=1)
    if np.isposinf(rows).any():
        return Estimate(np.inf, np.nan, np.inf, as_level(level), "none: a row's score is infinite")
    return mean_estimate(rows, level=level, n_resamples=n_resamples, random_state=random_state)


def _ordered(
    y: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(lower, upper, y) of one shape, no lower end above its upper end."""
    rows = as_values(y, "y")
    ends = {"lower": np.asarray(lower, dtype=float), "upper": np.asarray(upper, dtype=float)}
    for argument, end in ends.items():
        if end.shape != rows.shape or np.isnan(end).any():
            remedy = f"give numbers of the shape of y, {rows.shape}; infinite ones are allowed"
            raise refuse(argument, f"<array of shape {end.shape}>", remedy, code="argument.shape")
    crossed = ends["lower"] > ends["upper"]
    if crossed.any():
        index = tuple(int(i) for i in np.argwhere(crossed)[0])
        where = f"lower[{', '.join(map(str, index))}]"
        remedy = f"give an upper end of at least that, not {ends['upper'][index]:g}"
        value = float(ends["lower"][index])
        raise refuse(where, value, remedy, code="argument.range", index=index)
    return ends["lower"], ends["upper"], rows
