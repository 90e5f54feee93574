"""Philox a second time, in Python integers, and what a training run draws by it."""

MASK32 = 0xFFFFFFFF
ORDER = 0x6F726465  # sets the key of an epoch's order apart from that of the masks


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x32-10 (Salmon et al. 2011)."""
    for _ in range(10):
        low, high = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (high >> 32) ^ counter[1] ^ key[0],
            high & MASK32,
            (low >> 32) ^ counter[3] ^ key[1],
            low & MASK32,
        ]
        key = [(key[0] + 0x9E3779B9) & MASK32, (key[1] + 0xBB67AE85) & MASK32]
    return counter


def epoch_order(n: int, *, seed: int, epoch: int) -> list[int]:
    """The order of n examples in an epoch, as written in ``nn/model/random.hpp``."""
    key = [seed & MASK32 ^ ORDER, seed >> 32 ^ 0x9E3779B9]
    words = [w for i in range(n // 4 + 1) for w in philox([i, 0, epoch, 0], key)]
    order = list(range(n))
    for word, i in zip(words, range(n, 1, -1), strict=False):
        j = word * i >> 32
        order[i - 1], order[j] = order[j], order[i - 1]
    return order
