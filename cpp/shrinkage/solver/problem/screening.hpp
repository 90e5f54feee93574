// Which columns enter the working set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"

namespace shrinkage {

/// Calls visit(j) for the features that may be outside the subdifferential at zero at lambda, or
/// have a coefficient that is not: whole stretches of the others are passed over.
template <SeparablePenalty P, typename Visit>
void for_candidates(const P& penalty, ConstVector g, ConstVector beta, double lambda,
                    const Visit& visit) {
    constexpr std::size_t stretch = 64;
    for (std::size_t first = 0; first < g.size(); first += stretch) {
        const std::size_t last = std::min(g.size(), first + stretch);
        std::int64_t active = 0;
        for (std::size_t j = first; j < last && !beta.empty(); ++j) active += beta[j] != 0.0;
        if (active == 0 && penalty.all_inside(g, first, last, lambda)) continue;
        for (std::size_t j = first; j < last; ++j) visit(j);
    }
}

/// The sequential strong rule (Tibshirani et al. 2012): columns outside the set whose gradient at
/// the previous lambda reaches the subdifferential at 2 lambda - previous. What it wrongly leaves
/// out is found by violators() after the solve.
template <SeparablePenalty P, Design D>
std::vector<std::size_t> strong_rule(const P& penalty, const D& x, const WorkingSet& set,
                                     ConstVector g, ConstVector beta, double lambda,
                                     double previous) {
    const double threshold = std::max(2.0 * lambda - previous, 0.0);
    std::vector<std::size_t> chosen;
    const auto consider = [&](std::size_t j) {
        // The rarest condition first: most columns are far from their kink.
        if ((beta[j] != 0.0 || penalty.kkt_distance(j, g[j], 0.0, threshold) > 0.0 ||
             penalty.is_free(j, lambda)) &&
            !set.contains(j) && x.usable(j)) {
            chosen.push_back(j);
        }
    };
    if (penalty.may_be_free(lambda)) {
        for (std::size_t j = 0; j < g.size(); ++j) consider(j);
    } else {
        for_candidates(penalty, g, beta, threshold, consider);
    }
    return chosen;
}

/// Those of the columns that are not in the set.
inline std::vector<std::size_t> outside(const std::vector<std::size_t>& columns,
                                        const WorkingSet& set) {
    std::vector<std::size_t> result;
    for (const std::size_t j : columns) {
        if (!set.contains(j)) result.push_back(j);
    }
    return result;
}

/// Columns outside the set whose KKT distance at lambda exceeds the tolerance.
template <SeparablePenalty P, Design D>
std::vector<std::size_t> violators(const P& penalty, const D& x, const WorkingSet& set,
                                   ConstVector g, double lambda, double tolerance) {
    std::vector<std::size_t> chosen;
    for_candidates(penalty, g, {}, lambda, [&](std::size_t j) {
        if (penalty.kkt_distance(j, g[j], 0.0, lambda) > tolerance && !set.contains(j) &&
            x.usable(j)) {
            chosen.push_back(j);
        }
    });
    return chosen;
}

}  // namespace shrinkage
