"""The Ensemble tab: votes of sub-networks are counted, told and drawn; the race shows its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shrinkage.app.screens.network as network
import shrinkage.app.votes as votes_module
from shrinkage.app.ensembles import submit_votes, voters, votes_key
from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.jobs import JobState
from shrinkage.app.race import Race
from shrinkage.app.race_look import VOTERS, Table, mask_seed
from shrinkage.app.race_spec import DEFAULT_RACE, Lane, RaceSpec, encode_race
from shrinkage.app.races import race_table, start
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, encode
from shrinkage.app.vote_facts import vote_facts
from shrinkage.app.votes import REPEATS, Votes, count_votes
from shrinkage.errors import Cancelled

Opened = Callable[..., Any]
DROPPED = Lane(dropout=0.5)
FAST = DEFAULT_RACE.but(hidden=(8,), epochs=30, lanes=(Lane(), DROPPED))
ENDLESS = FAST.but(epochs=100_000)
WINE = DEFAULT.but(data="sample:wine", task="classification")


def quiet(_: Any) -> bool:
    return False


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "WATCHABLE", 1e9)


@pytest.fixture(scope="module")
def table() -> Table:
    return race_table(DEFAULT, None, quiet)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def wine() -> Table:
    return race_table(WINE, None, quiet)  # type: ignore[arg-type]


def trained(table: Table, spec: RaceSpec = FAST) -> Race:
    race = Race("r", DEFAULT, spec)
    race.train(lambda: table, quiet)
    return race


def counted(race: Race, table: Table, lane: int = 1) -> Votes:
    now = race.trained(lane)
    assert now is not None
    return count_votes(now.network, now.lane, table, race.spec.seed, quiet)


def opened(open_app: Opened, spec: RaceSpec = FAST, **options: Any) -> Any:
    given = {"view": "ensemble", **options}
    screen = open_app(screen="network", n=encode_race(spec) or "", **given)
    if not screen.shared.trainings.jobs():  # a link alone begins nothing that takes long
        screen.widget("button", "race_train").click()
        screen.at.run()
    return screen


def race_of(screen: Any) -> Race:
    race = screen.shared.races.get(screen.query("race"))
    assert race is not None
    return race  # type: ignore[no-any-return]


def result_of(screen: Any) -> Votes:
    (job,) = screen.shared.ensembles.jobs()
    assert job.state is JobState.DONE
    return job.result  # type: ignore[no-any-return]


# ---- the numbers ---------------------------------------------------------------------------------


def test_the_curve_is_that_of_the_members_one_after_the_other(table: Table) -> None:
    race = trained(table, FAST.but(lanes=(Lane(), DROPPED.but(input_dropout=0.1))))
    votes = counted(race, table)
    now = race.trained(1)
    assert now is not None
    X, y = table.test.X, table.test.y
    curves, errors = [], []
    for repeat in range(REPEATS):
        drawn = now.network.predict_ensemble(
            X,
            n_members=votes.members,
            rates=[0.1, 0.5],
            keep_members=True,
            random_state=mask_seed(race.spec.seed, repeat),
        )
        members = np.asarray(drawn.members, dtype=float)
        errors.append(table.unit * np.sqrt(np.mean((members - y) ** 2, axis=1)))
        means = [members[:k].mean(axis=0) for k in (1, 7, votes.members)]
        curves.append([table.unit * np.sqrt(np.mean((m - y) ** 2)) for m in means])
    places = [0, 6, -1]
    # The mean over all sets of k of all members is less noisy than over the first k of each draw.
    room = 3 * np.std(curves, axis=0, ddof=1) / np.sqrt(REPEATS)
    assert (np.abs(votes.mean[places] - np.mean(curves, axis=0)) < room).all()
    assert votes.mean[0] == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-6)
    np.testing.assert_allclose(votes.spread[places], np.std(curves, axis=0, ddof=1), rtol=1e-4)
    np.testing.assert_allclose(votes.member_errors, np.concatenate(errors), rtol=1e-6)
    assert votes.scaling == pytest.approx(race.look.lanes[1].test_error, rel=1e-6)
    assert votes.total == REPEATS * votes.members == 4000


@pytest.mark.parametrize("kind", ["quantity", "classes"])
def test_the_vote_gains_the_variance_of_the_members(kind: str, table: Table, wine: Table) -> None:
    data = table if kind == "quantity" else wine
    votes = counted(trained(data), data)
    parts = votes.ambiguity
    assert parts.variance > 0
    assert parts.vote == pytest.approx(parts.member - parts.variance, rel=1e-9)
    if kind == "quantity":
        assert parts.vote == pytest.approx(votes.vote**2, rel=1e-9)
        assert parts.member == pytest.approx(np.mean(votes.member_errors**2), rel=1e-9)
    else:
        assert 0 <= votes.vote <= 1
        assert 0 <= parts.vote <= 2
        assert np.allclose(
            votes.member_errors / votes.step, np.round(votes.member_errors / votes.step)
        )


@pytest.mark.parametrize("kind", ["quantity", "classes"])
def test_all_sub_networks_are_where_the_sampled_mean_goes(
    kind: str, table: Table, wine: Table
) -> None:
    data = table if kind == "quantity" else wine
    votes = counted(trained(data), data)
    assert votes.units == 8
    assert votes.exact is not None
    room = 4 * float(votes.spread[-1]) / np.sqrt(REPEATS) + votes.step
    assert votes.vote == pytest.approx(votes.exact, abs=room + 1e-3 * votes.exact)
    assert votes.spread[-1] < 0.5 * votes.spread[0]


def test_more_units_than_can_be_counted_are_only_sampled(table: Table) -> None:
    votes = counted(trained(table, FAST.but(hidden=(18, 5))), table)
    assert votes.units == 23
    assert votes.countable == 22
    assert votes.exact is None
    assert "exact" not in [fact.code for fact in vote_facts(votes)]


def test_inputs_that_are_dropped_are_units_too(table: Table) -> None:
    spec = FAST.but(hidden=(), lanes=(Lane(), Lane(input_dropout=0.2), DROPPED))
    race = trained(table, spec)
    assert voters(race) == [1]  # hidden units are dropped where there are any
    assert counted(race, table).units == 10


def test_rows_are_told_in_units_of_the_target(table: Table, wine: Table) -> None:
    from sklearn.datasets import load_diabetes

    votes = counted(trained(table), table)
    known = load_diabetes().target
    assert set(votes.rows.truth.round()) <= set(known)
    assert votes.rows.n == 111
    assert votes.rows.members.shape == (1000, 111)
    members = votes.rows.members
    off = np.abs(members.mean(axis=0) - votes.rows.vote)
    # In float32; where no unit is active all members are alike.
    assert (off < 5 * members.std(axis=0) / np.sqrt(1000) + 1e-3).all()
    votes = counted(trained(wine), wine)
    assert set(votes.rows.truth) == {1.0}
    assert (votes.rows.members >= 0).all()
    assert (votes.rows.members <= 1).all()


def test_a_stop_ends_the_count(table: Table) -> None:
    now = trained(table).trained(1)
    assert now is not None
    seen = []

    def report(progress: Any) -> bool:
        seen.append(progress.fraction)
        return len(seen) > 3

    with pytest.raises(Cancelled):
        count_votes(now.network, now.lane, table, 1, report)
    assert len(seen) < 8
    assert seen == sorted(seen)


def test_large_networks_draw_fewer_members(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    race = trained(table, FAST.but(epochs=1))
    monkeypatch.setattr(votes_module, "WORK", 1.0)
    votes = counted(race, table)
    assert votes.members == votes_module.FEWEST
    assert votes.total == REPEATS * votes.members


# ---- the race's own vote -------------------------------------------------------------------------


def test_the_race_counts_the_vote_of_its_dropout_lanes_at_its_end(table: Table) -> None:
    race = trained(table, FAST.but(lanes=(Lane(), DROPPED, Lane(penalty="l2"))))
    plain, dropped, other = race.look.lanes
    assert plain.vote is None
    assert other.vote is None
    now = race.trained(1)
    assert now is not None
    vote = now.network.predict_ensemble(
        table.test.X, n_members=VOTERS, rates=[0.0, 0.5], random_state=mask_seed(1, 0)
    )
    expected = table.unit * np.sqrt(np.mean((vote.mean - table.test.y) ** 2))
    assert dropped.vote == pytest.approx(expected, rel=1e-6)
    assert dropped.vote != dropped.test_error
    race.change_goal(60)
    race.train(lambda: table, quiet)
    assert race.look.lanes[1].vote not in (None, dropped.vote)


def test_a_change_after_the_end_does_not_change_whose_vote_it_is(table: Table) -> None:
    race = trained(table)
    vote = race.look.lanes[1].vote
    key = votes_key(race, 1, race.look.epoch)
    race.change_lane(1, Lane())
    race.change_lane(0, DROPPED)
    assert race.look.lanes[1].vote == vote
    assert voters(race) == [1]
    assert votes_key(race, 1, race.look.epoch) == key
    now = race.trained(1)
    assert now is not None
    assert now.lane == DROPPED


def test_a_copy_of_the_network_stays_as_it_is_while_the_race_goes_on(table: Table) -> None:
    race = trained(table)
    now = race.trained(1)
    assert now is not None
    before = now.network.parameters()[0][0]
    race.change_goal(40)
    race.train(lambda: table, quiet)
    assert np.array_equal(now.network.parameters()[0][0], before)
    later = race.trained(1)
    assert later is not None
    assert not np.array_equal(later.network.parameters()[0][0], before)


def test_while_it_trains_there_is_no_network_to_ask(table: Table, shared: Services) -> None:
    race = Race("r", DEFAULT, ENDLESS)
    assert race.trained(1) is None
    assert voters(race) == []
    race.table = table
    start(race, shared)
    while race.look.epoch < 3:
        time.sleep(0.02)
    assert race.trained(1) is None
    assert submit_votes(race, 1, shared) is None
    assert race.job is not None
    race.job.stop()
    assert race.job.wait(5)
    assert race.trained(1) is not None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_race_shows_the_vote_beside_weight_scaling(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, lang=lang, view="train")
    plain, dropped = screen.board["bars"]["test"]["rows"]["text"]
    assert "·" not in plain
    lane = race_of(screen).look.lanes[1]
    error = screen.t(
        "network.test_error", error=f"{lane.test_error:.1f}", deviation=f"{lane.deviation:.1f}"
    )
    assert dropped == screen.t("network.test_vote", error=error, vote=f"{lane.vote:.1f}")
    assert screen.t("network.note.vote", members="50") in screen.board["bars"]["test"]["note"]
    without = opened(open_app, FAST.but(lanes=(Lane(),)), lang=lang, view="train")
    assert screen.t("network.note.vote", members="50") not in without.board["bars"]["test"]["note"]


# ---- the tab -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tab_shows_three_figures_and_says_what_they_mean(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, lang=lang)
    votes = result_of(screen)
    figures = {figure["name"]: figure for figure in screen.board["figures"]}
    assert list(figures) == ["members", "spread", "row"]
    scaling = f"{votes.scaling:.2f}"
    mark = screen.t("ensemble.mark.scaling", value=scaling)
    for name in ("members", "spread"):
        assert mark in figures[name]["rows"]["labels"]["text"]
        assert any(mark in row for row in figures[name]["table"]["rows"])
    assert sum(figures["spread"]["rows"]["bars"]["count"]) == votes.total
    best = screen.t("ensemble.mark.best", value=f"{votes.member_errors.min():.2f}")
    assert best in figures["spread"]["rows"]["labels"]["text"]
    k = votes.match
    assert figures["members"]["rows"]["match"]["k"] == ([] if k is None else [k])
    said = screen.t(
        "ensemble.fact.exact", subnetworks="256", exact=f"{votes.exact:.2f}", measure=""
    )
    assert said in screen.texts
    assert screen.errors == []
    assert screen.query("view") == "ensemble"


def test_another_row_moves_the_third_figure_only(open_app: Opened) -> None:
    screen = opened(open_app)
    before = screen.board["figures"]
    screen.widget("number_input", "ensemble_row").set_value(5)
    screen.run()
    after = screen.board["figures"]
    assert after[:2] == before[:2]
    truth = result_of(screen).rows.truth[4]
    assert (
        screen.t("ensemble.mark.row_truth", value=f"{truth:.4g}")
        in (after[2]["rows"]["labels"]["text"])
    )
    assert after[2]["title"] == screen.t("ensemble.title.row_quantity", row="5")
    assert len(screen.shared.ensembles.jobs()) == 1  # nothing was counted again


def test_classes_vote_by_probabilities(open_app: Opened) -> None:
    screen = opened(open_app, c=encode(WINE))
    members, _, row = screen.board["figures"]
    assert members["title"] == screen.t("ensemble.title.members_share")
    # To begin with, the row on which members differ most.
    spread = result_of(screen).rows.members.std(axis=0)
    assert spread.argmax() > 0
    assert row["title"] == screen.t("ensemble.title.row_classes", row=str(spread.argmax() + 1))
    assert screen.t("ensemble.mark.row_truth", value="1") in row["rows"]["labels"]["text"]
    assert screen.t("ensemble.measure_brier") in screen.texts


def test_the_switch_leads_there_and_back(open_app: Opened) -> None:
    screen = opened(open_app, view="train")
    assert "lanes" in screen.board
    screen.widget("button_group", "network_view").set_value("ensemble")
    screen.run()
    assert "figures" in screen.board
    (job,) = screen.shared.ensembles.jobs()
    # A refresh finds the tab, and the votes that were counted.
    again = open_app(
        screen="network", race=race_of(screen).id, n=screen.query("n"), view="ensemble"
    )
    assert again.board == screen.board
    assert screen.shared.ensembles.jobs() == [job]
    screen.widget("button_group", "network_view").set_value("train")
    screen.run()
    assert "lanes" in screen.board
    assert screen.query("view") is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_dropout_it_says_what_to_do(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, FAST.but(lanes=(Lane(), Lane(penalty="l1"))), lang=lang)
    assert screen.t("ensemble.no_dropout") in screen.texts
    assert screen.at.get("bidi_component") == []
    screen.click("ensemble_to_train")
    assert "lanes" in screen.board


@pytest.mark.parametrize("lang", LANGUAGES)
def test_while_the_race_runs_it_waits_and_can_be_stopped(open_app: Opened, lang: str) -> None:
    screen = opened(open_app, ENDLESS, settle=False, lang=lang)
    assert screen.t("ensemble.trains") in screen.texts
    assert screen.at.get("progress")
    race = race_of(screen)
    while race.look.epoch < 3:
        time.sleep(0.02)
    screen.click("race_stop")
    assert len(screen.board["figures"]) == 3


def test_a_race_that_failed_has_nothing_to_ask(open_app: Opened) -> None:
    screen = opened(open_app)
    screen.upload("few.csv", b"a,y\n" + b"".join(b"%d,%d.5\n" % (i, i * i) for i in range(9)))
    screen.use(target="y", task="regression")
    assert screen.errors == [screen.t("error.race.few_rows", value="9", limit="12")]
    assert screen.t("ensemble.not_trained") in screen.texts


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_count_is_stopped_and_begun_again(
    open_app: Opened, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shrinkage.app.ensembles as ensembles
    import shrinkage.app.views.ensemble as view

    monkeypatch.setattr(view, "PATIENCE_SECONDS", 0.05)
    free = threading.Event()

    def held(network: Any, lane: Lane, table: Table, seed: int, report: Any) -> Votes:
        while not free.is_set():
            if report(None):
                raise Cancelled("stopped", code="votes.cancelled")
            time.sleep(0.01)
        return count_votes(network, lane, table, seed, report)

    monkeypatch.setattr(ensembles, "count_votes", held)
    screen = opened(open_app, view="train", lang=lang)
    screen.widget("button_group", "network_view").set_value("ensemble")
    screen.at.run()
    assert screen.at.get("progress")
    begun = time.monotonic()
    screen.click("ensemble_stop")
    assert time.monotonic() - begun < 5
    assert screen.t("ensemble.stopped") in screen.texts
    free.set()
    screen.click("ensemble_again")
    assert len(screen.board["figures"]) == 3


def stopping(share: float) -> Callable[[Any], bool]:
    """A report that asks for the end once so much is done."""
    return lambda progress: getattr(progress, "fraction", 0.0) >= share


def test_a_stopped_count_keeps_its_finished_draws(table: Table) -> None:
    race = trained(table)
    network, whole = race.trained(1).network, counted(race, table)  # type: ignore[union-attr]
    with pytest.raises(Cancelled) as early:
        count_votes(network, DROPPED, table, FAST.seed, stopping(1.0 / (REPEATS + 1)))
    assert early.value.path is None  # one draw has no spread
    with pytest.raises(Cancelled) as later:
        count_votes(network, DROPPED, table, FAST.seed, stopping(3.0 / (REPEATS + 1)))
    part = later.value.path
    assert part.repeats == 3
    assert part.exact is None
    assert part.total == 3 * part.members
    np.testing.assert_array_equal(part.member_errors, whole.member_errors[: part.total])
    with pytest.raises(Cancelled) as last:
        count_votes(network, DROPPED, table, FAST.seed, stopping(REPEATS / (REPEATS + 1)))
    assert last.value.path.repeats == REPEATS
    np.testing.assert_array_equal(last.value.path.mean, whole.mean)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("draws", [3, REPEATS])
def test_what_a_stop_left_is_shown_and_counted_on(
    open_app: Opened, lang: str, draws: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shrinkage.app.ensembles as ensembles

    def part(network: Any, lane: Lane, table: Table, seed: int, _: Any) -> Votes:
        return count_votes(network, lane, table, seed, stopping(draws / (REPEATS + 1)))

    monkeypatch.setattr(ensembles, "count_votes", part)
    screen = opened(open_app, lang=lang)
    told = {
        3: screen.t("ensemble.stopped_part", repeats="3", total=str(REPEATS)),
        REPEATS: screen.t("ensemble.stopped_exact", units="8"),
    }
    assert told[draws] in screen.texts
    figures = screen.board["figures"]
    assert len(figures) == 3
    assert screen.t("ensemble.note.not_exact", units="8", limit="22") not in figures[0]["note"]
    monkeypatch.setattr(ensembles, "count_votes", count_votes)
    screen.click("ensemble_again")
    assert told[draws] not in screen.texts
    assert len(screen.board["figures"]) == 3


def test_of_several_lanes_with_dropout_one_is_chosen(open_app: Opened) -> None:
    spec = FAST.but(lanes=(DROPPED, Lane(), Lane(dropout=0.9)))
    screen = opened(open_app, spec)
    first = screen.board
    screen.widget("button_group", "ensemble_lane").set_value(2)
    screen.run()
    assert screen.board["figures"] != first["figures"]
    assert screen.board["specs"] == first["specs"]
    assert len(screen.shared.ensembles.jobs()) == 2
    # A row that nobody chose follows the votes that are shown.
    begin = {job.result.rows.most_divided + 1 for job in screen.shared.ensembles.jobs()}
    assert len(begin) == 2
    shown = screen.widget("number_input", "ensemble_row").value
    screen.widget("button_group", "ensemble_lane").set_value(0)
    screen.run()
    assert {shown, screen.widget("number_input", "ensemble_row").value} == begin
