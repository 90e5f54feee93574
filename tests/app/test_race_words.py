"""Names of lanes, and the figures of votes, from numbers that are made by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.race_look import LaneLook
from shrinkage.app.race_spec import Lane
from shrinkage.app.views.ensemble_figures import ensemble_figures, votes_sentence
from shrinkage.app.views.lanes import lane_label, results_label
from shrinkage.app.views.race_sentence import race_sentence, race_texts
from shrinkage.app.views.text import Translator
from support.races import lane_look, look_of, votes_of

EN = Translator("en")
L1 = [Lane(penalty="l1", lam=lam) for lam in (0.003, 0.01, 0.1, 0.3, 0.5)]


def seen(*rules: tuple[int, Lane], lane: Lane | None = None) -> LaneLook:
    look = lane_look(0, (0.1,), (0.9,), rules=rules)
    return replace(look, lane=rules[-1][1] if lane is None else lane)


@pytest.mark.parametrize(
    ("look", "label"),
    [
        (LaneLook(L1[0]), "L1, λ = 0.003"),
        (seen((0, L1[0])), "L1, λ = 0.003"),
        (seen((0, L1[0]), (400, L1[1])), "L1, λ = 0.003; after epoch 400 L1, λ = 0.01"),
        (seen((0, L1[0]), lane=L1[1]), "L1, λ = 0.003 · next: L1, λ = 0.01"),
        (seen((0, L1[0]), lane=Lane()), "L1, λ = 0.003 · next: no regularization"),
        # Another λ of no penalty is no other rule.
        (seen((0, Lane()), lane=Lane(lam=7.0)), "no regularization"),
        (
            seen((0, L1[0]), (9, L1[1]), (1234, L1[2])),
            "L1, λ = 0.003; after epoch 9 L1, λ = 0.01; after epoch 1,234 L1, λ = 0.1",
        ),
        (
            seen(*((10 * i, lane) for i, lane in enumerate(L1))),
            "L1, λ = 0.003; 2 more changes; after epoch 30 L1, λ = 0.3; after epoch 40 L1, λ = 0.5",
        ),
    ],
)
def test_results_are_named_by_the_rules_they_were_trained_under(look: LaneLook, label: str) -> None:
    assert results_label(look, EN) == label


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_names_what_was_trained_and_the_board_what_comes(language: str) -> None:
    t = Translator(language)
    lane = seen((0, Lane(dropout=0.5)), lane=Lane(dropout=0.8))
    table: Any = type("Table", (), {"validation": lane.rows, "classes": False})()
    table.validation = type("Part", (), {"n": 100})()
    table.test = table.validation
    sentence = race_sentence(look_of(lane), table, t)
    assert lane_label(Lane(dropout=0.5), t) in sentence
    assert lane_label(Lane(dropout=0.8), t) not in sentence
    (texts,) = race_texts(look_of(lane), table, t).lanes
    old, new = (lane_label(Lane(dropout=rate), t) for rate in (0.5, 0.8))
    assert texts.label == t("network.coming", label=old, coming=new)


@pytest.mark.parametrize(
    ("zeros", "of_units", "told"), [(0, 0, False), (5, 5, True), (5, 4, False)]
)
def test_zeros_of_units_that_pass_nothing_are_told_where_there_are_no_others(
    zeros: int, of_units: int, told: bool
) -> None:
    lane = lane_look(0, (0.1,), (0.9,), zeros=zeros, total=9, cut_zeros=of_units, cut_off=1)
    note = race_texts(look_of(lane), None, EN).zeros_note
    assert ("passes any more" in note) is told


def test_the_curve_of_votes_is_marked_where_they_match() -> None:
    votes = votes_of([1.5, 1.2, 0.9, 0.8], 0.01, 1.0)
    rows = ensemble_figures(votes, 0, EN)[0].rows
    assert (rows["match"]["k"], rows["match"]["y"]) == ([3], [0.9])
    never = votes_of([1.5, 1.2, 0.9, 0.8], 0.01, 1.0, identity="arithmetic")
    assert ensemble_figures(never, 0, EN)[0].rows["match"]["k"] == []


@pytest.mark.parametrize(("classes", "scale"), [(True, 100.0), (False, 1.0)])
def test_shares_are_drawn_and_told_in_per_cent(classes: bool, scale: float) -> None:
    votes = votes_of([0.2, 0.125], 0.014, 0.05, classes=classes)
    votes = replace(votes, member_errors=np.linspace(0.1, 0.3, 40))
    figure, spread, _ = ensemble_figures(votes, 0, EN)
    assert figure.rows["curve"]["mean"] == [0.2 * scale, 0.125 * scale]
    assert 0.05 * scale in figure.rows["marks"]["y"]
    assert max(spread.rows["bars"]["to"]) == pytest.approx(0.3 * scale)
    text = votes_sentence(votes, EN)
    shown = "1.4\N{NARROW NO-BREAK SPACE}%" if classes else "0.0140"
    assert f"twice the standard error, {shown}." in text
    above = "7.5\N{NARROW NO-BREAK SPACE}%" if classes else "0.0750"
    assert f"less by {above}," in text


def test_what_the_vote_gains_adds_up_as_printed() -> None:
    votes = votes_of([1.5], 0.01, 1.0)
    parts = replace(votes.ambiguity, member=1.23456, variance=0.12344, vote=1.11112)
    text = votes_sentence(replace(votes, ambiguity=parts), EN)
    found = re.search(r"(\d\.\d+) − (\d\.\d+) = (\d\.\d+)", text)
    assert found is not None
    member, variance, vote = (float(number) for number in found.groups())
    assert member - variance == pytest.approx(vote, abs=1e-9)
    assert (member, variance) == (1.235, 0.123)
    assert vote == 1.112  # 1.111 would not add up
