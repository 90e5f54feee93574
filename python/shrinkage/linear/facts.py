"""What a comparison of two penalties shows, as statements computed from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shrinkage.linear.paired import Difference
from shrinkage.linear.sides import PenaltySide


@dataclass(frozen=True)
class Fact:
    """One computed statement: a stable code and the numbers it is made of."""

    code: str
    fields: Mapping[str, Any]


def summary_facts(
    l1: PenaltySide,
    l2: PenaltySide,
    n_test: int = 0,
    *,
    cv: Difference,
    test: Difference | None = None,
) -> tuple[Fact, ...]:
    """What the first sentence says, computed: at each side's λ.1se, against the best of both.

    Codes and fields:
        "l1_keeps" kept, total, zero · "l1_keeps_none" total
        "within_one_se" | "above_one_se" error, best, std_error, best_penalty: whether L1's CV error
            at λ.1se is within one standard error of the lowest CV error of the two paths
        "better_l1" | "better_l2" | "tied" l1, l2: lowest CV errors; difference, low, high: L1 less
            L2 with its interval; tied where the interval holds zero
        "no_errors": in place of the last two, where a CV error is not a finite number
        "l2_small" small, total: features L2 leaves below 1 % of the largest at its λ.1se
        "test" rows, l1, l2: test errors of each at its λ.1se, if rows were split off
        "test_better_l1" | "test_better_l2" | "test_tied" difference, low, high: L1 less L2 there;
            left out where one row gives no interval
        "at_edge" penalty: see `at_edge`

    Args:
        l1, l2: the two paths.
        n_test: number of test rows.
        cv: difference of the CV errors of L1 and L2, each at its λ.min.
        test: difference of their test errors, each at its λ.1se.
    """
    total = l1.coefs.shape[0]
    kept = int(l1.n_nonzero[l1.i_1se])
    return (
        Fact("l1_keeps", {"kept": kept, "total": total, "zero": total - kept})
        if kept
        else Fact("l1_keeps_none", {"total": total}),
        *_cv_facts(l1, l2, cv),
        Fact("l2_small", {"small": int(l2.n_small[l2.i_1se]), "total": total}),
        *_test_facts(l1, l2, n_test, test),
        *(Fact("at_edge", {"penalty": penalty}) for penalty in at_edge(l1, l2)),
    )


def at_edge(l1: PenaltySide, l2: PenaltySide) -> tuple[str, ...]:
    """Penalties whose lowest CV error lies at an end of their grid, so that it may lie beyond.

    At the strong end of L1 everything is zero: nothing lies beyond.
    """
    edges = {"l1": (l1.grid[-1],), "l2": (l2.grid[0], l2.grid[-1])}
    return tuple(side.penalty for side in (l1, l2) if side.i_min in edges[side.penalty])


def _cv_facts(l1: PenaltySide, l2: PenaltySide, cv: Difference) -> tuple[Fact, ...]:
    lowest = {side.penalty: float(side.cv_mean[side.i_min]) for side in (l1, l2)}
    best = min((l1, l2), key=lambda side: lowest[side.penalty])
    spread = float(best.cv_std_error[best.i_min])
    error = float(l1.cv_mean[l1.i_1se])
    if not (np.isfinite([*lowest.values(), spread, error]).all() and cv.known):
        return (Fact("no_errors", {}),)
    close = error <= lowest[best.penalty] + spread
    fields = {
        "error": error,
        "best": lowest[best.penalty],
        "std_error": spread,
        "best_penalty": best.penalty,
    }
    return (
        Fact("within_one_se" if close else "above_one_se", fields),
        Fact(_verdict(cv), {**lowest, **_interval(cv)}),
    )


def _test_facts(
    l1: PenaltySide, l2: PenaltySide, n_test: int, test: Difference | None
) -> tuple[Fact, ...]:
    if l1.test_error is None or l2.test_error is None:
        return ()
    errors = {side.penalty: side.test_error[side.i_1se] for side in (l1, l2)}  # type: ignore[index]
    said = Fact("test", {"rows": n_test, "l1": float(errors["l1"]), "l2": float(errors["l2"])})
    if test is None or not test.known:
        return (said,)
    return said, Fact(f"test_{_verdict(test)}", _interval(test))


def _verdict(difference: Difference) -> str:
    if difference.tied:
        return "tied"
    return "better_l1" if difference.mean < 0.0 else "better_l2"


def _interval(difference: Difference) -> dict[str, float]:
    return {"difference": difference.mean, "low": difference.low, "high": difference.high}
