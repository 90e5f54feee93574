// Quantile (pinball) loss: q (y - eta) above eta, (1 - q)(eta - y) below (Koenker & Bassett 1978).
#pragma once

#include <cmath>
#include <limits>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct QuantileLoss {
    static constexpr const char* name = "quantile";
    static constexpr const char* targets = "finite numbers";
    static constexpr Shape shape = Shape::kinked;
    double q = 0.5;  // in (0, 1)

    double value(double y, double eta) const {
        const double r = y - eta;
        return r >= 0.0 ? q * r : (q - 1.0) * r;
    }
    /// At the kink the subgradient of least magnitude, zero.
    double gradient(double y, double eta) const { return eta < y ? -q : (eta > y ? 1.0 - q : 0.0); }
    double curvature(double, double) const { return 0.0; }
    double conjugate(double y, double u) const {
        if (u < -q - 1e-14 || u > 1.0 - q + 1e-14) return std::numeric_limits<double>::infinity();
        return u * y;
    }
    double saturated(double) const { return 0.0; }
    double mean(double eta) const { return eta; }
    bool valid(double y) const { return std::isfinite(y); }
    double curvature_scale(double, double null_deviance) const { return 0.25 / null_deviance; }
};

static_assert(ScalarLoss<QuantileLoss>);

}  // namespace shrinkage
