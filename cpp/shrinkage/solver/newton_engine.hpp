// Proximal Newton for smooth losses: each step minimizes the quadratic model of the loss plus the
// exact penalty (Lee, Sun & Saunders 2014), here to high accuracy by the active-set solver.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/solver/active_set.hpp"
#include "shrinkage/solver/problem.hpp"
#include "shrinkage/solver/screening.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class NewtonEngine {
public:
    NewtonEngine(Point<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point),
          penalty_(penalty),
          limits_(limits),
          gram_(point.x),
          residual_(point.x),
          solver_(penalty, limits.gram_bytes),
          curvature_(point.x.rows()),
          direction_(point.x.rows()) {}

    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        WorkingSet none(point_.x.cols());
        std::vector<std::size_t> columns =
            strong_rule(penalty_, point_.x, none, point_.g, point_.beta, lambda, previous);
        double best = infinity;
        std::size_t since_best = 0;
        while (step.iterations < limits_.max_iter) {
            ++step.iterations;
            on_residual_ = static_cast<double>(columns.size()) *
                               static_cast<double>(columns.size()) * sizeof(double) >
                           static_cast<double>(limits_.gram_bytes);
            step.regime = on_residual_ ? Regime::newton_residual : Regime::newton;
            const bool moved = newton_step(columns, lambda, floor, context);
            point_.settle_intercept(context);
            point_.refresh_gradient(context);
            const double free = free_gradient(penalty_, point_.g, lambda);
            step.gap = point_.gap(penalty_, lambda, free <= stationarity::certifiable * floor);
            if (step.gap <= target && free <= stationarity::exact * floor) return step;
            const auto missed = violators(penalty_, point_.x, set(), point_.g, lambda, floor);
            columns.insert(columns.end(), missed.begin(), missed.end());
            // Without a column to add and without progress only rounding is left.
            since_best = step.gap < 0.9 * best ? 0 : since_best + 1;
            best = std::min(best, step.gap);
            if (missed.empty() && (!moved || since_best > patience)) return step;
        }
        return step;
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }

private:
    static constexpr std::size_t patience = 20;  // Newton steps without progress

    const WorkingSet& set() const { return on_residual_ ? residual_.set() : gram_.set(); }

    bool newton_step(const std::vector<std::size_t>& columns, double lambda, double floor,
                     const Context& context) {
        double total = 0.0;
        for (std::size_t i = 0; i < curvature_.size(); ++i) {
            const double w = point_.data.weights[i];
            // A saturated observation keeps a trace of curvature; the line search does the rest.
            curvature_[i] =
                w > 0.0
                    ? w * std::max(point_.loss.curvature(point_.data.y[i], point_.eta[i]), 1e-10)
                    : 0.0;
            total += curvature_[i];
        }
        trial_ = point_.beta;
        solver_.forget();
        const bool project = point_.data.intercept;
        if (on_residual_) {
            residual_.reset(curvature_, project);
            residual_.add(columns, context);
            residual_.set_residual(point_.v);
            solver_.solve(residual_, trial_, lambda, floor, limits_.max_iter, context);
        } else {
            gram_.reset(curvature_, project);
            gram_.add(columns, context);
            gram_.set_gradient(point_.g);
            solver_.solve(gram_, trial_, lambda, floor, limits_.max_iter, context);
        }
        std::fill(direction_.begin(), direction_.end(), 0.0);
        changed_.clear();
        deltas_.clear();
        for (const std::size_t j : columns) {
            if (trial_[j] == point_.beta[j]) continue;
            changed_.push_back(j);
            deltas_.push_back(trial_[j] - point_.beta[j]);
        }
        if (changed_.empty()) return false;
        point_.x.add_columns(changed_, deltas_, context, direction_);
        double shift = 0.0;
        if (project) {
            shift = -dot(curvature_, direction_) / total;
            for (double& e : direction_) e += shift;
        }
        return search_line(shift, lambda, context);
    }

    /// Armijo backtracking from the full step.
    bool search_line(double shift, double lambda, const Context& context) {
        const double value = penalty_.value(point_.beta, lambda);
        const double start = point_.mean_loss() + value;
        const double decrease =
            dot(point_.v, direction_) - (penalty_.value(trial_, lambda) - value);
        const double rounding = 1e-14 * (std::abs(start) + std::abs(value));
        const std::vector<double> eta = point_.eta;
        const std::vector<double> beta = point_.beta;
        double t = 1.0;
        for (int halvings = 0; halvings < 40; ++halvings, t *= 0.5) {
            context.check();
            for (std::size_t i = 0; i < eta.size(); ++i) point_.eta[i] = eta[i] + t * direction_[i];
            for (std::size_t k = 0; k < changed_.size(); ++k) {
                const std::size_t j = changed_[k];
                point_.beta[j] = t == 1.0 ? trial_[j] : beta[j] + t * deltas_[k];
            }
            const double now = point_.mean_loss() + penalty_.value(point_.beta, lambda);
            if (now <= start - 1e-4 * t * decrease + rounding) {
                point_.intercept += t * shift;
                return true;
            }
        }
        point_.eta = eta;
        point_.beta = beta;
        return false;
    }

    Point<L, D>& point_;
    const P& penalty_;
    const Limits limits_;
    GramModel<D> gram_;
    ResidualModel<D> residual_;
    ActiveSetSolver<P> solver_;
    bool on_residual_ = false;
    std::vector<double> curvature_, direction_, trial_, deltas_;
    std::vector<std::size_t> changed_;
};

}  // namespace shrinkage
