"""Results of a race: the rules they carry, the rows they rest on, what a constant reaches."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import shrinkage.app.votes as votes_module
from shrinkage.app.race import Race
from shrinkage.app.race_facts import race_facts
from shrinkage.app.race_look import Part, Table
from shrinkage.app.race_script import race_script
from shrinkage.app.race_spec import DEFAULT_RACE, Lane, RaceSpec
from shrinkage.app.races import race_table, shared_range
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX
from shrinkage.app.vote_facts import vote_facts
from shrinkage.app.votes import Votes, count_votes
from shrinkage.losses import Multinomial

SMALL = DEFAULT_RACE.but(hidden=(8,), epochs=6)
DROPPED = Lane(dropout=0.5)


def quiet(_: Any) -> bool:
    return False


@pytest.fixture(scope="module")
def table() -> Table:
    return race_table(DEFAULT, None, quiet)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def wine() -> Table:
    spec = DEFAULT.but(data="sample:wine", task="classification")
    return race_table(spec, None, quiet)  # type: ignore[arg-type]


def trained(
    table: Table, spec: RaceSpec, during: Callable[[Race, int], None] | None = None
) -> Race:
    """A race run to its goal on this thread; ``during`` is called after every epoch."""
    race = Race("r", DEFAULT, spec)

    def report(progress: Any) -> bool:
        if progress is not None and during is not None:
            during(race, round(progress.fraction * race.spec.epochs))
        return False

    race.train(lambda: table, report)
    return race


def counted(race: Race, table: Table) -> Votes:
    now = race.trained(1)
    assert now is not None
    return count_votes(now.network, now.lane, table, race.spec.seed, quiet)


def test_results_carry_the_rules_they_were_trained_under(table: Table) -> None:
    first, second, third = Lane(penalty="l1", lam=0.003), Lane(penalty="l1", lam=0.01), Lane()

    def during(race: Race, epoch: int) -> None:
        if epoch == 4:
            race.change_lane(0, second)

    race = trained(table, SMALL.but(lanes=(first, Lane())), during)
    plain = ((0, Lane()),)
    assert [lane.rules for lane in race.look.lanes] == [((0, first), (4, second)), plain]
    assert [lane.coming for lane in race.look.lanes] == [None, None]
    race.change_lane(0, third)
    lane = race.look.lanes[0]
    assert lane.rules == ((0, first), (4, second))
    assert (lane.lane, lane.coming) == (third, third)
    assert race.look.changes == ((4,), ())  # what is to come changed nothing yet
    race.change_goal(8)
    race.train(lambda: table, quiet)
    lane = race.look.lanes[0]
    assert lane.rules == ((0, first), (4, second), (6, third))
    assert lane.coming is None
    assert race.look.changes == ((4, 6), ())


def test_rules_of_the_first_epochs_are_those_that_had_a_say() -> None:
    l1 = Lane(penalty="l1", lam=0.003)
    spec = SMALL.but(lanes=(Lane(), l1)).with_lane(4, 0, l1).with_lane(9, 0, Lane(lam=7.0))
    assert spec.rules_until(0, 0) == ()
    assert spec.rules_until(0, 4) == ((0, Lane()),)
    assert spec.rules_until(0, 5) == ((0, Lane()), (4, l1))
    assert spec.rules_until(0, 9) == ((0, Lane()), (4, l1))
    assert [epoch for epoch, _ in spec.rules_until(0, 10)] == [0, 4, 9]
    assert spec.rules_until(1, 10) == ((0, l1),)
    # A λ without a penalty, and dropout without hidden units, are no rule.
    idle = SMALL.but(lanes=(Lane(),)).with_lane(4, 0, Lane(lam=7.0))
    assert idle.rules_until(0, 10) == ((0, Lane()),)
    linear = SMALL.but(hidden=(), lanes=(Lane(dropout=0.5, input_dropout=0.1),))
    assert linear.rules_until(0, 10) == ((0, Lane(input_dropout=0.1)),)


def test_the_losses_of_rows_make_the_mean_losses(table: Table) -> None:
    race = trained(table, SMALL.but(epochs=12))
    for lane in race.look.lanes:
        assert lane.rows is not None
        assert lane.rows.train.mean() == pytest.approx(lane.train[-1], rel=1e-5)
        assert lane.rows.validation.mean() == pytest.approx(lane.validation[-1], rel=1e-5)
        assert lane.rows.best.mean() == pytest.approx(min(lane.validation), rel=1e-5)
        assert lane.deviation is not None
        mean_square = lane.rows.test.mean()
        assert lane.test_error == pytest.approx(table.unit * np.sqrt(mean_square))
        error = table.unit**2 * lane.rows.test.std(ddof=1) / np.sqrt(len(lane.rows.test))
        assert lane.deviation == pytest.approx(error / (2 * lane.test_error))


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "wine"])
def test_no_constant_has_a_lower_training_loss(name: str, shared: Services) -> None:
    task = "regression" if name == "diabetes" else "classification"
    made = race_table(DEFAULT.but(data=f"sample:{name}", task=task), shared, quiet)
    constant = made.constant
    assert constant.train == pytest.approx(constant.train_rows.mean())
    assert constant.validation == pytest.approx(constant.validation_rows.mean())
    if name == "diabetes":
        assert constant.train == pytest.approx(0.5)
        assert constant.validation == pytest.approx(np.mean(made.validation.y**2) / 2)
    else:
        shares = np.bincount(made.train.y.astype(int)) / made.train.n
        assert constant.train == pytest.approx(-(shares * np.log(shares)).sum())
        expected = -np.log(shares[made.validation.y.astype(int)]).mean()
        assert constant.validation == pytest.approx(expected)


def test_a_network_without_a_weight_underfits_and_does_not_overfit(table: Table) -> None:
    """However much the validation rows vary more than the training rows."""
    spec = SMALL.but(lanes=(Lane(penalty="l1", lam=5.0),), epochs=150, learning_rate=0.01)
    race = trained(table, spec)
    lane = race.look.lanes[0]
    assert lane.zeros == lane.total
    assert [fact.code for fact in race_facts(race.look, table.validation.n)] == ["underfits"]


def test_a_class_that_no_training_row_has_leaves_the_constant_finite() -> None:
    parts = [Part(np.zeros((len(y), 1)), np.array(y, float)) for y in ([0, 0, 1], [2, 0], [0, 0])]
    table = Table(None, *parts, Multinomial(), 3, 1.0)
    assert np.isfinite(table.constant.validation)
    assert table.constant.train == pytest.approx(-np.log([2 / 3.5, 2 / 3.5, 1 / 3.5]).mean())


def test_of_many_rows_some_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    import shrinkage.app.race_look as race_look

    monkeypatch.setattr(race_look, "MEASURED_ROWS", 4)
    part = Part(np.arange(10.0)[:, None], np.arange(10.0))
    assert part.measured.y.tolist() == [0.0, 3.0, 6.0, 9.0]
    assert part.measured.X[:, 0].tolist() == [0.0, 3.0, 6.0, 9.0]
    few = Part(np.zeros((4, 1)), np.zeros(4))
    assert few.measured is few


def grey(columns: int = 64, low: float = 0.0) -> np.ndarray:
    """Pixels: all reach 255 but the first two, which hardly vary."""
    X = np.random.default_rng(0).uniform(low, 255, (40, columns))
    X[0], X[1] = low, 255.0
    X[:, :2] = 0.0
    X[5, :2] = 3.0
    return X


@pytest.mark.parametrize(
    ("X", "divisor"),
    [
        (grey(), 255.0),
        (grey(48), 255.0),
        (grey(47), None),
        (grey() - 1.0, None),  # below 0
        (grey() * np.linspace(0.1, 1, 64), None),  # each of its own range
        (grey(low=20.0), None),  # from elsewhere than 0
        (np.zeros((40, 64)), None),
    ],
)
def test_columns_of_one_kind_are_scaled_by_one_number(X: np.ndarray, divisor: Any) -> None:
    rows = np.arange(40)
    assert shared_range(X, rows) == divisor
    assert shared_range(sparse.csc_array(X), rows) is None


def test_pictures_are_scaled_by_one_number_and_tables_by_column(shared: Services) -> None:
    spec = DEFAULT.but(data="sample:digits", task="classification")
    digits = race_table(spec, shared, quiet)
    assert digits.divisor == 16.0
    assert (digits.train.X.min(), digits.train.X.max()) == (0.0, 1.0)
    wine = race_table(spec.but(data="sample:wine"), shared, quiet)
    assert wine.divisor is None


def test_a_test_row_is_traced_to_the_row_of_the_file(shared: Services) -> None:
    lines = ["a,y", *(f"{i},{'' if i % 7 == 0 else i * 2}" for i in range(1, 61))]
    file = shared.shelf.save("rows.csv", "\n".join(lines).encode())
    spec = DEFAULT.but(data=FILE_PREFIX + file.digest, target="y", task="regression")
    made = race_table(spec, shared, quiet)
    assert made.places is not None
    target = made.origin + made.unit * made.test.y
    np.testing.assert_allclose(target, 2 * made.places)  # row i of the file has 2i


# ---- votes of trained networks ----


@pytest.mark.parametrize(
    ("hidden", "activation", "lane", "identity"),
    [
        ((8,), "relu", DROPPED, "arithmetic"),
        ((8,), "relu", Lane(dropout=0.5, input_dropout=0.01), None),
        ((8, 4), "relu", DROPPED, None),
        ((8, 4), "identity", DROPPED, "arithmetic"),
        ((), "relu", Lane(input_dropout=0.3), "arithmetic"),
    ],
)
def test_weight_scaling_is_the_mean_of_all_where_only_a_linear_output_sees_what_is_dropped(
    table: Table,
    hidden: tuple[int, ...],
    activation: str,
    lane: Lane,
    identity: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(votes_module, "WORK", 1.0)  # few members
    spec = SMALL.but(hidden=hidden, activation=activation, lanes=(Lane(), lane), epochs=5)
    votes = counted(trained(table, spec), table)
    assert votes.identity == identity
    assert ("mean_of_all" in [fact.code for fact in vote_facts(votes)]) is bool(identity)
    if votes.exact is not None:
        assert (abs(votes.exact - votes.scaling) < 1e-5 * votes.scaling) is bool(identity)
    if identity:
        variance = votes.ambiguity.variance * votes.total / (votes.total - 1)
        expected = votes.scaling**2 + variance / np.arange(1, votes.members + 1)
        np.testing.assert_allclose(votes.mean**2, expected, rtol=1e-6)
        assert (votes.mean > votes.scaling).all()
        assert votes.match is None


def test_of_classes_weight_scaling_is_the_geometric_mean(
    wine: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(votes_module, "WORK", 1.0)
    votes = counted(trained(wine, SMALL.but(lanes=(Lane(), DROPPED))), wine)
    assert votes.identity == "geometric"
    assert not votes.mean_of_all


def test_the_script_scales_as_the_race_did(shared: Services, tmp_path: Path) -> None:
    spec = DEFAULT.but(data="sample:digits", task="classification")
    race = Race("r", spec, SMALL.but(epochs=1, lanes=(Lane(),)))
    race.train(lambda: race_table(spec, shared, quiet), quiet)
    script = race_script(race)
    assert "StandardScaler" not in script
    runpy.run_path(_written(tmp_path / "race.py", script))  # it checks its losses itself


def _written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)
