"""What a new penalty costs: the places of the product that speak of it, counted."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The product, and the one table of tests in which a penalty has its row.
WHERE = [
    *sorted((ROOT / "cpp").rglob("*.[ch]pp")),
    *sorted((ROOT / "python").rglob("*.py")),
    ROOT / "tests" / "cpp" / "penalty_cases.hpp",
]


def places(*names: str) -> set[str]:
    """The files in which one of the names stands."""
    pattern = re.compile(
        "|".join(rf"\b{name}\b" if name.isidentifier() else name for name in names)
    )
    return {
        path.relative_to(ROOT).as_posix()
        for path in WHERE
        if pattern.search(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize(
    ("names", "header"),
    [
        (("GroupLasso", "group_lasso"), "cpp/shrinkage/penalty/block/group_lasso.hpp"),
        (("SLOPE", "Slope", r"slope\.hpp", '"slope"'), "cpp/shrinkage/penalty/whole/slope.hpp"),
    ],
)
def test_a_penalty_is_a_header_a_line_a_row_and_a_dataclass(
    names: tuple[str, ...], header: str
) -> None:
    assert places(*names) == {
        header,
        "cpp/shrinkage/penalty/registry.hpp",
        "tests/cpp/penalty_cases.hpp",
        "python/shrinkage/penalties.py",
    }


def test_a_place_more_is_counted() -> None:
    assert len(places("PenaltyInput")) > 4
