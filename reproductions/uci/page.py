"""The nine-set tables: four ways to predict beside what was published."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.report import table
from benchmarks.store import Store

from ..common import mean_and_error, standard_error
from .protocol import BATCH, DRAWS, DRAWS_TO_CHOOSE, MEMBERS, METHODS, load
from .published import RATES, SETS, UciSet
from .study import known_splits

WITHIN = 2.0  # published standard errors
FEWEST = 5  # splits, before a set is shown
MEASURES = ("RMSE", "log-likelihood")


def section(results: Store) -> str:
    """Tables of the sets whose splits are all known; empty while there is none."""
    known = {name: known_splits(results, name) for name in SETS}
    done = {name: found for name, found in known.items() if len(found) >= FEWEST}
    if not done:
        return ""
    short = [
        f"{one.title} {len(known[name])} of {one.splits}"
        for name, one in SETS.items()
        if len(known[name]) < one.splits
    ]
    note = f" **Splits not all done here**: {', '.join(short)}." if short else ""
    tables = [measure_table(done, index) for index in range(2)]
    return f"""## Nine UCI sets, after Gal & Ghahramani

Gal & Ghahramani 2016 with the published splits and the leak-free choice of their repository's 2018
results: one hidden layer of 50 (protein 100), dropout before both layers, rates
{", ".join(map(str, RATES))}, three τ a set, Adam, batches of 128, 4,000 epochs (protein 2,000), λ =
l²(1 − p)/(2Nτ), l = 0.01. τ enters training through λ alone, which is below 3e-6: the three τ of
a rate are tried on one network. The rate and τ of the largest log-likelihood by mc (T =
{DRAWS_TO_CHOOSE:,}) on the last fifth of the training rows are taken; {MEMBERS} networks are then
trained on all of them. Weight scaling, mc and rao_blackwell (T = {DRAWS:,}): means over these
networks, as the 2018 column is over ten; deep ensemble: the mixture of their {MEMBERS}
weight-scaled predictions, each with variance 1/τ. Standard errors are over splits. 2018 is mc; deep
ensembles of 2017 (± standard deviation) were neither tuned nor trained as long. Seeds 1000·split
and on. {time_taken(done, results)} `make reproduce-uci`.{note}

### RMSE

{tables[0]}

### Log-likelihood

{tables[1]}

{verdict(done)}

{differences(done)}"""


def time_taken(done: dict[str, Any], results: Store) -> str:
    """Ours, and what PyTorch would take for as many steps, where that was measured."""
    each = [split["seconds"] for found in done.values() for split in found.values()]
    parts = np.sum(each, axis=0)
    text = (
        f"Choosing took {parts[0] / 60:.1f} minutes of one core, training {parts[1] / 60:.1f}, "
        f"predicting {parts[2] / 60:.1f}: {parts.sum() / 120:.0f} minutes on two."
    )
    peer = results.read("uci_pytorch")
    if not peer:
        return text
    steps = sum(len(found) * steps_of_split(name) for name, found in done.items())
    step = min(peer["seconds_a_step"].values())
    ratio = steps * step / (0.5 * (parts[0] + parts[1]))
    return (
        f"{text} One PyTorch {peer['version']} process takes {1e6 * step:.0f} µs for a step of "
        f"{peer['set']} (fused Adam, the faster of one and two threads); the {steps / 1e6:.0f} "
        f"million steps of choosing and training, scaled from that, {steps * step / 3600:.1f} h, "
        f"{ratio:.0f} times ours on two cores."
    )


def steps_of_split(name: str) -> int:
    """Optimizer steps of a split."""
    one = SETS[name]
    n = round(0.9 * len(load(name)[1]))
    chosen = math.ceil(int(0.8 * n) / BATCH)
    return one.epochs * (len(RATES) * chosen + MEMBERS * math.ceil(n / BATCH))


def values(splits: dict[str, Any], method: str, index: int) -> list[float]:
    """A measure by split: 0 RMSE, 1 log-likelihood."""
    return [split["methods"][method][index] for split in splits.values()]


def published(one: UciSet, index: int) -> tuple[float, float]:
    return one.rmse if index == 0 else one.log_likelihood


def measure_table(done: dict[str, Any], index: int) -> str:
    rows = []
    for name, splits in done.items():
        one = SETS[name]
        digits = one.digits if index == 0 else 3
        (mean, error), (deep, spread) = (
            published(one, index),
            one.deep_rmse if index == 0 else one.deep_log_likelihood,
        )
        cells = [mean_and_error(values(splits, method, index), digits) for method in METHODS]
        reached = "✓" if reaches(one, splits, index) else "✗"
        rows.append(
            f"{one.title} | {' | '.join(cells)} | {mean:g} ± {error:g} | {reached} "
            f"| {deep:g} ± {spread:g}"
        )
    head = f"data | {' | '.join(METHODS)} | 2018 | mc within 2 se, or better | deep ensembles, 2017"
    return table(head, rows)


def reaches(one: UciSet, splits: dict[str, Any], index: int) -> bool:
    """Whether mc is within two published standard errors of the 2018 column, or better."""
    sign = 1.0 if index == 0 else -1.0
    mean, error = published(one, index)
    return bool(sign * (np.mean(values(splits, "mc", index)) - mean) <= WITHIN * error)


def verdict(done: dict[str, Any]) -> str:
    both = [
        name
        for name, splits in done.items()
        if all(reaches(SETS[name], splits, index) for index in range(2))
    ]
    short = [
        f"{SETS[name].title} ({MEASURES[index]})"
        for name, splits in done.items()
        for index in range(2)
        if not reaches(SETS[name], splits, index)
    ]
    line = f"mc reaches the 2018 column in both measures on {len(both)} of {len(done)} sets."
    return f"{line} Short of it: {', '.join(short)}." if short else line


def differences(done: dict[str, Any]) -> str:
    """Weight scaling and the others against mc, split by split."""
    rows = []
    for name, splits in done.items():
        cells = []
        for method in ("weight scaling", "rao_blackwell", "deep ensemble"):
            for index in range(2):
                gap = np.subtract(values(splits, method, index), values(splits, "mc", index))
                p = stats.wilcoxon(gap).pvalue if np.any(gap) else math.nan
                cells.append(f"{np.mean(gap):+.2g} ± {standard_error(gap.tolist()):.1g} ({p:.2g})")
        rows.append(f"{SETS[name].title} | {' | '.join(cells)}")
    head = "data | " + " | ".join(
        f"{method}, {measure}"
        for method in ("weight scaling", "rao_blackwell", "deep ensemble")
        for measure in MEASURES
    )
    return (
        "Against mc on the same networks (a negative RMSE and a positive log-likelihood are "
        f"better; mean ± standard error over splits, Wilcoxon's p):\n\n{table(head, rows)}\n\n"
        "rao_blackwell takes the effect of the last mask for normal in its log-likelihood, which "
        "it is not where units are rarely dropped."
    )
