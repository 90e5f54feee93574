// Walks down the grid: screens from the last solution, solves, certifies, records.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/path/approach.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/grid.hpp"
#include "shrinkage/solver/newton/newton_engine.hpp"
#include "shrinkage/solver/pinball/quantile_engine.hpp"
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"

namespace shrinkage {

template <ScalarLoss L, SeparablePenalty P, Design D>
class PathDriver {
public:
    /// Called with the coefficients of every fitted lambda, on the scale in which they are
    /// penalized.
    using Recorder = std::function<void(ConstVector beta, double intercept)>;

    PathDriver(const L& loss, const P& penalty, const D& x, const Data& data,
               const PathOptions& options, ConstVector held_out, const Context& context)
        : penalty_(penalty),
          options_(options),
          held_out_(held_out),
          context_(context),
          point_(loss, x, data),
          engine_(point_, penalty, options.limits) {}

    void start_at(ConstVector beta, double intercept) {
        start_.assign(beta.begin(), beta.end());
        start_intercept_ = intercept;
    }

    /// Fills everything of the result but coefficients and intercepts, which go to the recorder.
    void run(PathResult& result, const Recorder& record) {
        begin(result);
        const std::vector<double> lambdas = result.lambdas;
        for (std::size_t k = 0; k < lambdas.size(); ++k) {
            context_.check();  // what was solved ahead is taken without work
            const double lambda = lambdas[k];
            if (flat_) {
                note(result, lambda, Step{}, record);
                continue;
            }
            approach(lambda);
            if constexpr (requires { &Engine::look_ahead; }) {
                engine_.look_ahead(ConstVector(lambdas).subspan(k), previous_, target_, floor_,
                                   context_);
            }
            const Step step = engine_.solve(lambda, previous_, target_, floor_, context_);
            previous_ = lambda;
            note(result, lambda, step, record);
        }
    }

private:
    static auto engine_for(const L&) {
        if constexpr (L::shape == Shape::quadratic) {
            return std::type_identity<QuadraticEngine<L, P, D>>{};
        } else if constexpr (L::shape == Shape::kinked) {
            return std::type_identity<QuantileEngine<L, P, D>>{};
        } else {
            return std::type_identity<NewtonEngine<L, P, D>>{};
        }
    }
    using Engine = typename decltype(engine_for(std::declval<const L&>()))::type;

    /// The null model, the grid, and the point from which the first lambda starts.
    void begin(PathResult& result) {
        point_.refresh_eta(context_);
        point_.settle_intercept(context_);
        if constexpr (requires { engine_.open(context_); }) {
            engine_.open(context_);
        } else {
            point_.refresh_gradient(context_);
        }
        // Nobody has looked at X before: what is not finite in a column is not in its gradient.
        if (!std::all_of(point_.g.begin(), point_.g.end(),
                         [](double g) { return std::isfinite(g); }))
            refuse_entries();
        saturated_ = point_.saturated(point_.data.weights);
        result.null_deviance = std::max(point_.mean_loss() - saturated_, 0.0);
        null_deviance_ = result.null_deviance;
        // A deviance of rounding width is none: nothing is left to explain.
        flat_ = null_deviance_ <= rounding();
        target_ = options_.tolerance * null_deviance_;
        double largest_gradient = 0.0;
        for (const double g : point_.g) largest_gradient = std::max(largest_gradient, std::abs(g));
        floor_ = 1e-13 * largest_gradient;
        flat_ = flat_ || largest_gradient == 0.0;
        if (!flat_) fit_free_columns();
        previous_ = flat_ ? 0.0 : penalty_.lambda_max(point_.g);
        result.lambdas = options_.lambdas.empty() ? make_grid() : options_.lambdas;
        if (!start_.empty() && !flat_) {
            take_start(result.lambdas.front());
        }
    }

    /// A start worse than none is left: it may lie where the loss is flat, or beyond numbers.
    void take_start(double lambda) {
        const auto objective = [&] {
            return point_.mean_loss() + penalty_.value(point_.beta, lambda);
        };
        const double without = objective();
        const std::vector<double> beta(point_.beta.begin(), point_.beta.end());
        const double intercept = std::exchange(point_.intercept, start_intercept_);
        std::copy(start_.begin(), start_.end(), point_.beta.begin());
        point_.refresh(context_);
        if (!(objective() <= without)) {
            std::copy(beta.begin(), beta.end(), point_.beta.begin());
            point_.intercept = intercept;
            point_.refresh(context_);
        }
        // A start has the gradient of a smaller lambda.
        previous_ = std::min(previous_, penalty_.lambda_max(point_.g));
    }

    /// What rounding may leave of a null deviance that is zero: the square of a residual's, or, as
    /// the losses of the exponential families cancel against the saturated ones, that of the loss.
    double rounding() const {
        double total = 0.0;
        for (std::size_t i = 0; i < point_.eta.size(); ++i) {
            const double w = point_.data.weights[i], y = point_.data.y[i], eta = point_.eta[i];
            if constexpr (L::shape == Shape::curved) {
                total += 1e-15 * point_.curvature[i] * (1.0 + std::abs(eta));
            } else {
                total += 1e-28 * w * (y * y + eta * eta);
            }
        }
        return total;
    }

    /// Unpenalized columns are in the model at every lambda, so lambda_max is seen from their fit.
    void fit_free_columns() {
        bool any = false;
        for (std::size_t j = 0; j < point_.beta.size(); ++j) {
            any = any || (penalty_.is_free(j, 1.0) && point_.x.usable(j));
        }
        if (!any || penalty_.smooth(1.0)) return;
        double lambda = 10.0 * penalty_.lambda_max(point_.g);
        if (!(lambda > 0.0)) lambda = 1.0;
        engine_.solve(lambda, lambda, 1e-3 * target_, floor_, context_);
        engine_.finish(context_);
        // The dual point of a kinked loss is the engine's: the residuals do not determine it.
        if constexpr (L::shape != Shape::kinked) point_.refresh(context_);
    }

    std::vector<double> make_grid() const {
        if (flat_) return log_grid(1.0, options_.lambda_min_ratio, options_.n_lambdas);
        if (std::isinf(previous_)) {
            const double mean_target = dot(point_.data.y, point_.data.weights);
            const double e = largest_eigenvalue(point_.x, point_.data.weights, context_) *
                             point_.loss.curvature_scale(mean_target, null_deviance_);
            // Without a typical curvature (counts that are all zero) there is no scale.
            const double unit = e > 0.0 ? e : 1.0;
            return log_grid(100.0 * unit, 1e-6 * unit, options_.n_lambdas);
        }
        // Unpenalized columns may explain all: what is left of the gradient is rounding then.
        const double largest = previous_ > 100.0 * floor_ ? previous_ : 1.0;
        return log_grid(largest, options_.lambda_min_ratio * largest, options_.n_lambdas);
    }

    /// Without kinks nothing is screened, and any lambda is near.
    void approach(double lambda) {
        if (penalty_.smooth(1.0)) return;
        const double enough = std::max(target_, 1e-3 * null_deviance_);
        approach_(lambda, previous_, 1e-9 * scale(), [&](double middle) {
            return engine_.solve(middle, previous_, enough, floor_, context_).gap <= enough;
        });
    }
    double scale() const { return floor_ * 1e13; }

    void note(PathResult& result, double lambda, const Step& step, const Recorder& record) {
        if (!held_out_.empty()) {
            engine_.finish(context_);
            result.scores.push_back(score());
        }
        const double loss = flat_ ? point_.mean_loss() : engine_.loss();
        const double gap = flat_ ? 0.0 : step.gap / null_deviance_;
        std::size_t nonzero = 0;
        for (const double b : point_.beta) nonzero += b != 0.0;
        result.gaps.push_back(gap);
        result.converged.push_back(gap <= options_.tolerance);
        result.losses.push_back(loss);
        result.deviance_ratios.push_back(flat_ ? 0.0 : 1.0 - (loss - saturated_) / null_deviance_);
        result.n_iter.push_back(step.iterations);
        result.regimes.push_back(step.regime);
        result.n_nonzero.push_back(nonzero);
        record(point_.beta, point_.intercept);
        if constexpr (L::shape == Shape::kinked) note_dual(result);
        if (context_.control != nullptr) {
            context_.control->report(lambda, gap, nonzero);
        }
    }

    /// With nothing to explain theta = 0 is optimal, unless the null model's has no gradient at
    /// all.
    void note_dual(PathResult& result) const {
        if (!held_out_.empty()) return;
        const double scale =
            flat_ ? (null_deviance_ > rounding() ? 1.0 : 0.0) : engine_.dual_scale();
        const double q = point_.loss.q;
        result.duals.add(point_.v, point_.data.weights, q - 1.0, q, scale);
    }

    double score() const {
        const double total = sum(held_out_);
        return 2.0 * (point_.mean_loss(point_.eta, held_out_) - point_.saturated(held_out_)) /
               total;
    }

    const P& penalty_;
    const PathOptions& options_;
    ConstVector held_out_;
    const Context& context_;
    Point<L, D> point_;
    Engine engine_;
    std::vector<double> start_;
    double start_intercept_ = 0.0;
    double saturated_ = 0.0, null_deviance_ = 0.0, target_ = 0.0, floor_ = 0.0, previous_ = 0.0;
    Approach approach_;
    bool flat_ = false;
};

}  // namespace shrinkage
