// The matrix product of a dense network when most numbers of one factor are zero.
//
//   C[i, j] = start_j + sum over the nonzero L[i, p] of L[i, p] V[p, j]
//
// Each nonzero number costs a vector of C one multiplication and one reading of the first cache,
// where a block of V lies: a third of the numbers cost about a third of the time. With activations
// stored as (units, batch), all products of a layer are of this kind, L being the activations or
// the derivatives:
//   forward    Z' = b + A'W         L = A',   V = W,    C = Z'
//   backward   dA' = dZ'W'          L = dZ',  V = W',   C = dA'
//   gradient   dW = A dZ'           L = A,    V = dZ',  C = dW
//          or  dW' = dZ A'          L = dZ,   V = A',   C = dW'
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/kernels/nonzeros.hpp"

namespace shrinkage {

template <typename T>
struct SparseProduct {
    const Nonzeros<T>* left = nullptr;  // L (rows, sums)
    std::size_t rows = 0;               // of C
    std::size_t cols = 0;               // of C and V
    const T* v = nullptr;               // rows on cache lines, padded
    std::size_t v_stride = 0;
    bool v_transposed = false;  // v is V'
    T* c = nullptr;             // likewise
    std::size_t c_stride = 0;
    bool c_transposed = false;
    const T* start = nullptr;  // one number per column of C, padded; none: zero

    std::size_t first_row = 0;  // of L, from where on it counts

    /// Of the dense product.
    double flops() const {
        return 2.0 * static_cast<double>(rows * cols) * static_cast<double>(left->sums());
    }
    std::size_t n_tasks() const { return n_row_tasks() * ((cols + task_cols - 1) / task_cols); }
    std::size_t n_row_tasks() const { return (rows + task_rows - 1) / task_rows; }

    /// The block of C that a task computes, as a product of one task; its C may be put elsewhere.
    SparseProduct part(std::size_t task) const {
        const std::size_t top = task % n_row_tasks() * task_rows;
        const std::size_t first = task / n_row_tasks() * task_cols;
        SparseProduct block = *this;
        block.first_row += top;
        block.rows = std::min(task_rows, rows - top);
        block.cols = std::min(task_cols, cols - first);
        block.v += v_transposed ? first * v_stride : first;
        block.c += c_transposed ? first * c_stride + top : top * c_stride + first;
        if (start != nullptr) block.start += first;
        return block;
    }

    /// Rows and columns of what is stored in C.
    std::pair<std::size_t, std::size_t> stored() const {
        return c_transposed ? std::pair{cols, rows} : std::pair{rows, cols};
    }

    // Tasks have a fixed size and every entry of C is summed in one order, whatever the threads.
    static constexpr std::size_t task_rows = 128;
    static constexpr std::size_t task_cols = Nonzeros<T>::pitch / sizeof(T);
};

/// Computes one block of C.
template <typename T>
void multiply(const SparseProduct<T>& product, std::size_t task);

}  // namespace shrinkage
