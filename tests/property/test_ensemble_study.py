"""Study: ensembles inside one dropout network beside real ones, under one budget, on real data."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.neural import EnsembleComparison, compare_ensembles
from support.datasets import Find, Rows, digits, halves

TABLE = Path(__file__).resolve().parents[2] / "docs" / "studies" / "ensembles.md"
REPLICATES = 500  # asked for where a study is to be whole
NETWORKS, MEMBERS = 5, 100


@dataclass(frozen=True)
class Case:
    """A data set and the network that is compared on it."""

    name: str
    train: Rows
    test: Rows
    setting: dict[str, Any]
    classes: bool = False

    def compare(self) -> EnsembleComparison:
        kind = sh.DropoutMLPClassifier if self.classes else sh.DropoutMLPRegressor
        return compare_ensembles(
            kind(kkt_every=0, **self.setting),
            *self.train,
            test=self.test,
            n_networks=NETWORKS,
            n_members=MEMBERS,
        )

    @property
    def trivial_error(self) -> float:
        """Of the commonest class, or of the mean."""
        y, held = self.train[1], self.test[1]
        if self.classes:
            return float(np.mean(held != np.bincount(y).argmax()))
        return float(np.mean((held - y.mean()) ** 2))


def cases(find: Find, full: bool) -> list[Case]:
    few = dict(hidden_layer_sizes=(50,), dropout=0.1, max_epochs=400 if full else 20)
    many = dict(
        hidden_layer_sizes=(128, 128),
        dropout=0.5,
        input_dropout=0.2,
        batch_size=64,
        max_epochs=100 if full else 10,
    )
    return [
        Case("UCI concrete", *halves("concrete", find), few),
        Case("UCI red wine", *halves("wine_red", find), few),
        Case("MNIST digits", *digits(find, *((3000, 2000) if full else (300, 200))), many, True),
    ]


def section(case: Case, found: EnsembleComparison) -> list[str]:
    setting = case.setting
    best = {
        what: min(found.rows, key=lambda row: getattr(row, what).value).method
        for what in ("error", "nll")
    }
    error, calibration = (
        ("share of wrong classes", "calibration error")
        if case.classes
        else ("mean squared error", "share of 90 % intervals that cover")
    )
    lines = [
        f"## {case.name}",
        "",
        f"{len(case.train[1])} rows to train on, {len(case.test[1])} to test; hidden layers of "
        + " and ".join(map(str, setting["hidden_layer_sizes"]))
        + f", dropout {setting['dropout']:g} of them and {setting.get('input_dropout', 0):g} of "
        + f"the inputs, {setting['max_epochs']} epochs in all. The least error has "
        + f"{best['error']}, the largest likelihood {best['nll']}.",
        "",
        f"| ensemble | members | {error} | −log-likelihood a row | {calibration} | disagreement of "
        "pairs | seconds to train | to predict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found.rows:
        apart = "" if np.isnan(row.diversity) else f"{row.diversity:.3f}"
        lines.append(
            f"| {row.method} | {row.n_members} | {row.error:.3f} | {row.nll:.3f} "
            f"| {row.calibration:.3f} | {apart} "
            f"| {row.fit_seconds:.2f} | {row.predict_seconds:.3f} |"
        )
    return [*lines, ""]


@pytest.mark.study
def test_ensembles_under_one_budget(replicates: Callable[[int], int], shared_data: Find) -> None:
    full = replicates(REPLICATES) == REPLICATES
    start = time.perf_counter()
    lines = [
        "# Ensembles inside a dropout network, and real ones",
        "",
        f"Each has the same number of epochs: one network all of them, or {NETWORKS} networks a",
        f"fifth each (`compare_ensembles`). weight_scaling, mc ({MEMBERS} sub-networks) and",
        "rao_blackwell are three predictions of one network; masksembles trains it with",
        f"{NETWORKS} fixed overlapping masks; independent, bagging and snapshots are {NETWORKS}",
        "networks with all units on. Seed 0; intervals are for new rows, at 95 %.",
        "",
    ]
    for case in cases(shared_data, full):
        found = case.compare()
        assert [row.method for row in found.rows][:4] == [
            "weight_scaling",
            "mc",
            "rao_blackwell",
            "masksembles",
        ]
        for row in found.rows:
            assert row.error.value < case.trivial_error
            assert np.isfinite(row.nll.value)
        lines += section(case, found)
    lines.append(f"Made by `make studies` in {time.perf_counter() - start:.0f} s.")
    if full:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
