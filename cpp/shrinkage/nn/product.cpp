#include "shrinkage/nn/product.hpp"

#include <algorithm>

#include "shrinkage/base/lanes.hpp"
#include "shrinkage/base/runtime.hpp"
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

// From here on BLAS wins (measured with 128 columns): its packing then costs little.
constexpr double least_flops_for_blas = 3e7;
constexpr std::size_t least_sums_for_blas = 64;
constexpr std::size_t blas_rows = 256;

template <typename... Arguments>
void gemm(char* a, char* b, int* m, int* n, int* k, float* alpha, Arguments... rest) {
    blas_table().single_gemm(a, b, m, n, k, alpha, rest...);
}
template <typename... Arguments>
void gemm(char* a, char* b, int* m, int* n, int* k, double* alpha, Arguments... rest) {
    blas_table().gemm(a, b, m, n, k, alpha, rest...);
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

template <typename T>
bool wants_blas(const Product<T>& product) {
    return product.sums >= least_sums_for_blas && product.flops() >= least_flops_for_blas;
}

template <typename T>
std::size_t n_blas_blocks(const Product<T>& product) {
    return (product.rows + blas_rows - 1) / blas_rows;
}

template <typename T>
void multiply_by_blas(const Product<T>& p, std::size_t block) {
    const std::size_t n_blocks = n_blas_blocks(p);
    const std::size_t first = block * p.rows / n_blocks, end = (block + 1) * p.rows / n_blocks;
    if (p.start != nullptr) {
        for (std::size_t i = first; i < end; ++i) {
            std::fill_n(p.c + i * p.c_stride, p.cols, p.start[i]);
        }
    }
    // Row-major C = a V is column-major C' = V' a'.
    char no_trans = 'N', trans_a = p.sum_step == 1 ? 'N' : 'T';
    int m = static_cast<int>(p.cols), n = static_cast<int>(end - first),
        k = static_cast<int>(p.sums), ldv = static_cast<int>(p.v_stride),
        lda = static_cast<int>(p.sum_step == 1 ? p.row_step : p.sum_step),
        ldc = static_cast<int>(p.c_stride);
    T one{1}, keep = p.start != nullptr ? T{1} : T{0};
    gemm(&no_trans, &trans_a, &m, &n, &k, &one, const_cast<T*>(p.v), &ldv,
         const_cast<T*>(p.a + first * p.row_step), &lda, &keep, p.c + first * p.c_stride, &ldc);
}

#define SHRINKAGE_INSTANTIATE(T)                            \
    template void multiply(const Product<T>&, std::size_t); \
    template bool wants_blas(const Product<T>&);            \
    template std::size_t n_blas_blocks(const Product<T>&);  \
    template void multiply_by_blas(const Product<T>&, std::size_t);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)

}  // namespace shrinkage
