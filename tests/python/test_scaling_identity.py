"""Where weight scaling is exactly a mean of all sub-networks: the rule, and what networks do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shrinkage.losses import Gamma, Huber, Logistic, Multinomial, Poisson, Quantile, Squared
from shrinkage.neural import Concrete, Masksembles, Network, Setting
from shrinkage.neural.scaling_identity import scaling_identity

SIZES = {1: (4, 3), 2: (4, 6, 3), 3: (4, 6, 6, 3)}


@pytest.mark.parametrize(
    ("rates", "activation", "kind", "holds"),
    [
        # Only what feeds the output layer is dropped.
        ((0.0, 0.5), "relu", "bernoulli", True),
        ((0.01, 0.5), "relu", "bernoulli", False),
        ((0.01, 0.0), "relu", "bernoulli", False),
        ((0.5,), "relu", "bernoulli", True),  # no hidden layer: the inputs feed the output layer
        ((0.0, 0.0, 0.5), "relu", "bernoulli", True),
        ((0.0, 0.01, 0.5), "relu", "bernoulli", False),
        ((0.0, 0.5, 0.0), "relu", "bernoulli", False),
        ((0.0, 0.5, 0.5), "tanh", "bernoulli", False),
        # Linear hidden units: any of them.
        ((0.2, 0.5, 0.5), "identity", "bernoulli", True),
        ((0.2, 0.5), "identity", "dropconnect", True),
        # Factors of mean 1, or not.
        ((0.0, 0.5), "relu", "batch", True),
        ((0.0, 0.5), "relu", "gaussian", True),
        ((0.01, 0.5), "relu", "gaussian", False),
        ((0.0, 0.5), "relu", "dropconnect", True),
        ((0.01, 0.5), "relu", "dropconnect", False),
        ((0.0, 0.0, 0.5), "relu", "dropconnect", True),
        ((0.0, 0.5, 0.5), "relu", "dropconnect", False),
        ((0.0, 0.5), "relu", "alpha", False),
        ((0.0, 0.5), "identity", "alpha", False),
        ((0.0, 0.5), "relu", Concrete(), False),
        # Each keeps 3 of 6 units: 4 members keep each twice, 3 one and a half times.
        ((0.0, 0.5), "relu", Masksembles(4), True),
        ((0.0, 0.5), "relu", Masksembles(3), False),
        ((0.5, 0.5), "identity", Masksembles(4), False),
        # Nothing is dropped: there is one sub-network.
        ((0.0, 0.0), "relu", "alpha", True),
    ],
)
def test_the_identity_is_claimed_where_it_holds_and_nowhere_else(
    rates: tuple[float, ...], activation: str, kind: Any, holds: bool
) -> None:
    found = scaling_identity(
        rates, SIZES[len(rates)], activation=activation, loss=Squared(), dropout_kind=kind
    )
    assert found == ("arithmetic" if holds else None)


@pytest.mark.parametrize(
    ("loss", "mean"),
    [
        (Squared(), "arithmetic"),
        (Huber(), "arithmetic"),
        (Quantile(), "arithmetic"),
        (Logistic(), "geometric"),
        (Multinomial(), "geometric"),
        (Poisson(), "geometric"),
        (Gamma(), "geometric"),
    ],
)
def test_which_mean_it_is_depends_on_what_is_predicted(loss: Any, mean: str) -> None:
    assert scaling_identity((0.0, 0.5), (4, 6, 1), activation="relu", loss=loss) == mean
    assert scaling_identity((0.1, 0.5), (4, 6, 1), activation="relu", loss=loss) is None


def network_of(hidden: tuple[int, ...], activation: str, loss: Any, kind: Any, rates: Any) -> Any:
    """An untrained network in float64; hidden units are all in use."""
    setting = Setting(hidden_layer_sizes=hidden, activation=activation, dtype="float64")
    network = Network(4, loss, 1 if loss.name == "squared" else 3, setting, 5)
    rng = np.random.default_rng(3)
    X = rng.standard_normal((12, 4))
    y = rng.standard_normal(12) if loss.name == "squared" else np.arange(12.0) % 3
    network.set_examples(X, y)
    network.regularize(dropout=list(rates[1:]), input_dropout=rates[0], dropout_kind=kind)
    return network, X


CASES = [
    ((6,), "relu", (0.0, 0.5)),
    ((6,), "relu", (0.01, 0.5)),
    ((4, 5), "relu", (0.0, 0.0, 0.3)),
    ((4, 5), "relu", (0.0, 0.3, 0.3)),
    ((4, 5), "identity", (0.1, 0.3, 0.3)),
    ((), "relu", (0.4,)),
]


@pytest.mark.parametrize("loss", [Squared(), Multinomial()])
@pytest.mark.parametrize("kind", ["bernoulli", "batch", "alpha"])
@pytest.mark.parametrize(("hidden", "activation", "rates"), CASES)
def test_networks_of_which_all_sub_networks_are_counted_obey_it(
    hidden: tuple[int, ...], activation: str, rates: tuple[float, ...], kind: str, loss: Any
) -> None:
    network, X = network_of(hidden, activation, loss, kind, rates)
    claimed = scaling_identity(
        rates, network.sizes, activation=activation, loss=loss, dropout_kind=kind
    )
    exact = network.predict_ensemble(X, "exact_geometric").mean
    scaling = network.predict_ensemble(X, "weight_scaling").mean
    assert bool(np.abs(exact - scaling).max() < 1e-12) is (claimed is not None)


@pytest.mark.parametrize("members", [3, 4, 6])
def test_masks_that_come_back_obey_it_where_units_are_in_as_many(members: int) -> None:
    rates, kind = (0.0, 0.5), Masksembles(members)
    network, X = network_of((6,), "relu", Squared(), kind, rates)
    claimed = scaling_identity(
        rates, network.sizes, activation="relu", loss=Squared(), dropout_kind=kind
    )
    scaling = network.predict_ensemble(X, "weight_scaling").mean
    apart = np.abs(network.predict_ensemble(X, "mc").mean - scaling).max()
    assert bool(apart < 1e-12) is (claimed is not None)
    assert (members == 3) is (claimed is None)


@pytest.mark.parametrize(
    ("kind", "rates"),
    [
        ("gaussian", (0.0, 0.5)),
        ("dropconnect", (0.0, 0.5)),
        ("gaussian", (0.5, 0.5)),
        ("dropconnect", (0.5, 0.5)),
        (Concrete(temperature=0.5), (0.0, 0.2)),
    ],
)
def test_kinds_that_are_sampled_obey_it_within_their_error(kind: Any, rates: Any) -> None:
    network, X = network_of((6,), "relu", Squared(), kind, rates)
    claimed = scaling_identity(
        rates, network.sizes, activation="relu", loss=Squared(), dropout_kind=kind
    )
    drawn = network.predict_ensemble(X, "mc", n_members=20_000, random_state=1)
    scaling = network.predict_ensemble(X, "weight_scaling").mean
    errors = np.abs(drawn.mean - scaling) / np.maximum(drawn.standard_error, 1e-12)
    assert bool(errors.max() < 5.0) is (claimed is not None)
