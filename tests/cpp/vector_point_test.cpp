// The point of a problem with several outputs, and the freedom that a symmetric loss leaves.
#include "shrinkage/solver/problem/vector_point.hpp"

#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"
#include "shrinkage/penalty/registry.hpp"
#include "shrinkage/solver/problem/gauge.hpp"
#include "shrinkage/solver/problem/units.hpp"
#include "vector_cases.hpp"

using namespace shrinkage;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;
using shrinkage::test::VectorExample;

namespace {

constexpr Context alone{};

template <typename L>
void check_point(const L& loss, const VectorExample& e, ConstVector y) {
    const PlainDesign x(e.x);
    VectorPoint<L, PlainDesign> point(loss, x, {y, e.weights, e.offset, true});
    Random random(5);
    point.beta = random.normals(e.x.cols * e.outputs);
    point.refresh(alone);
    double size = 0.0;  // rounding of the sums is measured by it
    for (const double v : point.v) size += std::abs(v);
    for (std::size_t k = 0; k < e.outputs; ++k) {
        CHECK(std::abs(sum(point.output(point.v, k))) <= 1e-15 * size);
    }
    // g is minus the gradient: against central differences, intercepts held.
    constexpr double h = 1e-5;
    for (std::size_t c = 0; c < point.beta.size(); ++c) {
        double value[2];
        for (const int side : {0, 1}) {
            VectorPoint<L, PlainDesign> other(loss, x, {y, e.weights, e.offset, true});
            other.beta = point.beta;
            other.intercept = point.intercept;
            other.beta[c] += side == 0 ? -h : h;
            other.refresh_eta(alone);
            value[side] = other.mean_loss();
        }
        CHECK(std::abs((value[0] - value[1]) / (2.0 * h) - point.g[c]) < 1e-8);
    }
    const std::vector<double> g = point.g;
    const std::vector<std::size_t> some{0, point.g.size() - 1};
    std::fill(point.g.begin(), point.g.end(), 0.0);
    point.refresh_gradient(some);
    CHECK(point.g[0] == doctest::Approx(g[0]));
    CHECK(point.g.back() == doctest::Approx(g.back()));
    CHECK(point.g[1] == 0.0);
    CHECK(point.fenchel_young(1.0) == 0.0);
    CHECK(point.fenchel_young(0.0) == doctest::Approx(point.mean_loss()));
    CHECK(point.fenchel_young(0.5) > 0.0);
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("vector point: intercepts are stationary, g is minus the gradient") {
    const VectorExample e(40, 4, 3, 1);
    check_point(MultinomialLoss(3), e, e.classes);
    check_point(MultiSquaredLoss(3), e, e.targets);
}

TEST_CASE("vector point: without features the probabilities are the shares of the classes") {
    const VectorExample e(60, 2, 3, 2);
    const PlainDesign x(e.x);
    const MultinomialLoss loss(3);
    VectorPoint<MultinomialLoss, PlainDesign> point(loss, x, {e.classes, e.weights, {}, true});
    point.refresh(alone);
    std::vector<double> share(3, 0.0), mean(3);
    for (std::size_t i = 0; i < 60; ++i) {
        share[static_cast<std::size_t>(e.classes[i])] += e.weights[i];
    }
    loss.mean(point.intercept, mean);
    CHECK(test::largest_difference(share, mean) < 1e-14);
    CHECK(std::abs(sum(point.intercept)) < 1e-14);
}

TEST_CASE("gauge: least sum of squares among the minimizers, inside the bounds") {
    const std::size_t p = 2, outputs = 4;
    // Feature 0 is (-1, 0, 0.5, 1), feature 1 is (0, 0, 0, 2).
    const std::vector<double> start{-1.0, 0.0, 0.0, 0.0, 0.5, 0.0, 1.0, 2.0};
    const std::vector<double> ones(p * outputs, 1.0), zeros(p * outputs, 0.0);
    const Separable<L1> l1(L1{}, ones);
    std::vector<double> beta = start;
    center_rows(l1, 1.0, outputs, beta);
    CHECK(beta[0] == -1.125);  // the mean, 0.125, lies between the middle two, 0 and 0.5
    CHECK(beta[1] == 0.0);     // zero is the median
    CHECK(l1.value(beta, 1.0) == l1.value(start, 1.0));
    const Separable<L1> free(L1{}, zeros);
    beta = start;
    center_rows(free, 1.0, outputs, beta);
    CHECK(beta[1] == -0.5);
    const Separable<L1> bounded(L1{}, zeros, std::vector<double>(8, -1.05), {});
    beta = start;
    center_rows(bounded, 1.0, outputs, beta);
    CHECK(beta[0] == doctest::Approx(-1.05));
    // Found by fuzzing: -2.55... less the shift to the bound of 0.1 is 0.1 and half a rounding.
    const Separable<L1> below(L1{}, zeros, {}, std::vector<double>(8, 0.1));
    beta = {-2.550690257394217, 0.0, -30.0, 0.0, -30.0, 0.0, -30.0, 0.0};
    center_rows(below, 1.0, outputs, beta);
    CHECK(beta[0] == 0.1);
    const Separable<L2> l2(L2{}, ones);
    beta = start;
    center_rows(l2, 1.0, outputs, beta);
    CHECK(beta == start);
    const RowGroup rows({1.0, 0.0}, outputs);
    center_rows(rows, 1.0, outputs, beta);
    CHECK(beta[0] == -1.0);
    CHECK(beta[1] == -0.5);
}

TEST_CASE("units: coefficients under a separable penalty, features under one on rows") {
    const std::size_t p = 3, outputs = 2;
    const Separable<L1> l1(L1{}, {1.0, 1.0, 0.0, 1.0, 1.0, 0.0});
    const RowGroup rows({1.0, 1.0, 0.0}, outputs);
    const Units<Separable<L1>> single(l1);
    const Units<RowGroup> row(rows);
    CHECK(single.size() == 6);
    CHECK(row.size() == 3);
    const std::vector<double> g{3.0, 0.5, 0.2, 4.0, 0.0, 0.1}, beta{0.0, 0.0, 0.0, 0.0, 1.0, 0.0};
    CHECK(single.is_zero(1, beta));
    CHECK_FALSE(row.is_zero(1, beta));
    CHECK(row.distance_at_zero(0, g, 1.0) == doctest::Approx(4.0));
    CHECK(single.distance_at_zero(0, g, 1.0) == doctest::Approx(2.0));
    CHECK(free_gradient(single, g, 1.0) == doctest::Approx(0.2));
    CHECK(free_gradient(row, g, 1.0) == doctest::Approx(std::sqrt(0.05)));
    std::vector<std::size_t> coordinates;
    row.for_each(2, [&](std::size_t c) { coordinates.push_back(c); });
    CHECK(coordinates == std::vector<std::size_t>{2, 5});

    const PlainDesign x(test::Matrix(4, p));
    const auto none = [](std::size_t) { return false; };
    const auto first = [](std::size_t u) { return u == 0; };
    CHECK(strong_units(row, x, none, g, beta, 1.0, 1.5) == std::vector<std::size_t>{0, 1, 2});
    CHECK(strong_units(single, x, none, g, beta, 1.0, 1.5) ==
          std::vector<std::size_t>{0, 2, 3, 4, 5});
    CHECK(violating_units(single, x, first, g, 1.0, 0.0) == std::vector<std::size_t>{2, 3, 5});
    CHECK(violating_units(row, x, first, g, 1.0, 1.0).empty());
}

TEST_SUITE_END();
