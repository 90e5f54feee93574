"""The Linear screen in both languages: first picture, settings, link, history, test rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import shrinkage.app.runs as runs
from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.jobs import JobState
from shrinkage.app.spec import DEFAULT, decode, encode
from shrinkage.errors import Cancelled

Opened = Callable[..., Any]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_picture_needs_no_input(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang)
    board = screen.board
    assert board["features"][:1] != []
    assert set(board["features"]) == {
        "age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6",
    }  # fmt: skip
    assert len(board["sides"]["l1"]["lambda"]) == 100
    assert board["words"]["curve.cv"] == screen.t("board.curve.cv")
    side = board["sides"]["l1"]
    kept = 10 - side["zero"][side["oneSe"]]
    finding = screen.t("fact.l1_keeps", kept=kept, total=10)
    assert finding in screen.texts
    assert 0 < kept < 10
    name = screen.t("sample.diabetes")
    assert screen.chip == screen.t("data.chip", name=name, rows="442", columns="10")
    assert screen.errors == []


def test_chinese_for_a_chinese_browser_and_the_switch(open_app: Opened) -> None:
    screen = open_app()
    assert screen.t("fact.tied") in screen.texts or "L1 keeps" in screen.texts
    screen.widget("button_group", "language_switch").set_value("zh")
    screen.run()
    assert screen.query("lang") == "zh"
    assert "L1 保留" in screen.texts
    assert screen.board["words"]["curve.train"] == screen.t("board.curve.train")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_click_splits_off_test_rows_and_shows_their_error(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang)
    assert screen.board["sides"]["l1"]["test"] is None
    screen.widget("toggle", "split").set_value(True)
    screen.run()
    test = screen.board["sides"]["l1"]["test"]
    assert np.isfinite(test).all()
    assert screen.t("fact.test", rows="111", l1="", l2="").split("111")[0] in screen.texts
    assert decode(screen.query("c")) == DEFAULT.but(test=True)
    screen.widget("toggle", "split").set_value(False)
    screen.run()
    assert screen.query("c") is None
    assert screen.board["sides"]["l1"]["test"] is None


def test_another_sample_and_a_class_against_the_rest(open_app: Opened) -> None:
    screen = open_app()
    screen.widget("selectbox", "sample_").set_value("wine")
    screen.run()
    assert screen.board["loss"] == "logistic"
    assert "178 × 13" in screen.chip
    first = screen.board["sides"]["l1"]["lambda"][0]
    screen.widget("selectbox", "event_").set_value("class_2")
    screen.run()
    assert decode(screen.query("c")).event == "class_2"
    assert screen.t("context.class_rest", event=r"class\_2", others="2") in screen.texts
    assert screen.board["sides"]["l1"]["lambda"][0] != first


def test_folds_and_standardization_are_settings(open_app: Opened) -> None:
    screen = open_app()
    before = screen.board["sides"]["l1"]
    screen.widget("selectbox", "folds_").set_value(5)
    screen.run()
    assert screen.board["sides"]["l1"]["cv"] != before["cv"]
    assert screen.board["sides"]["l1"]["train"] == before["train"]
    screen.widget("toggle", "standardize_").set_value(False)
    screen.run()
    assert screen.board["standardize"] is False
    assert set(screen.board["sides"]["l1"]["scales"]) == {1.0}
    assert decode(screen.query("c")) == DEFAULT.but(cv=5, standardize=False)


def test_a_link_opens_the_same_run(open_app: Opened) -> None:
    spec = DEFAULT.but(data="sample:sparse", cv=5, test=True, link="1se")
    screen = open_app(c=encode(spec) or "")
    assert screen.board["link"] == "1se"
    assert screen.board["sides"]["l1"]["test"] is not None
    assert screen.t("sample.sparse") in screen.chip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("query", [{"c": "v1.nonsense"}, {"job": "0123456789abcdef"}])
def test_a_damaged_link_is_told_and_the_picture_stands(
    open_app: Opened, lang: str, query: dict[str, str]
) -> None:
    screen = open_app(lang=lang, **query)
    assert screen.at.warning[0].value == screen.t("link.damaged")
    assert len(screen.board["features"]) == 10
    assert screen.run().at.warning.values == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_history_lists_runs_and_reopens_them(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang)
    screen.widget("selectbox", "sample_").set_value("sparse")
    screen.run()
    lines = [m.value for m in screen.at.markdown if screen.t("status.done") in m.value]
    assert len(lines) == 2
    assert screen.t("sample.sparse") in lines[0]
    assert screen.t("sample.diabetes") in lines[1]
    old = screen.shared.history.recent()[-1]
    screen.click(f"open_{old.id}")
    assert "442 × 10" in screen.chip
    screen.click("history_clear").click("history_clear_no")
    assert len(screen.shared.history.recent()) == 2
    screen.click("history_clear").click("history_clear_yes")
    assert screen.shared.history.recent() == []
    assert screen.t("history.empty") in screen.texts
    assert len(screen.board["features"]) == 10


def test_a_second_session_finds_the_finished_job(open_app: Opened) -> None:
    first = open_app()
    (job,) = first.shared.fits.jobs()
    second = open_app(lang="zh")
    assert second.shared.fits.jobs() == [job]
    assert second.board["id"] == first.board["id"]


def endless(*_: Any, callback: Callable[[Any], bool], **__: Any) -> None:
    """A fit that ends only when it is stopped."""
    for index in range(100_000):
        if callback(SimpleNamespace(index=index, total=100_000, lam=0.5, n_nonzero=3)):
            error = Cancelled("stopped", code="fit.cancelled")
            error.path = SimpleNamespace(lambdas=np.ones(7))
            raise error
        time.sleep(0.01)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_fit_shows_progress_stops_and_starts_again(
    open_app: Opened, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    screen = open_app(lang=lang)
    before = screen.board["id"]
    real = runs.compare_penalties
    monkeypatch.setattr(runs, "compare_penalties", endless)
    screen.widget("selectbox", "sample_").set_value("sparse")
    screen.at.run()
    (bar,) = screen.at.get("progress")
    name = screen.t("sample.sparse")
    assert screen.t("linear.fitting", name=name) in bar.proto.text
    assert "λ = 0.5" in bar.proto.text
    # The finished picture stays while the next one is made.
    assert screen.board["id"] == before
    assert screen.t("linear.previous", name=screen.t("sample.diabetes")) in screen.texts
    # A refresh finds the running job.
    (job,) = [j for j in screen.shared.fits.jobs() if j.state is JobState.RUNNING]
    refreshed = open_app(settle=False, lang=lang, c=screen.query("c"))
    assert refreshed.at.get("progress")
    assert [j for j in screen.shared.fits.jobs() if j.state is JobState.RUNNING] == [job]
    screen.widget("button", "fit_stop").click()
    screen.at.run()
    assert job.wait(0.2)
    assert job.state is JobState.STOPPED
    screen.run()
    assert screen.at.info[0].value == screen.t("linear.stopped_part", name=name, done="7")
    assert screen.board["id"] == before
    monkeypatch.setattr(runs, "compare_penalties", real)
    screen.click("fit_again")
    assert screen.board["id"] != before
    assert [run.status for run in screen.shared.history.recent()] == ["done", "stopped", "done"]


def test_an_unforeseen_error_is_one_sentence(
    open_app: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a secret detail")

    monkeypatch.setattr(runs, "compare_penalties", broken)
    screen = open_app()
    assert screen.errors == [screen.t("error.unexpected")]
    assert "secret" not in screen.texts
    assert screen.shared.history.recent()[0].summary == {"error": "error.unexpected"}


def test_a_run_of_another_version_does_not_break_the_history(open_app: Opened) -> None:
    screen = open_app()
    screen.shared.history.start(
        key="f" * 64, spec='{"magic": 1}', data_name="future", digest="d", version="9"
    )
    assert "future" not in screen.run().texts
    assert screen.t("sample.diabetes") in screen.texts
