"""Hints at what gives the target away: said where it is so, and only there."""

import numpy as np
import pytest

from shrinkage.data import prepare, read_table
from shrinkage.data.hints import leakage_hints

N = 40
rng = np.random.default_rng(0)
X = rng.normal(size=N).round(4)
Y = (X + rng.normal(size=N)).round(4)


def hints(column: list[object], y: list[object] | None = None) -> list[str]:
    rows = zip(column, X, Y if y is None else y, strict=True)
    text = "c,x,y\n" + "".join(f"{c},{x},{t}\n" for c, x, t in rows)
    return [step.id for step in leakage_hints(prepare(read_table(text.encode()), "y"))]


CLASSES: list[object] = ["sick" if i % 3 else "well" for i in range(N)]


@pytest.mark.parametrize(
    ("column", "y", "expected"),
    [
        (list(3 * Y - 7), None, ["hint_same_as_target:c"]),
        ([int(c == "sick") for c in CLASSES], CLASSES, ["hint_same_as_target:c"]),
        ([f"{c}{i % 2}" for i, c in enumerate(CLASSES)], CLASSES, ["hint_decides_target:c"]),
        ([5 * i + 1000 + i % 3 for i in range(N)], None, ["hint_numbers_rows:c"]),
        ([np.datetime64("2020-01-01T00") + i for i in range(N)], None, ["hint_order_of_time:c"]),
        (list(rng.normal(size=N)), None, []),
        ([i % 5 for i in range(N)], None, []),
        ([i * 7 % N for i in range(N)], None, []),
        (["a" if i % 4 else "b" for i in range(N)], CLASSES, []),
    ],
)
def test_hints(column: list[object], y: list[object] | None, expected: list[str]) -> None:
    assert hints(column, y) == expected


def test_repeated_rows_are_counted() -> None:
    text = "a,b,y\n" + "".join(f"{i % 8},{i % 8 * i % 3},{i % 8}\n" for i in range(8)) * 2
    (step,) = [
        step
        for step in leakage_hints(prepare(read_table(text.encode()), "y", task="regression"))
        if step.code == "hint_repeated_rows"
    ]
    assert step.fields["count"] == 8
    assert not step.undoable


def test_few_rows_give_none() -> None:
    assert leakage_hints(prepare(read_table(b"a,y\n1,1\n2,2.5\n3,3\n5,4\n"), "y")) == ()
