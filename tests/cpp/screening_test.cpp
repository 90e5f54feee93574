#include "shrinkage/solver/problem/screening.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;

namespace {

using List = std::vector<std::size_t>;

/// Six columns, of which the last is constant.
DenseDesign six_columns(const Matrix& x) {
    return {x.view(),
            {std::vector<double>(6, 0.0), std::vector<double>(6, 1.0), {1, 1, 1, 1, 1, 0}}};
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("the strong rule keeps |g_j| > 2 lambda - previous, the nonzero and the free") {
    const Matrix x(3, 6);
    const DenseDesign design = six_columns(x);
    const WorkingSet empty(6);
    const std::vector<double> g{0.61, -0.61, 0.59, 0.1, 0.0, 9.0}, zero(6, 0.0);
    const Separable<L1> penalty(L1{}, std::vector<double>(6, 1.0));
    CHECK(strong_rule(penalty, design, empty, g, zero, 0.8, 1.0) == List{0, 1});
    CHECK(strong_rule(penalty, design, empty, g, zero, 0.8, 1.1) ==
          List{0, 1, 2});  // threshold 0.5
    CHECK(strong_rule(penalty, design, empty, g, zero, 0.4, 1.0) == List{0, 1, 2, 3});  // zero

    std::vector<double> beta = zero;
    beta[4] = -0.01;
    CHECK(strong_rule(penalty, design, empty, g, beta, 0.8, 1.0) == List{0, 1, 4});
    const Separable<L1> factors(L1{}, {2.0, 1.0, 1.0, 0.0, 1.0, 1.0});
    CHECK(strong_rule(factors, design, empty, g, zero, 0.8, 1.0) == List{1, 3});
    WorkingSet set(6);
    set.add(1);
    CHECK(strong_rule(penalty, design, set, g, zero, 0.8, 1.0) == List{0});
}

TEST_CASE("a bound at zero keeps a column out on its side") {
    const Matrix x(3, 6);
    const DenseDesign design = six_columns(x);
    const WorkingSet empty(6);
    const std::vector<double> g{0.9, -0.9, 0.9, -0.9, 0.0, 0.0}, zero(6, 0.0);
    const Separable<L1> positive(L1{}, std::vector<double>(6, 1.0), std::vector<double>(6, 0.0));
    CHECK(strong_rule(positive, design, empty, g, zero, 0.8, 1.0) == List{0, 2});
    CHECK(violators(positive, design, empty, g, 0.8, 1e-9) == List{0, 2});
}

TEST_CASE("a ridge part does not screen: every moving column is taken") {
    const Matrix x(3, 6);
    const DenseDesign design = six_columns(x);
    const WorkingSet empty(6);
    const std::vector<double> g{0.9, -0.9, 1e-9, 0.0, 0.3, 1.0}, zero(6, 0.0);
    const Separable<L2> ridge(L2{}, std::vector<double>(6, 1.0));
    CHECK(strong_rule(ridge, design, empty, g, zero, 0.8, 1.0) == List{0, 1, 2, 4});
}

TEST_CASE("violators are outside the set and miss their condition by more than the tolerance") {
    const Matrix x(3, 6);
    const DenseDesign design = six_columns(x);
    const std::vector<double> g{0.81, -0.95, 0.8, 0.79, -0.8000001, 9.0};
    const Separable<L1> penalty(L1{}, std::vector<double>(6, 1.0));
    WorkingSet set(6);
    CHECK(violators(penalty, design, set, g, 0.8, 0.0) == List{0, 1, 4});
    CHECK(violators(penalty, design, set, g, 0.8, 1e-3) == List{0, 1});
    set.add(1);
    CHECK(violators(penalty, design, set, g, 0.8, 1e-3) == List{0});
}

TEST_SUITE_END();
