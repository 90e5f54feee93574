"""Choose a loss, or bring a column of texts, in a real Chromium."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from driving import SLIDER, Visit, overflow

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
GAP = re.compile(r"largest relative duality gap is ([\d.]+(?:×10[⁻⁰¹²³⁴-⁹]+)?) ")
TOOK = re.compile(r"Fitted and cross-validated in [\d.]+ s\. L1: (.+?)\. L2: (.+?)\.")


def choose_loss(seen: Visit, name: str) -> None:
    seen.page.locator(".st-key-loss_panel button").first.click()
    seen.settle()
    seen.page.locator('[class*="st-key-loss_"] label').filter(has_text=name).first.click()
    seen.page.get_by_role("button", name=f"Loss: {name}").wait_for(timeout=30_000)
    seen.settle()
    seen.page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280", "390"])
@pytest.mark.parametrize(("name", "error"), [("Poisson", "deviance"), ("Huber", "mean loss")])
def test_another_loss_with_gap_regime_and_seconds(
    open_app: Opened, size: dict[str, int], name: str, error: str
) -> None:
    with open_app(**size) as seen:
        choose_loss(seen, name)
        said = seen.page.locator(".st-key-finding p").first.inner_text()
        assert error in said
        certificate = seen.page.get_by_text("Certificate:").inner_text()
        assert GAP.search(certificate)
        took = TOOK.search(certificate)
        assert took is not None
        assert "(Newton)" in took[1]
        assert seen.page.locator(".geometry .chart svg").count() == 2
        assert overflow(seen.page) == {"wide": 0, "main": 0}
        # The choice is in the address: a refresh shows it again.
        seen.page.reload()
        seen.settle()
        seen.page.locator(SLIDER).wait_for(state="visible")
        seen.page.get_by_role("button", name=f"Loss: {name}").wait_for()
        seen.assert_clean()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280", "390"])
def test_a_quantile_has_no_contours_and_says_why(open_app: Opened, size: dict[str, int]) -> None:
    with open_app(**size) as seen:
        choose_loss(seen, "Quantile")
        seen.page.get_by_role("button", name="Loss: Quantile, q = 0.5").wait_for()
        assert "mean loss" in seen.page.locator(".st-key-finding p").first.inner_text()
        certificate = seen.page.get_by_text("Certificate:").inner_text()
        assert GAP.search(certificate)
        took = TOOK.search(certificate)
        assert took is not None
        assert "interior-point" in took[1]
        seen.page.get_by_text("No contours: this loss has kinks").wait_for()
        seen.page.get_by_text("ρ: 0.5 times what lies above the prediction, 0.5 times").wait_for()
        assert seen.page.locator(".geometry .chart svg").count() == 0
        assert overflow(seen.page) == {"wide": 0, "main": 0}
        seen.assert_clean()


def reviews() -> bytes:
    chance = random.Random(4)
    filler = ["the", "room", "that", "we", "had", "been", "given", "was", "near", "some", "large"]
    telling = {"good": ["bright", "kind", "swift"], "bad": ["dull", "rude", "late"]}
    lines = ["text,label"]
    for i in range(150):
        kind = chance.choice(["good", "bad"])
        words = [*chance.sample(filler, 9), chance.choice(telling[kind])]
        label = chance.choice(["good", "bad"]) if i % 8 == 0 else kind
        lines.append(f'"{" ".join(words)}, {i}",{label}')
    return "\n".join(lines).encode()


def test_a_column_of_texts_becomes_words(open_app: Opened) -> None:
    with open_app(**DESKTOP) as seen:
        page = seen.page
        page.locator(".st-key-data_panel button").first.click()
        seen.settle()
        page.locator('input[type="file"]').set_input_files(
            {"name": "reviews.csv", "mimeType": "text/csv", "buffer": reviews()}
        )
        seen.settle()
        page.locator(".st-key-use_data button").click()
        page.get_by_text(re.compile(r"text: its \d+ words")).wait_for(timeout=60_000)
        seen.settle()
        names = page.locator(".pair select option").all_inner_texts()
        assert {"bright", "kind", "swift", "dull", "rude", "late"} <= set(names)
        page.locator(".st-key-preparation button").first.click()
        page.get_by_text("sparse columns, one a word").wait_for(state="visible")
        page.keyboard.press("Escape")
        page.locator(".st-key-data_panel button").first.click()
        page.get_by_text("Words of a text column").wait_for(state="visible")
        assert overflow(page) == {"wide": 0, "main": 0}
        seen.assert_clean()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_menu_of_a_phone_covers_no_number(open_app: Opened, lang: str) -> None:
    with open_app(f"/?lang={lang}", **PHONE) as seen:
        seen.page.locator('[data-testid="stMain"]').evaluate("e => e.scrollTo(0, 450)")
        seen.page.wait_for_timeout(300)
        menu = seen.page.locator('[data-testid="stMainMenu"]').first.bounding_box()
        readout = seen.page.locator(".readout").bounding_box()
        select = seen.page.locator("select.link").bounding_box()
        assert menu is not None
        for box in (readout, select):
            assert box is not None
            assert box["y"] >= 0  # it stays on the screen
            beside = box["x"] + box["width"] <= menu["x"]
            below = box["y"] >= menu["y"] + menu["height"]
            assert beside or below
