"""Errors under input noise and occlusion: identities, what is drawn, and intervals that cover."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression

import shrinkage as sh
from shrinkage.errors import InvalidArgument
from shrinkage.neural import ErrorCurve, error_under_noise, error_under_occlusion
from shrinkage.uncertainty import clopper_pearson, mean_estimate

CHANCE = 1e-4  # with which a true statement may fail a test
Curve = Callable[..., ErrorCurve]


class Recorder(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts 0 and keeps what it was given."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def predict(self, X: np.ndarray) -> np.ndarray:
        self.seen.append(np.array(X))
        return np.zeros(len(X))


def problem(n: int = 80, p: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1)
    return X, X[:, 0] - 0.5 * X[:, 1] + 0.3 * rng.standard_normal(n)


def models() -> list[tuple[Any, np.ndarray, np.ndarray]]:
    """Fitted models with rows to measure them on."""
    X, y = problem()
    labels = np.where(y > 0, "yes", "no")
    settings: dict[str, Any] = dict(max_epochs=200, learning_rate=0.01, random_state=0, kkt_every=0)
    return [
        (sh.DropoutMLPRegressor((8,), **settings).fit(X, y), X, y),
        (sh.DropoutMLPClassifier((8,), **settings).fit(X, labels), X, labels),
        (LinearRegression().fit(X, np.column_stack([y, -y])), X, np.column_stack([y, -y])),
        (LogisticRegression().fit(X, labels), X, labels),
    ]


def plain_error(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    predicted = model.predict(X)
    if hasattr(model, "classes_"):
        return float(np.mean(predicted != y))
    return float(np.mean((y - predicted) ** 2))


@pytest.mark.parametrize("measure", [error_under_noise, error_under_occlusion])
def test_without_disturbance_it_is_the_plain_error_to_the_bit(measure: Curve) -> None:
    for model, X, y in models():
        found = measure(model, X, y, [0.0, 0.5], n_draws=3)
        scores = np.mean(found.scores[0])
        assert found.errors[0].value == scores
        if y.ndim == 1:
            assert scores == plain_error(model, X, y)
        assert scores == pytest.approx(plain_error(model, X, y), rel=1e-15)
        assert found.errors[1].value > scores


def test_all_covered_is_the_error_of_predicting_from_the_fill() -> None:
    for model, X, y in models():
        for fill in (None, 0.0, np.arange(6.0)):
            seen = X.mean(axis=0) if fill is None else np.broadcast_to(fill, 6)
            expected = plain_error(model, np.tile(seen, (len(X), 1)), y)
            for shape in (None, (2, 3), (1, 2, 3)):
                found = error_under_occlusion(
                    model, X, y, [1.0], fill=fill, image_shape=shape, n_draws=3
                )
                assert found.errors[0].value == pytest.approx(expected, rel=1e-12)
                assert found.levels.tolist() == [1.0]


def test_noise_is_normal_in_units_of_each_column_and_shared_by_levels() -> None:
    X, y = problem(5000)
    model = Recorder()
    error_under_noise(model, X, y, [0.5, 0.0, 2.0], n_draws=2)
    plain, *disturbed = model.seen
    np.testing.assert_array_equal(plain, X)
    assert len(disturbed) == 4  # level 0 needs no draw
    first = (disturbed[0] - X) / 0.5
    np.testing.assert_allclose((disturbed[1] - X) / 2.0, first, rtol=0, atol=1e-12)
    assert np.abs(disturbed[2] - disturbed[0]).min() > 0
    for column, scale in zip(first.T, X.std(axis=0), strict=True):
        assert stats.kstest(column, "norm", (0, scale)).pvalue > CHANCE
    model.seen.clear()
    error_under_noise(model, X, y, [1.0], scale=[0, 1, 0, 0, 0, 3], n_draws=1)
    np.testing.assert_allclose((model.seen[1] - X).std(axis=0), [0, 1, 0, 0, 0, 3], rtol=0.05)


def test_entries_are_covered_as_often_as_said_and_more_by_larger_shares() -> None:
    X, y = problem(5000)
    model = Recorder()
    error_under_occlusion(model, X, y, [0.1, 0.6], fill=99.0, n_draws=1)
    few, many = (each == 99.0 for each in model.seen[1:])
    assert not (few & ~many).any()
    for covered, share in ((few, 0.1), (many, 0.6)):
        low, high = clopper_pearson(covered.sum(), covered.size, 1 - CHANCE)
        assert low <= share <= high
        assert (model.seen[1][~few] == X[~few]).all()


@pytest.mark.parametrize(("shape", "share", "sides"), [((8, 8), 0.25, 4), ((8, 8, 3), 0.01, 1)])
def test_patches_are_squares_somewhere_in_the_image(
    shape: tuple[int, ...], share: float, sides: int
) -> None:
    X = np.random.default_rng(0).random((2000, int(np.prod(shape))))
    model = Recorder()
    found = error_under_occlusion(
        model, X, np.zeros(2000), [share], fill=-1.0, image_shape=shape, n_draws=1
    )
    assert found.levels[0] == sides**2 / 64
    seen = model.seen[1]
    assert (seen == np.where(seen == -1.0, -1.0, X)).all()
    covered = (seen == -1.0).reshape(2000, 8, 8, -1)
    assert (covered == covered[..., :1]).all()  # every channel of a pixel
    pixels = covered[..., 0]
    assert (pixels.sum(axis=(1, 2)) == sides**2).all()
    for axis in (1, 2):
        ends = pixels.any(axis=3 - axis)
        assert (ends.sum(axis=1) == sides).all()
        starts = np.bincount(ends.argmax(axis=1), minlength=9 - sides)
        assert len(starts) == 9 - sides
        assert stats.chisquare(starts).pvalue > CHANCE
    assert (
        model.seen[1].reshape(covered.shape)[~covered] == X.reshape(covered.shape)[~covered]
    ).all()


@pytest.mark.parametrize("measure", [error_under_noise, error_under_occlusion])
def test_draws_follow_from_the_random_state(measure: Curve) -> None:
    model, X, y = models()[0]
    first, again, other = (measure(model, X, y, [0.3], random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.scores, again.scores)
    assert first.errors == again.errors
    assert (first.scores != other.scores).any()
    # A level's error is the same, whatever stands beside it.
    beside = measure(model, X, y, [0.0, 0.3, 0.9])
    np.testing.assert_array_equal(beside.scores[1], first.scores[0])


def test_differences_of_models_are_paired() -> None:
    X, y = problem()
    good = LinearRegression().fit(X, y)
    poor = LinearRegression().fit(X[:12], y[:12])
    curves = [error_under_noise(model, X, y, [0.0, 0.5]) for model in (good, poor)]
    found = curves[1].difference(curves[0])
    for place, estimate in enumerate(found):
        scores = curves[1].scores[place] - curves[0].scores[place]
        assert estimate == mean_estimate(scores)
    own = curves[0].difference(curves[0])
    assert [(each.value, each.low, each.high) for each in own] == [(0, 0, 0)] * 2
    with pytest.raises(InvalidArgument, match="same levels"):
        curves[0].difference(error_under_noise(good, X, y, [0.0, 0.6]))
    with pytest.raises(InvalidArgument, match="same rows"):
        curves[0].difference(error_under_noise(good, X[:9], y[:9], [0.0, 0.5]))
    frame = curves[0].to_frame()
    assert list(frame) == ["level", "error", "error_low", "error_high"]
    assert (frame["error_low"] <= frame["error"]).all()


def test_a_model_fitted_to_a_data_frame_gets_data_frames() -> None:
    X, y = problem()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = LinearRegression().fit(frame, y)  # warns where names are missing
    found = error_under_noise(model, frame, y, [0.0, 1.0], n_draws=2)
    plain = error_under_noise(LinearRegression().fit(X, y), X, y, [0.0, 1.0], n_draws=2)
    np.testing.assert_allclose(
        found.scores, plain.scores, rtol=1e-12, atol=1e-15
    )  # of residuals near 0


def test_intervals_cover_the_error_on_endlessly_many_rows() -> None:
    """Of f(x) = w'x and y = w'x + e: E(y − f)² under noise is σ² + l²Σw², and covered with
    probability s, fill 0, it is σ² + sΣw². 200 replicates; 93 % of them or more are asked for.
    """
    weights, replicates, rows = np.array([1.0, -2.0, 0.5]), 200, 200
    model = LinearRegression().fit(np.eye(3), weights)
    model.coef_, model.intercept_ = weights, 0.0
    truth = 0.5**2 + 0.4 * (weights**2).sum() * np.array([0.4, 1.0])
    hits = np.zeros(2, dtype=int)
    for seed in range(replicates):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((rows, 3))
        y = X @ weights + 0.5 * rng.standard_normal(rows)
        curves = (
            error_under_noise(model, X, y, [0.4], scale=1.0, n_draws=4, random_state=seed),
            error_under_occlusion(model, X, y, [0.4], fill=0.0, n_draws=4, random_state=seed),
        )
        hits += [
            c.errors[0].low <= t <= c.errors[0].high for c, t in zip(curves, truth, strict=True)
        ]
    assert (hits >= stats.binom.ppf(CHANCE, replicates, 0.93)).all()


def test_bad_arguments_name_themselves() -> None:
    model, X, y = models()[0]
    noise, cover = error_under_noise, error_under_occlusion
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: noise(object(), X, y), "model"),
        (lambda: noise(model, X[0], y), "X"),
        (lambda: noise(model, X[:0], y[:0]), "X"),
        (lambda: noise(model, sparse.csr_array(X), y), "X"),
        (lambda: noise(model, X, y[1:]), "y"),
        (lambda: noise(model, X, np.where(y > 0, "yes", "no")), "y"),
        (lambda: noise(model, X, y, []), "levels"),
        (lambda: noise(model, X, y, [0.1, -0.1]), "levels[1]"),
        (lambda: noise(model, X, y, scale=[1, 2]), "scale"),
        (lambda: noise(model, X, y, scale=-1), "scale"),
        (lambda: noise(model, X, y, n_draws=0), "n_draws"),
        (lambda: cover(model, X, y, [0.1, 1.1]), "shares[1]"),
        (lambda: cover(model, X, y, fill=np.zeros(5)), "fill"),
        (lambda: cover(model, X, y, fill=np.nan), "fill[0]"),
        (lambda: cover(model, X, y, image_shape=(2, 2)), "image_shape"),
        (lambda: cover(model, X, y, image_shape=(6,)), "image_shape"),
        (lambda: cover(model, X, y, image_shape=(2, 3.0)), "image_shape"),
        (lambda: cover(model, X, y, image_shape=6), "image_shape"),
    ]
    for call, argument in calls:
        with pytest.raises(InvalidArgument) as caught:
            call()
        assert caught.value.fields["argument"] == argument
        assert str(caught.value.fields["remedy"])
