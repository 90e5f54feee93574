"""Paths of penalized linear models: `fit_path` and its result."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._runtime import Callback, Interrupted, resolve_threads, run_native
from .._validation import FloatArray, as_integer, as_number, describe, refuse
from ..conventions import explain_objective, target_std
from ..core import _native
from ..errors import Cancelled, ConvergenceWarning
from ..losses import Loss
from ..penalties import Penalty
from ._problem import (
    Problem,
    as_design,
    as_lambdas,
    as_offset,
    as_start,
    feature_names,
    labels_of,
    make_problem,
)

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["response", "link", "class"]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Path:
    """Penalized fits along a decreasing grid of λ; L of them, p features, n observations.

    With K outputs (the classes of loss="multinomial", the columns of a y of shape (n, K)) the
    coefficients have K columns at each λ.

    Attributes:
        lambdas: (L,) decreasing.
        coefs_sparse: (p, L) `scipy.sparse.csc_array`, on the original scale of X; with K outputs
            (pK, L), feature j of output k in row k·p + j.
        intercepts: (L,), or (K, L).
        gaps: (L,) duality gap over the null deviance D₀; the certificate.
        converged: (L,) whether gap ≤ tol.
        n_nonzero: (L,) features with a coefficient that is not exactly zero.
        deviance_ratio: (L,) 1 − (loss − saturated) / D₀.
        losses: (L,) the mean loss (1/Σw) Σ w ℓ.
        n_iter: (L,) rounds of the solver.
        regime: (L,) the algorithm that fitted each λ, chosen by cost.
        centers, scales: (p,) what is penalized is coef × scale, of the column about its center.
        null_deviance: D₀, the mean loss of the null model minus that of the saturated one.
        classes: the labels in sorted order; of two the second is the event; None for regression.
        feature_names: (p,) or None.
        outputs: K, or None where an observation has one η.
        time_limited: whether the time limit ended the path before its last λ.
    """

    lambdas: FloatArray
    coefs_sparse: sparse.csc_array
    intercepts: FloatArray
    gaps: FloatArray
    converged: npt.NDArray[np.bool_]
    n_nonzero: IntArray
    deviance_ratio: FloatArray
    losses: FloatArray
    n_iter: IntArray
    regime: npt.NDArray[np.str_]
    centers: FloatArray
    scales: FloatArray
    null_deviance: float
    loss: Loss
    penalty: Penalty
    tol: float
    fit_intercept: bool
    standardize: bool
    sample_weight_sum: float
    classes: npt.NDArray[Any] | None = None
    feature_names: npt.NDArray[Any] | None = None
    outputs: int | None = None
    time_limited: bool = False
    _objective: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def coefs(self) -> FloatArray:
        """(p, L) dense coefficients, or (p, K, L); built on first access."""
        return self._shaped(np.asarray(self.coefs_sparse.toarray()))

    @property
    def n_features(self) -> int:
        """p, the number of features."""
        return int(self.coefs_sparse.shape[0]) // (self.outputs or 1)

    def coef_at(self, index: int) -> FloatArray:
        """(p,) or (p, K) coefficients of the fit number `index`."""
        return self._shaped(self.coefs_sparse[:, [index]].toarray())[..., 0]

    def coef(self, lam: float) -> FloatArray:
        """(p,) or (p, K) coefficients at λ, interpolated linearly between the fits around it.

        Raises:
            InvalidArgument: λ lies outside the fitted grid.
        """
        low, share = self._locate(lam)
        high = min(low + 1, len(self.lambdas) - 1)
        return np.asarray((1.0 - share) * self.coef_at(low) + share * self.coef_at(high))

    def intercept(self, lam: float) -> float | FloatArray:
        """The intercept at λ, or the K of them, interpolated like `coef`."""
        low, share = self._locate(lam)
        high = min(low + 1, len(self.lambdas) - 1)
        at = (1.0 - share) * self.intercepts[..., low] + share * self.intercepts[..., high]
        return float(at) if self.outputs is None else np.asarray(at)

    def _shaped(self, columns: FloatArray) -> FloatArray:
        """Columns of `coefs_sparse` as (p, L) or (p, K, L)."""
        if self.outputs is None:
            return columns
        return columns.reshape(self.outputs, self.n_features, -1).transpose(1, 0, 2)

    def predict(
        self, X: Any, lam: float, *, kind: Kind = "response", offset: Any = None
    ) -> npt.NDArray[Any]:
        """Predictions at λ, (n,), or (n, K) with K outputs.

        Args:
            X: (n, p).
            lam: λ within the fitted grid.
            kind: "response", the mean of y (for two classes the probability of the second one, for
                loss="multinomial" those of all); "link", η = offset + b + Xβ; "class", the most
                probable label, (n,).
            offset: (n,), or (n, K), or None.
        """
        matrix = as_design(X)
        self._require_features(X, matrix)
        eta = matrix @ self.coef(lam) + self.intercept(lam)
        shift = as_offset(offset, len(eta), self.outputs)
        if shift is not None:
            eta = eta + shift
        if kind == "link":
            return np.asarray(eta)
        if kind == "response":
            return self.loss.mean(np.asarray(eta))
        if kind == "class" and self.classes is not None:
            return labels_of(eta, self.classes)
        choices = '"response" or "link"' + ("" if self.classes is None else ' or "class"')
        raise refuse("kind", repr(kind), f"use {choices}", code="argument.kind")

    def explain_objective(self, lam: float | None = None) -> str:
        """What was minimized at λ (the smallest by default), in our form and in the peers'."""
        at = float(self.lambdas[-1]) if lam is None else lam
        return explain_objective(self.loss, self.penalty, at, **self._objective)

    def to_frame(self) -> pd.DataFrame:
        """One row per λ: its certificate, its size, the intercept and every coefficient.

        With K outputs the columns are named "intercept[k]" and "feature[k]", k the class or the
        number of the target.
        """
        import pandas as pd

        summary = {
            "lambda": self.lambdas,
            "gap": self.gaps,
            "converged": self.converged,
            "n_nonzero": self.n_nonzero,
            "deviance_ratio": self.deviance_ratio,
        }
        if self.outputs is None:
            names, intercepts = self.names, ["intercept"]
        else:
            labels = range(self.outputs) if self.classes is None else self.classes
            names = [f"{name}[{label}]" for label in labels for name in self.names]
            intercepts = [f"intercept[{label}]" for label in labels]
        parts = (
            pd.DataFrame(summary),
            pd.DataFrame(np.atleast_2d(self.intercepts).T, columns=intercepts),
            pd.DataFrame(self.coefs_sparse.toarray().T, columns=names),
        )
        return pd.concat(parts, axis=1)

    @property
    def names(self) -> list[str]:
        """The feature names, or x0, x1, ... where X had none."""
        if self.feature_names is not None:
            return [str(name) for name in self.feature_names]
        return [f"x{j}" for j in range(self.n_features)]

    def _require_features(self, X: Any, matrix: FloatArray) -> None:
        if matrix.shape[1] != self.n_features:
            remedy = f"give the {self.n_features} features of the fit"
            raise refuse("X", describe(matrix), remedy, code="argument.shape")
        given = feature_names(X)
        if given is not None and self.feature_names is not None:
            other = np.flatnonzero(given != self.feature_names)
            if other.size:
                name = f"<column {given[other[0]]!r} in place of {self.feature_names[other[0]]!r}>"
                remedy = "give the columns of the fit in its order: X[path.feature_names]"
                raise refuse("X", name, remedy, code="argument.feature_names", index=int(other[0]))

    def _locate(self, lam: float) -> tuple[int, float]:
        """The fit at or above λ and the share of the next one."""
        value = as_number(lam, "lam", minimum=0.0)
        if not len(self.lambdas):
            remedy = "give the fit more time: this path ended before its first λ"
            raise refuse("lam", value, remedy, code="argument.range")
        largest, smallest = float(self.lambdas[0]), float(self.lambdas[-1])
        slack = 1e-12 * largest
        if not smallest - slack <= value <= largest + slack:
            remedy = f"give λ between {smallest:.6g} and {largest:.6g}, or fit a wider grid"
            raise refuse("lam", value, remedy, code="argument.range")
        value = min(max(value, smallest), largest)
        low = int(np.searchsorted(-self.lambdas, -value, side="right")) - 1
        if low >= len(self.lambdas) - 1:
            return len(self.lambdas) - 1, 0.0
        above, below = self.lambdas[low], self.lambdas[low + 1]
        return low, float((above - value) / (above - below))


def fit_path(
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "squared",
    penalty: str | Penalty = "l1",
    lambdas: npt.ArrayLike | None = None,
    n_lambdas: int = 100,
    lambda_min_ratio: float | None = None,
    sample_weight: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    penalty_factor: npt.ArrayLike | None = None,
    lower: npt.ArrayLike | None = None,
    upper: npt.ArrayLike | None = None,
    fit_intercept: bool = True,
    standardize: bool = True,
    tol: float = 1e-6,
    max_iter: int | None = None,
    warm_start: Any = None,
    time_limit: float | None = None,
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> Path:
    """Fits ``min (1/Σw) Σ w_i ℓ(y_i, offset_i + b + x_i'β) + λ P(β)`` along a grid of λ.

    Args:
        X: (n, p) numbers, data frame or scipy sparse matrix. Read in place when it is float64 in
            Fortran order or CSC, else converted once. Sparse columns are centred and scaled
            without making them dense.
        y: (n,) numbers; (n, K) for several targets with loss="squared", whose losses are summed;
            for loss="logistic" and "squared_hinge" any two labels, the larger is the event; for
            loss="multinomial" labels of any number of classes.
        loss: "squared", "logistic", "multinomial", "poisson", "gamma", "huber", "squared_hinge",
            "quantile", or a loss with its parameter such as ``Huber(delta=1.35)``. The multinomial
            model is symmetric: of all minimizers the one of least Σβ² is given; its intercepts and
            the coefficients of an unpenalized feature sum to zero over the classes.
        penalty: "l1", "l2", "elasticnet", or a penalty such as ``ElasticNet(l1_ratio=0.5)``; with
            several outputs also "row_group", Σ_j ‖B_j‖₂ over the K coefficients of a feature.
        lambdas: strictly decreasing grid; None makes one from λmax, the smallest λ at which every
            penalized coefficient is zero, down to `lambda_min_ratio` λmax. For L2, which has no
            such λ, from 100·e₁κ to 1e-6·e₁κ, e₁ the largest eigenvalue of the weighted Gram matrix
            and κ the loss's curvature (1 squared, huber and gamma; ¼ logistic; ½ multinomial; 2
            squared_hinge; the mean of y poisson; 1/(4D₀) quantile).
        n_lambdas: size of that grid.
        lambda_min_ratio: None means 1e-3, and 1e-2 when n < p.
        sample_weight: (n,) relative weights w ≥ 0.
        offset: (n,) added to η; (n, K) with several outputs.
        penalty_factor: (p,) factors ≥ 0 of λ; 0 leaves a feature unpenalized. Not rescaled.
        lower, upper: bounds of β on the original scale, one number or (p,); they contain 0. Those
            of a feature hold for all outputs; not with "row_group".
        fit_intercept: whether to fit b, which is never penalized.
        standardize: penalize the coefficients of columns scaled to unit 1/n standard deviation
            about their weighted means; results are on the original scale.
        tol: every λ is fitted to a duality gap of at most ``tol`` times the null deviance.
        max_iter: rounds at one λ, 1000 by default.
        warm_start: a `Path`, or a pair (coef, intercept), to start from.
        time_limit: seconds after which the finished part is returned, with a warning.
        n_threads: None means the CPUs this process may use; results do not depend on it.
        callback: called with a `Progress` about every 50 ms; returning True stops the fit.

    Raises:
        InvalidArgument: an argument cannot be used.
        Cancelled: the callback stopped the fit; ``error.path`` is the finished part, or None.
        KeyboardInterrupt: likewise after Ctrl-C, with ``error.path``.

    Warns:
        ConvergenceWarning: a λ missed `tol`, or the time limit ended the path.
    """
    arguments = dict(locals())
    problem, grid, how = plan_path(arguments.pop("X"), arguments.pop("y"), arguments)
    path = fit_problem(problem, grid, **how)
    warn_if_unfinished(path)
    return path


def plan_path(
    X: Any, y: Any, arguments: dict[str, Any]
) -> tuple[Problem, dict[str, Any], dict[str, Any]]:
    """The keywords of `fit_path` as a checked problem, its grid, and how to run it."""
    rest = dict(arguments)
    how = {name: rest.pop(name) for name in ("warm_start", "time_limit", "n_threads", "callback")}
    grid = {name: rest.pop(name) for name in ("lambdas", "n_lambdas", "lambda_min_ratio")}
    problem = make_problem(X, y, **rest)
    return problem, _grid(problem, **grid), how


def keywords_of_fit_path(given: dict[str, Any], caller: str) -> dict[str, Any]:
    """All keywords of `fit_path`: those given, the others at their defaults.

    Raises:
        TypeError: a keyword that `fit_path` does not have.
    """
    keywords = inspect.signature(fit_path).parameters.values()
    defaults = {k.name: k.default for k in keywords if k.kind is k.KEYWORD_ONLY}
    unknown = [name for name in given if name not in defaults]
    if unknown:
        raise TypeError(f"{caller}() got an unexpected keyword argument {unknown[0]!r}")
    return {**defaults, **given}


def _grid(
    problem: Problem,
    lambdas: npt.ArrayLike | None,
    n_lambdas: int,
    lambda_min_ratio: float | None,
) -> dict[str, Any]:
    n, p = problem.X.shape
    ratio = (1e-2 if n < p else 1e-3) if lambda_min_ratio is None else lambda_min_ratio
    return {
        "lambdas": [] if lambdas is None else as_lambdas(lambdas).tolist(),
        "n_lambdas": as_integer(n_lambdas, "n_lambdas", minimum=1, maximum=100_000),
        "lambda_min_ratio": as_number(
            ratio,
            "lambda_min_ratio",
            minimum=0.0,
            maximum=1.0,
            open_minimum=True,
            open_maximum=True,
        ),
    }


def fit_problem(
    problem: Problem,
    grid: dict[str, Any],
    *,
    warm_start: Any = None,
    time_limit: float | None = None,
    n_threads: int | None = None,
    callback: Callback | None = None,
    allow_full_gram: bool = True,
) -> Path:
    """`fit_path` on a checked problem; warnings are left to the caller."""
    start, start_intercept = _start(warm_start, problem, grid["lambdas"])
    if time_limit is not None:
        time_limit = as_number(time_limit, "time_limit", minimum=0.0, open_minimum=True)
    if callback is not None and not callable(callback):
        remedy = "give a function of one `Progress`, or None"
        raise refuse("callback", repr(callback), remedy, code="argument.type")
    threads = resolve_threads(n_threads)
    total = len(grid["lambdas"]) or grid["n_lambdas"]

    def call(control: _native.Control) -> dict[str, Any]:
        return _native.fit_path(
            **problem.native(),
            **grid,
            start=start,
            start_intercept=start_intercept,
            allow_full_gram=allow_full_gram,
            n_threads=threads,
            control=control,
        )

    try:
        raw = run_native(
            call,
            total=total,
            flops=problem.flops(total),
            time_limit=time_limit,
            callback=callback,
        )
    except Interrupted as interrupt:
        error = KeyboardInterrupt()
        error.path = _finished(problem, interrupt.result)  # type: ignore[attr-defined]
        raise error from None
    if raw["stop"] == "cancelled":
        cancelled = Cancelled("the fit was stopped by its callback", code="fit.cancelled")
        cancelled.path = _finished(problem, raw)
        raise cancelled
    return _path(problem, raw)


def _start(
    warm_start: Any, problem: Problem, lambdas: list[float]
) -> tuple[FloatArray | None, FloatArray | None]:
    """The coefficients, output by output, and the intercepts to start from."""
    if warm_start is None:
        return None, None
    if isinstance(warm_start, Path):
        nearest = int(np.argmin(np.abs(warm_start.lambdas - lambdas[0]))) if lambdas else 0
        coef: Any = warm_start.coef_at(nearest)
        intercept: Any = warm_start.intercepts[..., nearest][()]
    else:
        try:
            coef, intercept = warm_start
        except (TypeError, ValueError):
            raise refuse(
                "warm_start",
                repr(type(warm_start)),
                "give a Path or a pair (coef, intercept)",
                code="argument.type",
            ) from None
    return as_start(coef, intercept, problem)


def _finished(problem: Problem, raw: dict[str, Any]) -> Path | None:
    return _path(problem, raw) if len(raw["gaps"]) else None


def _path(problem: Problem, raw: dict[str, Any]) -> Path:
    fitted = len(raw["gaps"])
    p = problem.X.shape[1]
    shape = (p * (problem.outputs or 1), fitted)
    features, values = raw["features"], raw["values"]
    # Back on the original scale a coefficient at its bound may be off by rounding.
    if problem.lower is not None:
        values = np.maximum(values, problem.lower[features % p])
    if problem.upper is not None:
        values = np.minimum(values, problem.upper[features % p])
    intercepts = raw["intercepts"]
    if problem.outputs is not None:
        intercepts = np.ascontiguousarray(intercepts.reshape(fitted, problem.outputs).T)
    coefs = sparse.csc_array((values, features, raw["starts"]), shape=shape)
    return Path(
        lambdas=raw["lambdas"][:fitted],
        coefs_sparse=coefs,
        intercepts=intercepts,
        gaps=raw["gaps"],
        converged=np.asarray(raw["converged"], dtype=bool),
        n_nonzero=raw["n_nonzero"],
        deviance_ratio=raw["deviance_ratio"],
        losses=raw["loss"],
        n_iter=raw["n_iter"],
        regime=np.asarray(raw["regime"], dtype=str),
        centers=raw["centers"],
        scales=raw["scales"],
        null_deviance=raw["null_deviance"],
        loss=problem.loss,
        penalty=problem.penalty,
        tol=problem.tol,
        fit_intercept=problem.fit_intercept,
        standardize=problem.standardize,
        sample_weight_sum=float(problem.weights.sum()),
        classes=problem.classes,
        feature_names=problem.feature_names,
        outputs=problem.outputs,
        time_limited=raw["stop"] == "time_limit",
        _objective={
            "weight_sum": float(problem.weights.sum()),
            "fit_intercept": problem.fit_intercept,
            "standardize": problem.standardize,
            "offset": problem.offset is not None,
            "penalty_factor": problem.factors is not None,
            "bounded": problem.lower is not None or problem.upper is not None,
            "outputs": problem.outputs,
            "target_std": target_std(problem.y, problem.weights)
            if problem.classes is None and problem.outputs is None
            else None,
        },
    )


def warn_if_unfinished(path: Path) -> None:
    """One warning that names the λ, the gap and what to do."""
    missed = np.flatnonzero(~path.converged)
    if missed.size:
        worst = missed[np.argmax(path.gaps[missed])]
        warnings.warn(
            f"{missed.size} of {len(path.lambdas)} λ missed tol={path.tol:g}; the worst is "
            f"λ={path.lambdas[worst]:.6g} with a relative gap of {path.gaps[worst]:.2g}. Raise "
            "max_iter or tol, or end the grid at a larger λ",
            ConvergenceWarning,
            stacklevel=3,
        )
    if path.time_limited:
        warnings.warn(
            f"the time limit ended the path after {len(path.lambdas)} λ; raise time_limit or fit "
            "fewer λ",
            ConvergenceWarning,
            stacklevel=3,
        )
