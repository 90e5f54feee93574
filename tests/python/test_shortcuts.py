"""A planted shortcut: what the column says, and what models that lean on it lose."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import PlantedShortcut, plant_shortcut, shortcut_study
from shrinkage.uncertainty import clopper_pearson, crossed_mean_estimate

CHANCE = 1e-4  # with which a true statement may fail a test
Rows = tuple[np.ndarray, np.ndarray]


def classes(n: int, seed: int, labels: tuple[str, ...] = ("a", "b", "c")) -> Rows:
    rng = np.random.default_rng(seed)
    places = rng.integers(0, len(labels), n)
    X = rng.standard_normal((n, 3))
    X[:, 0] += 2.0 * places
    return X, np.array(labels)[places]


def numbers(n: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    return X, 5.0 + 2.0 * X[:, 0] + rng.standard_normal(n)


def network(**changes: Any) -> Any:
    return sh.DropoutMLPClassifier((16,), learning_rate=0.01, max_epochs=20, kkt_every=0, **changes)


def test_the_column_is_the_last_and_scrambled_it_is_a_permutation() -> None:
    for train, test, task in (
        (classes(300, 0), classes(200, 1), "classification"),
        (numbers(300, 0), numbers(200, 1), "regression"),
    ):
        found = plant_shortcut(*train, test=test, task=task)
        np.testing.assert_array_equal(found.train[:, :-1], train[0])
        for inputs in (found.intact, found.scrambled):
            np.testing.assert_array_equal(inputs[:, :-1], test[0])
        moved = found.scrambled[:, -1] != found.intact[:, -1]
        assert moved.mean() > 0.5
        np.testing.assert_array_equal(np.sort(found.scrambled[:, -1]), np.sort(found.intact[:, -1]))


@pytest.mark.parametrize("agreement", [0.0, 1 / 3, 0.9, 1.0])
def test_classes_agree_as_often_as_said(agreement: float) -> None:
    (X, y), test = classes(6000, 0), classes(5000, 1)
    found = plant_shortcut(X, y, test=test, agreement=agreement)
    code_of = np.array([-1.0, 0.0, 1.0]) * np.sqrt(1.5)  # mean 0 and variance 1 if equally frequent
    for inputs, labels in ((found.train, y), (found.intact, test[1])):
        places = np.searchsorted(["a", "b", "c"], labels)
        codes = np.searchsorted(code_of, inputs[:, -1] - 1e-9)
        np.testing.assert_allclose(inputs[:, -1], code_of[codes], rtol=1e-12)
        hits = int((codes == places).sum())
        low, high = clopper_pearson(hits, len(labels), 1 - CHANCE)
        assert low <= agreement <= high
        if agreement < 1:  # other classes are equally likely
            ahead = np.bincount((codes - places) % 3, minlength=3)[1:]
            assert stats.chisquare(ahead).pvalue > CHANCE
    chance = np.searchsorted(code_of, found.scrambled[:, -1] - 1e-9) == places
    low, high = clopper_pearson(chance.sum(), len(chance), 1 - CHANCE)
    assert low <= 1 / 3 <= high


@pytest.mark.parametrize("agreement", [0.0, 0.6, 1.0])
def test_numbers_correlate_as_said(agreement: float) -> None:
    (X, y), test = numbers(4000, 0), numbers(3000, 1)
    found = plant_shortcut(X, y, test=test, agreement=agreement, task="regression")
    for inputs, target in ((found.train, y), (found.intact, test[1])):
        column = inputs[:, -1]
        if agreement == 1:
            np.testing.assert_array_equal(column, (target - y.mean()) / y.std())
            continue
        reach = stats.norm.ppf(1 - CHANCE / 2) / np.sqrt(len(column) - 3)  # Fisher's z
        measured = np.corrcoef(column, target)[0, 1]
        assert abs(np.arctanh(measured) - np.arctanh(agreement)) < reach
        assert column.std() == pytest.approx(1.0, abs=0.06)
    scrambled = np.corrcoef(found.scrambled[:, -1], test[1])[0, 1]
    assert abs(scrambled) < stats.norm.ppf(1 - CHANCE / 2) / np.sqrt(3000)


def test_a_column_follows_from_the_random_state() -> None:
    (X, y), test = classes(50, 0), classes(40, 1)

    def planted(seed: int) -> PlantedShortcut:
        return plant_shortcut(X, y, test=test, agreement=0.5, random_state=seed)

    for name in ("train", "intact", "scrambled"):
        first, again, other = (getattr(planted(seed), name) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


def test_a_study_gives_what_can_be_had_by_hand() -> None:
    (X, y), test = classes(120, 0), classes(90, 1)
    models = {"plain": network(dropout=0.0), "dropout": network(dropout=0.4)}
    found = shortcut_study(models, X, y, test=test, agreement=0.9, n_repeats=3, random_state=7)
    assert [row.model for row in found.rows] == ["plain", "dropout"]
    for seed in range(7, 10):
        planted = plant_shortcut(X, y, test=test, agreement=0.9, random_state=seed)
        for row, rate in zip(found.rows, (0.0, 0.4), strict=True):
            model = network(dropout=rate, random_state=seed).fit(planted.train, y)
            intact = model.predict(planted.intact) != test[1]
            scrambled = model.predict(planted.scrambled) != test[1]
            np.testing.assert_array_equal(row.intact_scores[seed - 7], intact)
            np.testing.assert_array_equal(row.scrambled_scores[seed - 7], scrambled)
    plain, dropout = found.rows
    for row in found.rows:
        assert row.intact == crossed_mean_estimate(row.intact_scores)
        assert row.scrambled == crossed_mean_estimate(row.scrambled_scores)
        assert row.harm == crossed_mean_estimate(row.scrambled_scores - row.intact_scores)
    assert plain.change is None
    apart = dropout.scrambled_scores - plain.scrambled_scores
    assert dropout.change == crossed_mean_estimate(apart)
    assert not hasattr(models["plain"], "coefs_")  # left as it is
    frame = found.to_frame()
    assert list(frame["model"]) == ["plain", "dropout"] and np.isnan(frame["change"][0])
    assert frame["harm_low"][1] == dropout.harm.low


def test_any_estimator_of_scikit_learns_kind_takes_part() -> None:
    models: dict[str, Any] = {
        "linear": LinearRegression(),
        "network": sh.DropoutMLPRegressor((8,), max_epochs=5, kkt_every=0),
        "scaled": make_pipeline(StandardScaler(), sh.DropoutMLPRegressor((8,), max_epochs=5)),
    }
    X, y = numbers(100, 0)
    calls = [
        shortcut_study(models, X, y, test=numbers(80, 1), n_repeats=2, random_state=seed)
        for seed in (0, 0, 1)
    ]
    for first, again, other in zip(*(call.rows for call in calls), strict=True):
        np.testing.assert_array_equal(first.scrambled_scores, again.scrambled_scores)
        assert (first.scrambled_scores != other.scrambled_scores).any()


def test_harm_is_seen_where_there_is_a_shortcut_and_not_where_there_is_none() -> None:
    (X, y), test = classes(400, 0), classes(400, 1)
    for agreement in (0.98, 1 / 3):
        models = {"logistic": LogisticRegression(), "network": network(dropout=0.0)}
        found = shortcut_study(models, X, y, test=test, agreement=agreement, n_repeats=4)
        for row in found.rows:
            if agreement > 0.5:
                assert row.harm.low > 0.1
            else:
                apart = row.scrambled_scores - row.intact_scores
                harm = crossed_mean_estimate(apart, level=1 - CHANCE)
                assert harm.low <= 0 <= harm.high
    (X, y), test = numbers(400, 0), numbers(400, 1)
    leaning = shortcut_study({"linear": LinearRegression()}, X, y, test=test, agreement=0.98)
    assert leaning.rows[0].harm.low > 0.1


def test_bad_arguments_name_themselves() -> None:
    (X, y), test = classes(30, 0), classes(20, 1)
    targets = numbers(30, 0)[1]

    def plant(*given: Any, **options: Any) -> Callable[[], Any]:
        return lambda: plant_shortcut(*given, **{"test": test, **options})

    def study(models: Any, **options: Any) -> Callable[[], Any]:
        return lambda: shortcut_study(models, X, y, **{"test": test, **options})

    logistic = {"logistic": LogisticRegression()}
    calls: list[tuple[Callable[[], Any], str]] = [
        (plant(X[0], y), "X"),
        (plant(X, y[1:]), "y"),
        (plant(X, y, test=X), "test"),
        (plant(X, y, test=(test[0][:, 1:], test[1])), "test[0]"),
        (plant(X, y, test=(test[0], test[1][1:])), "test[1]"),
        (plant(X, y, test=(test[0], np.full(20, "d"))), "test[1][0]"),
        (plant(X, np.full(30, "a")), "y"),
        (plant(X, targets), "y"),
        (plant(X, np.ones(30), test=(X, targets), task="regression"), "y"),
        (plant(X, y, task="regression"), "y"),
        (plant(X, y, task="ranking"), "task"),
        (plant(X, y, agreement=1.1), "agreement"),
        (study({}), "models"),
        (study({**logistic, "linear": LinearRegression()}), "models"),
        (study(logistic, n_repeats=1), "n_repeats"),
        (study(logistic, agreement=-0.1), "agreement"),
    ]
    for call, argument in calls:
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.fields["argument"] == argument
        assert str(caught.value.fields["remedy"])
