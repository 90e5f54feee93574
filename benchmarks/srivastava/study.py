"""The fits: first those to choose strength and learning rate by, then the chosen ones.

Every fit is kept, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shrinkage._runtime import resolve_threads
from shrinkage.neural import DropoutMLPClassifier, fit_many

from .. import store
from ..store import Store
from .data import SETS
from .methods import (
    BATCH,
    EPOCHS,
    HIDDEN,
    METHODS,
    MOMENTUM,
    SEED_OF_CHOICE,
    SEEDS,
    TRAIN,
    VALIDATION,
)

HERE = store.HERE / "srivastava"
QUICK: Any = ((32,), 1)  # hidden layers and epochs


@dataclass(frozen=True)
class Fit:
    """One network to train: its method, the arguments tried, and the seed; None while choosing."""

    method: str
    setting: dict[str, Any]
    seed: int | None = None

    @property
    def name(self) -> str:
        """Under which its result is kept."""
        told = ", ".join(f"{name} {value:g}" for name, value in self.setting.items())
        return f"{self.method}; {told}; {'choice' if self.seed is None else f'seed {self.seed}'}"


class Study:
    """The fits of one data set, kept in a store under the name of the set.

    Args:
        X, y: training examples, pixels in [0, 1]. X_test, y_test: those to measure by.
        hidden, epochs: of the network; smaller ones try the study itself.
    """

    def __init__(
        self,
        name: str,
        results: Store,
        data: tuple[Any, Any, Any, Any],
        hidden: tuple[int, ...] = HIDDEN,
        epochs: int = EPOCHS,
    ) -> None:
        self.name, self.results, self.data = name, results, data
        self.hidden, self.epochs = hidden, epochs
        self.conditions = {
            "stamp": store.digest([HERE / "methods.py", HERE / "data.py"]),
            "hidden": list(hidden),
            "epochs": epochs,
        }
        known = results.read(name)
        valid = all(known.get(key) == value for key, value in self.conditions.items())
        self.fits: dict[str, Any] = known["fits"] if valid else {}

    @property
    def complete(self) -> bool:
        """Whether every fit is known."""
        return all(fit.name in self.fits for fit in self.wanted())

    def run(self, threads: int, until: float = math.inf) -> None:
        """Trains what is missing, `threads` networks at a time.

        Args:
            until: no fit is begun after this time, as `time.monotonic` counts.
        """
        while missing := [fit for fit in self.wanted() if fit.name not in self.fits]:
            if time.monotonic() > until:
                return
            self._train(missing[:threads])

    def wanted(self) -> list[Fit]:
        """All fits that can be named now: first those to choose by, then the chosen ones."""
        tried = [Fit(name, one) for name, method in METHODS.items() for one in method.settings()]
        if any(fit.name not in self.fits for fit in tried):
            return tried
        return tried + [Fit(name, self.chosen(name), seed) for seed in SEEDS for name in METHODS]

    def chosen(self, method: str) -> dict[str, Any]:
        """The arguments of the least validation error, of equal ones the least validation loss."""

        def rank(setting: dict[str, Any]) -> tuple[float, float]:
            found = self.fits[Fit(method, setting).name]
            return found["error"], found["loss"]

        return min(METHODS[method].settings(), key=rank)

    def errors(self, method: str) -> list[float]:
        """Test errors in per cent, one a seed."""
        return [100.0 * error for error in self._of_seeds(method, "error")]

    def losses(self, method: str) -> list[float]:
        """Mean negative log-likelihoods of the test examples in nats, one a seed."""
        return self._of_seeds(method, "loss")

    def _of_seeds(self, method: str, measure: str) -> list[float]:
        chosen = self.chosen(method)
        return [self.fits[Fit(method, chosen, seed).name][measure] for seed in SEEDS]

    def _train(self, fits: list[Fit]) -> None:
        """Trains these side by side; all are to choose by, or none is."""
        fits = [fit for fit in fits if (fit.seed is None) == (fits[0].seed is None)]
        X, y, X_test, y_test = self.data
        if fits[0].seed is None:
            held = len(X) * VALIDATION // TRAIN
            X, y, X_test, y_test = X[:-held], y[:-held], X[-held:], y[-held:]
        start = time.monotonic()
        models = fit_many([self._model(fit) for fit in fits], X, y, n_threads=len(fits))
        seconds = round(time.monotonic() - start, 1)
        for fit, model in zip(fits, models, strict=True):
            share = model.predict_proba(X_test)[np.arange(len(y_test)), y_test]
            self.fits[fit.name] = {
                "error": float(np.mean(model.predict(X_test) != y_test)),
                "loss": float(-np.log(np.maximum(share, 1e-12)).mean()),
                "train_loss": float(model.history_.train_loss[-1]),
                "ending": model.ending_,
                "seconds": seconds,
            }
            print(f"{self.name}, {fit.name}: {self.fits[fit.name]}", flush=True)
        self.results.write(self.name, {**self.conditions, "fits": self.fits})

    def _model(self, fit: Fit) -> DropoutMLPClassifier:
        arguments: dict[str, Any] = {
            "scale": None,
            "dropout": 0.0,
            "optimizer": "momentum",
            "momentum": MOMENTUM,
            "learning_rate_schedule": "linear",
            "batch_size": BATCH,
            "max_epochs": self.epochs,
            "kkt_every": 0,
            "random_state": SEED_OF_CHOICE if fit.seed is None else fit.seed,
        }
        arguments |= METHODS[fit.method].fixed | fit.setting
        return DropoutMLPClassifier(self.hidden, **arguments)


def study(name: str, results: Store, until: float = math.inf, quick: bool = False) -> None:
    """Goes on with the study of a set; without its data it is skipped, which the page says.

    Args:
        until: as in `Study.run`. quick: a small network, to try the study itself.
    """
    try:
        data = SETS[name][1]()
    except FileNotFoundError as error:
        results.write(name, {"skipped": f"{Path(error.filename).name} is not at hand"})
        print(f"{name}: skipped, {error.filename} is not at hand")
        return
    shape = QUICK if quick else ()
    Study(name, results, data, *shape).run(resolve_threads(None), until)
