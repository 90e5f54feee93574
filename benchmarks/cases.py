"""The paths that are timed, and what is asked of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import designs
from .designs import Data
from .gaps import LOSSES

GAPS = (1e-4, 1e-6)


@dataclass(frozen=True)
class Case:
    """One path of L1 problems, (1/n) Σ ℓ + λ‖β‖₁, on a logarithmic grid from λmax.

    Attributes:
        loss: its name, which is also the key of the solvers that fit it.
        make: takes a divisor of the size (1: in full; real data ignores it) and returns X, dense in
            Fortran order or CSC, and y.
        ratio: smallest λ over λmax.
        targets: fastest peer's time over ours that is wanted, for each of GAPS.
        whole: whether the call is given raw columns, so that fitting an intercept and standardizing
            are part of what is timed; else there is no intercept and X is taken as it is.
        about: what X and y are.
    """

    name: str
    loss: str
    make: Callable[[int], Data]
    ratio: float
    n_lambdas: int
    targets: tuple[float, float]
    about: str
    whole: bool = False

    @property
    def solvers(self) -> str:
        return "whole" if self.whole else self.loss


@dataclass(frozen=True)
class Problem:
    """A case made: the arguments of its solvers, and the centred and scaled problem they solve.

    Attributes:
        scale: (p,) what turns the coefficients of X into those of `columns`.
    """

    loss: str
    X: Any
    y: Any
    lambdas: Any
    columns: Any
    target: Any
    scale: Any


def problem_of(case: Case, X: Any, y: Any, n_lambdas: int | None = None) -> Problem:
    columns, target, scale = X, y, np.ones(X.shape[1])
    if case.whole:
        scale = X.std(axis=0)
        columns, target = np.asfortranarray((X - X.mean(axis=0)) / scale), y - y.mean()
    largest = LOSSES[case.loss].largest_lambda(columns, target)
    lambdas = largest * np.logspace(0, np.log10(case.ratio), n_lambdas or case.n_lambdas)
    return Problem(case.loss, X, y, lambdas, columns, target, scale)


def _lasso(
    name: str,
    make: Callable[[int], Data],
    ratio: float,
    at_loose: float,
    at_tight: float,
    about: str,
) -> Case:
    return Case(f"lasso_{name}", "squared", make, ratio, 100, (at_loose, at_tight), about)


def _logistic(
    name: str,
    make: Callable[[int], Data],
    ratio: float,
    at_loose: float,
    at_tight: float,
    about: str,
) -> Case:
    return Case(f"logistic_{name}", "logistic", make, ratio, 50, (at_loose, at_tight), about)


CASES = {
    case.name: case
    for case in (
        _lasso(
            "wide",
            lambda q: designs.autoregressive(1000 // q, 10000 // q, 0.5, 100 // q, 3.0),
            1e-2,
            2,
            12,
            "autoregressive columns, correlation 0.5, 100 active, signal to noise 3",
        ),
        _lasso(
            "wide_corr",
            lambda q: designs.autoregressive(500 // q, 20000 // q, 0.95, 50 // q, 5.0),
            1e-2,
            4,
            20,
            "autoregressive columns, correlation 0.95, 50 active, signal to noise 5",
        ),
        _lasso(
            "square",
            lambda q: designs.autoregressive(4000 // q, 4000 // q, 0.5, 200 // q, 3.0),
            1e-2,
            1.5,
            3,
            "autoregressive columns, correlation 0.5, 200 active, signal to noise 3",
        ),
        _lasso(
            "riboflavin",
            lambda _: designs.expression("riboflavin"),
            1e-2,
            5,
            30,
            "gene expression against the riboflavin production rate",
        ),
        _lasso(
            "leukemia",
            lambda _: designs.expression("leukemia_golub"),
            1e-2,
            4,
            10,
            "raw gene expression against the type of leukemia as a number",
        ),
        _lasso(
            "basehock",
            lambda _: designs.newsgroups("basehock_20ng"),
            1e-2,
            1.5,
            5,
            "word counts, sparse, against the newsgroup as a number",
        ),
        _lasso(
            "text",
            lambda q: designs.text(20000 // q, 60000 // q, 70),
            1e-2,
            2,
            3,
            "simulated documents, sparse, 70 words each, 500 active, signal to noise 1",
        ),
        _lasso(
            "tall",
            lambda q: designs.autoregressive(100_000 // q, 200 // q, 0.5, 50 // q, 1.0),
            1e-3,
            1.6,
            1.6,
            "autoregressive columns, correlation 0.5, 50 active, signal to noise 1",
        ),
        _logistic(
            "leukemia",
            lambda _: designs.expression_classes("leukemia_golub"),
            1e-2,
            1.5,
            3,
            "raw gene expression, type of leukemia",
        ),
        _logistic(
            "basehock",
            lambda _: designs.newsgroups_classes("basehock_20ng"),
            1e-2,
            1.5,
            3,
            "word counts, sparse, newsgroup",
        ),
        _logistic(
            "wide",
            lambda q: designs.classes(1000 // q, 10000 // q, 50 // q),
            5e-2,
            1.5,
            3,
            "autoregressive columns, correlation 0.5, 50 active, η of standard deviation 2",
        ),
        _logistic(
            "text",
            lambda q: designs.text_classes(20000 // q, 60000 // q, 70),
            5e-2,
            1.5,
            3,
            "Lasso text, y above its median",
        ),
        _logistic(
            "tall",
            lambda q: designs.classes(100_000 // q, 200 // q, 30 // q),
            1e-3,
            5,
            8,
            "autoregressive columns, correlation 0.5, 30 active, η of standard deviation 2",
        ),
        Case(
            "poisson_tall",
            "poisson",
            lambda q: designs.counts(100_000 // q, 200 // q, 30 // q),
            1e-3,
            50,
            (5, 8),
            "autoregressive columns, correlation 0.5, 30 active, η of standard deviation 0.75, "
            "y ~ Poisson(exp η)",
        ),
        Case(
            "multinomial_srbct",
            "multinomial",
            lambda _: designs.tumours(),
            1e-2,
            100,
            (1.5, 3),
            "logarithms of gene expression, four types of tumour",
        ),
        Case(
            "tiny_diabetes",
            "squared",
            lambda _: designs.diabetes(),
            1e-3,
            100,
            (3, 3),
            "raw columns; intercept and standardization are part of the call",
            whole=True,
        ),
    )
}
