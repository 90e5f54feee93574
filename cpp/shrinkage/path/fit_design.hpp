// A path on one kind of design: makes the penalty, scales what goes in, stores what comes out.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "shrinkage/design/dense.hpp"
#include "shrinkage/design/sparse.hpp"
#include "shrinkage/path/engine_for.hpp"
#include "shrinkage/path/fit.hpp"
#include "shrinkage/path/ridge_reduction.hpp"
#include "shrinkage/path/walk.hpp"
#include "shrinkage/penalty/registry.hpp"

namespace shrinkage {

template <ScaledDesign D>
struct Setting {
    const PenaltyInput& penalty;  // as the user chose it
    const PathInput& input;
    const PathOptions& options;
    const Context& context;
    const D& x;
    Data data;
    std::size_t outputs = 1;
};

template <typename L>
std::size_t outputs_of(const L& loss) {
    if constexpr (VectorLoss<L>) {
        return loss.outputs();
    } else {
        return 1;
    }
}

/// Bounds of the coefficients as they are penalized: those of the original ones times the scale.
template <ScaledDesign D>
std::vector<double> scaled(ConstVector bounds, const D& x) {
    std::vector<double> result(bounds.begin(), bounds.end());
    for (std::size_t j = 0; j < result.size(); ++j) result[j] *= x.scale(j);
    return result;
}

/// What the user chose, with what the problem adds.
template <ScaledDesign D>
PenaltyInput complete(const Setting<D>& s) {
    PenaltyInput input = s.penalty;
    input.features = s.x.cols();
    input.outputs = s.outputs;
    input.factors.assign(s.input.factors.begin(), s.input.factors.end());
    input.lower = scaled(s.input.lower, s.x);
    input.upper = scaled(s.input.upper, s.x);
    for (std::size_t j = 0; j < s.x.cols(); ++j) input.usable.push_back(s.x.usable(j));
    return input;
}

/// Stores the coefficients of one lambda on the original scale, and returns how many features have
/// one. The intercepts of a symmetric loss sum to zero.
template <ScaledDesign D>
std::size_t store(ConstVector beta, ConstVector intercepts, const D& x, bool centered,
                  PathResult& result) {
    const std::size_t p = x.cols();
    std::vector<double> b(intercepts.begin(), intercepts.end());
    std::vector<char> present(p, 0);
    for (std::size_t k = 0; k < b.size(); ++k) {
        double shift = 0.0;
        for (std::size_t j = 0; j < p; ++j) {
            const std::size_t c = j + k * p;
            if (beta[c] == 0.0) continue;
            const double value = beta[c] / x.scale(j);
            shift += value * x.center(j);
            result.features.push_back(c);
            result.values.push_back(value);
            present[j] = 1;
        }
        b[k] -= shift;
    }
    if (centered) {
        const double mean = sum(b) / static_cast<double>(b.size());
        for (double& value : b) value -= mean;
    }
    result.starts.push_back(result.features.size());
    result.intercepts.insert(result.intercepts.end(), b.begin(), b.end());
    return static_cast<std::size_t>(std::count(present.begin(), present.end(), 1));
}

template <typename L, ScaledDesign D>
bool centers_intercepts(const Setting<D>& s) {
    if constexpr (VectorLoss<L>) {
        return L::symmetric && s.options.intercept;
    } else {
        return false;
    }
}

/// The start on the scale that is penalized, coefficients and intercepts.
template <ScaledDesign D>
std::pair<std::vector<double>, std::vector<double>> scaled_start(const Setting<D>& s) {
    const std::size_t p = s.x.cols();
    std::vector<double> start(s.input.start.begin(), s.input.start.end());
    std::vector<double> intercepts(s.outputs, 0.0);
    for (std::size_t k = 0; k < s.outputs; ++k) {
        double shift = 0.0;
        for (std::size_t j = 0; j < p; ++j) {
            double& b = start[j + k * p];
            shift += b * s.x.center(j);
            b = s.x.usable(j) ? b * s.x.scale(j) : 0.0;
        }
        const bool given = s.options.intercept && !s.input.start_intercepts.empty();
        intercepts[k] = (given ? s.input.start_intercepts[k] : 0.0) + shift;
    }
    return {start, intercepts};
}

template <typename L, Penalty P, ScaledDesign D>
void fit_direct(const L& loss, const P& penalty, const Setting<D>& s, PathResult& result) {
    WalkOf<L, P, D> walk(loss, penalty, s.x, s.data, s.options, s.input.held_out, s.context);
    if (!s.input.start.empty()) {
        const auto [beta, intercepts] = scaled_start(s);
        walk.start_at(beta, intercepts);
    }
    walk.run(result, [&](ConstVector beta, ConstVector intercepts) {
        store(beta, intercepts, s.x, centers_intercepts<L>(s), result);
    });
}

template <typename L, ScaledDesign D>
void fit_reduced(const L& loss, ConstVector factors, const Setting<D>& s, PathResult& result) {
    const std::size_t p = s.x.cols();
    const RidgeReduction reduction(s.x, factors, s.context);
    const ConstMatrixView z = reduction.z();
    const DenseDesign rotated(z, plain_columns(z.cols));
    const Separable<L2> penalty(L2{}, std::vector<double>(z.cols * s.outputs, 1.0));
    WalkOf<L, Separable<L2>, DenseDesign> walk(loss, penalty, rotated, s.data, s.options,
                                               s.input.held_out, s.context);
    std::vector<double> beta(p * s.outputs);
    walk.run(result, [&](ConstVector c, ConstVector intercepts) {
        for (std::size_t k = 0; k < s.outputs; ++k) {
            reduction.expand(c.subspan(k * z.cols, z.cols), s.context,
                             Vector(beta).subspan(k * p, p));
        }
        result.n_nonzero.back() = store(beta, intercepts, s.x, centers_intercepts<L>(s), result);
    });
}

/// A ridge in more columns than rows, without bounds or free columns, has a smaller twin. Where
/// lambda is tiny against the largest eigenvalue the kernel's rounding would show: not there.
template <ScaledDesign D>
bool reducible(ConstVector factors, const Setting<D>& s) {
    const bool bounded = !s.input.lower.empty() || !s.input.upper.empty();
    const bool all_penalized =
        std::all_of(factors.begin(), factors.end(), [](double f) { return f > 0.0; });
    const double n = static_cast<double>(s.x.rows());
    const bool fits = n * n * sizeof(double) <= static_cast<double>(s.options.limits.gram_bytes);
    if (s.x.cols() <= s.x.rows() || bounded || !all_penalized || !fits) return false;
    if (s.options.lambdas.empty()) return true;
    double trace = 0.0;
    for (std::size_t j = 0; j < s.x.cols(); ++j) trace += s.x.usable(j) ? 1.0 / factors[j] : 0.0;
    return s.options.lambdas.back() >= 1e-9 * trace;
}

[[noreturn]] inline void refuse_pair(const std::string& loss, const std::string& penalty) {
    refuse_penalty("penalty", "penalty", penalty,
                   "use a penalty that the " + loss + " loss can be fitted with");
}

template <typename L, Penalty P, ScaledDesign D>
void fit_pair(const L& loss, const P& penalty, const Setting<D>& s, PathResult& result) {
    if constexpr (!has_engine<L, P, D>) {
        refuse_pair(L::name, P::name);
    } else {
        if constexpr (std::is_same_v<P, Separable<L2>>) {
            const std::vector<double> ones(s.input.factors.empty() ? s.x.cols() : 0, 1.0);
            const ConstVector factors =
                s.input.factors.empty() ? ConstVector(ones) : s.input.factors;
            if (reducible(factors, s)) return fit_reduced(loss, factors, s, result);
        }
        fit_direct(loss, penalty, s, result);
    }
}

/// The separable penalties, and the others, are compiled apart.
enum class Kind { separable, joint };

template <Kind kind, typename L, ScaledDesign D>
void fit_loss(const L& loss, const Setting<D>& setting, PathResult& result) {
    with_penalty(complete(setting), [&](const auto& penalty) {
        using P = std::remove_cvref_t<decltype(penalty)>;
        if constexpr (SeparablePenalty<P> == (kind == Kind::separable)) {
            fit_pair(loss, penalty, setting, result);
        }
    });
}

// The pinball loss has an engine of its own, compiled apart.
extern template void fit_loss<Kind::separable>(const QuantileLoss&, const Setting<DenseDesign>&,
                                               PathResult&);
extern template void fit_loss<Kind::separable>(const QuantileLoss&, const Setting<SparseDesign>&,
                                               PathResult&);

template <Kind kind, typename AnyL, ScaledDesign D>
void fit_any_loss(const AnyL& any_loss, Setting<D> setting, PathResult& result) {
    std::visit(
        [&](const auto& loss) {
            setting.outputs = outputs_of(loss);
            fit_loss<kind>(loss, setting, result);
        },
        any_loss);
}

extern template void fit_any_loss<Kind::separable>(const AnyLoss&, Setting<DenseDesign>,
                                                   PathResult&);
extern template void fit_any_loss<Kind::separable>(const AnyLoss&, Setting<SparseDesign>,
                                                   PathResult&);
extern template void fit_any_loss<Kind::joint>(const AnyLoss&, Setting<DenseDesign>, PathResult&);
extern template void fit_any_loss<Kind::joint>(const AnyLoss&, Setting<SparseDesign>, PathResult&);
extern template void fit_any_loss<Kind::separable>(const AnyVectorLoss&, Setting<DenseDesign>,
                                                   PathResult&);
extern template void fit_any_loss<Kind::separable>(const AnyVectorLoss&, Setting<SparseDesign>,
                                                   PathResult&);
extern template void fit_any_loss<Kind::joint>(const AnyVectorLoss&, Setting<DenseDesign>,
                                               PathResult&);
extern template void fit_any_loss<Kind::joint>(const AnyVectorLoss&, Setting<SparseDesign>,
                                               PathResult&);

/// Fits the path of input.x seen as x; weights sum to one.
template <typename AnyL, ScaledDesign D>
void fit_design(const D& x, ConstVector weights, const AnyL& loss, const PenaltyInput& penalty,
                const PathInput& input, const PathOptions& options, const Context& context,
                PathResult& result) {
    for (std::size_t j = 0; j < x.cols(); ++j) {
        result.centers.push_back(x.center(j));
        result.scales.push_back(x.scale(j));
    }
    const Setting<D> setting{penalty, input, options,
                             context, x,     {input.y, weights, input.offset, options.intercept}};
    bool separable = false;
    with_penalty_type(
        penalty.name, [&]<typename P>(std::type_identity<P>) { separable = SeparablePenalty<P>; },
        Penalties{});
    if (separable) {
        fit_any_loss<Kind::separable>(loss, setting, result);
    } else {
        fit_any_loss<Kind::joint>(loss, setting, result);
    }
}

}  // namespace shrinkage
