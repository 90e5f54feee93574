"""The formulas of the compiled core, one call each: losses, penalties, objective, dropout masks.

The canonical objective is ``(1/Σs) Σ_i s_i ℓ(y_i, η_i) + λ P(w)`` with ``η = b + Xw`` and sample
weights s; the intercept b is never penalized. Losses and penalties are given by name or as objects
(`shrinkage.L1`, ...). Targets of the logistic loss are 0 and 1. Arrays are checked and, where they
are not yet float64 and contiguous, copied here; the core itself refuses to copy.

Every function raises `shrinkage.errors.InvalidArgument` for an argument that cannot be used, naming
the argument, its value and the remedy.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from .._validation import (
    FloatArray,
    as_floats,
    as_integer,
    as_number,
    as_weights,
    describe,
    refuse,
)
from ..conventions import from_textbook
from ..losses import Loss, resolve_loss
from ..penalties import Penalty, resolve_penalty
from . import _native
from .penalty_arguments import penalty_arguments

__all__ = [
    "apply_dropout",
    "dropout_mask",
    "dropout_uniform",
    "loss_gradient",
    "loss_terms",
    "loss_value",
    "penalized_loss",
    "penalty_value",
    "prox",
    "prox_gradient_step",
]

Floating = TypeVar("Floating", np.float32, np.float64)

MAX_ROWS = 2**32
MAX_UNITS = 2**27
MAX_LAYERS = 128
MAX_MEMBERS = 1000


def loss_value(
    loss: str | Loss,
    y: npt.ArrayLike,
    eta: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
) -> float:
    """Weighted mean loss, ``(1/Σs) Σ_i s_i ℓ(y_i, η_i)``.

    Args:
        loss: a name or an object: "squared", ½(y − η)²; "logistic", log(1 + e^η) − yη, targets 0
            and 1; "multinomial", minus log softmax, targets 0 … K − 1; "poisson", e^η − yη;
            "gamma", y e^−η + η; "huber"; "quantile"; "squared_hinge", max(0, 1 − yη)², targets −1
            and 1.
        y: targets, (n,), or (n, K) for several targets of the squared loss.
        eta: linear predictors η, (n,); (n, K) for "multinomial" and several targets.
        sample_weight: s, (n,), relative; None means 1 each.
    """
    loss = resolve_loss(loss)
    y, eta = _target_and_predictor(loss, y, eta)
    _require_observations(y)
    weights = as_weights(sample_weight, y.shape[0])
    return _native.loss_value(
        loss.name, loss.parameters, _outputs(eta), y.ravel("F"), eta.ravel("F"), weights
    )


def loss_gradient(loss: str | Loss, y: npt.ArrayLike, eta: npt.ArrayLike) -> FloatArray:
    """Derivative of each observation's loss, ``∂ℓ(y_i, η_i)/∂η_i``, unweighted; (n,) or (n, K)."""
    loss = resolve_loss(loss)
    y, eta = _target_and_predictor(loss, y, eta)
    flat = _native.loss_gradient(
        loss.name, loss.parameters, _outputs(eta), y.ravel("F"), eta.ravel("F")
    )
    return flat.reshape(eta.shape, order="F")


def _target_and_predictor(
    loss: Loss, y: npt.ArrayLike, eta: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """y and η in the dimensions of the loss: η is (n, K) for classes, and for several targets."""
    several = loss.multitarget and np.ndim(y) == 2 and np.ndim(eta) == 2
    target = as_floats(y, "y", ndim=2 if several else 1, order="F")
    predictor = as_floats(eta, "eta", ndim=2 if several or loss.multiclass else 1, order="F")
    wanted = target.shape if several else (target.shape[0], *predictor.shape[1:])
    if predictor.ndim == 2 and predictor.shape != wanted:
        remedy = f"give it one row per observation, {target.shape[0]}, and one column per output"
        raise refuse("eta", describe(predictor), remedy, code="argument.shape")
    return target, predictor


def _outputs(eta: FloatArray) -> int:
    return int(eta.shape[1]) if eta.ndim == 2 else 0


def loss_terms(
    loss: str | Loss, y: npt.ArrayLike, eta: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each observation's loss and its first two derivatives by η, unweighted; (n,) each.

    Where the first derivative has a kink the second is a generalized one: for "huber" 1 inside of δ
    and 0 outside, for "squared_hinge" 2 and 0; for "quantile" it is 0.
    """
    y, eta = as_floats(y, "y", ndim=1), as_floats(eta, "eta", ndim=1)
    loss = resolve_loss(loss)
    return _native.loss_terms(loss.name, loss.parameters, y, eta)


def penalty_value(penalty: str | Penalty, beta: npt.ArrayLike, lam: float) -> float:
    """``λ P(β)``: for L1 λΣ|β_j|, for L2 ½λΣβ_j², for the elastic net their α-weighted sum.

    Args:
        penalty: "l1", "l2", "elasticnet", or a penalty object.
        beta: coefficients, (p,).
        lam: λ ≥ 0.
    """
    penalty = _of_one_output(penalty)
    beta = as_floats(beta, "beta", ndim=1)
    return _native.penalty_value(
        **penalty_arguments(penalty, beta.size), beta=beta, lam=_as_lambda(lam)
    )


def prox(penalty: str | Penalty, v: npt.ArrayLike, step: float, lam: float) -> FloatArray:
    """Proximal operator, ``argmin_b ‖b − v‖²/(2·step) + λ P(b)``; (p,).

    For L1 it is the soft threshold sign(v)·max(|v| − step·λ, 0); for L2, v/(1 + step·λ); for the
    elastic net the first with step·λα, divided by 1 + step·λ(1 − α) (Parikh & Boyd 2014, §6.5).

    Args:
        penalty: "l1", "l2", "elasticnet", or a penalty object.
        v: the point, (p,).
        step: step size > 0.
        lam: λ ≥ 0.
    """
    penalty = _of_one_output(penalty)
    v = as_floats(v, "v", ndim=1)
    step = as_number(step, "step", minimum=0.0, open_minimum=True)
    return _native.prox(**penalty_arguments(penalty, v.size), v=v, step=step, lam=_as_lambda(lam))


def prox_gradient_step(
    w: npt.ArrayLike, grad: npt.ArrayLike, step: float, penalty: str | Penalty, lam: float
) -> FloatArray:
    """One step of proximal gradient descent, ``prox(w − step·grad)``; (p,).

    Its fixed points are the minimizers of loss + λP, zeros included (Combettes & Wajs 2005).

    Args:
        w: coefficients, (p,).
        grad: gradient of the loss alone at `w`, (p,).
        step: step size > 0.
        penalty: "l1", "l2", "elasticnet", or a penalty object.
        lam: λ ≥ 0.
    """
    w, grad = as_floats(w, "w", ndim=1), as_floats(grad, "grad", ndim=1)
    if grad.shape != w.shape:
        remedy = f"give it the shape of w, {w.shape}"
        raise refuse("grad", describe(grad), remedy, code="argument.shape")
    step = as_number(step, "step", minimum=0.0, open_minimum=True)
    return prox(penalty, w - step * grad, step, lam)


def penalized_loss(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    w: npt.ArrayLike,
    b: float,
    *,
    loss: str | Loss,
    penalty: str | Penalty,
    lam: float,
    form: Literal["canonical", "textbook"] = "canonical",
    sample_weight: npt.ArrayLike | None = None,
) -> tuple[float, FloatArray, float]:
    """The penalized objective at (w, b) and its gradient.

    ``form="canonical"``: ``(1/Σs) Σ s ℓ(y, b + Xw) + λ P(w)``, what every solver here minimizes.

    ``form="textbook"``: for the squared loss ``Σ s (ŷ − y)² + λ Q(w)``, for classes
    ``−Σ s log p(y|x) + λ Q(w)``, where Q is Σ|w| for L1, Σw² for L2 (Hastie, Tibshirani & Friedman
    2009, eqs. 3.52 and 3.41) and αΣ|w| + (1 − α)Σw² for the elastic net with α its l1_ratio (their
    eq. 3.54, which has α on the square). `shrinkage.conventions` converts λ and α between the two.

    Args:
        X: design, (n, p).
        y: targets, (n,).
        w: coefficients, (p,).
        b: intercept.
        loss: as in `loss_value`.
        penalty: "l1", "l2", "elasticnet", or a penalty object.
        lam: λ ≥ 0, in the scale of `form`.
        form: "canonical" or "textbook".
        sample_weight: s, (n,); None means 1 each.

    Returns:
        The value; its gradient by w, (p,); its derivative by b. Where the penalty has a kink
        (w_j = 0 under L1) the entry is the subgradient of least norm, so it is zero exactly when
        w_j is stationary.
    """
    if form not in ("canonical", "textbook"):
        remedy = 'use "canonical" or "textbook"'
        raise refuse("form", repr(form), remedy, code="argument.choice")
    X = as_floats(X, "X", ndim=2, order="F")
    y, w = as_floats(y, "y", ndim=1), as_floats(w, "w", ndim=1)
    _require_observations(y)
    weights = as_weights(sample_weight, X.shape[0])
    b, lam = as_number(b, "b"), _as_lambda(lam)
    loss, penalty = resolve_loss(loss), _of_one_output(penalty)
    if loss.multiclass:
        remedy = "use loss_value and loss_gradient, which take an η per class"
        raise refuse("loss", repr(loss.name), remedy, code="argument.loss")
    scale = 1.0
    if form == "textbook":
        weight_sum = float(X.shape[0]) if weights is None else float(weights.sum())
        scale = loss.textbook_factor * weight_sum
        setting = from_textbook(lam, loss=loss, penalty=penalty, weight_sum=weight_sum)
        penalty, lam = setting.penalty, setting.lam
    value, grad_w, grad_b = _native.penalized_loss(
        X=X,
        y=y,
        w=w,
        b=b,
        loss=loss.name,
        loss_parameters=loss.parameters,
        **penalty_arguments(penalty, w.size),
        lam=lam,
        sample_weight=weights,
    )
    return scale * value, scale * grad_w, scale * grad_b


def dropout_mask(
    rows: int | npt.ArrayLike,
    cols: int,
    rate: float,
    *,
    seed: int,
    step: int,
    layer: int,
    n_members: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Dropout mask, 1 = kept: a pure function of (seed, step, layer, row, unit).

    Drawn by Philox 4x32-10 (Salmon et al. 2011), so that any row of any step can be drawn again,
    alone and in any order. The layout is fixed for good; `rate` is honoured to 2⁻³³.

    Args:
        rows: number of rows, for examples 0 … rows − 1; or the indices of the examples, (rows,), as
            a minibatch has them. Use ``[0]`` for a mask shared by all rows.
        cols: number of units; for DropConnect inputs × units, flattened with the unit last:
            ``dropout_mask([0], inputs * units, rate, seed=..., step=..., layer=l)`` reshaped to
            (inputs, units) is what training multiplied layer l's weights by, times 1/(1 − rate).
        rate: probability of dropping, in [0, 1).
        seed: 0 … 2⁶⁴ − 1.
        step: optimizer step, or ensemble member, 0 … 2⁶⁴ − 1.
        layer: 0 is the input; at most 127.
        n_members: None, or N of ``dropout_kind="masksembles"``, whose N masks come back: row i of a
            step has that of member (i + step) mod N. Each keeps K = cols − round(rate·cols) units,
            at least one being dropped if N and cols allow. They are dealt unit after unit, until
            unit u has been given out ⌊(u + 1)NK/cols⌋ times in all, to the members with the fewest
            units so far, of equals to those of the largest `dropout_uniform` at step m, row a and
            unit u; a = 0, and up to 99 while two members are equal that need not be (fewer than
            2 log₂ N units may leave some so).

    Returns:
        (rows, cols), uint8.

    Raises:
        InvalidArgument: an argument is outside its range, or N(1 − rate) < 1: some units would be
            kept by no member.
    """
    rate = _as_rate(rate)
    place = _as_place(rows, cols, seed, step, layer)
    if n_members is None:
        return _native.dropout_mask(place[0], place[1], rate, *place[2:])
    n_members = as_integer(n_members, "n_members", minimum=1, maximum=MAX_MEMBERS)
    require_every_unit(n_members, rate, "rate")
    return _native.member_mask(place[0], place[1], rate, *place[2:], n_members)


def keeps_every_unit(n_members: int, rate: float) -> bool:
    """Whether N fixed masks, 0 for none, can keep every unit once."""
    return not n_members or n_members * (1 - rate) >= 1 - 1e-9


def require_every_unit(n_members: int, rate: float, argument: str) -> None:
    """Refuses a rate at which N > 0 fixed masks could not keep every unit once."""
    if not keeps_every_unit(n_members, rate):
        most = 1 - 1 / n_members
        remedy = f"with {n_members} fixed masks give at most {most:g}: each unit needs one"
        raise refuse(argument, rate, remedy, code="argument.range")


def dropout_uniform(
    rows: int | npt.ArrayLike, cols: int, *, seed: int, step: int, layer: int
) -> FloatArray:
    """The uniform numbers behind a mask: a unit is dropped where its number u is below the rate.

    With them the gates of ``dropout_kind="concrete"`` are drawn again: training multiplied a unit
    by σ((logit u − logit p)/t)/(1 − p), t the temperature (Gal, Hron & Kendall 2017, eq. 5, with
    1 − u for their u, so that t → 0 gives the mask of the same place).

    Args:
        rows, cols, seed, step, layer: as in `dropout_mask`.

    Returns:
        (rows, cols), multiples of 2⁻³² and a half between 0 and 1.
    """
    return _native.dropout_uniform(*_as_place(rows, cols, seed, step, layer))


def _as_place(
    rows: int | npt.ArrayLike, cols: int, seed: int, step: int, layer: int
) -> tuple[npt.NDArray[np.uint32], int, int, int, int]:
    return (
        _as_rows(rows),
        as_integer(cols, "cols", minimum=0, maximum=MAX_UNITS),
        as_integer(seed, "seed", minimum=0, maximum=2**64 - 1),
        as_integer(step, "step", minimum=0, maximum=2**64 - 1),
        as_integer(layer, "layer", minimum=0, maximum=MAX_LAYERS - 1),
    )


def apply_dropout(
    x: npt.NDArray[Floating] | npt.ArrayLike, mask: npt.ArrayLike, rate: float
) -> npt.NDArray[Any]:
    """``x / (1 − rate)`` where `mask` is 1, exactly 0 where it is 0 (inverted dropout).

    The backward pass is the same call on the gradient.

    Args:
        x: activations or gradient, of any shape; float32 stays float32, all else becomes float64.
        mask: of the same shape, 0 and 1 (or bool).
        rate: the rate with which the mask was drawn, in [0, 1).
    """
    array, kept = np.asarray(x), np.asarray(mask)
    if array.dtype.kind not in "biuf":
        raise refuse("x", describe(array), "give real numbers", code="argument.type")
    if kept.shape != array.shape:
        remedy = f"give it the shape of x, {array.shape}"
        raise refuse("mask", describe(kept), remedy, code="argument.shape")
    if kept.dtype.kind not in "biu" or not np.isin(kept, (0, 1)).all():
        remedy = "give a mask of 0 and 1, as dropout_mask draws it"
        raise refuse("mask", describe(kept), remedy, code="argument.range")
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    flat = np.require(array, dtype=dtype, requirements=["C", "A"]).reshape(-1)
    flat_mask = np.require(kept, dtype=np.uint8, requirements=["C"]).reshape(-1)
    return _native.apply_dropout(flat, flat_mask, _as_rate(rate)).reshape(array.shape)


def _of_one_output(penalty: str | Penalty) -> Penalty:
    """A penalty that goes with coefficients of shape (p,)."""
    penalty = resolve_penalty(penalty)
    if penalty.outputs == "several":
        remedy = "it belongs to coefficients of shape (p, K); use a penalty on single coefficients"
        raise refuse("penalty", repr(penalty.name), remedy, code="argument.penalty")
    return penalty


def _as_lambda(lam: float) -> float:
    return as_number(lam, "lam", minimum=0.0)


def _as_rate(rate: float) -> float:
    return as_number(rate, "rate", minimum=0.0, maximum=1.0, open_maximum=True)


def _as_rows(rows: int | npt.ArrayLike) -> npt.NDArray[np.uint32]:
    indices = np.asarray(rows)
    if indices.ndim == 0:
        n = as_integer(rows, "rows", minimum=0, maximum=MAX_ROWS)
        return np.arange(n, dtype=np.uint32)
    if indices.size == 0:
        indices = indices.astype(np.uint32)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        remedy = "give a number of rows or a one-dimensional array of row indices"
        raise refuse("rows", describe(indices), remedy, code="argument.type")
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= MAX_ROWS):
        remedy = f"give row indices from 0 to {MAX_ROWS - 1}"
        raise refuse("rows", describe(indices), remedy, code="argument.range")
    return np.require(indices, dtype=np.uint32, requirements=["C", "A"])


def _require_observations(y: FloatArray) -> None:
    if y.shape[0] == 0:
        raise refuse("y", describe(y), "give at least one observation", code="argument.shape")
