"""What a comparison of two penalties shows, as statements computed from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shrinkage.linear.comparison import PenaltySide


@dataclass(frozen=True)
class Fact:
    """One computed statement: a stable code and the numbers it is made of."""

    code: str
    fields: Mapping[str, Any]


def summary_facts(l1: PenaltySide, l2: PenaltySide, n_test: int = 0) -> tuple[Fact, ...]:
    """What the first sentence says, computed: at each side's λ.1se, against the best of both.

    Codes and fields:
        "l1_keeps" kept, total, zero · "l1_keeps_none" total
        "within_one_se" | "above_one_se" error, best, std_error, best_penalty: whether L1's CV error
            at λ.1se is within one standard error of the lowest CV error of the two paths
        "better_l1" | "better_l2" | "tied" l1, l2: lowest CV errors; tied within one standard error
        "l2_small" small, total: features L2 leaves below 1 % of the largest at its λ.1se
        "test" rows, l1, l2: test errors of each at its λ.1se, if rows were split off
        "at_edge" penalty: λ.min lies at the least-penalized end of the grid
    """
    total = l1.coefs.shape[0]
    kept = int(l1.n_nonzero[l1.i_1se])
    lowest = {side.penalty: float(side.cv_mean[side.i_min]) for side in (l1, l2)}
    best = min((l1, l2), key=lambda side: lowest[side.penalty])
    spread = float(best.cv_std_error[best.i_min])
    error = float(l1.cv_mean[l1.i_1se])
    close = error <= lowest[best.penalty] + spread
    tied = abs(lowest["l1"] - lowest["l2"]) <= spread
    facts = [
        Fact("l1_keeps", {"kept": kept, "total": total, "zero": total - kept})
        if kept
        else Fact("l1_keeps_none", {"total": total}),
        Fact(
            "within_one_se" if close else "above_one_se",
            {
                "error": error,
                "best": lowest[best.penalty],
                "std_error": spread,
                "best_penalty": best.penalty,
            },
        ),
        Fact("tied" if tied else f"better_{best.penalty}", dict(lowest)),
        Fact("l2_small", {"small": int(l2.n_small[l2.i_1se]), "total": total}),
    ]
    if l1.test_error is not None and l2.test_error is not None:
        errors = (float(l1.test_error[l1.i_1se]), float(l2.test_error[l2.i_1se]))
        facts.append(Fact("test", {"rows": n_test, "l1": errors[0], "l2": errors[1]}))
    for side in (l1, l2):
        if side.i_min == side.grid[-1]:
            facts.append(Fact("at_edge", {"penalty": side.penalty}))
    return tuple(facts)
