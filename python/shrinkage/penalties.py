"""Penalties by name, or as frozen dataclasses that carry their parameters.

λ multiplies P(β) in the canonical objective ``(1/Σw) Σ w ℓ + λ P(β)``; see `shrinkage.conventions`
for the same λ in other scales.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from ._validation import as_number, refuse


@dataclass(frozen=True)
class Penalty:
    """Base of every penalty.

    Attributes:
        name: the name by which the core knows it.
        formula: P(β), as it is printed.
        by_row: whether it ties the K coefficients of a feature together, of several outputs.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    by_row: ClassVar[bool] = False

    @property
    def parameters(self) -> tuple[float, ...]:
        """The parameters, in the order in which the core takes them."""
        return tuple(float(getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True)
class L1(Penalty):
    """The lasso penalty, P(β) = Σ|β_j| (Tibshirani 1996): sets coefficients exactly to zero."""

    name: ClassVar[str] = "l1"
    formula: ClassVar[str] = "Σ|β_j|"


@dataclass(frozen=True)
class L2(Penalty):
    """The ridge penalty, P(β) = ½Σβ_j² (Hoerl & Kennard 1970): shrinks without zeros."""

    name: ClassVar[str] = "l2"
    formula: ClassVar[str] = "½Σβ_j²"


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """P(β) = αΣ|β_j| + ½(1 − α)Σβ_j² with α = `l1_ratio` (Zou & Hastie 2005, in glmnet's scale).

    Args:
        l1_ratio: α in [0, 1]; 1 is L1, 0 is L2.

    Raises:
        InvalidArgument: `l1_ratio` is not a number in [0, 1].
    """

    name: ClassVar[str] = "elasticnet"
    formula: ClassVar[str] = "α Σ|β_j| + ½(1 − α) Σβ_j²"
    l1_ratio: float = 0.5

    def __post_init__(self) -> None:
        as_number(self.l1_ratio, "l1_ratio", minimum=0.0, maximum=1.0)


@dataclass(frozen=True)
class RowGroup(Penalty):
    """P(B) = Σ_j ‖B_j‖₂ over the K coefficients B_j of feature j, for several targets or classes.

    A feature is in the model for all outputs or for none. There is no factor √K: it is glmnet's
    ``type.multinomial="grouped"`` and ``family="mgaussian"``, and scikit-learn's MultiTaskLasso
    (Obozinski, Taskar & Jordan 2010).
    """

    name: ClassVar[str] = "row_group"
    formula: ClassVar[str] = "Σ_j ‖B_j‖₂"
    by_row: ClassVar[bool] = True


PENALTIES: dict[str, type[Penalty]] = {kind.name: kind for kind in (L1, L2, ElasticNet, RowGroup)}


def resolve_penalty(penalty: str | Penalty) -> Penalty:
    """The penalty itself, or the one of this name with its default parameters.

    Raises:
        InvalidArgument: `penalty` is neither a known name nor a penalty.
    """
    if isinstance(penalty, Penalty):
        return penalty
    if isinstance(penalty, str) and penalty in PENALTIES:
        return PENALTIES[penalty]()
    choices = ", ".join(f'"{name}"' for name in PENALTIES)
    remedy = f"use one of {choices}, or a penalty such as shrinkage.ElasticNet(l1_ratio=0.5)"
    raise refuse(
        "penalty", repr(penalty), remedy, code="argument.penalty", choices=tuple(PENALTIES)
    )


def l1_ratio(penalty: Penalty) -> float:
    """α of the elastic-net family: 1 for L1, 0 for L2.

    Raises:
        InvalidArgument: the penalty is not of that family.
    """
    if isinstance(penalty, ElasticNet):
        return float(penalty.l1_ratio)
    if isinstance(penalty, L1):
        return 1.0
    if isinstance(penalty, L2):
        return 0.0
    raise refuse(
        "penalty",
        penalty.name,
        "use L1, L2 or the elastic net, the only ones with an L1 share",
        code="argument.penalty",
    )
