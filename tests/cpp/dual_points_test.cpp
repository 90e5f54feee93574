// The dual points of a path: only changes are stored, limits are exact.
#include "shrinkage/path/dual_points.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace shrinkage;

TEST_CASE(
    "dual points keep what changes, put slopes at their limits and skip rows without weight") {
    const std::vector<double> weights{0.25, 0.5, 0.0, 0.25};
    DualPoints duals;
    duals.add(std::vector<double>{0.075, -0.35, 7.0, 0.01}, weights, -0.7, 0.3, 1.0);
    CHECK(duals.rows == std::vector<std::size_t>{0, 1, 3});
    CHECK(duals.values == std::vector<double>{0.3, -0.7, 0.04});
    duals.add(std::vector<double>{0.075 * (1.0 + 1e-15), -0.35, 9.0, -0.175}, weights, -0.7, 0.3,
              0.5);
    CHECK(duals.rows == std::vector<std::size_t>{0, 1, 3, 3});
    CHECK(duals.values.back() == -0.7);
    CHECK(duals.starts == std::vector<std::size_t>{0, 3, 4});
    CHECK(duals.scales == std::vector<double>{1.0, 0.5});
}
