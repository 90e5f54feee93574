// The one typed input from which every penalty is made.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage {

/// What a user chose, then what the problem adds. Empty vectors mean: no groups or weights of their
/// own, factors of one, no bounds, columns that can all carry a coefficient.
struct PenaltyInput {
    std::string name;
    std::vector<double> parameters;    // numbers of the penalty's own
    std::vector<std::int64_t> groups;  // of each feature, 0 to the number of groups less one
    std::vector<double> weights;       // of groups, or of ranks

    std::size_t features = 0;
    std::size_t outputs = 1;
    std::vector<double> factors;       // of each feature
    std::vector<double> lower, upper;  // of each feature, on the scale that is penalized
    std::vector<char> usable;          // of each feature; others never carry a coefficient

    double factor(std::size_t j) const { return factors.empty() ? 1.0 : factors[j]; }
    bool can_carry(std::size_t j) const { return usable.empty() || usable[j] != 0; }
    bool bounded() const {
        const auto finite = [](double bound) { return std::isfinite(bound); };
        return std::any_of(lower.begin(), lower.end(), finite) ||
               std::any_of(upper.begin(), upper.end(), finite);
    }
};

[[noreturn]] inline void refuse_penalty(const char* code, const std::string& argument,
                                        const std::string& value, const std::string& remedy) {
    throw InvalidArgument({std::string("argument.") + code, argument, value, remedy});
}

/// Refuses an input that does not have so many numbers of its own.
inline void require_parameters(const PenaltyInput& input, std::size_t count) {
    if (input.parameters.size() == count) return;
    refuse_penalty(
        "penalty", "penalty",
        input.name + " with " + std::to_string(input.parameters.size()) + " parameter(s)",
        "give it " + std::to_string(count));
}

/// Refuses weights of another number than expected, or that are negative or not finite.
inline void require_weights(const PenaltyInput& input, std::size_t count, const char* of) {
    if (input.weights.size() != count) {
        refuse_penalty("length", "weights",
                       "array of length " + std::to_string(input.weights.size()),
                       "give it " + std::to_string(count) + " entries, one for each " + of);
    }
    for (const double w : input.weights) {
        if (w >= 0.0 && std::isfinite(w)) continue;
        refuse_penalty("weights", "weights", std::to_string(w), "give finite numbers >= 0");
    }
}

/// One entry per coefficient, output by output, from one per feature.
inline std::vector<double> by_coefficient(const std::vector<double>& by_feature,
                                          std::size_t outputs) {
    std::vector<double> result;
    result.reserve(by_feature.size() * outputs);
    for (std::size_t k = 0; k < outputs; ++k) {
        result.insert(result.end(), by_feature.begin(), by_feature.end());
    }
    return result;
}

}  // namespace shrinkage
