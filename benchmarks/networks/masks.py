"""The trainer's generator of masks alone: a program of a few lines around its source file."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ..store import ROOT

SOURCES = (
    "benchmarks/networks/masks.cpp",
    "cpp/shrinkage/nn/masks/masks.cpp",
    "cpp/shrinkage/nn/masks/member_masks.cpp",
    "cpp/shrinkage/nn/masks/row_masks.cpp",
    "cpp/shrinkage/nn/masks/dropout.cpp",
    "cpp/shrinkage/base/runtime.cpp",
)
MASKS_OF_A_PASS = 100 * 128 * 1024


class Masks:
    """Masks of 128 examples and 1024 units on one core; the amount is in decisions."""

    def __init__(self, rate: float) -> None:
        compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
        self.folder = tempfile.TemporaryDirectory(prefix="shrinkage-masks-")
        self.program = str(Path(self.folder.name) / "masks")
        flags = ["-std=c++20", "-O3", "-DNDEBUG", "-I", "cpp"]
        command = [*compiler.split(), *flags, *SOURCES, "-o", self.program]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        self.rate, self.amount = rate, MASKS_OF_A_PASS

    def run(self, passes: int) -> None:
        subprocess.run(
            [self.program, str(100 * passes), str(self.rate)], check=True, capture_output=True
        )
