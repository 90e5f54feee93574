// A loss over all observations: its weighted mean and its gradient by observation.
#pragma once

#include <cstddef>

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

}  // namespace shrinkage
