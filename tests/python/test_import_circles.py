"""No module of a room of the library needs itself by way of others, not even for types."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import shrinkage as sh

LIBRARY = Path(sh.__file__).parent


def imported(tree: ast.Module, room: str) -> set[str]:
    """The modules of its own room that a module imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        parts = node.module.split(".") if node.module else []
        if node.level == 0:
            own = parts[:2] == ["shrinkage", room]
            parts = parts[2:]
        else:
            own = node.level == 1 or (node.level == 2 and parts[:1] == [room])
            parts = parts[node.level - 1 :]
        if own:
            found |= set(parts[:1]) or {each.name for each in node.names}
    return found


ROOMS = ("conventions", "core", "data", "linear", "neural", "plots", "uncertainty")


def test_every_room_of_the_library_is_known() -> None:
    packages = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    assert packages - {"app"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_circle(room: str) -> None:
    modules = {path.stem: path for path in (LIBRARY / room).glob("*.py")}
    arrows = {
        name: (imported(ast.parse(path.read_text(encoding="utf-8")), room) & set(modules)) - {name}
        for name, path in modules.items()
    }
    if room != "core":  # of one module and its own imports
        assert sum(map(len, arrows.values())) > len(modules)
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_a_circle_is_seen() -> None:
    forms = {
        "from .path import fit": {"path"},
        "from . import path, cv": {"path", "cv"},
        "from ..linear.path import fit": {"path"},
        "from shrinkage.linear.path import fit": {"path"},
        "if TYPE_CHECKING:\n    from shrinkage.linear import cv": {"cv"},
        "from ..losses import Loss": set(),
        "from shrinkage.data import path": set(),
    }
    for source, found in forms.items():
        assert imported(ast.parse(source), "linear") == found
