// Masks that come back: a fixed number of members, each of which is one mask a layer (Masksembles:
// Durasov, Bagautdinov, Baque & Fua, CVPR 2021).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkage/nn/masks/dropout.hpp"

namespace shrinkage {

/// How many of `units` each member drops: the nearest number to rate * units, as far as at least
/// one is dropped and every unit can be kept by a member. 0 with a rate of 0, one unit or member.
std::size_t dropped_units(std::size_t units, std::size_t n_members, double rate);

/// The masks of one layer. Each keeps K = units - dropped_units(...), and each unit is kept by
/// n_members K / units masks, rounded down or up.
///
/// Dealt unit after unit: unit u is kept by c(u) members, c(0) + ... + c(u) = floor((u + 1)
/// n_members K / units), namely by those which have kept the fewest units so far, of equals by
/// those with the largest numbers of dropout_uniform at (seed, step = member, layer, row = attempt,
/// unit = u). All is dealt again, up to 100 times in all, while two members are equal and need not
/// be; below 2 log2 n_members units some may stay so.
///
/// Members being alike in this rule, any two share the same number of units on average, where
/// units divides n_members K that is K (n_members K / units - 1) / (n_members - 1): none if
/// each unit has one member, and with more members ever nearer to K K / units, which masks drawn at
/// random share. The published rule draws them at random, n_members of K units out of S K, and
/// leaves out units that none keeps; here the number of units is given, and none is left out.
class MemberMasks {
public:
    /// Arguments as check_dropout wants them; the stream's step is not read.
    MemberMasks(const DropoutStream& stream, std::size_t n_members, std::size_t units, double rate);

    /// Which one an example has at a step: all of them in turn.
    std::size_t member(std::uint32_t row, std::uint64_t step) const {
        return static_cast<std::size_t>((row % n_members_ + step % n_members_) % n_members_);
    }
    /// 1 = kept.
    std::span<const std::uint8_t> mask(std::size_t member) const {
        return std::span(masks_).subspan(member * units_, units_);
    }

private:
    void deal(const DropoutStream& stream, std::uint32_t attempt, std::size_t kept);
    bool all_differ() const;

    std::size_t n_members_, units_;
    std::vector<std::uint8_t> masks_;  // (n_members, units)
};

}  // namespace shrinkage
