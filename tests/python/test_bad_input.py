"""Each bad argument: its class, its code, and its name and the remedy in the text."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import shrinkage as sh
from support.datasets import random_problem

X, Y = random_problem(0)
CLASSES = (np.median(Y) < Y).astype(int)


def changed(array: np.ndarray, index: Any, value: float) -> np.ndarray:
    copy = array.astype(float)
    copy[index] = value
    return copy


# argument as named in the text, code, the call's arguments
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "NaN in X": ("X[3, 2]", "argument.not_finite", {"X": changed(X, (3, 2), np.nan)}),
    "infinity in X": ("X[0, 7]", "argument.not_finite", {"X": changed(X, (0, 7), np.inf)}),
    "NaN in plain X": (
        "X[3, 2]",
        "argument.not_finite",
        {"X": changed(X, (3, 2), np.nan), "standardize": False, "fit_intercept": False},
    ),
    "infinity in a row without weight": (
        "X[9, 1]",
        "argument.not_finite",
        {"X": changed(X, (9, 1), np.inf), "sample_weight": np.where(np.arange(60) == 9, 0.0, 1.0)},
    ),
    "a column of infinities": (
        "X[0, 1]",
        "argument.not_finite",
        {"X": np.column_stack([X[:, 0], np.full(60, np.inf)])},
    ),
    "NaN in X for ridge": (
        "X[3, 2]",
        "argument.not_finite",
        {"X": changed(X, (3, 2), np.nan), "penalty": "l2"},
    ),
    "NaN in X for counts": (
        "X[3, 2]",
        "argument.not_finite",
        {"X": changed(X, (3, 2), np.nan), "y": np.arange(60) % 4, "loss": "poisson"},
    ),
    "sums of X that overflow": (
        "X",
        "argument.not_finite",
        {"X": 1e307 * np.ones((60, 2)) + X[:, :2] * 1e306},
    ),
    "too large for float64": (
        "X",
        "argument.not_finite",
        {"X": X.astype(np.longdouble) * np.longdouble("1e400")},
    ),
    "NaN in a frame": (
        "X[1, 0]",
        "argument.not_finite",
        {"X": pd.DataFrame({"a": pd.array([1, None] * 30, dtype="Int64"), "b": np.arange(60.0)})},
    ),
    "NaN in y": ("y[5]", "argument.not_finite", {"y": changed(Y, 5, np.nan)}),
    "infinity in y": ("y[5]", "argument.not_finite", {"y": changed(Y, 5, -np.inf)}),
    "NaN in classes": (
        "y[5]",
        "argument.not_finite",
        {"y": changed(CLASSES, 5, np.nan), "loss": "logistic"},
    ),
    "one-dimensional X": ("X", "argument.shape", {"X": X[:, 0]}),
    "three-dimensional X": ("X", "argument.shape", {"X": X[None]}),
    "a number as X": ("X", "argument.shape", {"X": 3.0}),
    "no rows": ("X", "argument.empty", {"X": X[:0], "y": Y[:0]}),
    "no columns": ("X", "argument.empty", {"X": X[:, :0]}),
    "text in X": ("X", "argument.type", {"X": np.array([["a", "b"]] * 60)}),
    "dates in X": ("X", "argument.type", {"X": np.zeros((60, 2), "datetime64[s]")}),
    "objects in X": ("X", "argument.type", {"X": np.array([[{}, 1]] * 60)}),
    "complex X": ("X", "argument.type", {"X": X + 0j}),
    "text in a frame": (
        "X",
        "argument.type",
        {"X": pd.DataFrame({"a": ["u", "v"] * 30, "b": range(60)})},
    ),
    "ragged X": ("X", "argument.type", {"X": [[1.0, 2.0], [3.0]]}),
    "short y": ("y", "argument.shape", {"y": Y[:-1]}),
    "two targets": ("y", "argument.shape", {"y": np.column_stack([Y, Y]), "loss": "huber"}),
    "a number as y": ("y", "argument.shape", {"y": 1.0}),
    "text as target": ("y", "argument.target_type", {"y": np.array(["low", "high"] * 30)}),
    "one class": ("y", "argument.classes", {"y": np.zeros(60), "loss": "logistic"}),
    "three classes": ("y", "argument.classes", {"y": np.arange(60) % 3, "loss": "logistic"}),
    "mixed labels": (
        "y",
        "argument.target_type",
        {"y": np.array(["a", 1] * 30, object), "loss": "logistic"},
    ),
    "missing labels": (
        "y",
        "argument.target_type",
        {"y": np.array(["a", None] * 30, object), "loss": "logistic"},
    ),
    "NaN as a label": (
        "y",
        "argument.target_type",
        {"y": np.array([1.0, np.nan] * 30, object), "loss": "logistic"},
    ),
    "unknown loss": ("loss", "argument.loss", {"loss": "hinge"}),
    "loss class": ("loss", "argument.loss", {"loss": sh.Huber}),
    "negative count": (
        "y[7]",
        "argument.range",
        {"y": changed(Y * 0 + 1, 7, -1), "loss": "poisson"},
    ),
    "no counts": ("y", "argument.range", {"y": np.zeros(60), "loss": "poisson"}),
    "no weighted counts": (
        "y",
        "argument.range",
        {"y": CLASSES, "sample_weight": 1.0 - CLASSES, "loss": "poisson"},
    ),
    "zero for gamma": ("y[2]", "argument.range", {"y": changed(Y * 0 + 1, 2, 0), "loss": "gamma"}),
    "text as count": ("y", "argument.target_type", {"y": ["a", "b"] * 30, "loss": "poisson"}),
    "text for huber": ("y", "argument.target_type", {"y": ["a", "b"] * 30, "loss": "huber"}),
    "three classes for a margin": (
        "y",
        "argument.classes",
        {"y": np.arange(60) % 3, "loss": "squared_hinge"},
    ),
    "one class for a margin": (
        "y",
        "argument.classes",
        {"y": np.ones(60), "loss": "squared_hinge"},
    ),
    "one weighted class for a margin": (
        "sample_weight",
        "argument.classes",
        {"sample_weight": 1.0 - CLASSES, "y": CLASSES, "loss": "squared_hinge"},
    ),
    "loss of another type": ("loss", "argument.loss", {"loss": 3}),
    "unknown penalty": ("penalty", "argument.penalty", {"penalty": "l3"}),
    "penalty class": ("penalty", "argument.penalty", {"penalty": sh.L1}),
    "negative λ": ("lambdas[1]", "argument.range", {"lambdas": [1.0, -0.1]}),
    "increasing λ": ("lambdas[2]", "argument.not_decreasing", {"lambdas": [1.0, 0.1, 0.5]}),
    "repeated λ": ("lambdas[1]", "argument.not_decreasing", {"lambdas": [0.1, 0.1]}),
    "no λ": ("lambdas", "argument.empty", {"lambdas": []}),
    "λ of NaN": ("lambdas[0]", "argument.not_finite", {"lambdas": [np.nan]}),
    "λ of infinity": ("lambdas[0]", "argument.not_finite", {"lambdas": [np.inf, 1.0]}),
    "text as λ": ("lambdas", "argument.type", {"lambdas": ["a"]}),
    "a table of λ": ("lambdas", "argument.shape", {"lambdas": [[1.0], [0.1]]}),
    "no grid": ("n_lambdas", "argument.range", {"n_lambdas": 0}),
    "half a grid": ("n_lambdas", "argument.type", {"n_lambdas": 10.5}),
    "a flag as a number": ("n_lambdas", "argument.type", {"n_lambdas": True}),
    "ratio 0": ("lambda_min_ratio", "argument.range", {"lambda_min_ratio": 0.0}),
    "ratio 1": ("lambda_min_ratio", "argument.range", {"lambda_min_ratio": 1.0}),
    "negative weight": (
        "sample_weight[4]",
        "argument.range",
        {"sample_weight": changed(np.ones(60), 4, -1)},
    ),
    "NaN weight": (
        "sample_weight[4]",
        "argument.not_finite",
        {"sample_weight": changed(np.ones(60), 4, np.nan)},
    ),
    "no weight": ("sample_weight", "argument.range", {"sample_weight": np.zeros(60)}),
    "short weights": ("sample_weight", "argument.shape", {"sample_weight": np.ones(59)}),
    "one weighted class": (
        "sample_weight",
        "argument.classes",
        {"sample_weight": 1.0 - CLASSES, "y": CLASSES, "loss": "logistic"},
    ),
    "short offset": ("offset", "argument.shape", {"offset": np.ones(1)}),
    "NaN offset": ("offset[0]", "argument.not_finite", {"offset": np.full(60, np.nan)}),
    "negative factor": (
        "penalty_factor[1]",
        "argument.range",
        {"penalty_factor": [1, -1, 1, 1, 1, 1, 1, 1]},
    ),
    "infinite factor": (
        "penalty_factor[0]",
        "argument.not_finite",
        {"penalty_factor": np.full(8, np.inf)},
    ),
    "short factors": ("penalty_factor", "argument.shape", {"penalty_factor": [1.0, 2.0]}),
    "lower above 0": ("lower[0]", "argument.range", {"lower": 0.1}),
    "upper below 0": ("upper[2]", "argument.range", {"upper": [1, 1, -0.5, 1, 1, 1, 1, 1]}),
    "NaN bound": ("lower[0]", "argument.range", {"lower": np.nan}),
    "short bounds": ("upper", "argument.shape", {"upper": [1.0, 2.0]}),
    "text as bound": ("lower", "argument.type", {"lower": "none"}),
    "tol 0": ("tol", "argument.range", {"tol": 0.0}),
    "tol NaN": ("tol", "argument.range", {"tol": np.nan}),
    "text as tol": ("tol", "argument.type", {"tol": "small"}),
    "max_iter 0": ("max_iter", "argument.range", {"max_iter": 0}),
    "n_threads 0": ("n_threads", "argument.range", {"n_threads": 0}),
    "time_limit 0": ("time_limit", "argument.range", {"time_limit": 0.0}),
    "warm start of another size": (
        "warm_start",
        "argument.shape",
        {"warm_start": (np.zeros(3), 0.0)},
    ),
    "warm start of NaN": (
        "warm_start[0]",
        "argument.not_finite",
        {"warm_start": (np.full(8, np.nan), 0.0)},
    ),
    "warm start of another type": ("warm_start", "argument.type", {"warm_start": 3}),
    "text as warm start": ("warm_start", "argument.type", {"warm_start": (["a"] * 8, 0.0)}),
    "callback": ("callback", "argument.type", {"callback": 3}),
}


@pytest.mark.parametrize("case", CASES)
def test_fit_path_refuses(case: str) -> None:
    argument, code, kinds = CASES[case]
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        sh.fit_path(**{"X": X, "y": Y, **kinds})
    error = caught.value
    assert error.code == code
    assert str(error).startswith(argument)
    assert error.fields["argument"].startswith(argument)
    assert error.fields["remedy"]
    assert error.fields["remedy"] in str(error)
    assert "shrinkage" not in type(error).__name__
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, np.nan, "half"])
def test_l1_ratio(ratio: Any) -> None:
    with pytest.raises(sh.errors.InvalidArgument, match="l1_ratio"):
        sh.ElasticNet(ratio)


@pytest.mark.parametrize("delta", [0.0, -1.0, np.nan, np.inf, "wide", True, None])
def test_delta_of_huber(delta: Any) -> None:
    with pytest.raises(sh.errors.InvalidArgument, match="delta") as caught:
        sh.Huber(delta)
    assert caught.value.fields["remedy"] in str(caught.value)


def test_losses_are_values() -> None:
    assert sh.Huber(2.0) == sh.Huber(delta=2.0) != sh.Huber(3.0)
    assert pickle.loads(pickle.dumps(sh.Huber(2.0))) == sh.Huber(2.0)
    with pytest.raises(AttributeError):
        sh.Huber().delta = 3.0  # type: ignore[misc]


def test_unknown_arguments() -> None:
    with pytest.raises(TypeError, match="lamda"):
        sh.fit_path(X, Y, lamda=1.0)


PREDICTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "λ above the grid": ("lam", "argument.range", {"lam": 1e9}),
    "λ below the grid": ("lam", "argument.range", {"lam": 1e-9}),
    "negative λ": ("lam", "argument.range", {"lam": -1.0}),
    "text as λ": ("lam", "argument.type", {"lam": "min"}),
    "too few columns": ("X", "argument.shape", {"X": X[:, :3]}),
    "one row as a vector": ("X", "argument.shape", {"X": X[0]}),
    "NaN": ("X[0, 0]", "argument.not_finite", {"X": np.full((1, 8), np.nan)}),
    "unknown kind": ("kind", "argument.kind", {"kind": "probability"}),
    "class of a regression": ("kind", "argument.kind", {"kind": "class"}),
    "short offset": ("offset", "argument.shape", {"offset": [1.0]}),
}


@pytest.mark.parametrize("case", PREDICTIONS)
def test_predict_refuses(case: str) -> None:
    path = sh.fit_path(X, Y, n_lambdas=5)
    argument, code, kinds = PREDICTIONS[case]
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        path.predict(**{"X": X, "lam": path.lambdas[2], **kinds})
    assert caught.value.code == code
    assert str(caught.value).startswith(argument)
    assert caught.value.fields["remedy"] in str(caught.value)


def test_columns_in_another_order_are_not_used_as_if_they_were_the_same() -> None:
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    path = sh.fit_path(frame, Y, n_lambdas=5)
    lam = path.lambdas[3]
    with pytest.raises(sh.errors.InvalidArgument, match="'h' in place of 'a'") as caught:
        path.predict(frame[list("hgfedcba")], lam)
    assert caught.value.code == "argument.feature_names"
    np.testing.assert_array_equal(path.predict(frame, lam), path.predict(X, lam))


def test_errors_travel() -> None:
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        sh.fit_path(X, Y, tol=-1.0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.code, again.fields) == (
        str(caught.value),
        caught.value.code,
        caught.value.fields,
    )


def test_a_failed_call_leaves_its_inputs_alone() -> None:
    bad, y = changed(X, (3, 2), np.nan), Y.copy()
    before = bad.copy()
    with pytest.raises(sh.errors.InvalidArgument):
        sh.fit_path(bad, y)
    np.testing.assert_array_equal(bad, before)
    np.testing.assert_array_equal(y, Y)
