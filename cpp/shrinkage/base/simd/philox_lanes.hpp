// Philox 4x32-10 for several counters at once, one a lane. Numbers of 32 bits lie in lanes of 64,
// the upper half being whatever the last product left there: a product reads the lower half alone.
#pragma once

#include <cstdint>

#include "shrinkage/base/simd/lanes.hpp"

#if SHRINKAGE_X86
#include <immintrin.h>

namespace shrinkage {

#define SHRINKAGE_PHILOX(SUFFIX, TARGET, V, SET1, MUL, SHIFT, XOR)                            \
    struct Words_##SUFFIX {                                                                   \
        V w0, w1, w2, w3;                                                                     \
    };                                                                                        \
    TARGET inline Words_##SUFFIX philox_##SUFFIX(Words_##SUFFIX c, std::uint64_t seed) {      \
        std::uint32_t key_0 = static_cast<std::uint32_t>(seed);                               \
        std::uint32_t key_1 = static_cast<std::uint32_t>(seed >> 32);                         \
        const V multiplier_0 = SET1(0xD2511F53LL), multiplier_1 = SET1(0xCD9E8D57LL);         \
        for (int round = 0; round < 10; ++round) {                                            \
            const V product_0 = MUL(c.w0, multiplier_0), product_1 = MUL(c.w2, multiplier_1); \
            c = {XOR(XOR(SHIFT(product_1, 32), c.w1), SET1(key_0)), product_1,                \
                 XOR(XOR(SHIFT(product_0, 32), c.w3), SET1(key_1)), product_0};               \
            key_0 += 0x9E3779B9U;                                                             \
            key_1 += 0xBB67AE85U;                                                             \
        }                                                                                     \
        return c;                                                                             \
    }

SHRINKAGE_PHILOX(avx512, SHRINKAGE_AVX512, __m512i, _mm512_set1_epi64, _mm512_mul_epu32,
                 _mm512_srli_epi64, _mm512_xor_si512)
SHRINKAGE_PHILOX(avx2, SHRINKAGE_AVX2, __m256i, _mm256_set1_epi64x, _mm256_mul_epu32,
                 _mm256_srli_epi64, _mm256_xor_si256)

#undef SHRINKAGE_PHILOX

}  // namespace shrinkage
#endif
