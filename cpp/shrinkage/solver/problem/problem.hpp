// What every engine works on: the data of a problem, its current point, and what follows from it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/design/design.hpp"
#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/loss/batch.hpp"
#include "shrinkage/loss/loss.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/solver/problem/certificate.hpp"

namespace shrinkage {

/// (1 / sum w) sum w l(y, offset + b + X~ beta); weights sum to one, an empty offset means zeros.
struct Data {
    ConstVector y;
    ConstVector weights;
    ConstVector offset;
    bool intercept = true;
};

/// Which algorithm fitted a lambda.
enum class Regime {
    null,
    gram,
    working_set,
    residual,
    newton,
    newton_residual,
    interior_point,
    block,
    proximal
};

inline const char* regime_name(Regime regime) {
    switch (regime) {
        case Regime::null: return "null";
        case Regime::gram: return "gram";
        case Regime::working_set: return "working_set";
        case Regime::residual: return "residual";
        case Regime::newton: return "newton";
        case Regime::newton_residual: return "newton_residual";
        case Regime::interior_point: return "interior_point";
        case Regime::block: return "block";
        case Regime::proximal: return "proximal";
    }
    return "";
}

/// What one lambda took, and what vouches for it.
struct Step {
    double gap = 0.0;  // absolute; a distance from stationary is relative to lambda_max
    CertificateKind kind = CertificateKind::gap;
    std::size_t iterations = 0;
    Regime regime = Regime::null;
};

struct Limits {
    std::size_t max_iter = 1000;  // rounds at one lambda
    std::size_t gram_bytes = std::size_t{1} << 28;
    bool allow_full_gram = true;
};

/// A point (b, beta) with eta, v = -w l'(eta) and g = X~'v.
template <ScalarLoss L, Design D>
class Point {
public:
    Point(const L& of_loss, const D& design, const Data& of_data)
        : loss(of_loss),
          x(design),
          data(of_data),
          beta(x.cols(), 0.0),
          eta(x.rows(), 0.0),
          v(x.rows(), 0.0),
          curvature(L::shape == Shape::quadratic ? 0 : x.rows(), 0.0),
          g(x.cols(), 0.0) {}

    /// eta, v and g from b and beta, with the intercept made stationary.
    void refresh(const Context& context) {
        refresh_eta(context);
        settle_intercept(context);
        refresh_gradient(context);
    }
    void refresh_eta(const Context& context) {
        fresh_ = false;
        if (data.offset.empty()) {
            std::fill(eta.begin(), eta.end(), intercept);
        } else {
            for (std::size_t i = 0; i < eta.size(); ++i) eta[i] = data.offset[i] + intercept;
        }
        support.clear();
        values.clear();
        for (std::size_t j = 0; j < beta.size(); ++j) {
            if (beta[j] == 0.0) continue;
            support.push_back(j);
            values.push_back(beta[j]);
        }
        x.add_columns(support, values, context, eta);
    }
    void refresh_gradient(const Context& context) { x.transposed_product(v, context, g); }

    /// One-dimensional Newton on b, guarded by a bracket, until the slope is at most tolerance or
    /// rounding; leaves v at the result.
    void settle_intercept(const Context& context, double tolerance = 0.0) {
        if (!fresh_) evaluate(context);
        settled_ = true;
        if (!data.intercept) return;
        if constexpr (L::shape == Shape::kinked) return settle_at_quantile();
        double below = -infinity;
        double above = infinity;
        // Newton overshoots where the loss is flat: until the root is enclosed steps are limited.
        double limit = L::shape == Shape::quadratic ? infinity : 4.0 * unit();
        double last = infinity;
        // A line is solved at once: what a few steps leave of it is rounding, and stays.
        constexpr int most = L::shape == Shape::quadratic ? 16 : 200;
        for (int iteration = 0; iteration < most; ++iteration) {
            context.check();
            const double slope = totals_.v;
            if (std::abs(slope) <= std::max(1e-15 * totals_.size, tolerance)) return;
            (slope > 0.0 ? below : above) = 0.0;
            double step = slope / (L::shape == Shape::quadratic ? 1.0 : totals_.curvature);
            // Far out on an exponential Newton creeps by steps of 1: then the limit sets the pace,
            // and halves of the bracket where a step is not half the last.
            const bool slow = iteration >= 16;
            if (std::isinf(slope > 0.0 ? above : below)) {
                if (slow || !(std::abs(step) <= limit)) {
                    step = std::copysign(limit, slope);
                    limit *= 2.0;
                }
            } else if (!(step > below && step < above) || (slow && std::abs(step) > 0.5 * last)) {
                step = 0.5 * (below + above);
            }
            last = std::abs(step);
            shift(step);
            below -= step;
            above -= step;
            evaluate(context);
            if (last <= 1e-15 * (unit() + std::abs(intercept))) return;
        }
        settled_ = false;
    }
    /// The same for a loss whose slope jumps at y: b is a weighted quantile of the residuals
    /// (Koenker & Bassett 1978), and those that it makes zero share the slope that balances the
    /// others.
    void settle_at_quantile() {
        std::vector<double> residual(eta.size());
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < eta.size(); ++i) {
            residual[i] = data.y[i] - eta[i];
            if (data.weights[i] > 0.0) order.push_back(i);
        }
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return residual[a] < residual[b]; });
        const double q = -loss.gradient(0.0, -1.0);
        double below = 0.0;
        std::size_t k = 0;
        while (k + 1 < order.size() && below + data.weights[order[k]] < q)
            below += data.weights[order[k++]];
        const double step = residual[order[k]];
        double tied = 0.0;
        for (const std::size_t i : order) {
            if (residual[i] == step) tied += data.weights[i];
            v[i] = data.weights[i] * (residual[i] < step ? q - 1.0 : q);
        }
        double rest = 0.0;
        for (const std::size_t i : order) rest += residual[i] == step ? 0.0 : v[i];
        for (const std::size_t i : order) {
            if (residual[i] == step) v[i] = -rest * (data.weights[i] / tied);
        }
        shift(step);
    }

    /// v and, unless it is the same everywhere, the curvature w l'' at eta. A batch brings the mean
    /// loss for little, and it is asked for next.
    void evaluate(const Context& context) { pass<BatchLoss<L>>(context); }
    /// The same, and the mean loss beside it, unless they are known.
    double evaluate_loss(const Context& context) {
        if (!fresh_ || std::isnan(totals_.loss)) pass<true>(context);
        return totals_.loss;
    }
    /// Evaluates by blocks of rows while eta changes: so many blocks, each of them once, by any
    /// thread, then the end.
    void begin_rows(std::size_t n_blocks) { partial_.assign(n_blocks, {}); }
    void evaluate_rows(std::size_t block, std::size_t first, std::size_t count) {
        partial_[block] = pass_block<BatchLoss<L>>(first, count);
    }
    void end_rows() { add_up(BatchLoss<L>); }
    /// The slope of the loss in the intercept, with its sign turned.
    double pull() const { return totals_.v; }
    double total_curvature() const { return totals_.curvature; }
    /// eta was changed from outside.
    void touch() { fresh_ = false; }

    void shift(double step) {
        intercept += step;
        for (double& e : eta) e += step;
        fresh_ = false;
    }

    double mean_loss() const {
        const bool known = fresh_ && !std::isnan(totals_.loss);
        return known ? totals_.loss : mean_loss(eta, data.weights);
    }
    double mean_loss(ConstVector at, ConstVector weights) const {
        if constexpr (BatchLoss<L>) return batch::loss(loss, {data.y, weights, at});
        double total = 0.0;
        for (std::size_t i = 0; i < at.size(); ++i) {
            if (weights[i] > 0.0) total += weights[i] * loss.value(data.y[i], at[i]);
        }
        return total;
    }
    double saturated(ConstVector weights) const {
        double total = 0.0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (weights[i] > 0.0) total += weights[i] * loss.saturated(data.y[i]);
        }
        return total;
    }
    /// What rounding may leave of a null deviance that is zero: the square of a residual's, or, as
    /// the losses of the exponential families cancel against the saturated ones, that of the loss.
    double rounding() const {
        double total = 0.0;
        for (std::size_t i = 0; i < eta.size(); ++i) {
            if constexpr (L::shape == Shape::curved) {
                total += 1e-15 * curvature[i] * (1.0 + std::abs(eta[i]));
            } else {
                total += 1e-28 * data.weights[i] * (data.y[i] * data.y[i] + eta[i] * eta[i]);
            }
        }
        return total;
    }
    double mean_target() const { return dot(data.y, data.weights); }
    template <Penalty P>
    double gap(const P& penalty, double lambda, bool stationary) const {
        return duality_gap(penalty, g, beta, lambda, stationary && settled_, [this](double s) {
            return fenchel_young(loss, data.y, data.weights, eta, s);
        });
    }

    /// Changes places with a point of the same problem.
    void swap(Point& other) {
        beta.swap(other.beta);
        std::swap(intercept, other.intercept);
        for (const auto part :
             {&Point::eta, &Point::v, &Point::curvature, &Point::g, &Point::values}) {
            (this->*part).swap(other.*part);
        }
        support.swap(other.support);
        std::swap(settled_, other.settled_);
        std::swap(fresh_, other.fresh_);
        std::swap(totals_, other.totals_);
    }
    /// Becomes equal to another point of the same problem, but for the gradient.
    void follow(const Point& other) {
        beta = other.beta;
        intercept = other.intercept;
        eta = other.eta;
        v = other.v;
        curvature = other.curvature;
        support = other.support;
        values = other.values;
        settled_ = other.settled_;
        fresh_ = other.fresh_;
        totals_ = other.totals_;
    }

    const L& loss;
    const D& x;
    const Data data;
    std::vector<double> beta;
    double intercept = 0.0;
    std::vector<double> eta, v, curvature, g;
    std::vector<std::size_t> support;  // of beta, as of the last refresh of eta
    std::vector<double> values;

private:
    template <bool with_value>
    void pass(const Context& context) {
        constexpr std::size_t block = 4096;                   // rows per task
        constexpr double flops = BatchLoss<L> ? 10.0 : 40.0;  // about what a row costs
        const std::size_t n_blocks = (eta.size() + block - 1) / block;
        partial_.assign(n_blocks, {});
        const auto work = [&](std::size_t task) {
            const std::size_t first = task * block, count = std::min(eta.size() - first, block);
            partial_[task] = pass_block<with_value>(first, count);
        };
        parallel_for(n_blocks, context.threads_for(flops * static_cast<double>(eta.size())), work);
        add_up(with_value);
    }
    void add_up(bool with_value) {
        totals_ = {};
        for (const Totals& part : partial_) totals_ += part;
        if (!with_value) totals_.loss = std::numeric_limits<double>::quiet_NaN();
        fresh_ = true;
    }
    template <bool with_value>
    Totals pass_block(std::size_t first, std::size_t count) {
        if constexpr (BatchLoss<L>) {
            const Observations block{data.y.subspan(first, count),
                                     data.weights.subspan(first, count),
                                     ConstVector(eta).subspan(first, count)};
            return batch::expand(loss, block, Vector(v).subspan(first, count),
                                 Vector(curvature).subspan(first, count));
        }
        Totals totals;
        for (std::size_t i = first; i < first + count; ++i) {
            const double w = data.weights[i];
            const double y = data.y[i];
            const double at = eta[i];
            v[i] = w > 0.0 ? -w * loss.gradient(y, at) : 0.0;
            if constexpr (L::shape != Shape::quadratic) {
                curvature[i] = w > 0.0 ? w * loss.curvature(y, at) : 0.0;
                totals.curvature += curvature[i];
            }
            if constexpr (with_value) {
                if (w > 0.0) totals.loss += w * loss.value(y, at);
            }
        }
        totals.v = sum(ConstVector(v).subspan(first, count));
        for (std::size_t i = first; i < first + count; ++i) totals.size += std::abs(v[i]);
        return totals;
    }

    /// What eta is measured in: the targets' own unit where the loss has one.
    double unit() const {
        if constexpr (requires { loss.delta; }) return loss.delta;
        return 1.0;
    }

    bool settled_ = false;  // the intercept is stationary, or there is none
    bool fresh_ = false;    // v and the curvature belong to eta
    Totals totals_;         // at eta as well; the loss is NaN where it was not asked for
    std::vector<Totals> partial_;
};

/// The largest gradient of a coefficient that nothing holds back: such columns have to be
/// stationary before a gap means anything.
template <SeparablePenalty P>
double free_gradient(const P& penalty, ConstVector g, double lambda) {
    double largest = 0.0;
    if (!penalty.may_be_free(lambda)) return largest;
    for (std::size_t j = 0; j < g.size(); ++j) {
        if (penalty.unheld(j, g[j], lambda)) largest = std::max(largest, std::abs(g[j]));
    }
    return largest;
}

/// How far the free columns are from stationary, in units of the floor (1e-13 of the largest
/// gradient of the null model): up to `exact` a fit is done, beyond `certifiable` its gap, which
/// errs by about this distance, would be wrong by more than rounding.
namespace stationarity {
inline constexpr double exact = 1e3;
inline constexpr double certifiable = 1e4;
}  // namespace stationarity

}  // namespace shrinkage
