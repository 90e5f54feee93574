// Elastic net: p(b) = alpha |b| + (1 - alpha) b^2 / 2 (Zou & Hastie 2005, in glmnet's scale).
#pragma once

#include <algorithm>
#include <cmath>

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

/// The prox of t |b|: v moved towards zero by t. `zero` is what stands for it within t; v - v keeps
/// what is not a number.
template <typename T>
SHRINKAGE_INLINE T soft_threshold(T v, T t, T zero = T{0}) {
    const T above = v - t, below = v + t;
    return above > T{0} ? above : (below < T{0} ? below : zero);
}

struct ElasticNet {
    static constexpr const char* name = "elasticnet";
    double l1_ratio = 0.5;

    double value(double b, double lambda) const {
        return lambda * (l1_ratio * std::abs(b) + 0.5 * (1.0 - l1_ratio) * b * b);
    }
    double prox(double v, double step, double lambda) const {
        return soft_threshold(v, step * kink(lambda)) / (1.0 + step * ridge(lambda));
    }
    double kink(double lambda) const { return lambda * l1_ratio; }
    double ridge(double lambda) const { return lambda * (1.0 - l1_ratio); }
    Piece piece(double b, double lambda) const {
        const double t = kink(lambda);
        if (t == 0.0) return {0.0, ridge(lambda), {}};
        if (b < 0.0) return {-t, ridge(lambda), {-infinity, 0.0}};
        return {t, ridge(lambda), {0.0, infinity}};
    }
    double maximizer(double g, double lambda) const {
        const double excess = soft_threshold(g, kink(lambda));
        return excess == 0.0 ? 0.0 : excess / ridge(lambda);
    }
};

static_assert(ScalarPenalty<ElasticNet>);

}  // namespace shrinkage
