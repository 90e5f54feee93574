"""Sampled ensembles inside a dropout network: which masks, how accurate, what is promised."""

import pickle
import time
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import sparse, stats

import shrinkage as sh
from shrinkage.errors import Cancelled, ConvergenceWarning, InvalidArgument
from shrinkage.neural import EnsembleProgress, Gaussian, Network, Setting
from support.ensembles import all_masks, column, drawn_masks, forward, network, response, rows

KINDS = ["bernoulli", "batch", "alpha", "gaussian", "dropconnect", "concrete"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "case",
    [
        dict(hidden=(30,), dropout=0.5),
        dict(hidden=(30, 20), dropout=[0.2, 0.5], loss="squared"),  # what is dropped is subtracted
        dict(hidden=(30, 20), dropout=0.5, input_dropout=0.2, loss="logistic"),
        dict(hidden=(30, 20), dropout=[0.0, 0.3], loss="poisson"),
        dict(hidden=(30, 20), dropout=[0.6, 0.0], loss="gaussian"),
        dict(hidden=(), input_dropout=0.3),
        dict(hidden=(17, 9), dropout=[0.2, 0.6], dropout_kind="alpha", input_dropout=0.1),
        dict(hidden=(9,), dropout=0.4, dropout_kind="batch"),
        dict(hidden=(9,), dropout=0.4, input_dropout=0.3, input_groups=[0, 1, 0, 2]),
    ],
    ids=str,
)
def test_members_are_the_network_with_the_masks_of_their_step(
    case: dict[str, Any], dtype: str
) -> None:
    net, X, seed = network(**case, dtype=dtype), rows(300).astype(dtype), 41
    ens = net.predict_ensemble(X, n_members=20, random_state=seed, keep_members=True)
    assert ens.members is not None and ens.seed == seed
    close = 1e-12 if dtype == "float64" else 2e-5
    groups = case.get("input_groups")
    for t in range(20):
        masks = drawn_masks(net, seed, t, groups)
        expected = response(net, forward(net, X, masks))
        np.testing.assert_allclose(column(ens.members[t]), expected, rtol=close, atol=close)
        for ours, theirs in zip(ens.member_masks(t), masks, strict=True):
            np.testing.assert_array_equal(ours is None, theirs is None)
            if ours is not None:
                np.testing.assert_array_equal(ours, theirs)
    members = ens.members.astype(np.float64)
    np.testing.assert_allclose(ens.mean, members.mean(axis=0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ens.std, members.std(axis=0, ddof=1), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ens.standard_error, ens.std / np.sqrt(20), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_members_lose_what_training_lost_at_their_step(kind: str) -> None:
    """A training step's loss is that of the member with its seed and step, whatever the kind."""
    seed, X = 7, rows(40)
    y = np.arange(40) % 3
    net = network((12, 8), seed=seed, dropout=[0.3, 0.5], input_dropout=0.2, dropout_kind=kind)
    net.set_examples(X, y.astype(float))
    one_mask = kind in ("batch", "dropconnect")
    ens = net.predict_ensemble(
        X, n_members=5, random_state=seed, y=y, masks="shared" if one_mask else "per_row"
    )
    trained = [net.loss_and_gradient(t)[0] for t in range(5)]
    assert ens.member_losses is not None
    if kind == "concrete":  # whose training loss includes what the rates cost
        cost = np.subtract(trained, ens.member_losses)
        np.testing.assert_allclose(cost, cost[0], rtol=0, atol=1e-12)
    else:
        np.testing.assert_allclose(ens.member_losses, trained, rtol=1e-12)
    # A mask of row 0 is the mask of the first row.
    if not one_mask:
        options: dict[str, Any] = dict(n_members=5, random_state=seed, keep_members=True)
        shared = net.predict_ensemble(X, masks="shared", **options)
        own = net.predict_ensemble(X, masks="per_row", **options)
        assert shared.members is not None and own.members is not None
        np.testing.assert_allclose(shared.members[:, 0], own.members[:, 0], rtol=0, atol=1e-13)
        assert np.abs(shared.members[:, 1] - own.members[:, 1]).max() > 1e-3


@pytest.mark.parametrize("masks", ["shared", "per_row"])
def test_mc_comes_to_the_exact_mean_at_the_rate_it_states(masks: str) -> None:
    """(mean − exact)/SE of 400 independent ensembles is standard normal: its mean square, times
    400 a chi-square with 400 degrees of freedom, lies in the central 99.99 % of its law."""
    net, X = network((8,), "squared", dropout=0.5), rows(1)
    exact = net.predict_ensemble(X, "exact_arithmetic").mean[0]
    scores = []
    for seed in range(400):
        ens = net.predict_ensemble(X, n_members=200, random_state=seed, masks=masks)
        scores.append((ens.mean[0] - exact) / ens.standard_error[0])
    low, high = stats.chi2(400).ppf([5e-5, 1 - 5e-5]) / 400
    assert low < np.mean(np.square(scores)) < high * 200 / 197  # and the tails of Student's t
    assert abs(np.mean(scores)) < 4 / np.sqrt(400)


def test_a_hundredfold_of_members_has_a_tenth_of_the_error() -> None:
    net, X = network((8, 5), dropout=0.5, dtype="float32"), rows(200)
    exact = net.predict_ensemble(X, "exact_arithmetic").mean
    errors = [
        np.sqrt(np.mean((net.predict_ensemble(X, n_members=T, random_state=3).mean - exact) ** 2))
        for T in (200, 20_000)
    ]
    assert 4 < errors[0] / errors[1] < 25  # 10 on average; masks are shared, so rows go together


@pytest.mark.parametrize("kind", ["bernoulli", "alpha", "gaussian", "dropconnect", "batch"])
@pytest.mark.parametrize("loss", ["squared", "two targets", "gaussian"])
def test_the_last_mask_integrated_is_exact(kind: str, loss: str) -> None:
    """Alone it needs one member; mean and variance are those that 40,000 sampled masks come to."""
    net, X = network((9,), loss, dropout=0.4, dropout_kind=kind), rows(6)
    ens = net.predict_ensemble(X, "rao_blackwell", n_members=50)
    assert ens.n_members == 1 and (ens.standard_error == 0).all()
    if kind in ("bernoulli", "alpha", "batch"):
        exact = net.predict_ensemble(X, "exact_arithmetic")
        np.testing.assert_allclose(ens.mean, exact.mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(ens.std, exact.std, rtol=0, atol=1e-7)
    mc = net.predict_ensemble(X, n_members=40_000, random_state=1)
    assert (np.abs(mc.mean - ens.mean) < 5 * mc.standard_error).all()
    np.testing.assert_allclose(mc.std, ens.std, rtol=0.03)


@pytest.mark.parametrize("masks", ["shared", "per_row"])
@pytest.mark.parametrize("kind", ["bernoulli", "alpha"])
def test_rao_blackwell_is_the_mean_of_mc_over_the_last_mask(kind: str, masks: str) -> None:
    """Given the earlier masks; so its variance is mc's less what the last mask adds to it, and it
    is never worse at equal T, here over 300 seeds."""
    net, X = network((6, 5), "squared", dropout=0.5, dropout_kind=kind), rows(3)
    seed = 11
    options: dict[str, Any] = dict(n_members=4, random_state=seed, keep_members=True, masks=masks)
    ens = net.predict_ensemble(X, "rao_blackwell", **options)
    assert ens.members is not None
    for t in range(4):
        for row in range(3):
            place = row if masks == "per_row" else 0
            first = sh.core.dropout_mask([place], 6, 0.5, seed=seed, step=t, layer=1)[0]
            mean = sum(
                weight * forward(net, X[[row]], [None, first, last])[0, 0]
                for weight, (_, _, last) in _last_masks(net)
            )
            assert ens.members[t, row] == pytest.approx(mean, abs=1e-12)
    exact = net.predict_ensemble(X, "exact_arithmetic").mean
    squares = {
        name: np.mean(
            [
                (net.predict_ensemble(X, name, n_members=10, random_state=s).mean - exact) ** 2
                for s in range(300)
            ],
            axis=0,
        )
        for name in ("mc", "rao_blackwell")
    }
    assert (squares["rao_blackwell"] < squares["mc"]).all()


def _last_masks(net: Network) -> list[tuple[float, list[Any]]]:
    """All masks of the last layer with their probabilities."""
    found: dict[tuple[int, ...], tuple[float, list[Any]]] = {}
    for weight, masks in all_masks(net):
        key = tuple(masks[-1])
        found[key] = (found[key][0] + weight if key in found else weight, masks)
    return list(found.values())


@pytest.mark.parametrize("loss", ["multinomial", "logistic", "poisson"])
def test_a_normal_stands_for_the_last_mask_in_probabilities(loss: str) -> None:
    net, X = network((20,), loss, dropout=0.3), 0.5 * rows(50)
    weights, biases = net.parameters()
    net.set_parameters([weights[0], 0.4 * weights[1]], biases)
    exact = net.predict_ensemble(X, "exact_arithmetic")
    ens = net.predict_ensemble(X, "rao_blackwell")
    scaled = net.predict_ensemble(X, "weight_scaling")
    size = 1.0 if loss != "poisson" else float(exact.mean.max())
    assert np.abs(ens.mean - exact.mean).max() < 0.02 * size
    error = np.sqrt(np.mean((ens.mean - exact.mean) ** 2))
    assert error < 0.15 * np.sqrt(np.mean((scaled.mean - exact.mean) ** 2))
    if loss != "poisson":  # whose spread is mostly tail
        np.testing.assert_allclose(ens.std, exact.std, rtol=0, atol=0.03)
        np.testing.assert_allclose(ens.mean.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_members_are_drawn_until_the_error_is_as_wanted() -> None:
    net, X = network((20,), dropout=0.5), rows(30)
    loose = net.predict_ensemble(X, standard_error=0.02, random_state=0)
    tight = net.predict_ensemble(X, standard_error=0.005, random_state=0)
    assert loose.standard_error.max() <= 0.02 and tight.standard_error.max() <= 0.005
    assert 8 * loose.n_members < tight.n_members < 30 * loose.n_members
    again = net.predict_ensemble(X, n_members=tight.n_members, random_state=0)
    np.testing.assert_allclose(again.mean, tight.mean, rtol=0, atol=1e-14)
    with pytest.warns(ConvergenceWarning, match="standard_error=0.0001 was not reached"):
        short = net.predict_ensemble(X, standard_error=1e-4, n_members=300, random_state=0)
    assert short.n_members == 300 and not short.stopped


def test_log_likelihood_is_that_of_the_mixture() -> None:
    X, y = rows(12), rows(12, 1)[:, 0]
    net = network((9, 8), "squared", dropout=0.4)
    precisions = [0.5, 4.0]
    ens = net.predict_ensemble(
        X, n_members=40, random_state=2, y=y, precision=precisions, keep_members=True
    )
    assert ens.members is not None and ens.log_likelihood is not None
    for p, precision in enumerate(precisions):
        density = stats.norm(ens.members, precision**-0.5).pdf(y).mean(axis=0)
        np.testing.assert_allclose(ens.log_likelihood[:, p], np.log(density), rtol=1e-11)
    np.testing.assert_allclose(
        ens.member_errors, np.mean((ens.members - y) ** 2, axis=1), rtol=1e-11
    )
    # rao_blackwell adds the variance under the last mask to that of the noise.
    one = network((9,), "squared", dropout=0.4)
    rb = one.predict_ensemble(X, "rao_blackwell", y=y, precision=2.0)
    expected = stats.norm(rb.mean, np.sqrt(0.5 + rb.std**2)).logpdf(y)
    np.testing.assert_allclose(rb.log_likelihood, expected, rtol=1e-11)
    classes = network((9,), "logistic", dropout=0.4)
    labels = (y > 0).astype(int)
    mc = classes.predict_ensemble(X, n_members=30, random_state=1, y=labels)
    np.testing.assert_allclose(mc.log_likelihood, np.log(mc.mean[np.arange(12), labels]))
    counts = network((9,), "poisson", dropout=0.4)
    whole = labels * 3
    mc = counts.predict_ensemble(X, n_members=30, random_state=1, y=whole, keep_members=True)
    assert mc.members is not None
    density = stats.poisson(mc.members).pmf(whole).mean(axis=0)
    np.testing.assert_allclose(mc.log_likelihood, np.log(density), rtol=1e-10)


def test_learned_variance_is_split_from_that_of_the_model() -> None:
    X, y = rows(12), rows(12, 1)[:, 0]
    net = network((9,), "gaussian", dropout=0.4)
    ens = net.predict_ensemble(X, n_members=30, random_state=2, y=y)
    means, variances = [], []
    for t in range(30):
        eta = forward(net, X, drawn_masks(net, 2, t))
        means.append(eta[:, 0])
        variances.append(np.exp(eta[:, 1]))
    np.testing.assert_allclose(ens.mean, np.mean(means, axis=0), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ens.std, np.std(means, axis=0, ddof=1), rtol=1e-11)
    np.testing.assert_allclose(ens.data_variance, np.mean(variances, axis=0), rtol=1e-11)
    density = stats.norm(means, np.sqrt(variances)).pdf(y).mean(axis=0)
    np.testing.assert_allclose(ens.log_likelihood, np.log(density), rtol=1e-11)


@pytest.mark.parametrize("loss", ["multinomial", "logistic"])
def test_mutual_information_is_what_members_disagree_by(loss: str) -> None:
    net, X = network((9,), loss, dropout=0.5), rows(12)
    ens = net.predict_ensemble(X, n_members=30, random_state=2, keep_members=True)
    assert ens.members is not None
    each = -np.sum(ens.members * np.log(ens.members), axis=2).mean(axis=0)
    np.testing.assert_allclose(ens.expected_entropy, each, rtol=1e-11)
    np.testing.assert_allclose(ens.mutual_information, ens.entropy - each, rtol=1e-9)
    assert (ens.mutual_information > 0).all()
    one = net.predict_ensemble(X, n_members=1, random_state=2)
    np.testing.assert_allclose(one.mutual_information, 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["mc", "rao_blackwell"])
@pytest.mark.parametrize("masks", ["shared", "per_row"])
def test_bits_do_not_depend_on_threads(kind: str, masks: str) -> None:
    net, X = network((40, 20), dropout=0.5, input_dropout=0.2, dtype="float32"), rows(1500)
    y = np.arange(1500) % 3
    found = [
        net.predict_ensemble(
            X, kind, n_members=50, random_state=1, masks=masks, y=y, n_threads=threads
        )
        for threads in (1, 2, 3)
    ]
    for other in found[1:]:
        for name in ("mean", "std", "member_losses", "member_errors", "log_likelihood"):
            np.testing.assert_array_equal(getattr(found[0], name), getattr(other, name))


def test_edges() -> None:
    X = rows(1)
    net = network((6,), dropout=0.5)
    one = net.predict_ensemble(X, n_members=1, random_state=0)
    assert np.isnan(one.std).all() and np.isnan(one.standard_error).all()
    assert np.isfinite(one.mean).all()
    still = network((6,))  # nothing is dropped: all members are alike
    ens = still.predict_ensemble(X, n_members=7)
    np.testing.assert_allclose(ens.mean, still.loss.mean(still.eta(X)), rtol=0, atol=1e-14)
    assert (ens.std == 0).all() and (ens.standard_error == 0).all() and ens.n_members == 7
    scaled = net.predict_ensemble(X, "weight_scaling")
    np.testing.assert_allclose(scaled.mean, net.loss.mean(net.eta(X)), rtol=0, atol=1e-14)
    assert scaled.n_members == 1 and (scaled.std == 0).all()
    tiny = network((1,), dropout=0.9)  # in most members all units are dropped
    ens = tiny.predict_ensemble(X, n_members=50, random_state=0, keep_members=True)
    assert ens.members is not None
    alone = tiny.loss.mean(tiny.parameters()[1][1][None, :])
    assert np.isclose(ens.members[:, 0], alone[0], rtol=0, atol=1e-13).all(axis=1).sum() > 35
    deep = network((1, 3), dropout=[0.9, 0.5], input_dropout=0.5)
    assert np.isfinite(deep.predict_ensemble(X, n_members=50, random_state=0).mean).all()
    with pytest.raises(InvalidArgument, match="at least one row"):
        net.predict_ensemble(rows(0))


def test_rates_may_be_others_than_those_trained_with() -> None:
    net, X = network((30,), dropout=0.5), rows(20)
    calm = net.predict_ensemble(X, n_members=200, rates=[0.0, 0.05], random_state=0)
    wild = net.predict_ensemble(X, n_members=200, random_state=0)
    assert calm.std.mean() < 0.5 * wild.std.mean()
    assert calm.source.rates == (0.0, 0.05)
    net.schedule(dropout=[1.0, 0.0])
    assert net.predict_ensemble(X, n_members=3).std.mean() > 0  # epoch 0 has its whole rate


def test_estimators_take_labels_frames_and_sparse_rows() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 5)) * (rng.random((80, 5)) < 0.5)
    y = np.array(["a", "b", "c"])[np.argmax(X[:, :3], axis=1)]
    model = sh.DropoutMLPClassifier((16,), max_epochs=300, learning_rate=0.01, random_state=0)
    model.fit(X, y)
    ens = model.predict_ensemble(X, kind="mc", n_members=100, random_state=0, y=y)
    assert ens.mean.shape == (80, 3) and ens.log_likelihood is not None
    assert np.mean(model.classes_[ens.mean.argmax(axis=1)] == y) > 0.8
    np.testing.assert_allclose(ens.mean.sum(axis=1), 1, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(
        model.predict_ensemble(sparse.csr_array(X), n_members=100, random_state=0).mean, ens.mean
    )
    scaled = model.predict_ensemble(X, "weight_scaling")
    np.testing.assert_allclose(scaled.mean, model.predict_proba(X), rtol=0, atol=1e-6)
    copied = pickle.loads(pickle.dumps(model)).predict_ensemble(X, random_state=0)
    np.testing.assert_array_equal(copied.mean, ens.mean)
    small = model.compact()
    np.testing.assert_allclose(
        small.predict_ensemble(X, "weight_scaling").mean, scaled.mean, rtol=0, atol=1e-5
    )
    with pytest.raises(InvalidArgument, match="compact"):
        small.predict_ensemble(X)
    with pytest.raises(InvalidArgument, match="labels"):
        model.predict_ensemble(X, y=np.full(80, "d"))
    line = sh.DropoutMLPRegressor((), dropout=0.0, input_dropout=0.3, max_epochs=3, random_state=0)
    assert line.fit(X, X[:, 0]).predict_ensemble(X, "rao_blackwell").mean.shape == (80,)
    both = sh.DropoutMLPRegressor((8,), max_epochs=3, random_state=0).fit(X, X[:, :2])
    assert both.predict_ensemble(X, n_members=5, keep_members=True).members.shape == (5, 80, 2)


def test_bad_arguments_name_themselves() -> None:
    X = rows()
    net = network((6, 5), "squared", dropout=[0.5, 0.0])

    def refused(model: Network, kind: str = "mc", **options: Any) -> str:
        with pytest.raises(InvalidArgument) as caught:
            model.predict_ensemble(X, kind, **options)
        assert caught.value.fields["remedy"] in str(caught.value)
        return str(caught.value.fields["argument"])

    assert refused(net, "vote") == "kind"
    assert refused(net, "rao_blackwell") == "kind"  # nothing is dropped before the output
    gates = network((6,), dropout=0.5, dropout_kind="concrete")
    assert refused(gates, "rao_blackwell") == "kind"
    assert refused(net, masks="row") == "masks"
    weights = network((6,), dropout=0.5, dropout_kind="dropconnect")
    assert refused(weights, masks="per_row") == "masks"
    for name, value in (("n_members", 0), ("n_members", 1.5), ("standard_error", 0.0)):
        assert refused(net, **{name: value}) == name
    assert refused(net, keep_members=True, standard_error=0.1) == "keep_members"
    assert refused(net, rates=[0.5]) == "rates"
    assert refused(net, rates=[0.5, 0.5, 1.0]) == "rates[2]"
    assert refused(net, precision=1.0) == "precision"
    assert refused(net, precision=0.0, y=np.zeros(9)) == "precision"
    assert refused(gates, precision=1.0, y=np.zeros(9)) == "precision"
    assert refused(net, y=np.zeros(8)) == "y"
    assert refused(net, y=np.full(9, np.nan)) == "y[0]"
    with pytest.raises(InvalidArgument, match="columns"):
        net.predict_ensemble(rows(9, 3))
    drawn = net.predict_ensemble(X, n_members=3)
    with pytest.raises(InvalidArgument, match="member"):
        drawn.member_masks(3)
    with pytest.raises(InvalidArgument, match="targets"):
        _ = drawn.best
    with pytest.raises(InvalidArgument, match="classifier"):
        _ = drawn.mutual_information
    noisy = network((6,), dropout=0.5, dropout_kind="gaussian").predict_ensemble(X, n_members=3)
    with pytest.raises(InvalidArgument, match="factors"):
        noisy.member_masks(0)


@pytest.mark.serial
def test_progress_and_a_stop_that_keeps_the_members_so_far() -> None:
    net = network((600, 600), dropout=0.5, dtype="float32", inputs=300)
    X = rows(3000, 300).astype(np.float32)
    seen: list[EnsembleProgress] = []
    asked: list[float] = []

    def callback(progress: EnsembleProgress) -> bool:
        seen.append(progress)
        if progress.done > 12 and not asked:
            asked.append(time.perf_counter())
        return bool(asked)

    ens = net.predict_ensemble(X, n_members=100_000, random_state=1, callback=callback)
    assert time.perf_counter() - asked[0] < 0.25
    assert ens.stopped and 0 < ens.n_members < 100_000
    assert all(0 <= p.done <= p.total for p in seen)
    again = net.predict_ensemble(X, n_members=ens.n_members, random_state=1)
    np.testing.assert_array_equal(again.mean, ens.mean)
    with pytest.raises(Cancelled):
        net.predict_ensemble(X, n_members=100_000, callback=lambda _: True)
    wide = network((22,), dropout=0.5)
    with pytest.raises(Cancelled):
        wide.predict_ensemble(rows(5000), "exact_arithmetic", callback=lambda _: True)


def test_nothing_is_warned_of_otherwise() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network((6,), dropout=0.5).predict_ensemble(rows(), standard_error=0.05, random_state=0)
        made = Network(2, Gaussian(), 1, Setting((3,)), 0)
        made.regularize(dropout=0.5)
        made.predict_ensemble(rows(5, 2), "rao_blackwell", random_state=0)


@pytest.mark.parametrize("seed", range(6))
def test_members_that_are_alike_so_far_do_not_end_the_drawing(seed: int) -> None:
    """With a rate of 1 % the first 32 members of three units are often all alike."""
    net, X = network((3,), "squared", dropout=0.01), rows(1)
    found = net.predict_ensemble(X, standard_error=0.002, random_state=seed)
    exact = net.predict_ensemble(X, "exact_arithmetic")
    assert found.n_members >= 1000
    assert 0 < found.standard_error.max() <= 0.002
    assert np.abs(found.mean - exact.mean).max() < 5 * 0.002


def test_members_that_cannot_differ_end_the_drawing() -> None:
    net, X = network((3,), "squared", dropout=0.01), rows(2)
    weights, biases = net.parameters()
    net.set_parameters([weights[0], 0.0 * weights[1]], biases)
    found = net.predict_ensemble(X, standard_error=1e-6, random_state=0)
    assert found.n_members == 1000  # each unit has been dropped ten times by then
    assert (found.standard_error == 0).all()
