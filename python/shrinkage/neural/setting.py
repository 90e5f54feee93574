"""How a network learns: every choice that stays while it trains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .._runtime import physical_memory
from .._validation import as_integer, as_number, refuse
from ..core import _native
from .losses import NetworkLoss

ACTIVATIONS = ("identity", "relu", "leaky_relu", "tanh", "logistic", "gelu", "silu", "selu")
STARTS = ("auto", "he", "glorot", "lecun")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Optimizer:
    """What the core's table says of an optimizer.

    Attributes:
        moments: numbers kept of each weight.
        parameters: default of each, by the name that it has in a `Setting`.
    """

    moments: int
    parameters: dict[str, float]


OPTIMIZER_TABLE = {name: Optimizer(**row) for name, row in _native.optimizers().items()}
OPTIMIZERS = tuple(OPTIMIZER_TABLE)
OPTIMIZER_PARAMETERS = tuple(
    dict.fromkeys(name for row in OPTIMIZER_TABLE.values() for name in row.parameters)
)


@dataclass(frozen=True)
class Setting:
    """How a network learns; see `DropoutMLPRegressor` for what each entry means."""

    hidden_layer_sizes: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    batch_size: int = 32
    start: str = "auto"
    kkt_every: int = 0
    early_stopping: bool = False
    n_iter_no_change: int = 10
    tol: float = 1e-4
    clip_norm: float | None = None
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name, choices in (
            ("activation", ACTIVATIONS),
            ("optimizer", OPTIMIZERS),
            ("start", STARTS),
            ("dtype", DTYPES),
        ):
            if getattr(self, name) not in choices:
                remedy = "use " + ", ".join(f'"{choice}"' for choice in choices)
                value = repr(getattr(self, name))
                raise refuse(name, value, remedy, code="argument.choice", choices=choices)
        for units in self.hidden_layer_sizes:
            as_integer(units, "hidden_layer_sizes", minimum=1, maximum=2**24)
        as_number(self.learning_rate, "learning_rate", minimum=0.0, open_minimum=True)
        for name in ("momentum", "beta_1", "beta_2"):
            as_number(getattr(self, name), name, minimum=0.0, maximum=1.0, open_maximum=True)
        as_number(self.epsilon, "epsilon", minimum=0.0, open_minimum=True)
        as_integer(self.batch_size, "batch_size", minimum=1, maximum=2**31)
        as_integer(self.kkt_every, "kkt_every", minimum=0, maximum=2**31)
        as_integer(self.n_iter_no_change, "n_iter_no_change", minimum=1, maximum=2**31)
        as_number(self.tol, "tol", minimum=0.0)
        if self.clip_norm is not None:
            as_number(self.clip_norm, "clip_norm", minimum=0.0, open_minimum=True)

    @property
    def optimizer_parameters(self) -> dict[str, float]:
        """Those that the optimizer takes, by name."""
        return {name: getattr(self, name) for name in OPTIMIZER_TABLE[self.optimizer].parameters}

    @property
    def depth(self) -> int:
        """Layers of weights."""
        return len(self.hidden_layer_sizes) + 1


def require_memory(setting: Setting, inputs: int, loss: NetworkLoss, targets: int) -> None:
    """Refuses a network that the machine cannot hold while it trains."""
    if not isinstance(loss, NetworkLoss):
        remedy = (
            "give a loss such as shrinkage.neural.GaussianNoise() or shrinkage.losses.Squared()"
        )
        raise refuse("loss", repr(loss), remedy, code="argument.type")
    sizes = [inputs, *map(int, setting.hidden_layer_sizes), max(targets, 1)]
    weights = sum((n + 1) * units for n, units in pairwise(sizes))
    # Weights, gradient, weights to fall back to, and moments.
    numbers = (3 + OPTIMIZER_TABLE[setting.optimizer].moments) * weights
    needed, memory = numbers * np.dtype(setting.dtype).itemsize, physical_memory()
    if needed > memory:
        gigabytes = f"{needed / 1e9:.3g} GB to train, of {memory / 1e9:.3g} here"
        remedy = f"give fewer units: {weights:.3g} weights need {gigabytes}"
        given = setting.hidden_layer_sizes
        raise refuse("hidden_layer_sizes", given, remedy, code="argument.memory")
