// Minimizes a quadratic plus a penalty that has no parts by accelerated proximal steps with
// restarts (Beck & Teboulle 2009; O'Donoghue & Candes 2015).
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/quadratic_model.hpp"

namespace shrinkage {

/// A quadratic restricted to a working set, as QuadraticModel, of which products are asked.
///   diagonal(k)                       G_kk
///   product(slots, d, context, out)   out = G(slots, slots) d
template <typename M>
concept ProductModel =
    requires(M m, std::size_t k, Indices slots, ConstVector v, Vector out, const Context context) {
        { m.size() } -> std::same_as<std::size_t>;
        { m.feature(k) } -> std::same_as<std::size_t>;
        { m.diagonal(k) } -> std::same_as<double>;
        { m.gradient(k) } -> std::same_as<double>;
        m.move(slots, v, context);
        m.product(slots, v, context, out);
    };

/// What a solve took, and whether it reached its tolerance.
struct ProximalOutcome {
    std::size_t rounds = 0;
    bool converged = false;
};

template <WholePenalty P>
class ProximalSolver {
public:
    explicit ProximalSolver(const P& penalty) : penalty_(penalty) {}

    /// The model's curvature changed.
    void forget() { bend_ = 0.0; }

    /// beta is moved on the working set until the least residual that a step shows is at most
    /// tolerance; a round is steps_per_round steps.
    template <ProductModel M>
    ProximalOutcome solve(M& model, Vector beta, double lambda, double tolerance,
                          std::size_t max_rounds, const Context& context) {
        begin(model, beta, context);
        ProximalOutcome outcome;
        while (!outcome.converged && outcome.rounds < max_rounds) {
            ++outcome.rounds;
            for (int i = 0; i < steps_per_round && !outcome.converged; ++i) {
                context.check();
                outcome.converged = step(model, lambda, context) <= tolerance;
            }
            // Rounding only is left where the objective's digits are used up.
            if (since_best_ > patience) break;
        }
        finish(model, beta, context);
        return outcome;
    }

private:
    static constexpr int steps_per_round = 20;
    static constexpr int patience = 2000;  // steps without a smaller residual

    template <ProductModel M>
    void begin(M& model, ConstVector beta, const Context& context) {
        const std::size_t n = model.size();
        slots_.resize(n);
        columns_.resize(n);
        metric_.resize(n);
        for (auto* v : {&start_, &x_, &y_, &h_, &hy_}) v->resize(n);
        for (auto* v : {&moved_, &next_, &change_, &image_}) v->resize(n);
        for (std::size_t k = 0; k < n; ++k) {
            slots_[k] = k;
            columns_[k] = model.feature(k);
            metric_[k] = penalty_.metric(columns_[k]);
            start_[k] = beta[columns_[k]];
            h_[k] = model.gradient(k);
        }
        x_ = y_ = start_;
        hy_ = h_;
        speed_ = 1.0;
        least_ = infinity;
        since_best_ = 0;
        if (bend_ == 0.0 || n != known_) estimate_bend(model, context);
        known_ = n;
    }

    /// The largest eigenvalue of M^-1/2 G M^-1/2 by the power method; a step that finds a larger
    /// one mends it.
    template <ProductModel M>
    void estimate_bend(M& model, const Context& context) {
        const std::size_t n = slots_.size();
        bend_ = 0.0;
        for (std::size_t k = 0; k < n; ++k) {
            bend_ = std::max(bend_, model.diagonal(k) / metric_[k]);
            change_[k] = 1.0 + 0.1 * static_cast<double>(k % 7);
        }
        for (int i = 0; i < 12 && n > 1; ++i) {
            model.product(slots_, change_, context, image_);
            double size = 0.0, along = 0.0, square = 0.0;
            for (std::size_t k = 0; k < n; ++k) {
                along += change_[k] * image_[k];
                square += metric_[k] * change_[k] * change_[k];
                image_[k] /= metric_[k];
                size = std::max(size, std::abs(image_[k]));
            }
            if (!(size > 0.0)) break;
            bend_ = std::max(bend_, along / square);
            for (std::size_t k = 0; k < n; ++k) change_[k] = image_[k] / size;
        }
        if (!(bend_ > 0.0)) bend_ = 1.0;  // nothing bends: any step
        bend_ *= 1.02;
    }

    /// One accelerated step; returns the largest entry of a subgradient at x_ less the gradient.
    template <ProductModel M>
    double step(M& model, double lambda, const Context& context) {
        advance(model, lambda, context);
        double residual = 0.0, uphill = 0.0;
        for (std::size_t k = 0; k < x_.size(); ++k) {
            residual = std::max(residual, std::abs(bend_ * metric_[k] * change_[k] - image_[k]));
            uphill -= metric_[k] * change_[k] * (next_[k] - x_[k]);
        }
        const double previous = speed_;
        speed_ = uphill > 0.0 ? 1.0 : 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * speed_ * speed_));
        const double momentum = uphill > 0.0 ? 0.0 : (previous - 1.0) / speed_;
        for (std::size_t k = 0; k < x_.size(); ++k) {
            const double h = hy_[k] - image_[k];
            y_[k] = next_[k] + momentum * (next_[k] - x_[k]);
            hy_[k] = h + momentum * (h - h_[k]);
            x_[k] = next_[k];
            h_[k] = h;
        }
        since_best_ = residual < least_ ? 0 : since_best_ + 1;
        least_ = std::min(least_, residual);
        return residual;
    }

    /// next_ = prox at y_, change_ = next_ - y_, image_ = G change_, with bend_ large enough.
    template <ProductModel M>
    void advance(M& model, double lambda, const Context& context) {
        while (true) {
            for (std::size_t k = 0; k < y_.size(); ++k) {
                moved_[k] = y_[k] + hy_[k] / (bend_ * metric_[k]);
            }
            penalty_.prox(columns_, moved_, 1.0 / bend_, lambda, next_);
            double square = 0.0;
            for (std::size_t k = 0; k < y_.size(); ++k) {
                change_[k] = next_[k] - y_[k];
                square += metric_[k] * change_[k] * change_[k];
            }
            model.product(slots_, change_, context, image_);
            const double along = dot(change_, image_);
            if (!(along > bend_ * square * (1.0 + 1e-10))) return;
            bend_ = 1.05 * along / square;
        }
    }

    template <ProductModel M>
    void finish(M& model, Vector beta, const Context& context) {
        for (std::size_t k = 0; k < x_.size(); ++k) {
            beta[columns_[k]] = x_[k];
            change_[k] = x_[k] - start_[k];
        }
        model.move(slots_, change_, context);
    }

    const P& penalty_;
    double bend_ = 0.0;
    std::size_t known_ = 0;  // columns for which it was estimated
    double speed_ = 1.0, least_ = infinity;
    int since_best_ = 0;
    std::vector<std::size_t> slots_, columns_;
    std::vector<double> metric_, start_;
    std::vector<double> x_, h_;                          // the point, its negative gradient
    std::vector<double> y_, hy_;                         // the point ahead of it, likewise
    std::vector<double> moved_, next_, change_, image_;  // of a step
};

}  // namespace shrinkage
