"""Dates as people write them: formats, day and month, zones, and the odd cell that is none."""

import numpy as np
import pandas as pd
import pytest

from shrinkage.data import Prepared, RawTable, inspect_table, prepare, read_table
from shrinkage.data.dateguess import guess_date_format
from shrinkage.data.reading import learn_reading
from shrinkage.data.table import StepLog


def moments(texts: list[str]) -> list[str]:
    """What a column of these texts is read as, to the second; "NaT" where missing."""
    series = pd.Series(texts)
    reading = learn_reading(series, "d", ".", StepLog())
    assert reading.kind == "date", reading
    return [str(moment.astype("datetime64[s]")) for moment in reading.moments(series)]


def days(texts: list[str]) -> list[str]:
    return [moment[:10] for moment in moments(texts)]


def guess(texts: list[str]) -> tuple[str, str | None, str]:
    """The format, the other one that would do, and why the first was taken."""
    found = guess_date_format(texts)
    assert found is not None
    return found.format.date, found.other and found.other.date, found.reason


def table_of(texts: list[str]) -> RawTable:
    rows = "".join(f"{text};{i % 7};{i * i % 11}\n" for i, text in enumerate(texts))
    return read_table(("when;x;y\n" + rows).encode())


def prepared(texts: list[str], **options: object) -> Prepared:
    return prepare(table_of(texts), "y", task="regression", **options)  # type: ignore[arg-type]


MONTHLY = [f"{month:02d}/01/{year}" for year in (2015, 2016) for month in range(1, 13)]


@pytest.mark.parametrize("count", [3, 12, 24])
def test_a_part_that_is_always_one_is_the_day(count: int) -> None:
    texts = MONTHLY[:count]
    assert guess(texts) == ("%m/%d/%Y", "%d/%m/%Y", "first_of_month")
    first = [np.datetime64("2015-01", "M") + i for i in range(count)]
    assert days(texts) == [f"{month}-01" for month in first]
    swapped = ["/".join((d, m, y)) for m, d, y in (text.split("/") for text in texts)]
    assert guess(swapped) == ("%d/%m/%Y", "%m/%d/%Y", "first_of_month")
    assert days(swapped) == days(texts)


def test_quarters_by_their_first_day() -> None:
    assert days(["01/01/2015", "04/01/2015", "07/01/2015", "10/01/2015"])[1] == "2015-04-01"


@pytest.mark.parametrize("mark", ["/", "-"])
def test_regular_steps_win(mark: str) -> None:
    # The fifth of every month over two years: as days of May they would jump.
    texts = [f"{m:02d}{mark}05{mark}{y}" for y in (2015, 2016) for m in range(1, 13)]
    assert guess(texts) == (f"%m{mark}%d{mark}%Y", f"%d{mark}%m{mark}%Y", "regular")
    daily = [f"{d:02d}{mark}02{mark}2024" for d in range(1, 13)]
    assert days(daily) == [f"2024-02-{d:02d}" for d in range(1, 13)]


def test_a_point_stands_after_the_day() -> None:
    assert guess([f"{d:02d}.01.2020" for d in range(1, 9)]) == ("%d.%m.%Y", None, "")
    assert guess(["12.31.2020", "01.02.2021"]) == ("%m.%d.%Y", None, "")


def test_many_dates_are_read_as_few_are() -> None:
    texts = [str(np.datetime64("1999-01-01") + i) for i in range(1_200)]
    texts[:5] = ["9999-12-31", "1999-01-02 10:00", "Mon, 1999-01-03", "1999-02-30", "0001-01-01"]
    known = [moment for moment in moments(texts) if moment != "NaT"]
    assert known[:3] == ["1999-01-02T10:00:00", "1999-01-03T00:00:00", "1999-01-06T00:00:00"]
    assert len(known) == 1_197


def test_order_and_closeness_decide_where_steps_do_not() -> None:
    assert guess(["01/02/2024", "03/02/2024", "07/02/2024", "02/03/2024"]) == (
        *("%d/%m/%Y", "%m/%d/%Y", "sorted"),
    )
    assert guess(["02/01/2024", "02/03/2024", "02/07/2024", "03/02/2024"]) == (
        *("%m/%d/%Y", "%d/%m/%Y", "sorted"),
    )
    assert guess(["01/02/2024", "02/02/2024", "03/02/2024"])[2] == "span"
    assert guess(["05/06/2024"]) == ("%d/%m/%Y", "%m/%d/%Y", "custom")


def test_a_part_above_twelve_leaves_no_doubt() -> None:
    assert guess(["01/02/2024", "13/02/2024"]) == ("%d/%m/%Y", None, "")
    assert guess(["01/02/2024", "02/13/2024"]) == ("%m/%d/%Y", None, "")
    assert guess(["01/01/2024", "02/02/2024"]) == ("%d/%m/%Y", None, "")  # the same either way


def test_doubt_is_said_and_the_other_reading_is_an_undo_away() -> None:
    before = prepared(MONTHLY)
    step = next(step for step in before.steps if step.code.startswith("ambiguous"))
    assert step.id == "ambiguous_date_first_of_month:when"
    assert step.fields == {"format": "%m/%d/%Y", "other": "%d/%m/%Y"}
    assert step.undoable
    month = before.X[:, before.feature_names.index("when: month")]
    np.testing.assert_array_equal(month, [*range(1, 13)] * 2)
    after = prepared(MONTHLY, undo=[step.id])
    assert [other.id for other in after.undone] == [step.id]
    assert "when: month" not in after.feature_names  # twelve days of January, twice
    sure = prepared([f"{d:02d}/01/2015" for d in range(1, 25)])
    assert not [step for step in sure.steps if step.code.startswith("ambiguous")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-01 00:00:00+00:00", "2021-03-01T00:00:00"),
        ("2021-03-01 13:45:10+0530", "2021-03-01T13:45:10"),
        ("2021-03-01T13:45:10-08", "2021-03-01T13:45:10"),
        ("2021-03-01T13:45:10Z", "2021-03-01T13:45:10"),
        ("2021-03-01T13:45:10.123456789Z", "2021-03-01T13:45:10"),
        ("2021-03-01 13:45:10,5 UTC", "2021-03-01T13:45:10"),
        ("20210301T134510Z", "2021-03-01T13:45:10"),
        ("2021-03-01T13", "2021-03-01T13:00:00"),
        ("3/31/2021 1 PM", "2021-03-31T13:00:00"),
        ("2021-03-01 24:00", "2021-03-02T00:00:00"),
        ("3/1/2021 1:45 PM", "2021-01-03T13:45:00"),
        ("3/31/2021 12:05:09 AM", "2021-03-31T00:05:09"),
        ("31.3.2021 12:05 p.m.", "2021-03-31T12:05:00"),
        ("31.03.21", "2021-03-31T00:00:00"),
        ("2021/3/31 下午 1:05", "2021-03-31T13:05:00"),
        ("2021年3月31日 13:05", "2021-03-31T13:05:00"),
        ("2021年3月", "2021-03-01T00:00:00"),
        ("2021年第2季度", "2021-04-01T00:00:00"),
        ("2020 Q1", "2020-01-01T00:00:00"),
        ("2020-Q4", "2020-10-01T00:00:00"),
        ("2020Q3", "2020-07-01T00:00:00"),
        ("Q2 2020", "2020-04-01T00:00:00"),
        ("Q2/2020", "2020-04-01T00:00:00"),
        ("2020M11", "2020-11-01T00:00:00"),
        ("2020-11", "2020-11-01T00:00:00"),
        ("11/2020", "2020-11-01T00:00:00"),
        ("2020-W05", "2020-01-27T00:00:00"),
        ("Mar-21", "2021-03-01T00:00:00"),
        ("Mar 2021", "2021-03-01T00:00:00"),
        ("March 3, 2021", "2021-03-03T00:00:00"),
        ("Wed, 3 Mar 2021 10:00:00 GMT", "2021-03-03T10:00:00"),
        ("3rd March 2021", "2021-03-03T00:00:00"),
        ("03MAR2021", "2021-03-03T00:00:00"),
        ("03/Mar/2021:10:00:00 +0000", "2021-03-03T10:00:00"),
        ("3. März 2021", "2021-03-03T00:00:00"),
        ("3 août 2021", "2021-08-03T00:00:00"),
        ("99-12-31", "1999-12-31T00:00:00"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    assert moments([text]) == [expected]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        *(("18:30", 18.5), ("18.30.00", 18.5), ("6:30 PM", 18.5), ("12:15 am", 0.25)),
        *(("07:00:30.5", 7 + 30.5 / 3600), ("下午 6:30", 18.5)),
    ],
)
def test_times_of_day(text: str, hour: float) -> None:
    result = prepared([text, "05:00" if "." not in text[:3] else "05.00.00"] * 5)
    assert result.feature_names == ("when: hour", "x")
    assert result.X[0, 0] == pytest.approx(hour)


@pytest.mark.parametrize("text", ["31/02/2021", "2021-13-01", "25:00", "13:00 PM", "x", "Foo 2021"])
def test_what_is_no_date(text: str) -> None:
    assert learn_reading(pd.Series([text]), "d", ".", StepLog()).kind == "category"


def test_mixed_clocks_in_one_column() -> None:
    texts = ["2021-03-01", "2021-03-01 10:00", "2021-03-01 10:00:30", "2021-03-01 10:00:30.25"]
    assert [moment[11:] for moment in moments(texts)] == ["00:00:00", "10:00:00", *["10:00:30"] * 2]


def test_milliseconds_tell_rows_apart() -> None:
    result = prepared([f"2021-03-01 10:00:00.{i:03d}" for i in range(20)])
    assert len(np.unique(result.X[:, 0])) == 20


def test_zoned_times_keep_their_clock_and_say_so() -> None:
    texts = [f"2021-03-{d:02d} {d % 24:02d}:00:00+0{1 + (d > 28)}:00" for d in range(1, 31)]
    result = prepared(texts)
    step = next(step for step in result.steps if step.code == "zoned_times")
    assert step.fields["zones"] == ["+01:00", "+02:00"]
    hour = result.X[:, result.feature_names.index("when: hour")]
    np.testing.assert_array_equal(hour, [d % 24 for d in range(1, 31)])
    assert not [name for name in result.feature_names if name in {"00", "01"}]
    plain = prepared([text[:19] for text in texts])
    assert not [step for step in plain.steps if step.code == "zoned_times"]


def test_zoned_columns_of_a_frame_keep_their_clock() -> None:
    times = pd.date_range("2021-03-01 00:30", periods=30, freq="h", tz="Asia/Tokyo")
    frame = pd.DataFrame({"t": times, "y": np.arange(30.0) ** 2})
    result = prepare(RawTable(frame, "zoned", "parquet"), "y")
    hour = result.X[:, result.feature_names.index("t: hour")]
    np.testing.assert_allclose(hour, (0.5 + np.arange(30)) % 24)
    step = next(step for step in result.steps if step.code == "zoned_times")
    assert step.fields["zones"] == ["Asia/Tokyo"]


@pytest.mark.parametrize("bad", ["2021-02-30", "soon", "9999-12-31", "2021-05-45"])
def test_one_bad_date_is_named_and_missing(bad: str) -> None:
    texts = [str(np.datetime64("2021-01-01") + i) for i in range(60)]
    texts[33] = bad
    table = table_of(texts)
    assert {c.name: (c.kind, c.n_missing) for c in inspect_table(table)}["when"] == ("date", 1)
    result = prepare(table, "y", task="regression")
    step = next(step for step in result.steps if step.code == "unread_cells")
    assert step.fields == {"count": 1, "cells": [f"35: “{bad}”"]}
    assert "when: days" in result.feature_names
    undone = prepare(table, "y", task="regression", undo=[step.id])
    assert "when: days" not in undone.feature_names


def test_four_bad_dates_of_sixty_are_too_many() -> None:
    texts = [str(np.datetime64("2021-01-01") + i) for i in range(56)] + ["a", "b", "c", "d"]
    assert guess_date_format(texts) is None
