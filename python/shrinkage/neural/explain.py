"""What a network minimizes, in words that can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..losses import Loss
from ..penalties import l1_ratio
from .losses import Gaussian, NetworkLoss
from .penalties import InputGroup, UnitGroup, per_layer, resolve_weight_penalty
from .scaling import Scaling

if TYPE_CHECKING:
    from .network import Network

HOW = {
    "standard": "weighted mean and 1/n standard deviation",
    "robust": "weighted median and interquartile range",
}


def objective_text(network: Network, scaling: Scaling | None) -> str:
    """The objective, the layers, the penalties and what was done to X and y, a few lines."""
    given = network._regularization
    depth = network.setting.depth
    kinds = per_layer(given.get("penalty"), "penalty", depth)
    lambdas = per_layer(given.get("lam", 0.0), "lam", depth)
    norms = per_layer(given.get("max_norm"), "max_norm", depth)
    terms = [
        f"{lam:.6g} {_penalty(resolve_weight_penalty(kind), layer)}"
        for layer, (kind, lam) in enumerate(zip(kinds, lambdas, strict=True))
        if kind is not None and lam > 0
    ]
    dropped = any(rate > 0 for rate in network.rates)
    mean = "E_mask " if dropped else ""
    loss = network.loss
    lines = [
        f"minimize over (W, b):  (1/Σw) Σ w_i {mean}{_formula(loss, network.sizes[-1])}"
        + "".join(f" + {term}" for term in terms),
        f"  with η_i = f(x_i{'; mask' if dropped else ''}), units "
        + " → ".join(map(str, network.sizes))
        + f" ({network.setting.activation}), biases b not penalized"
        + "".join(f", {symbol} = {value:.6g}" for symbol, value in _symbols(loss).items()),
    ]
    if dropped:
        rates = ", ".join(f"{rate:.6g}" for rate in network.rates)
        lines.append(
            f"  masks: {network.dropout_kind.name}, rates {rates} of what enters each layer"
        )
    lines += [
        f"  ‖w‖₂ ≤ {norm:.6g} of the weights into each unit of layer {layer + 1}"
        for layer, norm in enumerate(norms)
        if norm is not None
    ]
    return "\n".join(lines + _units(scaling))


def _units(scaling: Scaling | None) -> list[str]:
    if scaling is None:
        return ["  x and y as they are"]
    lines = [
        f"  x_j = (column j − centre_j)/scale_j by {HOW[scaling.kind]} of the training rows "
        "(scaling_.inputs)"
    ]
    if scaling.targets is None:
        return [*lines, "  y as it is"]
    pairs = zip(scaling.targets.centre.tolist(), scaling.targets.scale.tolist(), strict=True)
    shown = [f"(target − {centre:.6g})/{scale:.6g}" for centre, scale in pairs]
    some = shown if len(shown) <= 5 else [*shown[:5], "…"]
    return [*lines, f"  y = {', '.join(some)}, likewise (scaling_.targets)"]


def _formula(loss: NetworkLoss, outputs: int) -> str:
    if isinstance(loss, Gaussian):
        return "½ Σ_k [s_ik + (y_ik − m_ik)² exp(−s_ik)], η_i = (m_i, s_i)"
    if isinstance(loss, Loss):
        return ("Σ_k " if loss.multitarget and outputs > 1 else "") + loss.formula
    return "Σ_q max(q (y_i − η_iq), (q − 1)(y_i − η_iq))"


def _symbols(loss: NetworkLoss) -> dict[str, Any]:
    return loss.symbols if isinstance(loss, Loss) else {}


def _penalty(penalty: Any, layer: int) -> str:
    w = f"W_{layer + 1}"
    if isinstance(penalty, UnitGroup):
        return f"√inputs Σ_j ‖{w}[:, j]‖₂"
    if isinstance(penalty, InputGroup):
        return f"√units Σ_i ‖{w}[i, :]‖₂"
    ratio = l1_ratio(penalty)
    if ratio == 1.0:
        return f"‖{w}‖₁"
    if ratio == 0.0:
        return f"½‖{w}‖²"
    return f"({ratio:.6g}‖{w}‖₁ + ½·{1 - ratio:.6g}‖{w}‖²)"
