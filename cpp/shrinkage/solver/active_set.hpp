// Minimizes a quadratic plus a separable penalty on a working set: coordinate descent finds which
// coefficients move, a Newton step on them is exact once the set and the signs are right.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/linalg/cholesky.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/quadratic_model.hpp"

namespace shrinkage {

struct SolveOutcome {
    bool converged = false;
    std::size_t rounds = 0;
};

template <SeparablePenalty P>
class ActiveSetSolver {
public:
    /// factor_bytes caps the factor of the Newton step (not below 32 MiB); a larger active set is
    /// left to coordinate descent.
    explicit ActiveSetSolver(const P& penalty, std::size_t factor_bytes = 0)
        : penalty_(penalty), factor_bytes_(std::max(factor_bytes, std::size_t{1} << 25)) {}

    /// The model's columns changed: the factor is of no use any more.
    void forget() {
        factor_.clear();
        order_.clear();
        position_.clear();
    }

    /// beta (by feature) is moved until every KKT distance on the working set is at most tolerance.
    template <QuadraticModel M>
    SolveOutcome solve(M& model, Vector beta, double lambda, double tolerance,
                       std::size_t max_rounds, const Context& context) {
        SolveOutcome outcome;
        double best = infinity;
        std::size_t since_best = 0;
        while (outcome.rounds < max_rounds && since_best < patience) {
            context.check();
            ++outcome.rounds;
            // Exact from the first step while no coefficient enters or leaves (the path is linear).
            for (int repeat = 0; repeat < max_newton && newton(model, beta, lambda, context);
                 ++repeat) {
            }
            collect(model, beta, lambda, tolerance);
            if (worst_ <= tolerance) {
                outcome.converged = true;
                return outcome;
            }
            since_best = worst_ < 0.9 * best ? 0 : since_best + 1;
            best = std::min(best, worst_);
            for (int sweep = 0; sweep < sweeps_between_newton; ++sweep) {
                descend(model, beta, lambda, context);
            }
        }
        return outcome;
    }

private:
    static constexpr int sweeps_between_newton = 2;
    static constexpr int max_newton = 6;
    static constexpr std::size_t patience = 30;  // rounds without progress: only rounding is left

    /// The list that coordinate descent runs over: what is active and what violates its KKT
    /// condition.
    template <QuadraticModel M>
    void collect(M& model, ConstVector beta, double lambda, double tolerance) {
        list_.clear();
        worst_ = 0.0;
        for (std::size_t k = 0; k < model.size(); ++k) {
            const std::size_t j = model.feature(k);
            if (model.diagonal(k) <= 0.0) continue;
            const double distance = penalty_.kkt_distance(j, model.gradient(k), beta[j], lambda);
            worst_ = std::max(worst_, distance);
            if (distance > tolerance || !penalty_.kinked(j, beta[j], lambda)) list_.push_back(k);
        }
    }

    template <QuadraticModel M>
    void descend(M& model, Vector beta, double lambda, const Context& context) {
        std::size_t countdown = 64;
        for (const std::size_t k : list_) {
            if (--countdown == 0) {
                context.check();
                countdown = 64;
            }
            const std::size_t j = model.feature(k);
            const double a = model.diagonal(k);
            if (a <= 0.0) continue;
            const double b = penalty_.minimize(j, model.gradient(k) + a * beta[j], a, lambda);
            if (b == beta[j]) continue;
            model.move(k, b - beta[j]);
            beta[j] = b;
        }
    }

    /// Makes the factor that of G + C on the coefficients that are free to move, C the curvature of
    /// the penalty. Columns that depend on others stay outside: coordinate descent moves them.
    template <QuadraticModel M>
    void synchronize(M& model, ConstVector beta, double lambda, const Context& context) {
        position_.resize(model.size(), outside);
        wanted_.clear();
        bool curved = false;
        for (std::size_t k = 0; k < model.size(); ++k) {
            const std::size_t j = model.feature(k);
            if (model.diagonal(k) <= 0.0 || penalty_.kinked(j, beta[j], lambda)) continue;
            wanted_.push_back(k);
            curved = curved || penalty_.piece(j, beta[j], lambda).curvature != 0.0;
        }
        const double order = static_cast<double>(wanted_.size());
        if (order * order * sizeof(double) > static_cast<double>(factor_bytes_)) wanted_.clear();
        if (wanted_.empty() || (curved && lambda != lambda_)) empty_factor();
        lambda_ = lambda;
        std::size_t kept = 0;
        for (const std::size_t k : wanted_) kept += position_[k] != outside;
        const std::size_t changes = (order_.size() - kept) + (wanted_.size() - kept);
        if (changes > wanted_.size() / 50 + 3) empty_factor();
        for (std::size_t i = order_.size(); i-- > 0;) {
            const std::size_t j = model.feature(order_[i]);
            if (!penalty_.kinked(j, beta[j], lambda)) continue;
            factor_.remove(i);
            position_[order_[i]] = outside;
            order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (order_.empty() && wanted_.size() > 1 && factor_at_once(model, beta, lambda, context))
            return;
        for (const std::size_t k : wanted_) {
            if (position_[k] != outside) continue;
            context.check();
            row_.resize(order_.size());
            model.inner(k, order_, row_);
            if (factor_.append(row_, curved_diagonal(model, k, beta, lambda))) enter(k);
        }
    }

    template <QuadraticModel M>
    bool factor_at_once(M& model, ConstVector beta, double lambda, const Context& context) {
        const std::size_t n = wanted_.size();
        square_.resize(n * n);
        for (std::size_t i = 0; i < n; ++i) {
            model.inner(wanted_[i], wanted_, Vector(square_).subspan(i * n, n));
            square_[i + i * n] = curved_diagonal(model, wanted_[i], beta, lambda);
        }
        if (!factor_.factor({square_.data(), n, n, n}, context)) return false;
        for (const std::size_t k : wanted_) enter(k);
        return true;
    }

    template <QuadraticModel M>
    double curved_diagonal(M& model, std::size_t k, ConstVector beta, double lambda) const {
        const std::size_t j = model.feature(k);
        return model.diagonal(k) + penalty_.piece(j, beta[j], lambda).curvature;
    }

    void enter(std::size_t k) {
        position_[k] = order_.size();
        order_.push_back(k);
    }

    void empty_factor() {
        for (const std::size_t k : order_) position_[k] = outside;
        order_.clear();
        factor_.clear();
    }

    /// One Newton step with an exact line search over the kinks. Returns whether a coefficient
    /// stopped at a kink, so that another step on the smaller set is due.
    template <QuadraticModel M>
    bool newton(M& model, Vector beta, double lambda, const Context& context) {
        synchronize(model, beta, lambda, context);
        const std::size_t n = order_.size();
        if (n == 0) return false;
        step_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t j = model.feature(order_[i]);
            const Piece piece = penalty_.piece(j, beta[j], lambda);
            step_[i] = model.gradient(order_[i]) - piece.slope - piece.curvature * beta[j];
        }
        row_.assign(step_.begin(), step_.end());
        factor_.solve(step_);
        return take(model, beta, lambda, dot(row_, step_));
    }

    struct Kink {
        double at;
        std::size_t i;
    };

    /// Along the step d the smooth part falls by (t - t^2 / 2) * decrease, decrease = d'(G + C)d;
    /// crossing zero adds the jump of the slope, a bound ends the step.
    template <QuadraticModel M>
    bool take(M& model, Vector beta, double lambda, double decrease) {
        const std::size_t n = order_.size();
        if (!(decrease > 0.0)) return false;  // nothing left but rounding
        kinks_.clear();
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t j = model.feature(order_[i]);
            const Interval range = penalty_.piece(j, beta[j], lambda).range;
            const double edge = step_[i] > 0.0 ? range.hi : range.lo;
            if (step_[i] == 0.0 || std::isinf(edge)) continue;
            const double at = (edge - beta[j]) / step_[i];
            if (at < 1.0) kinks_.push_back({at, i});
        }
        std::sort(kinks_.begin(), kinks_.end(), [](const Kink& a, const Kink& b) {
            return a.at != b.at ? a.at < b.at : a.i < b.i;
        });
        double t = 1.0;
        double climb = 0.0;  // slope added by the kinks passed so far
        bool hit = false;
        for (const Kink& kink : kinks_) {
            const double free_minimum = 1.0 - climb / decrease;
            if (free_minimum <= kink.at) {
                t = std::max(free_minimum, 0.0);
                break;
            }
            climb += jump(model, beta, lambda, kink.i);
            if (1.0 - climb / decrease <= kink.at) {
                t = kink.at;
                hit = true;
                break;
            }
        }
        if (!hit) t = std::min(t, std::max(1.0 - climb / decrease, 0.0));
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t j = model.feature(order_[i]);
            const double before = beta[j];
            beta[j] += t * step_[i];
            step_[i] = beta[j] - before;
        }
        for (const Kink& kink : kinks_) {
            if (!hit || kink.at != t) continue;
            settle(model, beta, lambda, kink.i);
        }
        model.move(order_, step_);
        return hit || climb > 0.0;
    }

    /// Puts a coefficient that stopped at a kink exactly onto it.
    template <QuadraticModel M>
    void settle(M& model, Vector beta, double lambda, std::size_t i) {
        const std::size_t j = model.feature(order_[i]);
        const double before = beta[j] - step_[i];
        const Interval range = penalty_.piece(j, before, lambda).range;
        beta[j] = step_[i] > 0.0 ? range.hi : range.lo;
        step_[i] = beta[j] - before;
    }

    /// How much the slope along the step grows when coefficient i leaves its piece.
    template <QuadraticModel M>
    double jump(M& model, ConstVector beta, double lambda, std::size_t i) const {
        const std::size_t j = model.feature(order_[i]);
        const Piece here = penalty_.piece(j, beta[j], lambda);
        const double edge = step_[i] > 0.0 ? here.range.hi : here.range.lo;
        if (edge != 0.0) return infinity;
        const Piece beyond = penalty_.piece(j, step_[i] > 0.0 ? 1e-300 : -1e-300, lambda);
        const bool closed = step_[i] > 0.0 ? beyond.range.hi <= 0.0 : beyond.range.lo >= 0.0;
        return closed ? infinity : (beyond.slope - here.slope) * step_[i];
    }

    static constexpr std::size_t outside = static_cast<std::size_t>(-1);

    const P& penalty_;
    std::size_t factor_bytes_;
    Cholesky factor_;
    double lambda_ = -1.0;               // the lambda whose curvature is in the factor
    std::vector<std::size_t> order_;     // slots in the factor, in its order
    std::vector<std::size_t> position_;  // of each slot in the factor, or outside
    std::vector<std::size_t> wanted_, list_;
    std::vector<double> row_, step_, square_;
    std::vector<Kink> kinks_;
    double worst_ = 0.0;  // largest KKT distance found by collect
};

}  // namespace shrinkage
