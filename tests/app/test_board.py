"""What the board is sent: specifications without data, words in both languages, whole numbers."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import shrinkage.app.board as board_package
from shrinkage.app.board import bundle, payload
from shrinkage.app.i18n import LANGUAGES, catalog, placeholders, section
from shrinkage.linear.comparison import PenaltyComparison, compare_penalties
from shrinkage.linear.sides import PenaltySide
from shrinkage.losses import LOSSES
from shrinkage.plots import (
    cv_chart,
    cv_rows,
    geometry_chart,
    path_chart,
    path_rows,
    weights_chart,
    weights_rows,
)
from shrinkage.plots.paths import N_LABELS, highlighted, is_cut, path_range
from shrinkage.plots.style import LABELS, QUIET, rounded, spread
from shrinkage.plots.validation import cv_range, cv_state, shown_error

SCORES = ("mse", "deviance", "loss")
ONE_OUTPUT = tuple(name for name, kind in LOSSES.items() if not kind.multiclass)
FOLDER = Path(board_package.__file__).parent
AWKWARD = ("a:b", "c.d", "e[0]", "名称", "<b>bold</b>", "\\ {n} 'q'")


@pytest.fixture(scope="module")
def diabetes() -> PenaltyComparison:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return compare_penalties(X, y, cv=5, n_lambdas=40)


@pytest.fixture(scope="module")
def cancer() -> PenaltyComparison:
    X, y = load_breast_cancer(return_X_y=True)
    rows = np.arange(0, y.size, 3)
    return compare_penalties(
        X[:, :6], y, loss="logistic", cv=3, n_lambdas=20, test_rows=rows, feature_names=AWKWARD
    )


def words(language: str = "en") -> dict[str, str]:
    return section(language, "board")


CHARTS = {
    "path": path_chart,
    "cv": cv_chart,
    "geometry": geometry_chart,
    "weights": weights_chart,
}


def stripped(chart: Any) -> str:
    """The chart's text without its data, its title and the values of its signals."""
    spec = chart.to_dict()
    spec.pop("datasets")
    spec.pop("title")
    for signal in spec["params"]:
        signal.pop("value")
    return json.dumps(spec, sort_keys=True)


@pytest.mark.parametrize("kind", CHARTS)
def test_specification_is_the_same_for_any_data(
    kind: str, diabetes: PenaltyComparison, cancer: PenaltyComparison
) -> None:
    make = CHARTS[kind]
    texts = {
        stripped(make(comparison, penalty, words()))
        for comparison in (diabetes, cancer)
        for penalty in ("l1", "l2")
    }
    assert len(texts) == 1
    (text,) = texts
    for name in (*diabetes.feature_names, *AWKWARD):
        assert f'"{name}"' not in text


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_renders_with_a_title_that_states_its_finding(
    kind: str, language: str, cancer: PenaltyComparison
) -> None:
    import vl_convert

    chart = CHARTS[kind](cancer, "l1", words(language))
    spec = chart.to_dict()
    title = spec["title"] if isinstance(spec["title"], str) else spec["title"]["text"]
    assert re.search(r"\d", title) or kind in ("geometry", "cv")
    assert title in words(language).values() or kind != "cv"
    assert "{" not in title.replace("{n}", "")
    svg = vl_convert.vegalite_to_svg(spec)
    assert "<path" in svg
    assert "NaN" not in svg


def test_exact_zeros_are_drawn_apart_from_small_weights(diabetes: PenaltyComparison) -> None:
    side = diabetes.l1
    rows = weights_rows(diabetes, "l1", side.i_1se)["bars"]
    for rank, state in enumerate(rows["state"]):
        value = side.coefs[diabetes.top[rank], side.i_1se]
        assert (state == "zero") == (value == 0.0)
        assert (rows["text"][rank] == "0") == (value == 0.0)
    assert "zero" in rows["state"]
    assert "small" in {
        s for i in side.grid for s in weights_rows(diabetes, "l1", int(i))["bars"]["state"]
    }


def test_path_and_curve_rows_are_the_numbers_of_the_comparison(diabetes: PenaltyComparison) -> None:
    side = diabetes.l2
    lines = path_rows(diabetes, "l2", words())["lines"]
    order = list(dict.fromkeys(lines["feature"]))
    assert sorted(order) == list(range(10))
    u = side.penalized_coefs[diabetes.top[order]][:, side.grid]
    np.testing.assert_allclose(lines["y"], u.ravel(), rtol=1e-5, atol=1e-12)
    curve = cv_rows(diabetes, "l2", words())["cv"]
    np.testing.assert_allclose(curve["mean"], side.cv_mean[side.grid], rtol=1e-5)
    np.testing.assert_allclose(curve["train"], side.train_error[side.grid], rtol=1e-5)
    half = (np.array(curve["high"]) - curve["low"]) / 2
    np.testing.assert_allclose(half, side.cv_std_error[side.grid], rtol=1e-2)


def test_the_same_features_are_highlighted_on_both_sides_and_labelled_apart(
    diabetes: PenaltyComparison,
) -> None:
    named = highlighted(diabetes)
    assert len(named) == N_LABELS
    for side in both(diabetes):
        peaks = np.abs(side.penalized_coefs[diabetes.top][:, side.grid]).max(axis=1)
        assert set(np.argsort(-peaks)[: N_LABELS // 2]) <= set(named)
    for penalty in ("l1", "l2"):
        rows = path_rows(diabetes, penalty, words())
        assert rows["labels"]["feature"] == named
        assert np.diff(np.sort(rows["labels"]["pixel"])).min() >= 12.4
        colored = zip(rows["lines"]["feature"], rows["lines"]["color"], strict=True)
        assert {f for f, color in colored if color != QUIET} == set(named)
    assert payload.board_payload(diabetes, words())["named"] == named


def both(comparison: PenaltyComparison) -> tuple[PenaltySide, PenaltySide]:
    return comparison.l1, comparison.l2


def test_curves_leave_the_chart_only_where_a_few_explode_and_it_is_said(
    diabetes: PenaltyComparison,
) -> None:
    flat = replace(diabetes.l2, i_min=0, i_1se=0)  # best where almost all is penalized away
    drawn = flat.penalized_coefs[:, flat.grid]
    low, high = path_range(flat)
    assert low < drawn.min() < drawn.max() < high
    assert not is_cut(flat)
    exploding = flat.coefs.copy()
    exploding[:, flat.grid[-2:]] *= 1000.0
    cut = replace(flat, coefs=exploding)
    assert is_cut(cut)
    assert path_range(cut)[1] >= drawn[:, :-2].max()
    changed = replace(diabetes, l2=cut)
    assert payload.board_payload(changed, words())["sides"]["l2"]["cut"]


def test_cv_chart_shows_the_lowest_errors_and_marks_what_lies_above(
    diabetes: PenaltyComparison,
) -> None:
    low, high = cv_range(diabetes)
    for side in both(diabetes):
        band = side.cv_mean[side.i_min] + side.cv_std_error[side.i_min]
        assert low < side.train_error.min() < band < high < side.cv_mean[0]
        assert side.cv_std_error[side.i_min] > 0.05 * (high - low)
        assert shown_error(float(side.cv_mean[0]), low, high)[1]
        assert low < shown_error(float(side.cv_mean[0]), low, high)[0] < high
        assert shown_error(band, low, high) == (band, False)
        states = [cv_state(side, i, high) for i in (0, side.i_1se, side.i_min)]
        assert states[0] == "beyond"
        assert states[2] == "best"
        assert states[1] in ("within", "best")


def test_nothing_kept_is_said_as_such(diabetes: PenaltyComparison) -> None:
    for make in (path_chart, weights_chart):
        place = {"position" if make is path_chart else "index": 0}
        title = make(diabetes, "l1", words(), **place).to_dict()["title"]
        assert (title if isinstance(title, str) else title["text"]) == (
            "L1: all 10 weights exactly zero"
        )


@pytest.mark.parametrize(
    ("value", "text"),
    [(130_500, "130,500"), (0.05, "0.05"), (-20, "−20"), (1.5e6, "1.5×10⁶"), (-2e-12, "−2×10⁻¹²")],
)
def test_axes_write_numbers_as_the_panel_does(value: float, text: str) -> None:
    import vl_convert

    chart = {
        "data": {"values": [{"x": value}]},
        "mark": "point",
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "scale": {"domain": [value - abs(value), value + abs(value)]},
                "axis": {"values": [value], "labelExpr": LABELS},
            }
        },
    }
    assert f">{text}<" in vl_convert.vegalite_to_svg(chart)


def test_more_features_than_are_drawn_become_an_envelope() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 60))
    comparison = compare_penalties(X, X[:, 0] + rng.normal(size=50), cv=3, n_lambdas=15)
    rows = path_rows(comparison, "l2", words())
    assert len(set(rows["lines"]["feature"])) == 40
    others = np.setdiff1d(np.arange(60), comparison.top)
    u = comparison.l2.penalized_coefs[others][:, comparison.l2.grid]
    np.testing.assert_allclose(rows["envelope"]["high"], u.max(axis=0), rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(rows["envelope"]["low"], u.min(axis=0), rtol=1e-5, atol=1e-12)
    sent = payload.board_payload(comparison, words())
    assert len(sent["features"]) == 40
    assert sent["total"] == 60


def test_labels_keep_apart_and_stay_near() -> None:
    placed = spread([10.0, 11.0, 12.0, 80.0], gap=12.0, low=0.0, high=100.0)
    assert placed == [0.0, 12.0, 24.0, 80.0]
    crowded = spread([99.0, 99.0, 98.0], gap=10.0, low=0.0, high=100.0)
    assert sorted(crowded) == [80.0, 90.0, 100.0]
    assert crowded[2] == 80.0


def test_rounding_keeps_significant_digits_and_drops_what_is_not_finite() -> None:
    assert rounded([123456.789, -0.000123456789, 0.0, np.nan, -0.0]) == [
        123457.0,
        -0.000123457,
        0.0,
        None,
        0.0,
    ]


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


@pytest.mark.parametrize("which", ["diabetes", "cancer"])
def test_payload_holds_the_comparison(which: str, request: pytest.FixtureRequest) -> None:
    comparison: PenaltyComparison = request.getfixturevalue(which)
    sent = json.loads(json.dumps(payload.board_payload(comparison, words()), allow_nan=False))
    for name in ("l1", "l2"):
        side, got = comparison.side(name), sent["sides"][name]
        weights = unpacked(got["weights"]).reshape(comparison.top.size, -1)
        np.testing.assert_allclose(weights, side.penalized_coefs[comparison.top], rtol=1e-6)
        np.testing.assert_array_equal(weights == 0, side.coefs[comparison.top] == 0)
        np.testing.assert_allclose(got["lambda"], side.lambdas, rtol=1e-7)
        np.testing.assert_allclose(got["sum"], side.train_sum, rtol=1e-5)
        assert got["zero"] == side.n_zero.tolist()
        assert (got["min"], got["oneSe"]) == (side.i_min, side.i_1se)
        assert (got["test"] is None) == (comparison.n_test == 0)
    for name, link in comparison.links.items():
        assert sent["links"][name]["l2"] == link.l2.tolist()
        assert sent["links"][name]["start"] == link.start
    assert (sent["contours"] is None) == (comparison.loss.name == "squared")
    assert (sent["gram"] is None) == (comparison.loss.name == "logistic")


def test_sent_contours_are_those_of_the_library(cancer: PenaltyComparison) -> None:
    sent = payload.board_payload(cancer, words(), pair=(1, 3))["contours"]
    assert sent["pair"] == [1, 3]
    for name in ("l1", "l2"):
        used = sent[f"{name}Used"]
        assert set(used) == {int(i) for link in cancer.links.values() for i in getattr(link, name)}
        outlines = unpacked(sent[name]).reshape(len(used), 3, sent["points"], 2)
        slot = len(used) // 2
        geometry = cancer.geometry(name).pair(used[slot], 1, 3)
        np.testing.assert_allclose(outlines[slot, 0, 0], geometry.solution, rtol=1e-6)
        again = geometry.contours(
            extent=sent["extent"][name], n_points=sent["points"] - 1, tol=1e-9
        )
        np.testing.assert_allclose(
            outlines[slot, 0], again.outlines[0], atol=1e-3 * sent["extent"][name]
        )


def test_pairs_that_do_not_exist_fall_back_to_the_comparisons_own(
    diabetes: PenaltyComparison,
) -> None:
    for asked in (None, (0, 0), (0, 99), "ab", (-1, 2)):
        assert payload.valid_pair(diabetes, asked) == diabetes.pair
    assert payload.valid_pair(diabetes, [3, 1]) == (3, 1)


def test_digest_tells_comparisons_apart(
    diabetes: PenaltyComparison, cancer: PenaltyComparison
) -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    assert payload.digest(diabetes) == payload.digest(compare_penalties(X, y, cv=5, n_lambdas=40))
    other = compare_penalties(X, y, cv=5, n_lambdas=40, seed=2)
    assert len({payload.digest(c) for c in (diabetes, cancer, other)}) == 3


def used_keys() -> set[str]:
    """Keys of words that the scripts and the charts ask for, templates filled in."""
    scripts = "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in bundle.SCRIPTS)
    python = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*(FOLDER.parents[1] / "plots").glob("*.py"), FOLDER / "payload.py"]
        if path.name not in ("race.py", "ensemble.py")
    )
    text = scripts + python
    found = set(re.findall(r'"([a-z_]+(?:\.[a-z0-9_]+)?)"', text))
    fills = {
        "side.": ("l1", "l2"),
        "link.": ("df", "best", "1se", "textbook"),
        "link_help.": ("df", "df_curved", "best", "1se", "textbook"),
        "control.to_": ("min", "min_help", "1se", "1se_help"),
        "numbers.": re.findall(r"NUMBER_ROWS = \[([^\]]*)\]", text)[0].replace('"', "").split(", "),
        "numbers.norm": ("_help",),
        "numbers.small": ("_help",),
        "numbers.error_": SCORES,
        "numbers.cv_": SCORES,
        "objective.": ("l1", "l2"),
        "objective.term_": ONE_OUTPUT,
        "objective.meaning_": ONE_OUTPUT,
        "missing.": ("df_kinked", "df_cost", "cv_thinned", "geometry_kinked", "geometry_single"),
        "title.path_": ("l1", "l2"),
        "title.cv_": ("best", "within", "above", "beyond"),
        "title.geometry_": [f"{a}_{b}" for a in ("l1", "l2") for b in ("edge", "corner", "origin")],
        "aria.": ("path", "cv", "geometry", "weights"),
        "curve.": ("cv", "train", "test"),
    }
    found |= {head + tail for head, tails in fills.items() for tail in tails}
    found.discard("numbers.cv")  # a row's own name; its label is one of the measure
    heads = {key.split(".")[0] for key in words() if "." in key}
    return {key for key in found if key in words() or ("." in key and key.split(".")[0] in heads)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_the_board_uses_exists(language: str) -> None:
    assert used_keys() - set(words(language)) == set()
    assert set(words(language)) - used_keys() == set()


def test_languages_have_the_same_keys_and_placeholders() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(chinese[key]), key
    for term in ("正则化", "系数路径", "交叉验证"):
        assert any(term in text for text in catalog("zh").values())


def test_script_needs_no_network_and_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bundle._vega_bundle.cache_clear()
    made = bundle.vega_bundle()
    (file,) = (tmp_path / "shrinkage").iterdir()
    bundle._vega_bundle.cache_clear()
    file.write_text(made.replace("globalThis", "/* kept */ globalThis"), encoding="utf-8")
    assert "/* kept */" in bundle.vega_bundle()
    file.write_text("cut off", encoding="utf-8")
    bundle._vega_bundle.cache_clear()
    assert bundle.vega_bundle() == made
    scripts = {*bundle.SCRIPTS, *bundle.RACE_SCRIPTS, *bundle.FIGURE_SCRIPTS}
    files = {*scripts, "common.css", "board.css", "race.css", "figures.css"}
    own = "\n".join(bundle.own_file(name) for name in files)
    assert "http" not in own
    assert "import " not in own
