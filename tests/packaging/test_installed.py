"""The installed wheel with the core dependencies alone: run in a clean environment."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import shrinkage as sh


def test_it_is_the_installed_package_that_is_tested() -> None:
    assert Path(sh.__file__).is_relative_to(sys.prefix)
    assert importlib.metadata.version("shrinkage") == sh.__version__


def test_the_wheel_brings_its_types_and_nothing_foreign() -> None:
    files = importlib.metadata.files("shrinkage")
    assert files is not None
    names = {str(file) for file in files}
    assert {"shrinkage/py.typed", "shrinkage/core/_native.pyi"} <= names
    assert {file.parts[0] for file in files} == {
        "shrinkage",
        f"shrinkage-{sh.__version__}.dist-info",
    }


def test_a_path_fits_without_the_extras() -> None:
    assert importlib.util.find_spec("streamlit") is None, "the extras are installed: not this test"
    X, y = load_diabetes(return_X_y=True)
    path = sh.fit_path(X, y, penalty="l1")
    assert path.converged.all()
    assert path.gaps.max() <= 1e-6
    assert path.n_nonzero[0] == 0
    assert path.n_nonzero[-1] == X.shape[1]
    residual = y - path.predict(X, path.lambdas[50])
    gradient = np.abs(X.T @ residual / len(y)) / X.std(axis=0)
    assert gradient.max() == pytest.approx(path.lambdas[50], rel=1e-3)
