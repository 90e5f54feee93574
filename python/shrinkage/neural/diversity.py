"""How members of an ensemble differ, and how units of a network depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from .._validation import FloatArray, as_array, as_floats, as_integer, describe, refuse
from ..losses import Squared
from .inside import Model, fitted_network
from .network import Network


@dataclass(frozen=True)
class Ambiguity:
    """ensemble_error = member_error − diversity, exactly.

    Attributes:
        ensemble_error: of the members' mean.
        member_error: mean of the members' errors.
        diversity: how far members are from their mean, on average; never negative.
    """

    ensemble_error: float
    member_error: float
    diversity: float


def ambiguity(members: npt.ArrayLike, y: npt.ArrayLike) -> Ambiguity:
    """What an ensemble gains over its members.

    Of numbers, members (T, n) or (T, n, targets), the squared error of the mean: diversity is the
    variance over members (Krogh & Vedelsby 1995, eq. 6). Of probabilities, members (T, n, K) with y
    in 0 … K − 1, minus the log probability of the normalized geometric mean: diversity is the mean
    Kullback–Leibler divergence of it from the members (Heskes 1998, eq. 6).

    A member that holds what happened to be impossible has the error ∞.

    Raises:
        InvalidArgument: shapes do not fit, or each class of a row is impossible to some member,
            so that there is no geometric mean.
    """
    predictions, target = _as_members(members), as_array(y, "y")
    if target.shape == predictions.shape[1:]:
        target = as_floats(target, "y", ndim=target.ndim)
        mean = predictions.mean(axis=0)
        return Ambiguity(
            float(np.mean((mean - target) ** 2)),
            float(np.mean((predictions - target) ** 2)),
            float(np.mean((predictions - mean) ** 2)),
        )
    if predictions.ndim != 3 or target.shape != predictions.shape[1:2]:
        remedy = f"give targets of shape {predictions.shape[1:]}, or the number of each row's class"
        raise refuse("y", describe(target), remedy, code="argument.shape")
    rows, classes = np.arange(len(target)), _as_classes(target, predictions.shape[2])
    with np.errstate(divide="ignore"):
        logs = np.log(predictions)
    members_error = -logs[:, rows, classes].mean()
    geometric = logs.mean(axis=0)
    norm = np.logaddexp.reduce(geometric, axis=1)  # minus the diversity of each row
    if np.isinf(norm).any():
        row = int(np.flatnonzero(np.isinf(norm))[0])
        remedy = "give probabilities above 0: every class has 0 from some member"
        raise refuse(f"members[:, {row}]", "<no common class>", remedy, code="argument.range")
    ensemble_error = -(geometric[rows, classes] - norm).mean()
    return Ambiguity(float(ensemble_error), float(members_error), float(-norm.mean()))


def disagreement(members: npt.ArrayLike) -> FloatArray:
    """(T, T) share of rows for which two members of (T, n, K) probabilities choose other classes.

    Of numbers, (T, n) or (T, n, targets), the root of the mean squared difference.
    """
    predictions = _as_members(members)
    if predictions.ndim == 3 and _are_probabilities(predictions):
        choices = predictions.argmax(axis=2)
        chosen = (choices[:, :, None] == np.arange(predictions.shape[2])).reshape(len(choices), -1)
        same = chosen.astype(np.float64) @ chosen.T.astype(np.float64)
        return np.asarray(1.0 - same / predictions.shape[1])
    flat = predictions.reshape(len(predictions), -1)
    flat = flat - flat.mean(axis=0)  # differences stay; less is lost to rounding
    products = flat @ flat.T
    squares = np.diag(products)
    apart = squares[:, None] + squares[None, :] - 2 * products
    return np.asarray(np.sqrt(np.maximum(apart, 0) / flat.shape[1]))


def activations(model: Model, X: Any, layer: int = 1) -> FloatArray:
    """(n, units) what enters layer `layer` for X (n, p) with all units on: 1 is behind the first.

    Args:
        model: a fitted network or its estimator, alone or at the end of a pipeline or a search.

    Raises:
        InvalidArgument: there is no such hidden layer.
    """
    model, X = fitted_network(model, X)
    network, design = _hidden(model), _design(model, X)
    layer = as_integer(layer, "layer", minimum=1, maximum=network.setting.depth - 1)
    weights, biases = network.parameters()
    units = biases[layer - 1].size
    hidden = network.setting.hidden_layer_sizes[:layer]
    probe = Network(
        network.sizes[0], Squared(), units, replace(network.setting, hidden_layer_sizes=hidden), 0
    )
    probe.set_parameters([*weights[:layer], np.eye(units)], [*biases[:layer], np.zeros(units)])
    return probe.eta(design)


def unit_correlations(model: Model, X: Any, layer: int = 1) -> FloatArray:
    """(units, units) correlations of the units of a hidden layer over the rows of X.

    Large ones speak of units that act together (co-adaptation; Hinton et al. 2012). A unit that
    gives the same for all rows has correlation 0 with others.
    """
    h = activations(model, X, layer)
    h = h - h.mean(axis=0)
    scale = np.sqrt(np.sum(h**2, axis=0))
    still = scale <= 1e-7 * np.sqrt(len(h)) * np.abs(h).max(initial=1e-300)
    h = h / np.where(still, 1.0, scale)
    h[:, still] = 0.0
    correlations = h.T @ h
    np.fill_diagonal(correlations, 1.0)
    return np.asarray(np.clip(correlations, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Removal:
    """Errors of a network as random units are removed.

    Attributes:
        shares: (S,) of hidden units removed, on average.
        error, standard_error: (S,) mean over draws; share of wrong classes or mean squared error.
    """

    shares: FloatArray
    error: FloatArray
    standard_error: FloatArray


def error_without_units(
    model: Model,
    X: Any,
    y: Any,
    shares: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    *,
    n_draws: int = 100,
    random_state: Any = 0,
) -> Removal:
    """How the error on X, y grows as each hidden unit is removed with probability `share`.

    What is left is scaled by 1/(1 − share), so that sums keep their mean; draws are shared by all
    rows. The masks are those of dropout, whatever the network was trained with.
    """
    model, X = fitted_network(model, X)
    hidden = _hidden(model).setting.depth - 1
    masked = _with_plain_dropout(model)
    errors = []
    for share in shares:
        ens = masked.predict_ensemble(
            X,
            "mc",
            y=y,
            n_members=n_draws if share > 0 else 1,
            rates=[0.0, *[share] * hidden],
            random_state=random_state,
        )
        errors.append(np.asarray(ens.member_errors))
    deviations = [
        _standard_error(e) if share > 0 else 0.0 for e, share in zip(errors, shares, strict=True)
    ]
    return Removal(
        np.array(shares, dtype=np.float64),
        np.array([e.mean() for e in errors]),
        np.array(deviations),
    )


@dataclass(frozen=True, eq=False)
class UnitView:
    """What a hidden unit responds to.

    Attributes:
        weights: of what enters it, (inputs,) of the layer before: an image where X are images.
        rows: of X that it responds to most, the strongest first. responses: its values there.
    """

    weights: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    responses: FloatArray

    def image(self, shape: Sequence[int]) -> npt.NDArray[Any]:
        """The weights as an image of (height, width) or (height, width, channels).

        Raises:
            InvalidArgument: the first layer has another number of inputs.
        """
        if np.prod(shape) != self.weights.size:
            remedy = f"give (height, width) of {self.weights.size} pixels"
            raise refuse("shape", repr(shape), remedy, code="argument.shape")
        return self.weights.reshape(tuple(shape))


def unit_view(model: Model, X: Any, unit: int, layer: int = 1, *, n_rows: int = 9) -> UnitView:
    """Incoming weights of a unit of hidden layer `layer`, and the rows of X that drive it most."""
    model, X = fitted_network(model, X)
    h = activations(model, X, layer)
    unit = as_integer(unit, "unit", minimum=0, maximum=h.shape[1] - 1)
    n_rows = as_integer(n_rows, "n_rows", minimum=1, maximum=2**31)
    order = np.argsort(-h[:, unit], kind="stable")[:n_rows]
    weights = _hidden(model).parameters()[0][layer - 1][:, unit]
    return UnitView(weights, order, h[order, unit])


def _standard_error(errors: FloatArray) -> float:
    """Of their mean; unknown of one."""
    return float(errors.std(ddof=1) / np.sqrt(len(errors))) if len(errors) > 1 else float("nan")


def _hidden(model: Model) -> Network:
    """The network, which has hidden units."""
    if not isinstance(model, Network):
        check_is_fitted(model)
    network = model if isinstance(model, Network) else model._network
    if network.setting.depth == 1:
        remedy = "give a network with a hidden layer"
        raise refuse("model", "<no hidden unit>", remedy, code="argument.shape")
    return network


def _design(model: Model, X: Any) -> Any:
    return X if isinstance(model, Network) else model._own_inputs(X)


def _with_plain_dropout(model: Model) -> Model:
    """A copy whose masks are those of bernoulli dropout."""
    if isinstance(model, Network):
        same = model.resized(model.sizes[0], model.setting)
        same.set_parameters(*model.parameters())
        same.regularize()
        return same
    shadow = copy(model)
    shadow._network = cast(Network, _with_plain_dropout(model._network))
    return shadow


def _as_members(members: npt.ArrayLike) -> FloatArray:
    array = as_array(members, "members")
    if array.ndim not in (2, 3) or 0 in array.shape:
        remedy = "give (T, n) numbers or (T, n, K), as ens.members of keep_members=True"
        raise refuse("members", describe(array), remedy, code="argument.shape")
    return as_floats(array, "members", ndim=array.ndim)


def _are_probabilities(predictions: FloatArray) -> bool:
    return bool((predictions >= 0).all() and np.allclose(predictions.sum(axis=2), 1, atol=1e-4))


def _as_classes(target: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    numbers = as_floats(target, "y", ndim=1)
    if not np.isin(numbers, np.arange(classes)).all():
        remedy = f"give the number of each row's class, 0 to {classes - 1}"
        raise refuse("y", describe(target), remedy, code="argument.choice")
    return numbers.astype(np.int64)
