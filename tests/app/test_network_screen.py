"""The Network screen in both languages: the race runs, is stopped, changed, continued, kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import sparse

import shrinkage.app.races as races
import shrinkage.app.screens.network as network
from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.race import Race
from shrinkage.app.race_look import Table
from shrinkage.app.race_script import curves_csv, race_script
from shrinkage.app.race_spec import (
    DEFAULT_RACE,
    Lane,
    RaceRun,
    RaceSpec,
    decode_race,
    encode_race,
)
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, RunSpec
from shrinkage.app.views.lanes import lane_label, rules_label
from shrinkage.app.views.race_sentence import race_sentence
from shrinkage.app.views.text import Translator

Opened = Callable[..., Any]
FAST = DEFAULT_RACE.but(hidden=(16,), epochs=30)
ENDLESS = DEFAULT_RACE.but(hidden=(8,), epochs=100_000)


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "WATCHABLE", 1e9)


def opened(open_app: Opened, spec: RaceSpec = FAST, **options: Any) -> Any:
    screen = open_app(screen="network", n=encode_race(spec) or "", **options)
    if not screen.shared.trainings.jobs():  # a link alone begins nothing that takes long
        screen.widget("button", "race_train").click()
        screen.at.run()
    return screen


def race_of(screen: Any) -> Race:
    race = screen.shared.races.get(screen.query("race"))
    assert race is not None
    return race  # type: ignore[no-any-return]


def keys(screen: Any, kind: str = "button") -> set[str]:
    return {widget.key for widget in screen.at.get(kind) if widget.key}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_race_is_run_without_any_input(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, lang=lang)
    board = screen.board
    assert board["epoch"] == 30
    assert [lane["letter"] for lane in board["lanes"]] == ["A", "B", "C", "D"]
    t = Translator(lang)
    assert [lane["label"] for lane in board["lanes"]] == [lane_label(x, t) for x in FAST.lanes]
    for lane in board["lanes"]:
        assert lane["curve"]["epoch"] == list(range(1, 31))
        assert all(v > 0 for v in lane["curve"]["validation"])
    look = race_of(screen).look
    zeros = [lane.zeros / lane.total for lane in look.lanes]
    assert board["bars"]["zeros"]["rows"]["value"] == pytest.approx(zeros, abs=1e-5)
    assert all(text for text in board["bars"]["test"]["rows"]["text"])
    name = screen.t("sample.diabetes")
    assert screen.chip == screen.t("data.chip", name=name, rows="442", columns="10")
    rows = screen.t("network.parts", train="248", validation="83", test="111")
    assert rows in screen.texts
    assert screen.errors == []
    # The sentence is that of the numbers on the board.
    assert race_sentence(look, race_of(screen).table, t) in [m.value for m in screen.at.markdown]
    assert screen.t("network.scaled_columns") in screen.texts
    rows = board["bars"]["test"]["rows"]
    assert all(a < b < c for a, b, c in zip(rows["low"], rows["value"], rows["high"], strict=True))


def test_the_switch_leads_there_and_back_and_keeps_the_data(open_app: Opened) -> None:
    screen = open_app()
    screen.widget("selectbox", "sample_").set_value("sparse")
    screen.run()
    screen.widget("button_group", "screen_switch").set_value("network")
    screen.run()
    assert screen.query("screen") == "network"
    assert screen.t("sample.sparse") in screen.chip
    race = race_of(screen)
    screen.widget("button_group", "screen_switch").set_value("linear")
    screen.run()
    assert "sides" in screen.board
    assert screen.query("screen") is None
    screen.widget("button_group", "screen_switch").set_value("network")
    screen.run()
    assert race_of(screen) is race  # it was not trained again


@pytest.mark.parametrize("lang", LANGUAGES)
def test_stop_keeps_what_was_trained_and_continue_goes_on(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, ENDLESS, settle=False, lang=lang)
    race = race_of(screen)
    assert screen.at.get("progress")
    assert "race_train" not in keys(screen)
    while race.look.epoch < 5:
        time.sleep(0.02)
    screen.click("race_stop")
    done = race.look.epoch
    assert screen.board["epoch"] == done >= 5
    button = screen.widget("button", "race_train")
    assert button.label == screen.t("network.train_on", epochs="100,000")
    button.click()
    screen.at.run()
    while race.look.epoch <= done:
        time.sleep(0.02)
    # A refresh finds the race under way.
    refreshed = open_app(settle=False, screen="network", race=race.id, lang=lang)
    assert refreshed.at.get("progress")
    assert race_of(refreshed) is race
    refreshed.click("race_stop")
    assert [run.status for run in screen.shared.history.recent()] == ["stopped", "stopped"]
    line = screen.run().texts
    assert line.count(screen.t("status.stopped")) == 1  # one race, one line


def test_at_its_goal_it_trains_beyond_or_starts_over(open_app: Opened) -> None:
    screen = opened(open_app)
    race = race_of(screen)
    button = screen.widget("button", "race_train")
    assert button.label == screen.t("network.train_more", n="200")
    screen.click("race_train")
    assert race_of(screen) is race
    assert race.look.epoch == 230
    assert decode_race(screen.query("n")).epochs == 230
    before = race.look.lanes[0].validation
    screen.click("race_anew")
    again = race_of(screen)
    assert again is not race
    assert again.look.lanes[0].validation == before  # the same seed, the same bits
    assert screen.shared.races.get(race.id) is race


def test_a_lane_is_changed_under_way_without_a_restart(open_app: Opened) -> None:
    screen = opened(open_app, ENDLESS, settle=False)
    race = race_of(screen)
    while race.look.epoch < 3:
        time.sleep(0.02)
    screen.widget("button_group", "lane_penalty_0").set_value("l1")
    screen.at.run()
    assert race_of(screen) is race
    screen.widget("select_slider", "lane_lam_0").set_value(0.05)
    screen.at.run()
    screen.widget("select_slider", "lane_dropout_0").set_value(0.3)
    screen.at.run()
    wanted = Lane(penalty="l1", lam=0.05, dropout=0.3)
    while race.look.lanes[0].rules[-1][1] != wanted:
        time.sleep(0.02)
    screen.click("race_stop")
    assert race_of(screen) is race
    assert race.lanes()[0] == wanted
    assert race.spec.changes[0].epoch >= 3
    # The curve is that of all the rules, each from its epoch on.
    label = screen.board["lanes"][0]["label"]
    rules = race.look.lanes[0].rules
    assert label == rules_label(rules, Translator("en"))
    assert label.startswith("no regularization; ")
    assert label.endswith(f"after epoch {rules[-1][0]} L1, λ = 0.05 + dropout 0.3")
    assert screen.board["lanes"][0]["changes"]["epoch"]
    assert decode_race(screen.query("n")) == race.spec
    screen.widget("button", "race_anew").click()
    screen.at.run()
    fresh = race_of(screen)
    screen.click("race_stop")
    assert fresh.spec.lanes[0] == wanted
    assert fresh.spec.changes == ()


def test_lanes_come_and_go(open_app: Opened) -> None:
    screen = opened(open_app)
    assert "lane_add" not in keys(screen)
    screen.click("lane_remove_1")
    labels = [lane["label"] for lane in screen.board["lanes"]]
    assert labels == ["no regularization", "L2, λ = 0.01", "dropout 0.5"]
    for _ in range(2):
        screen.click("lane_remove_0")
    assert [lane["label"] for lane in screen.board["lanes"]] == ["dropout 0.5"]
    assert not any(key.startswith("lane_remove") for key in keys(screen))
    assert "overfits by" in screen.texts or "no lane overfits" in screen.texts
    screen.click("lane_add")
    assert len(screen.board["lanes"]) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_other_data_ask_nothing_and_lose_nothing(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, ENDLESS, settle=False, lang=lang)
    old = race_of(screen)
    while old.look.epoch < 3:
        time.sleep(0.02)
    screen.widget("selectbox", "sample_").set_value("wine")
    screen.at.run()
    assert old.job is not None
    assert old.job.wait(5)
    (told,) = [w.value for w in screen.at.warning]
    assert screen.t("sample.diabetes") in told
    assert race_of(screen) is not old
    screen.click("race_stop")
    # The line of the old race opens it with its curves, and it can be continued.
    row = next(r for r in screen.shared.history.recent() if r.key == old.id)
    screen.click(f"open_{row.id}")
    assert race_of(screen) is old
    assert screen.board["epoch"] == old.look.epoch
    assert "442 × 10" in screen.chip
    assert screen.query("c") is None
    screen.shared.trainings.close()


def test_classes_have_a_share_of_wrong_ones(open_app: Opened) -> None:
    from shrinkage.app.spec import encode

    wine = encode(DEFAULT.but(data="sample:wine", task="classification"))
    screen = opened(open_app, c=wine)
    assert screen.board["bars"]["test"]["title"] == screen.t("network.title.test_share")
    assert all(text.endswith("%") for text in screen.board["bars"]["test"]["rows"]["text"])
    assert screen.t("network.loss_classes") in screen.texts


def test_shared_settings_start_another_race_and_two_of_them_do_not(open_app: Opened) -> None:
    screen = opened(open_app)
    race = race_of(screen)
    screen.widget("number_input", "race_epochs").set_value(40)
    screen.run()
    screen.widget("select_slider", "race_rate").set_value(0.01)
    screen.run()
    assert race_of(screen) is race
    screen.click("race_train")
    assert race.look.epoch == 40
    assert race.spec.rates == ((30, 0.01),)
    screen.widget("button_group", "race_layers").set_value(2)
    screen.run()
    wider = race_of(screen)
    assert wider is not race
    assert wider.spec.hidden == (16, 16)
    assert wider.spec.learning_rate == 0.01
    screen.widget("selectbox", "race_activation").set_value("tanh")
    screen.run()
    screen.widget("number_input", "race_units_1").set_value(4)
    screen.run()
    assert (race_of(screen).spec.activation, race_of(screen).spec.hidden) == ("tanh", (16, 4))


def test_epochs_below_those_trained_are_raised_to_them(open_app: Opened) -> None:
    screen = opened(open_app)
    screen.widget("number_input", "race_epochs").set_value(10)
    screen.run()
    assert screen.widget("number_input", "race_epochs").value == 30


def test_where_every_lane_diverged_there_is_only_a_new_start(open_app: Opened) -> None:
    wild = FAST.but(optimizer="sgd", learning_rate=10.0, hidden=(), epochs=400)
    screen = opened(open_app, wild.but(lanes=(Lane(), Lane(penalty="l2", lam=1.0))))
    look = race_of(screen).look
    assert all(lane.diverged is not None for lane in look.lanes)
    assert "race_train" not in keys(screen)
    assert "race_anew" in keys(screen)
    lane = look.lanes[0]
    name = screen.t("network.lane_name", letter="A", label="no regularization")
    assert name in screen.texts
    assert f"in epoch {lane.diverged}" in screen.texts
    assert screen.texts.count(":material/warning:") == 1


def test_full_speed_lets_the_race_loose(open_app: Opened) -> None:
    screen = opened(open_app)
    race = race_of(screen)
    assert race.pace == 1e9
    screen.widget("toggle", "full_speed").set_value(True)
    screen.run()
    assert race.pace is None
    assert race_of(screen.click("race_anew")).pace is None


def restarted(shared: Services) -> None:
    """What a restart forgets."""
    shared.races._races.clear()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_after_a_restart_of_the_server_the_link_trains_the_same_race_when_asked(
    open_app: Opened, shared: Services, lang: str
) -> None:
    spec = FAST.with_lane(10, 1, Lane(dropout=0.2))
    screen = opened(open_app, spec)
    first = race_of(screen)
    restarted(shared)
    # A link that was too long to spell it out.
    again = open_app(screen="network", race=first.id, lang=lang)
    second = race_of(again)
    assert second is not first
    assert second.id == first.id
    assert second.spec == spec
    assert second.job is None  # nothing is trained unasked
    assert again.t("network.not_kept_done", epochs="30") in again.texts
    assert again.at.get("bidi_component") == []  # no picture of nothing
    assert again.widget("button", "race_train").label == again.t("network.train_again", epochs="30")
    again.click("race_train")
    assert second.look.lanes == first.look.lanes
    assert again.t("network.not_kept_done", epochs="30") not in again.texts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_stopped_race_of_the_history_is_not_trained_further_than_it_was(
    open_app: Opened, shared: Services, lang: str
) -> None:
    screen = opened(open_app, ENDLESS, settle=False, lang=lang)
    first = race_of(screen)
    while first.look.epoch < 5:
        time.sleep(0.02)
    screen.click("race_stop")
    done = first.look.epoch
    (row,) = shared.history.recent()
    assert row.summary == {"epochs": done, "lanes": 4}
    assert screen.t("history.epochs", n=f"{done:,}") in screen.texts
    screen.widget("button_group", "screen_switch").set_value("linear")
    screen.run()
    restarted(shared)
    screen.click(f"open_{row.id}")
    second = race_of(screen)
    assert second is not first
    assert second.job is None
    assert screen.t("network.not_kept_stopped", epochs=f"{done:,}") in screen.texts
    assert screen.widget("button", "race_train").label == screen.t(
        "network.train_again", epochs=f"{done:,}"
    )
    screen.click("race_train")
    assert second.look.epoch == done
    assert second.look.lanes[0].train == first.look.lanes[0].train


def test_of_a_killed_race_nobody_knows_how_far_it_was(open_app: Opened, shared: Services) -> None:
    spec = FAST.but(epochs=7)
    shared.history.start(
        key="killed", spec=RaceRun(DEFAULT, spec).to_json(), data_name="d", digest="", version="0"
    )
    screen = open_app(screen="network", race="killed")
    assert race_of(screen).job is None
    assert screen.t("network.not_kept", epochs="7") in screen.texts
    screen.widget("button_group", "network_view").set_value("ensemble")
    screen.run()
    assert screen.t("network.not_kept", epochs="7") in screen.texts
    assert race_of(screen).job is None


def test_a_changed_lane_takes_no_credit_for_what_was_trained_before(open_app: Opened) -> None:
    screen = opened(open_app)
    before = screen.board["lanes"][3]["label"]
    sentence = [m.value for m in screen.at.markdown]
    screen.widget("select_slider", "lane_dropout_3").set_value(0.8)
    screen.run()
    assert race_of(screen).lanes()[3].dropout == 0.8
    assert screen.board["lanes"][3]["label"] == f"{before} · next: dropout 0.8"
    assert not [m.value for m in screen.at.markdown if "dropout 0.8" in m.value]
    assert set(sentence) <= {m.value for m in screen.at.markdown}
    assert screen.board["lanes"][3]["changes"] == {"epoch": []}  # nothing changed there yet
    screen.widget("button_group", "network_view").set_value("ensemble")
    screen.run()
    (said,) = [m.value for m in screen.at.markdown if "next: dropout 0.8" in m.value]
    assert said == "**D** · dropout 0.5 · next: dropout 0.8"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_too_few_rows_are_told_and_other_data_offered(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, lang=lang)
    screen.upload("few.csv", b"a,y\n" + b"".join(b"%d,%d.5\n" % (i, i * i) for i in range(9)))
    screen.use(target="y", task="regression")
    assert screen.errors == [screen.t("error.race.few_rows", value="9", limit="12")]
    assert screen.t("network.fact.not_trained") in screen.texts
    screen.click("race_change")


@pytest.mark.parametrize("query", [{"n": "v1.nonsense"}, {"race": "../../etc"}, {"screen": "x"}])
def test_a_damaged_link_breaks_nothing(open_app: Opened, query: dict[str, str]) -> None:
    fast = encode_race(FAST) or ""
    screen = open_app(settle=False, **{"screen": "network", "n": fast, **query})
    assert screen.errors == []
    told = [w.value for w in screen.at.warning]
    assert told == ([screen.t("link.damaged")] if "n" in query else [])
    screen.run()
    assert screen.errors == []


# ---- what is taken along -----------------------------------------------------------------------

FILE = "\n".join(
    ["a,kind,hole,y"]
    + [
        f"{(i * 37) % 11},{'xyz'[i % 3]},{'' if i % 5 else i % 7},{(i * 29) % 13}"
        for i in range(90)
    ]
).encode()


def finished(table_spec: RunSpec, spec: RaceSpec, shared: Services) -> Race:
    race = Race("r", table_spec, spec)
    quiet = lambda progress: False  # noqa: E731
    race.train(lambda: races.race_table(table_spec, shared, quiet), quiet)
    return race


FILLER = ["the", "room", "that", "we", "had", "been", "given", "was", "near", "some", "hall"]


def review(i: int) -> str:
    telling, label = ("dull", "no") if i % 2 else ("bright", "yes")
    return f'"{" ".join(FILLER[i % 3 : i % 3 + 9])} {telling}, {i}",{label}'


TEXTS = "\n".join(["text,label", *(review(i) for i in range(150))]).encode()


@pytest.mark.parametrize("data", ["diabetes", "wine", "own", "texts"])
def test_the_script_repeats_the_race(data: str, shared: Services, tmp_path: Path) -> None:
    spec = FAST.with_lane(12, 1, Lane(penalty="elasticnet", lam=0.01, dropout=0.2))
    spec = spec.with_rate(20, 0.003)
    own = {
        "own": (FILE, dict(target="y", task="regression")),
        "texts": (TEXTS, dict(target="label", task="classification")),
    }
    table_spec = DEFAULT.but(data=f"sample:{data}")
    if data in own:
        content, asked = own[data]
        file = shared.shelf.save(f"{data}.csv", content)
        table_spec = DEFAULT.but(data=FILE_PREFIX + file.digest, **asked)
        (tmp_path / f"{data}.csv").write_bytes(content)
    race = finished(table_spec, spec, shared)
    assert race.table is not None
    assert sparse.issparse(race.table.train.X) == (data == "texts")
    (tmp_path / "race.py").write_text(race_script(race), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "race.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines] == ["A", "B", "C", "D"]
    look = race.look.lanes[1]
    assert f"{look.zeros} of {look.total} weights are exactly zero" in lines[1]


def test_the_curves_as_csv(shared: Services) -> None:
    race = finished(DEFAULT, FAST, shared)
    head, *rows = [line.split(",") for line in curves_csv(race.look).splitlines()]
    assert head[:3] == ["epoch", "A_train", "A_validation"]
    assert len(head) == 9
    assert [int(row[0]) for row in rows] == list(range(1, 31))
    assert tuple(float(row[2]) for row in rows) == race.look.lanes[0].validation
    assert isinstance(race.table, Table)


def test_downloads_wait_for_the_end(open_app: Opened) -> None:
    screen = opened(open_app, ENDLESS, settle=False)
    assert screen.at.get("download_button") == []
    race = race_of(screen)
    while race.look.epoch < 2:
        time.sleep(0.02)
    screen.click("race_stop")
    assert {w.proto.id.rsplit("-", 1)[-1] for w in screen.at.get("download_button")} == {
        "take_curves", "take_race",
    }  # fmt: skip
