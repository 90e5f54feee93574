// Walks down the grid with several outputs per observation: as PathDriver does with one.
#pragma once

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "shrinkage/path/approach.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/grid.hpp"
#include "shrinkage/solver/newton/softmax_engine.hpp"
#include "shrinkage/solver/quadratic/targets_engine.hpp"

namespace shrinkage {

template <VectorLoss L, Penalty P, Design D>
class VectorDriver {
public:
    /// Called with the coefficients of every fitted lambda, on the scale in which they are
    /// penalized, output by output.
    using Recorder = std::function<void(ConstVector beta, ConstVector intercepts)>;

    VectorDriver(const L& loss, const P& penalty, const D& x, const Data& data,
                 const PathOptions& options, ConstVector held_out, const Context& context)
        : penalty_(penalty),
          options_(options),
          held_out_(held_out),
          context_(context),
          point_(loss, x, data),
          engine_(point_, penalty, options.limits) {}

    void start_at(ConstVector beta, ConstVector intercepts) {
        start_.assign(beta.begin(), beta.end());
        start_intercepts_.assign(intercepts.begin(), intercepts.end());
    }

    /// Fills everything of the result but coefficients and intercepts, which go to the recorder.
    void run(PathResult& result, const Recorder& record) {
        begin(result);
        for (const double lambda : result.lambdas) {
            Step step;
            if (!flat_) {
                approach(lambda);
                step = engine_.solve(lambda, previous_, target_, floor_, context_);
                previous_ = lambda;
            }
            note(result, lambda, step, record);
        }
    }

private:
    using Engine = std::conditional_t<L::shape == Shape::quadratic, TargetsEngine<L, P, D>,
                                      SoftmaxEngine<L, P, D>>;

    /// The null model, the grid, and the point from which the first lambda starts.
    void begin(PathResult& result) {
        point_.refresh(context_);
        saturated_ = point_.saturated(point_.data.weights);
        null_deviance_ = std::max(point_.mean_loss() - saturated_, 0.0);
        result.null_deviance = null_deviance_;
        target_ = options_.tolerance * null_deviance_;
        double largest = 0.0;
        for (const double g : point_.g) largest = std::max(largest, std::abs(g));
        floor_ = 1e-13 * largest;
        // A deviance of rounding width is none: nothing is left to explain.
        flat_ = null_deviance_ <= 1e-28 * level() || largest == 0.0;
        if (!flat_) fit_free_rows();
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
        const auto beta = std::exchange(point_.beta, start_);
        const auto intercepts = std::exchange(point_.intercept, start_intercepts_);
        point_.refresh(context_);
        if (!(objective() <= without)) {
            point_.beta = beta;
            point_.intercept = intercepts;
            point_.refresh(context_);
        }
        // A start has the gradient of a smaller lambda.
        previous_ = std::min(previous_, penalty_.lambda_max(point_.g));
    }

    /// The square of the targets' level, against which a deviance may be rounding.
    double level() const {
        double total = 0.0;
        for (std::size_t i = 0; i < point_.rows(); ++i) {
            const ConstVector y = point_.target(i);
            const ConstVector e = point_.predictor(i, point_.eta);
            total += point_.data.weights[i] * (dot(y, y) + dot(e, e));
        }
        return total;
    }

    /// Unpenalized features are in the model at every lambda, so lambda_max is seen from their fit.
    void fit_free_rows() {
        const Units<P> units(penalty_, point_.features());
        bool any = false;
        for (std::size_t u = 0; u < units.size(); ++u) {
            any = any || (units.is_free(u, 1.0) && point_.x.usable(units.feature(u)));
        }
        if (!any || penalty_.smooth(1.0)) return;
        double lambda = 10.0 * penalty_.lambda_max(point_.g);
        if (!(lambda > 0.0)) lambda = 1.0;
        engine_.solve(lambda, lambda, 1e-3 * target_, floor_, context_);
        point_.refresh(context_);
    }

    std::vector<double> make_grid() const {
        if (flat_) return log_grid(1.0, options_.lambda_min_ratio, options_.n_lambdas);
        if (std::isinf(previous_)) {
            const double e = largest_eigenvalue(point_.x, point_.data.weights, context_) *
                             point_.loss.curvature_scale(0.0, null_deviance_);
            return log_grid(100.0 * e, 1e-6 * e, options_.n_lambdas);
        }
        // Unpenalized features may explain all: what is left of the gradient is rounding then.
        const double largest = previous_ > 100.0 * floor_ ? previous_ : 1.0;
        return log_grid(largest, options_.lambda_min_ratio * largest, options_.n_lambdas);
    }

    /// Without kinks nothing is screened, and any lambda is near.
    void approach(double lambda) {
        if (penalty_.smooth(1.0)) return;
        const double enough = std::max(target_, 1e-3 * null_deviance_);
        approach_(lambda, previous_, 1e-9 * floor_ * 1e13, [&](double middle) {
            return engine_.solve(middle, previous_, enough, floor_, context_).gap <= enough;
        });
    }

    void note(PathResult& result, double lambda, const Step& step, const Recorder& record) {
        const double loss = point_.mean_loss();
        const double gap = flat_ ? 0.0 : step.gap / null_deviance_;
        std::size_t nonzero = 0;
        for (std::size_t j = 0; j < point_.features(); ++j) {
            bool any = false;
            for (std::size_t c = j; c < point_.beta.size(); c += point_.features()) {
                any = any || point_.beta[c] != 0.0;
            }
            nonzero += any;
        }
        if (!held_out_.empty()) {
            result.scores.push_back(
                2.0 * (point_.mean_loss(point_.eta, held_out_) - point_.saturated(held_out_)) /
                sum(held_out_));
        }
        result.gaps.push_back(gap);
        result.converged.push_back(gap <= options_.tolerance);
        result.losses.push_back(loss);
        result.deviance_ratios.push_back(flat_ ? 0.0 : 1.0 - (loss - saturated_) / null_deviance_);
        result.n_iter.push_back(step.iterations);
        result.regimes.push_back(step.regime);
        result.n_nonzero.push_back(nonzero);
        record(point_.beta, point_.intercept);
        if (context_.control != nullptr) context_.control->report(lambda, gap, nonzero);
    }

    const P& penalty_;
    const PathOptions& options_;
    ConstVector held_out_;
    const Context& context_;
    VectorPoint<L, D> point_;
    Engine engine_;
    std::vector<double> start_, start_intercepts_;
    double saturated_ = 0.0, null_deviance_ = 0.0, target_ = 0.0, floor_ = 0.0, previous_ = 0.0;
    Approach approach_;
    bool flat_ = false;
};

}  // namespace shrinkage
