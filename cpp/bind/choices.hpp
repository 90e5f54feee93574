// From the names that Python sends to the variants of the core.
#pragma once

#include <string>
#include <vector>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/penalty/any_penalty.hpp"

namespace shrinkage::bind {

inline AnyLoss choose_loss(const std::string& name, const std::vector<double>& parameters) {
    const auto loss = loss_named(name, parameters);
    if (!loss) {
        throw InvalidArgument(
            {"argument.loss", "loss",
             name + " with " + std::to_string(parameters.size()) + " parameter(s)",
             "use a loss of the core with its own parameters"});
    }
    return *loss;
}

inline AnyScalarPenalty choose_penalty(const std::string& name,
                                       const std::vector<double>& parameters) {
    const auto penalty = penalty_named(name, parameters);
    if (!penalty) {
        throw InvalidArgument(
            {"argument.penalty", "penalty",
             name + " with " + std::to_string(parameters.size()) + " parameter(s)",
             "use a penalty of the core with its own parameters"});
    }
    return *penalty;
}

}  // namespace shrinkage::bind
