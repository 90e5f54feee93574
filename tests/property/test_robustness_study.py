"""Study: does dropout make features robust? A shortcut, noise and occlusion on real data."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from threadpoolctl import threadpool_limits

import shrinkage as sh
from shrinkage.neural import (
    ShortcutStudy,
    error_under_noise,
    error_under_occlusion,
    fit_many,
    shortcut_study,
)
from shrinkage.uncertainty import Estimate, crossed_mean_estimate
from support.coverage import HEADER, Measured
from support.datasets import Find, Rows, digits, halves

TABLE = Path(__file__).resolve().parents[2] / "docs" / "studies" / "robustness.md"
REPLICATES = 500
PLAIN = "no dropout"
RATES = {  # of inputs and of hidden units
    PLAIN: (0.0, 0.0),
    "hidden 0.2": (0.0, 0.2),
    "hidden 0.5": (0.0, 0.5),
    "hidden 0.5 + inputs 0.2": (0.2, 0.5),
}
NOISE = (0.0, 0.25, 0.5, 1.0, 2.0)
COVERED = (0.1, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Case:
    """A data set, the networks trained on it, and the strengths of the shortcut."""

    name: str
    train: Rows
    test: Rows
    agreements: tuple[float, ...]
    repeats: int
    setting: dict[str, Any]
    image_shape: tuple[int, int] | None = None

    def models(self) -> dict[str, Any]:
        kind = sh.DropoutMLPRegressor if self.image_shape is None else sh.DropoutMLPClassifier
        return {
            name: kind(input_dropout=inputs, dropout=hidden, kkt_every=0, **self.setting)
            for name, (inputs, hidden) in RATES.items()
        }


def mnist(find: Find, full: bool) -> Case:
    rows = digits(find, *((3000, 2000) if full else (300, 200)))
    setting = dict(hidden_layer_sizes=(128, 128), batch_size=64, max_epochs=30 if full else 5)
    return Case("MNIST digits", *rows, (0.1, 0.8, 0.95, 1.0), 5 if full else 2, setting, (28, 28))


def concrete(find: Find, full: bool) -> Case:
    setting = dict(hidden_layer_sizes=(64, 64), max_epochs=200 if full else 20)
    rows = halves("concrete", find)
    return Case("UCI concrete", *rows, (0.0, 0.8, 0.95), 10 if full else 2, setting)


def shortcuts(case: Case) -> dict[float, ShortcutStudy]:
    return {
        agreement: shortcut_study(
            case.models(),
            *case.train,
            test=case.test,
            agreement=agreement,
            n_repeats=case.repeats,
            n_threads=1,
        )
        for agreement in case.agreements
    }


@dataclass(frozen=True)
class Line:
    """One level of a disturbance: the error without dropout, and how much more others have."""

    kind: str
    level: float
    error: Estimate
    changes: dict[str, Estimate]


def disturbances(case: Case) -> list[Line]:
    """Errors of networks trained without a shortcut, over fits and rows."""
    X, y = case.train
    fits = {
        name: fit_many(
            [clone(model).set_params(random_state=seed) for seed in range(case.repeats)],
            X,
            y,
            n_threads=1,
        )
        for name, model in case.models().items()
    }
    common: dict[str, Any] = dict(n_draws=4, random_state=0)
    mean, std = X.mean(axis=0), X.std(axis=0)

    def noise(model: Any) -> Any:
        return error_under_noise(model, *case.test, NOISE, scale=std, **common)

    def columns(model: Any) -> Any:
        return error_under_occlusion(model, *case.test, COVERED, fill=mean, **common)

    def patch(model: Any) -> Any:
        return error_under_occlusion(
            model, *case.test, COVERED, fill=0.0, image_shape=case.image_shape, **common
        )

    kinds = {"noise": noise, "columns at their mean": columns}
    if case.image_shape is not None:
        kinds["square patch at 0"] = patch
    return [line for kind, measure in kinds.items() for line in lines_of(kind, measure, fits)]


def lines_of(
    kind: str, measure: Callable[[Any], Any], fits: dict[str, list[Any]]
) -> Iterator[Line]:
    curves = {name: [measure(model) for model in models] for name, models in fits.items()}
    scores = {name: np.stack([each.scores for each in of]) for name, of in curves.items()}
    for place, level in enumerate(curves[PLAIN][0].levels.tolist()):
        plain = scores[PLAIN][:, place]
        changes = {
            name: crossed_mean_estimate(each[:, place] - plain)
            for name, each in scores.items()
            if name != PLAIN
        }
        yield Line(kind, level, crossed_mean_estimate(plain), changes)


def truths() -> dict[str, Measured]:
    """Of f(x) = w'x and y = w'x + e with e ~ N(0, 1/4), Σw² = 5.25; and of effects around 1."""
    return {
        "squared error under noise of 0.4": Measured(0.25 + 0.16 * 5.25, 0.93),
        "squared error, 40 % of columns at their mean": Measured(0.25 + 0.4 * 5.25, 0.93),
        "squared error, a patch of one column in four": Measured(0.25 + 5.25 / 4, 0.93),
        "5 fits, 100 rows: fits vary": Measured(1.0, 0.945),
        "5 fits, 100 rows: rows vary": Measured(1.0, 0.945),
        "5 fits, 100 rows: both vary": Measured(1.0, 0.945),
    }


def measure(seed: int) -> list[Estimate]:
    """One replicate of every interval, in the order of `truths`."""
    rng = np.random.default_rng(seed)
    weights = np.array([1.0, -2.0, 0.5, 0.0])
    model = LinearRegression().fit(np.eye(4), weights)
    model.coef_, model.intercept_ = weights, 0.0
    X = rng.standard_normal((300, 4))
    y = X @ weights + 0.5 * rng.standard_normal(300)
    common: dict[str, Any] = dict(n_draws=4, random_state=seed)
    curves = [
        error_under_noise(model, X, y, [0.4], scale=1.0, **common),
        error_under_occlusion(model, X, y, [0.4], fill=0.0, **common),
        error_under_occlusion(model, X, y, [0.25], fill=0.0, image_shape=(2, 2), **common),
    ]
    effects = [
        a * rng.standard_normal((5, 1)) + b * rng.standard_normal(100)
        for a, b in ((0.3, 0.0), (0.0, 1.0), (0.1, 1.0))
    ]
    return [curve.errors[0] for curve in curves] + [
        crossed_mean_estimate(1.0 + each + rng.standard_normal((5, 100))) for each in effects
    ]


def coverage(count: int) -> dict[str, Measured]:
    covered = truths()
    for seed in range(count):
        for row, estimate in zip(covered.values(), measure(seed), strict=True):
            row.estimates.append(estimate)
    return covered


def verdict(names: list[str], changes: list[Estimate | None]) -> str:
    """Which networks err less or more than the plain one, as far as the intervals tell."""
    told: dict[str, list[str]] = {"less": [], "more": [], "neither less nor more for certain": []}
    for name, change in zip(names, changes, strict=True):
        if change is not None:
            certain = "less" if change.high < 0 else "more" if change.low > 0 else [*told][-1]
            told[certain].append(name)
    return "; ".join(f"{how}: {', '.join(who)}" for how, who in told.items() if who)


def findings(studies: dict[float, ShortcutStudy], lines: list[Line]) -> Iterator[str]:
    """What the tables say at their strongest, against no dropout."""
    agreement, study = list(studies.items())[-1]
    rows = study.rows
    said = verdict([row.model for row in rows], [row.change for row in rows])
    yield f"- Shortcut of {agreement:g}, scrambled, error against {PLAIN}: {said}."
    strongest = {line.kind: line for line in lines}
    for kind, line in strongest.items():
        said = verdict([*line.changes], [*line.changes.values()])
        yield f"- {kind[0].upper()}{kind[1:]}, {line.level:.3g}, likewise: {said}."


def section(case: Case, studies: dict[float, ShortcutStudy], lines: list[Line]) -> list[str]:
    regression = case.image_shape is None
    scale = "correlation" if regression else "agreement"
    text = [
        f"## {case.name}",
        "",
        f"{len(case.train[1])} rows to train on, {len(case.test[1])} to test; hidden layers of "
        + " and ".join(map(str, case.setting["hidden_layer_sizes"]))
        + f", {case.setting['max_epochs']} epochs; {case.repeats} fits (seeds 0 to "
        + f"{case.repeats - 1}). Error: "
        + ("squared, in variances of the target." if regression else "share of wrong classes."),
        "",
        *findings(studies, lines),
        "",
        f"| {scale} | network | column intact | scrambled | harm | scrambled, against {PLAIN} |",
        "|---|---|---|---|---|---|",
    ]
    for agreement, study in studies.items():
        for row in study.rows:
            change = "" if row.change is None else f"{row.change:.3f}"
            text.append(
                f"| {agreement:g} | {row.model} | {row.intact:.3f} | {row.scrambled:.3f} "
                f"| {row.harm:.3f} | {change} |"
            )
    names = list(lines[0].changes)
    head = "".join(f" {name} |" for name in names)
    text += [
        "",
        f"| disturbed | level | error, {PLAIN} |{head}",
        "|---|---|---|" + "---|" * len(names),
    ]
    for line in lines:
        cells = "".join(f" {line.changes[name]:+.3f} |" for name in names)
        text.append(f"| {line.kind} | {line.level:.3g} | {line.error:.3f} |{cells}")
    return [*text, ""]


def write(sections: list[str], covered: dict[str, Measured], seconds: float) -> None:
    """Leave the tables where the documentation finds them."""
    lines = [
        "# Dropout against shortcuts, noise and occlusion",
        "",
        f"Made by `make studies`, {seconds / 60:.1f} minutes on one core. All intervals at 95%.",
        "",
        "- **Shortcut**: one more column agrees with the target in training: the number of the",
        "  class, right as often as the agreement says, or the target with noise, at the",
        "  correlation said. *Intact*, it agrees with the test targets too; *scrambled*, it is",
        "  permuted. *Harm* is scrambled − intact, paired. The first strength is pure chance: what",
        "  networks reach without a shortcut.",
        "- **Noise** of every input, in standard deviations of its training rows; **columns**",
        "  covered by their training mean with that probability; a **patch** of black pixels that",
        "  covers that share of the image. Four draws a row; networks trained without a shortcut.",
        "- Columns with a sign, and *against*: the error less that without dropout, paired by seed",
        "  and row; below 0, dropout helps. Intervals hold for new fits on the same training rows",
        "  and new test rows (Student's t, fits crossed with rows).",
        "",
        *sections,
        "## How often such intervals cover",
        "",
        f"{REPLICATES} replicates (seeds 0 to {REPLICATES - 1}), 300 rows and four draws unless",
        "said otherwise, a linear function whose error is known.",
        "",
        *HEADER,
        *(row.line(name) for name, row in covered.items()),
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.study
def test_dropout_against_shortcuts_noise_and_occlusion(
    replicates: Callable[[int], int], shared_data: Find
) -> None:
    count = replicates(REPLICATES)
    full = count == REPLICATES
    start = time.perf_counter()
    sections: list[str] = []
    with threadpool_limits(1):
        for case in (mnist(shared_data, full), concrete(shared_data, full)):
            studies, lines = shortcuts(case), disturbances(case)
            sections += section(case, studies, lines)
            plain = list(studies.values())[-1].rows[0]
            assert plain.harm.low > 0 or not full  # the strongest shortcut is one
    seconds = time.perf_counter() - start
    if full:
        write(sections, coverage(count), seconds)


@pytest.mark.study
def test_intervals_cover_as_often_as_they_say(replicates: Callable[[int], int]) -> None:
    covered = coverage(replicates(REPLICATES))
    assert [name for name, row in covered.items() if row.wrong()] == []
