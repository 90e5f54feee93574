// Logistic loss: l(y, eta) = log(1 + exp(eta)) - y eta, y in {0, 1}.
#pragma once

#include <cmath>
#include <limits>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

struct LogisticLoss {
    static constexpr const char* name = "logistic";
    static constexpr const char* targets = "0 and 1";
    static constexpr Shape shape = Shape::curved;

    /// log(1 + e^eta) - y eta, written so that neither term overflows nor cancels.
    double value(double y, double eta) const {
        const double tail = log1p(std::exp(-std::abs(eta)));
        return eta > 0.0 ? (1.0 - y) * eta + tail : tail - y * eta;
    }
    double gradient(double y, double eta) const {
        const double e = std::exp(-std::abs(eta));
        // p - y as p (1-y) - (1-p) y keeps relative accuracy when p is close to y.
        const double near = e / (1.0 + e);
        const double far = 1.0 / (1.0 + e);
        return eta > 0.0 ? far * (1.0 - y) - near * y : near * (1.0 - y) - far * y;
    }
    double curvature(double, double eta) const {
        const double e = std::exp(-std::abs(eta));
        return e / ((1.0 + e) * (1.0 + e));
    }
    /// Negative entropy of y + u, the probability at which l' = u.
    double conjugate(double y, double u) const {
        const double p = y + u;
        // A rounding's width outside [0, 1] counts as the end point.
        constexpr double slack = 1e-14;
        if (p < -slack || p > 1.0 + slack) return std::numeric_limits<double>::infinity();
        const double head = p > 0.0 ? p * std::log(p) : 0.0;
        const double tail = p < 1.0 ? (1.0 - p) * std::log1p(-p) : 0.0;
        return head + tail;
    }
    double saturated(double) const { return 0.0; }
    /// log(1 + e) by way of the logarithm, which is faster; the rounding of 1 + e cancels (Goldberg
    /// 1991, theorem 4).
    static double log1p(double e) {
        const double u = 1.0 + e;
        return u == 1.0 ? e : std::log(u) * e / (u - 1.0);
    }
    double mean(double eta) const {
        const double e = std::exp(-std::abs(eta));
        return eta > 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
    }
    bool valid(double y) const { return y == 0.0 || y == 1.0; }
    double curvature_scale(double, double) const { return 0.25; }

    template <typename T>
    SHRINKAGE_INLINE Expansion<T> expansion(T y, T eta) const {
        const T e = exp(-abs(eta)), far = 1.0 / (1.0 + e), near = e * far;
        const auto up = eta > 0.0;
        return {shrinkage::log1p(e) + select(up, (1.0 - y) * eta, -y * eta),
                select(up, far, near) * (1.0 - y) - select(up, near, far) * y, far * near};
    }
    /// The divergence of the probability at s l' from that at eta. With r the odds against y, so
    /// that |l'| = r / (1 + r), it is  |l'| (s log s + 1 - s)  plus  1 / (1 + r)  times the
    /// divergence of 1 + (1 - s) r from 1; where r > 1, both by way of 1 / r.
    template <typename T>
    SHRINKAGE_INLINE T fenchel_young(T y, T eta, const DualScale<T>& s) const {
        const T e = exp(-abs(eta)), far = 1.0 / (1.0 + e);
        const auto fits = select(y > 0.5, eta, -eta) > 0.0;
        const T unit = select(fits, 1.0, e), odds = select(fits, e, 1.0);
        const T d = s.lost * odds, m = unit + d;
        const T log_ratio = log(m) + select(fits, 0.0, abs(eta));
        return far * (odds * s.entropy + divergence(m, unit, d, log_ratio));
    }
};

static_assert(BatchLoss<LogisticLoss>);

}  // namespace shrinkage
