// What learned dropout rates cost: the divergence of the dropout posterior from its prior (Gal,
// Hron & Kendall, "Concrete dropout", NeurIPS 2017, eq. 3 and 4).
//
//   R = 1 / (tau n) sum_l [ ell^2 |W_l|^2 / (2 (1 - p_l)) - K_l H(p_l) ]
//   H(p) = -p ln p - (1 - p) ln(1 - p)
//
// over the layers whose rate p_l is learned, K_l the number of its inputs, n the examples, ell the
// prior length scale, tau the precision of the observations: 1 where the loss is minus a log
// likelihood, the squared loss being one of unit variance. W is ours, scaled: the paper's M times
// 1 - p.
#pragma once

#include <cstddef>
#include <span>

#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

struct ConcreteOptions {
    double temperature = 0.1;
    double length_scale = 1e-4;
    double precision = 1.0;
};

/// R. A rate of 0 is one that is not learned.
template <typename T>
double concrete_cost(const Layout<T>& layout, const ConcreteOptions& options,
                     std::span<const double> rates, std::size_t n, const T* parameters);

/// gradient += dR / d parameters, by weights and logits; G is float or double.
template <typename T, typename G>
void add_concrete_gradient(const Layout<T>& layout, const ConcreteOptions& options,
                           std::span<const double> rates, std::size_t n, const T* parameters,
                           G* gradient);

}  // namespace shrinkage
