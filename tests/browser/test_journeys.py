"""What a person does, in a real Chromium: look, drag, link, own file, test rows, language."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from driving import SLIDER, Drag, Visit, measure_drag, overflow
from PIL import Image

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# The exact bounds, 17 and 34 ms, are those of measure_drag.py on a quiet machine; here a frame or
# two is given away, and three tries. Where other programs take the processors, the time between
# frames is theirs, and the processor time of a frame decides: 16 ms at 1280 px over two threads. A
# design that breaks the pace misses these by far: 442 rows drawn in every frame cost 25 ms of it, a
# round trip to the server 100.
MEDIAN_MS, P95_MS, CPU_MS, TRIES = 20.0, 50.0, 28.0, 3


def text_of(seen: Visit, key: str) -> str:
    return seen.page.locator(f".st-key-{key}").inner_text()


def test_the_finished_picture_on_one_screen(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        finding = page.locator(".st-key-finding p").first
        assert re.search(r"L1 keeps \d+ of 10 features", finding.inner_text())
        charts = page.locator(".path .chart svg, .cv .chart svg, .geometry .chart svg").all()
        assert len(charts) == 6
        for part in (finding, page.locator(SLIDER), *charts):
            box = part.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 800
        assert page.locator(".chart svg").count() == 8
        assert overflow(page) == {"wide": 0, "main": 0}
        seen.assert_clean()


def test_dragging_moves_both_penalties_without_the_server(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        slider = seen.page.locator(SLIDER)
        said = slider.get_attribute("aria-valuetext")
        title = seen.page.locator(".path .finding").first.inner_text()
        box = slider.bounding_box()
        assert box is not None
        seen.page.wait_for_timeout(500)
        before = seen.sent
        y = box["y"] + box["height"] / 2
        seen.page.mouse.move(box["x"] + box["width"] * 0.4, y)
        seen.page.mouse.down()
        seen.page.mouse.move(box["x"] + box["width"] * 0.03, y, steps=20)
        seen.page.mouse.up()
        seen.page.wait_for_timeout(500)
        assert seen.sent == before
        now = slider.get_attribute("aria-valuetext") or ""
        assert now != said
        assert "L1: λ" in now
        assert "L2: λ" in now
        assert seen.page.locator(".path .finding").first.inner_text() != title
        seen.assert_clean()


def keeps_pace(drag: Drag) -> bool:
    if drag.median <= MEDIAN_MS and drag.p95 <= P95_MS:
        return True
    return os.getloadavg()[0] > (os.cpu_count() or 1) and drag.cpu <= CPU_MS


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280", "390"])
def test_a_drag_over_100_lambda_keeps_its_pace(open_app: Opened, size: dict[str, int]) -> None:
    with open_app(**size) as seen:
        drags = []
        while len(drags) < TRIES and not any(map(keeps_pace, drags)):
            drags.append(measure_drag(seen))
        assert any(map(keeps_pace, drags)), (drags, os.getloadavg())
        assert [drag.sent for drag in drags] == [0] * len(drags)
        seen.assert_clean()


def test_the_link_between_the_penalties_goes_into_the_address(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        readout = seen.page.locator(".readout")
        before = readout.inner_text()
        seen.page.locator("select.link").select_option("textbook")
        seen.settle()
        seen.page.wait_for_url(re.compile(r"[?&]c=v1\."))
        assert readout.inner_text() != before
        address = seen.page.url
        seen.page.goto(address)
        seen.settle()
        seen.page.locator(SLIDER).wait_for(state="visible")
        assert seen.page.locator("select.link").input_value() == "textbook"
        seen.assert_clean()


def test_the_way_back_undoes_the_link_between_the_penalties(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page, link = seen.page, seen.page.locator("select.link")
        first = link.input_value()
        for name in ("textbook", "best"):
            before = page.url
            link.select_option(name)
            page.wait_for_function("(before) => window.location.href !== before", arg=before)
            seen.settle()
        for name in ("textbook", first):
            page.go_back()
            shown = f"select.link:has(option[value={json.dumps(name)}]:checked)"
            page.locator(shown).wait_for()
            seen.settle()
            assert link.input_value() == name
        assert "c=" not in page.url
        seen.assert_clean()


def own_table() -> bytes:
    rows = [f"{i},{i % 7},{(i * i) % 11},{2 * (i % 7) - (i * i) % 11 + i % 3}" for i in range(90)]
    return "\n".join(["编号,宽度,b:2.x,目标", *rows]).encode()


def test_own_file_with_target_then_test_rows(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        page.locator(".st-key-data_panel button").first.click()
        seen.settle()
        page.locator('input[type="file"]').set_input_files(
            {"name": "房价.csv", "mimeType": "text/csv", "buffer": own_table()}
        )
        seen.settle()
        page.locator('[class*="st-key-target_"] [role="combobox"]').click()
        page.get_by_role("option", name="目标").click()
        seen.settle()
        page.locator(".st-key-use_data button").click()
        seen.settle()
        page.get_by_text("90 × 2").wait_for()
        names = page.locator(".pair select option").all_inner_texts()
        assert {"宽度", "b:2.x"} == set(names)
        page.locator(".st-key-preparation button").first.click()
        page.get_by_text("编号").first.wait_for(state="visible")
        page.keyboard.press("Escape")
        page.locator(".st-key-split label").first.click()
        seen.settle()
        page.locator(".numbers").get_by_text("test error").wait_for()
        assert "test rows" in text_of(seen, "finding")
        # A refresh finds the file and the test rows again.
        page.reload()
        seen.settle()
        page.locator(".numbers").get_by_text("test error").wait_for()
        assert page.get_by_text("90 × 2").is_visible()
        seen.assert_clean()


def test_a_bad_file_leaves_the_picture(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        page.locator(".st-key-data_panel button").first.click()
        seen.settle()
        page.locator('input[type="file"]').set_input_files(
            {"name": "empty.csv", "mimeType": "text/csv", "buffer": b""}
        )
        seen.settle()
        page.get_by_text("The file is empty").wait_for()
        page.keyboard.press("Escape")
        seen.settle()
        assert page.locator(".chart svg").count() == 8
        assert page.get_by_text("442 × 10").is_visible()
        seen.assert_clean()


def test_the_language_switch_keeps_the_place(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        page.locator(SLIDER).focus()
        page.keyboard.press("End")
        place = page.locator(SLIDER).input_value()
        page.locator(".st-key-language_switch").get_by_text("中文").click()
        seen.settle()
        page.get_by_text("划出测试行").wait_for()
        assert "L1 保留" in text_of(seen, "finding")
        assert page.locator(SLIDER).input_value() == place
        assert "lang=zh" in page.url
        seen.assert_clean()


def test_a_chinese_browser_gets_chinese(open_app: Opened) -> None:
    with open_app(**PHONE, locale="zh-CN") as seen:
        assert "L1 保留" in text_of(seen, "finding")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_scrolls_down_only(open_app: Opened, lang: str) -> None:
    with open_app(f"/?lang={lang}", **PHONE) as seen:
        assert overflow(seen.page) == {"wide": 0, "main": 0}
        assert seen.page.evaluate(_CLIPPED) == []
        boxes = [chart.bounding_box() for chart in seen.page.locator(".chart").all()]
        assert len(boxes) == 8
        assert all(box is not None and box["height"] > 80 < box["width"] for box in boxes)
        seen.assert_clean()


# Text elements of the board that are wider than the box that clips them, in any shadow root.
_CLIPPED = """
() => {
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) visit(node.shadowRoot);
      if (!node.matches("svg text, th, td, .finding, .readout, .formula, .amount, .end")) continue;
      const box = node.getBoundingClientRect();
      if (box.width && (box.right > window.innerWidth + 1 || box.left < -1)) {
        found.push(node.textContent);
      }
    }
  };
  visit(document);
  return found;
}
"""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_white_box_in_the_dark(open_app: Opened, lang: str) -> None:
    with open_app(f"/?lang={lang}", **DESKTOP, scheme="dark") as seen:
        seen.page.wait_for_timeout(500)
        picture = Image.open(io.BytesIO(seen.page.screenshot())).convert("L")
        counts: list[Any] = picture.histogram()
        assert sum(counts[:64]) > 0.8 * 1280 * 800
        assert sum(counts[225:]) < 0.03 * 1280 * 800
        seen.assert_clean()
