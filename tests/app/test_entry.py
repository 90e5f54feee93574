"""``app.py`` and its settings: what a fresh machine meets."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit import net_util
from streamlit.web.server.server_util import is_url_from_allowed_origins

import serve
from shrinkage.app import offline
from shrinkage.app.offline import stay_home

ROOT = Path(__file__).resolve().parents[2]

WITHOUT_CORE = """
import sys
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({app!r}, default_timeout=60).run()
assert not at.exception, at.exception
print(at.error[0].value)
print(at.code[0].value)
print(at.caption[0].value)
"""


@pytest.mark.parametrize("module", ["shrinkage", "shrinkage.core._native", "altair"])
def test_without_the_core_the_app_shows_the_line_that_builds_it(module: str) -> None:
    script = WITHOUT_CORE.format(module=module, app=str(ROOT / "app.py"))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    message, command, cause = done.stdout.splitlines()
    assert "not built" in message
    assert "尚未构建" in message
    assert command == "make app"
    assert module.removesuffix("._native") in cause
    assert "Traceback" not in done.stdout


def test_app_py_calls_main_and_nothing_else() -> None:
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    modules = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert modules == ["shrinkage.app.main"]
    assert not [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        return tomllib.load(file)


def test_the_server_is_local_and_silent(config: dict[str, Any]) -> None:
    server = config["server"]
    assert server["address"] == "127.0.0.1"
    assert server["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert server["maxUploadSize"] == 200
    assert server["fileWatcherType"] == "none"
    assert server["showEmailPrompt"] is False
    assert config["browser"]["gatherUsageStats"] is False
    assert server.get("enableCORS", True)
    assert server.get("enableXsrfProtection", True)


def test_a_foreign_origin_is_refused_without_a_question_to_the_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(*_: object, **__: object) -> None:
        raise AssertionError("the outside was asked")

    monkeypatch.setattr(net_util, "_external_ip", None)
    monkeypatch.setattr(net_util, "_make_blocking_http_get", ask)
    with pytest.raises(AssertionError, match="outside"):
        is_url_from_allowed_origins("https://example.org")
    stay_home()
    assert not is_url_from_allowed_origins("https://example.org")
    assert is_url_from_allowed_origins("http://localhost:8501")


def test_make_app_starts_the_server_that_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(serve, "make_board_script", lambda: None)
    monkeypatch.setattr(serve.os, "chdir", lambda _: None)
    monkeypatch.setattr(serve.os, "execv", lambda _, command: begun.append(command))
    serve.main()
    ((_, _, program, *rest),) = begun
    assert Path(program).samefile(offline.__file__)
    assert rest[:2] == ["run", "app.py"]


@pytest.mark.parametrize("framed", [True, False])
def test_in_a_frame_there_is_a_door_and_nothing_else(
    open_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, framed: bool
) -> None:
    """Where frames are allowed there is no door."""
    if not framed:
        monkeypatch.setenv("SHRINKAGE_FRAMES", "1")
    screen = open_app(frame="1", settle=False)
    html = "".join(part.proto.body for part in screen.at.get("html"))
    assert ("shrinkage-door" in html.partition("<script>")[0]) is framed
    assert ("shrinkage-guard" in html.partition("<script>")[0]) is False
    assert (len(screen.at.button) == 0) is framed
    assert net_util._external_ip == offline.LOOPBACK


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_can_be_told_apart(config: dict[str, Any], mode: str) -> None:
    theme = config["theme"][mode]
    page, panel = theme["backgroundColor"], theme["secondaryBackgroundColor"]
    for surface in (page, panel):
        assert contrast(theme["textColor"], surface) >= 7
        assert contrast(theme["primaryColor"], surface) >= 4.5
        assert contrast(theme["linkColor"], surface) >= 4.5
    for colour in theme["chartCategoricalColors"]:
        assert contrast(colour, page) >= 3
    assert len(theme["chartDivergingColors"]) == 10


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_boards_script_is_made_once_before_the_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    serve.make_board_script()
    (made,) = (tmp_path / "shrinkage").iterdir()
    assert made == serve.load_bundle().cache_file()
    assert len(capsys.readouterr().out.splitlines()) == 1
    serve.make_board_script()
    assert capsys.readouterr().out == ""
