// Squared loss of several targets along a path. The outputs share one Gram matrix of X; a separable
// penalty leaves them independent of each other.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "shrinkage/solver/problem/quadratic_model.hpp"
#include "shrinkage/solver/problem/units.hpp"
#include "shrinkage/solver/problem/vector_point.hpp"
#include "shrinkage/solver/quadratic/active_set.hpp"
#include "shrinkage/solver/quadratic/block_solver.hpp"

namespace shrinkage {

/// The Gram matrix of the features as the quadratic model of output k alone.
template <Design D>
class OutputModel {
public:
    OutputModel(GramModel<D>& gram, std::size_t output, std::size_t n_features)
        : gram_(gram), offset_(output * n_features) {}

    std::size_t size() const { return gram_.size(); }
    std::size_t feature(std::size_t k) const { return gram_.feature(k) + offset_; }
    double diagonal(std::size_t k) const { return gram_.diagonal(k); }
    double gradient(std::size_t k) const { return gram_.gradient(k); }
    void move(std::size_t k, double delta) { gram_.move(k, delta); }
    void move(Indices slots, ConstVector deltas, const Context& context) {
        gram_.move(slots, deltas, context);
    }
    void inner(std::size_t k, Indices slots, Vector out) const { gram_.inner(k, slots, out); }

private:
    GramModel<D>& gram_;
    std::size_t offset_;
};

/// The same for all outputs at once, by rows: the curvature is that of the features, K times.
template <Design D>
class TargetsModel {
public:
    TargetsModel(const GramModel<D>& gram, std::size_t outputs) : gram_(gram), outputs_(outputs) {}

    /// h from the negative gradient of all coefficients, n_features an output.
    void set_gradient(ConstVector g, std::size_t n_features) {
        h_.resize(n_blocks() * outputs_);
        for (std::size_t i = 0; i < n_blocks(); ++i) {
            for (std::size_t k = 0; k < outputs_; ++k) {
                h_[i + k * n_blocks()] = g[block(i) + k * n_features];
            }
        }
    }

    std::size_t n_blocks() const { return gram_.size(); }
    std::size_t outputs() const { return outputs_; }
    std::size_t block(std::size_t i) const { return gram_.feature(i); }
    double bend(std::size_t i) const { return gram_.diagonal(i); }
    void gradient(std::size_t i, Vector out) const {
        for (std::size_t k = 0; k < outputs_; ++k) out[k] = h_[i + k * n_blocks()];
    }
    void move(std::size_t i, ConstVector delta) {
        for (std::size_t k = 0; k < outputs_; ++k) {
            if (delta[k] == 0.0) continue;
            axpy(-delta[k], gram_.column(i), Vector(h_).subspan(k * n_blocks(), n_blocks()));
        }
    }
    auto curvature(Indices rows) const {
        const std::size_t n = rows.size();
        std::vector<double> square(n * n);
        for (std::size_t l = 0; l < n; ++l) {
            gram_.inner(rows[l], rows, Vector(square).subspan(l * n, n));
        }
        // out (n x K, row by row) = G d: with d' as a K x n matrix of columns, out' = d' G.
        return [square = std::move(square), n, K = outputs_](ConstVector d, Vector out) {
            std::fill(out.begin(), out.end(), 0.0);
            for (std::size_t l = 0; l < n; ++l) {
                for (std::size_t i = 0; i < n; ++i) {
                    const double s = square[i + l * n];
                    for (std::size_t k = 0; k < K; ++k) out[l * K + k] += s * d[i * K + k];
                }
            }
        };
    }

private:
    const GramModel<D>& gram_;
    std::size_t outputs_;
    std::vector<double> h_;  // output by output
};

template <VectorLoss L, Penalty P, Design D>
    requires(SeparablePenalty<P> || RowPenalty<P>)
class TargetsEngine {
    static_assert(L::shape == Shape::quadratic);

public:
    TargetsEngine(VectorPoint<L, D>& point, const P& penalty, const Limits& limits)
        : point_(point), penalty_(penalty), units_(penalty), limits_(limits), gram_(point.x) {
        gram_.reset(point.data.weights, false);
        if constexpr (SeparablePenalty<P>) {
            for (std::size_t k = 0; k < point.outputs; ++k) {
                solvers_.emplace_back(penalty, limits.gram_bytes / point.outputs);
            }
        } else {
            solvers_.emplace_back(penalty);
        }
    }

    /// Moves the point from the solution at previous to that at lambda.
    Step solve(double lambda, double previous, double target, double floor,
               const Context& context) {
        Step step;
        step.regime = Regime::working_set;
        double tolerance = std::max(floor, std::min(1e-3, target) * lambda);
        grow(strong_units(units_, point_.x, contained(), point_.g, point_.beta, lambda, previous),
             context);
        while (true) {
            step.iterations +=
                minimize(lambda, tolerance, limits_.max_iter - step.iterations, context);
            point_.refresh(context);
            const double free = free_gradient(units_, point_.g, lambda);
            step.gap = point_.gap(penalty_, lambda, free <= stationarity::certifiable * floor);
            if (step.gap <= target && free <= stationarity::exact * floor) return step;
            if (step.iterations >= limits_.max_iter) return step;
            const auto missed =
                violating_units(units_, point_.x, contained(), point_.g, lambda, tolerance);
            grow(missed, context);
            if (missed.empty()) {
                if (tolerance <= floor) return step;
                tolerance = std::max(floor, 0.1 * tolerance);
            }
        }
    }

    void finish(const Context&) {}
    double loss() const { return point_.mean_loss(); }

private:
    auto contained() const {
        return [this](std::size_t u) {
            return gram_.set().contains(units_.first(u) % point_.features());
        };
    }

    /// The features of these units, once each.
    void grow(const std::vector<std::size_t>& units, const Context& context) {
        std::vector<std::size_t> features;
        for (const std::size_t u : units) {
            units_.for_each(u, [&](std::size_t c) { features.push_back(c % point_.features()); });
        }
        std::sort(features.begin(), features.end());
        features.erase(std::unique(features.begin(), features.end()), features.end());
        gram_.add(features, context);
    }

    std::size_t minimize(double lambda, double tolerance, std::size_t max_rounds,
                         const Context& context) {
        std::size_t rounds = 0;
        if constexpr (SeparablePenalty<P>) {
            for (std::size_t k = 0; k < point_.outputs; ++k) {
                gram_.set_gradient(
                    ConstVector(point_.g).subspan(k * point_.features(), point_.features()));
                OutputModel<D> model(gram_, k, point_.features());
                const SolveOutcome outcome =
                    solvers_[k].solve(model, point_.beta, lambda, tolerance, max_rounds, context);
                rounds = std::max(rounds, outcome.rounds);
            }
        } else {
            TargetsModel<D> model(gram_, point_.outputs);
            model.set_gradient(point_.g, point_.features());
            rounds = solvers_[0]
                         .solve(model, point_.beta, lambda, tolerance, max_rounds, context)
                         .rounds;
        }
        return rounds;
    }

    VectorPoint<L, D>& point_;
    const P& penalty_;
    const Units<P> units_;
    const Limits limits_;
    GramModel<D> gram_;
    std::vector<InnerSolver<P>> solvers_;  // one an output, or one for all
};

}  // namespace shrinkage
