"""Dropout on the inputs of a logistic model is, nearly, an adaptive ridge.

Wager, Wang & Liang 2013: dropout adds R(β) = Σ_i E[A(x̃_i'β)] − A(x_i'β) to the loss, whose
second-order part is ½(p/q) Σ_i π_i(1 − π_i) Σ_j x_ij² β_j² (their eq. 11): a ridge whose factors
follow β. Three solutions are compared: that of stochastic training, the exact minimum (all 2^d
masks of every row), and that of the adaptive ridge. For squared loss A'' = 1 and both are ridge,
see `ridge`.
"""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np
from scipy import special
from sklearn.datasets import load_breast_cancer

from benchmarks.report import table
from benchmarks.store import Store
from shrinkage.neural import DropoutMLPClassifier, adaptive_ridge, fit_many
from shrinkage.neural.input_dropout import minimum, quadratic_objective

from .common import numbers, stamp
from .ridge import prostate

NAME = "adaptive"
RATES = (0.1, 0.3, 0.5)
RUNS, EPOCHS, LEARNING_RATE = 100, 20_000, 0.1


def prostate_invasion() -> tuple[Any, Any]:
    """Seminal vesicle invasion from the 7 other measurements, 97 rows."""
    first, _, second, _ = prostate()
    X = np.vstack([first, second])
    invaded = X[:, 4] > X[:, 4].mean()
    return np.delete(X, 4, axis=1), invaded.astype(float)


def breast_cancer() -> tuple[Any, Any]:
    """Benign or malignant from the 10 means, 569 rows, columns standardized."""
    X, y = load_breast_cancer(return_X_y=True)
    X = X[:, :10]
    return (X - X.mean(axis=0)) / X.std(axis=0), y.astype(float)


SETS = {"prostate": prostate_invasion, "breast cancer": breast_cancer}


class Problem:
    """The objectives of one data set at one rate, per row; β has the intercept first."""

    def __init__(self, X: Any, y: Any, rate: float) -> None:
        self.X, self.y, self.rate = X, y, rate
        self.masks = np.array(list(product([0.0, 1.0], repeat=X.shape[1])))
        self.weights = np.prod(np.where(self.masks == 1.0, 1.0 - rate, rate), axis=1)
        self.scaled = self.masks / (1.0 - rate)

    def loss(self, beta: Any) -> tuple[float, Any]:
        """Without dropout."""
        eta = beta[0] + self.X @ beta[1:]
        slope = special.expit(eta) - self.y
        value = np.mean(np.logaddexp(0.0, eta) - self.y * eta)
        return float(value), np.append(slope.mean(), self.X.T @ slope / len(slope))

    def exact(self, beta: Any) -> tuple[float, Any]:
        """Mean over all masks."""
        n = len(self.y)
        eta = beta[0] + (self.X * beta[1:]) @ self.scaled.T
        slope = (special.expit(eta) - self.y[:, None]) * self.weights
        value = np.sum((np.logaddexp(0.0, eta) - self.y[:, None] * eta) @ self.weights) / n
        gradient = np.sum(self.X * (slope @ self.scaled), axis=0) / n
        return float(value), np.append(slope.sum() / n, gradient)

    def adaptive(self, beta: Any) -> tuple[float, Any]:
        """Loss plus the quadratic approximation of what dropout adds."""
        return quadratic_objective(self.X, self.y, self.rate / (1.0 - self.rate), beta)

    def minimum(self, objective: Any) -> Any:
        """(1 + d,) by BFGS, from 0."""
        return minimum(objective, self.X.shape[1])


def trained(X: Any, y: Any, rate: float, runs: int, epochs: int) -> Any:
    """(runs, 1 + d) after stochastic training with a learning rate that falls to 0."""
    models = [
        DropoutMLPClassifier(
            (),
            scale=None,
            dropout=0.0,
            input_dropout=rate,
            optimizer="sgd",
            learning_rate=LEARNING_RATE,
            learning_rate_schedule="linear",
            batch_size=len(y),
            max_epochs=epochs,
            dtype="float64",
            kkt_every=0,
            random_state=seed,
        )
        for seed in range(runs)
    ]
    fit_many(models, X, y)
    return np.array([np.append(model.intercepts_[0], model.coefs_[0]) for model in models])


def run(results: Store, until: float, quick: bool) -> None:
    """Fits what is missing."""
    runs, epochs = (8, 500) if quick else (RUNS, EPOCHS)
    conditions = {"stamp": stamp("adaptive.py"), "runs": runs, "epochs": epochs}
    known = results.read(NAME)
    if any(known.get(key) != value for key, value in conditions.items()):
        known = {**conditions, "fits": {}}
    for (name, data), rate in product(SETS.items(), RATES):
        key = f"{name}, rate {rate:g}"
        if key in known["fits"] or time.monotonic() > until:
            continue
        start = time.monotonic()
        X, y = data()
        if quick:
            X, y = X[:50, :4], y[:50]
        problem = Problem(X, y, rate)
        exact, ridge = problem.minimum(problem.exact), adaptive_ridge(X, y, rate, "logistic")
        cloud = trained(X, y, rate, runs, epochs)
        added = problem.exact(exact)[0] - problem.loss(exact)[0]
        known["fits"][key] = {
            "set": name,
            "rows": len(y),
            "rate": rate,
            "exact": numbers(exact),
            "adaptive": numbers(np.append(ridge.intercept, ridge.coef)),
            "mean": numbers(cloud.mean(axis=0)),
            "std": numbers(cloud.std(axis=0, ddof=1)),
            "without": numbers(problem.minimum(problem.loss)),
            "added": added,
            "added_adaptive": problem.adaptive(exact)[0] - problem.loss(exact)[0],
            "seconds": round(time.monotonic() - start, 1),
        }
        results.write(NAME, known)
        print(f"{NAME}, {key}: {known['fits'][key]}", flush=True)


def section(results: Store) -> str:
    """The table of all sets and rates."""
    known = results.read(NAME)
    if len(known.get("fits", {})) < len(SETS) * len(RATES):
        return ""
    rows = []
    for one in known["fits"].values():
        exact, mean, spread = (np.array(one[key]) for key in ("exact", "mean", "std"))
        errors = np.abs(mean - exact) / (spread / np.sqrt(known["runs"]))
        length = np.linalg.norm(exact)
        off = [
            np.linalg.norm(np.array(one[key]) - exact) / length
            for key in ("mean", "adaptive", "without")
        ]
        rows.append(
            f"{one['set']} | {one['rate']:g} | {off[0]:.4f} | {errors.max():.1f} "
            f"| {np.linalg.norm(spread) / length:.4f} | {off[1]:.4f} | {off[2]:.2f} "
            f"| {one['added']:.4f} | {one['added_adaptive']:.4f}"
        )
    head = (
        "data | rate | mean of the trained | its largest error, standard errors "
        "| radius of the cloud | adaptive ridge | without dropout | dropout adds | approximated"
    )
    seconds = sum(one["seconds"] for one in known["fits"].values())
    return f"""## Dropout on the inputs of a logistic model is nearly an adaptive ridge

Wager, Wang & Liang 2013. Distances from the exact minimum of the dropout objective (all 2^d masks
of every row, by BFGS), as shares of its length: the mean of {known["runs"]} networks without hidden
layer trained by full-batch SGD for {known["epochs"]:,} epochs (learning rate {LEARNING_RATE:g}
falling to 0, seeds 0 to {known["runs"] - 1}), the adaptive ridge of their eq. 11, and no dropout at
all. What dropout adds to the loss at the exact minimum stands beside the quadratic approximation of
it. Data: prostate (97 rows, 7 features, seminal vesicle invasion), breast cancer (569 rows, the 10
means). {seconds:.0f} s in all; `make reproduce-adaptive`.

{table(head, rows)}

A mean that is many standard errors off has not arrived: without much dropout the loss is flat in
some direction, and {known["epochs"]:,} epochs are few for it."""
