"""What a caller asks of `fit_path`, as one object that travels down to the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy.typing as npt

from .._runtime import Callback
from ..losses import Loss
from ..penalties import Penalty


@dataclass(frozen=True, kw_only=True, eq=False)
class PathRequest:
    """The arguments of `shrinkage.fit_path`, which says what they mean, unchecked.

    `shrinkage.linear._problem.make_problem` checks what is minimized, `Grid.of` the λ, and
    `fit_problem` how it is run.
    """

    X: Any
    y: Any
    loss: str | Loss = "squared"
    penalty: str | Penalty = "l1"
    lambdas: npt.ArrayLike | None = None
    n_lambdas: int = 100
    lambda_min_ratio: float | None = None
    sample_weight: npt.ArrayLike | None = None
    offset: npt.ArrayLike | None = None
    penalty_factor: npt.ArrayLike | None = None
    lower: npt.ArrayLike | None = None
    upper: npt.ArrayLike | None = None
    fit_intercept: bool = True
    standardize: bool = True
    tol: float = 1e-6
    max_iter: int | None = None
    warm_start: Any = None
    time_limit: float | None = None
    n_threads: int | None = None
    callback: Callback | None = None

    @classmethod
    def of(cls, X: Any, y: Any, keywords: Mapping[str, Any], *, caller: str) -> PathRequest:
        """The request of these keywords, passed on by a function of this name.

        Raises:
            TypeError: a keyword that `fit_path` does not have.
        """
        known = {field.name for field in fields(cls)} - {"X", "y"}
        unknown = [name for name in keywords if name not in known]
        if unknown:
            raise TypeError(f"{caller}() got an unexpected keyword argument {unknown[0]!r}")
        return cls(X=X, y=y, **keywords)
