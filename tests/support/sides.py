"""Hand-made sides of a comparison, so that a rule can be tried at its boundary without a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from shrinkage.linear.certificate import Certificate
from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.facts import summary_facts
from shrinkage.linear.paired import Difference
from shrinkage.linear.sides import PenaltySide
from shrinkage.losses import resolve_loss

TIED = Difference(0.0, 1.0)


def side(
    penalty: str,
    cv: list[float],
    *,
    spread: float | list[float] = 1.0,
    i_min: int | None = None,
    i_1se: int = 1,
    grid: list[int] | None = None,
    coefs: Any = None,
    small: int = 0,
    test: list[float] | None = None,
    test_spread: float = 0.5,
) -> PenaltySide:
    """A path over `len(cv)` λ: 100, 10, 1, ...; without `coefs` it keeps two features of three."""
    count = len(cv)
    zeros = np.zeros(count)
    kept = np.tile([[1.0], [-2.0], [0.0]], count) if coefs is None else np.asarray(coefs)
    lambdas = 10.0 ** (2 - np.arange(count))
    return PenaltySide(
        penalty=penalty,
        lambdas=lambdas,
        textbook=10.0 * lambdas,
        grid=np.arange(count) if grid is None else np.array(grid),
        coefs=kept,
        intercepts=zeros,
        scales=np.ones(len(kept)),
        n_zero=(kept == 0.0).sum(axis=0),
        n_small=np.full(count, small),
        norm_share=zeros,
        df=zeros,
        train_error=zeros,
        cv_mean=np.array(cv),
        cv_std_error=np.broadcast_to(np.array(spread), count).astype(float),
        test_error=None if test is None else np.array(test),
        test_std_error=None if test is None else np.full(count, test_spread),
        train_sum=zeros,
        deviance_ratio=zeros,
        certificates=(Certificate("gap", 0.0, 1e-12),) * count,
        regimes=np.array(["gram"] * count),
        i_min=int(np.argmin(cv)) if i_min is None else i_min,
        i_1se=i_1se,
        geometry=None,
    )


def compared(
    l1: PenaltySide,
    l2: PenaltySide,
    *,
    cv: Difference = TIED,
    test: Difference | None = None,
    n_rows: int = 100,
    n_test: int = 0,
    score: str = "mse",
) -> PenaltyComparison:
    """The two sides with the facts that they and the paired differences give."""
    return PenaltyComparison(
        loss=resolve_loss("squared"),
        l1=l1,
        l2=l2,
        links={},
        feature_names=tuple(f"x{j}" for j in range(len(l1.coefs))),
        top=np.arange(len(l1.coefs)),
        classes=None,
        facts=summary_facts(l1, l2, n_test, cv=cv, test=test),
        score=score,
        n_rows=n_rows,
        n_test=n_test,
        n_folds=10,
        seed=1,
        standardize=True,
        tol=1e-12,
        thinned=False,
        pair=None,
    )
