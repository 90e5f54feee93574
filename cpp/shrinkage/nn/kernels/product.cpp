#include "shrinkage/nn/kernels/product.hpp"

#include <algorithm>
#include <cstring>

#include "shrinkage/base/simd/vectors.hpp"

namespace shrinkage {
namespace {

/// What is summed at a time, so that the rows of V which a column block needs stay near.
constexpr std::size_t sums_at_a_time = 512;

/// The sums from first_sum on; where their numbers of a are, as in Product.
template <typename T>
struct Block {
    const Product<T>& p;
    std::size_t first_sum;
    std::size_t n_sums;
    const T* a;
    std::size_t row_step;
    std::size_t sum_step;
};

/// R rows by N vectors of C, held in registers. Products go to `ways` sums in turn, as one addition
/// has to wait for the one before.
template <typename V, std::size_t R, std::size_t N, std::size_t ways, typename T>
SHRINKAGE_INLINE void tile(const Block<T>& block, std::size_t i, std::size_t j) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    const Product<T>& p = block.p;
    V sums[ways][R][N];
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) {
        const T* c = p.c + (i + r) * p.c_stride + j;
        const T start = p.start != nullptr ? p.start[i + r] : T{0};
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            sums[0][r][n] =
                block.first_sum == 0 ? start - V{} : *reinterpret_cast<const V*>(c + n * width);
#pragma GCC unroll 4
            for (std::size_t w = 1; w < ways; ++w) sums[w][r][n] = V{};
        }
    }
    const T* a = block.a + i * block.row_step;
    const T* v = p.v + block.first_sum * p.v_stride + j;
    const auto add = [&](V(&to)[R][N]) SHRINKAGE_INLINED {
        V right[N];
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) right[n] = *reinterpret_cast<const V*>(v + n * width);
#pragma GCC unroll 16
        for (std::size_t r = 0; r < R; ++r) {
            const V left = a[r * block.row_step] - V{};  // in all lanes, without an addition
#pragma GCC unroll 4
            for (std::size_t n = 0; n < N; ++n) to[r][n] += left * right[n];
        }
        a += block.sum_step;
        v += p.v_stride;
    };
    std::size_t s = 0;
    for (; s + ways <= block.n_sums; s += ways) {
#pragma GCC unroll 4
        for (std::size_t w = 0; w < ways; ++w) add(sums[w]);
    }
    if constexpr (ways > 1) {
        for (; s < block.n_sums; ++s) add(sums[0]);
    }
#pragma GCC unroll 16
    for (std::size_t r = 0; r < R; ++r) {
        T* c = p.c + (i + r) * p.c_stride + j;
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
#pragma GCC unroll 4
            for (std::size_t w = 1; w < ways; ++w) sums[0][r][n] += sums[w][r][n];
            *reinterpret_cast<V*>(c + n * width) = sums[0][r][n];
        }
    }
}

/// All rows from i to end by N vectors: tiles of R rows, then of half as many.
template <typename V, std::size_t R, std::size_t N, typename T>
SHRINKAGE_INLINE void panel(const Block<T>& block, std::size_t i, std::size_t end, std::size_t j) {
    for (; i + R <= end; i += R) tile<V, R, N, 1>(block, i, j);
    if constexpr (R > 1) {
        if (i < end) panel<V, R / 2, N>(block, i, end, j);
    }
}

/// Numbers that are side by side by rows lie far apart by sums, at worst in places which a cache
/// cannot hold together: worth a copy where so many columns use them.
template <typename T>
class Packed {
public:
    static bool helps(const Product<T>& p) {
        return p.row_step == 1 && p.sum_step > Product<T>::task_rows && p.cols >= 4 * lanes_of<T>;
    }

    SHRINKAGE_INLINE Block<T> copy(const Block<T>& block) {
        constexpr std::size_t step = Product<T>::task_rows;
        for (std::size_t s = 0; s < block.n_sums; ++s) {
            const T* from = block.a + s * block.sum_step;
            if (block.p.rows == step) {  // a size known beforehand is copied by vectors
                std::memcpy(numbers_ + s * step, from, step * sizeof(T));
            } else {
                std::copy_n(from, block.p.rows, numbers_ + s * step);
            }
        }
        return {block.p, block.first_sum, block.n_sums, numbers_, 1, step};
    }

private:
    alignas(cache_line) T numbers_[Product<T>::task_rows * sums_at_a_time];
};

/// A product of few rows: one at a time.
template <typename V, std::size_t N, typename T>
SHRINKAGE_INLINE void few_rows(const Block<T>& block, std::size_t j) {
    for (std::size_t i = 0; i < block.p.rows; ++i) tile<V, 1, N, 4>(block, i, j);
}

template <typename V, std::size_t R4, std::size_t R2, typename T>
SHRINKAGE_INLINE void product_block(const Product<T>& p) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    const bool few = p.rows < 4, packs = Packed<T>::helps(p);
    Packed<T> packed;
    for (std::size_t first = 0; first == 0 || first < p.sums; first += sums_at_a_time) {
        const Block<T> there{p,
                             first,
                             std::min(sums_at_a_time, p.sums - first),
                             p.a + first * p.sum_step,
                             p.row_step,
                             p.sum_step};
        const Block<T> block = packs ? packed.copy(there) : there;
        std::size_t j = 0;
        if constexpr (R4 > 0) {
            for (; !few && j + 4 * width <= p.cols; j += 4 * width) {
                panel<V, R4, 4>(block, 0, p.rows, j);
            }
        }
        for (; j + 2 * width <= p.cols; j += 2 * width) {
            few ? few_rows<V, 2>(block, j) : panel<V, R2, 2>(block, 0, p.rows, j);
        }
        for (; j < p.cols; j += width) {
            few ? few_rows<V, 1>(block, j) : panel<V, R2, 1>(block, 0, p.rows, j);
        }
    }
}

#if SHRINKAGE_X86
template <typename T>
SHRINKAGE_AVX512 void block_avx512(const Product<T>& p) {
    product_block<typename VectorOf<T, 64>::type, 6, 8>(p);
}

template <typename T>
SHRINKAGE_AVX2 void block_avx2(const Product<T>& p) {
    product_block<typename VectorOf<T, 32>::type, 0, 6>(p);
}
#endif

template <typename T>
void block_plain(const Product<T>& p) {
    product_block<typename VectorOf<T, 16>::type, 0, 4>(p);
}

}  // namespace

template <typename T>
void multiply(const Product<T>& product, std::size_t task) {
#if SHRINKAGE_X86
    if (simd() == Simd::avx512) return block_avx512(product.part(task));
    if (simd() == Simd::avx2) return block_avx2(product.part(task));
#endif
    block_plain(product.part(task));
}

template void multiply(const Product<float>&, std::size_t);
template void multiply(const Product<double>&, std::size_t);

}  // namespace shrinkage
