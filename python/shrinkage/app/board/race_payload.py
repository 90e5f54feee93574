"""What the board of a race is sent: curves, bars and the texts beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shrinkage.app.board.figures_payload import plain_specs
from shrinkage.app.intervals import standard_error
from shrinkage.app.race_look import LaneLook, Look
from shrinkage.plots.race import (
    DARK_LANE_COLORS,
    LANE_COLORS,
    LANE_SHAPES,
    bar_extent,
    bar_rows,
    curve_rows,
    curves_spec,
    loss_range,
    race_bars_spec,
)
from shrinkage.plots.style import rounded

LETTERS = "ABCD"
FIRST_EPOCHS = 200
"""Epochs on the axis, if so many are wanted, before there are more."""


@dataclass(frozen=True)
class LaneTexts:
    """What is written beside one lane: its name, its gap, its zeros, its test error."""

    label: str
    note: str
    zeros: str
    test: str


@dataclass(frozen=True)
class RaceTexts:
    """What is written on the board in numbers and words."""

    lanes: Sequence[LaneTexts]
    zeros: str
    zeros_note: str
    test: str
    test_note: str


def race_payload(
    name: str, look: Look, texts: RaceTexts, words: Mapping[str, str]
) -> dict[str, Any]:
    """Everything the browser needs, JSON-ready.

    Args:
        name: of the race; the browser keeps its charts as long as the number of lanes stays.
        look: the race at one moment. texts: with its numbers. words: those that stay.
    """
    losses = loss_range([(lane.train, lane.validation) for lane in look.lanes])
    return {
        "id": name,
        "epoch": look.epoch,
        "words": dict(words),
        "specs": _specs(tuple(sorted(words.items()))),
        "epochs": [0, _end_of_axis(look)],
        "losses": rounded(losses),
        "lanes": [
            _lane(i, lane, look, texts.lanes[i], losses, words) for i, lane in enumerate(look.lanes)
        ],
        "bars": {
            "zeros": _bars(
                [lane.zeros / lane.total if lane.total else None for lane in look.lanes],
                [lane.zeros for lane in texts.lanes],
                1.0,
                texts.zeros,
                texts.zeros_note,
            ),
            "test": _bars(
                [lane.test_error for lane in look.lanes],
                [lane.test for lane in texts.lanes],
                bar_extent([_upper(lane) for lane in look.lanes]),
                texts.test,
                texts.test_note,
                [_finite(lane.deviation) for lane in look.lanes],
            ),
        },
    }


def _finite(error: float | None) -> float:
    """A standard error that can be drawn; that of a single row is infinite."""
    return error if error is not None and math.isfinite(error) else 0.0


def _upper(lane: LaneLook) -> float | None:
    """Upper end of a test error's whisker."""
    return None if lane.test_error is None else lane.test_error + _finite(lane.deviation)


def _end_of_axis(look: Look) -> int:
    """The goal, if it is near; else the axis grows by doubling."""
    end = FIRST_EPOCHS
    while end < look.epoch:
        end *= 2
    return max(1, min(end, look.goal))


def _lane(
    i: int,
    lane: LaneLook,
    look: Look,
    texts: LaneTexts,
    losses: tuple[float, float],
    words: Mapping[str, str],
) -> dict[str, Any]:
    rows = curve_rows(
        lane.train,
        lane.validation,
        domain=losses,
        shape=LANE_SHAPES[i],
        changes=look.changes[i] if look.changes else (),
        words=words,
        error=0.0 if lane.rows is None else _finite(standard_error(lane.rows.validation)),
    )
    return {
        "letter": LETTERS[i],
        "label": texts.label,
        "note": texts.note,
        "colors": {"light": LANE_COLORS[i], "dark": DARK_LANE_COLORS[i]},
        **rows,
    }


def _bars(
    values: Sequence[float | None],
    texts: Sequence[str],
    extent: float,
    title: str,
    note: str,
    errors: Sequence[float | None] = (),
) -> dict[str, Any]:
    rows = bar_rows(values, texts, LETTERS[: len(values)], extent, errors)
    return {"rows": rows, "extent": extent, "title": title, "note": note}


@lru_cache(maxsize=4)
def _specs(texts: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The specifications in one language; the same for every race."""
    return plain_specs({"curves": curves_spec(dict(texts)), "bars": race_bars_spec()})
