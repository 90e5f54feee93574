"""One server with an empty home and one Chromium for all browser tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from driving import Browser, Visit, chromium, find_browser, serve, visit


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running app."""
    with serve(tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium; without one the tests are skipped, under CI they fail."""
    path = find_browser()
    if path is None:
        reason = "no Chromium found: install chromium or set BROWSER_BIN"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium(path) as launched:
        yield launched


@pytest.fixture
def open_app(server: str, browser: Browser) -> Callable[..., AbstractContextManager[Visit]]:
    """Function that opens the app in a fresh profile: ``open_app(query, width=..., ...)``."""

    def opened(query: str = "", **options: Any) -> AbstractContextManager[Visit]:
        return visit(browser, server + query, **options)

    return opened
