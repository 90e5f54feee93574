// The point of a problem: everything derived from (b, beta), and the stationary intercept.
#include "shrinkage/solver/problem/problem.hpp"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

double total_slope(const auto& point) {
    double total = 0.0;
    for (const double v : point.v) total += v;
    return total;
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("refresh: eta, v and g of the definitions, with the intercept stationary") {
    Random random(1);
    const std::size_t n = 30, p = 6;
    const PlainDesign x(Matrix::random(n, p, random));
    const std::vector<double> w = test::random_weights(n, random, 4), offset = random.normals(n);
    std::vector<double> y(n);
    for (double& v : y) v = random.uniform() < 0.4 ? 1.0 : 0.0;
    const LogisticLoss loss;
    for (const bool intercept : {true, false}) {
        Point<LogisticLoss, PlainDesign> point(loss, x, {y, w, offset, intercept});
        point.beta = {0.5, 0.0, -1.0, 0.0, 2.0, 0.1};
        point.intercept = intercept ? 3.0 : 0.0;
        point.refresh(alone);
        const auto eta = test::linear_predictor(x.matrix(), point.beta, point.intercept, offset);
        CHECK(test::largest_difference(point.eta, eta) <= 1e-13);
        double mean_loss = 0.0;
        std::vector<double> v(n);
        for (std::size_t i = 0; i < n; ++i) {
            v[i] = -w[i] * loss.gradient(y[i], eta[i]);
            mean_loss += w[i] * loss.value(y[i], eta[i]);
        }
        CHECK(test::largest_difference(point.v, v) <= 1e-14);
        for (std::size_t j = 0; j < p; ++j) {
            CHECK(std::abs(point.g[j] - test::inner_product(x.matrix().view().column(j), v)) <=
                  1e-13);
        }
        CHECK(point.mean_loss() == doctest::Approx(mean_loss).epsilon(1e-13));
        CHECK(point.support == std::vector<std::size_t>{0, 2, 4, 5});
        if (intercept)
            CHECK(std::abs(total_slope(point)) <= 1e-14);
        else
            CHECK(point.intercept == 0.0);
    }
}

TEST_CASE("the intercept of the null model: weighted mean, log odds") {
    const PlainDesign x(Matrix(4, 1));
    const std::vector<double> w{0.1, 0.2, 0.3, 0.4};
    const std::vector<double> y{1.0, 2.0, 3.0, 4.0}, classes{1.0, 0.0, 0.0, 1.0};
    const SquaredLoss squared;
    Point<SquaredLoss, PlainDesign> mean(squared, x, {y, w, {}, true});
    mean.refresh(alone);
    CHECK(mean.intercept == doctest::Approx(3.0).epsilon(1e-15));
    const std::vector<double> offset{1.0, 1.0, 1.0, -1.0};
    Point<SquaredLoss, PlainDesign> shifted(squared, x, {y, w, offset, true});
    shifted.refresh(alone);
    CHECK(shifted.intercept == doctest::Approx(3.0 - 0.2).epsilon(1e-14));
    const LogisticLoss logistic;
    Point<LogisticLoss, PlainDesign> odds(logistic, x, {classes, w, {}, true});
    odds.refresh(alone);
    CHECK(odds.intercept == doctest::Approx(0.0).scale(1.0).epsilon(1e-14));
    odds.intercept = 40.0;  // from where Newton alone runs away
    odds.refresh(alone);
    CHECK(std::abs(odds.intercept) <= 1e-13);
}

TEST_CASE("the intercept of rare events and of far offsets") {
    const std::size_t n = 10000;
    const PlainDesign x(Matrix(n, 1));
    const std::vector<double> w(n, 1e-4);
    std::vector<double> y(n, 0.0), offset(n);
    y[17] = 1.0;
    const LogisticLoss loss;
    Point<LogisticLoss, PlainDesign> rare(loss, x, {y, w, {}, true});
    rare.refresh(alone);
    CHECK(rare.intercept == doctest::Approx(std::log(1.0 / 9999.0)).epsilon(1e-12));
    for (std::size_t i = 0; i < n; ++i) {
        offset[i] = i % 2 == 0 ? 60.0 : -60.0;
        y[i] = i % 4 < 2 ? 1.0 : 0.0;
    }
    Point<LogisticLoss, PlainDesign> far(loss, x, {y, w, offset, true});
    far.refresh(alone);
    CHECK(std::abs(total_slope(far)) <= 1e-13);
    far.intercept = -5000.0;  // where every curvature underflows
    far.refresh(alone);
    CHECK(std::abs(total_slope(far)) <= 1e-13);
    for (std::size_t i = 0; i < n; ++i) offset[i] = 4000.0;
    Point<LogisticLoss, PlainDesign> shifted(loss, x, {y, w, offset, true});
    shifted.refresh(alone);
    CHECK(shifted.intercept == doctest::Approx(-4000.0).epsilon(1e-12));
}

TEST_CASE("a slope that rounding keeps from zero does not carry the intercept away") {
    // Found by fuzzing: after 16 steps that changed nothing one of infinite length was taken.
    constexpr std::size_t n = 50;
    Random random(3);
    const PlainDesign x(Matrix::random(n, 3, random));
    const std::vector<double> w(n, 1.0 / n);
    const std::vector<double> beta{1e12, 1e12, -1e12};
    std::vector<double> y;
    for (std::size_t i = 0; i < n; ++i) {
        y.push_back(1e12 * (x.matrix()(i, 0) + x.matrix()(i, 1) - x.matrix()(i, 2)));
    }
    const SquaredLoss loss;
    Point<SquaredLoss, PlainDesign> point(loss, x, {y, w, {}, true});
    point.beta = beta;
    point.refresh(alone);
    CHECK(total_slope(point) != 0.0);
    CHECK(std::abs(point.intercept) <= 1e-2);
    CHECK(test::largest_difference(point.eta, y) <= 1e-2);
}

TEST_CASE("without a stationary intercept there is no certificate but the crude one") {
    const PlainDesign x(Matrix(3, 1));
    const std::vector<double> w{0.25, 0.25, 0.5}, one_class{1.0, 1.0, 1.0};
    const LogisticLoss loss;
    const Separable<L1> penalty(L1{}, {1.0});
    Point<LogisticLoss, PlainDesign> endless(loss, x, {one_class, w, {}, true});
    endless.refresh(alone);  // the best intercept is infinite
    CHECK(endless.mean_loss() < 1e-12);
    endless.beta[0] = 2.0;
    CHECK(endless.gap(penalty, 0.5, true) == doctest::Approx(1.0).epsilon(1e-9));
}

TEST_CASE("rows of weight zero do not count, whatever they hold") {
    const PlainDesign x(Matrix(3, 1));
    const std::vector<double> w{0.5, 0.5, 0.0}, y{1.0, 3.0, std::nan("")};
    const SquaredLoss loss;
    Point<SquaredLoss, PlainDesign> point(loss, x, {y, w, {}, true});
    point.refresh(alone);
    CHECK(point.intercept == 2.0);
    CHECK(point.v[2] == 0.0);
    CHECK(point.mean_loss() == 0.5);
    CHECK(point.saturated(w) == 0.0);
}

TEST_CASE("free_gradient sees what neither a penalty nor a bound holds back") {
    const Separable<L1> penalty(L1{}, {1.0, 0.0, 0.0, 0.0}, {-1.0, -infinity, 0.0, -infinity});
    CHECK(free_gradient(penalty, std::vector<double>{9.0, -2.0, 8.0, 1.0}, 0.5) == 8.0);
    CHECK(free_gradient(penalty, std::vector<double>{9.0, -2.0, -8.0, 1.0}, 0.5) == 2.0);
    const Separable<L1> all(L1{}, {1.0, 1.0, 1.0, 1.0});
    const std::vector<double> g{9.0, -2.0, 8.0, 1.0};
    CHECK(free_gradient(all, g, 0.5) == 0.0);
    CHECK(free_gradient(all, g, 0.0) == 9.0);
    CHECK(stationarity::exact < stationarity::certifiable);
}

TEST_CASE("every regime has a name of its own") {
    std::set<std::string> names;
    for (const Regime r : {Regime::null, Regime::gram, Regime::working_set, Regime::residual,
                           Regime::newton, Regime::newton_residual}) {
        names.insert(regime_name(r));
    }
    CHECK(names.size() == 6);
    CHECK_FALSE(names.contains(""));
}

TEST_SUITE_END();
