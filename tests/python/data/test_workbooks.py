"""Excel workbooks: which sheet is read, what cells hold, what is refused."""

import datetime
import io
import re
import zipfile
from typing import Any

import numpy as np
import openpyxl
import pytest

from shrinkage.data import Limits, read_table
from support.files import error_of, workbook, zipped


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
    assert {step.code for step in read.steps} == {
        "chose_sheet",
        "renamed_duplicates",
        "named_columns",
    }
    assert read_table(content, sheet="more").columns == ("a", "b")
    assert error_of(content, sheet="none").code == "data.unknown_sheet"


def without_values(content: bytes) -> bytes:
    """The workbook with its formulas but not the values that were stored with them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in members:
        if name.startswith("xl/worksheets/"):
            members[name] = re.sub(rb"(</f>)<v>[^<]*</v>|(</f>)<v ?/>", rb"</f>", members[name])
    return zipped(members)


DATA_ROWS = [["x", "y"], *([i, 2 * i] for i in range(30))]


def hidden(content: bytes, *names: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name in names:
        book[name].sheet_state = "hidden"
    book.active = len(book.sheetnames) - 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("sheets", "hide", "chosen"),
    [
        ({"old": [["a", "b"], [7, 8], [9, 10]], "data": DATA_ROWS}, ["old"], "data"),
        ({"README": [["Measured in May"]], "data": DATA_ROWS}, [], "data"),
        ({"README": [["About"], ["two"], ["lines"]], "data": DATA_ROWS}, [], "data"),
        ({"codes": [["code", "meaning"], ["a", "ah"], ["b", "be"]], "data": DATA_ROWS}, [], "data"),
        ({"README": [["Author", "me"], ["Version", 2]], "data": DATA_ROWS}, [], "data"),
        ({"data": DATA_ROWS, "more": DATA_ROWS * 3}, [], "data"),
        ({"few": DATA_ROWS[:5], "more": DATA_ROWS[:9]}, [], "few"),
        ({"words": [["a", "b"], ["u", "v"], ["w", "z"]], "empty": []}, [], "words"),
        ({"data": DATA_ROWS, "empty": []}, ["data"], "data"),
    ],
)
def test_the_first_visible_sheet_with_a_table_is_read(
    sheets: dict[str, list[list[Any]]], hide: list[str], chosen: str
) -> None:
    read = read_table(hidden(workbook(sheets), *hide))
    assert read.details["sheet"] == chosen
    (step,) = [step for step in read.steps if step.code == "chose_sheet"]
    assert step.fields["sheet"] == chosen
    assert chosen in step.text
    assert ("hidden" in step.text) == bool(hide)
    assert read.n_rows == len(sheets[chosen]) - 1


def test_a_sheet_that_is_named_is_read_even_if_it_is_hidden() -> None:
    content = hidden(workbook({"a": [["x", "y"], [1, 2]], "b": DATA_ROWS}), "a")
    assert read_table(content, sheet="a").n_rows == 1


def test_formulas_without_stored_values_are_named() -> None:
    rows = [["x", "y", "z"], *([i, 3 * i, f"=A{i + 2}*2"] for i in range(5))]
    read = read_table(without_values(workbook({"a": rows})))
    assert read.frame["z"].isna().all()
    (step,) = [step for step in read.steps if step.code == "unstored_formulas"]
    assert step.fields["count"] == 5
    assert step.fields["columns"] == ["z"]
    assert step.fields["example"] == "C2"
    assert "C2" in step.text
    only = [["x", "y"], ["=1+1", "=2+2"], ["=3", "=4"]]
    error = error_of(without_values(workbook({"a": only})))
    assert error.code == "data.unstored_formulas"
    assert error.fields["example"] == "A2"


def sheet_of(rows: bytes) -> bytes:
    """A workbook whose only sheet has this XML between its rows' marks."""
    with zipfile.ZipFile(io.BytesIO(workbook({"a": [["x", "y"], [1, 2]]}))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    names = b"".join(b'<c t="inlineStr"><is><t>%c</t></is></c>' % name for name in b"xy")
    head = b"<row>" + names + b"</row>"
    body = b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (space, head + rows)
    members["xl/worksheets/sheet1.xml"] = body
    return zipped(members)


def test_a_far_row_is_not_walked_to() -> None:
    row = b'<row r="1000000000"><c r="A1000000000"><v>1</v></c><c><v>2</v></c></row>'
    read = read_table(sheet_of(row), limits=Limits(max_seconds=1.0))
    assert read.frame.to_numpy().tolist() == [[1.0, 2.0]]


def test_a_far_column_costs_no_more_than_itself() -> None:
    row = b'<row><c><v>1</v></c><c><v>2</v></c><c r="XFD2"><v>3</v></c></row>'
    read = read_table(sheet_of(row * 100))
    assert read.columns == ("x", "y", "column_3")


def test_a_small_workbook_that_expands_without_end_is_refused() -> None:
    content = sheet_of(b"<row><c><v>1</v></c><c><v>2</v></c></row>" * 2_000_000)
    assert len(content) < 1 << 20
    assert error_of(content).code == "data.too_large"


def test_xlsx_bad_books() -> None:
    assert error_of(workbook({"a": []})).code == "data.empty_file"
    assert error_of(workbook({"a": [["x", "y"]]})).code == "data.no_rows"
    assert error_of(workbook({"a": [["x"], [1], [2]]})).code == "data.one_column"
    good = workbook({"a": [["x", "y"], [1, 2]]})
    assert error_of(good[: len(good) // 2]).code == "data.unreadable"
    limits = Limits(max_rows=3)
    many = workbook({"a": [["x", "y"]] + [[1, 2]] * 10})
    assert error_of(many, limits=limits).code == "data.too_large"


def test_titles_units_and_notes_of_a_sheet_are_left_out() -> None:
    rows = [
        ["Yields of 2023"],
        ["made in May", None, None],
        [],
        ["plot", "area", "yield"],
        [None, "(m²)", "(kg)"],
        *([f"p{i}", 10 + i, 2.5 * i] for i in range(20)),
        ["Note: the last plot is new"],
    ]
    read = read_table(workbook({"a": rows}))
    assert read.columns == ("plot", "area", "yield")
    assert read.n_rows == 20
    assert read.frame["area"].dtype == read.frame["yield"].dtype == "float64"
    codes = [step.code for step in read.steps]
    assert codes == ["skipped_lines", "units_line", "note_lines"]
    assert read.details["header_line"] == 4
    assert read.lines is not None
    assert read.lines.tolist() == list(range(6, 26))


def test_a_sheet_without_names_and_one_whose_names_are_given() -> None:
    numbers = [[i, 2.5 * i, -i] for i in range(10)]
    read = read_table(workbook({"a": numbers}))
    assert read.columns == ("column_1", "column_2", "column_3")
    assert read.n_rows == 10
    assert [step.code for step in read.steps] == ["no_header"]
    given = read_table(workbook({"a": [["p", "q", "r"], ["u", "v", "w"], *numbers]}), header=1)
    assert given.columns == ("p", "q", "r")
    assert given.n_rows == 11
    none = read_table(workbook({"a": [["p", "q", "r"], *numbers]}), header=0)
    assert none.n_rows == 11


def test_a_last_column_without_a_name_shifts_nothing() -> None:
    rows = [["a", "b", None], *([i, i * i % 7, i % 3 + 0.5] for i in range(12))]
    read = read_table(workbook({"a": rows}))
    assert read.columns == ("a", "b", "column_3")
    np.testing.assert_array_equal(read.frame["a"], np.arange(12))
    text = "a,b,\n" + "".join(f"{i},{i * i % 7},{i % 3 + 0.5}\n" for i in range(12))
    assert read_table(text.encode()).columns == ("a", "b", "column_3")


def test_a_column_that_appears_late_and_a_table_beside_the_first_column() -> None:
    rows: list[list[Any]] = [[None, None, "x", "y"]]
    rows += [[None, None, i, 2 * i] for i in range(500)]
    rows[450] += [7]
    read = read_table(workbook({"a": rows}))
    assert read.columns == ("x", "y", "column_3")
    assert read.frame["column_3"].notna().sum() == 1
    assert read.lines is not None
    assert read.lines.tolist() == list(range(2, 502))
