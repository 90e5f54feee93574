"""The race in a real Chromium: watch it, step in, stop it, find it again, change the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from driving import Visit, overflow

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
EPOCH = re.compile(r"Epoch (\d+) of 200")


def enter(seen: Visit) -> None:
    """Go to the Network screen, whose race starts by itself, and wait for its curves."""
    seen.page.locator(".st-key-screen_switch").get_by_text("Network").click()
    seen.page.locator(".lane .chart svg").nth(3).wait_for(timeout=90_000)


def epoch(seen: Visit) -> int:
    """The epoch that the progress tells."""
    found = EPOCH.search(seen.page.get_by_text(EPOCH).first.inner_text())
    assert found is not None
    return int(found[1])


def ended(seen: Visit) -> str:
    """The finding, once nothing is under way."""
    seen.page.locator(".st-key-race_train").wait_for(timeout=60_000)
    seen.settle()
    return seen.page.locator(".st-key-race_finding p").last.inner_text()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280", "390"])
def test_the_race_runs_before_ones_eyes_and_stops(open_app: Opened, size: dict[str, int]) -> None:
    with open_app(**size) as seen:
        page = seen.page
        enter(seen)
        first = epoch(seen)
        page.wait_for_timeout(500)
        # The charts are changed in place: no tick makes them anew.
        page.locator(".lane .chart svg").first.evaluate("e => { e.dataset.kept = 'yes'; }")
        page.wait_for_timeout(1000)
        assert epoch(seen) > first
        page.locator(".st-key-race_stop button").click()
        said = ended(seen)
        after = re.match(r"After epoch (\d+)", said)
        assert after is not None
        assert first < int(after[1]) < 200
        assert page.locator(".lane .chart svg").first.get_attribute("data-kept") == "yes"
        notes = page.locator(".lane .note").all_inner_texts()
        assert len(notes) == 4
        assert all(
            re.match(r"Gap [−\d.×⁻⁰-⁹]+: validation [\d.]+, training", note) for note in notes
        )
        zeros = page.locator(".zeros .chart svg").text_content() or ""
        assert re.search(r"[1-9]\d?\.\d.% · [\d,]+ of 4,800", zeros)
        assert "Test error" in page.locator(".test .finding").inner_text()
        # The numbers stand behind every chart.
        page.locator(".zeros .show-data").click()
        assert "L1, λ = 0.003" in page.locator(".zeros table").inner_text()
        assert overflow(page) == {"wide": 0, "main": 0}
        seen.assert_clean()


def test_step_in_refresh_and_other_data(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        enter(seen)
        name = re.search(r"race=([\w-]+)", page.url)
        assert name is not None
        # A stronger penalty for lane B while it trains.
        page.locator(".st-key-lane_1 button").first.click()
        page.locator('[class*="st-key-lane_lam_1"] input[type="range"]').first.press("ArrowRight")
        page.get_by_role("button", name="L1, λ = 0.005").wait_for()
        page.keyboard.press("Escape")
        assert epoch(seen) > 0
        # A refresh finds the race under way, not a new one.
        page.reload()
        page.locator(".lane .chart svg").nth(3).wait_for(timeout=30_000)
        assert f"race={name[1]}" in page.url
        said = ended(seen)
        assert said.startswith("After epoch 200 A (no regularization) overfits")
        # Lane B's results are those of two penalties.
        named = page.locator(".lane .finding").nth(1).inner_text()
        assert re.fullmatch(r"L1, λ = 0.003; after epoch \d+ L1, λ = 0.005", named)
        page.get_by_text("L1, λ = 0.005").first.wait_for()
        # Other data: the race begins anew on them, and the old one is in the history.
        page.locator(".st-key-data_panel button").first.click()
        seen.settle()
        page.locator('[class*="st-key-sample_"] [role="combobox"]').click()
        page.get_by_role("option", name="Wine cultivars").click()
        page.get_by_role("button", name="178 × 13").wait_for(timeout=30_000)
        ended(seen)
        assert "share of wrong classes" in page.locator(".test .finding").inner_text()
        page.locator(".st-key-history_panel button").first.click()
        rows = page.locator('[class*="st-key-run_"]').filter(has_text="Diabetes")
        row = rows.filter(has_text=f"race: no regularization / {named}")
        row.get_by_role("button", name="Open").click()
        page.get_by_role("button", name="442 × 10").wait_for(timeout=30_000)
        assert ended(seen) == said
        assert overflow(page) == {"wide": 0, "main": 0}
        seen.assert_clean()


def test_the_finished_race_on_one_screen(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        enter(seen)
        page = seen.page
        page.locator(".st-key-full_speed label").first.click()
        ended(seen)
        page.locator(".st-key-language_switch").get_by_text("中文").click()
        page.get_by_text("精确为零的权重").first.wait_for()
        seen.settle()
        assert page.locator(".lane .note").first.inner_text().startswith("差距")
        for part in page.locator(".lane .chart svg, .bars .chart svg").all():
            box = part.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 800
        seen.assert_clean()
