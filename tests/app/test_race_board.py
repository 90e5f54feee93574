"""What the board of a race is sent: one specification for every race, its words, its numbers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shrinkage.app.board as board_package
from shrinkage.app.board import LaneTexts, RaceTexts, bundle, race_payload
from shrinkage.app.i18n import LANGUAGES, section
from shrinkage.app.race_look import LaneLook, Look, cut_off
from shrinkage.app.race_spec import Lane
from shrinkage.app.views.race_sentence import race_texts
from shrinkage.app.views.text import Translator
from shrinkage.plots.race import (
    CURVE_HEIGHT,
    DARK_LANE_COLORS,
    LANE_COLORS,
    LANE_SHAPES,
    MAX_POINTS,
    curve_rows,
    curves_spec,
    loss_range,
    race_bars_spec,
    thinned,
)
from shrinkage.plots.style import CONFIG, records

FOLDER = Path(board_package.__file__).parent


def words(language: str = "en") -> dict[str, str]:
    return section(language, "race")


def look_of(epochs: int, lanes: int = 2, goal: int = 500) -> Look:
    """Losses that fall, then part; weights of which some are zero."""
    train = tuple(float(v) for v in 1.0 / np.arange(1, epochs + 1))
    validation = tuple(v + 0.001 * i for i, v in enumerate(train))
    lane = LaneLook(Lane(), train, validation, zeros=25, total=100, test_error=0.2)
    return Look(epochs, goal, (lane,) * lanes, changes=((3,),) * lanes)


def payload_of(look: Look, language: str = "en") -> dict[str, Any]:
    texts = [LaneTexts("name", "gap", "25 %", "0.2")] * len(look.lanes)
    return race_payload("r", look, RaceTexts(texts, "z", "zn", "t", "tn"), words(language))


def test_the_specification_is_the_same_for_every_race() -> None:
    one, other = payload_of(look_of(5)), payload_of(look_of(300, lanes=4))
    assert json.dumps(one["specs"]) == json.dumps(other["specs"])
    assert "datasets" not in json.dumps(one["specs"])


def test_units_through_which_nothing_passes() -> None:
    """Of 3-4-2-1: unit 1 of the first layer gets nothing, unit 0 of the second gives nothing."""
    weights = [np.ones((3, 4)), np.ones((4, 2)), np.ones((2, 1))]
    assert cut_off(weights) == (0, 0)
    weights[0][:, 1] = 0.0
    weights[2][0] = 0.0
    weights[0][2, 0] = 0.0  # of a unit that has others
    assert cut_off(weights) == (2, 4)
    weights[1][1] = weights[1][:, 0] = 0.0
    assert cut_off(weights) == (2, 4 + 4 + 1)
    assert cut_off([np.zeros((3, 1))]) == (0, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_all_zeros_come_from_such_units_it_is_said(language: str) -> None:
    t = Translator(language)
    look = look_of(5, lanes=3)
    seen = (replace(look.lanes[0], cut_off=2, cut_zeros=25), look.lanes[1], look.lanes[2])
    said = t("network.note.cut_off", lane="A", units="2")
    assert race_texts(replace(look, lanes=seen), None, t).zeros_note.endswith(said)
    assert race_texts(look, None, t).zeros_note == t("network.note.zeros")


def test_curves_and_bars_are_the_numbers_of_the_race() -> None:
    look = look_of(30)
    sent = payload_of(look)
    lane = sent["lanes"][0]
    np.testing.assert_allclose(lane["curve"]["train"], look.lanes[0].train, rtol=1e-5)
    np.testing.assert_allclose(lane["curve"]["validation"], look.lanes[0].validation, rtol=1e-5)
    assert lane["curve"]["epoch"] == list(range(1, 31))
    assert lane["changes"] == {"epoch": [3]}
    assert lane["dots"]["epoch"] == [30, 30]
    assert sent["bars"]["zeros"]["rows"]["value"] == [0.25, 0.25]
    assert sent["bars"]["test"]["rows"]["value"] == [0.2, 0.2]
    assert [lane["letter"] for lane in sent["lanes"]] == ["A", "B"]
    json.dumps(sent, allow_nan=False)


def test_nothing_is_drawn_before_the_first_epoch() -> None:
    sent = payload_of(Look(0, 200, (LaneLook(Lane()),) * 3))
    assert sent["lanes"][0]["curve"] == {"epoch": [], "train": [], "validation": []}
    assert sent["losses"] == [0.0, 1.0]
    assert sent["epochs"] == [0, 200]
    assert sent["bars"]["zeros"]["rows"]["value"] == [0.0] * 3


def test_a_long_race_is_thinned_and_keeps_its_ends_and_its_lowest_point() -> None:
    places = thinned(10_000, [7321])
    assert len(places) <= MAX_POINTS
    assert {0, 7321, 9999} <= set(places)
    assert thinned(5) == [0, 1, 2, 3, 4]
    sent = payload_of(look_of(5000, goal=5000))
    lowest = min(look_of(5000).lanes[0].validation)
    assert min(sent["lanes"][0]["curve"]["validation"]) == pytest.approx(lowest, rel=1e-5)


@pytest.mark.parametrize(("epoch", "goal", "end"), [(0, 50, 50), (3, 9000, 200), (900, 9000, 1600)])
def test_the_axis_of_epochs_ends_at_the_goal_or_grows_by_doubling(
    epoch: int, goal: int, end: int
) -> None:
    assert payload_of(look_of(max(epoch, 1), goal=goal))["epochs"][1] == end


def test_one_range_holds_every_end_and_leaves_high_starts_outside() -> None:
    low, high = loss_range([((50.0, 0.1), (60.0, 0.5)), ((40.0, 0.3), (40.0, 0.9))])
    assert low == 0
    assert 0.9 <= high <= 5.0
    assert loss_range([]) == (0.0, 1.0)
    # The upper end does not follow every small step.
    ends = {loss_range([((1.0, 0.1), (1.0, v))])[1] for v in np.linspace(0.80, 0.90, 20)}
    assert len(ends) <= 2


def test_labels_of_the_two_curves_do_not_overlap() -> None:
    for train, validation in [(0.5, 0.5), (0.0, 1e-9), (1.0, 0.99)]:
        rows = curve_rows(
            [train], [validation], domain=(0, 1), shape="circle", changes=(), words=words()
        )
        first, second = rows["labels"]["pixel"]
        assert abs(first - second) >= 12.4
        assert all(0 <= pixel <= CURVE_HEIGHT for pixel in (first, second))


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_charts_render(language: str) -> None:
    import vl_convert

    sent = payload_of(look_of(40), language)
    curves: Any = curves_spec(words(language))
    lane = {name: sent["lanes"][0][name] for name in ("curve", "dots", "labels", "changes")}
    curves.datasets = {
        name: [{**row, "color": LANE_COLORS[0]} for row in records(columns)]
        for name, columns in lane.items()
    }
    bars: Any = race_bars_spec()
    rows = records(sent["bars"]["zeros"]["rows"])
    bars.datasets = {"bars": [{**row, "color": LANE_COLORS[0]} for row in rows]}
    for chart in (curves, bars):
        chart.config = CONFIG
        svg = vl_convert.vegalite_to_svg(chart.to_dict())
        assert "<path" in svg
        assert "NaN" not in svg


def test_every_word_the_board_uses_exists_and_no_other_is_sent() -> None:
    sources = [FOLDER / "race.js", FOLDER / "figure.js"]
    sources.append(FOLDER.parents[1] / "plots" / "race.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r'"((?:axis|curve|data)\.[a-z]+)"', text))
    used |= set(re.findall(r'this\.word\("([a-z.]+)"\)', text))
    assert used == set(words())


def test_a_lane_is_known_by_colour_shape_and_letter() -> None:
    for marks in (LANE_COLORS, DARK_LANE_COLORS, LANE_SHAPES):
        assert len(set(marks)) == 4
    from tests.app.test_entry import contrast

    assert all(contrast(color, "#FFFFFF") >= 3 for color in LANE_COLORS)
    assert all(contrast(color, "#11161D") >= 3 for color in DARK_LANE_COLORS)
    # What stands on the letter's own ground.
    assert all(contrast(color, "#FFFFFF") >= 3.8 for color in LANE_COLORS)
    assert all(contrast(color, "#11161D") >= 4.5 for color in DARK_LANE_COLORS)


def test_the_script_of_the_race_stands_alone() -> None:
    text = bundle.script(bundle.RACE_SCRIPTS)
    assert "class RaceBoard" in text
    assert "class Board " not in text
    assert text.count("export default") == 1
