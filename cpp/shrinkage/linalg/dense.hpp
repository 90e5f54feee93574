// Dense kernels on spans and column-major views. All run on the calling thread.
#pragma once

#include "shrinkage/base/views.hpp"

namespace shrinkage {

/// x'y
double dot(ConstVector x, ConstVector y);

/// y += a x
void axpy(double a, ConstVector x, Vector y);

/// out = A'v
void multiply_transposed(ConstMatrixView a, ConstVector v, Vector out);

/// C += A'B
void add_cross_product(ConstMatrixView a, ConstMatrixView b, MatrixView c);

/// C += A'A, lower triangle only
void add_gram(ConstMatrixView a, MatrixView c);

/// C -= A B'
void subtract_outer_product(ConstMatrixView a, ConstMatrixView b, MatrixView c);

/// B := B L^-T, L the lower triangle of l
void solve_right_transposed(ConstMatrixView l, MatrixView b);

/// Copies the lower triangle of the square matrix to its upper one.
void mirror_lower(MatrixView a);

/// The sum of the entries, in a fixed pairwise order.
double sum(ConstVector x);

}  // namespace shrinkage
