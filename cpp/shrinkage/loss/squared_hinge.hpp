// Squared hinge: l(y, eta) = max(0, 1 - y eta)^2, y in {-1, 1} (the L2-loss support vector
// machine).
#pragma once

#include <algorithm>
#include <limits>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct SquaredHingeLoss {
    static constexpr const char* name = "squared_hinge";
    static constexpr const char* targets = "-1 and 1";
    static constexpr Shape shape = Shape::piecewise;

    double value(double y, double eta) const {
        const double short_by = std::max(0.0, 1.0 - y * eta);
        return short_by * short_by;
    }
    double gradient(double y, double eta) const { return -2.0 * y * std::max(0.0, 1.0 - y * eta); }
    double curvature(double y, double eta) const { return y * eta <= 1.0 ? 2.0 : 0.0; }
    double conjugate(double y, double u) const {
        const double t = y * u;
        if (t > 1e-14) return std::numeric_limits<double>::infinity();
        return t + 0.25 * t * t;
    }
    double saturated(double) const { return 0.0; }
    double mean(double eta) const { return eta; }
    bool valid(double y) const { return y == -1.0 || y == 1.0; }
    double curvature_scale(double, double) const { return 2.0; }

    template <typename T>
    SHRINKAGE_INLINE Expansion<T> expansion(T y, T eta) const {
        const T short_by = max(0.0, 1.0 - y * eta);
        return {short_by * short_by, -2.0 * y * short_by, select(y * eta <= 1.0, 2.0, 0.0)};
    }
    template <typename T>
    SHRINKAGE_INLINE T fenchel_young(T y, T eta, const DualScale<T>& s) const {
        const T short_by = s.lost * max(0.0, 1.0 - y * eta);
        return short_by * short_by;
    }
};

static_assert(BatchLoss<SquaredHingeLoss>);

}  // namespace shrinkage
