// The path driver on one kind of design: the door through which losses and penalties are visited.
#pragma once

#include <algorithm>
#include <type_traits>
#include <variant>
#include <vector>

#include "shrinkage/design/dense.hpp"
#include "shrinkage/path/driver.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/ridge_reduction.hpp"

namespace shrinkage {

/// Bounds of the coefficients as they are penalized: those of the original ones times the scale.
template <ScaledDesign D>
std::vector<double> scaled(ConstVector bounds, const D& x) {
    std::vector<double> result(bounds.begin(), bounds.end());
    for (std::size_t j = 0; j < result.size(); ++j) result[j] *= x.scale(j);
    return result;
}

/// Stores the coefficients of one lambda on the original scale.
template <ScaledDesign D>
void store(ConstVector beta, double intercept, const D& x, PathResult& result) {
    double shift = 0.0;
    for (std::size_t j = 0; j < beta.size(); ++j) {
        if (beta[j] == 0.0) continue;
        const double b = beta[j] / x.scale(j);
        shift += b * x.center(j);
        result.features.push_back(j);
        result.values.push_back(b);
    }
    result.starts.push_back(result.features.size());
    result.intercepts.push_back(intercept - shift);
}

template <ScaledDesign D>
struct Setting {
    const PathInput& input;
    const PathOptions& options;
    const Context& context;
    const D& x;
    Data data;
    ConstVector factors;
};

template <ScalarLoss L, ScalarPenalty S, ScaledDesign D>
void fit_direct(const L& loss, const S& scalar, const Setting<D>& s, PathResult& result) {
    const Separable<S> penalty(scalar, {s.factors.begin(), s.factors.end()},
                               scaled(s.input.lower, s.x), scaled(s.input.upper, s.x));
    PathDriver driver(loss, penalty, s.x, s.data, s.options, s.input.held_out, s.context);
    if (!s.input.start.empty()) {
        std::vector<double> start(s.input.start.begin(), s.input.start.end());
        double shift = 0.0;
        for (std::size_t j = 0; j < start.size(); ++j) {
            shift += start[j] * s.x.center(j);
            start[j] = s.x.usable(j) ? start[j] * s.x.scale(j) : 0.0;
        }
        driver.start_at(start, s.input.start_intercept + shift);
    }
    driver.run(result,
               [&](ConstVector beta, double intercept) { store(beta, intercept, s.x, result); });
}

template <ScalarLoss L, ScaledDesign D>
void fit_reduced(const L& loss, const Setting<D>& s, PathResult& result) {
    const RidgeReduction reduction(s.x, s.factors, s.context);
    const ConstMatrixView z = reduction.z();
    const DenseDesign rotated(z, plain_columns(z.cols));
    const Separable<L2> penalty(L2{}, std::vector<double>(z.cols, 1.0));
    PathDriver driver(loss, penalty, rotated, s.data, s.options, s.input.held_out, s.context);
    std::vector<double> beta(s.x.cols());
    driver.run(result, [&](ConstVector c, double intercept) {
        reduction.expand(c, s.context, beta);
        store(beta, intercept, s.x, result);
        result.n_nonzero.back() = result.starts.back() - result.starts[result.starts.size() - 2];
    });
}

/// A ridge in more columns than rows, without bounds or free columns, has a smaller twin. Where
/// lambda is tiny against the largest eigenvalue the kernel's rounding would show: not there.
template <ScalarPenalty S, ScaledDesign D>
bool reducible(const Setting<D>& s) {
    if constexpr (!std::is_same_v<S, L2>) {
        return false;
    } else {
        const bool bounded = !s.input.lower.empty() || !s.input.upper.empty();
        const bool all_penalized =
            std::all_of(s.factors.begin(), s.factors.end(), [](double f) { return f > 0.0; });
        const double n = static_cast<double>(s.x.rows());
        const bool fits =
            n * n * sizeof(double) <= static_cast<double>(s.options.limits.gram_bytes);
        if (s.x.cols() <= s.x.rows() || bounded || !all_penalized || !fits) return false;
        if (s.options.lambdas.empty()) return true;
        double trace = 0.0;
        for (std::size_t i = 0; i < s.x.cols(); ++i)
            trace += s.x.usable(i) ? 1.0 / s.factors[i] : 0.0;
        return s.options.lambdas.back() >= 1e-9 * trace;
    }
}

template <ScalarLoss L, ScaledDesign D>
void fit_loss(const L& loss, const AnyScalarPenalty& any_penalty, const Setting<D>& setting,
              PathResult& result) {
    std::visit(
        [&](const auto& penalty) {
            using S = std::remove_cvref_t<decltype(penalty)>;
            if (reducible<S>(setting)) {
                fit_reduced(loss, setting, result);
            } else {
                fit_direct(loss, penalty, setting, result);
            }
        },
        any_penalty);
}

// The pinball loss has an engine of its own, compiled apart.
extern template void fit_loss(const QuantileLoss&, const AnyScalarPenalty&,
                              const Setting<DenseDesign>&, PathResult&);
extern template void fit_loss(const QuantileLoss&, const AnyScalarPenalty&,
                              const Setting<SparseDesign>&, PathResult&);

/// Fits the path of input.x seen as x; weights sum to one.
template <ScaledDesign D>
void fit_design(const D& x, ConstVector weights, const AnyLoss& any_loss,
                const AnyScalarPenalty& any_penalty, const PathInput& input,
                const PathOptions& options, const Context& context, PathResult& result) {
    for (std::size_t j = 0; j < x.cols(); ++j) {
        result.centers.push_back(x.center(j));
        result.scales.push_back(x.scale(j));
    }
    const std::vector<double> ones(input.factors.empty() ? x.cols() : 0, 1.0);
    const Setting<D> setting{input,
                             options,
                             context,
                             x,
                             {input.y, weights, input.offset, options.intercept},
                             input.factors.empty() ? ConstVector(ones) : input.factors};
    std::visit([&](const auto& loss) { fit_loss(loss, any_penalty, setting, result); }, any_loss);
}

/// fit_design for each kind of design, compiled apart.
void fit_dense(const DenseDesign& x, ConstVector weights, const AnyLoss& loss,
               const AnyScalarPenalty& penalty, const PathInput& input, const PathOptions& options,
               const Context& context, PathResult& result);
void fit_sparse(const SparseDesign& x, ConstVector weights, const AnyLoss& loss,
                const AnyScalarPenalty& penalty, const PathInput& input, const PathOptions& options,
                const Context& context, PathResult& result);

}  // namespace shrinkage
