"""Coefficients at one λ as bars, exact zeros apart from small ones."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from shrinkage._words import fill
from shrinkage.linear.comparison import SMALL, PenaltyComparison
from shrinkage.plots.names import short_names
from shrinkage.plots.style import (
    BAR_STEP,
    SIDE_COLORS,
    Rows,
    Words,
    all_zero_key,
    dataset,
    finished,
    layered,
    quantitative,
    rounded,
    signals,
    span,
)

N_BARS = 15
"""Features shown: all of them, or the largest at this λ."""
NAME_WIDTH = 92
"""Pixels for the name of a feature."""
_STEPS = np.array([1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0])


def weights_spec(words: Words) -> alt.LayerChart:
    """One bar a feature; a hollow diamond marks an exact zero, a thin bar one below 1 %.

    Data sets: bars, names. Signals: extent, the largest |coefficient|; count, the
    number of bars.
    """
    scale = span("-extent", "extent")
    y = alt.Y(
        field="order",
        type="quantitative",
        axis=None,
        scale=span("-0.5", "count - 0.5", reverse=True, padding=0),
    )
    x = alt.X(
        field="value",
        type="quantitative",
        stack=None,
        title=words["axis.coefficient"],
        scale=scale,
        axis=alt.Axis(**quantitative(tickCount=5, titlePadding=2)),
    )
    color = alt.Color(field="color", type="nominal", scale=None)
    bars = (
        alt.Chart(dataset("bars"))
        .mark_bar(clip=True, orient="horizontal", size=BAR_STEP * 0.7)
        .encode(
            x=x,
            y=y,
            color=color,
            fillOpacity=alt.when("datum.state === 'small'")
            .then(alt.value(0.45))
            .otherwise(alt.value(1)),
        )
    )
    zeros = (
        alt.Chart(dataset("bars"))
        .transform_filter("datum.state !== 'kept'")
        .mark_point(size=44, strokeWidth=1.6, filled=False)
        .encode(
            x=x,
            y=y,
            color=color,
            shape=alt.when("datum.state === 'zero'")
            .then(alt.value("diamond"))
            .otherwise(alt.value("stroke")),
        )
    )
    names = (
        alt.Chart(dataset("names"))
        .mark_text(align="right", dx=-6, fontSize=11, limit=NAME_WIDTH)
        .encode(x=alt.value(0), y=y, text=alt.Text(field="text", type="nominal"))
    )
    values = (
        alt.Chart(dataset("bars"))
        .mark_text(align="right", dx=50, fontSize=10.5, fillOpacity=0.75)
        .encode(x=alt.value(alt.ExprRef("width")), y=y, text=alt.Text(field="text", type="nominal"))
    )
    return layered(
        bars,
        zeros,
        names,
        values,
        width=240,
        height=N_BARS * BAR_STEP,
        padding={"left": 100, "right": 56, "top": 2, "bottom": 34},
        params=signals(extent=1, count=1),
    )


def weights_extent(largest: float) -> float:
    """End of the axis for bars up to `largest`: one of few steps, so that it seldom moves."""
    if not largest > 0.0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(largest))
    return float(power * _STEPS[np.searchsorted(_STEPS, largest / power * (1.0 - 1e-12))])


def shown_features(comparison: PenaltyComparison, penalty: str) -> NDArray[np.int64]:
    """Numbers of the features that have bars at every λ of a side, (bars, L).

    Where all have one they keep their places, the same on both sides; else they are the largest at
    that λ, largest first, so that those kept come before exact zeros.
    """
    top, u = comparison.top, np.abs(comparison.side(penalty).penalized_coefs)
    p, count = u.shape
    if p <= N_BARS:
        return np.repeat(top[:, None], count, axis=1)
    # Equal ones, as zeros are, keep the order of `top`.
    order = np.concatenate([top, np.setdiff1d(np.arange(p), top)])
    ranked = u[order]
    among = np.argpartition(-ranked, N_BARS - 1, axis=0)[:N_BARS]
    some = np.union1d(np.unique(among), np.arange(N_BARS))
    largest = np.argsort(-ranked[some], axis=0, kind="stable")[:N_BARS]
    return np.asarray(order[some[largest]], dtype=np.int64)


def state(value: float, largest: float) -> str:
    """ "zero", "small" (below 1 % of the largest) or "kept"."""
    if value == 0.0:
        return "zero"
    return "small" if abs(value) < SMALL * largest else "kept"


def weights_rows(comparison: PenaltyComparison, penalty: str, index: int) -> Rows:
    """Data sets at the side's λ number `index`."""
    side = comparison.side(penalty)
    u = side.penalized_coefs[:, index]
    largest = float(np.abs(u).max(initial=0.0))
    shown = shown_features(comparison, penalty)[:, index]
    values: list[Any] = [float(u[j]) for j in shown]
    return {
        "bars": {
            "order": list(range(len(shown))),
            "value": rounded(values),
            "state": [state(v, largest) for v in values],
            "color": [SIDE_COLORS[penalty]] * len(shown),
            "text": ["0" if v == 0.0 else f"{v:.3g}".replace("-", "−") for v in values],
        },
        "names": {
            "order": list(range(len(shown))),
            "text": short_names([comparison.feature_names[j] for j in shown], NAME_WIDTH),
        },
    }


def weights_chart(
    comparison: PenaltyComparison, penalty: str, words: Words, *, index: int | None = None
) -> alt.LayerChart:
    """Bars of one penalty at its λ number `index` (default λ.1se)."""
    side = comparison.side(penalty)
    at = side.i_1se if index is None else index
    rows = weights_rows(comparison, penalty, at)
    total = int(side.coefs.shape[0])
    zero, small = int(side.n_zero[at]), int(side.n_small[at])
    shown = len(rows["bars"]["order"])
    counted = "title.weights" if shown == total else "title.weights_top"
    title = fill(
        words[all_zero_key(total) if zero == total else counted],
        penalty=words[f"side.{penalty}"],
        zero=zero,
        total=total,
        small=small,
        shown=shown,
    )
    largest = float(np.abs(side.penalized_coefs[:, at]).max(initial=0.0))
    extent = weights_extent(largest)
    return finished(weights_spec(words), rows, title, extent=extent, count=shown)
