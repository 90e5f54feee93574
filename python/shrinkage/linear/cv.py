"""Cross-validation of a path: `fit_path_cv` and its result."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import UndefinedMetricWarning

from .._runtime import Callback, Interrupted, Progress, resolve_threads, run_native
from .._validation import FloatArray, refuse
from ..core import _native
from ..errors import Cancelled
from ._problem import Problem, make_problem
from .folds import Folds, disjoint_runs, make_folds
from .path import Grid, fit_problem, warn_if_unfinished
from .request import PathRequest
from .result import Path
from .scoring import (
    Fitted,
    HeldOut,
    Measure,
    Scorer,
    by_loss,
    by_scorer,
    check_scorer,
    hold_out,
    name_of,
    resolve_scorer,
)

Rule = Literal["min", "1se"]


@dataclass(frozen=True, eq=False)
class PathCV:
    """A path on all data and its scores on held-out folds; K folds, L values of λ.

    Attributes:
        path: the fits to all data.
        fold_scores: (K, L).
        mean: (L,) over folds, weighted by their Σw.
        std_error: (L,) sqrt(ΣW_f (s_f − mean)² / ΣW_f / (K − 1)), W_f the weight of fold f. Where a
            row is held out by several folds, as in repetitions, K counts all of them; their scores
            depend on one another, so that it then errs on the small side.
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
    def notes(self) -> tuple[str, ...]:
        """What a reader of the choice should know, a sentence each; those of the path too.

        The best λ at the end of a grid need not be the best: the scores may go on improving.
        """
        last = float(self.path.lambdas[-1])
        if len(self.path.lambdas) < 2 or self.lambda_min != last or last == 0:
            return self.path.notes
        return (
            f"lambda_min = {last:.6g} is the last of the grid, and smaller ones may score better; "
            "give a smaller lambda_min_ratio, or lambdas that go further",
            *self.path.notes,
        )

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
    groups: npt.ArrayLike | None = None,
    **path_arguments: Any,
) -> PathCV:
    """Fits a path to all data, and to all but each fold on the same λ, and scores the latter.

    Args:
        cv: number of folds (shuffled with a fixed seed, stratified for classes), a scikit-learn
            splitter, repeated ones and shuffled ones too, an iterable of (train, test) indices, or
            (n,) fold labels.
        score: None for what the loss measures, per unit of weight: the mean squared error
            ("mse", loss="squared"; summed over several targets); the mean deviance, twice the
            log-likelihood short of the saturated model's ("deviance", logistic, multinomial,
            poisson, gamma); else the mean loss ("loss").
            Or a scikit-learn scorer, which keeps its sign and sees means and labels, or a function
            (model, X, y, sample_weight=None). Rows of weight 0 are left out, others come with
            their weights unless all of a fold are equal.
        rule: "min" chooses the best mean, "1se" the largest λ within one standard error of it.
        groups: (n,) labels of what must not be split, for `cv`: a splitter gets them; a number of
            folds, at most that of the groups, then stands for GroupKFold, for classes for
            StratifiedGroupKFold.
        path_arguments: the keywords of `fit_path`, whose errors and warnings apply too; time_limit
            counts for the path on all data.

    Raises:
        InvalidArgument: an argument cannot be used, a fold cannot be scored, as AUC of one class or
            R² of one row, or `score` takes no weights and they differ.

    Warns:
        UndefinedMetricWarning: a score is not finite. A fold that has no finite score is left out
            of `mean` and `std_error`; a λ at which another fold has none is not chosen.
    """
    request = PathRequest.of(X, y, path_arguments, caller="fit_path_cv")
    return cross_validate(request, cv=cv, score=score, rule=rule, groups=groups)


def cross_validate(
    request: PathRequest,
    *,
    cv: Any = 10,
    score: str | Scorer | None = None,
    rule: Rule = "min",
    groups: npt.ArrayLike | None = None,
) -> PathCV:
    """`fit_path_cv` of a request, with its errors and warnings."""
    if rule not in ("min", "1se"):
        raise refuse("rule", repr(rule), 'use "min" or "1se"', code="argument.rule")
    problem = make_problem(request)
    grid = Grid.of(request, problem)
    folds = make_folds(cv, problem, np.asarray(request.y), groups)
    held = hold_out(problem, folds)
    if score is not None:
        scorer = resolve_scorer(score)
        check_scorer(scorer, name_of(score), problem, held)
    callback, n_threads = request.callback, request.n_threads
    total = grid.size * (len(folds) + 1)
    watch = _shifted(callback, 0, total)
    path = fit_problem(
        problem,
        grid,
        warm_start=request.warm_start,
        time_limit=request.time_limit,
        n_threads=n_threads,
        callback=watch,
    )
    _go_on(watch, path)
    if not len(path.lambdas):
        remedy = "raise it: no λ was fitted in time"
        raise refuse("time_limit", request.time_limit, remedy, code="argument.range")
    later = _shifted(callback, len(path.lambdas), total)
    if score is None:
        fold_scores = _own_scores(problem, path, held, folds, n_threads, later)
        level = np.average(path.loss.saturated(problem.y), weights=problem.weights)
        train: FloatArray | None = path.loss.to_score(path.losses, level)
        name: str = path.loss.score
    else:
        measure, name, train = by_scorer(scorer), name_of(score), None
        fold_scores = _measure(problem, path, held, folds, measure, n_threads, later)
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
    lower_is_better = train is not None
    sign = 1.0 if lower_is_better else -1.0
    used = _finite_folds(fold_scores, path, name)
    scores = np.where(np.isfinite(fold_scores), fold_scores, np.nan)[used]
    weights = np.array([problem.weights[test].sum() for _, test in folds])[used]
    mean = np.average(scores, axis=0, weights=weights)
    spread = np.average((scores - mean) ** 2, axis=0, weights=weights)
    std_error = np.sqrt(spread / (len(weights) - 1))
    best = int(np.nanargmin(sign * mean))
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


def _finite_folds(scores: FloatArray, path: Path, name: str) -> npt.NDArray[np.int64]:
    """The folds that have a finite score, and a warning where another is not."""
    finite = np.isfinite(scores)
    used, lost = finite.any(axis=1), ~finite.any(axis=1)
    chosen_from = finite[used].all(axis=0)
    if used.sum() < 2 or not chosen_from.any():
        f, i = (int(k) for k in np.argwhere(~finite)[0])
        value = f"<{scores[f, i]} in fold {f} at λ={path.lambdas[i]:g}>"
        remedy = f"no λ has a finite {name} in two folds: use a score that these folds define"
        error = refuse("score", value, remedy, code="argument.score", index=f)
        raise _carry(error, path)
    said = []
    if lost.any():
        folds = ", ".join(map(str, np.flatnonzero(lost)))
        said.append(f"at any λ in fold {folds}, which the mean and its error leave out")
    if not chosen_from.all():
        folds = ", ".join(map(str, np.flatnonzero(used & ~finite.all(axis=1))))
        missed = f"{(~chosen_from).sum()} of {len(path.lambdas)} λ"
        said.append(f"at {missed} in fold {folds}: these λ are not chosen")
    if said:
        text = f"the score {name} is not finite {'; it is not '.join(said)}"
        warnings.warn(text, UndefinedMetricWarning, stacklevel=5)
    return np.flatnonzero(used)


def _own_scores(
    problem: Problem,
    path: Path,
    held: list[HeldOut],
    folds: Folds,
    n_threads: int | None,
    callback: Callback | None,
) -> FloatArray:
    """By the native kernel, unless a fold leaves rows out of both its sides."""
    n, L = problem.X.shape[0], len(path.lambdas)
    if any(len(train) + len(test) != n for train, test in folds):
        return _measure(problem, path, held, folds, by_loss(problem), n_threads, callback)
    parts = []
    for run in disjoint_runs(folds):
        watch = _shifted(callback, run.start * L, len(folds) * L)
        parts.append(_kernel_scores(problem, path, folds[run], n_threads, watch))
        _go_on(watch if run.stop < len(folds) else None, path)
    return np.concatenate(parts)


def _kernel_scores(
    problem: Problem, path: Path, folds: Folds, n_threads: int | None, callback: Callback | None
) -> FloatArray:
    """Folds whose test sets are disjoint share the work among threads; what is held out gets weight
    zero."""
    labels = np.full(problem.X.shape[0], -1, dtype=np.int64)
    for f, (_, test) in enumerate(folds):
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


def _carry(error: Any, path: Path) -> Any:
    """What was finished, the path on all data, travels on the error."""
    error.path = path
    return error


def _measure(
    problem: Problem,
    path: Path,
    held: list[HeldOut],
    folds: Folds,
    measure: Measure,
    n_threads: int | None,
    callback: Callback | None,
) -> FloatArray:
    """One path per fold, measured λ by λ."""
    scores = np.empty((len(folds), len(path.lambdas)))
    grid = Grid(tuple(path.lambdas.tolist()))
    table = problem.X.tocsr() if sparse.issparse(problem.X) else problem.X
    for f, (train, _) in enumerate(folds):
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
        offset = None if problem.offset is None else problem.offset[held[f].rows]
        X = table[held[f].rows]
        for i, lam in enumerate(path.lambdas):
            model = Fitted(path.loss, path.classes, _eta_at(fitted, i, offset))
            try:
                scores[f, i] = measure(model, X, held[f])
            except Exception as error:
                error.add_note(f"raised by the score of fold {f} at λ={lam:g}")
                raise
    return scores


def _eta_at(path: Path, index: int, offset: FloatArray | None) -> Callable[[Any], FloatArray]:
    coef, intercept = path.coef_at(index), path.intercepts[..., index]

    def eta(X: Any) -> FloatArray:
        linear = X @ coef + intercept
        return np.asarray(linear if offset is None else linear + offset)

    return eta


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
