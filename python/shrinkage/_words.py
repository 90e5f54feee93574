"""Templates of texts that follow their numbers: ``{n} {n:row|rows}``."""

from __future__ import annotations

import string
from typing import Any


class _Formatter(string.Formatter):
    """Fills placeholders; of ``{name:one|several}`` it takes a word."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, several = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else several


_FORMATTER = _Formatter()


def fill(template: str, **values: Any) -> str:
    """The template with its placeholders filled, words in the number that their values call for."""
    return _FORMATTER.vformat(template, (), values)
