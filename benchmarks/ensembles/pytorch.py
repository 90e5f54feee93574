"""PyTorch's plain loop: the network in training mode, once for every member."""

from __future__ import annotations

import torch
from torch import nn

from ..networks.pytorch import prepare as prepare
from .works import PASSES, Sampled


class Loop:
    """Mean and mean square of the probabilities over passes with new masks.

    Args:
        batch: rows of a pass at a time; 0: all at once.
    """

    def __init__(self, work: Sampled, batch: int = 0) -> None:
        layers: list[nn.Module] = []
        for layer, rate in enumerate(work.rates):
            if rate > 0:
                layers.append(nn.Dropout(rate))
            layers.append(nn.Linear(*work.sizes[layer : layer + 2]))
            if layer + 1 < len(work.rates):
                layers.append(nn.ReLU(inplace=True))
        self.network = nn.Sequential(*layers).train()
        self.X = torch.from_numpy(work.data())
        self.batch = batch or work.n
        self.passes = min(PASSES, work.members)
        self.amount = self.passes * work.n

    def run(self, passes: int) -> None:
        with torch.inference_mode():
            for _ in range(passes):
                for X in self.X.split(self.batch):
                    self.member_moments(X)

    def member_moments(self, X: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sums of the probabilities and of their squares over the passes for some rows."""
        total = squares = torch.zeros(())
        for _ in range(self.passes):
            p = torch.softmax(self.network(X), dim=1)
            total = total + p
            squares = squares + p * p
        return total, squares
