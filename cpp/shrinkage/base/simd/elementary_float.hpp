// Elementary functions for the element-wise passes. In float they are branch-free polynomials, so
// that a loop over them becomes vector instructions; in double, which serves for checking, those of
// the standard library.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage::elementary {

/// e^x to 2 ulp: x = n ln 2 + r, and a polynomial of degree 6 in |r| <= ln 2 / 2 (the minimax one
/// of Cephes' expf). Beyond the range of float the result is that of the nearest end of the range.
SHRINKAGE_INLINE float exp(float x) {
    x = x < -87.0F ? -87.0F : (x > 88.0F ? 88.0F : x);
    const float shifted = x * 1.44269504088896341F + 12582912.0F;  // 1.5 * 2^23: rounds to integer
    const float n = shifted - 12582912.0F;
    const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
    return p * std::bit_cast<float>(exponent);
}
SHRINKAGE_INLINE double exp(double x) { return std::exp(x); }

SHRINKAGE_INLINE float root(float x) { return __builtin_sqrtf(x); }
SHRINKAGE_INLINE double root(double x) { return __builtin_sqrt(x); }

/// ln x for x > 0 that is no subnormal: x = m 2^n with m in [1/sqrt 2, sqrt 2), and the minimax
/// polynomial of Cephes' logf in m - 1.
SHRINKAGE_INLINE float log(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const float whole = std::bit_cast<float>((bits & 0x7FFFFFU) | 0x3F800000U);
    const bool above = whole > 1.41421356F;
    const float m = above ? 0.5F * whole : whole;
    const float n =
        static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127) + (above ? 1.0F : 0.0F);
    const float y = m - 1.0F, square = y * y;
    float p = 7.0376836292e-2F;
    p = p * y - 1.1514610310e-1F;
    p = p * y + 1.1676998740e-1F;
    p = p * y - 1.2420140846e-1F;
    p = p * y + 1.4249322787e-1F;
    p = p * y - 1.6668057665e-1F;
    p = p * y + 2.0000714765e-1F;
    p = p * y - 2.4999993993e-1F;
    p = p * y + 3.3333331174e-1F;
    const float tail = p * y * square - n * 2.12194440e-4F - 0.5F * square;
    return n * 0.693359375F + (y + tail);
}
SHRINKAGE_INLINE double log(double x) { return std::log(x); }

template <typename T>
struct Turned {
    T cosine, sine;
};

/// cos and sin of 2 pi s, |s| <= 1: s = q / 4 + r, and Cephes' polynomials in 2 pi r, which is at
/// most pi / 4 in size.
SHRINKAGE_INLINE Turned<float> turned(float s) {
    const float shifted = s * 4.0F + 12582912.0F;  // 1.5 * 2^23: rounds to integer
    const float quarters = shifted - 12582912.0F;
    const float x = (s - 0.25F * quarters) * 6.28318531F, z = x * x;
    const float sine =
        x + x * z * ((-1.9515295891e-4F * z + 8.3321608736e-3F) * z - 1.6666654611e-1F);
    const float cosine =
        1.0F - 0.5F * z +
        z * z * ((2.443315711809948e-5F * z - 1.388731625493765e-3F) * z + 4.166664568298827e-2F);
    const auto q = static_cast<std::int32_t>(quarters);
    const bool odd = (q & 1) != 0;
    const float c = odd ? sine : cosine, d = odd ? cosine : sine;
    return {((q + 1) & 2) != 0 ? -c : c, (q & 2) != 0 ? -d : d};
}
SHRINKAGE_INLINE Turned<double> turned(double s) {
    const double angle = 6.283185307179586477 * s;
    return {std::cos(angle), std::sin(angle)};
}

template <typename T>
SHRINKAGE_INLINE T logistic(T x) {
    return T{1} / (T{1} + exp(-x));
}

/// Near 0 the odd series keeps the relative accuracy that 1 - e would lose.
SHRINKAGE_INLINE float tanh(float x) {
    const float square = x * x;
    const float e = exp(-2.0F * (x < 0.0F ? -x : x));
    const float far = (1.0F - e) / (1.0F + e);
    const float series =
        x * (1.0F + square * (-0.33333333F + square * (0.13333333F + square * -0.05396825F)));
    const float outside = x < 0.0F ? -far : far;
    return square < 0.04F ? series : outside;
}
SHRINKAGE_INLINE double tanh(double x) { return std::tanh(x); }

/// The distribution function of the standard normal. In float a rational approximation of erf on
/// [-4, 4] (Eigen's, degree 13 over 8), absolute error below 1e-6.
SHRINKAGE_INLINE float normal_cdf(float x) {
    float z = x * 0.70710678F;
    z = z < -4.0F ? -4.0F : (z > 4.0F ? 4.0F : z);
    const float s = z * z;
    float p = -2.72614225801306e-10F;
    p = p * s + 2.77068142495902e-08F;
    p = p * s - 2.10102402082508e-06F;
    p = p * s - 5.69250639462346e-05F;
    p = p * s - 7.34990630326855e-04F;
    p = p * s - 2.95459980854025e-03F;
    p = p * s - 1.60960333262415e-02F;
    float q = -1.45660718464996e-05F;
    q = q * s - 2.13374055278905e-04F;
    q = q * s - 1.68282697438203e-03F;
    q = q * s - 7.37332916720468e-03F;
    q = q * s - 1.42647390514189e-02F;
    return 0.5F + 0.5F * (z * p / q);
}
SHRINKAGE_INLINE double normal_cdf(double x) {
    return 0.5 * std::erfc(-x * 0.70710678118654752440);
}

template <typename T>
SHRINKAGE_INLINE T normal_density(T x) {
    return static_cast<T>(0.39894228040143267794) * exp(T(-0.5) * x * x);
}

}  // namespace shrinkage::elementary
