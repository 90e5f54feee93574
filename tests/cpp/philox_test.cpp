#include "shrinkage/base/philox.hpp"

#include <cstdint>
#include <set>

#include <doctest/doctest.h>

using shrinkage::philox;
using shrinkage::PhiloxCounter;
using shrinkage::PhiloxKey;

TEST_SUITE_BEGIN("base");

// The answers that the authors publish with Random123 for philox4x32 with 10 rounds.
TEST_CASE("philox gives the published answers") {
    CHECK(philox({0, 0, 0, 0}, {0, 0}) ==
          PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    constexpr std::uint32_t ones = 0xffffffff;
    CHECK(philox({ones, ones, ones, ones}, {ones, ones}) ==
          PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("philox is usable at compile time") {
    static_assert(philox({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}

TEST_CASE("neighbouring counters and keys give different blocks") {
    std::set<PhiloxCounter> blocks;
    for (std::uint32_t word = 0; word < 4; ++word) {
        for (std::uint32_t bit = 0; bit < 32; ++bit) {
            PhiloxCounter counter{};
            counter[word] = std::uint32_t{1} << bit;
            blocks.insert(philox(counter, {0, 0}));
        }
    }
    CHECK(blocks.size() == 128);
    blocks.insert(philox({}, {1, 0}));
    blocks.insert(philox({}, {0, 1}));
    CHECK(blocks.size() == 130);
}

TEST_SUITE_END();
