"""Losses ℓ(y, η) by name: the registry of what the core can fit, and how each is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._validation import refuse


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        name: the name by which the core knows it.
        task: what kind of target it is made for.
        formula: ℓ(y, η), as it is printed.
        textbook: the first term of the textbook objective, as it is printed.
        textbook_factor: the textbook's term over Σ w ℓ: 2 for the squared loss, whose textbook form
            has no ½, else 1.
    """

    name: str
    task: Literal["regression", "classification"]
    formula: str
    textbook: str
    textbook_factor: float = 1.0


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("squared", "regression", "½(y_i − η_i)²", "(ŷ_i − y_i)²", textbook_factor=2.0),
        Loss("logistic", "classification", "[log(1 + exp(η_i)) − y_i η_i]", "[−log p(y_i | x_i)]"),
    )
}


def resolve_loss(loss: str | Loss) -> Loss:
    """The loss of this name.

    Raises:
        InvalidArgument: there is no such loss.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]
    remedy = "use one of " + ", ".join(f'"{name}"' for name in LOSSES)
    raise refuse("loss", repr(loss), remedy, code="argument.loss", choices=tuple(LOSSES))
