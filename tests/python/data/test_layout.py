"""Where the table stands in a file: titles, names, units, notes; quotes, delimiters, shifts."""

import time

import numpy as np
import pytest

from shrinkage.data import RawTable, read_table
from shrinkage.errors import DataError

ROWS = "".join(f"{i},{i * 0.5},{i * i % 7}\n" for i in range(1, 13))
TRUE = np.array([[i, i * 0.5, i * i % 7] for i in range(1, 13)])
IRIS = "".join(
    f"{5 + i / 10},{3 - i / 20},Iris-{'setosa' if i % 2 else 'virginica'}\n" for i in range(9)
)


def codes(table: RawTable) -> set[str]:
    return {step.code for step in table.steps}


@pytest.mark.parametrize(
    ("before", "header_line"),
    [
        ("", 1),
        ("Monthly report\n", 2),
        ("Monthly report,,\n", 2),
        ("Monthly report\nRegion: North, Year 2020\n", 3),
        ("Monthly report,,\nRegion,North\n\n", 4),
        ("Report,2020,North\n", 2),
        ("# a comment\n", 2),
        ("# made, by, hand\n# on 3, May\n\n", 4),
        ('# "an open quote, x\n', 2),
        ("Exported 2020-01-01\nUser: me\nRows: 12\n\n", 5),
        ("sep=,\n", 2),
    ],
)
def test_names_below_other_lines(before: str, header_line: int) -> None:
    table = read_table((before + "a,b,y\n" + ROWS).encode())
    assert table.columns == ("a", "b", "y")
    np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)
    assert table.details["header_line"] == header_line
    assert table.lines is not None
    assert list(table.lines[:2]) == [header_line + 1, header_line + 2]
    said = codes(table)
    assert said == (
        {"comment_lines"} if "#" in before else {"skipped_lines"} if before else set()
    ) or ("sep=" in before)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_titles_in_other_delimiters(delimiter: str) -> None:
    text = "Sales, by region\nYear; 2020\n" + ("a,b,y\n" + ROWS).replace(",", delimiter)
    table = read_table(text.encode())
    assert table.columns == ("a", "b", "y")
    np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)


@pytest.mark.parametrize(
    "units", ["m,s,kg", "[m],[s],[kg]", "(-),(°C),(%)", "km/h,°C,%", ",°C,%", "µg/m³,ppm,hPa"]
)
def test_a_line_of_units(units: str) -> None:
    table = read_table(("speed,time,mass\n" + units + "\n" + ROWS).encode())
    assert table.columns == ("speed", "time", "mass")
    np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)
    assert codes(table) == {"units_line"}


@pytest.mark.parametrize(
    "after",
    [
        "Source: Bureau of Statistics\n",
        "\nSource: Bureau, Office, and others\n",
        "\n* preliminary\n",
        "Note: rounded,,\n",
        "\nNotes:\nall values rounded\n",
        "# end of file\n",
        "注：数据已四舍五入\n",
    ],
)
def test_notes_below_the_table(after: str) -> None:
    table = read_table(("a,b,y\n" + ROWS + after).encode())
    np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)
    assert codes(table) in ({"note_lines"}, {"comment_lines"})
    assert (
        "13" in table.steps[0].text
        or "line 14" in table.steps[0].text
        or "line 15" in (table.steps[0].text)
    )


def test_short_rows_of_data_are_no_notes() -> None:
    table = read_table(b"town,x,y\nBern,1,2\nBasel,3\nChur,4,5\nGenf,6\n")
    assert table.n_rows == 4
    assert codes(table) == {"ragged_rows"}
    table = read_table(b"town,x\nBern,1\nBasel,2\nChur,3\nGenf,\n")
    assert table.n_rows == 4


def test_comments_among_the_rows() -> None:
    lines = ROWS.splitlines(keepends=True)
    table = read_table(("a,b,y\n" + "".join(lines[:5]) + "# break\n" + "".join(lines[5:])).encode())
    np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)
    assert codes(table) == {"comment_lines"}


def test_names_in_a_comment_as_numpy_writes_them() -> None:
    for mark, delimiter in (("# ", ","), ("#", "\t"), ("# ", " ")):
        text = mark + ("a,b,y\n" + ROWS).replace(",", delimiter)
        table = read_table(text.encode())
        assert table.columns == ("a", "b", "y")
        np.testing.assert_array_equal(table.frame.to_numpy(), TRUE)


@pytest.mark.parametrize(
    "text",
    [
        IRIS,
        IRIS.replace(",", ";"),
        ROWS,
        "Bern,1.5,20\nGenf,2.5,30\nChur,3.5,41\n",
        "x,1,2\n" * 3 + "o,2,3\n" * 3,
        "?,1.5,a\n2,2.5,b\n3,3.5,a\n4,1.5,b\n",
        "vhigh,low,acc\nlow,low,unacc\nvhigh,med,acc\nlow,low,acc\nvhigh,med,unacc\nlow,low,acc\n",
        "".join(f"{20 + i}, {'Private' if i % 2 else 'Gov'}, {7 * i}\n" for i in range(9)),
        "2020-01-01,5\n2020-01-02,6\n2020-01-03,8\n",
    ],
)
def test_no_line_of_names(text: str) -> None:
    table = read_table(text.encode())
    assert table.columns[0] == "column_1"
    assert table.n_rows == text.count("\n")
    assert "no_header" in codes(table)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("sepal,petal,species", IRIS),
        ("country,1990,1991", "FR,1.5,2.5\nDE,3.5,4.5\nIT,5.5,6.5\n"),
        ("1990,1991,1992", "0.5,1.5,2.5\n3,4,5.5\n3,4,1\n"),
        ("id,2019,2020", "1,0.5,2\n2,1.5,3\n3,2.5,1\n"),
        ("a,b,y", "1,missing data,3\n2,5,4\n3,6,4\n4,8,1\n"),
        ("name,town", "Ann,Bern\nBob,Genf\nEve,Chur\n"),
        ("v,x", "?,1\nNA,2\n5,3\n"),
    ],
)
def test_a_line_of_names(header: str, rows: str) -> None:
    table = read_table((header + "\n" + rows).encode())
    assert table.columns == tuple(header.split(","))
    assert table.n_rows == rows.count("\n")
    assert not codes(table)


SPACED = 'a, b, y\n1, "x, 1", 3\n2, "y, 2", 5\n3, "z", 8\n4, "x, 1", 1\n'


@pytest.mark.parametrize(
    "text",
    [
        SPACED,
        SPACED.replace('"', "'"),
        'a,b,y\n1,"x, 1",3\n2,"y, 2",5\n3,"z",8\n4,"x, 1",1\n',
        SPACED.replace(", ", ";").replace("x;1", "x, 1").replace("y;2", "y, 2"),
    ],
)
def test_delimiters_inside_quotes_do_not_shift_the_columns(text: str) -> None:
    table = read_table(text.encode())
    assert table.columns == ("a", "b", "y")
    assert list(table.frame["b"]) == ["x, 1", "y, 2", "z", "x, 1"]
    assert list(table.frame["y"]) == [3, 5, 8, 1]
    assert not codes(table)


def test_quotes_after_a_backslash() -> None:
    rows = "".join(f'{i},"say \\"hi, you\\" {i}",{i * 2}\n' for i in range(5))
    table = read_table(("a,b,y\n" + rows).encode())
    assert table.columns == ("a", "b", "y")
    assert table.frame["b"][1] == 'say "hi, you" 1'


def test_surplus_cells_are_no_row_names_unless_they_tell_rows_apart() -> None:
    shifted = read_table(b"x,y,z\n1,5,2,7\n1,25,3,8\n2,5,4,9\n")
    assert shifted.columns == ("x", "y", "z", "column_4")
    assert codes(shifted) == {"named_columns"}
    table = read_table(b'"a","b"\n"r1",1,2\n"r2",3,4\n"r3",5,6\n')
    assert table.columns == ("row_name", "a", "b")
    assert codes(table) == {"row_names"}


@pytest.mark.parametrize(
    ("text", "delimiter", "names"),
    [
        ("Name;Preis, EUR;n\nA0;1,50;7\nA1;2,50;8\nA2;3,75;9\n", ";", ("Name", "Preis, EUR", "n")),
        (
            "Name;Preis, EUR\nA0, neu;1,50\nA1, alt;2,50\nA2, alt;3,75\n",
            ";",
            ("Name", "Preis, EUR"),
        ),
        ("Name;Ort, Land\na;Bern, CH\nb;Rom, IT\nc;Wien, AT\n", ";", ("Name", "Ort, Land")),
        ("a|b, c|d\n1,5|2,5|3\n2,5|3,5|4\n4,5|1,25|2\n", "|", ("a", "b, c", "d")),
        ("when,x,y\n2020-01-01 10:00,1,2\n2020-01-02 11:00,3,4\n", ",", ("when", "x", "y")),
        ("first last,x\nAnn Lee,1\nBob Ray,2\nEve Fox,3\n", ",", ("first last", "x")),
        ("a\tb\n1 234,5\t2 500,5\n3 456,5\t4,25\n", "\t", ("a", "b")),
        ("a b\n1,5 2,5\n2,5 3,5\n3,25 1\n", " ", ("a", "b")),
        (
            "age, work, pay\n20, State-gov, 7\n21, Private, 8\n22, Private, 9\n",
            ",",
            ("age", "work", "pay"),
        ),
        ("x;y\n1,5;2\n2,5;3\n3,5;5\n", ";", ("x", "y")),
    ],
)
def test_the_delimiter_under_which_columns_hold_numbers(
    text: str, delimiter: str, names: tuple[str, ...]
) -> None:
    table = read_table(text.encode())
    assert table.details["delimiter"] == delimiter
    assert table.columns == names


def test_what_the_caller_knows() -> None:
    text = b"t;u;v\na;b;c\n1,5;2;3\n2,5;3;4\n"
    table = read_table(text, header=1)
    assert (table.columns, table.n_rows) == (("t", "u", "v"), 3)
    assert read_table(text, header=2).columns == ("a", "b", "c")
    assert read_table(text, header=0).columns == ("column_1", "column_2", "column_3")
    assert read_table(text, header=0).n_rows == 4
    assert read_table(b"a;b\n1.234;5\n2.345;6\n").decimal == "."
    assert read_table(b"a;b\n1.234;5\n2.345;6\n", decimal=",").decimal == ","


@pytest.mark.parametrize(
    ("options", "code"),
    [({"decimal": ";"}, "data.bad_decimal"), ({"header": -1}, "data.bad_header")],
)
def test_what_the_caller_cannot_mean(options: dict[str, object], code: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(b"a,b\n1,2\n", **options)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["PK", "PKW", "PAR1", "BZh9", "7z", "II*", "MZ", "GIF89a"])
def test_names_that_begin_as_a_binary_format_does(name: str) -> None:
    assert read_table(f"{name},y\n1,2\n3,4\n".encode()).columns == (name, "y")


def test_many_equal_names_take_no_longer_than_others() -> None:
    count = 90_000
    start = time.process_time()
    table = read_table(("x," * (count - 1) + "x\n" + "1," * (count - 1) + "2\n").encode())
    assert time.process_time() - start < 10  # seconds; two hundred before
    assert len(set(table.columns)) == count
    assert table.columns[-1] == f"x.{count - 1}"


def test_a_long_cell_is_read() -> None:
    long = "word " * 60_000
    table = read_table(f'a,b\n1,"{long}"\n2,short\n'.encode())
    assert len(table.frame["b"][0]) == len(long)


def test_an_open_quote_is_placed_and_swallows_nothing() -> None:
    rows = "".join(f'"t, {i}",{i}\n' for i in range(50))
    with pytest.raises(DataError) as caught:
        read_table(("a,b\n" + rows + '"open,50\n').encode())
    assert caught.value.code == "data.open_quote"
    assert caught.value.fields["value"] == 51


def test_text_after_a_closing_quote_is_told() -> None:
    rows = "".join(f'"t, {i}",{i}\n' for i in range(50))
    table = read_table(("a,b\n" + rows + '"t, "51"",51\n').encode())
    assert table.n_rows == 51
    step = next(step for step in table.steps if step.code == "loose_quotes")
    assert step.fields["line"] == 51
