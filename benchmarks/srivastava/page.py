"""docs/studies/srivastava.md, from the fits that are known."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from ..report import machine, table
from ..store import Store
from .data import SETS
from .methods import (
    BATCH,
    DROPOUT,
    METHODS,
    MOMENTUM,
    SEEDS,
    TEST,
    TRAIN,
    VALIDATION,
)
from .study import Fit, Study

STANDARD_ERROR_OF_3 = 100.0 * math.sqrt(0.03 * 0.97 / TEST)
APART = 0.1  # points of error that the paper's numbers must differ by to say an order


def write(results: Store, page: Path) -> None:
    """docs/studies/srivastava.md, with a table of each set whose fits are complete."""
    sections = [section(name, results) for name in SETS]
    if any(sections):
        text = [INTRODUCTION, *filter(None, sections), machine(("shrinkage",))]
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("\n\n".join(text) + "\n", encoding="utf-8")


INTRODUCTION = f"""# Ways to regularize one network

Srivastava et al. 2014 (*Dropout*, JMLR 15, table 9) compare ways to regularize one network on
MNIST. The same comparison with fewer examples, {TRAIN:,} to train on and {TEST:,} to test by: relu
units, momentum {MOMENTUM:g}, batches of {BATCH}, a learning rate that falls linearly to 0; dropout
of {DROPOUT["dropout"]:g} of the hidden units and {DROPOUT["input_dropout"]:g} of the inputs.
Strength and learning rate of each way are those of the least error on {VALIDATION:,} of the
training examples, held out (one network each); then the network is trained on all of them from
{len(SEEDS)} seeds, which set weights, order and masks. The standard error is over these seeds; that
of a single error of 3 % on {TEST:,} test examples is {STANDARD_ERROR_OF_3:.1f} points, the same
examples for all. `make bench ARGS="--only mnist --only fashion"` trains what is missing and writes
this page."""


def section(name: str, results: Store) -> str:
    """The table of a set and what it says of the order; empty while fits are missing."""
    known = results.read(name)
    title = SETS[name][0]
    if "skipped" in known:
        return f"## {title}\n\nSkipped: {known['skipped']}."
    if not known:
        return ""
    hidden, epochs = tuple(known["hidden"]), known["epochs"]
    done = Study(name, results, (None, None, None, None), hidden, epochs)
    if not done.complete:
        return ""
    errors = {method: done.errors(method) for method in METHODS}
    losses = {method: done.losses(method) for method in METHODS}
    rows = []
    for method, one in METHODS.items():
        chosen = done.chosen(method)
        tried = len(one.settings())
        told = ", ".join(f"{argument} {value:g}" for argument, value in chosen.items())
        validation = 100.0 * done.fits[Fit(method, chosen).name]["error"]
        paper = f"{one.paper:.2f} ({one.where})"
        rows.append(
            f"{method} | {told}, of {tried} | {validation:.2f} | "
            f"**{statistics.mean(errors[method]):.2f} ± {standard_error(errors[method]):.2f}** | "
            f"{statistics.mean(losses[method]):.3f} ± {standard_error(losses[method]):.3f} | "
            f"{paper}"
        )
    head = (
        "regularization | chosen | validation error, % | "
        "test error, %, mean ± standard error | test log loss, nats | the paper's, all of MNIST"
    )
    shape = f"784-{'-'.join(map(str, hidden))}-10, {epochs} epochs."
    said = f"{verdict(errors)}\nBy log loss: {in_order(losses)}."
    return f"## {title}\n\n{shape}\n\n{table(head, rows)}\n\n{said}"


def standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))


def in_order(values: dict[str, list[float]]) -> str:
    """The names, the least mean first."""
    return " < ".join(sorted(values, key=lambda name: statistics.mean(values[name])))


def verdict(errors: dict[str, list[float]]) -> str:
    """How the order of the means compares with the paper's, pair by pair."""
    alike, unsure, reversed_ = [], [], []
    for worse, better in paper_order():
        gain = statistics.mean(errors[worse]) - statistics.mean(errors[better])
        noise = 2.0 * math.hypot(standard_error(errors[worse]), standard_error(errors[better]))
        group = unsure if abs(gain) <= noise else alike if gain > 0 else reversed_
        group.append(f"{better} against {worse} ({gain:+.2f})")
    total = len(alike) + len(unsure) + len(reversed_)
    lines = [
        f"Order here, the least error first: {in_order(errors)}.",
        f"Of the {total} pairs that the paper's numbers tell apart by {APART:g} points or more, "
        f"{len(alike)} have the same order here, {len(unsure)} differ by less than two standard "
        f"errors, {len(reversed_)} are reversed.",
    ]
    alike_by_seed = [
        f"{one} and {other}"
        for one, other in combinations(errors, 2)
        if errors[one] == errors[other]
    ]
    if alike_by_seed:
        lines.append(
            f"Equal on every seed: {'; '.join(alike_by_seed)}; the strength chosen changes nothing."
        )
    if unsure:
        lines.append(f"Undecided (points gained): {'; '.join(unsure)}.")
    if reversed_:
        lines.append(f"Reversed: {'; '.join(reversed_)}.")
    return "\n".join(lines)


def paper_order() -> Iterator[tuple[str, str]]:
    """Pairs (worse, better) that the paper's numbers tell apart."""
    by_error = sorted(METHODS, key=lambda name: -METHODS[name].paper)
    for worse, better in combinations(by_error, 2):
        if METHODS[worse].paper - METHODS[better].paper >= APART - 1e-9:
            yield worse, better
