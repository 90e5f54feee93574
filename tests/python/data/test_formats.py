"""Parquet, Excel workbooks and .npz archives."""

import datetime
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix

from shrinkage.data import Limits, guess_target, prepare, read_table
from shrinkage.errors import DataError


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def error_of(content: bytes, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read_table(content, **options)
    assert caught.value.fields["remedy"]
    return caught.value


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


def test_parquet_damage() -> None:
    good = parquet(pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    assert error_of(good[:-4]).code == "data.unreadable"
    assert error_of(good[:40]).code == "data.unreadable"
    middle = len(good) - 60
    broken = good[:middle] + bytes(30) + good[middle + 30 :]
    assert error_of(broken).code == "data.unreadable"
    empty = parquet(pa.table({"a": pa.array([], pa.float64()), "b": pa.array([], pa.float64())}))
    assert error_of(empty).code == "data.no_rows"


def test_xlsx_types_and_first_filled_sheet() -> None:
    day = datetime.datetime(2024, 3, 1)
    rows = [
        ["id", "x", "x", "when", "town", None, "flag", "text of numbers"],
        [1, 1.5, 2, day, "Bern", 7, True, "3"],
        [2, None, 3, day, "Genève", 8, False, 4],
        [3, "#N/A", 4, None, "北京", 9, True, "?"],
        [None, None, None],
        [4, 2.5, 5, day, "Bern", 10, None, 6.0],
    ]
    content = workbook({"empty": [], "data": rows, "more": [["a", "b"], [1, 2]]})
    read = read_table(content)
    assert read.details["sheet"] == "data"
    assert read.details["sheets"] == ["empty", "data", "more"]
    assert read.n_rows == 4
    assert read.columns[:4] == ("id", "x", "x.1", "when")
    assert read.columns[5] == "column_6"
    np.testing.assert_array_equal(read.frame["x"], [1.5, np.nan, np.nan, 2.5])
    assert read.frame["when"].dtype.kind == "M"
    assert list(read.frame["text of numbers"]) == ["3", "4", "?", "6"]
    assert {step.code for step in read.steps} == {"renamed_duplicates", "named_columns"}
    assert read_table(content, sheet="more").columns == ("a", "b")
    assert error_of(content, sheet="none").code == "data.unknown_sheet"


def test_xlsx_bad_books() -> None:
    assert error_of(workbook({"a": []})).code == "data.empty_file"
    assert error_of(workbook({"a": [["x", "y"]]})).code == "data.no_rows"
    assert error_of(workbook({"a": [["x"], [1], [2]]})).code == "data.one_column"
    good = workbook({"a": [["x", "y"], [1, 2]]})
    assert error_of(good[: len(good) // 2]).code == "data.unreadable"
    limits = Limits(max_rows=3)
    many = workbook({"a": [["x", "y"]] + [[1, 2]] * 10})
    assert error_of(many, limits=limits).code == "data.too_large"


def test_npz_dense(tmp_path: Path) -> None:
    X = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    path = tmp_path / "data.npz"
    np.savez(path, X=X, y=np.array([1, 2, 3, 5]), feature_names=["a", "温度", "a"], extra=X[0])
    read = read_table(path)
    assert read.columns == ("a", "温度", "a.1", "y")
    assert read.target_columns == ("y",)
    assert guess_target(read) == "y"
    np.testing.assert_array_equal(read.frame.to_numpy()[:, :3], X)
    codes = {step.code: step for step in read.steps}
    assert codes["ignored_arrays"].fields["names"] == ["extra"]


def test_npz_class_names_and_text_targets() -> None:
    X = np.eye(4)
    named = read_table(npz(X=X, y=np.array([0, 1, 1, 0]), class_names=["no", "yes"]))
    assert list(named.frame["y"]) == ["no", "yes", "yes", "no"]
    text = read_table(npz(X=X, y=np.array(["b", "a", "b", "b"])))
    assert list(text.frame["y"]) == ["b", "a", "b", "b"]


def test_npz_several_targets_never_explain_each_other() -> None:
    generator = np.random.default_rng(0)
    X, Y = generator.normal(size=(20, 3)), generator.normal(size=(20, 2))
    read = read_table(npz(X=X, Y=Y, target_names=["u", "v"]))
    assert read.target_columns == ("u", "v")
    prepared = prepare(read, "u")
    assert prepared.feature_names == ("x1", "x2", "x3")
    assert prepare(read, "u", undo={"dropped_other_target:v"}).feature_names[-1] == "v"


def test_npz_sparse_and_pictures() -> None:
    dense = np.diag([1.0, 2.0, 3.0])
    S = csr_matrix(dense)
    parts = {"data": S.data, "indices": S.indices, "indptr": S.indptr, "shape": S.shape}
    read = read_table(npz(**parts, y=[1, 2, 3]))
    np.testing.assert_array_equal(read.frame.to_numpy()[:, :3], dense)
    assert [step.code for step in read.steps] == ["made_dense"]
    pictures = read_table(npz(X=np.arange(24).reshape(2, 3, 4), y=[0, 1]))
    assert pictures.n_columns == 13
    assert [step.code for step in pictures.steps] == ["flattened"]
    too_wide = {**parts, "shape": np.array([3, 50_000_000])}
    assert error_of(npz(**too_wide)).code == "data.too_large"
    assert error_of(npz(**{**parts, "indices": S.indices + 7})).code == "data.bad_array"
    assert error_of(npz(**{**parts, "indptr": S.indptr[::-1]})).code == "data.bad_array"


def test_npz_never_unpickles() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("unpickled",))

    X = np.empty((2, 2), dtype=object)
    X[:] = Bomb()
    buffer = io.BytesIO()
    np.savez(buffer, X=X, y=[0, 1])
    assert error_of(buffer.getvalue()).code == "data.object_array"


def test_npz_bad_arrays() -> None:
    assert error_of(npz(A=np.eye(3))).code == "data.no_matrix"
    assert error_of(npz(X=np.arange(3.0), y=[1, 2, 3])).code == "data.bad_array"
    assert error_of(npz(X=np.eye(3), y=[1, 2])).code == "data.bad_array"
    assert error_of(npz(X=np.array([["a", "b"]]), y=[1])).code == "data.bad_array"
    assert error_of(npz(X=np.empty((0, 2)), y=[])).code == "data.no_rows"
    good = npz(X=np.eye(50), y=np.arange(50))
    for cut in (10, len(good) // 2, len(good) - 3):
        assert error_of(good[:cut]).code == "data.unreadable"


def test_signalling_nan_of_r_is_missing() -> None:
    na = np.array([0x7FF00000000007A2], dtype=np.uint64).view(np.float64)[0]
    generator = np.random.default_rng(0)
    X = generator.normal(size=(50, 3))
    X[::7, 1] = 0.0
    bits = X.view(np.uint64)
    bits[::7, 1] = 0x7FF00000000007A2
    read = read_table(npz(X=X, y=X[:, 0]))
    prepared = prepare(read, "y")
    known = ~np.isnan(X[:, 1])
    assert np.isnan(na)
    assert known.sum() == 42
    filled = prepared.X[:, 1]
    np.testing.assert_array_equal(filled[known], X[known, 1])
    np.testing.assert_array_equal(filled[~known], np.median(X[known, 1]))


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
