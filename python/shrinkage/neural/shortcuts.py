"""Robust features or shortcuts: a column that agrees with the target in training alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone, is_classifier
from sklearn.utils.multiclass import type_of_target

from .._validation import FloatArray, as_array, as_floats, as_integer, as_number, describe, refuse
from ..uncertainty import Estimate, crossed_mean_estimate
from .base import DropoutMLP
from .paths import fit_many
from .robustness import as_design, as_pair, row_errors
from .seeds import resolve_seed

TASKS = ("classification", "regression")


@dataclass(frozen=True, eq=False)
class PlantedShortcut:
    """Inputs with one more column, the last.

    Attributes:
        train: (n, p + 1), to train on.
        intact: (m, p + 1) test inputs whose column agrees with the target as it does in training.
        scrambled: the same, the column permuted over rows: it keeps its distribution and says
            nothing of the target.
    """

    train: FloatArray
    intact: FloatArray
    scrambled: FloatArray


def plant_shortcut(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    test: tuple[Any, Any],
    agreement: float = 0.95,
    task: str = "classification",
    random_state: Any = 0,
) -> PlantedShortcut:
    """Adds a column that agrees with the target in training and is scrambled at test.

    A model that leans on it has learned a shortcut: a rule that holds on data like those of
    training and fails on others (Geirhos et al. 2020). Of classes the column is the number of a
    row's class with probability `agreement`, else that of another class, each as likely; numbers
    are moved and scaled so that equally frequent classes have mean 0 and variance 1. In regression
    it is ρz + √(1 − ρ²)ε with ρ = `agreement`, ε ~ N(0, 1) and z the target in standard deviations
    of y from the mean of y: its correlation with the target is ρ.

    Args:
        X, y: (n, p) and (n,), to train on. test: (X, y) of m rows to measure on.
        agreement: in [0, 1]; a share of classes, a correlation in regression.
        task: "classification" or "regression".

    Raises:
        InvalidArgument: shapes do not fit, a test label is not in y, or y does not vary.
    """
    if task not in TASKS:
        remedy = "use " + " or ".join(f'"{name}"' for name in TASKS)
        raise refuse("task", repr(task), remedy, code="argument.choice")
    agreement = as_number(agreement, "agreement", minimum=0.0, maximum=1.0)
    design, target = _rows(X, y, "X", "y")
    held, held_target = _rows(*as_pair(test), "test[0]", "test[1]")
    if held.shape[1] != design.shape[1]:
        remedy = f"give the {design.shape[1]} columns of X"
        raise refuse("test[0]", describe(held), remedy, code="argument.shape")
    # A stream of our own: data are often drawn by default_rng(0) too.
    rng = np.random.default_rng([0x5C07, resolve_seed(random_state)])
    plant = _class_codes if task == "classification" else _correlated
    column, held_column = plant(target, held_target, agreement, rng)
    return PlantedShortcut(
        np.column_stack([design, column]),
        np.column_stack([held, held_column]),
        np.column_stack([held, rng.permutation(held_column)]),
    )


@dataclass(frozen=True, eq=False)
class ShortcutRow:
    """One model that was trained with the shortcut.

    Errors are shares of wrong classes, or mean squared errors; intervals hold for new fits and new
    rows (`crossed_mean_estimate`).

    Attributes:
        model: its name.
        intact, scrambled: error on test rows whose column agrees with the target, or is permuted.
        harm: scrambled − intact, paired.
        change: of the scrambled error, this model's less the first model's, paired; None for the
            first. Below 0 it leans less on the shortcut.
        intact_scores, scrambled_scores: (R, n) errors of rows, one line a repeat.
    """

    model: str
    intact: Estimate
    scrambled: Estimate
    harm: Estimate
    change: Estimate | None
    intact_scores: FloatArray
    scrambled_scores: FloatArray


@dataclass(frozen=True)
class ShortcutStudy:
    """`rows`, one a model; the first is what others are compared with."""

    rows: tuple[ShortcutRow, ...]

    def to_frame(self) -> Any:
        """A pandas data frame, one row a model; intervals as columns `_low` and `_high`."""
        import pandas as pd

        table = []
        for row in self.rows:
            line: dict[str, Any] = {"model": row.model}
            for name in ("intact", "scrambled", "harm", "change"):
                estimate = getattr(row, name)
                line |= {} if estimate is None else estimate.to_columns(name)
            table.append(line)
        return pd.DataFrame(table)


def shortcut_study(
    models: Mapping[str, Any],
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    test: tuple[Any, Any],
    agreement: float = 0.95,
    n_repeats: int = 5,
    random_state: Any = 0,
    n_threads: int | None = None,
) -> ShortcutStudy:
    """Trains each model with a planted column, and measures it where the column is scrambled.

    With ``{"plain": net(dropout=0.0), "dropout": net(dropout=0.5)}`` it asks whether dropout keeps
    units from relying on what may be absent (Srivastava et al. 2014). Every repeat plants the
    column anew and has a seed of its own, the same for all models.

    Args:
        models: a name for each estimator of scikit-learn's kind, all classifiers or all
            regressors, left as they are. Others are compared with the first.
        X, y, test, agreement: as in `plant_shortcut`.
        n_repeats: R, at least 2.
        random_state: seed of the first repeat, 0 to 2³¹; others follow it.
        n_threads: of `fit_many`, which trains our networks.

    Raises:
        InvalidArgument: there is no model, classifiers stand beside regressors, or as
            `plant_shortcut`.
    """
    if not models:
        raise refuse("models", "{}", "give at least one estimator", code="argument.empty")
    kinds = {is_classifier(model) for model in models.values()}
    if len(kinds) > 1:
        remedy = "give classifiers alone, or regressors alone"
        raise refuse("models", list(models), remedy, code="argument.choice")
    task = TASKS[0] if kinds.pop() else TASKS[1]
    n_repeats = as_integer(n_repeats, "n_repeats", minimum=2, maximum=10**6)
    first = resolve_seed(random_state)
    repeats = []
    for seed in range(first, first + n_repeats):
        planted = plant_shortcut(X, y, test=test, agreement=agreement, task=task, random_state=seed)
        fitted = _fitted(list(models.values()), planted.train, y, seed, n_threads)
        inputs = (planted.intact, planted.scrambled)
        repeats.append([[row_errors(each, rows, test[1]) for rows in inputs] for each in fitted])
    scores = np.array(repeats)  # repeat, model, intact or scrambled, row
    baseline = scores[:, 0, 1]
    rows = [
        _row(name, scores[:, place, 0], scores[:, place, 1], baseline if place else None)
        for place, name in enumerate(models)
    ]
    return ShortcutStudy(tuple(rows))


def _row(
    name: str, intact: FloatArray, scrambled: FloatArray, baseline: FloatArray | None
) -> ShortcutRow:
    return ShortcutRow(
        name,
        crossed_mean_estimate(intact),
        crossed_mean_estimate(scrambled),
        crossed_mean_estimate(scrambled - intact),
        None if baseline is None else crossed_mean_estimate(scrambled - baseline),
        intact,
        scrambled,
    )


def _fitted(models: list[Any], X: FloatArray, y: Any, seed: int, threads: int | None) -> list[Any]:
    """Clones with this seed wherever they take one, fitted."""
    clones = [clone(model) for model in models]
    for model in clones:
        names = [
            name
            for name in model.get_params()
            if name == "random_state" or name.endswith("__random_state")
        ]
        model.set_params(**dict.fromkeys(names, seed))
    fit_many([model for model in clones if isinstance(model, DropoutMLP)], X, y, n_threads=threads)
    for model in clones:
        if not isinstance(model, DropoutMLP):
            model.fit(X, y)
    return clones


def _rows(X: Any, y: Any, of_X: str, of_y: str) -> tuple[FloatArray, npt.NDArray[Any]]:
    """Inputs and one target for each row of them."""
    design, target = as_design(X, of_X), as_array(y, of_y)
    if target.shape != design.shape[:1]:
        remedy = f"give one target for each of the {len(design)} rows of {of_X}"
        raise refuse(of_y, describe(target), remedy, code="argument.shape")
    return design, target


def _class_codes(
    y: npt.NDArray[Any], held: npt.NDArray[Any], agreement: float, rng: np.random.Generator
) -> list[FloatArray]:
    if type_of_target(y) not in ("binary", "multiclass"):
        remedy = 'give labels of classes, or use task="regression"'
        raise refuse("y", describe(y), remedy, code="argument.type")
    classes = np.unique(y)
    count = len(classes)
    if count < 2:
        remedy = "give rows of at least two classes"
        raise refuse("y", f"{classes.tolist()} alone", remedy, code="argument.choice")
    unknown = np.flatnonzero(~np.isin(held, classes))
    if len(unknown):
        index = int(unknown[0])
        remedy = "give test rows of the classes in y"
        where = f"test[1][{index}]"
        raise refuse(where, repr(held[index]), remedy, code="argument.choice", index=index)
    columns = []
    for labels in (y, held):
        places = np.searchsorted(classes, labels)
        others = rng.integers(1, count, len(labels)) * (rng.random(len(labels)) >= agreement)
        codes = (places + others) % count
        columns.append((codes - (count - 1) / 2) / np.sqrt((count**2 - 1) / 12))
    return columns


def _correlated(
    y: npt.NDArray[Any], held: npt.NDArray[Any], correlation: float, rng: np.random.Generator
) -> list[FloatArray]:
    target, held = as_floats(y, "y", ndim=1), as_floats(held, "test[1]", ndim=1)
    scale = target.std()
    if not scale > 0:
        raise refuse("y", float(target[0]), "give targets that vary", code="argument.range")
    noise = np.sqrt(1.0 - correlation**2)
    return [
        correlation * (numbers - target.mean()) / scale + noise * rng.standard_normal(len(numbers))
        for numbers in (target, held)
    ]
