"""Dropout on the inputs of a linear model is, nearly, an adaptive ridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from .._validation import FloatArray, as_array, as_floats, as_number, describe, refuse
from .robustness import as_design

LOSSES = ("squared", "logistic")
GRADIENT = 1e-8  # largest entry of the gradient at a minimum, per row


@dataclass(frozen=True, eq=False)
class AdaptiveRidge:
    """A linear model whose ridge stands for dropout on its inputs.

    Attributes:
        intercept, coef: (p,) that minimize mean loss + ½ Σ_j factors_j β_j².
        factors: (p,) rate/(1 − rate) · mean of A''(η_i) x_ij² at the minimum: of the squared loss
            A'' = 1, of the logistic loss π(1 − π), so that rows of which it is sure count less.
        rate, loss: as given.
    """

    intercept: float
    coef: FloatArray
    factors: FloatArray
    rate: float
    loss: str


def adaptive_ridge(
    X: npt.ArrayLike, y: npt.ArrayLike, rate: float, loss: str = "squared"
) -> AdaptiveRidge:
    """What `DropoutMLPRegressor((), input_dropout=rate)` or its classifier comes near to.

    Dropout adds R(β) = mean of E[A(x̃_i'β)] − A(x_i'β) to the mean loss, A the log-partition.
    Its second-order part is ½ rate/(1 − rate) Σ_j β_j² mean of A''(η_i) x_ij² (Wager, Wang & Liang
    2013, eq. 11). Of the squared loss that is all of it and the solution a closed form, that of
    ridge with the diagonal of X'X (Srivastava et al. 2014, section 9.1). Of the logistic loss it
    is an approximation, whose minimum BFGS finds.

    Args:
        X: (n, p). y: (n,) numbers, or 0 and 1 with the logistic loss.
        rate: of dropping an input, at least 0 and below 1.
        loss: "squared" or "logistic".

    Raises:
        InvalidArgument: shapes do not fit, or y are not two classes.
    """
    if loss not in LOSSES:
        remedy = "use " + " or ".join(f'"{name}"' for name in LOSSES)
        raise refuse("loss", repr(loss), remedy, code="argument.choice", choices=LOSSES)
    rate = as_number(rate, "rate", minimum=0.0, maximum=1.0, open_maximum=True)
    design, target = as_design(X, "X"), as_floats(as_array(y, "y"), "y", ndim=1)
    if len(target) != len(design):
        remedy = f"give one target for each of the {len(design)} rows of X"
        raise refuse("y", describe(target), remedy, code="argument.shape")
    odds = rate / (1.0 - rate)
    if loss == "squared":
        beta = _ridge(design, target, odds)
        curvature = np.ones(len(target))
    else:
        if not np.isin(target, (0.0, 1.0)).all() or len(np.unique(target)) < 2:
            raise refuse("y", describe(target), "give 0 and 1, both", code="argument.choice")
        beta = minimum(lambda b: quadratic_objective(design, target, odds, b), design.shape[1])
        curvature = _variance(beta[0] + design @ beta[1:])
    factors = odds * (design**2).T @ curvature / len(target)
    return AdaptiveRidge(float(beta[0]), beta[1:], factors, rate, loss)


def quadratic_objective(
    X: FloatArray, y: FloatArray, odds: float, beta: FloatArray
) -> tuple[float, FloatArray]:
    """Mean logistic loss plus the second-order part of what dropout adds, and its gradient.

    β has the intercept first; odds are rate/(1 − rate).
    """
    eta = beta[0] + X @ beta[1:]
    slope = special.expit(eta) - y
    value = float(np.mean(np.logaddexp(0.0, eta) - y * eta))
    gradient = np.append(slope.mean(), X.T @ slope / len(y))
    variance = _variance(eta)
    squares = X**2 @ beta[1:] ** 2
    factor = 0.5 * odds / len(y)
    through = variance * (1.0 - 2.0 * special.expit(eta)) * squares
    added = np.append(through.sum(), X.T @ through + 2.0 * beta[1:] * (X.T**2 @ variance))
    return value + factor * float(variance @ squares), gradient + factor * added


def minimum(objective: Any, columns: int) -> FloatArray:
    """(1 + p,) by BFGS, from 0."""
    start = np.zeros(1 + columns)
    options = {"gtol": GRADIENT}
    return np.asarray(
        optimize.minimize(objective, start, jac=True, method="BFGS", options=options).x
    )


def _ridge(X: FloatArray, y: FloatArray, odds: float) -> FloatArray:
    """(1 + p,): the intercept is not penalized; least norm where that leaves a choice."""
    augmented = np.column_stack([np.ones(len(y)), X])
    gram = augmented.T @ augmented
    gram[1:, 1:] += odds * np.diag((X**2).sum(axis=0))
    return np.asarray(np.linalg.lstsq(gram, augmented.T @ y, rcond=None)[0])


def _variance(eta: FloatArray) -> FloatArray:
    pi = special.expit(eta)
    return np.asarray(pi * (1.0 - pi))
