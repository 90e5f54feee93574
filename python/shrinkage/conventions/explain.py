"""`explain_objective`: what a fit minimizes, in words that can be checked."""

from __future__ import annotations

from ..losses import Loss, resolve_loss
from ..penalties import Penalty, resolve_penalty
from .calls import Fit, glmnet_call, sklearn_call
from .conversions import as_lambda, textbook_lambda


def explain_objective(
    loss: str | Loss,
    penalty: str | Penalty,
    lam: float,
    *,
    weight_sum: float,
    fit_intercept: bool = True,
    standardize: bool = False,
    weighted: bool = False,
    offset: bool = False,
    penalty_factor: bool = False,
    factor_mean: float | None = None,
    bounded: bool = False,
    target_std: float | None = None,
    outputs: int | None = None,
) -> str:
    """What a fit minimizes, in words that can be checked: ours, the textbook's, the peers' calls.

    Args:
        loss: name of the loss.
        penalty: the penalty.
        lam: λ.
        weight_sum: Σw, the number of observations when there are no weights.
        fit_intercept: whether b is fitted; it is never penalized.
        standardize: whether β belongs to columns scaled to unit standard deviation.
        weighted: whether observations have weights w other than 1, which a call must pass on.
        offset: whether η has an offset.
        penalty_factor: whether features have factors f_j of their own.
        factor_mean: Σf/p, by which glmnet, which rescales them, has its lambda multiplied.
        bounded: whether β is held between bounds.
        target_std: s_y by `target_std`, for glmnet's scale; where it is needed and not given, that
            line says so.
        outputs: K, the number of classes or targets, where an observation has several η.

    Returns:
        A few lines of text, one per form. The calls are typed with X (x in R), y, w, offset, f,
        lower and upper; columns that the fit scaled are scaled in them, so that coefficients
        behind a StandardScaler are those times its ``scale_``. A form that cannot express the
        problem says why.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam = as_lambda(lam, "lam")
    variables = "(b, β)" if fit_intercept else "β"
    several = "Σ_k " if outputs is not None and loss.multitarget else ""
    symbols = [*loss.symbols.items(), *penalty.symbols.items()]
    terms = [name for name, used in (("offset", offset), ("b", fit_intercept)) if used] + ["Xβ"]
    lines = [
        f"minimize over {variables}:  (1/Σw) Σ w_i {several}{loss.formula} + "
        f"{penalty.printed(lam, factors=penalty_factor)}",
        f"  with η = {' + '.join(terms)}, Σw = {weight_sum:.6g}"
        + ("" if fit_intercept else ", no intercept")
        + (", lower ≤ β ≤ upper" if bounded else "")
        + "".join(f", {symbol} = {value:.6g}" for symbol, value in symbols)
        + ("" if outputs is None else f", η and β have {outputs} columns"),
    ]
    if standardize:
        lines.append("  β is penalized on columns scaled to unit standard deviation (1/n)")
    book, book_text = penalty.textbook(), "none (this penalty has no such form)"
    if book is not None:
        lam_t = textbook_lambda(lam, loss=loss, penalty=penalty, weight_sum=weight_sum)
        book_penalty = book.printed(lam_t, textbook=True, factors=penalty_factor)
        book_text = f"Σ w_i {several}{loss.textbook} + {book_penalty}"
    lines.append(f"textbook:  {book_text}")
    fit = Fit(
        loss=loss,
        penalty=penalty,
        lam=lam,
        weight_sum=weight_sum,
        fit_intercept=fit_intercept,
        standardize=standardize,
        weighted=weighted,
        offset=offset,
        penalty_factor=penalty_factor,
        factor_mean=factor_mean,
        bounded=bounded,
        target_std=target_std,
        outputs=outputs,
    )
    return "\n".join(
        [*lines, f"scikit-learn:  {sklearn_call(fit)}", f"glmnet:  {glmnet_call(fit)}"]
    )
