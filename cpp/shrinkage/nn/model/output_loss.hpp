// Losses at the output of a network: those of loss/, and two that only networks have.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/loss/any_vector_loss.hpp"

namespace shrinkage {

/// A loss of one number per observation in the form of those with several.
template <ScalarLoss L>
struct OneOutput {
    L loss;
    std::size_t outputs() const { return 1; }
    std::size_t target_size() const { return 1; }
    double value(ConstVector y, ConstVector eta) const { return loss.value(y[0], eta[0]); }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        out[0] = loss.gradient(y[0], eta[0]);
    }
    void mean(ConstVector eta, Vector out) const { out[0] = loss.mean(eta[0]); }
    bool valid(ConstVector y) const { return loss.valid(y[0]); }
};
template <ScalarLoss L>
OneOutput(L) -> OneOutput<L>;  // which Clang before 17 does not see by itself

/// Several quantiles of one target: the sum of their pinball losses (Koenker & Bassett 1978).
struct SeveralQuantiles {
    std::vector<double> q;
    std::size_t outputs() const { return q.size(); }
    std::size_t target_size() const { return 1; }
    double value(ConstVector y, ConstVector eta) const {
        double total = 0.0;
        for (std::size_t k = 0; k < q.size(); ++k) total += QuantileLoss{q[k]}.value(y[0], eta[k]);
        return total;
    }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        for (std::size_t k = 0; k < q.size(); ++k) {
            out[k] = QuantileLoss{q[k]}.gradient(y[0], eta[k]);
        }
    }
    void mean(ConstVector eta, Vector out) const { std::copy(eta.begin(), eta.end(), out.begin()); }
    bool valid(ConstVector y) const { return std::isfinite(y[0]); }
};

/// Minus the Gaussian log density without its constant, sum_k s_k / 2 + (y_k - m_k)^2 e^(-s_k) / 2,
/// where the network gives the means m and then the log variances s (Nix & Weigend 1994, eq. 7).
struct GaussianNoise {
    std::size_t targets = 1;
    std::size_t outputs() const { return 2 * targets; }
    std::size_t target_size() const { return targets; }
    double value(ConstVector y, ConstVector eta) const {
        double total = 0.0;
        for (std::size_t k = 0; k < targets; ++k) {
            const double r = y[k] - eta[k], s = eta[targets + k];
            total += 0.5 * (s + r * r * std::exp(-s));
        }
        return total;
    }
    void gradient(ConstVector y, ConstVector eta, Vector out) const {
        for (std::size_t k = 0; k < targets; ++k) {
            const double r = y[k] - eta[k], precision = std::exp(-eta[targets + k]);
            out[k] = -r * precision;
            out[targets + k] = 0.5 * (1.0 - r * r * precision);
        }
    }
    /// Means, then standard deviations.
    void mean(ConstVector eta, Vector out) const {
        for (std::size_t k = 0; k < targets; ++k) {
            out[k] = eta[k];
            out[targets + k] = std::exp(0.5 * eta[targets + k]);
        }
    }
    bool valid(ConstVector y) const {
        return std::all_of(y.begin(), y.end(), [](double number) { return std::isfinite(number); });
    }
};

/// Visited once a batch.
using OutputLoss = std::variant<AnyLoss, AnyVectorLoss, SeveralQuantiles, GaussianNoise>;

template <typename F>
decltype(auto) with_output_loss(const OutputLoss& loss, const F& f) {
    struct Visitor {
        const F& f;
        decltype(auto) operator()(const AnyLoss& any) const {
            return std::visit([this](const auto& l) { return f(OneOutput{l}); }, any);
        }
        decltype(auto) operator()(const AnyVectorLoss& any) const {
            return std::visit([this](const auto& l) { return f(l); }, any);
        }
        decltype(auto) operator()(const SeveralQuantiles& l) const { return f(l); }
        decltype(auto) operator()(const GaussianNoise& l) const { return f(l); }
    };
    return std::visit(Visitor{f}, loss);
}

inline std::size_t outputs_of(const OutputLoss& loss) {
    return with_output_loss(loss, [](const auto& l) { return l.outputs(); });
}
inline std::size_t target_size_of(const OutputLoss& loss) {
    return with_output_loss(loss, [](const auto& l) { return l.target_size(); });
}

/// The first row of y, (n, target_size) row-major, that the loss does not take; n if it takes all.
inline std::size_t first_invalid(const OutputLoss& loss, std::span<const double> y) {
    return with_output_loss(loss, [&](const auto& l) {
        const std::size_t size = l.target_size(), n = y.size() / size;
        for (std::size_t row = 0; row < n; ++row) {
            if (!l.valid(y.subspan(row * size, size))) return row;
        }
        return n;
    });
}

/// What the loss compares with: y (n, target_size) row-major, and weights that average to 1; none
/// stands for 1 each.
struct Targets {
    std::span<const double> y;
    std::span<const double> weights;
};

/// Sum over the batch of w l(y, eta). eta is (outputs, stride), one example a column; example j of
/// the batch is row rows[j] of the data. `gradient`, unless null, becomes scale * w * dl/deta in
/// the same layout, and zero in the columns from the last example up to `cols`.
template <typename T>
double batch_loss(const OutputLoss& loss, const Targets& targets,
                  std::span<const std::uint32_t> rows, const T* eta, std::size_t stride,
                  double scale, T* gradient, std::size_t cols) {
    return with_output_loss(loss, [&](const auto& l) {
        const std::size_t outputs = l.outputs(), size = l.target_size();
        constexpr std::size_t few = 64;
        double near[2 * few];  // no allocation for the usual number of outputs
        std::vector<double> far(outputs > few ? 2 * outputs : 0);
        double* const space = outputs > few ? far.data() : near;
        const std::span<double> at(space, outputs), slope(space + outputs, outputs);
        double total = 0.0;
        for (std::size_t j = 0; j < rows.size(); ++j) {
            const std::size_t row = rows[j];
            const double weight = targets.weights.empty() ? 1.0 : targets.weights[row];
            const ConstVector y = targets.y.subspan(row * size, size);
            for (std::size_t k = 0; k < outputs; ++k) at[k] = eta[k * stride + j];
            if (weight != 0.0) total += weight * l.value(y, at);
            if (gradient == nullptr) continue;
            l.gradient(y, at, slope);
            for (std::size_t k = 0; k < outputs; ++k) {
                gradient[k * stride + j] = static_cast<T>(scale * weight * slope[k]);
            }
        }
        if (gradient != nullptr) {
            for (std::size_t k = 0; k < outputs; ++k) {
                std::fill(gradient + k * stride + rows.size(), gradient + k * stride + cols, T{0});
            }
        }
        return total;
    });
}

}  // namespace shrinkage
