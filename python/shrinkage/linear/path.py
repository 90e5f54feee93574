"""Fits paths of penalized linear models: `fit_path`."""

from __future__ import annotations

import inspect
import warnings
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

    def run(
        grid: dict[str, Any], start: FloatArray | None, start_intercept: FloatArray | None
    ) -> dict[str, Any]:
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

        return run_native(
            call,
            total=total,
            flops=problem.flops(total),
            time_limit=time_limit,
            callback=callback,
        )

    def at_zero(coef: FloatArray, intercept: Any) -> dict[str, Any]:
        return run({**grid, "lambdas": [0.0]}, *as_start(coef, intercept, problem))

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
