#include "shrinkage/nn/masks/masks.hpp"

#include <algorithm>

#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/simd/philox_lanes.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t units_of_a_call = 8;  // decided by one Philox call
constexpr std::size_t rows_of_a_group = 16;

/// A group of at most 16 examples, one a column of the mask.
struct Group {
    const DropoutStream& stream;
    const std::uint32_t* rows;
    std::size_t count;
    std::uint8_t* mask;  // of its first example
    std::size_t stride;
    std::size_t first_unit;  // of the mask's first row
};

/// Word 0 of the counter that decides units u ... u + 7 of the group.
inline std::uint32_t first_word(const Group& group, std::size_t u) {
    return static_cast<std::uint32_t>((group.first_unit + u) / units_of_a_call) | group.stream.layer
                                                                                      << 24;
}

/// Units first, first + 1, ... of one example, by the plain function.
void plain_column(const Group& group, std::size_t j, std::size_t first, std::size_t n_units,
                  std::uint32_t threshold) {
    std::uint8_t kept[units_of_a_call];
    dropout_row(group.stream, group.rows[j], group.first_unit + first, threshold, {kept, n_units});
    for (std::size_t k = 0; k < n_units; ++k) {
        group.mask[(first + k) * group.stride + j] = kept[k];
    }
}

void plain_group(const Group& group, std::size_t units, std::uint32_t threshold) {
    for (std::size_t u = 0; u < units; u += units_of_a_call) {
        const std::size_t n_units = std::min(units_of_a_call, units - u);
        for (std::size_t j = 0; j < group.count; ++j) plain_column(group, j, u, n_units, threshold);
    }
}

#if SHRINKAGE_X86

/// Sixteen numbers of 32 bits out of the lower halves of two registers.
SHRINKAGE_AVX512 inline __m512i joined(__m512i low, __m512i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)),
                              _mm512_cvtepi64_epi32(high), 1);
}

/// Writes the decisions on one unit for 16 examples; says whether a number was on the threshold.
SHRINKAGE_AVX512 inline bool decide_avx512(__m512i lane, __m512i coarse, std::uint8_t* out) {
    const __mmask16 kept = _mm512_cmpge_epu32_mask(lane, coarse);
    const __m512i ones = _mm512_maskz_set1_epi32(kept, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(ones));
    return _mm512_cmpeq_epu32_mask(lane, coarse) != 0;
}

SHRINKAGE_AVX512 void full_group_avx512(const Group& group, std::size_t units,
                                        std::uint32_t threshold) {
    const __m512i coarse = _mm512_set1_epi32(static_cast<int>(threshold >> 16));
    const __m512i low_half = _mm512_set1_epi32(0xFFFF);
    const __m512i rows = _mm512_loadu_si512(group.rows);
    const __m512i rows_0 = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(rows));
    const __m512i rows_1 = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(rows, 1));
    const __m512i step_0 = _mm512_set1_epi64(static_cast<long long>(group.stream.step));
    const __m512i step_1 = _mm512_srli_epi64(step_0, 32);
    for (std::size_t u = 0; u < units; u += units_of_a_call) {
        const std::uint32_t word = first_word(group, u);
        const __m512i first = _mm512_set1_epi64(word);
        const auto a = philox_avx512({first, rows_0, step_0, step_1}, group.stream.seed);
        const auto b = philox_avx512({first, rows_1, step_0, step_1}, group.stream.seed);
        const __m512i words[4] = {joined(a.w0, b.w0), joined(a.w1, b.w1), joined(a.w2, b.w2),
                                  joined(a.w3, b.w3)};
        const std::size_t n_units = std::min(units_of_a_call, units - u);
        std::uint8_t* out = group.mask + u * group.stride;
        bool tie = false;
        for (std::size_t k = 0; k < n_units; ++k, out += group.stride) {
            const __m512i lane = k % 2 == 0 ? _mm512_and_si512(words[k / 2], low_half)
                                            : _mm512_srli_epi32(words[k / 2], 16);
            tie |= decide_avx512(lane, coarse, out);
        }
        if (!tie || (threshold & 0xFFFFU) == 0) continue;
        for (std::size_t j = 0; j < rows_of_a_group; ++j) {
            plain_column(group, j, u, n_units, threshold);
        }
    }
}

SHRINKAGE_AVX2 void full_group_avx2(const Group& group, std::size_t units,
                                    std::uint32_t threshold) {
    const __m256i coarse = _mm256_set1_epi32(static_cast<int>(threshold >> 16));
    const __m256i low_half = _mm256_set1_epi32(0xFFFF), one = _mm256_set1_epi32(1);
    const __m256i step_0 = _mm256_set1_epi64x(static_cast<long long>(group.stream.step));
    const __m256i step_1 = _mm256_srli_epi64(step_0, 32);
    // The even 32-bit halves of two registers, in order.
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    for (std::size_t u = 0; u < units; u += units_of_a_call) {
        const std::uint32_t word = first_word(group, u);
        const __m256i first = _mm256_set1_epi64x(word);
        const std::size_t n_units = std::min(units_of_a_call, units - u);
        bool tie = false;
        for (std::size_t half = 0; half < 2; ++half) {
            const auto* r = reinterpret_cast<const __m128i*>(group.rows + 8 * half);
            const __m256i rows_0 = _mm256_cvtepu32_epi64(_mm_loadu_si128(r));
            const __m256i rows_1 = _mm256_cvtepu32_epi64(_mm_loadu_si128(r + 1));
            const auto a = philox_avx2({first, rows_0, step_0, step_1}, group.stream.seed);
            const auto b = philox_avx2({first, rows_1, step_0, step_1}, group.stream.seed);
            const __m256i left[4] = {a.w0, a.w1, a.w2, a.w3}, right[4] = {b.w0, b.w1, b.w2, b.w3};
            std::uint8_t* out = group.mask + u * group.stride + 8 * half;
            for (std::size_t k = 0; k < n_units; ++k, out += group.stride) {
                const __m256i both = _mm256_permute2x128_si256(
                    _mm256_permutevar8x32_epi32(left[k / 2], even),
                    _mm256_permutevar8x32_epi32(right[k / 2], even), 0x20);
                const __m256i lane =
                    k % 2 == 0 ? _mm256_and_si256(both, low_half) : _mm256_srli_epi32(both, 16);
                // Numbers below 2^16 compare alike signed and unsigned.
                const __m256i dropped = _mm256_cmpgt_epi32(coarse, lane);
                const __m256i kept = _mm256_andnot_si256(dropped, one);
                const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(kept),
                                                       _mm256_extracti128_si256(kept, 1));
                _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(words, words));
                tie |= _mm256_movemask_epi8(_mm256_cmpeq_epi32(lane, coarse)) != 0;
            }
        }
        if (!tie || (threshold & 0xFFFFU) == 0) continue;
        for (std::size_t j = 0; j < rows_of_a_group; ++j) {
            plain_column(group, j, u, n_units, threshold);
        }
    }
}

#endif

void draw_group(const Group& group, std::size_t units, std::uint32_t threshold) {
#if SHRINKAGE_X86
    if (group.count == rows_of_a_group && simd() == Simd::avx512) {
        return full_group_avx512(group, units, threshold);
    }
    if (group.count == rows_of_a_group && simd() == Simd::avx2) {
        return full_group_avx2(group, units, threshold);
    }
#endif
    plain_group(group, units, threshold);
}

/// Columns beyond the rows are 0.
void clear_padding(std::size_t n_rows, std::size_t units, std::size_t stride, std::uint8_t* mask) {
    for (std::size_t u = 0; u < units && n_rows < stride; ++u) {
        std::fill(mask + u * stride + n_rows, mask + (u + 1) * stride, std::uint8_t{0});
    }
}

}  // namespace

void batch_mask(const DropoutStream& stream, std::span<const std::uint32_t> rows, std::size_t units,
                double rate, std::size_t stride, std::uint8_t* mask, std::size_t first_unit) {
    const std::uint32_t threshold = dropout_threshold(rate);
    for (std::size_t j = 0; j < rows.size(); j += rows_of_a_group) {
        const std::size_t count = std::min(rows_of_a_group, rows.size() - j);
        draw_group({stream, rows.data() + j, count, mask + j, stride, first_unit}, units,
                   threshold);
    }
    clear_padding(rows.size(), units, stride, mask);
}

void layer_mask(const MaskPlan& plan, std::size_t l, std::span<const std::uint32_t> rows,
                std::size_t units, std::size_t stride, std::uint8_t* mask, std::size_t first_unit) {
    if (!traits_of(plan.kind).recurring) {
        const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
        batch_mask(stream, rows, units, plan.rates[l], stride, mask, first_unit);
        return;
    }
    const MemberMasks& members = plan.members[l];
    for (std::size_t j = 0; j < rows.size(); ++j) {
        const std::uint8_t* kept =
            members.mask(members.member(rows[j], plan.step)).data() + first_unit;
        for (std::size_t u = 0; u < units; ++u) mask[u * stride + j] = kept[u];
    }
    clear_padding(rows.size(), units, stride, mask);
}

void shared_layer_mask(const MaskPlan& plan, std::size_t l, std::span<std::uint8_t> mask) {
    if (!traits_of(plan.kind).recurring) {
        const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
        long_row_mask(stream, 0, 0, dropout_threshold(plan.rates[l]), mask);
        return;
    }
    const MemberMasks& members = plan.members[l];
    std::copy_n(members.mask(members.member(0, plan.step)).begin(), mask.size(), mask.begin());
}

}  // namespace shrinkage
