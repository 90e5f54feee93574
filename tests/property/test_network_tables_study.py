"""Networks at their defaults learn from tables as they come."""

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shrinkage as sh

full = pytest.mark.skipif(
    os.environ.get("SHRINKAGE_STUDIES") != "full", reason="a minute: make studies"
)


def scores(make: Callable[[int], Any], X: Any, y: Any, splits: int) -> float:
    """Mean accuracy, or minus the mean root mean squared error, of held-out rows."""
    found = []
    for seed in range(splits):
        by = y if y.dtype.kind == "i" else None
        parts = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=by)
        X_train, X_test, y_train, y_test = parts
        predicted = make(seed).fit(X_train, y_train).predict(X_test)
        right = (predicted == y_test).mean() if by is not None else None
        found.append(right if right is not None else -np.sqrt(np.mean((predicted - y_test) ** 2)))
    return float(np.mean(found))


def test_raw_tables_are_learned() -> None:
    X, y = load_wine(return_X_y=True)
    assert scores(lambda seed: sh.DropoutMLPClassifier(random_state=seed), X, y, 2) >= 0.96
    X, y = load_diabetes(return_X_y=True, scaled=False)
    assert scores(lambda seed: sh.DropoutMLPRegressor(random_state=seed), X, y, 2) >= -66.0
    rng = np.random.default_rng(0)
    Z = 8 + rng.standard_normal((150, 500))
    labels = np.digitize(Z[:, :3].sum(axis=1), [23.2, 24.8])
    assert sh.DropoutMLPClassifier(random_state=0).fit(Z, labels).score(Z, labels) > 0.95


@full
@pytest.mark.study
@pytest.mark.parametrize("load", [load_wine, load_digits, load_breast_cancer, load_diabetes])
def test_raw_tables_are_learned_no_worse_than_scaled_ones_by_scikit_learn(load: Any) -> None:
    options = {"scaled": False} if load is load_diabetes else {}
    X, y = load(return_X_y=True, **options)
    ours, theirs = (
        (sh.DropoutMLPRegressor, MLPRegressor)
        if load is load_diabetes
        else (sh.DropoutMLPClassifier, MLPClassifier)
    )
    mine = scores(lambda seed: ours(random_state=seed), X, y, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peers = scores(
            lambda seed: make_pipeline(StandardScaler(), theirs(random_state=seed)), X, y, 5
        )
    assert mine >= peers - 0.003


@full
@pytest.mark.study
def test_raw_california_housing(shared_data: Any) -> None:
    table = pd.read_csv(shared_data("california_housing.csv.gz"))
    y = table.pop("median_house_value").to_numpy() / 1e5
    rmse = -scores(lambda seed: sh.DropoutMLPRegressor(random_state=seed), table.to_numpy(), y, 1)
    assert rmse <= 0.60
