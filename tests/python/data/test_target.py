"""Guesses of target and task, and the target's values."""

import numpy as np
import pytest

from shrinkage.data import guess_target, guess_task, inspect_table, prepare, read_table


def table(header: str, *rows: str):  # type: ignore[no-untyped-def]
    return read_table(("\n".join([header, *rows]) + "\n").encode())


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("a,Price,b", "Price"),
        ("target,a,b", "target"),
        ("a,Rented Bike Count,b", "Rented Bike Count"),
        ("a,b,c", "c"),
    ],
)
def test_guess_target(header: str, target: str) -> None:
    assert guess_target(table(header, "1,2,3", "4,5,9", "7,8,1")) == target


def test_guess_target_skips_what_cannot_be_one() -> None:
    rows = [f"{i},{i * 0.3},5,{i + 1},name {i},2024-01-{i + 1:02d}," for i in range(20)]
    assert guess_target(table("a,b,constant,id,name,day,empty", *rows)) == "b"


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["yes", "no", "yes", "no", "no", "yes"], "classification", ("no", "yes")),
        (["0", "1", "1", "0", "1", "0"], "classification", ("0", "1")),
        (["2", "5", "5", "2", "5", "2"], "classification", ("2", "5")),
        (["0", "1", "2", "2", "1", "0"], "classification", ("0", "1", "2")),
        (["1", "2", "3", "3", "2", "1"], "classification", ("1", "2", "3")),
        (["4", "6", "8", "4", "6", "8"], "regression", None),
        (["0.5", "1.5", "2.5", "3", "4", "5"], "regression", None),
        (["北", "南", "北", "南", "北", "北"], "classification", ("北", "南")),
        (["2,5", "3,5", "4,5", "2,5", "1,5", "9,5"], "regression", None),
    ],
)
def test_task_and_classes(values: list[str], task: str, classes: tuple[str, ...] | None) -> None:
    rows = [f"{i * i % 11};{value}" for i, value in enumerate(values)]
    read = table("x;y", *rows)
    assert guess_task(read, "y") == task
    prepared = prepare(read, "y")
    assert (prepared.task, prepared.classes) == (task, classes)
    if classes:
        assert prepared.y.dtype == np.int64
        assert [classes[code] for code in prepared.y] == values
    else:
        assert prepared.y.dtype == np.float64
        np.testing.assert_array_equal(prepared.y, [float(v.replace(",", ".")) for v in values])


def test_a_task_can_be_forced() -> None:
    read = table("x,y", "5,1", "3,2", "8,3", "1,4", "3,2")
    assert prepare(read, "y", task="regression").y.dtype == np.float64
    assert prepare(read, "y", task="classification").classes == ("1", "2", "3", "4")


def test_missing_codes_of_the_target_can_be_undone() -> None:
    read = table("x,y", *[f"{i},{-200 if i % 5 == 0 else i / 3}" for i in range(30)])
    assert len(prepare(read, "y", exclude=[], undo={"dropped_identifier:x"}).y) == 24
    undone = prepare(read, "y", undo={"dropped_identifier:x", "missing_code:y"})
    assert len(undone.y) == 30
    assert undone.y.min() == -200


def test_inspect() -> None:
    read = table("n,c,d,e", "1,a,2024-01-01,", "?,b,2024-01-02,", "3,,2024-01-03,", "3,a,,")
    kinds = [(c.name, c.kind, c.n_missing, c.n_distinct) for c in inspect_table(read)]
    assert kinds == [
        ("n", "number", 1, 2),
        ("c", "category", 1, 2),
        ("d", "date", 1, 3),
        ("e", "empty", 4, 0),
    ]
    assert inspect_table(read)[1].examples == ("a", "b")
