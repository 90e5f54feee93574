"""The part of the benchmark that is about networks: who enters, and what is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .. import store
from ..session import QUICK_DIVISOR, Session
from .rounds import ROUNDS, TURN, Entrant, Processes, measure
from .works import OPTIMIZERS, WORKS, Work

NAME = "networks"
DEFINITION = ("works", "ours", "pytorch", "others", "rounds", "part", "masks")
SOURCES = (
    "cpp/shrinkage/base",
    "cpp/shrinkage/nn",
    "cpp/shrinkage/loss",
    "python/shrinkage/neural",
)
PEERS = ("torch", "scikit-learn", "numpy", "scipy")
OURS, PLAIN, BATCH = "shrinkage", "shrinkage, no dropout", "shrinkage, one mask a batch"
SGEMM, MEMORY = "sgemm", "memory"
PRODUCT = "PyTorch's product"
THREADS = (1, 2)


def threads_of(name: str, threads: int) -> str:
    """The name of an entrant held to so many threads."""
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}"


def networks(session: Session) -> None:
    """Measures what is missing."""
    divisor = QUICK_DIVISOR if session.quick else 1
    measure_groups(session, NAME, groups(divisor), stamp())


def measure_groups(
    session: Session, part: str, groups: dict[str, dict[str, Entrant]], stamp: str
) -> None:
    """Measures what is missing of a part, group after group, and keeps it."""
    known = session.results.read(part)
    processes = Processes()
    try:
        for name, entrants in groups.items():
            if not session.again and known.get(name, {}).get("stamp") == stamp:
                print(f"{part}, {name}: known")
                continue
            load = store.busy()
            rounds, turn = (2, TURN / QUICK_DIVISOR) if session.quick else (ROUNDS, TURN)
            found = measure(entrants, processes, rounds, turn)
            known[name] = {
                "stamp": stamp,
                "date": datetime.now(UTC).isoformat(timespec="minutes"),
                "busy": load,
                "entrants": {each: vars(rates) for each, rates in found.items()},
            }
            session.results.write(part, known)
            told = ", ".join(f"{each} {rates.median:.3g}" for each, rates in found.items())
            print(f"{part}, {name}: {told}", flush=True)
    finally:
        processes.stop()


def stamp(part: str = NAME, modules: tuple[str, ...] = DEFINITION) -> str:
    """What a result rests on; equal stamps, equal conditions."""
    here = store.HERE / part
    definition = store.digest([here / f"{name}.py" for name in modules])
    machine = store.processor()
    versions = [f"{name} {store.version(name)}" for name in PEERS]
    return "; ".join(
        [definition, store.our_sources(SOURCES), machine["model"], str(machine["cores"]), *versions]
    )


def groups(divisor: int = 1) -> dict[str, dict[str, Entrant]]:
    """Entrants by group; those of one group are timed in turn."""
    found = {}
    for work in WORKS.values():
        shorter = work.shortened(divisor)
        for optimizer in OPTIMIZERS:
            name = f"{work.name} {optimizer}"
            found[name] = (one if work.models == 1 else several)(shorter, optimizer)
    masks = {f"rate {rate:g}": Entrant("masks", "Masks", (rate,)) for rate in (0.5, 0.2, 0.3)}
    found["masks"] = masks
    found["compact"] = {
        name: Entrant("ours", "Predictions", (compact, divisor))
        for name, compact in (("full", False), ("compact", True))
    }
    return found


def one(work: Work, optimizer: str) -> dict[str, Entrant]:
    """One network: ours, the peers and the machine."""
    given: Any = (work, optimizer)
    return {
        OURS: Entrant("ours", "Ours", given),
        PLAIN: Entrant("ours", "Ours", given, {"dropout": False}),
        BATCH: Entrant("ours", "Ours", given, {"kind": "batch"}),
        **pytorch("PyTorch", "one", given, "eager"),
        **pytorch("PyTorch compiled", "compiled", given, "compiled"),
        "scikit-learn": Entrant("others", "Sklearn", given),
        **machine(),
        threads_of(PRODUCT, THREADS[-1]): Entrant("pytorch", "product", threads=THREADS[-1]),
    }


def several(work: Work, optimizer: str) -> dict[str, Entrant]:
    """Several networks at once."""
    given: Any = (work, optimizer)
    return {
        OURS: Entrant("ours", "OursMany", given),
        **pytorch("PyTorch", "each", given, "each"),
        **pytorch("PyTorch stacked, bmm", "bmm", given, "stacked"),
        **pytorch("PyTorch stacked, vmap", "func", given, "stacked"),
        **pytorch("PyTorch stacked, compiled", "bmm compiled", given, "stacked compiled"),
        "scikit-learn": Entrant("others", "Sklearn", given),
        **machine(),
    }


def pytorch(name: str, make: str, given: Any, rivals: str) -> dict[str, Entrant]:
    """The same at each number of threads."""
    return {
        threads_of(name, threads): Entrant("pytorch", make, given, threads=threads, rivals=rivals)
        for threads in THREADS
    }


def machine() -> dict[str, Entrant]:
    return {
        threads_of(name, threads): Entrant("others", make, (threads,))
        for name, make in ((SGEMM, "Sgemm"), (MEMORY, "Memory"))
        for threads in THREADS
    }
