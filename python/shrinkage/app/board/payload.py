"""What the board is sent: one comparison as compact columns, and the chart specifications."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.sides import PenaltySide
from shrinkage.plots.geometry import AXIS_NAME_WIDTH, geometry_extents, geometry_spec
from shrinkage.plots.names import short_names
from shrinkage.plots.paths import (
    highlighted,
    is_cut,
    lambda_range,
    path_range,
    path_rows,
    path_spec,
)
from shrinkage.plots.style import CONFIG, DARK_SIDE_COLORS, SIDE_COLORS, rounded
from shrinkage.plots.validation import cv_range, cv_rows, cv_spec
from shrinkage.plots.weights import NAME_WIDTH, shown_features, weights_spec

Pair = tuple[int, int]
CONTOUR_POINTS = 40
KEPT = 6
"""Comparisons whose contours are remembered."""

_contours: OrderedDict[tuple[str, Pair], dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def prepare(comparison: PenaltyComparison, pair: Pair | None = None) -> None:
    """Compute what a mount would have to: for classes the contours of the pair, up to seconds.

    Safe on any thread; a background job calls it so that the screen does not wait.
    """
    chosen = valid_pair(comparison, pair)
    if chosen is not None and comparison.loss.name != "squared":
        _contours_of(comparison, chosen)


def valid_pair(comparison: PenaltyComparison, pair: Any) -> Pair | None:
    """The asked pair if it is one of this comparison, else the comparison's own choice."""
    count = comparison.top.size
    try:
        first, second = (int(v) for v in pair)
    except (TypeError, ValueError):
        return comparison.pair
    if first == second or not (0 <= first < count and 0 <= second < count):
        return comparison.pair
    return first, second


def valid_link(comparison: PenaltyComparison, link: str) -> str:
    """The asked link if this comparison has it, else the one that opens where the sentence is."""
    return link if link in comparison.links else "1se"


def missing(comparison: PenaltyComparison) -> list[str]:
    """What is not shown, as keys of the words that say why."""
    said = ["cv_thinned"] if comparison.thinned else []
    if not comparison.loss.smooth:
        return [*said, "df_kinked", "geometry_kinked"]
    if "df" not in comparison.links:
        said.append("df_cost")
    return said if comparison.pair else [*said, "geometry_single"]


def digest(comparison: PenaltyComparison) -> str:
    """Identity of what is shown; the browser starts afresh when it changes."""
    h = hashlib.sha256(repr((comparison.feature_names, comparison.loss)).encode())
    h.update(repr((comparison.n_rows, comparison.n_test, comparison.seed)).encode())
    for side in (comparison.l1, comparison.l2):
        top = side.coefs[comparison.top]
        for array in (side.lambdas, top, side.cv_mean, side.intercepts):
            h.update(np.ascontiguousarray(array).tobytes())
    return h.hexdigest()[:20]


def board_payload(
    comparison: PenaltyComparison,
    words: Mapping[str, str],
    *,
    pair: Pair | None = None,
    link: str = "1se",
) -> dict[str, Any]:
    """Everything the browser needs, JSON-ready.

    Matrices travel as base64 of little-endian float32, (top features) × (λ), row by row. For
    squared loss the pair's Gram matrices are sent, so that any pair can be chosen in the browser;
    for another loss the contours of one pair, at every λ that a link uses. Of thousands of features
    the top ones alone are sent.
    """
    chosen = valid_pair(comparison, pair)
    names, basis = comparison.feature_names, comparison.l1.geometry
    features = [names[j] for j in comparison.top]
    bars = {p: shown_features(comparison, p) for p in ("l1", "l2")}
    with_bars = np.unique(np.concatenate([each.ravel() for each in bars.values()]))
    bar_names = [names[j] for j in with_bars]
    return {
        "id": digest(comparison),
        "words": dict(words),
        "loss": comparison.loss.name,
        "parameter": next(iter(comparison.loss.parameters), None),
        "score": comparison.score,
        "missing": missing(comparison),
        "standardize": comparison.standardize,
        "total": len(names),
        "features": features,
        "axisNames": short_names(features, AXIS_NAME_WIDTH),
        "named": highlighted(comparison),
        "bars": len(bars["l1"]),
        "barNames": bar_names,
        "barLabels": short_names(bar_names, NAME_WIDTH),
        "barScales": rounded(comparison.l1.scales[with_bars]),
        "pair": list(chosen) if chosen else None,
        "link": valid_link(comparison, link),
        "links": {
            name: {
                "l2": each.l2.tolist(),
                "clipped": np.flatnonzero(each.clipped).tolist(),
                "start": each.start,
            }
            for name, each in comparison.links.items()
        },
        "sides": {
            p: {**_side(comparison, p, words), **_bars(comparison.side(p), with_bars, bars[p])}
            for p in ("l1", "l2")
        },
        "cvRange": rounded(cv_range(comparison)),
        "gram": None if basis is None else _packed(basis.gram),
        "contours": _sent_contours(comparison, chosen),
        "sampled": basis is not None and basis.sampled,
        "specs": specs(words, standardize=comparison.standardize),
    }


def specs(words: Mapping[str, str], *, standardize: bool = True) -> dict[str, Any]:
    """The four Vega-Lite specifications in one language; the same for every comparison."""
    if not standardize:
        words = {**words, "axis.coefficient": words["axis.coefficient_plain"]}
    return _built_specs(tuple(sorted(words.items())))


@lru_cache(maxsize=8)
def _built_specs(texts: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Building charts takes Altair longer than all the rest of a rerun, so they are kept."""
    words = dict(texts)
    made = {
        "path": path_spec(words),
        "cv": cv_spec(words),
        "geometry": geometry_spec(),
        "weights": weights_spec(words),
    }
    plain = {}
    for name, chart in made.items():
        plain[name] = json.loads(chart.to_json(validate=False))
        plain[name]["config"] = CONFIG
    return plain


def _side(comparison: PenaltyComparison, penalty: str, words: Mapping[str, str]) -> dict[str, Any]:
    side: PenaltySide = comparison.side(penalty)
    u = side.penalized_coefs
    size = np.abs(u).sum(axis=0) if penalty == "l1" else (u * u).sum(axis=0)
    slopes = None if side.geometry is None else side.geometry.gradients
    return {
        "penalty": penalty,
        "colors": {"light": SIDE_COLORS[penalty], "dark": DARK_SIDE_COLORS[penalty]},
        "lambda": rounded(side.lambdas, 8),
        "textbook": rounded(side.textbook, 8),
        "grid": side.grid.tolist(),
        "min": side.i_min,
        "oneSe": side.i_1se,
        "zero": side.n_zero.tolist(),
        "small": side.n_small.tolist(),
        "share": rounded(side.norm_share),
        "df": rounded(side.df),
        "train": rounded(side.train_error),
        "cv": rounded(side.cv_mean),
        "se": rounded(side.cv_std_error),
        "test": None if side.test_error is None else rounded(side.test_error),
        "testSe": None if side.test_std_error is None else rounded(side.test_std_error),
        "sum": rounded(side.train_sum),
        "size": rounded(size),
        "scales": rounded(side.scales[comparison.top]),
        "weights": _packed(u[comparison.top]),
        "gradients": _packed(slopes) if comparison.loss.name == "squared" else None,
        "range": rounded(path_range(side)),
        "cut": is_cut(side),
        "xRange": rounded(lambda_range(side)),
        "path": path_rows(comparison, penalty, words),
        "curve": cv_rows(comparison, penalty, words),
    }


def _bars(side: PenaltySide, with_bars: Any, shown: Any) -> dict[str, Any]:
    """Which of the features with bars are shown at each λ, and their weights; (bars) × (λ)."""
    return {
        "barFeatures": _packed(np.searchsorted(with_bars, shown)),
        "barWeights": _packed(np.take_along_axis(side.penalized_coefs, shown, axis=0)),
    }


def _packed(array: Any) -> str | None:
    if array is None:
        return None
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def _sent_contours(comparison: PenaltyComparison, pair: Pair | None) -> dict[str, Any] | None:
    if pair is None or comparison.loss.name == "squared":
        return None
    return _contours_of(comparison, pair)


def _contours_of(comparison: PenaltyComparison, pair: Pair) -> dict[str, Any]:
    """Level sets of one pair at every λ of both sides, remembered."""
    key = (digest(comparison), pair)
    with _lock:
        if key in _contours:
            _contours.move_to_end(key)
            return _contours[key]
    extents = geometry_extents(comparison, pair)
    made: dict[str, Any] = {"pair": list(pair), "extent": extents, "points": CONTOUR_POINTS + 1}
    for penalty in ("l1", "l2"):
        basis = comparison.geometry(penalty)
        used = np.unique([getattr(link, penalty) for link in comparison.links.values()])
        drawn = [
            basis.pair(i, *pair).contours(
                extent=extents[penalty], n_points=CONTOUR_POINTS, tol=1e-6
            )
            for i in used
        ]
        made[f"{penalty}Used"] = used.tolist()
        made["levels"] = list(drawn[0].levels)
        made[penalty] = _packed(np.array([d.outlines for d in drawn]))
        made[f"{penalty}Centre"] = _packed(np.array([d.centre for d in drawn]))
    with _lock:
        _contours[key] = made
        while len(_contours) > KEPT:
            _contours.popitem(last=False)
    return made
