"""The page around the pictures: nothing covers it, everybody can use it, in a window of its own."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from driving import SLIDER, Browser, Visit

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

# In every frame for so many ms: what lies on the language, and the faintest element of Streamlit's.
_WATCH = """
(ms) => new Promise((resolve) => {
  const until = performance.now() + ms, covered = new Set();
  let faintest = 1, stale = 0;
  const look = () => {
    for (const choice of document.querySelectorAll(".st-key-language_switch [role=radio]")) {
      const box = choice.getBoundingClientRect();
      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      if (!top || !top.closest(".st-key-language_switch")) covered.add(top ? top.outerHTML : "");
    }
    for (const part of document.querySelectorAll("[data-stale]")) {
      stale += part.dataset.stale === "true";
      faintest = Math.min(faintest, Number(getComputedStyle(part).opacity));
    }
    if (performance.now() < until) requestAnimationFrame(look);
    else resolve({ covered: [...covered], faintest, stale });
  };
  look();
})
"""


def test_nothing_covers_the_language_or_fades_while_a_race_runs(open_app: Opened) -> None:
    with open_app("/?screen=network", until=".st-key-race_stop button") as seen:
        page = seen.page
        watched = page.evaluate(_WATCH, 3000)
        assert page.locator(".st-key-race_stop").is_visible()
        assert watched["covered"] == []
        assert watched["faintest"] == 1
        page.locator(".st-key-language_switch").get_by_text("中文").click()
        page.get_by_text("共同设置").first.wait_for()
        assert page.locator('[data-testid="stStatusWidget"]:visible').count() == 0
        seen.assert_clean()


# Every image without a text, and the contrast of every caption, in light and dark.
_UNNAMED = """
() => {
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) visit(node.shadowRoot);
      if (!node.matches("svg[role], [role=img], [role^=graphics], img")) continue;
      const named = node.getAttribute("aria-label") || node.getAttribute("alt");
      if (!named && !node.closest("[aria-hidden=true]")) found.push(node.outerHTML.slice(0, 200));
    }
  };
  visit(document);
  return found;
}
"""
_CONTRAST = """
() => {
  const ink = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colors) => {
    ink.clearRect(0, 0, 1, 1);
    for (const [color, opacity] of colors) {
      ink.globalAlpha = opacity;
      ink.fillStyle = color;
      ink.fillRect(0, 0, 1, 1);
    }
    return [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (color) => color.map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i] * c, 0);
  const page = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
  return [...document.querySelectorAll('[data-testid="stCaptionContainer"] p')].map((text) => {
    let opacity = 1;
    for (let node = text; node; node = node.parentElement) {
      opacity *= Number(getComputedStyle(node).opacity);
    }
    const [a, b] = [rgb([[page, 1], [getComputedStyle(text).color, opacity]]), rgb([[page, 1]])]
      .map(light).sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_images_have_texts_and_captions_can_be_read(open_app: Opened, scheme: str) -> None:
    with open_app(scheme=scheme) as seen:
        seen.page.locator(".chart svg").first.wait_for()
        assert seen.page.evaluate(_UNNAMED) == []
        contrasts = seen.page.evaluate(_CONTRAST)
        assert contrasts
        assert min(contrasts) >= 4.5


def test_a_popover_takes_the_focus_and_gives_it_back(open_app: Opened) -> None:
    with open_app() as seen:
        page = seen.page
        place = """(first) => {
          const focus = document.activeElement;
          const label = focus.getAttribute("aria-label") || focus.textContent;
          return focus.closest("[data-testid=stPopoverBody]") && label.includes(first);
        }"""
        for key, first in (("data_panel", "Built-in data"), ("take_panel", "Coefficients")):
            button = page.locator(f".st-key-{key} button").first
            button.focus()
            page.keyboard.press("Enter")
            page.wait_for_function(place, arg=first)
            page.keyboard.press("Escape")
            page.locator('[data-testid="stPopoverBody"]').wait_for(state="detached")
            assert button.evaluate("(button) => document.activeElement === button")
        seen.assert_clean()


@pytest.fixture
def neighbour(server: str, tmp_path: Path) -> Iterator[str]:
    """A page of another origin that shows the app in a frame."""
    page = (
        f'<!doctype html><title>x</title><iframe src="{server}" width="900" height="600"></iframe>'
    )
    (tmp_path / "index.html").write_text(page)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}"
        made.shutdown()
        thread.join()


CONTROLS = "button, input, select, textarea, a[href], [role=combobox], [role=radio]"


def test_a_foreign_frame_holds_one_button(neighbour: str, server: str, browser: Browser) -> None:
    page = browser.new_page(locale="en-US")
    try:
        page.goto(neighbour)
        inside = page.frame_locator("iframe")
        door = inside.get_by_role("button", name="Open in its own window")
        door.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        parts = (
            inside.locator(CONTROLS)
            .locator("visible=true")
            .evaluate_all("(all) => all.map((one) => one.outerHTML)")
        )
        assert len(parts) == 1, [part[:200] for part in parts]
        with page.context.expect_page() as opened:
            door.click()
        own = opened.value
        own.locator(SLIDER).first.wait_for(timeout=60_000)
        assert own.url.rstrip("/") == server
        # The page of the frame, opened by itself, is the app.
        own.goto(f"{server}/?frame=1")
        own.locator(SLIDER).first.wait_for(timeout=60_000)
    finally:
        page.context.close()
