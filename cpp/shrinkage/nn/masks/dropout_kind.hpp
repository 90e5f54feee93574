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
#include <utility>
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

inline constexpr std::array<std::pair<std::string_view, DropoutKind>, 7> dropout_kind_names{
    {{"bernoulli", DropoutKind::bernoulli},
     {"gaussian", DropoutKind::gaussian},
     {"alpha", DropoutKind::alpha},
     {"batch", DropoutKind::batch},
     {"dropconnect", DropoutKind::dropconnect},
     {"concrete", DropoutKind::concrete},
     {"masksembles", DropoutKind::masksembles}}};

inline std::optional<DropoutKind> dropout_kind_named(std::string_view name) {
    for (const auto& [known, kind] : dropout_kind_names) {
        if (known == name) return kind;
    }
    return std::nullopt;
}

/// Whether a kind decides on units by one bit each, which a group of inputs can share.
constexpr bool drops_units(DropoutKind kind) {
    return kind == DropoutKind::bernoulli || kind == DropoutKind::alpha ||
           kind == DropoutKind::batch || kind == DropoutKind::masksembles;
}

/// Whether a kind is one bit for each unit and example, and nothing more.
constexpr bool has_plain_masks(DropoutKind kind) {
    return kind == DropoutKind::bernoulli || kind == DropoutKind::masksembles;
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
struct AlphaMap {
    double scale, shift, dropped;

    /// dropped value a', keep probability q: a = (q + a'^2 q (1 - q))^-1/2, b = -a (1 - q) a'.
    explicit AlphaMap(double rate) {
        constexpr double depth = -1.7580993408473766;  // -lambda alpha of selu
        const double q = 1.0 - rate;
        scale = 1.0 / std::sqrt(q + depth * depth * q * rate);
        shift = -scale * rate * depth;
        dropped = scale * depth + shift;
    }
};

}  // namespace shrinkage
