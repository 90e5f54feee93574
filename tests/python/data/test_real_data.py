"""The reader and the preparation on real files, of those that lie beside the checkout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shrinkage.data import RawTable, guess_target, guess_task, inspect_table, prepare, read_table

Shared = Callable[[str], Path]


@pytest.fixture
def real(shared_data: Shared) -> Callable[[str], RawTable]:
    return lambda name: read_table(shared_data(name))


def test_air_quality(real: Callable[[str], RawTable]) -> None:
    table = real("air_quality.csv.gz")
    assert table.frame.shape == (9471, 17)
    assert (table.details["delimiter"], table.decimal) == (";", ",")
    prepared = prepare(table, "C6H6(GT)")
    steps = {step.id: step for step in prepared.steps}
    assert steps["dropped_rows_missing_target:C6H6(GT)"].fields["count"] == 114 + 366
    assert prepared.task == "regression"
    assert prepared.y[0] == 11.9
    assert prepared.y.min() >= 0
    assert steps["missing_code:C6H6(GT)"].fields == {"codes": [-200.0], "count": 366}
    assert steps["missing_code:CO(GT)"].fields["codes"] == [-200.0]
    assert steps["dropped_mostly_missing:NMHC(GT)"].fields["share"] > 0.88
    assert {"dropped_all_missing:column_16", "parsed_date:Date"} <= set(steps)
    column = dict(zip(prepared.feature_names, prepared.X.T, strict=True))
    assert column["CO(GT)"][0] == 2.6
    assert column["Time: hour"][0] == 18.0
    assert column["Date: month"][0] == 3.0
    assert (prepared.X != -200).all()


def test_seoul_bike(real: Callable[[str], RawTable]) -> None:
    table = real("seoul_bike.csv.gz")
    assert table.frame.shape == (8760, 14)
    assert "Temperature(°C)" in table.columns
    assert guess_target(table) == "Rented Bike Count"
    prepared = prepare(table, "Rented Bike Count")
    assert prepared.X.shape == (8760, 18)
    assert prepared.y.sum() == table.frame["Rented Bike Count"].sum()
    steps = {step.id: step.fields for step in prepared.steps}
    assert steps["parsed_date:Date"]["format"] == "%d/%m/%Y"
    assert {f"Seasons={s}" for s in ("Autumn", "Spring", "Summer", "Winter")} <= set(
        prepared.feature_names
    )


def test_communities_crime(real: Callable[[str], RawTable]) -> None:
    table = real("communities_crime.csv.gz")
    assert table.frame.shape == (1994, 128)
    prepared = prepare(table, guess_target(table))
    assert prepared.target == "ViolentCrimesPerPop"
    steps = {step.id: step.fields for step in prepared.steps}
    counts = [fields["count"] for step, fields in steps.items() if step.startswith("missing_code")]
    assert sum(counts) == 39_202
    assert {"dropped_identifier:communityname", "dropped_split_marker:fold"} <= set(steps)
    assert prepared.X.shape == (1994, 101)


def test_hitters(real: Callable[[str], RawTable]) -> None:
    table = real("hitters.csv.gz")
    assert guess_target(table) == "Salary"
    prepared = prepare(table, "Salary")
    assert prepared.X.shape == (263, 19)
    steps = {step.id: step.fields for step in prepared.steps}
    assert steps["dropped_rows_missing_target:Salary"]["count"] == 59
    assert {"League=N", "Division=W", "NewLeague=N"} <= set(prepared.feature_names)


def test_ames_housing(real: Callable[[str], RawTable]) -> None:
    table = real("ames_housing.csv.gz")
    assert table.frame.shape == (2930, 82)
    missing = sum(column.n_missing for column in inspect_table(table))
    assert missing >= 15_749
    prepared = prepare(table, guess_target(table))
    assert prepared.target == "price"
    steps = {step.id for step in prepared.steps}
    assert {"dropped_identifier:Order", "dropped_identifier:PID"} <= steps
    assert "missing_level:Alley" in steps
    kept = prepare(table, "price", undo={"dropped_identifier:PID"})
    assert set(kept.feature_names) - set(prepared.feature_names) == {"PID"}


def test_prostate(real: Callable[[str], RawTable]) -> None:
    table = real("prostate_esl.csv.gz")
    prepared = prepare(table, "lpsa")
    assert prepared.X.shape == (97, 8)
    assert [step.id for step in prepared.steps] == ["dropped_split_marker:train"]
    train = (table.frame["train"] == "True").to_numpy()
    scaled = (prepared.X - prepared.X.mean(axis=0)) / prepared.X.std(axis=0)
    design = np.column_stack([np.ones(97), scaled])
    beta = np.linalg.lstsq(design[train], prepared.y[train])[0]
    error = np.mean((prepared.y[~train] - design[~train] @ beta) ** 2)
    assert error == pytest.approx(
        0.521, abs=5e-4
    )  # The Elements of Statistical Learning, table 3.3


def test_riboflavin(real: Callable[[str], RawTable]) -> None:
    table = real("riboflavin.npz")
    assert guess_target(table) == "y"
    prepared = prepare(table, "y")
    assert prepared.X.shape == (71, 4088)
    assert prepared.feature_names[0] == "AADK_at"
    assert prepared.task == "regression"
    assert not prepared.steps


def test_basehock(real: Callable[[str], RawTable]) -> None:
    table = real("basehock_20ng.npz")
    assert [step.code for step in table.steps] == ["made_dense"]
    assert guess_task(table, "y") == "classification"
    prepared = prepare(table, "y")
    assert prepared.X.shape == (1993, 4862)
    assert prepared.classes == ("rec.sport.baseball", "rec.sport.hockey")
    assert np.bincount(prepared.y).tolist() == [994, 999]
    assert np.count_nonzero(prepared.X) == 134_253


def test_free_text_is_not_a_table_for_linear_models(real: Callable[[str], RawTable]) -> None:
    table = real("sms_spam.tsv.gz")
    assert table.frame.shape == (5574, 2)
    labels = table.frame["label"].value_counts()
    assert (labels["ham"], labels["spam"]) == (4827, 747)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("leukemia_golub.npz", (72, 7129)), ("mnist_t10k.npz", (10_000, 784))],
)
def test_wide_and_tall_archives(
    real: Callable[[str], RawTable], name: str, shape: tuple[int, int]
) -> None:
    table = real(name)
    assert (table.n_rows, table.n_columns - 1) == shape
    assert guess_task(table, "y") == "classification"
