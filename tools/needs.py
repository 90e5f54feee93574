"""What the tests need beside Python packages: doctest, a Chromium, a CJK font.

Each is sought on the system, then installed by apt-get where that needs no password, then
fetched into the checkout or by playwright; a piece that is still missing becomes one line.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
UNPACKED_DOCTEST = CACHE / "doctest" / "usr" / "include"
INCLUDE_DIRECTORIES = ("/usr/include", "/usr/local/include", "/opt/homebrew/include")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def run(command: list[str], *, seconds: float = 900.0, cwd: Path = ROOT, show: bool = False) -> str:
    """Standard output of a command, or "" when it fails; `show` prints the command first."""
    if show:
        print("+", *command, flush=True)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout or " "


def apt_install(*packages: str) -> bool:
    """Install Debian packages where no password is needed; False elsewhere."""
    return subprocess.run(["sh", "tools/apt.sh", *packages], cwd=ROOT, check=False).returncode == 0


def find_doctest() -> str | None:
    """The include directory that holds doctest/doctest.h (or doctest.h itself)."""
    named = os.environ.get("DOCTEST_INCLUDE_DIR")
    for directory in (named, *INCLUDE_DIRECTORIES, str(UNPACKED_DOCTEST)):
        if directory and (Path(directory) / "doctest" / "doctest.h").is_file():
            return directory
    if named and (Path(named) / "doctest.h").is_file():
        return named
    return None


def unpack_doctest() -> None:
    """Fetch Debian's package without installing it."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    CACHE.mkdir(exist_ok=True)
    run(["apt-get", "download", "doctest-dev"], cwd=CACHE, show=True)
    for package in CACHE.glob("doctest-dev_*.deb"):
        run(["dpkg-deb", "-x", str(package), str(CACHE / "doctest")], show=True)


def starts(program: str) -> bool:
    """Whether a browser runs at all: a snap stub or one without its libraries does not."""
    return bool(run([program, "--version"], seconds=30))


def find_browser() -> str | None:
    """The path of a Chromium or Chrome that starts."""
    named = os.environ.get("BROWSER_BIN")
    candidates = [named, *map(shutil.which, BROWSERS), *MAC_BROWSERS, playwright_browser()]
    for candidate in candidates:
        if candidate and Path(candidate).exists() and starts(candidate):
            return candidate
    return None


def playwright_browser() -> str | None:
    """Where playwright would put, or has put, its own Chromium."""
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    return run([sys.executable, "-c", code], seconds=60).strip() or None


def download_browser() -> None:
    """Let playwright fetch its own Chromium."""
    run([sys.executable, "-m", "playwright", "install", "chromium"], show=True)


def find_cjk_font() -> str | None:
    """The family of a font with Chinese letters."""
    if sys.platform == "darwin":
        return "PingFang SC"  # part of the system
    families = run(["fc-list", ":lang=zh-cn", "family"], seconds=30).split("\n")
    return families[0].strip() or None


def nothing_more() -> None:
    """For a piece that has no third way."""


@dataclass(frozen=True)
class Piece:
    """One thing that is not a Python package."""

    name: str
    why: str
    remedy: str
    packages: tuple[str, ...]
    find: Callable[[], str | None]
    fetch: Callable[[], None]
    variable: str  # environment variable that tells the tests where it is

    def seek(self) -> str | None:
        """The piece's place, after trying every way to get it."""
        place = self.find()
        if place is None and apt_install(*self.packages):
            place = self.find()
        if place is None:
            self.fetch()
            place = self.find()
        return place

    def missing_line(self) -> str:
        """What is missing, what for, and the command that brings it."""
        return f"missing {self.name}: {self.why}; {self.remedy}"


DOCTEST = Piece(
    name="doctest",
    why="the C++ tests are written with it",
    remedy="apt-get install doctest-dev, brew install doctest, or set DOCTEST_INCLUDE_DIR",
    packages=("doctest-dev",),
    find=find_doctest,
    fetch=unpack_doctest,
    variable="DOCTEST_INCLUDE_DIR",
)
BROWSER = Piece(
    name="a Chromium",
    why="the browser tests drive one",
    remedy="apt-get install chromium, playwright install chromium, or set BROWSER_BIN",
    packages=("chromium",),
    find=find_browser,
    fetch=download_browser,
    variable="BROWSER_BIN",
)
CJK_FONT = Piece(
    name="a Chinese font",
    why="the browser tests measure the Chinese screens",
    remedy="apt-get install fontconfig fonts-noto-cjk",
    packages=("fontconfig", "fonts-noto-cjk"),
    find=find_cjk_font,
    fetch=nothing_more,
    variable="SHRINKAGE_CJK_FONT",
)
