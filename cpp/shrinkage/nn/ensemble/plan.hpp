// How the members of an ensemble inside a dropout network are drawn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shrinkage/nn/masks/dropout_kind.hpp"

namespace shrinkage {

/// Member t has the masks of step t: those of row 0 for all rows, so that it is one function, or
/// with `per_row` those of each row.
struct EnsemblePlan {
    std::uint64_t seed = 0;
    std::vector<double> rates;  // of what enters each layer; what is integrated has 0 here
    DropoutKind kind = DropoutKind::bernoulli;
    std::vector<std::uint32_t> input_groups;  // see MaskPlan
    double temperature = 0.1;                 // of concrete gates
    std::vector<MemberMasks> members;         // of masksembles, as training has them
    bool per_row = false;
    double integrated_rate = 0.0;  // of the last layer, whose mask is not drawn; 0: none is

    std::size_t depth() const { return rates.size(); }

    /// The layer up to whose inputs all members are alike.
    std::size_t first() const {
        const auto dropped =
            std::find_if(rates.begin(), rates.end(), [](double p) { return p > 0; });
        return std::min(static_cast<std::size_t>(dropped - rates.begin()), depth() - 1);
    }

    /// Whether the first layer that drops subtracts what is dropped from the sum of everything,
    /// which is less work than to sum what is kept.
    bool subtracts() const {
        const double rate = rates[first()];
        return !per_row && traits_of(kind).drops_units && rate > 0.0 && rate < 0.5;
    }

    MaskPlan masks(std::uint64_t member) const {
        return {seed, member, rates, kind, input_groups, temperature, members};
    }
};

}  // namespace shrinkage
