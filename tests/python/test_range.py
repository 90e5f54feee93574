"""Numbers so large or so small that a fit would leave float64 are refused, not called converged."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage as sh

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4))
y = 2 * X[:, 0] + rng.normal(size=50)
labels = (y > 0).astype(int)
positive = np.exp(0.3 * X[:, 0]) * rng.gamma(2.0, size=50)
targets = np.column_stack([y, X[:, 1]])

REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "y too large": ("y", {"y": y * 1e155, "lambdas": [1e154]}),
    "y too large, L2": ("y", {"y": y * 1e155, "penalty": "l2"}),
    "y too small": ("y", {"y": y * 1e-300}),
    "y at the edge": ("y", {"y": y * 1e-154}),
    "targets too large": ("y", {"y": targets * 1e160}),
    "targets too small": ("y", {"y": targets * 1e-160, "penalty": "row_group"}),
    "huber": ("y", {"y": y * 1e-160, "loss": "huber"}),
    "quantile": ("y", {"y": y * 1e-200, "loss": "quantile"}),
    "poisson": ("y", {"y": positive * 1e200, "loss": "poisson"}),
    "one gamma": ("y[7]", {"y": np.where(np.arange(50) == 7, 1e-250, positive), "loss": "gamma"}),
    "gamma": ("y", {"y": positive * 1e-250, "loss": "gamma"}),
    "weights too large": ("sample_weight", {"sample_weight": np.full(50, 1e307)}),
    "weights too small": ("sample_weight", {"sample_weight": np.full(50, 1e-320)}),
    "weights of classes": (
        "sample_weight",
        {"y": labels, "loss": "logistic", "sample_weight": np.full(50, 1e307)},
    ),
    "offset": ("offset", {"offset": np.full(50, 1e155), "fit_intercept": False}),
    "offset of counts": (
        "offset",
        {"y": positive, "loss": "poisson", "offset": np.full(50, 1e149)},
    ),
    "offset of classes": ("offset", {"y": labels, "loss": "logistic", "offset": -1e7 * X[:, 0]}),
    "delta": ("delta", {"loss": sh.Huber(1e-100), "lambdas": [1e-101]}),
    "X too small": ("X[:, 0]", {"X": X * 1e-200}),
    "X too small, as it is": (
        "X[:, 0]",
        {"X": X * 1e-160, "fit_intercept": False, "standardize": False},
    ),
    "one column": ("X[:, 2]", {"X": X * [1.0, 1.0, 1e-170, 1.0]}),
    "sparse X": ("X[:, 0]", {"X": sparse.csc_array(X * 1e-170)}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case: str) -> None:
    argument, how = REFUSED[case]
    for fit in (sh.fit_path, sh.fit_path_cv):
        with pytest.raises(sh.errors.InvalidArgument, match="give") as caught:
            fit(how.get("X", X), how.get("y", y), **{k: how[k] for k in how if k not in "Xy"})
        assert caught.value.code == "argument.range"
        assert caught.value.fields["argument"] == argument


@pytest.mark.parametrize("scale", [1e-135, 1e140])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_inside_of_it_the_unit_does_not_matter(scale: float, penalty: str) -> None:
    lam = 0.1 * scale if penalty == "l1" else 0.1
    one = sh.fit_path(X, y, penalty=penalty, lambdas=[0.1], tol=1e-10)
    other = sh.fit_path(X, y * scale, penalty=penalty, lambdas=[lam], tol=1e-10)
    np.testing.assert_allclose(other.coefs, one.coefs * scale, rtol=1e-9)
    huber = sh.fit_path(X, y, loss=sh.Huber(1.0), penalty=penalty, lambdas=[0.1], tol=1e-10)
    other = sh.fit_path(
        X, y * scale, loss=sh.Huber(scale), penalty=penalty, lambdas=[lam], tol=1e-10
    )
    np.testing.assert_allclose(other.coefs, huber.coefs * scale, rtol=1e-7)
    for size in (1e-130, 1e145):
        weighed = sh.fit_path(X, y, lambdas=[0.1], sample_weight=np.full(50, size), tol=1e-10)
        plain = sh.fit_path(X, y, lambdas=[0.1], tol=1e-10)
        np.testing.assert_allclose(weighed.coefs, plain.coefs, rtol=1e-9)
        scaled = sh.fit_path(X * scale, y, lambdas=[0.1], tol=1e-10)
        np.testing.assert_allclose(scaled.coefs * scale, plain.coefs, rtol=1e-9)


def test_a_column_of_zeros_and_a_constant_y_are_in_range() -> None:
    path = sh.fit_path(X * [1.0, 0.0, 1.0, 1.0], np.zeros(50), lambdas=[0.1])
    assert path.converged.all()
    assert not path.coefs.any()


@pytest.mark.parametrize("eta", [600.0, 500.1, 700.0])
def test_formulas_are_exact_as_far_as_exponentials_go(eta: float) -> None:
    big = np.exp(eta)
    assert sh.core.loss_value("poisson", [0.0], [eta]) == big
    assert sh.core.loss_value("gamma", [2.0], [-eta]) == pytest.approx(2 * big, rel=1e-15)
    assert sh.core.loss_gradient("poisson", [1.0], [eta])[0] == pytest.approx(big, rel=1e-15)
    for loss, at in (("poisson", eta), ("gamma", -eta)):
        value, gradient, curvature = sh.core.loss_terms(loss, [1.0], [at])
        np.testing.assert_allclose([value[0], abs(gradient[0]), curvature[0]], big, rtol=1e-14)
        whole = sh.core.penalized_loss([[1.0]], [1.0], [0.0], at, loss=loss, penalty="l1", lam=0.0)
        np.testing.assert_allclose([whole[0], abs(whole[2])], big, rtol=1e-14)
    assert sh.core.loss_value("poisson", [0.0], [710.0]) == np.inf
