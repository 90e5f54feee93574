"""The part of the benchmark that is about ensembles: who enters."""

from __future__ import annotations

from typing import Any

from ..networks.part import machine, measure_groups, stamp, threads_of
from ..networks.rounds import Entrant
from ..session import QUICK_DIVISOR, Session
from .works import ENUMERATED, SAMPLED, Enumerated, Sampled

NAME = "ensembles"
DEFINITION = ("works", "ours", "pytorch", "part")
OURS, PER_ROW, INTEGRATED = "shrinkage", "shrinkage, masks per row", "shrinkage, rao_blackwell"
PEER = "PyTorch"
BATCHES = {"": 0, ", 500 rows at a time": 500}
THREADS = (1, 2)


def ensembles(session: Session) -> None:
    """Measures what is missing."""
    divisor = QUICK_DIVISOR if session.quick else 1
    measure_groups(session, NAME, groups(divisor), stamp(NAME, DEFINITION))


def groups(divisor: int = 1) -> dict[str, dict[str, Entrant]]:
    """Entrants by group; those of one group are timed in turn."""
    found = {name: sampled(work.shortened(divisor)) for name, work in SAMPLED.items()}
    return found | {name: enumerated(work.shortened(divisor)) for name, work in ENUMERATED.items()}


def sampled(work: Sampled) -> dict[str, Entrant]:
    given: Any = (work,)
    ours = ".ensembles.ours"
    found = {
        OURS: Entrant(ours, "Members", given),
        PER_ROW: Entrant(ours, "Members", given, {"masks": "per_row"}),
        INTEGRATED: Entrant(ours, "Members", given, {"kind": "rao_blackwell"}),
    }
    for how, batch in BATCHES.items():
        for threads in THREADS:
            name = threads_of(f"{PEER}{how}", threads)
            found[name] = Entrant(
                ".ensembles.pytorch", "Loop", given, {"batch": batch}, threads, "loop"
            )
    return found | machine()


def enumerated(work: Enumerated) -> dict[str, Entrant]:
    return {
        f"shrinkage, {dtype}{', scored' if scored else ''}": Entrant(
            ".ensembles.ours", "Every", (work,), {"dtype": dtype, "scored": scored}
        )
        for dtype in ("float32", "float64")
        for scored in (False, True)
    }
