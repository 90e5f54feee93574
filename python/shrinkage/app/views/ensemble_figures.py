"""The votes of sub-networks in words: the sentence, three figures, the tables behind them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from shrinkage.app.board import Figure, plain_specs
from shrinkage.app.views.race_sentence import error_text
from shrinkage.app.views.text import Translator, count, number
from shrinkage.app.vote_facts import vote_facts
from shrinkage.app.votes import RowVotes, Votes
from shrinkage.linear.facts import Fact
from shrinkage.plots.ensemble import (
    TICKS,
    Mark,
    histogram_rows,
    histogram_spec,
    member_rows,
    members_spec,
)
from shrinkage.plots.style import Rows

DIGITS = 4
"""Of errors of a quantity: votes differ in the fourth."""
_ERRORS = ("at", "scaling", "exact")


def votes_sentence(votes: Votes, t: Translator) -> str:
    """One paragraph from the numbers of the votes alone."""
    kind = "brier" if votes.classes else "squared"

    def shown(name: str, value: Any) -> str:
        if name in _ERRORS:
            return _error(value, votes)
        if name in ("above", "error"):
            return error_text(value, classes=votes.classes, digits=3)
        return count(value) if isinstance(value, int) else number(value, DIGITS)

    def fields(fact: Fact) -> dict[str, str]:
        told = {name: shown(name, value) for name, value in fact.fields.items()}
        return told | _sum(fact) if fact.code == "gain" else told

    said = [
        t(f"ensemble.fact.{fact.code}", measure=t(f"ensemble.measure_{kind}"), **fields(fact))
        for fact in vote_facts(votes)
    ]
    return t("fact.join").join(said)


def _sum(fact: Fact) -> dict[str, str]:
    """member − variance = vote with the decimals of the vote, so that it is right as printed."""
    parts = {name: float(fact.fields[name]) for name in ("member", "variance")}
    vote = abs(parts["member"] - parts["variance"])
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(vote))) if vote > 0 else DIGITS
    rounded = {name: round(value, decimals) for name, value in parts.items()}
    rounded["vote"] = rounded["member"] - rounded["variance"]
    return {name: f"{value:,.{decimals}f}" for name, value in rounded.items()}


@lru_cache(maxsize=4)
def ensemble_specs(texts: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """The specifications in one language; the same for all votes."""
    words = dict(texts)
    return plain_specs({"members": members_spec(words), "histogram": histogram_spec(words)})


def ensemble_figures(votes: Votes, row: int, t: Translator) -> list[Figure]:
    """Error by the number of members, the members' errors, and the votes on one test row."""
    return [_members(votes, t), _spread(votes, t), _row(votes, row, t)]


def _members(votes: Votes, t: Translator) -> Figure:
    marks = _error_marks(votes, t)
    scale = _scale(votes)
    rows, signals = member_rows(scale * votes.mean, scale * votes.spread, votes.match, marks)
    note = t("ensemble.note.members", repeats=count(votes.repeats), total=count(votes.total))
    if votes.units > votes.countable:
        limit = count(votes.countable)
        note += t("ensemble.note.not_exact", units=count(votes.units), limit=limit)
    table = [
        [count(k), _error(votes.mean[k - 1], votes), _error(votes.spread[k - 1], votes)]
        for k in TICKS
        if k <= votes.members
    ]
    return Figure(
        "members",
        "members",
        rows,
        signals,
        t(f"ensemble.title.members_{_kind(votes)}"),
        note,
        [t("ensemble.column.members"), t("ensemble.column.error"), t("ensemble.column.spread")],
        [*table, *([mark.text, "", ""] for mark in marks)],
    )


def _spread(votes: Votes, t: Translator) -> Figure:
    errors, scale = votes.member_errors, _scale(votes)
    own = {"best": errors.min(), "mean": errors.mean(), "worst": errors.max()}
    marks = [
        _mark(key, _error(value, votes), scale * value, "member", t) for key, value in own.items()
    ]
    marks += _error_marks(votes, t)
    rows, signals = histogram_rows(scale * errors, marks, scale * votes.step)
    return Figure(
        "spread",
        "histogram",
        rows,
        signals,
        t(f"ensemble.title.spread_{_kind(votes)}", total=count(votes.total)),
        t("ensemble.note.spread"),
        [t("ensemble.column.errors"), t("ensemble.column.count")],
        _bins(rows, lambda value: _error(value / scale, votes), marks),
    )


def _row(votes: Votes, row: int, t: Translator) -> Figure:
    of = votes.rows
    values = of.members[:, row].astype(np.float64)
    kind = "classes" if votes.classes else "quantity"
    places = {"vote": of.vote[row], "scaling": of.scaling[row], "truth": of.truth[row]}
    marks = [
        _mark(f"row_{key}", number(value, DIGITS), float(value), key, t)
        for key, value in places.items()
    ]
    rows, signals = histogram_rows(values, marks)
    return Figure(
        "row",
        "histogram",
        rows,
        signals,
        t(f"ensemble.title.row_{kind}", row=count(row + 1)),
        _place(of, row, t) + t(f"ensemble.note.row_{kind}", members=count(len(values))),
        [t("ensemble.column.predictions"), t("ensemble.column.count")],
        _bins(rows, lambda value: number(value, DIGITS), marks),
    )


def _place(of: RowVotes, row: int, t: Translator) -> str:
    """Where the row stands in the data that were given."""
    if of.places is None:
        return ""
    return t("ensemble.note.place", place=count(of.places[row])) + t("fact.join")


def _error_marks(votes: Votes, t: Translator) -> list[Mark]:
    places = {"vote": votes.vote, "scaling": votes.scaling, "exact": votes.exact}
    return [
        _mark(key, _error(value, votes), _scale(votes) * value, key, t)
        for key, value in places.items()
        if value is not None
    ]


def _mark(key: str, text: str, value: float, ink: str, t: Translator) -> Mark:
    return Mark(float(value), t(f"ensemble.mark.{key}", value=text), ink)


def _bins(rows: Rows, shown: Any, marks: list[Mark]) -> list[list[str]]:
    """What is in each bin, then what is marked."""
    bars = rows["bars"]
    edges = zip(bars["from"], bars["to"], bars["count"], strict=True)
    table = [[f"{shown(low)} – {shown(high)}", count(number_of)] for low, high, number_of in edges]
    return [*table, *([mark.text, ""] for mark in marks)]


def _error(value: float, votes: Votes) -> str:
    return error_text(float(value), classes=votes.classes, digits=DIGITS)


def _scale(votes: Votes) -> float:
    """Of errors on an axis: shares are percentages, as in the texts."""
    return 100.0 if votes.classes else 1.0


def _kind(votes: Votes) -> str:
    return "share" if votes.classes else "rmse"
