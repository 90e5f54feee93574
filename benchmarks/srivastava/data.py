"""The data sets, as many examples of each."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..designs import BESIDE
from ..store import ROOT
from .methods import TEST, TRAIN

DEBIAN = "dataset-fashion-mnist"
FASHION = Path("/usr/share/datasets/fashion-mnist")


def mnist() -> tuple[Any, Any, Any, Any]:
    """The 10,000 images of MNIST's test file, 8,000 to train on and 2,000 to test by.

    Raises:
        FileNotFoundError: the file is not at hand.
    """
    with np.load(BESIDE / "data" / "mnist_t10k.npz") as file:
        X, y = file["X"], file["y"]
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:TRAIN], order[TRAIN : TRAIN + TEST]
    return pixels(X[train]), y[train].astype(int), pixels(X[test]), y[test].astype(int)


def fashion() -> tuple[Any, Any, Any, Any]:
    """As many images of Fashion-MNIST, from its training and its test file.

    Raises:
        FileNotFoundError: Debian's package is not installed and cannot be.
    """
    if not list(FASHION.glob("*idx?-ubyte*")):
        subprocess.run(["sh", "tools/apt.sh", DEBIAN], cwd=ROOT, check=False)
    parts = []
    for prefix, count in (("train", TRAIN), ("t10k", TEST)):
        parts += [pixels(idx(f"{prefix}-images", 16)[: 784 * count].reshape(count, 784))]
        parts += [idx(f"{prefix}-labels", 8)[:count].astype(int)]
    return parts[0], parts[1], parts[2], parts[3]


def idx(name: str, header: int) -> Any:
    """The bytes behind the header of an idx file, packed or not."""
    found = list(FASHION.glob(f"{name}-idx?-ubyte*"))
    if not found:
        raise FileNotFoundError(2, "is not at hand", f"Debian's {DEBIAN}")
    raw = found[0].read_bytes()
    content = gzip.decompress(raw) if found[0].suffix == ".gz" else raw
    return np.frombuffer(content, np.uint8, offset=header)


def pixels(images: Any) -> Any:
    return images.reshape(len(images), -1).astype(np.float32) / 255.0


SETS: dict[str, tuple[str, Callable[[], tuple[Any, Any, Any, Any]]]] = {
    "mnist": ("MNIST", mnist),
    "fashion": ("Fashion-MNIST", fashion),
}
