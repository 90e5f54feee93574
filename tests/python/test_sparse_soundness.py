"""A sparse X whose indices lie outside of it is refused at every door, before compiled code."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import shrinkage as sh
from shrinkage._validation import as_sound

# In another process: what is not refused reads, or writes, anywhere.
DOORS = """
import warnings
import numpy as np
from scipy import sparse
import shrinkage as sh
from shrinkage.linear.comparison import compare_penalties
from shrinkage.linear.geometry import make_basis
from shrinkage.neural import DropoutMLPClassifier, DropoutMLPRegressor, compare_ensembles, fit_many
from shrinkage.uncertainty import SplitConformalRegressor

rng = np.random.default_rng(0)
dense = rng.normal(size=(40, 6)) * (rng.random((40, 6)) < 0.6)
y = dense[:, 0] + rng.normal(size=40)
classes = (y > 0).astype(int)
linear = sh.PenalizedRegressor(lam=0.1).fit(dense, y)
classifier = sh.PenalizedClassifier().fit(dense, classes)
network = DropoutMLPRegressor((4,), max_epochs=1).fit(dense, y)
conformal = SplitConformalRegressor(sh.PenalizedRegressor(lam=0.1)).fit(dense, y)
path = linear.path_

doors = {
    "fit_path": lambda X: sh.fit_path(X, y),
    "fit_path l2": lambda X: sh.fit_path(X, y, penalty="l2"),
    "fit_path_cv": lambda X: sh.fit_path_cv(X, y, cv=3),
    "Path.predict": lambda X: path.predict(X, 0.1),
    "regressor.fit": lambda X: sh.PenalizedRegressor().fit(X, y),
    "regressor.predict": lambda X: linear.predict(X),
    "classifier.fit": lambda X: sh.PenalizedClassifier().fit(X, classes),
    "classifier.predict_proba": lambda X: classifier.predict_proba(X),
    "cv estimator": lambda X: sh.PenalizedRegressorCV(cv=3).fit(X, y),
    "compare_penalties": lambda X: compare_penalties(X, y, cv=3),
    "make_basis": lambda X: make_basis(X, y, path, [0, 1], penalty="l1", loss="squared"),
    "network.fit": lambda X: DropoutMLPRegressor((4,), max_epochs=1).fit(X, y),
    "network.partial_fit": lambda X: DropoutMLPRegressor((4,)).partial_fit(X, y),
    "network.predict": lambda X: network.predict(X),
    "predict_ensemble": lambda X: network.predict_ensemble(X, n_members=2),
    "fit_many": lambda X: fit_many([DropoutMLPRegressor((4,), max_epochs=1)], X, y),
    "fit_many rows": lambda X: fit_many(
        [DropoutMLPRegressor((4,), max_epochs=1)], X, y, rows=[np.arange(20)]
    ),
    "compare_ensembles": lambda X: compare_ensembles(
        DropoutMLPRegressor((4,), max_epochs=4), X, y, test=(dense, y), n_networks=2
    ),
    "conformal.fit": lambda X: SplitConformalRegressor(sh.PenalizedRegressor(lam=0.1)).fit(X, y),
    "conformal.predict": lambda X: conformal.predict_interval(X),
}
for name, door in doors.items():
    for kind in (sparse.csr_array, sparse.csc_matrix):
        X = kind(dense)
        X.indices[0] = 10**6
        try:
            door(X)
        except sh.errors.InvalidArgument as error:
            assert error.code == "argument.sparse", (name, error)
            assert "build it anew" in str(error), (name, error)
        else:
            raise AssertionError(name)
print("refused")
"""


def test_every_door_refuses_an_index_outside() -> None:
    run = subprocess.run([sys.executable, "-c", DOORS], capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "refused", run.stderr[-2000:]


def damaged() -> dict[str, Any]:
    dense = np.arange(1.0, 13.0).reshape(4, 3)
    high, low, falls, short, long = (sparse.csr_array(dense) for _ in range(5))
    high.indices[2] = 3
    low.indices[0] = -1
    falls.indptr[1] = 7
    short.data = short.data[:-1]
    long.indptr[-1] = 10**6
    hollow = sparse.csc_array(dense)
    hollow.indptr[:] = [0, 10**6, 0, 0]
    pairs, blocks = sparse.coo_array(dense), sparse.bsr_array(dense, blocksize=(2, 3))
    pairs.row[0] = 10**6
    blocks.indices[0] = 5
    rows = sparse.lil_array(dense)
    rows.rows[0][0] = 10**6
    diagonals = sparse.dia_array((np.ones((2, 3)), [0, 1]), shape=(4, 3))
    diagonals.offsets = np.arange(50)
    return {
        "an index too high": high,
        "an index below zero": low,
        "pointers that fall": falls,
        "fewer values": short,
        "pointers beyond": long,
        "pointers that come back to zero": hollow,
        "coordinates": pairs,
        "blocks": blocks,
        "lists": rows,
        "diagonals": diagonals,
    }


@pytest.mark.parametrize("name", damaged())
def test_what_is_no_matrix_is_refused(name: str) -> None:
    with pytest.raises(sh.errors.InvalidArgument) as caught:
        as_sound(damaged()[name])
    assert caught.value.code == "argument.sparse"


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_a_sound_one_is_left_as_it_is(kind: str) -> None:
    dense = np.where(np.arange(12.0).reshape(4, 3) % 3 == 0, 0.0, np.arange(12.0).reshape(4, 3))
    X = sparse.csr_array(dense).asformat(kind)
    before = {name: id(value) for name, value in vars(X).items()}
    np.testing.assert_array_equal(as_sound(X).toarray(), dense)
    assert {name: id(vars(X)[name]) for name in before} == before


def test_what_scipy_noted_before_a_change_is_left_behind() -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(30, 3))
    X = sparse.csc_array(dense)
    assert X.has_canonical_format
    X.indices[:2] = X.indices[:2][::-1]  # the same entries, out of order
    X.data[:2] = X.data[:2][::-1]
    y = rng.normal(size=30)
    found = sh.fit_path(X, y, lambdas=[0.01]).coefs
    np.testing.assert_allclose(found, sh.fit_path(dense, y, lambdas=[0.01]).coefs, atol=1e-9)


def test_a_series_is_no_table() -> None:
    column = pd.Series(np.arange(5.0))
    with pytest.raises(sh.errors.InvalidArgument, match=r"X\.to_frame\(\)"):
        sh.fit_path(column, np.arange(5.0))
    path = sh.fit_path(column.to_frame(), np.arange(5.0), lambdas=[0.1])
    with pytest.raises(sh.errors.InvalidArgument, match=r"X\.to_frame\(\)"):
        path.predict(column, 0.1)
