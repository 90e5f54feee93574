"""What a fit proves of itself: how far it can be from the best, and whether that is near enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray

CertificateKind = Literal["gap", "stationarity"]


@dataclass(frozen=True)
class Certificate:
    """How exact one fit is.

    Attributes:
        kind: "gap", the duality gap over the null deviance D₀: no coefficients have an objective
            that is lower by more (convex problems). "stationarity": the largest distance over units
            (features, groups) of −∇loss from λ∂P, over the unit's factor times λmax, on the scale
            that is penalized (other problems, whose fits need not be the best).
        value: that number.
        tolerance: what was asked, `tol`.
    """

    kind: CertificateKind
    value: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the value is within the tolerance; a value that is no number is not."""
        return self.value <= self.tolerance

    @property
    def told(self) -> str:
        """The value in words: "a relative gap of 1.2e-05"."""
        named = {"gap": "a relative gap of", "stationarity": "a distance from stationarity of"}
        return f"{named[self.kind]} {self.value:.2g}"

    @property
    def size(self) -> float:
        """The value to find the worst by: one that is no number counts as infinite."""
        return math.inf if math.isnan(self.value) else self.value


def hold(values: FloatArray, tolerance: float) -> npt.NDArray[np.bool_]:
    """`Certificate.holds` of many values at once."""
    return values <= tolerance
