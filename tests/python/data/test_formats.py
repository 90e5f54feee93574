"""Parquet files, and frames of pandas."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from shrinkage.data import prepare, read_table
from support.files import error_of, parquet


def test_parquet_types() -> None:
    n = 2500
    table = pa.table(
        {
            "int": pa.array(range(n), pa.int32()),
            "float": pa.array([None, *np.linspace(0, 1, n - 1)]),
            "text": pa.array((["a", "b", None, "c"] * n)[:n]),
            "truth": pa.array(([True, False] * n)[:n]),
            "maybe": pa.array(([True, None] * n)[:n]),
            "decimal": pa.array([Decimal("1.25")] * n),
            "day": pa.array([datetime.date(2020, 1, 1)] * n),
            "moment": pa.array([datetime.datetime(2020, 1, 1, 12)] * n),
            "list": pa.array([[1, 2]] * n),
            "温度": pa.array(np.arange(n) * 0.5),
        }
    )
    read = read_table(parquet(table, row_group_size=700))
    assert read.format == "parquet"
    assert read.n_rows == n
    assert "list" not in read.columns
    assert [step.code for step in read.steps] == ["dropped_nested"]
    np.testing.assert_array_equal(read.frame["int"], np.arange(n))
    np.testing.assert_array_equal(read.frame["温度"], np.arange(n) * 0.5)
    assert np.isnan(read.frame["float"][0])
    assert list(read.frame["text"][:2]) == ["a", "b"]
    assert read.frame["text"].isna().sum() == n // 4
    assert read.frame["decimal"][0] == 1.25
    assert read.frame["day"].dtype.kind == read.frame["moment"].dtype.kind == "M"
    prepared = prepare(read, "温度")
    assert np.isfinite(prepared.X).all()
    assert {"text=a", "truth"} <= set(prepared.feature_names)


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_parquet_versions(version: str, compression: str) -> None:
    table = pa.table({"a": [1.0, 2.0, None], "b": ["x", "y", "x"]})
    read = read_table(parquet(table, version=version, compression=compression))
    np.testing.assert_array_equal(read.frame["a"], [1.0, 2.0, np.nan])


def test_a_long_repeated_text_stays_one_text() -> None:
    # 20 000 rows of one text of 1 MB would be 20 GB if each row got its own.
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000), pa.array(["x" * 1_000_000]))
    read = read_table(parquet(pa.table({"text": text, "y": np.arange(20_000.0)})))
    assert read.n_rows == 20_000
    assert read.frame["text"].nunique() == 1
    assert read.frame["text"].memory_usage(index=False) < 4_000_000


@pytest.mark.parametrize(
    ("zone", "hour", "weekday"),
    [("Europe/Zurich", 1, 4), ("America/New_York", 19, 3), ("+05:30", 5, 4), ("UTC", 0, 4)],
)
def test_zoned_times_are_those_of_their_clocks(zone: str, hour: int, weekday: int) -> None:
    moments = [datetime.datetime(2021, 3, 5, 0, 10), None, datetime.datetime(2021, 3, 5, 0, 50)]
    for unit in ("s", "ns"):
        column = pa.array(moments, pa.timestamp(unit, tz=zone))
        read = read_table(parquet(pa.table({"when": column, "y": [1.0, 2.0, 3.0]})))
        (step,) = read.steps
        assert step.code == "zoned_times"
        assert zone in step.text
        assert read.frame["when"].dt.hour[0] == hour
        assert read.frame["when"].dt.day_of_week[0] == weekday
        assert read.frame["when"].isna().tolist() == [False, True, False]


def test_an_unknown_zone_is_said() -> None:
    column = pa.array([datetime.datetime(2021, 3, 5)], pa.timestamp("s", tz="Mars/Olympus"))
    read = read_table(parquet(pa.table({"when": column, "y": [1.0]})))
    assert [step.code for step in read.steps] == ["unknown_zone"]
    assert read.frame["when"].dt.hour[0] == 0


def test_zoned_times_beyond_the_calendar_stay_in_utc() -> None:
    counts = pa.array([578_000_000_000, 0], pa.int64())
    column = counts.cast(pa.timestamp("s", tz="Europe/Zurich"))
    read = read_table(parquet(pa.table({"when": column, "y": [1.0, 2.0]})))
    assert read.frame["when"].dt.year.tolist() == [20286, 1970]
    assert read.frame["when"].dt.hour.tolist() == [19, 1]  # 578e9 s are 19:33 UTC


def test_parquet_types_that_are_rare() -> None:
    table = pa.table(
        {
            "half": pa.array([1.5, None], pa.float16()),
            "big": pa.array([2**64 - 1, None], pa.uint64()),
            "seconds": pa.array([datetime.timedelta(seconds=90), None], pa.duration("ms")),
            "clock": pa.array([datetime.time(12, 30), None], pa.time32("s")),
            "bytes": pa.array([b"ab", None], pa.binary()),
            "code": pa.array([5, None], pa.int64()).dictionary_encode(),
            "word": pa.array(["u", " "]).dictionary_encode(),
            "nothing": pa.nulls(2),
            "day": pa.array([datetime.date(1900, 1, 2), None], pa.date64()),
        }
    )
    frame = read_table(parquet(table)).frame
    assert frame["half"][0] == 1.5
    assert frame["big"][0] == 2.0**64
    assert frame["seconds"][0] == 90.0
    assert frame["clock"][0] == "12:30:00"
    assert frame["bytes"][0] == "ab"
    assert frame["code"][0] == 5
    assert frame["word"][0] == "u"
    assert frame["day"].dt.year[0] == 1900
    assert frame.isna().sum().tolist() == [1, 1, 1, 1, 1, 1, 1, 2, 1]


def test_parquet_damage() -> None:
    good = parquet(pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    assert error_of(good[:-4]).code == "data.unreadable"
    assert error_of(good[:40]).code == "data.unreadable"
    middle = len(good) - 60
    broken = good[:middle] + bytes(30) + good[middle + 30 :]
    assert error_of(broken).code == "data.unreadable"
    empty = parquet(pa.table({"a": pa.array([], pa.float64()), "b": pa.array([], pa.float64())}))
    assert error_of(empty).code == "data.no_rows"


def test_frames_of_pandas_types() -> None:
    from shrinkage.data import TablePreparation

    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
            "truth": pd.array([True, None, False, True], dtype="boolean"),
            "object": pd.Series([1, "2", 3.0, None], dtype=object),
            "category": pd.Categorical(["a", "b", "a", None]),
            "zoned": pd.date_range("2024-01-01", periods=4, tz="Europe/Zurich"),
        }
    )
    preparation = TablePreparation().fit(frame)
    X = preparation.transform(frame)
    names = list(preparation.get_feature_names_out())
    assert np.isfinite(X).all()
    np.testing.assert_array_equal(X[:, names.index("nullable")], [1, 3, 3, 4])
    np.testing.assert_array_equal(X[:, names.index("object")], [1, 2, 3, 2])
    assert "category=(missing)" in names
    assert "zoned: days" in names
