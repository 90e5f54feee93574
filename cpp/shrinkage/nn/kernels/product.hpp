// The one matrix product that a dense network needs.
//
//   C[i, j] = start_i + sum_p a[i * row_step + p * sum_step] * V[p, j]
//
// V and C are row-major with rows on cache lines; a is read as single numbers, in any order. With
// activations stored as (units, batch), the batch contiguous, all three products of a layer are of
// this kind and no matrix of weights is ever transposed:
//   forward    Z = b + W'A          a = W,  row_step 1,       sum_step stride,  V = A
//   backward   dA = W dZ            a = W,  row_step stride,  sum_step 1,       V = dZ
//   gradient   dW = A dZ'           a = A,  row_step batch,   sum_step 1,       V = transposed dZ
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "shrinkage/base/simd/aligned.hpp"

namespace shrinkage {

template <typename T>
struct Product {
    std::size_t rows = 0;  // of C
    std::size_t cols = 0;  // of C and V: a multiple of lanes_of<T>
    std::size_t sums = 0;
    const T* a = nullptr;
    std::size_t row_step = 0;
    std::size_t sum_step = 0;
    const T* v = nullptr;
    std::size_t v_stride = 0;
    T* c = nullptr;
    std::size_t c_stride = 0;
    const T* start = nullptr;  // one number per row of C; none: zero

    double flops() const {
        return 2.0 * static_cast<double>(rows * cols) * static_cast<double>(sums);
    }
    std::size_t n_tasks() const { return n_row_tasks() * n_col_tasks(); }
    std::size_t n_row_tasks() const { return (rows + task_rows - 1) / task_rows; }
    std::size_t n_col_tasks() const { return (cols + task_cols - 1) / task_cols; }

    /// The block of C that a task computes, as a product of one task; its C may be put elsewhere.
    Product part(std::size_t task) const {
        const std::size_t top = task % n_row_tasks() * task_rows;
        const std::size_t left = task / n_row_tasks() * task_cols;
        Product block = *this;
        block.rows = std::min(task_rows, rows - top);
        block.cols = std::min(task_cols, cols - left);
        block.a += top * row_step;
        block.v += left;
        block.c += top * c_stride + left;
        if (start != nullptr) block.start += top;
        return block;
    }

    /// Rows and columns of what is stored in C.
    std::pair<std::size_t, std::size_t> stored() const { return {rows, cols}; }

    // Tasks have a fixed size and every entry of C is summed in one order, whatever the threads.
    static constexpr std::size_t task_rows = 48;
    static constexpr std::size_t task_cols = 16 * lanes_of<T>;
};

/// Computes one block of C.
template <typename T>
void multiply(const Product<T>& product, std::size_t task);

}  // namespace shrinkage
