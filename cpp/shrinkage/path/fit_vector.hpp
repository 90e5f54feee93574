// The path driver with several outputs, on one kind of design.
#pragma once

#include <algorithm>
#include <type_traits>
#include <variant>
#include <vector>

#include "shrinkage/design/dense.hpp"
#include "shrinkage/loss/any_vector_loss.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/ridge_reduction.hpp"
#include "shrinkage/path/vector_driver.hpp"
#include "shrinkage/penalty/block/row_group.hpp"

namespace shrinkage {

template <ScaledDesign D>
struct VectorSetting {
    const PathInput& input;
    const PathOptions& options;
    const Context& context;
    const D& x;
    Data data;
    std::vector<double> factors;  // by feature
    std::size_t outputs;
};

/// Stores the coefficients of one lambda on the original scale; in a symmetric loss the intercepts
/// sum to zero.
template <VectorLoss L, ScaledDesign D>
void store(const L& loss, ConstVector beta, ConstVector intercepts, const D& x, bool intercept,
           PathResult& result) {
    std::vector<double> b(intercepts.begin(), intercepts.end());
    for (std::size_t k = 0; k < loss.outputs(); ++k) {
        for (std::size_t j = 0; j < x.cols(); ++j) {
            const std::size_t c = j + k * x.cols();
            if (beta[c] == 0.0) continue;
            const double value = beta[c] / x.scale(j);
            b[k] -= value * x.center(j);
            result.features.push_back(c);
            result.values.push_back(value);
        }
    }
    if (L::symmetric && intercept) {
        const double mean = sum(b) / static_cast<double>(b.size());
        for (double& value : b) value -= mean;
    }
    result.starts.push_back(result.features.size());
    result.intercepts.insert(result.intercepts.end(), b.begin(), b.end());
}

template <VectorLoss L, Penalty P, ScaledDesign D>
void fit_outputs(const L& loss, const P& penalty, const VectorSetting<D>& s, PathResult& result) {
    VectorDriver driver(loss, penalty, s.x, s.data, s.options, s.input.held_out, s.context);
    if (!s.input.start.empty()) {
        const std::size_t p = s.x.cols();
        std::vector<double> start(s.input.start.begin(), s.input.start.end());
        std::vector<double> intercepts(s.outputs, 0.0);
        for (std::size_t k = 0; k < s.outputs; ++k) {
            if (s.options.intercept) intercepts[k] = s.input.start_intercepts[k];
            for (std::size_t j = 0; j < p; ++j) {
                double& b = start[j + k * p];
                intercepts[k] += b * s.x.center(j);
                b = s.x.usable(j) ? b * s.x.scale(j) : 0.0;
            }
        }
        driver.start_at(start, intercepts);
    }
    driver.run(result, [&](ConstVector beta, ConstVector intercepts) {
        store(loss, beta, intercepts, s.x, s.options.intercept, result);
    });
}

/// One entry per coefficient from one per feature, times its scale when it is a bound.
template <ScaledDesign D>
std::vector<double> by_coefficient(ConstVector by_feature, const VectorSetting<D>& s, bool scaled) {
    std::vector<double> result;
    for (std::size_t k = 0; k < s.outputs; ++k) {
        for (std::size_t j = 0; j < by_feature.size(); ++j) {
            result.push_back(by_feature[j] * (scaled ? s.x.scale(j) : 1.0));
        }
    }
    return result;
}

/// A ridge in more columns than rows, in as many dimensions as X has rank, as with one output.
template <VectorLoss L, ScaledDesign D>
bool fit_outputs_reduced(const L& loss, const VectorSetting<D>& s, PathResult& result) {
    const std::size_t n = s.x.rows();
    const std::size_t p = s.x.cols();
    const bool penalized =
        std::all_of(s.factors.begin(), s.factors.end(), [](double f) { return f > 0.0; });
    const bool fits = static_cast<double>(n) * static_cast<double>(n) * sizeof(double) <=
                      static_cast<double>(s.options.limits.gram_bytes);
    if (p <= n || !s.input.lower.empty() || !s.input.upper.empty() || !penalized || !fits) {
        return false;
    }
    if (!s.options.lambdas.empty()) {
        double trace = 0.0;
        for (std::size_t j = 0; j < p; ++j) trace += s.x.usable(j) ? 1.0 / s.factors[j] : 0.0;
        if (s.options.lambdas.back() < 1e-9 * trace) return false;
    }
    const RidgeReduction reduction(s.x, s.factors, s.context);
    const ConstMatrixView z = reduction.z();
    const DenseDesign rotated(z, plain_columns(z.cols));
    const Separable<L2> penalty(L2{}, std::vector<double>(z.cols * s.outputs, 1.0));
    VectorDriver driver(loss, penalty, rotated, s.data, s.options, s.input.held_out, s.context);
    std::vector<double> beta(p * s.outputs);
    driver.run(result, [&](ConstVector c, ConstVector intercepts) {
        std::size_t nonzero = 0;
        for (std::size_t k = 0; k < s.outputs; ++k) {
            reduction.expand(c.subspan(k * z.cols, z.cols), s.context,
                             Vector(beta).subspan(k * p, p));
        }
        for (std::size_t j = 0; j < p; ++j) {
            bool any = false;
            for (std::size_t at = j; at < beta.size(); at += p) any = any || beta[at] != 0.0;
            nonzero += any;
        }
        store(loss, beta, intercepts, s.x, s.options.intercept, result);
        result.n_nonzero.back() = nonzero;
    });
    return true;
}

/// Fits the path of input.x seen as x; weights sum to one.
template <ScaledDesign D>
void fit_vector_design(const D& x, ConstVector weights, const AnyVectorLoss& any_loss,
                       const AnyVectorPenalty& any_penalty, const PathInput& input,
                       const PathOptions& options, const Context& context, PathResult& result) {
    for (std::size_t j = 0; j < x.cols(); ++j) {
        result.centers.push_back(x.center(j));
        result.scales.push_back(x.scale(j));
    }
    std::visit(
        [&](const auto& loss) {
            VectorSetting<D> s{input,
                               options,
                               context,
                               x,
                               {input.y, weights, input.offset, options.intercept},
                               {input.factors.begin(), input.factors.end()},
                               loss.outputs()};
            if (s.factors.empty()) s.factors.assign(x.cols(), 1.0);
            if (std::holds_alternative<RowGroupName>(any_penalty)) {
                fit_outputs(loss, RowGroup(s.factors, s.outputs), s, result);
                return;
            }
            std::visit(
                [&](const auto& scalar) {
                    using S = std::remove_cvref_t<decltype(scalar)>;
                    if constexpr (std::is_same_v<S, L2>) {
                        if (fit_outputs_reduced(loss, s, result)) return;
                    }
                    const Separable<S> penalty(scalar, by_coefficient<D>(s.factors, s, false),
                                               by_coefficient<D>(input.lower, s, true),
                                               by_coefficient<D>(input.upper, s, true));
                    fit_outputs(loss, penalty, s, result);
                },
                std::get<AnyScalarPenalty>(any_penalty));
        },
        any_loss);
}

/// fit_vector_design for each kind of design, compiled apart.
void fit_vector_dense(const DenseDesign& x, ConstVector weights, const AnyVectorLoss& loss,
                      const AnyVectorPenalty& penalty, const PathInput& input,
                      const PathOptions& options, const Context& context, PathResult& result);
void fit_vector_sparse(const SparseDesign& x, ConstVector weights, const AnyVectorLoss& loss,
                       const AnyVectorPenalty& penalty, const PathInput& input,
                       const PathOptions& options, const Context& context, PathResult& result);

}  // namespace shrinkage
