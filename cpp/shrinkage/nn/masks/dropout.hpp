// Dropout masks as pure functions of (seed, step, layer, row, unit), and their application
// (Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, JMLR 15, 2014; inverted scaling).
//
// Counter layout, frozen by tests/golden. One Philox call decides eight neighbouring units:
//
//   key      seed, low word first
//   counter  word 0   bits 0..23 block = unit / 8;  bits 24..30 layer;  bit 31 fine
//            word 1   row
//            word 2-3 step, low word first
//   unit     lane unit % 8 of the result read as eight 16-bit numbers, low half of word 0 first
//
// (seed, step, layer, row, unit) -> (key, counter, lane) is one to one, so no two decisions share
// bits. Why 16-bit lanes: the ten rounds are what a mask costs, so lanes of 32 bits would halve the
// masks a second, and lanes of 8 would round the rate to 1/256. The rate still is honoured to
// 2^-33: with T = round(rate 2^32), a unit is dropped when lane < T / 2^16, and when the two are
// equal (one unit in 65536) the same lane of a second call, with the bit `fine` set, is compared
// with T mod 2^16. Eight consecutive blocks are eight SIMD lanes, and their bytes lie in order.
//
// DropConnect: unit = i * units + j for the weight from input i to unit j, row = the example. A
// mask shared by all rows: row = 0, as training has it for DropConnect and for batches. Limits:
// 2^27 units a row, 128 layers, 2^32 rows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/base/philox.hpp"

namespace shrinkage {

/// What the masks of one layer at one optimizer step (or of one ensemble member) share.
struct DropoutStream {
    std::uint64_t seed = 0;
    std::uint64_t step = 0;
    std::uint32_t layer = 0;
};

inline constexpr std::size_t dropout_max_units = std::size_t{1} << 27;
inline constexpr std::uint32_t dropout_max_layers = 128;

/// Throws InvalidArgument for a rate outside [0, 1) and beyond the limits of the layout.
void check_dropout(const DropoutStream& stream, std::size_t cols, double rate);

/// Rounds the probability of dropping, in [0, 1), to a multiple of 2^-32 below 1.
std::uint32_t dropout_threshold(double rate);

/// Fills mask[k], 1 = kept, for unit first_unit + k of one row.
void dropout_row(const DropoutStream& stream, std::uint32_t row, std::size_t first_unit,
                 std::uint32_t threshold, std::span<std::uint8_t> mask);

/// The 128 bits that decide units 8 block ... 8 block + 7 of a row; with `fine`, those of a tie.
PhiloxCounter dropout_bits(const DropoutStream& stream, std::uint32_t row, std::size_t block,
                           bool fine);

/// Fills the row-major mask (rows.size(), cols); row i of it belongs to example rows[i].
/// Checks its arguments as check_dropout does.
void dropout_mask(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                  std::size_t cols, double rate, std::span<std::uint8_t> mask);

/// Fills the row-major (rows.size(), cols) with the uniform numbers in (0, 1) by which units are
/// dropped: (N + 1/2) / 2^32, N the lane of the mask's call times 2^16 plus that of the second one.
/// A unit is dropped when N < round(rate 2^32).
void dropout_uniform(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                     std::size_t cols, std::span<double> out);

/// out = x / (1 - rate) where kept, exactly 0 where dropped. Applied to a gradient it is the
/// backward pass. out may be x.
template <typename T>
void apply_dropout(std::span<const T> x, std::span<const std::uint8_t> mask, double rate,
                   std::span<T> out) {
    const T scale = static_cast<T>(1.0 / (1.0 - rate));
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = mask[i] != 0 ? x[i] * scale : T{0};
}

}  // namespace shrinkage
