"""Effective degrees of freedom of L1 and L2 fits, the intercept not counted.

L1: the number of nonzero coefficients, an unbiased estimate (Zou, Hastie & Tibshirani 2007, Ann.
Statist. 35(5), Theorem 1). L2: the trace of the matrix that maps y to the fitted values (Hastie,
Tibshirani & Friedman, *The Elements of Statistical Learning*, eq. 3.50); for a curved loss the same
trace with every row weighted by the loss's curvature at the fit (ibid., section 4.4 and 7.6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from shrinkage import core
from shrinkage._validation import as_sound
from shrinkage.losses import Loss

Array = NDArray[np.float64]


def penalized_columns(
    X: Any, centers: Array, scales: Array, *, fit_intercept: bool = True
) -> Array:
    """Columns in the scale in which they are penalized, (n, p) dense; centred with an intercept."""
    X = as_sound(X).toarray() if sparse.issparse(X) else X
    return np.asarray((X - centers) / scales if fit_intercept else X / scales, dtype=np.float64)


def scaled_columns(X: Any, centers: Array, scales: Array) -> Any:
    """Columns for degrees of freedom, (n, p): dense as penalized, sparse scaled and not centred.

    What follows centres sparse columns where it forms their products, so that they stay sparse.
    """
    if sparse.issparse(X):
        return sparse.csr_array(X) @ sparse.diags_array(1.0 / scales)
    return penalized_columns(X, centers, scales)


def nonzero_count(coefs: Array) -> NDArray[np.int64]:
    """Degrees of freedom of L1 fits: nonzero coefficients of each column of `coefs` (p, L)."""
    return np.asarray(np.count_nonzero(coefs, axis=0), dtype=np.int64)


def gram_eigenvalues(columns: Any, row_weight: Array | None = None) -> Array:
    """Eigenvalues of (1/n) Zᵀ diag(row_weight) Z, through the smaller of the two Gram matrices.

    Args:
        columns: (n, p), as penalized, or sparse (see `scaled_columns`).
        row_weight: (n,) non-negative; one if omitted. With weights, or sparse, the columns are
            centred about their weighted mean, which is what profiling out the intercept amounts to.

    Returns:
        (min(n, p),) non-negative, in increasing order.
    """
    n, p = columns.shape
    if sparse.issparse(columns):
        weight = np.ones(n) if row_weight is None else row_weight
        if weight.sum() <= 0.0:
            return np.zeros(min(n, p))
        product = _sparse_tall(columns, weight) if p <= n else _wide(columns @ columns.T, weight)
        return np.asarray(np.maximum(np.linalg.eigvalsh(product), 0.0))
    if row_weight is not None:
        total = float(row_weight.sum())
        if total <= 0.0:
            return np.zeros(min(columns.shape))
        mean = row_weight @ columns / total
        columns = np.sqrt(row_weight)[:, None] * (columns - mean)
    small = columns.T @ columns if p <= n else columns @ columns.T
    return np.asarray(np.maximum(np.linalg.eigvalsh(small / n), 0.0))


def _sparse_tall(columns: Any, row_weight: Array) -> Array:
    """(1/n) Zᵀ diag(row_weight) Z of sparse columns centred about their weighted mean, (p, p)."""
    total = float(row_weight.sum())
    mean = row_weight @ columns / total
    gram = (columns.T @ columns.multiply(row_weight[:, None]).tocsr()).toarray()
    return np.asarray((gram - total * np.outer(mean, mean)) / columns.shape[0])


def _wide(products: Any, row_weight: Array) -> Array:
    """(1/n) R Z Zᵀ R of centred columns from their products Z Zᵀ, (n, n); R² = diag(row_weight)."""
    K = products.toarray() if sparse.issparse(products) else products
    total, n = float(row_weight.sum()), row_weight.size
    mean = K @ row_weight / total
    centred = K - mean[:, None] - mean[None, :] + row_weight @ mean / total
    root = np.sqrt(row_weight)
    return np.asarray(root[:, None] * centred * root[None, :] / n)


def ridge_df(eigenvalues: Array, lambdas: Any) -> Array:
    """Degrees of freedom of L2 fits, Σ e/(e + λ), for each λ.

    Args:
        eigenvalues: of the Gram matrix (1/n) ZᵀWZ of the penalized columns.
        lambdas: canonical λ, scalar or (L,); λ = 0 counts the positive eigenvalues.
    """
    lam = np.atleast_1d(np.asarray(lambdas, dtype=np.float64))
    e = np.asarray(eigenvalues, dtype=np.float64)
    e = e[e > e.max(initial=0.0) * np.finfo(float).eps * max(e.size, 1)]
    return np.asarray((e[:, None] / (e[:, None] + lam[None, :])).sum(axis=0))


def lambda_for_df(
    eigenvalues: Array, target: float, *, lowest: float, highest: float
) -> tuple[float, bool]:
    """The λ in [lowest, highest] whose L2 fit has `target` degrees of freedom.

    Returns:
        (λ, attained): when the target lies outside of what the range allows, the nearer end and
        False.
    """

    def excess(log_lam: float) -> float:
        return float(ridge_df(eigenvalues, np.exp(log_lam))[0]) - target

    if excess(np.log(lowest)) <= 0.0:
        return lowest, excess(np.log(lowest)) == 0.0
    if excess(np.log(highest)) >= 0.0:
        return highest, excess(np.log(highest)) == 0.0
    root = brentq(excess, np.log(lowest), np.log(highest), xtol=1e-13, rtol=1e-14)
    return float(np.exp(root)), True


def curvatures(loss: Loss, y: Array, linear_predictor: Array) -> Array:
    """Second derivative by η of every observation's loss, (n,)."""
    return core.loss_terms(loss, y, linear_predictor)[2]


class WeightedDegreesOfFreedom:
    """Curvature-weighted degrees of freedom of L2 fits with a curved loss on one set of columns.

    With more columns than rows the (n, n) inner products are formed once, so that each fit costs
    n³ instead of n²p.

    Args:
        columns: (n, p), as penalized, or sparse (see `scaled_columns`).
    """

    def __init__(self, columns: Any) -> None:
        n, p = columns.shape
        self._columns = columns
        products: Any = columns @ columns.T if p > n else None
        self._products = products.toarray() if sparse.issparse(products) else products

    def __call__(self, row_weight: Array, lam: float) -> float:
        """Degrees of freedom of the fit with these curvatures (n,) at the λ it was fitted at."""
        if self._products is None or float(row_weight.sum()) <= 0.0:
            e = gram_eigenvalues(self._columns, row_weight)
        else:
            e = np.asarray(np.linalg.eigvalsh(_wide(self._products, row_weight)), dtype=np.float64)
        return float(ridge_df(np.maximum(e, 0.0), lam)[0])


def cost_of_one(n: int, p: int) -> float:
    """Floating-point operations that the degrees of freedom of one dense L2 fit take, roughly."""
    q = min(n, p)
    return float(2 * n * q**2 + 10 * q**3)


def cost_for(X: Any) -> float:
    """The same for a table (n, p), of whose sparse columns only what is stored is multiplied."""
    n, p = X.shape
    if not sparse.issparse(X):
        return cost_of_one(n, p)
    stored = np.bincount(sparse.coo_array(X).coords[0 if p <= n else 1]).astype(np.float64)
    # A sparse product takes some ten times as long an operation as a dense one.
    return float(20.0 * (stored**2).sum() + 10.0 * min(n, p) ** 3)


def weighted_ridge_dfs(
    path: Any, X: Any, y: Array, loss: Loss, columns: Any, *, budget: float = 5e11
) -> Array:
    """Curvature-weighted degrees of freedom at every λ of an L2 path with a curved loss, (L,).

    Above `budget` floating-point operations in all, as many λ as it affords (at least 25) are
    computed and monotone cubic interpolation in log λ gives the others.

    Args:
        path: result of `fit_path` with an intercept.
        X: (n, p) rows it was fitted on.
        y: (n,) their targets, classes coded as the loss does.
        loss: the loss of the path.
        columns: (n, p) the rows as they are penalized, or sparse (see `scaled_columns`).
        budget: about 5 s on one core.
    """
    trace = WeightedDegreesOfFreedom(columns)
    count = path.lambdas.size
    afforded = max(25, int(budget / cost_for(columns)))
    which = np.unique(np.linspace(0, count - 1, min(count, afforded)).astype(int))
    known = np.array(
        [
            trace(
                curvatures(loss, y, X @ path.coefs[:, i] + path.intercepts[i]),
                float(path.lambdas[i]),
            )
            for i in which
        ]
    )
    if which.size == count:
        return known
    smooth = PchipInterpolator(-np.log(path.lambdas[which]), known)
    return np.asarray(smooth(-np.log(path.lambdas)))


def interpolate_log_lambda(log_lambdas: Array, dfs: Array, targets: Array) -> Array:
    """Where degrees of freedom known at some λ would reach `targets`; a guess to be fitted.

    Args:
        log_lambdas: (m,) decreasing.
        dfs: (m,) at those λ.
        targets: (t,).

    Returns:
        log λ (t,), clipped to the range.
    """
    return np.interp(targets, np.maximum.accumulate(dfs), log_lambdas)
