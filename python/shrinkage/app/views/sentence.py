"""The finding in words, from the facts of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from shrinkage.app.runs import LinearResult
from shrinkage.app.views.text import Translator, count, duration, number
from shrinkage.linear.certificate import Certificate
from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.facts import Fact, at_edge
from shrinkage.linear.sides import PenaltySide

FEW_ROWS = 30
"""Below so many training rows the errors are too uncertain to say which penalty is better."""


VERDICTS = ("tied", "better_l1", "better_l2")


def sentence(result: LinearResult, t: Translator) -> str:
    """One paragraph: what L1 keeps, how good that is, which penalty predicts better, the test."""
    comparison = result.comparison
    opening = ("l1_keeps", "l1_keeps_none", "within_one_se", "above_one_se", "no_errors")
    keeps = _said(comparison, t, opening)
    return t("fact.join").join([*keeps, *_verdict(comparison, t), *_test(comparison, t)])


def _verdict(comparison: PenaltyComparison, t: Translator) -> list[str]:
    """Which penalty predicts better, or why that cannot be said."""
    codes = {fact.code for fact in comparison.facts}
    no_signal = {"l1_keeps_none", "within_one_se"} <= codes
    said = [t("fact.no_signal")] if no_signal else []
    if comparison.n_rows < FEW_ROWS:
        return [*said, t("fact.few_rows", rows=count(comparison.n_rows))]
    if no_signal or "no_errors" in codes:
        return said
    edges = at_edge(comparison.l1, comparison.l2)
    if len(edges) == 2:
        return [t("fact.at_edge_both")]
    if edges:
        return [t("fact.at_edge", penalty=t(f"penalty.{edges[0]}"))]
    return _compared(comparison, t, VERDICTS, "fact.interval")


def _test(comparison: PenaltyComparison, t: Translator) -> list[str]:
    """The test error of each penalty, at which λ it is, and whether they can be told apart."""
    if comparison.n_test == 0:
        return []
    sides = {side.penalty: _test_error(side, t) for side in (comparison.l1, comparison.l2)}
    said = t("fact.test", rows=count(comparison.n_test), **sides)
    codes = [f"test_{code}" for code in VERDICTS]
    return [said, *_compared(comparison, t, codes, "fact.test_interval")]


def _test_error(side: PenaltySide, t: Translator) -> str:
    assert side.test_error is not None
    assert side.test_std_error is not None
    i = side.i_1se
    spread = float(side.test_std_error[i])
    key = "fact.test_error" if math.isfinite(spread) else "fact.test_error_one"
    values = {"error": side.test_error[i], "std_error": spread, "lam": side.lambdas[i]}
    return t(key, **{name: number(value) for name, value in values.items()})


def _compared(
    comparison: PenaltyComparison, t: Translator, codes: Sequence[str], interval: str
) -> list[str]:
    """A verdict with the interval that it rests on."""
    said = []
    for fact in comparison.facts:
        if fact.code in codes:
            ends = {name: number(fact.fields[name]) for name in ("difference", "low", "high")}
            said += [t(f"fact.{fact.code}"), t(interval, **ends)]
    return said


def _said(comparison: PenaltyComparison, t: Translator, codes: Sequence[str]) -> list[str]:
    facts = [fact for fact in comparison.facts if fact.code in codes]
    measure = t(f"measure.{comparison.score}")
    return [
        t(_key(f), **{k: _show(v, t) for k, v in f.fields.items()}, measure=measure) for f in facts
    ]


def _key(fact: Fact) -> str:
    """The words of a fact; "all 1 features" is said in another way."""
    one = fact.code.startswith("l1_keeps") and fact.fields["total"] == 1
    return f"fact.{fact.code}_one" if one else f"fact.{fact.code}"


def certificate(result: LinearResult, t: Translator) -> str:
    """How exact the fits are, by their certificates; how they were made, and how fast."""
    took = t(
        "linear.took",
        seconds=duration(result.seconds),
        l1=_regimes(result.comparison.l1, t),
        l2=_regimes(result.comparison.l2, t),
    )
    kinds = dict.fromkeys(each.kind for each in result.certificates)
    exact = [_exact([c for c in result.certificates if c.kind == kind], t) for kind in kinds]
    return t("fact.join").join([*exact, took])


def _exact(certificates: Sequence[Certificate], t: Translator) -> str:
    """The worst certificate of one kind, and how many do not hold."""
    worst = max(certificates, key=lambda each: each.size)
    said = {
        "measure": t(f"certificate.{worst.kind}"),
        "value": number(worst.value, zeros=True),
        "tol": number(worst.tolerance, zeros=True),
    }
    missed = sum(not each.holds for each in certificates)
    if missed == 0:
        return t("linear.certificate", **said)
    total = count(len(certificates))
    return t("linear.certificate_missed", missed=count(missed), total=total, **said)


def _regimes(side: PenaltySide, t: Translator) -> str:
    """How the path was computed, in the user's words; the all-zero start is no computation."""
    names = [str(name) for name in dict.fromkeys(side.regimes) if name != "null"] or ["null"]
    return t("regime.join").join(t(f"regime.{name}") for name in names)


def _show(value: Any, t: Translator) -> str:
    if isinstance(value, str):
        return t(f"penalty.{value}")
    return count(value) if isinstance(value, int) else number(value)
