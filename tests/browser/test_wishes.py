"""What a person asked for last is what comes, on a slow page and over a broken connection.

``SHRINKAGE_REPEATS=10`` repeats the uploads so often.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest
from driving import SLIDER, Visit

pytestmark = pytest.mark.browser
Opened = Callable[..., AbstractContextManager[Visit]]

REPEATS = int(os.environ.get("SHRINKAGE_REPEATS", "1"))
SLOWDOWN = 6
# Remembers the page's sockets, so that a test can break them.
SOCKETS = """
window.sockets = [];
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) { super(...given); window.sockets.push(this); }
};
"""
BREAK = "() => window.sockets.forEach((socket) => socket.close())"


def slow_table(seed: int, rows: int = 54_000, columns: int = 10) -> bytes:
    """A table whose fit takes longer than the page waits for one."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-99, 100, size=(rows, columns))
    y = X @ rng.integers(1, 5, size=columns) + rng.integers(-99, 100, size=rows)
    head = ",".join([*(f"x{j}" for j in range(columns)), "y"])
    body = "\n".join(",".join(map(str, row)) for row in np.column_stack([X, y]))
    return f"{head}\n{body}".encode()


def upload_and_use(seen: Visit, name: str, content: bytes) -> None:
    """Upload a table, take x1 for its target and use it at once, without a pause."""
    page = seen.page
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.locator(".st-key-data_panel button").first.click()
    seen.settle()
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator('input[type="file"]').set_input_files(file)
    page.locator(".st-key-use_data button").wait_for(timeout=60_000)
    page.locator('[class*="st-key-target_"] [role="combobox"]').click()
    page.get_by_role("option", name="x1", exact=True).click()
    page.locator(".st-key-use_data button").click()


def assert_arrives(seen: Visit, name: str) -> None:
    """The picture is that of the table and the target, and so is the address."""
    page = seen.page
    page.locator(".st-key-fit_card").wait_for(timeout=30_000)
    page.locator(".st-key-fit_card").wait_for(state="detached", timeout=180_000)
    # What a late message would undo is undone by now.
    page.wait_for_timeout(1000)
    seen.settle()
    assert name in page.locator(".st-key-data_panel button").first.inner_text()
    assert "x1" in page.locator(".st-key-context p").first.inner_text()
    assert "c=v1." in page.url
    assert page.locator(SLIDER).first.is_visible()
    assert page.locator('[data-testid="stAlertContainer"]').count() == 0
    assert seen.outside == []


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_slow_fit_arrives_on_a_slow_page(open_app: Opened, repeat: int) -> None:
    with open_app() as seen:
        upload_and_use(seen, f"own{repeat}.csv", slow_table(repeat))
        assert_arrives(seen, f"own{repeat}.csv")
        seen.assert_clean()


@pytest.mark.parametrize("broken", ["before the page heard of the fit", "while the fit ran"])
def test_a_broken_connection_loses_nothing(open_app: Opened, broken: str) -> None:
    with open_app(before=SOCKETS) as seen:
        name = f"{broken.split()[0]}.csv"
        upload_and_use(seen, name, slow_table(len(broken)))
        if broken.startswith("while"):
            seen.page.locator(".st-key-fit_card").wait_for(timeout=30_000)
        seen.page.evaluate(BREAK)
        assert_arrives(seen, name)
