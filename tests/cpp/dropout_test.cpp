#include "shrinkage/nn/masks/dropout.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/errors.hpp"

using namespace shrinkage;

namespace {

std::vector<std::uint32_t> row_indices(std::size_t n) {
    std::vector<std::uint32_t> rows(n);
    std::iota(rows.begin(), rows.end(), 0U);
    return rows;
}

std::vector<std::uint8_t> mask_of(const DropoutStream& stream,
                                  const std::vector<std::uint32_t>& rows, std::size_t cols,
                                  double rate) {
    std::vector<std::uint8_t> mask(rows.size() * cols, 7);
    dropout_mask(stream, rows, cols, rate, mask);
    return mask;
}

/// The 32-bit number that decides a unit, by the layout that dropout.hpp states in words.
std::uint32_t decisive_number(const DropoutStream& s, std::uint32_t row, std::uint32_t unit) {
    const auto lane = [&](std::uint32_t fine) {
        const PhiloxCounter bits =
            philox({unit / 8 + (s.layer << 24) + (fine << 31), row,
                    static_cast<std::uint32_t>(s.step), static_cast<std::uint32_t>(s.step >> 32)},
                   {static_cast<std::uint32_t>(s.seed), static_cast<std::uint32_t>(s.seed >> 32)});
        const std::uint32_t word = bits[unit % 8 / 2];
        return unit % 2 == 0 ? word & 0xFFFFU : word >> 16;
    };
    return (lane(0) << 16) + lane(1);
}

/// A normal variable stays within five standard deviations but once in 1.7 million.
void check_binomial(double count, double n, double probability) {
    const double deviation = std::sqrt(n * probability * (1.0 - probability));
    CHECK(std::abs(count - n * probability) < 5.0 * deviation);
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("a unit is dropped exactly when its number is below the threshold") {
    const DropoutStream stream{0x0123456789ABCDEF, 0xFEDCBA9876543210, 5};
    for (const std::uint32_t row : {0U, 17U, 0xFFFFFFFFU}) {
        for (const std::uint32_t unit : {0U, 1U, 6U, 7U, 8U, 1000003U}) {
            const std::uint32_t number = decisive_number(stream, row, unit);
            std::vector<std::uint8_t> kept(1);
            // The threshold equals the number in its high half, so the fine comparison decides.
            dropout_row(stream, row, unit, number, kept);
            CHECK(kept[0] == 1);
            dropout_row(stream, row, unit, number + 1, kept);
            CHECK(kept[0] == 0);
        }
    }
}

TEST_CASE("a row may be drawn in parts") {
    const DropoutStream stream{11, 3, 1};
    const std::uint32_t threshold = dropout_threshold(0.3);
    std::vector<std::uint8_t> whole(50), parts(50);
    dropout_row(stream, 4, 0, threshold, whole);
    for (const auto& [first, count] :
         std::vector<std::pair<std::size_t, std::size_t>>{{0, 3}, {3, 10}, {13, 3}, {16, 34}}) {
        dropout_row(stream, 4, first, threshold, std::span(parts).subspan(first, count));
    }
    CHECK(parts == whole);
}

TEST_CASE("a mask does not depend on the batch or on the other columns") {
    const DropoutStream stream{42, 7, 2};
    const auto full = mask_of(stream, row_indices(20), 13, 0.4);
    const std::vector<std::uint32_t> batch{19, 2, 2, 7};
    const auto drawn = mask_of(stream, batch, 13, 0.4);
    const auto narrow = mask_of(stream, row_indices(20), 5, 0.4);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        for (std::size_t j = 0; j < 13; ++j) CHECK(drawn[i * 13 + j] == full[batch[i] * 13 + j]);
    }
    for (std::size_t i = 0; i < 20; ++i) {
        for (std::size_t j = 0; j < 5; ++j) CHECK(narrow[i * 5 + j] == full[i * 13 + j]);
    }
}

TEST_CASE("seed, step, layer and row each give another mask") {
    const std::vector<DropoutStream> streams{{0, 0, 0},  {1, 0, 0},          {1ULL << 32, 0, 0},
                                             {0, 1, 0},  {0, 1ULL << 32, 0}, {0, 0, 1},
                                             {0, 0, 127}};
    std::set<std::vector<std::uint8_t>> masks;
    for (const auto& stream : streams) masks.insert(mask_of(stream, {0}, 128, 0.5));
    masks.insert(mask_of({0, 0, 0}, {1}, 128, 0.5));
    CHECK(masks.size() == streams.size() + 1);
}

TEST_CASE("the rate is honoured, in every lane and down to rates that need the fine half") {
    constexpr std::size_t rows = 1000, cols = 400;
    for (const double rate : {0.5, 0.1, 0.9, 1.0 / 3.0, 1e-4, 3e-6}) {
        CAPTURE(rate);
        const auto mask = mask_of({2024, 1, 0}, row_indices(rows), cols, rate);
        REQUIRE(*std::max_element(mask.begin(), mask.end()) <= 1);
        double dropped = 0.0;
        std::vector<double> by_lane(8, 0.0);
        for (std::size_t k = 0; k < mask.size(); ++k) {
            dropped += 1 - mask[k];
            by_lane[k % cols % 8] += 1 - mask[k];
        }
        check_binomial(dropped, rows * cols, rate);
        if (rate < 0.01) continue;  // too few in a lane for the normal approximation
        for (const double count : by_lane) check_binomial(count, rows * cols / 8.0, rate);
    }
}

TEST_CASE("neighbours, rows and steps are uncorrelated") {
    constexpr std::size_t rows = 500, cols = 200;
    const auto now = mask_of({5, 10, 0}, row_indices(rows), cols, 0.5);
    const auto next = mask_of({5, 11, 0}, row_indices(rows), cols, 0.5);
    double beside = 0.0, below = 0.0, later = 0.0;
    for (std::size_t i = 0; i + 1 < rows; ++i) {
        for (std::size_t j = 0; j + 1 < cols; ++j) {
            const auto here = now[i * cols + j];
            beside += here == now[i * cols + j + 1];
            below += here == now[(i + 1) * cols + j];
            later += here == next[i * cols + j];
        }
    }
    const double n = (rows - 1) * (cols - 1);
    for (const double agreements : {beside, below, later}) check_binomial(agreements, n, 0.5);
}

TEST_CASE("rate zero keeps all, a rate just below one does not drop by certainty") {
    const auto mask = mask_of({1, 2, 3}, row_indices(50), 64, 0.0);
    CHECK(std::all_of(mask.begin(), mask.end(), [](auto kept) { return kept == 1; }));
    CHECK(dropout_threshold(0.0) == 0U);
    CHECK(dropout_threshold(0.5) == 0x80000000U);
    CHECK(dropout_threshold(std::nextafter(1.0, 0.0)) == 0xFFFFFFFFU);
}

TEST_CASE("what the layout cannot hold is refused") {
    std::vector<std::uint8_t> none;
    const auto draw = [&](DropoutStream stream, std::size_t cols, double rate) {
        dropout_mask(stream, {}, cols, rate, none);
    };
    for (const double rate : {-0.1, 1.0, 1.5, std::nan("")}) {
        CHECK_THROWS_AS(draw({}, 1, rate), InvalidArgument);
    }
    CHECK_THROWS_AS(draw({0, 0, 128}, 1, 0.5), InvalidArgument);
    CHECK_THROWS_AS(draw({}, dropout_max_units + 1, 0.5), InvalidArgument);
    CHECK_NOTHROW(draw({0, 0, 127}, dropout_max_units, 0.5));
}

TEST_CASE("apply_dropout scales what is kept and zeroes the rest, even where it is not finite") {
    const std::vector<double> x{1.0, -2.0, std::nan(""), 4.0};
    const std::vector<std::uint8_t> mask{1, 0, 0, 1};
    std::vector<double> out(4, 9.0);
    apply_dropout<double>(x, mask, 0.2, out);
    CHECK(out == std::vector<double>{1.0 / 0.8, 0.0, 0.0, 4.0 / 0.8});
    std::vector<float> in_place{2.0F, 3.0F};
    apply_dropout<float>(in_place, std::vector<std::uint8_t>{0, 1}, 0.5, in_place);
    CHECK(in_place == std::vector<float>{0.0F, 6.0F});
}

TEST_CASE("the mean of many masked copies is the input") {
    constexpr std::size_t n = 200000;
    const auto mask = mask_of({9, 9, 9}, {3}, n, 0.3);
    const std::vector<double> x(n, 1.0);
    std::vector<double> out(n);
    apply_dropout<double>(x, mask, 0.3, out);
    const double mean = std::accumulate(out.begin(), out.end(), 0.0) / n;
    CHECK(std::abs(mean - 1.0) < 5.0 * std::sqrt(0.3 / 0.7 / n));
}

TEST_SUITE_END();
