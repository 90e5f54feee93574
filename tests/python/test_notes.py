"""What results say about themselves where their numbers would mislead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import shrinkage as sh

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 3))
SEPARATED = (X[:, 0] > 0).astype(float)
MIXED = np.where(np.arange(60) % 7 == 0, 1 - SEPARATED, SEPARATED)


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge", "multinomial"])
def test_separated_classes_without_a_penalty_are_told(loss: str) -> None:
    path = sh.fit_path(X, SEPARATED, loss=loss, lambdas=[0.1, 0.0], tol=1e-3)
    (note,) = path.notes
    assert "separates" in note and "use lambda > 0" in note
    assert sh.fit_path(X, SEPARATED, loss=loss, lambdas=[0.1, 0.01]).notes == ()
    assert sh.fit_path(X, MIXED, loss=loss, lambdas=[0.1, 0.0]).notes == ()


def test_a_perfect_fit_of_numbers_is_no_separation() -> None:
    assert sh.fit_path(X, X[:, 0], lambdas=[0.1, 0.0]).notes == ()


def test_the_best_at_the_end_of_the_grid_is_told() -> None:
    y = X @ [1.0, 2.0, 3.0] + 0.01 * rng.standard_normal(60)
    cv = sh.fit_path_cv(X, y, lambdas=[1.0, 0.5, 0.1], cv=5)
    assert cv.lambda_min == 0.1
    (note,) = cv.notes
    assert "lambda_min = 0.1 is the last of the grid" in note and "lambda_min_ratio" in note
    assert replace(cv, lambda_min=0.5).notes == ()
    # Below 0 there is nothing; one λ is no grid.
    assert sh.fit_path_cv(X, y, lambdas=[1.0, 0.0], cv=5).notes == ()
    assert sh.fit_path_cv(X, y, lambdas=[0.1], cv=5).notes == ()
