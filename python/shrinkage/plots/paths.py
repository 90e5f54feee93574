"""Coefficient paths over −log λ."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from shrinkage._words import fill
from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.sides import PenaltySide
from shrinkage.plots.names import short_names
from shrinkage.plots.style import (
    LEFT,
    PATH_HEIGHT,
    QUIET,
    RIGHT,
    SIDE_COLORS,
    Rows,
    Words,
    all_zero_key,
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

_LABEL_SIZE = 10.5
N_LABELS = 8
"""Lines named directly, the same on both sides; the rest are grey."""
CUT = 4.0
"""Curves are cut off only beyond this multiple of what four fifths of the path stay below."""


def path_spec(words: Words) -> alt.LayerChart:
    """Paths of the top features, the envelope of the others, λ.min, λ.1se and the current λ.

    Data sets: lines, envelope, ticks, corner (one row), labels, marks, now, dots. Signals: left,
    right, low, high (the domains), hover (number of the feature pointed at, or −1).
    """
    x = log_lambda(words, title=False, labels=False)
    scale = span("low", "high")
    y = alt.Y(
        field="y",
        type="quantitative",
        title=None,
        scale=scale,
        axis=alt.Axis(**quantitative(minExtent=LEFT - 8, maxExtent=LEFT - 8)),
    )
    envelope = (
        alt.Chart(dataset("envelope"))
        .mark_area(color=QUIET, fillOpacity=0.25, clip=True)
        .encode(x=x, y=alt.Y(field="low", type="quantitative"), y2=alt.Y2(field="high"))
    )
    pointed = "datum.feature === hover"
    lines = (
        alt.Chart(dataset("lines"))
        .mark_line(clip=True)
        .encode(
            x=x,
            y=y,
            detail=alt.Detail(field="feature", type="nominal"),
            color=alt.Color(field="color", type="nominal", scale=None),
            strokeWidth=alt.when(pointed).then(alt.value(3.5)).otherwise(alt.value(1.5)),
            strokeOpacity=alt.when(pointed)
            .then(alt.value(1))
            .otherwise(alt.StrokeOpacity(field="strength", type="quantitative", scale=None)),
        )
    )
    dots = (
        alt.Chart(dataset("dots"))
        .mark_point(filled=False, strokeWidth=1.6, clip=True)
        .encode(
            x=x,
            y=y,
            stroke=alt.Stroke(field="color", type="nominal", scale=None),
            fill=alt.Fill(field="fill", type="nominal", scale=None),
            shape=alt.Shape(field="shape", type="nominal", scale=None),
            size=alt.value(26),
        )
    )
    ticks = (
        alt.Chart(dataset("ticks"))
        .mark_text(baseline="bottom", dy=-3, fontSize=10, fillOpacity=0.75)
        .encode(x=x, y=alt.value(0), text=alt.Text(field="text", type="nominal"))
    )
    labels = (
        alt.Chart(dataset("labels"))
        .mark_text(align="left", dx=5, fontSize=_LABEL_SIZE, limit=RIGHT - 8)
        .encode(
            x=alt.value(alt.ExprRef("width")),
            y=alt.Y(field="pixel", type="quantitative", scale=None, axis=None),
            text=alt.Text(field="text", type="nominal"),
            fillOpacity=alt.when("hover < 0 || datum.feature === hover")
            .then(alt.value(1))
            .otherwise(alt.value(0.45)),
        )
    )
    counted = (
        alt.Chart(dataset("corner"))
        .mark_text(align="right", baseline="bottom", dx=-6, dy=-3, fontSize=10, fillOpacity=0.75)
        .encode(x=alt.value(0), y=alt.value(0), text=alt.Text(field="text", type="nominal"))
    )
    marks, now = marker_layers()
    return layered(
        envelope,
        marks,
        lines,
        now,
        dots,
        ticks,
        counted,
        labels,
        width=320,
        height=PATH_HEIGHT,
        padding={"left": LEFT, "right": RIGHT, "top": 18, "bottom": 6},
        params=signals(left=0, right=1, low=-1, high=1, hover=-1),
    )


def lambda_range(side: PenaltySide) -> tuple[float, float]:
    """x domain: −log λ from one end of the grid to the other."""
    return float(-np.log(side.lambdas[side.grid[0]])), float(-np.log(side.lambdas[side.grid[-1]]))


def path_range(side: PenaltySide) -> tuple[float, float]:
    """y domain: zero and the drawn coefficients, 4 % to spare, in penalized scale."""
    limit = _limit(side)
    drawn = np.clip(side.penalized_coefs[:, side.grid], -limit, limit)
    low, high = min(float(drawn.min(initial=0.0)), 0.0), max(float(drawn.max(initial=0.0)), 0.0)
    spare = 0.04 * max(high - low, 1e-12)
    return low - spare, high + spare


def _limit(side: PenaltySide) -> float:
    """Largest |coefficient| shown.

    Coefficients that explode at the very end, as those of L2 do for classes that can be separated,
    would press all others to zero: `CUT` times the largest at λ.min or in the first four fifths.
    """
    largest = np.abs(side.penalized_coefs).max(axis=0, initial=0.0)
    usual = max(float(np.quantile(largest[side.grid], 0.8)), float(largest[side.i_min]))
    return CUT * usual or np.inf


def is_cut(side: PenaltySide) -> bool:
    """Whether a curve leaves the chart."""
    return bool(np.abs(side.penalized_coefs[:, side.grid]).max(initial=0.0) > _limit(side))


def highlighted(comparison: PenaltyComparison) -> list[int]:
    """Ranks of the features with the largest visible |coefficient| on the path of either side.

    Places are counted on each side, so that the wider range of one side does not fill them all.
    """
    top = comparison.top
    places, peaks = [], []
    for side in (comparison.l1, comparison.l2):
        size = np.abs(side.penalized_coefs[top][:, side.grid])
        peak = size.max(axis=1)
        by_size = np.lexsort((-peak, -np.minimum(peak, _limit(side))))
        places.append(np.argsort(by_size))
        peaks.append(peak)
    largest = np.maximum(*peaks)
    order = np.lexsort((-largest, np.minimum(*places)))[:N_LABELS]
    return sorted(int(r) for r in order if largest[r] > 0.0)


def path_rows(comparison: PenaltyComparison, penalty: str, words: Words) -> Rows:
    """Data sets that do not depend on the control: lines, envelope, ticks, labels, marks."""
    side = comparison.side(penalty)
    x = -np.log(side.lambdas[side.grid])
    u = side.penalized_coefs[:, side.grid]
    named = highlighted(comparison)
    lines: dict[str, list[Any]] = {"feature": [], "x": [], "y": [], "color": [], "strength": []}
    # what is drawn later lies on top
    for rank in sorted(range(comparison.top.size), key=lambda r: r in named):
        lines["feature"] += [rank] * x.size
        lines["x"] += rounded(x)
        lines["y"] += rounded(u[comparison.top[rank]])
        lines["color"] += [SIDE_COLORS[penalty] if rank in named else QUIET] * x.size
        lines["strength"] += [0.95 if rank in named else 0.55] * x.size
    others = np.setdiff1d(np.arange(u.shape[0]), comparison.top)
    ticks = _ticks(side)
    counted = words["axis.nonzero" if penalty == "l1" else "axis.df"]
    ends = (u[others].min(axis=0), u[others].max(axis=0)) if others.size else None
    return {
        "lines": lines,
        "envelope": {
            "x": rounded(x) if ends else [],
            "low": rounded(ends[0]) if ends else [],
            "high": rounded(ends[1]) if ends else [],
        },
        "ticks": ticks,
        "corner": {"text": [counted] if ticks["x"] else []},
        "labels": _labels(comparison, side, u, named),
        "marks": lambda_marks(side),
    }


def lambda_marks(side: PenaltySide) -> dict[str, list[Any]]:
    """x of λ.min and λ.1se."""
    return {
        "x": rounded(-np.log(side.lambdas[[side.i_min, side.i_1se]])),
        "which": ["min", "1se"],
    }


def _ticks(side: PenaltySide, count: int = 6) -> dict[str, list[Any]]:
    """Along the top: nonzero coefficients for L1; degrees of freedom for L2, which has no zeros."""
    counted = side.n_nonzero if side.penalty == "l1" else side.df
    if not np.isfinite(counted).all():
        return {"x": [], "text": []}
    at = side.grid[np.unique(np.linspace(3, side.grid.size - 4, count).astype(int))]
    return {
        "x": rounded(-np.log(side.lambdas[at])),
        "text": [f"{round(float(v)):,}" for v in counted[at]],
    }


def _labels(
    comparison: PenaltyComparison, side: PenaltySide, u: Any, named: list[int]
) -> dict[str, list[Any]]:
    low, high = path_range(side)
    ends = np.clip(u[comparison.top[named], -1], low, high)
    wanted = [float(v) for v in PATH_HEIGHT * (high - ends) / (high - low)]
    pixel = spread(wanted, gap=12.5, low=4.0, high=PATH_HEIGHT - 4.0)
    return {
        "feature": list(named),
        "pixel": rounded(pixel, 4),
        "text": short_names(
            [comparison.feature_names[comparison.top[r]] for r in named], RIGHT - 8, _LABEL_SIZE
        ),
    }


def path_chart(
    comparison: PenaltyComparison, penalty: str, words: Words, *, position: int | None = None
) -> alt.LayerChart:
    """The path of one penalty with the current λ at `position` of its own λ (default: λ.1se)."""
    side = comparison.side(penalty)
    at = side.i_1se if position is None else position
    x = rounded([-np.log(side.lambdas[at])])
    color = SIDE_COLORS[penalty]
    u = side.penalized_coefs[comparison.top, at]
    rows = path_rows(comparison, penalty, words)
    rows["now"] = {"x": x, "color": [color]}
    named = set(highlighted(comparison))
    inks = [color if rank in named else QUIET for rank in range(u.size)]
    rows["dots"] = {
        "x": x * u.size,
        "y": rounded(u),
        "color": inks,
        "fill": ["transparent" if v == 0.0 else ink for v, ink in zip(u, inks, strict=True)],
        "shape": ["diamond" if v == 0.0 else "circle" for v in u],
    }
    zero, total = int(side.n_zero[at]), int(side.coefs.shape[0])
    key = all_zero_key(total) if zero == total else f"title.path_{penalty}"
    title = fill(
        words[key],
        penalty=words[f"side.{penalty}"],
        kept=total - zero,
        total=total,
        zero=zero,
        small=int(side.n_small[at]),
    )
    low, high = path_range(side)
    left, right = lambda_range(side)
    signals = dict(left=left, right=right, low=low, high=high, hover=-1)
    return finished(path_spec(words), rows, title, **signals)
