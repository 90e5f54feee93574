"""Networks with made-up weights, and numpy's word on their members."""

import itertools
from typing import Any

import numpy as np

import shrinkage as sh
from shrinkage.neural import Gaussian, Network, Setting

LOSSES: dict[str, Any] = {
    "multinomial": (sh.losses.Multinomial(), 3),
    "logistic": (sh.losses.Logistic(), 1),
    "squared": (sh.losses.Squared(), 1),
    "two targets": (sh.losses.Squared(), 2),
    "poisson": (sh.losses.Poisson(), 1),
    "gaussian": (Gaussian(), 1),
}


def network(
    hidden: tuple[int, ...] = (7,),
    loss: str = "multinomial",
    *,
    inputs: int = 4,
    dtype: str = "float64",
    activation: str = "tanh",
    seed: int = 0,
    **dropout: Any,
) -> Network:
    """With weights and biases drawn from a normal, not trained."""
    kind, targets = LOSSES[loss]
    made = Network(inputs, kind, targets, Setting(hidden, activation, dtype=dtype), seed)
    rng = np.random.default_rng(seed)
    weights, biases = made.parameters()
    made.set_parameters(
        [rng.standard_normal(w.shape) for w in weights],
        [0.3 * rng.standard_normal(b.shape) for b in biases],
    )
    made.regularize(**dropout)
    return made


def rows(n: int = 9, inputs: int = 4, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, inputs))


def alpha_map(rate: float) -> tuple[float, float, float]:
    """Scale, shift and dropped value of alpha dropout (Klambauer et al. 2017)."""
    depth, keep = -1.7580993408473766, 1 - rate
    a = (keep + depth**2 * keep * rate) ** -0.5
    return a, -a * rate * depth, a * depth - a * rate * depth


def forward(net: Network, X: np.ndarray, masks: list[Any]) -> np.ndarray:
    """η (n, outputs) where masks[l] keeps 1 and drops 0 of what enters layer l; None: nothing."""
    weights, biases = net.parameters()
    kind = net._regularization["dropout_kind"]
    f = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[net.setting.activation]
    h = np.asarray(X, float)
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        mask, rate = masks[layer], net.rates[layer]
        if mask is not None and kind == "alpha":
            scale, shift, dropped = alpha_map(rate)
            h = np.where(mask, scale * h + shift, dropped)
        elif mask is not None:
            h = h * mask / (1 - rate)
        z = h @ w + b
        h = f(z) if layer + 1 < len(weights) else z
    return np.asarray(h)


def response(net: Network, eta: np.ndarray) -> np.ndarray:
    """(n, K) probabilities or means."""
    if isinstance(net.loss, Gaussian):
        return eta[:, :1]
    p = net.loss.mean(eta)
    return np.column_stack([1 - p, p]) if isinstance(net.loss, sh.losses.Logistic) else p


def all_masks(net: Network, groups: list[int] | None = None) -> list[tuple[float, list[Any]]]:
    """Every combination of masks with its probability, the first decision varying fastest."""
    sizes, rates = net.sizes, net.rates
    counts = [n if p > 0 else 0 for n, p in zip(sizes[:-1], rates, strict=True)]
    if groups and counts[0]:
        counts[0] = max(groups) + 1
    found = []
    for reversed_bits in itertools.product((0, 1), repeat=sum(counts)):
        bits, weight, masks = list(reversed_bits[::-1]), 1.0, []
        for layer, n in enumerate(counts):
            own, bits = np.array(bits[:n]), bits[n:]
            weight *= float(np.prod(np.where(own, 1 - rates[layer], rates[layer])))
            if layer == 0 and groups and n:
                own = own[groups]
            masks.append(own if n else None)
        found.append((weight, masks))
    return found


def drawn_masks(net: Network, seed: int, member: int, groups: Any = None) -> list[Any]:
    """What `sh.core.dropout_mask` says of a member."""
    masks: list[Any] = []
    for layer, rate in enumerate(net.rates):
        n = net.sizes[layer]
        if layer == 0 and groups is not None:
            n = max(groups) + 1
        mask = sh.core.dropout_mask(1, n, rate, seed=seed, step=member, layer=layer)[0]
        masks.append(None if rate == 0 else mask[groups] if layer == 0 and groups else mask)
    return masks


def column(values: np.ndarray) -> np.ndarray:
    return values[:, None] if values.ndim == 1 else values
