"""What a fit is expected to take is known before it begins, well enough to let small ones pass."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shrinkage.app.cost import linear_seconds, reading_seconds
from shrinkage.app.jobs import SMALL_SECONDS
from shrinkage.app.loading import submit_reading
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX


def table(rows: int, columns: int) -> bytes:
    cells = np.arange(rows * columns).reshape(rows, columns) % 97
    head = ",".join(f"x{j}" for j in range(columns))
    return "\n".join([head, *(",".join(map(str, row)) for row in cells)]).encode()


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize(("rows", "small"), [(178, True), (54_000, False)])
def test_a_small_fit_is_told_from_a_large_one(
    shared: Services, rows: int, small: bool, read: bool
) -> None:
    file = shared.shelf.save("a.csv", table(rows, 13))
    if read:
        assert submit_reading(file, shared).wait(60)
    spec = DEFAULT.but(data=FILE_PREFIX + file.digest, target="x1")
    assert (linear_seconds(spec, shared) <= SMALL_SECONDS) is small


def test_samples_are_small_and_what_is_not_here_is_unknown(shared: Services) -> None:
    assert linear_seconds(DEFAULT, shared) < 0.2
    assert linear_seconds(DEFAULT.but(data=FILE_PREFIX + "0" * 64), shared) == math.inf


def test_folds_and_bytes_count(shared: Services) -> None:
    ten, twenty = (linear_seconds(DEFAULT.but(cv=cv), shared) for cv in (10, 21))
    assert twenty == pytest.approx(2 * ten)
    assert reading_seconds(10**9) > SMALL_SECONDS > reading_seconds(10**6)
