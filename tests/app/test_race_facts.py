"""What is said of a race, at and beside the bounds of every rule; numbers are made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.intervals import clear, standard_error
from shrinkage.app.race_facts import error_facts, excess_gap, race_facts, underfits
from shrinkage.app.race_look import LaneLook, Look, RowLosses
from shrinkage.app.race_spec import Lane
from shrinkage.app.views.race_sentence import race_sentence, race_texts
from shrinkage.app.views.text import Translator
from support.races import constant_of, lane_look, look_of, rows_of

UP, DOWN = 1.0 + 1e-9, 1.0 - 1e-9


def look(
    *ends: tuple[float, float], validation: tuple[float, ...] = (9.0, 9.0), error: float = 1e-4
) -> Look:
    """A race whose lanes end with these training and validation losses."""
    return look_of(
        *(
            lane_look(i, (1.0, 1.0, train), (*validation, end), error)
            for i, (train, end) in enumerate(ends)
        )
    )


def said(view: Look, rows: int = 100) -> dict[str, Any]:
    return {fact.code: dict(fact.fields) for fact in race_facts(view, rows)}


# ---- the interval --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("difference", "error", "told"),
    [
        (2.0, 1.0, False),
        (2.0 * UP, 1.0, True),
        (1.0, 1.0, False),
        (1.99, 1.0, False),
        (0.0, 0.0, False),
        (1e-300, 0.0, True),
        (-3.0, 1.0, False),
        (math.nan, 1.0, False),
        (5.0, math.nan, False),
        (math.inf, math.inf, False),
        (5.0, math.inf, False),
    ],
)
def test_a_difference_counts_beyond_two_standard_errors(
    difference: float, error: float, told: bool
) -> None:
    assert clear(difference, error) is told


def test_a_standard_error_is_that_of_a_mean() -> None:
    assert standard_error(np.array([1.0, 2.0, 3.0, 6.0])) == pytest.approx(
        math.sqrt((4 + 1 + 0 + 9) / 3 / 4)
    )
    assert standard_error(np.array([7.0])) == math.inf
    assert standard_error(np.array([])) == math.inf
    assert standard_error(rows_of(3.0, 0.25, 2)) == pytest.approx(0.25)


# ---- who overfits --------------------------------------------------------------------------------


def test_the_largest_gap_overfits_most() -> None:
    facts = said(look((0.1, 0.9), (0.4, 0.5), (0.3, 0.6)))
    most = facts["overfits_most"]
    assert (most["lane"], most["epoch"]) == (0, 3)
    assert most["gap"] == pytest.approx(0.8)
    assert most["error"] == pytest.approx(1e-4)
    assert (most["validation"], most["train"]) == (0.9, 0.1)
    assert facts["overfits_least"] == {
        "lane": 1,
        "gap": pytest.approx(0.1),
        "error": pytest.approx(1e-4),
    }
    lowest = facts["lowest"]
    assert (lowest["lane"], lowest["validation"]) == (1, 0.5)
    assert lowest["lead"] == pytest.approx(0.1)
    assert lowest["error"] == pytest.approx(math.sqrt(2) * 1e-4)
    assert "risen" not in facts
    assert "few_rows" not in facts


def test_rows_that_are_harder_for_everybody_are_nobodys_overfitting() -> None:
    """A network without a weight has the constant's gap, and no more."""
    view = look((0.5, 0.7))
    assert set(said(view)) == {"overfits"}
    same = replace(view, constant=constant_of(0.9, 1.1))
    assert set(said(same)) == {"none_overfits"}
    assert said(same)["none_overfits"]["gap"] == pytest.approx(0.0)
    half = said(replace(view, constant=constant_of(1.0, 1.1)))["overfits"]
    assert half["gap"] == pytest.approx(0.1)
    assert (half["constant_validation"], half["constant_train"]) == (1.1, 1.0)
    # Where the constant's rows vary as the lane's do, that is no error of the difference.
    noisy = lane_look(0, (0.5,), (0.7,), error=0.3)
    constant = replace(constant_of(), validation_rows=rows_of(1.0, 0.3, 0))
    assert excess_gap(noisy, constant) == (pytest.approx(0.2), pytest.approx(0.0, abs=1e-12))
    assert excess_gap(noisy, constant_of()) == (pytest.approx(0.2), pytest.approx(0.3))


def test_the_error_of_a_gap_has_both_parts() -> None:
    lane = lane_look(0, (0.5,), (0.7,), error=0.03)
    assert lane.rows is not None
    rows = replace(lane.rows, train=rows_of(0.5, 0.04, 1))
    assert excess_gap(replace(lane, rows=rows), constant_of())[1] == pytest.approx(0.05)
    twice = look_of(replace(lane, rows=rows), lane_look(1, (0.5,), (0.58,), error=0.0))
    # Gaps of .2 and .08 are .12 apart, which is above twice .05 only.
    assert "overfits_most" in said(twice)
    closer = look_of(replace(lane, rows=rows), lane_look(1, (0.5,), (0.61,), error=0.0))
    assert said(closer)["overfit_alike"]["lanes"] == [0, 1]


@pytest.mark.parametrize(
    ("gap", "error", "code"),
    [
        (0.2, 0.1 * UP, "none_overfits"),
        (0.2, 0.1 * DOWN, "overfits"),
        (0.2, 0.2, "none_overfits"),
        (0.2, 0.0, "overfits"),
        (0.05, 1e-6, "slight"),  # of .55 a tenth is .055
        (0.0556, 1e-6, "overfits"),
        (0.0555, 1e-6, "slight"),
        (0.05, 0.03, "none_overfits"),
        (0.0, 0.0, "none_overfits"),
        (-0.2, 0.01, "none_overfits"),
    ],
)
def test_a_gap_is_told_beyond_its_error_and_beyond_a_tenth(
    gap: float, error: float, code: str
) -> None:
    facts = said(look_of(lane_look(0, (0.5,), (0.5 + gap,), error)))
    assert set(facts) == {code}
    assert facts[code]["gap"] == pytest.approx(gap)
    assert facts[code]["error"] == pytest.approx(error)


@pytest.mark.parametrize(
    ("train", "code"),
    [
        (1.0, "underfits"),
        (1.0 + 1e-12, "underfits"),
        (1.2, "underfits"),
        (1.0 - 1e-7, "underfits"),
        (0.9999, "none_overfits"),
        (0.5, "none_overfits"),
    ],
)
def test_a_training_loss_at_or_above_a_constants_is_underfitting(train: float, code: str) -> None:
    facts = said(look_of(lane_look(0, (train,), (train + 0.05,), 0.1)))
    assert set(facts) == {code}
    if code == "underfits":
        assert facts[code] == {"lanes": [0], "constant": 1.0, "epoch": 3}
        # It overfits by nothing, however much the validation rows vary.
        assert set(said(look_of(lane_look(0, (train,), (train + 5.0,))))) == {code}


def test_lanes_that_underfit_are_named_and_left_out_of_the_gaps() -> None:
    facts = said(look((0.1, 0.9), (1.0, 9.0), (1.1, 1.2)))
    assert facts["underfits"]["lanes"] == [1, 2]
    assert facts["overfits"]["lane"] == 0
    assert "overfits_least" not in facts
    assert facts["lowest"]["lane"] == 0
    assert underfits(lane_look(0, (1.0,), (1.0,)), constant_of(1.0))
    assert not underfits(lane_look(0, (0.9,), (1.0,)), constant_of(1.0))


def test_ties_are_called_ties() -> None:
    facts = said(look((0.1, 0.50), (0.1, 0.51), (0.4, 0.5), error=0.02))
    assert facts["overfit_alike"]["lanes"] == [0, 1]
    assert facts["overfit_alike"]["gap"] == pytest.approx(0.41)
    assert "overfits_most" not in facts
    assert facts["overfits_least"]["lane"] == 2
    assert facts["lowest_none"] == {}
    view = look((0.1, 0.50), (0.1, 0.51), (0.4, 0.9), error=0.02)
    assert said(view)["lowest_alike"] == {"lanes": [0, 1]}


@pytest.mark.parametrize(("share", "tie"), [(DOWN, True), (UP, False)])
def test_two_gaps_are_told_apart_beyond_two_errors_of_their_difference(
    share: float, tie: bool
) -> None:
    error = 0.03
    apart = 2.0 * math.hypot(error, error) * share
    facts = said(look((0.1, 0.9), (0.1, 0.9 - apart), error=error))
    assert ("overfit_alike" in facts) is tie
    assert ("overfits_most" in facts) is not tie
    assert ("overfits_least" in facts) is not tie
    assert ("lowest_none" in facts) is tie


def test_equal_lanes_are_a_tie_without_any_error() -> None:
    facts = said(look((0.1, 0.9), (0.1, 0.9), error=0.0))
    assert facts["overfit_alike"]["lanes"] == [0, 1]
    assert "lowest_none" in facts
    assert "overfits_least" not in facts


def test_the_differences_are_paired() -> None:
    """Errors that both lanes share say nothing against their difference: .025 ± .027 is a tie."""
    shared = rows_of(0.5, 0.2, 0)
    for own, code in ((0.027, "lowest_none"), (0.012, "lowest")):
        lanes = []
        for i, shift in enumerate((0.0, 0.025)):
            lane = lane_look(i, (0.1,), (0.5 + shift,), 0.0)
            assert lane.rows is not None
            mine = shared + shift + (rows_of(0.0, own, 1) if i else 0.0)
            lanes.append(replace(lane, rows=replace(lane.rows, validation=mine)))
        facts = said(look_of(*lanes))
        assert code in facts
        if code == "lowest":
            assert facts[code]["lead"] == pytest.approx(0.025)
            assert facts[code]["error"] == pytest.approx(0.012)


def test_the_smallest_gaps_may_be_several() -> None:
    facts = said(look((0.1, 0.9), (0.4, 0.50), (0.4, 0.51), error=0.02))
    assert facts["overfits_most"]["lane"] == 0
    assert facts["overfits_least_alike"] == {"lanes": [1, 2]}
    # A lane that can be told from neither end leaves both open.
    facts = said(look((0.1, 0.90), (0.1, 0.86), (0.1, 0.82), error=0.02))
    assert facts["overfit_alike"]["lanes"] == [0, 1]
    assert not facts.keys() & {"overfits_least", "overfits_least_alike"}


def test_most_is_said_only_where_no_other_lane_may_be_above() -> None:
    unsure = lane_look(1, (0.1,), (0.8,), error=0.5)
    facts = said(look_of(lane_look(0, (0.1,), (0.7,)), unsure))
    assert facts["overfits"]["lane"] == 0
    assert "overfits_most" not in facts
    # Nor is "no lane" said because the largest gap is uncertain.
    assert "none_overfits" not in facts


def test_a_small_gap_is_that_of_a_lane_of_which_it_is_known() -> None:
    unsure = lane_look(0, (0.5,), (0.6,), error=0.5)
    facts = said(look_of(unsure, lane_look(1, (0.5,), (0.54,))))
    assert facts["slight"]["lane"] == 1
    assert facts["slight"]["gap"] == pytest.approx(0.04)


def test_the_worst_is_one_whose_gap_is_no_small_share() -> None:
    """A gap of .3 is small where the loss is 4; one of .2 is not where it is .5."""
    constant = constant_of(9.0, 9.0)
    lanes = lane_look(0, (3.7,), (4.0,)), lane_look(1, (0.3,), (0.5,))
    facts = said(look_of(*lanes, constant=constant))
    assert facts["overfits"]["lane"] == 1
    assert "overfits_most" not in facts


def test_small_and_negative_gaps_are_no_overfitting() -> None:
    for ends in ([(0.5, 0.52), (0.5, 0.4)], [(0.5, 0.4), (0.6, 0.3)]):
        facts = said(look(*ends, error=0.02))
        assert "none_overfits" in facts
        assert not facts.keys() & {"overfits", "overfits_most", "overfit_alike"}
    facts = said(look((0.5, 0.52), (0.5, 0.51)))
    assert facts["slight"]["lane"] == 0
    assert facts["slight"]["gap"] == pytest.approx(0.02)


# ---- what rose, what is lowest -------------------------------------------------------------------


def test_a_rise_of_the_validation_loss_is_told() -> None:
    facts = said(look((0.1, 0.9), (0.4, 0.5), validation=(0.45, 0.7)))
    assert facts["risen"] == {
        "lane": 0,
        "best": 0.45,
        "best_epoch": 1,
        "risen": pytest.approx(0.45),
        "error": pytest.approx(1e-4),
    }


@pytest.mark.parametrize(
    ("rise", "error", "told"),
    [
        (0.1, 0.05 * UP, False),
        (0.1, 0.05 * DOWN, True),
        (0.0251, 1e-9, True),  # a twentieth of .5 is .025
        (0.0249, 1e-9, False),
        (0.0, 0.0, False),
    ],
)
def test_a_rise_counts_beyond_its_error_and_a_twentieth(
    rise: float, error: float, told: bool
) -> None:
    lane = lane_look(0, (0.1, 0.1), (0.5, 0.5 + rise), error)
    assert lane.rows is not None
    constant = replace(constant_of(), validation_rows=rows_of(1.0, error, 0))
    facts = said(look_of(lane, constant=constant))
    assert "overfits" in facts
    assert ("risen" in facts) is told


def test_one_lane_is_compared_with_nobody() -> None:
    assert set(said(look((0.1, 0.9)))) == {"overfits"}


def test_nothing_is_said_before_there_is_anything() -> None:
    assert said(Look(0, 10, (LaneLook(Lane()), LaneLook(Lane())))) == {"not_trained": {}}


@pytest.mark.parametrize(("rows", "told"), [(12, True), (29, True), (30, False)])
def test_few_validation_rows_are_a_caution(rows: int, told: bool) -> None:
    assert said(look((0.1, 0.9)), rows=rows).get("few_rows") == ({"rows": rows} if told else None)


def test_a_lane_that_diverged_is_told_and_not_compared() -> None:
    gone = replace(lane_look(0, (0.1,), (0.2,)), diverged=2)
    facts = said(look_of(gone, lane_look(1, (0.1,), (0.9,)), lane_look(2, (0.1,), (0.7,))))
    assert facts["diverged"] == {"left": [(0, 2)]}
    assert facts["overfits_most"]["lane"] == 1
    assert facts["lowest"]["lane"] == 2
    assert error_facts(look_of(gone, lane_look(1, (0.1,), (0.9,)))) == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_losses_that_are_no_numbers_are_not_compared(bad: float) -> None:
    for train, validation in ((bad, 0.5), (0.1, bad)):
        strange = lane_look(0, (train,), (validation,))
        facts = said(look_of(strange, lane_look(1, (0.1,), (0.9,)), lane_look(2, (0.1,), (0.7,))))
        assert facts["overfits_most"]["lane"] == 1
        assert facts["lowest"]["lane"] == 2
        assert error_facts(look_of(strange, lane_look(1, (0.1,), (0.9,)))) == ()


def test_one_row_tells_nothing_apart() -> None:
    lanes = []
    for i, end in enumerate((0.9, 0.5)):
        lane = lane_look(i, (0.1,), (end,))
        assert lane.rows is not None
        single = RowLosses(*(np.array([v]) for v in (0.1, end, end, end)))
        lanes.append(replace(lane, rows=single))
    constant = replace(constant_of(), train_rows=np.ones(1), validation_rows=np.ones(1))
    view = look_of(*lanes, constant=constant)
    assert {"none_overfits", "lowest_none"} <= set(said(view))
    assert [fact.code for fact in error_facts(view)] == ["test_none"]


# ---- test errors ---------------------------------------------------------------------------------


def wrong(count: int, shift: int = 0, rows: int = 1609) -> Any:
    values = np.zeros(rows)
    values[shift : shift + count] = 1.0
    return values


def with_test_rows(*rows: Any) -> Look:
    lanes = []
    for i, values in enumerate(rows):
        lane = lane_look(i, (0.1,), (0.5,))
        assert lane.rows is not None
        lanes.append(replace(lane, rows=replace(lane.rows, test=values)))
    return look_of(*lanes)


def test_ten_per_cent_against_ten_point_three_of_1609_rows_is_a_tie() -> None:
    assert [f.code for f in error_facts(with_test_rows(wrong(161), wrong(166, shift=50)))] == [
        "test_none"
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(1.0, 0.1), (1.5, 0.1)], ("test", {"lane": 0})),
        ([(1.5, 0.1), (1.0, 0.1)], ("test", {"lane": 1})),
        ([(1.0, 0.1), (1.0 + 0.2 * math.sqrt(2) * DOWN, 0.1)], ("test_none", {})),
        ([(1.0, 0.1), (1.0 + 0.2 * math.sqrt(2) * UP, 0.1)], ("test", {"lane": 0})),
        ([(1.0, 0.1), (1.1, 0.1), (2.0, 0.1)], ("test_alike", {"lanes": [0, 1]})),
        ([(1.0, 0.0), (1.0, 0.0)], ("test_none", {})),
    ],
)
def test_test_errors_are_ranked_where_they_can_be_told_apart(
    rows: list[tuple[float, float]], expected: tuple[str, dict[str, Any]]
) -> None:
    view = with_test_rows(*(rows_of(mean, error, i) for i, (mean, error) in enumerate(rows)))
    (fact,) = error_facts(view)
    assert (fact.code, dict(fact.fields)) == expected


def test_one_lane_errs_least_of_nobody() -> None:
    assert error_facts(with_test_rows(wrong(3))) == ()


# ---- in words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_lanes_that_diverge_are_one_warning(language: str) -> None:
    t = Translator(language)
    lanes = tuple(LaneLook(Lane(), diverged=3 + i) for i in range(4))
    (fact,) = race_facts(Look(4, 9, lanes), 100)
    assert fact.fields == {"left": [(0, 3), (1, 4), (2, 5), (3, 6)]}
    text = race_sentence(Look(4, 9, lanes), table_of(100), t)
    assert text.count(":material/warning:") == 1
    for letter, epoch in zip("ABCD", (3, 4, 5, 6), strict=True):
        name = t("network.lane_name", letter=letter, label=t("network.plain"))
        assert t("network.left", lane=name, epoch=str(epoch)) in text
    # Those of one epoch are named together.
    same = tuple(LaneLook(Lane(), diverged=3) for _ in range(2))
    names = [t("network.lane_name", letter=x, label=t("network.plain")) for x in "AB"]
    both = t("network.left", lane=t("network.and").join(names), epoch="3")
    assert both in race_sentence(Look(3, 9, same), table_of(100), t)


def table_of(validation: int, *, classes: bool = False) -> Any:
    from types import SimpleNamespace

    part = SimpleNamespace(n=validation)
    return SimpleNamespace(validation=part, test=part, classes=classes)


def test_lanes_are_listed_with_one_and() -> None:
    view = with_test_rows(*(rows_of(1.0, 0.1, i) for i in range(3)), rows_of(9.0, 0.1, 3))
    note = race_texts(view, table_of(100), Translator("en")).test_note
    names = [f"{letter} (no regularization)" for letter in "ABC"]
    assert f"{names[0]}, {names[1]} and {names[2]} err least" in note


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statement_has_its_words(language: str) -> None:
    t = Translator(language)
    views = [
        look((0.1, 0.9)),
        look((0.1, 0.9), (0.4, 0.5), validation=(0.45, 0.7)),
        look((0.1, 0.50), (0.1, 0.51), (0.4, 0.5), error=0.02),
        look((0.1, 0.50), (0.1, 0.51), (0.4, 0.9), error=0.02),
        look((0.1, 0.9), (0.4, 0.50), (0.4, 0.51), error=0.02),
        look((0.5, 0.52)),
        look((0.5, 0.4), (1.2, 1.5)),
        Look(0, 10, (LaneLook(Lane()),)),
    ]
    for view in views:
        text = race_sentence(view, table_of(20), t)
        assert "{" not in text
    # Two digits of an error are enough.
    text = race_sentence(look((0.1, 0.9), error=0.012345), table_of(100), t)
    assert "0.012" in text
    assert "0.0123" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_note_below_the_bars_says_who_errs_least(language: str) -> None:
    t = Translator(language)
    view = with_test_rows(rows_of(1.0, 0.1, 0), rows_of(1.1, 0.1, 1))
    note = race_texts(view, table_of(100), t).test_note
    assert note == t("network.note.test", rows="100") + t("fact.join") + t("network.fact.test_none")
    # Before the data are there nothing is said of their rows, nor of how errors are measured.
    early = race_texts(view, None, t)
    assert (early.test, early.test_note) == (t("network.title.test"), "")
    alone = race_texts(with_test_rows(wrong(3)), table_of(100), t).test_note
    assert alone == t("network.note.test", rows="100")


@pytest.mark.parametrize(
    ("classes", "error", "deviation", "text"),
    [
        (True, 0.1, 0.0074, "10.0 ± 0.7\N{NARROW NO-BREAK SPACE}%"),
        (False, 57.93, 4.26, "57.9 ± 4.3"),
        (False, 57.93, 0.0, "57.9 ± 0"),
    ],
)
def test_a_test_error_stands_with_its_standard_error(
    classes: bool, error: float, deviation: float, text: str
) -> None:
    lane = replace(lane_look(0, (0.1,), (0.5,)), test_error=error, deviation=deviation)
    texts = race_texts(look_of(lane), table_of(100, classes=classes), Translator("en"))
    assert texts.lanes[0].test == text
    assert texts.lanes[0].note == (
        "Gap 0.4: validation 0.5, training 0.1; beyond the best constant’s: 0.4 ± 0.0001"
    )
