"""Times whole L1 paths, ours and the peers', at equal accuracy on the same data and λ grid.

    make bench                                             everything; writes docs/performance.md
    make bench ARGS="--only lasso_wide"                    one case again, ours and the peers
    make bench ARGS="--only lasso_wide --gap 1e-6"         one cell of it
    make bench ARGS=--again                                everything, whatever is known
    make bench ARGS=--render-only                          the page alone
    make bench ARGS=--search-only                          tolerances, ahead of a quiet hour
    make bench ARGS=--quick                                small problems; nothing in docs/

Results are kept in benchmarks/results while code, packages and machine are the same, so that an
interrupted run goes on where it stopped. Why a cell misses its target stands in notes.toml.
"""

from __future__ import annotations

import argparse
import time
import warnings

from . import extras, report
from .cases import CASES, GAPS
from .session import Session
from .store import HERE, ROOT, Store
from .timing import CAP


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = [*CASES, *extras.PARTS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="name", help=", ".join(names)
    )
    parser.add_argument("--gap", type=float, action="append", choices=GAPS, help="one column")
    parser.add_argument("--cap", type=float, default=CAP, help="seconds before a run is ended")
    parser.add_argument("--search-only", action="store_true", help="find tolerances, time nothing")
    parser.add_argument("--quick", action="store_true", help="small problems; nothing in docs/")
    parser.add_argument("--again", action="store_true", help="measure again what is known")
    parser.add_argument(
        "--render-only", action="store_true", help="write the page from old results"
    )
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    folder = HERE / "results"
    page = ROOT / "docs" / "performance.md"
    if arguments.quick:
        folder /= "quick"
        page = folder / "performance.md"
    results = Store(folder)
    if not arguments.render_only:
        again = arguments.again or arguments.only is not None
        session = Session(results, arguments.cap, arguments.quick, again, arguments.search_only)
        gaps = tuple(arguments.gap or GAPS)
        start = time.monotonic()
        with session.opened():
            for name in arguments.only or names:
                if name in CASES:
                    session.cells(CASES[name], gaps)
                elif not arguments.search_only:
                    extras.PARTS[name](session)
                report.write(results, page)
        print(f"{(time.monotonic() - start) / 60:.1f} minutes")
    report.write(results, page)
    print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
