"""Networks against PyTorch with our masks put in: gradients by autograd, training step by step.

PyTorch is no dependency of the project: without it these tests are skipped.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.neural import Gaussian, Network, Quantiles, Setting
from shrinkage.neural.setting import ACTIVATIONS
from support.philox import epoch_order

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
functional = torch.nn.functional

ALPHA = -1.7580993408473766  # what alpha dropout puts in a dropped unit's place
RATES = (0.2, 0.5, 0.35)  # of the inputs and of each hidden layer
SIZES = (9, 21, 14)
TORCH_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: z,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "selu": functional.selu,
}


def pinball(y: Any, eta: Any, q: float) -> Any:
    return torch.where(y >= eta, q * (y - eta), (q - 1) * (y - eta))


# The loss of each example (n,) from its predictors (n, K) and targets, next to ours and K.
LOSSES: dict[str, tuple[Any, int, Callable[[Any, Any], Any]]] = {
    "squared": (sh.losses.Squared(), 1, lambda e, y: 0.5 * (y - e[:, 0]) ** 2),
    "several targets": (sh.losses.Squared(), 3, lambda e, y: 0.5 * ((y - e) ** 2).sum(1)),
    "logistic": (
        sh.losses.Logistic(),
        1,
        lambda e, y: functional.binary_cross_entropy_with_logits(e[:, 0], y, reduction="none"),
    ),
    "multinomial": (
        sh.losses.Multinomial(),
        4,
        lambda e, y: functional.cross_entropy(e, y.long(), reduction="none"),
    ),
    "poisson": (
        sh.losses.Poisson(),
        1,
        lambda e, y: functional.poisson_nll_loss(e[:, 0], y, reduction="none"),
    ),
    "gamma": (sh.losses.Gamma(), 1, lambda e, y: y * torch.exp(-e[:, 0]) + e[:, 0]),
    "huber": (
        sh.losses.Huber(0.7),
        1,
        lambda e, y: functional.huber_loss(e[:, 0], y, delta=0.7, reduction="none"),
    ),
    "quantile": (sh.losses.Quantile(0.3), 1, lambda e, y: pinball(y, e[:, 0], 0.3)),
    "quantiles": (
        Quantiles((0.1, 0.6)),
        1,
        lambda e, y: pinball(y, e[:, 0], 0.1) + pinball(y, e[:, 1], 0.6),
    ),
    "gaussian": (
        Gaussian(),
        1,
        lambda e, y: functional.gaussian_nll_loss(
            e[:, 0], y, torch.exp(e[:, 1]), eps=0.0, reduction="none"
        ),
    ),
}


def data(loss: str, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """X (n, 9) and a target for the loss."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, SIZES[0]))
    y = X[:, 0] - X[:, 1] + 0.5 * rng.standard_normal(n)
    made = {
        "several targets": lambda: np.column_stack([y, -y, X[:, 2]]),
        "logistic": lambda: (y > 0).astype(float),
        "multinomial": lambda: np.digitize(y, [-1.0, 0.0, 1.0]).astype(float),
        "poisson": lambda: rng.poisson(np.exp(0.5 * y)).astype(float),
        "gamma": lambda: np.exp(0.5 * y),
    }
    return X, made.get(loss, lambda: y)()


def ours(loss: str, X: np.ndarray, y: np.ndarray, seed: int = 5, **setting: Any) -> Network:
    """A network of ours with biases that are not zero."""
    kind, targets, _ = LOSSES[loss]
    network = Network(SIZES[0], kind, targets, Setting(SIZES[1:], dtype="float64", **setting), seed)
    network.set_examples(X, y)
    weights, biases = network.parameters()
    rng = np.random.default_rng(1)
    network.set_parameters(weights, [0.3 * rng.standard_normal(b.shape) for b in biases])
    return network


def leaves(network: Network) -> list[list[Any]]:
    """Its weights and its biases as PyTorch's, with gradients."""
    return [
        [torch.tensor(array, requires_grad=True) for array in arrays]
        for arrays in network.parameters()
    ]


def masks(rows: Any, *, seed: int, step: int, kind: str = "bernoulli") -> list[Any]:
    """The masks of a step for these rows, layer by layer."""
    which = [0] * len(rows) if kind == "batch" else rows
    return [
        torch.from_numpy(
            sh.core.dropout_mask(which, units, rate, seed=seed, step=step, layer=layer)
        ).double()
        for layer, (units, rate) in enumerate(zip(SIZES, RATES, strict=True))
    ]


def connected(weights: list[Any], *, seed: int, step: int) -> list[Any]:
    """The weights that DropConnect leaves in a step, scaled."""
    found = []
    for layer, (w, rate) in enumerate(zip(weights, RATES, strict=True)):
        mask = sh.core.dropout_mask([0], w.numel(), rate, seed=seed, step=step, layer=layer)
        found.append(w * torch.from_numpy(mask).reshape(w.shape) / (1.0 - rate))
    return found


def drop(h: Any, mask: Any, rate: float, kind: str) -> Any:
    q = 1.0 - rate
    if kind == "dropconnect":
        return h
    if kind != "alpha":
        return h * mask / q
    a = (q + ALPHA**2 * q * rate) ** -0.5
    return a * (h * mask + ALPHA * (1 - mask)) - a * rate * ALPHA


def forward(
    weights: list[Any],
    biases: list[Any],
    x: Any,
    kept: list[Any],
    activation: str = "relu",
    kind: str = "bernoulli",
) -> Any:
    h = drop(x, kept[0], RATES[0], kind)
    for layer in range(len(SIZES) - 1):
        h = TORCH_ACTIVATIONS[activation](h @ weights[layer] + biases[layer])
        h = drop(h, kept[layer + 1], RATES[layer + 1], kind)
    return h @ weights[-1] + biases[-1]


@pytest.mark.parametrize(
    ("loss", "activation", "kind"),
    [
        *((loss, "tanh", "bernoulli") for loss in LOSSES),
        *(("squared", activation, "bernoulli") for activation in ACTIVATIONS),
        *(("multinomial", "selu", kind) for kind in ("alpha", "batch", "dropconnect")),
    ],
)
def test_gradients_are_those_of_autograd(loss: str, activation: str, kind: str) -> None:
    X, y = data(loss, 37)
    weight = np.random.default_rng(2).uniform(0.2, 3.0, 37)
    network = ours(loss, X, y, activation=activation)
    network.set_examples(X, y, weight)
    network.regularize(dropout=RATES[1:], input_dropout=RATES[0], dropout_kind=kind)
    value, by_weights, by_biases = network.loss_and_gradient(11)
    weights, biases = leaves(network)
    kept = masks(range(37), seed=5, step=11, kind=kind)
    used = connected(weights, seed=5, step=11) if kind == "dropconnect" else weights
    eta = forward(used, biases, torch.tensor(X), kept, activation, kind)
    total = torch.tensor(weight / weight.sum()) @ LOSSES[loss][2](eta, torch.tensor(y))
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-12)
    pairs = list(zip(by_weights + by_biases, weights + biases, strict=True))
    for found, leaf in pairs:
        np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-9, atol=1e-12)
    assert min(np.abs(found).max() for found, _ in pairs) > 1e-4


def steps(n: int, batch: int, count: int, seed: int) -> Iterator[tuple[int, list[int]]]:
    """Step and rows of the first `count` batches of a training run."""
    step = 0
    for epoch in range(count):
        order = epoch_order(n, seed=seed, epoch=epoch)
        for first in range(0, n, batch):
            if step == count:
                return
            yield step, order[first : first + batch]
            step += 1


def torch_optimizer(name: str, weights: list[Any], biases: list[Any], decay: float) -> Any:
    rate = 0.02 if name in ("sgd", "momentum") else 0.01
    if name == "sgd":
        return torch.optim.SGD(weights + biases, lr=rate)
    if name == "momentum":
        return torch.optim.SGD(weights + biases, lr=rate, momentum=0.9)
    if name == "adam":
        return torch.optim.Adam(weights + biases, lr=rate)
    groups = [{"params": weights}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, weight_decay=decay)


@pytest.mark.parametrize("n", [64, 50], ids=["whole batches", "a smaller last batch"])
@pytest.mark.parametrize("loss", ["multinomial", "squared"])
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "adamw"])
def test_twenty_steps_weight_for_weight(name: str, loss: str, n: int) -> None:
    batch, seed, decay = 16, 2**33 + 9, 0.1
    X, y = data(loss, n, seed=3)
    rate = 0.02 if name in ("sgd", "momentum") else 0.01
    network = ours(loss, X, y, seed=seed, optimizer=name, learning_rate=rate, batch_size=batch)
    penalty = {"penalty": "l2", "lam": decay} if name == "adamw" else {}
    network.regularize(dropout=RATES[1:], input_dropout=RATES[0], **penalty)
    weights, biases = leaves(network)
    start = [leaf.detach().clone() for leaf in weights]
    optimizer = torch_optimizer(name, weights, biases, decay)
    for step, rows in steps(n, batch, 20, seed):
        for group in optimizer.param_groups:
            group["lr"] = rate * len(rows) / batch  # our rule for a smaller last batch
        optimizer.zero_grad()
        kept = masks(rows, seed=seed, step=step)
        eta = forward(weights, biases, torch.tensor(X[rows]), kept)
        LOSSES[loss][2](eta, torch.tensor(y[rows])).mean().backward()
        optimizer.step()
    network.run(5)  # of 4 batches each
    assert network.updates == 20
    found, found_biases = network.parameters()
    for array, leaf in zip(found + found_biases, weights + biases, strict=True):
        np.testing.assert_allclose(array, leaf.detach().numpy(), rtol=1e-8, atol=1e-11)
    moved = max((a - b).abs().max().item() for a, b in zip(weights, start, strict=True))
    assert moved > 1e-2
