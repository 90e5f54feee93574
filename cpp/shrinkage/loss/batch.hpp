// Passes over all observations by the lane formulas of a loss, for the instructions of the
// processor. An element's result depends neither on its position nor on how many there are: the
// last register is padded. Sums are taken lane by lane, so they depend on the instruction set, but
// not on anything else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/lanes.hpp"
#include "shrinkage/base/views.hpp"
#include "shrinkage/loss/loss.hpp"

namespace shrinkage {

/// Observations of equal number, or a block of them. One of weight zero counts nowhere, even where
/// its loss overflows.
struct Observations {
    ConstVector y, weights, eta;
};

/// The sums of a pass over observations.
struct Totals {
    double loss = 0.0;       // of w l
    double v = 0.0;          // of v = -w l'
    double size = 0.0;       // of |v|
    double curvature = 0.0;  // of w l''

    Totals& operator+=(const Totals& other) {
        loss += other.loss;
        v += other.v;
        size += other.size;
        curvature += other.curvature;
        return *this;
    }
};

namespace batch {

/// Calls visit(i, y, weight, eta, count) for registers of observations from the i-th on; the last
/// one holds count < N of them, and zeros.
template <std::size_t N, typename Visit>
SHRINKAGE_INLINE void for_lanes(const Observations& at, const Visit& visit) {
    using T = Lanes<N>;
    std::size_t i = 0;
    for (; i + N <= at.y.size(); i += N) {
        visit(i, T::load(&at.y[i]), T::load(&at.weights[i]), T::load(&at.eta[i]), N);
    }
    const std::size_t rest = at.y.size() - i;
    if (rest == 0) return;
    double y[N] = {}, weights[N] = {}, eta[N] = {};
    for (std::size_t k = 0; k < rest; ++k) {
        y[k] = at.y[i + k];
        weights[k] = at.weights[i + k];
        eta[k] = at.eta[i + k];
    }
    visit(i, T::load(y), T::load(weights), T::load(eta), rest);
}

template <std::size_t N>
SHRINKAGE_INLINE void store(Lanes<N> lanes, double* to, std::size_t count) {
    if (count == N) return lanes.store(to);
    double all[N];
    lanes.store(all);
    for (std::size_t k = 0; k < count; ++k) to[k] = all[k];
}

template <std::size_t N, BatchLoss L>
SHRINKAGE_INLINE Totals expand(const L& loss, const Observations& at, double* v,
                               double* curvature) {
    using T = Lanes<N>;
    T losses = 0.0, slopes = 0.0, sizes = 0.0, bends = 0.0;
    const auto visit = [&](std::size_t i, T y, T w, T eta, std::size_t count) SHRINKAGE_INLINED {
        const auto counts = w > 0.0;
        const Expansion<T> e = loss.expansion(y, eta);
        const T slope = select(counts, -w * e.gradient, 0.0);
        const T bend = select(counts, w * e.curvature, 0.0);
        store(slope, v + i, count);
        store(bend, curvature + i, count);
        losses += select(counts, w * e.value, 0.0);
        slopes += slope;
        sizes += abs(slope);
        bends += bend;
    };
    for_lanes<N>(at, visit);
    return {losses.total(), slopes.total(), sizes.total(), bends.total()};
}

/// The sum of w term(y, eta).
template <std::size_t N, typename Term>
SHRINKAGE_INLINE double weighted_sum(const Observations& at, const Term& term) {
    using T = Lanes<N>;
    T total = 0.0;
    const auto visit = [&](std::size_t, T y, T w, T eta, std::size_t)
                           SHRINKAGE_INLINED { total += select(w > 0.0, w * term(y, eta), 0.0); };
    for_lanes<N>(at, visit);
    return total.total();
}

template <std::size_t N, BatchLoss L>
SHRINKAGE_INLINE double loss(const L& loss, const Observations& at) {
    using T = Lanes<N>;
    return weighted_sum<N>(
        at, [&](T y, T eta) SHRINKAGE_INLINED { return loss.expansion(y, eta).value; });
}

template <std::size_t N, BatchLoss L>
SHRINKAGE_INLINE double fenchel_young(const L& loss, const Observations& at,
                                      const DualScale<double>& scale) {
    using T = Lanes<N>;
    const DualScale<T> s{scale.kept, scale.lost, scale.entropy};
    return weighted_sum<N>(
        at, [&](T y, T eta) SHRINKAGE_INLINED { return max(0.0, loss.fenchel_young(y, eta, s)); });
}

// One function for each kernel and instruction set.
#define SHRINKAGE_KERNELS(suffix, target_attribute, N)                                        \
    template <BatchLoss L>                                                                    \
    target_attribute Totals expand_##suffix(const L& loss, const Observations& at, double* v, \
                                            double* curvature) {                              \
        return expand<N>(loss, at, v, curvature);                                             \
    }                                                                                         \
    template <BatchLoss L>                                                                    \
    target_attribute double loss_##suffix(const L& of, const Observations& at) {              \
        return loss<N>(of, at);                                                               \
    }                                                                                         \
    template <BatchLoss L>                                                                    \
    target_attribute double fenchel_young_##suffix(const L& loss, const Observations& at,     \
                                                   const DualScale<double>& s) {              \
        return fenchel_young<N>(loss, at, s);                                                 \
    }

SHRINKAGE_KERNELS(plain, , 2)
#if SHRINKAGE_X86
SHRINKAGE_KERNELS(avx2, SHRINKAGE_AVX2, 4)
SHRINKAGE_KERNELS(avx512, SHRINKAGE_AVX512, 8)
#endif
#undef SHRINKAGE_KERNELS

/// v = -w l' and curvature = w l'' at eta.
template <BatchLoss L>
Totals expand(const L& loss, const Observations& at, Vector v, Vector curvature,
              Simd level = simd()) {
    SHRINKAGE_DISPATCH(level, expand, loss, at, v.data(), curvature.data());
}

/// The sum of w l at eta.
template <BatchLoss L>
double loss(const L& of, const Observations& at, Simd level = simd()) {
    SHRINKAGE_DISPATCH(level, loss, of, at);
}

/// The sum of w [l(eta) + l*(u) - u eta] at u = s l'(eta).
template <BatchLoss L>
double fenchel_young(const L& loss, const Observations& at, double s, Simd level = simd()) {
    const double lost = 1.0 - s;
    const double entropy =
        s > 0.5 ? close_divergence(s, 1.0, -lost) : (s > 0.0 ? s * std::log(s) : 0.0) + lost;
    SHRINKAGE_DISPATCH(level, fenchel_young, loss, at, DualScale<double>{s, lost, entropy});
}

}  // namespace batch
}  // namespace shrinkage
