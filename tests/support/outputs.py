"""Problems with several outputs: three classes, or three targets."""

import numpy as np

# Share of L1 of each penalty; None for the penalty on rows.
PENALTIES: dict[str, float | None] = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5, "row_group": None}


def outputs_problem(
    seed: int, loss: str = "multinomial", n: int = 60, p: int = 8, outputs: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """X with columns of unlike scale and mean; y (n,) of classes 0 … K − 1, or (n, K)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * rng.uniform(0.3, 3.0, p) + rng.uniform(-2.0, 2.0, p)
    signal = rng.normal(size=(p, outputs)) * (np.arange(p) % 3 == 0)[:, None]
    eta = (X - X.mean(axis=0)) @ signal / np.sqrt(p / 8.0) + 0.5 * rng.normal(size=outputs)
    if loss == "squared":
        return X, eta + rng.normal(size=eta.shape)
    y = (eta + 1.5 * rng.gumbel(size=eta.shape)).argmax(axis=1)
    y[:outputs] = np.arange(outputs)
    return X, y
