"""The layers of the sources: who may include whom, and that nothing is left out of the tests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "cpp" / "shrinkage"
CPP_TESTS = ROOT / "tests" / "cpp"
LONGEST_FILE = 500

# What each layer may include beside itself.
MAY_INCLUDE = {
    "base": set(),
    "linalg": {"base"},
    "design": {"base", "linalg"},
    "loss": {"base", "linalg"},
    "penalty": {"base", "linalg"},
    "solver": {"base", "linalg", "design", "loss", "penalty"},
    "path": {"base", "linalg", "design", "loss", "penalty", "solver"},
    "nn": {"base", "linalg", "loss", "penalty"},
}
# What each room of a layer may include of its own layer, beside itself.
MAY_INCLUDE_ROOMS = {
    "nn": {
        "kernels": set(),
        "model": {"kernels"},
        "masks": {"kernels", "model"},
        "step": {"kernels", "masks", "model"},
        "train": {"kernels", "masks", "model", "step"},
        "ensemble": {"kernels", "masks", "model", "step"},
    },
    "solver": {
        "problem": set(),
        "quadratic": {"problem"},
        "newton": {"problem", "proximal", "quadratic"},
        "pinball": {"problem"},
        "proximal": {"problem"},
    },
}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]shrinkage/(\w+)/([^">]+)[">]', re.MULTILINE)
QUOTED_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
SUFFIXES = {".hpp", ".cpp", ".inc"}


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)


def edges(text: str) -> set[str]:
    """The layers that a source includes."""
    return {layer for layer, _ in INCLUDE.findall(text)}


def forbidden(layer: str, text: str) -> set[str]:
    """The layers that a source of `layer` includes and may not."""
    return edges(text) - MAY_INCLUDE[layer] - {layer}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_an_arrow_that_points_back_is_seen() -> None:
    assert forbidden("base", '#include "shrinkage/linalg/dense.hpp"') == {"linalg"}
    assert forbidden("solver", "#  include <shrinkage/nn/masks/dropout.hpp>") == {"nn"}
    assert not forbidden("path", '#include "shrinkage/solver/problem/certificate.hpp"')


def test_every_folder_of_the_core_is_a_known_layer() -> None:
    assert {path.name for path in CORE.iterdir() if path.is_dir()} <= set(MAY_INCLUDE)
    assert sources(CORE)


@pytest.mark.parametrize("path", sources(CORE), ids=name)
def test_the_core_includes_along_the_arrows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not forbidden(path.relative_to(CORE).parts[0], text)
    outside = [own for own in QUOTED_INCLUDE.findall(text) if not own.startswith("shrinkage/")]
    assert not outside, f"include as shrinkage/<layer>/<file>: {outside}"
    assert not re.search(r"[<\"](pybind11/|Python\.h)", text), "the core knows nothing of Python"


def rooms(layer: str, text: str) -> set[str]:
    """The rooms of its own layer that a source includes."""
    return set(re.findall(rf'["<]shrinkage/{layer}/(\w+)/', text))


def test_every_room_is_known() -> None:
    for layer, known in MAY_INCLUDE_ROOMS.items():
        loose = [path for path in (CORE / layer).iterdir() if path.is_file()]
        assert not loose
        assert {path.name for path in (CORE / layer).iterdir()} <= set(known)


@pytest.mark.parametrize(
    "path", [path for layer in MAY_INCLUDE_ROOMS for path in sources(CORE / layer)], ids=name
)
def test_rooms_include_along_the_arrows(path: Path) -> None:
    layer, room = path.relative_to(CORE).parts[:2]
    above = rooms(layer, path.read_text(encoding="utf-8"))
    assert not above - MAY_INCLUDE_ROOMS[layer][room] - {room}


@pytest.mark.parametrize(
    "path", [path for path in sources(CORE) if path.suffix == ".hpp"], ids=name
)
def test_every_header_has_a_cpp_test_that_includes_it(path: Path) -> None:
    included = f'#include "{path.relative_to(ROOT / "cpp").as_posix()}"'
    tests = CPP_TESTS.rglob("*_test.cpp")
    assert any(included in test.read_text(encoding="utf-8") for test in tests)


def test_every_cpp_source_and_test_is_listed_in_cmake() -> None:
    core = (ROOT / "cpp" / "CMakeLists.txt").read_text(encoding="utf-8")
    tests = (CPP_TESTS / "CMakeLists.txt").read_text(encoding="utf-8")
    compiled = [path for path in sources(ROOT / "cpp") if path.suffix == ".cpp"]
    unlisted = [
        name(path)
        for path in compiled
        if path.relative_to(ROOT / "cpp").as_posix() not in core.split()
    ]
    for path in CPP_TESTS.rglob("*_test.cpp"):
        file = re.escape(path.relative_to(CPP_TESTS).as_posix())
        if not re.search(rf"^shrinkage_test\(\w+ {file}\)$", tests, re.MULTILINE):
            unlisted.append(name(path))
    assert not unlisted


def test_no_file_is_too_long_to_read() -> None:
    files = [
        *sources(ROOT / "cpp"),
        *sources(CPP_TESTS),
        *(
            path
            for folder in ("python", "tests", "tools")
            for path in (ROOT / folder).rglob("*.py")
        ),
    ]
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert not {file: length for file, length in lengths.items() if length > LONGEST_FILE}
