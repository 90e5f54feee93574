// Sums of all subsets of some arrays, one addition a subset.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/vectorized.hpp"

namespace shrinkage {

/// Subsets come in the order of the reflected Gray code (Gray 1953): step i has the members
/// i ^ (i >> 1), one more or one less than step i - 1.
///
/// Adding and taking away in turn would gather the rounding of 2^H updates. Here level k holds the
/// sum of the base and of the chosen arrays k, k + 1, ..., so that every sum is at most H additions
/// from the base and nothing is ever taken away. When array k comes or goes all lower ones but
/// k - 1 are out, so at most two levels change: one addition a step on average.
template <typename T>
class GraySums {
public:
    /// For up to `most` arrays of `size` numbers, a multiple of lanes_of<T>.
    GraySums(std::size_t most, std::size_t size)
        : size_(size), levels_((most + 1) * size), held_(most + 1) {}

    /// n arrays, one after another in `terms`; the first subset is empty.
    void start(const T* base, const T* terms, std::size_t n) {
        terms_ = terms;
        n_ = n;
        step_ = 0;
        std::copy_n(base, size_, level(n));
        for (std::size_t k = 0; k <= n; ++k) held_[k] = n;
    }

    std::uint64_t members() const { return step_ ^ (step_ >> 1); }
    const T* sum() const { return levels_.data() + held_[0] * size_; }

    /// To the next subset; false after the last.
    bool advance() {
        if (++step_ == std::uint64_t{1} << n_) return false;
        const auto k = static_cast<std::size_t>(std::countr_zero(step_));
        put(k, (members() >> k & 1) != 0);
        if (k > 0) put(k - 1, true);
        for (std::size_t lower = 0; lower + 1 < k; ++lower) held_[lower] = held_[k - 1];
        return true;
    }

private:
    T* level(std::size_t k) { return levels_.data() + k * size_; }

    /// Level k from the one above it.
    void put(std::size_t k, bool chosen) {
        if (!chosen) {
            held_[k] = held_[k + 1];
            return;
        }
        held_[k] = k;
        const T* __restrict above = level(held_[k + 1]);
        const T* __restrict term = terms_ + k * size_;
        T* __restrict out = level(k);
        const std::size_t n = size_;
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t i = 0; i < n; ++i) out[i] = above[i] + term[i];
        });
    }

    std::size_t size_, n_ = 0;
    std::uint64_t step_ = 0;
    Aligned<T> levels_;
    std::vector<std::size_t> held_;  // which level holds the sum of level k
    const T* terms_ = nullptr;
};

}  // namespace shrinkage
