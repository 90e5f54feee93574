"""What a person asked for last is what comes, on a slow page and over a broken connection.

``SHRINKAGE_REPEATS=10`` repeats the tests so often.
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
PATIENCE_SECONDS = 180
# Remembers the page's sockets, so that a test can break them. A page made deaf hears nothing any
# more of what the server says; ``told`` is whether it said anything of a fit.
SOCKETS = """
window.sockets = [];
window.deaf = window.told = false;
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    window.sockets.push(this);
    this.addEventListener("message", (event) => {
      if (!window.deaf) return;
      event.stopImmediatePropagation();
      if (new TextDecoder().decode(event.data).includes("fit_card")) window.told = true;
    });
  }
};
"""
BREAK = "() => { window.deaf = false; window.sockets.forEach((socket) => socket.close()); }"
# Where the page stands: the card of the wanted fit, or its picture without one under way.
STANDING = """
(name) => {
  const text = (where) => document.querySelector(where)?.innerText ?? "";
  if (document.querySelector(".st-key-fit_card")) return "fitting";
  return text(".st-key-data_panel button").includes(name)
    && text(".st-key-context p").includes("x1") ? "arrived" : "waiting";
}
"""


def slow_table(seed: int, rows: int = 54_000, columns: int = 10) -> bytes:
    """A table whose fit takes longer than the page waits for one."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-99, 100, size=(rows, columns))
    y = X @ rng.integers(1, 5, size=columns) + rng.integers(-99, 100, size=rows)
    head = ",".join([*(f"x{j}" for j in range(columns)), "y"])
    body = "\n".join(",".join(map(str, row)) for row in np.column_stack([X, y]))
    return f"{head}\n{body}".encode()


def upload(seen: Visit, name: str, content: bytes) -> None:
    """Upload a table and take x1 for its target; the next click comes without a pause."""
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


def use(seen: Visit) -> None:
    """Have the uploaded table fitted."""
    seen.page.locator(".st-key-use_data button").click()


def wait_for_fit(seen: Visit, name: str) -> None:
    """Wait for the card of the fit; one that a slow page never showed is over."""
    begun = f"(name) => ['fitting', 'arrived'].includes(({STANDING})(name))"
    seen.page.wait_for_function(begun, arg=name, timeout=60_000)


def assert_arrives(seen: Visit, name: str) -> None:
    """The picture is that of the table and the target, and so is the address.

    The card of the fit need not be seen: the fit may be over before a slow page draws it.
    """
    page = seen.page
    arrived = f"(name) => ({STANDING})(name) === 'arrived'"
    page.wait_for_function(arrived, arg=name, timeout=1000 * PATIENCE_SECONDS)
    # What a late message would undo is undone by now.
    page.wait_for_timeout(1000)
    seen.settle()
    assert page.evaluate(STANDING, name) == "arrived"
    assert name in page.locator(".st-key-data_panel button").first.inner_text()
    assert "x1" in page.locator(".st-key-context p").first.inner_text()
    assert "c=v1." in page.url
    assert page.locator(SLIDER).first.is_visible()
    assert page.locator('[data-testid="stAlertContainer"]').count() == 0
    assert seen.outside == []


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_slow_fit_arrives_on_a_slow_page(open_app: Opened, repeat: int) -> None:
    with open_app() as seen:
        name = f"own{repeat}.csv"
        upload(seen, name, slow_table(repeat))
        use(seen)
        assert_arrives(seen, name)
        seen.assert_clean()


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_wish_that_only_the_server_heard_arrives(open_app: Opened, repeat: int) -> None:
    """The page is cut off before it hears of the fit; nobody presses again."""
    with open_app(before=SOCKETS) as seen:
        name = f"before{repeat}.csv"
        upload(seen, name, slow_table(100 + repeat))
        seen.settle()
        seen.page.evaluate("() => { window.deaf = true; }")
        use(seen)
        seen.page.wait_for_function("() => window.told", timeout=60_000)
        seen.page.evaluate(BREAK)
        assert_arrives(seen, name)


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_a_connection_broken_while_the_fit_runs_loses_nothing(
    open_app: Opened, repeat: int
) -> None:
    with open_app(before=SOCKETS) as seen:
        name = f"while{repeat}.csv"
        upload(seen, name, slow_table(400 + repeat))
        use(seen)
        wait_for_fit(seen, name)
        seen.page.evaluate(BREAK)
        assert_arrives(seen, name)
