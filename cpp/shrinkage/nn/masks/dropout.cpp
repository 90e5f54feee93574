#include "shrinkage/nn/masks/dropout.hpp"

#include <cmath>
#include <string>

#include "shrinkage/base/errors.hpp"

namespace shrinkage {

namespace {

constexpr std::size_t lanes = 8;
constexpr std::uint32_t fine_bit = std::uint32_t{1} << 31;

std::uint32_t low_word(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high_word(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

std::uint32_t lane_of(const PhiloxCounter& bits, std::size_t lane) {
    return (bits[lane / 2] >> (16 * (lane % 2))) & 0xFFFFU;
}

PhiloxCounter counter_of(const DropoutStream& stream, std::uint32_t row, std::size_t block) {
    return {static_cast<std::uint32_t>(block) | stream.layer << 24, row, low_word(stream.step),
            high_word(stream.step)};
}

}  // namespace

void check_dropout(const DropoutStream& stream, std::size_t cols, double rate) {
    if (!(rate >= 0.0 && rate < 1.0)) {
        throw InvalidArgument({"dropout.rate", "rate", std::to_string(rate),
                               "give the probability of dropping a unit, at least 0 and below 1"});
    }
    if (stream.layer >= dropout_max_layers) {
        throw InvalidArgument({"dropout.layer", "layer", std::to_string(stream.layer),
                               "masks tell at most 128 layers apart: use 0 to 127"});
    }
    if (cols > dropout_max_units) {
        throw InvalidArgument({"dropout.cols", "cols", std::to_string(cols),
                               "a row has at most 2^27 = 134217728 units: split the layer"});
    }
}

std::uint32_t dropout_threshold(double rate) {
    constexpr double scale = 4294967296.0;
    // A rate that rounds to 1 would drop everything, though it is below 1.
    return static_cast<std::uint32_t>(std::min(std::nearbyint(rate * scale), scale - 1.0));
}

void dropout_row(const DropoutStream& stream, std::uint32_t row, std::size_t first_unit,
                 std::uint32_t threshold, std::span<std::uint8_t> mask) {
    const PhiloxKey key{low_word(stream.seed), high_word(stream.seed)};
    const std::uint32_t coarse = threshold >> 16, fine = threshold & 0xFFFFU;
    for (std::size_t done = 0; done < mask.size();) {
        const std::size_t unit = first_unit + done, offset = unit % lanes;
        const std::size_t count = std::min(lanes - offset, mask.size() - done);
        PhiloxCounter counter = counter_of(stream, row, unit / lanes);
        const PhiloxCounter bits = philox(counter, key);
        bool tie = false;
        for (std::size_t k = 0; k < count; ++k) {
            const std::uint32_t lane = lane_of(bits, offset + k);
            mask[done + k] = lane >= coarse;
            tie |= lane == coarse;
        }
        if (tie && fine != 0) {
            counter[0] |= fine_bit;
            const PhiloxCounter more = philox(counter, key);
            for (std::size_t k = 0; k < count; ++k) {
                if (lane_of(bits, offset + k) != coarse) continue;
                mask[done + k] = lane_of(more, offset + k) >= fine;
            }
        }
        done += count;
    }
}

PhiloxCounter dropout_bits(const DropoutStream& stream, std::uint32_t row, std::size_t block,
                           bool fine) {
    PhiloxCounter counter = counter_of(stream, row, block);
    if (fine) counter[0] |= fine_bit;
    return philox(counter, {low_word(stream.seed), high_word(stream.seed)});
}

void dropout_mask(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                  std::size_t cols, double rate, std::span<std::uint8_t> mask) {
    check_dropout(stream, cols, rate);
    const std::uint32_t threshold = dropout_threshold(rate);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        dropout_row(stream, rows[i], 0, threshold, mask.subspan(i * cols, cols));
    }
}

void dropout_uniform(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                     std::size_t cols, std::span<double> out) {
    check_dropout(stream, cols, 0.0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t unit = 0; unit < cols; ++unit) {
            const std::size_t block = unit / lanes, lane = unit % lanes;
            const std::uint32_t high = lane_of(dropout_bits(stream, rows[i], block, false), lane);
            const std::uint32_t low = lane_of(dropout_bits(stream, rows[i], block, true), lane);
            out[i * cols + unit] = (static_cast<double>(high << 16 | low) + 0.5) * 0x1p-32;
        }
    }
}

}  // namespace shrinkage
