"""Fits paths of penalized linear models: `fit_path`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._runtime import Callback, Interrupted, resolve_threads, run_native
from .._validation import FloatArray, as_integer, as_number, refuse, require_finite
from ..conventions.conversions import weighted_std
from ..core import _native
from ..errors import Cancelled, ConvergenceWarning, InvalidArgument
from ..losses import Loss
from ..penalties import Penalty
from ._problem import Problem, as_lambdas, as_start, make_problem
from ._unpenalized_bound import bounded_by_zero
from .dual import DualPoints
from .request import PathRequest
from .result import Path


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
        tol: every λ is fitted to a duality gap of at most ``tol`` times the null deviance; see
            `shrinkage.linear.certificate` for problems that are not convex.
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
    return fit_request(
        PathRequest(
            X=X,
            y=y,
            loss=loss,
            penalty=penalty,
            lambdas=lambdas,
            n_lambdas=n_lambdas,
            lambda_min_ratio=lambda_min_ratio,
            sample_weight=sample_weight,
            offset=offset,
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            fit_intercept=fit_intercept,
            standardize=standardize,
            tol=tol,
            max_iter=max_iter,
            warm_start=warm_start,
            time_limit=time_limit,
            n_threads=n_threads,
            callback=callback,
        )
    )


def fit_request(request: PathRequest) -> Path:
    """`fit_path` of a request, with its errors and warnings."""
    problem = make_problem(request)
    path = fit_problem(
        problem,
        Grid.of(request, problem),
        warm_start=request.warm_start,
        time_limit=request.time_limit,
        n_threads=request.n_threads,
        callback=request.callback,
    )
    warn_if_unfinished(path)
    return path


@dataclass(frozen=True)
class Grid:
    """The λ to fit.

    Attributes:
        lambdas: decreasing; empty: the core makes `n_lambdas` of them.
        n_lambdas, lambda_min_ratio: as in `fit_path`, of a grid that the core makes.
    """

    lambdas: tuple[float, ...]
    n_lambdas: int = 1
    lambda_min_ratio: float = 0.5

    @classmethod
    def of(cls, request: PathRequest, problem: Problem) -> Grid:
        """The grid that was asked for, checked."""
        n, p = problem.X.shape
        lambdas, ratio = request.lambdas, request.lambda_min_ratio
        return cls(
            lambdas=() if lambdas is None else tuple(as_lambdas(lambdas).tolist()),
            n_lambdas=as_integer(request.n_lambdas, "n_lambdas", minimum=1, maximum=100_000),
            lambda_min_ratio=as_number(
                (1e-2 if n < p else 1e-3) if ratio is None else ratio,
                "lambda_min_ratio",
                minimum=0.0,
                maximum=1.0,
                open_minimum=True,
                open_maximum=True,
            ),
        )

    @property
    def size(self) -> int:
        """How many λ there are, or will be."""
        return len(self.lambdas) or self.n_lambdas

    def native(self) -> dict[str, Any]:
        """The arguments of the native call."""
        return {
            "lambdas": self.lambdas,
            "n_lambdas": self.n_lambdas,
            "lambda_min_ratio": self.lambda_min_ratio,
        }


def fit_problem(
    problem: Problem,
    grid: Grid,
    *,
    warm_start: Any = None,
    time_limit: float | None = None,
    n_threads: int | None = None,
    callback: Callback | None = None,
    allow_full_gram: bool = True,
) -> Path:
    """`fit_path` on a checked problem; warnings are left to the caller."""
    start, start_intercept = _start(warm_start, problem, grid)
    if time_limit is not None:
        time_limit = as_number(time_limit, "time_limit", minimum=0.0, open_minimum=True)
    if callback is not None and not callable(callback):
        remedy = "give a function of one `Progress`, or None"
        raise refuse("callback", repr(callback), remedy, code="argument.type")
    threads = resolve_threads(n_threads)
    total = grid.size

    def run(
        grid: Grid, start: FloatArray | None, start_intercept: FloatArray | None
    ) -> dict[str, Any]:
        def call(control: _native.Control) -> dict[str, Any]:
            return _native.fit_path(
                **problem.native(),
                **grid.native(),
                start=start,
                start_intercept=start_intercept,
                allow_full_gram=allow_full_gram,
                n_threads=threads,
                control=control,
            )

        return run_native(
            call,
            total=total,
            flops=problem.flops(total),
            time_limit=time_limit,
            callback=callback,
        )

    def at_zero(coef: FloatArray, intercept: Any) -> dict[str, Any]:
        return run(Grid((0.0,)), *as_start(coef, intercept, problem))

    try:
        raw = run(grid, start, start_intercept)
    except InvalidArgument as refused:
        if refused.code == "argument.not_finite":
            require_finite(problem.X, "X")  # says which entry
        raise
    except Interrupted as interrupt:
        error = KeyboardInterrupt()
        error.path = _finished(problem, interrupt.result)  # type: ignore[attr-defined]
        raise error from None
    if raw["stop"] == "cancelled":
        cancelled = Cancelled("the fit was stopped by its callback", code="fit.cancelled")
        cancelled.path = _finished(problem, raw)
        raise cancelled
    path = _path(problem, raw)
    if raw["stop"] != "none" or path.converged.all():
        return path
    try:
        return bounded_by_zero(problem, path, at_zero)
    except Interrupted:
        error = KeyboardInterrupt()
        error.path = path  # type: ignore[attr-defined]
        raise error from None


def _start(
    warm_start: Any, problem: Problem, grid: Grid
) -> tuple[FloatArray | None, FloatArray | None]:
    """The coefficients, output by output, and the intercepts to start from."""
    if warm_start is None:
        return None, None
    if isinstance(warm_start, Path):
        distance = np.abs(warm_start.lambdas - grid.lambdas[0]) if grid.lambdas else [0.0]
        nearest = int(np.argmin(distance))
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
    return _path(problem, raw) if len(raw["certificates"]) else None


def _path(problem: Problem, raw: dict[str, Any]) -> Path:
    fitted = len(raw["certificates"])
    p = problem.X.shape[1]
    features, values = raw["features"], raw["values"]
    # Back on the original scale a coefficient at its bound may be off by rounding.
    if problem.lower is not None:
        values = np.maximum(values, problem.lower[features % p])
    if problem.upper is not None:
        values = np.minimum(values, problem.upper[features % p])
    intercepts = raw["intercepts"]
    if problem.outputs is not None:
        intercepts = np.ascontiguousarray(intercepts.reshape(fitted, problem.outputs).T)
    weight_sum = float(problem.weights.sum())
    return Path(
        lambdas=raw["lambdas"][:fitted],
        _entries=(values, features, raw["starts"]),
        n_features=p,
        intercepts=intercepts,
        certificate_kind=raw["certificate_kind"],
        certificate_values=raw["certificates"],
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
        sample_weight_sum=weight_sum,
        classes=problem.classes,
        feature_names=problem.feature_names,
        outputs=problem.outputs,
        time_limited=raw["stop"] == "time_limit",
        _duals=None if problem.loss.smooth else DualPoints.of_native(problem.X.shape[0], raw),
        _objective={
            "weight_sum": weight_sum,
            "fit_intercept": problem.fit_intercept,
            "standardize": problem.standardize,
            "offset": problem.offset is not None,
            "weighted": bool((problem.weights != 1.0).any()),
            "penalty_factor": problem.factors is not None,
            "factor_mean": None if problem.factors is None else float(problem.factors.mean()),
            "bounded": any(
                bounds is not None and bool(np.isfinite(bounds).any())
                for bounds in (problem.lower, problem.upper)
            ),
            "outputs": problem.outputs,
            "target_std": _target_std(problem),
        },
    )


def _target_std(problem: Problem) -> float | None:
    """What glmnet divides the one target of a regression by; see `shrinkage.conventions`."""
    if problem.classes is not None or problem.outputs is not None:
        return None
    target = problem.y if problem.offset is None else problem.y - problem.offset
    return weighted_std(target, problem.weights, centred=problem.fit_intercept)


def warn_if_unfinished(path: Path) -> None:
    """One warning that names the λ, its certificate and what to do; two calls above this one's."""
    converged = path.converged
    if not converged.all():
        missed: list[int] = np.flatnonzero(~converged).tolist()
        worst = max(missed, key=lambda i: path.certificate(i).size)
        warnings.warn(
            f"{len(missed)} of {len(path.lambdas)} λ missed tol={path.tol:g}; the worst is "
            f"λ={path.lambdas[worst]:.6g} with {path.certificate(worst).told}. Raise max_iter or "
            "tol, or end the grid at a larger λ",
            ConvergenceWarning,
            stacklevel=4,
        )
    if path.time_limited:
        warnings.warn(
            f"the time limit ended the path after {len(path.lambdas)} λ; raise time_limit or fit "
            "fewer λ",
            ConvergenceWarning,
            stacklevel=4,
        )
