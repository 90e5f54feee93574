"""What a user reads: catalogs, numbers, names, errors; screens hold no text of their own."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shrinkage.app as app
from shrinkage.app.i18n import LANGUAGES, catalog, choose_language, placeholders, translate
from shrinkage.app.views.text import Translator, number, plain, shorten, show
from shrinkage.data import samples
from shrinkage.errors import DataError

FOLDER = Path(app.__file__).parent
DRAWING = [
    FOLDER / "main.py",
    *sorted((FOLDER / "views").glob("*.py")),
    *sorted((FOLDER / "screens").glob("*.py")),
    FOLDER / "board" / "mount.py",
]
CHINESE = re.compile("[\u4e00-\u9fff]")
SENTENCE = re.compile(r"[A-Za-z]{2,}[^A-Za-z0-9]* [^A-Za-z0-9]*[A-Za-z]{2,}")
# Calls whose text is not for the user: logs, and errors that only a programmer can cause.
UNSEEN = {"debug", "info", "warning", "exception", "ValueError", "TypeError", "RuntimeError"}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = catalog("en"), catalog("zh")
    assert english.keys() == chinese.keys()
    assert len(english) > 100
    different = [k for k in english if placeholders(english[k]) != placeholders(chinese[k])]
    assert different == []


COUNTED = (
    "rows|columns|cells|values|texts|words|levels|steps|folds|fits|features|classes|epochs|bytes"
    "|characters|weights|draws|members|units|sub-networks|lanes|names|changes|races|runs|files|layers|groups"
)
BETWEEN = r"(?:(?!of\b|in\b)[\w*-]+ ){0,2}?"
MANY = re.compile(rf"(?<![\d.,])1 {BETWEEN}(?:{COUNTED})\b|\b1 (?:are|were|have)\b")


@pytest.mark.parametrize("key", [k for k, text in catalog("en").items() if placeholders(text)])
def test_one_is_no_plural(key: str) -> None:
    """With 1 for every number no noun behind one, and no verb, is that of several."""
    ones = {**dict.fromkeys(placeholders(catalog("en")[key]), "1"), "lane": "A", "lanes": "A"}
    assert MANY.findall(translate("en", key, **ones)) == []


def test_words_follow_their_number() -> None:
    def say(n: str) -> str:
        return translate("en", "step.one_hot", column="c", columns=n, levels="2")

    assert say("1") == "**c** became 1 column of 0 and 1, from 2 levels."
    assert say("11") == "**c** became 11 columns of 0 and 1, from 2 levels."
    assert "{" not in translate("zh", "step.one_hot", column="c", columns="1", levels="2")


def test_chinese_is_chinese_and_english_is_not() -> None:
    english, chinese = catalog("en"), catalog("zh")
    names = {"language.zh"}
    assert [k for k, v in english.items() if CHINESE.search(v) and k not in names] == []
    words = re.compile(r"[A-Za-z]{3,} +[A-Za-z]{3,}")
    untranslated = [
        k for k, v in chinese.items() if words.search(re.sub(r"[`*]|\{.*?\}", "", v))
        and not CHINESE.search(v)
    ]  # fmt: skip
    assert untranslated == []


@pytest.mark.parametrize(
    "term", ["正则化", "L1 正则化", "L2 正则化", "随机失活", "系数路径", "交叉验证"]
)
def test_the_terms_of_the_field_are_used(term: str) -> None:
    assert any(term in text for text in catalog("zh").values())


def test_an_unknown_key_and_language_are_errors() -> None:
    with pytest.raises(KeyError):
        translate("en", "no.such.key")
    with pytest.raises(ValueError, match="language"):
        catalog("de")


@pytest.mark.parametrize(
    ("asked", "kept", "locale", "expected"),
    [
        ("zh", "en", "en-US", "zh"),
        (None, "en", "zh-CN", "en"),
        (None, None, "zh-TW", "zh"),
        (None, None, "de-DE", "en"),
        (None, None, None, "en"),
        ("xx", None, "zh", "zh"),
    ],
)
def test_language_of_link_then_session_then_browser(
    asked: str | None, kept: str | None, locale: str | None, expected: str
) -> None:
    assert choose_language(asked, kept, locale) == expected


@pytest.mark.parametrize("path", DRAWING, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_text_outside_the_catalogs(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert literal_texts(tree) == []


def test_a_literal_text_would_be_found() -> None:
    code = 'import streamlit as st\nst.button("Save")\nx = "Save the file"\ny = f"{x} of rows here"'
    assert len(literal_texts(ast.parse(code))) == 3


DISPLAY = {
    "markdown", "write", "caption", "text", "title", "header", "subheader", "button", "error",
    "warning", "info", "success", "toast", "toggle", "checkbox", "selectbox", "segmented_control",
    "popover", "expander", "file_uploader", "download_button", "number_input", "metric", "tabs",
    "radio", "slider", "progress", "pills", "multiselect", "text_input", "dialog", "link_button",
}  # fmt: skip


def literal_texts(tree: ast.Module) -> list[str]:
    """Strings that read like words for a user: sentences, Chinese, labels of display calls."""
    skipped = _docstrings(tree) | _unseen(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in skipped and _reads(node.value):
                found.append(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            label = first.value if isinstance(first, ast.Constant) else None
            if node.func.attr in DISPLAY and isinstance(label, str) and re.search(r"\w", label):
                found.append(label)
    return found


def _reads(text: str) -> bool:
    is_markup = text.lstrip().startswith("<") or ("{" in text and ";" in text)
    return bool(CHINESE.search(text) or SENTENCE.search(text)) and not is_markup


def _docstrings(tree: ast.Module) -> set[int]:
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _unseen(tree: ast.Module) -> set[int]:
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    names = [(getattr(c.func, "attr", None) or getattr(c.func, "id", None), c) for c in calls]
    logs = [c for name, c in names if name in UNSEEN and not _is_streamlit(c)]
    return {id(node) for call in logs for node in ast.walk(call)}


def _is_streamlit(call: ast.Call) -> bool:
    func = call.func
    return (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id != "_LOG"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3000.4, "3,000"),
        (2_987.6, "2,990"),
        (0.000123456, "0.000123"),
        (1.23456e-7, "1.23×10⁻⁷"),
        (-0.5, "−0.5"),
        (-1.5e12, "−1.5×10¹²"),
        (123456, "123,000"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3659.6, "3,660"), (-1234.5, "−1,234"), (531.52, "531.5"), (57.25, "57.25")]
)
def test_more_digits_where_they_are_asked_for(value: float, text: str) -> None:
    assert number(value, 4) == text


@given(st.text(max_size=200))
def test_names_of_users_are_short_and_never_markup(name: str) -> None:
    assert len(shorten(name, 20)) <= 20
    safe = plain(name)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]<>$~:|]", safe)
    assert "\n" not in safe


def test_show_says_every_kind_of_field() -> None:
    assert show(True) == "True"
    assert show(12345) == "12,345"
    assert show(["a", "b"]) == "a, b"
    assert show(list("abcdefg")) == "a, b, c, d, e, …"
    assert show(0.12345) == "0.123"
    assert show("<b>") == r"\<b\>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_are_said_in_the_users_language(language: str) -> None:
    t = Translator(language)
    known = DataError("the file is empty", code="data.empty_file", argument="source")
    assert t.error(known) == t("error.data.empty_file")
    unknown = DataError("the moon is full", code="data.moon", argument="source")
    assert t.error(unknown) == "the moon is full"
    assert t.error(KeyError("secret")) == t("error.unexpected")
    incomplete = DataError("it is too large", code="data.too_large")
    assert t.error(incomplete) == "it is too large"


def test_every_code_of_the_reader_and_the_comparison_is_translated() -> None:
    package = FOLDER.parent
    files = [*(package / "data").glob("*.py"), package / "linear" / "comparison.py"]
    text = "\n".join(f.read_text(encoding="utf-8") for f in files)
    codes = set(re.findall(r'code="((?:data|comparison)\.[a-z_0-9]+)"', text))
    assert len(codes) > 15
    known = catalog("en")
    assert sorted(c for c in codes if f"error.{c}" not in known and c != "data.cancelled") == []


def test_every_step_of_reader_and_preparation_is_translated() -> None:
    files = (FOLDER.parent / "data").glob("*.py")
    text = "\n".join(f.read_text(encoding="utf-8") for f in files)
    codes = set(re.findall(r'(?:make_step|\.do|_not_encoded)\(\s*"([a-z_]+)"', text))
    assert len(codes) > 25
    assert sorted(c for c in codes if f"step.{c}" not in catalog("en")) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sample_has_a_name(language: str) -> None:
    names = [translate(language, f"sample.{sample.name}") for sample in samples()]
    assert len(set(names)) == len(names) == 8
