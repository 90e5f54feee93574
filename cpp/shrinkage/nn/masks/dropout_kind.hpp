// The kinds of dropout a network may train with, and what one step of it is told.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "shrinkage/nn/masks/member_masks.hpp"

namespace shrinkage {

/// bernoulli    each unit of each example is dropped with probability p; the rest times 1 / (1 - p)
/// gaussian     each is multiplied by N(1, p / (1 - p)) (Srivastava et al. 2014, section 10)
/// alpha        dropped units take the value that selu tends to, and an affine map keeps mean 0 and
///              variance 1 (Klambauer et al. 2017, section "New dropout technique")
/// batch        as bernoulli with one mask for all examples of a batch, whose dropped units are not
///              computed at all (Graham, Reizenstein & Robinson 2015)
/// dropconnect  each weight of a batch is dropped with the probability of what enters its layer
///              (Wan et al. 2013; see connections.hpp)
/// concrete   as bernoulli with a smooth gate in place of the bit, through which the rate of each
///              layer is learned (Gal, Hron & Kendall 2017; see noise.hpp and concrete.hpp)
/// masksembles  as bernoulli with a fixed set of masks, of which examples have one after another
///              (Durasov et al. 2021; see member_masks.hpp)
enum class DropoutKind { bernoulli, gaussian, alpha, batch, dropconnect, concrete, masksembles };

/// What is known of a kind beside its masks: all that asks about kinds asks these rows, Python too.
struct DropoutTraits {
    std::string_view name;
    DropoutKind kind;
    // One bit decides: on a unit, so that a group of inputs can share it, or on a weight. Where
    // neither is so, each unit is multiplied by a factor.
    bool drops_units = false, drops_weights = false;
    bool only_noise = false;    // a rate is no probability: factors vary around 1, none is rare
    bool affine = false;        // a dropped unit is not 0, and AlphaMap takes the place of a scale
    bool skips_units = false;   // a batch shares its mask, and what is dropped is not computed
    bool learns_rates = false;  // by the gradient; the rates given are those it starts from
    bool recurring = false;     // masks are a fixed set, that of the members
    bool per_row = false;       // rows of an ensemble's member may have masks of their own
    bool enumerable = false;    // the sub-networks are all that its bits can leave
    bool integrable = false;    // the last layer's sums have closed moments over the masks
    bool mean_one = false;      // a factor averages to 1 over the masks, whatever the rate

    /// Whether a mask is one bit for each unit and example, and nothing more.
    constexpr bool has_plain_masks() const { return drops_units && !affine && !skips_units; }
};

/// A row a kind, in the order of the kinds.
inline constexpr std::array<DropoutTraits, 7> dropout_kinds{{
    {.name = "bernoulli",
     .kind = DropoutKind::bernoulli,
     .drops_units = true,
     .per_row = true,
     .enumerable = true,
     .integrable = true,
     .mean_one = true},
    {.name = "gaussian",
     .kind = DropoutKind::gaussian,
     .only_noise = true,
     .per_row = true,
     .integrable = true,
     .mean_one = true},
    {.name = "alpha",
     .kind = DropoutKind::alpha,
     .drops_units = true,
     .affine = true,
     .per_row = true,
     .enumerable = true,
     .integrable = true},
    {.name = "batch",
     .kind = DropoutKind::batch,
     .drops_units = true,
     .skips_units = true,
     .per_row = true,
     .enumerable = true,
     .integrable = true,
     .mean_one = true},
    {.name = "dropconnect",
     .kind = DropoutKind::dropconnect,
     .drops_weights = true,
     .integrable = true,
     .mean_one = true},
    {.name = "concrete", .kind = DropoutKind::concrete, .learns_rates = true, .per_row = true},
    {.name = "masksembles",
     .kind = DropoutKind::masksembles,
     .drops_units = true,
     .recurring = true},
}};

constexpr const DropoutTraits& traits_of(DropoutKind kind) {
    return dropout_kinds[static_cast<std::size_t>(kind)];
}

inline std::optional<DropoutKind> dropout_kind_named(std::string_view name) {
    for (const DropoutTraits& traits : dropout_kinds) {
        if (traits.name == name) return traits.kind;
    }
    return std::nullopt;
}

/// Decisions on the `inputs` numbers that enter layer l: one each, or one a group.
inline std::size_t n_decisions(std::size_t l, std::size_t inputs,
                               std::span<const std::uint32_t> input_groups) {
    if (l > 0 || input_groups.empty()) return inputs;
    return *std::max_element(input_groups.begin(), input_groups.end()) + std::size_t{1};
}

/// The masks of one step: rates[l] belongs to the numbers that enter layer l, 0 the input.
/// input_groups, unless empty, gives each input the number of its group: a group shares one
/// decision, that of the unit with the group's number.
struct MaskPlan {
    std::uint64_t seed = 0;
    std::uint64_t step = 0;
    std::span<const double> rates;
    DropoutKind kind = DropoutKind::bernoulli;
    std::span<const std::uint32_t> input_groups;
    double temperature = 0.1;                // of concrete gates
    std::span<const MemberMasks> members{};  // of masksembles: the decisions on each layer
};

/// out = scale x + shift where kept, `dropped` where not.
struct UnitMap {
    double scale, shift = 0.0, dropped = 0.0;
};

/// That of alpha: dropped value a', keep probability q: a = (q + a'^2 q (1 - q))^-1/2,
/// b = -a (1 - q) a'.
struct AlphaMap : UnitMap {
    explicit AlphaMap(double rate) {
        constexpr double depth = -1.7580993408473766;  // -lambda alpha of selu
        const double q = 1.0 - rate;
        scale = 1.0 / std::sqrt(q + depth * depth * q * rate);
        shift = -scale * rate * depth;
        dropped = scale * depth + shift;
    }
};

/// That of a kind which drops units: a kept one is multiplied by 1 / (1 - rate), unless affine.
inline UnitMap unit_map(DropoutKind kind, double rate) {
    if (traits_of(kind).affine) return AlphaMap(rate);
    return {1.0 / (1.0 - rate)};
}

}  // namespace shrinkage
