#include "shrinkage/base/simd/lanes.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include "lanes_cases.hpp"

using namespace shrinkage;

namespace {

/// Both lanes of two are what a double would be.
void check_lanes(Lanes<2> lanes, double first, double second) {
    double out[2];
    lanes.store(out);
    CHECK(out[0] == first);
    CHECK(out[1] == second);
}

}  // namespace

TEST_SUITE_BEGIN("base");

TEST_CASE("lanes compute as doubles do, wherever they are loaded from") {
    const double numbers[] = {0.0, 3.0, -2.0, 5.0, 0.5};
    const Lanes<2> a = Lanes<2>::load(numbers + 1), b = Lanes<2>::load(numbers + 3);
    check_lanes(a + b, 8.0, -1.5);
    check_lanes(a - b, -2.0, -2.5);
    check_lanes(a * b, 15.0, -1.0);
    check_lanes(a / b, 0.6, -4.0);
    check_lanes(-a, -3.0, 2.0);
    check_lanes(abs(a), 3.0, 2.0);
    check_lanes(min(a, b), 3.0, -2.0);
    check_lanes(max(a, 0.0), 3.0, 0.0);
    check_lanes(1.0 - a, -2.0, 3.0);
    check_lanes(select(a < b, 1.0, 0.0), 1.0, 1.0);
    check_lanes(select(a > 0.0, a, b), 3.0, 0.5);
    check_lanes(select(a <= 3.0, 1.0, 0.0), 1.0, 1.0);
    check_lanes(select(a == 3.0, 1.0, 0.0), 1.0, 0.0);
    CHECK(a.total() == 1.0);
    Lanes<2> sum = a;
    sum += b;
    check_lanes(sum, 8.0, -1.5);
}

TEST_CASE("what is not selected leaves no trace, and min and max keep a NaN on their right") {
    const double infinity = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    check_lanes(select(Lanes<2>(0.0) < 1.0, 7.0, infinity - infinity), 7.0, 7.0);
    double out[2];
    max(Lanes<2>(0.0), Lanes<2>(nan)).store(out);
    CHECK(std::isnan(out[0]));
    min(Lanes<2>(0.0), Lanes<2>(nan)).store(out);
    CHECK(std::isnan(out[1]));
}

TEST_CASE("bits are those of the doubles") {
    const Lanes<2> one = 1.0;
    check_lanes(Lanes<2>(one.bits() + (std::uint64_t{3} << 52)), 8.0, 8.0);
    check_lanes(Lanes<2>((one.bits() >> 52) << 52), 1.0, 1.0);
    check_lanes(Lanes<2>(one.bits() & ~std::uint64_t{0}), 1.0, 1.0);
    check_lanes(Lanes<2>(one.bits() | (std::uint64_t{1} << 63)), -1.0, -1.0);
}

TEST_CASE("every instruction set in force is one of the processor's") {
    CHECK(test::simd_levels().back() == simd());
}

TEST_SUITE_END();
