"""All sub-networks of a dropout network against numpy, one by one."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import Ensemble, Gaussian, Network, Setting
from support.ensembles import all_masks, column, forward, network, response, rows

CASES = [
    dict(hidden=(7,), dropout=0.5),
    dict(hidden=(7,), dropout=0.3, input_dropout=0.2, loss="logistic"),
    dict(hidden=(), input_dropout=0.4, loss="multinomial"),
    dict(hidden=(5, 4), dropout=[0.5, 0.25], loss="squared"),
    dict(hidden=(5, 40), dropout=[0.5, 0.0], loss="two targets"),  # a layer behind the last mask
    dict(hidden=(5, 3, 4), dropout=[0.5, 0.0, 0.2], loss="multinomial"),  # and between two
    dict(hidden=(20, 5), dropout=[0.0, 0.7], loss="poisson"),  # and before the first
    dict(hidden=(6,), dropout=0.4, loss="gaussian", activation="relu"),
    dict(hidden=(6,), dropout=0.4, dropout_kind="alpha", input_dropout=0.1),
    dict(hidden=(5,), dropout=0.4, dropout_kind="batch"),
    dict(hidden=(3,), dropout=0.4, input_dropout=0.3, input_groups=[0, 1, 0, 2]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_enumeration_is_brute_force(case: dict[str, Any]) -> None:
    net, X = network(**case), rows(70)
    groups = case.get("input_groups")
    classes = case.get("loss", "multinomial") in ("multinomial", "logistic")
    y = np.arange(70) % (3 if classes and net.sizes[-1] > 1 else 2)
    targets = np.column_stack([y, y]) if case.get("loss") == "two targets" else y
    ens = net.predict_ensemble(X, "exact_arithmetic", y=targets)
    every = all_masks(net, groups)
    assert ens.n_members == len(every)
    np.testing.assert_allclose(ens.member_weights, [w for w, _ in every], rtol=1e-13)
    mean, square, losses = 0.0, 0.0, []
    for place, (weight, masks) in enumerate(every):
        eta = forward(net, X, masks)
        members = response(net, eta)
        mean = mean + weight * members
        square = square + weight * members**2
        if place % 37 == 0:
            for ours, theirs in zip(ens.member_masks(place), masks, strict=True):
                assert (ours is None) == (theirs is None)
                if ours is not None:
                    np.testing.assert_array_equal(ours, theirs)
        if classes:
            losses.append(-np.log(members[np.arange(70), y]).mean())
        elif case.get("loss") in ("squared", "two targets"):
            losses.append(0.5 * np.sum((column(targets) - eta) ** 2, axis=1).mean())
    np.testing.assert_allclose(column(ens.mean), mean, rtol=0, atol=1e-12)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    np.testing.assert_allclose(column(ens.std), deviation, rtol=0, atol=2e-8)
    assert (ens.standard_error == 0).all() and not ens.stopped
    if losses:
        np.testing.assert_allclose(ens.member_losses, losses, rtol=0, atol=1e-12)
        assert ens.best == int(np.argmin(losses)) and ens.worst == int(np.argmax(losses))


@pytest.mark.parametrize("loss", ["multinomial", "logistic", "poisson", "squared"])
def test_the_exact_geometric_mean_is_that_of_all_members(loss: str) -> None:
    net, X = network((4, 5), loss, dropout=[0.5, 0.3]), rows()
    ens = net.predict_ensemble(X, "exact_geometric")
    logs = (
        sum(w * np.log(response(net, forward(net, X, m))) for w, m in all_masks(net))
        if (loss != "squared")
        else None
    )
    if logs is None:
        expected = sum(w * forward(net, X, m) for w, m in all_masks(net))
    elif loss == "poisson":
        expected = np.exp(logs)
    else:
        expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(column(ens.mean), expected, rtol=0, atol=1e-12)
    assert ens.arithmetic_mean is not None and ens.geometric_mean is ens.mean
    arithmetic = net.predict_ensemble(X, "exact_arithmetic")
    np.testing.assert_array_equal(ens.arithmetic_mean, arithmetic.mean)
    np.testing.assert_array_equal(ens.std, arithmetic.std)


@pytest.mark.parametrize("loss", ["multinomial", "logistic"])
def test_over_fixed_features_the_geometric_mean_is_weight_scaling(loss: str) -> None:
    net, X = network((11,), loss, dropout=0.4), rows(40)
    geometric = net.predict_ensemble(X, "exact_geometric")
    scaled = net.predict_ensemble(X, "weight_scaling")
    np.testing.assert_allclose(geometric.mean, scaled.mean, rtol=0, atol=1e-13)
    assert np.abs(geometric.arithmetic_mean - scaled.mean).max() > 1e-3
    deep = network((6, 5), loss, dropout=0.4)  # behind a second nonlinearity it is not
    apart = deep.predict_ensemble(X, "exact_geometric").mean
    assert np.abs(apart - deep.predict_ensemble(X, "weight_scaling").mean).max() > 1e-3


def log_densities(net: Network, y: np.ndarray, eta: np.ndarray, precision: Any) -> np.ndarray:
    """log p(y) (n,) of one member by scipy."""
    if isinstance(net.loss, sh.losses.Poisson):
        return stats.poisson(np.exp(eta[:, 0])).logpmf(y)
    if isinstance(net.loss, Gaussian):
        return stats.norm(eta[:, 0], np.exp(0.5 * eta[:, 1])).logpdf(y)
    return stats.norm(eta, precision**-0.5).logpdf(column(y)).sum(axis=1)


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        *product(("squared", "two targets", "poisson"), ("exact_arithmetic", "exact_geometric")),
        ("gaussian", "exact_arithmetic"),
    ],
)
def test_log_likelihoods_are_those_of_mixture_and_product(loss: str, kind: str) -> None:
    net, X = network((4, 5), loss, dropout=[0.5, 0.3]), rows(70)
    y = np.random.default_rng(3).poisson(1.5, 70) * 40.0  # far off for some
    targets = np.column_stack([y, 1 - y]) if loss == "two targets" else y
    precisions = [0.5, 4.0] if loss in ("squared", "two targets") else [None]
    given = dict(precision=precisions) if precisions[0] else {}
    found = net.predict_ensemble(X, kind, y=targets, **given).log_likelihood
    assert found is not None
    members = [(weight, forward(net, X, masks)) for weight, masks in all_masks(net)]
    for place, precision in enumerate(precisions):
        logs = np.array([log_densities(net, targets, eta, precision) for _, eta in members])
        weights = np.array([weight for weight, _ in members])[:, None]
        if kind == "exact_arithmetic":
            expected = logsumexp(logs, axis=0, b=weights)
        else:
            expected = (weights * logs).sum(axis=0) - log_norm(net, members, precision)
        ours = found[:, place] if len(precisions) > 1 else found
        np.testing.assert_allclose(ours, expected, rtol=1e-11)


def log_norm(net: Network, members: list[tuple[float, np.ndarray]], precision: Any) -> np.ndarray:
    """log of the sum over all y of the product of densities, each to the power of its weight."""
    if isinstance(net.loss, sh.losses.Poisson):
        counts = np.arange(400.0)
        logs = sum(
            w * stats.poisson(np.exp(eta[:, 0])[:, None]).logpmf(counts) for w, eta in members
        )
        return np.asarray(logsumexp(logs, axis=1))
    # Of normals: exp(-tau/2 (mean of squares - square of the mean)).
    mean = sum(w * eta for w, eta in members)
    spread = sum(w * eta**2 for w, eta in members) - mean**2
    return np.asarray(-0.5 * precision * spread.sum(axis=1))


def test_baldi_and_sadowski_predict_how_far_the_means_are_apart() -> None:
    """E − NWGM ≈ V(1 − 2E)/(1 − 2V); |E − NWGM| ≤ 2E(1 − E)|1 − 2E| fails now and then."""
    differences, predicted, within = [], [], []
    for seed in range(60):
        net = network((10,), "logistic", dropout=0.5, seed=seed)
        ens = net.predict_ensemble(rows(8, seed=seed), "exact_arithmetic")
        assert ens.geometric_mean is not None
        E, V, N = ens.mean[:, 1], ens.std[:, 1] ** 2, ens.geometric_mean[:, 1]
        differences += list(E - N)
        predicted += list(V * (1 - 2 * E) / (1 - 2 * V))
        within += list(np.abs(E - N) <= 2 * E * (1 - E) * np.abs(1 - 2 * E))
    found, told = np.array(differences), np.array(predicted)
    assert np.corrcoef(found, told)[0, 1] > 0.8
    assert 0.5 < np.mean(within) < 1.0  # an approximation, and no bound


@pytest.mark.parametrize("hidden", [(16,), (8, 8)])
def test_rounding_stays_small_in_float32(hidden: tuple[int, ...]) -> None:
    X = rows(20)
    wide = network(hidden, dropout=0.5, dtype="float64")
    weights, biases = wide.parameters()
    narrow = network(hidden, dropout=0.5, dtype="float32")
    narrow.set_parameters(weights, biases)
    wide.set_parameters(
        *[[a.astype(np.float32).astype(float) for a in p] for p in (weights, biases)]
    )
    X = X.astype(np.float32).astype(float)
    for kind in ("exact_arithmetic", "exact_geometric"):
        ours, exact = narrow.predict_ensemble(X, kind), wide.predict_ensemble(X, kind)
        np.testing.assert_allclose(ours.mean, exact.mean, rtol=0, atol=1e-6)
        np.testing.assert_allclose(ours.std, exact.std, rtol=0, atol=1e-6)


@pytest.mark.parametrize("offset", [1e6, 1e8])
def test_the_spread_does_not_drown_in_the_mean(offset: float) -> None:
    net, X = network((6,), "squared", dropout=0.5), rows(5)
    spread = net.predict_ensemble(X, "exact_arithmetic").std
    weights, biases = net.parameters()
    net.set_parameters(weights, [*biases[:-1], biases[-1] + offset])
    moved = net.predict_ensemble(X, "exact_arithmetic").std
    np.testing.assert_allclose(moved, spread, rtol=1e-15 * offset + 1e-9)


def test_edges() -> None:
    X = rows(1)
    still = network((5,))
    ens = still.predict_ensemble(X, "exact_arithmetic", y=[1])  # no unit that may be dropped
    assert ens.n_members == 1 and ens.best == ens.worst == 0
    np.testing.assert_allclose(ens.mean, still.loss.mean(still.eta(X)), rtol=0, atol=1e-14)
    assert (ens.std < 1e-7).all()
    net = network((5,), dropout=0.5)
    ens = net.predict_ensemble(X, "exact_arithmetic", y=[1])
    none = net.loss.mean(net.parameters()[1][1][None, :])  # all units dropped: the biases alone
    assert ens.member_losses is not None
    assert ens.member_losses[0] == pytest.approx(-np.log(none[0, 1]), abs=1e-13)
    masks = ens.member_masks(0)
    assert masks[0] is None and masks[1] is not None and not masks[1].any()
    one = Network(4, sh.losses.Multinomial(), 1, Setting((5,), dtype="float64"), 0)  # one class
    one.regularize(dropout=0.5)
    np.testing.assert_array_equal(one.predict_ensemble(X, "exact_geometric").mean, [[1.0]])


def test_what_cannot_be_enumerated_says_so() -> None:
    X = rows()

    def refused(net: Network, kind: str = "exact_arithmetic", **options: Any) -> InvalidArgument:
        with pytest.raises(InvalidArgument) as caught:
            net.predict_ensemble(X, kind, **options)
        return caught.value

    wide = refused(network((23,), dropout=0.5))
    assert wide.code == "ensemble.too_many" and wide.fields["units"] == 23
    assert "23 units may be dropped" in str(wide)
    for dropout_kind in ("gaussian", "concrete", "dropconnect"):
        net = network((5,), dropout=0.5, dropout_kind=dropout_kind)
        assert dropout_kind in str(refused(net))
    assert "exact_arithmetic" in str(refused(network(loss="gaussian"), "exact_geometric"))
    net = network((5,), dropout=0.5)
    for option in (dict(n_members=3), dict(standard_error=0.1), dict(keep_members=True)):
        (name,) = option
        assert refused(net, **option).fields["argument"] == name
    assert refused(net, masks="per_row").fields["argument"] == "masks"
    assert refused(net, y=np.zeros(9), precision=2.0).fields["argument"] == "precision"  # classes
    assert refused(net, y=[0, 1, 2]).fields["argument"] == "y"
    assert refused(net, y=np.full(9, 3)).fields["argument"] == "y"


def test_bits_do_not_depend_on_threads() -> None:
    net, X = network((9, 4), dropout=0.5, dtype="float32"), rows(300)
    y = np.arange(300) % 3
    found: list[Ensemble] = [
        net.predict_ensemble(X, "exact_geometric", y=y, n_threads=threads) for threads in (1, 2, 3)
    ]
    for other in found[1:]:
        for name in ("mean", "std", "arithmetic_mean", "member_losses", "expected_entropy"):
            np.testing.assert_array_equal(getattr(found[0], name), getattr(other, name))
    counts = network((9, 4), "poisson", dropout=0.5, dtype="float32")
    one, two = (
        counts.predict_ensemble(X, "exact_arithmetic", y=y, n_threads=threads).log_likelihood
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)
