// Every loss with several outputs by name; a solver's door visits the variant once.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"

namespace shrinkage {

using AnyVectorLoss = std::variant<MultiSquaredLoss, MultinomialLoss>;

/// The loss of this name for so many outputs; none when there is no such name.
template <std::size_t I = 0>
std::optional<AnyVectorLoss> vector_loss_named(std::string_view name, std::size_t outputs) {
    if constexpr (I == std::variant_size_v<AnyVectorLoss>) {
        return std::nullopt;
    } else {
        using L = std::variant_alternative_t<I, AnyVectorLoss>;
        return name == L::name ? AnyVectorLoss(L(outputs))
                               : vector_loss_named<I + 1>(name, outputs);
    }
}

}  // namespace shrinkage
