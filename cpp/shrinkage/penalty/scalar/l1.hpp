// L1 (the lasso): p(b) = |b| (Tibshirani 1996).
#pragma once

#include <cmath>

#include "shrinkage/penalty/scalar/elastic_net.hpp"

namespace shrinkage {

struct L1 {
    static constexpr const char* name = "l1";

    double value(double b, double lambda) const { return lambda * std::abs(b); }
    double prox(double v, double step, double lambda) const {
        return soft_threshold(v, step * lambda);
    }
    double kink(double lambda) const { return lambda; }
    double ridge(double) const { return 0.0; }
    Piece piece(double b, double lambda) const {
        if (lambda == 0.0) return {};
        if (b < 0.0) return {-lambda, 0.0, {-infinity, 0.0}};
        return {lambda, 0.0, {0.0, infinity}};
    }
    double maximizer(double g, double lambda) const {
        if (std::abs(g) <= lambda) return 0.0;
        return g > 0.0 ? infinity : -infinity;
    }
};

static_assert(ScalarPenalty<L1>);

}  // namespace shrinkage
