"""Who overfits, by how much: statements computed from the losses of a race.

A difference counts beyond two standard errors of it, paired over the rows; within them it is a tie.
"""

from __future__ import annotations

import math

import numpy as np

from shrinkage.app.intervals import clear, level_with, standard_error
from shrinkage.app.race_look import Constant, LaneLook, Look, RowLosses
from shrinkage.linear.facts import Fact

SLIGHT = 0.1
"""A gap below this share of the validation loss is small, however exactly it is known."""
SLIGHT_RISE = 0.05
"""So is a rise of the validation loss below this share of the lowest."""
ROUNDING = 1e-6
"""Share of a constant's loss by which a network that predicts it may differ in float32."""
FEW_ROWS = 30
"""Below so many validation rows all of this is uncertain."""

Lanes = dict[int, LaneLook]
"""Those that are compared, by their number."""
Difference = tuple[float, float]
"""With its standard error."""


def race_facts(look: Look, n_validation: int) -> tuple[Fact, ...]:
    """What the sentence says, in its order.

    The gap of a lane is the validation loss minus the training loss after the last epoch, both with
    all units on, less the gap of the best constant prediction on the same rows: what the validation
    rows are harder by is nobody's overfitting. Lanes that diverged are told, not compared.

    Codes and fields; ``error`` is the standard error of the number before it:
        "not_trained": no epoch is over · "diverged" left: (lane, epoch) of each
        "overfits" lane, gap, error, validation, train, constant_validation, constant_train, epoch:
            the only lane, or one whose gap no other's is clearly below
        "overfits_most" the same: of several, by clearly the largest gap
        "overfit_alike" lanes, gap, epoch: the largest gap and all that cannot be told from it
        "none_overfits" lane, gap, error, epoch: the largest gap is within its interval
        "slight" the same: it is not, but it is small
        "risen" lane, best, best_epoch, risen, error: the validation loss of the lane that overfits
            most was clearly lower before
        "overfits_least" lane, gap, error: clearly the smallest gap of several
        "overfits_least_alike" lanes: the smallest gaps, which cannot be told apart
        "underfits" lanes, constant, epoch: training losses that are not below a constant's
        "lowest" lane, validation, lead, error: the lowest validation loss of several, by how much
        "lowest_alike" lanes · "lowest_none": those that cannot be told from it, or that none can
        "few_rows" rows
    """
    told = _diverged(look)
    lanes = _compared(look)
    if not lanes or look.constant is None:
        return told if told else (Fact("not_trained", {}),)
    under = [i for i, lane in lanes.items() if underfits(lane, look.constant)]
    fitted = {i: lane for i, lane in lanes.items() if i not in under}
    facts = _gaps(fitted, look.constant, look.epoch) if fitted else []
    if under:
        fields = {"lanes": under, "constant": look.constant.train, "epoch": look.epoch}
        facts.append(Fact("underfits", fields))
    facts += [*_lowest(lanes), *told]
    if n_validation < FEW_ROWS:
        facts.append(Fact("few_rows", {"rows": n_validation}))
    return tuple(facts)


def error_facts(look: Look) -> tuple[Fact, ...]:
    """Which of several lanes errs least on the test rows.

    Codes and fields: "test" lane · "test_alike" lanes · "test_none", as for the lowest validation
    loss.
    """
    lanes = _compared(look)
    if len(lanes) < 2:
        return ()
    means = {i: float(np.mean(_rows(lane).test)) for i, lane in lanes.items()}

    def above(low: int, high: int) -> Difference:
        apart = _rows(lanes[high]).test - _rows(lanes[low]).test
        return means[high] - means[low], standard_error(apart)

    best = min(means, key=lambda i: means[i])
    return (_ranked("test", best, level_with(best, lanes, above), len(lanes)),)


def underfits(lane: LaneLook, constant: Constant) -> bool:
    """Whether the training loss is at or above that of the best constant."""
    return lane.train[-1] >= constant.train * (1.0 - ROUNDING)


def excess_gap(lane: LaneLook, constant: Constant) -> Difference:
    """The gap of a lane beyond that of the constant, and its standard error."""
    rows = _rows(lane)
    error = math.hypot(
        standard_error(rows.validation - constant.validation_rows),
        standard_error(rows.train - constant.train_rows),
    )
    return lane.gap - constant.gap, error


def _rows(lane: LaneLook) -> RowLosses:
    if lane.rows is None:
        raise ValueError("a lane that was trained has the losses of its rows")
    return lane.rows


def _compared(look: Look) -> Lanes:
    """Lanes that were trained and whose losses are numbers."""
    return {
        i: lane
        for i, lane in enumerate(look.lanes)
        if lane.train
        and lane.rows is not None
        and lane.diverged is None
        and math.isfinite(lane.train[-1])
        and math.isfinite(lane.validation[-1])
    }


def _diverged(look: Look) -> tuple[Fact, ...]:
    left = [(i, lane.diverged) for i, lane in enumerate(look.lanes) if lane.diverged is not None]
    return (Fact("diverged", {"left": left}),) if left else ()


def _ranked(what: str, best: int, alike: list[int], count: int, **numbers: float) -> Fact:
    """One that is best, several that cannot be told apart, or all of them."""
    if len(alike) == count:
        return Fact(f"{what}_none", {})
    if len(alike) > 1:
        return Fact(f"{what}_alike", {"lanes": alike})
    return Fact(what, {"lane": best, **numbers})


def _gaps(lanes: Lanes, constant: Constant, epoch: int) -> list[Fact]:
    """What is said of the gaps of lanes that fit at all."""
    gaps = {i: excess_gap(lane, constant) for i, lane in lanes.items()}
    sure = [i for i in lanes if clear(*gaps[i])]
    large = [i for i in sure if gaps[i][0] > SLIGHT * lanes[i].validation[-1]]
    if not large:
        most = max(sure or lanes, key=lambda i: gaps[i][0])
        gap, error = gaps[most]
        fields = {"lane": most, "gap": gap, "error": error, "epoch": epoch}
        return [Fact("slight" if sure else "none_overfits", fields)]
    worst = max(large, key=lambda i: gaps[i][0])
    # The constant is the same for both and drops out of their difference.
    level = level_with(worst, lanes, lambda one, other: _gap_apart(lanes[one], lanes[other]))
    alike = [i for i in level if i in large]
    least = _least(lanes, gaps, level)
    if len(alike) > 1:
        told = {"lanes": alike, "gap": gaps[worst][0], "epoch": epoch}
        return [Fact("overfit_alike", told), *least]
    lane = lanes[worst]
    numbers = {
        "lane": worst,
        "gap": gaps[worst][0],
        "error": gaps[worst][1],
        "validation": lane.validation[-1],
        "train": lane.train[-1],
        "constant_validation": constant.validation,
        "constant_train": constant.train,
        "epoch": epoch,
    }
    code = "overfits_most" if len(lanes) > 1 and level == [worst] else "overfits"
    return [Fact(code, numbers), *_risen(worst, lane), *least]


def _gap_apart(high: LaneLook, low: LaneLook) -> Difference:
    """By how much one gap is above another, paired over the rows of both parts."""
    a, b = _rows(high), _rows(low)
    error = math.hypot(
        standard_error(a.validation - b.validation), standard_error(a.train - b.train)
    )
    return high.gap - low.gap, error


def _least(lanes: Lanes, gaps: dict[int, Difference], worst: list[int]) -> list[Fact]:
    """The smallest gaps, unless they cannot be told from the largest."""
    least = min(lanes, key=lambda i: gaps[i][0])
    alike = level_with(least, lanes, lambda one, other: _gap_apart(lanes[other], lanes[one]))
    if set(alike) & set(worst):
        return []
    if len(alike) > 1:
        return [Fact("overfits_least_alike", {"lanes": alike})]
    gap, error = gaps[least]
    return [Fact("overfits_least", {"lane": least, "gap": gap, "error": error})]


def _risen(number: int, lane: LaneLook) -> list[Fact]:
    """Whether stopping earlier would have been better."""
    best = int(np.argmin(lane.validation))
    low, now = lane.validation[best], lane.validation[-1]
    rows = _rows(lane)
    error = standard_error(rows.validation - rows.best)
    if now - low <= SLIGHT_RISE * low or not clear(now - low, error):
        return []
    fields = {"lane": number, "best": low, "best_epoch": best + 1, "risen": now - low}
    return [Fact("risen", {**fields, "error": error})]


def _lowest(lanes: Lanes) -> list[Fact]:
    """The lowest validation loss of several."""
    if len(lanes) == 1:
        return []

    def above(low: int, high: int) -> Difference:
        apart = _rows(lanes[high]).validation - _rows(lanes[low]).validation
        return lanes[high].validation[-1] - lanes[low].validation[-1], standard_error(apart)

    best = min(lanes, key=lambda i: lanes[i].validation[-1])
    lead, error = min(above(best, i) for i in lanes if i != best)
    numbers = {"validation": lanes[best].validation[-1], "lead": lead, "error": error}
    return [_ranked("lowest", best, level_with(best, lanes, above), len(lanes), **numbers)]
