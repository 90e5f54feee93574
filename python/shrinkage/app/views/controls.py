"""Small helps for controls that several views draw."""

from __future__ import annotations

from collections.abc import Sequence


def key_of_value(name: str, value: object) -> str:
    """Key of a control that shows a value which may change elsewhere.

    A closed popover does not hear that Python set a control, and would send its old value back; a
    control of another key starts with the value it is given.
    """
    return f"{name}_{value}"


def steps_with(steps: Sequence[float], value: float) -> list[float]:
    """The steps of a slider with the present value among them, which a link may have set."""
    return sorted({*steps, value})
