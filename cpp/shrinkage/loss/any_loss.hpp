// Every loss by name; a solver's door visits the variant once.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/squared.hpp"

namespace shrinkage {

using AnyLoss = std::variant<SquaredLoss, LogisticLoss>;

template <std::size_t I = 0>
std::optional<AnyLoss> loss_named(std::string_view name) {
    if constexpr (I == std::variant_size_v<AnyLoss>) {
        return std::nullopt;
    } else {
        using L = std::variant_alternative_t<I, AnyLoss>;
        if (name == L::name) return AnyLoss(L{});
        return loss_named<I + 1>(name);
    }
}

}  // namespace shrinkage
