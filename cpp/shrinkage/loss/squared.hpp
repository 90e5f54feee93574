// Squared loss: l(y, eta) = (y - eta)^2 / 2.
#pragma once

#include <cmath>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct SquaredLoss {
    static constexpr const char* name = "squared";
    static constexpr const char* targets = "finite numbers";
    static constexpr Shape shape = Shape::quadratic;

    double value(double y, double eta) const { return 0.5 * (y - eta) * (y - eta); }
    double gradient(double y, double eta) const { return eta - y; }
    double curvature(double, double) const { return 1.0; }
    double conjugate(double y, double u) const { return u * y + 0.5 * u * u; }
    double saturated(double) const { return 0.0; }
    double mean(double eta) const { return eta; }
    bool valid(double y) const { return std::isfinite(y); }
    double curvature_scale(double, double) const { return 1.0; }
};

static_assert(ScalarLoss<SquaredLoss>);

}  // namespace shrinkage
