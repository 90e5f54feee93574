"""A race in words: who overfits and by how much; names and numbers of the lanes."""

from __future__ import annotations

from typing import Any

from shrinkage.app.board import LETTERS, LaneTexts, RaceTexts
from shrinkage.app.race_facts import error_facts, excess_gap, race_facts
from shrinkage.app.race_look import VOTERS, Constant, LaneLook, Look, Table
from shrinkage.app.views.lanes import lane_label, results_label, rules_label
from shrinkage.app.views.text import Translator, count, number
from shrinkage.linear.facts import Fact


def race_sentence(look: Look, table: Table | None, t: Translator) -> str:
    """One paragraph from the numbers of the race alone."""
    if table is None:
        return t("network.fact.not_trained")
    facts = race_facts(look, table.validation.n)
    return t("fact.join").join(_say(fact, look, t) for fact in facts)


def _say(fact: Fact, look: Look, t: Translator) -> str:
    shown = {name: _show(name, value, look, t) for name, value in fact.fields.items()}
    return t(f"network.fact.{fact.code}", **shown)


def race_texts(look: Look, table: Table | None, t: Translator) -> RaceTexts:
    """What the board writes beside its charts."""
    classes = table is not None and table.classes
    kind = "" if table is None else "_share" if classes else "_rmse"
    return RaceTexts(
        lanes=[_lane_texts(lane, look.constant, classes, t) for lane in look.lanes],
        zeros=t("network.title.zeros"),
        zeros_note=t("network.note.zeros") + _cut_note(look, t),
        test=t(f"network.title.test{kind}"),
        test_note="" if table is None else _test_note(look, table.test.n, t),
    )


def _cut_note(look: Look, t: Translator) -> str:
    """The lanes whose zeros all belong to units through which nothing passes."""
    return "".join(
        t("network.note.cut_off", lane=letter, units=count(lane.cut_off))
        for letter, lane in zip(LETTERS, look.lanes, strict=False)
        if 0 < lane.zeros == lane.cut_zeros
    )


def _test_note(look: Look, rows: int, t: Translator) -> str:
    note = t("network.note.test", rows=count(rows))
    for fact in error_facts(look):
        note += t("fact.join") + _say(fact, look, t)
    if all(lane.vote is None for lane in look.lanes):
        return note
    return note + t("network.note.vote", members=count(VOTERS))


def _lane_texts(
    lane: LaneLook, constant: Constant | None, classes: bool, t: Translator
) -> LaneTexts:
    note = ""
    if lane.diverged is not None:
        note = t("network.note.diverged", epoch=count(lane.diverged))
    elif lane.train:
        note = t(
            "network.note.gap",
            gap=number(lane.gap),
            validation=number(lane.validation[-1]),
            train=number(lane.train[-1]),
        )
        if constant is not None and lane.rows is not None:
            excess, error = excess_gap(lane, constant)
            beyond = {"excess": number(excess), "error": number(error, 2)}
            note += t("network.note.beyond", **beyond)
    zeros = test = ""
    if lane.total:
        share = _percent(lane.zeros / lane.total)
        zeros = t("network.zeros", share=share, zeros=count(lane.zeros), total=count(lane.total))
    if lane.test_error is not None:
        test = error_text(lane.test_error, classes=classes)
        if lane.deviation is not None:
            test = t("network.test_error", **_with_deviation(lane, classes))
    if lane.vote is not None:
        test = t("network.test_vote", error=test, vote=error_text(lane.vote, classes=classes))
    return LaneTexts(results_label(lane, t), note, zeros, test)


def _with_deviation(lane: LaneLook, classes: bool) -> dict[str, str]:
    """A test error and its standard error; a per cent sign stands once."""
    error, deviation = lane.test_error or 0.0, lane.deviation or 0.0
    if classes:
        return {"error": f"{100 * error:.1f}", "deviation": _percent(deviation)}
    return {"error": error_text(error, classes=False), "deviation": number(deviation, 2)}


def error_text(error: float, *, classes: bool, digits: int = 3) -> str:
    """A test error: a share of wrong classes, or a number in units of the target."""
    return _percent(error, digits - 2) if classes else number(error, digits, zeros=True)


def _percent(share: float, decimals: int = 1) -> str:
    return f"{100 * share:.{decimals}f}\N{NARROW NO-BREAK SPACE}%"


def _show(name: str, value: Any, look: Look, t: Translator) -> str:
    if name == "lane":
        return _lane_name(value, look, t)
    if name == "lanes":
        return _listed([_lane_name(i, look, t) for i in value], t)
    if name == "left":
        epochs = sorted({epoch for _, epoch in value})
        together = [[_lane_name(i, look, t) for i, at in value if at == e] for e in epochs]
        said = zip(together, epochs, strict=True)
        return _listed([t("network.left", lane=_listed(n, t), epoch=count(e)) for n, e in said], t)
    if name == "error":
        return number(value, 2)
    return count(value) if isinstance(value, int) else number(value)


def _listed(names: list[str], t: Translator) -> str:
    """As in: A, B and C."""
    *most, last = names
    return t("network.and").join([t("network.comma").join(most), last] if most else [last])


def _lane_name(i: int, look: Look, t: Translator) -> str:
    """What a lane's results were trained under; what is to come stands on the board."""
    seen = look.lanes[i]
    label = rules_label(seen.rules, t) if seen.rules else lane_label(seen.lane, t)
    return t("network.lane_name", letter=LETTERS[i], label=label)
