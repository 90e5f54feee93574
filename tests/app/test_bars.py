"""Bars of the weights: which features have one, how far the axis reaches, how names are cut."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shrinkage.app.board import payload
from shrinkage.app.i18n import section
from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.plots import path_rows, weights_chart, weights_rows
from shrinkage.plots.names import short_names, text_width
from shrinkage.plots.weights import N_BARS, NAME_WIDTH, shown_features, weights_extent
from support.sides import compared, side

P = 60
ERRORS = [4.0, 3.0, 2.0, 3.0]


def many(p: int = P) -> PenaltyComparison:
    """L1 keeps 0, 5, 15 and 40 of the features, mostly not those that lead the paths."""
    rng = np.random.default_rng(3)
    kept = np.zeros((p, 4))
    for i, count in enumerate((0, 5, 15, 40)):
        chosen = rng.permutation(p)[: min(count, p)]
        kept[chosen, i] = rng.normal(size=chosen.size)
    names = tuple(f"Neighborhood=Northwest level {j}" for j in range(p))
    l1 = side("l1", ERRORS, coefs=kept)
    l2 = side("l2", ERRORS, coefs=rng.normal(size=(p, 4)) * [1e-6, 0.01, 1.0, 100.0])
    top = np.argsort(-np.abs(l2.coefs).max(axis=1))[:40]
    return replace(compared(l1, l2), feature_names=names, top=top)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_bars_are_the_largest_at_this_lambda_and_kept_come_first(penalty: str) -> None:
    made = many()
    u = np.abs(made.side(penalty).penalized_coefs)
    shown = shown_features(made, penalty)
    assert shown.shape == (N_BARS, 4)
    for i in range(4):
        sizes = u[shown[:, i], i]
        assert len(set(shown[:, i])) == N_BARS
        np.testing.assert_array_equal(sizes, np.sort(u[:, i])[::-1][:N_BARS])
        kept = set(np.flatnonzero(u[:, i]))
        assert kept <= set(shown[:, i]) or len(kept) > N_BARS
        # Places without a weight go to those that lead the paths.
        idle = [int(j) for j in shown[:, i] if u[j, i] == 0.0]
        assert idle == [int(j) for j in made.top if u[j, i] == 0.0][: len(idle)]


@pytest.mark.parametrize("p", [1, N_BARS])
def test_where_all_have_bars_they_keep_their_places_on_both_sides(p: int) -> None:
    made = many(p)
    for penalty in ("l1", "l2"):
        np.testing.assert_array_equal(
            shown_features(made, penalty), np.repeat(made.top[:, None], 4, axis=1)
        )


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


@pytest.mark.parametrize("p", [3, P])
def test_the_board_is_sent_each_bar_with_its_feature(p: int) -> None:
    made = many(p)
    sent = payload.board_payload(made, section("en", "board"))
    assert len(set(sent["barLabels"])) == len(sent["barNames"]) == len(sent["barScales"])
    for penalty in ("l1", "l2"):
        got, shown = sent["sides"][penalty], shown_features(made, penalty)
        features = unpacked(got["barFeatures"]).astype(int)
        names = [sent["barNames"][j] for j in features]
        assert names == [made.feature_names[j] for j in shown.ravel()]
        weights = np.take_along_axis(made.side(penalty).penalized_coefs, shown, axis=0)
        np.testing.assert_allclose(unpacked(got["barWeights"]), weights.ravel(), rtol=1e-6)


@pytest.mark.parametrize(
    ("largest", "end"),
    [(1.0, 1.0), (1.01, 1.5), (0.2, 0.2), (0.21, 0.3), (9.9, 10.0), (7e5, 7e5), (0.0, 1.0)],
)
def test_the_axis_ends_at_the_next_of_few_numbers(largest: float, end: float) -> None:
    assert weights_extent(largest) == pytest.approx(end)


def test_bars_are_never_slivers() -> None:
    made = many()
    for i in range(4):
        spec = weights_chart(made, "l2", section("en", "board"), index=i).to_dict()
        (end,) = (p["value"] for p in spec["params"] if p["name"] == "extent")
        largest = np.abs(made.l2.coefs[:, i]).max()
        assert 0.59 * end < largest <= end
        assert "15 largest at this λ" in str(spec["title"])


ONE_HOT = [
    *(f"Neighborhood={level}" for level in ("NAmes", "CollgCr", "NridgHt", "NoRidge", "OldTown")),
    *(f"Exterior.{n}st=Wood Shingles of cedar, {kind}" for n in (1, 2) for kind in ("raw", "new")),
    *(f"total of all rooms {where} grade ({x})" for where in ("above", "below") for x in "AB"),
    "区域=东城区一居室带阳台朝南的房子",
    "区域=东城区一居室带阳台朝北的房子",
    "League=N",
]


@pytest.mark.parametrize("width", [NAME_WIDTH, 70, 45])
def test_cut_names_fit_and_can_be_told_apart(width: float) -> None:
    short = short_names(ONE_HOT, width)
    assert len(set(short)) == len(ONE_HOT)
    assert max(map(text_width, short)) <= width + 1e-9


def test_the_level_is_kept_whole_where_there_is_room() -> None:
    short = short_names(ONE_HOT, NAME_WIDTH)
    for name, cut in zip(ONE_HOT[:5], short, strict=False):
        level = name.partition("=")[2]
        assert cut.endswith(f"…={level}")
        assert cut.startswith("Nei")
    assert short_names(["a" * 40, "bmi"], NAME_WIDTH)[1] == "bmi"
    assert short_names([], NAME_WIDTH) == []


@given(st.lists(st.text(min_size=1, max_size=60), max_size=20, unique=True))
def test_names_of_any_kind_stay_apart(names: list[str]) -> None:
    short = short_names(names, NAME_WIDTH)
    assert len(set(short)) == len(names)


def test_charts_show_the_cut_names() -> None:
    made = many()
    words = section("en", "board")
    for i in range(4):
        assert len(set(weights_rows(made, "l1", i)["names"]["text"])) == N_BARS
    labels = path_rows(made, "l2", words)["labels"]["text"]
    assert len(set(labels)) == len(labels)
    assert all("…" in text for text in labels)
