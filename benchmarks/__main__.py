"""Times whole L1 paths, ours and the peers', at equal accuracy on the same data and λ grid, and the
training of networks.

    make bench                                             everything; writes docs/performance*.md
    make bench ARGS="--only lasso_wide"                    one case again, ours and the peers
    make bench ARGS="--only lasso_wide --gap 1e-6"         one cell of it
    make bench ARGS="--only networks"                      dropout networks against PyTorch
    make bench ARGS="--only ensembles"                     their ensembles, likewise
    make bench ARGS="--only mnist --only fashion"          errors of regularized networks: an hour
    make bench ARGS=--again                                everything, whatever is known
    make bench ARGS=--render-only                          the page alone
    make bench ARGS=--search-only                          tolerances, ahead of a quiet hour
    make bench ARGS=--quick                                small problems; nothing in docs/

Results are kept in benchmarks/results while code, packages and machine are the same, so that an
interrupted run goes on where it stopped; with --only, which measures anew, --resume does so (mnist
and fashion always go on). Why a cell misses its target stands in notes.toml.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from pathlib import Path

from . import extras, report
from .cases import CASES, GAPS
from .ensembles import page as ensembles_page
from .ensembles.part import NAME as ENSEMBLES
from .ensembles.part import ensembles
from .networks import page as networks_page
from .networks.part import NAME, networks
from .session import Session
from .srivastava import page as srivastava_page
from .srivastava.data import SETS
from .srivastava.study import study
from .store import HERE, ROOT, Store
from .timing import CAP


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parts = {**extras.PARTS, NAME: networks, ENSEMBLES: ensembles}
    names = [*CASES, *parts]
    choices = [*names, *SETS]
    parser.add_argument(
        "--only", action="append", choices=choices, metavar="name", help=", ".join(choices)
    )
    parser.add_argument("--gap", type=float, action="append", choices=GAPS, help="one column")
    parser.add_argument("--cap", type=float, default=CAP, help="seconds before a run is ended")
    parser.add_argument("--search-only", action="store_true", help="find tolerances, time nothing")
    parser.add_argument("--quick", action="store_true", help="small problems; nothing in docs/")
    parser.add_argument("--again", action="store_true", help="measure again what is known")
    parser.add_argument("--resume", action="store_true", help="with --only: keep what is known")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="mnist, fashion: begin no fit after so long"
    )
    parser.add_argument(
        "--render-only", action="store_true", help="write the page from old results"
    )
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    folder = HERE / "results"
    pages = ROOT / "docs"
    if arguments.quick:
        folder /= "quick"
        pages = folder
    results = Store(folder)
    if not arguments.render_only:
        again = arguments.again or (arguments.only is not None and not arguments.resume)
        session = Session(results, arguments.cap, arguments.quick, again, arguments.search_only)
        gaps = tuple(arguments.gap or GAPS)
        start = time.monotonic()
        with session.opened():
            for name in arguments.only or names:
                if name in CASES:
                    session.cells(CASES[name], gaps)
                elif name in SETS:
                    study(name, results, start + 60.0 * arguments.minutes, arguments.quick)
                elif not arguments.search_only:
                    parts[name](session)
                write(results, pages, name)
        print(f"{(time.monotonic() - start) / 60:.1f} minutes")
    else:
        for name in (NAME, ENSEMBLES, *SETS, *extras.PARTS):
            write(results, pages, name)


def write(results: Store, folder: Path, name: str) -> None:
    """The page on which `name` is shown, from what is known."""
    if name == NAME:
        networks_page.write(results, folder / "performance-networks.md")
    elif name == ENSEMBLES:
        ensembles_page.write(results, folder / "performance-ensembles.md")
    elif name in SETS:
        srivastava_page.write(results, folder / "studies" / "srivastava.md")
    else:
        report.write(results, folder / "performance.md")


if __name__ == "__main__":
    main()
