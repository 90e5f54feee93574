"""Number columns with a cell that is no number: still numbers, and the cell is named."""

import numpy as np
import pytest

from shrinkage.data import RawTable, inspect_table, prepare, read_table
from shrinkage.errors import DataError


def table_of(texts: list[str], before: str = "") -> RawTable:
    rows = "".join(f"{text};{i % 7};{i * i % 11}\n" for i, text in enumerate(texts))
    return read_table((before + "v;x;y\n" + rows).encode())


@pytest.mark.parametrize("odd", ["abc", "12..5", "5 kg", "1O", "<0.1", "12/5"])
@pytest.mark.parametrize("written", ["{:.2f}", "{:.0f}"])
def test_one_odd_cell_is_named_and_missing(odd: str, written: str) -> None:
    texts = [written.format(3 * i + 0.25) for i in range(60)]
    texts[20] = odd
    table = table_of(texts)
    assert inspect_table(table)[0].kind == "number"
    prepared = prepare(table, "y", task="regression")
    step = next(step for step in prepared.steps if step.code == "unread_cells")
    assert step.fields == {"count": 1, "cells": [f"22: “{odd}”"]}
    assert step.undoable
    column = prepared.X[:, prepared.feature_names.index("v")]
    assert column[19] == float(texts[19])
    assert column[20] == np.median([float(t) for t in texts if t != odd])
    assert not [s for s in prepared.steps if s.code == "dropped_identifier"]


def test_customary_marks_of_nothing_are_missing() -> None:
    for mark in ("..", "...", "*", "n.d.", "#DIV/0!", "—"):
        prepared = prepare(table_of([*map(str, range(50, 109)), mark]), "y", task="regression")
        codes = {step.code: step.fields for step in prepared.steps}
        assert codes["missing_code"] == {"codes": [mark], "count": 1}
        assert "v" in prepared.feature_names


def test_a_long_column_with_one_typo() -> None:
    texts = [str(i * 7919 % 10_007) for i in range(10_000)]
    texts[5_000] = "12e"
    prepared = prepare(table_of(texts), "y", task="regression")
    assert "v" in prepared.feature_names
    step = next(step for step in prepared.steps if step.code == "unread_cells")
    assert step.fields["cells"] == ["5002: “12e”"]


def test_ages_with_an_odd_word_are_no_levels() -> None:
    ages = [str(18 + i * 31 % 70) for i in range(1_000)]
    ages[7] = ages[400] = "adult"
    prepared = prepare(table_of(ages), "y", task="regression")
    assert prepared.feature_names == ("v", "x")
    step = next(step for step in prepared.steps if step.code == "unread_cells")
    assert step.fields == {"count": 2, "cells": ["9: “adult”", "402: “adult”"]}
    undone = prepare(table_of(ages), "y", task="regression", undo=[step.id])
    assert len(undone.feature_names) == 32
    assert [other.id for other in undone.undone] == [step.id]


def test_many_odd_cells_are_counted_and_the_first_are_shown() -> None:
    texts = [*map(str, range(200)), *["odd"] * 9]
    prepared = prepare(table_of(texts), "y", task="regression")
    step = next(step for step in prepared.steps if step.code == "unread_cells")
    assert step.fields["count"] == 9
    assert len(step.fields["cells"]) == 5
    assert step.text.endswith("206: “odd”, ....")


def test_codes_of_letters_and_digits_stay_categories() -> None:
    texts = [f"{i % 10}{'ABC'[i % 3]}" if i % 3 else str(i % 10) for i in range(90)]
    assert inspect_table(table_of(texts))[0].kind == "category"


def test_a_target_with_an_odd_cell_loses_that_row_and_says_which() -> None:
    rows = [f"{i},{i * 1.5}" for i in range(1, 60)]
    rows[30] = "31,many"
    prepared = prepare(read_table(("x,y\n" + "\n".join(rows)).encode()), "y")
    steps = {step.id: step.fields for step in prepared.steps}
    assert steps["unread_cells:y"]["cells"] == ["32: “many”"]
    assert steps["dropped_rows_missing_target:y"]["count"] == 1
    assert prepared.task == "regression"


def test_lines_are_those_of_the_file() -> None:
    # A blank line, a cell of two lines, and a row without a target stand before the odd cell.
    rows = [f'"a\nb",{i},{i + 0.5}' if i == 3 else f"c,{i},{i + 0.5}" for i in range(40)]
    rows[5] = "c,5,"
    rows[20] = "c,oops,1"
    text = "name,v,y\n\n" + "\n".join(rows) + "\n"
    table = read_table(text.encode())
    line = 1 + text[: text.index("c,oops")].count("\n")
    assert table.lines is not None and table.lines[20] == line
    step = next(s for s in prepare(table, "y").steps if s.code == "unread_cells")
    assert step.fields["cells"] == [f"{line}: “oops”"]


def test_without_lines_rows_are_counted() -> None:
    import pandas as pd

    frame = pd.DataFrame({"v": [*map(str, range(5, 45)), "odd"], "y": np.arange(41) ** 2.0})
    step = next(
        s for s in prepare(RawTable(frame, "t", "npz"), "y").steps if s.code == "unread_rows"
    )
    assert step.fields["cells"] == ["41: “odd”"]


def kinds_table() -> RawTable:
    days = [f"2021-03-0{1 + i % 5}" if i % 4 == 0 else "soon" for i in range(40)]
    mixed = [f"x{i}" if i % 2 else str(i) for i in range(40)]
    rows = "".join(f"{i % 3},{mixed[i]},{days[i]},{i * i}\n" for i in range(40))
    return read_table(("zone,mixed,when,y\n" + rows).encode())


def test_the_kind_of_a_column_can_be_chosen() -> None:
    kinds = {"zone": "category", "mixed": "number", "when": "date"}
    prepared = prepare(kinds_table(), "y", kinds=kinds)
    assert {"zone=0", "zone=1", "zone=2", "mixed"} < set(prepared.feature_names)
    assert any(name.startswith("when: ") for name in prepared.feature_names)
    unread = {step.id: step.fields["count"] for step in prepared.steps if "unread" in step.code}
    assert unread == {"unread_cells:mixed": 20, "unread_cells:when": 30}
    found = prepare(kinds_table(), "y")
    assert {"zone"} < set(found.feature_names)
    assert not {"mixed", "zone=0"} & set(found.feature_names)


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ({"zone": "colour"}, "data.unknown_kind"),
        ({"nowhere": "number"}, "data.unknown_column"),
        ({"y": "category"}, "data.unknown_column"),
        ({"zone": "date"}, "data.wrong_kind"),
        ({"name": "number"}, "data.wrong_kind"),
    ],
)
def test_kinds_that_cannot_be(kinds: dict[str, str], code: str) -> None:
    table = read_table(
        b"zone,name,y\n" + b"".join(b"%d,a%d,%d\n" % (i % 3, i, i) for i in range(9))
    )
    with pytest.raises(DataError) as caught:
        prepare(table, "y", kinds=kinds)
    assert caught.value.code == code
