"""Loss contours and the penalty's ball for two coefficients."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from shrinkage._words import fill
from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.geometry import GeometryBasis, PairGeometry
from shrinkage.linear.sides import PenaltySide
from shrinkage.plots.names import short_names
from shrinkage.plots.style import (
    GEOMETRY_SIZE,
    QUIET,
    SIDE_COLORS,
    Rows,
    Words,
    dataset,
    finished,
    layered,
    quantitative,
    rounded,
    shared,
    signals,
    span,
)

AXIS_NAME_WIDTH = GEOMETRY_SIZE - 20
"""Pixels for the name of a feature beside an axis."""


def geometry_spec() -> alt.LayerChart:
    """Contours, the ball, the trail of solutions along the path and the current solution.

    Data sets: contours, ball, trail, centre, solution, across and up (names of the two features).
    Signal: extent, half the side of the square that is shown, in penalized coefficients.
    """
    scale = span("-extent", "extent")
    axis = quantitative(tickCount=3, gridOpacity=0.35)
    x = alt.X(field="x", type="quantitative", title=None, scale=scale, axis=alt.Axis(**axis))
    y = alt.Y(field="y", type="quantitative", title=None, scale=scale, axis=alt.Axis(**axis))
    order = alt.Order(field="k", type="quantitative")
    color = alt.Color(field="color", type="nominal", scale=None)
    contours = (
        alt.Chart(dataset("contours"))
        .mark_line(clip=True)
        .encode(
            x=x,
            y=y,
            order=order,
            detail=alt.Detail(field="level", type="nominal"),
            color=alt.value(QUIET),
            strokeWidth=alt.when("datum.level === 1").then(alt.value(2)).otherwise(alt.value(0.9)),
            strokeDash=alt.when("datum.level === 1")
            .then(alt.value([1, 0]))
            .otherwise(alt.value([3, 3])),
        )
    )
    ball = (
        alt.Chart(dataset("ball"))
        .mark_line(filled=True, fillOpacity=0.22, strokeWidth=1.8, clip=True)
        .encode(
            x=x,
            y=y,
            order=order,
            stroke=alt.Stroke(field="color", type="nominal", scale=None),
            fill=alt.Fill(field="color", type="nominal", scale=None),
        )
    )
    trail = (
        alt.Chart(dataset("trail"))
        .mark_line(strokeWidth=1.3, strokeOpacity=0.7, clip=True)
        .encode(x=x, y=y, order=order, color=color)
    )
    centre = (
        alt.Chart(dataset("centre"))
        .mark_point(shape="cross", filled=True, size=50, color=QUIET, clip=True)
        .encode(x=x, y=y)
    )
    solution = (
        alt.Chart(dataset("solution"))
        .mark_point(filled=True, size=70, fillOpacity=1, clip=True)
        .encode(x=x, y=y, color=color)
    )
    return layered(
        ball,
        contours,
        trail,
        centre,
        solution,
        *_axis_names(),
        width=GEOMETRY_SIZE,
        height=GEOMETRY_SIZE,
        padding={"left": 30, "right": 8, "top": 20, "bottom": 32},
        params=signals(extent=1),
    )


def _axis_names() -> list[alt.Chart]:
    """The feature across under the x axis, the feature up over the y axis; long names are cut."""
    text = alt.Text(field="text", type="nominal")
    across = (
        alt.Chart(dataset("across"))
        .mark_text(align="right", baseline="top", dy=18, fontSize=10.5, limit=AXIS_NAME_WIDTH)
        .encode(x=alt.value(alt.ExprRef("width")), y=alt.value(alt.ExprRef("height")), text=text)
    )
    up = (
        alt.Chart(dataset("up"))
        .mark_text(
            align="left", baseline="bottom", dx=-24, dy=-6, fontSize=10.5, limit=AXIS_NAME_WIDTH
        )
        .encode(x=alt.value(0), y=alt.value(0), text=text)
    )
    return [across, up]


def geometry_extents(comparison: PenaltyComparison, pair: tuple[int, int]) -> dict[str, float]:
    """Half widths that hold, at every λ, a side's ball and the unpenalized optimum.

    An optimum beyond 2.2 times the largest ball (nearly collinear features) is left outside.
    """
    sides = (comparison.l1, comparison.l2)
    own = {side.penalty: _extent(side, comparison.geometry(side.penalty), pair) for side in sides}
    return shared(own)


def _extent(side: PenaltySide, basis: GeometryBasis, pair: tuple[int, int]) -> float:
    u = basis.coefs[list(pair)]
    size = np.abs(u).sum(axis=0) if side.penalty == "l1" else np.hypot(u[0], u[1])
    ball = max(float(size.max(initial=0.0)), 1e-12)
    centres = [
        basis.pair(int(at), *pair).centre(limit=10.0 * ball) for at in (side.grid[-1], side.i_1se)
    ]
    return 1.08 * max(ball, min(float(np.abs(centres).max()), 2.2 * ball))


def contour_columns(geometry: PairGeometry, extent: float, n_points: int) -> dict[str, list[Any]]:
    """The data set `contours` at one λ."""
    drawn = geometry.contours(extent=extent, n_points=n_points, tol=1e-7)
    columns: dict[str, list[Any]] = {"level": [], "k": [], "x": [], "y": []}
    for level, outline in zip(drawn.levels, drawn.outlines, strict=True):
        columns["level"] += [level] * len(outline)
        columns["k"] += list(range(len(outline)))
        columns["x"] += rounded(outline[:, 0], 5)
        columns["y"] += rounded(outline[:, 1], 5)
    return columns


def geometry_rows(
    comparison: PenaltyComparison,
    penalty: str,
    index: int,
    pair: tuple[int, int],
    *,
    extent: float,
) -> Rows:
    """All data sets of the picture of one side at its λ number `index`."""
    side = comparison.side(penalty)
    color = SIDE_COLORS[penalty]
    basis = comparison.geometry(penalty)
    geometry = basis.pair(index, *pair)
    ball = geometry.ball()
    trail = basis.coefs[list(pair)][:, side.grid]
    middle = geometry.centre(limit=6.0 * extent)
    names = [comparison.feature_names[comparison.top[r]] for r in pair]
    names = short_names(names, AXIS_NAME_WIDTH)
    return {
        "across": {"text": names[:1]},
        "up": {"text": names[1:]},
        "contours": contour_columns(geometry, extent, 96),
        "ball": {
            "k": list(range(len(ball))),
            "x": rounded(ball[:, 0]),
            "y": rounded(ball[:, 1]),
            "color": [color] * len(ball),
        },
        "trail": {
            "k": list(range(trail.shape[1])),
            "x": rounded(trail[0]),
            "y": rounded(trail[1]),
            "color": [color] * trail.shape[1],
        },
        "centre": {"x": rounded(middle[:1]), "y": rounded(middle[1:])},
        "solution": {
            "x": rounded(geometry.solution[:1]),
            "y": rounded(geometry.solution[1:]),
            "color": [color],
        },
    }


def finding(penalty: str, solution: Any) -> str:
    """Key of the sentence that says where contour and ball touch."""
    zero = int(np.count_nonzero(np.asarray(solution) == 0.0))
    return f"title.geometry_{penalty}_{('edge', 'corner', 'origin')[zero]}"


def geometry_chart(
    comparison: PenaltyComparison,
    penalty: str,
    words: Words,
    *,
    index: int | None = None,
    pair: tuple[int, int] | None = None,
) -> alt.LayerChart:
    """The geometry of one penalty at λ number `index` (default λ.1se) for two of the top features.

    Args:
        pair: positions in `comparison.top`; the comparison's own choice by default.
    """
    chosen = pair or comparison.pair
    if chosen is None:
        raise ValueError("the geometry needs two features and a loss without kinks")
    side = comparison.side(penalty)
    at = side.i_1se if index is None else index
    extent = geometry_extents(comparison, chosen)[penalty]
    solution = comparison.geometry(penalty).pair(at, *chosen).solution
    names = [comparison.feature_names[comparison.top[r]] for r in chosen]
    dropped = names[int(np.argmax(solution == 0.0))]
    template = words[finding(penalty, solution)]
    title = fill(template, feature=dropped, a=names[0], b=names[1])
    rows = geometry_rows(comparison, penalty, at, chosen, extent=extent)
    return finished(geometry_spec(), rows, title, extent=extent)
