"""The charts of the Ensemble tab: one specification each, labels apart, bins that hold all."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shrinkage.app.board as board_package
from shrinkage.app.board import bundle
from shrinkage.app.i18n import LANGUAGES, section
from shrinkage.plots.ensemble import (
    BINS,
    DARK_INKS,
    HEIGHT,
    INKS,
    Mark,
    bin_edges,
    histogram_rows,
    histogram_spec,
    member_places,
    member_rows,
    members_spec,
)
from shrinkage.plots.style import CONFIG, records


def words(language: str = "en") -> dict[str, str]:
    return section(language, "figures")


MARKS = [
    Mark(0.4, "vote", "vote"),
    Mark(0.41, "weight scaling", "scaling"),
    Mark(0.9, "b", "member"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_charts_render_from_one_specification(language: str) -> None:
    import vl_convert

    mean, deviation = 0.4 + 0.3 / np.arange(1, 201), 0.1 / np.arange(1, 201)
    values = np.random.default_rng(0).normal(0.5, 0.1, 400)
    drawn = [
        (members_spec, *member_rows(mean, deviation, 12, MARKS)),
        (histogram_spec, *histogram_rows(values, MARKS)),
    ]
    for spec, rows, signals in drawn:
        chart: Any = spec(words(language))
        before = chart.to_json(validate=False)
        assert "datasets" not in before
        chart.datasets = {
            name: [{**row, "color": INKS[row["ink"]]} for row in records(columns)]
            for name, columns in rows.items()
        }
        for param in chart.params:
            param.value = signals[param.name]
        chart.config = CONFIG
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        assert "<path" in svg
        assert "NaN" not in svg
        assert "weight scaling" in svg
        json.dumps(rows, allow_nan=False)


def test_labels_keep_apart_and_stay_inside() -> None:
    marks = [Mark(0.4 + 1e-4 * i, str(i), "vote") for i in range(6)]
    rows, _ = histogram_rows(np.linspace(0, 1, 50), marks)
    pixels = sorted(rows["labels"]["pixel"])
    assert all(b - a >= 12.9 for a, b in pairwise(pixels))
    assert all(0 <= pixel <= HEIGHT for pixel in pixels)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_every_share_falls_into_the_middle_of_steps(wrong: list[int]) -> None:
    values = np.array(wrong) / 60
    edges = bin_edges(values, 1 / 60)
    assert len(edges) - 1 <= BINS + 1
    assert np.histogram(values, edges)[0].sum() == len(values)
    # No value lies on an edge: between two of them are whole steps.
    assert np.abs(np.subtract.outer(values, edges)).min() > 0.4 / 60


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_every_value_falls_into_a_bin(values: list[float]) -> None:
    edges = bin_edges(np.array(values))
    assert (np.diff(edges) > 0).all()
    assert np.histogram(values, edges)[0].sum() == len(values)


@pytest.mark.parametrize("count", [1, 2, 20, 200])
def test_numbers_of_members_begin_and_end_where_the_curve_does(count: int) -> None:
    places = member_places(count)
    assert (places[0], places[-1]) == (1, count)
    assert places == sorted(set(places))


def test_every_word_the_figures_use_exists_and_no_other_is_sent() -> None:
    folder = Path(board_package.__file__).parent
    sources = [folder / "figures.js", folder / "figure.js"]
    sources.append(folder.parents[1] / "plots" / "ensemble.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r'"((?:axis|data)\.[a-z]+)"', text))
    used |= set(re.findall(r'this\.word\("([a-z.]+)"\)', text))
    assert used == set(words())


def test_inks_can_be_read_on_their_page() -> None:
    from tests.app.test_entry import contrast

    assert INKS.keys() == DARK_INKS.keys()
    assert all(contrast(color, "#FFFFFF") >= 4.5 for color in INKS.values())
    assert all(contrast(color, "#11161D") >= 4.5 for color in DARK_INKS.values())


def test_the_script_of_the_figures_stands_alone() -> None:
    text = bundle.script(bundle.FIGURE_SCRIPTS)
    assert "class FigureBoard" in text
    assert "class RaceBoard" not in text
    assert text.count("export default") == 1
