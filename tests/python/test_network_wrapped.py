"""Networks inside pipelines and searches: what takes them, what says that it does not."""

from typing import Any

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import (
    activations,
    compare_ensembles,
    error_under_noise,
    error_without_units,
    fit_dropout_path,
    fit_many,
    fit_penalty_path,
    predict_ensemble,
    unit_correlations,
    unit_view,
)

rng = np.random.default_rng(0)
X = 50.0 + 20.0 * rng.standard_normal((60, 3))
LABELS = np.array(["no", "yes"])[(X[:, 0] > 50).astype(int)]
NUMBERS = 5.0 * X[:, 0] + X[:, 1]


def network(**changes: Any) -> sh.DropoutMLPClassifier:
    given = {"max_epochs": 10, "kkt_every": 0, "random_state": 0, "learning_rate": 0.01}
    return sh.DropoutMLPClassifier((6,), **given, **changes)


def test_a_pipeline_is_compared_as_the_network_at_its_end() -> None:
    pipeline = make_pipeline(StandardScaler(), "passthrough", network())
    steps = StandardScaler().fit(X[:40])
    test = X[40:], LABELS[40:]
    options: dict[str, Any] = {"n_networks": 2, "n_members": 5}
    ours = compare_ensembles(pipeline, X[:40], LABELS[:40], test=test, **options)
    inner = compare_ensembles(
        network(),
        steps.transform(X[:40]),
        LABELS[:40],
        test=(steps.transform(test[0]), test[1]),
        **options,
    )
    assert [row.nll for row in ours.rows] == [row.nll for row in inner.rows]
    assert not hasattr(pipeline[0], "mean_")  # left as it was
    alone = compare_ensembles(
        make_pipeline(network()), X[:40], LABELS[:40], test=test, methods=["mc"], **options
    )
    assert np.isfinite(alone.rows[0].nll.value)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline(StandardScaler(), model).fit(X, LABELS),
        lambda model: FrozenEstimator(make_pipeline(StandardScaler(), model).fit(X, LABELS)),
        lambda model: GridSearchCV(
            make_pipeline(StandardScaler(), model), {"dropoutmlpclassifier__lam": [0.0]}, cv=2
        ).fit(X, LABELS),
    ],
    ids=["pipeline", "frozen", "search"],
)
def test_units_are_looked_at_inside_what_wraps_them(wrap: Any) -> None:
    model, rows = wrap(network()), StandardScaler().fit_transform(X)
    inner = network().fit(rows, LABELS)
    np.testing.assert_allclose(activations(model, X), activations(inner, rows), rtol=1e-5)
    np.testing.assert_allclose(
        unit_correlations(model, X), unit_correlations(inner, rows), rtol=0, atol=1e-5
    )
    np.testing.assert_array_equal(unit_view(model, X, 0).rows, unit_view(inner, rows, 0).rows)
    ours = error_without_units(model, X, LABELS, [0.0, 0.5], n_draws=3)
    theirs = error_without_units(inner, rows, LABELS, [0.0, 0.5], n_draws=3)
    np.testing.assert_array_equal(ours.error, theirs.error)
    assert error_under_noise(model, X, LABELS, [0.0, 1.0], n_draws=2).errors[0].value < 0.5


OTHERS = {
    "Pipeline": make_pipeline(StandardScaler(), network()),
    "GridSearchCV": GridSearchCV(network(), {"lam": [0.0]}),
    "TransformedTargetRegressor": TransformedTargetRegressor(
        sh.DropoutMLPRegressor((4,), max_epochs=2)
    ),
    "LogisticRegression": LogisticRegression(),
    "FrozenEstimator": FrozenEstimator(network()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_trains_networks_names_what_it_takes(name: str) -> None:
    model = OTHERS[name]
    calls: list[Any] = [
        lambda: fit_many([network(), model], X, LABELS),
        lambda: fit_penalty_path(model, X, LABELS, lambdas=[0.1]),
        lambda: fit_dropout_path(model, X, LABELS, rates=[0.1]),
        lambda: predict_ensemble(model, X),
    ]
    if name != "Pipeline":
        calls.append(lambda: compare_ensembles(model, X, LABELS, test=(X, LABELS)))
        calls.append(lambda: compare_ensembles(make_pipeline(model), X, LABELS, test=(X, LABELS)))
    for call in calls:
        with pytest.raises(InvalidArgument, match=f"(estimator|network).*=<{name}>.*give a "):
            call()


def test_what_looks_at_networks_names_what_it_takes() -> None:
    model = LogisticRegression(max_iter=1000).fit(X, LABELS)
    for call in (
        lambda: activations(model, X),
        lambda: unit_correlations(model, X),
        lambda: unit_view(model, X, 0),
        lambda: error_without_units(model, X, LABELS),
    ):
        with pytest.raises(InvalidArgument, match=r"model=<LogisticRegression>.*Pipeline"):
            call()
