// Pinball loss: the interior-point engine against the KKT conditions, in plain loops.
#include "shrinkage/solver/pinball/quantile_engine.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"
#include "shrinkage/penalty/scalar/separable.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// Fits and checks that slopes v within their limits certify the coefficients.
template <typename P>
void check(const P& scalar, double lambda, double q, bool intercept) {
    constexpr std::size_t n = 60, p = 8;
    Random random(7);
    const Matrix x = Matrix::random(n, p, random);
    const std::vector<double> weights(n, 1.0 / n);
    std::vector<double> y(n);
    for (std::size_t i = 0; i < n; ++i) y[i] = 2.0 * x(i, 0) - x(i, 1) + random.normal();
    const DenseDesign design(x.view(), plain_columns(p));
    const QuantileLoss loss{q};
    const Separable<P> penalty(scalar, std::vector<double>(p, 1.0));
    Point<QuantileLoss, DenseDesign> point(loss, design, {y, weights, {}, intercept});
    point.refresh(alone);
    QuantileEngine<QuantileLoss, Separable<P>, DenseDesign> engine(point, penalty, Limits{});
    const Step step = engine.solve(lambda, 2.0 * lambda, 1e-9, 1e-14, alone);
    CHECK(step.gap <= 1e-9);
    CHECK(step.regime == Regime::interior_point);

    double total = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        double eta = point.intercept;
        for (std::size_t j = 0; j < p; ++j) eta += x(i, j) * point.beta[j];
        const double r = y[i] - eta;
        const double slope = point.v[i] / weights[i];
        total += point.v[i];
        CHECK(slope >= q - 1.0 - 1e-12);
        CHECK(slope <= q + 1e-12);
        if (r > 1e-6) CHECK(slope == doctest::Approx(q).epsilon(1e-6));
        if (r < -1e-6) CHECK(slope == doctest::Approx(q - 1.0).epsilon(1e-6));
    }
    if (intercept) CHECK(std::abs(total) <= 1e-12);
    for (std::size_t j = 0; j < p; ++j) {
        double g = 0.0;
        for (std::size_t i = 0; i < n; ++i) g += x(i, j) * point.v[i];
        CHECK(penalty.kkt_distance(j, g, point.beta[j], lambda) <= 1e-6);
    }
}

}  // namespace

TEST_CASE("the pinball loss is fitted to the KKT conditions") {
    for (const double q : {0.1, 0.5, 0.9}) {
        for (const bool intercept : {false, true}) {
            check(L1{}, 0.02, q, intercept);
            check(L1{}, 0.002, q, intercept);
            check(L2{}, 0.1, q, intercept);
        }
    }
}
