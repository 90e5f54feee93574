"""How members of an ensemble differ, and how units of a network depend on each other."""

from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import (
    activations,
    ambiguity,
    disagreement,
    error_without_units,
    unit_correlations,
    unit_view,
)
from support.ensembles import network, rows


@pytest.mark.parametrize("loss", ["squared", "two targets"])
def test_the_error_of_a_mean_is_the_mean_error_less_the_variance(loss: str) -> None:
    net, X = network((9, 8), loss, dropout=0.5), rows(30)
    y = rows(30, net.sizes[-1], seed=2)
    y = y[:, 0] if loss == "squared" else y
    ens = net.predict_ensemble(X, n_members=12, random_state=0, keep_members=True, y=y)
    found = ambiguity(ens.members, y)
    assert found.ensemble_error == pytest.approx(np.mean((ens.mean - y) ** 2), rel=1e-12)
    targets = net.sizes[-1]
    assert found.member_error * targets == pytest.approx(np.mean(ens.member_errors), rel=1e-11)
    assert found.diversity == pytest.approx(np.mean(ens.std**2) * 11 / 12, rel=1e-11)
    gain = found.member_error - found.diversity
    assert found.ensemble_error == pytest.approx(gain, rel=1e-12)


def test_of_classes_it_holds_for_the_log_probability_of_the_geometric_mean() -> None:
    net, X = network((9, 8), dropout=0.5), rows(30)
    y = np.arange(30) % 3
    ens = net.predict_ensemble(X, n_members=12, random_state=0, keep_members=True, y=y)
    assert ens.members is not None
    found = ambiguity(ens.members, y)
    logs = np.log(ens.members).mean(axis=0)
    mean = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    assert found.ensemble_error == pytest.approx(-np.log(mean[np.arange(30), y]).mean(), rel=1e-12)
    assert found.member_error == pytest.approx(np.mean(ens.member_losses), rel=1e-12)
    divergence = np.sum(mean * (np.log(mean) - np.log(ens.members)), axis=2).mean()
    assert found.diversity == pytest.approx(divergence, rel=1e-11)
    assert found.ensemble_error == pytest.approx(found.member_error - found.diversity, rel=1e-12)


def test_a_member_that_held_the_truth_impossible_errs_without_bound() -> None:
    found = ambiguity([[[0.0, 0.5, 0.5]], [[0.2, 0.4, 0.4]]], [0])
    assert found.ensemble_error == found.member_error == np.inf
    assert found.diversity == pytest.approx(-np.log(2 * np.sqrt(0.5 * 0.4)))


def test_pairs_of_members_disagree() -> None:
    net, X = network((9, 8), dropout=0.5), rows(40)
    ens = net.predict_ensemble(X, n_members=6, random_state=0, keep_members=True)
    assert ens.members is not None
    labels = ens.members.argmax(axis=2)
    expected = np.mean(labels[:, None] != labels[None, :], axis=2)
    np.testing.assert_allclose(disagreement(ens.members), expected, rtol=0, atol=1e-14)
    numbers = np.random.default_rng(0).standard_normal((5, 40)) + 1e3
    apart = np.sqrt(np.mean((numbers[:, None] - numbers[None, :]) ** 2, axis=2))
    np.testing.assert_allclose(disagreement(numbers), apart, rtol=1e-10, atol=1e-10)
    assert (disagreement(numbers[:1]) == 0).all()


def test_activations_and_correlations_of_units() -> None:
    net, X = network((9, 6), dropout=0.5), rows(50)
    (first, second, _), (b, c, _) = net.parameters()
    h = np.tanh(X @ first + b)
    np.testing.assert_allclose(activations(net, X), h, rtol=0, atol=1e-13)
    deeper = np.tanh(h @ second + c)
    np.testing.assert_allclose(activations(net, X, 2), deeper, rtol=0, atol=1e-13)
    found = unit_correlations(net, X, 2)
    np.testing.assert_allclose(found, np.corrcoef(deeper.T), rtol=0, atol=1e-12)
    weights, biases = net.parameters()
    weights[0][:, 3] = 0.0  # a unit that gives the same for all rows
    net.set_parameters(weights, biases)
    assert (np.delete(unit_correlations(net, X)[3], 3) == 0).all()
    view = unit_view(net, X, 2, layer=2, n_rows=4)
    np.testing.assert_array_equal(view.weights, weights[1][:, 2])
    side = (3, 3)
    np.testing.assert_array_equal(view.image(side), weights[1][:, 2].reshape(side))
    with pytest.raises(InvalidArgument, match="pixels"):
        view.image((3, len(view.weights)))
    again = activations(net, X, 2)[:, 2]
    np.testing.assert_array_equal(view.rows, np.argsort(-again)[:4])
    np.testing.assert_array_equal(view.responses, np.sort(again)[::-1][:4])


def test_errors_grow_as_units_are_removed() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 6))
    y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
    arguments: dict[str, Any] = dict(learning_rate=0.01, max_epochs=120, random_state=0)
    plain = sh.DropoutMLPClassifier((40,), dropout=0.0, **arguments).fit(X, y)
    found = error_without_units(plain, X, y, [0.0, 0.3, 0.8], n_draws=50)
    assert found.error[0] == pytest.approx(1 - plain.score(X, y), abs=1e-12)
    assert found.error[0] < found.error[1] < found.error[2] < 0.6
    assert found.standard_error[0] == 0 and (found.standard_error[1:] > 0).all()
    dropped = sh.DropoutMLPClassifier((40,), dropout=0.5, **arguments).fit(X, y)
    tougher = error_without_units(dropped, X, y, [0.5], n_draws=50)
    weaker = error_without_units(plain, X, y, [0.5], n_draws=50)
    assert tougher.error[0] < weaker.error[0]
    noisy = sh.DropoutMLPClassifier((8,), dropout_kind="gaussian", **arguments).fit(X, y)
    assert error_without_units(noisy, X, y, [0.5], n_draws=5).error.shape == (1,)


def test_bad_arguments_name_themselves() -> None:
    net, X = network((9,), dropout=0.5), rows(20)
    calls: list[tuple[Any, str]] = [
        (lambda: ambiguity(np.zeros(4), np.zeros(4)), "members"),
        (lambda: ambiguity(np.zeros((3, 4)), np.zeros(5)), "y"),
        (lambda: ambiguity(np.full((3, 4, 2), 0.5), np.full(4, 2)), "y"),
        (lambda: ambiguity([[[1.0, 0.0]], [[0.0, 1.0]]], [0]), "members[:, 0]"),
        (lambda: disagreement(np.zeros((0, 4))), "members"),
        (lambda: activations(net, X, 2), "layer"),
        (lambda: activations(network((), input_dropout=0.5), X), "model"),
        (lambda: unit_view(net, X, 9), "unit"),
        (lambda: error_without_units(network((), input_dropout=0.5), X, np.zeros(20)), "model"),
        (lambda: error_without_units(net, X, np.zeros(20), [1.0]), "rates[1]"),
    ]
    for call, argument in calls:
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.fields["argument"] == argument
