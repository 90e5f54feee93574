"""Built-in samples, data sets and their digests."""

import subprocess
import sys

import numpy as np
import pytest

from shrinkage.data import Dataset, load_sample, one_vs_rest, samples
from shrinkage.errors import DataError


def test_registry_says_what_is_loaded() -> None:
    names = [sample.name for sample in samples()]
    real = ["diabetes", "breast_cancer", "wine", "digits"]
    assert names == [*real, "sparse", "dense", "wide", "correlated"]
    for sample in samples():
        dataset = load_sample(sample.name)
        assert (dataset.n_samples, dataset.n_features) == (sample.n_samples, sample.n_features)
        assert dataset.task == sample.task
        assert dataset.n_classes == sample.n_classes
        assert dataset.X.flags.f_contiguous
        assert dataset.X.dtype == np.float64
        assert np.isfinite(dataset.X).all()
        assert len(set(dataset.feature_names)) == dataset.n_features
        assert dataset.description
        assert (dataset.truth is not None) == (sample.kind == "simulated")


def test_diabetes_is_in_raw_units() -> None:
    dataset = load_sample("diabetes")
    age = dataset.X[:, dataset.feature_names.index("age")]
    assert 19 <= age.min() < age.max() <= 79
    X = np.column_stack([np.ones(442), dataset.X])
    residual = dataset.y - X @ np.linalg.lstsq(X, dataset.y)[0]
    assert np.mean(residual**2) == pytest.approx(2859.70, abs=0.01)  # Efron et al. 2004


@pytest.mark.parametrize("name", ["sparse", "dense", "wide", "correlated"])
def test_simulations_are_seeded_and_keep_their_word(name: str) -> None:
    first, again = load_sample(name), load_sample(name)
    other = load_sample(name, random_state=1)
    assert first == again
    assert first.digest == again.digest != other.digest
    large = load_sample(name, n_samples=20_000, n_features=50, signal_to_noise=2.0)
    signal = large.X @ large.truth
    ratio = signal.var() / (large.y - signal).var()
    assert ratio == pytest.approx(2.0, rel=0.1)
    assert np.abs(large.X.var(axis=0) - 1).max() < 0.06


def test_truth() -> None:
    assert np.count_nonzero(load_sample("sparse").truth) == 5
    assert np.count_nonzero(load_sample("dense").truth) == 50
    wide = load_sample("wide")
    assert wide.n_features > 10 * wide.n_samples
    assert np.count_nonzero(wide.truth) == 8
    grouped = load_sample("correlated", n_samples=20_000)
    correlation = np.corrcoef(grouped.X[:, :6].T)
    assert correlation[0, 4] == pytest.approx(0.9, abs=0.02)
    assert correlation[0, 5] == pytest.approx(0.0, abs=0.03)
    np.testing.assert_array_equal(np.flatnonzero(grouped.truth), np.arange(15))


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        ("iris", {}, "data.unknown_sample"),
        ("diabetes", {"n_samples": 3}, "data.bad_parameter"),
        ("sparse", {"n_rows": 3}, "data.bad_parameter"),
        ("sparse", {"n_informative": 51}, "data.bad_parameter"),
        ("sparse", {"n_samples": 1}, "data.bad_parameter"),
        ("dense", {"signal_to_noise": 0.0}, "data.bad_parameter"),
        ("correlated", {"group_size": 7}, "data.bad_parameter"),
        ("correlated", {"correlation": 1.0}, "data.bad_parameter"),
    ],
)
def test_bad_parameters(name: str, parameters: dict[str, float], code: str) -> None:
    with pytest.raises(DataError) as caught:
        load_sample(name, **parameters)
    assert caught.value.code == code
    assert caught.value.fields["remedy"]


def test_one_vs_rest() -> None:
    wine = load_sample("wine")
    binary = one_vs_rest(wine, "class_1")
    assert binary.classes == ("rest", "class_1")
    assert binary.n_classes == 2
    np.testing.assert_array_equal(binary.y, wine.y == 1)
    assert binary.digest != wine.digest
    assert "class_1" in binary.name
    cancer = load_sample("breast_cancer")
    flipped = one_vs_rest(cancer, "malignant")
    assert flipped.classes == ("benign", "malignant")
    np.testing.assert_array_equal(flipped.y, 1 - cancer.y)
    for dataset, cls in [(wine, "class_9"), (load_sample("diabetes"), "1")]:
        with pytest.raises(DataError) as caught:
            one_vs_rest(dataset, cls)
        assert caught.value.code == "data.unknown_class"


def test_digest_follows_the_content() -> None:
    X, y = np.arange(12.0).reshape(4, 3), np.arange(4.0)
    base = Dataset(X, y, ("a", "b", "c"), "y", "regression", "one")
    assert base == Dataset(np.asfortranarray(X), y, ("a", "b", "c"), "y", "regression", "two")
    assert hash(base) == hash(Dataset(X, y, ("a", "b", "c"), "y", "regression", "two"))
    changed = X.copy()
    changed[2, 1] += 1e-12
    others = [
        Dataset(changed, y, ("a", "b", "c"), "y", "regression", "one"),
        Dataset(X, y[::-1], ("a", "b", "c"), "y", "regression", "one"),
        Dataset(X, y, ("a", "b", "d"), "y", "regression", "one"),
        Dataset(X, y, ("a", "b", "c"), "z", "regression", "one"),
        Dataset(X[:, [1, 0, 2]], y, ("a", "b", "c"), "y", "regression", "one"),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 6


def test_without_pandas() -> None:
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "pyarrow", "openpyxl"):
            raise ImportError(name)
sys.meta_path.insert(0, Block())
import shrinkage.data as data
for sample in data.samples():
    data.load_sample(sample.name)
try:
    data.read_table(b"a,b\\n1,2\\n")
except data.read_table.__globals__["DataError"] as error:
    assert error.code == "data.missing_extra", error.code
    assert 'pip install "shrinkage[app]"' in str(error)
else:
    raise AssertionError("read without pandas")
assert not {"pandas", "pyarrow", "openpyxl", "streamlit"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
