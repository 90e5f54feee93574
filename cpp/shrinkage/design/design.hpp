// The concept of a design: how X is seen by a solver. Columns are those that are penalized, that is
// x~_j = (x_j - center_j) / scale_j, but nothing of X is copied. With an intercept the centers are
// the weighted means: the squared loss then needs no intercept of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/views.hpp"

namespace shrinkage {

using Indices = std::span<const std::size_t>;

/// Steps that several points take along the same columns.
struct Steps {
    Indices columns;
    ConstMatrixView coefs;         // (columns, points)
    ConstVector shifts;            // of the intercept of each point
    std::span<double* const> eta;  // of each point
    std::span<const double* const> v;
};
/// Called with the number of a block of rows, its first row and how many there are.
using VisitRows = std::function<void(std::size_t, std::size_t, std::size_t)>;

///   transposed_product(v, context, out)     out = X~'v, all columns
///   transposed_products(v, context, out)    the same for several vectors, in one reading of X
///   row_blocks(n_columns)                   how many blocks sweep() cuts the rows into
///   sweep(steps, visit, context, out)       for each block of rows: eta_k += shifts_k + sum_j
///                                           coefs(j, k) x~_j, visit the block, which makes v_k of
///                                           eta_k, and add its part of out(j, k) = x~_j'v_k
///   column_products(columns, v, context, out)
///                                           out_j = x~_j'v for the listed columns j, no others
///   column_product(j, v)                    x~_j'v
///   add_columns(columns, coefs, context, out)
///                                           out += sum_k coefs_k x~_{columns_k}
///   gram(a, b, d, context, out)             out(k, l) = sum_i d_i x~_{i, a_k} x~_{i, b_l}; when a
///                                           and b are the same list only the lower triangle is
///                                           computed, and d may be of any sign and mostly zero
///   gram_and_products(a, d, v, context, out, g)
///                                           out = gram(a, a, d) and, for the same columns, g =
///                                           column_products(a, v), in one reading where that is so
///                                           cheap
///   usable(j)                               whether column j may have a coefficient other than 0
///   product_cost(columns)                   about how many nanoseconds a product with these
///                                           columns, or with their transpose, takes on one core
///   gram_cost(columns)                      the same for their Gram matrix
template <typename D>
concept Design = requires(const D x, ConstVector v, ConstMatrixView several, Vector out,
                          MatrixView m, Indices columns, std::size_t k, const Context context,
                          const Steps steps, const VisitRows visit) {
    { x.product_cost(columns) } -> std::same_as<double>;
    { x.gram_cost(columns) } -> std::same_as<double>;
    { x.rows() } -> std::same_as<std::size_t>;
    { x.cols() } -> std::same_as<std::size_t>;
    { x.usable(k) } -> std::same_as<bool>;
    x.transposed_product(v, context, out);
    x.transposed_products(several, context, m);
    { x.row_blocks(k) } -> std::same_as<std::size_t>;
    x.sweep(steps, visit, context, m);
    x.column_products(columns, v, context, out);
    { x.column_product(k, v) } -> std::same_as<double>;
    x.add_columns(columns, v, context, out);
    x.gram(columns, columns, v, context, m);
    x.gram_and_products(columns, v, v, context, m, out);
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
