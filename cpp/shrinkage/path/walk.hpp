// Walks down the grid with any engine at any point: screens from the last solution, solves,
// certifies, records.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <utility>
#include <vector>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/path/approach.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/grid.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/problem.hpp"

namespace shrinkage {

/// What the walk asks of a point, whose coefficients lie output by output.
///   refresh_eta, settle_intercept, refresh_gradient, refresh
///                     bring eta, the intercept, g, and all of them up to date with beta
///   x, loss, data     the design, the loss, the weights that sum to one
///   rounding()        what rounding may leave of a null deviance that is zero
///   mean_target()     where the curvature of the loss is typical
template <typename T>
concept PathPoint = requires(T point, const Context context, ConstVector v) {
    point.refresh_eta(context);
    point.settle_intercept(context);
    point.refresh_gradient(context);
    point.refresh(context);
    { point.mean_loss() } -> std::same_as<double>;
    { point.mean_loss(v, v) } -> std::same_as<double>;
    { point.saturated(v) } -> std::same_as<double>;
    { point.rounding() } -> std::same_as<double>;
    { point.mean_target() } -> std::same_as<double>;
    { point.beta } -> std::same_as<std::vector<double>&>;
    { point.eta } -> std::same_as<std::vector<double>&>;
    { point.g } -> std::same_as<std::vector<double>&>;
    point.intercept;
    { point.data.weights } -> std::convertible_to<ConstVector>;
    { point.x.cols() } -> std::same_as<std::size_t>;
    { point.x.usable(std::size_t{0}) } -> std::same_as<bool>;
    { point.loss.curvature_scale(0.0, 0.0) } -> std::same_as<double>;
    { point.loss.shape } -> std::convertible_to<Shape>;
};

/// What the walk asks of an engine, which moves the point. It may have open(), which computes the
/// first gradient, and look_ahead(), which solves several lambdas together; that of a kinked loss
/// has dual_scale(), and its point v and data.y.
///   solve(lambda, previous, target, floor, context)
///               from the solution at previous to that at lambda; floor is where gradients round
///   finish      brings eta up to date
///   loss()      the mean loss at the point
template <typename E>
concept PathEngine = requires(E engine, double x, const Context context) {
    { engine.solve(x, x, x, x, context) } -> std::same_as<Step>;
    engine.finish(context);
    { engine.loss() } -> std::same_as<double>;
};

template <PathPoint T, PathEngine Engine, Penalty P>
class Walk {
public:
    /// Called with the coefficients of every fitted lambda, on the scale in which they are
    /// penalized, and with one intercept an output.
    using Recorder = std::function<void(ConstVector beta, ConstVector intercepts)>;

    template <typename L, typename D>
    Walk(const L& loss, const P& penalty, const D& x, const Data& data, const PathOptions& options,
         ConstVector held_out, const Context& context)
        : penalty_(penalty),
          options_(options),
          held_out_(held_out),
          context_(context),
          point_(loss, x, data),
          engine_(point_, penalty, options.limits) {}

    void start_at(ConstVector beta, ConstVector intercepts) {
        start_.assign(beta.begin(), beta.end());
        if constexpr (one_output) {
            start_intercept_ = intercepts[0];
        } else {
            start_intercept_.assign(intercepts.begin(), intercepts.end());
        }
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
    using Intercept = std::remove_cvref_t<decltype(std::declval<T&>().intercept)>;
    using Loss = std::remove_cvref_t<decltype(std::declval<T&>().loss)>;
    static constexpr bool one_output = std::is_same_v<Intercept, double>;
    static constexpr bool kinked = Loss::shape == Shape::kinked;

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
        null_deviance_ = std::max(point_.mean_loss() - saturated_, 0.0);
        result.null_deviance = null_deviance_;
        target_ = options_.tolerance * null_deviance_;
        double largest_gradient = 0.0;
        for (const double g : point_.g) largest_gradient = std::max(largest_gradient, std::abs(g));
        floor_ = 1e-13 * largest_gradient;
        // A deviance of rounding width is none: nothing is left to explain.
        flat_ = null_deviance_ <= point_.rounding() || largest_gradient == 0.0;
        if (!flat_) fit_free_coefficients();
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
        const std::vector<double> beta = std::exchange(point_.beta, start_);
        const Intercept intercept = std::exchange(point_.intercept, start_intercept_);
        point_.refresh(context_);
        if (!(objective() <= without)) {
            point_.beta = beta;
            point_.intercept = intercept;
            point_.refresh(context_);
        }
        // A start has the gradient of a smaller lambda.
        previous_ = std::min(previous_, penalty_.lambda_max(point_.g));
    }

    /// Unpenalized columns are in the model at every lambda, so lambda_max is seen from their fit.
    void fit_free_coefficients() {
        bool any = false;
        for (std::size_t c = 0; c < point_.beta.size(); ++c) {
            any = any || (penalty_.is_free(c, 1.0) && point_.x.usable(c % point_.x.cols()));
        }
        if (!any || penalty_.smooth(1.0)) return;
        double lambda = 10.0 * penalty_.lambda_max(point_.g);
        if (!(lambda > 0.0)) lambda = 1.0;
        engine_.solve(lambda, lambda, 1e-3 * target_, floor_, context_);
        engine_.finish(context_);
        // The dual point of a kinked loss is the engine's: the residuals do not determine it.
        if constexpr (!kinked) point_.refresh(context_);
    }

    std::vector<double> make_grid() const {
        if (flat_) return log_grid(1.0, options_.lambda_min_ratio, options_.n_lambdas);
        if (std::isinf(previous_)) {
            const double e = largest_eigenvalue(point_.x, point_.data.weights, context_) *
                             point_.loss.curvature_scale(point_.mean_target(), null_deviance_);
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
        approach_(lambda, previous_, 1e-9 * floor_ * 1e13, [&](double middle) {
            return engine_.solve(middle, previous_, enough, floor_, context_).gap <= enough;
        });
    }

    void note(PathResult& result, double lambda, const Step& step, const Recorder& record) {
        if (!held_out_.empty()) {
            engine_.finish(context_);
            result.scores.push_back(score());
        }
        const double loss = flat_ ? point_.mean_loss() : engine_.loss();
        const Certificate certificate = vouch(step);
        const std::size_t nonzero = n_nonzero();
        result.certificates.push_back(certificate);
        result.losses.push_back(loss);
        result.deviance_ratios.push_back(flat_ ? 0.0 : 1.0 - (loss - saturated_) / null_deviance_);
        result.n_iter.push_back(step.iterations);
        result.regimes.push_back(step.regime);
        result.n_nonzero.push_back(nonzero);
        if constexpr (one_output) {
            record(point_.beta, ConstVector(&point_.intercept, 1));
        } else {
            record(point_.beta, point_.intercept);
        }
        if constexpr (kinked) note_dual(result);
        if (context_.control != nullptr) {
            context_.control->report(lambda, certificate.value, nonzero);
        }
    }

    /// A gap counts relative to the null deviance.
    Certificate vouch(const Step& step) const {
        if (flat_) return {step.kind, 0.0, options_.tolerance};
        const double unit = step.kind == CertificateKind::gap ? null_deviance_ : 1.0;
        return {step.kind, step.gap / unit, options_.tolerance};
    }

    /// Features with a coefficient.
    std::size_t n_nonzero() const {
        const std::size_t features = point_.x.cols();
        std::size_t count = 0;
        for (std::size_t j = 0; j < features; ++j) {
            bool any = false;
            for (std::size_t c = j; c < point_.beta.size(); c += features) {
                any = any || point_.beta[c] != 0.0;
            }
            count += any;
        }
        return count;
    }

    /// With nothing to explain theta = 0 is optimal, unless the null model's has no gradient at
    /// all.
    void note_dual(PathResult& result) const {
        if (!held_out_.empty()) return;
        const double scale =
            flat_ ? (null_deviance_ > point_.rounding() ? 1.0 : 0.0) : engine_.dual_scale();
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
    T point_;
    Engine engine_;
    std::vector<double> start_;
    Intercept start_intercept_{};
    double saturated_ = 0.0, null_deviance_ = 0.0, target_ = 0.0, floor_ = 0.0, previous_ = 0.0;
    Approach approach_;
    bool flat_ = false;
};

}  // namespace shrinkage
