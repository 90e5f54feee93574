// Minimizes a quadratic plus a penalty on blocks: block coordinate descent finds which blocks are
// zero, Newton by conjugate gradients moves the others.
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

/// A quadratic restricted to a working set of blocks, seen through its negative gradient h. Vectors
/// over several blocks hold their entries one block after the other.
///   n_blocks()                 in the working set
///   block(i)                   which block of the penalty lies in place i
///   gradient(i, out)           h of block i
///   bend(i)                    at least the largest eigenvalue of the block's own curvature
///   move(i, delta)             block i += delta
///   curvature(places)          a function (d, out) that computes out = H d on those blocks
template <typename M>
concept BlockModel = requires(M m, std::size_t i, Indices places, ConstVector delta, Vector out) {
    { m.n_blocks() } -> std::same_as<std::size_t>;
    { m.block(i) } -> std::same_as<std::size_t>;
    m.gradient(i, out);
    { m.bend(i) } -> std::same_as<double>;
    m.move(i, delta);
    m.curvature(places)(delta, out);
};

template <BlockPenalty P>
class BlockSolver {
public:
    explicit BlockSolver(const P& penalty, std::size_t = 0) : penalty_(penalty) {}

    void forget() {}

    /// beta, all coefficients, is moved until every block's KKT distance is at most tolerance.
    template <BlockModel M>
    SolveOutcome solve(M& model, Vector beta, double lambda, double tolerance,
                       std::size_t max_rounds, const Context& context) {
        SolveOutcome outcome;
        double best = infinity;
        std::size_t since_best = 0;
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

    /// An active block: its place in the model, and where its entries begin.
    struct Active {
        std::size_t place, block, first, size;
    };

    /// The gradient of block i goes to h_, its coefficients to old_.
    template <BlockModel M>
    void load(M& model, std::size_t i, ConstVector beta) {
        const auto block = penalty_.block(model.block(i));
        h_.resize(block.size());
        old_.resize(block.size());
        new_.resize(block.size());
        model.gradient(i, h_);
        for (std::size_t k = 0; k < block.size(); ++k) old_[k] = beta[block[k]];
    }

    /// The blocks that descent runs over: what is active and what violates its condition.
    template <BlockModel M>
    void collect(M& model, ConstVector beta, double lambda, double tolerance) {
        list_.clear();
        worst_ = 0.0;
        for (std::size_t i = 0; i < model.n_blocks(); ++i) {
            if (model.bend(i) <= 0.0) continue;
            load(model, i, beta);
            const double d = penalty_.block_kkt_distance(model.block(i), h_, old_, lambda);
            worst_ = std::max(worst_, d);
            const bool active =
                std::any_of(old_.begin(), old_.end(), [](double b) { return b != 0.0; });
            if (d > tolerance || active) list_.push_back(i);
        }
    }

    /// Each block minimizes the model with its own part replaced by bend(i) I, a majorizer.
    template <BlockModel M>
    void descend(M& model, Vector beta, double lambda, const Context& context) {
        for (const std::size_t i : list_) {
            context.check();
            load(model, i, beta);
            const double a = model.bend(i);
            for (std::size_t k = 0; k < h_.size(); ++k) h_[k] = old_[k] + h_[k] / a;
            penalty_.block_prox(model.block(i), h_, 1.0 / a, lambda, new_);
            put(model, i, beta);
        }
    }

    /// Block i, now at old_, gets the values new_.
    template <BlockModel M>
    void put(M& model, std::size_t i, Vector beta) {
        bool moved = false;
        const auto block = penalty_.block(model.block(i));
        for (std::size_t k = 0; k < new_.size(); ++k) {
            beta[block[k]] = new_[k];
            new_[k] -= old_[k];
            moved = moved || new_[k] != 0.0;
        }
        if (moved) model.move(i, new_);
    }

    /// Newton on the entries along which the penalty is smooth, by conjugate gradients with the
    /// diagonal as preconditioner; backtracks until the objective falls.
    template <BlockModel M>
    void newton(M& model, Vector beta, double lambda, double tolerance, const Context& context) {
        activate(model, beta, lambda);
        if (active_.empty()) return;
        std::vector<std::size_t> places;
        for (const Active& a : active_) places.push_back(a.place);
        const auto curvature = model.curvature(places);
        const auto apply = [&](ConstVector d, Vector out) {
            curvature(d, out);
            for (const Active& a : active_) {
                penalty_.add_block_curvature(a.block, part(b_, a), part(d, a), lambda,
                                             out.subspan(a.first, a.size));
            }
            for (std::size_t i = 0; i < out.size(); ++i) {
                if (!moves_[i]) out[i] = 0.0;
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

    /// The blocks with an entry that Newton may move: their coefficients, gradients and residuals.
    template <BlockModel M>
    void activate(M& model, ConstVector beta, double lambda) {
        active_.clear();
        moves_.clear();
        gradient_.clear();
        b_.clear();
        for (std::size_t i = 0; i < model.n_blocks(); ++i) {
            if (model.bend(i) <= 0.0) continue;
            load(model, i, beta);
            const Active a{i, model.block(i), b_.size(), old_.size()};
            for (std::size_t k = 0; k < a.size; ++k) {
                moves_.push_back(!penalty_.block_kinked(a.block, k, old_, lambda));
            }
            const auto entries = moves_.begin() + static_cast<std::ptrdiff_t>(a.first);
            if (std::none_of(entries, moves_.end(), [](char moves) { return moves != 0; })) {
                moves_.erase(entries, moves_.end());
                continue;
            }
            active_.push_back(a);
            b_.insert(b_.end(), old_.begin(), old_.end());
            gradient_.insert(gradient_.end(), h_.begin(), h_.end());
        }
        residual_ = gradient_;
        for (const Active& a : active_) {
            penalty_.add_block_slope(a.block, part(b_, a), lambda, -1.0,
                                     Vector(residual_).subspan(a.first, a.size));
        }
        for (std::size_t i = 0; i < residual_.size(); ++i) {
            if (!moves_[i]) residual_[i] = 0.0;
        }
    }

    template <BlockModel M, typename Apply>
    void conjugate_gradients(M& model, const Apply& apply, double goal, double lambda,
                             const Context& context) {
        const std::size_t n = residual_.size();
        std::vector<double> scale(n), z(n), direction(n), image(n);
        for (const Active& a : active_) {
            const double d =
                model.bend(a.place) + penalty_.block_bend(a.block, part(b_, a), lambda);
            std::fill_n(scale.begin() + static_cast<std::ptrdiff_t>(a.first), a.size, 1.0 / d);
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

    /// Halves step_ until the quadratic plus the penalty falls.
    template <BlockModel M>
    void search(M& model, Vector beta, double lambda, ConstVector slope, const Context& context) {
        const double fall = dot(slope, step_);
        if (!(fall > 0.0)) return;
        const double bend = dot(step_, image_);
        const double linear = dot(gradient_, step_);
        double t = 1.0;
        for (const Active& a : active_) {
            t = std::min(t, penalty_.block_reach(a.block, part(b_, a), part(step_, a)));
        }
        const bool cut = t < 1.0;  // an entry stops at its bound
        for (int halvings = 0; halvings < 30; ++halvings, t *= 0.5) {
            context.check();
            double change = -t * linear + 0.5 * t * t * bend;
            double magnitude = 0.0;
            for (const Active& a : active_) {
                trial(a, t, cut, lambda);
                for (std::size_t k = 0; k < a.size; ++k) new_[k] -= b_[a.first + k];
                change += penalty_.block_change(a.block, part(b_, a), new_, lambda);
                zero_.assign(a.size, 0.0);
                magnitude += penalty_.block_change(a.block, zero_, part(b_, a), lambda);
            }
            if (change <= -1e-4 * t * fall + 1e-16 * magnitude) break;
            if (halvings == 29) return;
        }
        for (const Active& a : active_) {
            old_.assign(part(b_, a).begin(), part(b_, a).end());
            trial(a, t, cut, lambda);
            put(model, a.place, beta);
        }
    }

    /// new_ = b + t step of one block, put onto the bound that it meets.
    void trial(const Active& a, double t, bool cut, double lambda) {
        new_.resize(a.size);
        for (std::size_t k = 0; k < a.size; ++k) {
            new_[k] = b_[a.first + k] + t * step_[a.first + k];
        }
        if (!cut) return;
        inside_ = new_;
        penalty_.block_prox(a.block, inside_, 0.0, lambda, new_);
    }

    static ConstVector part(ConstVector of, const Active& a) { return of.subspan(a.first, a.size); }
    static double norm(ConstVector v) { return std::sqrt(dot(v, v)); }

    const P& penalty_;
    double worst_ = 0.0;
    std::vector<std::size_t> list_;
    std::vector<double> h_, old_, new_, inside_, zero_;  // of one block
    std::vector<Active> active_;
    std::vector<char> moves_;                                     // by entry of the active blocks
    std::vector<double> gradient_, b_, residual_, step_, image_;  // likewise
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
    using type = BlockSolver<P>;
};
template <Penalty P>
using InnerSolver = typename InnerSolverOf<P>::type;

}  // namespace shrinkage
