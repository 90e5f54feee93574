"""The dual points of a path whose loss has kinks, where the coefficients do not determine them."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray, refuse


@dataclass(frozen=True, eq=False)
class DualPoints:
    """θ of L fits to n observations, kept as what changes from one fit to the next.

    θ of fit l is scales[l] times what the changes of the fits 0..l leave, from zeros.

    Attributes:
        n: observations.
        starts: (L + 1,) where the changes of each fit start.
        rows, values: the observations that change, and to what.
        scales: (L,) factors.
    """

    n: int
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    values: FloatArray
    scales: FloatArray

    @classmethod
    def of_native(cls, n: int, raw: dict[str, Any]) -> DualPoints:
        """Those of a native result."""
        return cls(n, *(raw[f"dual_{part}"] for part in ("starts", "rows", "values", "scales")))

    def at(self, index: int) -> FloatArray:
        """(n,) θ of fit number `index`; negative numbers count from the last.

        Raises:
            InvalidArgument: there is no such fit.
        """
        fitted = len(self.scales)
        place = operator.index(index)
        if not -fitted <= place < fitted:
            remedy = f"give the number of a fit, 0 to {fitted - 1}"
            raise refuse("index", place, remedy, code="argument.range")
        place %= fitted
        end = self.starts[place + 1]
        theta = np.zeros(self.n)
        theta[self.rows[:end]] = self.values[:end]  # of equal rows the last one counts
        return np.asarray(theta * self.scales[place])
