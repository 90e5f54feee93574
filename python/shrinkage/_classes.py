"""What linear models and networks share about classes: their weights, decisions and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ._validation import FloatArray, as_number, as_weights, refuse


def weigh_classes(
    class_weight: Any,
    y: npt.NDArray[Any],
    sample_weight: Any,
    classes: npt.NDArray[Any] | None = None,
) -> Any:
    """`sample_weight` times the weight of each label's class, (n,); None when both are.

    "balanced" gives every class the same total, Σw over the number of classes, as scikit-learn
    does (King & Zeng 2001). `classes` are those there may be; None: those in y.
    """
    if class_weight is None:
        return sample_weight
    labels, place = np.unique(y, return_inverse=True)
    weights = as_weights(sample_weight, len(y))
    weights = np.ones(len(y)) if weights is None else weights
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.bincount(place, weights=weights)
        factors = np.divide(weights.sum() / len(labels), totals, where=totals > 0, out=totals)
    elif isinstance(class_weight, Mapping):
        known = labels if classes is None else classes
        unknown = [label for label in class_weight if label not in known]
        if unknown:
            remedy = f"use the labels {', '.join(repr(label) for label in known.tolist())}"
            raise refuse("class_weight", repr(unknown[0]), remedy, code="argument.choice")
        factors = np.array(
            [
                as_number(class_weight.get(label, 1.0), f"class_weight[{label!r}]", minimum=0.0)
                for label in labels.tolist()
            ]
        )
    else:
        remedy = 'use None, "balanced" or a mapping from labels to weights'
        raise refuse("class_weight", repr(class_weight), remedy, code="argument.choice")
    return weights * factors[place]


def decision_of(eta: FloatArray) -> FloatArray:
    """η as scikit-learn knows it: of two classes the second's over the first's, (n,)."""
    return np.asarray(eta[:, 1] - eta[:, 0]) if eta.ndim == 2 and eta.shape[1] == 2 else eta


def by_class(link: Callable[[FloatArray], FloatArray], eta: FloatArray) -> FloatArray:
    """(n, K) a link of η, (n, K), or (n,) for two classes, of which the first has −η."""
    return link(eta) if eta.ndim == 2 else np.column_stack([link(-eta), link(eta)])


def labels_of(eta: FloatArray, classes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(n,) the most probable labels at η, (n,) for two classes or (n, K)."""
    if eta.ndim == 1:
        return np.asarray(classes[(eta > 0).astype(int)])
    return np.asarray(classes[eta.argmax(axis=1)])
