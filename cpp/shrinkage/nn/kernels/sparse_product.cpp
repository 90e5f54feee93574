#include "shrinkage/nn/kernels/sparse_product.hpp"

#include <algorithm>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/simd/vectors.hpp"

namespace shrinkage {
namespace {

/// A block of V and the sums of a task, where all are near each other.
template <typename T>
struct Workspace {
    static constexpr std::size_t cols = SparseProduct<T>::task_cols;

    alignas(cache_line) T right[Nonzeros<T>::most_sums * cols];
    alignas(cache_line) T sums[SparseProduct<T>::task_rows * cols];
};

/// The sums of one row and N vectors of columns; nonzeros go to `ways` sums in turn, as one
/// addition has to wait for the one before.
template <typename V, std::size_t N, std::size_t ways, typename T>
SHRINKAGE_INLINE void add_row(const typename Nonzeros<T>::List& list, const T* right, T* c) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    V sums[ways][N];
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
        sums[0][n] = *reinterpret_cast<const V*>(c + n * width);
#pragma GCC unroll 8
        for (std::size_t w = 1; w < ways; ++w) sums[w][n] = V{};
    }
    const auto add = [&](std::size_t k, V(&to)[N]) SHRINKAGE_INLINED {
        const V left = list.values[k] - V{};  // in all lanes, without an addition
        const auto* from =
            reinterpret_cast<const V*>(reinterpret_cast<const char*>(right) + list.places[k]);
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) to[n] += left * from[n];
    };
    std::size_t k = 0;
    for (; k + ways <= list.count; k += ways) {
#pragma GCC unroll 8
        for (std::size_t w = 0; w < ways; ++w) add(k + w, sums[w]);
    }
    for (; k < list.count; ++k) add(k, sums[0]);
#pragma GCC unroll 8
    for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 8
        for (std::size_t w = 1; w < ways; ++w) sums[0][n] += sums[w][n];
        *reinterpret_cast<V*>(c + n * width) = sums[0][n];
    }
}

/// The rows of V that belong to a block of sums, side by side.
template <typename V, typename T>
SHRINKAGE_INLINE void pack(const SparseProduct<T>& p, std::size_t first, std::size_t n_sums,
                           T* right) {
    constexpr std::size_t width = sizeof(V) / sizeof(T), stride = SparseProduct<T>::task_cols;
    if (p.v_transposed) {
        return transpose_block<V>(p.v + first, p.v_stride, p.cols, n_sums, right, stride);
    }
    for (std::size_t k = 0; k < n_sums; ++k) {
        const T* from = p.v + (first + k) * p.v_stride;
        for (std::size_t j = 0; j < padded<T>(p.cols); j += width) {
            *reinterpret_cast<V*>(right + k * stride + j) = *reinterpret_cast<const V*>(from + j);
        }
    }
}

/// N vectors at a time are kept in registers; what does not fill them goes one by one.
template <typename V, std::size_t N, std::size_t ways, typename T>
SHRINKAGE_INLINE void product_block(const SparseProduct<T>& p) {
    constexpr std::size_t width = sizeof(V) / sizeof(T), task_cols = SparseProduct<T>::task_cols;
    const Nonzeros<T>& left = *p.left;
    const std::size_t used = padded<T>(p.cols);
    Workspace<T> work;
    T* sums = p.c_transposed ? work.sums : p.c;
    const std::size_t stride = p.c_transposed ? task_cols : p.c_stride;
    for (std::size_t r = 0; r < p.rows; ++r) {
        for (std::size_t j = 0; j < used; j += width) {
            *reinterpret_cast<V*>(sums + r * stride + j) =
                p.start != nullptr ? *reinterpret_cast<const V*>(p.start + j) : V{};
        }
    }
    for (std::size_t b = 0; b < left.n_blocks(); ++b) {
        const std::size_t first = left.first_sum(b);
        pack<V>(p, first, left.first_sum(b + 1) - first, work.right);
        for (std::size_t r = 0; r < p.rows; ++r) {
            const auto list = left.list(b, p.first_row + r);
            T* c = sums + r * stride;
            std::size_t j = 0;
            for (; j + N * width <= used; j += N * width) {
                add_row<V, N, ways>(list, work.right + j, c + j);
            }
            for (; j < used; j += width) add_row<V, 1, 4>(list, work.right + j, c + j);
        }
    }
    if (p.c_transposed) {
        transpose_block<V>(work.sums, task_cols, p.rows, p.cols, p.c, p.c_stride);
    }
}

}  // namespace

template <typename T>
void multiply(const SparseProduct<T>& product, std::size_t task) {
    const SparseProduct<T> part = product.part(task);
    with_vectors<T>([&](auto vector) SHRINKAGE_INLINED {
        using V = typename decltype(vector)::type;
        // Eight sums in all hide the time that an addition takes.
        constexpr bool widest = sizeof(V) == cache_line;
        product_block<V, widest ? 4 : 8, widest ? 2 : 1>(part);
    });
}

template void multiply(const SparseProduct<float>&, std::size_t);
template void multiply(const SparseProduct<double>&, std::size_t);

}  // namespace shrinkage
