"""A slice of the damaged files that `make fuzz` gives to the reader."""

import warnings

import pytest

from fuzz.files import case, flipped_bits, good_files
from fuzz.read_fuzz import outcome


@pytest.mark.parametrize("name", sorted(good_files()))
def test_the_good_files(name: str) -> None:
    refused = ("npy", "zip")
    assert outcome(good_files()[name]) == (
        "data.unsupported_format" if name in refused else "table"
    )


def test_damaged_files_give_a_table_or_an_error_of_the_package() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(0, 3000, 40):
            name, content = case(number)
            found = outcome(content)
            assert not found[0].isupper(), f"{number} ({name}): {found}"


def test_every_case_is_the_same_every_time() -> None:
    assert case(7) == case(7)
    assert len(list(flipped_bits())) > 5000
