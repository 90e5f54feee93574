"""Numbers printed in books and papers, reproduced from their data."""

import numpy as np
import pytest

import shrinkage as sh
from support.datasets import Find, load, prostate

# Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd edition, table 3.3.
FEATURES = ("lcavol", "lweight", "age", "lbph", "svi", "lcp", "gleason", "pgg45")
LEAST_SQUARES = (0.680, 0.263, -0.141, 0.210, 0.305, -0.288, -0.021, 0.267)


def test_least_squares_of_the_prostate_data(shared_data: Find) -> None:
    table = prostate(shared_data)
    X = table[list(FEATURES)]
    X = (X - X.mean()) / X.std()
    train = table["train"].to_numpy()
    path = sh.fit_path(X[train], table["lpsa"][train], lambdas=[0.0], standardize=False)
    np.testing.assert_allclose(path.coefs[:, 0], LEAST_SQUARES, atol=0.006)
    assert path.intercepts[0] == pytest.approx(2.465, abs=0.001)
    error = np.mean((table["lpsa"][~train] - path.predict(X[~train], 0.0)) ** 2)
    assert error == pytest.approx(0.521, abs=0.0005)
    assert list(path.feature_names) == list(FEATURES)


def test_least_squares_of_the_diabetes_data(shared_data: Find) -> None:
    X, y, _ = load("diabetes", shared_data)
    path = sh.fit_path(X, y, lambdas=[0.0])
    assert np.mean((y - path.predict(X, 0.0)) ** 2) == pytest.approx(2859.70, abs=0.005)
    assert 2.0 * path.losses[0] == pytest.approx(2859.70, abs=0.005)


def test_the_order_in_which_the_lasso_takes_the_diabetes_features(shared_data: Find) -> None:
    """Efron et al. 2004, table 1 and figure 1: they enter as 3, 9, 4, 7, 2, 10, 5, 8, 6, 1."""
    X, y, _ = load("diabetes", shared_data)
    path = sh.fit_path(X, y, n_lambdas=2000, lambda_min_ratio=1e-4)
    first = [np.flatnonzero(row)[0] for row in path.coefs]
    assert (np.argsort(first) + 1).tolist() == [3, 9, 4, 7, 2, 10, 5, 8, 6, 1]


def test_the_training_split_of_leukemia(shared_data: Find) -> None:
    X, y, loss = load("leukemia", shared_data)
    held_out = np.load(shared_data("leukemia_golub.npz"))["is_test"].astype(bool)
    train = ~held_out
    lam = 1.0 / train.sum()  # scikit-learn's C = 1
    path = sh.fit_path(X[train], y[train], loss=loss, lambdas=[lam], standardize=False)
    errors = np.sum(path.predict(X[held_out], lam, kind="class") != y[held_out])
    assert errors == 2
    assert path.n_nonzero[0] < 20  # liblinear, which penalizes the intercept, takes 20
