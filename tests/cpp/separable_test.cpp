// Every scalar penalty of the registry, with factors and bounds, against the definitions in
// penalty.hpp.
#include "shrinkage/penalty/scalar/separable.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "penalty_cases.hpp"

using namespace shrinkage;
using shrinkage::test::for_each_separable;

namespace {

constexpr double lambda = 0.8;
constexpr std::size_t p = 5;
const std::vector<double> points{-2.5, -1.0, -0.5, -1e-3, 0.0, 0.3, 0.75, 1.0, 4.0};

/// lambda P_j(b) with the bounds: the function that everything else is derived from.
template <typename P>
double value_at(const P& penalty, std::size_t j, double b) {
    const Interval box = penalty.bounds(j);
    if (b < box.lo || b > box.hi) return infinity;
    std::vector<double> beta(p, 0.0);
    beta[j] = b;
    return penalty.value(beta, lambda);
}

bool inside(const Interval& box, double b) { return b >= box.lo && b <= box.hi; }

/// One-sided slopes of lambda P_j at b by differences; infinite where a bound stands.
template <typename P>
Interval slopes(const P& penalty, std::size_t j, double b) {
    constexpr double h = 1e-7;
    const double here = value_at(penalty, j, b);
    return {(here - value_at(penalty, j, b - h)) / h, (value_at(penalty, j, b + h) - here) / h};
}

/// The largest distance by which (g, beta) misses lambda P's subdifferential.
template <typename P>
double distance(const P& penalty, std::size_t j, double g, double b) {
    const Interval slope = slopes(penalty, j, b);
    return std::max({slope.lo - g, g - slope.hi, 0.0});
}

/// A small deterministic sequence in [-3, 3].
std::vector<double> scattered(int seed) {
    std::vector<double> v(p);
    for (std::size_t j = 0; j < p; ++j) {
        v[j] = 3.0 * std::sin(12.9898 * (seed + 1) + 78.233 * static_cast<double>(j + 1));
    }
    return v;
}

/// A feasible beta with zeros in it.
template <typename P>
std::vector<double> feasible(const P& penalty, int seed) {
    std::vector<double> beta = scattered(seed);
    for (std::size_t j = 0; j < p; ++j) {
        const Interval box = penalty.bounds(j);
        beta[j] = std::clamp(beta[j], box.lo, box.hi);
        if ((static_cast<int>(j) + seed) % 3 == 0) beta[j] = 0.0;
    }
    return beta;
}

/// A dual point as a solver has it: stationary in the coefficients that are free.
template <typename P>
std::vector<double> dual_point(const P& penalty, int seed) {
    std::vector<double> g = scattered(seed + 100);
    for (std::size_t j = 0; j < p; ++j) {
        if (penalty.is_free(j, lambda)) g[j] = 0.0;
    }
    return g;
}

}  // namespace

TEST_SUITE_BEGIN("penalty");

TEST_CASE("the values by hand") {
    const std::vector<double> beta{1.0, -2.0, 0.0}, ones(3, 1.0);
    CHECK(Separable(L1{}, ones).value(beta, 0.5) == doctest::Approx(1.5));
    CHECK(Separable(L2{}, ones).value(beta, 0.5) == doctest::Approx(1.25));
    CHECK(Separable(ElasticNet{0.25}, ones).value(beta, 0.5) ==
          doctest::Approx(0.5 * (0.25 * 3.0 + 0.75 * 2.5)));
    CHECK(Separable(L1{}, {2.0, 0.5, 1.0}).value(beta, 0.5) == doctest::Approx(1.5));
}

TEST_CASE("prox and minimize find the minimum that a grid finds") {
    for_each_separable([](const auto& penalty) {
        for (const double step : {0.1, 1.0, 7.0}) {
            const std::vector<double> v = scattered(static_cast<int>(10 * step));
            std::vector<double> out(p);
            penalty.prox(v, step, lambda, out);
            for (std::size_t j = 0; j < p; ++j) {
                const auto objective = [&](double b) {
                    return (b - v[j]) * (b - v[j]) / (2.0 * step) + value_at(penalty, j, b);
                };
                const double best = objective(out[j]);
                CHECK(std::isfinite(best));
                double least = infinity;
                for (int k = -4000; k <= 4000; ++k) {
                    least = std::min({least, objective(1e-3 * k), objective(out[j] + 1e-6 * k)});
                }
                CHECK(best <= least + 1e-14);
                const double a = 1.0 / step;
                CHECK(penalty.minimize(j, v[j] * a, a, lambda) ==
                      doctest::Approx(out[j]).epsilon(1e-13));
            }
        }
    });
}

TEST_CASE("the result of a prox is stationary") {
    for_each_separable([](const auto& penalty) {
        const double step = 0.7;
        const std::vector<double> v = scattered(3);
        std::vector<double> out(p), g(p);
        penalty.prox(v, step, lambda, out);
        for (std::size_t j = 0; j < p; ++j) g[j] = (v[j] - out[j]) / step;
        CHECK(penalty.kkt_distance(g, out, lambda) < 1e-14);
    });
}

TEST_CASE("the KKT distance is the one measured by one-sided differences") {
    for_each_separable([](const auto& penalty) {
        for (std::size_t j = 0; j < p; ++j) {
            for (const double b : points) {
                if (!inside(penalty.bounds(j), b)) continue;
                for (const double g : {-3.0, -0.7, -0.1, 0.0, 0.2, 0.8, 2.0}) {
                    CAPTURE(j);
                    CAPTURE(b);
                    CAPTURE(g);
                    const double measured = distance(penalty, j, g, b);
                    CHECK(std::abs(penalty.kkt_distance(j, g, b, lambda) - measured) < 1e-6);
                }
            }
        }
    });
}

TEST_CASE("the KKT distance of a vector is that of its worst coefficient") {
    const Separable penalty(L1{}, {1.0, 1.0, 1.0});
    const std::vector<double> beta{1.0, 0.0, 0.0}, g{0.9, 1.5, -0.2};
    CHECK(penalty.kkt_distance(g, beta, 1.0) == doctest::Approx(0.5));
    CHECK(penalty.least_residual(0, 0.9, 1.0, 1.0) == doctest::Approx(0.1));
    CHECK(penalty.least_residual(1, 1.5, 0.0, 1.0) == doctest::Approx(-0.5));
    CHECK(penalty.least_residual(2, -0.2, 0.0, 1.0) == 0.0);
}

TEST_CASE("a piece is the penalty around its point, and kinks are where slopes differ") {
    for_each_separable([](const auto& penalty) {
        for (std::size_t j = 0; j < p; ++j) {
            for (const double b : points) {
                if (!inside(penalty.bounds(j), b)) continue;
                const Piece piece = penalty.piece(j, b, lambda);
                CHECK(inside(piece.range, b));
                for (const double d : {-0.2, 0.0, 0.2}) {
                    if (!inside(piece.range, b + d)) continue;
                    const double x = b + d;
                    CHECK(piece.slope * x + 0.5 * piece.curvature * x * x ==
                          doctest::Approx(value_at(penalty, j, x)).epsilon(1e-13));
                }
                const Interval slope = slopes(penalty, j, b);
                const bool measured = !(slope.hi - slope.lo < 1e-3);
                CHECK(penalty.kinked(j, b, lambda) == measured);
            }
        }
    });
}

TEST_CASE("the conjugate is the supremum it is defined as") {
    for_each_separable([](const auto& penalty) {
        for (int seed = 0; seed < 4; ++seed) {
            const std::vector<double> g = dual_point(penalty, seed);
            double best = 0.0;
            for (std::size_t j = 0; j < p; ++j) {
                const Interval box = penalty.bounds(j);
                double most = std::max(
                    g[j] * std::max(box.lo, -1e4) - value_at(penalty, j, std::max(box.lo, -1e4)),
                    g[j] * std::min(box.hi, 1e4) - value_at(penalty, j, std::min(box.hi, 1e4)));
                for (int k = -40000; k <= 40000; ++k) {
                    most = std::max(most, 1e-3 * k * g[j] - value_at(penalty, j, 1e-3 * k));
                }
                best += most;
            }
            const double conjugate = penalty.conjugate(g, lambda);
            if (std::isinf(conjugate)) {
                CHECK(best > 100.0);
            } else {
                CHECK(conjugate >= best - 1e-12);
                CHECK(conjugate <= best + 1e-5);
            }
        }
    });
}

TEST_CASE(
    "a scaled dual point is feasible, the scale is the largest, its value bounds the conjugate") {
    for_each_separable([](const auto& penalty) {
        for (int seed = 0; seed < 6; ++seed) {
            const std::vector<double> g = dual_point(penalty, seed);
            const std::vector<double> beta = feasible(penalty, seed);
            const double s = penalty.dual_scale(g, beta, lambda);
            CHECK(s >= 0.0);
            CHECK(s <= 1.0);
            bool tight = s == 1.0;
            for (std::size_t j = 0; j < p; ++j) {
                const double v = g[j] - penalty.ridge(j, lambda) * beta[j];
                const Interval box = penalty.bounds(j);
                const bool open = v > 0.0 ? box.hi == infinity : box.lo == -infinity;
                if (!open || penalty.is_free(j, lambda)) continue;
                const double kink = penalty.kink(j, lambda);
                CHECK(std::abs(s * v) <= kink * (1.0 + 1e-14));
                tight = tight || std::abs(std::abs(s * v) - kink) <= 1e-14;
            }
            CHECK(tight);
            // Rounding may leave s g a hair outside the domain of a kink, where (lambda P)* is
            // infinite.
            std::vector<double> scaled(p);
            for (std::size_t j = 0; j < p; ++j) scaled[j] = s * (1.0 - 1e-12) * g[j];
            const double bound = penalty.dual_value(s, g, beta, lambda);
            CHECK(bound >= penalty.conjugate(scaled, lambda) - 1e-10);
        }
    });
}

TEST_CASE("at a stationary point the dual value is the conjugate: beta'g - lambda P(beta)") {
    for_each_separable([](const auto& penalty) {
        const std::vector<double> v = scattered(5);
        std::vector<double> beta(p), g(p);
        penalty.prox(v, 1.0, lambda, beta);
        double cross = 0.0;
        for (std::size_t j = 0; j < p; ++j) {
            g[j] = penalty.is_free(j, lambda) ? 0.0 : v[j] - beta[j];
            cross += g[j] * beta[j];
        }
        const double conjugate = cross - penalty.value(beta, lambda);
        CHECK(penalty.dual_value(1.0, g, beta, lambda) ==
              doctest::Approx(conjugate).epsilon(1e-12));
        if (penalty.scalar().kink(lambda) > 0.0) {
            CHECK(penalty.dual_scale(g, beta, lambda) == doctest::Approx(1.0).epsilon(1e-14));
        }
        // Where the L2 part leaves no constraint the point needs no scale: the conjugate is finite.
        if (penalty.scalar().ridge(lambda) > 0.0) {
            CHECK(penalty.conjugate(g, lambda) == doctest::Approx(conjugate).epsilon(1e-12));
        }
    });
}

TEST_CASE("lambda_max is the smallest lambda at which zero is stationary") {
    for_each_separable([](const auto& penalty) {
        std::vector<double> g = scattered(8);
        for (std::size_t j = 0; j < p; ++j) {
            if (penalty.factor(j) == 0.0) g[j] = 0.0;
        }
        const std::vector<double> zero(p, 0.0);
        const double top = penalty.lambda_max(g);
        if (penalty.smooth(1.0) || std::isinf(top)) {
            CHECK(std::isinf(top));
            CHECK(penalty.kkt_distance(g, zero, 1e6) > 0.0);
            return;
        }
        CHECK(penalty.kkt_distance(g, zero, top * (1.0 + 1e-14)) == 0.0);
        CHECK(penalty.kkt_distance(g, zero, 0.999 * top) > 0.0);
    });
}

TEST_CASE("what is free, bounded and smooth") {
    const Separable free(L2{}, {0.0, 1.0});
    const Separable held(L1{}, {0.0}, {0.0}, {1.0});
    CHECK(free.is_free(0, 1.0));
    CHECK_FALSE(free.is_free(1, 1.0));
    CHECK(free.is_free(1, 0.0));
    CHECK_FALSE(held.is_free(0, 1.0));
    CHECK(held.bounded());
    CHECK(free.smooth(1.0));
    CHECK_FALSE(Separable(L1{}, {1.0}).smooth(1.0));
    CHECK(free.size() == 2);
}

TEST_SUITE_END();
