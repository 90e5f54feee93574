"""Probabilities and log-likelihoods of members that are very sure, right or wrong."""

from typing import Any

import numpy as np
import pytest
from scipy import special

import shrinkage as sh
from shrinkage.neural import Network
from support.ensembles import all_masks, drawn_masks, forward, network, rows


def sure(net: Network, size: float) -> Network:
    """With the last layer's weights and biases times a size."""
    weights, biases = net.parameters()
    net.set_parameters([*weights[:-1], size * weights[-1]], [*biases[:-1], size * biases[-1]])
    return net


KINDS_OF_CLASSES = ["weight_scaling", "mc", "rao_blackwell", "exact_arithmetic", "exact_geometric"]


@pytest.mark.parametrize("kind", KINDS_OF_CLASSES)
@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
@pytest.mark.parametrize("size", [0.0, 1e-6, 1.0, 30.0, 300.0])
def test_probabilities_never_leave_their_range(loss: str, kind: str, size: float) -> None:
    """Weights of a rule sum to 1 but for rounding, so that sums of sure members passed 1."""
    net = sure(network((9,), loss, dropout=0.5, dtype="float32"), size)
    X, y = rows(40).astype(np.float32), np.arange(40) % 2
    given = {} if kind.startswith("exact") else {"n_members": 20, "random_state": 0}
    ens = net.predict_ensemble(X, kind, y=y, **given)
    assert ens.mean.min() >= 0 and ens.mean.max() <= 1
    np.testing.assert_allclose(ens.mean.sum(axis=1), 1, rtol=0, atol=3e-16)
    assert (ens.std >= 0).all() and ens.log_likelihood is not None
    assert np.isfinite(ens.log_likelihood).all() and (ens.log_likelihood <= 0).all()
    assert np.isfinite(sh.uncertainty.brier(y, ens.mean, classes=range(ens.mean.shape[1])).value)
    if kind == "mc":
        assert (ens.mutual_information >= 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS_OF_CLASSES)
@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_sure_and_wrong_members_have_a_finite_log_likelihood(
    loss: str, kind: str, dtype: str
) -> None:
    """By log-sum-exp of η: probabilities themselves end at e^-87, or where 1 − p is 0."""
    net = sure(network((6,), loss, dropout=0.5, dtype=dtype), 30.0)
    weights, biases = net.parameters()  # all members hold class 0 impossible
    away = [1000.0] if loss == "logistic" else [-1000.0, 0.0, 0.0]
    net.set_parameters(weights, [biases[0], biases[1] + np.array(away)])
    X, y = rows(30).astype(dtype), np.zeros(30, dtype=int)
    if kind == "rao_blackwell":  # two values of one unit have no normal law
        net.regularize(dropout=1e-6)
    given = {"n_members": 8, "random_state": 3} if kind == "mc" else {}
    found = net.predict_ensemble(X, kind, y=y, **given).log_likelihood
    assert found is not None

    def log_p(masks: list[Any]) -> np.ndarray:
        eta = forward(net, X, masks)
        eta = np.column_stack([np.zeros(30), eta[:, 0]]) if loss == "logistic" else eta
        return special.log_softmax(eta, axis=1)[np.arange(30), y]

    if kind in ("weight_scaling", "rao_blackwell"):
        expected = log_p([None, None])
    elif kind == "mc":
        each = np.array([log_p(drawn_masks(net, 3, t)) for t in range(8)])
        expected = special.logsumexp(each, axis=0) - np.log(8)
    elif kind == "exact_arithmetic":
        members = all_masks(net)
        expected = special.logsumexp(
            [log_p(masks) for _, masks in members], axis=0, b=[[w] for w, _ in members]
        )
    else:  # the mean of η is that of weight scaling
        expected = log_p([None, None])
    assert expected.min() < -300
    close = {"rtol": 1e-9, "atol": 1e-9} if dtype == "float64" else {"rtol": 3e-5, "atol": 1e-4}
    if kind == "rao_blackwell":
        close = {"rtol": 0.02, "atol": 0.5}
    np.testing.assert_allclose(found, expected, **close)


def test_the_log_likelihood_under_the_last_mask_is_that_of_the_rule() -> None:
    """Where members are moderate it is the log of the mean probability itself."""
    for loss in ("logistic", "multinomial"):
        net, X, y = network((20, 9), loss, dropout=0.3), rows(40), np.arange(40) % 2
        ens = net.predict_ensemble(X, "rao_blackwell", n_members=5, random_state=0, y=y)
        np.testing.assert_allclose(
            ens.log_likelihood, np.log(ens.mean[np.arange(40), y]), rtol=0, atol=1e-12
        )


def test_rare_classes_keep_their_relative_accuracy() -> None:
    """With two classes 1 − p would be 0 or rounding, and so would a mean about the first member."""
    net = sure(network((6,), "logistic", dropout=0.5, dtype="float64"), 0.0)
    weights, biases = net.parameters()
    X = rows(3)
    for sign in (-1.0, 1.0):
        net.set_parameters(weights, [biases[0], np.array([sign * 60.0])])
        for kind in KINDS_OF_CLASSES:
            ens = net.predict_ensemble(X, kind)
            np.testing.assert_allclose(ens.mean[:, int(sign < 0)], np.exp(-60.0), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_of_estimators_come_from_eta(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 2))
    y = np.array(["a", "b", "c"])[np.arange(30) % n_classes]
    model = sh.DropoutMLPClassifier((), max_epochs=1, kkt_every=0, dtype="float64").fit(X, y)
    np.testing.assert_allclose(
        model.predict_log_proba(X), np.log(model.predict_proba(X)), rtol=1e-12
    )
    weights, biases = model._network.parameters()
    model._network.set_parameters([0 * weights[0]], [np.arange(len(biases[0])) * 0.0 + 2000.0])
    if n_classes == 2:
        expected = np.array([-2000.0, 0.0])
    else:
        model._network.set_parameters([0 * weights[0]], [np.array([0.0, 2000.0, 1000.0])])
        expected = np.array([-2000.0, 0.0, -1000.0])
    np.testing.assert_array_equal(model.predict_log_proba(X), np.tile(expected, (30, 1)))


def test_compared_ensembles_have_the_likelihood_of_eta() -> None:
    """Sure networks met another class at test: their mean probability of it was exactly 0."""
    X = np.repeat([[-1.0], [1.0]], 20, axis=0)
    y = np.repeat(["no", "yes"], 20)
    model = sh.DropoutMLPClassifier(
        (4,), dropout=0.1, learning_rate=0.5, max_epochs=60, kkt_every=0, activation="identity"
    )
    test = (np.array([[100.0], [-100.0], [100.0]]), np.array(["no", "no", "yes"]))
    found = sh.neural.compare_ensembles(model, X, y, test=test, n_networks=2, n_members=5)
    for row in found.rows:
        assert 1 < row.nll.value < 1e5 and np.isfinite([row.nll.low, row.nll.high]).all()


def test_compared_ensembles_refuse_a_label_that_was_never_seen() -> None:
    X, y = rows(12), np.array(["a", "b"] * 6)
    model = sh.DropoutMLPClassifier((4,), max_epochs=5, kkt_every=0)
    with pytest.raises(sh.errors.InvalidArgument, match=r"test\[1\]\[1\].*'c'"):
        sh.neural.compare_ensembles(
            model, X, y, test=(rows(2), np.array(["a", "c"])), methods=["independent"]
        )
