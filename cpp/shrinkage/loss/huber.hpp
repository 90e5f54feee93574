// Huber's loss: r^2 / 2 for |r| <= delta, else delta |r| - delta^2 / 2, r = y - eta (Huber 1964).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct HuberLoss {
    static constexpr const char* name = "huber";
    static constexpr const char* targets = "finite numbers";
    static constexpr Shape shape = Shape::piecewise;
    double delta = 1.35;  // > 0, in units of y

    double value(double y, double eta) const {
        const double r = std::abs(y - eta);
        return r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
    }
    double gradient(double y, double eta) const { return std::clamp(eta - y, -delta, delta); }
    double curvature(double y, double eta) const { return std::abs(y - eta) <= delta ? 1.0 : 0.0; }
    /// The curvature of the least parabola that touches at eta and lies nowhere below.
    double majorant(double y, double eta) const {
        const double r = std::abs(y - eta);
        return r <= delta ? 1.0 : delta / r;
    }
    double conjugate(double y, double u) const {
        // A rounding's width outside the domain counts as its end.
        if (std::abs(u) > delta * (1.0 + 1e-14)) return std::numeric_limits<double>::infinity();
        return u * y + 0.5 * u * u;
    }
    double saturated(double) const { return 0.0; }
    double mean(double eta) const { return eta; }
    bool valid(double y) const { return std::isfinite(y); }
    double curvature_scale(double, double) const { return 1.0; }

    template <typename T>
    SHRINKAGE_INLINE Expansion<T> expansion(T y, T eta) const {
        const T r = eta - y, slope = max(-delta, min(delta, r)), size = abs(slope);
        return {size * (abs(r) - 0.5 * size), slope, select(abs(r) <= delta, 1.0, 0.0)};
    }
    template <typename T>
    SHRINKAGE_INLINE T fenchel_young(T y, T eta, const DualScale<T>& s) const {
        const T r = abs(eta - y), size = min(r, delta);
        return s.lost * size * (0.5 * s.lost * size + (r - size));
    }
};

static_assert(BatchLoss<HuberLoss>);

}  // namespace shrinkage
