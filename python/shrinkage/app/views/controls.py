"""Controls that show what the app knows, and of which only a person's change counts.

Page and server hear of each other late: a slow page reports what it was told long ago, even of
controls that are gone, and Streamlit calls their callbacks. So a key stands for one telling: the
app never sets a control that is drawn already, it draws one of another key in its place; and what
is reported under a key counts only where it differs from what is known of that very key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

_TOLD = "told"


@dataclass
class Told:
    """What page and server both know of a control, from the drawing to the next change.

    Attributes:
        key: of the control.
        edition: how many of this name were drawn before, each of a key of its own.
        value: what it was drawn with or, later, what was last chosen.
    """

    key: str
    edition: int
    value: Any


def control(name: str, shown: Any, take: Callable[[Any], object]) -> dict[str, Any]:
    """``key``, ``on_change`` and ``args`` of a control that is drawn with the value ``shown``.

    ``take(value)`` is called once for every value that a person chose, before the next run.
    """
    told = _told(name, shown)
    return {"key": told.key, "on_change": heard, "args": (told, take)}


def heard(told: Told, take: Callable[[Any], object]) -> None:
    """Take up a report of a control, unless it only repeats what is known."""
    value = st.session_state[told.key]
    if value == told.value:
        return
    told.value = value
    take(value)


def _told(name: str, shown: Any) -> Told:
    """The control of this name; where it holds another value, one of a new key."""
    known: dict[str, Told] = st.session_state.setdefault(_TOLD, {})
    told = known.get(name)
    if told is None:
        told = known[name] = Told(name, 0, shown)
    elif told.value != shown:
        edition = told.edition + 1
        told = known[name] = Told(f"{name}_{edition}", edition, shown)
    return told


def steps_with(steps: Sequence[float], value: float) -> list[float]:
    """The steps of a slider with the present value among them, which a link may have set."""
    return sorted({*steps, value})
