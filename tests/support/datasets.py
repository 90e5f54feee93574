"""The real data sets on which the solver is checked, read without the package's own reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from support.losses import FORMULAS

Find = Callable[[str], Path]
Dataset = tuple[np.ndarray, np.ndarray, str]
Rows = tuple[np.ndarray, np.ndarray]
NAMES = ("prostate", "diabetes", "hitters", "riboflavin", "leukemia", "leukemia_raw")


def load(name: str, find: Find) -> Dataset:
    """(X, y, loss) of one of NAMES; `find` gives the path of a shared file."""
    if name == "prostate":
        table = prostate(find)
        return (
            table.drop(columns=["lpsa", "train"]).to_numpy(float),
            table["lpsa"].to_numpy(),
            "squared",
        )
    if name == "diabetes":
        table = pd.read_csv(find("diabetes_lars.csv.gz"))
        return (
            table.drop(columns="target").to_numpy(float),
            table["target"].to_numpy(float),
            "squared",
        )
    if name == "hitters":
        table = pd.read_csv(find("hitters.csv.gz")).dropna(subset="Salary")
        X = pd.get_dummies(table.drop(columns="Salary"), dtype=float)
        return X.to_numpy(float), table["Salary"].to_numpy(), "squared"
    if name == "riboflavin":
        parts = np.load(find("riboflavin.npz"))
        return parts["X"], parts["y"], "squared"
    parts = np.load(find("leukemia_golub.npz"))
    raw = parts["X"].astype(float)
    X = raw if name == "leukemia_raw" else np.log(np.clip(raw, 20.0, 16000.0))
    return X, parts["y"], "logistic"


def prostate(find: Find) -> pd.DataFrame:
    """97 rows: 8 features, the target lpsa, and whether the row is in the ESL training split."""
    table = pd.read_csv(find("prostate_esl.csv.gz"))
    table["train"] = table["train"].astype(str).str.upper().str.startswith("T")
    return table


def digits(find: Find, train: int, test: int) -> tuple[Rows, Rows]:
    """Handwritten digits, pixels from 0 to 1: (X, y) to train on and to test by."""
    with np.load(find("mnist_t10k.npz")) as file:
        X, y = file["X"].reshape(10_000, 784) / 255.0, file["y"].astype(int)
    return parted(X, y, train, test)


def halves(name: str, find: Find) -> tuple[Rows, Rows]:
    """Two random halves of a UCI set, all in standard deviations of the first."""
    with np.load(find(f"uci_{name}.npz")) as file:
        first, second = parted(file["X"], file["y"], len(file["y"]) // 2, len(file["y"]) // 2)
    centre, scale = [part.mean(axis=0) for part in first], [part.std(axis=0) for part in first]
    one, two = (
        tuple((part - c) / s for part, c, s in zip(rows, centre, scale, strict=True))
        for rows in (first, second)
    )
    return one, two


def parted(X: np.ndarray, y: np.ndarray, train: int, test: int) -> tuple[Rows, Rows]:
    order = np.random.default_rng(0).permutation(len(y))
    one, two = order[:train], order[train : train + test]
    return (X[one], y[one]), (X[two], y[two])


def random_problem(
    seed: int, n: int = 60, p: int = 8, loss: str = "squared"
) -> tuple[np.ndarray, np.ndarray]:
    """X with columns of unlike scale and mean, y from a third of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * rng.uniform(0.3, 3.0, p) + rng.uniform(-2.0, 2.0, p)
    signal = (X - X.mean(axis=0)) @ (rng.normal(size=p) * (np.arange(p) % 3 == 0))
    y = signal + rng.normal(size=n) + 1.0
    if loss == "squared":
        return X, y
    if loss == "logistic":
        return X, (y + 2.0 * rng.normal(size=n) > 1.0).astype(int)
    return X, FORMULAS[loss].target((y - y.mean()) / y.std(), rng)


def as_sparse(X: Any, form: str, width: type) -> Any:
    """X as "csr" or "csc" with indices of a width."""
    S = (sparse.csr_array if form == "csr" else sparse.csc_array)(X)
    S.indices, S.indptr = S.indices.astype(width), S.indptr.astype(width)
    return S
