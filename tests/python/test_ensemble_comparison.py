"""Ensembles side by side: the same numbers as by hand, one budget, and what cannot be compared."""

from typing import Any

import numpy as np
import pytest

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import Masksembles, compare_ensembles, fit_many
from shrinkage.neural.comparison import METHODS


def classes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4))
    return X, np.array(["no", "yes"])[(X[:, 0] + X[:, 1] ** 2 > rng.standard_normal(n)).astype(int)]


def classifier(**changes: Any) -> sh.DropoutMLPClassifier:
    given = {"learning_rate": 0.01, "max_epochs": 20, "kkt_every": 0, **changes}
    return sh.DropoutMLPClassifier((16,), **given)


def test_every_method_is_measured_on_the_same_rows() -> None:
    X, y = classes(200, 0)
    test = classes(150, 1)
    found = compare_ensembles(classifier(), X, y, test=test, n_networks=4, n_members=30)
    rows = {row.method: row for row in found.rows}
    assert tuple(rows) == METHODS
    members = {"weight_scaling": 1, "mc": 30, "rao_blackwell": 1}
    for method, row in rows.items():
        assert row.n_members == members.get(method, 4)
        assert row.error.value < 0.45 and row.fit_seconds > 0 and row.predict_seconds > 0
        assert np.isnan(row.diversity) == (method in ("weight_scaling", "rao_blackwell"))
    # What each says can be had by hand.
    single = classifier(random_state=0).fit(X, y)
    assert rows["weight_scaling"].error.value == pytest.approx(1 - single.score(*test))
    mc = single.predict_ensemble(test[0], n_members=30, random_state=0, y=test[1])
    assert rows["mc"].nll.value == pytest.approx(-np.mean(mc.log_likelihood), rel=1e-6)
    models = [classifier(random_state=seed).set_params(max_epochs=5) for seed in range(4)]
    mean = np.mean([m.predict_proba(test[0]) for m in fit_many(models, X, y)], axis=0)
    wrong = single.classes_[mean.argmax(axis=1)] != test[1]
    assert rows["independent"].error.value == pytest.approx(wrong.mean())
    masked = classifier(random_state=0, dropout_kind=Masksembles(4)).fit(X, y)
    fixed = masked.predict_ensemble(test[0], y=test[1])
    assert rows["masksembles"].nll.value == pytest.approx(-np.mean(fixed.log_likelihood), rel=1e-6)
    frame = found.to_frame()
    assert list(frame["method"]) == list(METHODS)
    assert (frame["nll_low"] <= frame["nll"]).all() and (frame["nll"] <= frame["nll_high"]).all()
    again = compare_ensembles(classifier(), X, y, test=test, n_networks=4, n_members=30)
    assert [row.nll.value for row in again.rows] == [row.nll.value for row in found.rows]


def test_regressors_have_a_density_and_intervals() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    y = X[:, 0] * 2 + 0.5 * rng.standard_normal(300)
    model = sh.DropoutMLPRegressor(
        (20,), dropout=0.1, learning_rate=0.01, max_epochs=60, kkt_every=0
    )
    found = compare_ensembles(
        model, X[:200], y[:200], test=(X[200:], y[200:]), n_networks=3, n_members=20
    )
    for row in found.rows:
        assert row.error.value < 0.6 * np.var(y)
        assert 0.7 < row.calibration.value <= 1.0
        assert np.isfinite(row.nll.value)


def test_what_cannot_be_compared() -> None:
    X, y = classes(40, 0)

    def refused(model: Any, **options: Any) -> str:
        with pytest.raises(InvalidArgument) as caught:
            compare_ensembles(model, X, y, test=(X, y), **options)
        return str(caught.value.fields["argument"])

    assert refused(classifier(), methods=["vote"]) == "methods"
    assert refused(classifier(), methods=[]) == "methods"
    assert refused(classifier(), n_networks=21) == "max_epochs"
    assert refused(classifier(), n_networks=1) == "n_networks"
    assert refused(sh.DropoutMLPRegressor((4,), loss="huber")) == "loss"
    fixed = dict(methods=["masksembles"], n_networks=3)  # no member for some units
    assert refused(classifier(dropout=[0.7]), **fixed) == "dropout[0]"
    assert refused(classifier(input_dropout=0.7), **fixed) == "input_dropout"
    fixed["n_networks"] = 1001  # and not n_members, which is of the masks drawn anew
    assert refused(classifier(max_epochs=1001), **fixed) == "n_networks"
    for wrong in ("half", [0.2, 0.2]):
        assert refused(classifier(dropout=wrong)) == "dropout"


def test_fixed_masks_are_left_out_where_units_would_have_none() -> None:
    X, y = classes(60, 4)
    for rate in (0.6, 0.7):
        found = compare_ensembles(classifier(dropout=rate), X, y, test=(X, y), n_networks=3)
        assert ("masksembles" in [row.method for row in found.rows]) == (rate < 2 / 3)


def test_fixed_masks_are_left_out_where_there_cannot_be_so_many() -> None:
    X = np.random.default_rng(4).standard_normal((12, 3))
    model = sh.DropoutMLPRegressor((4,), dropout=0.2, max_epochs=1001, kkt_every=0)
    found = compare_ensembles(model, X, X[:, 0], test=(X, X[:, 0]), n_networks=1001, n_members=2)
    assert [row.method for row in found.rows] == [name for name in METHODS if name != "masksembles"]


def test_only_rates_of_layers_that_there_are_count() -> None:
    X, y = classes(40, 7)
    for dropout in ([], 0.9):
        model = sh.DropoutMLPClassifier((), dropout=dropout, input_dropout=0.2, max_epochs=5)
        found = compare_ensembles(model, X, y, test=(X, y), n_networks=3, n_members=5)
        assert tuple(row.method for row in found.rows) == METHODS


def test_fixed_masks_take_their_own_kind_and_schedule() -> None:
    X, y = classes(80, 2)
    model = classifier(dropout_kind="gaussian", dropout_schedule="early")
    (row,) = compare_ensembles(model, X, y, test=(X, y), methods=["masksembles"], n_networks=3).rows
    assert (row.method, row.n_members) == ("masksembles", 3)
    assert row.diversity > 0 and row.fit_seconds > 0
    assert model.dropout_kind == "gaussian"


def test_a_column_of_targets_is_a_vector_and_other_lengths_are_refused() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 3))
    y = X[:, 0] + 0.1 * rng.standard_normal(80)
    model = sh.DropoutMLPRegressor((4,), dropout=0.2, max_epochs=10, random_state=0, n_threads=1)

    def compared(train: np.ndarray, test: np.ndarray) -> Any:
        some = ["weight_scaling", "mc"]
        return compare_ensembles(model, X[:40], train, test=(X[40:], test), methods=some).rows

    flat, column = compared(y[:40], y[40:]), compared(y[:40, None], y[40:, None])
    for one, other in zip(flat, column, strict=True):
        assert (one.error, one.nll, one.calibration) == (other.error, other.nll, other.calibration)
    unknown = y[40:].copy()
    unknown[3] = np.nan
    for test, name in ((y[41:], "test[1]"), (unknown, "test[1][3]")):
        with pytest.raises(InvalidArgument) as caught:
            compared(y[:40], test)
        assert caught.value.fields["argument"] == name
    with pytest.raises(InvalidArgument):
        compare_ensembles(model, X, y, test=None)  # type: ignore[arg-type]


def test_without_a_mask_to_integrate_the_others_are_compared() -> None:
    X, y = classes(60, 5)
    for changes in (
        dict(dropout=0.0),
        dict(dropout_kind="concrete"),
        dict(dropout_kind="masksembles"),
    ):
        found = compare_ensembles(classifier(**changes), X, y, test=(X, y), n_networks=3)
        methods = [row.method for row in found.rows]
        assert "mc" in methods and "rao_blackwell" not in methods
    with pytest.raises(InvalidArgument):
        compare_ensembles(
            classifier(dropout=0.0), X, y, test=(X, y), methods=["rao_blackwell"], n_networks=3
        )


def test_bagging_draws_again_where_a_class_is_missing() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 4)), np.zeros(30, dtype=int)
    y[0], y[1] = 1, 2
    model = classifier(max_epochs=10)
    (row,) = compare_ensembles(model, X, y, test=(X, y), methods=["bagging"]).rows
    assert row.n_members == 5
    assert np.isfinite(row.nll.value)


def test_no_mistake_on_few_rows_is_not_certainty() -> None:
    X, y = classes(30, 6)
    found = compare_ensembles(
        classifier(max_epochs=300), X, y, test=(X, y), methods=["weight_scaling"], n_networks=3
    )
    (row,) = found.rows
    assert row.error.low <= row.error.value < row.error.high
