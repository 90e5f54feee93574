"""Starts that are worse than none, and targets that are no classes."""

from typing import Any

import numpy as np
import pytest

import shrinkage as sh

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4))
y = 2 * X[:, 0] + rng.normal(size=50)
labels = (y > 0).astype(int)


def test_numbers_are_no_classes() -> None:
    with pytest.raises(sh.errors.InvalidArgument, match="use a regression loss") as caught:
        sh.fit_path(X, y, loss="multinomial")
    assert caught.value.code == "argument.target_type"
    sh.fit_path(X, np.floor(y / 4), loss="multinomial", n_lambdas=2)


STARTED: dict[str, Any] = {
    "squared": y,
    "huber": y,
    "quantile": y,
    "logistic": labels,
    "squared_hinge": labels,
    "multinomial": labels,
}


@pytest.mark.parametrize("size", [1e3, 1e6, 1e100, 1e300])
@pytest.mark.parametrize("loss", STARTED)
def test_a_start_worse_than_none_is_left(loss: str, size: float) -> None:
    how: dict[str, Any] = {"loss": loss, "lambdas": [0.1, 0.05]}
    wanted = sh.fit_path(X, STARTED[loss], **how)
    for direction in ([1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]):
        coef: Any = size * np.array(direction)
        start = (coef, 0.0)
        if loss == "multinomial":
            start = (np.column_stack([-coef, coef]), np.zeros(2))
        path = sh.fit_path(X, STARTED[loss], warm_start=start, **how)
        assert path.converged.all()
        np.testing.assert_allclose(path.losses, wanted.losses, rtol=1e-4)
