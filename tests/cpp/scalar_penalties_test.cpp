// L1, L2 and the elastic net as functions of one coefficient, by hand.
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "shrinkage/penalty/scalar/elastic_net.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/l2.hpp"

using namespace shrinkage;

TEST_SUITE_BEGIN("penalty");

TEST_CASE("the soft threshold") {
    CHECK(soft_threshold(2.0, 0.5) == 1.5);
    CHECK(soft_threshold(-2.0, 0.5) == -1.5);
    CHECK(soft_threshold(0.5, 0.5) == 0.0);
    CHECK(soft_threshold(-0.5, 0.5) == 0.0);
    CHECK(soft_threshold(0.3, 0.0) == 0.3);
    CHECK(soft_threshold(infinity, infinity) == 0.0);  // of a column of zeros
    CHECK(soft_threshold(2.0F, 0.5F) == 1.5F);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(soft_threshold(nan, 0.5) == 0.0);
    CHECK(std::isnan(soft_threshold(nan, 0.5, nan - nan)));
    CHECK(soft_threshold(0.25, 0.5, 0.25 - 0.25) == 0.0);
}

TEST_CASE("L1: lambda |b|") {
    const L1 p;
    CHECK(p.value(-3.0, 0.5) == 1.5);
    CHECK(p.prox(-3.0, 2.0, 0.5) == -2.0);
    CHECK(p.kink(0.5) == 0.5);
    CHECK(p.ridge(0.5) == 0.0);
    CHECK(p.piece(2.0, 0.5).slope == 0.5);
    CHECK(p.piece(-2.0, 0.5).slope == -0.5);
    CHECK(p.piece(-2.0, 0.5).range.hi == 0.0);
    CHECK(p.piece(-2.0, 0.0).range.hi == infinity);
    CHECK(p.maximizer(0.4, 0.5) == 0.0);
    CHECK(p.maximizer(0.6, 0.5) == infinity);
    CHECK(p.maximizer(-0.6, 0.5) == -infinity);
}

TEST_CASE("L2: lambda b^2 / 2") {
    const L2 p;
    CHECK(p.value(-3.0, 0.5) == 2.25);
    CHECK(p.prox(-3.0F, 2.0F, 0.5F) == -1.5F);
    CHECK(p.prox(-3.0, 2.0, 0.5) == -1.5);
    CHECK(p.kink(0.5) == 0.0);
    CHECK(p.ridge(0.5) == 0.5);
    CHECK(p.piece(2.0, 0.5).slope == 0.0);
    CHECK(p.piece(2.0, 0.5).curvature == 0.5);
    CHECK(p.maximizer(2.0, 0.5) == 4.0);
    CHECK(p.maximizer(0.0, 0.0) == 0.0);
    CHECK(std::isinf(p.maximizer(2.0, 0.0)));
}

TEST_CASE("elastic net: lambda (alpha |b| + (1 - alpha) b^2 / 2)") {
    const ElasticNet p{0.25};
    CHECK(p.value(-2.0, 0.8) == doctest::Approx(0.2 * 2.0 + 0.6 * 2.0));
    CHECK(p.prox(-2.0, 0.5, 0.8) == doctest::Approx(-1.9 / 1.3));
    CHECK(p.kink(0.8) == doctest::Approx(0.2));
    CHECK(p.ridge(0.8) == doctest::Approx(0.6));
    CHECK(p.piece(-2.0, 0.8).slope == doctest::Approx(-0.2));
    CHECK(p.piece(-2.0, 0.8).curvature == doctest::Approx(0.6));
    CHECK(p.maximizer(0.1, 0.8) == 0.0);
    CHECK(p.maximizer(0.8, 0.8) == doctest::Approx(1.0));
}

TEST_CASE("L1 and L2 are the ends of the elastic net") {
    for (const double b : {-2.5, -0.5, 0.0, 0.3, 4.0}) {
        CHECK(ElasticNet{1.0}.value(b, 0.8) == doctest::Approx(L1{}.value(b, 0.8)));
        CHECK(ElasticNet{0.0}.value(b, 0.8) == doctest::Approx(L2{}.value(b, 0.8)));
        CHECK(ElasticNet{1.0}.prox(b, 0.4, 0.8) == L1{}.prox(b, 0.4, 0.8));
        CHECK(ElasticNet{0.0}.prox(b, 0.4, 0.8) == doctest::Approx(L2{}.prox(b, 0.4, 0.8)));
    }
}

TEST_SUITE_END();
