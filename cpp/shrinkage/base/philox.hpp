// Philox 4x32-10, a counter-based random generator: output = f(counter, key), no state
// (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
// section 4.3).
#pragma once

#include <array>
#include <cstdint>

namespace shrinkage {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// One block of 128 random bits. A bijection of the counter for every key.
constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
    constexpr int rounds = 10;
    constexpr std::uint64_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
    // The Weyl sequence of the key: fractional parts of the golden ratio and of sqrt(3).
    constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t product_0 = multiplier_0 * counter[0];
        const std::uint64_t product_1 = multiplier_1 * counter[2];
        counter = {static_cast<std::uint32_t>(product_1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(product_1),
                   static_cast<std::uint32_t>(product_0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(product_0)};
        key = {key[0] + weyl_0, key[1] + weyl_1};
    }
    return counter;
}

}  // namespace shrinkage
