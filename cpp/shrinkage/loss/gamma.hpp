// Gamma loss with log link: l(y, eta) = y e^-eta + eta, y > 0: half the deviance up to a constant
// of y (McCullagh & Nelder 1989, chapter 8).
#pragma once

#include <cmath>
#include <limits>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/loss/exponential.hpp"
#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct GammaLoss {
    static constexpr const char* name = "gamma";
    static constexpr const char* targets = "positive numbers";
    static constexpr Shape shape = Shape::curved;

    double value(double y, double eta) const { return y * exponential::value(-eta) + eta; }
    double gradient(double y, double eta) const { return 1.0 - y * exponential::slope(-eta); }
    double curvature(double y, double eta) const { return y * exponential::slope(-eta); }
    double conjugate(double y, double u) const {
        const double rest = 1.0 - u;
        if (rest < -1e-14) return std::numeric_limits<double>::infinity();
        return rest > 0.0 ? rest * (std::log(rest / y) - 1.0) : 0.0;
    }
    double saturated(double y) const { return 1.0 + std::log(y); }
    double mean(double eta) const { return exponential::slope(eta); }
    bool valid(double y) const { return std::isfinite(y) && y > 0.0; }
    double curvature_scale(double, double) const { return 1.0; }

    template <typename T>
    SHRINKAGE_INLINE Expansion<T> expansion(T y, T eta) const {
        const T ratio = y * exponential::slope(-eta);
        return {ratio * exponential::beyond(-eta) + eta, 1.0 - ratio, ratio};
    }
    /// The divergence of the ratio y / mean at s l' from that at eta.
    template <typename T>
    SHRINKAGE_INLINE T fenchel_young(T y, T eta, const DualScale<T>& s) const {
        const T at = exponential::within(-eta), ratio = y * exp(at);
        const T d = s.lost * (1.0 - ratio), m = s.kept * ratio + s.lost;
        return divergence(m, ratio, d, log(m / y) - at) + d * (eta + at);
    }
};

static_assert(BatchLoss<GammaLoss>);

}  // namespace shrinkage
