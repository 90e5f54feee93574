// Minimizes a quadratic plus a separable penalty on a working set: coordinate descent finds which
// coefficients move, a Newton step on them is exact once the set and the signs are right.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/linalg/cholesky.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"

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
        dependent_.clear();
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
            flush(model, context);
            collect(model, beta, lambda, tolerance);
            if (worst_ <= tolerance) {
                outcome.converged = true;
                return outcome;
            }
            since_best = worst_ < 0.9 * best ? 0 : since_best + 1;
            best = std::min(best, worst_);
            // The Newton step has settled those inside: who enters is all that is asked, unless
            // that did not help.
            const bool all = since_best > 0 || order_.empty();
            descend(model, beta, lambda, all ? list_ : entering_, context);
        }
        return outcome;
    }

private:
    static constexpr int sweeps_between_newton = 2;
    static constexpr int max_newton = 6;
    static constexpr std::size_t append_block = 64;  // columns that enter the factor together
    static constexpr std::size_t patience = 30;  // rounds without progress: only rounding is left

    /// The list that coordinate descent runs over: what is active and what violates its KKT
    /// condition.
    template <QuadraticModel M>
    void collect(M& model, ConstVector beta, double lambda, double tolerance) {
        list_.clear();
        entering_.clear();
        worst_ = 0.0;
        for (std::size_t k = 0; k < model.size(); ++k) {
            const std::size_t j = model.feature(k);
            if (model.diagonal(k) <= 0.0) continue;
            const double distance = penalty_.kkt_distance(j, model.gradient(k), beta[j], lambda);
            worst_ = std::max(worst_, distance);
            if (distance > tolerance) entering_.push_back(k);
            if (distance > tolerance || !penalty_.kinked(j, beta[j], lambda)) list_.push_back(k);
        }
    }

    template <QuadraticModel M>
    void descend(M& model, Vector beta, double lambda, Indices slots, const Context& context) {
        if constexpr (requires { model.column(0); }) {
            if (slots.size() <= model.size() / 4)
                return descend_among(model, beta, lambda, slots, context);
        }
        std::size_t countdown = 64;
        for (int sweep = 0; sweep < sweeps_between_newton; ++sweep) {
            for (const std::size_t k : slots) {
                if (--countdown == 0) {
                    context.check();
                    countdown = 64;
                }
                const double delta = minimize(model, beta, lambda, k, model.gradient(k));
                if (delta != 0.0) model.move(k, delta);
            }
        }
    }

    /// The same where the slots are few: only their own gradients follow each change, the others
    /// all of them at once.
    template <QuadraticModel M>
    void descend_among(M& model, Vector beta, double lambda, Indices slots,
                       const Context& context) {
        const std::size_t n = slots.size();
        square_.resize(n * n);
        row_.resize(n);
        step_.assign(n, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            model.inner(slots[i], slots, Vector(square_).subspan(i * n, n));
            row_[i] = model.gradient(slots[i]);
        }
        for (int sweep = 0; sweep < sweeps_between_newton; ++sweep) {
            context.check();
            for (std::size_t i = 0; i < n; ++i) {
                const double delta = minimize(model, beta, lambda, slots[i], row_[i]);
                if (delta == 0.0) continue;
                step_[i] += delta;
                axpy(-delta, ConstVector(square_).subspan(i * n, n), row_);
            }
        }
        model.move(slots, step_, context);
    }

    /// Minimizes in the coefficient of slot k, whose negative gradient is g; returns its change.
    template <QuadraticModel M>
    double minimize(M& model, Vector beta, double lambda, std::size_t k, double g) const {
        const double a = model.diagonal(k);
        if (a <= 0.0) return 0.0;
        double& b = beta[model.feature(k)];
        const double before = b;
        b = penalty_.minimize(model.feature(k), g + a * b, a, lambda);
        return b - before;
    }

    /// Makes the factor that of G + C on the coefficients that are free to move, C the curvature of
    /// the penalty. Columns that depend on others stay outside, in refused_.
    template <QuadraticModel M>
    void synchronize(M& model, ConstVector beta, double lambda, const Context& context) {
        position_.resize(model.size(), outside);
        dependent_.resize(model.size(), 0);
        wanted_.clear();
        refused_.clear();
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
        const std::size_t removals = order_.size() - kept;
        const std::size_t additions = wanted_.size() - kept;
        // Measured: a removal costs about as much as five additions, made by blocks.
        if (removals > wanted_.size() / 50 + 3 || additions > wanted_.size() / 4 + 3) {
            empty_factor();
        }
        for (std::size_t i = order_.size(); i-- > 0;) {
            const std::size_t j = model.feature(order_[i]);
            if (!penalty_.kinked(j, beta[j], lambda)) continue;
            factor_.remove(i);
            forget_dependent();
            position_[order_[i]] = outside;
            order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (order_.empty() && wanted_.size() > 1 && factor_at_once(model, beta, lambda, context))
            return;
        // What depends on the factor's columns still does while it only grows.
        std::erase_if(wanted_, [&](std::size_t k) {
            if (dependent_[k]) refused_.push_back(k);
            return dependent_[k] || position_[k] != outside;
        });
        for (std::size_t i = 0; i < wanted_.size(); i += append_block) {
            context.check();
            const std::size_t count = std::min(append_block, wanted_.size() - i);
            append(model, beta, lambda, Indices(wanted_).subspan(i, count), context);
        }
    }

    template <QuadraticModel M>
    void append(M& model, ConstVector beta, double lambda, Indices slots, const Context& context) {
        const std::size_t count = slots.size();
        const std::size_t order = order_.size();
        rows_.resize(count * order);
        square_.resize(count * count);
        row_.resize(std::max(order, count));
        for (std::size_t i = 0; i < count; ++i) {
            model.inner(slots[i], order_, Vector(row_).first(order));
            for (std::size_t j = 0; j < order; ++j) rows_[i + j * count] = row_[j];
            model.inner(slots[i], slots, Vector(row_).first(count));
            for (std::size_t j = 0; j < i; ++j) square_[i + j * count] = row_[j];
            square_[i + i * count] = curved_diagonal(model, slots[i], beta, lambda);
        }
        factor_.append({rows_.data(), count, order, count}, {square_.data(), count, count, count},
                       taken_, context);
        for (std::size_t i = 0; i < count; ++i) {
            if (taken_[i]) {
                enter(slots[i]);
            } else {
                refused_.push_back(slots[i]);
                dependent_[slots[i]] = 1;
            }
        }
    }

    void forget_dependent() { std::fill(dependent_.begin(), dependent_.end(), 0); }

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
        forget_dependent();
    }

    /// One Newton step with an exact line search over the kinks. Returns whether a coefficient
    /// stopped at a kink, so that another step on the smaller set is due.
    template <QuadraticModel M>
    bool newton(M& model, Vector beta, double lambda, const Context& context) {
        synchronize(model, beta, lambda, context);
        if (!refused_.empty()) flush(model, context);
        // Each slide takes a coefficient out of the set, so this ends.
        while (std::any_of(refused_.begin(), refused_.end(),
                           [&](std::size_t k) { return slide(model, beta, lambda, k, context); })) {
            context.check();
            synchronize(model, beta, lambda, context);
        }
        moving_ = order_;
        if (moving_.empty()) return false;
        if (owed_.empty()) {
            gradient_.resize(model.size());
            for (const std::size_t k : moving_) gradient_[k] = model.gradient(k);
        }
        step_.clear();
        for (const std::size_t k : moving_)
            step_.push_back(pull(model, gradient_[k], beta, lambda, k));
        row_ = step_;
        factor_.solve(step_, context);
        const double decrease = dot(row_, step_);
        const std::vector<double>& pulls = row_;
        const Taken taken = take(model, beta, lambda, decrease, decrease);
        owe(model, lambda, beta, pulls, taken.length);
        return taken.crossed;
    }

    /// The step just taken changes the gradient of the coefficients that moved by -length * pull,
    /// as the factor's matrix times the step is the pull; that of the others is owed.
    template <QuadraticModel M>
    void owe(M& model, double lambda, ConstVector beta, ConstVector pulls, double length) {
        owed_.resize(model.size(), 0.0);
        for (std::size_t i = 0; i < moving_.size(); ++i) {
            const std::size_t k = moving_[i];
            const std::size_t j = model.feature(k);
            const double curvature = penalty_.piece(j, beta[j], lambda).curvature;
            gradient_[k] -= length * pulls[i] - curvature * step_[i];
            owed_[k] += step_[i];
        }
    }

    /// Makes the model follow what was owed.
    template <QuadraticModel M>
    void flush(M& model, const Context& context) {
        moving_.clear();
        step_.clear();
        for (std::size_t k = 0; k < owed_.size(); ++k) {
            if (owed_[k] == 0.0) continue;
            moving_.push_back(k);
            step_.push_back(owed_[k]);
        }
        owed_.clear();
        if (!moving_.empty()) model.move(moving_, step_, context);
    }

    /// Minus the slope of the objective in the coefficient of slot k, on its piece, at the negative
    /// gradient g of the smooth part.
    template <QuadraticModel M>
    double pull(M& model, double g, ConstVector beta, double lambda, std::size_t k) const {
        const std::size_t j = model.feature(k);
        const Piece piece = penalty_.piece(j, beta[j], lambda);
        return g - piece.slope - piece.curvature * beta[j];
    }

    /// Column k depends on those in the factor: along the combination that cancels it the smooth
    /// part is flat, so the objective falls in a straight line until a coefficient meets a kink and
    /// leaves the set. Returns whether one did.
    template <QuadraticModel M>
    bool slide(M& model, Vector beta, double lambda, std::size_t k, const Context& context) {
        row_.resize(order_.size());
        model.inner(k, order_, row_);
        step_ = row_;
        factor_.solve(step_, context);
        const double diagonal = curved_diagonal(model, k, beta, lambda);
        double curvature = diagonal - dot(row_, step_);
        // No more than rounding: every entry of the matrix errs by its columns' norms.
        double norms = std::sqrt(diagonal);
        for (std::size_t i = 0; i < order_.size(); ++i) {
            norms += std::abs(step_[i]) * std::sqrt(model.diagonal(order_[i]));
        }
        const bool flat = curvature <= 1e-13 * norms * norms;
        if (flat) curvature = 0.0;
        double slope = pull(model, model.gradient(k), beta, lambda, k);
        double size = std::abs(model.gradient(k));
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const double g = model.gradient(order_[i]);
            slope -= step_[i] * pull(model, g, beta, lambda, order_[i]);
            size += std::abs(step_[i] * g);
        }
        double sign = slope < 0.0 ? 1.0 : -1.0;
        // Either way is as good: of copies the one that came later leaves.
        const double b = beta[model.feature(k)];
        if (flat && std::abs(slope) <= 1e-11 * size && b != 0.0) sign = b > 0.0 ? 1.0 : -1.0;
        // A share of rounding width would put its kink at an enormous distance.
        for (double& d : step_) d = std::abs(d) > 1e-8 ? sign * d : 0.0;
        step_.push_back(-sign);
        moving_ = order_;
        moving_.push_back(k);
        // A slope of exactly zero would not move: any direction is as good, and the kink is wanted.
        const double fall = std::max(std::abs(slope), std::numeric_limits<double>::min());
        const bool stopped = take(model, beta, lambda, fall, curvature, flat).stopped;
        model.move(moving_, step_, context);
        return stopped;
    }

    /// Where moving coefficient i leaves a piece along the step, and how much the slope grows
    /// there.
    struct Kink {
        double at;
        std::size_t i;
        double value;  // of the coefficient
        double jump;
    };

    /// How far to go where the slope is -fall + curvature t.
    static double minimum(double fall, double curvature) {
        if (!(fall > 0.0)) return 0.0;
        return curvature > 0.0 ? fall / curvature : infinity;
    }

    /// Whether a coefficient met a kink, whether one stayed there, and how far the step went.
    struct Taken {
        bool crossed = false;
        bool stopped = false;
        double length = 0.0;
    };

    /// Moves the coefficients of the slots moving_ along step_ to the minimum and leaves their
    /// changes in step_; the model is not moved. The objective starts with the slope
    /// -fall; crossing zero adds the jump of the penalty's slope, a bound ends the step.
    template <QuadraticModel M>
    Taken take(M& model, Vector beta, double lambda, double fall, double curvature,
               bool only_to_kink = false) {
        if (!(fall > 0.0)) return stay();  // nothing left but rounding
        find_kinks(model, beta, lambda, minimum(fall, curvature));
        bool hit = false;
        bool crossed = false;
        double t = minimum(fall, curvature);
        for (const Kink& kink : kinks_) {
            if (t <= kink.at) break;
            fall -= kink.jump;
            t = std::max(minimum(fall, curvature), kink.at);
            hit = t == kink.at;
            crossed = true;
            if (hit) break;
        }
        // Along a flat direction without a kink in sight the curvature is rounding: stay.
        if (std::isinf(t) || (only_to_kink && !hit)) return stay();
        stopped_.assign(moving_.size(), 0);
        ends_.resize(moving_.size());
        for (const Kink& kink : kinks_) {
            if (!hit || kink.at != t) continue;
            stopped_[kink.i] = 1;
            ends_[kink.i] = kink.value;
        }
        for (std::size_t i = 0; i < moving_.size(); ++i) {
            const std::size_t j = model.feature(moving_[i]);
            const double before = beta[j];
            beta[j] = stopped_[i] ? ends_[i] : inside(j, before + t * step_[i], lambda);
            step_[i] = beta[j] - before;
        }
        return {crossed, hit, t};
    }
    /// A bound that the step just reaches is not passed by rounding.
    double inside(std::size_t j, double b, double lambda) const {
        const Interval range = penalty_.piece(j, b, lambda).range;
        return std::clamp(b, range.lo, range.hi);
    }
    Taken stay() {
        std::fill(step_.begin(), step_.end(), 0.0);
        return {};
    }

    /// The kinks that a coefficient meets before the step has gone as far as reach, nearest first.
    template <QuadraticModel M>
    void find_kinks(M& model, ConstVector beta, double lambda, double reach) {
        kinks_.clear();
        for (std::size_t i = 0; i < moving_.size(); ++i) {
            if (step_[i] == 0.0) continue;
            const std::size_t j = model.feature(moving_[i]);
            const Piece here = penalty_.piece(j, beta[j], lambda);
            const double end = ahead(here, i);
            const double at = (end - beta[j]) / step_[i];
            if (!(at < reach)) continue;
            if (end != 0.0) {  // a bound
                kinks_.push_back({at, i, end, infinity});
                continue;
            }
            const Piece beyond = penalty_.piece(j, step_[i] > 0.0 ? 1e-300 : -1e-300, lambda);
            const double bound = ahead(beyond, i);
            const bool closed = step_[i] > 0.0 ? bound <= 0.0 : bound >= 0.0;
            const double jump = closed ? infinity : (beyond.slope - here.slope) * step_[i];
            kinks_.push_back({at, i, 0.0, jump});
            const double last = (bound - beta[j]) / step_[i];
            if (!closed && last < reach) kinks_.push_back({last, i, bound, infinity});
        }
        std::sort(kinks_.begin(), kinks_.end(), [](const Kink& a, const Kink& b) {
            return a.at != b.at ? a.at < b.at : a.i < b.i;
        });
    }

    /// Where the piece of moving coefficient i ends in the direction of its step.
    double ahead(const Piece& piece, std::size_t i) const {
        return step_[i] > 0.0 ? piece.range.hi : piece.range.lo;
    }

    static constexpr std::size_t outside = static_cast<std::size_t>(-1);

    const P& penalty_;
    std::size_t factor_bytes_;
    Cholesky factor_;
    double lambda_ = -1.0;               // the lambda whose curvature is in the factor
    std::vector<std::size_t> order_;     // slots in the factor, in its order
    std::vector<std::size_t> position_;  // of each slot in the factor, or outside
    std::vector<char> dependent_;        // slots whose columns depend on the factor's
    std::vector<std::size_t> wanted_, refused_, moving_, list_, entering_;
    std::vector<double> row_, step_, square_, rows_;
    std::vector<char> taken_;
    std::vector<Kink> kinks_;
    std::vector<double> gradient_;  // of the moving slots while something is owed
    std::vector<double> owed_;      // by slot: changes that the model has not followed yet
    std::vector<char> stopped_;     // coefficients that stay at the kink they met
    std::vector<double> ends_;      // where they stay
    double worst_ = 0.0;            // largest KKT distance found by collect
};

}  // namespace shrinkage
