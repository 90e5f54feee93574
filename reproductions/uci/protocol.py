"""One split: networks to choose by, five of the chosen kind, and four ways to predict."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from shrinkage.neural import DropoutMLPRegressor, fit_many
from shrinkage.uncertainty import NormalMixture

from ..common import data_file, numbers
from .published import RATES, UciSet

LENGTH_SCALE, BATCH, MEMBERS = 1e-2, 128, 5
DRAWS_TO_CHOOSE, DRAWS, SEED_OF_DRAWS = 1_000, 10_000, 10**6
METHODS = ("weight scaling", "mc", "rao_blackwell", "deep ensemble")


@dataclass(frozen=True)
class Scaled:
    """Rows scaled by the training rows; targets in their standard deviations."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    unit: float

    @staticmethod
    def of(X: Any, y: Any, X_test: Any, y_test: Any) -> Scaled:
        center, spread = X.mean(axis=0), X.std(axis=0)
        spread = np.where(spread == 0.0, 1.0, spread)
        middle, unit = y.mean(), float(y.std())
        rows = [((one - center) / spread).astype(np.float32) for one in (X, X_test)]
        return Scaled(rows[0], (y - middle) / unit, rows[1], (y_test - middle) / unit, unit)


def load(name: str) -> tuple[Any, Any]:
    """X and y of a set."""
    with np.load(data_file(f"uci_{name}.npz")) as file:
        return file["X"], file["y"]


def splits(n: int, count: int) -> list[tuple[Any, Any]]:
    """Training and test rows in the published order (Hernández-Lobato & Adams 2015)."""
    generator = np.random.RandomState(1)
    permutations = [generator.choice(n, n, replace=False) for _ in range(count)]
    cut = round(0.9 * n)
    return [(order[:cut], order[cut:]) for order in permutations]


def network(one: UciSet, n: int, rate: float, precision: float, seed: int) -> DropoutMLPRegressor:
    """The protocol's network for n training rows.

    Keras adds l²(1 − p)/(2nτ)‖W‖² to the mean squared error, which is twice our loss: so λ is that
    factor. Its layers start by Glorot & Bengio's uniform weights.
    """
    return DropoutMLPRegressor(
        (one.hidden,),
        scale=None,
        dropout=rate,
        input_dropout=rate,
        penalty="l2",
        lam=LENGTH_SCALE**2 * (1.0 - rate) / (2.0 * n * precision),
        batch_size=BATCH,
        max_epochs=one.epochs,
        start="glorot",
        kkt_every=0,
        random_state=seed,
    )


def choose(
    one: UciSet, X: Any, y: Any, seed: int, draws: int
) -> tuple[dict[str, float], list[list[float]]]:
    """Rate and τ of the largest likelihood on the last fifth of the rows, and all twelve.

    τ enters training through λ alone, which is below 3e-6 everywhere: the three τ of a rate are
    tried on one network, trained with the middle one.
    """
    cut = int(0.8 * len(y))
    data = Scaled.of(X[:cut], y[:cut], X[cut:], y[cut:])
    middle = one.precisions[1]
    models = [network(one, cut, rate, middle, seed + i) for i, rate in enumerate(RATES)]
    fit_many(models, data.X, data.y, n_threads=1)
    tau = [precision * data.unit**2 for precision in one.precisions]
    found = [
        model.predict_ensemble(
            data.X_test,
            kind="mc",
            n_members=draws,
            y=data.y_test,
            precision=tau,
            random_state=SEED_OF_DRAWS,
            n_threads=1,
        ).log_likelihood.mean(axis=0)
        - math.log(data.unit)
        for model in models
    ]
    best = np.unravel_index(np.argmax(found), (len(RATES), len(tau)))
    chosen = {"rate": RATES[best[0]], "precision": one.precisions[best[1]]}
    return chosen, [numbers(row) for row in found]


def evaluate(
    models: list[Any], data: Scaled, precision: float, draws: int = DRAWS
) -> dict[str, list[float]]:
    """RMSE and log-likelihood of each method, in units of y.

    Weight scaling, mc and rao_blackwell: means over the networks, as the 2018 column has them.
    """
    tau = precision * data.unit**2
    single: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS[:3]}
    for model, name in product(models, METHODS[:3]):
        found = model.predict_ensemble(
            data.X_test,
            kind=name.replace(" ", "_"),
            n_members=None if name == METHODS[0] else draws,
            y=data.y_test,
            precision=tau,
            random_state=SEED_OF_DRAWS,
            n_threads=1,
        )
        single[name].append((_rmse(found.mean, data), float(found.log_likelihood.mean())))
    result = {name: np.mean(values, axis=0).tolist() for name, values in single.items()}
    deep = NormalMixture([model.predict(data.X_test) for model in models], tau**-0.5)
    likelihood = float(deep.log_density(data.y_test).mean())
    result[METHODS[3]] = [_rmse(deep.mean, data), likelihood]
    shift = math.log(data.unit)
    return {name: [error * data.unit, value - shift] for name, (error, value) in result.items()}


def _rmse(mean: Any, data: Scaled) -> float:
    return float(np.sqrt(np.mean((mean - data.y_test) ** 2)))


def do_split(
    one: UciSet,
    X: Any,
    y: Any,
    rows: tuple[Any, Any],
    split: int,
    draws: tuple[int, int] = (DRAWS_TO_CHOOSE, DRAWS),
) -> dict[str, Any]:
    """All of a split, on one thread; seeds are 1000·split and on; seconds are of processor time.

    Args:
        draws: T to choose by and to test with.
    """
    train, test = rows
    start = time.process_time()
    chosen, tried = choose(one, X[train], y[train], 1000 * split, draws[0])
    chosen_after = time.process_time()
    data = Scaled.of(X[train], y[train], X[test], y[test])
    models = [
        network(one, len(train), **chosen, seed=1000 * split + 100 + member)
        for member in range(MEMBERS)
    ]
    fit_many(models, data.X, data.y, n_threads=1)
    fitted_after = time.process_time()
    found = evaluate(models, data, chosen["precision"], draws[1])
    return {
        "chosen": chosen,
        "tried": tried,
        "methods": found,
        "seconds": [
            round(b - a, 2)
            for a, b in (
                (start, chosen_after),
                (chosen_after, fitted_after),
                (fitted_after, time.process_time()),
            )
        ],
    }
