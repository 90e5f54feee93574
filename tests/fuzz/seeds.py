"""Writes inputs to begin from: every loss with every penalty, dense and sparse, full of numbers."""

import itertools
import random
import sys
from pathlib import Path

LOSSES, PENALTIES = 9, 4
SIZES = (80, 300, 700, 1500)
"""Numbers of bytes; what lies beyond the end reads as zeros."""


def seeds() -> list[bytes]:
    """The first nine bytes as `fit_case.hpp` reads them, random ones after them."""
    rng = random.Random(1)
    found = []
    for loss, penalty, parts in itertools.product(range(LOSSES), range(PENALTIES), range(4)):
        head = [loss, rng.randrange(5), penalty, rng.randrange(5), rng.randrange(4)]
        head += [rng.randrange(3, 12), rng.randrange(12), rng.randrange(4)]
        head.append(4 * rng.randrange(64) + parts)
        size = SIZES[len(found) % len(SIZES)]
        found.append(bytes(head) + rng.randbytes(size - len(head)))
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03d}").write_bytes(seed)
