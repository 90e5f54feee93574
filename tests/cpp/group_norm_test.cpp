// The norm of a group: its closed prox, its prox and projection in a diagonal metric, its residual.
#include "shrinkage/penalty/group_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace shrinkage;
using shrinkage::test::Random;

namespace {

/// sum_i d_i (b_i - v_i)^2 / 2 + l1 |b|_1 + t |b|_2.
struct Objective {
    std::vector<double> v, d;
    double l1, t;

    double operator()(ConstVector b) const {
        double total = t * group_norm::norm(b);
        for (std::size_t i = 0; i < b.size(); ++i) {
            total += 0.5 * d[i] * (b[i] - v[i]) * (b[i] - v[i]) + l1 * std::abs(b[i]);
        }
        return total;
    }

    /// Golden sections, coordinate by coordinate, from v; zero where that is no worse.
    std::vector<double> minimizer() const {
        std::vector<double> b = v;
        const double ratio = 0.5 * (std::sqrt(5.0) - 1.0);
        for (int sweep = 0; sweep < 100; ++sweep) {
            for (std::size_t i = 0; i < b.size(); ++i) {
                const auto at = [&](double x) {
                    b[i] = x;
                    return (*this)(b);
                };
                double lo = std::min(0.0, v[i]), hi = std::max(0.0, v[i]);
                for (int cut = 0; cut < 50; ++cut) {
                    const double left = hi - ratio * (hi - lo), right = lo + ratio * (hi - lo);
                    (at(left) < at(right) ? hi : lo) = at(left) < at(right) ? right : left;
                }
                b[i] = at(0.0) <= at(0.5 * (lo + hi)) ? 0.0 : 0.5 * (lo + hi);
            }
        }
        const std::vector<double> zero(b.size(), 0.0);
        return (*this)(zero) <= (*this)(b) ? zero : b;
    }
};

Objective drawn(Random& random, std::size_t n) {
    Objective objective{random.normals(n), random.normals(n), std::exp(random.normal() - 1.0),
                        std::exp(random.normal())};
    for (double& d : objective.d) d = std::exp(d);
    for (double& v : objective.v) v *= 3.0;
    return objective;
}

}  // namespace

TEST_SUITE_BEGIN("penalty");

TEST_CASE("the group prox minimizes, in any diagonal metric") {
    std::mt19937 generator(4);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (int round = 0; round < 200; ++round) {
        const std::size_t n = 1 + static_cast<std::size_t>(round) % 9;
        std::vector<double> v(n), d(n);
        for (std::size_t j = 0; j < n; ++j) {
            v[j] = 3.0 * uniform(generator);
            d[j] = std::exp(round % 2 == 0 ? 4.0 * uniform(generator) : 0.5);
        }
        const double kink = std::exp(2.0 * uniform(generator));
        auto b = v;
        group_norm::metric_prox(b, d, kink);
        const double norm = group_norm::norm(b);
        double pull = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            if (norm > 0.0) {
                CHECK(d[j] * (v[j] - b[j]) ==
                      doctest::Approx(kink * b[j] / norm).epsilon(1e-9).scale(1e-3));
            }
            pull += d[j] * v[j] * d[j] * v[j];
        }
        CHECK((norm == 0.0) == (std::sqrt(pull) <= kink));
    }
}

TEST_CASE("the projection onto a ball is the nearest point in any diagonal metric") {
    std::mt19937 generator(5);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (int round = 0; round < 200; ++round) {
        const std::size_t n = 1 + static_cast<std::size_t>(round) % 9;
        std::vector<double> v(n), d(n);
        for (std::size_t j = 0; j < n; ++j) {
            v[j] = 3.0 * uniform(generator);
            d[j] = std::exp(4.0 * uniform(generator));
        }
        const double bound = std::exp(uniform(generator));
        auto b = v;
        group_norm::metric_project(b, d, bound);
        if (group_norm::norm(v) <= bound) {
            CHECK(b == v);
            continue;
        }
        CHECK(group_norm::norm(b) == doctest::Approx(bound).epsilon(1e-12));
        // d (v - b) points along b: one multiplier for all coordinates.
        double multiplier = 0.0;
        for (std::size_t j = 0; j < n; ++j) multiplier += d[j] * (v[j] - b[j]) * b[j];
        multiplier /= bound * bound;
        CHECK(multiplier > 0.0);
        for (std::size_t j = 0; j < n; ++j) {
            CHECK(d[j] * (v[j] - b[j]) ==
                  doctest::Approx(multiplier * b[j]).epsilon(1e-9).scale(1e-6));
        }
        auto again = b;
        group_norm::metric_project(again, d, bound * (1.0 + 1e-15));
        CHECK(group_norm::norm(again) == doctest::Approx(group_norm::norm(b)));
    }
    std::vector<double> v{1.0};
    group_norm::metric_project(v, std::vector<double>{1.0}, 0.0);
    CHECK(v[0] == 0.0);
}

TEST_CASE("the metric prox of a group, alone and with L1, is what a numerical minimizer finds") {
    Random random(6);
    int zeros = 0;
    for (int round = 0; round < 40; ++round) {
        Objective objective = drawn(random, 1 + static_cast<std::size_t>(round) % 4);
        if (round % 2 == 0) objective.l1 = 0.0;
        std::vector<double> b = objective.v, without = objective.v;
        group_norm::metric_prox(b, objective.d, objective.l1, objective.t);
        group_norm::metric_prox(without, objective.d, objective.t);
        if (round % 2 == 0) CHECK(b == without);
        const std::vector<double> found = objective.minimizer();
        CHECK(objective(b) <= objective(found) + 1e-12);
        for (std::size_t i = 0; i < b.size(); ++i) CHECK(std::abs(b[i] - found[i]) < 1e-5);
        zeros += group_norm::norm(b) == 0.0;
    }
    CHECK(zeros > 3);
    CHECK(zeros < 37);
}

TEST_CASE(
    "in a constant metric the prox is the closed form, with L1 that of the thresholded point") {
    Random random(7);
    for (int round = 0; round < 40; ++round) {
        const Objective objective = drawn(random, 5);
        const double curvature = std::exp(2.0 * random.normal());
        const std::vector<double> d(5, curvature);
        std::vector<double> b = objective.v, sparse = objective.v, threshold = objective.v;
        group_norm::metric_prox(b, d, objective.t);
        const double scale =
            group_norm::shrink(group_norm::norm(objective.v), objective.t / curvature);
        group_norm::metric_prox(sparse, d, objective.l1, objective.t);
        for (double& v : threshold) {
            v = std::copysign(std::max(std::abs(v) - objective.l1 / curvature, 0.0), v);
        }
        const double left =
            group_norm::shrink(group_norm::norm(threshold), objective.t / curvature);
        for (std::size_t i = 0; i < 5; ++i) {
            CHECK(b[i] == doctest::Approx(scale * objective.v[i]).epsilon(1e-13));
            CHECK(sparse[i] == doctest::Approx(left * threshold[i]).epsilon(1e-13));
        }
    }
}

TEST_CASE(
    "the root is found when curvatures span sixteen decades, and hardly any penalty is left") {
    for (const double t : {1e-12, 1e-6, 1.0, 0.999e8}) {
        const std::vector<double> v{1.0, -1.0, 1.0, 0.5}, d{1e8, 1.0, 1e-8, 1e-3};
        std::vector<double> b = v;
        group_norm::metric_prox(b, d, t);
        const double length = group_norm::norm(b);
        REQUIRE(length > 0.0);
        for (std::size_t i = 0; i < v.size(); ++i) {
            CHECK(b[i] ==
                  doctest::Approx(d[i] * v[i] * length / (d[i] * length + t)).epsilon(1e-9));
        }
    }
    std::vector<double> v{0.3, 0.0, -0.0}, none{0.0, 0.0};
    const auto given = v;
    group_norm::metric_prox(v, std::vector<double>{1.0, 2.0, 3.0}, 0.0);
    CHECK(v == given);
    group_norm::metric_prox(none, std::vector<double>{1.0, 2.0}, 1.0);
    CHECK(none == std::vector<double>{0.0, 0.0});
}

TEST_CASE("what is not a number is not hidden by a zero") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> v{nan, 0.1}, with_l1 = v, bounded = v;
    const std::vector<double> d{1.0, 1.0};
    group_norm::metric_prox(v, d, 5.0);
    group_norm::metric_prox(with_l1, d, 5.0, 5.0);
    group_norm::metric_project(bounded, d, 0.0);
    CHECK(std::isnan(v[0]));
    CHECK(std::isnan(with_l1[0]));
    CHECK(std::isnan(bounded[0]));
}

TEST_CASE("the distance from the subdifferential of the norm") {
    const std::vector<double> b{3.0, 4.0}, zero(2, 0.0), g{2.0 * 0.6, 2.0 * 0.8};
    const auto entries = [](ConstVector x) { return [x](std::size_t i) { return x[i]; }; };
    CHECK(group_norm::norm(b) == 5.0);
    CHECK(group_norm::distance(2, entries(g), entries(b), 2.0) < 1e-15);
    CHECK(group_norm::distance(2, entries(zero), entries(b), 2.0) == doctest::Approx(2.0));
    CHECK(group_norm::distance(2, entries(b), entries(zero), 2.0) == 3.0);  // 5 of a ball of 2
    CHECK(group_norm::distance(2, entries(b), entries(zero), 6.0) == 0.0);
    CHECK(group_norm::shrink(5.0, 2.0) == 1.0 - 2.0 / 5.0);
    CHECK(group_norm::shrink(2.0, 2.0) == 0.0);
}

TEST_SUITE_END();
