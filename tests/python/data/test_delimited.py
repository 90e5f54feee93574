"""Delimited text: every layout and encoding people bring."""

import gzip
import io
from pathlib import Path

import numpy as np
import pytest

from shrinkage.data import Limits, RawTable, prepare, read_table
from shrinkage.errors import DataError

ROWS = [(1.5, 20.0), (2.25, 30.0), (-3.0, 40.0), (1234.5, 50.0)]


def numbers(table: RawTable) -> np.ndarray:
    """The table's two number columns, parsed as the preparation would."""
    from shrinkage.data.reading import learn_reading
    from shrinkage.data.table import StepLog

    columns = []
    for name in table.columns:
        reading = learn_reading(table.frame[name], name, table.decimal, StepLog())
        assert reading.kind == "number"
        columns.append(reading.numbers(table.frame[name]))
    return np.column_stack(columns)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_delimiters(delimiter: str) -> None:
    text = delimiter.join(["a", "b"]) + "\n"
    text += "".join(f"{a}{delimiter}{b}\n" for a, b in ROWS)
    table = read_table(text.encode())
    assert table.details["delimiter"] == delimiter
    assert table.columns == ("a", "b")
    np.testing.assert_array_equal(table.frame.to_numpy(), ROWS)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("thousands", ["", ".", " ", "\u202f", "'"])
def test_decimal_comma_and_thousands(delimiter: str, thousands: str) -> None:
    def written(value: float) -> str:
        return f"{value:,.2f}".replace(",", "#").replace(".", ",").replace("#", thousands)

    text = f"a{delimiter}b\n"
    text += "".join(f"{written(a)}{delimiter}{written(b)}\n" for a, b in ROWS)
    table = read_table(text.encode())
    assert table.decimal == ","
    np.testing.assert_array_equal(numbers(table), ROWS)


def test_integers_with_points_are_thousands_where_commas_are_decimals() -> None:
    table = read_table(b"a;b;y\n1.234;0,5;1\n2.500;0,75;2\n10.000;1,5;3\n999;2,5;4\n")
    prepared = prepare(table, "y", task="regression")
    np.testing.assert_array_equal(prepared.X[:, 0], [1234, 2500, 10000, 999])
    assert "parsed_number_text:a" in {step.id for step in prepared.steps}


def test_quoted_decimal_commas_in_a_comma_file() -> None:
    table = read_table(b'a,b\n"1,5","20,25"\n"2,5","3,5"\n')
    assert table.details["delimiter"] == ","
    np.testing.assert_array_equal(numbers(table), [[1.5, 20.25], [2.5, 3.5]])


def test_currency_and_percent() -> None:
    table = read_table(b'a;b\n"$1,234.50";12 %\n"$99.00";7.5%\n')
    np.testing.assert_array_equal(numbers(table), [[1234.5, 12.0], [99.0, 7.5]])


def test_quoted_newlines_delimiters_and_quotes() -> None:
    table = read_table(b'name,x\n"two\nlines",1\n"a ""quote"", comma",2\nplain,3\n')
    assert list(table.frame["name"]) == ["two\nlines", 'a "quote", comma', "plain"]
    assert list(table.frame["x"]) == [1.0, 2.0, 3.0]


def test_quotes_inside_texts_are_characters() -> None:
    rows = "".join(f'ham\t"so he said, {i}\t{i}\n' for i in range(30))
    table = read_table(("label\ttext\tn\n" + rows).encode())
    assert table.n_rows == 30
    assert table.frame["text"][3] == '"so he said, 3'


def test_a_bad_quote_far_into_the_file() -> None:
    good = "".join(f'"label {i}",{i}\n' for i in range(30_000))
    table = read_table(("name,x\n" + good + '"ab"c,30000\n').encode())
    assert table.n_rows == 30_001
    assert list(table.frame["x"]) == list(range(30_001))


ENCODINGS = [
    ("utf-8", "Größe,naïve,城市"),
    ("utf-8-sig", "Größe,naïve,城市"),
    ("utf-16", "Größe,naïve,城市"),
    ("utf-16-le", "Size,naive,town"),
    ("utf-16-be", "Size,naive,town"),
    ("utf-32", "Größe,naïve,城市"),
    ("cp1252", "Größe,naïve,Temp °C"),
    ("latin-1", "Größe,naïve,Temp °C"),
    ("gbk", "城市,温度,湿度"),
    ("gb18030", "城市,温度,湿度"),
    ("big5", "城市,溫度,濕度"),
    ("shift_jis", "都市,おんど,カテゴリ"),
    ("euc_jp", "都市,おんど,カテゴリ"),
    ("cp949", "도시,온도,습도"),
    ("cp1251", "Город,Температура,Влажность"),
]


@pytest.mark.parametrize(("encoding", "header"), ENCODINGS)
@pytest.mark.parametrize("compressed", [False, True])
def test_encodings(encoding: str, header: str, compressed: bool) -> None:
    content = (header + "\n1,2,3\n4,5,6\n").encode(encoding)
    table = read_table(gzip.compress(content) if compressed else content)
    assert table.columns == tuple(header.split(","))
    np.testing.assert_array_equal(table.frame.to_numpy(), [[1, 2, 3], [4, 5, 6]])
    assert table.details["compressed"] is compressed


def test_encoding_can_be_given() -> None:
    table = read_table("č,x\n1,2\n".encode("cp1250"), encoding="cp1250")
    assert table.columns == ("č", "x")


def test_damaged_utf8_is_reported_not_misread() -> None:
    good = "".join(f"Zürich,{i}\n" for i in range(50)).encode()
    table = read_table(b"town,x\n" + good + b"Z\xfcrich,50\n")
    assert table.frame["town"][0] == "Zürich"
    assert [step.code for step in table.steps] == ["replaced_bytes"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends(ending: str) -> None:
    table = read_table(ending.join(["a,b", "1,2", "", "3,4", ""]).encode())
    np.testing.assert_array_equal(table.frame.to_numpy(), [[1, 2], [3, 4]])


def test_excel_separator_line() -> None:
    table = read_table(b"sep=;\na;b\n1;2\n3;4\n")
    assert table.columns == ("a", "b")
    np.testing.assert_array_equal(table.frame.to_numpy(), [[1, 2], [3, 4]])


def test_no_header() -> None:
    table = read_table(b"1,2\n3,4\n5,6\n")
    assert table.columns == ("column_1", "column_2")
    assert table.n_rows == 3
    assert [step.code for step in table.steps] == ["no_header"]


def test_numbered_header() -> None:
    table = read_table(b",0,1\n0,1.5,2\n1,3.5,4\n2,5.5,6\n")
    assert table.columns == ("column_1", "0", "1")
    assert table.n_rows == 3
    assert read_table(b"0,1,2\n1.5,2,3\n4.5,5,6\n").n_rows == 2


def test_row_names_of_r() -> None:
    table = read_table(b'"a" "b"\n"r1" 1 2\n"r2" 3 4\n"r3" 5 6\n')
    assert table.columns == ("row_name", "a", "b")


def test_duplicate_blank_and_non_ascii_names() -> None:
    table = read_table("x,x,,温度,x.1\n1,2,3,4,5\n6,7,8,9,10\n".encode())
    assert table.columns == ("x", "x.2", "column_3", "温度", "x.1")
    codes = {step.code: step for step in table.steps}
    assert codes["renamed_duplicates"].fields["names"] == ["x.2"]
    assert codes["named_columns"].fields["names"] == ["column_3"]
    assert not codes["renamed_duplicates"].undoable


def test_ragged_rows_are_counted() -> None:
    table = read_table(b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12,,\n13,14,15\n")
    step = next(step for step in table.steps if step.code == "ragged_rows")
    assert (step.fields["short"], step.fields["long"]) == (1, 1)
    assert table.n_rows == 5
    assert np.isnan(table.frame["c"][1])


def test_text_after_a_block_of_numbers_keeps_the_texts() -> None:
    rows = "".join(f"{i:05d},{i}\n" for i in range(60_000))
    table = read_table(("code,x\n" + rows + "?,1\n").encode())
    assert table.frame["code"][7] == "00007"
    assert table.frame["code"][60_000] == "?"
    assert table.frame["x"].dtype == np.float64


def test_path_bytes_and_files(tmp_path: Path) -> None:
    path = tmp_path / "wétter.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert read_table(path).name == "wétter.csv"
    assert read_table(str(path)).name == "wétter.csv"
    assert read_table(b"a,b\n1,2\n", name="mine").name == "mine"
    with path.open("rb") as file:
        assert read_table(file).n_rows == 1
        assert read_table(file).n_rows == 1  # from its start again, and still open

    class Pipe(io.RawIOBase):
        content = io.BytesIO(b"a,b\n1,2\n")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            return self.content.readinto(buffer)

    assert read_table(io.BufferedReader(Pipe())).n_rows == 1


def test_limits_on_shape() -> None:
    text = b"a,b\n" + b"1,2\n" * 100
    for limits, unit in [
        (Limits(max_rows=50), "rows"),
        (Limits(max_columns=1), "columns"),
        (Limits(max_cells=150), "cells"),
        (Limits(max_bytes=100), "bytes"),
        (Limits(max_inflated_bytes=100), "bytes"),
    ]:
        with pytest.raises(DataError) as caught:
            read_table(text, limits=limits)
        assert caught.value.code == "data.too_large"
        assert caught.value.fields["unit"] == unit
        assert caught.value.fields["remedy"]


def test_progress_rises_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    content = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(60_000)))
    read_table(content, progress=lambda done, total: seen.append((done, total)))
    done = [d for d, _ in seen]
    assert len(seen) > 2
    assert done == sorted(done)
    assert seen[-1] == (len(content), len(content))
