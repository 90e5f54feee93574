"""The layout of dropout masks is frozen: saved results must be replayable by any later version.

Two witnesses: bits stored below (run this file as a script to print them), and the layout written
down a second time, in Python integers, from the words in ``nn/masks/dropout.hpp``.
"""

import numpy as np
import pytest

from shrinkage.core import dropout_mask
from support.philox import MASK32, philox


def is_kept(seed: int, step: int, layer: int, row: int, unit: int, rate: float) -> bool:
    """One decision, by the layout in words."""

    def lane(fine: int) -> int:
        counter = [(unit // 8) | layer << 24 | fine << 31, row, step & MASK32, step >> 32]
        word = philox(counter, [seed & MASK32, seed >> 32])[unit % 8 // 2]
        return word >> 16 if unit % 2 else word & 0xFFFF

    threshold = min(round(rate * 2**32), MASK32)
    return lane(0) * 2**16 + lane(1) >= threshold


CASES = [
    # seed, step, layer, rows, cols, rate
    (0, 0, 0, [0, 1, 2, 3], 32, 0.5),
    (0x0123456789ABCDEF, 0xFEDCBA9876543210, 127, [0, 4294967295], 40, 0.3),
    (2**64 - 1, 7, 3, [123456], 64, 0.8),
    (42, 2**33 + 5, 1, [9, 5, 9], 21, 1e-1),
]

# One hexadecimal string a row: the mask's bits, unit 0 first, padded with zeros to whole bytes.
GOLDEN: list[list[str]] = [
    ["bfc680c4", "903491d8", "2d458f5b", "f9cad945"],
    ["fd5ff7eb5f", "1d4f057696"],
    ["040b1018008a0001"],
    ["f7f6f8", "ffffd8", "f7f6f8"],
]


def bits(mask: np.ndarray) -> list[str]:
    return [np.packbits(row).tobytes().hex() for row in mask]


def draw(case: tuple[int, int, int, list[int], int, float]) -> np.ndarray:
    seed, step, layer, rows, cols, rate = case
    return dropout_mask(rows, cols, rate, seed=seed, step=step, layer=layer)


@pytest.mark.parametrize(("case", "expected"), list(zip(CASES, GOLDEN, strict=True)))
def test_masks_are_the_stored_ones(case, expected):
    assert bits(draw(case)) == expected


@pytest.mark.parametrize("case", CASES)
def test_masks_follow_the_layout_in_words(case):
    seed, step, layer, rows, cols, rate = case
    by_words = [[is_kept(seed, step, layer, r, u, rate) for u in range(cols)] for r in rows]
    np.testing.assert_array_equal(draw(case), np.array(by_words, dtype=np.uint8))


def test_the_second_witness_is_philox():
    zeros = [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox([0] * 4, [0] * 2) == zeros


def test_a_tie_of_the_coarse_lanes_is_decided_by_the_fine_ones():
    # The first unit of this stream whose coarse lane equals half of 2^16, found by the layout.
    seed, step, layer, row = 1, 2, 3, 4
    key, half = [seed, 0], 2**15
    unit = next(
        u
        for u in range(2**20)
        if (philox([u // 8 | layer << 24, row, step, 0], key)[u % 8 // 2] >> 16 * (u % 2)) & 0xFFFF
        == half
    )
    fine = philox([unit // 8 | layer << 24 | 1 << 31, row, step, 0], key)[unit % 8 // 2]
    number = half * 2**16 + (fine >> 16 if unit % 2 else fine & 0xFFFF)
    for threshold, kept in ((number, 1), (number + 1, 0)):
        mask = dropout_mask([row], unit + 1, threshold / 2**32, seed=seed, step=step, layer=layer)
        assert mask[0, unit] == kept


if __name__ == "__main__":
    for case in CASES:
        print(bits(draw(case)))
