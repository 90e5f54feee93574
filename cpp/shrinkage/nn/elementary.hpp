// Elementary functions for the element-wise passes. In float they are branch-free polynomials, so
// that a loop over them becomes vector instructions; in double, which serves for checking, those of
// the standard library.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "shrinkage/base/lanes.hpp"

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
