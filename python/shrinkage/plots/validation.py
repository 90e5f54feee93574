"""Cross-validation error over −log λ with the training error under it."""

from __future__ import annotations

from typing import Literal

import altair as alt
import numpy as np

from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.sides import PenaltySide
from shrinkage.plots.paths import lambda_marks, lambda_range
from shrinkage.plots.style import (
    CV_HEIGHT,
    LEFT,
    QUIET,
    RIGHT,
    SIDE_COLORS,
    Rows,
    Words,
    dataset,
    finished,
    layered,
    log_lambda,
    marker_layers,
    quantitative,
    rounded,
    signals,
    span,
    spread,
)

_NAMED: tuple[tuple[str, Literal["left", "right"], int], ...] = (
    ("1se", "right", 4),
    ("min", "left", -4),
)
"""Which mark, on which side of its rule its name stands, pixels towards the rule."""


NEAR = 3.0
"""Height of the chart as a multiple of the height that holds the lowest errors."""
EDGE = 0.06
"""An error above the chart is marked this share of the height below its top."""


def cv_spec(words: Words) -> alt.LayerChart:
    """CV mean with a ribbon of ± one standard error, training error, the gap shaded, test error.

    Data sets: cv, test, marks, now, dots, whiskers (ends of the test error at the current λ, one
    standard error away), labels. Signals: left, right, low, high (the
    domains).
    """
    x = log_lambda(words, title=True, labels=True)
    scale = span("low", "high")
    axis = alt.Axis(**quantitative(minExtent=LEFT - 8, maxExtent=LEFT - 8, tickCount=3))

    def y(field: str) -> alt.Y:
        return alt.Y(field=field, type="quantitative", title=None, scale=scale, axis=axis)

    color = alt.Color(field="color", type="nominal", scale=None)
    base = alt.Chart(dataset("cv"))
    gap = base.mark_area(color=QUIET, fillOpacity=0.18, clip=True).encode(
        x=x, y=y("train"), y2=alt.Y2(field="mean")
    )
    ribbon = base.mark_area(fillOpacity=0.25, clip=True).encode(
        x=x, y=y("low"), y2=alt.Y2(field="high"), color=color
    )
    mean = base.mark_line(strokeWidth=2, clip=True).encode(x=x, y=y("mean"), color=color)
    train = base.mark_line(strokeDash=[5, 3], strokeWidth=1.6, color=QUIET, clip=True).encode(
        x=x, y=y("train")
    )
    test = (
        alt.Chart(dataset("test"))
        .mark_line(strokeDash=[1, 3], strokeCap="round", strokeWidth=2.4, clip=True)
        .encode(x=x, y=y("y"), color=color)
    )
    dots = (
        alt.Chart(dataset("dots"))
        .mark_point(filled=True, size=42, fillOpacity=1, clip=True)
        .encode(x=x, y=y("y"), color=color, shape=alt.Shape(field="shape", scale=None))
    )
    whiskers = (
        alt.Chart(dataset("whiskers"))
        .mark_point(shape="stroke", size=110, strokeWidth=2, clip=True)
        .encode(x=x, y=y("y"), color=color)
    )
    labels = (
        alt.Chart(dataset("labels"))
        .mark_text(align="left", dx=5, fontSize=10.5, limit=RIGHT - 8)
        .encode(
            x=alt.value(alt.ExprRef("width")),
            y=alt.Y(field="pixel", type="quantitative", scale=None, axis=None),
            text=alt.Text(field="text", type="nominal"),
        )
    )
    marks, now = marker_layers()
    # λ.1se is never to the right of λ.min, so the two names cannot meet
    names = [
        alt.Chart(dataset("marks"))
        .transform_filter(f"datum.which === '{which}'")
        .mark_text(align=align, dx=dx, baseline="bottom", dy=-1, fontSize=10, fillOpacity=0.75)
        .encode(x=x, y=alt.value(0), text=alt.Text(field="text", type="nominal"))
        for which, align, dx in _NAMED
    ]
    return layered(
        gap,
        ribbon,
        marks,
        train,
        mean,
        test,
        now,
        dots,
        whiskers,
        labels,
        *names,
        width=320,
        height=CV_HEIGHT,
        padding={"left": LEFT, "right": RIGHT, "top": 14, "bottom": 30},
        params=signals(left=0, right=1, low=0, high=1),
    )


def cv_range(comparison: PenaltyComparison) -> tuple[float, float]:
    """One y domain for both sides, around the lowest errors; what is far above is left outside.

    It holds the training error, the lowest CV error with its band and the test error at λ.min and
    λ.1se, and at most twice that again above, so that the band stays visible.
    """
    lows, wanted, tops = [], [], []
    for side in (comparison.l1, comparison.l2):
        g, best = side.grid, side.i_min
        lows += [side.train_error[g].min(), (side.cv_mean - side.cv_std_error)[g].min()]
        wanted.append(side.cv_mean[best] + side.cv_std_error[best])
        tops.append((side.cv_mean + side.cv_std_error)[g].max())
        if side.test_error is not None:
            lows.append(side.test_error[g].min())
            wanted += [side.test_error[best], side.test_error[side.i_1se]]
            tops.append(side.test_error[g].max())
    low, near = max(float(min(lows)), 0.0), float(max(wanted))
    high = max(near, min(low + NEAR * (near - low), float(max(tops))))
    spare = 0.04 * max(high - low, 1e-12)
    return low - spare, high + spare


def shown_error(value: float, low: float, high: float) -> tuple[float, bool]:
    """Where an error is marked, and whether it lies above the chart: then just below its top."""
    top = high - EDGE * (high - low)
    return (top, True) if value > high else (value, False)


def cv_state(side: PenaltySide, index: int, high: float) -> str:
    """What the title says of λ number `index`: "best", "within", "above" or "beyond" the chart."""
    best = side.i_min
    if index == best:
        return "best"
    if side.cv_mean[index] <= side.cv_mean[best] + side.cv_std_error[best]:
        return "within"
    return "beyond" if side.cv_mean[index] > high else "above"


def cv_rows(comparison: PenaltyComparison, penalty: str, words: Words) -> Rows:
    """Data sets that do not depend on the control: cv, test, marks, labels."""
    side = comparison.side(penalty)
    g = side.grid
    x = rounded(-np.log(side.lambdas[g]))
    mean, spread_ = side.cv_mean[g], side.cv_std_error[g]
    color = SIDE_COLORS[penalty]
    low, high = cv_range(comparison)
    curves = {"cv": mean, "train": side.train_error[g]}
    test = side.test_error
    if test is not None:
        curves["test"] = test[g]
    ends = [
        CV_HEIGHT * (high - min(max(float(v[-1]), low), high)) / (high - low)
        for v in curves.values()
    ]
    marks = lambda_marks(side)
    same = side.i_min == side.i_1se
    marks["text"] = ["λ.min = λ.1se", ""] if same else ["λ.min", "λ.1se"]
    return {
        "cv": {
            "x": x,
            "mean": rounded(mean),
            "low": rounded(mean - spread_),
            "high": rounded(mean + spread_),
            "train": rounded(side.train_error[g]),
            "color": [color] * len(x),
        },
        "test": {
            "x": x if test is not None else [],
            "y": rounded(test[g]) if test is not None else [],
            "color": [color] * len(x) if test is not None else [],
        },
        "marks": marks,
        "labels": {
            "pixel": rounded(spread(ends, gap=12.5, low=4.0, high=CV_HEIGHT - 4.0), 4),
            "text": [words[f"curve.{name}"] for name in curves],
        },
    }


def cv_chart(
    comparison: PenaltyComparison, penalty: str, words: Words, *, position: int | None = None
) -> alt.LayerChart:
    """The CV curve of one penalty with the current λ at `position` of its own λ (default λ.1se)."""
    side = comparison.side(penalty)
    at = side.i_1se if position is None else position
    color = SIDE_COLORS[penalty]
    x = rounded([-np.log(side.lambdas[at])])
    rows = cv_rows(comparison, penalty, words)
    rows["now"] = {"x": x, "color": [color]}
    low, high = cv_range(comparison)
    errors = [side.train_error, side.cv_mean]
    ends: list[float] = []
    if side.test_error is not None and side.test_std_error is not None:
        errors.append(side.test_error)
        ends = [side.test_error[at] + s * side.test_std_error[at] for s in (-1.0, 1.0)]
    marked = [shown_error(float(v[at]), low, high) for v in errors]
    count = len(marked)
    rows["dots"] = {
        "x": x * count,
        "y": rounded([y for y, _ in marked]),
        "color": [QUIET, color, color][:count],
        "shape": [
            "triangle-up" if above else shape
            for (_, above), shape in zip(marked, ("square", "circle", "diamond"), strict=False)
        ],
    }
    rows["whiskers"] = {"x": x * len(ends), "y": rounded(ends), "color": [color] * len(ends)}
    title = words[f"title.cv_{cv_state(side, at, high)}"]
    left, right = lambda_range(side)
    return finished(cv_spec(words), rows, title, left=left, right=right, low=low, high=high)
