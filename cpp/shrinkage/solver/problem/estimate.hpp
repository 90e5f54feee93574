// How far a point is from the solution as far as a working set can tell: cheap where the
// certificate asks for a product with all of X.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shrinkage/solver/problem/problem.hpp"

namespace shrinkage {

/// The largest KKT distance in the set, and what the duality gap would be, to first order, if no
/// column outside mattered.
struct Estimate {
    double distance = 0.0;
    double gap = 0.0;
};

/// sum_i w_i [l + l*(s l') - s l' eta] at s = 1 - share, the loss's part of the gap.
template <ScalarLoss L, Design D>
double loss_part(const Point<L, D>& point, double share) {
    if (!(share > 0.0)) return 0.0;
    if constexpr (L::shape != Shape::curved) {
        return fenchel_young(point.loss, point.data.y, point.data.weights, point.eta, 1.0 - share);
    } else {
        // Eight sums at once: an addition does not wait for the last.
        double parts[8] = {};
        for (std::size_t i = 0; i < point.v.size(); ++i) {
            const double v = share * std::abs(point.v[i]);
            const double way = v / std::max(point.curvature[i], 1e-300);
            // Far from the expansion's point the loss bends little: a few units are enough.
            parts[i % 8] += v * std::min(0.5 * way, 4.0);
        }
        return sum(parts);
    }
}

template <ScalarLoss L, SeparablePenalty P, Design D>
Estimate estimate_gap(const P& penalty, const Point<L, D>& point, Indices set, double lambda) {
    Estimate e;
    double worst = 0.0;
    for (const std::size_t j : set) {
        const double b = point.beta[j];
        const double distance = penalty.kkt_distance(j, point.g[j], b, lambda);
        const double bend = penalty.ridge(j, lambda);
        const double kink = penalty.kink(j, lambda);
        const double first = distance * std::abs(b);
        e.distance = std::max(e.distance, distance);
        e.gap += bend > 0.0 ? std::min(first, 0.5 * distance * distance / bend) : first;
        if (bend == 0.0 && kink > 0.0) worst = std::max(worst, distance / kink);
    }
    e.gap += loss_part(point, worst / (1.0 + worst));
    return e;
}

}  // namespace shrinkage
