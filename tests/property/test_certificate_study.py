"""Study: is the certificate true on problems of every shape? Gaps recomputed in plain numpy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from support.reference import Reference

TABLE = Path(__file__).resolve().parents[2] / "docs" / "studies" / "certificate.md"
TOL = 1e-6
AGREEMENT = 0.01 * TOL  # primal minus dual cancels in numpy's version, ours is written without
REPLICATES = 200
PENALTIES = {"l1": sh.L1(), "elasticnet": sh.ElasticNet(l1_ratio=0.5), "l2": sh.L2()}
SHARE_OF_L1 = {"l1": 1.0, "elasticnet": 0.5, "l2": 0.0}


@dataclass
class Row:
    """What a loss and a penalty showed over all replicates."""

    loss: str
    penalty: str
    fits: int = 0
    missed: int = 0
    largest_gap: float = 0.0
    largest_difference: float = 0.0


def draw(loss: str, seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """X, y and options of a random problem: tall or wide, correlated, of mixed units."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(15, 150)), int(rng.integers(2, 80))
    shared = rng.standard_normal((n, 1)) * rng.uniform(0.0, 3.0)
    X = (rng.standard_normal((n, p)) + shared) * 10.0 ** rng.uniform(-3, 3, p)
    X += X.std(axis=0) * rng.uniform(-5, 5, p)
    signal = (X / X.std(axis=0)) @ (rng.standard_normal(p) * (rng.random(p) < 0.3))
    signal = (signal - signal.mean()) / max(signal.std(), 1e-12)
    noisy = signal + rng.standard_normal(n) * rng.uniform(0.1, 2.0)
    y = noisy * 10.0 ** rng.uniform(-3, 3) if loss == "squared" else (noisy > 0.3).astype(float)
    y[:2] = [0.0, 1.0]
    options: dict[str, Any] = {"sample_weight": rng.uniform(0.1, 3.0, n)}
    if rng.random() < 0.5:
        options["penalty_factor"] = rng.uniform(0.2, 2.0, p)
    if rng.random() < 0.3:
        options["fit_intercept"] = False
    return X, y, options


def study(row: Row, seed: int) -> None:
    """Fit one problem and add what its certificates show."""
    X, y, options = draw(row.loss, seed)
    path = sh.fit_path(
        X, y, loss=row.loss, penalty=PENALTIES[row.penalty], n_lambdas=15, tol=TOL, **options
    )
    reference = Reference(X, y, loss=row.loss, alpha=SHARE_OF_L1[row.penalty], **options)
    _, gaps = reference.gaps(path)
    row.fits += len(gaps)
    row.missed += int((gaps > TOL).sum())
    row.largest_gap = max(row.largest_gap, gaps.max())
    row.largest_difference = max(row.largest_difference, np.abs(gaps - path.gaps).max())


def write(rows: list[Row], replicates: int) -> None:
    """Leave the table where the documentation finds it."""
    lines = [
        "# Certificates on random problems",
        "",
        f"{replicates} problems a row (seeds 0 to {replicates - 1}), 15 λ each, tol = {TOL:g}: 15",
        "to 149 observations, 2 to 79 correlated columns in units from 1e-3 to 1e3, weights, in",
        "part penalty factors and no intercept. The relative duality gap is computed a second time",
        "in numpy, from the data and the coefficients alone. Made by `make studies`.",
        "",
        "| loss | penalty | λ fitted | λ over tol | largest gap | difference of the two gaps |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.loss} | {r.penalty} | {r.fits} | {r.missed} "
        f"| {r.largest_gap:.1e} | {r.largest_difference:.1e} |"
        for r in rows
    ]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.study
def test_every_certificate_holds(replicates: Callable[[int], int]) -> None:
    count = replicates(REPLICATES)
    rows = [Row(loss, penalty) for loss in ("squared", "logistic") for penalty in PENALTIES]
    for row in rows:
        for seed in range(count):
            study(row, seed)
    if count == REPLICATES:
        write(rows, count)
    assert [row for row in rows if row.missed or row.largest_difference > AGREEMENT] == []
