"""The ways to regularize that are compared, and the network they share.

After Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, table 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

TRAIN, TEST, VALIDATION = 8000, 2000, 1600
SEEDS = (0, 1, 2, 3, 4)
SEED_OF_CHOICE = 100
HIDDEN, EPOCHS, BATCH, MOMENTUM = (1024, 1024), 100, 100, 0.95
LEARNING_RATES = (0.03, 0.1)
DROPOUT = {"dropout": 0.5, "input_dropout": 0.2}


@dataclass(frozen=True)
class Method:
    """A way of regularizing.

    Attributes:
        strength: name of the argument that is searched, "" for none. grid: its values.
        fixed: other arguments.
        paper: error on MNIST in per cent; where: its place in the paper.
    """

    strength: str
    grid: tuple[float, ...]
    fixed: dict[str, Any]
    paper: float
    where: str

    def settings(self) -> list[dict[str, Any]]:
        """The arguments to choose among."""
        strengths = [{self.strength: value} for value in self.grid] or [{}]
        return [
            {**strength, "learning_rate": rate}
            for strength, rate in product(strengths, LEARNING_RATES)
        ]


PENALTY = (1e-5, 1e-4, 1e-3)
NORM = (1.5, 2.5, 4.0)
METHODS = {
    "none": Method("", (), {}, 1.60, "table 2"),
    "L2": Method("lam", PENALTY, {"penalty": "l2"}, 1.62, "table 9"),
    "L1": Method(
        "lam", tuple(0.1 * lam for lam in PENALTY), {"penalty": "l1"}, 1.60, "table 9, with L2"
    ),
    "max-norm": Method("max_norm", NORM, {}, 1.35, "table 9"),
    "dropout": Method("", (), DROPOUT, 1.25, "table 2"),
    "dropout + max-norm": Method("max_norm", NORM, DROPOUT, 1.05, "table 9"),
}
