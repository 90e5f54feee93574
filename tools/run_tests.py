"""Run the tests and close with one line of counts: `make test`, `make cpp`, `make studies`."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import needs

ROOT = needs.ROOT
REPORTS = ROOT / "build" / "reports"
SANITIZERS = ("asan", "tsan")  # asan is address and undefined
LIBRARY_TESTS = ("tests/python", "tests/property", "tests/golden")
READ_THE_CHECKOUT = (
    "test_architecture.py",
    "test_benchmark.py",
    "test_benchmark_ensembles.py",
    "test_benchmark_networks.py",
    "test_dropout_traits.py",
    "test_guide.py",
    "test_places.py",
    "test_readme.py",
    "test_reproductions.py",
    "test_tools.py",
)
WHEEL_TOOLS = ("pytest>=8.2", "pytest-xdist>=3.5", "hypothesis>=6.100")
PYTEST_NOTHING_SELECTED = 5
PIP = ("-m", "pip", "--disable-pip-version-check", "-q")


@dataclass
class Tally:
    """Counts over all stages, and the lines that the end repeats."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)

    def fail(self, note: str) -> None:
        """Count a failure that no test reports."""
        self.failed += 1
        self.notes.append(note)

    def add_junit(self, report: Path) -> int:
        """Add the counts of a JUnit file; returns how many of its tests failed."""
        failed = 0
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                failed += 1
            elif "skipped" in outcomes:
                self.skipped += 1
            else:
                self.passed += 1
        self.failed += failed
        return failed


def in_ci() -> bool:
    """Whether the long checks were asked for, and a missing tool is a failure."""
    return os.environ.get("CI") == "true"


def call(command: Sequence[str], environment: Mapping[str, str], cwd: Path = ROOT) -> int:
    """Run a command on this terminal without standard input; returns its exit code."""
    sys.stdout.flush()
    return subprocess.run(
        command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, check=False
    ).returncode


def fresh_report(name: str) -> Path:
    """Where a stage writes its JUnit file; an old one is removed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    return report


def run_pytest(
    tally: Tally,
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    python: str = sys.executable,
    cwd: Path = ROOT,
    may_be_empty: bool = False,
) -> None:
    """Run pytest and add its counts; a crash without a failing test is a failure too."""
    report = fresh_report(name)
    command = [python, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    code = call(command, environment, cwd)
    failed = tally.add_junit(report) if report.exists() else 0
    if code == PYTEST_NOTHING_SELECTED and may_be_empty:
        return
    if code and not failed:
        tally.fail(f"{name}: pytest ended with exit code {code}")


def installed_core() -> str | None:
    """The core as a library that the set-up compiled, or None where there is not exactly one."""
    found = list(ROOT.glob("build/editable-*/cpp/libshrinkage_core.a"))
    return str(found[0]) if len(found) == 1 else None


def run_ctest(tally: Tally, preset: str, environment: Mapping[str, str], *definitions: str) -> None:
    """Configure, build and run the C++ tests of one preset."""
    configure = ["cmake", "--preset", preset, *definitions]
    for step in (configure, ["cmake", "--build", "--preset", preset]):
        if call(step, environment):
            tally.fail(f"cpp ({preset}): {' '.join(step)} failed")
            return
    report = fresh_report(f"ctest-{preset}")
    code = call(["ctest", "--preset", preset, "--output-junit", str(report)], environment)
    failed = tally.add_junit(report) if report.exists() else 0
    if code and not failed:
        tally.fail(f"cpp ({preset}): ctest ended with exit code {code}")


def build_wheel(environment: Mapping[str, str]) -> Path | None:
    """The wheel of this checkout, built with warnings as errors; None when it does not build."""
    wheels = ROOT / "build" / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    build = [sys.executable, *PIP, "wheel", "--no-deps", "-w", str(wheels)]
    # The long spelling: older pips do not know -C.
    settings = [
        "--config-settings=build-dir=build/wheel-tree",
        "--config-settings=cmake.define.SHRINKAGE_WERROR=ON",
    ]
    if call([*build, *settings, "."], environment):
        return None
    (wheel,) = wheels.glob("shrinkage-*.whl")
    return wheel


def furnish(place: Path) -> None:
    """Copy what tests the library, but not the sources, to a folder outside the repository."""
    elsewhere = shutil.ignore_patterns("cpp", "app", "browser", "__pycache__", *READ_THE_CHECKOUT)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=elsewhere)
    shutil.copy(ROOT / "pyproject.toml", place)


def run_wheel(tally: Tally, environment: Mapping[str, str]) -> None:
    """Build the wheel and test it, installed, in a clean environment outside the repository."""
    wheel = build_wheel(environment)
    if wheel is None:
        tally.fail("wheel: it does not build")
        return
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    clean.setdefault("SHRINKAGE_SHARED", str(ROOT.parent / "shared"))
    clean["SHRINKAGE_PROFILE"] = "fast"  # the long runs have been made in the checkout
    stages: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("wheel-core", str(wheel), ["tests/packaging"]),
        ("wheel", f"{wheel}[app]", ["-n", "auto", "-m", "not serial", *LIBRARY_TESTS]),
    )
    with tempfile.TemporaryDirectory(prefix="shrinkage wheel ") as folder:
        place = Path(folder)
        furnish(place)
        call([sys.executable, "-m", "venv", str(place / "venv")], clean)
        python = str(place / "venv" / "bin" / "python")
        for name, requirement, paths in stages:
            install = [python, *PIP, "install", requirement, *WHEEL_TOOLS]
            if call(install, clean, place):
                tally.fail(f"{name}: {requirement} does not install")
                return
            run_pytest(tally, name, paths, clean, python=python, cwd=place)


def seek(tally: Tally, piece: needs.Piece, environment: dict[str, str], tests: str) -> bool:
    """Find a piece and tell the tests where it is; note its absence, which CI counts."""
    place = piece.seek()
    if place is not None:
        environment[piece.variable] = place
        return True
    line = f"{piece.missing_line()} ({tests} skipped)"
    if in_ci():
        tally.fail(line)
    else:
        tally.notes.append(line)
    return False


def timed(name: str, stage: Callable[[], None]) -> None:
    """Run a stage between a heading and its time."""
    print(f"\n=== {name}", flush=True)
    start = time.monotonic()
    stage()
    print(f"=== {name}: {time.monotonic() - start:.0f} s", flush=True)


def stage_cpp(tally: Tally, environment: dict[str, str]) -> None:
    """The C++ tests of the installed core, and under the sanitizers in CI."""
    if not seek(tally, needs.DOCTEST, environment, "C++ tests"):
        return
    core = f"-DSHRINKAGE_CORE_LIBRARY={installed_core() or ''}"
    timed("cpp", partial(run_ctest, tally, "installed", environment, core))
    for preset in SANITIZERS if in_ci() else ():
        timed(f"cpp {preset}", partial(run_ctest, tally, preset, environment))


def stage_python(tally: Tally, environment: dict[str, str]) -> None:
    """The Python and app tests: the parallel ones first, then those that measure time."""
    paths = (*LIBRARY_TESTS, "tests/app")

    def parallel() -> None:
        run_pytest(tally, "python", ["-n", "auto", "-m", "not serial", *paths], environment)

    def serial() -> None:
        run_pytest(tally, "serial", ["-m", "serial", *paths], environment, may_be_empty=True)

    timed("python", parallel)
    timed("python, one at a time", serial)


def stage_browser(tally: Tally, environment: dict[str, str]) -> None:
    """The browser tests, one at a time: they measure frames."""
    if not seek(tally, needs.BROWSER, environment, "browser tests"):
        return
    seek(tally, needs.CJK_FONT, environment, "Chinese layout checks")
    timed("browser", lambda: run_pytest(tally, "browser", ["tests/browser"], environment))


def stage_all(tally: Tally, environment: dict[str, str]) -> None:
    """Everything that `make test` promises."""
    stage_python(tally, environment)
    stage_cpp(tally, environment)
    stage_browser(tally, environment)
    if in_ci():
        timed("wheel", lambda: run_wheel(tally, environment))


def stage_studies(tally: Tally, environment: dict[str, str]) -> None:
    """The replicated studies with all their replicates."""
    environment["SHRINKAGE_STUDIES"] = "full"
    timed("studies", lambda: run_pytest(tally, "studies", ["-m", "study", "tests"], environment))


def environment_of_tests() -> dict[str, str]:
    """This environment with the programs of .venv first."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{path}", "VIRTUAL_ENV": sys.prefix}


def main(arguments: Sequence[str]) -> int:
    """Run the named part; returns 1 when anything failed."""
    parts = {"all": stage_all, "cpp": stage_cpp, "studies": stage_studies}
    if len(arguments) != 1 or arguments[0] not in parts:
        sys.exit(f"usage: run_tests.py {'|'.join(parts)}")
    # A shell's background job ignores Ctrl-C; the tests of Ctrl-C must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tally = Tally()
    parts[arguments[0]](tally, environment_of_tests())
    print()
    for note in tally.notes:
        print(note)
    if not tally.passed and not tally.failed:
        tally.fail("no test ran")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
