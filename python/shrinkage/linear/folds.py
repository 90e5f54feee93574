"""The folds of a cross-validation: made from whatever names them, and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from .._validation import as_array, as_integer, describe, refuse
from ._problem import Problem

Rows = npt.NDArray[np.int64]
Folds = list[tuple[Rows, Rows]]


def make_folds(cv: Any, problem: Problem, y: npt.NDArray[Any], groups: Any = None) -> Folds:
    """(train, test) indices of every fold; `cv` and `groups` as in `fit_path_cv`."""
    n = problem.X.shape[0]
    if n < 2:
        raise refuse(
            "X", f"<{n} sample>", "give at least two, to hold some out", code="argument.cv"
        )
    belongs = None if groups is None else _as_labels(groups, n, "groups")
    everything = np.arange(n)
    pairs: Iterable[tuple[Any, Any]]
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        splitter = _splitter(as_integer(cv, "cv", minimum=2, maximum=n), problem, belongs)
        pairs = splitter.split(problem.X, problem.y, belongs)
    elif hasattr(cv, "split") and not isinstance(cv, (str, bytes)):
        pairs = _split(cv, problem, y, belongs)
    elif belongs is not None:
        remedy = "drop them, or give cv a number of folds or a splitter: these folds are made"
        raise refuse("groups", describe(belongs), remedy, code="argument.cv")
    elif _holds_labels(cv):
        labels = _as_labels(cv, n, "cv")
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


def _splitter(count: int, problem: Problem, groups: npt.NDArray[Any] | None) -> Any:
    """Stratified for classes, and such that no group is split."""
    if groups is not None:
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise refuse("groups", "<one group>", "give at least two groups", code="argument.cv")
        count = min(count, n_groups)
    if problem.classes is None:
        shuffled = KFold(count, shuffle=True, random_state=0)
        return shuffled if groups is None else GroupKFold(count)
    rarest = int(np.bincount(problem.class_index).min())
    if rarest < 2:
        value, remedy = "a class with one member", "give each class at least two members"
        n_classes = len(problem.classes)
        raise refuse("y", value, remedy, code="argument.classes", n_classes=n_classes)
    count = min(count, rarest)
    if groups is not None:
        return StratifiedGroupKFold(count)
    return StratifiedKFold(count, shuffle=True, random_state=0)


def _split(
    splitter: Any, problem: Problem, y: npt.NDArray[Any], groups: npt.NDArray[Any] | None
) -> list[tuple[Any, Any]]:
    """What a splitter of scikit-learn's kind gives; its refusal is passed on with its words."""
    try:
        if groups is None:
            return list(splitter.split(problem.X, y))
        return list(splitter.split(problem.X, y, groups))
    except (TypeError, ValueError, IndexError) as error:
        remedy = f"it says: {error}"
        if groups is None and "groups" in str(error):
            remedy = f"give groups, one label per row ({remedy})"
        raise refuse(
            "cv", f"{splitter!r:.80}", remedy, code="argument.cv", reason=str(error)
        ) from error


def _holds_labels(cv: Any) -> bool:
    """Whether it is a list or an array with one thing an entry, not a pair."""
    if isinstance(cv, (list, tuple)):
        pairs = (
            isinstance(entry, Iterable) and not isinstance(entry, (str, bytes)) for entry in cv
        )
        return len(cv) > 0 and not any(pairs)
    return getattr(cv, "ndim", 0) == 1


def _as_labels(value: Any, n: int, argument: str) -> npt.NDArray[Any]:
    """(n,) labels of one type, none missing."""
    labels = as_array(value, argument)
    if labels.shape != (n,):
        remedy = f"give one label per row of X, {n} in all"
        raise refuse(argument, describe(labels), remedy, code="argument.cv")
    missing = [i for i, label in enumerate(labels.tolist()) if _is_missing(label)]
    if missing:
        where, remedy = f"{argument}[{missing[0]}]", "give every row a label"
        raise refuse(where, "<missing>", remedy, code="argument.cv", index=missing[0])
    try:
        np.unique(labels)
    except TypeError as error:
        remedy = "give labels of one type"
        raise refuse(argument, describe(labels), remedy, code="argument.cv") from error
    return labels


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except TypeError:  # pandas.NA
        return True


def _check_folds(folds: Folds, problem: Problem) -> None:
    value = f"{len(folds)} folds"
    if len(folds) < 2 or any(not len(test) for _, test in folds):
        remedy = "give at least two folds whose test sets are not empty"
        raise refuse("cv", value, remedy, code="argument.cv")
    for f, (train, test) in enumerate(folds):
        if _repeats(np.concatenate([train, test])):
            remedy = "give sets without repeated rows, training sets without rows of their test set"
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


def _repeats(rows: Rows) -> bool:
    """Whether a row number stands there twice."""
    return bool((np.bincount(rows) > 1).any())


def disjoint_runs(folds: Folds) -> list[slice]:
    """Consecutive folds whose test sets do not overlap, so that a row has one fold in each run."""
    runs, start, seen = [], 0, set[int]()
    for f, (_, test) in enumerate(folds):
        rows = set(test.tolist())
        if seen & rows:
            runs.append(slice(start, f))
            start, seen = f, set()
        seen |= rows
    return [*runs, slice(start, len(folds))]
