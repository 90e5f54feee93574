"""The finding in words, from the facts of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shrinkage.app.runs import LinearResult
from shrinkage.app.views.text import Translator, count, number, plain
from shrinkage.linear.comparison import TOL, PenaltyComparison

_FINDING = (
    *("l1_keeps", "l1_keeps_none", "within_one_se", "above_one_se"),
    *("tied", "better_l1", "better_l2", "test"),
)


def sentence(result: LinearResult, t: Translator) -> str:
    """One paragraph: what L1 keeps, how good that is, which penalty predicts better, the test."""
    said = _said(result.comparison, t, _FINDING)
    if result.event is not None and result.classes is not None:
        others = count(len(result.classes) - 1)
        said.insert(0, t("fact.class_rest", event=plain(result.event), others=others))
    return t("fact.join").join(said)


def footnote(result: LinearResult, t: Translator) -> str:
    """What qualifies the finding: grids that end too early, and how exact the fits are."""
    edges = _said(result.comparison, t, ("at_edge",))
    return t("fact.join").join([*edges, _certificate(result, t)])


def _said(comparison: PenaltyComparison, t: Translator, codes: Sequence[str]) -> list[str]:
    facts = [fact for fact in comparison.facts if fact.code in codes]
    return [t(f"fact.{f.code}", **{k: _show(v, t) for k, v in f.fields.items()}) for f in facts]


def _certificate(result: LinearResult, t: Translator) -> str:
    """How exact the fits are, by their duality gaps."""
    gaps = result.gaps
    said = {"gap": number(gaps.max(initial=0.0), 2), "tol": number(TOL)}
    missed = int((gaps > TOL).sum())
    if missed == 0:
        return t("linear.certificate", **said)
    return t("linear.certificate_missed", missed=count(missed), total=count(gaps.size), **said)


def _show(value: Any, t: Translator) -> str:
    if isinstance(value, str):
        return t(f"penalty.{value}")
    return count(value) if isinstance(value, int) else number(value)
