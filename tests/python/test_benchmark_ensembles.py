"""The benchmark of ensembles: same work, operations as counted, a page that judges."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import report
from benchmarks.ensembles import page, part
from benchmarks.ensembles.ours import Every, Members
from benchmarks.ensembles.works import SAMPLED, Enumerated, Sampled
from benchmarks.store import Store

TINY = Sampled("tiny", (6, 8, 4, 3), (0.25, 0.5, 0.5), 20, 10, 2.0)


def test_operations_are_those_of_what_is_kept() -> None:
    assert TINY.operations == 2 * (48 + 32 + 12)
    # A quarter of 6 inputs is subtracted from a sum that ten members share; then halves.
    expected = 2 * (6 * 0.25 * 8 * 0.5) + 2 * 48 / 10 + 2 * (4 * 2) + 2 * (2 * 3)
    assert TINY.needed_operations == pytest.approx(expected)
    hidden = Sampled("hidden", (6, 8, 4, 3), (0.0, 0.5, 0.5), 20, 10, 2.0)
    assert hidden.needed_operations == pytest.approx(2 * 48 / 10 + 2 * (4 * 2) + 2 * (2 * 3))
    assert TINY.shortened(10).n == 2 and TINY.shortened(10).members == 1


def test_entrants_do_what_they_count() -> None:
    for kind, masks in (("mc", "shared"), ("mc", "per_row"), ("rao_blackwell", "shared")):
        ours = Members(TINY, kind, masks)
        ours.run(2)
        assert ours.amount == 200
    for scored in (False, True):
        Every(Enumerated("exact", (5, 4, 3), 6, 1.0), "float64", scored).run(1)
    groups = part.groups(100)
    assert set(groups) == {"hidden", "input and hidden", "exact"}


def test_pytorch_does_the_same_work() -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
    from benchmarks.ensembles.pytorch import Loop

    loop, ours = Loop(TINY, batch=7), Members(TINY)
    linear = [layer for layer in loop.network if isinstance(layer, torch.nn.Linear)]
    weights, biases = ours.network.parameters()
    with torch.no_grad():
        for layer, w, b in zip(linear, weights, biases, strict=True):
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        loop.passes = 4000
        total, squares = loop.member_moments(loop.X)
    found = ours.network.predict_ensemble(ours.X, n_members=4000, random_state=0)
    mean = total.numpy() / 4000
    deviation = np.sqrt(squares.numpy() / 4000 - mean**2)
    assert np.abs(mean - found.mean).max() < 6 * np.sqrt(2) * found.standard_error.max()
    np.testing.assert_allclose(deviation, found.std, rtol=0.15)


def known(rates: dict[str, float]) -> dict[str, Any]:
    entrants = {name: {"rates": [rate], "remark": "", "about": {}} for name, rate in rates.items()}
    return {"busy": 0.0, "entrants": entrants}


def test_page_takes_the_fastest_loop_and_gives_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes.toml"
    notes.write_text('[ensembles]\nhidden = "Why."\n[ensembles_bound]\nhidden = "The products."\n')
    monkeypatch.setattr(report, "NOTES", notes)
    amount = SAMPLED["hidden"].members * SAMPLED["hidden"].n
    group = {
        "shrinkage": amount / 2.0,
        "shrinkage, masks per row": amount / 4.0,
        "shrinkage, rao_blackwell": amount / 3.0,
        "PyTorch, 1 thread": amount / 9.0,
        "PyTorch, 500 rows at a time, 2 threads": amount / 7.0,
        "sgemm, 2 threads": 2e11,
    }
    results = Store(tmp_path / "results")
    results.write(part.NAME, {"hidden": known(group)})
    page.write(results, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert "| 2 | 4 | 3 | 7 (500 rows at a time, 2 threads) | **3.5** ✗ | 4" in text
    assert "- ensembles, hidden: 3.5 where 4 is wanted. Why." in text
    assert "The products." in text
    results.write(part.NAME, {"exact": known({"shrinkage, float32": 4.0})})
    page.write(results, tmp_path / "page.md")
    assert (
        "2^16 × 500 rows × 3 classes | shrinkage, float32 | **0.25** ✓ | 1"
        in (tmp_path / "page.md").read_text()
    )
