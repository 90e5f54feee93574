"""What one PyTorch process takes for a step of the protocol, on one set: the yardstick of our time.

`.venv-bench/bin/python -m reproductions.uci.pytorch`, in the environment of `make bench`.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import torch

from benchmarks.store import Store

from ..common import HERE, data_file

NAME, SET, HIDDEN, BATCH, RATE = "uci_pytorch", "kin8nm", 50, 128, 0.05
STEPS, ROUNDS = 1000, 7


def a_round(X: Any, y: Any, model: Any, optimizer: Any) -> float:
    """Seconds a step of an ordinary training loop."""
    batches = len(y) // BATCH
    start = time.perf_counter()
    for step in range(STEPS):
        rows = slice(step % batches * BATCH, (step % batches + 1) * BATCH)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(X[rows])[:, 0], y[rows])
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - start) / STEPS


def measure(threads: int) -> float:
    """Median seconds a step."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    with np.load(data_file(f"uci_{SET}.npz")) as file:
        X, y = (torch.tensor(file[key], dtype=torch.float32) for key in ("X", "y"))
    model = torch.nn.Sequential(
        torch.nn.Dropout(RATE),
        torch.nn.Linear(X.shape[1], HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Dropout(RATE),
        torch.nn.Linear(HIDDEN, 1),
    )
    optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-7, fused=True)
    a_round(X, y, model, optimizer)
    return statistics.median(a_round(X, y, model, optimizer) for _ in range(ROUNDS))


if __name__ == "__main__":
    found = {str(threads): measure(threads) for threads in (1, 2)}
    Store(HERE / "results").write(
        NAME, {"version": torch.__version__, "set": SET, "seconds_a_step": found}
    )
    print(found)
