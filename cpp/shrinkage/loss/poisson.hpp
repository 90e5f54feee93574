// Poisson loss with log link: l(y, eta) = e^eta - y eta, y >= 0 (McCullagh & Nelder 1989).
#pragma once

#include <cmath>
#include <limits>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/loss/exponential.hpp"
#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct PoissonLoss {
    static constexpr const char* name = "poisson";
    static constexpr const char* targets = "counts or rates of at least 0";
    static constexpr Shape shape = Shape::curved;

    double value(double y, double eta) const { return exponential::value(eta) - y * eta; }
    double gradient(double y, double eta) const { return exponential::slope(eta) - y; }
    double curvature(double, double eta) const { return exponential::slope(eta); }
    /// At u = mu - y the conjugate is mu log mu - mu.
    double conjugate(double y, double u) const {
        const double mu = y + u;
        if (mu < -1e-14 * (1.0 + y)) return std::numeric_limits<double>::infinity();
        return mu > 0.0 ? mu * (std::log(mu) - 1.0) : 0.0;
    }
    double saturated(double y) const { return y > 0.0 ? y - y * std::log(y) : 0.0; }
    double mean(double eta) const { return exponential::slope(eta); }
    bool valid(double y) const { return std::isfinite(y) && y >= 0.0; }
    double curvature_scale(double mean_target, double) const { return mean_target; }

    template <typename T>
    SHRINKAGE_INLINE Expansion<T> expansion(T y, T eta) const {
        const T mu = exponential::slope(eta);
        return {mu * exponential::beyond(eta) - y * eta, mu - y, mu};
    }
    /// The divergence of the mean at s l' from that at eta.
    template <typename T>
    SHRINKAGE_INLINE T fenchel_young(T y, T eta, const DualScale<T>& s) const {
        const T at = exponential::within(eta), mu = exp(at);
        const T d = s.lost * (y - mu), m = s.kept * mu + s.lost * y;
        return divergence(m, mu, d, log(m) - at) - d * (eta - at);
    }
};

static_assert(BatchLoss<PoissonLoss>);

}  // namespace shrinkage
