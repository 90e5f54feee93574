"""The Ensemble tab in a real Chromium: from the race to the votes, another row, the tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from driving import Visit, overflow

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_from_the_race_to_the_votes(open_app: Opened, size: dict[str, int]) -> None:
    with open_app(**size) as seen:
        page = seen.page
        page.locator(".st-key-screen_switch").get_by_text("Network").click()
        page.locator(".lane .chart svg").nth(3).wait_for(timeout=90_000)
        page.locator(".st-key-full_speed label").first.click()
        page.locator(".st-key-race_train").wait_for(timeout=60_000)
        seen.settle()
        assert re.search(r"\d · vote \d", page.locator(".test .chart svg").text_content() or "")
        page.locator(".st-key-network_view").get_by_text("Ensemble").click()
        page.locator(".figure.row .chart svg").wait_for(timeout=60_000)
        seen.settle()
        said = page.locator(".st-key-ensemble_finding p").first.inner_text()
        assert re.search(r"(match(es)? weight scaling|cannot be told apart)", said)
        assert re.search(r"variance exactly: .* [\d.,]+ − [\d.,]+ = [\d.,]+", said)
        for name in ("members", "spread", "row"):
            drawn = page.locator(f".figure.{name} .chart svg").text_content() or ""
            assert "weight scaling" in drawn
            label = page.locator(f".figure.{name} .chart").get_attribute("aria-label")
            assert label
        # Another row: the charts are changed in place.
        page.locator(".figure.row .chart svg").evaluate("e => { e.dataset.kept = 'yes'; }")
        box = page.locator('[class*="st-key-ensemble_row"] input')
        box.fill("7")
        box.press("Enter")
        page.get_by_text("What members predict for test row 7").wait_for()
        assert page.locator(".figure.row .chart svg").get_attribute("data-kept") == "yes"
        # The numbers stand behind every chart.
        page.locator(".figure.members .show-data").click()
        assert "weight scaling" in page.locator(".figure.members table").inner_text()
        assert overflow(page) == {"wide": 0, "main": 0}
        # A refresh finds the tab again.
        page.reload()
        page.locator(".figure.row .chart svg").wait_for(timeout=30_000)
        page.locator(".st-key-language_switch").get_by_text("中文").click()
        page.get_by_text("单独成员的测试误差").first.wait_for()
        seen.settle()
        assert overflow(page) == {"wide": 0, "main": 0}
        seen.assert_clean()
