"""Networks that scale columns and targets themselves: the same as by hand, in every answer."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.losses import Huber
from shrinkage.neural import (
    Gaussian,
    Network,
    Quantiles,
    activations,
    compare_ensembles,
    error_without_units,
    fit_many,
    fit_penalty_path,
)

SMALL: dict[str, Any] = dict(hidden_layer_sizes=(6, 5), max_epochs=3, dropout=0.25, random_state=3)
BY_HAND: dict[str, Any] = dict(SMALL, scale=None)
SCALED = ("squared", "huber", "quantile", "gaussian", Quantiles((0.2, 0.8)))


def data(seed: int = 0, n: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4)) * [1.0, 100.0, 1e-3, 5.0] + [0.0, 1e4, 1.0, -3.0]
    y = 1000.0 + 50.0 * X[:, 0] + 0.3 * (X[:, 1] - 1e4) + rng.standard_normal(n)
    return X, y, rng.uniform(0.1, 3.0, n)


def moments(x: np.ndarray, w: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    mean = np.average(x, axis=0, weights=w)
    return mean, np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))


def in_units(loss: Any, s: float) -> Any:
    return Huber(1.35 / s) if loss == "huber" else loss


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", SCALED, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_regression_is_that_of_data_scaled_by_hand(loss: Any, dtype: str, weighted: bool) -> None:
    X, y, w = data()
    weights = w if weighted else None
    (m, s), (c, t) = moments(X, weights), moments(y, weights)
    own = sh.DropoutMLPRegressor(loss=loss, dtype=dtype, **SMALL).fit(X, y, weights)
    hand = sh.DropoutMLPRegressor(loss=in_units(loss, t), dtype=dtype, **BY_HAND)
    hand.fit((X - m) / s, (y - c) / t, weights)
    for mine, his in zip(own.coefs_ + own.intercepts_, hand.coefs_ + hand.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, his)
    np.testing.assert_array_equal(own.history_.train_loss, hand.history_.train_loss)
    assert own.kkt_residual_ == hand.kkt_residual_
    Z, _R, _ = data(1)
    np.testing.assert_array_equal(own.predict(Z), c + t * hand.predict((Z - m) / s))
    if loss == "gaussian":
        expected = t * hand.predict_std((Z - m) / s)
        np.testing.assert_allclose(own.predict_std(Z), expected, rtol=1e-14)


@pytest.mark.parametrize("kind", ["weight_scaling", "mc", "rao_blackwell", "exact_arithmetic"])
@pytest.mark.parametrize("loss", SCALED, ids=str)
def test_ensembles_answer_in_the_units_of_y(loss: Any, kind: str) -> None:
    X, y, _ = data()
    (m, s), (c, t) = moments(X), moments(y)
    own = sh.DropoutMLPRegressor(loss=loss, dtype="float64", **SMALL).fit(X, y)
    hand = sh.DropoutMLPRegressor(loss=in_units(loss, t), dtype="float64", **BY_HAND)
    hand.fit((X - m) / s, (y - c) / t)
    several = (
        dict(n_members=20, keep_members=kind == "mc") if kind in ("mc", "rao_blackwell") else {}
    )
    tau = 1e-3 if loss == "squared" else None
    mine = own.predict_ensemble(X, kind, y=y, precision=tau, random_state=1, **several)
    his = hand.predict_ensemble(
        (X - m) / s,
        kind,
        y=(y - c) / t,
        precision=None if tau is None else tau * t**2,
        random_state=1,
        **several,
    )
    same = dict(rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(mine.mean, c + t * his.mean)
    np.testing.assert_allclose(mine.std, t * his.std, **same)
    np.testing.assert_allclose(mine.standard_error, t * his.standard_error, **same)
    predicted = mine.mean if mine.mean.ndim == 2 else mine.mean[:, None]
    if mine.members is not None:
        np.testing.assert_array_equal(mine.members, c + t * his.members)
        np.testing.assert_allclose(mine.members.mean(axis=0), mine.mean, rtol=1e-12)
    if kind == "weight_scaling":
        np.testing.assert_array_equal(mine.mean, own.predict(X))
        errors = ((predicted - y[:, None]) ** 2).sum(axis=1).mean()
        np.testing.assert_allclose(mine.member_errors, [errors], rtol=1e-10)
        if isinstance(loss, str) and loss != "gaussian":
            value = sh.core.loss_value(loss, y, own.predict(X))
            np.testing.assert_allclose(mine.member_losses, [value], rtol=1e-10)
    if loss == "gaussian":
        np.testing.assert_allclose(mine.data_variance, t**2 * his.data_variance, **same)
        if kind == "weight_scaling":
            std, at = own.predict_std(X), own.predict(X)
            log = -0.5 * (np.log(2 * np.pi * std**2) + ((y - at) / std) ** 2)
            np.testing.assert_allclose(mine.log_likelihood, log, rtol=1e-10)
            value = np.mean(np.log(std) + 0.5 * ((y - at) / std) ** 2)
            np.testing.assert_allclose(mine.member_losses, [value], rtol=1e-10)
    if tau is not None and kind == "weight_scaling":
        log = 0.5 * np.log(tau / (2 * np.pi)) - 0.5 * tau * (y - own.predict(X)) ** 2
        np.testing.assert_allclose(mine.log_likelihood, log, rtol=1e-10)
    if mine.log_likelihood is not None:
        np.testing.assert_allclose(mine.log_likelihood, his.log_likelihood - np.log(t), **same)


@pytest.mark.parametrize("loss", ["squared", "gaussian"])
def test_several_targets_have_a_scale_each(loss: str) -> None:
    X, y, _ = data()
    Y = np.column_stack([y, 1e-3 * X[:, 3], 1e5 * X[:, 0]])
    own = sh.DropoutMLPRegressor(loss=loss, dtype="float64", **SMALL).fit(X, Y)
    (m, s), (c, t) = moments(X), moments(Y)
    hand = sh.DropoutMLPRegressor(loss=loss, dtype="float64", **BY_HAND)
    hand.fit((X - m) / s, (Y - c) / t)
    np.testing.assert_array_equal(own.predict(X), c + t * hand.predict((X - m) / s))
    for kind in ("mc", "rao_blackwell", "exact_arithmetic"):
        mine = own.predict_ensemble(X, kind, y=Y, random_state=0)
        his = hand.predict_ensemble((X - m) / s, kind, random_state=0)
        np.testing.assert_allclose(mine.mean, c + t * his.mean, rtol=1e-11)
        np.testing.assert_allclose(mine.std, t * his.std, rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(
            mine.standard_error, t * his.standard_error, rtol=1e-9, atol=1e-14
        )
    flat = own.predict_ensemble(
        X, "weight_scaling", y=Y, precision=2.0 if loss == "squared" else None
    )
    np.testing.assert_allclose(flat.member_errors, [((own.predict(X) - Y) ** 2).sum(1).mean()])
    if loss == "squared":
        value = 0.5 * ((own.predict(X) - Y) ** 2).sum(1)
        np.testing.assert_allclose(flat.member_losses, [value.mean()])
        log = 1.5 * np.log(2.0 / (2 * np.pi)) - 2.0 * value
    else:
        std = own.predict_std(X)
        value = (np.log(std) + 0.5 * ((Y - own.predict(X)) / std) ** 2).sum(1)
        np.testing.assert_allclose(flat.member_losses, [value.mean()], rtol=1e-9)
        log = -value - 1.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(flat.log_likelihood, log, rtol=1e-9)
    reached = own.predict_ensemble(X, standard_error=float(2 * t.max()), random_state=0)
    assert reached.standard_error.max() <= 2 * t.max()


def test_classes_scale_columns_alone() -> None:
    X, y, w = data()
    labels = np.array(["a", "b", "c"])[np.digitize(y, [980.0, 1020.0])]
    m, s = moments(X, w)
    for each in (labels, labels == "a"):
        own = sh.DropoutMLPClassifier(**SMALL).fit(X, each, w)
        hand = sh.DropoutMLPClassifier(**BY_HAND).fit((X - m) / s, each, w)
        assert own.scaling_.targets is None
        np.testing.assert_array_equal(own.predict_proba(X), hand.predict_proba((X - m) / s))
        mine = own.predict_ensemble(X, y=each, random_state=0)
        his = hand.predict_ensemble((X - m) / s, y=each, random_state=0)
        np.testing.assert_array_equal(mine.mean, his.mean)
        np.testing.assert_array_equal(mine.log_likelihood, his.log_likelihood)


def test_none_is_a_network_of_the_data_as_they_are() -> None:
    X, y, w = data()
    X = (X - X.mean(0)) / X.std(0) * 2 + 1
    own = sh.DropoutMLPRegressor(**BY_HAND).fit(X, y / 100, w)
    network = Network(4, own._network.loss, 1, own._setting(), 3)
    network.regularize(dropout=0.25)
    network.set_examples(X.astype(np.float32), y / 100, w)
    network.run(3, residual_at_end=True)
    assert own.scaling_ is None
    np.testing.assert_array_equal(own.predict(X), network.eta(X.astype(np.float32))[:, 0])
    assert own.kkt_residual_ == network.kkt_residual()


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_with_a_link_leave_the_target(loss: str) -> None:
    X, y, _ = data()
    m, s = moments(X)
    y = np.exp((y - y.mean()) / y.std())
    own = sh.DropoutMLPRegressor(loss=loss, **SMALL).fit(X, y)
    hand = sh.DropoutMLPRegressor(loss=loss, **BY_HAND).fit((X - m) / s, y)
    np.testing.assert_array_equal(own.predict(X), hand.predict((X - m) / s))


def test_early_stopping_takes_statistics_from_the_training_rows() -> None:
    X, y, w = data(n=60)
    model = sh.DropoutMLPRegressor(early_stopping=True, **SMALL).fit(X, y, w)
    from shrinkage.neural.splitting import split

    train, test = split(y, None, 0.1, 3)
    m, s = moments(X[train], w[train])
    c, t = moments(y[train], w[train])
    np.testing.assert_array_equal(model.scaling_.inputs.centre, m)
    np.testing.assert_array_equal(model.scaling_.inputs.scale, s)
    np.testing.assert_array_equal(
        [model.scaling_.targets.centre[0], model.scaling_.targets.scale[0]], [c, t]
    )
    hand = sh.DropoutMLPRegressor(early_stopping=True, **BY_HAND)
    hand.fit(
        (X[train] - m) / s,
        (y[train] - c) / t,
        w[train],
        validation=((X[test] - m) / s, (y[test] - c) / t, w[test]),
    )
    np.testing.assert_array_equal(model.history_.validation_loss, hand.history_.validation_loss)


def test_partial_fit_and_warm_starts_keep_the_first_statistics() -> None:
    X, y, _ = data()
    (m, s), (c, t) = moments(X), moments(y)
    own, hand = sh.DropoutMLPRegressor(**SMALL), sh.DropoutMLPRegressor(**BY_HAND)
    for shift in (0.0, 10.0):
        own.partial_fit(X + shift, y + shift)
        hand.partial_fit((X + shift - m) / s, (y + shift - c) / t)
    np.testing.assert_array_equal(own.predict(X), c + t * hand.predict((X - m) / s))
    own = sh.DropoutMLPRegressor(warm_start=True, **SMALL).fit(X, y).fit(X + 5, y + 5)
    np.testing.assert_array_equal(own.scaling_.inputs.centre, m)
    own.set_params(scale="robust")
    with pytest.raises(InvalidArgument, match="scale"):
        own.fit(X, y)
    own.set_params(warm_start=False).fit(X + 5, y)
    np.testing.assert_array_equal(own.scaling_.inputs.centre, np.median(X + 5, axis=0))


def test_weights_of_the_network_for_data_as_they_came() -> None:
    X, y, _ = data()
    Y = np.column_stack([y, X[:, 3]])
    for loss, target in (("squared", Y), ("gaussian", Y), ("huber", y), (Quantiles((0.2, 0.6)), y)):
        for sizes in ((), (6, 5)):
            arguments: Any = dict(SMALL, hidden_layer_sizes=sizes, dtype="float64", dropout=0.0)
            model = sh.DropoutMLPRegressor(loss=loss, **arguments).fit(X, target)
            h = X
            pairs = list(zip(model.coefs_original_(), model.intercepts_original_(), strict=True))
            for layer, (w, b) in enumerate(pairs):
                h = h @ w + b
                h = np.maximum(h, 0) if layer < len(pairs) - 1 else h
            if loss == "gaussian":
                np.testing.assert_allclose(np.exp(0.5 * h[:, 2:]), model.predict_std(X), rtol=1e-9)
                h = h[:, :2]
            if isinstance(loss, Quantiles):  # whose predictions are rearranged
                h = np.sort(h, axis=1)
            np.testing.assert_allclose(np.squeeze(h), model.predict(X), rtol=1e-9)
    plain = sh.DropoutMLPRegressor(**BY_HAND).fit((X - X.mean(0)) / X.std(0), y / 1000)
    for mine, his in zip(plain.coefs_original_(), plain.coefs_, strict=True):
        np.testing.assert_array_equal(mine, his)


def test_sparse_columns_are_scaled_without_centring() -> None:
    rng = np.random.default_rng(2)
    X = sparse.random(60, 6, 0.4, random_state=1, format="csr") * 1e4
    y = np.asarray(X.sum(axis=1)).ravel() + rng.standard_normal(60)
    w = rng.uniform(0.5, 2.0, 60)
    for weights in (None, w):
        model = sh.DropoutMLPRegressor(**SMALL).fit(X, y, weights)
        s = moments(X.toarray(), weights)[1]
        np.testing.assert_allclose(model.scaling_.inputs.scale, s, rtol=1e-13)
        np.testing.assert_array_equal(model.scaling_.inputs.centre, 0.0)
        dense = model.predict(X.toarray())
        np.testing.assert_allclose(model.predict(X), dense, rtol=1e-4)
    centred = sh.DropoutMLPRegressor(**SMALL).fit(X.toarray(), y)
    np.testing.assert_array_equal(centred.predict(X), centred.predict(X.toarray()))
    robust = sh.DropoutMLPRegressor(scale="robust", **SMALL).fit(X, y)
    lower, upper = np.quantile(X.toarray(), [0.25, 0.75], axis=0)
    np.testing.assert_allclose(robust.scaling_.inputs.scale, upper - lower)


def test_constant_and_extreme_columns() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(40)
    columns = [x, x * 1e30, 7e29 + x * 1e28, x * 1e-30, np.full(40, 0.1), x * 1e200, x * 1e-200]
    X = np.column_stack([*columns, np.zeros(40)])
    for of_y in (1.0, 1e30, 1e-30, 1e200):
        with np.errstate(all="raise", under="ignore"):
            model = sh.DropoutMLPRegressor(
                (8,), max_epochs=60, learning_rate=0.01, random_state=0, dropout=0.0
            ).fit(X, of_y * x)
        np.testing.assert_array_equal(model.scaling_.inputs.scale[[4, 7]], 1.0)
        assert model.scaling_.inputs.centre[4] == 0.1
        assert np.abs(model.predict(X) / of_y - x).max() < 0.5
    flat = sh.DropoutMLPRegressor(**SMALL).fit(X[:, :1], np.full(40, 3.0))
    assert flat.scaling_.targets.centre[0] == 3.0
    assert flat.scaling_.targets.scale[0] == 1.0
    beyond = X.copy()
    beyond[0, 3] = 1e30
    with pytest.raises(InvalidArgument, match="beyond all that was trained on"):
        model.predict(beyond)


def test_robust_is_median_and_interquartile_range() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_cauchy((80, 3))
    X[:, 2] = rng.random(80) < 0.1  # of which both quartiles are 0
    y = X[:, 0]
    model = sh.DropoutMLPRegressor(scale="robust", **SMALL).fit(X, y)
    lower, middle, upper = np.quantile(X[:, :2], [0.25, 0.5, 0.75], axis=0)
    np.testing.assert_array_equal(model.scaling_.inputs.centre, [*middle, 0.0])
    np.testing.assert_array_equal(model.scaling_.inputs.scale, [*(upper - lower), X[:, 2].std()])
    weights = rng.integers(0, 4, 80)
    weighted = sh.DropoutMLPRegressor(scale="robust", **SMALL).fit(X, y, weights)
    ranked = np.repeat(X[:, 0], weights)
    expected = np.quantile(ranked, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    np.testing.assert_allclose(weighted.scaling_.inputs.centre[0], expected[1])
    np.testing.assert_allclose(weighted.scaling_.inputs.scale[0], expected[2] - expected[0])


def test_weights_count_rows_as_repeats_do() -> None:
    X, y, _ = data()
    weights = np.arange(50) % 4
    one = sh.DropoutMLPRegressor(**SMALL).fit(X, y, weights).scaling_
    other = sh.DropoutMLPRegressor(**SMALL).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    np.testing.assert_allclose(one.inputs.scale, other.scaling_.inputs.scale, rtol=1e-12)
    np.testing.assert_allclose(one.targets.centre, other.scaling_.targets.centre, rtol=1e-12)
    X[weights == 0] = 1e9  # rows that count nothing
    again = sh.DropoutMLPRegressor(**SMALL).fit(X, y, weights).scaling_
    np.testing.assert_array_equal(again.inputs.scale, one.inputs.scale)
    equal = sh.DropoutMLPRegressor(**SMALL).fit(X, y, np.full(50, 7.0)).predict(X)
    np.testing.assert_array_equal(equal, sh.DropoutMLPRegressor(**SMALL).fit(X, y).predict(X))


def test_copies_pickles_paths_and_many_answer_alike() -> None:
    X, y, w = data()
    model = sh.DropoutMLPRegressor(**SMALL).fit(X, y, w)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        np.testing.assert_array_equal(other.predict(X), model.predict(X))
    (many,) = fit_many([clone(model)], X, y, sample_weight=w)
    np.testing.assert_array_equal(many.predict(X), model.predict(X))
    (m, s), (c, t) = moments(X), moments(y)
    hand = ((X - m) / s, (y - c) / t)
    lambdas = [1e-3, 1e-2]
    mine = fit_penalty_path(
        sh.DropoutMLPRegressor(penalty="l1", **SMALL), X, y, lambdas=lambdas, validation=(X, y)
    )
    his = fit_penalty_path(
        sh.DropoutMLPRegressor(penalty="l1", **BY_HAND), *hand, lambdas=lambdas, validation=hand
    )
    np.testing.assert_array_equal(mine.train_loss, his.train_loss)
    np.testing.assert_array_equal(mine.validation_loss, his.validation_loss)
    np.testing.assert_array_equal(mine.estimator.predict(X), c + t * his.estimator.predict(hand[0]))
    np.testing.assert_array_equal(
        activations(mine.estimator, X), activations(his.estimator, hand[0])
    )
    removed, by_hand = (
        error_without_units(net, *rows, (0.0, 0.3), n_draws=5)
        for net, rows in ((mine.estimator, (X, y)), (his.estimator, hand))
    )
    np.testing.assert_allclose(removed.error, t**2 * by_hand.error, rtol=1e-6)
    sparse_net = sh.DropoutMLPRegressor(penalty="input_group", lam=0.05, **SMALL).fit(X, y)
    small = sparse_net.compact()
    np.testing.assert_allclose(small.predict(X), sparse_net.predict(X), rtol=1e-5)
    assert small.coefs_original_()[0].shape == small.coefs_[0].shape


def test_comparisons_are_in_the_units_of_y() -> None:
    X, y, _ = data()
    (m, s), (c, t) = moments(X), moments(y)
    settings = dict(methods=("weight_scaling", "mc", "independent"), n_networks=2, n_members=8)
    mine = compare_ensembles(sh.DropoutMLPRegressor(**SMALL), X, y, test=(X, y), **settings)
    rows = ((X - m) / s, (y - c) / t)
    his = compare_ensembles(sh.DropoutMLPRegressor(**BY_HAND), *rows, test=rows, **settings)
    for one, other in zip(mine.rows, his.rows, strict=True):
        np.testing.assert_allclose(one.error.value, t**2 * other.error.value, rtol=1e-5)
        np.testing.assert_allclose(one.nll.value, other.nll.value + np.log(t), rtol=1e-5)
        np.testing.assert_allclose(one.calibration.value, other.calibration.value)


def test_the_objective_is_printed_in_scaled_units() -> None:
    X, y, _ = data()
    model = sh.DropoutMLPRegressor(loss="huber", penalty="l1", lam=0.01, **SMALL).fit(X, y)
    text = model.explain_objective()
    assert f"δ = {1.35 / y.std():.6g}" in text
    assert f"y = (target − {y.mean():.6g})/{y.std():.6g}" in text
    assert "0.01 ‖W_1‖₁" in text and "rates 0, 0.25, 0.25" in text
    plain = sh.DropoutMLPRegressor(**dict(BY_HAND, dropout=0.0)).fit(X, y / 1e4)
    assert "x and y as they are" in plain.explain_objective()
    assert "E_mask" not in plain.explain_objective()
    assert "(1/Σw) Σ w_i ½(y_i − η_i)²\n" in plain.explain_objective()
    assert "(m_i, s_i)" in model.set_params(loss="gaussian").fit(X, y).explain_objective()
    assert isinstance(model._network.loss, Gaussian)


def test_scale_and_dropout_are_checked_and_have_defaults() -> None:
    X, y, _ = data()
    with pytest.raises(InvalidArgument, match="scale='minmax'"):
        sh.DropoutMLPRegressor(scale="minmax").fit(X, y)
    model = sh.DropoutMLPRegressor(max_epochs=1, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.dropout_rates_, [0.0, 0.1, 0.1])
    classifier = sh.DropoutMLPClassifier(max_epochs=1, random_state=0).fit(X, y > 1000)
    np.testing.assert_array_equal(classifier.dropout_rates_, [0.0, 0.2, 0.2])
    scaler = StandardScaler().fit(X)
    np.testing.assert_allclose(classifier.scaling_.inputs.scale, scaler.scale_, rtol=1e-13)
