// Logistic loss: l(y, eta) = log(1 + exp(eta)) - y eta, y in {0, 1}.
#pragma once

#include <cmath>
#include <limits>

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
};

static_assert(ScalarLoss<LogisticLoss>);

}  // namespace shrinkage
