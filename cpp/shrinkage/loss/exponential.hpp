// The exponential of the log links, continued by its tangent far beyond any data: finite and convex
// for every argument, so that line searches meet no infinities.
#pragma once

#include <cmath>

#include "shrinkage/base/simd/elementary.hpp"

namespace shrinkage::exponential {

inline constexpr double reach = 500.0;

inline double value(double t) {
    return t <= reach ? std::exp(t) : std::exp(reach) * (1.0 + (t - reach));
}
inline double slope(double t) { return std::exp(t <= reach ? t : reach); }

// The same for lanes: value = slope * beyond.
template <typename T>
SHRINKAGE_INLINE T within(T t) {
    return select(t > reach, reach, t);
}
template <typename T>
SHRINKAGE_INLINE T slope(T t) {
    return exp(within(t));
}
template <typename T>
SHRINKAGE_INLINE T beyond(T t) {
    return 1.0 + (t - within(t));
}

}  // namespace shrinkage::exponential
