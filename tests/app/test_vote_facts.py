"""What is said of votes, at and beside the bounds of every rule; numbers are made by hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.race_look import Part, Table
from shrinkage.app.race_spec import Lane
from shrinkage.app.views.ensemble_figures import ensemble_figures, votes_sentence
from shrinkage.app.views.text import Translator
from shrinkage.app.vote_facts import vote_facts
from shrinkage.app.votes import _Tally, wrong_votes
from shrinkage.losses import Multinomial, Squared
from support.races import votes_of

UP, DOWN = 1.0 + 1e-9, 1.0 - 1e-9


def first(*args: Any, **more: Any) -> Any:
    return vote_facts(votes_of(*args, **more))[0]


# ---- the number of members that match ------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "error", "k"),
    [
        ([1.0], 0.0, 1),  # equal, and certain
        ([1.0 * UP], 0.0, None),
        ([1.01], 0.0, None),  # one per cent above
        ([1.01], 1.0, None),
        ([0.98], 0.01, 1),  # at twice the error
        ([0.98], 0.01 * UP, None),
        ([0.98], 0.0100001, None),
        ([0.99], 0.01, None),  # at one error
        ([0.5], math.inf, None),  # one test row
        ([math.nan], 0.0, None),
        ([0.5], math.nan, None),
        ([1.5, 1.2, 0.9, 0.8], 0.01, 3),
        ([1.5, 1.2, 1.01, 0.979], 0.01, 4),  # two per cent early would be k = 3
        ([1.5, 1.2, 0.981, 0.979], 0.01, 4),
        ([1.5, 0.9, 1.2, 0.8], 0.01, 4),  # the first dip is noise
        ([1.5, 0.9, 1.2, 1.1], 0.01, None),
        ([0.9, 0.9], 0.01, 1),
        ([0.9, 1.1], 0.01, None),
    ],
)
def test_members_match_from_where_they_err_clearly_no_more(
    mean: list[float], error: float, k: int | None
) -> None:
    votes = votes_of(mean, error, 1.0)
    assert votes.match == k
    fact = vote_facts(votes)[0]
    if k is None:
        assert fact.code in ("level", "not_matched")
    else:
        assert fact.code == ("matched_by_one" if k == 1 else "matched")
        assert fact.fields == {"k": k, "at": mean[k - 1], "scaling": 1.0, "error": error}


@pytest.mark.parametrize(
    ("at", "error", "code"),
    [
        (1.02 * UP, 0.01, "not_matched"),
        (1.02 * DOWN, 0.01, "level"),
        (1.01, 0.01, "level"),
        (1.01, 0.0, "not_matched"),
        (0.99, 0.01, "level"),
        (1.2, math.inf, "level"),
        (math.nan, 0.01, "level"),
    ],
)
def test_more_than_two_errors_above_is_no_match_and_less_is_level(
    at: float, error: float, code: str
) -> None:
    fact = first([3.0, 2.0, at], error, 1.0)
    assert fact.code == code
    assert fact.fields["members"] == 3
    assert fact.fields["error"] == error
    if code == "not_matched":
        assert fact.fields["above"] == pytest.approx(at - 1.0)


def test_the_mean_of_all_members_is_matched_by_no_number_of_them() -> None:
    """However the members that were drawn happen to come out."""
    for mean in ([1.5, 1.2, 0.9], [1.5, 1.2, 1.1]):
        votes = votes_of(mean, 0.01, 1.0, identity="arithmetic")
        assert votes.mean_of_all
        assert votes.match is None
        facts = vote_facts(votes)
        assert [fact.code for fact in facts] == ["mean_of_all", "gain"]
        assert facts[0].fields == {
            "variance": 1.0,
            "members": 3,
            "at": mean[-1],
            "scaling": 1.0,
        }


def test_the_geometric_mean_is_said_beside_what_was_found() -> None:
    votes = votes_of([0.9], 0.01, 1.0, identity="geometric", classes=True)
    assert not votes.mean_of_all
    assert votes.match == 1
    codes = [fact.code for fact in vote_facts(votes)]
    assert codes == ["matched_by_one", "geometric_mean", "gain"]
    codes = [fact.code for fact in vote_facts(votes_of([0.9], 0.01, 1.0, classes=True))]
    assert codes == ["matched_by_one", "gain"]
    assert not votes_of([0.9], 0.01, 1.0).mean_of_all
    assert not votes_of([0.9], 0.01, 1.0, identity="geometric").mean_of_all
    assert not votes_of([0.9], 0.01, 1.0, identity="arithmetic", classes=True).mean_of_all


@pytest.mark.parametrize(("variance", "code"), [(0.0, "no_gain"), (1e-12, "gain")])
def test_members_that_are_all_alike_gain_nothing(variance: float, code: str) -> None:
    votes = votes_of([1.0], 0.0, 1.0)
    votes = replace(votes, ambiguity=replace(votes.ambiguity, variance=variance))
    fact = vote_facts(votes)[1]
    assert fact.code == code
    assert fact.fields == {"member": 3.0, "variance": variance, "vote": 2.0, "total": 40}


@pytest.mark.parametrize(("rows", "told"), [(29, True), (30, False)])
def test_few_test_rows_are_a_caution(rows: int, told: bool) -> None:
    votes = replace(votes_of([1.0], 0.0, 1.0), n_test=rows)
    assert ("few_rows" in [fact.code for fact in vote_facts(votes)]) is told


def test_all_sub_networks_are_counted_by_their_units() -> None:
    votes = replace(votes_of([1.0], 0.0, 1.0), exact=0.7, units=9)
    assert vote_facts(votes)[2].fields == {"exact": 0.7, "subnetworks": 512}


# ---- all members for every number of them --------------------------------------------------------


def table_of(y: Any, *, classes: int = 0, unit: float = 1.0) -> Table:
    part = Part(np.zeros((len(y), 1)), np.asarray(y, dtype=float))
    loss = Multinomial() if classes else Squared()
    return Table(None, part, part, part, loss, max(classes, 1), unit, 10.0, np.arange(len(y)) + 5)


def tallied(table: Table, scaling: Any, draws: list[Any]) -> Any:
    tally = _Tally(table, np.asarray(scaling, dtype=float))
    for members in draws:
        tally.add(np.asarray(members, dtype=float))
    return tally.votes(None, lane=Lane(dropout=0.5), units=4, countable=4, identity=None)


def test_a_quantity_is_measured_over_all_sets_of_all_members() -> None:
    rng = np.random.default_rng(0)
    y, unit = rng.standard_normal(5), 3.0
    draws = [rng.standard_normal((3, 5, 1)) + y[:, None] for _ in range(2)]
    votes = tallied(table_of(y, unit=unit), y[:, None] + 0.1, draws)
    members = np.concatenate(draws)[..., 0]
    for k in (1, 2, 3):
        sets = [members[list(s)].mean(axis=0) for s in itertools.combinations(range(6), k)]
        squares = np.mean([np.mean((m - y) ** 2) for m in sets])
        assert votes.mean[k - 1] == pytest.approx(unit * math.sqrt(squares), rel=1e-12)
    assert votes.scaling == pytest.approx(0.3)
    # Single members differ from weight scaling on rows, and by masks.
    by_row = ((members - y) ** 2).mean(axis=0) - 0.01
    by_draw = [np.mean((d[..., 0] - y) ** 2) for d in draws]
    squared = math.hypot(np.std(by_row, ddof=1) / math.sqrt(5), np.std(by_draw, ddof=1) / 2**0.5)
    expected = unit**2 * squared / (votes.mean[0] + votes.scaling)
    assert votes.error[0] == pytest.approx(expected, rel=1e-12)
    assert votes.rows.places.tolist() == [5, 6, 7, 8, 9]


def test_the_error_of_k_members_is_that_of_all_and_their_variance_over_k() -> None:
    """Weight scaling is their mean: the vote of no number of them is as good."""
    y = np.zeros(40)
    draws = [np.array([1.0, -1.0, 2.0, -2.0])[:, None, None] * np.ones((4, 40, 1))] * 3
    votes = tallied(table_of(y), np.zeros((40, 1)), draws)
    variance = 2.5 * 12 / 11  # unbiased
    k = np.arange(1, 5)
    np.testing.assert_allclose(votes.mean**2, variance / k - variance / 12, rtol=1e-12)


def test_classes_are_voted_on_by_groups_that_use_all_members() -> None:
    rng = np.random.default_rng(1)
    members = rng.dirichlet(np.ones(3), size=(5, 7))
    y = rng.integers(0, 3, 7)
    shares = wrong_votes(members, y)
    groups = {
        1: [[0], [1], [2], [3], [4]],
        2: [[0, 1], [2, 3], [4, 0]],
        3: [[0, 1, 2], [3, 4, 0]],
        4: [[0, 1, 2, 3], [4, 0, 1, 2]],
        5: [[0, 1, 2, 3, 4]],
    }
    for k, sets in groups.items():
        wrong = [members[s].sum(axis=0).argmax(axis=-1) != y for s in sets]
        np.testing.assert_allclose(shares[k - 1], np.mean(wrong, axis=0))


def test_of_equal_classes_the_first_is_chosen_as_everywhere() -> None:
    members = np.full((4, 3, 3), 1 / 3)
    np.testing.assert_array_equal(wrong_votes(members, np.array([0, 1, 2])), [[0, 1, 1]] * 4)


def test_a_share_of_1_4_rows_is_no_claim() -> None:
    """Members err on 1.4 rows of 450 more than weight scaling: within the rows' own error."""
    y = np.zeros(450)
    right, wrong = np.array([0.9, 0.1]), np.array([0.1, 0.9])
    base = np.where(np.arange(450)[:, None] < 45, wrong, right)
    scaling = base.copy()
    scaling[:2] = right
    draws = []
    for draw in range(5):
        members = np.repeat(base[None], 4, axis=0)
        members[draw % 4, 0] = right
        draws.append(members)
    votes = tallied(table_of(y, classes=2), scaling, draws)
    above = votes.mean[0] - votes.scaling
    assert 1.4 < 450 * above < 2.1
    assert vote_facts(votes)[0].code == "level"
    by_row = np.zeros(450)
    by_row[0], by_row[1] = 0.75, 1.0
    assert votes.error[0] == pytest.approx(np.std(by_row, ddof=1) / math.sqrt(450), rel=1e-12)
    # Fifteen rows more are.
    far = base.copy()
    far[:17] = right
    assert vote_facts(tallied(table_of(y, classes=2), far, draws))[0].code == "not_matched"


# ---- in words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statement_has_its_words(language: str) -> None:
    t = Translator(language)
    told = {
        "mean_of_all": votes_of([1.5, 1.2], 0.01, 1.0, identity="arithmetic"),
        "matched": votes_of([1.5, 0.9], 0.01, 1.0, identity="geometric", classes=True),
        "matched_by_one": votes_of([0.9], 0.01, 1.0),
        "level": votes_of([1.0], 0.01, 1.0),
        "not_matched": replace(votes_of([1.5], 0.01, 1.0), exact=0.3, n_test=12),
    }
    for code, votes in told.items():
        assert vote_facts(votes)[0].code == code
        text = votes_sentence(votes, t)
        assert "{" not in text
    identity = votes_sentence(told["mean_of_all"], t)
    assert t("ensemble.fact.geometric_mean") not in identity
    assert t("ensemble.fact.geometric_mean") in votes_sentence(told["matched"], t)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_row_is_traced_to_the_data(language: str) -> None:
    t = Translator(language)
    votes = votes_of([1.0], 0.01, 1.0)
    placed = replace(votes, rows=replace(votes.rows, places=np.array([1234])))
    note = ensemble_figures(placed, 0, t)[2].note
    assert note.startswith(t("ensemble.note.place", place="1,234"))
    assert t("ensemble.note.place", place="1,234") not in ensemble_figures(votes, 0, t)[2].note
