"""Dropout on the inputs of linear regression is ridge: a cloud of trained solutions around it.

Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, section 9.1: E‖y − (R∘X)w‖² is least
where ridge regression with the penalty (p/q)·diag(XᵀX) is. Data: the training split of the prostate
data, columns standardized on all rows (Hastie, Tibshirani & Friedman, table 3.3).
"""

from __future__ import annotations

import math
import time
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import shrinkage as sh
from benchmarks.report import table
from benchmarks.store import Store
from shrinkage.neural import DropoutMLPRegressor, fit_many

from .common import data_file, numbers, stamp

NAME = "ridge"
FEATURES = ("lcavol", "lweight", "age", "lbph", "svi", "lcp", "gleason", "pgg45")
LEAST_SQUARES = (0.680, 0.263, -0.141, 0.210, 0.305, -0.288, -0.021, 0.267)  # table 3.3
ERROR = 0.521  # of least squares on the test split, the same table
RATES = (0.1, 0.3, 0.5)
LEARNING_RATES = (0.1, 0.03, 0.01)
RUNS, TIME_CONSTANTS = 400, 20


def prostate() -> tuple[Any, Any, Any, Any]:
    """Training and test split, columns standardized on all rows."""
    rows = pd.read_csv(data_file("prostate_esl.csv.gz"))
    train = rows["train"].astype(str).str.upper().str.startswith("T").to_numpy()
    X = rows[list(FEATURES)]
    X = ((X - X.mean()) / X.std()).to_numpy()
    y = rows["lpsa"].to_numpy()
    return X[train], y[train], X[~train], y[~train]


def closed_form(X: Any, y: Any, rate: float) -> Any:
    """(1 + d,) intercept and weights of ridge with penalty factors mean(x_j²) and λ = p/q.

    By the path solver, whose duality gap certifies it.
    """
    factors = np.mean(X**2, axis=0)
    path = sh.fit_path(
        X,
        y,
        penalty="l2",
        lambdas=[rate / (1.0 - rate)],
        penalty_factor=factors,
        standardize=False,
        tol=1e-12,
    )
    return np.concatenate([path.intercepts, path.coefs[:, 0]])


def stationary_covariance(X: Any, y: Any, rate: float, learning_rate: float) -> Any:
    """(1 + d, 1 + d) of full-batch SGD's iterates in the long run, exactly.

    w ← w − η(Aw − c) with A, c from fresh masks has w − w* of mean 0 and covariance M with
    M = E[(I − ηA)M(I − ηA)] + η²G, G that of the gradient at w*; all masks of a row are enumerated.
    """
    n, d = X.shape
    solution = closed_form(X, y, rate)
    masks = np.array(list(product([0.0, 1.0], repeat=d)))
    weights = np.prod(np.where(masks == 1.0, 1.0 - rate, rate), axis=1)
    scaled = np.column_stack([np.ones(len(masks)), masks / (1.0 - rate)])
    size = d + 1
    mean, spread = np.zeros((size, size)), np.zeros((size**2, size**2))
    noise = np.zeros((size, size))
    for x, target in zip(np.column_stack([np.ones(n), X]), y, strict=True):
        rows = scaled * x
        outer = (rows[:, :, None] * rows[:, None, :]).reshape(len(masks), -1)
        first = weights @ outer
        spread += (outer.T * weights) @ outer - np.outer(first, first)
        mean += first.reshape(size, size) / n
        slope = rows * (rows @ solution - target)[:, None]
        noise += (slope.T * weights) @ slope - np.outer(weights @ slope, weights @ slope)
    # Cov of vec(A) as the operator M ↦ E[(A − H)M(A − H)].
    moved = spread.reshape(size, size, size, size).transpose(0, 2, 1, 3).reshape(size**2, -1)
    step = np.eye(size) - learning_rate * mean
    operator = np.kron(step, step) + learning_rate**2 * moved / n**2
    right = learning_rate**2 * noise.ravel() / n**2
    return np.linalg.solve(np.eye(size**2) - operator, right).reshape(size, size)


def cloud(X: Any, y: Any, rate: float, learning_rate: float, runs: int, constants: int) -> Any:
    """(runs, 1 + d) intercepts and weights after stochastic training, one seed each.

    Args:
        constants: time constants of the slowest direction to train for.
    """
    least = np.linalg.eigvalsh(np.cov(X.T, bias=True) + rate / (1.0 - rate) * np.eye(X.shape[1]))[0]
    models = [
        DropoutMLPRegressor(
            (),
            scale=None,
            dropout=0.0,
            input_dropout=rate,
            optimizer="sgd",
            learning_rate=learning_rate,
            batch_size=len(y),
            max_epochs=math.ceil(constants / (learning_rate * min(least, 1.0))),
            dtype="float64",
            kkt_every=0,
            random_state=seed,
        )
        for seed in range(runs)
    ]
    fit_many(models, X, y)
    return np.array([np.append(model.intercepts_[0], model.coefs_[0]) for model in models])


def run(results: Store, until: float, quick: bool) -> None:
    """Trains the clouds that are missing."""
    X, y, X_test, y_test = prostate()
    runs, constants = (8, 1) if quick else (RUNS, TIME_CONSTANTS)
    conditions = {"stamp": stamp("ridge.py"), "runs": runs}
    known = results.read(NAME)
    if any(known.get(key) != value for key, value in conditions.items()):
        known = {**conditions, "clouds": {}}
    for rate, learning_rate in product(RATES, LEARNING_RATES):
        name = f"rate {rate:g}, learning rate {learning_rate:g}"
        if name in known["clouds"] or time.monotonic() > until:
            continue
        start = time.monotonic()
        found = cloud(X, y, rate, learning_rate, runs, constants)
        exact = closed_form(X, y, rate)
        expected = stationary_covariance(X, y, rate, learning_rate)
        apart = found - exact
        distance = runs * apart.mean(axis=0) @ np.linalg.solve(expected, apart.mean(axis=0))
        errors = [
            float(np.mean((y_test - b[0] - X_test @ b[1:]) ** 2))
            for b in (exact, found.mean(axis=0))
        ]
        known["clouds"][name] = {
            "rate": rate,
            "learning_rate": learning_rate,
            "closed_form": numbers(exact),
            "mean": numbers(found.mean(axis=0)),
            "std": numbers(found.std(axis=0, ddof=1)),
            "expected_std": numbers(np.sqrt(np.diag(expected))),
            "spread": float(np.mean((apart**2).sum(axis=1))),
            "expected_spread": float(np.trace(expected)),
            "expected_spread_error": float(np.sqrt(2.0 * np.sum(expected**2) / runs)),
            "p_value": float(stats.chi2.sf(distance, len(exact))),
            "test_errors": errors,
            "seconds": round(time.monotonic() - start, 1),
        }
        results.write(NAME, known)
        print(f"{NAME}, {name}: {known['clouds'][name]}", flush=True)


def section(results: Store) -> str:
    """The table, and a cloud coefficient by coefficient."""
    known = results.read(NAME)
    if len(known.get("clouds", {})) < len(RATES) * len(LEARNING_RATES):
        return ""
    clouds = list(known["clouds"].values())
    rows = [
        f"{one['rate']:g} | {one['learning_rate']:g} "
        f"| {math.dist(one['mean'], one['closed_form']):.4f} "
        f"| {one['p_value']:.2f} | {math.sqrt(one['spread']):.4f} "
        f"| {math.sqrt(one['expected_spread']):.4f} "
        f"| {(one['spread'] - one['expected_spread']) / one['expected_spread_error']:+.1f} "
        f"| {one['test_errors'][0]:.3f}, {one['test_errors'][1]:.3f}"
        for one in clouds
    ]
    head = (
        "rate | learning rate | distance of the cloud's mean from ridge | p | radius of the cloud "
        "| radius expected | apart, standard errors | test error: ridge, mean of the cloud"
    )
    shown = max(clouds, key=lambda one: (one["rate"], -one["learning_rate"]))
    names = ("intercept", *FEATURES)
    published = ("2.465", *(f"{value:.3f}" for value in LEAST_SQUARES))
    weights = [
        f"{name} | {said} | {shown['closed_form'][j]:+.4f} | {shown['mean'][j]:+.4f} "
        f"| {shown['std'][j]:.4f} | {shown['expected_std'][j]:.4f}"
        for j, (name, said) in enumerate(zip(names, published, strict=True))
    ]
    of_weights = (
        "feature | published, no dropout | ridge | mean of the cloud | its sd | sd expected"
    )
    seconds = sum(one["seconds"] for one in clouds)
    return f"""## Dropout on the inputs of linear regression is ridge

Srivastava et al. 2014, section 9.1. Prostate data, training split of *The Elements of Statistical
Learning* (67 rows, columns standardized on all 97). Closed form: ridge with λ = p/q and penalty
factors mean(x_j²), by the path solver, certified to 1e-12. Cloud: {known["runs"]} networks without
hidden layer (seeds 0 to {known["runs"] - 1}), full-batch SGD at a constant learning rate, whose
only noise are the masks. Then the mean of the iterates is ridge exactly, and their covariance
solves a linear equation in which all 2⁸ masks of a row are enumerated. p: χ² test of the mean with
that covariance. Radius: root of the mean squared distance from ridge. {seconds:.0f} s in all; `make
reproduce-ridge`.

{table(head, rows)}

At rate {shown["rate"]:g} and learning rate {shown["learning_rate"]:g} (published: least squares,
table 3.3, whose test error is {ERROR}):

{table(of_weights, weights)}"""
