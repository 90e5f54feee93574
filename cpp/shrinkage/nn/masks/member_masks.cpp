#include "shrinkage/nn/masks/member_masks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "shrinkage/base/errors.hpp"

namespace shrinkage {
namespace {

constexpr std::uint32_t most_attempts = 100;

/// Whether there are n different choices of `kept` out of `units`.
bool can_differ(std::size_t units, std::size_t kept, std::size_t n) {
    double choices = 1.0;
    for (std::size_t i = 0; i < std::min(kept, units - kept); ++i) {
        choices *= static_cast<double>(units - i) / static_cast<double>(i + 1);
    }
    return choices > static_cast<double>(n) - 0.5;
}

}  // namespace

std::size_t dropped_units(std::size_t units, std::size_t n_members, double rate) {
    if (rate == 0.0 || units < 2 || n_members < 2) return 0;
    const auto nearest =
        static_cast<std::size_t>(std::nearbyint(rate * static_cast<double>(units)));
    const std::size_t least_kept = (units + n_members - 1) / n_members;
    return std::clamp(nearest, std::size_t{1}, units - least_kept);
}

MemberMasks::MemberMasks(const DropoutStream& stream, std::size_t n_members, std::size_t units,
                         double rate)
    : n_members_(n_members), units_(units), masks_(n_members * units, std::uint8_t{1}) {
    if (n_members == 0) {
        throw InvalidArgument({"dropout.n_members", "n_members", "0", "give at least one member"});
    }
    const std::size_t dropped = dropped_units(units, n_members, rate), kept = units - dropped;
    if (dropped == 0) return;
    const std::uint32_t attempts = can_differ(units, kept, n_members) ? most_attempts : 1;
    for (std::uint32_t attempt = 0; attempt < attempts; ++attempt) {
        deal(stream, attempt, kept);
        if (all_differ()) break;
    }
}

void MemberMasks::deal(const DropoutStream& stream, std::uint32_t attempt, std::size_t kept) {
    std::vector<double> numbers(masks_.size());
    for (std::size_t m = 0; m < n_members_; ++m) {
        const std::array<std::uint32_t, 1> row{attempt};
        dropout_uniform({stream.seed, m, stream.layer}, row, units_,
                        std::span(numbers).subspan(m * units_, units_));
    }
    std::vector<std::size_t> held(n_members_, 0), order(n_members_);
    std::fill(masks_.begin(), masks_.end(), std::uint8_t{0});
    std::size_t dealt = 0;
    for (std::size_t u = 0; u < units_; ++u) {
        const std::size_t until = (u + 1) * n_members_ * kept / units_;
        const auto sooner = [&](std::size_t a, std::size_t b) {
            if (held[a] != held[b]) return held[a] < held[b];
            const double x = numbers[a * units_ + u], y = numbers[b * units_ + u];
            return x != y ? x > y : a < b;
        };
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), sooner);
        for (std::size_t k = 0; dealt < until; ++k, ++dealt) {
            masks_[order[k] * units_ + u] = 1;
            ++held[order[k]];
        }
    }
}

bool MemberMasks::all_differ() const {
    for (std::size_t a = 0; a < n_members_; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            if (std::ranges::equal(mask(a), mask(b))) return false;
        }
    }
    return true;
}

}  // namespace shrinkage
