"""What the benchmark computes itself: the gaps, the tolerances it picks and the page."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model

import shrinkage as sh
from benchmarks import report, timing
from benchmarks.gaps import LOSSES
from benchmarks.peers import Solver, always
from benchmarks.process import TooSlow
from benchmarks.store import Store
from benchmarks.timing import Entrant, Found

SCALAR = [name for name in LOSSES if name not in ("multinomial", "quantile")]


def problem(loss: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (60, 20), a target of that loss and ten λ from λmax."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 20))
    eta = X[:, :4] @ np.array([1.0, -0.8, 0.5, 0.3])
    y = {
        "logistic": (eta + rng.standard_normal(60) > 0).astype(float),
        "squared_hinge": (eta + rng.standard_normal(60) > 0).astype(float),
        "multinomial": np.digitize(eta + rng.standard_normal(60), [-0.7, 0.7]).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "gamma": np.exp(eta) * rng.gamma(2.0, 0.5, 60),
    }.get(loss, 3.0 * eta + rng.standard_normal(60))
    lambdas = LOSSES[loss].largest_lambda(X, y) * np.logspace(0, -2, 10)
    return X, y, lambdas


@pytest.mark.parametrize("tol", [1e-2, 1e-5])
@pytest.mark.parametrize("loss", SCALAR)
def test_gap_is_that_of_the_certificate(loss: str, tol: float) -> None:
    X, y, lambdas = problem(loss)
    path = sh.fit_path(
        X, y, loss=loss, lambdas=lambdas, fit_intercept=False, standardize=False, tol=tol
    )
    for design in (X, sparse.csc_array(X)):
        gap = LOSSES[loss].largest_gap(design, y, path.coefs, lambdas)
        assert gap == pytest.approx(path.gaps.max(), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_gap_bounds_what_is_left_to_gain(loss: str) -> None:
    X, y, lambdas = problem(loss)
    measure, lam, rng = LOSSES[loss], lambdas[5:6], np.random.default_rng(0)
    outputs = (3,) if loss == "multinomial" else ()
    betas = 0.2 * rng.standard_normal((20, *outputs, 200))
    betas *= rng.random(betas.shape) < 0.3
    shaped = measure.shaped(y)
    values = measure.value(shaped, np.tensordot(X, betas, 1)).mean(axis=0)
    objectives = values + lam * np.abs(betas).reshape(-1, 200).sum(axis=0)
    own = np.zeros((60, 1)) if loss == "quantile" else None
    gap = measure.largest_gap(X, y, betas[..., :1], lam, own) * measure.null_deviance(y)
    assert gap >= objectives[0] - objectives.min() > 0


def test_peers_optimum_has_no_gap() -> None:
    X, y, lambdas = problem("squared")
    coefs = linear_model.lasso_path(X, y, alphas=lambdas, tol=1e-14, max_iter=10**6)[1]
    assert abs(LOSSES["squared"].largest_gap(X, y, coefs, lambdas)) < 1e-12
    coefs[0, 5] += 0.01
    assert LOSSES["squared"].largest_gap(X, y, coefs, lambdas) > 1e-5


def test_multinomial_peers_optimum_has_no_gap() -> None:
    X, y, lambdas = problem("multinomial")
    lam = lambdas[4:5]
    peer = linear_model.LogisticRegression(
        C=1.0 / (60 * lam[0]),
        l1_ratio=1.0,
        solver="saga",
        fit_intercept=False,
        tol=1e-12,
        max_iter=10**5,
    ).fit(X, y)
    coefs = peer.coef_.T[..., None]
    assert abs(LOSSES["multinomial"].largest_gap(X, y, coefs, lam)) < 1e-9
    assert LOSSES["multinomial"].largest_gap(X, y, 0.9 * coefs, lam) > 1e-5


class Pretender:
    """A worker whose gap is seven times the tolerance, or as large as `floor`."""

    def __init__(self, seconds: float = 0.1, floor: float = 0.0) -> None:
        self.seconds, self.floor = seconds, floor
        self.asked: list[float] = []

    def read(self, folder: Path) -> None:
        pass

    def run(self, tol: float, limit: float, repeat: int = 1) -> float:
        if self.seconds > limit:
            raise TooSlow(f"over {limit:g} s")
        self.asked.append(tol)
        return self.seconds

    def gap(self) -> float:
        return max(7.0 * self.asked[-1], self.floor)


def search(workers: dict[str, Any], known: dict[str, Found] | None = None) -> dict[str, Found]:
    solvers = [Solver(name, name, lambda *_: always(0)) for name in workers]
    return timing.search(
        solvers, workers.__getitem__, Path(), (1e-4, 1e-6), 60.0, known or {}, lambda _: None
    )


def test_search_finds_the_loosest_tolerance() -> None:
    found = search({"peer": Pretender(), "coarse": Pretender(floor=1e-5)})
    for gap in (1e-4, 1e-6):
        assert gap / 7 / timing.STEP / 1.2 < found["peer"].chosen[f"{gap:g}"] <= gap / 7
    assert list(found["coarse"].chosen) == ["0.0001"]
    assert found["coarse"].remark == "reached 1.0e-05 at best"


def test_a_slow_peer_is_ended_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "busy", lambda: 0.5)
    workers = {"peer": Pretender(2.0), "slow": Pretender(5.0)}
    found = search(workers)
    assert found["slow"].slow
    assert found["slow"].remark == "over 2.5 s"
    asked = len(workers["peer"].asked)
    workers["slow"].seconds = 1.0
    again = search(workers, found)
    assert again["slow"].chosen.keys() == {"0.0001", "1e-06"}
    assert len(workers["peer"].asked) == asked  # what is known is not searched again


def test_rivals_are_timed_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "PAUSE", 0.0)
    seconds = {"shrinkage": 0.1, "near": 0.2, "far": 1.0}
    entrants = {
        name: Entrant(Pretender(value), Path(), 1e-7)  # type: ignore[arg-type]
        for name, value in seconds.items()
    }
    turns = timing.interleave(entrants, 60.0, lambda name: name == "shrinkage")
    assert len(turns["shrinkage"].seconds) == len(turns["near"].seconds) >= 5
    assert turns["far"].seconds == [1.0]
    assert turns["near"].gap == pytest.approx(7e-7)


def cell(ours: float, theirs: float, their_gap: float) -> dict[str, Any]:
    turns = {
        "shrinkage": {"seconds": [ours], "gap": 1e-9, "remark": ""},
        "peer": {"seconds": [theirs], "gap": their_gap, "remark": ""},
    }
    return {"busy": 0.0, "tolerances": dict.fromkeys(turns, 1e-6), "turns": turns}


def test_page_marks_what_is_met_and_gives_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes.toml"
    notes.write_text('[lasso_text]\n"1e-06" = "The cache is too small."\n')
    monkeypatch.setattr(report, "NOTES", notes)
    results = Store(tmp_path / "results")
    results.write("lasso_wide", {"cells": {"1e-06": cell(1.0, 30.0, 1e-3)}})
    results.write("lasso_text", {"cells": {"1e-06": cell(2.0, 3.0, 1e-7)}})
    report.write(results, tmp_path / "performance.md")
    page = (tmp_path / "performance.md").read_text()
    assert "| Lasso wide |  | 1 s | peer 30 s, which reached 1.0e-03 | **≥ 30** ✓ | 12 |" in page
    assert "| Lasso text |  | 2 s | peer 3 s | **1.5** ✗ | 3 |" in page
    assert "- Lasso text, 1e-06: 1.5 where 3 is wanted. The cache is too small." in page
    assert "1 of 2 measured cells are met." in page
