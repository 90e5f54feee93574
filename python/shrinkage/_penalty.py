"""What the library wants to know of a penalty: the base class, and what holds of most of them."""

# ruff: noqa: ARG002 - what the base class says of any penalty looks at no argument

from __future__ import annotations

import numbers
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ._validation import FloatArray, describe, refuse

IntArray = npt.NDArray[np.int64]
Outputs: TypeAlias = Literal["any", "several", "one"]
Bounds: TypeAlias = Literal["any", "nonnegative", "none"]

NO_NUMBERS: FloatArray = np.zeros(0)
NO_GROUPS: IntArray = np.zeros(0, dtype=np.int64)


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
    parameters: FloatArray = field(default_factory=lambda: NO_NUMBERS)
    groups: IntArray = field(default_factory=lambda: NO_GROUPS)
    weights: FloatArray = field(default_factory=lambda: NO_NUMBERS)


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
    outputs: ClassVar[Outputs] = "any"
    bounds: ClassVar[Bounds] = "any"

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
        return f"{lam:.6g} · [{with_factors(self.formula, factors)}]" + (
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
            InvalidArgument: the number of outputs, a bound or a factor.
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
        if factors is not None:
            groups = self.to_native(n_features, n_outputs).groups
            if groups.size:
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


def with_factors(formula: str, factors: bool) -> str:
    """The formula with f_j where its {f} stand, or without."""
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
