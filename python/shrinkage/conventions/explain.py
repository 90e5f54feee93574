"""`explain_objective`: what a fit minimizes, in words that can be checked."""

from __future__ import annotations

from ..errors import InvalidArgument
from ..losses import Loss, resolve_loss
from ..penalties import Penalty, RowGroup, l1_ratio, resolve_penalty
from .conversions import GLMNET_FAMILIES, as_lambda, to_glmnet, to_sklearn, to_textbook


def explain_objective(
    loss: str | Loss,
    penalty: str | Penalty,
    lam: float,
    *,
    weight_sum: float,
    fit_intercept: bool = True,
    standardize: bool = False,
    offset: bool = False,
    penalty_factor: bool = False,
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
        offset: whether η has an offset.
        penalty_factor: whether features have factors f_j of their own.
        bounded: whether β is held between bounds.
        target_std: s_y, for glmnet's scale; without it that line is left out where it is needed.
        outputs: K, the number of classes or targets, where an observation has several η.

    Returns:
        A few lines of text, one per form; a form that cannot express the problem says so.
    """
    loss, penalty = resolve_loss(loss), resolve_penalty(penalty)
    lam = as_lambda(lam, "lam")
    variables = "(b, β)" if fit_intercept else "β"
    several = "Σ_k " if outputs is not None and loss.multitarget else ""
    terms = [name for name, used in (("offset", offset), ("b", fit_intercept)) if used] + ["Xβ"]
    lines = [
        f"minimize over {variables}:  (1/Σw) Σ w_i {several}{loss.formula} + "
        f"{_penalty_text(penalty, lam, 0.5, penalty_factor)}",
        f"  with η = {' + '.join(terms)}, Σw = {weight_sum:.6g}"
        + ("" if fit_intercept else ", no intercept")
        + (", lower ≤ β ≤ upper" if bounded else "")
        + "".join(f", {symbol} = {value:.6g}" for symbol, value in loss.symbols.items())
        + ("" if outputs is None else f", η and β have {outputs} columns"),
    ]
    if standardize:
        lines.append("  β is penalized on columns scaled to unit standard deviation (1/n)")
    book = to_textbook(lam, loss=loss, penalty=penalty, weight_sum=weight_sum)
    book_penalty = _penalty_text(book.penalty, book.lam, 1.0, penalty_factor)
    lines.append(f"textbook:  Σ w_i {several}{loss.textbook} + {book_penalty}")
    special = [
        name
        for name, used in (
            ("an offset", offset),
            ("penalty factors", penalty_factor),
            ("bounds", bounded),
        )
        if used
    ]
    if outputs is None or loss.multiclass:
        lines += _peer_lines(loss, penalty, lam, weight_sum, fit_intercept, special, target_std)
    else:
        lines += _target_lines(penalty, lam, weight_sum, fit_intercept, special)
    return "\n".join(lines)


NO_EQUAL_CALL = "scikit-learn and glmnet: no equal call, for penalty factors or bounds are in force"


def _target_lines(
    penalty: Penalty, lam: float, weight_sum: float, fit_intercept: bool, special: list[str]
) -> list[str]:
    """The peers' calls for several targets; a separable penalty leaves the targets on their own."""
    if special:
        return [NO_EQUAL_CALL]
    sklearn = to_sklearn(
        lam, loss="squared", penalty=penalty, weight_sum=weight_sum, fit_intercept=fit_intercept
    )
    if isinstance(penalty, RowGroup):
        glmnet = f'glmnet(x, y, family="mgaussian", lambda={lam:.6g}, alpha=1)'
    else:
        glmnet = "one call per target"
    return [f"scikit-learn:  {sklearn}", f"glmnet:  {glmnet}"]


def _peer_lines(
    loss: Loss,
    penalty: Penalty,
    lam: float,
    weight_sum: float,
    fit_intercept: bool,
    special: list[str],
    target_std: float | None,
) -> list[str]:
    if special:
        return [NO_EQUAL_CALL]
    lines = []
    if isinstance(penalty, RowGroup):
        call = f'glmnet(x, y, family="{GLMNET_FAMILIES[loss.name]}", lambda={lam:.6g}, alpha=1'
        return ["scikit-learn:  no equal call", f'glmnet:  {call}, type.multinomial="grouped")']
    if loss.name in ("logistic", "multinomial") and lam == 0.0:
        lines.append("scikit-learn:  LogisticRegression(C=inf)")
    else:
        try:
            setting = to_sklearn(
                lam,
                loss=loss,
                penalty=penalty,
                weight_sum=weight_sum,
                fit_intercept=fit_intercept,
            )
            lines.append(f"scikit-learn:  {setting}")
        except InvalidArgument as error:
            lines.append(f"scikit-learn:  no equal call ({error.fields['remedy']})")
    try:
        lines.append(
            f"glmnet:  {to_glmnet(lam, loss=loss, penalty=penalty, target_std=target_std)}"
        )
    except InvalidArgument as error:
        unknown_scale = "its lambda depends on the deviation of y, which is not known here"
        missing = error.code == "argument.missing"
        lines.append(f"glmnet:  {unknown_scale if missing else 'no such family'}")
    return lines


def _penalty_text(penalty: Penalty, lam: float, ridge_scale: float, factors: bool) -> str:
    """λ P with its numbers; `ridge_scale` stands before β²: ½ in ours, 1 in the textbook's."""
    f = "f_j " if factors else ""
    if isinstance(penalty, RowGroup):
        return f"{lam:.6g} Σ {f}‖B_j‖₂"
    alpha = l1_ratio(penalty)
    parts = []
    if alpha > 0.0:
        parts.append(f"{lam * alpha:.6g} Σ {f}|β_j|")
    if alpha < 1.0:
        half = "½ · " if ridge_scale == 0.5 else ""
        parts.append(f"{half}{lam * (1.0 - alpha):.6g} Σ {f}β_j²")
    return " + ".join(parts)
