"""Recalibration: by scikit-learn's own results, by likelihoods, and on truth that was bent."""

import numpy as np
import pytest
from scipy import optimize, special
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

import shrinkage as sh
from shrinkage.errors import ConvergenceWarning
from shrinkage.uncertainty import (
    Normal,
    NormalMixture,
    RecalibratedProbabilities,
    VarianceScale,
    expected_calibration_error,
    negative_log_likelihood,
)

METHODS = ("temperature", "platt", "isotonic")


def oversure(classes: int, n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities whose logits are twice the true ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes))
    truth = special.softmax(logits, axis=1)
    y = (rng.random(n)[:, None] > truth.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return y, special.softmax(2.0 * logits, axis=1)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_temperature_is_that_of_the_greatest_likelihood(classes: int) -> None:
    y, p = oversure(classes)
    fitted = RecalibratedProbabilities().fit(p, y)

    def loss(t: float) -> float:
        return -float(special.log_softmax(np.log(p) / t, axis=1)[np.arange(len(y)), y].mean())

    best = optimize.minimize_scalar(loss, bounds=(0.1, 10.0)).x
    assert fitted.temperature_ == pytest.approx(best, rel=1e-3)
    assert fitted.temperature_ == pytest.approx(2.0, rel=0.1)
    mended = fitted.predict_proba(p)
    expected = special.softmax(np.log(p) / fitted.temperature_, axis=1)
    np.testing.assert_allclose(mended, expected, atol=1e-9)
    np.testing.assert_array_equal(mended.argmax(axis=1), p.argmax(axis=1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [2, 3])
def test_bent_probabilities_come_true_again(method: str, classes: int) -> None:
    y, p = oversure(classes)
    half = len(y) // 2
    fitted = RecalibratedProbabilities(method).fit(p[:half], y[:half])
    mended = fitted.predict_proba(p[half:])
    np.testing.assert_allclose(mended.sum(axis=1), 1.0)
    before = expected_calibration_error(y[half:], p[half:], n_draws=10).value
    after = expected_calibration_error(y[half:], mended, n_draws=10).value
    assert after < 0.4 * before
    gain = [
        negative_log_likelihood(y[half:], 0.999 * one + 0.001 / classes, n_resamples=10)
        for one in (p[half:], mended)
    ]
    assert gain[1].value < gain[0].value


@pytest.mark.parametrize("method", METHODS)
def test_scikit_learn_calibrates_the_same(method: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    model = FrozenEstimator(LogisticRegression().fit(X[:100], y[:100]))
    names = {"platt": "sigmoid"}
    peer = CalibratedClassifierCV(model, method=names.get(method, method)).fit(X[100:], y[100:])
    ours = RecalibratedProbabilities(method).fit(model.predict_proba(X[100:]), y[100:])
    np.testing.assert_allclose(
        ours.predict_proba(model.predict_proba(X)), peer.predict_proba(X), atol=1e-6
    )


def test_one_column_and_names_of_classes() -> None:
    y, p = oversure(2)
    both = RecalibratedProbabilities("platt").fit(p, y).predict_proba(p)
    one = RecalibratedProbabilities("platt").fit(p[:, 1], np.array(["no", "yes"])[y])
    np.testing.assert_allclose(one.predict_proba(p[:, 1]), both[:, 1])
    assert clone(one).method == "platt"


def test_bad_input_of_recalibration() -> None:
    y, p = oversure(3, n=50)
    with pytest.raises(sh.errors.InvalidArgument, match=r'method.*"isotonic"'):
        RecalibratedProbabilities("beta").fit(p, y)
    with pytest.raises(sh.errors.InvalidArgument, match="without class 2"):
        RecalibratedProbabilities().fit(
            p, np.zeros(50, int) + (np.arange(50) % 2), classes=range(3)
        )
    for method in ("temperature", "platt", "isotonic"):
        fitted = RecalibratedProbabilities(method).fit(p, y)
        for other in ([[0.4, 0.6]], [0.2, 0.3], [[0.1, 0.2, 0.3, 0.4]]):
            with pytest.raises(sh.errors.InvalidArgument, match="3 classes that were fitted"):
                fitted.predict_proba(other)
    with pytest.raises(sh.errors.InvalidArgument, match="hit exactly"):
        VarianceScale().fit(Normal([1.0, 2.0], 1.0), [1.0, 2.0])
    with pytest.raises(sh.errors.InvalidArgument, match="NormalMixture"):
        VarianceScale().fit("normal", [1.0])


def test_the_scale_is_that_of_the_greatest_likelihood() -> None:
    rng = np.random.default_rng(0)
    means, stds = rng.normal(size=(3, 2000)), rng.uniform(0.5, 1.5, 2000)
    mixture = NormalMixture(means, 0.4 * stds)
    truth = NormalMixture(means, stds)
    y = means[rng.integers(0, 3, 2000), np.arange(2000)] + stds * rng.normal(size=2000)
    fitted = VarianceScale().fit(mixture, y)
    assert fitted.scale_ == pytest.approx(2.5, rel=0.05)
    best = fitted.transform(mixture).log_density(y).mean()
    for factor in (0.98, 1.02):
        other = NormalMixture(means, factor * fitted.scale_ * 0.4 * stds)
        assert other.log_density(y).mean() < best
    assert best == pytest.approx(truth.log_density(y).mean(), abs=0.01)
    normal = Normal(means[0], stds)
    mended = VarianceScale().fit(normal, y).transform(normal)
    assert np.mean(((y - mended.mean) / mended.std) ** 2) == pytest.approx(1.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [2, 3])
def test_a_few_rows_are_enough_to_recalibrate_by(method: str, classes: int) -> None:
    """A frozen model needs no folds: five rows, one of a class, are calibrated as they are."""
    p = special.softmax(np.random.default_rng(1).normal(size=(5, classes)), axis=1)
    y = p.argmax(axis=1)
    y[np.argsort(p.max(axis=1))[:2]] = np.arange(2)  # some are wrong
    y[-1] = classes - 1
    fitted = RecalibratedProbabilities(method).fit(p, y, classes=range(classes))
    np.testing.assert_allclose(fitted.predict_proba(p).sum(axis=1), 1.0)


def test_where_no_temperature_is_best_a_warning_says_so() -> None:
    y = np.arange(8) % 2
    right = np.where(y[:, None] == np.arange(2), 0.8, 0.2)
    with pytest.warns(ConvergenceWarning, match="likeliest one in every row"):
        assert RecalibratedProbabilities().fit(right, y).temperature_ < 0.1
    with pytest.warns(ConvergenceWarning, match="no better than chance"):
        assert RecalibratedProbabilities().fit(right[::-1], y).temperature_ > 1e3


def test_an_older_scikit_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    y, p = oversure(2, n=20)
    monkeypatch.setattr("sklearn.__version__", "1.7.2")
    with pytest.raises(sh.errors.InvalidArgument, match=r"scikit-learn 1\.8"):
        RecalibratedProbabilities().fit(p, y)
    RecalibratedProbabilities("platt").fit(p, y)


@pytest.mark.parametrize("factor", [1e-200, 1e-7, 1.0, 1e7, 1e12, 1e200])
def test_a_scale_of_any_size_is_found(factor: float) -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(3, 50))
    y = means.mean(axis=0) + rng.normal(size=50)
    alone = VarianceScale().fit(NormalMixture(means, 1.0), y).scale_
    assert VarianceScale().fit(NormalMixture(means, factor), y).scale_ * factor == pytest.approx(
        alone, rel=2e-6
    )
    one = VarianceScale().fit(Normal(means[0], factor), y).scale_
    assert one * factor == pytest.approx(np.sqrt(np.mean((y - means[0]) ** 2)))
    several = VarianceScale().fit(NormalMixture(means[:1], factor), y).scale_
    assert several == pytest.approx(one)  # a mixture of one


def test_the_greatest_of_several_maxima_is_found() -> None:
    """Members near and far away: tight about the near ones, or wide over both."""
    means = np.repeat([[0.0], [100.0]], 20, axis=1)
    y = np.append(np.full(19, 1e-6), 50.0)  # one row is far from either
    fitted = VarianceScale().fit(NormalMixture(means, 1.0), y).scale_
    grid = np.exp(np.linspace(-15, 6, 2000))
    losses = [NormalMixture(means, s).log_density(y).mean() for s in grid]
    assert fitted == pytest.approx(grid[int(np.argmax(losses))], rel=0.02)
    with pytest.raises(sh.errors.InvalidArgument, match="hit exactly"):
        VarianceScale().fit(NormalMixture(means, 1.0), means[0])
