"""Cross-validation of a path: `fit_path_cv` and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.metaestimators import available_if

from .._classes import by_class, decision_of, labels_of
from .._runtime import Callback, Interrupted, Progress, resolve_threads, run_native
from .._validation import FloatArray, as_integer, refuse
from ..core import _native
from ..errors import Cancelled
from ._problem import Problem
from .path import fit_problem, keywords_of_fit_path, plan_path, warn_if_unfinished
from .result import Path

Rule = Literal["min", "1se"]
Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
Scorer = Callable[[Any, Any, Any], float]


@dataclass(frozen=True, eq=False)
class PathCV:
    """A path on all data and its scores on held-out folds; K folds, L values of λ.

    Attributes:
        path: the fits to all data.
        fold_scores: (K, L).
        mean: (L,) over folds, weighted by their Σw.
        std_error: (L,) sqrt(ΣW_f (s_f − mean)² / ΣW_f / (K − 1)), W_f the weight of fold f.
        lambda_min: λ of the best mean.
        lambda_1se: the largest λ whose mean is within one standard error of the best.
        best: index of the λ that `rule` chooses.
        folds: (train, test) indices.
        score: "mse", "deviance", "loss" (see `fit_path_cv`) or the scorer's name.
        lower_is_better: False for a scikit-learn scorer, which keeps its sign.
        train_scores: (L,) the same measure of `path` on all data; None with a scorer.
    """

    path: Path
    fold_scores: FloatArray
    mean: FloatArray
    std_error: FloatArray
    lambda_min: float
    lambda_1se: float
    best: int
    folds: Folds
    score: str
    lower_is_better: bool
    train_scores: FloatArray | None
    rule: Rule

    @property
    def index_min(self) -> int:
        """Index of `lambda_min`."""
        return int(np.flatnonzero(self.path.lambdas == self.lambda_min)[0])

    @property
    def index_1se(self) -> int:
        """Index of `lambda_1se`."""
        return int(np.flatnonzero(self.path.lambdas == self.lambda_1se)[0])


def fit_path_cv(
    X: Any,
    y: Any,
    *,
    cv: Any = 10,
    score: str | Scorer | None = None,
    rule: Rule = "min",
    **path_arguments: Any,
) -> PathCV:
    """Fits a path to all data, and to all but each fold on the same λ, and scores the latter.

    Args:
        cv: number of folds (shuffled with a fixed seed, stratified for classes), a scikit-learn
            splitter, an iterable of (train, test) indices whose test sets do not overlap, or fold
            labels (n,).
        score: None for what the loss measures, per unit of weight: the mean squared error
            ("mse", loss="squared"; summed over several targets); the mean deviance, twice the
            log-likelihood short of the saturated model's ("deviance", logistic, multinomial,
            poisson, gamma); else the mean loss ("loss").
            Or a scikit-learn scorer, which keeps its sign and sees means and labels.
        rule: "min" chooses the best mean, "1se" the largest λ within one standard error of it.
        path_arguments: the keywords of `fit_path`, whose errors and warnings apply too; time_limit
            counts for the path on all data.
    """
    if rule not in ("min", "1se"):
        raise refuse("rule", repr(rule), 'use "min" or "1se"', code="argument.rule")
    problem, grid, how = plan_path(X, y, keywords_of_fit_path(path_arguments, "fit_path_cv"))
    folds = make_folds(cv, problem, np.asarray(y))
    scorer = _resolve_scorer(score)
    callback, n_threads = how["callback"], how["n_threads"]
    total = (len(grid["lambdas"]) or grid["n_lambdas"]) * (len(folds) + 1)
    watch = _shifted(callback, 0, total)
    path = fit_problem(problem, grid, **{**how, "callback": watch})
    _go_on(watch, path)
    if not len(path.lambdas):
        remedy = "raise it: no λ was fitted in time"
        raise refuse("time_limit", how["time_limit"], remedy, code="argument.range")
    later = _shifted(callback, len(path.lambdas), total)
    if score is None:
        fold_scores = _kernel_scores(problem, path, folds, n_threads, later)
        level = np.average(path.loss.saturated(problem.y), weights=problem.weights)
        train: FloatArray | None = path.loss.to_score(path.losses, level)
        name: str = path.loss.score
    else:
        fold_scores = _scorer_scores(problem, path, folds, scorer, n_threads, later)
        train, name = None, score if isinstance(score, str) else getattr(score, "__name__", "score")
    warn_if_unfinished(path)
    return _summarize(problem, path, fold_scores, folds, rule, name, train)


def _summarize(
    problem: Problem,
    path: Path,
    fold_scores: FloatArray,
    folds: Folds,
    rule: Rule,
    name: str,
    train: FloatArray | None,
) -> PathCV:
    weights = np.array([problem.weights[test].sum() for _, test in folds])
    mean = np.average(fold_scores, axis=0, weights=weights)
    spread = np.average((fold_scores - mean) ** 2, axis=0, weights=weights)
    std_error = np.sqrt(spread / (len(folds) - 1))
    lower_is_better = train is not None
    sign = 1.0 if lower_is_better else -1.0
    best = int(np.argmin(sign * mean))
    limit = sign * mean[best] + std_error[best]
    within = int(np.flatnonzero(sign * mean <= limit)[0])
    return PathCV(
        path=path,
        fold_scores=fold_scores,
        mean=mean,
        std_error=std_error,
        lambda_min=float(path.lambdas[best]),
        lambda_1se=float(path.lambdas[within]),
        best=best if rule == "min" else within,
        folds=folds,
        score=name,
        lower_is_better=lower_is_better,
        train_scores=train,
        rule=rule,
    )


def make_folds(cv: Any, problem: Problem, y: npt.NDArray[Any]) -> Folds:
    """(train, test) indices of every fold; test sets are disjoint and not empty."""
    n = problem.X.shape[0]
    if n < 2:
        raise refuse(
            "X", f"<{n} sample>", "give at least two, to hold some out", code="argument.cv"
        )
    everything = np.arange(n)
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        count = as_integer(cv, "cv", minimum=2, maximum=n)
        if problem.classes is not None:
            rarest = int(np.bincount(problem.class_index).min())
            if rarest < 2:
                value, remedy = "a class with one member", "give each class at least two members"
                n_classes = len(problem.classes)
                raise refuse("y", value, remedy, code="argument.classes", n_classes=n_classes)
            count = min(count, rarest)
            splitter: Any = StratifiedKFold(count, shuffle=True, random_state=0)
        else:
            splitter = KFold(count, shuffle=True, random_state=0)
        pairs = splitter.split(problem.X, problem.y)
    elif hasattr(cv, "split") and not isinstance(cv, (str, bytes)):
        pairs = cv.split(problem.X, y)
    elif hasattr(cv, "ndim") and np.shape(cv) == (n,):
        labels = np.asarray(cv)
        pairs = ((everything[labels != f], everything[labels == f]) for f in np.unique(labels))
    else:
        pairs = cv
    try:
        # Boolean masks become indices.
        folds = [
            (everything[np.asarray(train)], everything[np.asarray(test)]) for train, test in pairs
        ]
    except (TypeError, ValueError, IndexError) as error:
        remedy = "give a number of folds, a splitter, (train, test) indices or one label per row"
        raise refuse("cv", f"{cv!r:.80}", remedy, code="argument.cv") from error
    _check_folds(folds, problem)
    return folds


def _check_folds(folds: Folds, problem: Problem) -> None:
    tests = np.concatenate([test for _, test in folds]) if folds else np.empty(0, int)
    value = f"{len(folds)} folds"
    if len(folds) < 2 or _repeats(tests) or any(not len(t) for _, t in folds):
        remedy = "give at least two folds whose test sets are disjoint and not empty"
        raise refuse("cv", value, remedy, code="argument.cv")
    for f, (train, test) in enumerate(folds):
        if _repeats(np.concatenate([train, test])):
            remedy = "give training sets without repeated rows and without rows of their test set"
            raise refuse(f"cv[{f}]", f"<{len(train)} rows>", remedy, code="argument.cv", index=f)
        present = train[problem.weights[train] > 0]
        if not (present.size and problem.weights[test].any()):
            remedy = "give every fold observations of positive weight on both sides"
            raise refuse(f"cv[{f}]", "<weight 0>", remedy, code="argument.cv", index=f)
        if not problem.has_null_model(present):
            remedy = "give every training set a count above 0"
            raise refuse(f"cv[{f}]", "<all counts 0>", remedy, code="argument.cv", index=f)
        if problem.classes is None:
            continue
        found, wanted = len(np.unique(problem.y[present])), len(problem.classes)
        if found < wanted:
            every = "both classes are" if wanted == 2 else "every class is"
            value = "<one class>" if found == 1 else f"<{found} of {wanted} classes>"
            remedy = f"stratify the folds, so that {every} in every training set"
            raise refuse(f"cv[{f}]", value, remedy, code="argument.cv", index=f)


def _repeats(rows: npt.NDArray[np.int64]) -> bool:
    """Whether a row number stands there twice."""
    return bool((np.bincount(rows) > 1).any())


def _kernel_scores(
    problem: Problem, path: Path, folds: Folds, n_threads: int | None, callback: Callback | None
) -> FloatArray:
    """The native kernel: held-out rows get weight zero, folds share the work among threads."""
    n = problem.X.shape[0]
    labels = np.full(n, -1, dtype=np.int64)
    for f, (train, test) in enumerate(folds):
        if len(train) + len(test) != n:
            return _scorer_scores(problem, path, folds, None, n_threads, callback)
        labels[test] = f
    threads = resolve_threads(n_threads)

    def call(control: _native.Control) -> FloatArray | None:
        try:
            return _native.cross_validate(
                **problem.native(),
                fold=labels,
                n_folds=len(folds),
                lambdas=path.lambdas.tolist(),
                n_threads=threads,
                control=control,
            )
        except Cancelled:
            return None

    try:
        scores = run_native(
            call,
            total=len(path.lambdas) * len(folds),
            flops=problem.flops(len(path.lambdas)) * len(folds),
            time_limit=None,
            callback=callback,
        )
    except Interrupted:
        raise _carry(KeyboardInterrupt(), path) from None
    if scores is None:
        raise _carry(Cancelled("cross-validation was stopped", code="fit.cancelled"), path)
    # The kernel gives 2(ℓ − saturated ℓ), and where ℓ is its own score it has no saturated part.
    return 0.5 * scores if problem.loss.score == "loss" else scores


def _resolve_scorer(score: str | Scorer | None) -> Scorer | None:
    if score is None or callable(score):
        return score
    try:
        scorer: Scorer = get_scorer(score)
    except (ValueError, TypeError) as error:
        remedy = "use a name of sklearn.metrics.get_scorer_names() or a scorer (model, X, y)"
        raise refuse("score", repr(score), remedy, code="argument.score") from error
    return scorer


def _carry(error: Any, path: Path) -> Any:
    """What was finished, the path on all data, travels on the error."""
    error.path = path
    return error


def _scorer_scores(
    problem: Problem,
    path: Path,
    folds: Folds,
    scorer: Scorer | None,
    n_threads: int | None,
    callback: Callback | None,
) -> FloatArray:
    """Any scorer, or folds that do not cover every row: one path per fold, scored in Python."""
    scores = np.empty((len(folds), len(path.lambdas)))
    grid = {"lambdas": path.lambdas.tolist(), "n_lambdas": 1, "lambda_min_ratio": 0.5}
    rows = problem.X.tocsr() if sparse.issparse(problem.X) else problem.X
    for f, (train, test) in enumerate(folds):
        weights = np.zeros_like(problem.weights)
        weights[train] = problem.weights[train]
        watch = _shifted(callback, f * len(path.lambdas), len(folds) * len(path.lambdas))
        try:
            fitted = fit_problem(
                replace(problem, weights=weights), grid, n_threads=n_threads, callback=watch
            )
        except (Cancelled, KeyboardInterrupt) as stop:
            raise _carry(stop, path) from None
        _go_on(watch if f + 1 < len(folds) else None, path)
        for i in range(len(path.lambdas)):
            model = _FittedAt(fitted, i, None if problem.offset is None else problem.offset[test])
            labels = problem.class_index[test]
            truth = problem.y[test] if problem.classes is None else problem.classes[labels]
            if scorer is None:
                scores[f, i] = model.own_score(rows[test], problem.y[test], problem.weights[test])
            else:
                scores[f, i] = float(scorer(model, rows[test], truth))
    return scores


class _FittedAt:
    """One λ of a path with the face of an estimator, for scikit-learn's scorers."""

    def __init__(self, path: Path, index: int, offset: FloatArray | None) -> None:
        self._path, self._index, self._offset = path, index, offset
        self._estimator_type = "regressor" if path.classes is None else "classifier"
        if path.classes is not None:
            self.classes_ = path.classes

    def __sklearn_tags__(self) -> Any:
        from .estimators import PenalizedClassifier, PenalizedRegressor

        face = PenalizedRegressor() if self._path.classes is None else PenalizedClassifier()
        return face.__sklearn_tags__()

    def fit(self, X: Any, y: Any) -> _FittedAt:  # noqa: ARG002 - what scikit-learn looks for
        """Already fitted."""
        return self

    def _eta(self, X: Any) -> FloatArray:
        eta = X @ self._path.coef_at(self._index) + self._path.intercepts[..., self._index]
        return np.asarray(eta if self._offset is None else eta + self._offset)

    def decision_function(self, X: Any) -> FloatArray:
        return decision_of(self._eta(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        eta = self._eta(X)
        if self._path.classes is None:
            return self._path.loss.mean(eta)
        return labels_of(eta, self._path.classes)

    @available_if(lambda self: self._path.loss.probabilistic)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> FloatArray:
        return by_class(self._path.loss.mean, self._eta(X))

    def own_score(self, X: Any, y: FloatArray, weights: FloatArray) -> float:
        from .. import core

        loss = self._path.loss
        value = core.loss_value(loss, y, self._eta(X), weights)
        return float(loss.to_score(value, np.average(loss.saturated(y), weights=weights)))


class _Shifted:
    """A callback that counts one part of a larger work, and knows whether it asked to stop."""

    def __init__(self, callback: Callback, done: int, total: int) -> None:
        self._callback, self._done, self._total = callback, done, total
        self.stopped = False

    def __call__(self, progress: Progress) -> bool:
        index = progress.index + self._done
        self.stopped = bool(self._callback(replace(progress, index=index, total=self._total)))
        return self.stopped


def _shifted(callback: Callback | None, done: int, total: int) -> _Shifted | None:
    if callback is None or not callable(callback):
        return callback  # what is no function is refused where it is used
    return _Shifted(callback, done, total)


def _go_on(watch: _Shifted | None, path: Path) -> None:
    """A stop asked for at the very end of a part ends the whole."""
    if watch is not None and watch.stopped:
        raise _carry(Cancelled("cross-validation was stopped", code="fit.cancelled"), path)
