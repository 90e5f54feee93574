"""All sets and splits, as many splits at a time as there are cores; what is known is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from benchmarks.store import Store
from shrinkage._runtime import resolve_threads

from ..common import stamp
from .protocol import do_split, load, splits
from .published import SETS

FILES = ("uci/protocol.py", "uci/published.py")
Job = tuple[str, int, tuple[Any, ...]]


def name_of(set_name: str) -> str:
    """Under which a set's splits are kept."""
    return f"uci_{set_name}"


def known_splits(results: Store, name: str) -> dict[str, Any]:
    """The splits of a set that are still valid."""
    known = results.read(name_of(name))
    return dict(known["splits"]) if known.get("stamp") == stamp(*FILES) else {}


def wanted(results: Store, quick: bool) -> Iterator[Job]:
    """What is missing, the smallest sets first, with the arguments of `do_split`."""
    by_size = sorted(SETS.items(), key=lambda item: len(load(item[0])[1]))
    for name, one in by_size[:2] if quick else by_size:
        shortened = replace(one, epochs=2, splits=5) if quick else one
        draws = ((10, 10),) if quick else ()
        known = known_splits(results, name)
        X, y = load(name)
        for split, rows in enumerate(splits(len(y), shortened.splits)):
            if str(split) not in known:
                yield name, split, (shortened, X, y, rows, split, *draws)


def run(results: Store, until: float, quick: bool) -> None:
    """Does the splits that are missing, each in a process of one thread, whose time is its own."""
    cores = resolve_threads(None)
    under_way: dict[Future[dict[str, Any]], tuple[str, int]] = {}

    def keep(done: set[Future[dict[str, Any]]]) -> None:
        for future in done:
            name, split = under_way.pop(future)
            found = {**known_splits(results, name), str(split): future.result()}
            results.write(name_of(name), {"stamp": stamp(*FILES), "splits": found})
            print(f"uci, {name}, split {split}: {future.result()}", flush=True)

    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        for name, split, arguments in wanted(results, quick):
            if len(under_way) == cores:
                keep(wait(under_way, return_when=FIRST_COMPLETED).done)
            if time.monotonic() > until:
                break
            under_way[pool.submit(do_split, *arguments)] = (name, split)
        keep(wait(under_way).done)
