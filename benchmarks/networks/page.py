"""docs/performance-networks.md, from the raw results and the words in notes.toml."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

from .. import report
from ..report import Missed, machine, table
from ..store import NOISE, Store
from ..timing import PAUSE, SLACK
from .part import BATCH, MEMORY, NAME, OURS, PEERS, PLAIN, SGEMM, THREADS, threads_of
from .rounds import ROUNDS, TURN, Rates, rates_of
from .works import BYTES_OF_A_WEIGHT, HIDDEN_RATE, INPUT_RATE, OPTIMIZERS, WORKS, Work

DROPOUT_SHARE, MASKS, WIDE = 0.05, 2e9, 256
OPTIMIZER_NAMES = {"momentum": "SGD momentum", "adam": "Adam"}
PEER, COMPILED, SKLEARN = "PyTorch", "PyTorch compiled", "scikit-learn"
STACKED = "PyTorch stacked"

INTRODUCTION = f"""# Performance of networks

Examples a second in training, ours against PyTorch and scikit-learn: relu networks with dropout,
{HIDDEN_RATE:g} of the hidden units and {INPUT_RATE:g} of the inputs. Measured and written by
`make bench ARGS="--only networks"`."""

HOW = f"""## How it is measured

- **The work** is defined in `benchmarks/networks/works.py`: float32, normal inputs, random labels,
  softmax (½(y − η)² for the 16 models), the same learning rates, momentum 0.9, Adam's usual
  constants, no penalty, a new order every epoch. Nothing but training is
  timed, for the 16 models the training within `fit_many`; ours includes its record of each epoch.
- **PyTorch** (`benchmarks/networks/pytorch.py`) has fused optimizers, tensors made beforehand, no
  data loader, gradients set to none, denormal numbers flushed, and is taken at the better of 1 and
  2 threads. Compiled means torch.compile of network and loss, the compiling not timed. Stacked
  means parameters stacked over the models, one optimizer for all, by bmm or by torch.func (vmap of
  grad), eager or compiled, whichever is fastest.
- **scikit-learn** has no dropout and does less for it; its two classes have one output.
- **Times.** A turn lasts about {TURN:g} seconds, at least one epoch; all take turns, A B C A B C
  ..., {ROUNDS} times, each package in a process of its own that has warmed up, with {PAUSE:g}
  seconds in between. What is more than {SLACK:g} times behind the fastest of its kind in the first
  round sits out the others. Medians are shown.
- **Shares.** Operations are those of the three products of each layer (two in the first), over
  what numpy's sgemm reaches in the same rounds; bytes those of weights, gradients and moments in
  float32, {BYTES_OF_A_WEIGHT["momentum"]} a weight and step with momentum,
  {BYTES_OF_A_WEIGHT["adam"]} with Adam, over what c = a + b reaches on arrays of 32 MiB.
- **Masks** are drawn by the trainer's generator on one core, 128 examples of 1024 units at once."""


def write(results: Store, page: Path) -> None:
    """Renders the page; none where nothing has been measured."""
    known = results.read(NAME)
    if not known:
        return
    found = rates_of(known)
    missed = Missed()
    measured = [
        single_networks(found, missed),
        many_networks(found, missed),
        dropout(found, missed),
        bounds(found),
        masks(found.get("masks", {}), missed),
        compact(found.get("compact", {})),
    ]
    text = [INTRODUCTION, measured[0], missed.section(), *measured[1:], disturbance(known)]
    text += [machine(PEERS), HOW, readings(found)]
    page.write_text("\n\n".join(filter(None, text)) + "\n", encoding="utf-8")


def best(found: dict[str, Rates], *names: str) -> tuple[str, float]:
    """The fastest of these entrants over their numbers of threads; NaN where none ran."""
    rates = {
        each: found[each].median
        for name in names
        for each in (threads_of(name, threads) for threads in THREADS)
        if each in found and found[each].rates
    }
    if not rates:
        return "—", math.nan
    fastest = max(rates, key=lambda each: rates[each])
    return fastest, rates[fastest]


def median(found: dict[str, Rates], name: str) -> float:
    return found[name].median if name in found else math.nan


def count(rate: float) -> str:
    """Three digits with thousands: 1,730,000."""
    if math.isnan(rate):
        return "—"
    digits = max(0, math.floor(math.log10(rate)) - 2)
    return f"{round(rate, -digits):,.0f}"


def short(name: str) -> str:
    """A count of threads without the name before it."""
    return name.rpartition(", ")[2]


def rated(
    ours: float, theirs: float, wanted: float, name: str, missed: Missed, part: str = NAME
) -> str:
    """The ratio, whether it is as wanted, and what is wanted."""
    ratio = ours / theirs
    if math.isnan(ratio):
        return f"not measured | {wanted:g}"
    mark = missed.mark(ratio >= wanted, part, name, f"{ratio:.3g} where {wanted:g} is wanted")
    return f"**{ratio:.3g}** {mark} | {wanted:g}"


def works(models: bool) -> list[tuple[Work, str, str]]:
    """Work, optimizer and name of the group, of single networks or of several."""
    return [
        (work, optimizer, f"{work.name} {optimizer}")
        for work in WORKS.values()
        for optimizer in OPTIMIZERS
        if (work.models > 1) == models
    ]


def single_networks(found: dict[str, dict[str, Rates]], missed: Missed) -> str:
    rows = []
    for work, optimizer, group in works(models=False):
        if group not in found:
            continue
        one = found[group]
        ours, peer = median(one, OURS), median(one, SKLEARN)
        ratio = rated(ours, best(one, PEER)[1], work.wanted[optimizer], group, missed)
        rows.append(
            f"{work.shape}, {work.batch} | {OPTIMIZER_NAMES[optimizer]} | {count(ours)} | "
            f"{better(one, PEER)} | {ratio} | {better(one, COMPILED)} | {count(peer)}"
        )
    head = (
        "network, batch | optimizer | ours | PyTorch | ratio | wanted | PyTorch compiled | "
        "scikit-learn, no dropout"
    )
    return f"## One network, examples a second\n\n{table(head, rows)}"


def better(found: dict[str, Rates], name: str) -> str:
    """The rate of the better number of threads, or why there is none."""
    fastest, rate = best(found, name)
    return why_not(found, name) if math.isnan(rate) else f"{count(rate)}, {short(fastest)}"


def why_not(found: dict[str, Rates], name: str) -> str:
    names = [threads_of(name, threads) for threads in THREADS]
    remarks = [found[each].remark for each in names if each in found and found[each].remark]
    return remarks[0] if remarks else "—"


def many_networks(found: dict[str, dict[str, Rates]], missed: Missed) -> str:
    rows = []
    for work, optimizer, group in works(models=True):
        if group not in found:
            continue
        one = found[group]
        ours = median(one, OURS)
        stacked = [name for name in one if name.startswith(STACKED)]
        families = sorted({name.rpartition(", ")[0] for name in stacked})
        sides = (("one after another", (PEER,), work.wanted[optimizer]),)
        sides += (("stacked", tuple(families), work.wanted_stacked),)
        for way, names, wanted in sides:
            name, theirs = best(one, *names)
            kind = name.removeprefix(STACKED).removeprefix(PEER).removeprefix(", ")
            rows.append(
                f"{OPTIMIZER_NAMES[optimizer]} | {count(ours)} | {way}: {count(theirs)}, {kind} | "
                f"{rated(ours, theirs, wanted, f'{group}, {way}', missed)} | "
                f"{count(median(one, SKLEARN))}"
            )
    (work,) = [work for work in WORKS.values() if work.models > 1]
    head = (
        "optimizer | ours, `fit_many` | PyTorch | ratio | wanted | "
        "scikit-learn one after another, no dropout"
    )
    return f"""## {work.models} models of {work.shape} at once, batch {work.batch}

Examples a second, all models together.

{table(head, rows)}"""


def dropout(found: dict[str, dict[str, Rates]], missed: Missed) -> str:
    rows = []
    for work, optimizer, group in works(models=False):
        if group not in found:
            continue
        seconds = {name: work.batch / median(found[group], name) for name in (PLAIN, OURS, BATCH)}
        share = seconds[OURS] / seconds[PLAIN] - 1.0
        faster = seconds[PLAIN] / seconds[BATCH]
        marks = ["", ""]
        if min(work.hidden) >= WIDE:
            told = f"{share:.1%} where {DROPOUT_SHARE:.0%} is allowed"
            marks[0] = missed.mark(share <= DROPOUT_SHARE, NAME, f"{group}, dropout", told)
            told = f"{faster:.2f} times as fast as no dropout where more than 1 is wanted"
            marks[1] = missed.mark(faster > 1.0, NAME, f"{group}, one mask a batch", told)
        times = " | ".join(f"{1e6 * seconds[name]:,.4g}" for name in (PLAIN, OURS, BATCH))
        rows.append(
            f"{work.shape} | {OPTIMIZER_NAMES[optimizer]} | {times} | "
            f"**{share:.1%}** {marks[0]} | **{faster:.2f}** {marks[1]}"
        )
    head = (
        "network | optimizer | no dropout | dropout | one mask a batch | dropout adds | "
        "one mask a batch against no dropout"
    )
    return f"""## What dropout costs

Microseconds of a step. At width {WIDE} and more dropout is to add at most {DROPOUT_SHARE:.0%}; one
mask a batch at rate {HIDDEN_RATE:g} skips the work of dropped units and is to be faster than no
dropout.

{table(head, rows)}"""


def bounds(found: dict[str, dict[str, Rates]]) -> str:
    """Shares of what the machine can do; the words beside them stand in notes.toml."""
    words = tomllib.loads(report.NOTES.read_text(encoding="utf-8")).get("networks_bound", {})
    rows = []
    for work, optimizer, group in works(models=False) + works(models=True):
        if group not in found:
            continue
        one = found[group]
        rates = {"ours": median(one, OURS), "PyTorch": best(one, PEER)[1]}
        operations = {name: work.operations * rate for name, rate in rates.items()}
        steps = rates["ours"] / (work.batch * work.models)
        moved = work.bytes_of_a_step(optimizer) * steps
        peaks = [median(one, threads_of(SGEMM, threads)) for threads in THREADS]
        stream = max(median(one, threads_of(MEMORY, threads)) for threads in THREADS)
        rows.append(
            f"{work.shape} | {OPTIMIZER_NAMES[optimizer]} | {operations['ours'] / 1e9:.3g} | "
            f"{operations['ours'] / peaks[0]:.0%} | {operations['ours'] / peaks[1]:.0%} | "
            f"{operations['PyTorch'] / peaks[1]:.0%} | {moved / 1e9:.3g} | {moved / stream:.0%} | "
            f"{' '.join(words.get(work.name, '—').split())}"
        )
    head = (
        "network | optimizer | ours, GFLOP/s | of sgemm, 1 thread | of sgemm, 2 threads | "
        "PyTorch, of sgemm, 2 threads | ours, GB/s of weights | of memory | what bounds it"
    )
    return f"## Shares of the machine\n\n{table(head, rows)}"


def masks(found: dict[str, Rates], missed: Missed) -> str:
    rows = []
    for name, one in found.items():
        told = f"{one.median:.2g} where {MASKS:.0g} are wanted"
        mark = missed.mark(one.median >= MASKS, NAME, f"masks, {name}", one.remark or told)
        shown = one.remark or f"{one.median / 1e9:.2f}·10⁹"
        rows.append(f"{name} | {shown} {mark} | {MASKS / 1e9:g}·10⁹")
    if not rows:
        return ""
    return f"## Masks a second and core\n\n{table('rate of dropping | masks | wanted', rows)}"


def compact(found: dict[str, Rates]) -> str:
    if not found or any(one.remark for one in found.values()):
        return "\n".join(f"compact: {one.remark}" for one in found.values() if one.remark)
    rows = [
        f"{name} | {'-'.join(map(str, one.about['sizes']))} | {count(one.median)}"
        for name, one in found.items()
    ]
    gain = found["compact"].median / found["full"].median
    return f"""## A compact network

A network trained with the unit-group penalty on data of which a tenth of the inputs matters, before
and after `compact()`: {gain:.1f} times the predictions a second, probabilities at most
{found["compact"].about["difference"]:.1e} apart.

{table("network | sizes | predictions a second", rows)}"""


def disturbance(known: dict[str, Any]) -> str:
    noisy = [group for group, raw in known.items() if (raw["busy"] or 0.0) > NOISE]
    if not noisy:
        return ""
    return f"Other programs used more than {NOISE:.0%} of the cores at: {', '.join(noisy)}."


def readings(found: dict[str, dict[str, Rates]]) -> str:
    rows = []
    for group, entrants in found.items():
        for name, one in entrants.items():
            shown = f"{count(one.median)} ({len(one.rates)}×)" if one.rates else one.remark
            spread = f"{count(min(one.rates))} … {count(max(one.rates))}" if one.rates else ""
            rows.append(f"{group} | {name} | {shown} | {spread}")
    head = "group | who | a second, median and number of turns | least … most"
    return f"""## All readings

Examples, predictions or masks a second; operations for sgemm and PyTorch's product, bytes for
memory.

{table(head, rows)}"""
