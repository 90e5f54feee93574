// The objective that every solver minimizes, evaluated at any point (w, b), with its subgradient.
#pragma once

#include <vector>

#include "shrinkage/base/views.hpp"
#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/penalty/input.hpp"

namespace shrinkage {

struct PenalizedLoss {
    double value = 0.0;
    std::vector<double> gradient;  // by coefficient; the subgradient of least norm at a kink
    double intercept_gradient = 0.0;
};

/// (1 / sum weights) sum_i weights_i l(y_i, b + x_i'w) + lambda P(w); empty weights mean 1
/// each. The penalty is the chosen one on as many coefficients as w has.
PenalizedLoss penalized_loss(const AnyLoss& loss, const PenaltyInput& penalty, ConstMatrixView x,
                             ConstVector y, ConstVector weights, ConstVector w, double b,
                             double lambda);

}  // namespace shrinkage
