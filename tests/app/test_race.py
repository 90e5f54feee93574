"""A race: one start for all lanes, changes between epochs, whole epochs, what is said of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shrinkage.app.race as race_module
from shrinkage.app.jobs import JobState
from shrinkage.app.race import Race, Races
from shrinkage.app.race_facts import race_facts
from shrinkage.app.race_look import Look, Table
from shrinkage.app.race_spec import (
    ACTIVATIONS,
    DEFAULT_RACE,
    OPTIMIZERS,
    PENALTIES,
    Lane,
    RaceRun,
    RaceSpec,
    decode_race,
    encode_race,
    table_part,
)
from shrinkage.app.races import race_for, race_table, split_rows, start, stop
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, RunSpec, pack
from shrinkage.errors import Cancelled, DataError
from shrinkage.losses import Logistic, Multinomial, Squared

SMALL = DEFAULT_RACE.but(hidden=(8,), epochs=6)
PLAIN = tuple(Lane() for _ in range(2))


def quiet(_: Any) -> bool:
    return False


@pytest.fixture(scope="module")
def table() -> Table:
    return race_table(DEFAULT, None, quiet)  # type: ignore[arg-type]


def trained(
    table: Table, spec: RaceSpec, during: Callable[[Race, int], None] | None = None
) -> Race:
    """A race run to its goal on this thread; ``during`` is called after every epoch."""
    race = Race("r", DEFAULT, spec)
    race.pace = None

    def report(progress: Any) -> bool:
        if progress is not None and during is not None:
            during(race, round(progress.fraction * race.spec.epochs))
        return False

    race.train(lambda: table, report)
    return race


def test_the_parts_do_not_overlap_and_the_test_rows_are_those_of_the_linear_screen() -> None:
    y = np.repeat([0, 1, 2], [20, 30, 50])
    parts = split_rows(y, "classification", seed=3)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(100))
    assert [len(part) for part in parts] == [56, 19, 25]
    for part in parts:
        assert set(y[part]) == {0, 1, 2}
    from shrinkage.app.loading import TEST_SHARE, held_out

    assert np.array_equal(parts[2], held_out(y, "classification", share=TEST_SHARE, seed=3))
    with pytest.raises(DataError, match="too few"):
        split_rows(y[:11], "classification", seed=3)


def test_columns_and_target_are_scaled_by_the_training_rows(table: Table) -> None:
    np.testing.assert_allclose(table.train.X.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(table.train.X.std(axis=0), 1, rtol=1e-5)
    assert abs(table.validation.X.mean(axis=0)).max() > 0.01
    assert table.train.y.std() == pytest.approx(1)
    assert (table.train.n, table.validation.n, table.test.n) == (248, 83, 111)
    assert isinstance(table.loss, Squared)


@pytest.mark.parametrize(
    ("name", "loss", "outputs"), [("breast_cancer", Logistic, 1), ("wine", Multinomial, 3)]
)
def test_classes_two_or_more(name: str, loss: type, outputs: int, shared: Services) -> None:
    made = race_table(DEFAULT.but(data=f"sample:{name}", task="classification"), shared, quiet)
    assert isinstance(made.loss, loss)
    race = trained(made, DEFAULT_RACE.but(hidden=(32,), epochs=80))
    assert made.outputs == outputs
    for lane in race.look.lanes:
        assert lane.test_error is not None
        assert 0 <= lane.test_error < 0.15


def test_all_lanes_start_from_the_same_weights_and_see_the_same_batches(table: Table) -> None:
    spec = DEFAULT_RACE
    networks = [table.network(spec) for _ in spec.lanes]
    for network, lane in zip(networks, spec.lanes, strict=True):
        network.regularize(**lane.rules())
    first, *others = [network.parameters()[0] for network in networks]
    for weights in others:
        assert all(np.array_equal(a, b) for a, b in zip(first, weights, strict=True))
    # The order of the batches decides every bit: lanes of equal rules end with equal weights.
    race = trained(table, SMALL.but(lanes=(Lane(), Lane(penalty="l2", lam=0.0), Lane(dropout=0.5))))
    one, same, other = race.look.lanes
    assert one.train == same.train
    assert one.validation == same.validation
    assert one.train != other.train


def test_the_losses_are_those_of_the_networks_and_zeros_are_counted(table: Table) -> None:
    lane = Lane(penalty="l1", lam=0.05)
    race = trained(table, SMALL.but(lanes=(lane, Lane(dropout=0.5)), epochs=30))
    network = table.network(race.spec)
    network.regularize(**lane.rules())
    network.run(30)
    look = race.look
    assert look.epoch == look.goal == 30
    assert look.lanes[0].train[-1] == network.mean_loss(table.train.X, table.train.y)
    assert look.lanes[0].validation[-1] == network.mean_loss(table.validation.X, table.validation.y)
    zeros = sum((w == 0).sum() for w in network.parameters()[0])
    assert (look.lanes[0].zeros, look.lanes[0].total) == (zeros, 88)
    assert zeros > 10
    assert look.lanes[1].zeros == 0
    eta = network.eta(table.test.X)[:, 0]
    expected = table.unit * np.sqrt(np.mean((eta - table.test.y) ** 2))
    assert look.lanes[0].test_error == pytest.approx(expected)
    # The training loss is that without masks: it does not suffer from dropout.
    assert len(look.lanes[1].train) == 30


def test_a_change_takes_effect_with_the_next_epoch_and_can_be_repeated(table: Table) -> None:
    new = Lane(penalty="l1", lam=0.02, dropout=0.2)

    def during(race: Race, epoch: int) -> None:
        if epoch == 3:
            race.change_lane(1, new)
            race.change_rate(0.01)

    spec = SMALL.but(lanes=PLAIN)
    race = trained(table, spec, during)
    (change,) = race.spec.changes
    assert (change.epoch, change.lane, change.to) == (3, 1, new)
    assert race.spec.rates == ((3, 0.01),)
    assert race.look.changes == ((3,), (3,))
    untouched = trained(table, spec)
    before, after = untouched.look.lanes[1], race.look.lanes[1]
    assert after.validation[:3] == before.validation[:3]
    assert after.validation[3] != before.validation[3]
    assert race.lanes() == (Lane(), new)
    # The spec with its changes tells the whole race.
    again = trained(table, decode_race(encode_race(race.spec) or ""))
    assert again.look.lanes == race.look.lanes


def test_a_stopped_race_goes_on_as_if_it_had_not_been_stopped(table: Table) -> None:
    whole = trained(table, SMALL.but(epochs=9))
    race = Race("r", DEFAULT, SMALL.but(epochs=9))
    race.pace = None
    seen = []

    def report(progress: Any) -> bool:
        seen.append(progress)
        return progress is None and len([p for p in seen if p is not None]) >= 4

    with pytest.raises(Cancelled):
        race.train(lambda: table, report)
    assert race.look.epoch == 4
    race.train(lambda: table, quiet)
    assert race.look.lanes == whole.look.lanes
    race.change_goal(12)
    race.train(lambda: table, quiet)
    assert race.look.lanes == trained(table, SMALL.but(epochs=12)).look.lanes


def test_a_long_epoch_is_cut_short_and_undone(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(table, SMALL)
    race = Race("r", DEFAULT, SMALL)
    race.pace = None
    monkeypatch.setattr(race_module, "SHORT_SECONDS", 0.0)
    original = race_module.run_many
    calls = []

    def cut_in_the_third(networks: list[Any], epochs: int, *, callback: Any) -> Any:
        calls.append(1)
        endings = original(networks, epochs, callback=None)
        return ["cancelled"] * len(networks) if len(calls) == 3 else endings

    monkeypatch.setattr(race_module, "run_many", cut_in_the_third)
    with pytest.raises(Cancelled):
        race.train(lambda: table, quiet)
    assert race.look.epoch == 2
    race.train(lambda: table, quiet)
    assert race.look.lanes == whole.look.lanes


def test_a_stop_between_a_long_epoch_and_its_measures_undoes_it(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = Race("r", DEFAULT, SMALL)
    monkeypatch.setattr(race_module, "SHORT_SECONDS", 0.0)
    asked = []
    original = race_module.run_many

    def then_stop(networks: list[Any], epochs: int, *, callback: Any) -> Any:
        endings = original(networks, epochs, callback=None)
        asked.append(len(asked) == 2)
        return endings

    monkeypatch.setattr(race_module, "run_many", then_stop)
    with pytest.raises(Cancelled):
        race.train(lambda: table, lambda progress: bool(asked and asked[-1]))
    assert race.look.epoch == 2
    asked.append(False)
    monkeypatch.setattr(race_module, "run_many", original)
    race.train(lambda: table, quiet)
    assert race.look.lanes == trained(table, SMALL).look.lanes


def test_a_lane_that_diverges_leaves_the_others_alone(table: Table) -> None:
    spec = SMALL.but(lanes=(Lane(), Lane(penalty="l2", lam=1.0)), optimizer="sgd", hidden=())
    calm = trained(table, spec.but(learning_rate=0.5))
    wild = trained(table, spec.but(learning_rate=10.0, epochs=400))
    assert all(lane.diverged is None for lane in calm.look.lanes)
    assert any(lane.diverged is not None for lane in wild.look.lanes)
    for lane in wild.look.lanes:
        assert np.isfinite(lane.train).all()
        assert len(lane.train) == (400 if lane.diverged is None else lane.diverged - 1)
    codes = [fact.code for fact in race_facts(wild.look, 83)]
    assert "diverged" in codes


def test_a_race_keeps_its_pace_and_can_be_let_loose(table: Table) -> None:
    race = Race("r", DEFAULT, SMALL.but(epochs=10, lanes=(Lane(),)))
    race.pace = 50.0
    started = time.monotonic()
    race.train(lambda: table, quiet)
    assert 0.15 < time.monotonic() - started < 5
    race.change_goal(100_000)
    race.pace = 0.01
    threading.Timer(0.2, lambda: setattr(race, "pace", None)).start()
    threading.Timer(0.5, lambda: race.change_goal(1)).start()
    race.train(lambda: table, quiet)
    assert race.look.epoch > 12


def test_a_picture_is_made_once_for_all_who_watch(table: Table) -> None:
    race = trained(table, SMALL)
    made = []

    def draw(look: Look, _: Table | None) -> int:
        made.append(look)
        return look.epoch

    first = race.look
    assert [race.drawn(lang, first, draw) for lang in ("en", "en", "zh")] == [6, 6, 6]
    assert len(made) == 2
    race.change_goal(8)
    race.train(lambda: table, quiet)
    # What is drawn is what was looked at, also where the race has gone on since.
    assert race.drawn("en", first, draw) == 6
    assert race.drawn("en", race.look, draw) == 8


@pytest.fixture
def running(shared: Services) -> Iterator[Race]:
    race, _ = race_for(None, DEFAULT, SMALL.but(epochs=100_000), shared)
    yield race
    stop(race)


def test_a_race_runs_as_a_job_stops_fast_and_is_found_again(
    running: Race, shared: Services
) -> None:
    race = running
    while race.look.epoch < 3:
        time.sleep(0.02)
    assert race_for(race.id, DEFAULT.but(cv=3, loss="huber"), race.spec, shared) == (race, None)
    assert start(race, shared) is race.job
    assert race.job is not None
    begin = time.perf_counter()
    stop(race)
    assert race.job.wait(5)
    assert time.perf_counter() - begin < 0.3
    assert race.job.state is JobState.STOPPED
    (run,) = shared.history.recent()
    assert (run.key, run.status, run.data_name) == (race.id, "stopped", "diabetes")
    assert RaceRun.from_json(run.spec) == RaceRun(table_part(DEFAULT), race.spec)


def test_other_data_stop_the_race_and_start_another(running: Race, shared: Services) -> None:
    sparse = DEFAULT.but(data="sample:sparse")
    new, stopped = race_for(running.id, sparse, running.spec, shared)
    assert stopped is running
    assert running.job is not None
    assert running.job.wait(5)
    assert new.id != running.id
    assert shared.races.get(running.id) is running  # nothing is lost
    stop(new)


def test_an_unreadable_file_fails_with_its_own_error(shared: Services) -> None:
    gone = RunSpec(data=FILE_PREFIX + "0" * 64, target="y")
    race, _ = race_for("name-of-a-link", gone, SMALL, shared)
    assert race.id == "name-of-a-link"
    assert race.job is not None
    assert race.job.wait(10)
    assert race.job.error is not None
    assert getattr(race.job.error, "code", "") == "data.file_gone"
    assert race.look.epoch == 0


def test_the_store_forgets_the_oldest_that_does_not_run() -> None:
    races = Races(keep=2)
    for name in "abc":
        races.add(Race(name, DEFAULT, SMALL))
    assert races.get("a") is None
    assert races.get("b") is not None
    assert races.get(None) is None


# ---- the spec ----------------------------------------------------------------------------------

LANE = st.builds(
    Lane,
    penalty=st.sampled_from(PENALTIES),
    lam=st.floats(0, 100),
    l1_ratio=st.floats(0, 1),
    dropout=st.floats(0, 0.95),
    input_dropout=st.floats(0, 0.95),
)


@st.composite
def specs(draw: st.DrawFn) -> RaceSpec:
    spec = RaceSpec(
        lanes=tuple(draw(st.lists(LANE, min_size=1, max_size=4))),
        hidden=tuple(draw(st.lists(st.integers(1, 1024), max_size=4))),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        optimizer=draw(st.sampled_from(OPTIMIZERS)),
        learning_rate=draw(st.floats(1e-6, 1.0)),
        batch_size=draw(st.integers(1, 1000)),
        epochs=draw(st.integers(1, 100_000)),
        seed=draw(st.integers(0, 2**63 - 1)),
    )
    for _ in range(draw(st.integers(0, 4))):
        lane = draw(st.integers(0, len(spec.lanes) - 1))
        spec = spec.with_lane(draw(st.integers(0, 50)), lane, draw(LANE))
        spec = spec.with_rate(draw(st.integers(0, 50)), draw(st.floats(1e-6, 1.0)))
    return spec


@given(specs())
def test_link_and_history_round_trip(spec: RaceSpec) -> None:
    text = encode_race(spec)
    if text is not None:
        assert decode_race(text) == spec
    else:
        assert spec == DEFAULT_RACE or len(spec.changes) > 0 or len(spec.lanes) > 1
    run = RaceRun(table_part(DEFAULT), spec)
    assert RaceRun.from_json(run.to_json()) == run


@given(specs(), st.integers(0, 60), LANE)
def test_a_change_is_in_force_from_its_epoch_on(spec: RaceSpec, epoch: int, to: Lane) -> None:
    changed = spec.with_lane(epoch, 0, to)
    assert changed.lanes_after(epoch)[0] == to
    assert changed.lanes_after(10**6)[0] == to
    for earlier in range(epoch):
        assert changed.lanes_after(earlier) == spec.lanes_after(earlier)
    assert changed.settled().lanes[0] == to
    assert changed.settled().changes == ()


@pytest.mark.parametrize(
    "content",
    [
        [1],
        {"unknown": 1},
        {"lanes": []},
        {"lanes": [{}] * 5},
        {"lanes": [{"penalty": "magic"}]},
        {"lanes": [{"lam": -1}]},
        {"lanes": [{"dropout": 1.0}]},
        {"lanes": [{"dropout": True}]},
        {"hidden": [0]},
        {"hidden": [10**6]},
        {"hidden": "64"},
        {"hidden": [8] * 5},
        {"epochs": 10**9},
        {"epochs": 1.5},
        {"optimizer": 3},
        {"activation": "magic"},
        {"learning_rate": 0},
        {"changes": [[0, 0, {}]]},
        {"changes": [[5, 7, {}]]},
        {"changes": [[5, 0, {}], [4, 0, {}]]},
        {"changes": [[5, 0]]},
        {"rates": [[3, "fast"]]},
    ],
)
def test_damaged_links_are_refused(content: Any) -> None:
    with pytest.raises(ValueError):
        decode_race(pack(content) or "")


def test_a_run_of_the_linear_screen_is_no_race() -> None:
    with pytest.raises(ValueError):
        RaceRun.from_json(DEFAULT.to_json())
