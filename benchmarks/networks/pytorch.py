"""PyTorch at its best on a processor: fused optimizers, tensors made beforehand, no data loader.

Small sets are shuffled as a whole once an epoch, large ones batch by batch, which is what either
does fastest. Numbers too small for float32's full precision are flushed to zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .works import HIDDEN_RATE, INPUT_RATE, LEARNING_RATE, MOMENTUM, Work

WHOLE = 1_000_000  # numbers that are gathered at once: they stay in a core's caches


def prepare(threads: int) -> None:
    """What holds for the whole process."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)


def dropout_network(sizes: tuple[int, ...], rates: tuple[float, float]) -> nn.Sequential:
    """Linear layers with relu and dropout; `rates` are those of inputs and hidden units."""
    layers: list[Any] = [nn.Dropout(rates[0])]
    for layer, (inputs, units) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(inputs, units))
        if layer < len(sizes) - 2:
            layers += [nn.ReLU(inplace=True), nn.Dropout(rates[1])]
    return nn.Sequential(*layers)


def optimizer_of(name: str, parameters: Any) -> Any:
    rate = LEARNING_RATE[name]
    if name == "momentum":
        return torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM, fused=True)
    return torch.optim.Adam(parameters, lr=rate, fused=True)


def half_squares(eta: Any, y: Any) -> Any:
    return 0.5 * functional.mse_loss(eta.squeeze(-1), y)


def batches(X: Any, y: Any, batch: int) -> Iterator[tuple[Any, Any]]:
    """An epoch in a new order."""
    order = torch.randperm(len(X))
    if X.numel() <= WHOLE:
        X, y = X.index_select(0, order), y.index_select(0, order)
        yield from zip(X.split(batch), y.split(batch), strict=True)
        return
    for rows in order.split(batch):
        yield X.index_select(0, rows), y.index_select(0, rows)


class Eager:
    """One network, step after step; `compiled` has torch.compile for network and loss."""

    def __init__(
        self,
        work: Work,
        optimizer: str,
        compiled: bool = False,
        rates: tuple[float, float] = (INPUT_RATE, HIDDEN_RATE),
    ) -> None:
        X, y = work.data()
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        self.batch, self.amount = work.batch, work.n
        self.network = dropout_network(work.sizes, rates)
        self.optimizer = optimizer_of(optimizer, self.network.parameters())
        measure = half_squares if work.sizes[-1] == 1 else functional.cross_entropy

        def loss(x: Any, y: Any) -> Any:
            return measure(self.network(x), y)

        self.loss = torch.compile(loss) if compiled else loss

    def run(self, passes: int) -> None:
        for _ in range(passes):
            for x, y in batches(self.X, self.y, self.batch):
                self.optimizer.zero_grad()
                self.loss(x, y).backward()
                self.optimizer.step()


class OneAfterAnother:
    """Models trained one after another."""

    def __init__(self, work: Work, optimizer: str) -> None:
        self.models = [Eager(work, optimizer) for _ in range(work.models)]
        self.amount = work.models * work.n

    def run(self, passes: int) -> None:
        for model in self.models:
            model.run(passes)


class Stacked:
    """All models in one step: their parameters stacked, one optimizer, an order for each.

    Args:
        how: "bmm", products of stacks; "compiled", these with torch.compile; "func", one model's
            gradient by torch.func.grad under vmap.
    """

    def __init__(self, work: Work, optimizer: str, how: str) -> None:
        X, y = work.data()
        self.X, self.y = torch.from_numpy(X), torch.from_numpy(y)
        self.work, self.amount = work, work.models * work.n
        self.parameters: list[Any] = []
        for inputs, units in pairwise(work.sizes):
            weights = torch.randn(work.models, inputs, units) * (2.0 / inputs) ** 0.5
            self.parameters += [weights, torch.zeros(work.models, 1, units)]
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        self.optimizer = optimizer_of(optimizer, self.parameters)
        self.step = self._through_vmap if how == "func" else self._through_stacks
        self.loss = torch.compile(self._loss) if how == "compiled" else self._loss
        self.gradient = torch.func.vmap(torch.func.grad(_loss_of_one), randomness="different")

    def run(self, passes: int) -> None:
        size = self.work.batch
        for _ in range(passes):
            order = torch.rand(self.work.models, self.work.n).argsort(dim=1)
            X, y = self.X[order], self.y[order]
            for x, target in zip(X.split(size, dim=1), y.split(size, dim=1), strict=True):
                self.step(x, target)
                self.optimizer.step()

    def _through_stacks(self, x: Any, y: Any) -> None:
        self.optimizer.zero_grad()
        self.loss(x, y).backward()

    def _loss(self, x: Any, y: Any) -> Any:
        eta = _forward(self.parameters, x, torch.baddbmm)
        return 0.5 * (eta.squeeze(-1) - y).square().mean(dim=1).sum()

    def _through_vmap(self, x: Any, y: Any) -> None:
        with torch.no_grad():
            gradients = self.gradient(self.parameters, x, y)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient


def _forward(parameters: list[Any], x: Any, affine: Any) -> Any:
    """Predictors of one model or a stack of them; `affine(b, x, W)` is b + xW."""
    h = functional.dropout(x, INPUT_RATE)
    for weights, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = functional.dropout(functional.relu(affine(bias, h, weights)), HIDDEN_RATE)
    return affine(parameters[-1], h, parameters[-2])


def _loss_of_one(parameters: list[Any], x: Any, y: Any) -> Any:
    return half_squares(_forward(parameters, x, torch.addmm), y)


class Product:
    """What PyTorch's own product of float32 matrices reaches; the amount is in operations."""

    SIZE = 1536

    def __init__(self) -> None:
        self.a, self.b = torch.randn(2, self.SIZE, self.SIZE)
        self.amount = 2 * self.SIZE**3

    def run(self, passes: int) -> None:
        for _ in range(passes):
            torch.mm(self.a, self.b)


ENTRANTS = {
    "product": Product,
    "one": Eager,
    "compiled": partial(Eager, compiled=True),
    "each": OneAfterAnother,
    "bmm": partial(Stacked, how="bmm"),
    "bmm compiled": partial(Stacked, how="compiled"),
    "func": partial(Stacked, how="func"),
}


def parameters_of(one: Any) -> list[Any]:
    """Weights (inputs, units) and biases, layer after layer, as numpy arrays."""
    arrays = [np.asarray(each.detach()) for each in one.network.parameters()]
    return [array.T if array.ndim == 2 else array for array in arrays]
