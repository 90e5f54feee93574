#include "shrinkage/nn/masks/noise.hpp"

#include <algorithm>
#include <cmath>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/philox_lanes.hpp"
#include "shrinkage/base/simd/vectorized.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t units_of_two_calls = 8;
constexpr std::size_t rows_at_a_time = 16;
// No gate is smaller, except 0: products of smaller ones would be subnormal, and slow.
constexpr double least_exponent = -40.0;

/// The two calls of eight units for 16 examples: word w of example j is words[16 w + j].
struct Words {
    alignas(cache_line) std::uint32_t words[8 * rows_at_a_time];
};

void plain_words(const DropoutStream& stream, const std::uint32_t* rows, std::size_t count,
                 std::size_t block, Words& out) {
    for (std::size_t j = 0; j < count; ++j) {
        for (std::size_t call = 0; call < 2; ++call) {
            const PhiloxCounter bits = dropout_bits(stream, rows[j], block, call == 1);
            for (std::size_t w = 0; w < 4; ++w) {
                out.words[(4 * call + w) * rows_at_a_time + j] = bits[w];
            }
        }
    }
}

#if SHRINKAGE_X86

constexpr std::uint32_t fine_bit = std::uint32_t{1} << 31;

SHRINKAGE_AVX512 void words_avx512(const DropoutStream& stream, const std::uint32_t* rows,
                                   std::size_t block, Words& out) {
    const __m512i step = _mm512_set1_epi64(static_cast<long long>(stream.step));
    const __m512i high = _mm512_srli_epi64(step, 32);
    const std::uint32_t word = static_cast<std::uint32_t>(block) | stream.layer << 24;
    for (std::size_t half = 0; half < 2; ++half) {
        const auto* place = reinterpret_cast<const __m256i*>(rows + 8 * half);
        const __m512i row = _mm512_cvtepu32_epi64(_mm256_loadu_si256(place));
        for (std::size_t call = 0; call < 2; ++call) {
            const __m512i first = _mm512_set1_epi64(call == 0 ? word : word | fine_bit);
            const auto c = philox_avx512({first, row, step, high}, stream.seed);
            const __m512i words[4] = {c.w0, c.w1, c.w2, c.w3};
            for (std::size_t w = 0; w < 4; ++w) {
                auto* to = out.words + (4 * call + w) * rows_at_a_time + 8 * half;
                _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                                    _mm512_cvtepi64_epi32(words[w]));
            }
        }
    }
}

SHRINKAGE_AVX2 void words_avx2(const DropoutStream& stream, const std::uint32_t* rows,
                               std::size_t block, Words& out) {
    const __m256i step = _mm256_set1_epi64x(static_cast<long long>(stream.step));
    const __m256i high = _mm256_srli_epi64(step, 32);
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    const std::uint32_t word = static_cast<std::uint32_t>(block) | stream.layer << 24;
    for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        const auto* place = reinterpret_cast<const __m128i*>(rows + 4 * quarter);
        const __m256i row = _mm256_cvtepu32_epi64(_mm_loadu_si128(place));
        for (std::size_t call = 0; call < 2; ++call) {
            const __m256i first = _mm256_set1_epi64x(call == 0 ? word : word | fine_bit);
            const auto c = philox_avx2({first, row, step, high}, stream.seed);
            const __m256i words[4] = {c.w0, c.w1, c.w2, c.w3};
            for (std::size_t w = 0; w < 4; ++w) {
                auto* to = out.words + (4 * call + w) * rows_at_a_time + 4 * quarter;
                const __m256i low = _mm256_permutevar8x32_epi32(words[w], even);
                _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(low));
            }
        }
    }
}

#endif

void draw_words(const DropoutStream& stream, const std::uint32_t* rows, std::size_t count,
                std::size_t block, Words& out) {
#if SHRINKAGE_X86
    if (count == rows_at_a_time && simd() == Simd::avx512) {
        return words_avx512(stream, rows, block, out);
    }
    if (count == rows_at_a_time && simd() == Simd::avx2) {
        return words_avx2(stream, rows, block, out);
    }
#endif
    plain_words(stream, rows, count, block, out);
}

/// (word + 1/2) / 2^32, by halves whose conversion is a vector instruction everywhere.
template <typename T>
SHRINKAGE_INLINE T unit_interval(std::uint32_t word) {
    const auto high = static_cast<T>(static_cast<std::int32_t>(word >> 16));
    const auto low = static_cast<T>(static_cast<std::int32_t>(word & 0xFFFFU));
    return (high * T(65536) + (low + T(0.5))) * T(0x1p-32);
}

/// Eight units of 16 examples, of which transform(words, numbers) makes numbers; they are written
/// for the units and examples that there are.
template <typename T, typename Transform>
void each_block(const DropoutStream& stream, std::span<const std::uint32_t> rows, std::size_t units,
                std::size_t stride, T* out, const Transform& transform) {
    Words words{};
    alignas(cache_line) T numbers[units_of_two_calls * rows_at_a_time];
    for (std::size_t u = 0; u < units; u += units_of_two_calls) {
        const std::size_t n_units = std::min(units_of_two_calls, units - u);
        for (std::size_t j = 0; j < rows.size(); j += rows_at_a_time) {
            const std::size_t count = std::min(rows_at_a_time, rows.size() - j);
            draw_words(stream, rows.data() + j, count, u / units_of_two_calls, words);
            transform(words.words, numbers);
            for (std::size_t k = 0; k < n_units; ++k) {
                std::copy_n(numbers + k * rows_at_a_time, count, out + (u + k) * stride + j);
            }
        }
    }
    for (std::size_t u = 0; u < units && rows.size() < stride; ++u) {
        std::fill(out + u * stride + rows.size(), out + (u + 1) * stride, T{0});
    }
}

}  // namespace

template <typename T>
void batch_noise(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                 std::size_t units, double deviation_, std::size_t stride, T* out) {
    const T deviation = static_cast<T>(deviation_);
    each_block(stream, rows, units, stride, out, [=](const std::uint32_t* words, T* numbers) {
        vectorized([=]() SHRINKAGE_INLINED {
            const std::uint32_t* __restrict from = words;
            T* __restrict to = numbers;
            for (std::size_t pair = 0; pair < 4; ++pair) {
                for (std::size_t j = 0; j < rows_at_a_time; ++j) {
                    const std::size_t at = 2 * pair * rows_at_a_time + j;
                    const T x = unit_interval<T>(from[at]);
                    const T y = unit_interval<T>(from[at + rows_at_a_time]);
                    const T radius = deviation * elementary::root(T(-2) * elementary::log(x));
                    const auto turned = elementary::turned(y);
                    to[at] = T(1) + radius * turned.cosine;
                    to[at + rows_at_a_time] = T(1) + radius * turned.sine;
                }
            }
        });
    });
}

template <typename T>
void batch_gates(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                 std::size_t units, double rate, double temperature, std::size_t stride, T* out) {
    const T logit = static_cast<T>(std::log(rate / (1.0 - rate)));
    const T steepness = static_cast<T>(1.0 / temperature),
            scale = static_cast<T>(1.0 / (1.0 - rate));
    each_block(stream, rows, units, stride, out, [=](const std::uint32_t* words, T* numbers) {
        vectorized([=]() SHRINKAGE_INLINED {
            const std::uint32_t* __restrict from = words;
            T* __restrict to = numbers;
            for (std::size_t k = 0; k < units_of_two_calls; ++k) {
                const std::size_t word = k / 2 * rows_at_a_time, shift = 16 * (k % 2);
                for (std::size_t j = 0; j < rows_at_a_time; ++j) {
                    const std::uint32_t high = from[word + j] >> shift & 0xFFFFU;
                    const std::uint32_t low =
                        from[word + 4 * rows_at_a_time + j] >> shift & 0xFFFFU;
                    const std::uint32_t x = high << 16 | low;
                    const T odds = elementary::log(unit_interval<T>(x)) -
                                   elementary::log(unit_interval<T>(~x));
                    const T exponent = (odds - logit) * steepness;
                    const T gate = elementary::logistic(exponent);
                    to[k * rows_at_a_time + j] =
                        exponent < static_cast<T>(least_exponent) ? T(0) : gate * scale;
                }
            }
        });
    });
}

template <typename T>
void layer_factors(const MaskPlan& plan, std::size_t l, std::span<const std::uint32_t> rows,
                   std::size_t units, std::size_t stride, T* out) {
    const double rate = plan.rates[l];
    const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
    if (plan.kind == DropoutKind::concrete) {
        batch_gates(stream, rows, units, rate, plan.temperature, stride, out);
    } else {
        batch_noise(stream, rows, units, std::sqrt(rate / (1.0 - rate)), stride, out);
    }
}

template <typename T>
double gate_gradient(std::size_t units, std::size_t stride, double rate, double temperature,
                     const T* factor, const T* value, const T* slope) {
    // h = x k / (1 - p) with k = logistic((logit u - r) / t), r = logit p:
    // dh/dr = h (p - (1 - k) / t).
    constexpr std::size_t lanes = lanes_of<T>;
    const T p = static_cast<T>(rate), keep = static_cast<T>(1.0 - rate),
            steepness = static_cast<T>(1.0 / temperature);
    double total = 0.0;
    for (std::size_t u = 0; u < units; ++u) {
        const T *f = factor + u * stride, *h = value + u * stride, *s = slope + u * stride;
        T sums[lanes] = {};
        T* sum = sums;
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t j = 0; j < stride; j += lanes) {
                for (std::size_t k = 0; k < lanes; ++k) {
                    const T dropped = T(1) - f[j + k] * keep;
                    sum[k] += s[j + k] * h[j + k] * (p - dropped * steepness);
                }
            }
        });
        for (const T part : sums) total += static_cast<double>(part);
    }
    return total;
}

#define SHRINKAGE_INSTANTIATE(T)                                                                 \
    template void batch_noise(const DropoutStream&, std::span<const std::uint32_t>, std::size_t, \
                              double, std::size_t, T*);                                          \
    template void batch_gates(const DropoutStream&, std::span<const std::uint32_t>, std::size_t, \
                              double, double, std::size_t, T*);                                  \
    template void layer_factors(const MaskPlan&, std::size_t, std::span<const std::uint32_t>,    \
                                std::size_t, std::size_t, T*);                                   \
    template double gate_gradient(std::size_t, std::size_t, double, double, const T*, const T*,  \
                                  const T*);
SHRINKAGE_INSTANTIATE(float)
SHRINKAGE_INSTANTIATE(double)

}  // namespace shrinkage
