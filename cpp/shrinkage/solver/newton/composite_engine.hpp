// Proximal Newton for one output under a penalty whose coefficients do not separate: each step
// minimizes a quadratic model of the loss plus the exact penalty on a working set, by blocks where
// the penalty has them and by proximal steps elsewhere. A squared loss is its own model.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/newton/blocks_model.hpp"
#include "shrinkage/solver/newton/entries.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/proximal/proximal_solver.hpp"
#include "shrinkage/solver/quadratic/block_solver.hpp"

namespace shrinkage {

template <ScalarLoss L, Penalty P, Design D>
    requires(BlockPenalty<P> || WholePenalty<P>)
class CompositeEngine {
    static_assert(L::shape != Shape::kinked, "a kinked loss has no quadratic model");

public:
    CompositeEngine(Point<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point),
          penalty_(penalty),
          limits_(limits),
          entries_(penalty, point.x, point.data.weights),
          gram_(point.x),
          residual_(point.x),
          inner_(penalty),
          direction_(point.x.rows()) {}

    /// Moves the point from the solution at previous to that at lambda.
    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        step.regime = BlockPenalty<P> ? Regime::block : Regime::proximal;
        renew(entries_.strong(point_.g, point_.beta, lambda, previous), context);
        double distance = worst(lambda), best = infinity;
        std::size_t since_best = 0;
        bool everywhere = true;  // g is up to date outside the working set too
        while (step.iterations < limits_.max_iter) {
            ++step.iterations;
            if (stale_) {
                renew(entries_.strong(point_.g, point_.beta, lambda, previous), context);
            }
            const bool moved = newton_step(lambda, std::max(floor, precision * distance), context);
            point_.settle_intercept(context);
            point_.x.column_products(set().features(), point_.v, context, point_.g);
            const double before = std::exchange(distance, worst(lambda));
            everywhere = false;
            // A step that leaves much of the distance was made with the curvature of another place.
            if (!moved || distance > 0.2 * before) stale_ = !fresh_;
            // The gap is about the distance times |beta|_1: no need to look at all columns before.
            if (moved && distance > floor && distance < 0.9 * before &&
                distance * size_of_beta() > 0.5 * target) {
                continue;
            }
            point_.refresh_gradient(context);
            everywhere = true;
            step.gap = gap(lambda, floor);
            if (accepted(step.gap, target, lambda, floor)) break;
            const auto missed =
                entries_.violating(set(), point_.g, point_.beta, lambda,
                                   std::max(floor, std::min(0.1 * distance, 1e-3 * lambda)));
            grow(missed, context);
            distance = worst(lambda);
            since_best = step.gap < 0.9 * best ? 0 : since_best + 1;
            best = std::min(best, step.gap);
            // Without a unit to add and without progress only rounding is left.
            if (missed.empty() && fresh_ && (!moved || since_best > patience)) break;
        }
        if (!everywhere) {
            point_.refresh_gradient(context);
            step.gap = gap(lambda, floor);
        }
        return step;
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }

private:
    static constexpr bool quadratic = L::shape == Shape::quadratic;
    static constexpr double precision = quadratic ? 1e-3 : 0.05;  // of a step's own problem
    static constexpr std::size_t patience = 20;                   // steps without progress
    static auto inner_for() {
        if constexpr (BlockPenalty<P>) {
            return std::type_identity<BlockSolver<P>>{};
        } else {
            return std::type_identity<ProximalSolver<P>>{};
        }
    }
    using Inner = typename decltype(inner_for())::type;

    const WorkingSet& set() const { return on_residual_ ? residual_.set() : gram_.set(); }

    double gap(double lambda, double floor) const {
        const double free = entries_.free_gradient(point_.g, lambda);
        return point_.gap(penalty_, lambda, free <= stationarity::certifiable * floor);
    }
    bool accepted(double gap, double target, double lambda, double floor) const {
        return gap <= target &&
               entries_.free_gradient(point_.g, lambda) <= stationarity::exact * floor;
    }
    double worst(double lambda) const {
        return entries_.distance(members_, set().features(), point_.g, point_.beta, lambda);
    }
    double size_of_beta() const {
        double total = 0.0;
        for (const std::size_t j : set().features()) total += std::abs(point_.beta[j]);
        return total;
    }

    /// The model at the point, of these units; a quadratic loss only adds those it does not have.
    void renew(const std::vector<std::size_t>& units, const Context& context) {
        if (!started_ || (!quadratic && stale_)) {
            reset();
            grow(units, context);
            return;
        }
        std::vector<std::size_t> added;
        for (const std::size_t u : units) {
            if (!entries_.contains(set(), u)) added.push_back(u);
        }
        grow(added, context);
    }

    void reset() {
        started_ = fresh_ = true;
        stale_ = on_residual_ = false;
        members_.clear();
        places_.clear();
        inner_.forget();
        weigh();
        gram_.reset(reference_, point_.data.intercept);
    }

    /// The weighted curvature of each observation. A saturated one keeps a trace of it; after a
    /// shortened step it is that of parabolas above the loss, where the loss has them.
    void weigh() {
        reference_.assign(point_.data.weights.begin(), point_.data.weights.end());
        if constexpr (!quadratic) {
            for (std::size_t i = 0; i < reference_.size(); ++i) {
                const double w = point_.data.weights[i];
                double bend = point_.curvature[i];
                if constexpr (requires { point_.loss.majorant(0.0, 0.0); }) {
                    if (shortened_ && w > 0.0) {
                        bend = w * point_.loss.majorant(point_.data.y[i], point_.eta[i]);
                    }
                }
                reference_[i] = bend;
            }
            const double mean = sum(reference_), trace = mean > 0.0 ? 1e-10 * mean : 1e-10;
            for (std::size_t i = 0; i < reference_.size(); ++i) {
                reference_[i] = std::max(reference_[i], trace * point_.data.weights[i]);
            }
        }
        total_ = sum(reference_);
    }

    void grow(const std::vector<std::size_t>& units, const Context& context) {
        if (units.empty()) return;
        std::vector<std::size_t> columns;
        for (const std::size_t u : units) {
            entries_.for_each(u, [&](std::size_t j) { columns.push_back(j); });
        }
        const double size = static_cast<double>(set().size() + columns.size());
        if (!on_residual_ &&
            size * size * sizeof(double) > static_cast<double>(limits_.gram_bytes)) {
            on_residual_ = true;
            residual_.reset(reference_, point_.data.intercept);
            residual_.add(gram_.set().features(), context);
            gram_.release();
        }
        if (on_residual_) {
            residual_.add(columns, context);
            place(units, residual_);
        } else {
            gram_.add(columns, context);
            place(units, gram_);
        }
        inner_.forget();
    }
    template <typename M>
    void place(const std::vector<std::size_t>& units, const M& model) {
        members_.insert(members_.end(), units.begin(), units.end());
        if constexpr (BlockPenalty<P>) {
            for (const std::size_t u : units) places_.add(u, penalty_.block(u).size(), model);
        }
    }

    bool newton_step(double lambda, double tolerance, const Context& context) {
        trial_ = point_.beta;
        if (on_residual_) {
            residual_.set_residual(point_.v);
            minimize(residual_, lambda, tolerance, context);
        } else {
            gram_.set_gradient(point_.g);
            minimize(gram_, lambda, tolerance, context);
        }
        changed_.clear();
        deltas_.clear();
        for (const std::size_t j : set().features()) {
            if (trial_[j] == point_.beta[j]) continue;
            changed_.push_back(j);
            deltas_.push_back(trial_[j] - point_.beta[j]);
        }
        if (changed_.empty()) return false;
        std::fill(direction_.begin(), direction_.end(), 0.0);
        point_.x.add_columns(changed_, deltas_, context, direction_);
        double shift = 0.0;
        if (point_.data.intercept) {
            shift = -dot(reference_, direction_) / total_;
            for (double& e : direction_) e += shift;
        }
        return search_line(shift, lambda, context);
    }
    template <typename M>
    void minimize(M& model, double lambda, double tolerance, const Context& context) {
        if constexpr (BlockPenalty<P>) {
            BlocksModel<M> blocks(model, places_, context);
            inner_.solve(blocks, trial_, lambda, tolerance, limits_.max_iter, context);
        } else {
            inner_.solve(model, trial_, lambda, tolerance, limits_.max_iter, context);
        }
    }

    /// Armijo backtracking from the full step.
    bool search_line(double shift, double lambda, const Context& context) {
        const double value = penalty_.value(point_.beta, lambda);
        const double start = point_.evaluate_loss(context) + value;
        const double decrease =
            dot(point_.v, direction_) - (penalty_.value(trial_, lambda) - value);
        const double rounding = 1e-14 * (std::abs(start) + std::abs(value));
        const std::vector<double> eta = point_.eta;
        double t = 1.0;
        for (int halvings = 0; halvings < 40; ++halvings, t *= 0.5) {
            context.check();
            for (std::size_t i = 0; i < eta.size(); ++i) {
                point_.eta[i] = eta[i] + t * direction_[i];
            }
            point_.touch();
            for (std::size_t k = 0; t < 1.0 && k < changed_.size(); ++k) {
                trial_[changed_[k]] = point_.beta[changed_[k]] + t * deltas_[k];
            }
            const double now = point_.evaluate_loss(context) + penalty_.value(trial_, lambda);
            if (!(now <= start - 1e-4 * t * decrease + rounding)) continue;
            point_.beta.swap(trial_);
            point_.intercept += t * shift;
            fresh_ = quadratic;
            shortened_ = halvings > 0;
            return true;
        }
        point_.eta = eta;
        point_.touch();
        point_.evaluate(context);
        shortened_ = true;
        return false;
    }

    Point<L, D>& point_;
    const P& penalty_;
    const Limits limits_;
    const Entries<P, D> entries_;
    GramModel<D> gram_;
    ResidualModel<D> residual_;
    Inner inner_;
    BlockPlaces places_;
    bool started_ = false;
    bool on_residual_ = false;
    bool fresh_ = false;                // the curvature is that of the point
    bool stale_ = false;                // the curvature is due to be renewed
    bool shortened_ = false;            // the last step was
    double total_ = 0.0;                // sum of the reference curvature
    std::vector<std::size_t> members_;  // units of the working set
    std::vector<double> reference_, direction_, trial_, deltas_;
    std::vector<std::size_t> changed_;
};

}  // namespace shrinkage
