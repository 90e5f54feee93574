"""Gap or stationarity: one certificate, told by everything that reads it."""

import copy
import pickle
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.core import _native
from shrinkage.linear import path as path_module
from shrinkage.linear.certificate import Certificate

X = np.random.default_rng(0).normal(size=(30, 3))
y = X @ [1.0, -0.5, 0.0] + np.random.default_rng(1).normal(size=30)
LAMBDAS = [0.5, 0.1, 0.02]


@pytest.fixture
def not_convex(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The core certifies stationarity, of these values."""
    values = [0.0, 3e-4, 2e-7]
    fit = _native.fit_path

    def fit_path(**arguments: Any) -> dict[str, Any]:
        raw = fit(**arguments)
        raw.pop("gaps", None)
        told = np.array(values[: len(raw["lambdas"])])
        return {**raw, "certificate_kind": "stationarity", "certificates": told}

    monkeypatch.setattr(path_module._native, "fit_path", fit_path)
    return values


def test_a_certificate_says_whether_it_holds_and_how_it_is_told() -> None:
    assert Certificate("gap", 1e-6, 1e-6).holds
    assert not Certificate("gap", 1.01e-6, 1e-6).holds
    assert not Certificate("gap", np.nan, 1e-6).holds
    assert Certificate("gap", 1.234e-5, 1e-6).told == "a relative gap of 1.2e-05"
    told = Certificate("stationarity", 0.5, 1e-6).told
    assert told == "a distance from stationarity of 0.5"
    values = (1.0, np.nan, 2.0)
    worst = max((Certificate("gap", v, 1.0) for v in values), key=lambda each: each.size)
    assert np.isnan(worst.value)


def test_a_convex_fit_has_gaps() -> None:
    path = sh.fit_path(X, y, lambdas=LAMBDAS)
    assert path.certificate_kind == "gap"
    assert np.isnan(path.stationarity).all()
    assert path.stationarity.shape == path.gaps.shape == (3,)
    assert path.certificate(1) == Certificate("gap", float(path.gaps[1]), 1e-6)
    assert path.converged.dtype == bool
    assert path.converged.all()
    assert list(path.to_frame().columns[:3]) == ["lambda", "gap", "converged"]


def test_another_fit_has_its_distance_from_stationarity(not_convex: list[float]) -> None:
    with pytest.warns(sh.ConvergenceWarning) as caught:
        path = sh.fit_path(X, y, lambdas=LAMBDAS)
    assert str(caught[0].message) == (
        "1 of 3 λ missed tol=1e-06; the worst is λ=0.1 with a distance from stationarity of "
        "0.0003. Raise max_iter or tol, or end the grid at a larger λ"
    )
    assert caught[0].filename == __file__
    assert path.certificate_kind == "stationarity"
    assert np.isnan(path.gaps).all()
    assert path.stationarity.tolist() == not_convex
    assert path.converged.tolist() == [True, False, True]
    frame = path.to_frame()
    assert frame["stationarity"].tolist() == not_convex
    assert "gap" not in frame
    for again in (pickle.loads(pickle.dumps(path)), copy.deepcopy(path)):
        assert again.certificates == path.certificates


def test_cross_validation_and_estimators_tell_it(not_convex: list[float]) -> None:
    with pytest.warns(sh.ConvergenceWarning, match="distance from stationarity") as caught:
        cv = sh.fit_path_cv(X, y, lambdas=LAMBDAS, cv=2)
    assert caught[0].filename == __file__
    assert cv.path.stationarity.tolist() == not_convex
    model = sh.PenalizedRegressor(lam=0.1).fit(X, y)
    assert model.certificate_ == Certificate("stationarity", 0.0, 1e-10)
    assert model.converged_
    assert np.isnan(model.gap_)


def test_an_estimator_of_a_convex_problem_has_its_gap() -> None:
    model = sh.PenalizedRegressor(lam=0.1, tol=1e-8).fit(X, y)
    assert model.certificate_ == Certificate("gap", model.gap_, 1e-8)
    assert model.converged_


def test_the_worst_gap_is_named_and_one_that_is_no_number_is_the_worst() -> None:
    path = sh.fit_path(X, y, lambdas=LAMBDAS)
    for values, named in (([0.0, 0.3, 0.2], "0.1 with a relative gap of 0.3"),
                          ([0.0, 0.3, np.nan], "0.02 with a relative gap of nan")):  # fmt: skip
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            path_module.warn_if_unfinished(replace(path, certificate_values=np.array(values)))
        assert f"2 of 3 λ missed tol=1e-06; the worst is λ={named}." in str(caught[0].message)


def test_a_path_that_was_pickled_before_there_were_kinds_is_read() -> None:
    path = sh.fit_path(X, y, lambdas=LAMBDAS)
    state = dict(path.__dict__)
    values = state.pop("certificate_values")
    del state["certificate_kind"]
    state |= {"gaps": values, "converged": np.ones(3, dtype=bool)}
    old = object.__new__(sh.Path)
    old.__setstate__(state)
    assert old.certificate_kind == "gap"
    assert old.gaps.tobytes() == values.tobytes()
    assert old.converged.all()
    assert old.certificate(0) == path.certificate(0)
    assert pickle.loads(pickle.dumps(old)).gaps.tobytes() == values.tobytes()
    assert old.to_frame().equals(path.to_frame())
