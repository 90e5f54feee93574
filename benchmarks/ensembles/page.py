"""docs/performance-ensembles.md, from the raw results and the words in notes.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

from .. import report
from ..networks.page import best, count, disturbance, median, rated, readings
from ..networks.part import PEERS, SGEMM
from ..networks.rounds import ROUNDS, TURN, Rates, rates_of
from ..report import Missed, machine, table
from ..store import Store
from ..timing import PAUSE, SLACK
from .part import BATCHES, INTEGRATED, NAME, OURS, PEER, PER_ROW
from .works import ENUMERATED, PASSES, SAMPLED

INTRODUCTION = """# Performance of ensembles

How long the sub-networks inside a dropout network take to predict, `predict_ensemble` against a
plain loop in PyTorch. Measured and written by `make bench ARGS="--only ensembles"`."""

HOW = f"""## How it is measured

- **The work** is defined in `benchmarks/ensembles/works.py`: relu networks with softmax and the
  weights they start from, normal inputs in float32. All return the mean and the spread of the
  members' probabilities and keep no member.
- **PyTorch** is the loop that people write: the network in training mode, a pass for each member
  under `inference_mode`, probabilities and their squares summed. {PASSES} passes of it are timed,
  since each costs the same. It draws masks for each row; ours by default one for all rows, by which
  a member is one function, and beside it masks per row.
- **Times.** A turn lasts about {TURN:g} seconds, at least one ensemble; all take turns, A B C A B C
  ..., {ROUNDS} times, each package in a process of its own that has warmed up, with {PAUSE:g}
  seconds in between. What is more than {SLACK:g} times behind the fastest loop in the first round
  sits out the others. Medians are shown.
- **Shares.** Operations are those of the products that an ensemble needs: what is alike in all
  members once, what is dropped not at all; over what numpy's sgemm reaches in the same rounds at
  two threads."""


def write(results: Store, page: Path) -> None:
    """Renders the page; none where nothing has been measured."""
    known = results.read(NAME)
    if not known:
        return
    found = rates_of(known)
    missed = Missed()
    measured = [sampled(found, missed), enumerated(found, missed), bounds(found)]
    text = [INTRODUCTION, measured[0], measured[1], missed.section(), measured[2]]
    text += [disturbance(known), machine(PEERS), HOW, readings(found)]
    page.write_text("\n\n".join(filter(None, text)) + "\n", encoding="utf-8")


def sampled(found: dict[str, dict[str, Rates]], missed: Missed) -> str:
    rows = []
    for name, work in SAMPLED.items():
        if name not in found:
            continue
        one, amount = found[name], work.members * work.n
        loop, rate = best(one, *(f"{PEER}{how}" for how in BATCHES))
        ratio = rated(median(one, OURS), rate, work.wanted, name, missed, part=NAME)
        rates = ", ".join(f"{r:g}" for r in work.rates)
        times = [amount / median(one, who) for who in (OURS, PER_ROW, INTEGRATED)]
        shown = " | ".join(f"{seconds:.3g}" for seconds in times)
        rows.append(
            f"{work.shape}, {work.n:,} rows, T = {work.members} | {rates} | {shown} | "
            f"{amount / rate:.3g} ({loop.removeprefix(PEER).removeprefix(', ')}) | {ratio}"
        )
    head = (
        "network | dropped of what enters each layer | ours, s | ours, masks per row, s | "
        "ours, rao_blackwell, s | PyTorch's loop, s | ratio | wanted"
    )
    return f"## Sampled members\n\n{table(head, rows)}"


def enumerated(found: dict[str, dict[str, Rates]], missed: Missed) -> str:
    rows = []
    for name, work in ENUMERATED.items():
        for who, rates in found.get(name, {}).items():
            seconds = 1.0 / rates.median
            told = f"{seconds:.3g} s where {work.wanted:g} s is wanted"
            mark = missed.mark(seconds < work.wanted, NAME, f"{name}, {who}", told)
            size = f"2^{work.sizes[1]} × {work.n} rows × {work.sizes[2]} classes"
            rows.append(f"{size} | {who} | **{seconds:.3g}** {mark} | {work.wanted:g}")
    head = "sub-networks | who | seconds | wanted below"
    return f"""## All sub-networks

One hidden layer; scored: with the loss of every sub-network.

{table(head, rows)}"""


def bounds(found: dict[str, dict[str, Rates]]) -> str:
    """Shares of what the machine can do; the words beside them stand in notes.toml."""
    words = tomllib.loads(report.NOTES.read_text(encoding="utf-8")).get("ensembles_bound", {})
    rows = []
    for name, work in SAMPLED.items():
        if name not in found:
            continue
        one = found[name]
        done = work.needed_operations * median(one, OURS)
        peak = best(one, SGEMM)[1]
        reason = " ".join(words.get(name, "—").split())
        rows.append(
            f"{name} | {work.needed_operations / work.operations:.1%} | {count(done / 1e9)} | "
            f"{done / peak:.0%} | {reason}"
        )
    head = "work | operations needed, of a loop's | GFLOP/s | of sgemm | what bounds it"
    return f"## Shares of the machine\n\n{table(head, rows)}"
