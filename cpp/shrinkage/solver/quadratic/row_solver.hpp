// Minimizes a quadratic plus a penalty on the norms of rows, the K coefficients of a feature: block
// coordinate descent finds which rows are zero, Newton by conjugate gradients moves the others.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/quadratic/active_set.hpp"

namespace shrinkage {

/// A quadratic restricted to a working set of features, K coefficients each, seen through its
/// negative gradient h. Vectors over several rows hold K entries a row.
///   n_rows(), outputs()
///   row(i)                     the feature in place i
///   gradient(i, out)           h of row i, K entries
///   bend(i)                    at least the largest eigenvalue of the row's own K x K block
///   move(i, delta)             row i += delta
///   curvature(rows)            a function (d, out) that computes out = H d on those rows
template <typename M>
concept RowModel = requires(M m, std::size_t i, Indices rows, ConstVector delta, Vector out) {
    { m.n_rows() } -> std::same_as<std::size_t>;
    { m.outputs() } -> std::same_as<std::size_t>;
    { m.row(i) } -> std::same_as<std::size_t>;
    m.gradient(i, out);
    { m.bend(i) } -> std::same_as<double>;
    m.move(i, delta);
    m.curvature(rows)(delta, out);
};

template <BlockPenalty P>
class RowSolver {
public:
    explicit RowSolver(const P& penalty, std::size_t = 0) : penalty_(penalty) {}

    void forget() {}

    /// beta, all coefficients output by output, is moved until every row's KKT distance is at most
    /// tolerance.
    template <RowModel M>
    SolveOutcome solve(M& model, Vector beta, double lambda, double tolerance,
                       std::size_t max_rounds, const Context& context) {
        SolveOutcome outcome;
        double best = infinity;
        std::size_t since_best = 0;
        h_.resize(model.outputs());
        old_.resize(model.outputs());
        new_.resize(model.outputs());
        while (outcome.rounds < max_rounds && since_best < patience) {
            context.check();
            ++outcome.rounds;
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
            newton(model, beta, lambda, tolerance, context);
        }
        return outcome;
    }

private:
    static constexpr int sweeps_between_newton = 2;
    static constexpr std::size_t patience = 30;  // rounds without progress: only rounding is left

    /// Distance of row i, whose gradient goes to h_ and coefficients to old_.
    template <RowModel M>
    double distance(M& model, std::size_t i, ConstVector beta, double lambda) {
        const double length = load(model, i, beta);
        const double t = penalty_.threshold(model.row(i), lambda);
        if (length == 0.0) return std::max(norm(h_) - t, 0.0);
        double square = 0.0;
        for (std::size_t k = 0; k < h_.size(); ++k) {
            const double d = h_[k] - t * old_[k] / length;
            square += d * d;
        }
        return std::sqrt(square);
    }

    template <RowModel M>
    double load(M& model, std::size_t i, ConstVector beta) {
        model.gradient(i, h_);
        const auto block = penalty_.block(model.row(i));
        for (std::size_t k = 0; k < old_.size(); ++k) old_[k] = beta[block[k]];
        return norm(old_);
    }

    /// The rows that block descent runs over: what is active and what violates its condition.
    template <RowModel M>
    void collect(M& model, ConstVector beta, double lambda, double tolerance) {
        list_.clear();
        worst_ = 0.0;
        for (std::size_t i = 0; i < model.n_rows(); ++i) {
            if (model.bend(i) <= 0.0) continue;
            const double d = distance(model, i, beta, lambda);
            worst_ = std::max(worst_, d);
            if (d > tolerance || norm(old_) > 0.0) list_.push_back(i);
        }
    }

    /// Each row minimizes the model with its own block replaced by bend(i) I, a majorizer.
    template <RowModel M>
    void descend(M& model, Vector beta, double lambda, const Context& context) {
        for (const std::size_t i : list_) {
            context.check();
            load(model, i, beta);
            const double a = model.bend(i);
            for (std::size_t k = 0; k < h_.size(); ++k) h_[k] = old_[k] + h_[k] / a;
            penalty_.block_prox(model.row(i), h_, 1.0 / a, lambda, new_);
            bool moved = false;
            const auto block = penalty_.block(model.row(i));
            for (std::size_t k = 0; k < new_.size(); ++k) {
                beta[block[k]] = new_[k];
                new_[k] -= old_[k];
                moved = moved || new_[k] != 0.0;
            }
            if (moved) model.move(i, new_);
        }
    }

    /// Newton on the rows that are not zero, where the norm is smooth, by conjugate gradients with
    /// the diagonal as preconditioner; backtracks until the objective falls.
    template <RowModel M>
    void newton(M& model, Vector beta, double lambda, double tolerance, const Context& context) {
        const std::size_t outputs = model.outputs();
        active_.clear();
        length_.clear();
        residual_.clear();
        b_.clear();
        for (std::size_t i = 0; i < model.n_rows(); ++i) {
            if (model.bend(i) <= 0.0) continue;
            const double length = load(model, i, beta);
            const double t = penalty_.threshold(model.row(i), lambda);
            if (length == 0.0 && t > 0.0) continue;
            active_.push_back(i);
            length_.push_back(length);
            for (std::size_t k = 0; k < outputs; ++k) {
                b_.push_back(old_[k]);
                residual_.push_back(h_[k] - (t > 0.0 ? t * old_[k] / length : 0.0));
            }
        }
        if (active_.empty()) return;
        const auto curvature = model.curvature(active_);
        const auto apply = [&](ConstVector d, Vector out) {
            curvature(d, out);
            for (std::size_t a = 0; a < active_.size(); ++a) {
                const double t = penalty_.threshold(model.row(active_[a]), lambda);
                if (t == 0.0) continue;
                const ConstVector b = ConstVector(b_).subspan(a * outputs, outputs);
                const double along =
                    dot(b, d.subspan(a * outputs, outputs)) / (length_[a] * length_[a]);
                for (std::size_t k = 0; k < outputs; ++k) {
                    out[a * outputs + k] += t / length_[a] * (d[a * outputs + k] - along * b[k]);
                }
            }
        };
        const double start = norm(residual_);
        if (!(start > 0.0)) return;
        const std::vector<double> slope = residual_;
        conjugate_gradients(model, apply, std::max(1e-2 * tolerance, 1e-4 * start), lambda,
                            context);
        image_.assign(step_.size(), 0.0);
        curvature(step_, image_);
        search(model, beta, lambda, slope, context);
    }

    template <RowModel M, typename Apply>
    void conjugate_gradients(M& model, const Apply& apply, double goal, double lambda,
                             const Context& context) {
        const std::size_t n = residual_.size();
        const std::size_t outputs = model.outputs();
        std::vector<double> scale(n), z(n), direction(n), image(n);
        for (std::size_t a = 0; a < active_.size(); ++a) {
            const double t = penalty_.threshold(model.row(active_[a]), lambda);
            const double d = model.bend(active_[a]) + (t > 0.0 ? t / length_[a] : 0.0);
            std::fill_n(scale.begin() + static_cast<std::ptrdiff_t>(a * outputs), outputs, 1.0 / d);
        }
        step_.assign(n, 0.0);
        double product = 0.0;
        for (std::size_t iteration = 0; iteration < 2 * n + 20; ++iteration) {
            context.check();
            for (std::size_t i = 0; i < n; ++i) z[i] = scale[i] * residual_[i];
            const double next = dot(z, residual_);
            const double ratio = iteration == 0 ? 0.0 : next / product;
            product = next;
            for (std::size_t i = 0; i < n; ++i) direction[i] = z[i] + ratio * direction[i];
            apply(direction, image);
            const double bend = dot(direction, image);
            if (!(bend > 0.0)) break;
            axpy(product / bend, direction, step_);
            axpy(-product / bend, image, residual_);
            if (norm(residual_) <= goal) break;
        }
    }

    /// Halves step_ until the quadratic plus the norms falls; a row that would pass through zero is
    /// left to block descent.
    template <RowModel M>
    void search(M& model, Vector beta, double lambda, ConstVector slope, const Context& context) {
        const std::size_t outputs = model.outputs();
        const double fall = dot(slope, step_);
        if (!(fall > 0.0)) return;
        const double bend = dot(step_, image_);
        // The linear part of the quadratic alone: slope holds the norms' gradient too.
        double linear = fall;
        for (std::size_t a = 0; a < active_.size(); ++a) {
            const double t = penalty_.threshold(model.row(active_[a]), lambda);
            if (t > 0.0) {
                linear += t / length_[a] *
                          dot(ConstVector(b_).subspan(a * outputs, outputs),
                              ConstVector(step_).subspan(a * outputs, outputs));
            }
        }
        double t = 1.0;
        for (int halvings = 0; halvings < 30; ++halvings, t *= 0.5) {
            context.check();
            double change = -t * linear + 0.5 * t * t * bend;
            double magnitude = 0.0;
            for (std::size_t a = 0; a < active_.size(); ++a) {
                const double weight = penalty_.threshold(model.row(active_[a]), lambda);
                if (weight == 0.0) continue;
                // |b + t d| - |b| without cancellation.
                double cross = 0.0, square = 0.0;
                for (std::size_t k = 0; k < outputs; ++k) {
                    const double d = t * step_[a * outputs + k];
                    cross += b_[a * outputs + k] * d;
                    square += d * d;
                }
                const double after =
                    std::sqrt(std::max(length_[a] * length_[a] + 2.0 * cross + square, 0.0));
                change += weight * (2.0 * cross + square) / (after + length_[a]);
                magnitude += weight * length_[a];
            }
            if (change <= -1e-4 * t * fall + 1e-16 * magnitude) break;
            if (halvings == 29) return;
        }
        for (std::size_t a = 0; a < active_.size(); ++a) {
            const auto block = penalty_.block(model.row(active_[a]));
            for (std::size_t k = 0; k < outputs; ++k) {
                new_[k] = t * step_[a * outputs + k];
                beta[block[k]] += new_[k];
            }
            model.move(active_[a], new_);
        }
    }

    static double norm(ConstVector v) { return std::sqrt(dot(v, v)); }

    const P& penalty_;
    double worst_ = 0.0;
    std::vector<std::size_t> list_, active_;
    std::vector<double> h_, old_, new_;                         // of one row
    std::vector<double> length_, b_, residual_, step_, image_;  // of the active rows
};

/// What minimizes a quadratic model plus P on a working set.
template <Penalty P>
struct InnerSolverOf;
template <SeparablePenalty P>
struct InnerSolverOf<P> {
    using type = ActiveSetSolver<P>;
};
template <BlockPenalty P>
struct InnerSolverOf<P> {
    using type = RowSolver<P>;
};
template <Penalty P>
using InnerSolver = typename InnerSolverOf<P>::type;

}  // namespace shrinkage
