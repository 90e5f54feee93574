// Which columns enter the working set.
#pragma once

#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/quadratic_model.hpp"

namespace shrinkage {

/// The sequential strong rule (Tibshirani et al. 2012): columns outside the set whose gradient at
/// the previous lambda reaches the subdifferential at 2 lambda - previous. What it wrongly leaves
/// out is found by violators() after the solve.
template <SeparablePenalty P, Design D>
std::vector<std::size_t> strong_rule(const P& penalty, const D& x, const WorkingSet& set,
                                     ConstVector g, ConstVector beta, double lambda,
                                     double previous) {
    const double threshold = std::max(2.0 * lambda - previous, 0.0);
    const bool some_free = penalty.may_be_free(lambda);
    std::vector<std::size_t> chosen;
    for (std::size_t j = 0; j < g.size(); ++j) {
        // The rarest condition first: most columns are far from their kink.
        if ((beta[j] != 0.0 || penalty.kkt_distance(j, g[j], 0.0, threshold) > 0.0 ||
             (some_free && penalty.is_free(j, lambda))) &&
            !set.contains(j) && x.usable(j)) {
            chosen.push_back(j);
        }
    }
    return chosen;
}

/// Columns outside the set whose KKT distance at lambda exceeds the tolerance.
template <SeparablePenalty P, Design D>
std::vector<std::size_t> violators(const P& penalty, const D& x, const WorkingSet& set,
                                   ConstVector g, double lambda, double tolerance) {
    std::vector<std::size_t> chosen;
    for (std::size_t j = 0; j < g.size(); ++j) {
        if (penalty.kkt_distance(j, g[j], 0.0, lambda) > tolerance && !set.contains(j) &&
            x.usable(j)) {
            chosen.push_back(j);
        }
    }
    return chosen;
}

}  // namespace shrinkage
