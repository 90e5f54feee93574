"""What the issue asks of us alone: the other losses, high accuracy, growth, memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from . import designs
from .cases import CASES, Case, problem_of
from .peers import OURS, SOLVERS
from .session import QUICK_DIVISOR, QUICK_LAMBDAS, Session, describe
from .timing import Entrant, Turns, interleave
from .worker import Worker, load, warm_up

LOSS_BASES = ("lasso_tall", "lasso_riboflavin")
LOSS_TARGETS = {"huber": 5, "squared_hinge": 5, "gamma": 5, "quantile": 50}
TIGHT, EXACT = 1e-6, 1e-10
EXACT_TARGET, GROWTH_TARGET, MEMORY_SHARE = 1.2, 12, 0.25
MEMORY_CASES = ("lasso_wide", "lasso_tall", "lasso_text")
GROWTHS = ("rows of tall", "rows of text", "columns of wide", "columns of text")


def target_of(loss: str, y: Any) -> Any:
    """A target for this loss out of a regression target of mean 0 and standard deviation 1.

    huber: every twentieth value ten times as large; squared_hinge: above the median or not; gamma:
    a mean of exp(y/2) times noise of shape 2; quantile: y itself, q = ½.
    """
    rng = np.random.default_rng(0)
    if loss == "huber":
        return np.where(rng.random(len(y)) < 0.05, 10.0 * y, y)
    if loss == "squared_hinge":
        return (y > np.median(y)).astype(float)
    if loss == "gamma":
        return np.exp(0.5 * y) * rng.gamma(2.0, 0.5, len(y))
    return y


def losses(session: Session) -> None:
    """Time of the other losses over that of the squared loss, at 1e-6."""
    known = session.results.read("losses")
    for base in LOSS_BASES:
        case = CASES[base]
        for loss, target in LOSS_TARGETS.items():
            name, stamp = f"{base} {loss}", session.stamp(*SOLVERS[loss])
            if not session.again and known.get(name, {}).get("stamp") == stamp:
                continue
            try:
                squared = session.make(case)
            except FileNotFoundError:
                known[name] = {"skipped": "its data are not at hand"}
                break
            other = problem_of(
                replace(case, loss=loss),
                squared.X,
                target_of(loss, squared.y),
                len(squared.lambdas),
            )
            with started("squared", loss) as (reference, worker):
                turns = interleave(
                    {
                        "squared": Entrant(reference, session.write(base, squared), TIGHT),
                        loss: Entrant(worker, session.write(name, other), TIGHT),
                    },
                    2 * session.cap,
                    lambda _: True,
                )
            session.forget()
            known[name] = {"stamp": stamp, "target": target, **_ratio(turns, TIGHT)}
            session.results.write("losses", known)
            print(f"{name}: {known[name]}", flush=True)


def accuracy(session: Session) -> None:
    """Time to 1e-10 over time to 1e-6."""
    known = session.results.read("accuracy")
    for case in CASES.values():
        stamp = session.stamp(SOLVERS[case.solvers][0])
        old = known.get(case.name, {}).get("stamp") == stamp and not session.again
        if old:
            continue
        try:
            folder = session.write(case.name, session.make(case))
        except FileNotFoundError:
            continue
        with started(case.solvers, case.solvers) as (one, other):
            turns = interleave(
                {"tight": Entrant(one, folder, TIGHT), "exact": Entrant(other, folder, EXACT)},
                session.cap,
                lambda _: True,
            )
        session.forget()
        known[case.name] = {"stamp": stamp, "target": EXACT_TARGET, **_ratio(turns, EXACT)}
        session.results.write("accuracy", known)
        print(f"{case.name} to 1e-10: {known[case.name]}", flush=True)


def _ratio(turns: dict[str, Turns], wanted: float) -> dict[str, Any]:
    """The second entrant's time over that of the first; `wanted` is the gap asked of it."""
    first, second = turns.values()
    return {
        "seconds": [first.median, second.median],
        "ratio": second.median / first.median,
        "gaps": [first.gap, second.gap],
        "wanted": wanted,
        "remark": first.remark or second.remark,
    }


def growth(session: Session) -> None:
    """Time at three and ten times the size over the time at the size of the table."""
    known = session.results.read("growth")
    q = QUICK_DIVISOR if session.quick else 1
    makers: dict[str, tuple[Case, Callable[[], designs.Grown]]] = {
        "rows of tall": (
            CASES["lasso_tall"],
            lambda: designs.growing(100_000 // q, 200 // q, 50 // q, 1.0, rows=True),
        ),
        "rows of text": (
            CASES["lasso_text"],
            lambda: designs.growing_text_rows(20_000 // q, 60_000 // q, 70),
        ),
        "columns of wide": (
            CASES["lasso_wide"],
            lambda: designs.growing(1000 // q, 10_000 // q, 100 // q, 3.0, rows=False),
        ),
        "columns of text": (
            CASES["lasso_text"],
            lambda: designs.growing_text_columns(20_000 // q, 60_000 // q, 70),
        ),
    }
    stamp = session.stamp(SOLVERS["squared"][0])
    for name, (case, grown) in makers.items():
        if not session.again and known.get(name, {}).get("stamp") == stamp:
            continue
        points = []
        for factor, X, y in grown():
            problem = problem_of(case, X, y, QUICK_LAMBDAS if session.quick else None)
            folder = session.write(name, problem)
            with started("squared") as (worker,):
                (turn,) = interleave(
                    {name: Entrant(worker, folder, TIGHT)}, 5 * session.cap, lambda _: True
                ).values()
            session.forget()
            points.append(
                {
                    "factor": factor,
                    "seconds": turn.median,
                    "gap": turn.gap,
                    "remark": turn.remark,
                    **describe(problem),
                }
            )
            print(f"{name} ×{factor}: {turn.median:.3g} s {turn.remark}", flush=True)
        known[name] = {"stamp": stamp, "target": GROWTH_TARGET, "points": points}
        session.results.write("growth", known)


def memory(session: Session) -> None:
    """What a fit takes beyond X, in a fresh process each."""
    known = session.results.read("memory")
    for name in MEMORY_CASES:
        case = CASES[name]
        stamp = session.stamp(SOLVERS[case.solvers][0])
        if not session.again and known.get(name, {}).get("stamp") == stamp:
            continue
        folder = session.write(name, session.make(case))
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_measure_memory, args=(theirs, folder, case.solvers))
        process.start()
        theirs.close()
        try:
            measured = ours.recv() if ours.poll(5 * session.cap) else {"remark": "took too long"}
        except EOFError:
            measured = {"remark": "its process died"}
        process.kill()
        process.join()
        session.forget()
        known[name] = {"stamp": stamp, "share": MEMORY_SHARE, **measured}
        session.results.write("memory", known)
        print(f"{name}, memory: {measured}", flush=True)


def _measure_memory(pipe: Connection, folder: Path, kind: str) -> None:
    solver = SOLVERS[kind][0]
    problem = load(folder)
    X = problem.X
    warm_up(solver, problem)
    before = _resident(peak=False)
    result = solver.fit(X, problem.y, problem.lambdas, TIGHT)
    extra = _resident(peak=True) - before
    nonzero = int(np.count_nonzero(result.coefs()))
    memory_of_machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    pipe.send(
        {
            "X": X.nbytes
            if isinstance(X, np.ndarray)
            else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes,
            "extra": extra,
            "coefs": 12 * nonzero,  # a number and its row each
            "gram": min(2**30, memory_of_machine // 4),
        }
    )


def _resident(peak: bool) -> int:
    """Bytes of this process in memory, now or at most since it began."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS: only the peak is known, in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
            1 if sys.platform == "darwin" else 1024
        )
    if not peak:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    wanted = "VmHWM:" if peak else "VmRSS:"
    (line,) = (line for line in status.read_text().splitlines() if line.startswith(wanted))
    return int(line.split()[1]) * 1024


@contextmanager
def started(*kinds: str) -> Iterator[tuple[Worker, ...]]:
    """Workers of ours, ended with the block."""
    workers = tuple(Worker(kind, OURS) for kind in kinds)
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop()


PARTS: dict[str, Callable[[Session], None]] = {
    "losses": losses,
    "accuracy": accuracy,
    "growth": growth,
    "memory": memory,
}
