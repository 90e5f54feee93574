// Every loss by name; a solver's door visits the variant once.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>

#include "shrinkage/loss/gamma.hpp"
#include "shrinkage/loss/huber.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/poisson.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/loss/squared_hinge.hpp"

namespace shrinkage {

using AnyLoss = std::variant<SquaredLoss, LogisticLoss, PoissonLoss, GammaLoss, HuberLoss,
                             SquaredHingeLoss, QuantileLoss>;

/// The loss of this name with its parameters (delta of huber, q of quantile); none when there is no
/// such name or the number of parameters differs.
template <std::size_t I = 0>
std::optional<AnyLoss> loss_named(std::string_view name, ConstVector parameters = {}) {
    if constexpr (I == std::variant_size_v<AnyLoss>) {
        return std::nullopt;
    } else {
        using L = std::variant_alternative_t<I, AnyLoss>;
        if (name != L::name) return loss_named<I + 1>(name, parameters);
        if constexpr (std::is_empty_v<L>) {
            return parameters.empty() ? std::optional<AnyLoss>(L{}) : std::nullopt;
        } else {
            if (parameters.size() != 1) return std::nullopt;
            return AnyLoss(L{parameters[0]});
        }
    }
}

}  // namespace shrinkage
