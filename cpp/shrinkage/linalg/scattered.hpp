// Kernels on columns that lie where they lie, given by pointers: nothing of a matrix is copied.
#pragma once

#include <cstddef>
#include <span>

#include "shrinkage/base/views.hpp"

namespace shrinkage {

using ColumnPointers = std::span<const double* const>;

/// out[k] = sum_i columns[k][i] v[i]
void column_dots(ColumnPointers columns, ConstVector v, Vector out);

/// out(k, l) += sum_i columns[k][i] packed(i, l): a matrix product whose left side is not packed.
void add_column_dots(ColumnPointers columns, ConstMatrixView packed, MatrixView out);
/// The same with the columns of the right side anywhere, too.
void add_column_dots(ColumnPointers columns, ColumnPointers packed, std::size_t rows,
                     MatrixView out);

/// out += a'a, lower triangle only, where there are registers enough to do it faster than a BLAS
/// that packs both sides; else nothing is done and false returned.
bool add_unpacked_gram(ConstMatrixView a, MatrixView out);

/// y += sum_k coefs[k] columns[k]
void add_scaled_columns(ColumnPointers columns, ConstVector coefs, Vector y);

}  // namespace shrinkage
