"""Penalties by name, or as frozen dataclasses that carry their parameters.

λ multiplies P(β) in the canonical objective ``(1/Σw) Σ w ℓ + λ P(β)``; see `shrinkage.conventions`
for the same λ in other scales.

A penalty is one dataclass here: what it says of itself is all that the rest of the library knows of
it, and `PENALTIES` lists every one by its name. What `Penalty` says holds unless it says otherwise.
"""

# ruff: noqa: ARG002 - what holds of any λ, loss or size looks at no argument

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import ClassVar

import numpy as np

from ._penalty import Bounds, Outputs, Peers, with_factors
from ._penalty import NativePenalty as NativePenalty
from ._penalty import Penalty as Penalty
from ._validation import FloatArray, as_number, refuse

__all__ = ["L1", "L2", "ElasticNet", "RowGroup"]


class _ElasticFamily(Penalty):
    """What L1, L2 and their mixes share: P = αΣ|β_j| + ½(1 − α)Σβ_j² with α = `l1_share`."""

    sklearn: ClassVar[str]

    @property
    def l1_share(self) -> float:
        raise NotImplementedError

    @property
    def peers(self) -> Peers:
        return Peers(self.sklearn, "alpha", None if self.l1_share else "weight_decay")

    @property
    def has_lambda_max(self) -> bool:
        return self.l1_share > 0.0

    @property
    def textbook_factor(self) -> float:
        return 0.5 * (1.0 + self.l1_share)

    def printed(self, lam: float, *, textbook: bool = False, factors: bool = False) -> str:
        share, parts = self.l1_share, []
        if share > 0.0:
            parts.append(f"{lam * share:.6g} Σ {{f}}|β_j|")
        if share < 1.0:
            half = "" if textbook else "½ · "
            parts.append(f"{half}{lam * (1.0 - share):.6g} Σ {{f}}β_j²")
        return with_factors(" + ".join(parts), factors)

    def values(self, coefs: FloatArray, factors: FloatArray) -> FloatArray:
        share = self.l1_share
        part = share * np.abs(coefs) + 0.5 * (1.0 - share) * coefs**2
        return np.asarray(np.einsum("j,jkl->l", factors, part))


@dataclass(frozen=True)
class L1(_ElasticFamily):
    """The lasso penalty, P(β) = Σ|β_j| (Tibshirani 1996): sets coefficients exactly to zero."""

    name: ClassVar[str] = "l1"
    formula: ClassVar[str] = "Σ {f}|β_j|"
    sklearn: ClassVar[str] = "Lasso"

    @property
    def l1_share(self) -> float:
        return 1.0


@dataclass(frozen=True)
class L2(_ElasticFamily):
    """The ridge penalty, P(β) = ½Σβ_j² (Hoerl & Kennard 1970): shrinks without zeros."""

    name: ClassVar[str] = "l2"
    formula: ClassVar[str] = "½Σ {f}β_j²"
    sklearn: ClassVar[str] = "Ridge"

    @property
    def l1_share(self) -> float:
        return 0.0

    def usual_tol(self, *, curved: bool) -> float:
        """Tighter: with an L2 part the gap is like the square of what coefficients are off by."""
        return 1e-13


@dataclass(frozen=True)
class ElasticNet(_ElasticFamily):
    """P(β) = αΣ|β_j| + ½(1 − α)Σβ_j² with α = `l1_ratio` (Zou & Hastie 2005, in glmnet's scale).

    Args:
        l1_ratio: α in [0, 1]; 1 is L1, 0 is L2.

    Raises:
        InvalidArgument: `l1_ratio` is not a number in [0, 1].
    """

    name: ClassVar[str] = "elasticnet"
    formula: ClassVar[str] = "α Σ {f}|β_j| + ½(1 − α) Σ {f}β_j²"
    sklearn: ClassVar[str] = "ElasticNet"
    l1_ratio: float = 0.5

    def __post_init__(self) -> None:
        as_number(self.l1_ratio, "l1_ratio", minimum=0.0, maximum=1.0)

    @property
    def l1_share(self) -> float:
        return float(self.l1_ratio)

    def textbook(self) -> ElasticNet:
        """α_tΣ|β_j| + (1 − α_t)Σβ_j² with α_t = 2α/(1 + α)."""
        return ElasticNet(2.0 * self.l1_ratio / (1.0 + self.l1_ratio))

    def of_textbook(self) -> ElasticNet:
        return ElasticNet(self.l1_ratio / (2.0 - self.l1_ratio))

    def usual_tol(self, *, curved: bool) -> float:
        """With an L2 part and a curved loss the last of Newton's steps brings the gap to 0."""
        return 1e-18 if curved else 1e-10


@dataclass(frozen=True)
class RowGroup(Penalty):
    """P(B) = Σ_j ‖B_j‖₂ over the K coefficients B_j of feature j, for several targets or classes.

    A feature is in the model for all outputs or for none. There is no factor √K: it is glmnet's
    ``type.multinomial="grouped"`` and ``family="mgaussian"``, and scikit-learn's MultiTaskLasso
    (Obozinski, Taskar & Jordan 2010).
    """

    name: ClassVar[str] = "row_group"
    formula: ClassVar[str] = "Σ {f}‖B_j‖₂"
    outputs: ClassVar[Outputs] = "several"
    bounds: ClassVar[Bounds] = "none"

    @property
    def peers(self) -> Peers:
        return Peers("MultiTaskLasso", "grouped")

    def printed(self, lam: float, *, textbook: bool = False, factors: bool = False) -> str:
        return f"{lam:.6g} {with_factors(self.formula, factors)}"

    def values(self, coefs: FloatArray, factors: FloatArray) -> FloatArray:
        return np.asarray(factors @ np.linalg.norm(coefs, axis=1))


PENALTIES: dict[str, type[Penalty]] = {
    kind.name: kind
    for kind in tuple(globals().values())
    if isinstance(kind, type) and issubclass(kind, Penalty) and hasattr(kind, "name")
}


def resolve_penalty(penalty: str | Penalty) -> Penalty:
    """The penalty itself, or the one of this name with its default parameters.

    Raises:
        InvalidArgument: `penalty` is neither a known name nor a penalty, or the name of one that
            needs arguments.
    """
    if isinstance(penalty, Penalty):
        return penalty
    kind = PENALTIES.get(penalty) if isinstance(penalty, str) else None
    if kind is not None and not _needed(kind):
        return kind()
    choices = tuple(name for name, each in PENALTIES.items() if not _needed(each))
    if kind is not None:
        given = ", ".join(f"{name}=…" for name in _needed(kind))
        remedy = f"it has no defaults: give shrinkage.{kind.__name__}({given})"
    else:
        named = ", ".join(f'"{name}"' for name in choices)
        remedy = f"use one of {named}, or a penalty such as shrinkage.ElasticNet(l1_ratio=0.5)"
    raise refuse("penalty", repr(penalty), remedy, code="argument.penalty", choices=choices)


def l1_ratio(penalty: Penalty) -> float:
    """α of the elastic-net family: 1 for L1, 0 for L2.

    Raises:
        InvalidArgument: the penalty is not of that family.
    """
    if penalty.l1_share is None:
        raise refuse(
            "penalty",
            penalty.name,
            "use L1, L2 or the elastic net, the only ones with an L1 share",
            code="argument.penalty",
        )
    return penalty.l1_share


def _needed(kind: type[Penalty]) -> tuple[str, ...]:
    """The arguments that it cannot be made without."""
    return tuple(
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING
    )
