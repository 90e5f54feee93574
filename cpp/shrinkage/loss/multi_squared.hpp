// Squared loss of several targets: l(y, eta) = sum_k (y_k - eta_k)^2 / 2.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

class MultiSquaredLoss {
public:
    static constexpr const char* name = "squared";
    static constexpr const char* targets = "finite numbers";
    static constexpr Shape shape = Shape::quadratic;
    static constexpr bool symmetric = false;

    explicit MultiSquaredLoss(std::size_t targets) : targets_(targets) {}

    std::size_t outputs() const { return targets_; }
    std::size_t target_size() const { return targets_; }
    double value(ConstVector y, ConstVector eta) const {
        double total = 0.0;
        for (std::size_t k = 0; k < targets_; ++k) total += (y[k] - eta[k]) * (y[k] - eta[k]);
        return 0.5 * total;
    }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        for (std::size_t k = 0; k < targets_; ++k) out[k] = eta[k] - y[k];
    }
    void curvature(ConstVector, ConstVector, Vector out) const {
        std::fill(out.begin(), out.end(), 0.0);
        for (std::size_t k = 0; k < targets_; ++k) out[k + k * targets_] = 1.0;
    }
    double conjugate(ConstVector y, ConstVector u) const {
        double total = 0.0;
        for (std::size_t k = 0; k < targets_; ++k) total += u[k] * (y[k] + 0.5 * u[k]);
        return total;
    }
    double saturated(ConstVector) const { return 0.0; }
    void mean(ConstVector eta, Vector out) const { std::copy(eta.begin(), eta.end(), out.begin()); }
    bool valid(ConstVector y) const {
        return std::all_of(y.begin(), y.end(), [](double v) { return std::isfinite(v); });
    }
    double curvature_scale(double, double) const { return 1.0; }

private:
    std::size_t targets_;
};

static_assert(VectorLoss<MultiSquaredLoss>);

}  // namespace shrinkage
