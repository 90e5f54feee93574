"""The reproductions: their formulas by other ways, and a quick run of each to its page."""

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, special

from benchmarks.store import Store
from reproductions import adaptive, page, ridge, srivastava, warde_farley
from reproductions.uci import protocol
from reproductions.uci.published import SETS
from shrinkage.neural import DropoutMLPRegressor, fit_many
from support.datasets import Find

EVER = math.inf


def problem(n: int = 12, d: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) + 0.3
    return X, X @ np.arange(1.0, d + 1.0) + rng.normal(size=n)


def test_ridge_is_the_minimum_over_all_masks() -> None:
    X, y = problem()
    rate = 0.3
    masks = np.array(list(np.ndindex(*[2] * X.shape[1])), dtype=float)
    weights = np.prod(np.where(masks == 1.0, 1.0 - rate, rate), axis=1)

    def loss(beta: np.ndarray) -> float:
        eta = beta[0] + (X * beta[1:]) @ masks.T / (1.0 - rate)
        return float(np.mean((y[:, None] - eta) ** 2 @ weights))

    best = optimize.minimize(loss, np.zeros(4), options={"gtol": 1e-9}).x
    np.testing.assert_allclose(ridge.closed_form(X, y, rate), best, atol=1e-6)


def test_the_covariance_is_that_of_long_training() -> None:
    X, y = problem()
    models = [
        DropoutMLPRegressor(
            (), dropout=0.0, input_dropout=0.3, optimizer="sgd", learning_rate=0.05, batch_size=12,
            max_epochs=1500, dtype="float64", kkt_every=0, random_state=seed, scale=None,
        )
        for seed in range(2000)
    ]  # fmt: skip
    fit_many(models, X, y)
    found = np.array([np.append(one.intercepts_[0], one.coefs_[0]) for one in models])
    expected = ridge.stationary_covariance(X, y, 0.3, 0.05)
    spread = np.sqrt(np.diag(expected))
    apart = (np.cov(found.T) - expected) / np.outer(spread, spread)
    assert np.abs(apart).max() < 0.15
    off = (found.mean(axis=0) - ridge.closed_form(X, y, 0.3)) / spread * math.sqrt(2000)
    assert np.abs(off).max() < 4.0


def test_gradients_of_the_dropout_objectives() -> None:
    X, y = problem()
    one = adaptive.Problem(X, (y > y.mean()).astype(float), 0.4)
    beta = np.array([0.2, -0.5, 1.0, 0.3])
    for objective in (one.loss, one.exact, one.adaptive):
        error = optimize.check_grad(
            lambda b, f=objective: f(b)[0], lambda b, f=objective: f(b)[1], beta
        )
        assert error < 1e-6
    assert one.exact(beta)[0] > one.loss(beta)[0]
    near = 0.01 * beta  # the approximation is of second order in β
    added = [f(near)[0] - one.loss(near)[0] for f in (one.exact, one.adaptive)]
    assert added[0] == pytest.approx(added[1], rel=1e-3)


def test_published_anchors_of_the_prostate_data(shared_data: Find) -> None:
    shared_data("prostate_esl.csv.gz")
    X, y, X_test, y_test = ridge.prostate()
    beta = ridge.closed_form(X, y, 0.0)
    np.testing.assert_allclose(beta[1:], ridge.LEAST_SQUARES, atol=0.0006)
    assert np.mean((y_test - beta[0] - X_test @ beta[1:]) ** 2) == pytest.approx(0.521, abs=5e-4)


@pytest.mark.parametrize("name", page.REPRODUCTIONS)
def test_a_quick_run_fills_its_section(name: str, tmp_path: Path, shared_data: Find) -> None:
    for file in ("prostate_esl.csv.gz", "mnist_t10k.npz", "basehock_20ng.npz", "uci_protein.npz"):
        shared_data(file)
    results = Store(tmp_path)
    one = page.REPRODUCTIONS[name]
    assert one.section(results) == ""
    one.run(results, time.monotonic() - 1.0, True)  # no time left: nothing is begun
    assert one.section(results) == ""
    one.run(results, EVER, True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    one.run(results, EVER, True)  # all is known
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    page.write(results, tmp_path / "reproductions.md")
    text = (tmp_path / "reproductions.md").read_text(encoding="utf-8")
    assert one.section(results) in text
    assert "nan" not in text


@pytest.mark.parametrize("name", ["yacht", "boston"])
def test_the_published_splits_follow_their_rule(name: str, shared_data: Find) -> None:
    with np.load(shared_data(f"uci_{name}.npz")) as file:
        expected, n = file["test_index"], len(file["y"])
    found = protocol.splits(n, len(expected))
    np.testing.assert_array_equal([test for _, test in found], expected)
    assert all(len(np.union1d(*rows)) == n for rows in found)


def test_a_split_is_measured_in_units_of_the_target(shared_data: Find) -> None:
    """The likelihood of mc by its formula in the published code, and of the others by their own."""
    shared_data("uci_yacht.npz")
    one = replace(SETS["yacht"], epochs=3)
    X, y = protocol.load("yacht")
    train, test = protocol.splits(len(y), 1)[0]
    data = protocol.Scaled.of(X[train], y[train], X[test], y[test])
    assert data.X.std(axis=0) == pytest.approx(1.0, rel=1e-5)
    model = protocol.network(one, len(train), 0.1, 0.01, seed=3).fit(data.X, data.y)
    found = protocol.evaluate([model], data, 0.01)
    scaled = y[train].mean() + data.unit * model.predict(data.X_test)
    errors = y[test] - scaled
    assert found["weight scaling"][0] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-5)
    likelihood = np.mean(-0.005 * errors**2) - 0.5 * np.log(2 * np.pi) + 0.5 * np.log(0.01)
    assert found["weight scaling"][1] == pytest.approx(likelihood, rel=1e-5)
    assert found["deep ensemble"] == pytest.approx(found["weight scaling"], rel=1e-5)
    assert found["rao_blackwell"] == pytest.approx(found["mc"], rel=0.02)
    assert model.lam == pytest.approx(1e-4 * 0.9 / (2 * len(train) * 0.01))


def test_the_means_of_a_small_network_by_brute_force() -> None:
    X, y = problem(30, 4)
    (model,) = warde_farley.networks(1, (3, 3), 20)
    model.fit(X, y > y.mean())
    found = warde_farley.measure(model, X, (y > y.mean()).astype(int))
    logits = []
    for kept in np.ndindex(*[2] * 6):
        h = X.astype(np.float32)
        for layer, mask in enumerate((np.array(kept[:3]), np.array(kept[3:]))):
            h = np.maximum(h @ model.coefs_[layer] + model.intercepts_[layer], 0.0) * mask * 2.0
        logits.append((h @ model.coefs_[2] + model.intercepts_[2])[:, 0])
    arithmetic = special.expit(np.array(logits)).mean(axis=0)
    geometric = special.expit(np.mean(logits, axis=0))
    apart = np.abs(geometric - arithmetic)
    expected = [apart.mean(), apart.max()]
    assert found["geometric_from_arithmetic"] == pytest.approx(expected, abs=1e-5)
    scaled = np.abs(model.predict_proba(X)[:, 1] - geometric)
    assert found["scaled_from_geometric"] == pytest.approx([scaled.mean(), scaled.max()], abs=1e-5)


def test_where_the_averages_meet_weight_scaling() -> None:
    errors = np.linspace(3.0, 1.0, len(srivastava.SIZES)) + np.array([[0.1], [-0.1]])
    known = {"errors": errors.tolist(), "weight_scaling": 2.0}
    near = errors.mean(axis=0) <= 2.0 + errors.std(axis=0, ddof=1)
    assert srivastava.meeting(known) == srivastava.SIZES[int(np.argmax(near))]
    assert srivastava.meeting({**known, "weight_scaling": 0.0}) is None
