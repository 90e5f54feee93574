"""docs/performance.md and its chart, from the raw results."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import extras
from .cases import CASES, GAPS, Case
from .chart import growth_chart
from .peers import SOLVERS
from .session import medians
from .store import Store, processor, version
from .timing import CLOSE, SLACK

BEGIN, END = "<!-- by hand -->", "<!-- end of what is written by hand -->"
NOT_YET = "Nothing was written here yet."


def write(results: Store, page: Path) -> None:
    """Renders the page; what stands between the marks of the old one is kept."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    by_hand = old.partition(BEGIN)[2].partition(END)[0].strip() or NOT_YET
    chart = page.parent / "images" / "growth.svg"
    growth = results.read("growth")
    if growth:
        chart.parent.mkdir(parents=True, exist_ok=True)
        chart.write_text(growth_chart(growth, extras.GROWTH_TARGET), encoding="utf-8")
    sections = [
        INTRODUCTION,
        machine(),
        HOW,
        comparison(results),
        "## What was missed and why\n\n" + "\n\n".join([BEGIN, by_hand, END]),
        all_times(results),
        other_losses(results.read("losses")),
        high_accuracy(results.read("accuracy")),
        growth_section(growth),
        memory_section(results.read("memory")),
    ]
    page.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


INTRODUCTION = """# Performance

Whole paths of L1 problems, `fit_path` against other packages at equal accuracy on the same data and
λ grid. `make bench` measures everything and writes this page."""

HOW = f"""## How it is measured

- **The work** is defined in `benchmarks/designs.py` and `benchmarks/cases.py`; how each package is
  called, at its best setting, in `benchmarks/peers.py`. Early stops are off, X is float64 in
  Fortran order or CSC with 32-bit indices; a Gram matrix given to a package is formed within its
  time.
- **The gap** is computed by the benchmark for everyone alike (`benchmarks/gaps.py`): the largest
  duality gap over the path, relative to the loss of β = 0 less that of the saturated model.
- **Tolerances.** For each package the loosest tolerance, to a factor of ten, that reaches the
  wanted gap is found first. A run that takes longer than {SLACK:g} times what the fastest peer
  needed for the smallest gap is ended and noted: it cannot win.
- **Times** are medians of interleaved runs (A B C A B C ...), each package in a process of its own
  that has imported, compiled and warmed up. The first round has everyone who reaches the gap; the
  further ones, at least 5 below one second and 3 above, have ours and all peers within
  {CLOSE:g} times the fastest. What is timed is the call that fits the path. Reading dense
  coefficients from the result is not, for anyone: ours are built on first access.
- **Ratio** is the fastest peer's time over ours. Where no peer reached the gap it is that of the
  peer which came closest, at the gap it did reach, marked ≥."""


def machine() -> str:
    found = processor()
    flags = ", ".join(found["flags"]) or "no vector instructions known"
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    names = sorted({solver.distribution for kind in SOLVERS.values() for solver in kind})
    versions = [f"{name} {version(name)}" for name in [*names, "numpy", "scipy"] if version(name)]
    kernels = "; ".join(blas_kernels())
    return f"""## Machine

{found["model"]}, {found["cores"]} cores ({flags}), {pages:.0f} GiB; {platform.system()},
Python {platform.python_version()}.
{", ".join(versions)}.
BLAS: {kernels}."""


def blas_kernels() -> list[str]:
    """Version, kernel and threads of each BLAS that numpy and scipy bring."""
    import scipy.linalg  # noqa: F401  (loads its own library)
    from threadpoolctl import threadpool_info

    found = []
    for library in threadpool_info():
        if library["user_api"] == "blas":
            owner = "scipy" if "scipy.libs" in library["filepath"] else "numpy"
            kernel = f"{library['architecture']} kernel, {library['num_threads']} threads"
            found.append(f"{owner}'s {library['internal_api']} {library['version']}, {kernel}")
    return found


class Cell:
    """One measured cell: ours, the fastest peer, the ratio."""

    def __init__(self, case: Case, known: dict[str, Any], gap: float) -> None:
        self.wanted = case.targets[GAPS.index(gap)]
        self.raw = known.get("cells", {}).get(f"{gap:g}")
        self.ratio: float | None = None
        self.text, self.peer = "not measured", ""
        if self.raw is None:
            return
        times = medians(self.raw)
        ours = times.pop("shrinkage", None)
        if ours is None:
            self.text = "ours did not reach the gap"
            return
        at_least = ""
        if times:
            self.peer, seconds = next(iter(times.items()))
            told = f"{self.peer} {duration(seconds)}"
        else:
            closest = closest_run(known)
            if closest is None:
                self.text = f"{duration(ours)}; no peer"
                return
            self.peer, seconds, reached = closest
            told, at_least = f"{self.peer} {duration(seconds)} (at {reached:.1e})", "≥ "
        self.ratio = seconds / ours
        self.text = f"{duration(ours)} | {told} | **{at_least}{self.ratio:.3g}** {self.mark}"

    @property
    def met(self) -> bool:
        return self.ratio is not None and self.ratio >= self.wanted

    @property
    def mark(self) -> str:
        return "✓" if self.met else "✗"

    @property
    def columns(self) -> str:
        """Ours, fastest peer, ratio, wanted."""
        text = self.text if " | " in self.text else f"{self.text} | — | —"
        return f"{text} | {self.wanted:g}"


def closest_run(known: dict[str, Any]) -> tuple[str, float, float] | None:
    """The peer's run of the search that had the smallest gap: name, seconds, gap."""
    runs = [
        (gap, seconds, name)
        for name, one in known.get("search", {}).items()
        for _, seconds, gap in one["found"]["runs"]
        if name != "shrinkage" and math.isfinite(gap)
    ]
    return (min(runs)[2], min(runs)[1], min(runs)[0]) if runs else None


def duration(seconds: float) -> str:
    """Three digits, in seconds or milliseconds."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1.0 else f"{seconds:.3g} s"


def size(known: dict[str, Any]) -> str:
    if "n" not in known:
        return ""
    filled = known["nonzero"]
    share = f", {filled / known['n'] / known['p']:.1%} filled" if filled else ""
    return f"{known['n']}×{known['p']}{share}"


def table(head: str, rows: Iterable[str]) -> str:
    lines = "|" + "---|" * (head.count("|") + 1)
    return "\n".join([f"| {head} |", lines, *(f"| {row} |" for row in rows)])


def title(name: str) -> str:
    kind, _, rest = name.partition("_")
    return f"{'Lasso' if kind == 'lasso' else kind} {rest}"


def comparison(results: Store) -> str:
    rows: dict[float, list[str]] = {gap: [] for gap in GAPS}
    ratios: dict[float, list[float]] = {gap: [] for gap in GAPS}
    met = missed = noisy = 0
    for case in CASES.values():
        known = results.read(case.name)
        for gap in GAPS:
            cell = Cell(case, known, gap)
            columns = cell.columns
            if "skipped" in known:
                columns = f"skipped: {known['skipped']} | — | — | {cell.wanted:g}"
            rows[gap].append(f"{title(case.name)} | {size(known)} | {columns}")
            met, missed = met + cell.met, missed + (cell.raw is not None and not cell.met)
            noisy += cell.raw is not None and (cell.raw["busy"] or 0.0) > 0.1
            if cell.ratio is not None:
                ratios[gap].append(cell.ratio)
    parts = ["## Ours against the fastest peer"]
    for gap in GAPS:
        head = "work | X | ours | fastest peer | ratio | wanted"
        parts += [f"### Gap ≤ {gap:g}", table(head, rows[gap])]
    lines = [f"{met} of {met + missed} measured cells are met."]
    for gap, found in ratios.items():
        if found:
            mean = math.exp(sum(map(math.log, found)) / len(found))
            lines.append(f"At {gap:g}: geometric mean {mean:.3g}, smallest ratio {min(found):.3g}.")
    if noisy:
        lines.append(f"In {noisy} cells other programs used more than 10 % of the cores.")
    return "\n\n".join([*parts, " ".join(lines)])


def all_times(results: Store) -> str:
    rows = []
    for case in CASES.values():
        known = results.read(case.name)
        for gap in GAPS:
            cell = known.get("cells", {}).get(f"{gap:g}")
            if cell is None:
                continue
            times = [
                f"{name} {duration(seconds)} (tol {cell['tolerances'][name]:g})"
                for name, seconds in medians(cell).items()
            ]
            absent = [
                f"{name}: {one['found']['remark']}"
                for name, one in known.get("search", {}).items()
                if name not in medians(cell) and one["found"]["remark"]
            ]
            rows.append(f"{title(case.name)} | {gap:g} | {', '.join(times)} | {'; '.join(absent)}")
    about = "\n".join(
        f"- {title(case.name)}: {case.about}; {grid(case)}." for case in CASES.values()
    )
    head = "work | gap | medians, with the tolerance given | the others"
    return f"## All times\n\n{about}\n\n{table(head, rows)}"


def grid(case: Case) -> str:
    return f"{case.n_lambdas} λ to {case.ratio:g} λmax"


def rated(known: dict[str, Any]) -> str:
    """Both times, the ratio and whether it is within the target."""
    if "skipped" in known:
        return f"skipped: {known['skipped']} | — | — | —"
    first, second = known["seconds"]
    if known["remark"] or not math.isfinite(known["ratio"]):
        return f"{duration(first)} | {known['remark']} | — | {known['target']:g}"
    mark = "✓" if known["ratio"] <= known["target"] else "✗"
    ratio = f"**{known['ratio']:.3g}** {mark}"
    return f"{duration(first)} | {duration(second)} | {ratio} | {known['target']:g}"


def other_losses(known: dict[str, Any]) -> str:
    head = "work and loss | squared | this loss | times as long | at most | gap reached"
    rows = [
        f"{name} | {rated(one)} | {one['gaps'][1]:.1e}"
        for name, one in known.items()
        if "gaps" in one
    ]
    targets = " ".join(str(extras.target_of.__doc__).split("\n\n")[1].split())
    return f"""## Other losses

The same X and a grid of the same shape, gap ≤ 1e-6. Targets made from the regression target y:
{targets}

{table(head, rows)}"""


def high_accuracy(known: dict[str, Any]) -> str:
    head = "work | to 1e-6 | to 1e-10 | times as long | at most | gaps reached"
    rows = [
        f"{title(name)} | {rated(one)} | {one['gaps'][0]:.1e}, {one['gaps'][1]:.1e}"
        for name, one in known.items()
    ]
    return f"## High accuracy\n\n{table(head, rows)}"


def growth_section(known: dict[str, Any]) -> str:
    rows = []
    for name, one in known.items():
        first = one["points"][0]["seconds"]
        for point in one["points"]:
            times = point["seconds"] / first
            mark = "✓" if times <= one["target"] else "✗"
            if point["factor"] == 1:
                verdict = "— | —"
            elif point["factor"] == 10:
                verdict = f"**{times:.3g}** {mark} | {one['target']:g}"
            else:
                verdict = f"{times:.3g} | —"
            shape = f"{point['n']}×{point['p']}"
            rows.append(
                f"{name} | {shape} | {duration(point['seconds'])} {point['remark']} | {verdict}"
            )
    head = "what grows | X | ours to 1e-6 | times as long | at most"
    return f"""## Growth

The smaller designs are parts of the largest: same active columns, same coefficients, same grid of
λ/λmax. Text grows in columns by whole vocabularies of their own, so that its entries grow as much.

{table(head, rows)}

![Time against size, both relative to the smallest](images/growth.svg)"""


def memory_section(known: dict[str, Any]) -> str:
    rows = []
    for name, one in known.items():
        if one.get("remark"):
            rows.append(f"{title(name)} | {one['remark']} | — | — | —")
            continue
        allowed = one["share"] * one["X"] + one["gram"] + one["coefs"]
        mark = "✓" if one["extra"] <= allowed else "✗"
        rows.append(
            f"{title(name)} | {one['X'] / 2**20:.0f} | {one['extra'] / 2**20:.0f} {mark} | "
            f"{one['extra'] / one['X']:.0%} | {allowed / 2**20:.0f}"
        )
    head = "work | X, MiB | beyond X at the peak, MiB | of X | allowed, MiB"
    return f"""## Memory

A fresh process each, X read in place: the peak of the resident memory during the fit less what was
resident before it. Allowed: 25 % of X, the capped Gram matrix of the working set, the coefficients.

{table(head, rows)}"""
