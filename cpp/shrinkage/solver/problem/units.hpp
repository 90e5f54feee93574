// The units in which coefficients of a problem with K outputs enter and leave the model: single
// ones under a separable penalty, the K of a feature under a row-group penalty.
#pragma once

#include <algorithm>
#include <cstddef>
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
    Units(const P& penalty, std::size_t n_features) : penalty_(penalty), p_(n_features) {}

    std::size_t size() const { return penalty_.size(); }
    std::size_t feature(std::size_t u) const { return u % p_; }
    std::size_t first(std::size_t u) const { return u; }
    void append(std::size_t u, std::vector<std::size_t>& coordinates) const {
        coordinates.push_back(u);
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
    std::size_t p_;
};

template <BlockPenalty P>
class Units<P> {
public:
    Units(const P& penalty, std::size_t n_features)
        : penalty_(penalty), zero_(penalty.size(), 0.0), p_(n_features) {}

    std::size_t size() const { return penalty_.n_blocks(); }
    std::size_t feature(std::size_t u) const { return u % p_; }
    std::size_t first(std::size_t u) const { return penalty_.block(u)[0]; }
    void append(std::size_t u, std::vector<std::size_t>& coordinates) const {
        const auto block = penalty_.block(u);
        coordinates.insert(coordinates.end(), block.begin(), block.end());
    }
    bool is_zero(std::size_t u, ConstVector beta) const {
        const auto block = penalty_.block(u);
        return std::all_of(block.begin(), block.end(),
                           [&](std::size_t c) { return beta[c] == 0.0; });
    }
    bool is_free(std::size_t u, double lambda) const { return penalty_.is_free(u, lambda); }
    double distance(std::size_t u, ConstVector g, ConstVector beta, double lambda) const {
        return penalty_.block_kkt_distance(u, g, beta, lambda);
    }
    double distance_at_zero(std::size_t u, ConstVector g, double lambda) const {
        return penalty_.block_kkt_distance(u, g, zero_, lambda);
    }
    double unheld(std::size_t u, ConstVector g, double lambda) const {
        return is_free(u, lambda) ? distance_at_zero(u, g, lambda) : 0.0;
    }

private:
    const P& penalty_;
    std::vector<double> zero_;
    std::size_t p_;
};

/// The sequential strong rule (Tibshirani et al. 2012) by unit: those outside the set whose
/// gradient at the previous lambda reaches the subdifferential at 2 lambda - previous.
template <typename U, Design D, typename Contains>
std::vector<std::size_t> strong_units(const U& units, const D& x, const Contains& contains,
                                      ConstVector g, ConstVector beta, double lambda,
                                      double previous) {
    const double threshold = std::max(2.0 * lambda - previous, 0.0);
    std::vector<std::size_t> chosen;
    for (std::size_t u = 0; u < units.size(); ++u) {
        if (contains(u) || !x.usable(units.feature(u))) continue;
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
        if (contains(u) || !x.usable(units.feature(u))) continue;
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
