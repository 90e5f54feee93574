// Every penalty on the coefficients of several outputs by name: the scalar ones, coefficient by
// coefficient, and those that tie the outputs together.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "shrinkage/penalty/any_penalty.hpp"
#include "shrinkage/penalty/block/row_group.hpp"

namespace shrinkage {

/// Stands for RowGroup, which is built where its factors and the number of outputs are known.
struct RowGroupName {};

using AnyVectorPenalty = std::variant<AnyScalarPenalty, RowGroupName>;

/// As penalty_named.
inline std::optional<AnyVectorPenalty> vector_penalty_named(std::string_view name,
                                                            ConstVector parameters) {
    if (name == RowGroup::name) {
        return parameters.empty() ? std::optional<AnyVectorPenalty>(RowGroupName{}) : std::nullopt;
    }
    const auto scalar = penalty_named(name, parameters);
    return scalar ? std::optional<AnyVectorPenalty>(*scalar) : std::nullopt;
}

}  // namespace shrinkage
