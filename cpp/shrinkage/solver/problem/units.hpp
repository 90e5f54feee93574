// The units in which coefficients enter and leave a model: single ones under a separable penalty,
// blocks under a block penalty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/penalty/penalty.hpp"

namespace shrinkage {

template <Penalty P>
class Units;

template <SeparablePenalty P>
class Units<P> {
public:
    explicit Units(const P& penalty) : penalty_(penalty) {}

    std::size_t size() const { return penalty_.size(); }
    std::size_t first(std::size_t u) const { return u; }
    /// Calls visit(coefficient) for those of the unit.
    template <typename Visit>
    void for_each(std::size_t u, const Visit& visit) const {
        visit(u);
    }
    bool is_zero(std::size_t u, ConstVector beta) const { return beta[u] == 0.0; }
    bool is_free(std::size_t u, double lambda) const { return penalty_.is_free(u, lambda); }
    double distance(std::size_t u, ConstVector g, ConstVector beta, double lambda) const {
        return penalty_.kkt_distance(u, g[u], beta[u], lambda);
    }
    double distance_at_zero(std::size_t u, ConstVector g, double lambda) const {
        return penalty_.kkt_distance(u, g[u], 0.0, lambda);
    }
    /// The gradient of a unit that nothing holds back.
    double unheld(std::size_t u, ConstVector g, double lambda) const {
        return penalty_.unheld(u, g[u], lambda) ? std::abs(g[u]) : 0.0;
    }

private:
    const P& penalty_;
};

template <BlockPenalty P>
class Units<P> {
public:
    explicit Units(const P& penalty) : penalty_(penalty) {}

    std::size_t size() const { return penalty_.n_blocks(); }
    std::size_t first(std::size_t u) const { return penalty_.block(u)[0]; }
    template <typename Visit>
    void for_each(std::size_t u, const Visit& visit) const {
        for (const std::size_t c : penalty_.block(u)) visit(c);
    }
    bool is_zero(std::size_t u, ConstVector beta) const {
        const auto block = penalty_.block(u);
        return std::all_of(block.begin(), block.end(),
                           [&](std::size_t c) { return beta[c] == 0.0; });
    }
    bool is_free(std::size_t u, double lambda) const { return penalty_.block_is_free(u, lambda); }
    double distance(std::size_t u, ConstVector g, ConstVector beta, double lambda) const {
        return penalty_.block_kkt_distance(u, entries(u, g, g_), entries(u, beta, b_), lambda);
    }
    double distance_at_zero(std::size_t u, ConstVector g, double lambda) const {
        b_.assign(penalty_.block(u).size(), 0.0);
        return penalty_.block_kkt_distance(u, entries(u, g, g_), b_, lambda);
    }
    double unheld(std::size_t u, ConstVector g, double lambda) const {
        return penalty_.block_unheld(u, entries(u, g, g_), lambda);
    }

private:
    ConstVector entries(std::size_t u, ConstVector of, std::vector<double>& to) const {
        to.clear();
        for (const std::size_t c : penalty_.block(u)) to.push_back(of[c]);
        return to;
    }

    const P& penalty_;
    mutable std::vector<double> g_, b_;  // of one block
};

/// Whether a unit has a column that can carry a coefficient.
template <typename U, Design D>
bool usable(const U& units, std::size_t u, const D& x) {
    bool any = false;
    units.for_each(u, [&](std::size_t c) { any = any || x.usable(c % x.cols()); });
    return any;
}

/// The sequential strong rule (Tibshirani et al. 2012) by unit: those outside the set whose
/// gradient at the previous lambda reaches the subdifferential at 2 lambda - previous.
template <typename U, Design D, typename Contains>
std::vector<std::size_t> strong_units(const U& units, const D& x, const Contains& contains,
                                      ConstVector g, ConstVector beta, double lambda,
                                      double previous) {
    const double threshold = std::max(2.0 * lambda - previous, 0.0);
    std::vector<std::size_t> chosen;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (!usable(units, u, x) || contains(u)) continue;
        if (!units.is_zero(u, beta) || units.is_free(u, lambda) ||
            units.distance_at_zero(u, g, threshold) > 0.0) {
            chosen.push_back(u);
        }
    }
    return chosen;
}

/// Units outside the set whose KKT distance at lambda exceeds the tolerance.
template <typename U, Design D, typename Contains>
std::vector<std::size_t> violating_units(const U& units, const D& x, const Contains& contains,
                                         ConstVector g, double lambda, double tolerance) {
    std::vector<std::size_t> chosen;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (!usable(units, u, x) || contains(u)) continue;
        if (units.distance_at_zero(u, g, lambda) > tolerance) chosen.push_back(u);
    }
    return chosen;
}

/// The largest gradient of a unit that nothing holds back.
template <typename U>
double free_gradient(const U& units, ConstVector g, double lambda) {
    double largest = 0.0;
    for (std::size_t u = 0; u < units.size(); ++u) {
        largest = std::max(largest, units.unheld(u, g, lambda));
    }
    return largest;
}

}  // namespace shrinkage
