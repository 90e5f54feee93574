// Proximal Newton for the multinomial loss: each step minimizes a quadratic model plus the exact
// penalty. The curvature is kept, over steps and along the path, while it still makes good steps.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "shrinkage/solver/newton/softmax_model.hpp"
#include "shrinkage/solver/problem/gauge.hpp"
#include "shrinkage/solver/problem/units.hpp"
#include "shrinkage/solver/problem/vector_point.hpp"
#include "shrinkage/solver/quadratic/block_solver.hpp"

namespace shrinkage {

template <VectorLoss L, Penalty P, Design D>
    requires(SeparablePenalty<P> || RowPenalty<P>)
class SoftmaxEngine {
public:
    SoftmaxEngine(VectorPoint<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point),
          penalty_(penalty),
          units_(penalty),
          limits_(limits),
          model_(point.x, point.outputs),
          inner_(penalty, limits.gram_bytes),
          direction_(point.eta.size()) {}

    /// Moves the point from the solution at previous to that at lambda.
    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        step.regime = Regime::newton;
        grow(strong_units(units_, point_.x, contained(), point_.g, point_.beta, lambda, previous),
             context);
        double best = infinity, nearest = infinity;
        std::size_t since_best = 0, since_nearest = 0;
        bool everywhere = true;  // g is up to date outside the working set too
        double distance = worst(lambda);
        while (step.iterations < limits_.max_iter) {
            ++step.iterations;
            if (stale_) rebuild(lambda, previous, context);
            const bool moved = newton_step(lambda, std::max(floor, 0.05 * distance), context);
            const double before = distance;
            point_.settle_intercept(context);
            point_.refresh_gradient(model_.set().features());
            distance = worst(lambda);
            everywhere = false;
            // A step that leaves much of the distance was made with the curvature of another place.
            if (!moved || distance > 0.2 * before) stale_ = stale_ || !fresh_;
            // The gap is about the distance times |B|_1: no need to look at all features before.
            since_nearest = distance < 0.9 * nearest ? 0 : since_nearest + 1;
            nearest = std::min(nearest, distance);
            if (moved && since_nearest < patience && distance > floor &&
                distance * size_of(point_.beta) > 0.5 * target) {
                continue;
            }
            point_.refresh_gradient(context);
            everywhere = true;
            const double free = free_gradient(units_, point_.g, lambda);
            step.gap = point_.gap(penalty_, lambda, free <= stationarity::certifiable * floor);
            if (step.gap <= target && free <= stationarity::exact * floor) break;
            const auto missed = violating_units(units_, point_.x, contained(), point_.g, lambda,
                                                std::max(floor, 0.1 * distance));
            grow(missed, context);
            distance = worst(lambda);
            since_best = step.gap < 0.9 * best ? 0 : since_best + 1;
            best = std::min(best, step.gap);
            // Without a unit to add and without progress only rounding is left.
            if (missed.empty() && fresh_ && (!moved || since_best > patience)) break;
        }
        if (!everywhere) {
            point_.refresh_gradient(context);
            step.gap = point_.gap(
                penalty_, lambda,
                free_gradient(units_, point_.g, lambda) <= stationarity::certifiable * floor);
        }
        center_rows(penalty_, lambda, point_.outputs, point_.beta);
        return step;
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }

private:
    static constexpr std::size_t patience = 20;  // Newton steps without progress

    auto contained() const {
        return [this](std::size_t u) { return model_.set().contains(units_.first(u)); };
    }

    void grow(const std::vector<std::size_t>& units, const Context& context) {
        members_.insert(members_.end(), units.begin(), units.end());
        std::vector<std::size_t> coordinates;
        for (const std::size_t u : units) {
            units_.for_each(u, [&](std::size_t c) { coordinates.push_back(c); });
        }
        if (!started_) {
            started_ = true;
            model_.reset(point_);
            fresh_ = true;
        }
        model_.add(coordinates, context);
    }

    /// The curvature at the point, of what is still in question.
    void rebuild(double lambda, double previous, const Context& context) {
        std::vector<std::size_t> kept;
        const double threshold = std::max(2.0 * lambda - previous, 0.0);
        for (const std::size_t u : members_) {
            if (!units_.is_zero(u, point_.beta) || units_.is_free(u, lambda) ||
                units_.distance_at_zero(u, point_.g, threshold) > 0.0) {
                kept.push_back(u);
            }
        }
        members_.clear();
        model_.reset(point_);
        inner_.forget();
        grow(kept, context);
        fresh_ = true;
        stale_ = false;
    }

    double worst(double lambda) const {
        double largest = 0.0;
        for (const std::size_t u : members_) {
            largest = std::max(largest, units_.distance(u, point_.g, point_.beta, lambda));
        }
        return largest;
    }
    double size_of(ConstVector beta) const {
        double total = 0.0;
        for (const std::size_t c : model_.set().features()) total += std::abs(beta[c]);
        return total;
    }

    bool newton_step(double lambda, double tolerance, const Context& context) {
        trial_ = point_.beta;
        model_.set_gradient(point_.g);
        inner_.solve(model_, trial_, lambda, tolerance, limits_.max_iter, context);
        std::fill(direction_.begin(), direction_.end(), 0.0);
        changed_.clear();
        deltas_.clear();
        for (const std::size_t c : model_.set().features()) {
            if (trial_[c] == point_.beta[c]) continue;
            changed_.push_back(c);
            deltas_.push_back(trial_[c] - point_.beta[c]);
        }
        if (changed_.empty()) return false;
        std::vector<std::vector<std::size_t>> columns(point_.outputs);
        std::vector<std::vector<double>> steps(point_.outputs);
        for (std::size_t i = 0; i < changed_.size(); ++i) {
            columns[changed_[i] / point_.features()].push_back(changed_[i] % point_.features());
            steps[changed_[i] / point_.features()].push_back(deltas_[i]);
        }
        for (std::size_t k = 0; k < point_.outputs; ++k) {
            point_.x.add_columns(columns[k], steps[k], context, point_.output(direction_, k));
        }
        const std::vector<double> shift = model_.intercept_step(direction_);
        for (std::size_t k = 0; k < point_.outputs; ++k) {
            for (double& e : point_.output(direction_, k)) e += shift[k];
        }
        return search_line(shift, lambda, context);
    }

    /// Armijo backtracking from the full step.
    bool search_line(ConstVector shift, double lambda, const Context& context) {
        const double value = penalty_.value(point_.beta, lambda);
        const double start = point_.mean_loss() + value;
        const double decrease =
            dot(point_.v, direction_) - (penalty_.value(trial_, lambda) - value);
        const double rounding = 1e-14 * (std::abs(start) + std::abs(value));
        eta_ = point_.eta;
        beta_ = point_.beta;
        double t = 1.0;
        for (int halvings = 0; halvings < 40; ++halvings, t *= 0.5) {
            context.check();
            for (std::size_t i = 0; i < eta_.size(); ++i) {
                point_.eta[i] = eta_[i] + t * direction_[i];
            }
            for (std::size_t k = 0; k < changed_.size(); ++k) {
                const std::size_t c = changed_[k];
                point_.beta[c] = t == 1.0 ? trial_[c] : beta_[c] + t * deltas_[k];
            }
            const double now = point_.mean_loss() + penalty_.value(point_.beta, lambda);
            if (now <= start - 1e-4 * t * decrease + rounding) {
                for (std::size_t k = 0; k < shift.size(); ++k) {
                    point_.intercept[k] += t * shift[k];
                }
                if (t < 1.0) stale_ = true;
                fresh_ = false;
                return true;
            }
        }
        point_.eta = eta_;
        point_.beta = beta_;
        return false;
    }

    VectorPoint<L, D>& point_;
    const P& penalty_;
    const Units<P> units_;
    const Limits limits_;
    SoftmaxModel<D> model_;
    InnerSolver<P> inner_;
    bool started_ = false;
    bool fresh_ = false;                // the curvature is that of the point
    bool stale_ = false;                // the curvature is due to be renewed
    std::vector<std::size_t> members_;  // units of the working set
    std::vector<double> direction_, trial_, deltas_, eta_, beta_;
    std::vector<std::size_t> changed_;
};

}  // namespace shrinkage
