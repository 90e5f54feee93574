// A loss over all observations: its weighted mean and its gradient by observation.
#pragma once

#include <cstddef>
#include <vector>

#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

/// (1 / sum w) sum_i w_i l(y_i, eta_i); empty weights mean 1 each.
template <ScalarLoss L>
double mean_loss(const L& loss, ConstVector y, ConstVector eta, ConstVector weights) {
    double total = 0.0, weight_sum = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double weight = weights.empty() ? 1.0 : weights[i];
        weight_sum += weight;
        // An observation of weight zero does not count, even where its loss overflows.
        if (weight != 0.0) total += weight * loss.value(y[i], eta[i]);
    }
    return total / weight_sum;
}

/// out_i = d l(y_i, eta_i) / d eta_i, unweighted.
template <ScalarLoss L>
void loss_gradient(const L& loss, ConstVector y, ConstVector eta, Vector out) {
    for (std::size_t i = 0; i < y.size(); ++i) out[i] = loss.gradient(y[i], eta[i]);
}

/// Calls visit(i, y_i, eta_i) for every observation of a problem with K outputs.
template <VectorLoss L, typename Visit>
void for_observations(const L& loss, ConstVector y, ConstVector eta, const Visit& visit) {
    const std::size_t n = eta.size() / loss.outputs();
    std::vector<double> target(loss.target_size()), at(loss.outputs());
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < target.size(); ++k) target[k] = y[i + k * n];
        for (std::size_t k = 0; k < at.size(); ++k) at[k] = eta[i + k * n];
        visit(i, ConstVector(target), ConstVector(at));
    }
}

/// The same for K outputs; eta and, where the targets are several, y are stored output by output.
template <VectorLoss L>
double mean_loss(const L& loss, ConstVector y, ConstVector eta, ConstVector weights) {
    double total = 0.0, weight_sum = 0.0;
    for_observations(loss, y, eta, [&](std::size_t i, ConstVector target, ConstVector at) {
        const double weight = weights.empty() ? 1.0 : weights[i];
        weight_sum += weight;
        if (weight != 0.0) total += weight * loss.value(target, at);
    });
    return total / weight_sum;
}

/// out(i, k) = d l(y_i, eta_i) / d eta_ik, output by output.
template <VectorLoss L>
void loss_gradient(const L& loss, ConstVector y, ConstVector eta, Vector out) {
    const std::size_t n = eta.size() / loss.outputs();
    std::vector<double> slope(loss.outputs());
    for_observations(loss, y, eta, [&](std::size_t i, ConstVector target, ConstVector at) {
        loss.gradient(target, at, slope);
        for (std::size_t k = 0; k < slope.size(); ++k) out[i + k * n] = slope[k];
    });
}

}  // namespace shrinkage
