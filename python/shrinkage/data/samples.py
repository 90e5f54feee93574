"""Built-in data: what scikit-learn ships, and simulations whose truth is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkage.data.dataset import Dataset
from shrinkage.data.simulate import (
    simulate_correlated,
    simulate_dense,
    simulate_sparse,
    simulate_wide,
)
from shrinkage.errors import DataError


@dataclass(frozen=True)
class Sample:
    """A built-in data set.

    Attributes:
        name: what ``load_sample`` takes.
        kind: ``"real"`` or ``"simulated"``.
        task: ``"regression"`` or ``"classification"``.
        n_samples, n_features: its shape, with default parameters.
        n_classes: number of classes; 0 for regression.
        description: one English sentence.
        parameters: names and defaults of the parameters of a simulation.
    """

    name: str
    kind: str
    task: str
    n_samples: int
    n_features: int
    n_classes: int
    description: str
    parameters: dict[str, Any]


_REAL = {
    "diabetes": (
        (442, 10, 0),
        "disease progression",
        "Disease progression of 442 diabetes patients one year after ten baseline measurements.",
    ),
    "breast_cancer": (
        (569, 30, 2),
        "diagnosis",
        "Benign or malignant: 569 breast tumours by 30 measurements of their cell nuclei.",
    ),
    "wine": (
        (178, 13, 3),
        "cultivar",
        "Three cultivars of grape told apart by 13 chemical measurements of 178 wines.",
    ),
    "digits": (
        (1797, 64, 10),
        "digit",
        "1797 handwritten digits as pictures of 8 by 8 grey values.",
    ),
}
_SIMULATED: dict[str, Callable[..., Dataset]] = {
    "sparse": simulate_sparse,
    "dense": simulate_dense,
    "wide": simulate_wide,
    "correlated": simulate_correlated,
}


def samples() -> tuple[Sample, ...]:
    """All built-in data sets; nothing is loaded or simulated."""
    real = [
        Sample(name, "real", "classification" if shape[2] else "regression", *shape, text, {})
        for name, (shape, _, text) in _REAL.items()
    ]
    simulated = []
    for name, function in _SIMULATED.items():
        parameters = {
            key: parameter.default
            for key, parameter in inspect.signature(function).parameters.items()
        }
        shape = (parameters["n_samples"], parameters["n_features"], 0)
        text = (function.__doc__ or "").splitlines()[0]
        simulated.append(Sample(name, "simulated", "regression", *shape, text, parameters))
    return (*real, *simulated)


def load_sample(name: str, **parameters: Any) -> Dataset:
    """A built-in data set by name; needs neither pandas nor the network.

    Args:
        name: one of ``samples()``.
        **parameters: of a simulation, such as ``n_samples`` or ``random_state``.

    Raises:
        shrinkage.errors.DataError: no such sample or parameter (``data.unknown_sample``,
            ``data.bad_parameter``).
    """
    if name not in _REAL and name not in _SIMULATED:
        known = [*_REAL, *_SIMULATED]
        raise DataError(
            f"there is no sample {name!r}; choose one of: {', '.join(known)}",
            code="data.unknown_sample",
            argument="name",
            value=name,
            known=known,
            remedy=f"choose one of: {', '.join(known)}",
        )
    allowed = () if name in _REAL else tuple(inspect.signature(_SIMULATED[name]).parameters)
    for key in parameters:
        if key not in allowed:
            remedy = f"use {', '.join(allowed)}" if allowed else "give no parameters"
            raise DataError(
                f"the sample {name} has no parameter {key!r}; {remedy}",
                code="data.bad_parameter",
                argument=key,
                value=parameters[key],
                remedy=remedy,
            )
    return _load_real(name) if name in _REAL else _SIMULATED[name](**parameters)


def _load_real(name: str) -> Dataset:
    from sklearn import datasets

    load = getattr(datasets, f"load_{name}")
    # Raw units: standardization is the fit's business, and a person reads age in years.
    bunch = load(scaled=False) if name == "diabetes" else load()
    (_, _, n_classes), target_name, description = _REAL[name]
    values = np.asarray(bunch.target)
    return Dataset(
        X=np.asarray(bunch.data, dtype=np.float64),
        y=values.astype(np.int64) if n_classes else values.astype(np.float64),
        feature_names=tuple(str(feature) for feature in bunch.feature_names),
        target_name=target_name,
        task="classification" if n_classes else "regression",
        name=name,
        classes=tuple(str(label) for label in bunch.target_names) if n_classes else None,
        description=description,
    )
