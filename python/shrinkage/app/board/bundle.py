"""The board's script: the Vega-Embed bundle from vl-convert, then our own files.

Making the Vega bundle takes seconds, so it is kept in the user's cache folder, named by the
version of vl-convert. Nothing is ever fetched from a network.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from shrinkage.app.files import sweep_parts, write_whole

COMMON = ("format.js", "theme.js", "charts.js", "figure.js")
SCRIPTS = (
    *COMMON,
    "geometry.js",
    "side.js",
    "tables.js",
    "weights.js",
    "panel.js",
    "pointing.js",
    "board.js",
)
RACE_SCRIPTS = (*COMMON, "race.js")
FIGURE_SCRIPTS = (*COMMON, "figures.js")
_NAME = "__shrinkageVegaEmbed"
_SNIPPET = f"globalThis.{_NAME} = vegaEmbed;"
_lock = threading.Lock()


def cache_folder() -> Path:
    """Folder for what can be made again: $XDG_CACHE_HOME/shrinkage or ~/.cache/shrinkage."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shrinkage"


def cache_file() -> Path:
    """Where the Vega bundle of the installed vl-convert is kept."""
    return cache_folder() / f"vega-{metadata.version('vl-convert-python')}.js"


def vega_bundle() -> str:
    """JavaScript that sets ``globalThis.__shrinkageVegaEmbed``, all the bundle exports whole."""
    with _lock:  # two threads would each spend the seconds
        return _vega_bundle()


@cache
def _vega_bundle() -> str:
    file = cache_file()
    try:
        text = file.read_text(encoding="utf-8")
        if f"globalThis.{_NAME}=" in text[-100:] and text.endswith(";"):
            return text
    except (OSError, UnicodeDecodeError):
        pass
    import vl_convert

    text = str(vl_convert.javascript_bundle(_SNIPPET))
    _keep(file, text)
    return text


def _keep(file: Path, text: str) -> None:
    """Write beside the target and rename; without a writable cache it is made at each start."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        sweep_parts(file.parent)
        write_whole(file, text.encode())
    except OSError:
        return


def own_file(name: str) -> str:
    """Text of a script or style sheet of this package."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def script(files: tuple[str, ...] = SCRIPTS) -> str:
    """A component's module: the bundle in its own scope, then our files in order."""
    bundle = f"if (!globalThis.{_NAME}) {{ (() => {{\n{vega_bundle()}\n}})(); }}\n"
    names = f"const vegaEmbed = globalThis.{_NAME};\n"
    return bundle + names + "\n".join(own_file(name) for name in files)


@cache
def style(*files: str) -> str:
    """A component's style sheet: what boards share, then its own."""
    return "\n".join(own_file(name) for name in ("common.css", *files))
