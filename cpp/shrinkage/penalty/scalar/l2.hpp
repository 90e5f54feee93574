// L2 (ridge): p(b) = b^2 / 2 (Hoerl & Kennard 1970).
#pragma once

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

struct L2 {
    static constexpr const char* name = "l2";

    double value(double b, double lambda) const { return 0.5 * lambda * b * b; }
    template <typename T>
    SHRINKAGE_INLINE T prox(T v, T step, T lambda) const {
        return v / (T{1} + step * lambda);
    }
    double kink(double) const { return 0.0; }
    double ridge(double lambda) const { return lambda; }
    Piece piece(double, double lambda) const { return {0.0, lambda, {}}; }
    double maximizer(double g, double lambda) const { return g == 0.0 ? 0.0 : g / lambda; }
};

static_assert(ScalarPenalty<L2>);

}  // namespace shrinkage
