"""Every text a user sees, in English and Chinese.

A catalog is the union of all ``*.<language>.json`` files of this folder; keys are dotted names,
never English text; placeholders are ``{name}``. Numbers are formatted by the caller. A word that
follows a number is ``{name:row|rows}``: the first where the number is 1, else the second.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from shrinkage._words import fill

LANGUAGES = ("en", "zh")
DEFAULT_LANGUAGE = "en"


@cache
def catalog(language: str) -> Mapping[str, str]:
    """All texts of a language by key. Raises ValueError for another language or a double key."""
    if language not in LANGUAGES:
        raise ValueError(f"language = {language!r}: expected one of {LANGUAGES}")
    texts: dict[str, str] = {}
    for file in resources.files(__package__).iterdir():
        if not file.name.endswith(f".{language}.json"):
            continue
        part = json.loads(file.read_text(encoding="utf-8"))
        if twice := texts.keys() & part.keys():
            raise ValueError(f"{file.name}: keys given twice: {sorted(twice)}")
        texts.update(part)
    return texts


def section(language: str, prefix: str) -> dict[str, str]:
    """The texts whose key begins with ``prefix.``, without the prefix."""
    head = f"{prefix}."
    return {k.removeprefix(head): v for k, v in catalog(language).items() if k.startswith(head)}


def translate(language: str, key: str, **values: Any) -> str:
    """The text of a key with its placeholders filled. Raises KeyError for an unknown key."""
    text = catalog(language)[key]
    return fill(text, **values) if values or "{" in text else text


def placeholders(text: str) -> frozenset[str]:
    """Names of the placeholders in a text."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def choose_language(asked: str | None, kept: str | None, locale: str | None) -> str:
    """The link's language, else the session's, else Chinese for a Chinese browser, else English."""
    for candidate in (asked, kept):
        if candidate in LANGUAGES:
            return candidate
    return "zh" if (locale or "").lower().startswith("zh") else DEFAULT_LANGUAGE
