"""docs/performance.md and its chart, from the raw results."""

from __future__ import annotations

import math
import os
import platform
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import extras
from .cases import CASES, GAPS, Case
from .chart import growth_chart
from .peers import OURS, SOLVERS
from .session import medians
from .store import HERE, NOISE, Store, processor, version
from .timing import CAP, FLOOR, SLACK, STEP, Found

NOTES = HERE / "notes.toml"


def write(results: Store, page: Path) -> None:
    """Renders the page from the results and the reasons in notes.toml."""
    growth = results.read("growth")
    if growth:
        chart = page.parent / "images" / "growth.svg"
        chart.parent.mkdir(parents=True, exist_ok=True)
        chart.write_text(growth_chart(growth, extras.GROWTH_TARGET), encoding="utf-8")
    missed = Missed()
    measured = [
        comparison(results, missed),
        other_losses(results.read("losses"), missed),
        high_accuracy(results.read("accuracy"), missed),
        growth_section(growth, missed),
        memory_section(results.read("memory"), missed),
    ]
    sections = [INTRODUCTION, measured[0], missed.section(), *measured[1:], machine(), HOW]
    page.write_text("\n\n".join([*sections, all_times(results)]) + "\n", encoding="utf-8")


class Missed:
    """What is short of its target, with the reason that notes.toml gives for it."""

    def __init__(self) -> None:
        self._notes = tomllib.loads(NOTES.read_text(encoding="utf-8"))
        self._lines: list[str] = []

    def mark(self, met: bool, part: str, name: str, shown: str) -> str:
        """The sign of a cell; one that is missed is noted under its part and name."""
        if met:
            return "✓"
        reason = self._notes.get(part, {}).get(name, NO_REASON)
        self._lines.append(f"- {title(part)}, {name}: {shown}. {' '.join(reason.split())}")
        return "✗"

    def section(self) -> str:
        lines = "\n".join(self._lines) or "Nothing."
        return f"## What was missed and why\n\n{lines}"


NO_REASON = "No reason has been written yet."

INTRODUCTION = """# Performance

Whole paths of L1 problems, `fit_path` against other packages at equal accuracy on the same data and
λ grid. `make bench` measures everything and writes this page; networks have one of their own,
`performance-networks.md`."""

HOW = f"""## How it is measured

- **The work** is defined in `benchmarks/designs.py` and `benchmarks/cases.py`; how each package is
  called, at its best setting, in `benchmarks/peers.py`. Early stops are off, X is float64 in
  Fortran order or CSC with 32-bit indices; a Gram matrix given to a package is formed within its
  time.
- **The gap** is computed by the benchmark for everyone alike (`benchmarks/gaps.py`): the largest
  duality gap over the path, relative to the loss of β = 0 less that of the saturated model.
- **Tolerances.** For each package the loosest tolerance, to a factor of {STEP:.1f}, that reaches
  the wanted gap is found first. A run that takes longer than {SLACK:g} times what the fastest peer
  needed for the smallest gap, {FLOOR:g} seconds in any case and {CAP:g} seconds at most, is ended
  and noted: it cannot win.
- **Times** are medians of interleaved runs (A B C A B C ...), each package in a process of its own
  that has imported, compiled and warmed up. The first round has everyone who reaches the gap; the
  further ones, at least 5 in all below one second, 3 below ten and 2 above, have ours and all
  peers within {SLACK:g} times the fastest. What is timed is the call that fits the path. Reading
  dense coefficients from the result is not, for anyone: ours are built on first access.
- **Ratio** is the fastest peer's time over ours, both at the two threads of the machine where a
  package can use them. Where no peer reached the gap, it is that of the one that came closest, at
  the gap it did reach, marked ≥."""


def machine(names: Iterable[str] = ()) -> str:
    """Processor and versions, by default those of the peers that fit paths."""
    found = processor()
    flags = ", ".join(found["flags"]) or "no vector instructions known"
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    peers = {solver.distribution for kind in SOLVERS.values() for solver in kind}
    wanted = dict.fromkeys([*sorted(names or peers), "numpy", "scipy"])
    versions = [f"{name} {version(name)}" for name in wanted if version(name)]
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
    """One cell of the table: ours, the fastest peer that reached the gap, the ratio of their times.

    Attributes:
        ours, theirs: as they are shown.
        ratio: None where one of the two is missing.
        bound: whether the peer stopped short of the gap, so that the ratio is at least this.
        noisy: whether other programs were busy.
    """

    def __init__(self, case: Case, known: dict[str, Any], gap: float) -> None:
        self.wanted = case.targets[GAPS.index(gap)]
        self.ours, self.theirs = "not measured", "—"
        self.ratio: float | None = None
        self.bound = self.noisy = False
        raw = known.get("cells", {}).get(f"{gap:g}")
        self.measured = raw is not None
        if "skipped" in known:
            self.ours = f"skipped: {known['skipped']}"
        elif raw is not None:
            self._read(raw, gap)

    def _read(self, raw: dict[str, Any], gap: float) -> None:
        self.noisy = (raw["busy"] or 0.0) > NOISE
        times = medians(raw)
        reached = {name: raw["turns"][name]["gap"] for name in times}
        ours = times.pop(OURS, None)
        if ours is None or reached[OURS] > gap:
            ours, self.ours = None, "gap not reached"
        else:
            self.ours = duration(ours)
        within = [name for name in times if reached[name] <= gap]
        if not times:
            return
        name = next(iter(within or times))
        self.theirs, self.bound = f"{name} {duration(times[name])}", not within
        if self.bound:
            self.theirs += f", which reached {reached[name]:.1e}"
        if ours is not None:
            self.ratio = times[name] / ours

    @property
    def met(self) -> bool:
        return self.ratio is not None and self.ratio >= self.wanted

    @property
    def shown(self) -> str:
        """The ratio."""
        at_least = "≥ " if self.bound else ""
        return "—" if self.ratio is None else f"{at_least}{self.ratio:.3g}"


def duration(seconds: float) -> str:
    """Three digits, in seconds or milliseconds; a dash for none."""
    if math.isnan(seconds):
        return "—"
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
    return f"{'Lasso' if kind == 'lasso' else kind} {rest}".strip()


def comparison(results: Store, missed: Missed) -> str:
    cells = {
        gap: {case.name: Cell(case, results.read(case.name), gap) for case in CASES.values()}
        for gap in GAPS
    }
    parts = ["## Ours against the fastest peer"]
    for gap, column in cells.items():
        rows = []
        for name, cell in column.items():
            mark = ""
            if cell.measured:
                told = f"{cell.shown} where {cell.wanted:g} is wanted"
                mark = missed.mark(cell.met, name, f"{gap:g}", told)
            numbers = f"{cell.ours} | {cell.theirs} | **{cell.shown}** {mark} | {cell.wanted:g}"
            rows.append(f"{title(name)} | {size(results.read(name))} | {numbers}")
        head = "work | X | ours | fastest peer | ratio | wanted"
        parts += [f"### Gap ≤ {gap:g}", table(head, rows)]
    measured = [cell for column in cells.values() for cell in column.values() if cell.measured]
    lines = [f"{sum(cell.met for cell in measured)} of {len(measured)} measured cells are met."]
    for gap, column in cells.items():
        ratios = [cell.ratio for cell in column.values() if cell.ratio is not None]
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            lines.append(
                f"At {gap:g}: geometric mean {mean:.3g}, smallest ratio {min(ratios):.3g}."
            )
    noisy = sum(cell.noisy for cell in measured)
    if noisy:
        lines.append(f"In {noisy} cells other programs used more than {NOISE:.0%} of the cores.")
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
                f"{name} {duration(seconds)}{runs(cell, name)}"
                for name, seconds in medians(cell).items()
            ]
            absent = [
                f"{name}: {remark}" for name, remark in absences(known, cell).items() if remark
            ]
            rows.append(f"{title(case.name)} | {gap:g} | {', '.join(times)} | {'; '.join(absent)}")
    about = "\n".join(
        f"- {title(case.name)}: {case.about}; {grid(case)}." for case in CASES.values()
    )
    head = "work | gap | medians, with the tolerance given and the number of runs | not reached"
    return f"## All times\n\n{about}\n\n{table(head, rows)}"


def runs(cell: dict[str, Any], name: str) -> str:
    turns = len(cell["turns"][name]["seconds"])
    return f" ({cell['tolerances'][name]:g}, {turns}×)"


def absences(known: dict[str, Any], cell: dict[str, Any]) -> dict[str, str]:
    """Why a solver has no time in this cell, and how close it came."""
    told = {}
    for name, one in known.get("search", {}).items():
        if name in medians(cell):
            continue
        found = Found(**one["found"])
        turn = cell["turns"].get(name)
        told[name] = turn["remark"] if turn else found.remark
        if not turn and math.isfinite(found.smallest) and "reached" not in found.remark:
            told[name] += f", reached {found.smallest:.1e}"
    return told


def grid(case: Case) -> str:
    return f"{case.n_lambdas} λ to {case.ratio:g} λmax"


def rated(known: dict[str, Any], part: str, name: str, missed: Missed) -> str:
    """Both times, the ratio and whether it is within the target."""
    if "skipped" in known:
        return f"skipped: {known['skipped']} | — | — | —"
    first, second = (duration(seconds) for seconds in known["seconds"])
    ratio, target = known["ratio"], known["target"]
    short = known["remark"] or (known["gaps"][1] > known["wanted"] and "gap not reached")
    shown = short or f"{ratio:.3g}"
    mark = missed.mark(
        not short and ratio <= target, part, name, f"{shown} where at most {target:g} is wanted"
    )
    return f"{first} | {second} | **{shown}** {mark} | {target:g}"


def other_losses(known: dict[str, Any], missed: Missed) -> str:
    rows = []
    for name, one in known.items():
        reached = f"{one['gaps'][1]:.1e}" if "gaps" in one else "—"
        rows.append(f"{title(name)} | {rated(one, 'losses', name, missed)} | {reached}")
    targets = " ".join(str(extras.target_of.__doc__).split("\n\n")[1].split())
    head = "work and loss | squared | this loss | times as long | at most | gap reached"
    return f"""## Other losses

The same X and a grid of the same shape, gap ≤ 1e-6. Targets made from the regression target y:
{targets}

{table(head, rows)}"""


def high_accuracy(known: dict[str, Any], missed: Missed) -> str:
    head = "work | to 1e-6 | to 1e-10 | times as long | at most | gaps reached"
    rows = [
        f"{title(name)} | {rated(one, 'accuracy', name, missed)} | "
        f"{one['gaps'][0]:.1e}, {one['gaps'][1]:.1e}"
        for name, one in known.items()
    ]
    return f"## High accuracy\n\n{table(head, rows)}"


def growth_section(known: dict[str, Any], missed: Missed) -> str:
    rows = []
    for name, one in known.items():
        first, target = one["points"][0]["seconds"], one["target"]
        for point in one["points"]:
            times = point["seconds"] / first
            verdict = "— | —" if point["factor"] == 1 else f"{times:.3g} | —"
            if point["factor"] == 10:
                told = f"{times:.3g} where at most {target:g} is wanted"
                mark = missed.mark(times <= target, "growth", name, told)
                verdict = f"**{times:.3g}** {mark} | {target:g}"
            shape = f"{point['n']}×{point['p']}"
            seconds = f"{duration(point['seconds'])} {point['remark']}".strip()
            rows.append(f"{name} | {shape} | {seconds} | {verdict}")
    head = "what grows | X | ours to 1e-6 | times as long | at most"
    return f"""## Growth

The smaller designs are parts of the largest: same active columns, same coefficients, same grid of
λ/λmax. Text grows in columns by whole vocabularies of their own, so that its entries grow as much.

{table(head, rows)}

![Time against size, both relative to the smallest](images/growth.svg)"""


def memory_section(known: dict[str, Any], missed: Missed) -> str:
    rows = []
    for name, one in known.items():
        if one.get("remark"):
            mark = missed.mark(False, "memory", name, one["remark"])
            rows.append(f"{title(name)} | {one['remark']} {mark} | — | — | —")
            continue
        allowed = one["share"] * one["X"] + one["gram"] + one["coefs"]
        mib = [f"{number / 2**20:.0f}" for number in (one["X"], one["extra"], allowed)]
        told = f"{mib[1]} MiB where {mib[2]} are allowed"
        mark = missed.mark(one["extra"] <= allowed, "memory", name, told)
        share = f"{one['extra'] / one['X']:.0%}"
        rows.append(f"{title(name)} | {mib[0]} | {mib[1]} {mark} | {share} | {mib[2]}")
    head = "work | X, MiB | beyond X at the peak, MiB | of X | allowed, MiB"
    return f"""## Memory

A fresh process each, X read in place: the peak of the resident memory during the fit less what was
resident before it. Allowed: 25 % of X, the capped Gram matrix of the working set, the coefficients.

{table(head, rows)}"""
