"""Learning rates and dropout rates over training, as factors by epoch."""

from __future__ import annotations

import numpy as np

from .._validation import FloatArray, refuse

LEARNING_RATE = ("constant", "linear", "cosine")
DROPOUT = ("constant", "early", "late", "front_loaded")
HIGHEST_RATE = 0.95  # that a front-loaded schedule may start from


def learning_rate_factors(schedule: str, epochs: int) -> FloatArray:
    """(epochs,) factors of the learning rate; none for "constant".

    "linear" falls from 1 towards 0, "cosine" likewise by ½(1 + cos πt) (Loshchilov & Hutter 2017),
    t the share of epochs that are over.
    """
    done = np.arange(epochs) / epochs
    if schedule == "constant":
        return np.empty(0)
    if schedule == "linear":
        return 1.0 - done
    if schedule == "cosine":
        return np.asarray(0.5 * (1.0 + np.cos(np.pi * done)))
    raise _unknown("learning_rate_schedule", schedule, LEARNING_RATE)


def dropout_factors(schedule: str, epochs: int, highest: float) -> FloatArray:
    """(epochs,) factors of the dropout rates, of which `highest` is the largest.

    "early" drops in the first half of the epochs alone and "late" in the second alone (Liu, Xu,
    Jin, Shen & Darrell 2023); "front_loaded" falls linearly from twice the rate to 0, the same rate
    on average, but starts from 0.95 at most.
    """
    epoch = np.arange(epochs)
    if schedule == "constant":
        return np.empty(0)
    if schedule == "early":
        return (2 * epoch < epochs).astype(np.float64)
    if schedule == "late":
        return (2 * epoch >= epochs).astype(np.float64)
    if schedule == "front_loaded":
        ceiling = HIGHEST_RATE / highest if highest > 0 else np.inf
        return np.minimum(2.0 * (1.0 - (epoch + 0.5) / epochs), max(ceiling, 1.0))
    raise _unknown("dropout_schedule", schedule, DROPOUT)


def _unknown(name: str, schedule: object, choices: tuple[str, ...]) -> Exception:
    remedy = "use " + ", ".join(f'"{choice}"' for choice in choices)
    return refuse(name, repr(schedule), remedy, code="argument.choice", choices=choices)
