// The interior-point method on one column, where the solution is a weighted median.
#include "shrinkage/solver/pinball/interior_point.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/separable.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// argmin over b of sum m_i |t_i - b|: where the masses below first reach a half.
double weighted_median(std::vector<std::pair<double, double>> points) {
    std::sort(points.begin(), points.end());
    double total = 0.0;
    for (const auto& [t, m] : points) total += m;
    double below = 0.0;
    for (const auto& [t, m] : points) {
        below += m;
        if (below >= 0.5 * total) return t;
    }
    return points.back().first;
}

}  // namespace

TEST_CASE("one column: the weighted median of y / x, with the penalty's mass at zero") {
    constexpr std::size_t n = 31;
    for (const double lambda : {1e-3, 0.05, 10.0}) {
        Random random(3);
        const Matrix x = Matrix::random(n, 1, random);
        const PlainDesign design(x);
        const std::vector<double> weights(n, 1.0 / n);
        std::vector<double> y(n);
        for (std::size_t i = 0; i < n; ++i) y[i] = 1.5 * x(i, 0) + random.normal();
        const QuantileLoss loss{0.5};
        const Separable<L1> penalty(L1{}, {1.0});
        Point<QuantileLoss, PlainDesign> point(loss, design, {y, weights, {}, false});
        point.refresh(alone);
        InteriorPoint<QuantileLoss, Separable<L1>, PlainDesign> inner(point, penalty, 1.0, 1.0);
        const std::vector<std::size_t> columns{0};
        const std::size_t iterations = inner.solve(columns, lambda, 1e-10, 1e-12, 100, alone);
        CHECK(iterations < 100);
        std::vector<std::pair<double, double>> points{{0.0, lambda}};
        for (std::size_t i = 0; i < n; ++i) {
            points.emplace_back(y[i] / x(i, 0), 0.5 * std::abs(x(i, 0)) / n);
        }
        const double median = weighted_median(points);
        CHECK(point.beta[0] == doctest::Approx(median).epsilon(1e-6));
        CHECK(inner.polish(alone));
        CHECK(point.beta[0] == doctest::Approx(median).epsilon(1e-12));
    }
}
