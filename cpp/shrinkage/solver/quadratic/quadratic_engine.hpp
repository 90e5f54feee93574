// Squared loss along a path: the Gram matrix does not change, so it is kept and only grows.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/solver/problem/lookahead.hpp"
#include "shrinkage/solver/problem/problem.hpp"
#include "shrinkage/solver/problem/screening.hpp"
#include "shrinkage/solver/quadratic/active_set.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class QuadraticEngine {
    static_assert(L::shape == Shape::quadratic);

public:
    QuadraticEngine(Point<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point),
          penalty_(penalty),
          limits_(limits),
          gram_(point.x),
          residual_(point.x),
          solver_(penalty, limits.gram_bytes) {
        gram_.reset(point.data.weights, false);
        const double n = static_cast<double>(point.x.rows());
        const double p = static_cast<double>(point.x.cols());
        // One SYRK of all columns costs n p^2; a path visits about min(n, p) of them anyway.
        full_ = limits.allow_full_gram && fits(point.x.cols()) &&
                (p <= 64.0 || penalty.smooth(1.0) || p <= 0.5 * n);
    }

    /// Computes the gradient for the first time: the Gram matrix of all columns, where it will be
    /// needed, comes out of the same reading of X.
    void open(const Context& context) {
        if (!full_) return point_.refresh_gradient(context);
        std::vector<std::size_t> usable;
        for (std::size_t j = 0; j < point_.x.cols(); ++j) {
            if (point_.x.usable(j)) usable.push_back(j);
        }
        std::fill(point_.g.begin(), point_.g.end(), 0.0);
        gram_.begin(usable, point_.v, context, point_.g);
    }

    /// Solves the first of these lambdas and some that follow on the working set, so that solve()
    /// finds them, certified together.
    void look_ahead(ConstVector lambdas, double previous, double target, double floor,
                    const Context& context) {
        if (full_ || on_residual_ || !ahead_.empty() || !(lambdas.front() < previous)) return;
        if (penalty_.may_be_free(lambdas.back()) ||
            !ahead_.certificates_dear(point_.x, gram_.size()))
            return;
        lambdas = ahead_.within_reach(lambdas, point_.x);
        if (lambdas.empty()) return;
        grow(outside(ahead_.expected(penalty_, point_, lambdas, previous), set()), context);
        if (on_residual_) return;
        const auto members = ahead_.places(point_, lambdas.size());
        std::vector<std::size_t> rounds;
        gram_.set_gradient(point_.g);
        trial_ = point_.beta;
        for (const double lambda : lambdas) {
            const SolveOutcome outcome =
                solver_.solve(gram_, trial_, lambda, first_tolerance(lambda, target, floor),
                              limits_.max_iter, context);
            Point<L, D>& member = members[rounds.size()];
            member.beta = trial_;
            member.intercept = point_.intercept;
            member.refresh_eta(context);
            member.settle_intercept(context);
            rounds.push_back(outcome.rounds);
            if (!outcome.converged) break;
        }
        ahead_.certify(lambdas, rounds, context);
    }

    /// Moves the point from the solution at previous to that at lambda.
    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        if (full_) {
            fit_on_full_gram(lambda, target, floor, context, step);
        } else {
            fit_on_working_set(lambda, previous, target, floor, context, step);
        }
        return step;
    }

    /// Brings eta up to date where the full Gram matrix made it unnecessary so far.
    void finish(const Context& context) {
        if (full_) {
            point_.refresh_eta(context);
            point_.evaluate(context);
        }
    }
    /// The mean loss at the current point.
    double loss() const { return full_ && prepared_ ? 0.5 * residual_norm_ : point_.mean_loss(); }

private:
    bool fits(std::size_t n) const {
        return static_cast<double>(n) * static_cast<double>(n) * sizeof(double) <=
               static_cast<double>(limits_.gram_bytes);
    }

    /// All columns at once: after the Gram matrix X is not looked at again.
    void fit_on_full_gram(double lambda, double target, double floor, const Context& context,
                          Step& step) {
        if (!prepared_) prepare_full_gram(context);
        step.regime = Regime::gram;
        double tolerance = first_tolerance(lambda, target, floor);
        while (true) {
            const SolveOutcome outcome = solver_.solve(gram_, point_.beta, lambda, tolerance,
                                                       limits_.max_iter - step.iterations, context);
            step.iterations += outcome.rounds;
            refresh_on_gram();
            step.gap = duality_gap(
                penalty_, point_.g, point_.beta, lambda,
                stationary(lambda, stationarity::certifiable * floor),
                [this](double s) { return 0.5 * (1.0 - s) * (1.0 - s) * residual_norm_; });
            if (acceptable(step.gap, target, lambda, floor)) return;
            if (tolerance <= floor || step.iterations >= limits_.max_iter) return;
            tolerance = std::max(floor, 0.1 * tolerance);
        }
    }

    void prepare_full_gram(const Context& context) {
        if (gram_.size() == 0) open(context);
        // q = g + G beta, and the same for the norm of y: both at beta = 0.
        const std::vector<double> start = point_.beta;
        const bool away =
            std::any_of(start.begin(), start.end(), [](double b) { return b != 0.0; });
        if (away) {
            std::fill(point_.beta.begin(), point_.beta.end(), 0.0);
            point_.refresh(context);
        }
        q_ = point_.g;
        target_norm_ = 2.0 * point_.mean_loss();
        point_.beta = start;
        prepared_ = true;
        refresh_on_gram();
    }

    /// g = q - G beta from scratch, so that rounding does not pile up, and |r|^2 = |y|^2 - b'(q +
    /// g).
    void refresh_on_gram() {
        gram_.set_gradient(q_);
        for (std::size_t k = 0; k < gram_.size(); ++k) {
            const double b = point_.beta[gram_.feature(k)];
            if (b != 0.0) gram_.move(k, b);
        }
        residual_norm_ = target_norm_;
        for (std::size_t k = 0; k < gram_.size(); ++k) {
            const std::size_t j = gram_.feature(k);
            point_.g[j] = gram_.gradient(k);
            residual_norm_ -= point_.beta[j] * (q_[j] + point_.g[j]);
        }
        residual_norm_ = std::max(residual_norm_, 0.0);
    }

    void fit_on_working_set(double lambda, double previous, double target, double floor,
                            const Context& context, Step& step) {
        if (take_ahead(lambda, previous, target, floor, step)) return;
        double tolerance = first_tolerance(lambda, target, floor);
        grow(strong_rule(penalty_, point_.x, set(), point_.g, point_.beta, lambda, previous),
             context);
        while (true) {
            step.regime = on_residual_ ? Regime::residual : Regime::working_set;
            const std::size_t left = limits_.max_iter - step.iterations;
            SolveOutcome outcome;
            if (on_residual_) {
                residual_.set_residual(point_.v);
                outcome = solver_.solve(residual_, point_.beta, lambda, tolerance, left, context);
            } else {
                gram_.set_gradient(point_.g);
                outcome = solver_.solve(gram_, point_.beta, lambda, tolerance, left, context);
            }
            step.iterations += outcome.rounds;
            refresh(outcome.converged, context);
            step.gap =
                point_.gap(penalty_, lambda, stationary(lambda, stationarity::certifiable * floor));
            if (acceptable(step.gap, target, lambda, floor)) return;
            if (step.iterations >= limits_.max_iter) return;
            const auto missed = violators(penalty_, point_.x, set(), point_.g, lambda, tolerance);
            grow(missed, context);
            if (missed.empty()) {
                if (tolerance <= floor) return;
                tolerance = std::max(floor, 0.1 * tolerance);
            }
        }
    }

    /// Whether lambda was solved ahead, within target.
    bool take_ahead(double lambda, double previous, double target, double floor, Step& step) {
        if (!ahead_.holds(lambda)) {
            ahead_.clear();
            ahead_.remember(previous, point_.g);
            return false;
        }
        step.iterations = ahead_.take(point_, previous);
        step.regime = Regime::working_set;
        step.gap =
            point_.gap(penalty_, lambda, stationary(lambda, stationarity::certifiable * floor));
        if (acceptable(step.gap, target, lambda, floor)) return true;
        ahead_.reject();
        return false;
    }

    /// The point at the new coefficients. The Gram matrix already carries the gradient of the
    /// working set, so most often only the columns outside it are gone through.
    void refresh(bool converged, const Context& context) {
        constexpr int carried = 8;  // refreshes before rounding is swept out
        if (on_residual_ || !converged || ++since_whole_ >= carried ||
            2 * gram_.size() < point_.x.cols() / carried) {
            since_whole_ = 0;
            point_.refresh(context);
            return;
        }
        point_.refresh_eta(context);
        point_.settle_intercept(context);
        outside_.clear();
        for (std::size_t j = 0; j < point_.x.cols(); ++j) {
            if (!gram_.set().contains(j)) outside_.push_back(j);
        }
        point_.x.column_products(outside_, point_.v, context, point_.g);
        for (std::size_t k = 0; k < gram_.size(); ++k) {
            point_.g[gram_.feature(k)] = gram_.gradient(k);
        }
    }

    const WorkingSet& set() const { return on_residual_ ? residual_.set() : gram_.set(); }

    /// A working set whose Gram matrix would not fit goes on through the residual.
    void grow(const std::vector<std::size_t>& added, const Context& context) {
        if (!on_residual_ && !fits(gram_.size() + added.size())) {
            on_residual_ = true;
            residual_.reset(point_.data.weights, false);
            residual_.add(gram_.set().features(), context);
            solver_.forget();
            gram_.release();
        }
        if (on_residual_) {
            residual_.add(added, context);
        } else {
            gram_.add(added, context);
        }
    }

    static double first_tolerance(double lambda, double target, double floor) {
        return std::max(floor, std::min(1e-3, target) * lambda);
    }
    bool acceptable(double gap, double target, double lambda, double floor) const {
        return gap <= target && stationary(lambda, stationarity::exact * floor);
    }
    bool stationary(double lambda, double tolerance) const {
        return free_gradient(penalty_, point_.g, lambda) <= tolerance;
    }

    Point<L, D>& point_;
    const P& penalty_;
    const Limits limits_;
    GramModel<D> gram_;
    ResidualModel<D> residual_;
    ActiveSetSolver<P> solver_;
    Lookahead<L, D> ahead_;
    std::vector<double> q_, trial_;
    double target_norm_ = 0.0;
    double residual_norm_ = 0.0;
    bool full_ = false;
    bool prepared_ = false;
    bool on_residual_ = false;
    int since_whole_ = 0;
    std::vector<std::size_t> outside_;
};

}  // namespace shrinkage
