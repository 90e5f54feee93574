// The concept of a design: how X is seen by a solver. Columns are those that are penalized, that is
// x~_j = (x_j - center_j) / scale_j, but nothing of X is copied. With an intercept the centers are
// the weighted means: the squared loss then needs no intercept of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage {

using Indices = std::span<const std::size_t>;

///   transposed_product(v, context, out)     out = X~'v, all columns
///   column_products(columns, v, context, out)
///                                           out_j = x~_j'v for the listed columns j, no others
///   column_product(j, v)                    x~_j'v
///   add_columns(columns, coefs, context, out)
///                                           out += sum_k coefs_k x~_{columns_k}
///   gram(a, b, d, context, out)             out(k, l) = sum_i d_i x~_{i, a_k} x~_{i, b_l}; when a
///   and b
///                                           are the same list only the lower triangle is computed
///   usable(j)                               whether column j may have a coefficient other than 0
///   product_cost(columns)                   about how many nanoseconds a product with these
///                                           columns, or with their transpose, takes on one core
///   gram_cost(columns)                      the same for their Gram matrix
template <typename D>
concept Design = requires(const D x, ConstVector v, Vector out, MatrixView m, Indices columns,
                          std::size_t k, const Context context) {
    { x.product_cost(columns) } -> std::same_as<double>;
    { x.gram_cost(columns) } -> std::same_as<double>;
    { x.rows() } -> std::same_as<std::size_t>;
    { x.cols() } -> std::same_as<std::size_t>;
    { x.usable(k) } -> std::same_as<bool>;
    x.transposed_product(v, context, out);
    x.column_products(columns, v, context, out);
    { x.column_product(k, v) } -> std::same_as<double>;
    x.add_columns(columns, v, context, out);
    x.gram(columns, columns, v, context, m);
};

/// A design that also knows its way back to the original columns.
///   kernel(factors, context, out)           out = X~ diag(1 / factors) X~', rows x rows
///   center(j), scale(j)                     of column j
template <typename D>
concept ScaledDesign = Design<D> && requires(const D x, ConstVector v, MatrixView m, std::size_t k,
                                             const Context context) {
    x.kernel(v, context, m);
    { x.center(k) } -> std::same_as<double>;
    { x.scale(k) } -> std::same_as<double>;
};

}  // namespace shrinkage
