"""Dropout rates that are learned (Gal, Hron & Kendall 2017)."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import Concrete, Network, Setting, fit_dropout_path, fit_penalty_path


def regression(seed: int = 0, n: int = 120, p: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] * 2 - X[:, 1] + 0.5 * rng.standard_normal(n)


def network(X: np.ndarray, y: np.ndarray, kind: Any, **more: Any) -> Network:
    setting = Setting((11,), **(dict(dtype="float64") | more))
    one = Network(X.shape[1], sh.losses.Squared(), 1, setting, 5)
    one.regularize(dropout=0.3, input_dropout=0.15, dropout_kind=kind)
    one.set_examples(X, y)
    weights, biases = one.parameters()
    one.set_parameters(weights, [b + np.linspace(-0.4, 0.5, b.size) for b in biases])
    return one


def gate(n: int, units: int, p: float, t: float, step: int, layer: int) -> np.ndarray:
    u = sh.core.dropout_uniform(n, units, seed=5, step=step, layer=layer)
    z = (np.log(p / (1 - p)) - np.log(u / (1 - u))) / t
    return 1 / (1 + np.exp(z)) / (1 - p)


def cost(net: Network, n: int, rates: list[float], concrete: Concrete) -> float:
    """The divergence from the prior, by the paper's formula."""
    total = 0.0
    for W, p in zip(net.parameters()[0], rates, strict=True):
        entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
        total += concrete.length_scale**2 * (W**2).sum() / (2 * (1 - p)) - len(W) * entropy
    return float(total / (concrete.precision * n))


def test_the_loss_is_that_of_replayed_gates_and_the_prior() -> None:
    X, y = regression(1, n=21, p=9)
    kind = Concrete(temperature=0.25, length_scale=0.7, precision=3.0)
    net = network(X, y, kind)
    (W, V), (b, c) = net.parameters()
    h = np.maximum((X * gate(21, 9, 0.15, 0.25, 7, 0)) @ W + b, 0)
    r = (h * gate(21, 11, 0.3, 0.25, 7, 1) @ V + c)[:, 0] - y
    prior = cost(net, 21, [0.15, 0.3], kind)
    assert net.loss_and_gradient(7)[0] == pytest.approx(0.5 * (r**2).mean() + prior, rel=1e-12)
    assert net.penalty() == pytest.approx(prior, rel=1e-12)


def test_with_the_temperature_at_0_gates_are_the_masks_of_bernoulli() -> None:
    X, y = regression(2)
    cold = Concrete(temperature=1e-8)
    net, other = network(X, y, cold), network(X, y, "bernoulli")
    for step in range(5):
        loss, by_weights, _ = net.loss_and_gradient(step)
        plain, expected, _ = other.loss_and_gradient(step)
        assert loss - cost(net, len(y), [0.15, 0.3], cold) == pytest.approx(plain, rel=1e-12)
        # ℓ = 10⁻⁴ pulls at the weights by less than 10⁻⁹.
        np.testing.assert_allclose(by_weights[0], expected[0], rtol=0, atol=1e-9)
    # and the warmer they are, the further off
    apart = [
        abs(network(X, y, Concrete(t, 0.0)).loss_and_gradient(0)[0] + entropy_part(X) - plain_loss)
        for plain_loss in [other.loss_and_gradient(0)[0]]
        for t in (0.01, 0.1, 1.0)
    ]
    assert apart[0] < apart[1] < apart[2]


def entropy_part(X: np.ndarray) -> float:
    """What the entropies take off the loss at the first rates."""
    rates, inputs = np.array([0.15, 0.3]), np.array([X.shape[1], 11])
    entropy = -rates * np.log(rates) - (1 - rates) * np.log(1 - rates)
    return float(inputs @ entropy / len(X))


def test_moments_of_a_gate() -> None:
    p, t, draws = 0.3, 0.2, 200_000
    net = Network(1, sh.losses.Squared(), 1, Setting((), dtype="float64"), 3)
    net.regularize(input_dropout=p, dropout_kind=Concrete(t, length_scale=0.0))
    net.set_examples(np.ones((draws, 1)), np.zeros(draws))
    net.set_parameters([np.ones((1, 1))], [np.zeros(1)])
    # With targets 0 the gradients by weight and bias are the means of x² and of x.
    _, (square,), (mean,) = net.loss_and_gradient(0)
    u = (np.arange(400_000) + 0.5) / 400_000
    k = 1 / (1 + np.exp((np.log(p / (1 - p)) - np.log(u / (1 - u))) / t)) / (1 - p)
    assert abs(mean[0] - k.mean()) < 5 * k.std() / np.sqrt(draws)
    assert abs(square[0, 0] - (k**2).mean()) < 5 * (k**2).std() / np.sqrt(draws)


def test_rates_fall_as_examples_grow_in_number() -> None:
    learned = []
    for n in (30, 3000):
        X, y = regression(3, n=n)
        model = sh.DropoutMLPRegressor(
            (40,), dropout=0.3, dropout_kind="concrete", learning_rate=0.01,
            max_epochs=120_000 // n, random_state=0,
        ).fit(X, y)  # fmt: skip
        assert model.dropout_rates_[0] == 0.0  # input_dropout=0 is not learned
        learned.append(model.dropout_rates_[1])
    assert learned[1] < 0.5 * learned[0]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_every_optimizer_learns_rates_with_penalties(optimizer: str) -> None:
    X, y = regression(4)
    rate = {"sgd": 0.05, "momentum": 0.01}.get(optimizer, 0.005)
    model = sh.DropoutMLPClassifier(
        (24,), dropout=0.4, input_dropout=0.2, dropout_kind="concrete", optimizer=optimizer,
        learning_rate=rate, penalty="l1", lam=1e-3, max_epochs=60, clip_norm=5.0, random_state=0,
    ).fit(X, y > 0)  # fmt: skip
    history = model.history_
    assert history.rates.shape == (60, 2)
    np.testing.assert_array_equal(history.rates[-1], model.dropout_rates_)
    assert (np.abs(np.diff(history.rates, axis=0)) > 0).all()
    assert history.to_frame()["rates_1"].iloc[-1] == model.dropout_rates_[1]
    assert model.score(X, y > 0) > 0.85
    assert history.kkt_error[-1] > 0


def test_learned_rates_survive_copies_threads_and_paths() -> None:
    X, y = regression(5)
    whole, first = (network(X, y, "concrete", dtype="float32") for _ in range(2))
    whole.run(6, n_threads=1)
    first.run(2, n_threads=3)
    second = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(second.rates, first.rates)
    second.set_examples(X, y)
    second.run(4, n_threads=2)
    np.testing.assert_array_equal(whole.rates, second.rates)
    np.testing.assert_array_equal(whole.history.rates, second.history.rates)
    np.testing.assert_array_equal(whole.parameters()[0][0], second.parameters()[0][0])
    model = sh.DropoutMLPRegressor(
        8, dropout_kind=Concrete(0.2), penalty="l1", max_epochs=5, random_state=0
    )
    assert clone(model).dropout_kind == Concrete(0.2)
    path = fit_penalty_path(model, X, y, lambdas=[0.01, 0.1])
    rates = path.estimator.history_.rates[:, 1]
    assert len(rates) == 10
    assert abs(rates[5] - rates[4]) < 0.01  # they went on from where they were


def test_rates_of_other_kinds_are_those_given() -> None:
    X, y = regression(6)
    model = sh.DropoutMLPRegressor(
        (4, 3), dropout=[0.4, 0.2], input_dropout=0.1, dropout_schedule="early", max_epochs=4,
        random_state=0,
    ).fit(X, y)  # fmt: skip
    np.testing.assert_allclose(model.history_.rates[:2], [[0.1, 0.4, 0.2]] * 2)
    np.testing.assert_array_equal(model.history_.rates[2:], np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (dict(dropout_schedule="early"), "dropout_schedule"),
        (dict(input_groups=[0] * 12), "input_groups"),
        (dict(dropout=1.0), "dropout"),
    ],
)
def test_what_learned_rates_cannot_bear(arguments: dict[str, Any], named: str) -> None:
    X, y = regression(7)
    with pytest.raises(InvalidArgument) as caught:
        sh.DropoutMLPRegressor(dropout_kind="concrete", **arguments).fit(X, y)
    assert caught.value.fields["argument"] == named


def test_numbers_of_concrete_are_checked() -> None:
    for wrong in (dict(temperature=0.0), dict(length_scale=-1.0), dict(precision=0.0)):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            Concrete(**wrong)
    X, y = regression(8)
    with pytest.raises(InvalidArgument, match="dropout_kind"):
        fit_dropout_path(sh.DropoutMLPRegressor(dropout_kind="concrete"), X, y, rates=[0.1])
    net = network(X, y, "concrete")
    with pytest.raises(InvalidArgument, match="dropout_schedule"):
        net.schedule(dropout=[1.0, 0.5])
    with pytest.raises(InvalidArgument, match="layer"):
        sh.core.dropout_uniform(1, 1, seed=0, step=0, layer=128)
