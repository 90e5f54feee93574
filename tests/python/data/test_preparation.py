"""The preparation: what it does, that each step can be undone, and refitting inside folds."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from shrinkage.data import Prepared, RawTable, TablePreparation, prepare
from shrinkage.errors import DataError

N = 60


def messy() -> RawTable:
    """A table in which every kind of step has a reason to happen."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=N)
    towns = np.array(["Bern", "Genève", "北京"])[generator.integers(0, 3, N)]
    rare = np.array(["a", "b"], dtype=object)[generator.integers(0, 2, N)]
    rare[:4] = ["p", "q", "r", "s"]
    some = [None if i % 6 == 0 else f"{v:.3f}" for i, v in enumerate(values)]
    frame = pd.DataFrame(
        {
            "number": values,
            "gaps": [np.nan if i % 5 == 0 else v for i, v in enumerate(values)],
            "sparse": [v if i % 5 == 0 else np.nan for i, v in enumerate(values)],
            "empty": np.full(N, np.nan),
            "constant": np.full(N, 7.0),
            "row": np.arange(N) + 1.0,
            "user_id": generator.permutation(10_000)[:N].astype(float),
            "coded": [-200.0 if i % 7 == 0 else abs(v) for i, v in enumerate(values)],
            "question": [text or "?" for text in some],
            "comma": [f"{v:.3f}".replace(".", ",") for v in values],
            "town": towns,
            "yes": np.where(values > 0, "yes", "no"),
            "holes": [None if i % 9 == 0 else t for i, t in enumerate(towns)],
            "rare": rare,
            "name": [f"person {i}" for i in range(N)],
            "remark": [f"{i:x}".rjust(48, "f") for i in range(N)],
            "day": [f"2024-0{1 + i % 3}-{10 + i % 15}" for i in range(N)],
            "moment": pd.date_range("2024-01-01", periods=N, freq="7h"),
            "fold": generator.integers(1, 6, N).astype(float),
            "y": values * 2 + generator.normal(size=N),
        }
    )
    return RawTable(frame, "messy", "delimited", decimal=".")


def made(**options: Any) -> Prepared:
    return prepare(messy(), "y", **options)


def ids(prepared: Prepared) -> set[str]:
    return {step.id for step in prepared.steps}


EXPECTED = {
    "filled_missing_median:gaps",
    "dropped_mostly_missing:sparse",
    "dropped_all_missing:empty",
    "dropped_constant:constant",
    "dropped_identifier:row",
    "dropped_identifier:user_id",
    "missing_code:coded",
    "filled_missing_median:coded",
    "missing_code:question",
    "filled_missing_median:question",
    "parsed_number_text:comma",
    "one_hot:town",
    "one_hot:yes",
    "missing_level:holes",
    "one_hot:holes",
    "pooled_rare_levels:rare",
    "one_hot:rare",
    "dropped_identifier:name",
    "dropped_no_words:remark",
    "parsed_date:day",
    "date_parts:day",
    "date_parts:moment",
    "dropped_split_marker:fold",
}


def test_every_step_is_reported_once() -> None:
    prepared = made()
    assert ids(prepared) == EXPECTED
    assert len(prepared.steps) == len(EXPECTED)
    for step in prepared.steps:
        assert step.column in messy().columns
        assert f"“{step.column}”" in step.text
    fields = {step.id: step.fields for step in prepared.steps}
    assert fields["filled_missing_median:gaps"]["count"] == N // 5
    assert fields["missing_code:coded"] == {"codes": [-200.0], "count": 9}
    assert fields["missing_code:question"] == {"codes": ["?"], "count": 10}
    assert fields["pooled_rare_levels:rare"]["pooled"] == 4
    assert fields["dropped_constant:constant"]["value"] == "7"


def test_the_matrix() -> None:
    prepared = made()
    raw = messy().frame
    column = dict(zip(prepared.feature_names, prepared.X.T, strict=True))
    assert prepared.X.flags.f_contiguous
    assert np.isfinite(prepared.X).all()
    assert len(prepared.origin) == prepared.X.shape[1]
    np.testing.assert_array_equal(column["number"], raw["number"])
    np.testing.assert_array_equal(column["gaps"], raw["gaps"].fillna(raw["gaps"].median()))
    np.testing.assert_allclose(column["comma"], raw["number"], atol=5e-4)
    known = raw["coded"] != -200
    np.testing.assert_array_equal(column["coded"][known], raw["coded"][known])
    assert (column["coded"][~known] == raw["coded"][known].median()).all()
    np.testing.assert_array_equal(column["town=北京"], raw["town"] == "北京")
    towns = sum(column[f"town={town}"] for town in ("Bern", "Genève", "北京"))
    np.testing.assert_array_equal(towns, np.ones(N))  # no reference level
    assert "yes=no" not in column  # the mirror image of yes=yes
    np.testing.assert_array_equal(column["yes=yes"], raw["yes"] == "yes")
    np.testing.assert_array_equal(column["holes=(missing)"], raw["holes"].isna())
    assert column["rare=(other)"].sum() == 4
    np.testing.assert_array_equal(column["day: month"], [1 + i % 3 for i in range(N)])
    np.testing.assert_allclose(column["moment: hour"], [(7 * i) % 24 for i in range(N)])
    np.testing.assert_array_equal(column["moment: weekday"], raw["moment"].dt.day_of_week)
    days = (raw["moment"] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
    np.testing.assert_allclose(column["moment: days"], days)


@pytest.mark.parametrize(
    ("undo", "gone_step", "new_step", "feature_appears", "feature_goes"),
    [
        ("dropped_constant:constant", None, None, "constant", None),
        ("dropped_identifier:row", None, None, "row", None),
        ("dropped_identifier:user_id", None, None, "user_id", None),
        ("dropped_split_marker:fold", None, None, "fold", None),
        ("dropped_mostly_missing:sparse", None, "filled_missing_median:sparse", "sparse", None),
        ("filled_missing_median:gaps", None, "dropped_incomplete:gaps", None, "gaps"),
        ("missing_code:coded", "filled_missing_median:coded", None, None, None),
        ("missing_code:question", None, "dropped_identifier:question", None, "question"),
        ("parsed_number_text:comma", None, "dropped_identifier:comma", None, "comma"),
        ("one_hot:town", None, "dropped_category:town", None, "town=Bern"),
        (
            "missing_level:holes",
            None,
            "filled_missing_most_frequent:holes",
            None,
            "holes=(missing)",
        ),
        ("pooled_rare_levels:rare", None, None, "rare=p", "rare=(other)"),
        ("dropped_identifier:name", None, "pooled_rare_levels:name", None, None),
        ("dropped_no_words:remark", None, "one_hot:remark", None, None),
        ("parsed_date:day", "date_parts:day", None, None, "day: days"),
        ("date_parts:moment", None, "dropped_date:moment", None, "moment: days"),
    ],
)
def test_undo(
    undo: str,
    gone_step: str | None,
    new_step: str | None,
    feature_appears: str | None,
    feature_goes: str | None,
) -> None:
    before, after = made(), made(undo={undo})
    assert undo in ids(before)
    assert undo not in ids(after)
    assert [step.id for step in after.undone] == [undo]
    assert np.isfinite(after.X).all()
    changed = ids(before) ^ ids(after)
    assert {step.partition(":")[2] for step in changed} == {undo.partition(":")[2]}
    if gone_step:
        assert gone_step not in ids(after)
    if new_step:
        assert new_step in ids(after) - ids(before)
    if feature_appears:
        assert feature_appears in set(after.feature_names) - set(before.feature_names)
    if feature_goes:
        assert feature_goes in set(before.feature_names) - set(after.feature_names)
    assert before.feature_names != after.feature_names or (before.X != after.X).any()


def test_every_undoable_step_can_be_undone() -> None:
    before = made()
    for step in before.steps:
        if step.undoable:
            after = made(undo={step.id})
            assert step.id not in ids(after)
            assert np.isfinite(after.X).all()
    everything = made(undo={step.id for step in before.steps if step.undoable})
    assert np.isfinite(everything.X).all()


def test_fields_can_be_stored() -> None:
    before = made()
    undo = {step.id for step in before.steps if step.undoable}
    for step in (*before.steps, *made(undo=undo).steps):
        assert json.loads(json.dumps(step.fields)).keys() == step.fields.keys()


def test_feature_names_are_unique() -> None:
    frame = pd.DataFrame({"c": ["a", "b", "c"] * 4, "c=a": np.arange(12) % 5})
    names = TablePreparation().fit(frame).get_feature_names_out()
    assert len(set(names)) == len(names) == 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("filled_missing_median:gaps", "dropped_incomplete:gaps"),
        ("one_hot:town", "dropped_category:town"),
        ("date_parts:moment", "dropped_date:moment"),
    ],
)
def test_undoing_both_ways_returns_to_the_start(first: str, second: str) -> None:
    before, after = made(), made(undo={first, second})
    assert ids(before) == ids(after)
    np.testing.assert_array_equal(before.X, after.X)


def test_the_undo_chain_of_a_missing_category() -> None:
    step = "filled_missing_most_frequent:holes"
    dropped = made(undo={"missing_level:holes", step})
    assert "dropped_incomplete:holes" in ids(dropped)
    assert not [name for name in dropped.feature_names if name.startswith("holes")]


def test_rows_without_a_target_are_left_out() -> None:
    table = messy()
    table.frame.loc[[3, 8], "y"] = np.nan
    prepared = prepare(table, "y")
    step = next(step for step in prepared.steps if step.code == "dropped_rows_missing_target")
    assert step.fields["count"] == 2
    assert not step.undoable
    assert len(prepared.y) == N - 2
    assert not {3, 8} & set(prepared.rows)
    np.testing.assert_array_equal(prepared.y, table.frame["y"].to_numpy()[prepared.rows])


def test_exclude_and_indicator() -> None:
    prepared = made(exclude=["town", "gaps"], add_indicator=True)
    assert not {"town=Bern", "gaps"} & set(prepared.feature_names)
    indicator = prepared.X[:, prepared.feature_names.index("coded (missing)")]
    np.testing.assert_array_equal(indicator, messy().frame["coded"] == -200)


def test_clone_refit_and_names() -> None:
    prepared = made(undo={"dropped_identifier:row"})
    copy = clone(prepared.preparation)
    assert copy.get_params() == prepared.preparation.get_params()
    assert not hasattr(copy, "plans_")
    np.testing.assert_array_equal(copy.fit_transform(prepared.features), prepared.X)
    assert tuple(copy.get_feature_names_out()) == prepared.feature_names
    assert copy.n_features_in_ == len(copy.feature_names_in_) == prepared.features.shape[1]


def test_nothing_is_learned_from_the_held_out_rows() -> None:
    prepared = made()
    train, test = np.arange(40), np.arange(40, N)
    spoiled = prepared.features.copy()
    number_columns = spoiled.select_dtypes("number").columns
    spoiled.loc[test, number_columns] = 1e6
    preparation = clone(prepared.preparation)
    honest = preparation.fit(prepared.features.iloc[train]).transform(prepared.features.iloc[train])
    again = preparation.fit(spoiled.iloc[train]).transform(spoiled.iloc[train])
    np.testing.assert_array_equal(honest, again)


def test_in_a_pipeline_inside_folds() -> None:
    prepared = made()
    pipeline = make_pipeline(clone(prepared.preparation), Ridge())
    folds = KFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(pipeline, prepared.features, prepared.y, cv=folds)
    assert len(scores) == 5
    assert np.isfinite(scores).all()
    assert scores.mean() > 0.2


def test_unseen_levels_and_new_missing_values() -> None:
    frame = pd.DataFrame(
        {
            "x": [1.0, 2.0, 3.0, 4.0, 10.0],
            "text": ["1,5", "2,5", "3,5", "4,5", "5,5"],
            "town": ["a", "b", "a", "c", "b"],
            "day": pd.to_datetime(["2024-01-01", "2024-02-02", "2024-03-03", "2024-04-04", None]),
        }
    )
    preparation = TablePreparation(decimal=",").fit(frame)
    names = list(preparation.get_feature_names_out())
    new = pd.DataFrame(
        {"x": [np.nan, np.inf], "text": ["?", "6,5"], "town": ["z", None], "day": [None, "junk"]}
    )
    X = preparation.transform(new)
    assert X.shape == (2, len(names))
    assert np.isfinite(X).all()
    column = dict(zip(names, X.T, strict=True))
    np.testing.assert_array_equal(column["x"], [3.0, 3.0])
    np.testing.assert_array_equal(column["text"], [3.5, 6.5])
    np.testing.assert_array_equal([column[f"town={t}"][0] for t in "abc"], [0, 0, 0])
    assert sum(column[f"town={t}"][1] for t in "abc") == 1  # missing: the commonest level


def test_unseen_levels_count_as_other_where_there_is_one() -> None:
    frame = pd.DataFrame({"c": ["a"] * 9 + ["b"] * 9 + ["p", "q"], "x": np.arange(20) % 7})
    preparation = TablePreparation().fit(frame)
    names = list(preparation.get_feature_names_out())
    X = preparation.transform(pd.DataFrame({"c": ["new", "p", "a"], "x": [1, 2, 3]}))
    np.testing.assert_array_equal(X[:, names.index("c=(other)")], [1, 1, 0])


def test_level_cap() -> None:
    levels = [f"level {i % 12:02d}" for i in range(120)]
    frame = pd.DataFrame({"c": levels, "x": np.arange(120) % 7})
    preparation = TablePreparation(max_levels=5).fit(frame)
    assert sum(name.startswith("c=") for name in preparation.get_feature_names_out()) == 6


def test_arrays_are_taken_too() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    X[0, 1] = np.nan
    preparation = TablePreparation().fit(X)
    assert list(preparation.get_feature_names_out()) == ["x0", "x1", "x2"]
    assert np.isfinite(preparation.transform(X)).all()


def test_transform_needs_the_columns() -> None:
    preparation = TablePreparation().fit(pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 1.5]}))
    with pytest.raises(DataError) as caught:
        preparation.transform(pd.DataFrame({"a": [1.0]}))
    assert caught.value.code == "data.missing_columns"
    assert caught.value.fields["value"] == ["b"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (pd.DataFrame({"a": [], "b": []}), "data.no_rows"),
        (pd.DataFrame({"a": [1.0, 1.0]}), "data.no_features"),
        (pd.DataFrame([[1.0, 2.0], [2.0, 3.0]], columns=["a", "a"]), "data.duplicate_columns"),
        (np.arange(3.0), "data.bad_shape"),
    ],
)
def test_bad_tables(frame: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        TablePreparation().fit(frame)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2024-01-31", "2024-02-01"], [31 - 1, 31]),
        (["31/01/2024", "01/02/2024"], [30, 31]),
        (["01/02/2024", "02/02/2024", "03/02/2024"], [31, 32, 33]),  # runs of days, not of months
        (["31.01.2024", "01.02.2024"], [30, 31]),
        (["01/31/2024", "02/01/2024"], [30, 31]),
        (["2024年1月31日", "2024年2月1日"], [30, 31]),
        (["2024-01-31T12:00:00Z", "2024-02-01T00:00:00Z"], [30.5, 31]),
        (["31 Jan 2024", "01 Feb 2024"], [30, 31]),
    ],
)
def test_date_formats(texts: list[str], days: list[float]) -> None:
    frame = pd.DataFrame({"d": texts})
    preparation = TablePreparation().fit(frame)
    names = list(preparation.get_feature_names_out())
    start = (np.datetime64("2024-01-01") - np.datetime64("2000-01-01")).astype(int)
    found = preparation.transform(frame)[:, names.index("d: days")] - start
    np.testing.assert_allclose(found, days)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1.0, 2.0, -200.0, 3.0, -200.0, -200.0], -200.0),
        ([-3.0, 20.0, -999.0, 5.0, -999.0, -999.0], -999.0),
        ([1.0, 2.0, 9999.0, 3.0, 9999.0, 9999.0], 9999.0),
        ([1.0, 2.0, -200.0, 3.0, 4.0, 5.0], None),  # once is no code
        ([-150.0, 20.0, -200.0, 5.0, -200.0, -200.0], None),  # among its like
        ([1.0, 2.0, -7.0, 3.0, -7.0, -7.0], None),  # not customary
        ([600.0, 2.0, 999.0, 3.0, 999.0, 999.0], None),  # not apart
    ],
)
def test_missing_codes_among_numbers(values: list[float], code: float | None) -> None:
    preparation = TablePreparation().fit(pd.DataFrame({"x": values}))
    found = [step.fields["codes"] for step in preparation.steps_ if step.code == "missing_code"]
    assert found == ([] if code is None else [[code]])
