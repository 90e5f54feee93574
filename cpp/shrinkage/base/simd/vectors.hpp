// Vectors of plain numbers for kernels that are written once and compiled for each instruction set.
#pragma once

#include <cstddef>
#include <utility>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage {

template <typename T, std::size_t bytes>
struct VectorOf {
    typedef T type __attribute__((vector_size(bytes), may_alias));
};

namespace detail {

/// Of rows `distance` apart: what lies right of the diagonal of a square of twice that distance
/// changes places with what lies below it.
template <std::size_t distance, typename V, std::size_t... lane>
SHRINKAGE_INLINE void exchange(V& upper, V& lower, std::index_sequence<lane...>) {
    constexpr std::size_t n = sizeof...(lane);
    const V kept = upper;
    upper = __builtin_shufflevector(kept, lower,
                                    ((lane & distance) != 0 ? lane - distance + n : lane)...);
    lower = __builtin_shufflevector(kept, lower,
                                    ((lane & distance) != 0 ? lane + n : lane + distance)...);
}

template <std::size_t n, std::size_t distance, typename V>
SHRINKAGE_INLINE void transpose_square(V* rows) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < n; ++i) {
        if ((i & distance) == 0) {
            exchange<distance>(rows[i], rows[i + distance], std::make_index_sequence<n>{});
        }
    }
    if constexpr (distance > 1) transpose_square<n, distance / 2>(rows);
}

}  // namespace detail

/// Transposes a square of n rows, each a vector of n numbers, by log2(n) rounds of exchanges.
template <std::size_t n, typename V>
SHRINKAGE_INLINE void transpose_square(V (&rows)[n]) {
    detail::transpose_square<n, n / 2>(rows);
}

/// out (cols, out_stride) = the first `rows` rows of in, transposed, square by square. Of both,
/// whole lines are read and written: the columns of `out` from `rows` to the end of a line become
/// zero.
template <typename V, typename T>
SHRINKAGE_INLINE void transpose_block(const T* in, std::size_t in_stride, std::size_t rows,
                                      std::size_t cols, T* out, std::size_t out_stride) {
    constexpr std::size_t width = sizeof(V) / sizeof(T);
    for (std::size_t i = 0; i < padded<T>(rows); i += width) {
        for (std::size_t j = 0; j < cols; j += width) {
            V square[width];
#pragma GCC unroll 16
            for (std::size_t k = 0; k < width; ++k) {
                square[k] =
                    i + k < rows ? *reinterpret_cast<const V*>(in + (i + k) * in_stride + j) : V{};
            }
            transpose_square(square);
#pragma GCC unroll 16
            for (std::size_t k = 0; k < width; ++k) {
                if (j + k < cols) *reinterpret_cast<V*>(out + (j + k) * out_stride + i) = square[k];
            }
        }
    }
}

}  // namespace shrinkage
