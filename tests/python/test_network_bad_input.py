"""What a network is told when something cannot be used: argument, value and remedy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.losses import Squared
from shrinkage.neural import Network, Setting, fit_dropout_path, fit_many

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 5))
Y = X[:, 0]


def regressor(*sizes: int, **given: Any) -> sh.DropoutMLPRegressor:
    return sh.DropoutMLPRegressor(sizes or (4,), max_epochs=1, random_state=0, **given)


def warm(sizes: tuple[int, ...], columns: int) -> None:
    model = regressor(warm_start=True).fit(X, Y)
    model.set_params(hidden_layer_sizes=sizes).fit(X[:, :columns], Y)


def lifted() -> None:
    network = Network(5, Squared(), 1, Setting((4,)), 0)
    network.regularize(dropout=0.5)
    network.schedule(dropout=[1.0, 2.0])
    network.run(2)


def lifted_later() -> None:
    network = Network(5, Squared(), 1, Setting((4,)), 0)
    network.schedule(dropout=[1.0, 2.0])
    network.regularize(input_dropout=0.5)
    network.set_examples(X, Y)
    assert network.run(1) == "none"  # the epoch of rate 1 is the second
    network.run(1)


def restored() -> None:
    state = Network(5, Squared(), 1, Setting((4,)), 0).checkpoint()
    Network(5, Squared(), 1, Setting((4,)), 1).restore(state)


def twice() -> None:
    model = regressor()
    fit_many([model, model], X, Y)


CASES: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: regressor().fit(X, Y, validation="a"), "validation", "give (X, y)"),
    (lambda: regressor().fit(X, Y, validation=X), "validation", "give (X, y)"),
    (lambda: regressor().fit(X, Y, validation=(X,)), "validation", "give (X, y)"),
    (lambda: regressor().fit(X, Y, validation=(X, Y[:5])), "validation[1]", "60 rows"),
    (lambda: regressor().set_params(random_state=-1).fit(X, Y), "random_state", "from 0"),
    (lambda: regressor().set_params(random_state=2**70).fit(X, Y), "random_state", "from 0"),
    (lambda: regressor().set_params(random_state=1.5).fit(X, Y), "random_state", "an integer"),
    (lambda: warm((5,), 5), "hidden_layer_sizes", "(5, 4, 1)"),
    (lambda: warm((4, 4), 5), "hidden_layer_sizes", "warm_start=False"),
    (lambda: warm((4,), 3), "hidden_layer_sizes", "(5, 4, 1)"),
    (lambda: regressor(2**24, 2**24).fit(X, Y), "hidden_layer_sizes", "fewer units"),
    (lambda: regressor(4, 4, dropout=[0.1, 1.0]).fit(X, Y), "dropout[1]", "below 1"),
    (lambda: regressor(callback=5).fit(X, Y), "callback", "a function"),
    (lifted, "dropout", "below 1/2"),
    (lifted_later, "input_dropout", "below 1/2"),
    (twice, "estimators", "clone"),
    (lambda: fit_many([regressor()], X, Y, callback=3), "callback", "a function"),  # type: ignore[arg-type]
    (lambda: regressor().fit(X, Y, validation=(X, 1.0)), "validation[1]", "60 rows"),
    (
        lambda: regressor(*np.array([2**17, 2**17], np.int32)).fit(X, Y),
        "hidden_layer_sizes",
        "fewer units",
    ),
    (lambda: regressor(4, 4, dropout=[[0.1], [0.1, 0.2]]).fit(X, Y), "dropout[0]", "a number"),
    (restored, "seed", "a network of seed 0"),
    (lambda: Network(5, "squared", 1, Setting(), 0), "loss", "Squared()"),  # type: ignore[arg-type]
    (
        lambda: sh.DropoutMLPClassifier(max_epochs=1).fit(X, np.full(60, 3)),
        "y",
        "at least two classes",
    ),
    (
        lambda: sh.PenalizedClassifier().fit(X, np.full(60, 3)),
        "y",
        "both classes",
    ),
]


@pytest.mark.parametrize(("call", "argument", "remedy"), CASES)
def test_errors_name_argument_value_and_remedy(
    call: Callable[[], Any], argument: str, remedy: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        call()
    fields = caught.value.fields
    assert fields["argument"] == argument
    assert remedy in fields["remedy"]
    assert str(caught.value).startswith(f"{argument}={fields['value']} cannot be used; ")


def test_rates_may_rise_when_the_schedule_has_fallen() -> None:
    """Only factors of epochs to come count, and those of the rate at hand."""
    schedule = {"dropout_schedule": "front_loaded", "random_state": 0}
    model = sh.DropoutMLPRegressor((8,), dropout=0.1, max_epochs=20, **schedule)
    for rates in ([0.1, 0.6], [0.6, 0.1]):
        assert len(fit_dropout_path(model, X, Y, rates=rates).values) == 2
    model.fit(X, Y).set_params(dropout=0.6).partial_fit(X, Y)
    assert model.dropout_rates_[1] == pytest.approx(0.6 * 0.05)


def test_networks_take_lists() -> None:
    network = Network(2, Squared(), 1, Setting((3,)), 0)
    network.set_examples([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0])  # type: ignore[arg-type]
    assert network.run(2) == "none"


def test_what_a_callback_reads_changes_nothing() -> None:
    """Steps, epochs and sizes may be asked while another thread takes memory and draws weights."""
    X = RNG.standard_normal((64, 2000)).astype(np.float32)

    def trained(read: bool) -> tuple[list[Any], list[int]]:
        network = Network(2000, Squared(), 1, Setting((3000, 500), batch_size=32), 0)
        network.regularize(dropout=0.5)
        network.set_examples(X, X[:, 0].astype(float))
        seen: list[int] = []

        def watch(_: Any) -> None:
            if read:
                seen.append(network.updates)
                assert network.sizes == (2000, 3000, 500, 1)

        assert network.run(2, callback=watch) == "none"
        return network.parameters()[0], seen

    (plain, _), (watched, seen) = trained(read=False), trained(read=True)
    assert seen == sorted(seen)
    assert seen[-1] == 4
    for one, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(one, other)


def many(callback: Callable[[int], bool | None] | None) -> list[sh.DropoutMLPRegressor]:
    """Two groups that are trained one after the other."""
    models = [
        sh.DropoutMLPRegressor((256, 256), max_epochs=epochs, random_state=0, kkt_every=0)
        for epochs in (300, 301)
    ]
    fit_many(models, X, Y, callback=callback)
    return models


def test_a_stop_of_many_ends_all_of_them() -> None:
    seen: list[int] = []

    def stop(epochs: int) -> bool:
        seen.append(epochs)
        return True

    first, second = many(stop)
    assert len(seen) == 1
    assert first.ending_ == second.ending_ == "cancelled"
    assert first.n_iter_ < 300
    assert second.n_iter_ == 0


def test_a_callback_counts_the_epochs_of_all() -> None:
    seen: list[int] = []
    first, second = many(seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == first.n_iter_ + second.n_iter_ == 601
