// Sums of numbers that are known by their logarithms, such as densities.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace shrinkage {

/// Each sum is kept as mass * e^peak, with the largest exponent so far as its peak: nothing
/// overflows, and what vanishes is too small to be seen beside the peak.
class LogSums {
public:
    LogSums() = default;
    explicit LogSums(std::size_t size) : peak_(size), mass_(size) { clear(); }

    void clear() {
        std::fill(mass_.begin(), mass_.end(), 0.0);
        std::fill(peak_.begin(), peak_.end(), nothing);
    }

    std::size_t size() const { return peak_.size(); }

    /// weight * e^exponent more in sum i.
    void add(std::size_t i, double exponent, double weight) {
        if (exponent > peak_[i]) {
            mass_[i] = mass_[i] * std::exp(peak_[i] - exponent) + weight;
            peak_[i] = exponent;
        } else if (weight > 0.0 && exponent != nothing) {  // what is not a number stays so
            mass_[i] += weight * std::exp(exponent - peak_[i]);
        }
    }

    void merge(const LogSums& other) {
        for (std::size_t i = 0; i < peak_.size(); ++i) add(i, other.peak_[i], other.mass_[i]);
    }

    /// The logarithm of sum i over `divisor`.
    double log(std::size_t i, double divisor = 1.0) const {
        return peak_[i] + std::log(mass_[i] / divisor);
    }

private:
    static constexpr double nothing = -std::numeric_limits<double>::infinity();
    std::vector<double> peak_, mass_;
};

}  // namespace shrinkage
