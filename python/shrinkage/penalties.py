"""Penalties by name, or as frozen dataclasses that carry their parameters.

λ multiplies P(β) in the canonical objective ``(1/Σw) Σ w ℓ + λ P(β)``; see `shrinkage.conventions`
for the same λ in other scales.

A penalty is one dataclass here: what it says of itself is all that the rest of the library knows of
it, and `PENALTIES` lists every one by its name. What `Penalty` says holds unless it says otherwise.
"""

# ruff: noqa: ARG002 - what holds of any λ, loss or size looks at no argument

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from ._penalty import Bounds, Outputs, Peers, with_factors
from ._penalty import NativePenalty as NativePenalty
from ._penalty import Penalty as Penalty
from ._validation import FloatArray, as_array, as_floats, as_integer, as_number, describe, refuse

__all__ = ["L1", "L2", "SLOPE", "ElasticNet", "GroupLasso", "RowGroup"]


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


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """P(β) = Σ_g w_g ‖β_g‖₂ over groups of features, w_g = √|g| (Yuan & Lin 2006, eq. 2.1).

    The features of a group are in the model together or not at all. `penalty_factor` must be the
    same within a group; bounds are none, or lower=0 for all features.

    Args:
        groups: (p,) labels, one a feature; or lists of feature numbers that hold each once.
        weights: w_g > 0, one a group: in the order of the sorted labels, or of the lists. None
            means √|g|.

    Raises:
        InvalidArgument: when a fit uses it: the groups do not fit its p features, or the weights
            do not fit the groups.
    """

    name: ClassVar[str] = "group_lasso"
    formula: ClassVar[str] = "Σ_g {f}√|g| ‖β_g‖₂"
    outputs: ClassVar[Outputs] = "one"
    bounds: ClassVar[Bounds] = "nonnegative"
    groups: Any
    weights: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", _as_tuple(self.groups))  # compared, hashed, pickled
        object.__setattr__(self, "weights", _as_tuple(self.weights))

    def printed(self, lam: float, *, textbook: bool = False, factors: bool = False) -> str:
        given = self.formula if self.weights is None else self.formula.replace("√|g|", "w_g")
        return f"{lam:.6g} {with_factors(given, factors)}"

    def to_native(self, n_features: int, n_outputs: int = 1) -> NativePenalty:
        labels = group_labels(self.groups, n_features)
        weights = np.sqrt(np.bincount(labels))
        if self.weights is not None:
            weights = _as_weights(self.weights, len(weights), "group")
            _require_positive(weights, "use penalty_factor=0 for a group without penalty")
        return NativePenalty(self.name, groups=labels, weights=weights)


@dataclass(frozen=True)
class SLOPE(Penalty):
    """P(β) = Σ_k ω_k |β|_(k), |β|_(1) ≥ |β|_(2) ≥ …: the sorted L1 norm (Bogdan et al. 2015).

    ω is the Benjamini–Hochberg sequence scaled to ω_1 = 1, ω_k = Φ⁻¹(1 − kq/(2p)) / Φ⁻¹(1 − q/(2p))
    (their eq. 1.9), or given. Coefficients of like size become equal.

    Args:
        q: in (0, 1), the target of the false discovery rate; unused where weights are given.
        weights: ω, (p,), non-increasing, at least 0, the first above 0; or None.

    Raises:
        InvalidArgument: `q` is not a number in (0, 1); when a fit uses it, ω does not fit.
    """

    name: ClassVar[str] = "slope"
    formula: ClassVar[str] = "Σ_k ω_k |{f}β|_(k)"
    outputs: ClassVar[Outputs] = "one"
    bounds: ClassVar[Bounds] = "none"
    q: float = 0.1
    weights: Any = None

    def __post_init__(self) -> None:
        as_number(self.q, "q", minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
        object.__setattr__(self, "weights", _as_tuple(self.weights))

    @property
    def symbols(self) -> dict[str, float]:
        return {"q": float(self.q)} if self.weights is None else {}

    def to_native(self, n_features: int, n_outputs: int = 1) -> NativePenalty:
        if self.weights is None:
            tail = ndtri(0.5 * self.q * np.arange(1, n_features + 1) / n_features)
            return NativePenalty(self.name, weights=tail / tail[0])
        weights = _as_weights(self.weights, n_features, "feature")
        rising = np.flatnonzero(np.diff(weights) > 0)
        if rising.size:
            k = int(rising[0]) + 1
            remedy = "give weights that do not rise: the largest coefficient has the first"
            raise refuse(f"weights[{k}]", weights[k], remedy, code="argument.range", index=k)
        _require_positive(weights[:1], "the first must be above 0")
        return NativePenalty(self.name, weights=weights)


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


def group_labels(groups: Any, n_features: int) -> npt.NDArray[np.int64]:
    """(p,) the number of each feature's group, 0 … G − 1.

    Args:
        groups: p labels, which are numbered in sorted order; or lists of feature numbers.
        n_features: p.

    Raises:
        InvalidArgument: not one label per feature, or not every feature once.
    """
    listed = [isinstance(each, Iterable) and not isinstance(each, str) for each in groups]
    if not any(listed):
        if len(groups) != n_features:
            remedy = f"give one label per feature, {n_features} in all"
            raise refuse("groups", f"<{len(groups)} labels>", remedy, code="argument.shape")
        try:
            return np.unique(as_array(groups, "groups"), return_inverse=True)[1].astype(np.int64)
        except TypeError as error:
            remedy = "give labels of one type"
            raise refuse("groups", f"{groups!r:.60}", remedy, code="argument.type") from error
    if not all(listed):
        remedy = "give one label per feature, or a list of feature numbers per group"
        raise refuse("groups", f"{groups!r:.60}", remedy, code="argument.type")
    labels = np.full(n_features, -1, dtype=np.int64)
    for g, members in enumerate(groups):
        if not len(members):
            raise refuse(f"groups[{g}]", "()", "give every group a feature", code="argument.empty")
        for member in members:
            j = as_integer(member, f"groups[{g}]", minimum=0, maximum=n_features - 1)
            if labels[j] >= 0:
                remedy = f"feature {j} is in group {labels[j]} too: give every feature one group"
                raise refuse(f"groups[{g}]", j, remedy, code="argument.groups", index=j)
            labels[j] = g
    if (labels < 0).any():
        j = int(np.flatnonzero(labels < 0)[0])
        remedy = "give every feature a group, if need be one of its own"
        value = f"<no group of feature {j}>"
        raise refuse("groups", value, remedy, code="argument.groups", index=j)
    return labels


def _as_tuple(value: Any) -> Any:
    """Lists and arrays, of whatever depth, as tuples of plain numbers and labels."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return tuple(_as_tuple(each) for each in value)


def _as_weights(value: Any, size: int, per: str) -> FloatArray:
    weights = as_floats(value, "weights", ndim=1)
    if len(weights) != size:
        remedy = f"give one weight per {per}, {size} in all"
        raise refuse("weights", describe(weights), remedy, code="argument.shape")
    if (weights < 0).any():
        k = int(np.flatnonzero(weights < 0)[0])
        remedy = "give weights of at least 0"
        raise refuse(f"weights[{k}]", weights[k], remedy, code="argument.range", index=k)
    return weights


def _require_positive(weights: FloatArray, remedy: str) -> None:
    if (weights <= 0).any():
        k = int(np.flatnonzero(weights <= 0)[0])
        remedy = f"give weights above 0; {remedy}"
        raise refuse(f"weights[{k}]", weights[k], remedy, code="argument.range", index=k)
