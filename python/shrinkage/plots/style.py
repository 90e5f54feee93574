"""What all charts share: colours, sizes, the shape of data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import altair as alt
import numpy as np

Words = Mapping[str, str]
Columns = dict[str, list[Any]]
"""One data set, column by column."""
Rows = dict[str, Columns]
"""The data sets of one chart by name."""

SIDE_COLORS = {"l1": "#0072B2", "l2": "#D55E00"}
"""Okabe–Ito blue for L1 and vermilion for L2, everywhere."""
DARK_SIDE_COLORS = {"l1": "#5FB4EC", "l2": "#F3914F"}
"""The same hues, lighter, for a dark page."""
QUIET = "#8a8f98"
"""Grey that keeps 3:1 against a white and a near-black page."""

LEFT, RIGHT = 44, 78
"""Room for the y axis and for direct labels; fixed, so that stacked charts align."""
PATH_HEIGHT, CV_HEIGHT, GEOMETRY_SIZE, BAR_STEP = 160, 98, 150, 15

_POWER = "floor(log(abs(datum.value)) / LN10 + 1e-9)"
_DIGIT = "slice('⁰¹²³⁴⁵⁶⁷⁸⁹', {0}, {0} + 1)"
LABELS = (
    "datum.value !== 0 && (abs(datum.value) >= 1e6 || abs(datum.value) < 1e-3)"
    f" ? format(datum.value / pow(10, {_POWER}), '.4~r') + '×10' + ({_POWER} < 0 ? '⁻' : '')"
    f" + (abs({_POWER}) > 9 ? {_DIGIT.format(f'floor(abs({_POWER}) / 10)')} : '')"
    f" + {_DIGIT.format(f'(abs({_POWER}) % 10)')}"
    " : format(datum.value, ',.5~r')"
)
"""Axis labels in the format of all numbers: 0.05, 130,000, 1.5×10⁶; ticks are round already."""

CONFIG: dict[str, Any] = {
    "view": {"stroke": None},
    "mark": {"invalid": None},
    "axis": {"labelFontSize": 10, "titleFontSize": 10.5, "titleFontWeight": "normal"},
    "aria": False,
}


def dataset(name: str) -> alt.NamedData:
    """Data that is attached, or set in the browser, under this name."""
    return alt.NamedData(name=name)


def signals(**values: float) -> list[alt.VariableParameter]:
    """Parameters that a host sets: domains and the like, so that no number is in the spec."""
    return [alt.VariableParameter(name=name, value=value) for name, value in values.items()]


def quantitative(**options: Any) -> dict[str, Any]:
    """Options of a continuous axis: no rounding of the domain, few labels, 3 digits."""
    axis = dict(
        tickCount=4, labelExpr=LABELS, grid=True, gridOpacity=0.5, domain=False, ticks=False
    )
    axis.update(options)
    return axis


def span(low: str, high: str, **options: Any) -> alt.Scale:
    """A scale between two signals: no data set moves it, so a drag redraws only what moves."""
    ends = [alt.ExprRef(low), alt.ExprRef(high)]
    return alt.Scale(domain=ends, nice=False, zero=False, **options)


def shared(extents: dict[str, float], ratio: float = 3.0) -> dict[str, float]:
    """One extent for both sides where they are alike, so that lengths compare; else their own."""
    largest = max(extents.values())
    alike = largest <= ratio * min(extents.values())
    return {side: largest if alike else own for side, own in extents.items()}


def all_zero_key(total: int) -> str:
    """Key of the title that says that all weights, or the only one, are zero."""
    return "title.only_zero" if total == 1 else "title.all_zero"


def log_lambda(words: Words, *, title: bool, labels: bool) -> alt.X:
    """x = −log λ, the least penalized end on the right."""
    return alt.X(
        field="x",
        type="quantitative",
        title=words["axis.log_lambda"] if title else None,
        scale=span("left", "right", padding=4),
        axis=alt.Axis(**quantitative(labels=labels, grid=False, tickCount=6, titlePadding=2)),
    )


def marker_layers(color_field: str = "color") -> list[alt.Chart]:
    """Rules at λ.min and λ.1se (dashed) and at the current λ (solid, thinner, over the others)."""
    x = alt.X(field="x", type="quantitative")
    marks = (
        alt.Chart(dataset("marks"))
        .mark_rule(color=QUIET, strokeWidth=4, strokeOpacity=0.4, clip=True)
        .encode(
            x=x,
            strokeDash=alt.when("datum.which === '1se'")
            .then(alt.value([4, 3]))
            .otherwise(alt.value([1, 0])),
        )
    )
    now = (
        alt.Chart(dataset("now"))
        .mark_rule(strokeWidth=2, clip=True)
        .encode(x=x, color=alt.Color(field=color_field, type="nominal", scale=None))
    )
    return [marks, now]


def finished(chart: alt.LayerChart, rows: Rows, title: str, **values: float) -> alt.LayerChart:
    """The chart with its data sets, its signals and the title that states its finding."""
    done: Any = chart.copy(deep=True)
    done.datasets = {name: records(columns) for name, columns in rows.items()}
    done.title = title
    done.config = CONFIG
    done.params = signals(**values)
    return cast(alt.LayerChart, done)


def layered(*layers: Any, **properties: Any) -> alt.LayerChart:
    """Layers over each other, of fixed padding, so that a drag never moves an axis."""
    chart: Any = alt.layer(*layers).properties(autosize="none", **properties)
    return cast(alt.LayerChart, chart)


def records(columns: Columns) -> list[dict[str, Any]]:
    """Rows of one data set."""
    names = list(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def rounded(values: Any, digits: int = 6) -> list[Any]:
    """Numbers to some significant digits, for compact data sets; −0 becomes 0."""
    array = np.asarray(values, dtype=np.float64)
    if not array.size:
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(array)))
    size = np.where(np.isfinite(size), size, 0.0)
    unit = 10.0 ** (digits - 1 - size)
    kept = np.where(np.isfinite(unit) & (unit > 0), np.round(array * unit) / unit, array)
    return [float(v) if np.isfinite(v) else None for v in kept + 0.0]


def spread(wanted: list[float], *, gap: float, low: float, high: float) -> list[float]:
    """Positions nearest to the wanted ones (least squares) that keep `gap` apart in [low, high].

    Pool adjacent violators: labels that would overlap form a block centred on its members' mean.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []  # sum of (wanted − offset), count, first rank
    for rank, i in enumerate(order):
        blocks.append([wanted[i] - rank * gap, 1.0, float(rank)])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count, _ = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    placed = [0.0] * len(wanted)
    last = high - (len(wanted) - 1) * gap
    for total, count, first in blocks:
        start = min(max(total / count, low), max(last, low))
        for rank in range(int(first), int(first + count)):
            placed[order[rank]] = start + rank * gap
    return placed
