"""Charts as pure functions: a result and words in, an `altair.Chart` out.

A specification never contains data, names of features or numbers of a result: those are rows of
named data sets (`…_rows`), so that the same specification text serves every data set and language
differs only in the words. `…_spec(words)` is that text; `…_chart(comparison, …)` is the
specification with its data sets attached, ready to show or save. Needs altair.
"""

from __future__ import annotations

from shrinkage.plots.geometry import geometry_chart, geometry_rows, geometry_spec
from shrinkage.plots.paths import path_chart, path_rows, path_spec
from shrinkage.plots.style import CONFIG, SIDE_COLORS
from shrinkage.plots.validation import cv_chart, cv_rows, cv_spec
from shrinkage.plots.weights import weights_chart, weights_rows, weights_spec

__all__ = [
    "CONFIG",
    "SIDE_COLORS",
    "cv_chart",
    "cv_rows",
    "cv_spec",
    "geometry_chart",
    "geometry_rows",
    "geometry_spec",
    "path_chart",
    "path_rows",
    "path_spec",
    "weights_chart",
    "weights_rows",
    "weights_spec",
]
