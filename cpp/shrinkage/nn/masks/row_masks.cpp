#include "shrinkage/base/simd/philox_lanes.hpp"
#include "shrinkage/nn/masks/masks.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t units_of_a_call = 8;

#if SHRINKAGE_X86

/// Units 8 block ... of a row, eight calls side by side; says whether a number was on the
/// threshold.
SHRINKAGE_AVX512 bool calls_avx512(const DropoutStream& stream, std::uint32_t row,
                                   std::uint32_t block, std::uint32_t coarse_, std::uint8_t* out) {
    const __m512i calls = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    const __m512i first = _mm512_add_epi64(_mm512_set1_epi64(block | stream.layer << 24), calls);
    const __m512i step = _mm512_set1_epi64(static_cast<long long>(stream.step));
    const auto c = philox_avx512({first, _mm512_set1_epi64(row), step, _mm512_srli_epi64(step, 32)},
                                 stream.seed);
    const __m512i words[4] = {c.w0, c.w1, c.w2, c.w3};
    const __m512i low_half = _mm512_set1_epi64(0xFFFF), coarse = _mm512_set1_epi64(coarse_);
    __m512i kept = _mm512_setzero_si512();
    __mmask8 tie = 0;
    for (unsigned k = 0; k < units_of_a_call; ++k) {
        const __m512i word = k % 2 == 0 ? words[k / 2] : _mm512_srli_epi64(words[k / 2], 16);
        const __m512i lane = _mm512_and_si512(word, low_half);
        kept = _mm512_mask_or_epi64(kept, _mm512_cmpge_epu64_mask(lane, coarse), kept,
                                    _mm512_set1_epi64(1LL << (8 * k)));
        tie = static_cast<__mmask8>(tie | _mm512_cmpeq_epu64_mask(lane, coarse));
    }
    _mm512_storeu_si512(out, kept);
    return tie != 0;
}

/// The same, four calls side by side.
SHRINKAGE_AVX2 bool calls_avx2(const DropoutStream& stream, std::uint32_t row, std::uint32_t block,
                               std::uint32_t coarse_, std::uint8_t* out) {
    const __m256i calls = _mm256_setr_epi64x(0, 1, 2, 3);
    const __m256i first = _mm256_add_epi64(_mm256_set1_epi64x(block | stream.layer << 24), calls);
    const __m256i step = _mm256_set1_epi64x(static_cast<long long>(stream.step));
    const auto c = philox_avx2({first, _mm256_set1_epi64x(row), step, _mm256_srli_epi64(step, 32)},
                               stream.seed);
    const __m256i words[4] = {c.w0, c.w1, c.w2, c.w3};
    const __m256i low_half = _mm256_set1_epi64x(0xFFFF), coarse = _mm256_set1_epi64x(coarse_);
    __m256i kept = _mm256_setzero_si256(), tie = _mm256_setzero_si256();
    for (unsigned k = 0; k < units_of_a_call; ++k) {
        const __m256i word = k % 2 == 0 ? words[k / 2] : _mm256_srli_epi64(words[k / 2], 16);
        const __m256i lane = _mm256_and_si256(word, low_half);
        const __m256i dropped = _mm256_cmpgt_epi64(coarse, lane);
        const __m256i one = _mm256_set1_epi64x(1LL << (8 * k));
        kept = _mm256_or_si256(kept, _mm256_andnot_si256(dropped, one));
        tie = _mm256_or_si256(tie, _mm256_cmpeq_epi64(lane, coarse));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), kept);
    return _mm256_movemask_epi8(tie) != 0;
}

#endif

}  // namespace

void long_row_mask(const DropoutStream& stream, std::uint32_t row, std::size_t first_unit,
                   std::uint32_t threshold, std::span<std::uint8_t> mask) {
    std::size_t done = 0;
#if SHRINKAGE_X86
    const Simd level = simd();
    const std::size_t width = level == Simd::avx512 ? 64 : level == Simd::avx2 ? 32 : 0;
    const std::uint32_t coarse = threshold >> 16;
    for (; width > 0 && done + width <= mask.size(); done += width) {
        const auto block = static_cast<std::uint32_t>((first_unit + done) / units_of_a_call);
        std::uint8_t* out = mask.data() + done;
        const bool tie = level == Simd::avx512 ? calls_avx512(stream, row, block, coarse, out)
                                               : calls_avx2(stream, row, block, coarse, out);
        if (tie && (threshold & 0xFFFFU) != 0) {
            dropout_row(stream, row, first_unit + done, threshold, {out, width});
        }
    }
#endif
    if (done < mask.size()) {
        dropout_row(stream, row, first_unit + done, threshold, mask.subspan(done));
    }
}

}  // namespace shrinkage
