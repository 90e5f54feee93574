"""Networks side by side: losses over epochs with the gap shaded, and one bar a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from shrinkage.plots.style import (
    DARK_SIDE_COLORS,
    QUIET,
    SIDE_COLORS,
    Columns,
    Rows,
    Words,
    dataset,
    layered,
    quantitative,
    rounded,
    signals,
    span,
    spread,
)

LANE_COLORS = ("#B0558A", SIDE_COLORS["l1"], SIDE_COLORS["l2"], "#00805F")
"""Of the networks in order; the second and the third, L1 and L2 at first, as everywhere."""
DARK_LANE_COLORS = ("#E3A0C9", DARK_SIDE_COLORS["l1"], DARK_SIDE_COLORS["l2"], "#35C79D")
"""The same hues, lighter, for a dark page."""
LANE_SHAPES = ("square", "diamond", "circle", "triangle-up")
"""Of the marks at the ends of the curves, so that nothing hangs on colour alone."""
CURVE_HEIGHT, RACE_BAR_STEP = 200, 22
MAX_POINTS = 240
_LEFT, _RIGHT, _NUMBERS = 40, 66, 168
_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
NEAR = 4.0
"""Height of the chart, as a multiple of the lowest validation loss of all networks, at least."""


def curves_spec(words: Words) -> alt.LayerChart:
    """Validation loss (solid) and training loss (dashed) with the gap between them shaded.

    Data sets: curve, dots, labels, changes. Signals: left, right, low, high (the domains).
    """
    x = alt.X(
        field="epoch",
        type="quantitative",
        title=words["axis.epoch"],
        scale=span("left", "right", padding=2),
        axis=alt.Axis(**quantitative(grid=False, tickCount=4, tickMinStep=1, titlePadding=2)),
    )
    axis = alt.Axis(**quantitative(minExtent=_LEFT - 8, maxExtent=_LEFT - 8))

    def y(field: str) -> alt.Y:
        scale = span("low", "high")
        return alt.Y(field=field, type="quantitative", title=None, scale=scale, axis=axis)

    color = alt.Color(field="color", type="nominal", scale=None)
    base = alt.Chart(dataset("curve"))
    gap = base.mark_area(fillOpacity=0.22, clip=True).encode(
        x=x, y=y("train"), y2=alt.Y2(field="validation"), color=color
    )
    train = base.mark_line(strokeDash=[5, 3], strokeWidth=1.6, color=QUIET, clip=True).encode(
        x=x, y=y("train")
    )
    validation = base.mark_line(strokeWidth=2, clip=True).encode(
        x=x, y=y("validation"), color=color
    )
    changes = (
        alt.Chart(dataset("changes"))
        .mark_rule(color=QUIET, strokeDash=[2, 2], strokeWidth=1.4, clip=True)
        .encode(x=x)
    )
    dots = (
        alt.Chart(dataset("dots"))
        .mark_point(filled=True, size=46, fillOpacity=1, clip=True)
        .encode(x=x, y=y("y"), color=color, shape=alt.Shape(field="shape", scale=None))
    )
    whiskers = (
        alt.Chart(dataset("dots"))
        .mark_rule(strokeWidth=1.6, clip=True)
        .encode(x=x, y=y("low"), y2=alt.Y2(field="high"), color=color)
    )
    labels = (
        alt.Chart(dataset("labels"))
        .mark_text(align="left", dx=6, fontSize=10.5, limit=_RIGHT - 8)
        .encode(
            x=x,
            y=alt.Y(field="pixel", type="quantitative", scale=None, axis=None),
            text=alt.Text(field="text", type="nominal"),
        )
    )
    return layered(
        gap,
        changes,
        train,
        validation,
        whiskers,
        dots,
        labels,
        width=260,
        height=CURVE_HEIGHT,
        padding={"left": _LEFT, "right": _RIGHT, "top": 8, "bottom": 32},
        params=signals(left=0, right=1, low=0, high=1),
    )


def race_bars_spec() -> alt.LayerChart:
    """One bar a network with a whisker, its letter before it and its number at the right end.

    Data sets: bars. Signals: extent, the largest value shown; count, the number of bars.
    """
    y = alt.Y(
        field="order",
        type="quantitative",
        axis=None,
        scale=span("-0.5", "count - 0.5", reverse=True, padding=0),
    )
    base = alt.Chart(dataset("bars"))
    color = alt.Color(field="color", type="nominal", scale=None)

    def x(field: str, **options: Any) -> alt.X:
        scale = span("0", "extent")
        return alt.X(field=field, type="quantitative", title=None, scale=scale, **options)

    back = base.mark_rule(color=QUIET, strokeWidth=1, strokeOpacity=0.5).encode(
        x=x("zero", stack=None, axis=None), x2=alt.X2(field="end"), y=y
    )
    bars = base.mark_bar(orient="horizontal", size=RACE_BAR_STEP * 0.55).encode(
        x=x("value", stack=None, axis=None), y=y, color=color
    )
    whiskers = base.mark_rule(color=QUIET, strokeWidth=2.4).encode(
        x=x("low", stack=None, axis=None), x2=alt.X2(field="high"), y=y
    )
    letters = base.mark_text(align="right", dx=-8, fontSize=12, fontWeight="bold").encode(
        x=alt.value(0), y=y, text=alt.Text(field="letter", type="nominal")
    )
    numbers = base.mark_text(align="left", dx=8, fontSize=11.5, limit=_NUMBERS - 10).encode(
        x=alt.value(alt.ExprRef("width")), y=y, text=alt.Text(field="text", type="nominal")
    )
    return layered(
        back,
        bars,
        whiskers,
        letters,
        numbers,
        width=260,
        height=4 * RACE_BAR_STEP,
        padding={"left": 26, "right": _NUMBERS, "top": 2, "bottom": 2},
        params=signals(extent=1, count=4),
    )


def thinned(count: int, keep: Sequence[int] = ()) -> list[int]:
    """At most MAX_POINTS places of 0 … count − 1, both ends and those to keep among them."""
    if count <= MAX_POINTS:
        return list(range(count))
    even = np.linspace(0, count - 1, MAX_POINTS - len(keep)).round().astype(int)
    return sorted({*even.tolist(), *keep})


def loss_range(curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> tuple[float, float]:
    """One y domain from 0 for the (train, validation) losses of all networks.

    It holds where every curve ends and the lowest validation loss; what lies far above, as the
    first epochs do, is left outside. The upper end keeps to round numbers, so that it seldom moves
    while the curves grow.
    """
    wanted, lowest, tops = [], [], []
    for train, validation in curves:
        if train:
            wanted += [train[-1], validation[-1]]
            lowest.append(min(validation))
            tops.append(max(max(train), max(validation)))
    if not wanted:
        return 0.0, 1.0
    high = max(*wanted, min(NEAR * max(lowest), max(tops)), 1e-12)
    return 0.0, _rounded_up(1.04 * high)


def _rounded_up(value: float) -> float:
    unit = 10.0 ** math.floor(math.log10(value))
    return next(float(f"{step * unit:.3g}") for step in _STEPS if step * unit >= value * 0.999999)


def curve_rows(
    train: Sequence[float],
    validation: Sequence[float],
    *,
    domain: tuple[float, float],
    shape: str,
    changes: Sequence[int],
    words: Words,
    error: float = 0.0,
) -> Rows:
    """Data sets of one network's curves; the colour is the page's business.

    ``error`` is the standard error of the last validation loss.
    """
    best = int(np.argmin(validation)) if validation else 0
    places = thinned(len(train), [best] if train else [])
    curve: Columns = {
        "epoch": [place + 1 for place in places],
        "train": rounded([train[i] for i in places]),
        "validation": rounded([validation[i] for i in places]),
    }
    ends = [validation[-1], train[-1]] if train else []
    low, high = domain
    pixels = [CURVE_HEIGHT * (high - min(max(end, low), high)) / (high - low) for end in ends]
    names = [words["curve.validation"], words["curve.train"]][: len(ends)]
    return {
        "curve": curve,
        "dots": {
            "epoch": [len(train)] * len(ends),
            "y": rounded(ends),
            "low": rounded([end - error * (i == 0) for i, end in enumerate(ends)]),
            "high": rounded([end + error * (i == 0) for i, end in enumerate(ends)]),
            "shape": [shape] * len(ends),
        },
        "labels": {
            "epoch": [len(train)] * len(ends),
            "pixel": rounded(spread(pixels, gap=12.5, low=4.0, high=CURVE_HEIGHT - 4.0), 4),
            "text": names,
        },
        "changes": {"epoch": list(changes)},
    }


def bar_rows(
    values: Sequence[float | None],
    texts: Sequence[str],
    letters: Sequence[str],
    extent: float,
    errors: Sequence[float | None] = (),
) -> Columns:
    """Rows of one bar a network, a standard error to both sides of its end; None draws none."""
    shown = [0.0 if value is None else value for value in values]
    room = [0.0 if error is None else error for error in errors] or [0.0] * len(shown)
    return {
        "order": list(range(len(shown))),
        "zero": [0.0] * len(shown),
        "end": [extent] * len(shown),
        "value": rounded(shown),
        "low": rounded([max(0.0, v - e) for v, e in zip(shown, room, strict=True)]),
        "high": rounded([min(extent, v + e) for v, e in zip(shown, room, strict=True)]),
        "text": list(texts),
        "letter": list(letters),
    }


def bar_extent(values: Sequence[float | None]) -> float:
    """The largest value, rounded up so that it seldom moves; 1 if there is none."""
    largest = max((v for v in values if v is not None and math.isfinite(v)), default=0.0)
    return _rounded_up(largest) if largest > 0 else 1.0
