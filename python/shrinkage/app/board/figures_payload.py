"""What a board of figures is sent: their specifications, numbers and words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from shrinkage.plots.style import CONFIG, Rows


@dataclass(frozen=True)
class Figure:
    """One chart with its table.

    Attributes:
        name: under which the browser keeps it; its CSS class.
        spec: name of its specification.
        rows, signals: what is set in it; the column ``ink`` is looked up among the board's inks.
        title, note: above and below.
        header, table: the numbers behind it, in words.
    """

    name: str
    spec: str
    rows: Rows
    signals: Mapping[str, float]
    title: str
    note: str
    header: Sequence[str]
    table: Sequence[Sequence[str]]


def figures_payload(
    figures: Sequence[Figure],
    specs: Mapping[str, Any],
    inks: Mapping[str, Mapping[str, str]],
    words: Mapping[str, str],
) -> dict[str, Any]:
    """Everything the browser needs, JSON-ready.

    Args:
        figures: in their order.
        specs: see ``plain_specs``.
        inks: colours by role, for "light" and "dark" pages.
        words: those that stay.
    """
    return {
        "words": dict(words),
        "specs": dict(specs),
        "inks": {mode: dict(colors) for mode, colors in inks.items()},
        "figures": [
            {
                "name": figure.name,
                "spec": figure.spec,
                "rows": figure.rows,
                "signals": dict(figure.signals),
                "title": figure.title,
                "note": figure.note,
                "table": {
                    "header": list(figure.header),
                    "rows": [list(row) for row in figure.table],
                },
            }
            for figure in figures
        ],
    }


def plain_specs(charts: Mapping[str, alt.LayerChart]) -> dict[str, Any]:
    """Specifications as JSON holds them, in our configuration."""
    plain = {name: json.loads(chart.to_json(validate=False)) for name, chart in charts.items()}
    for spec in plain.values():
        spec["config"] = CONFIG
    return plain
