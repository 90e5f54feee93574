// Every penalty by name; a solver's door visits the variant once.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "shrinkage/penalty/scalar/elastic_net.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"
#include "shrinkage/penalty/scalar/separable.hpp"

namespace shrinkage {

using AnyScalarPenalty = std::variant<L1, L2, ElasticNet>;

/// The penalty of this name with its parameters (the l1_ratio of the elastic net); none when there
/// is no such name or the number of parameters differs.
template <std::size_t I = 0>
std::optional<AnyScalarPenalty> penalty_named(std::string_view name, ConstVector parameters) {
    if constexpr (I == std::variant_size_v<AnyScalarPenalty>) {
        return std::nullopt;
    } else {
        using P = std::variant_alternative_t<I, AnyScalarPenalty>;
        if (name != P::name) return penalty_named<I + 1>(name, parameters);
        if constexpr (std::is_empty_v<P>) {
            return parameters.empty() ? std::optional<AnyScalarPenalty>(P{}) : std::nullopt;
        } else {
            if (parameters.size() != 1) return std::nullopt;
            return AnyScalarPenalty(P{parameters[0]});
        }
    }
}

static_assert(SeparablePenalty<Separable<L1>>);
static_assert(SeparablePenalty<Separable<L2>>);
static_assert(SeparablePenalty<Separable<ElasticNet>>);

}  // namespace shrinkage
