#include "shrinkage/solver/problem/penalized_loss.hpp"

#include <cstddef>

#include "shrinkage/linalg/dense.hpp"
#include "shrinkage/loss/exact.hpp"
#include "shrinkage/loss/mean_loss.hpp"
#include "shrinkage/penalty/registry.hpp"

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

template <ScalarLoss L, PenaltyFormulas P>
PenalizedLoss evaluate(const L& loss, const P& penalty, ConstMatrixView x, ConstVector y,
                       ConstVector weights, ConstVector w, double b, double lambda) {
    std::vector<double> eta(y.size(), b), residual(y.size());
    for (std::size_t j = 0; j < w.size(); ++j) axpy(w[j], x.column(j), eta);
    loss_gradient(loss, y, eta, residual);

    PenalizedLoss result;
    result.value = mean_loss(loss, y, eta, weights) + penalty.value(w, lambda);
    result.intercept_gradient = weigh_gradient(weights, residual);
    result.gradient.resize(w.size());
    std::vector<double> pull(w.size());
    for (std::size_t j = 0; j < w.size(); ++j) pull[j] = -dot(x.column(j), residual);
    penalty.least_residual(pull, w, lambda, result.gradient);
    return result;
}

}  // namespace

PenalizedLoss penalized_loss(const AnyLoss& loss, const PenaltyInput& penalty, ConstMatrixView x,
                             ConstVector y, ConstVector weights, ConstVector w, double b,
                             double lambda) {
    PenaltyInput on_w = penalty;
    on_w.features = w.size();
    PenalizedLoss result;
    visit_exact(
        [&](const auto& l) {
            with_penalty(on_w, [&](const auto& chosen) {
                result = evaluate(l, chosen, x, y, weights, w, b, lambda);
            });
        },
        loss);
    return result;
}

}  // namespace shrinkage
