"""A request of `fit_path`: what a caller gives is what travels on, under its own name."""

import inspect
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.linear import cv as cv_module
from shrinkage.linear import path as path_module
from shrinkage.linear.request import PathRequest


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[PathRequest]:
    """The requests that were checked; nothing is fitted."""
    requests: list[PathRequest] = []

    def make_problem(request: PathRequest) -> None:
        requests.append(request)
        raise RuntimeError("enough")

    for module in (path_module, cv_module):
        monkeypatch.setattr(module, "make_problem", make_problem)
    return requests


def test_its_fields_are_the_arguments_of_fit_path() -> None:
    arguments = inspect.signature(sh.fit_path).parameters
    assert [field.name for field in fields(PathRequest)] == list(arguments)
    for field in fields(PathRequest):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        assert default == arguments[field.name].default


@pytest.mark.parametrize("fit", [sh.fit_path, sh.fit_path_cv])
def test_every_argument_arrives_under_its_name(taken: list[PathRequest], fit: Any) -> None:
    given: dict[str, Any] = {field.name: object() for field in fields(PathRequest)}
    with pytest.raises(RuntimeError, match="enough"):
        fit(**given)
    assert {name: getattr(taken[0], name) for name in given} == given


@pytest.mark.parametrize("kind", [sh.PenalizedRegressor, sh.PenalizedRegressorCV])
def test_every_argument_of_an_estimator_arrives(taken: list[PathRequest], kind: Any) -> None:
    ours = {"cv", "rule", "score_by", "lam", "loss", "penalty", "lambdas", "n_lambdas"}
    given = {name: object() for name in inspect.signature(kind).parameters if name not in ours}
    weight, offset = object(), object()
    model = kind(loss="huber", penalty="l2", **given)
    with pytest.raises(RuntimeError, match="enough"):
        model.fit([[1.0], [2.0]], [1.0, 2.0], sample_weight=weight, offset=offset)
    request = taken[0]
    assert {name: getattr(request, name) for name in given} == given
    assert (request.loss, request.penalty) == ("huber", "l2")
    assert (request.sample_weight, request.offset) == (weight, offset)
    if kind is sh.PenalizedRegressor:
        assert request.lambdas == [1.0]
    else:
        assert (request.lambdas, request.n_lambdas) == (None, 100)


def test_it_is_frozen_and_refuses_unknown_keywords() -> None:
    request = PathRequest(X=np.ones((2, 1)), y=np.ones(2))
    with pytest.raises(AttributeError):
        request.tol = 0.1  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"fit_path_cv\(\) got an unexpected keyword.*'lamdas'"):
        sh.fit_path_cv(np.ones((4, 1)), np.arange(4.0), lamdas=[1.0])
