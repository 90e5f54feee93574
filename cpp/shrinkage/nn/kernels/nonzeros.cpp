#include "shrinkage/nn/kernels/nonzeros.hpp"

#include <type_traits>

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/simd/vectors.hpp"

#if SHRINKAGE_X86
#include <immintrin.h>
#endif

namespace shrinkage {
namespace {

/// A list that grows.
template <typename T>
struct Growing {
    T* values;
    std::uint32_t* places;
    std::uint32_t count = 0;

    /// Written in any case, counted unless zero: no branch.
    SHRINKAGE_INLINE void append(T value, std::size_t place) {
        values[count] = value;
        places[count] = static_cast<std::uint32_t>(place);
        count += value != T{0} ? 1 : 0;
    }
};

/// Part of a factor: up to a cache line of rows, a block of sums.
template <typename T>
struct Part {
    const T* values;
    std::size_t stride;
    std::size_t n_rows, n_sums;
};

template <typename T>
void collect_plain(const Part<T>& part, bool transposed, Growing<T>* lists) {
    constexpr std::size_t pitch = Nonzeros<T>::pitch;
    if (transposed) {
        for (std::size_t s = 0; s < part.n_sums; ++s) {
            const T* line = part.values + s * part.stride;
            for (std::size_t r = 0; r < part.n_rows; ++r) lists[r].append(line[r], s * pitch);
        }
        return;
    }
    for (std::size_t r = 0; r < part.n_rows; ++r) {
        const T* line = part.values + r * part.stride;
        for (std::size_t s = 0; s < part.n_sums; ++s) lists[r].append(line[s], s * pitch);
    }
}

#if SHRINKAGE_X86

/// Appends the nonzero ones of 16 numbers; what is written beyond them, the next ones overwrite.
SHRINKAGE_AVX512 inline void append_avx512(__m512 numbers, __m512i places, Growing<float>& list) {
    const __mmask16 kept = _mm512_cmp_ps_mask(numbers, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    _mm512_storeu_ps(list.values + list.count, _mm512_maskz_compress_ps(kept, numbers));
    _mm512_storeu_si512(list.places + list.count, _mm512_maskz_compress_epi32(kept, places));
    list.count += static_cast<std::uint32_t>(__builtin_popcount(kept));
}

SHRINKAGE_AVX512 void collect_avx512(const Part<float>& part, bool transposed,
                                     Growing<float>* lists) {
    constexpr std::size_t lanes = 16;
    constexpr int pitch = static_cast<int>(Nonzeros<float>::pitch);
    const __m512i steps =
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32(pitch));
    for (std::size_t s = 0; s < part.n_sums; s += lanes) {
        const std::size_t n = std::min(lanes, part.n_sums - s);
        const __m512i places =
            _mm512_add_epi32(steps, _mm512_set1_epi32(static_cast<int>(s) * pitch));
        if (!transposed) {
            const auto used = static_cast<__mmask16>((1U << n) - 1U);
            for (std::size_t r = 0; r < part.n_rows; ++r) {
                const float* from = part.values + r * part.stride + s;
                append_avx512(_mm512_maskz_loadu_ps(used, from), places, lists[r]);
            }
            continue;
        }
        __m512 square[lanes];
        for (std::size_t k = 0; k < lanes; ++k) {
            square[k] =
                k < n ? _mm512_loadu_ps(part.values + (s + k) * part.stride) : _mm512_setzero_ps();
        }
        transpose_square(square);
        for (std::size_t r = 0; r < part.n_rows; ++r) append_avx512(square[r], places, lists[r]);
    }
}

#endif

template <typename T>
void collect_part(const Part<T>& part, bool transposed, Growing<T>* lists) {
#if SHRINKAGE_X86
    if constexpr (std::is_same_v<T, float>) {
        if (simd() == Simd::avx512) return collect_avx512(part, transposed, lists);
    }
#endif
    collect_plain(part, transposed, lists);
}

}  // namespace

template <typename T>
void Nonzeros<T>::collect(std::size_t task) {
    constexpr std::size_t lanes = lanes_of<T>;
    const std::size_t block = task / n_row_groups();
    const std::size_t row = task % n_row_groups() * lanes;
    const std::size_t first = first_sum(block);
    const auto [values, stride, transposed, rows, sums] = factor_;
    const Part<T> part{values + (transposed ? first * stride + row : row * stride + first), stride,
                       std::min(lanes, rows - row), first_sum(block + 1) - first};
    const std::size_t k = block * padded<T>(rows) + row;
    Growing<T> lists[lanes];
    for (std::size_t r = 0; r < lanes; ++r) {
        lists[r] = {values_.data() + (k + r) * most_sums, places_.data() + (k + r) * most_sums};
    }
    collect_part(part, transposed, lists);
    for (std::size_t r = 0; r < part.n_rows; ++r) counts_[k + r] = lists[r].count;
}

template <typename T>
std::size_t count_nonzeros(std::span<const T> x) {
    const std::size_t n = x.size();
    const T* values = x.data();
    std::size_t total = 0;
    vectorized([=, &total]() SHRINKAGE_INLINED {
        std::size_t count = 0;
        for (std::size_t i = 0; i < n; ++i) count += values[i] != T{0} ? 1 : 0;
        total = count;
    });
    return total;
}

template class Nonzeros<float>;
template class Nonzeros<double>;
template std::size_t count_nonzeros(std::span<const float>);
template std::size_t count_nonzeros(std::span<const double>);

}  // namespace shrinkage
