"""Which λ of L2 belongs to each λ of L1; see `shrinkage.linear.comparison` for the four links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shrinkage.conventions import textbook_lambda
from shrinkage.linear import degrees_of_freedom as df
from shrinkage.linear.path import fit_request
from shrinkage.linear.request import PathRequest
from shrinkage.losses import Loss

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Wanted = tuple[Array, NDArray[np.bool_]]

LINKS = ("df", "best", "1se", "textbook")
DF_TOLERANCE = 0.005
"""Degrees of freedom that differ by more, or by more than this share, are not called the same."""
DF_KNOTS = 25
"""Fits at which the curvature-weighted degrees of freedom are computed first."""
DF_MISS = 1e-4
"""Degrees of freedom that differ by no more, or by this share, are looked for no longer."""
DF_FITS = 150
"""Fits of which they are computed until every position of the control is matched, roughly."""


@dataclass(frozen=True)
class Link:
    """Which λ of each side belongs to each position of the control.

    Attributes:
        name: one of `LINKS`.
        l1, l2: numbers into the sides' `lambdas`, (N,) each.
        clipped: positions at which L2 could not attain what the link asks, (N,).
        start: position to open at.
    """

    name: str
    l1: Indices
    l2: Indices
    clipped: NDArray[np.bool_]
    start: int


def wanted_lambdas(
    l1_cv: Any, l2_cv: Any, ridge: PathRequest, *, loss: Loss, columns: Any
) -> dict[str, Wanted]:
    """For each link the L2 λ at each position, clipped to L2's grid, and whether it is attained.

    Args:
        ridge: an L2 path of the training rows, classes coded as the loss does, for further fits.
        columns: (n, p) the rows as they are penalized or sparse (see `df.scaled_columns`), for
            "df"; None: there is no such link.
    """
    lam1, grid = l1_cv.path.lambdas, l2_cv.path.lambdas
    t_of_one = {
        p: textbook_lambda(1.0, loss=loss, penalty=p, weight_sum=np.size(ridge.y))
        for p in ("l1", "l2")
    }
    exact = {
        "best": lam1 * (l2_cv.lambda_min / l1_cv.lambda_min),
        "1se": lam1 * (l2_cv.lambda_1se / l1_cv.lambda_1se),
        "textbook": lam1 * (t_of_one["l1"] / t_of_one["l2"]),
    }
    wanted = {}
    if columns is not None:
        counts = df.nonzero_count(l1_cv.path.coefs)
        if loss.name == "squared":
            wanted["df"] = _match_squared(l2_cv.path, columns, counts)
        else:
            wanted["df"] = _match_curved(l2_cv.path, ridge, loss, columns, counts)
    slack = 1.0 + 1e-9
    for name, lam in exact.items():
        inside = (lam <= grid[0] * slack) & (lam >= grid[-1] / slack)
        wanted[name] = (np.clip(lam, grid[-1], grid[0]), inside)
    return wanted


def _match_squared(path: Any, columns: Any, counts: Indices) -> Wanted:
    e = df.gram_eigenvalues(columns)
    low, high = float(path.lambdas[-1]), float(path.lambdas[0])
    found = {}
    for count in np.unique(counts):
        lam, _ = df.lambda_for_df(e, float(count), lowest=low, highest=high)
        found[count] = (lam, _same_df(float(df.ridge_df(e, lam)[0]), count))
    return (
        np.array([found[c][0] for c in counts]),
        np.array([found[c][1] for c in counts], dtype=bool),
    )


def _match_curved(
    path: Any, ridge: PathRequest, loss: Loss, columns: Any, counts: Indices
) -> Wanted:
    """The hat matrix depends on the fit, so guess from fitted λ, fit the guess, and look again."""
    weighted = df.WeightedDegreesOfFreedom(columns)

    def traces(fit: Any, which: NDArray[Any]) -> Array:
        eta = ridge.X @ fit.coefs[:, which] + fit.intercepts[which]
        return np.array(
            [
                weighted(df.curvatures(loss, ridge.y, eta[:, i]), float(fit.lambdas[at]))
                for i, at in enumerate(which)
            ]
        )

    knots = np.unique(np.linspace(0, path.lambdas.size - 1, DF_KNOTS).astype(int))
    known = dict(zip(path.lambdas[knots], traces(path, knots), strict=True))
    targets = np.unique(counts).astype(np.float64)
    best, miss = np.empty(targets.size), np.full(targets.size, np.inf)
    for _ in range(3):
        missed = miss > DF_MISS * np.maximum(1.0, targets)
        if not missed.any():
            break
        lams = np.array(sorted(known, reverse=True))
        reached = np.array([known[v] for v in lams])
        guess = df.interpolate_log_lambda(np.log(lams), reached, targets[missed])
        tried = union_grid(np.exp(guess), [])
        fit = fit_request(replace(ridge, lambdas=tried))
        reached = traces(fit, np.arange(tried.size))
        known.update(zip(tried, reached, strict=True))
        for t, target in enumerate(targets):
            at = int(np.abs(reached - target).argmin())
            if abs(reached[at] - target) < miss[t]:
                best[t], miss[t] = tried[at], abs(reached[at] - target)
    at_count = np.searchsorted(targets, counts)
    return best[at_count], _same_df(targets + miss, targets)[at_count]


def _same_df(reached: Any, wanted: Any) -> Any:
    return np.abs(reached - wanted) <= DF_TOLERANCE * np.maximum(1.0, wanted)


def union_grid(grid: Array, more: Sequence[Array]) -> Array:
    """All λ, decreasing, those equal to 1e-10 of each other once."""
    every = np.unique(np.concatenate([grid, *more]))[::-1]
    keep = np.ones(every.size, dtype=bool)
    keep[1:] = every[1:] < every[:-1] * (1.0 - 1e-10)
    return np.asarray(every[keep])


def nearest(lambdas: Array, wanted: Array) -> Indices:
    """Numbers of the fitted λ that equal the wanted ones to rounding."""
    log = np.log(lambdas)
    return np.array([np.abs(log - v).argmin() for v in np.log(wanted)], dtype=np.int64)
