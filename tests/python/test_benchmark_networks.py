"""The benchmark of networks and the study of regularizers: same work, fair turns, honest pages."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import report
from benchmarks.networks import page, part, rounds
from benchmarks.networks.others import Memory, Sgemm, Sklearn
from benchmarks.networks.ours import Ours, OursMany
from benchmarks.networks.rounds import Entrant
from benchmarks.networks.works import WORKS, Work
from benchmarks.process import Failed
from benchmarks.srivastava import page as srivastava_page
from benchmarks.srivastava.methods import METHODS, SEEDS
from benchmarks.srivastava.study import Fit, Study
from benchmarks.store import Store

TINY = Work("tiny", (6, 8, 7, 3), 10, 40, {"momentum": 2.0, "adam": 2.0})
MANY = Work("many", (6, 8, 1), 10, 40, {"momentum": 2.0, "adam": 2.0}, models=3)


def test_operations_and_bytes_are_counted() -> None:
    assert TINY.parameters == 7 * 8 + 9 * 7 + 8 * 3
    # Three products of two layers; the first layer's inputs need no gradient.
    assert TINY.operations == 2 * (2 * 6 * 8) + 3 * (2 * 8 * 7 + 2 * 7 * 3)
    assert MANY.bytes_of_a_step("adam") == 3 * MANY.parameters * 40
    assert all(work.n % work.batch == 0 for work in WORKS.values())
    assert TINY.shortened(3).n == 10


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_entrants_do_what_they_count(optimizer: str) -> None:
    ours = Ours(TINY, optimizer)
    ours.run(3)
    assert ours.network.updates == 3 * ours.amount / TINY.batch
    many = OursMany(MANY, optimizer)
    many.run(2)
    assert many.amount == sum(one.updates * MANY.batch / 2 for one in many.networks)
    for work in (TINY, MANY):
        peer = Sklearn(work, optimizer)
        peer.run(2)
        assert peer.amount == work.models * work.n
    for one in (Sgemm(1), Memory(1)):
        one.run(1)
        assert one.amount > 1e6


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_pytorch_does_the_same_work(optimizer: str) -> None:
    pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    import torch

    from benchmarks.networks import pytorch

    whole = Work("whole", TINY.sizes, TINY.n, TINY.n, TINY.wanted)  # one batch: no order
    ours = Ours(whole, optimizer, dropout=False)
    theirs = pytorch.Eager(whole, optimizer, rates=(0.0, 0.0))
    weights, biases = ours.network.parameters()
    arrays = [a for pair in zip(weights, biases, strict=True) for a in pair]
    with torch.no_grad():
        for parameter, array in zip(theirs.network.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array.T.copy()))
    ours.run(5)
    theirs.run(5)
    weights, biases = ours.network.parameters()
    found = [a for pair in zip(weights, biases, strict=True) for a in pair]
    for before, after, parameter in zip(arrays, found, theirs.network.parameters(), strict=True):
        np.testing.assert_allclose(after, parameter.detach().numpy().T, rtol=1e-4, atol=1e-6)
        assert np.abs(after - before).max() > 1e-4


@pytest.mark.parametrize("how", ["bmm", "func"])
def test_stacked_models_learn_as_single_ones(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    import torch

    from benchmarks.networks import pytorch

    whole = Work("whole", MANY.sizes, MANY.n, MANY.n, MANY.wanted, models=2)
    monkeypatch.setattr(pytorch, "INPUT_RATE", 0.0)
    monkeypatch.setattr(pytorch, "HIDDEN_RATE", 0.0)
    stacked = pytorch.Stacked(whole, "momentum", how)
    single = pytorch.Eager(whole, "momentum", rates=(0.0, 0.0))
    with torch.no_grad():
        for parameter, stack in zip(single.network.parameters(), stacked.parameters, strict=True):
            parameter.copy_(stack[1].T.reshape(parameter.shape))
    stacked.run(4)
    single.run(4)
    for parameter, stack in zip(single.network.parameters(), stacked.parameters, strict=True):
        expected = stack[1].T.reshape(parameter.shape)
        torch.testing.assert_close(parameter, expected, rtol=1e-4, atol=1e-6)


class Pretenders:
    """Processes whose entrants have the rates of their names; "broken" fails."""

    def __init__(self) -> None:
        self.turns: list[str] = []

    def of(self, entrant: Entrant) -> Any:
        return self

    def ask(self, limit: float, name: str, *arguments: Any) -> Any:
        if name == "prepare" and arguments[0] == "broken":
            raise Failed("ImportError: no such package")
        if name == "rate":
            self.turns.append(arguments[0])
            return float(arguments[0])
        return {"prepare": 4, "about": {}}[name]

    def forget(self) -> None:
        pass


def test_only_the_fast_of_a_group_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "PAUSE", 0.0)
    processes = Pretenders()
    entrants = {
        "5": Entrant("ours", "Ours"),
        "100": Entrant("pytorch", "one", rivals="eager"),
        "90": Entrant("pytorch", "one", rivals="eager"),
        "50": Entrant("pytorch", "one", rivals="eager"),
        "broken": Entrant("pytorch", "one", rivals="compiled"),
    }
    found = rounds.measure(entrants, processes, rounds=3)  # type: ignore[arg-type]
    assert processes.turns == ["5", "100", "90", "50", "5", "100", "90", "5", "100", "90"]
    assert found["50"].rates == [50.0]
    assert found["broken"].remark == "ImportError: no such package"
    assert not found["broken"].rates


def known(rates: dict[str, float]) -> dict[str, Any]:
    entrants = {name: {"rates": [rate], "remark": "", "about": {}} for name, rate in rates.items()}
    return {"busy": 0.0, "entrants": entrants}


def test_page_takes_the_better_number_of_threads_and_gives_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes.toml"
    notes.write_text(
        '[networks]\n"medium adam" = "Memory."\n[networks_bound]\nmedium = "The products."\n'
    )
    monkeypatch.setattr(report, "NOTES", notes)
    machine = {"sgemm, 1 thread": 1e11, "sgemm, 2 threads": 2e11, "memory, 1 thread": 1e10}
    group = {
        "shrinkage": 80_000.0,
        "shrinkage, no dropout": 88_000.0,
        "shrinkage, one mask a batch": 100_000.0,
        "PyTorch, 1 thread": 30_000.0,
        "PyTorch, 2 threads": 40_000.0,
        "scikit-learn": 20_000.0,
        **machine,
    }
    results = Store(tmp_path / "results")
    results.write(part.NAME, {"medium adam": known(group)})
    page.write(results, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    row = "784-256-256-10, 128 | Adam | 80,000 | 40,000, 2 threads | **2** ✗ | 3 | — | 20,000"
    assert row in text
    assert "- networks, medium adam: 2 where 3 is wanted. Memory." in text
    assert "**10.0%** ✗" in text  # dropout: 1/80 against 1/88
    assert "**1.14** ✓" in text  # one mask a batch
    assert "The products." in text


@pytest.fixture
def small_study(tmp_path: Path) -> Study:
    rng = np.random.default_rng(0)
    X = rng.random((60, 5)).astype(np.float32)
    y = (X[:, 0] > 0.5).astype(int) + (X[:, 1] > 0.5)
    return Study("mnist", Store(tmp_path), (X[:50], y[:50], X[50:], y[50:]), (4,), 1)


def test_study_chooses_by_validation_and_goes_on_where_it_stopped(small_study: Study) -> None:
    small_study.run(1, until=0.0)
    assert not small_study.fits
    small_study._train(small_study.wanted()[:2])
    again = Study("mnist", small_study.results, small_study.data, (4,), 1)
    assert again.fits == small_study.fits
    assert len(again.fits) == 2
    again.run(2)
    assert again.complete
    tried = sum(len(method.settings()) for method in METHODS.values())
    assert len(again.fits) == tried + len(METHODS) * len(SEEDS)
    for name, method in METHODS.items():
        errors = [again.fits[Fit(name, setting).name]["error"] for setting in method.settings()]
        assert again.fits[Fit(name, again.chosen(name)).name]["error"] == min(errors)
    other = Study("mnist", small_study.results, small_study.data, (5,), 1)
    assert not other.fits  # another network


def test_study_says_what_is_reversed() -> None:
    errors = {name: [method.paper, method.paper + 0.02] for name, method in METHODS.items()}
    assert "0 are reversed" in srivastava_page.verdict(errors)
    errors["dropout"] = [3.0, 3.02]
    told = srivastava_page.verdict(errors)
    assert "Reversed: dropout against L2 (-1.38)" in told
    errors["max-norm"] = [0.5, 2.5]
    assert "differ by less than two standard errors" in srivastava_page.verdict(errors)
    assert "Undecided" in srivastava_page.verdict(errors)


def test_study_page_waits_for_all_fits(small_study: Study, tmp_path: Path) -> None:
    small_study._train(small_study.wanted()[:1])
    srivastava_page.write(small_study.results, tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()
    small_study.run(1)
    srivastava_page.write(small_study.results, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    mean = np.mean(small_study.errors("dropout"))
    assert f"**{mean:.2f} ±" in text
    assert "## Fashion-MNIST" not in text
