"""What a network's core takes goes by name: optimizers, their parameters, penalties, dropout."""

from dataclasses import fields, replace

import numpy as np
import pytest

from shrinkage.core import _native
from shrinkage.errors import InvalidArgument
from shrinkage.losses import Squared
from shrinkage.neural import Network
from shrinkage.neural.kinds import Concrete
from shrinkage.neural.setting import OPTIMIZER_PARAMETERS, OPTIMIZER_TABLE, OPTIMIZERS, Setting

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5]


def trained(setting: Setting, before: Setting | None = None) -> np.ndarray:
    network = Network(3, Squared(), 1, before or setting, 7)
    network.set_examples(X, Y)
    network.adapt(setting)
    network.run(3, n_threads=1)
    return np.concatenate([w.ravel() for w in network.parameters()[0]])


def native(**other: object) -> object:
    given = dict(
        sizes=[3],
        activation="relu",
        loss="squared",
        loss_parameters=[],
        loss_size=0,
        optimizer="adam",
        optimizer_parameters={},
        learning_rate=0.1,
        batch_size=8,
        seed=0,
        kkt_every=0,
        early_stopping=False,
        patience=1,
        improvement=0.0,
    )
    return _native.NetworkFloat64(**(given | other))  # type: ignore[arg-type]


def test_the_table_is_that_of_the_setting() -> None:
    assert OPTIMIZERS == ("sgd", "momentum", "adam", "adamw")
    defaults = {field.name: field.default for field in fields(Setting)}
    for row in OPTIMIZER_TABLE.values():
        assert row.moments in (0, 1, 2)
        assert {name: defaults[name] for name in row.parameters} == row.parameters
    assert set(OPTIMIZER_PARAMETERS) == {"momentum", "beta_1", "beta_2", "epsilon"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", OPTIMIZER_PARAMETERS)
def test_a_parameter_reaches_the_rule_of_its_optimizer_and_no_other(
    optimizer: str, name: str
) -> None:
    usual = Setting((4,), optimizer=optimizer, learning_rate=0.05, dtype="float64")
    changed = replace(usual, **{name: 0.5})
    before, after = trained(usual), trained(changed)
    assert (name in OPTIMIZER_TABLE[optimizer].parameters) == (not np.array_equal(before, after))
    assert np.array_equal(trained(changed, before=usual), after)


def test_a_wrong_name_is_refused_by_its_name() -> None:
    for optimizer, parameter in (("sgd", "momentum"), ("adam", "beta1"), ("adamw", "rho")):
        with pytest.raises(InvalidArgument, match=f"{parameter} cannot be used; {optimizer} takes"):
            native(optimizer=optimizer, optimizer_parameters={parameter: 0.5})
    with pytest.raises(InvalidArgument, match="optimizer=lion cannot be used"):
        native(optimizer="lion")
    with pytest.raises(TypeError, match="kinks"):
        _native.LayerPenalty(groups="separable", kinks=0.1, ridge=0.0, lam=0.1, max_norm=1.0)  # type: ignore[call-arg]
    with pytest.raises(InvalidArgument, match="incomming"):
        _native.LayerPenalty(groups="incomming", kink=0.1, ridge=0.0, lam=0.1, max_norm=1.0)
    with pytest.raises(TypeError, match="heat"):
        _native.ConcreteOptions(heat=0.1, length_scale=1e-4, precision=1.0)  # type: ignore[call-arg]


def test_a_refused_parameter_changes_nothing() -> None:
    setting = Setting((4,), optimizer="adam", learning_rate=0.05, dtype="float64")
    network = Network(3, Squared(), 1, setting, 7)
    network.set_examples(X, Y)
    with pytest.raises(InvalidArgument, match="zeta"):
        network._native.set_optimizer(
            parameters={"beta_1": 0.5, "zeta": 0.5}, batch_size=4, kkt_every=0
        )
    network.run(3, n_threads=1)
    weights = np.concatenate([w.ravel() for w in network.parameters()[0]])
    assert np.array_equal(weights, trained(setting))


def test_every_number_of_concrete_dropout_reaches_the_core() -> None:
    def rates(kind: Concrete) -> np.ndarray:
        network = Network(3, Squared(), 1, Setting((6,), learning_rate=0.05), 7)
        network.set_examples(X, Y)
        network.regularize(dropout=0.3, dropout_kind=kind)
        network.run(4, n_threads=1)
        return np.asarray(network.rates)

    usual = Concrete(length_scale=1.0)
    for other in (
        Concrete(temperature=0.5, length_scale=1.0),
        Concrete(length_scale=2.0),
        Concrete(length_scale=1.0, precision=9.0),
    ):
        assert not np.array_equal(rates(usual), rates(other))
