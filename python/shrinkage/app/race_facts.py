"""Who overfits, by how much: statements computed from the losses of a race."""

from __future__ import annotations

import numpy as np

from shrinkage.app.race_look import LaneLook, Look
from shrinkage.linear.facts import Fact

ALIKE = 0.05
"""Two gaps, or two losses, that differ by less than this share of the larger are called alike."""
SLIGHT = 0.1
"""A gap below this share of the validation loss is not called overfitting."""
FEW_ROWS = 30
"""Below so many validation rows all of this is uncertain."""


def race_facts(look: Look, n_validation: int) -> tuple[Fact, ...]:
    """What the sentence says, in its order; lanes by their number.

    The gap is the validation loss minus the training loss after the last epoch, both with all units
    on. Lanes that diverged are told, not compared.

    Codes and fields:
        "not_trained": no epoch is over · "diverged" lane, epoch
        "overfits" lane, gap, validation, train: the only lane
        "overfits_most" the same: of several, by clearly the largest gap
        "overfit_alike" lanes, gap, epoch: the largest gap and all that are alike
        "none_overfits" lane, gap: no gap is worth the name; the largest
        "risen" lane, best, best_epoch, risen: the validation loss of the lane that overfits most
            was clearly lower before
        "overfits_least" lane, gap: the smallest gap of several
        "lowest" lane, validation · "lowest_alike" lanes · "lowest_none": the lowest validation loss
            of several, those alike, or that all are
        "few_rows" rows
    """
    told = [
        Fact("diverged", {"lane": i, "epoch": lane.diverged})
        for i, lane in enumerate(look.lanes)
        if lane.diverged is not None
    ]
    lanes = {i: lane for i, lane in enumerate(look.lanes) if lane.train and lane.diverged is None}
    if not lanes:
        return tuple(told) if told else (Fact("not_trained", {}),)
    facts = [*_gaps(lanes, look.epoch), *_lowest(lanes), *told]
    if n_validation < FEW_ROWS:
        facts.append(Fact("few_rows", {"rows": n_validation}))
    return tuple(facts)


def _gaps(lanes: dict[int, LaneLook], epoch: int) -> list[Fact]:
    worst = max(lanes, key=lambda i: lanes[i].gap)
    lane = lanes[worst]
    if lane.gap <= SLIGHT * lane.validation[-1]:
        return [Fact("none_overfits", {"lane": worst, "gap": lane.gap, "epoch": epoch})]
    alike = [i for i in lanes if lanes[i].gap >= (1.0 - ALIKE) * lane.gap]
    if len(alike) > 1:
        return [Fact("overfit_alike", {"lanes": alike, "gap": lane.gap, "epoch": epoch})]
    numbers = {"gap": lane.gap, "validation": lane.validation[-1], "train": lane.train[-1]}
    code = "overfits" if len(lanes) == 1 else "overfits_most"
    facts = [Fact(code, {"lane": worst, **numbers, "epoch": epoch}), *_risen(worst, lane)]
    if len(lanes) > 1:
        least = min(lanes, key=lambda i: lanes[i].gap)
        facts.append(Fact("overfits_least", {"lane": least, "gap": lanes[least].gap}))
    return facts


def _risen(number: int, lane: LaneLook) -> list[Fact]:
    """Whether stopping earlier would have been better."""
    best = int(np.argmin(lane.validation))
    low, now = lane.validation[best], lane.validation[-1]
    if now <= (1.0 + ALIKE) * low:
        return []
    fields = {"lane": number, "best": low, "best_epoch": best + 1, "risen": now - low}
    return [Fact("risen", fields)]


def _lowest(lanes: dict[int, LaneLook]) -> list[Fact]:
    if len(lanes) == 1:
        return []
    now = {i: lane.validation[-1] for i, lane in lanes.items()}
    best = min(now, key=lambda i: now[i])
    alike = [i for i in lanes if (1.0 - ALIKE) * now[i] <= now[best]]
    if len(alike) == len(lanes):
        return [Fact("lowest_none", {})]
    if len(alike) > 1:
        return [Fact("lowest_alike", {"lanes": alike})]
    return [Fact("lowest", {"lane": best, "validation": now[best]})]
