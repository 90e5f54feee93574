"""Simulated and real X with their targets; seeds are fixed, so that all see the same numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit

BESIDE = Path(__file__).resolve().parents[2] / "shared"
REAL_DATA = Path(os.environ.get("SHRINKAGE_SHARED", BESIDE)) / "data"

Data = tuple[Any, Any]


def autoregressive(
    n: int, p: int, correlation: float, n_active: int, signal_to_noise: float, seed: int = 0
) -> Data:
    """Columns that each lean on the one before; X (n, p) centred and scaled, y likewise."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, p))
    X = np.empty((n, p))
    X[:, 0] = noise[:, 0]
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * noise[:, j]
    beta = np.zeros(p)
    beta[rng.choice(p, n_active, replace=False)] = rng.standard_normal(n_active)
    signal = X @ beta
    y = signal + rng.standard_normal(n) * signal.std() / np.sqrt(signal_to_noise)
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    y -= y.mean()
    return np.asfortranarray(X), y / y.std()


def linear_predictor(
    n: int, p: int, n_active: int, spread: float, correlation: float = 0.5, seed: int = 0
) -> tuple[Any, Any, np.random.Generator]:
    """An autoregressive X and an η of this standard deviation; the generator draws y from it."""
    X, _ = autoregressive(n, p, correlation, n_active, 3.0, seed)
    rng = np.random.default_rng(seed + 1)
    beta = np.zeros(p)
    beta[rng.choice(p, n_active, replace=False)] = rng.standard_normal(n_active)
    eta = X @ beta
    return X, eta * (spread / eta.std()), rng


def classes(n: int, p: int, n_active: int) -> Data:
    X, eta, rng = linear_predictor(n, p, n_active, 2.0)
    return X, (rng.random(n) < expit(eta)).astype(float)


def counts(n: int, p: int, n_active: int) -> Data:
    """y ~ Poisson(e^η), the standard deviation of η being 0.75: a mean of about 1.3."""
    X, eta, rng = linear_predictor(n, p, n_active, 0.75)
    return X, rng.poisson(np.exp(eta)).astype(float)


def text(n: int, p: int, words: int, seed: int = 0, n_active: int = 500) -> Data:
    """Documents as rows of unit norm over a vocabulary of Zipf's law; X is CSC.

    Columns with fewer than three entries are left out. The active words are among the first 3000.
    """
    X, rng = bag_of_words(n, p, words, seed)
    X = X[:, np.diff(X.indptr) >= 3]
    beta = np.zeros(X.shape[1])
    among = min(3000, X.shape[1])
    beta[rng.choice(among, n_active, replace=False)] = rng.standard_normal(n_active) * 3
    signal = X @ beta
    y = signal + rng.standard_normal(n) * signal.std()
    return with_int32(X), (y - y.mean()) / y.std()


def bag_of_words(n: int, p: int, words: int, seed: int) -> tuple[Any, np.random.Generator]:
    rng = np.random.default_rng(seed)
    popularity = 1 / (np.arange(p) + 10.0)
    popularity /= popularity.sum()
    per_row = rng.poisson(words, n) + 1
    indices = rng.choice(p, per_row.sum(), p=popularity)
    starts = np.r_[0, np.cumsum(per_row)]
    X = sparse.csr_matrix((rng.random(per_row.sum()) + 0.2, indices, starts), (n, p))
    X.sum_duplicates()
    norms = np.sqrt(X.multiply(X).sum(axis=1))
    return sparse.csr_matrix(X.multiply(1 / norms)).tocsc(), rng


def with_int32(X: Any) -> Any:
    """CSC with sorted 32-bit indices, which every peer takes without a copy."""
    X = sparse.csc_matrix(X)
    X.sort_indices()
    X.indices = X.indices.astype(np.int32)
    X.indptr = X.indptr.astype(np.int32)
    return X


Grown = Iterator[tuple[int, Any, Any]]
FACTORS = (1, 3, 10)


def growing(n: int, p: int, n_active: int, signal_to_noise: float, rows: bool) -> Grown:
    """Autoregressive designs of one, three and ten times the rows or the columns.

    Each is a part of the largest, so that the active columns and their coefficients are the same.
    Yields (factor, X, y).
    """
    rng = np.random.default_rng(0)
    n_full, p_full = (n * FACTORS[-1], p) if rows else (n, p * FACTORS[-1])
    X = rng.standard_normal((p_full, n_full)).T
    for j in range(1, p_full):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * X[:, j]
    active = rng.choice(p, n_active, replace=False)
    signal = X[:, active] @ rng.standard_normal(n_active)
    y = signal + rng.standard_normal(n_full) * signal.std() / np.sqrt(signal_to_noise)
    for factor in FACTORS:
        part = X[: n * factor] if rows else X[:, : p * factor]
        target = y[: len(part)]
        yield factor, standardized(part), (target - target.mean()) / target.std()


def growing_text_rows(n: int, p: int, words: int, n_active: int = 500) -> Grown:
    """Ever more documents over the columns and the coefficients of the first n."""
    X, rng = bag_of_words(n * FACTORS[-1], p, words, seed=0)
    by_row = X.tocsr()
    kept = np.diff(by_row[:n].tocsc().indptr) >= 3
    X = by_row[:, kept]
    among = min(3000, X.shape[1])
    active = rng.choice(among, n_active, replace=False)
    signal = X[:, active] @ (rng.standard_normal(n_active) * 3)
    y = signal + rng.standard_normal(len(signal)) * signal.std()
    for factor in FACTORS:
        target = y[: n * factor]
        part = with_int32(X[: n * factor])
        yield factor, part, (target - target.mean()) / target.std()


def growing_text_columns(n: int, p: int, words: int) -> Grown:
    """The same documents and target, beside three and ten vocabularies of the same size each."""
    X, y = text(n, p, words)
    blocks = [X]
    for factor in FACTORS:
        while len(blocks) < factor:
            more, _ = bag_of_words(n, p, words, seed=len(blocks))
            blocks.append(more[:, np.diff(more.indptr) >= 3])
        yield factor, with_int32(sparse.hstack(blocks, format="csc")), y


def read(name: str) -> dict[str, Any]:
    """The arrays of a data set beside the checkout.

    Raises:
        FileNotFoundError: it is not at hand.
    """
    with np.load(REAL_DATA / f"{name}.npz", allow_pickle=False) as archive:
        return dict(archive)


def standardized(X: Any) -> Any:
    """Columns centred and scaled, constant ones left out; in Fortran order."""
    X = X - X.mean(axis=0)
    spread = X.std(axis=0)
    return np.asfortranarray(X[:, spread > 0] / spread[spread > 0])


def expression(name: str) -> Data:
    """Gene expression: columns centred and scaled, y too."""
    data = read(name)
    y = data["y"].astype(float)
    y -= y.mean()
    return standardized(data["X"].astype(float)), y / y.std()


def expression_classes(name: str) -> Data:
    X, y = expression(name)
    return X, (y == y.max()).astype(float)


def tumours() -> Data:
    """srbct_khan: logarithms, columns centred and scaled; y the number of the class."""
    data = read("srbct_khan")
    labels = np.unique(data["y"], return_inverse=True)[1]
    return standardized(np.log(data["X"].astype(float))), labels.astype(float)


def newsgroups(name: str) -> Data:
    """Word counts, columns scaled to a mean square of 1 and not centred; X is CSC."""
    data = read(name)
    parts = (data["data"].astype(float), data["indices"], data["indptr"])
    X = sparse.csr_matrix(parts, tuple(data["shape"])).tocsc()
    norms = np.sqrt(np.maximum(X.multiply(X).sum(axis=0), 1e-300))
    y = data["y"].astype(float)
    return with_int32(X.multiply(1 / norms * np.sqrt(X.shape[0]))), (y - y.mean()) / y.std()


def newsgroups_classes(name: str) -> Data:
    X, y = newsgroups(name)
    return X, (y > 0).astype(float)


def text_classes(n: int, p: int, words: int) -> Data:
    X, y = text(n, p, words)
    return X, (y > np.median(y)).astype(float)


def diabetes() -> Data:
    """442 × 10, raw: age, sex and measurements against the progress of a year (Efron 2004)."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    return np.asfortranarray(X), y
