// From the names of losses that Python sends to the variants of the core.
#pragma once

#include <string>
#include <vector>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/loss/any_vector_loss.hpp"

namespace shrinkage::bind {

[[noreturn]] inline void refuse_choice(const char* argument, const std::string& name,
                                       const std::vector<double>& parameters) {
    throw InvalidArgument(
        {std::string("argument.") + argument, argument,
         name + " with " + std::to_string(parameters.size()) + " parameter(s)",
         std::string("use a ") + argument + " of the core with its own parameters"});
}

inline AnyLoss choose_loss(const std::string& name, const std::vector<double>& parameters) {
    const auto loss = loss_named(name, parameters);
    if (!loss) refuse_choice("loss", name, parameters);
    return *loss;
}

inline AnyVectorLoss choose_vector_loss(const std::string& name,
                                        const std::vector<double>& parameters,
                                        std::size_t outputs) {
    const auto loss = vector_loss_named(name, outputs);
    if (!loss || !parameters.empty() || outputs == 0) refuse_choice("loss", name, parameters);
    return *loss;
}

}  // namespace shrinkage::bind
