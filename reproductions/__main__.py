"""Published results done again; what is known is kept, and a stopped run goes on where it was.

`make reproduce-uci` and its like call this; ARGS="--minutes 3" begins nothing after so long.
"""

from __future__ import annotations

import argparse
import math
import time

from benchmarks.store import ROOT, Store

from . import page
from .common import HERE
from .page import REPRODUCTIONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="reproductions", description=__doc__)
    parser.add_argument("name", choices=[*REPRODUCTIONS, "all", "page"], help="page: write it only")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin nothing after so long"
    )
    parser.add_argument("--quick", action="store_true", help="tries the code; nothing in docs/")
    arguments = parser.parse_args()
    folder = HERE / "results" / "quick" if arguments.quick else HERE / "results"
    target = folder if arguments.quick else ROOT / "docs"
    results = Store(folder)
    until = time.monotonic() + 60.0 * arguments.minutes
    chosen = {"all": list(REPRODUCTIONS), "page": []}.get(arguments.name, [arguments.name])
    for name in chosen:
        try:
            REPRODUCTIONS[name].run(results, until, arguments.quick)
        except FileNotFoundError as error:
            print(f"{name}: skipped, {error.filename} is not at hand")
    page.write(results, target / "reproductions.md")


if __name__ == "__main__":
    main()
