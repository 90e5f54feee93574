// The search for a largest number, among some that may be none.
#pragma once

#include <cmath>

namespace shrinkage {

/// Whether x takes the place of the largest so far. What is not a number does, and keeps it: a
/// plain comparison would drop it.
inline bool above(double x, double largest) { return !std::isnan(largest) && !(x <= largest); }

}  // namespace shrinkage
