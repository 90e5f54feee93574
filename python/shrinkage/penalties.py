"""Penalties by name, or as frozen dataclasses that carry their parameters.

λ multiplies P(β) in the canonical objective ``(1/Σw) Σ w ℓ + λ P(β)``; see `shrinkage.conventions`
for the same λ in other scales.

A penalty is one dataclass here: what it says of itself is all that the rest of the library knows of
it, and `PENALTIES` lists every one that has a name. What the base class says holds unless a penalty
says otherwise.
"""

# ruff: noqa: ARG002 - what the base class says of any penalty looks at no argument

from __future__ import annotations

import numbers
from dataclasses import MISSING, dataclass, field, fields
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ._validation import FloatArray, as_number, describe, refuse

__all__ = ["L1", "L2", "ElasticNet", "RowGroup"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Peers:
    """What minimizes the same penalty elsewhere; None where nothing does.

    Attributes:
        sklearn: scikit-learn's estimator of the squared loss.
        glmnet: "alpha", its mix of L1 and L2; "grouped", its type.multinomial and its family
            "mgaussian".
        torch: "weight_decay", the coupled one of PyTorch's optimizers.
    """

    sklearn: str | None = None
    glmnet: Literal["alpha", "grouped"] | None = None
    torch: Literal["weight_decay"] | None = None


@dataclass(frozen=True, eq=False)
class NativePenalty:
    """A penalty as the core takes it.

    Attributes:
        name: the name by which the core knows it.
        parameters: numbers, in the order of the core.
        groups: (p,) the number of each feature's group, 0 … G − 1; empty where there are none.
        weights: one a group, or one a rank; empty where there are none.
    """

    name: str
    parameters: FloatArray = field(default_factory=lambda: np.zeros(0))
    groups: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    weights: FloatArray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Penalty:
    """Base of every penalty.

    Attributes:
        name: the name by which the core and a caller know it.
        formula: P(β), as it is printed; ``{f}`` stands where the factor of a feature belongs.
        outputs: how many η an observation may have: "any"; "several", where it ties the K
            coefficients of a feature together; "one".
        bounds: which bounds β may have: "any"; "nonnegative", all [0, ∞) or none; "none".
    """

    name: ClassVar[str]
    formula: ClassVar[str] = "P(β)"
    outputs: ClassVar[Literal["any", "several", "one"]] = "any"
    bounds: ClassVar[Literal["any", "nonnegative", "none"]] = "any"

    @property
    def parameters(self) -> tuple[float, ...]:
        """The numbers among its fields, in the order in which the core takes them."""
        values = (getattr(self, each.name) for each in fields(self))
        return tuple(float(value) for value in values if isinstance(value, numbers.Real))

    @property
    def symbols(self) -> dict[str, float]:
        """The parameters that the formula names by a letter."""
        return {}

    @property
    def l1_share(self) -> float | None:
        """α where P is αΣ|β_j| + ½(1 − α)Σβ_j²; None for every other penalty."""
        return None

    @property
    def peers(self) -> Peers:
        """What other packages call it."""
        return Peers()

    @property
    def has_lambda_max(self) -> bool:
        """Whether a finite λ makes every penalized coefficient zero."""
        return True

    @property
    def textbook_factor(self) -> float:
        """P over the penalty of the textbook form."""
        return 1.0

    def textbook(self) -> Penalty | None:
        """The penalty of the textbook form; None if it has none, as where λ is inside of P."""
        return self

    def of_textbook(self) -> Penalty:
        """The penalty whose textbook form this is: the inverse of `textbook`."""
        return self

    def printed(self, lam: float, *, textbook: bool = False, factors: bool = False) -> str:
        """λ P(β) with its numbers.

        Args:
            lam: λ, or λ_t.
            textbook: it is the penalty of a textbook form, whose squares have no ½.
            factors: features have factors f_j.
        """
        named = "{f}" in self.formula or not factors
        return f"{lam:.6g} · [{_with_factors(self.formula, factors)}]" + (
            "" if named else ", λ times f_j for feature j"
        )

    def values(self, coefs: FloatArray, factors: FloatArray) -> FloatArray | None:
        """(L,) values of P at coefficients (p, K, L), with factors (p,) of the features.

        None where only the core has the formula.
        """
        return None

    def usual_tol(self, *, curved: bool) -> float:
        """The relative gap that estimators ask of a fit, whose loss has no kinks.

        Weights and copies of rows then predict the same to 1e-7.

        Args:
            curved: whether Newton's steps of the loss square the gap: the last brings it to 0.
        """
        return 1e-10

    def to_native(self, n_features: int, n_outputs: int = 1) -> NativePenalty:
        """The penalty as the core takes it.

        Args:
            n_features: p.
            n_outputs: K, the η of an observation.

        Raises:
            InvalidArgument: its own data, such as groups, do not fit p or K.
        """
        return NativePenalty(self.name, np.array(self.parameters, dtype=np.float64))

    def check(
        self,
        n_features: int,
        n_outputs: int,
        *,
        lower: FloatArray | None = None,
        upper: FloatArray | None = None,
        factors: FloatArray | None = None,
    ) -> None:
        """Refuses a fit that it does not go with.

        Args:
            n_features: p.
            n_outputs: K, the η of an observation.
            lower, upper: (p,) bounds of β, or None.
            factors: (p,) of λ, or None.

        Raises:
            InvalidArgument: the number of outputs, a bound, a factor, or its own data.
        """
        if self.outputs == "several" and n_outputs == 1:
            remedy = (
                'it ties several outputs together: give y (n, K) or loss="multinomial", or use "l1"'
            )
            raise refuse("penalty", repr(self.name), remedy, code="argument.penalty")
        if self.outputs == "one" and n_outputs > 1:
            remedy = 'it takes one output: fit one target or class at a time, or use "l1"'
            raise refuse("penalty", repr(self.name), remedy, code="argument.penalty")
        self._check_bounds(lower, upper)
        groups = self.to_native(n_features, n_outputs).groups
        if groups.size and factors is not None:
            _require_equal_within(groups, factors)

    def _check_bounds(self, lower: FloatArray | None, upper: FloatArray | None) -> None:
        if self.bounds == "any":
            return
        title = f"the {self.name.replace('_', '-')} penalty"
        nonnegative = self.bounds == "nonnegative" and lower is not None and not lower.any()
        for argument, given in (("lower", lower), ("upper", upper)):
            if given is None or (argument == "lower" and nonnegative):
                continue
            if np.isfinite(given).any():
                allowed = "no bounds"
                if self.bounds == "nonnegative":
                    allowed = "no bounds but lower=0 for all features"
                remedy = f"{title} takes {allowed}: drop them or use another penalty"
                raise refuse(argument, describe(given), remedy, code="argument.bounds")


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
        return _with_factors(" + ".join(parts), factors)

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
    outputs: ClassVar[Literal["any", "several", "one"]] = "several"
    bounds: ClassVar[Literal["any", "nonnegative", "none"]] = "none"

    @property
    def peers(self) -> Peers:
        return Peers("MultiTaskLasso", "grouped")

    def printed(self, lam: float, *, textbook: bool = False, factors: bool = False) -> str:
        return f"{lam:.6g} {_with_factors(self.formula, factors)}"

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
    choices = tuple(name for name, kind in PENALTIES.items() if not _needed(kind))
    if isinstance(penalty, str) and penalty in choices:
        return PENALTIES[penalty]()
    if isinstance(penalty, str) and penalty in PENALTIES:
        kind = PENALTIES[penalty]
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


def _needed(kind: type[Penalty]) -> list[str]:
    """The arguments that it cannot be made without."""
    return [
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING
    ]


def _with_factors(formula: str, factors: bool) -> str:
    return formula.replace("{f}", "f_j " if factors else "")


def _require_equal_within(groups: IntArray, factors: FloatArray) -> None:
    """One factor a group: the group is penalized as a whole."""
    first = np.unique(groups, return_index=True)[1]
    wrong = np.flatnonzero(factors != factors[first][groups])
    if wrong.size:
        j = int(wrong[0])
        other = int(first[groups[j]])
        remedy = f"give the features of one group one factor: feature {other} has {factors[other]}"
        raise refuse(f"penalty_factor[{j}]", factors[j], remedy, code="argument.range", index=j)
