"""The ensemble inside a network: error by the number of members, and how members are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from shrinkage.plots.style import (
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

INKS = {
    "vote": "#0072B2",
    "scaling": "#C4500A",
    "exact": "#A0447B",
    "truth": "#00805F",
    "member": "#5B6470",
}
"""Of what is marked, by its role; labels stand beside, so that nothing hangs on colour alone."""
DARK_INKS = {
    "vote": "#5FB4EC",
    "scaling": "#F3914F",
    "exact": "#E3A0C9",
    "truth": "#35C79D",
    "member": "#A7AFBA",
}
"""The same hues, lighter, for a dark page."""
HEIGHT = 210
BINS = 28
MAX_PLACES = 60
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of members on the axis and in the table."""
_LEFT, _RIGHT = 52, 132
_PADDING = {"left": _LEFT, "right": _RIGHT, "top": 8, "bottom": 34}
_ROOM = 0.06
"""Of the range of y, left free at both ends."""


@dataclass(frozen=True)
class Mark:
    """A line across a chart with its label at the right: ``ink`` is a key of INKS."""

    y: float
    text: str
    ink: str


def members_spec(words: Words) -> alt.LayerChart:
    """Error of the first k members' mean over log k, one standard deviation shaded, and lines.

    Data sets: curve, match, marks, labels. Signals: right (the last k), low, high.
    """
    x = alt.X(
        field="k",
        type="quantitative",
        title=words["axis.members"],
        scale=alt.Scale(type="log", domain=[1, alt.ExprRef("right")], nice=False),
        axis=alt.Axis(
            **quantitative(grid=False, values=list(TICKS), labelOverlap=False, titlePadding=2)
        ),
    )
    base = alt.Chart(dataset("curve"))
    band = base.mark_area(fillOpacity=0.22, clip=True).encode(
        x=x, y=_y("lower"), y2=alt.Y2(field="upper"), color=_color()
    )
    line = base.mark_line(strokeWidth=2, clip=True).encode(x=x, y=_y("mean"), color=_color())
    match = (
        alt.Chart(dataset("match"))
        .mark_point(filled=True, size=60, fillOpacity=1, clip=True)
        .encode(x=x, y=_y("y"), color=_color())
    )
    rules, labels = _marks()
    return layered(
        band,
        rules,
        line,
        match,
        labels,
        width=260,
        height=HEIGHT,
        padding=_PADDING,
        params=signals(right=200, low=0, high=1),
    )


def histogram_spec(words: Words) -> alt.LayerChart:
    """Members by what they reach, upwards, with lines across.

    Data sets: bars, marks, labels. Signals: extent (the largest count shown), low, high.
    """
    x = alt.X(
        field="zero",
        type="quantitative",
        title=words["axis.count"],
        scale=span("0", "extent"),
        axis=alt.Axis(**quantitative(grid=False, tickMinStep=1, titlePadding=2)),
    )
    bars = (
        alt.Chart(dataset("bars"))
        .mark_rect(fillOpacity=0.45, clip=True)
        .encode(
            x=x, x2=alt.X2(field="count"), y=_y("lower"), y2=alt.Y2(field="upper"), color=_color()
        )
    )
    rules, labels = _marks()
    return layered(
        bars,
        rules,
        labels,
        width=260,
        height=HEIGHT,
        padding=_PADDING,
        params=signals(extent=1, low=0, high=1),
    )


def _y(field: str) -> alt.Y:
    axis = alt.Axis(**quantitative(minExtent=_LEFT - 8, maxExtent=_LEFT - 8))
    scale = span("low", "high")
    return alt.Y(field=field, type="quantitative", title=None, scale=scale, axis=axis)


def _color() -> alt.Color:
    return alt.Color(field="color", type="nominal", scale=None)


def _marks() -> tuple[alt.Chart, alt.Chart]:
    """Lines across, those of weight scaling dashed, and their labels."""
    rules = (
        alt.Chart(dataset("marks"))
        .mark_rule(strokeWidth=1.8, clip=True)
        .encode(
            y=_y("y"),
            color=_color(),
            strokeDash=alt.when("datum.ink === 'scaling'")
            .then(alt.value([6, 3]))
            .when("datum.ink === 'member'")
            .then(alt.value([2, 3]))
            .otherwise(alt.value([1, 0])),
        )
    )
    labels = (
        alt.Chart(dataset("labels"))
        .mark_text(align="left", dx=6, fontSize=10.5, limit=_RIGHT - 8)
        .encode(
            x=alt.value(alt.ExprRef("width")),
            y=alt.Y(field="pixel", type="quantitative", scale=None, axis=None),
            text=alt.Text(field="text", type="nominal"),
            color=_color(),
        )
    )
    return rules, labels


def member_places(count: int) -> list[int]:
    """Numbers of members from 1 to `count`, evenly on a log axis."""
    return sorted({int(k) for k in np.geomspace(1, count, MAX_PLACES).round()})


def member_rows(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], match: int | None, marks: list[Mark]
) -> tuple[Rows, dict[str, float]]:
    """Data sets and signals of `members_spec` from (K,) means and standard deviations."""
    places = member_places(len(mean))
    at = np.array(places) - 1
    lower, upper = mean[at] - deviation[at], mean[at] + deviation[at]
    low, high = _domain([*lower, *upper, *(mark.y for mark in marks)])
    curve: Columns = {
        "k": places,
        "mean": rounded(mean[at]),
        "lower": rounded(lower),
        "upper": rounded(upper),
        "ink": ["vote"] * len(places),
    }
    found = [] if match is None else [match]
    rows = {
        "curve": curve,
        "match": {
            "k": found,
            "y": rounded([mean[k - 1] for k in found]),
            "ink": ["vote"] * len(found),
        },
        **_mark_rows(marks, low, high),
    }
    return rows, {"right": len(mean), "low": low, "high": high}


def histogram_rows(
    values: NDArray[Any], marks: list[Mark], step: float = 0.0
) -> tuple[Rows, dict[str, float]]:
    """Data sets and signals of `histogram_spec` from (T,) values, which differ by whole `step`s."""
    edges = bin_edges(values, step)
    counts, _ = np.histogram(values, edges)
    low, high = _domain([edges[0], edges[-1], *(mark.y for mark in marks)])
    gap = 0.06 * np.diff(edges)
    bars: Columns = {
        "zero": [0.0] * len(counts),
        "count": counts.tolist(),
        "from": rounded(edges[:-1]),
        "to": rounded(edges[1:]),
        "lower": rounded(edges[:-1] + gap),
        "upper": rounded(edges[1:] - gap),
        "ink": ["member"] * len(counts),
    }
    rows = {"bars": bars, **_mark_rows(marks, low, high)}
    return rows, {"extent": 1.04 * float(counts.max()), "low": low, "high": high}


def bin_edges(values: NDArray[Any], step: float = 0.0) -> NDArray[np.float64]:
    """About BINS bins of one width, of whole steps where values come in steps."""
    low, high = float(np.min(values)), float(np.max(values))
    if step > 0:
        width = step * np.ceil((high - low + step) / (step * BINS) - 1e-9)
        number = int(np.ceil((high - low + step) / width - 1e-9))
        return np.asarray(low - step / 2 + width * np.arange(number + 1))
    if high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-200):
        room = 0.005 * max(abs(low), 1e-6)
        return np.array([low - room, high + room])
    return np.linspace(low, high, BINS + 1)


def _domain(values: Sequence[float]) -> tuple[float, float]:
    low, high = float(min(values)), float(max(values))
    room = _ROOM * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def _mark_rows(marks: list[Mark], low: float, high: float) -> Rows:
    wanted = [HEIGHT * (high - mark.y) / (high - low) for mark in marks]
    inks = [mark.ink for mark in marks]
    return {
        "marks": {"y": rounded([mark.y for mark in marks]), "ink": inks},
        "labels": {
            "pixel": rounded(spread(wanted, gap=13.0, low=5.0, high=HEIGHT - 5.0), 4),
            "text": [mark.text for mark in marks],
            "ink": inks,
        },
    }
