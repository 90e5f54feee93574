#include "shrinkage/nn/product.hpp"

#include <algorithm>

#include "shrinkage/base/lanes.hpp"
#include "shrinkage/nn/vectorized.hpp"

namespace shrinkage {
namespace {

template <typename T, std::size_t bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(bytes), may_alias));
};

/// What is summed at a time, so that the rows of V which a column block needs stay near.
constexpr std::size_t sums_at_a_time = 512;

template <typename T>
struct Block {
    const Product<T>& p;
    std::size_t first_sum;
    std::size_t n_sums;
};

/// R rows by N vectors of C, held in registers.
template <typename V, std::size_t R, std::size_t N, typename T>
SHRINKAGE_INLINE void tile(const Block<T>& block, std::size_t i, std::size_t j) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    const Product<T>& p = block.p;
    V sums[R][N];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) {
        const T* c = p.c + (i + r) * p.c_stride + j;
        const T start = p.start != nullptr ? p.start[i + r] : T{0};
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            sums[r][n] =
                block.first_sum == 0 ? V{} + start : *reinterpret_cast<const V*>(c + n * width);
        }
    }
    const T* a = p.a + i * p.row_step + block.first_sum * p.sum_step;
    const T* v = p.v + block.first_sum * p.v_stride + j;
    for (std::size_t s = 0; s < block.n_sums; ++s, a += p.sum_step, v += p.v_stride) {
        V right[N];
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) right[n] = *reinterpret_cast<const V*>(v + n * width);
#pragma GCC unroll 16
        for (std::size_t r = 0; r < R; ++r) {
            const V left = V{} + a[r * p.row_step];
#pragma GCC unroll 4
            for (std::size_t n = 0; n < N; ++n) sums[r][n] += left * right[n];
        }
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) {
        T* c = p.c + (i + r) * p.c_stride + j;
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) *reinterpret_cast<V*>(c + n * width) = sums[r][n];
    }
}

/// All rows from i to end by N vectors: tiles of R rows, then of half as many.
template <typename V, std::size_t R, std::size_t N, typename T>
SHRINKAGE_INLINE void panel(const Block<T>& block, std::size_t i, std::size_t end, std::size_t j) {
    for (; i + R <= end; i += R) tile<V, R, N>(block, i, j);
    if constexpr (R > 1) {
        if (i < end) panel<V, R / 2, N>(block, i, end, j);
    }
}

template <typename V, std::size_t R4, std::size_t R2, typename T>
SHRINKAGE_INLINE void product_block(const Product<T>& p, std::size_t task) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    const std::size_t top = task % p.n_row_tasks() * Product<T>::task_rows;
    const std::size_t left = task / p.n_row_tasks() * Product<T>::task_cols;
    const std::size_t bottom = std::min(top + Product<T>::task_rows, p.rows);
    const std::size_t right = std::min(left + Product<T>::task_cols, p.cols);
    for (std::size_t first = 0; first == 0 || first < p.sums; first += sums_at_a_time) {
        const Block<T> block{p, first, std::min(sums_at_a_time, p.sums - first)};
        std::size_t j = left;
        if constexpr (R4 > 0) {
            for (; j + 4 * width <= right; j += 4 * width) panel<V, R4, 4>(block, top, bottom, j);
        }
        for (; j + 2 * width <= right; j += 2 * width) panel<V, R2, 2>(block, top, bottom, j);
        for (; j < right; j += width) panel<V, R2, 1>(block, top, bottom, j);
    }
}

#if SHRINKAGE_X86
template <typename T>
SHRINKAGE_AVX512 void block_avx512(const Product<T>& p, std::size_t task) {
    product_block<typename VectorOf<T, 64>::type, 6, 8>(p, task);
}

template <typename T>
SHRINKAGE_AVX2 void block_avx2(const Product<T>& p, std::size_t task) {
    product_block<typename VectorOf<T, 32>::type, 0, 6>(p, task);
}
#endif

template <typename T>
void block_plain(const Product<T>& p, std::size_t task) {
    product_block<typename VectorOf<T, 16>::type, 0, 4>(p, task);
}

}  // namespace

template <typename T>
void multiply(const Product<T>& product, std::size_t task) {
#if SHRINKAGE_X86
    if (simd() == Simd::avx512) return block_avx512(product, task);
    if (simd() == Simd::avx2) return block_avx2(product, task);
#endif
    block_plain(product, task);
}

template void multiply(const Product<float>&, std::size_t);
template void multiply(const Product<double>&, std::size_t);

}  // namespace shrinkage
