"""The board's own scripts in a real browser: geometry and numbers as the library has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driving import Browser

from shrinkage.app.board.bundle import own_file
from shrinkage.linear.geometry import PairGeometry
from shrinkage.losses import Squared
from shrinkage.plots.weights import weights_extent

CASES: list[dict[str, Any]] = [
    {"gram": [[1.0, 0.3], [0.3, 1.0]], "gradient": [-0.8, 0.2], "solution": [2.0, -0.5]},
    {"gram": [[1.0, -0.97], [-0.97, 1.0]], "gradient": [0.4, 0.4], "solution": [0.0, 1.5]},
    {"gram": [[2.0, 0.0], [0.0, 0.5]], "gradient": [-0.1, 0.1], "solution": [0.3, 0.0]},
    {"gram": [[0.5, 0.0], [0.0, 2.0]], "gradient": [0.1, -0.3], "solution": [-1.0, 0.4]},
]


@pytest.fixture(scope="module")
def run(browser: Browser) -> Any:
    """Evaluate an expression with the board's formatting and geometry in scope."""
    page = browser.new_page()
    for name in ("format.js", "geometry.js", "weights.js"):
        page.add_script_tag(content=own_file(name))
    yield page.evaluate
    page.close()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_contours_and_ball(run: Any, case: dict[str, Any], penalty: str) -> None:
    geometry = PairGeometry(
        penalty=penalty,
        lam=1.0,
        solution=np.array(case["solution"]),
        gradient=np.array(case["gradient"]),
        gram=np.array(case["gram"]),
        loss=Squared(),
        rows=None,
        targets=None,
        eta=None,
    )
    (a, b), (_, d) = case["gram"]
    sent = {"gram": [a, b, d], **{k: case[k] for k in ("gradient", "solution")}}
    got = run("(c) => squaredContours(c.gram, c.gradient, c.solution, 3)", sent)
    drawn = geometry.contours(extent=3.0)
    np.testing.assert_allclose(got["centre"], drawn.centre, atol=1e-9)
    for level in drawn.levels:
        points = np.array([[r["x"], r["y"]] for r in got["rows"] if r["level"] == level])
        assert np.abs(points).max() <= 3.6 + 1e-9
        points = points[np.abs(points).max(axis=1) < 3.6 - 1e-9]  # the cut edges are no contour
        depth = geometry.excess(points) - geometry.excess(drawn.centre)
        expected = geometry.excess(drawn.outlines[drawn.levels.index(level)][3]) - geometry.excess(
            drawn.centre
        )
        np.testing.assert_allclose(depth, expected[0], rtol=1e-8)
        if level == 1.0:
            np.testing.assert_allclose(points[0], case["solution"], atol=1e-9)
    ball = run("([p, s]) => ballRows(p, s, '')", [penalty, case["solution"]])
    outline = np.array([[r["x"], r["y"]] for r in ball])
    norm = np.linalg.norm(outline, ord=1 if penalty == "l1" else 2, axis=1)
    np.testing.assert_allclose(norm, geometry.radius(), rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (12.345, "12.3"),
        (-0.012345, "−0.0123"),
        (1.0, "1.00"),
        (999.6, "1,000"),
        (3097.64, "3,100"),
        (123456, "123,000"),
        (1270000, "1.27×10⁶"),
        (-4.02e-6, "−4.02×10⁻⁶"),
        (None, "–"),
    ],
)
def test_numbers_have_three_significant_digits(run: Any, value: float | None, text: str) -> None:
    assert run("formatNumber", value) == text


@pytest.mark.parametrize("largest", [0.0, 1e-9, 0.2, 0.21, 0.999, 1.0, 1.01, 6.9, 7.1, 4.2e7])
def test_the_axis_of_the_bars_ends_where_that_of_the_library_does(run: Any, largest: float) -> None:
    assert run("roundUp", largest) == pytest.approx(weights_extent(largest), rel=1e-12)
