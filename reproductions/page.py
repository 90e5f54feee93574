"""docs/reproductions.md, from the results that are known."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import machine
from benchmarks.store import Store

from . import adaptive, ridge, srivastava, warde_farley
from .common import Reproduction
from .uci import page as uci_page
from .uci import study as uci_study

REPRODUCTIONS = {
    "uci": Reproduction(uci_study.run, uci_page.section),
    "srivastava": Reproduction(srivastava.run, srivastava.section),
    "warde-farley": Reproduction(warde_farley.run, warde_farley.section),
    "ridge": Reproduction(ridge.run, ridge.section),
    "adaptive": Reproduction(adaptive.run, adaptive.section),
}

INTRODUCTION = """# Published results, done again

Each section is made by one command, from seeds that it names; `make reproduce-all` makes all.
Results are kept in `reproductions/results/`, so that a stopped run goes on where it was (`make
reproduce-uci ARGS="--minutes 3"`)."""


def write(results: Store, target: Path) -> None:
    """The page of all reproductions that are complete."""
    sections = [found for one in REPRODUCTIONS.values() if (found := one.section(results))]
    if sections:
        text = "\n\n".join([INTRODUCTION, *sections, machine(("shrinkage", "scikit-learn"))])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text + "\n", encoding="utf-8")
