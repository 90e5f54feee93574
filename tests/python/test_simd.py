"""Which vector instructions are used changes no result by more than rounding."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import sys
import numpy as np
from scipy import sparse
import shrinkage as sh

rng = np.random.default_rng(5)
found = {}
for name, n, p in (("wide", 90, 400), ("tall", 500, 30)):
    X = rng.standard_normal((n, p))
    X[np.abs(X) < 0.7] = 0.0
    signal = X[:, :6].sum(axis=1) + rng.standard_normal(n)
    for loss, y in (("squared", signal), ("logistic", signal > 0), ("poisson", rng.poisson(
        np.exp(0.3 * signal)))):
        for kind, design in (("dense", X), ("sparse", sparse.csc_array(X))):
            path = sh.fit_path(design, y, loss=loss, n_lambdas=12, lambda_min_ratio=0.05, tol=1e-13)
            found[f"{name} {loss} {kind}"] = np.vstack([path.coefs, path.intercepts])
            found[f"{name} {loss} {kind} lambdas"] = path.lambdas
np.savez(sys.argv[1], **found)
"""


def paths(level: str | None, folder: Path) -> dict[str, np.ndarray]:
    """What the script finds when held to these instructions; None for those of the processor."""
    environment = {k: v for k, v in os.environ.items() if k != "SHRINKAGE_SIMD"}
    if level is not None:
        environment["SHRINKAGE_SIMD"] = level
    file = folder / f"{level}.npz"
    subprocess.run([sys.executable, "-c", SCRIPT, str(file)], env=environment, check=True)
    with np.load(file) as found:
        return dict(found)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return paths(None, tmp_path_factory.mktemp("simd"))


@pytest.mark.parametrize("level", ["plain", "avx2"])
def test_instructions_agree(level: str, usual: dict[str, np.ndarray], tmp_path: Path) -> None:
    held = paths(level, tmp_path)
    assert held.keys() == usual.keys()
    for name, expected in usual.items():
        np.testing.assert_allclose(
            held[name], expected, rtol=0, atol=1e-12 * np.abs(expected).max(), err_msg=name
        )
