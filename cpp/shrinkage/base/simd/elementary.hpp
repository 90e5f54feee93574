// exp, log and what follows from them: one algorithm each, for a float, a double, or several
// doubles at once (lanes.hpp), with the constants and the series of its format. Doubles are exact
// to about one unit in the last place, for every argument; their coefficients are minimax fits by
// Remez's algorithm. Floats are branch-free, so that a loop over them becomes vector instructions.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage {
namespace elementary {

template <typename T>
SHRINKAGE_INLINE T select(bool truth, T a, T b) {
    return truth ? a : b;
}
template <std::size_t N>
SHRINKAGE_INLINE auto bits_of(Lanes<N> x) {
    return x.bits();
}
SHRINKAGE_INLINE std::uint64_t bits_of(double x) { return std::bit_cast<std::uint64_t>(x); }
template <typename T, typename Bits>
SHRINKAGE_INLINE T from_bits(Bits bits) {
    if constexpr (std::is_same_v<T, double>) {
        return std::bit_cast<double>(bits);
    } else {
        return T(bits);
    }
}

/// c0 + c1 x + ... + c9 x^9 by its even and its odd half, which do not wait for each other. Numbers
/// and no array: compilers then know them while they still see vectors.
template <typename T>
SHRINKAGE_INLINE T polynomial(T x, double c0, double c1, double c2, double c3, double c4, double c5,
                              double c6, double c7, double c8, double c9) {
    const T square = x * x;
    const T even = (((c8 * square + c6) * square + c4) * square + c2) * square + c0;
    const T odd = (((c9 * square + c7) * square + c5) * square + c3) * square + c1;
    return odd * x + even;
}

/// log((1 + z) / (1 - z)) / z - 2 for |z| <= 1/3: what the series of atanh adds to its first term.
template <typename T>
SHRINKAGE_INLINE T atanh_rest(T z) {
    const T square = z * z;
    return square * polynomial(square, 0.6666666666666631, 0.400000000001574, 0.2857142854783307,
                               0.22222223971091623, 0.18181743874750625, 0.15386561036245003,
                               0.13300958434445348, 0.12106210041256181, 0.08339544606994678,
                               0.17019635445472267);
}

/// x = (1 + fraction) 2^exponent.
template <typename T>
struct Split {
    T exponent, fraction;
};

/// The format of a double, or of lanes of them.
template <typename T>
struct Format {
    static constexpr double lowest = -1000.0, highest = 1000.0;  // 0 or infinity from here on
    static constexpr double log2_e = 1.44269504088896340736;
    /// Added to a double below 2^51 it leaves the nearest integer in the last bits.
    static constexpr double rounder = 0x1.8p52;
    // log 2 in two parts (fdlibm): products of the first with exponents are exact.
    static constexpr double log2_high = 6.93147180369123816490e-01;
    static constexpr double log2_low = 1.90821492927058770002e-10;

    /// e^r for |r| <= log(2) / 2.
    static SHRINKAGE_INLINE T exp_series(T r) {
        const T bend = polynomial(r, 0.5000000000000011, 0.1666666666666641, 0.04166666666653044,
                                  0.008333333333496486, 0.001388888894357561, 0.0001984126950252986,
                                  2.4801493140039236e-05, 2.755758965571427e-06,
                                  2.7630237773941704e-07, 2.4999122621524358e-08);
        return 1.0 + (r + r * r * bend);
    }
    /// power 2^k in two factors, so that results below the normal range are rounded once.
    static SHRINKAGE_INLINE T scaled(T power, T k) {
        const T half = (k * 0.5 + rounder) - rounder;
        return power * power_of_two(half) * power_of_two(k - half);
    }
    /// With 1 + fraction in [sqrt(1/2), sqrt(2)) (fdlibm).
    static SHRINKAGE_INLINE Split<T> split(T x) {
        constexpr std::uint64_t one = 0x3ff0000000000000, root_half = 0x3fe6a09e00000000;
        const auto subnormal = x < 0x1p-1022;
        const auto shifted = bits_of(select(subnormal, T(x * 0x1p54), x)) + (one - root_half);
        // The exponent as the last bits of 2^52.
        const T exponent = from_bits<T>((shifted >> 52) | 0x4330000000000000);
        const T k = exponent - select(subnormal, T(0x1p52 + 1023.0 + 54.0), T(0x1p52 + 1023.0));
        return {k, from_bits<T>((shifted & 0x000fffffffffffff) + root_half) - 1.0};
    }
    /// -infinity at 0, NaN below.
    static SHRINKAGE_INLINE T log_series(T x, Split<T> s) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const T k = s.exponent, f = s.fraction;
        const T z = f / (2.0 + f), half = 0.5 * f * f;
        const T value = k * log2_high + (f - (half - (z * (half + atanh_rest(z)) + k * log2_low)));
        const T positive = select(x < T(infinity), value, x);
        return select(x < T(0.0), T(infinity - infinity),
                      select(x == T(0.0), T(-infinity), positive));
    }

private:
    /// 2^k for integers -1022 <= k <= 1023.
    static SHRINKAGE_INLINE T power_of_two(T k) {
        return from_bits<T>(bits_of(T(k + (rounder + 1023.0))) << 52);
    }
};

/// With the minimax polynomials of Cephes' expf and logf: e^x to 2 ulp, beyond the range of float
/// that of the nearest end of the range; log of what is positive and no subnormal.
template <>
struct Format<float> {
    static constexpr float lowest = -87.0F, highest = 88.0F;
    static constexpr float log2_e = 1.44269504088896341F;
    static constexpr float rounder = 12582912.0F;  // 1.5 * 2^23
    static constexpr float log2_high = 0.693359375F, log2_low = -2.12194440e-4F;

    static SHRINKAGE_INLINE float exp_series(float r) {
        float p = 1.9875691500e-4F;
        p = p * r + 1.3981999507e-3F;
        p = p * r + 8.3334519073e-3F;
        p = p * r + 4.1665795894e-2F;
        p = p * r + 1.6666665459e-1F;
        p = p * r + 5.0000001201e-1F;
        return p * r * r + r + 1.0F;
    }
    static SHRINKAGE_INLINE float scaled(float power, float k) {
        const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(k) + 127) << 23;
        return power * std::bit_cast<float>(exponent);
    }
    static SHRINKAGE_INLINE Split<float> split(float x) {
        const auto bits = std::bit_cast<std::uint32_t>(x);
        const float whole = std::bit_cast<float>((bits & 0x7FFFFFU) | 0x3F800000U);
        const bool above = whole > 1.41421356F;
        const float m = above ? 0.5F * whole : whole;
        const float n =
            static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127) + (above ? 1.0F : 0.0F);
        return {n, m - 1.0F};
    }
    static SHRINKAGE_INLINE float log_series(float, Split<float> s) {
        const float n = s.exponent, y = s.fraction, square = y * y;
        float p = 7.0376836292e-2F;
        p = p * y - 1.1514610310e-1F;
        p = p * y + 1.1676998740e-1F;
        p = p * y - 1.2420140846e-1F;
        p = p * y + 1.4249322787e-1F;
        p = p * y - 1.6668057665e-1F;
        p = p * y + 2.0000714765e-1F;
        p = p * y - 2.4999993993e-1F;
        p = p * y + 3.3333331174e-1F;
        const float tail = p * y * square + n * log2_low - 0.5F * square;
        return n * log2_high + (y + tail);
    }
};

/// e^x: Cody & Waite's reduction to |r| <= log(2) / 2, a polynomial there, and the power of two.
template <typename T>
SHRINKAGE_INLINE T exp(T x) {
    using F = Format<T>;
    const T t = select(x < T(F::lowest), T(F::lowest), select(x > T(F::highest), T(F::highest), x));
    const T k = (t * F::log2_e + F::rounder) - F::rounder;
    const T r = (t - k * F::log2_high) - k * F::log2_low;
    return F::scaled(F::exp_series(r), k);
}

/// log x by its exponent and by the logarithm of its mantissa, which lies near 1.
template <typename T>
SHRINKAGE_INLINE T log(T x) {
    return Format<T>::log_series(x, Format<T>::split(x));
}

SHRINKAGE_INLINE float root(float x) { return __builtin_sqrtf(x); }
SHRINKAGE_INLINE double root(double x) { return __builtin_sqrt(x); }

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

}  // namespace elementary

template <std::size_t N>
SHRINKAGE_INLINE Lanes<N> exp(Lanes<N> x) {
    return elementary::exp(x);
}
template <std::size_t N>
SHRINKAGE_INLINE Lanes<N> log(Lanes<N> x) {
    return elementary::log(x);
}

/// log(1 + x) for -1/2 <= x <= 1.
template <typename T>
SHRINKAGE_INLINE T log1p(T x) {
    const T z = x / (2.0 + x), half = 0.5 * x * x;
    return x - (half - z * (half + elementary::atanh_rest(z)));
}

/// The divergence of m from m0 (Kullback & Leibler 1951), m log(m / m0) - d where m = m0 + d, for
/// |d| <= m0 / 2: nothing cancels.
template <typename T>
SHRINKAGE_INLINE T close_divergence(T m, T m0, T d) {
    // With x = d / m0 and log(1 + x) = z (2 + rest), z (2 + 2 x) - x = z x.
    const T z = d / (m0 + m);
    return z * (d + m * elementary::atanh_rest(z));
}

/// The same for all m >= 0 and m0 >= 0, given log(m / m0).
template <typename T>
SHRINKAGE_INLINE T divergence(T m, T m0, T d, T log_ratio) {
    const T apart = select(m > 0.0, m * log_ratio, 0.0) - d;
    return select(abs(d) < 0.5 * m0, close_divergence(m, m0, d), apart);
}

}  // namespace shrinkage
