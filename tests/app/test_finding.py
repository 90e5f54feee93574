"""The sentence and the line below it: what is predicted, what is claimed, what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES, catalog
from shrinkage.app.runs import LinearResult
from shrinkage.app.spec import DEFAULT, encode
from shrinkage.app.views.sentence import certificate, sentence
from shrinkage.app.views.text import Translator, duration
from shrinkage.linear.comparison import compare_penalties
from shrinkage.plots import path_chart, weights_chart

Opened = Callable[..., Any]


@pytest.fixture
def diabetes(diabetes_result: LinearResult) -> LinearResult:
    """The first picture."""
    return diabetes_result


def on(base: LinearResult, X: Any, y: Any, **options: Any) -> LinearResult:
    """The result of another table."""
    return replace(base, comparison=compare_penalties(X, y, n_lambdas=40, **options))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_where_it_holds(diabetes: LinearResult, lang: str) -> None:
    said = sentence(diabetes, Translator(lang))
    assert said.index("λ.1se") < said.index("L1 keeps" if lang == "en" else "L1 保留")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_few_rows_allow_no_verdict(diabetes: LinearResult, lang: str) -> None:
    t = Translator(lang)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(29, 3))
    y = X[:, 0] + rng.normal(size=29)
    said = sentence(on(diabetes, X, y), t)
    assert t("fact.few_rows", rows="29") in said
    assert all(t(f"fact.{code}") not in said for code in ("tied", "better_l1", "better_l2"))
    X, y = np.vstack([X, X[:1]]), np.append(y, 0.0)
    assert t("fact.few_rows", rows="30") not in sentence(on(diabetes, X, y), t)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_minimum_at_the_edge_allows_no_verdict(diabetes: LinearResult, lang: str) -> None:
    t = Translator(lang)
    edge = t("fact.at_edge", penalty="L2")
    assert edge not in sentence(diabetes, t)
    l2 = diabetes.comparison.l2
    moved = replace(diabetes.comparison, l2=replace(l2, i_min=int(l2.grid[-1])))
    said = sentence(replace(diabetes, comparison=moved), t)
    assert edge in said
    assert t("fact.tied") not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_noise_has_no_usable_signal(diabetes: LinearResult, lang: str) -> None:
    t = Translator(lang)
    rng = np.random.default_rng(1)
    result = on(diabetes, rng.normal(size=(80, 5)), rng.normal(size=80), cv=5)
    said = sentence(result, t)
    assert t("fact.l1_keeps_none", total="5") in said
    assert t("fact.no_signal") in said
    assert t("fact.no_signal") not in sentence(diabetes, t)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_feature_is_not_all_of_them(diabetes: LinearResult, lang: str) -> None:
    t = Translator(lang)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 1))
    assert t("fact.l1_keeps_one") in sentence(on(diabetes, X, X[:, 0], cv=5), t)
    noise = on(diabetes, X, rng.normal(size=80), cv=5)
    assert t("fact.l1_keeps_none_one") in sentence(noise, t)
    words = {key.removeprefix("board."): text for key, text in catalog(lang).items()}
    for chart in (path_chart, weights_chart):
        title = chart(noise.comparison, "l1", words).to_dict()["title"]
        assert words["title.only_zero"].format(penalty=words["side.l1"]) in str(title)


def test_the_certificate_has_three_digits(diabetes: LinearResult) -> None:
    said = certificate(diabetes, Translator("en"))
    assert "1.00×10⁻¹²" in said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.19, "0.190"), (1.0, "1.00"), (12.34, "12.3"), (123.4, "123"), (1234.0, "1,230")],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_target_and_the_event_are_on_the_screen(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang)
    assert f"**{screen.t('target.diabetes')}**" in screen.texts
    link = encode(DEFAULT.but(data="sample:breast_cancer", task="classification", cv=3))
    screen = open_app(lang=lang, c=link)
    assert screen.t("context.event", event="benign", other="malignant") in screen.texts


def with_holes() -> bytes:
    """Every fourth value of ``price`` is missing; ``note`` holds texts; ``one`` never varies."""
    rows = [
        f"{i * i % 11},{i % 7},{'' if i % 4 == 0 else 2 * (i % 7) + i % 3},text {i},1"
        for i in range(80)
    ]
    return "\n".join(["a,b,price,note,one", *rows]).encode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rows_without_target_are_told_with_the_way_to_the_report(
    open_app: Opened, lang: str
) -> None:
    screen = open_app(lang=lang)
    assert screen.t("data.report_clean") in screen.texts
    screen.upload("holes.csv", with_holes()).use("price", "regression")
    assert screen.t("context.rows_left_out", n="20") in screen.texts
    assert screen.t("context.columns_left_out", n="2") in screen.texts
    labels = [p.proto.popover.label for p in screen.at.get("popover")]
    assert screen.t("data.report") in labels
    assert screen.t("step.dropped_constant", column="one", value="1") in screen.texts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_target_that_cannot_work_is_warned_of_before_the_button(
    open_app: Opened, lang: str
) -> None:
    screen = open_app(lang=lang).upload("holes.csv", with_holes())
    select = screen.widget("selectbox", "target_")
    assert select.value == "price"
    assert list(screen.at.warning) == []
    select.set_value("note")
    screen.run()
    for task in ("classification", "regression"):
        screen.widget("button_group", "task_").set_value(task)
        screen.run()
        (warning,) = [w.value for w in screen.at.warning]
        fields = {"column": "note", "value": "80", "example": "text 0", "limit": "20"}
        assert warning == screen.t("error.data.too_many_texts", **fields)
    screen.widget("selectbox", "target_").set_value("one")
    screen.run()
    assert [w.value for w in screen.at.warning] == [
        screen.t("error.data.constant_target", value="one", constant="1")
    ]


def test_the_history_tells_runs_of_the_same_data_apart(open_app: Opened) -> None:
    screen = open_app(c=encode(DEFAULT.but(test=True, cv=5, standardize=False)))
    (line,) = [m.value for m in screen.at.markdown if screen.t("status.done") in m.value]
    for key, values in (("test", {}), ("folds", {"folds": "5"}), ("raw", {})):
        assert screen.t(f"history.{key}", **values) in line
