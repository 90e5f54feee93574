"""What a path is: its shape, its inputs, its predictions, its copies."""

import copy
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

import shrinkage as sh
from support.datasets import random_problem


def test_shapes() -> None:
    X, y = random_problem(0)
    path = sh.fit_path(X, y, n_lambdas=30)
    assert path.lambdas.shape == path.intercepts.shape == path.gaps.shape == (30,)
    assert path.n_nonzero.shape == path.deviance_ratio.shape == path.n_iter.shape == (30,)
    assert path.converged.shape == path.regime.shape == path.losses.shape == (30,)
    assert path.coefs.shape == path.coefs_sparse.shape == (8, 30)
    assert path.centers.shape == path.scales.shape == (8,)
    assert (np.diff(path.lambdas) < 0).all()
    assert path.classes is None
    assert path.feature_names is None
    assert isinstance(path.penalty, sh.L1)
    assert (np.diff(path.losses) <= 1e-12).all()


KINDS: dict[str, Any] = {
    "float32": lambda X: X.astype(np.float32),
    "integers": lambda X: np.round(4 * X).astype(np.int16),
    "booleans": lambda X: X.mean(axis=0) < X,
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "every other row and column": lambda X: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "big endian": lambda X: X.astype(">f8"),
    "unaligned": lambda X: (
        np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(float).reshape(X.shape)
    ),
    "a list": lambda X: X.tolist(),
    "a frame": lambda X: pd.DataFrame(X),
    "a frame of many types": lambda X: pd.DataFrame(
        {
            "f": X[:, 0],
            "f4": X[:, 1].astype(np.float32),
            "i": np.round(X[:, 2]).astype(int),
            "b": X[:, 3] > 0,
            "Int": pd.array(np.round(X[:, 4]).astype(int), dtype="Int64"),
            "Bool": pd.array(X[:, 5] > 0, dtype="boolean"),
        }
    ),
    "a matrix": lambda X: np.asmatrix(X),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_X_is_read_and_left_alone(kind: str) -> None:
    plain, y = random_problem(1)
    X = KINDS[kind](plain)
    before = copy.deepcopy(X)
    path = sh.fit_path(X, y, n_lambdas=10)
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X, before)
        numbers = X.to_numpy(dtype=float)
    else:
        np.testing.assert_array_equal(X, before)
        numbers = np.array(X, dtype=float)
    expected = sh.fit_path(np.asfortranarray(numbers), y, n_lambdas=10)
    np.testing.assert_array_equal(path.coefs, expected.coefs)
    np.testing.assert_array_equal(
        path.predict(X, path.lambdas[5]), expected.predict(numbers, path.lambdas[5])
    )


@pytest.mark.parametrize(("kind", "copies"), [("float32", 1), ("C order", 1), ("Fortran order", 0)])
def test_what_is_not_read_in_place_is_converted_once(kind: str, copies: int) -> None:
    plain = np.random.default_rng(0).normal(size=(2000, 200))
    X, y = KINDS[kind](plain), plain[:, 0]
    tracemalloc.start()
    try:
        sh.fit_path(X, y, n_lambdas=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert copies * plain.nbytes <= peak <= (copies + 0.2) * plain.nbytes
    assert "converted once" in " ".join((sh.fit_path.__doc__ or "").split())


def test_read_only_inputs_are_never_written() -> None:
    X, y = random_problem(2, loss="logistic")
    arrays: dict[str, Any] = {
        "sample_weight": np.linspace(1, 2, 60),
        "offset": np.linspace(-1, 1, 60),
        "penalty_factor": np.linspace(0, 2, 8),
        "lower": np.full(8, -1.0),
        "upper": np.full(8, 1.0),
        "lambdas": np.geomspace(1, 0.01, 5),
        "warm_start": (np.full(8, 0.1), 0.2),
    }
    X, y = np.asfortranarray(X), y.astype(float)
    everything = [X, y, arrays["warm_start"][0]]
    everything += [value for value in arrays.values() if isinstance(value, np.ndarray)]
    before = [array.copy() for array in everything]
    for array in everything:
        array.setflags(write=False)
    for loss in ("squared", "logistic"):
        sh.fit_path(X, y, loss=loss, **arrays)
        sh.fit_path_cv(X, y, loss=loss, cv=3, **arrays)
    for array, old in zip(everything, before, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize(
    "labels", [[0, 1], [1, 2], [-1, 1], [False, True], ["b", "a"], [2.5, 0.5], [10, 9]]
)
def test_any_two_labels(labels: list[Any]) -> None:
    X, y = random_problem(3, loss="logistic")
    named = np.array(labels)[y]
    path = sh.fit_path(X, named, loss="logistic", n_lambdas=5)
    assert path.classes.tolist() == sorted(labels)
    event = (named == path.classes[1]).astype(int)
    expected = sh.fit_path(X, event, loss="logistic", n_lambdas=5)
    np.testing.assert_array_equal(path.coefs, expected.coefs)
    lam = path.lambdas[3]
    eta = X @ path.coefs[:, 3] + path.intercepts[3]
    np.testing.assert_allclose(path.predict(X, lam, kind="link"), eta, rtol=1e-12)
    np.testing.assert_allclose(path.predict(X, lam), 1 / (1 + np.exp(-eta)), rtol=1e-12)
    np.testing.assert_array_equal(
        path.predict(X, lam, kind="class"), path.classes[(eta > 0).astype(int)]
    )


@pytest.mark.parametrize("kind", ["category", "string", "Int64", "boolean"])
def test_targets_of_pandas(kind: str) -> None:
    X, y = random_problem(4, loss="logistic")
    series = pd.Series(y.astype(str) if kind in ("category", "string") else y).astype(kind)
    path = sh.fit_path(X, series, loss="logistic", n_lambdas=4)
    np.testing.assert_array_equal(path.coefs, sh.fit_path(X, y, loss="logistic", n_lambdas=4).coefs)


def test_a_regression_target_of_pandas() -> None:
    X, y = random_problem(4)
    whole = np.round(y).astype(int)
    expected = sh.fit_path(X, whole, n_lambdas=4).coefs
    for series in (pd.Series(whole, dtype="Int64"), pd.Series(whole), whole[:, None], list(whole)):
        np.testing.assert_array_equal(sh.fit_path(X, series, n_lambdas=4).coefs, expected)


def test_between_the_grid() -> None:
    X, y = random_problem(5)
    path = sh.fit_path(X, y, n_lambdas=12)
    for i in (0, 5, 11):
        np.testing.assert_array_equal(path.coef(path.lambdas[i]), path.coefs[:, i])
        assert path.intercept(path.lambdas[i]) == path.intercepts[i]
    a, b = path.lambdas[3:5]
    lam = 0.3 * a + 0.7 * b
    np.testing.assert_allclose(path.coef(lam), 0.3 * path.coefs[:, 3] + 0.7 * path.coefs[:, 4])
    assert path.intercept(lam) == pytest.approx(0.3 * path.intercepts[3] + 0.7 * path.intercepts[4])
    one = sh.fit_path(X, y, lambdas=[0.1])
    np.testing.assert_array_equal(one.coef(0.1), one.coefs[:, 0])


def test_the_offset_of_a_prediction() -> None:
    X, y = random_problem(6)
    offset = np.linspace(0, 1, 60)
    path = sh.fit_path(X, y, n_lambdas=3)
    lam = path.lambdas[1]
    np.testing.assert_allclose(path.predict(X, lam, offset=offset), path.predict(X, lam) + offset)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_pickles_and_copies(loss: str) -> None:
    X, y = random_problem(7, loss=loss)
    path = sh.fit_path(pd.DataFrame(X, columns=list("abcdefgh")), y, loss=loss, n_lambdas=6)
    for other in (pickle.loads(pickle.dumps(path)), copy.deepcopy(path), copy.copy(path)):
        np.testing.assert_array_equal(other.coefs, path.coefs)
        np.testing.assert_array_equal(other.feature_names, path.feature_names)
        assert other.explain_objective() == path.explain_objective()
        assert other.penalty == path.penalty
    cv = sh.fit_path_cv(X, y, loss=loss, cv=3, n_lambdas=6)
    again = pickle.loads(pickle.dumps(cv))
    np.testing.assert_array_equal(again.fold_scores, cv.fold_scores)
    np.testing.assert_array_equal(again.path.coefs, cv.path.coefs)


def test_to_frame() -> None:
    X, y = random_problem(8)
    frame = sh.fit_path(pd.DataFrame(X, columns=list("abcdefgh")), y, n_lambdas=6).to_frame()
    path = sh.fit_path(X, y, n_lambdas=6)
    assert frame.shape == (6, 6 + 8)
    np.testing.assert_array_equal(frame["lambda"], path.lambdas)
    np.testing.assert_array_equal(frame[list("abcdefgh")].to_numpy(), path.coefs.T)
    np.testing.assert_array_equal(frame["gap"], path.gaps)
    assert path.to_frame().columns[-8:].tolist() == [f"x{j}" for j in range(8)]


def test_explain_objective_prints_the_numbers() -> None:
    X, y = random_problem(9)
    text = sh.fit_path(X, y, lambdas=[0.125]).explain_objective()
    assert "0.125" in text
    assert "15" in text  # the textbook's λ_t = 2 λ n
    ridge = sh.fit_path(X, y, penalty="l2", lambdas=[0.125]).explain_objective()
    assert "7.5" in ridge  # λ n


def test_one_warning_names_the_lambda_the_gap_and_the_remedy() -> None:
    X, y = random_problem(10, loss="logistic")
    with pytest.warns(sh.ConvergenceWarning, match=r"λ=.*gap.*max_iter") as caught:
        path = sh.fit_path(X, y, loss="logistic", max_iter=1, lambdas=[1e-2, 1e-4])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert not path.converged.all()
