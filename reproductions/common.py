"""What the reproductions share: where data lie, results that are kept, how numbers are printed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.designs import REAL_DATA
from benchmarks.store import Store, digest

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Reproduction:
    """One published result.

    Attributes:
        run: does what is missing, from the results there are; begins nothing after `until`, as
            `time.monotonic` counts; with `quick` on so little that the code is tried, no more.
        section: its part of the page; empty while results are missing.
    """

    run: Callable[[Store, float, bool], None]
    section: Callable[[Store], str]


def data_file(name: str) -> Path:
    """A file of the data sets beside the checkout.

    Raises:
        FileNotFoundError: it is not there.
    """
    path = REAL_DATA / name
    if not path.exists():
        raise FileNotFoundError(2, "is not at hand", str(path))
    return path


def stamp(*files: str) -> str:
    """Changes when one of these files of ours does: old results are then done again."""
    return digest([HERE / name for name in files])


def standard_error(values: Sequence[float]) -> float:
    """Of the mean."""
    return statistics.stdev(values) / math.sqrt(len(values))


def mean_and_error(values: Sequence[float], digits: int = 2) -> str:
    """As papers print them."""
    return f"{statistics.mean(values):.{digits}f} ± {standard_error(values):.{digits}f}"


def numbers(values: Iterable[Any]) -> list[float]:
    """As JSON keeps them."""
    return [float(value) for value in np.ravel(np.asarray(list(values), dtype=float))]
