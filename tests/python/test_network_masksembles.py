"""Masks that come back: the same in training, in members and from `sh.core.dropout_mask`."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import Masksembles, Network, Setting, fit_dropout_path
from support.ensembles import column, forward, network, response, rows

draw = sh.core.dropout_mask


def regression(seed: int = 0, n: int = 60, p: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, np.tanh(X[:, 0] + X[:, 1]) + 0.1 * rng.standard_normal(n)


def dealt(
    units: int, members: int, rate: float, *, seed: int, layer: int, attempt: int
) -> np.ndarray:
    """The rule of the docstring, written down a second time."""
    kept = units - round(rate * units)
    numbers = [
        sh.core.dropout_uniform([attempt], units, seed=seed, step=m, layer=layer)[0]
        for m in range(members)
    ]
    masks = np.zeros((members, units), dtype=np.uint8)
    for u in range(units):
        count = (u + 1) * members * kept // units - u * members * kept // units
        order = sorted(range(members), key=lambda m: (masks[m].sum(), -numbers[m][u]))
        masks[order[:count], u] = 1
    return masks


@pytest.mark.parametrize(
    ("units", "members", "rate"), [(30, 4, 0.5), (64, 5, 0.2), (21, 3, 1 / 3), (500, 8, 0.7)]
)
def test_masks_follow_the_rule_in_words(units: int, members: int, rate: float) -> None:
    place: dict[str, Any] = dict(seed=2**63 + 5, layer=3)
    masks = draw(members, units, rate, step=0, n_members=members, **place)
    np.testing.assert_array_equal(masks, dealt(units, members, rate, attempt=0, **place))
    later = draw([0, 7, 2**32 - 1], units, rate, step=2**64 - 2, n_members=members, **place)
    for row, mask in zip([0, 7, 2**32 - 1], later, strict=True):
        np.testing.assert_array_equal(mask, masks[(row + 2**64 - 2) % members])


@pytest.mark.parametrize(("members", "scale"), [(3, 2), (4, 3), (5, 2), (7, 2), (5, 4)])
def test_masks_share_what_published_ones_of_a_scale_share(members: int, scale: int) -> None:
    """1/S of what each keeps; published ones are drawn here as Durasov et al. 2021 have it."""
    units = 12 * members * scale
    rate = (1 - 1 / members) * (1 - 1 / scale)
    masks = draw(members, units, rate, seed=5, step=0, layer=1, n_members=members)
    pairs = np.triu_indices(members, 1)
    kept = units - round(rate * units)
    assert (masks.sum(axis=1) == kept).all()
    shared = (masks.astype(int) @ masks.T)[pairs]
    assert shared.mean() == pytest.approx(kept / scale, rel=1e-12)

    rng, ones, draws = np.random.default_rng(0), 200, 100
    shares, dropped = np.empty(draws), np.empty(draws)
    for place in range(draws):
        theirs = np.argsort(rng.random((members, scale * ones)), axis=1) < ones
        theirs = theirs[:, theirs.any(axis=0)].astype(int)
        shares[place] = (theirs @ theirs.T)[pairs].mean() / ones
        dropped[place] = 1 - ones / theirs.shape[1]
    published = 1 - 1 / (scale * (1 - (1 - 1 / scale) ** members))
    assert abs(shares.mean() - 1 / scale) < 5 * shares.std() / np.sqrt(draws)
    assert abs(dropped.mean() - published) < 5 * dropped.std() / np.sqrt(draws)
    assert rate < published


def test_equal_masks_are_dealt_again() -> None:
    place: dict[str, Any] = dict(layer=1)
    again = 0
    for seed in range(60):
        masks = draw(4, 4, 0.5, seed=seed, step=0, n_members=4, **place)
        assert len({mask.tobytes() for mask in masks}) == 4
        tries = [dealt(4, 4, 0.5, seed=seed, attempt=a, **place) for a in range(60)]
        differ = [len({mask.tobytes() for mask in one}) == 4 for one in tries]
        np.testing.assert_array_equal(masks, tries[differ.index(True)])
        again += not differ[0]
    assert again > 5


def masks_of(net: Network, examples: Any, step: int) -> list[Any]:
    """What `sh.core.dropout_mask` says each layer's masks are, (rows, units)."""
    members = net.dropout_kind.n_members
    found: list[Any] = []
    for layer, rate in enumerate(net.rates):
        units = net.sizes[layer]
        place: dict[str, Any] = dict(seed=net.seed, step=step, layer=layer, n_members=members)
        groups = net.input_groups if layer == 0 else []
        mask = draw(examples, max(groups) + 1 if groups else units, rate, **place)
        found.append(None if rate == 0 else mask[:, groups] if groups else mask)
    return found


CASES: list[dict[str, Any]] = [
    dict(hidden=(30,), dropout=0.5),
    dict(hidden=(30, 20), dropout=[0.2, 0.5], loss="squared"),  # what is dropped is subtracted
    dict(hidden=(30, 20), dropout=0.5, input_dropout=0.3, loss="logistic"),
    dict(hidden=(30, 20), dropout=[0.0, 0.3], loss="gaussian"),
    dict(hidden=(9,), dropout=0.4, input_dropout=0.3, input_groups=[0, 1, 0, 2]),
    dict(hidden=(), input_dropout=0.25),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_members_are_the_network_with_their_masks(case: dict[str, Any], dtype: str) -> None:
    net = network(**case, dropout_kind=Masksembles(5), seed=3, dtype=dtype)
    X = rows(300).astype(dtype)
    ens = net.predict_ensemble(X, keep_members=True, random_state=99)
    assert ens.members is not None and ens.n_members == 5 and ens.seed == 3
    close = 1e-12 if dtype == "float64" else 2e-5
    for m in range(5):
        masks = masks_of(net, [0], m)
        expected = response(net, forward(net, X, masks))
        np.testing.assert_allclose(column(ens.members[m]), expected, rtol=close, atol=close)
        for ours, theirs in zip(ens.member_masks(m), masks, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None:
                np.testing.assert_array_equal(ours, theirs[0])
    members = ens.members.astype(np.float64)
    np.testing.assert_allclose(ens.mean, members.mean(axis=0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ens.std, members.std(axis=0), rtol=1e-5, atol=1e-7)
    assert (ens.standard_error == 0).all() and not ens.stopped
    if case["hidden"]:  # four inputs alone are too few for five different masks
        assert len({member.tobytes() for member in ens.members}) == 5


def test_a_linear_output_has_weight_scaling_for_its_mean() -> None:
    """Each unit is kept by 2 of 4 members, times 2: what the last mask does averages out."""
    net, X = network((30,), "squared", dropout=0.5, dropout_kind="masksembles"), rows(40)
    scaled = net.predict_ensemble(X, "weight_scaling")
    assert scaled.n_members == 1
    np.testing.assert_allclose(net.predict_ensemble(X).mean, scaled.mean, rtol=1e-12, atol=1e-13)


def batches_of(n: int, size: int, epochs: int, seed: int) -> list[np.ndarray]:
    """The examples of each step, as a linear model tells them.

    Example i alone has input i: a step moves the weights of its batch, each by the same amount, and
    the bias, by which the next one's are told apart.
    """
    setting = Setting((), "relu", "sgd", 1e-3, batch_size=size, dtype="float64")
    probe = Network(n, sh.losses.Squared(), 1, setting, seed)
    probe.set_examples(np.eye(n), np.zeros(n))
    batches = []
    for _ in range(epochs):
        probe.set_parameters([np.zeros((n, 1))], [np.ones(1)])
        probe.run(1)
        moved = probe.parameters()[0][0][:, 0]
        batches += [np.flatnonzero(moved == value) for value in np.unique(moved)]
    return batches


def test_steps_of_sgd_are_those_of_numpy() -> None:
    """Two epochs of uneven batches, example i of a step with member (i + step) mod 3."""
    X, y = regression(1, n=25)
    setting = Setting((12,), "relu", "sgd", 0.05, batch_size=10, dtype="float64")
    net = Network(6, sh.losses.Squared(), 1, setting, 7)
    net.regularize(dropout=0.5, input_dropout=1 / 3, dropout_kind=Masksembles(3))
    net.set_examples(X, y)
    np.testing.assert_allclose(net.rates, [1 / 3, 0.5])
    (W, V), (b, c) = net.parameters()
    net.run(2)
    batches = batches_of(25, 10, 2, seed=7)
    assert [len(batch) for batch in batches] == 2 * [10, 10, 5]
    for step, batch in enumerate(batches):
        mask, hidden = masks_of(net, batch, step)
        x = X[batch] * mask * 1.5
        z = x @ W + b
        h = np.maximum(z, 0) * hidden * 2
        delta = (h @ V + c - y[batch][:, None]) / len(batch)
        below = delta @ V.T * hidden * 2 * (z > 0)
        rate = 0.05 * len(batch) / 10  # the step of a smaller batch is smaller in proportion
        V, c = V - rate * h.T @ delta, c - rate * delta.sum(axis=0)
        W, b = W - rate * x.T @ below, b - rate * below.sum(axis=0)
    assert net.updates == 6
    found = (*net.parameters()[0], *net.parameters()[1])
    for ours, theirs in zip(found, (W, V, b, c), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_an_example_trains_every_member() -> None:
    """The loss of N steps over all rows is that of all members on all rows."""
    X, y = regression(2, n=45)
    net = Network(6, sh.losses.Squared(), 1, Setting((20, 10), dtype="float64"), 4)
    net.regularize(dropout=[0.5, 0.3], dropout_kind=Masksembles(4))
    net.set_examples(X, y)
    net.run(3)
    trained = [net.loss_and_gradient(step)[0] for step in range(4)]
    ens = net.predict_ensemble(X, y=y)
    assert ens.member_losses is not None
    assert np.mean(trained) == pytest.approx(np.mean(ens.member_losses), rel=1e-12)
    assert net.loss_and_gradient(4)[0] == trained[0]
    residual, error = net.kkt_residual()
    assert residual > 0 and error == 0


@pytest.mark.parametrize("kind", [sh.DropoutMLPRegressor, sh.DropoutMLPClassifier])
def test_an_estimator_learns_and_survives_copies(kind: Any) -> None:
    X, y = regression(3, n=300)
    y = y if kind is sh.DropoutMLPRegressor else y > 0
    model = kind(
        (64, 32), dropout_kind=Masksembles(3), penalty="l1", lam=1e-4, learning_rate=0.01,
        max_epochs=60, random_state=0,
    ).fit(X, y)  # fmt: skip
    assert model.score(X, y) > 0.8
    assert clone(model).dropout_kind == Masksembles(3)
    assert model.history_.kkt_error[-1] == 0
    same = kind(**(model.get_params() | {"n_threads": 3})).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], same.coefs_[0])
    ens = model.predict_ensemble(X)
    again = pickle.loads(pickle.dumps(model)).predict_ensemble(X)
    np.testing.assert_array_equal(ens.mean, again.mean)
    assert ens.n_members == 3
    path = fit_dropout_path(model, X, y, rates=[0.1, 0.6], epochs=10)
    np.testing.assert_allclose(path.estimator.dropout_rates_, [0, 38 / 64, 19 / 32])


def test_rates_are_those_of_whole_units() -> None:
    net = network((10, 3), dropout=[0.33, 0.5], input_dropout=0.01, dropout_kind=Masksembles(2))
    np.testing.assert_allclose(net.rates, [1 / 4, 3 / 10, 1 / 3])  # 2 of 3 dropped would lose one
    for layer, units in enumerate((4, 10, 3)):
        given = [0.01, 0.33, 0.5][layer]
        place: dict[str, Any] = dict(seed=1, step=0, layer=layer, n_members=2)
        kept = draw(2, units, given, **place)
        np.testing.assert_array_equal(kept, draw(2, units, float(net.rates[layer]), **place))
        assert (kept.mean(axis=1) == pytest.approx(1 - net.rates[layer])) and kept.any(axis=0).all()


def test_what_fixed_masks_cannot_bear() -> None:
    X, y = regression(4)
    net = network((12,), dropout=0.5, dropout_kind=Masksembles(4))

    def refused(call: Any) -> str:
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.fields["remedy"] in str(caught.value)
        return str(caught.value.fields["argument"])

    for wrong in (0, -1, 1001, 2.5, True):
        assert refused(lambda wrong=wrong: Masksembles(wrong)) == "n_members"
    assert refused(lambda: network((4,), dropout=0.8, dropout_kind="masksembles")) == "dropout"
    one = dict(input_dropout=0.1, dropout_kind=Masksembles(1))
    assert refused(lambda: network((4,), **one)) == "input_dropout"
    network((4,), dropout=0.75, dropout_kind="masksembles")
    assert refused(lambda: network((4,), dropout=1.0, dropout_kind="masksembles")) == "dropout"
    assert refused(lambda: network((4,), dropout_kind="masksemble")) == "dropout_kind"
    assert refused(lambda: net.schedule(dropout=[1.0, 0.5])) == "dropout_schedule"
    early = sh.DropoutMLPRegressor(dropout_kind="masksembles", dropout_schedule="early")
    assert refused(lambda: early.fit(X, y)) == "dropout_schedule"
    Z = rows()
    for kind in ("rao_blackwell", "exact_arithmetic", "exact_geometric"):
        assert refused(lambda kind=kind: net.predict_ensemble(Z, kind)) == "kind"
    assert refused(lambda: net.predict_ensemble(Z, n_members=3)) == "n_members"
    assert net.predict_ensemble(Z, n_members=4).n_members == 4
    assert refused(lambda: net.predict_ensemble(Z, standard_error=0.1)) == "standard_error"
    assert refused(lambda: net.predict_ensemble(Z, masks="per_row")) == "masks"
    assert refused(lambda: net.predict_ensemble(Z, rates=[0.0, 0.5])) == "rates"
    place: dict[str, Any] = dict(seed=0, step=0, layer=0)
    assert refused(lambda: draw(1, 4, 0.5, **place, n_members=0)) == "n_members"
    assert refused(lambda: draw(1, 4, 0.8, **place, n_members=2)) == "rate"


def test_one_member_and_nothing_dropped() -> None:
    net, X = network((12,), dropout=0.0, dropout_kind=Masksembles(1)), rows()
    ens = net.predict_ensemble(X, keep_members=True)
    assert ens.n_members == 1 and (ens.std == 0).all() and (ens.standard_error == 0).all()
    np.testing.assert_allclose(ens.mean, net.predict_ensemble(X, "weight_scaling").mean, rtol=1e-12)
