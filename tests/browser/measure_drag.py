"""Time a drag over 100 λ in the real app: ``python tests/browser/measure_drag.py``.

Prints median and 95th percentile of the time between frames at 1280 and 390 px, and how many
messages went to the server. Ends with 1 if a figure misses its bound.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from driving import chromium, find_browser, measure_drag, serve, visit

SIZES = ((1280, 800), (390, 844))
MEDIAN_MS, P95_MS = 17.0, 34.0


def main() -> int:
    """Measure and print; 0 if all bounds hold."""
    path = find_browser()
    if path is None:
        print("no Chromium found: install chromium or set BROWSER_BIN")
        return 2
    missed = 0
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home)) as address,
        chromium(path) as browser,
    ):
        for width, height in SIZES:
            with visit(browser, address, width=width, height=height) as seen:
                drag = measure_drag(seen)
            missed += drag.median > MEDIAN_MS or drag.p95 > P95_MS or drag.sent > 0
            print(
                f"{width:5d} px: median {drag.median:.1f} ms (≤ {MEDIAN_MS:g}), "
                f"p95 {drag.p95:.1f} ms (≤ {P95_MS:g}), {drag.sent} messages sent (0); "
                f"{drag.cpu:.1f} ms of processor time a frame"
            )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
