"""Study: do intervals cover as often as they say? Simulated data, where the truth is known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from threadpoolctl import threadpool_limits

import shrinkage as sh
from shrinkage import uncertainty as un
from support.coverage import CHANCE, HEADER, Measured

TABLE = Path(__file__).resolve().parents[2] / "docs" / "studies" / "uncertainty.md"
REPLICATES = 500
COVERAGE, LEVEL = 0.9, 0.95
ROWS, TEST, SAMPLES = 300, 100, 41
EXACT = np.ceil(0.9 * (ROWS // 4 + 1)) / (ROWS // 4 + 1)  # of the conformal methods


@dataclass
class Predicted:
    """What a way to predict showed: the share covered in each replicate, and the mean size."""

    expected: float
    why: str = ""
    shares: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    def add(self, covered: Any, size: Any) -> None:
        self.shares.append(float(np.mean(covered)))
        self.sizes.append(float(np.mean(size)))

    @property
    def mean(self) -> float:
        return float(np.mean(self.shares))

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(np.std(self.shares, ddof=1) / np.sqrt(len(self.shares)))

    def wrong(self) -> bool:
        """Whether the mean is further from what is expected than chance explains."""
        reach = stats.t.ppf(1.0 - CHANCE / 2, len(self.shares) - 1) * self.error
        return abs(self.mean - self.expected) > reach


def predictions() -> dict[str, Predicted]:
    """The ways to predict an interval or a set, at 90 %."""
    conformal = f"⌈(m + 1)c⌉/(m + 1), m = {ROWS // 4}"
    return {
        "normal, the truth": Predicted(0.9),
        "mixture of 5 normals, the truth": Predicted(0.9),
        f"{SAMPLES} samples of the truth": Predicted(
            0.9 * (SAMPLES - 1) / (SAMPLES + 1),
            why="(T − 1)/(T + 1) of it: quantiles of few samples",
        ),
        "normal at half its width, rescaled by 300 rows": Predicted(
            float(1.0 - 2.0 * stats.t.sf(stats.norm.ppf(0.95), ROWS)), why="t with 300 degrees"
        ),
        "split conformal, least squares": Predicted(EXACT, why=conformal),
        "split conformal, Bayesian ridge, by its deviation": Predicted(EXACT, why=conformal),
        "CQR, linear quantiles": Predicted(EXACT, why=conformal),
        "LAC, logistic regression": Predicted(EXACT, why=conformal),
        "APS, logistic regression": Predicted(EXACT, why=conformal),
    }


def predict(rows: dict[str, Predicted], seed: int) -> None:
    """One replicate of every way to predict."""
    rng = np.random.default_rng(seed)
    names = iter(rows.values())

    def add(y: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> None:
        next(names).add((ends[0] <= y) & (y <= ends[1]), ends[1] - ends[0])

    mean, std = rng.normal(size=TEST), rng.uniform(0.5, 2.0, TEST)
    y = mean + std * rng.normal(size=TEST)
    add(y, un.Normal(mean, std).interval(COVERAGE))
    means, stds = rng.normal(size=(5, TEST)), rng.uniform(0.2, 1.0, (5, TEST))
    pick = (rng.integers(0, 5, TEST), np.arange(TEST))
    mixed = means[pick] + stds[pick] * rng.normal(size=TEST)
    add(mixed, un.NormalMixture(means, stds).interval(COVERAGE))
    add(y, un.Samples(mean + std * rng.normal(size=(SAMPLES, TEST))).interval(COVERAGE))
    known = rng.normal(size=ROWS)
    scale = un.VarianceScale().fit(un.Normal(np.zeros(ROWS), 0.5), known)
    add(y, scale.transform(un.Normal(mean, 0.5 * std)).interval(COVERAGE))

    X = rng.uniform(size=(ROWS + TEST, 2))
    target = X[:, 0] + (0.1 + X[:, 0]) * rng.standard_t(5, len(X))
    quantiles = [
        sh.PenalizedRegressor(loss=sh.Quantile(q), lam=1e-3, n_threads=1) for q in (0.05, 0.95)
    ]
    for model in (
        un.SplitConformalRegressor(LinearRegression(), random_state=seed),
        un.SplitConformalRegressor(BayesianRidge(), scale="std", random_state=seed),
        un.ConformalizedQuantileRegressor(*quantiles, random_state=seed),
    ):
        add(target[ROWS:], model.fit(X[:ROWS], target[:ROWS]).predict_interval(X[ROWS:]))
    logits = 3.0 * X @ [[1, 0, -1], [0, 1, -1]] + [0, 0, 2]
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    for score in ("lac", "aps"):
        wrapped = un.SplitConformalClassifier(
            LogisticRegression(), conformity_score=score, random_state=seed
        ).fit(X[:ROWS], labels[:ROWS])
        sets = wrapped.predict_set(X[ROWS:])
        places = np.searchsorted(wrapped.classes_, labels[ROWS:])
        next(names).add(sets[np.arange(TEST), places], sets.sum(axis=1))


def bent(p: np.ndarray) -> np.ndarray:
    """A forecast of events of probability p that is not calibrated."""
    return p**1.5


# Forecasts that are nearly sure and too sure: held, true, rows.
SURE = {
    "ECE of .999 where .99 comes true, 1000 rows": (0.999, 0.99, 1000),
    "ECE of .99 where .97 comes true, 100 rows": (0.99, 0.97, 100),
    "ECE of .99 where .9 comes true, 100 rows": (0.99, 0.9, 100),
    "ECE of .95 where .9 comes true, 300 rows": (0.95, 0.9, 300),
}


def sure(rng: np.random.Generator, held: float, true: float, n: int) -> un.Estimate:
    """The calibration error of forecasts around `held`, each too sure by as much."""
    spread = 0.5 * (1.0 - held) * rng.uniform(-1, 1, n)
    y = (rng.random(n) < true + spread).astype(int)
    return un.expected_calibration_error(y, held + spread, classes=[0, 1])


def parts_of(p: np.ndarray, q: np.ndarray, n_bins: int = 15) -> tuple[float, float]:
    """Reliability and resolution of forecasts q, which rise with the truth p, in equal masses."""
    held, true = q.reshape(n_bins, -1).mean(axis=1), p.reshape(n_bins, -1).mean(axis=1)
    return float(((held - true) ** 2).mean()), float(true.var())


def width_of(y: np.ndarray, ends: np.ndarray, seed: int) -> list[un.Estimate]:
    """Scores of central 90 % intervals of N(0, 1), and of sets that hold the label in 9 of 10."""
    rng = np.random.default_rng([seed, 1])
    spread = rng.uniform(0.5, 2.0, len(y))
    labels, sets = rng.integers(0, 3, len(y)), rng.random((len(y), 3)) < 0.5
    sets[np.arange(len(y)), labels] = rng.random(len(y)) < 0.9
    pit = un.pit_histogram(un.Normal(np.zeros(len(y)), 1.0).pit(y))
    density = un.Estimate(pit.density[3], pit.low[3], pit.high[3], LEVEL, "exact (Clopper–Pearson)")
    return [
        un.winkler(y, -ends, ends),
        un.interval_width(-ends * spread, ends * spread),
        un.set_coverage(labels, sets, classes=range(3)),
        density,
    ]


# Forecasts of rare events: share of the rows, held, true.
RARE = np.array([[0.6, 0.3, 0.1], [0.005, 0.02, 0.1], [0.01, 0.01, 0.2]])


def parts(y: np.ndarray, q: np.ndarray, p: np.ndarray, seed: int) -> list[un.Estimate]:
    """The parts of the Brier score: bent and true forecasts, three classes, rare events."""
    rng = np.random.default_rng([seed, 2])
    bent_ones, true_ones = un.brier_parts(y, q), un.brier_parts(y, p)
    three = un.brier_parts(rng.integers(0, 3, ROWS), rng.dirichlet(np.ones(3), ROWS))
    place = rng.choice(3, ROWS, p=RARE[0])
    came = (rng.random(ROWS) < RARE[2, place]).astype(int)
    rare = un.brier_parts(came, RARE[1, place], classes=[0, 1], n_bins=None)
    return [
        bent_ones.reliability,
        bent_ones.resolution,
        bent_ones.uncertainty,
        true_ones.reliability,
        three.resolution,
        three.uncertainty,
        rare.reliability,
        rare.resolution,
    ]


def truths() -> dict[str, Measured]:
    """Metrics on endlessly many rows."""
    p = (np.arange(1_200_000) + 0.5) / 1_200_000
    q = bent(p)
    z = stats.norm.ppf(0.95)
    outside = 2.0 * (stats.norm.pdf(z) - 0.05 * z)
    reliability, resolution = parts_of(p, q)
    share, held, true = RARE
    apart = held - true
    wrong = np.where(q > 0.5, 1 - p, p)[np.argsort(-np.maximum(q, 1 - q))]
    nll = -(p * np.log(q) + (1 - p) * np.log1p(-q)).mean()
    score = (p * (1 - q) ** 2 + (1 - p) * q**2).mean()
    area = (np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean()
    # E|X − Y| − ½E|X − X'| of X ~ N(0, 1.5²), Y ~ N(0, 1)
    distance = np.sqrt(2 * (1.5**2 + 1) / np.pi) - 1.5 / np.sqrt(np.pi)
    return {
        "mean of 30 exponential scores": Measured(1.0, 0.87),
        "NLL of bent probabilities": Measured(float(nll), 0.93),
        "Brier of bent probabilities": Measured(float(score), 0.93),
        "CRPS of a normal too wide": Measured(float(distance), 0.93),
        "coverage of an interval": Measured(0.9, 0.95),
        "AUROC of a shift by 1, 100 rows each": Measured(float(stats.norm.cdf(np.sqrt(0.5))), 0.93),
        "AURC of bent probabilities": Measured(float(area), 0.9),
        "ECE of bent probabilities": Measured(float(np.abs(q - p).mean()), 0.93),
        "ECE of true probabilities": Measured(0.0, 0.93),
        **{name: Measured(held - true, 0.95) for name, (held, true, _) in SURE.items()},
        "a bin of a reliability diagram": Measured(0.5, 0.95),
        "Winkler score of the true interval": Measured(float(2.0 * z + 20.0 * outside), 0.92),
        "width of intervals": Measured(float(2.5 * z), 0.93),
        "coverage of sets": Measured(0.9, 0.95),
        "a bin of a PIT histogram": Measured(1.0, 0.95),
        "Brier's reliability, bent probabilities": Measured(reliability, 0.93),
        "Brier's resolution, bent probabilities": Measured(resolution, 0.93),
        "Brier's uncertainty, bent probabilities": Measured(0.25, 0.95),
        "Brier's reliability, true probabilities": Measured(0.0, 0.93),
        "Brier's resolution, 3 classes by chance": Measured(0.0, 0.93),
        "Brier's uncertainty, 3 classes alike": Measured(2.0 / 3.0, 0.93),
        "Brier's reliability, rare events": Measured(float(apart**2 @ share), 0.93),
        "Brier's resolution, rare events": Measured(
            float((true - share @ true) ** 2 @ share), 0.87
        ),
    }


def measure(seed: int) -> list[un.Estimate]:
    """One replicate of every metric, in the order of `truths`."""
    rng = np.random.default_rng(seed)
    p = rng.random(ROWS)
    y = (rng.random(ROWS) < p).astype(int)
    q = bent(p)
    target = rng.normal(size=ROWS)
    ends = np.full(ROWS, stats.norm.ppf(0.95))
    doubt = 1.0 - np.maximum(q, 1 - q)
    even = un.reliability(rng.integers(0, 2, ROWS), np.full(ROWS, 0.5), classes=[0, 1])
    share = un.Estimate(
        even.frequency[0], even.low[0], even.high[0], LEVEL, "exact (Clopper–Pearson)"
    )
    return [
        un.mean_estimate(rng.exponential(size=30)),
        un.negative_log_likelihood(y, q),
        un.brier(y, q),
        un.crps(target, un.Normal(np.zeros(ROWS), 1.5)),
        un.interval_coverage(target, -ends, ends),
        un.ood_auroc(rng.normal(size=100), rng.normal(size=100) + 1.0),
        un.risk_coverage((y != (q > 0.5)).astype(float), doubt).aurc,
        un.expected_calibration_error(y, q),
        un.expected_calibration_error(y, p),
        *(sure(rng, *case) for case in SURE.values()),
        share,
        *width_of(target, ends, seed),
        *parts(y, q, p, seed),
    ]


def write(predicted: dict[str, Predicted], measured: dict[str, Measured]) -> None:
    """Leave the tables where the documentation finds them."""
    lines = [
        "# Coverage of intervals on simulated data",
        "",
        f"{REPLICATES} replicates (seeds 0 to {REPLICATES - 1}). Made by `make studies`.",
        "",
        f"## Intervals and sets of predictions, at {COVERAGE:.0%}",
        "",
        f"{ROWS} rows to fit by, of which the conformal methods keep a quarter to calibrate by;",
        f"{TEST} new rows a replicate. Noise of the regressions grows with x and has heavy tails",
        "(t with 5 degrees of freedom), so that no model is the true one. Size: mean width, or",
        "mean number of classes of three. ±: standard error over replicates.",
        "",
        "| method | covered | expected | size |",
        "|---|---|---|---|",
    ]
    for name, row in predicted.items():
        why = f", {row.why}" if row.why else ""
        size = np.mean(row.sizes)
        lines.append(
            f"| {name} | {row.mean:.4f} ± {row.error:.4f} | {row.expected:.4f}{why} | {size:.3f} |"
        )
    lines += [
        "",
        f"## Confidence intervals of metrics, at {LEVEL:.0%}",
        "",
        f"{ROWS} rows unless said otherwise. The bootstrap of a mean is known to cover less for",
        "few skewed scores, as the first row shows, and of few events; an exact interval covers",
        "at least as often as it says. Noise alone makes an ECE and Brier's reliability and",
        "resolution larger: of their lines the interval is to be read, not the value.",
        "",
        *HEADER,
    ]
    lines += [row.line(name) for name, row in measured.items()]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.study
def test_intervals_cover_as_often_as_they_say(replicates: Callable[[int], int]) -> None:
    count = replicates(REPLICATES)
    predicted, measured = predictions(), truths()
    with threadpool_limits(1):  # small products: waking threads would cost more
        for seed in range(count):
            predict(predicted, seed)
            for row, estimate in zip(measured.values(), measure(seed), strict=True):
                row.estimates.append(estimate)
    if count == REPLICATES:
        write(predicted, measured)
    assert [name for name, row in predicted.items() if row.wrong()] == []
    assert [name for name, row in measured.items() if row.wrong()] == []


@pytest.mark.study
def test_rare_classes_are_covered_that_calibration_lacks(
    replicates: Callable[[int], int],
) -> None:
    """Nine rows calibrate a frozen classifier; half of the time none of them is of class 2."""
    shares = np.array([0.5, 0.42, 0.08])
    count, m, test = replicates(1500), 9, 300

    def rows(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.choice(3, n, p=shares)
        return 2.0 * np.eye(3)[y] + rng.normal(size=(n, 3)), y

    model = FrozenEstimator(LogisticRegression().fit(*rows(np.random.default_rng(10**6), 2000)))
    covered = np.empty(count)
    for seed in range(count):
        rng = np.random.default_rng([seed, 3])
        X, y = rows(rng, m + test)
        wrapped = un.SplitConformalClassifier(model, coverage=COVERAGE).fit(X[:m], y[:m])
        covered[seed] = wrapped.predict_set(X[m:])[np.arange(test), y[m:]].mean()
    reach = stats.t.ppf(1.0 - CHANCE, count - 1) * covered.std(ddof=1) / np.sqrt(count)
    assert abs(covered.mean() - np.ceil(0.9 * (m + 1)) / (m + 1)) < max(reach, 1e-12)
