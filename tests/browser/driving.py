"""Drive the real app: a server on a free loopback port, a real Chromium, nothing from outside."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocket, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CANDIDATES = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--force-device-scale-factor=1",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--hide-scrollbars",
]
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SLIDER = 'input[type="range"]'


def find_browser() -> str | None:
    """Path of a Chromium: ``$BROWSER_BIN``, the system's, or the one Playwright installed."""
    for name in (os.environ.get("BROWSER_BIN"), *CANDIDATES):
        if name and (path := shutil.which(name)):
            return path
    with sync_playwright() as play:
        own = play.chromium.executable_path
    return own if Path(own).exists() else None


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(home: Path) -> Iterator[str]:
    """Run the app with an empty home; yields its address."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("STREAMLIT_", "XDG_"))},
        "HOME": str(home),
        "SHRINKAGE_HOME": str(home / "data"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = [f"--server.port={port}", "--server.headless=true"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command + options, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _await_health(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _await_health(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within 60 s")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One page and what it did behind the user's back.

    Attributes:
        page: the Playwright page.
        errors: console errors and uncaught exceptions.
        outside: addresses it asked for beyond this machine; they are blocked.
        sent: number of WebSocket frames it sent to the server.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    sent: int = 0

    def settle(self) -> None:
        """Wait until the script has run and the page has drawn it."""
        # Streamlit debounces widget messages for up to 150 ms before the script starts.
        self.page.wait_for_timeout(200)
        self.page.wait_for_selector(READY, timeout=90_000)

    def assert_clean(self) -> None:
        """No console error, no request that left the machine."""
        assert self.errors == []
        assert self.outside == []


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    height: int = 800,
    locale: str = "en-US",
    scheme: str = "light",
    before: str = "",
    until: str = SLIDER,
) -> Iterator[Visit]:
    """Open the app in a fresh profile and wait for the finished picture.

    The script ``before`` runs in the page before its own; the picture is there when ``until`` is.
    """
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height},
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    try:
        if before:
            context.add_init_script(before)
        seen = _watched(context)
        seen.page.goto(address)
        if until == SLIDER:
            seen.settle()
        # The very first visit waits for the board's script to be made.
        seen.page.locator(until).first.wait_for(state="visible", timeout=90_000)
        yield seen
    finally:
        context.close()


def _watched(context: BrowserContext) -> Visit:
    seen = Visit(context.new_page())

    def check(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in ("data", "blob") or parts.hostname in LOOPBACK:
            route.continue_()
        else:
            seen.outside.append(route.request.url)
            route.abort()

    def count(socket: WebSocket) -> None:
        if urlsplit(socket.url).hostname not in LOOPBACK:
            seen.outside.append(socket.url)
        socket.on("framesent", lambda _: setattr(seen, "sent", seen.sent + 1))

    context.route("**/*", check)
    seen.page.on("websocket", count)
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    seen.page.on(
        "console", lambda line: seen.errors.append(line.text) if line.type == "error" else None
    )
    return seen


# One λ a frame: the control is set as a drag sets it, and the time between frames is taken.
_DRAG = """
(input) => new Promise((resolve) => {
  const last = Number(input.max), first = Number(input.min), steps = 100, times = [];
  let i = 0;
  const step = (now) => {
    times.push(now);
    if (i > steps) { resolve(times); return; }
    input.value = String(Math.round(first + (last - first) * i / steps));
    input.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    i += 1;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""


@dataclass(frozen=True)
class Drag:
    """A drag over 100 λ.

    Attributes:
        median, p95: time between frames, ms.
        cpu: time that the renderer's threads computed for a frame, ms; other programs do not add
            to it, though they lengthen the time between frames.
        sent: messages to the server.
    """

    median: float
    p95: float
    cpu: float
    sent: int


def measure_drag(seen: Visit) -> Drag:
    """Drag the λ control from end to end, one λ a frame."""
    slider = seen.page.locator(SLIDER).first
    slider.focus()
    seen.page.wait_for_timeout(500)
    before, cpu = seen.sent, _renderer_seconds(seen.page)
    times: list[float] = slider.evaluate(_DRAG)
    cpu = _renderer_seconds(seen.page) - cpu
    # A late message would still be caused by the drag.
    seen.page.wait_for_timeout(400)
    gaps = sorted(b - a for a, b in itertools.pairwise(times[1:]))
    return Drag(
        median=gaps[len(gaps) // 2],
        p95=gaps[int(0.95 * (len(gaps) - 1))],
        cpu=1000 * cpu / len(times),
        sent=seen.sent - before,
    )


def _renderer_seconds(page: Page) -> float:
    """Processor time of all renderers so far; only one page is open."""
    browser = page.context.browser
    assert browser is not None
    session = browser.new_browser_cdp_session()
    try:
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    finally:
        session.detach()
    return float(sum(p["cpuTime"] for p in processes if p["type"] == "renderer"))


def overflow(page: Page) -> dict[str, Any]:
    """How far the page is wider than the window, in pixels, and what is clipped."""
    result: dict[str, Any] = page.evaluate(
        "() => ({wide: document.documentElement.scrollWidth - window.innerWidth,"
        " main: (() => { const m = document.querySelector('[data-testid=\"stMain\"]');"
        " return m ? m.scrollWidth - m.clientWidth : 0; })()})"
    )
    return result
