#include "shrinkage/solver/problem/penalized_loss.hpp"

#include <cstddef>

#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/loss/exact.hpp"
#include "shrinkage/loss/mean_loss.hpp"

namespace shrinkage {

namespace {

/// Residuals are weighted so that they sum what the mean loss sums; returns sum_i of them.
double weigh_gradient(ConstVector weights, Vector gradient) {
    double weight_sum = 0.0, total = 0.0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
        const double weight = weights.empty() ? 1.0 : weights[i];
        weight_sum += weight;
        gradient[i] *= weight;
    }
    for (double& g : gradient) {
        g /= weight_sum;
        total += g;
    }
    return total;
}

template <ScalarLoss L, ScalarPenalty P>
PenalizedLoss evaluate(const L& loss, const P& scalar, ConstMatrixView x, ConstVector y,
                       ConstVector weights, ConstVector w, double b, double lambda) {
    const Separable<P> penalty(scalar, std::vector<double>(w.size(), 1.0));
    std::vector<double> eta(y.size(), b), residual(y.size());
    for (std::size_t j = 0; j < w.size(); ++j) axpy(w[j], x.column(j), eta);
    loss_gradient(loss, y, eta, residual);

    PenalizedLoss result;
    result.value = mean_loss(loss, y, eta, weights) + penalty.value(w, lambda);
    result.intercept_gradient = weigh_gradient(weights, residual);
    result.gradient.resize(w.size());
    for (std::size_t j = 0; j < w.size(); ++j) {
        const double slope = dot(x.column(j), residual);
        result.gradient[j] = penalty.least_residual(j, -slope, w[j], lambda);
    }
    return result;
}

}  // namespace

PenalizedLoss penalized_loss(const AnyLoss& loss, const AnyScalarPenalty& penalty,
                             ConstMatrixView x, ConstVector y, ConstVector weights, ConstVector w,
                             double b, double lambda) {
    return visit_exact(
        [&](const auto& l) {
            return std::visit(
                [&](const auto& p) { return evaluate(l, p, x, y, weights, w, b, lambda); },
                penalty);
        },
        loss);
}

}  // namespace shrinkage
