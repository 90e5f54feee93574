// exp and log of several doubles at once (base/lanes.hpp), for every argument and to about one unit
// in the last place, and the forms of log that lose nothing near 1. The coefficients are minimax
// fits by Remez's algorithm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "shrinkage/base/simd/lanes.hpp"

namespace shrinkage {
namespace elementary {

// log 2 in two parts (fdlibm): products of the first with exponents are exact.
inline constexpr double log2_high = 6.93147180369123816490e-01;
inline constexpr double log2_low = 1.90821492927058770002e-10;
/// Added to a double below 2^51 it leaves the nearest integer in the last bits.
inline constexpr double rounder = 0x1.8p52;

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

/// 2^k for integers -1022 <= k <= 1023.
template <std::size_t N>
SHRINKAGE_INLINE Lanes<N> power_of_two(Lanes<N> k) {
    return Lanes<N>((k + (rounder + 1023.0)).bits() << 52);
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

}  // namespace elementary

/// e^x: Cody & Waite's reduction to |r| <= log(2)/2, a polynomial there, and the power of two in
/// two factors, so that results below the normal range are rounded once.
template <std::size_t N>
SHRINKAGE_INLINE Lanes<N> exp(Lanes<N> x) {
    using namespace elementary;
    constexpr double far = 1000.0;  // 0 or infinity from here on
    const Lanes<N> t = select(x < -far, -far, select(x > far, far, x));
    const Lanes<N> k = (t * 1.44269504088896340736 + rounder) - rounder;
    const Lanes<N> half = (k * 0.5 + rounder) - rounder;
    const Lanes<N> r = (t - k * log2_high) - k * log2_low;
    const Lanes<N> bend = polynomial(
        r, 0.5000000000000011, 0.1666666666666641, 0.04166666666653044, 0.008333333333496486,
        0.001388888894357561, 0.0001984126950252986, 2.4801493140039236e-05, 2.755758965571427e-06,
        2.7630237773941704e-07, 2.4999122621524358e-08);
    const Lanes<N> power = 1.0 + (r + r * r * bend);
    return power * power_of_two(half) * power_of_two(k - half);
}

/// log x by its mantissa in [sqrt(1/2), sqrt(2)) (fdlibm); -infinity at 0, NaN below.
template <std::size_t N>
SHRINKAGE_INLINE Lanes<N> log(Lanes<N> x) {
    using namespace elementary;
    constexpr std::uint64_t one = 0x3ff0000000000000, root_half = 0x3fe6a09e00000000;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto subnormal = x < 0x1p-1022;
    const auto shifted = select(subnormal, x * 0x1p54, x).bits() + (one - root_half);
    // The exponent as the last bits of 2^52.
    const Lanes<N> exponent((shifted >> 52) | 0x4330000000000000);
    const Lanes<N> k = exponent - select(subnormal, 0x1p52 + 1023.0 + 54.0, 0x1p52 + 1023.0);
    const Lanes<N> f = Lanes<N>((shifted & 0x000fffffffffffff) + root_half) - 1.0;
    const Lanes<N> z = f / (2.0 + f), half = 0.5 * f * f;
    const Lanes<N> value =
        k * log2_high + (f - (half - (z * (half + atanh_rest(z)) + k * log2_low)));
    const Lanes<N> positive = select(x < infinity, value, x);
    return select(x < 0.0, infinity - infinity, select(x == 0.0, -infinity, positive));
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
