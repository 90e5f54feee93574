// Which coefficients enter the working set of a penalty whose coefficients do not separate, and how
// far those in it are from stationary.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/problem/units.hpp"

namespace shrinkage {

/// Units enter as a whole: a unit is a block, or a column where the penalty has no blocks.
template <Penalty P, Design D>
class Entries;

template <BlockPenalty P, Design D>
class Entries<P, D> {
public:
    Entries(const P& penalty, const D& x, ConstVector) : units_(penalty), x_(x) {}

    template <typename Visit>
    void for_each(std::size_t u, const Visit& visit) const {
        units_.for_each(u, visit);
    }
    /// Those that the strong rule keeps at lambda, coming from previous, whether in the set or not.
    std::vector<std::size_t> strong(ConstVector g, ConstVector beta, double lambda,
                                    double previous) const {
        const auto none = [](std::size_t) { return false; };
        return strong_units(units_, x_, none, g, beta, lambda, previous);
    }
    /// Those outside the set that are not stationary at zero.
    std::vector<std::size_t> violating(const WorkingSet& set, ConstVector g, ConstVector,
                                       double lambda, double tolerance) const {
        const auto inside = [&](std::size_t u) { return set.contains(units_.first(u)); };
        return violating_units(units_, x_, inside, g, lambda, tolerance);
    }
    bool contains(const WorkingSet& set, std::size_t u) const {
        return set.contains(units_.first(u));
    }
    /// The largest distance from stationary among these.
    double distance(const std::vector<std::size_t>& members, Indices, ConstVector g,
                    ConstVector beta, double lambda) const {
        double largest = 0.0;
        for (const std::size_t u : members) {
            largest = std::max(largest, units_.distance(u, g, beta, lambda));
        }
        return largest;
    }
    double free_gradient(ConstVector g, double lambda) const {
        return shrinkage::free_gradient(units_, g, lambda);
    }

private:
    const Units<P> units_;
    const D& x_;
};

/// Where nothing separates, a proximal step tells which coefficients want to leave zero.
template <WholePenalty P, Design D>
class Entries<P, D> {
public:
    Entries(const P& penalty, const D& x, ConstVector weights)
        : penalty_(penalty), x_(x), all_(x.cols()), at_(x.cols()), moved_(x.cols()) {
        double largest = 0.0;
        for (std::size_t j = 0; j < x.cols(); ++j) {
            all_[j] = j;
            if (!x.usable(j)) continue;
            const std::size_t one[] = {j};
            double square = 0.0;
            x.gram(one, one, weights, {}, {&square, 1, 1, 1});
            largest = std::max(largest, square / penalty.metric(j));
        }
        step_ = largest > 0.0 ? 1.0 / largest : 1.0;
    }

    template <typename Visit>
    void for_each(std::size_t j, const Visit& visit) const {
        visit(j);
    }
    std::vector<std::size_t> strong(ConstVector g, ConstVector beta, double lambda,
                                    double previous) const {
        step(all_, g, beta, std::max(2.0 * lambda - previous, 0.0));
        std::vector<std::size_t> chosen;
        for (std::size_t j = 0; j < x_.cols(); ++j) {
            const bool wanted = !penalty_.keeps_zeros() || beta[j] != 0.0 || moved_[j] != 0.0 ||
                                penalty_.is_free(j, lambda);
            if (wanted && x_.usable(j)) chosen.push_back(j);
        }
        return chosen;
    }
    std::vector<std::size_t> violating(const WorkingSet& set, ConstVector g, ConstVector beta,
                                       double lambda, double tolerance) const {
        step(all_, g, beta, lambda);
        std::vector<std::size_t> chosen;
        for (std::size_t j = 0; j < x_.cols(); ++j) {
            const double residual = penalty_.metric(j) * std::abs(moved_[j]) / step_;
            if (residual > tolerance && x_.usable(j) && !set.contains(j)) chosen.push_back(j);
        }
        return chosen;
    }
    bool contains(const WorkingSet& set, std::size_t j) const { return set.contains(j); }
    double distance(const std::vector<std::size_t>&, Indices columns, ConstVector g,
                    ConstVector beta, double lambda) const {
        step(columns, g, beta, lambda);
        double largest = 0.0;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::size_t j = columns[i];
            const double moved = std::abs(moved_[i] - beta[j]);
            largest = std::max(largest, penalty_.metric(j) * moved / step_);
        }
        return largest;
    }
    double free_gradient(ConstVector g, double lambda) const {
        double largest = 0.0;
        for (std::size_t j = 0; j < g.size(); ++j) {
            if (penalty_.is_free(j, lambda)) largest = std::max(largest, std::abs(g[j]));
        }
        return largest;
    }

private:
    /// moved_ = the prox of beta + step g / metric, over these columns.
    void step(Indices columns, ConstVector g, ConstVector beta, double lambda) const {
        at_.resize(columns.size());
        moved_.resize(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::size_t j = columns[i];
            at_[i] = beta[j] + step_ * g[j] / penalty_.metric(j);
        }
        penalty_.prox(columns, at_, step_, lambda, moved_);
    }

    const P& penalty_;
    const D& x_;
    std::vector<std::size_t> all_;
    double step_ = 1.0;  // about one over the largest curvature of a column
    mutable std::vector<double> at_, moved_;
};

}  // namespace shrinkage
