"""The rules behind the first sentence, each at its boundary, on numbers made by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from shrinkage.linear.facts import Fact, at_edge, summary_facts
from shrinkage.linear.paired import Difference, paired_over_folds, paired_over_rows
from support.sides import TIED, side

LOW = [5.0, 4.5, 4.0, 4.2]  # lowest at number 2; λ.1se is number 1


def codes(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.code for fact in facts]


def one(facts: tuple[Fact, ...], *names: str) -> Fact:
    (fact,) = (fact for fact in facts if fact.code in names)
    return fact


# L1's error at λ.1se against the lowest of both and its standard error, .5.
@pytest.mark.parametrize(
    ("error", "l2_lowest", "code"),
    [
        (4.0 + 0.99 * 0.5, 6.0, "within_one_se"),
        (4.0 + 1.00 * 0.5, 6.0, "within_one_se"),
        (4.0 + 1.01 * 0.5, 6.0, "above_one_se"),
        (4.0 + 1.90 * 0.5, 6.0, "above_one_se"),
        # Within one of L1's own lowest, 4, and not of L2's, which is lower.
        (4.4, 3.75, "above_one_se"),
        (4.4, 3.90, "within_one_se"),
        (4.0, 4.0, "within_one_se"),
    ],
)
def test_the_error_is_judged_by_the_lowest_of_both(
    error: float, l2_lowest: float, code: str
) -> None:
    l1 = side("l1", [9.0, error, 4.0, 4.2], spread=0.5, i_min=2)
    l2 = side("l2", [9.0, 8.0, l2_lowest, 8.5], spread=0.5)
    fact = one(summary_facts(l1, l2, cv=TIED), "within_one_se", "above_one_se")
    best = min(4.0, l2_lowest)
    assert fact.code == code
    assert fact.fields == {
        "error": error,
        "best": best,
        "std_error": 0.5,
        "best_penalty": "l2" if l2_lowest < 4.0 else "l1",
    }


def test_the_standard_error_is_that_of_the_lowest_error() -> None:
    l1 = side("l1", [9.0, 4.5, 4.0, 4.2], spread=[1.0, 2.0, 3.0, 4.0])
    l2 = side("l2", [9.0, 8.0, 3.9, 8.5], spread=[5.0, 6.0, 0.7, 8.0])
    assert one(summary_facts(l1, l2, cv=TIED), "within_one_se").fields["std_error"] == 0.7
    l2 = side("l2", [9.0, 8.0, 4.1, 8.5], spread=[5.0, 6.0, 0.7, 8.0])
    assert one(summary_facts(l1, l2, cv=TIED), "within_one_se").fields["std_error"] == 3.0


VERDICTS = [
    (0.0, 1.0, "tied"),
    (0.99, 1.0, "tied"),
    (1.0, 1.0, "tied"),
    (1.01, 1.0, "better_l2"),
    (1.9, 1.0, "better_l2"),
    (-0.99, 1.0, "tied"),
    (-1.01, 1.0, "better_l1"),
    (0.0, 0.0, "tied"),
    (1e-9, 0.0, "better_l2"),
]


@pytest.mark.parametrize(("mean", "half_width", "code"), VERDICTS)
def test_a_difference_within_its_interval_is_a_tie(
    mean: float, half_width: float, code: str
) -> None:
    difference = Difference(mean, half_width)
    l1, l2 = side("l1", LOW, test=LOW), side("l2", LOW, test=LOW)
    facts = summary_facts(l1, l2, 30, cv=difference, test=difference)
    interval = {"difference": mean, "low": mean - half_width, "high": mean + half_width}
    fact = one(facts, "tied", "better_l1", "better_l2")
    assert (fact.code, fact.fields) == (code, {"l1": 4.0, "l2": 4.0, **interval})
    fact = one(facts, "test_tied", "test_better_l1", "test_better_l2")
    assert (fact.code, fact.fields) == (f"test_{code}", interval)


@pytest.mark.parametrize(
    ("penalty", "i_min", "edges"),
    [
        ("l1", 0, ()),
        ("l1", 2, ()),
        ("l1", 3, ("l1",)),
        ("l2", 0, ("l2",)),
        ("l2", 1, ()),
        ("l2", 2, ()),
        ("l2", 3, ("l2",)),
    ],
)
def test_a_minimum_at_an_edge_beyond_which_there_is_more(
    penalty: str, i_min: int, edges: tuple[str, ...]
) -> None:
    sides = {p: side(p, LOW, i_min=i_min if p == penalty else 1) for p in ("l1", "l2")}
    assert at_edge(**sides) == edges
    facts = summary_facts(**sides, cv=TIED)
    assert tuple(f.fields["penalty"] for f in facts if f.code == "at_edge") == edges


def test_the_edge_is_that_of_the_regular_grid_and_both_may_lie_there() -> None:
    l1 = side("l1", LOW, i_min=3)
    l2 = side("l2", [9.0, *LOW, 9.0], grid=[1, 2, 3, 4], i_min=4)
    assert at_edge(l1, l2) == ("l1", "l2")
    l2 = side("l2", [9.0, *LOW, 9.0], grid=[1, 2, 3, 4], i_min=1)
    assert at_edge(l1, l2) == ("l1", "l2")
    assert at_edge(side("l1", [4.0], i_1se=0), side("l2", [4.0], i_1se=0)) == ("l1", "l2")


@pytest.mark.parametrize(("kept", "code"), [(0, "l1_keeps_none"), (1, "l1_keeps"), (3, "l1_keeps")])
def test_what_is_kept_is_counted_at_the_1se_of_l1(kept: int, code: str) -> None:
    coefs = np.ones((3, 4))
    coefs[kept:, 1] = 0.0
    fact = summary_facts(side("l1", LOW, coefs=coefs), side("l2", LOW), cv=TIED)[0]
    assert fact.code == code
    assert fact.fields == ({"kept": kept, "total": 3, "zero": 3 - kept} if kept else {"total": 3})


def test_small_weights_are_counted_at_the_1se_of_l2() -> None:
    l2 = side("l2", LOW, i_1se=1, i_min=2)
    l2.n_small[:] = [5, 6, 7, 8]
    fact = one(summary_facts(side("l1", LOW, i_1se=0), l2, cv=TIED), "l2_small")
    assert fact.fields == {"small": 6, "total": 3}


NAN = math.nan


@pytest.mark.parametrize(
    "broken",
    [
        {"l1": {"cv": [5.0, NAN, 4.0, 4.2], "i_min": 2}},
        {"l1": {"cv": [5.0, 4.5, NAN, 4.2], "i_min": 2}},
        {"l2": {"cv": [5.0, 4.5, NAN, 4.2], "i_min": 2}},
        {"l2": {"cv": [5.0, 4.5, math.inf, 4.2], "i_min": 2}},
        {"l1": {"spread": NAN}},
        {"difference": Difference(NAN, 1.0)},
        {"difference": Difference(0.0, NAN)},
    ],
)
def test_nothing_is_claimed_of_what_is_not_finite(broken: dict[str, Any]) -> None:
    made = {p: side(p, **{"cv": LOW, "spread": 0.5, **broken.get(p, {})}) for p in ("l1", "l2")}
    facts = summary_facts(made["l1"], made["l2"], cv=broken.get("difference", TIED))
    assert codes(facts) == ["l1_keeps", "no_errors", "l2_small"]


def test_test_errors_are_those_at_each_ones_1se() -> None:
    l1 = side("l1", LOW, i_1se=1, test=[1.0, 2.0, 3.0, 4.0])
    l2 = side("l2", LOW, i_1se=2, test=[5.0, 6.0, 7.0, 8.0])
    facts = summary_facts(l1, l2, 12, cv=TIED, test=Difference(0.1, 0.2))
    assert one(facts, "test").fields == {"rows": 12, "l1": 2.0, "l2": 7.0}
    assert not any(
        code.startswith("test") for code in codes(summary_facts(l1, side("l2", LOW), cv=TIED))
    )


def test_one_test_row_gives_no_verdict() -> None:
    l1, l2 = side("l1", LOW, test=LOW), side("l2", LOW, test=LOW)
    difference = paired_over_rows([3.0], [1.0])
    assert difference.mean == 2.0
    assert not difference.tied
    facts = summary_facts(l1, l2, 1, cv=TIED, test=difference)
    assert [code for code in codes(facts) if code.startswith("test")] == ["test"]
    assert not paired_over_rows([], []).known


def test_the_interval_over_rows_is_students() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 25))
    got = paired_over_rows(a, b)
    interval = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (got.low, got.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert paired_over_rows(a, a) == Difference(0.0, 0.0)


def test_the_interval_over_folds_allows_for_shared_training_rows() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 10))
    got = paired_over_folds(a, b, np.ones(10))
    plain = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert got.mean == pytest.approx((a - b).mean())
    wider = np.sqrt(10 * (1 / 10 + 1 / 9))  # Nadeau & Bengio
    assert got.high - got.low == pytest.approx(wider * (plain.high - plain.low), rel=1e-12)


def test_folds_count_by_their_rows() -> None:
    d = np.array([1.0, 2.0, 4.0])
    got = paired_over_folds(d, np.zeros(3), [1.0, 1.0, 2.0])
    mean = (1.0 + 2.0 + 2 * 4.0) / 4
    spread = np.average((d - mean) ** 2, weights=[1.0, 1.0, 2.0]) * 3 / 2
    half = stats.t.ppf(0.975, 2) * np.sqrt(spread * (1 / 3 + 1 / 2))
    assert (got.mean, got.half_width) == pytest.approx((mean, half))
    assert not paired_over_folds([1.0], [2.0], [5.0]).known
