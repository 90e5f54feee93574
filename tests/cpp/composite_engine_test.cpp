// Penalties whose coefficients do not separate, under every smooth loss: certified, stationary, and
// equal to the lasso where they are the lasso.
#include "shrinkage/solver/newton/composite_engine.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "loss_cases.hpp"
#include "problems.hpp"
#include "shrinkage/solver/newton/blocks_model.hpp"
#include "shrinkage/solver/newton/entries.hpp"
#include "shrinkage/solver/newton/newton_engine.hpp"
#include "shrinkage/solver/proximal/proximal_solver.hpp"
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};
constexpr std::size_t p = 10;

struct Example {
    Matrix x;
    std::vector<double> weights, y;

    template <typename L>
    Example(const L& loss, std::size_t n, std::uint64_t seed) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        for (std::size_t j = 1; j < p; ++j) {
            for (std::size_t i = 0; i < n; ++i) x(i, j) += 0.5 * x(i, j - 1);
        }
        weights = test::random_weights(n, random, 9);
        for (std::size_t j = 0; j < p; ++j) {  // as the reference for a squared loss wants them
            const double mean = test::inner_product(x.column(j), weights);
            for (double& entry : x.column(j)) entry -= mean;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const double signal = x(i, 0) - x(i, 4) + 0.5 * x(i, 7) + random.normal();
            y.push_back(test::target_at(loss, signal));
        }
    }
};

struct Fit {
    std::vector<double> beta, g;
    double intercept = 0.0;
    Step step;
};

/// Down to `share` of the largest lambda in five steps, to a gap of 1e-12.
template <typename Engine, typename L, typename P>
Fit fit(const L& loss, const P& penalty, const Example& e, double share,
        const Limits& limits = {}) {
    const PlainDesign x(e.x);
    Point<L, PlainDesign> point(loss, x, {e.y, e.weights, {}, true});
    point.refresh(alone);
    Engine engine(point, penalty, limits);
    const double largest = penalty.lambda_max(point.g);
    Fit result;
    double previous = largest;
    for (int k = 1; k <= 5; ++k) {
        const double lambda = largest * std::pow(share, k / 5.0);
        result.step = engine.solve(lambda, previous, 1e-12, 1e-13 * largest, alone);
        previous = lambda;
    }
    engine.finish(alone);
    result.beta = point.beta;
    result.intercept = point.intercept;
    result.g = point.g;
    return result;
}

template <typename L, typename P>
using Composite = CompositeEngine<L, P, PlainDesign>;

/// The reference engine of separable penalties.
template <typename L, typename P>
using Separate =
    std::conditional_t<L::shape == Shape::quadratic, QuadraticEngine<L, P, PlainDesign>,
                       NewtonEngine<L, P, PlainDesign>>;

GroupNorms pairs(bool nonnegative = false) {
    return {{0, 1, 4, 7, 2, 3, 5, 6, 8, 9}, {0, 4, 7, 10}, {2.0, 1.7, 0.0}, nonnegative};
}

Slope decreasing() {
    std::vector<double> omega, factors(p, 1.0);
    for (std::size_t k = 0; k < p; ++k) omega.push_back(1.0 - 0.07 * static_cast<double>(k));
    factors[1] = 0.0;
    factors[3] = 2.0;
    return {omega, factors};
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("composite engine: certified and stationary under every smooth loss") {
    test::for_each_smooth_loss([&](const auto& loss, const auto&) {
        using L = std::remove_cvref_t<decltype(loss)>;
        const Example e(loss, 60, 7);
        for (const double share : {0.5, 0.05}) {
            CAPTURE(share);
            for (const bool nonnegative : {false, true}) {
                const GroupNorms groups = pairs(nonnegative);
                const test::BlockArchetype block(groups);
                const Fit f = fit<Composite<L, test::BlockArchetype>>(loss, block, e, share);
                CHECK(f.step.gap <= 1e-12);
                CHECK(f.step.regime == Regime::block);
                for (const double b : f.beta) CHECK((!nonnegative || b >= 0.0));
            }
            const test::WholeArchetype whole(decreasing());
            const Fit f = fit<Composite<L, test::WholeArchetype>>(loss, whole, e, share);
            CHECK(f.step.gap <= 1e-12);
            CHECK(f.step.regime == Regime::proximal);
            const Fit all = fit<Composite<L, test::WholeArchetype>>(
                loss, test::WholeArchetype(decreasing(), false), e, share);
            CHECK(all.step.gap <= 1e-12);
        }
    });
}

TEST_CASE("composite engine: groups of one, and SLOPE with equal weights, are the lasso") {
    test::for_each_smooth_loss([&](const auto& loss, const auto&) {
        using L = std::remove_cvref_t<decltype(loss)>;
        const Example e(loss, 60, 3);
        const Separable lasso(L1{}, std::vector<double>(p, 1.0));
        std::vector<std::size_t> starts = test::all_below(p + 1);
        const GroupNorms ones(test::all_below(p), starts, std::vector<double>(p, 1.0));
        const Slope flat(std::vector<double>(p, 1.0), std::vector<double>(p, 1.0));
        const Fit known = fit<Separate<L, Separable<L1>>>(loss, lasso, e, 0.1);
        const Fit grouped = fit<Composite<L, GroupNorms>>(loss, ones, e, 0.1);
        const Fit sorted = fit<Composite<L, Slope>>(loss, flat, e, 0.1);
        CHECK(test::largest_difference(known.beta, grouped.beta) < 1e-5);
        CHECK(test::largest_difference(known.beta, sorted.beta) < 1e-5);
    });
}

TEST_CASE("composite engine: without room for a Gram matrix the fit is the same") {
    const LogisticLoss loss;
    const Example e(loss, 60, 5);
    Limits tight;
    tight.gram_bytes = 64;
    const GroupNorms groups = pairs();
    const Fit f = fit<Composite<LogisticLoss, GroupNorms>>(loss, groups, e, 0.1);
    const Fit r = fit<Composite<LogisticLoss, GroupNorms>>(loss, groups, e, 0.1, tight);
    CHECK(r.step.gap <= 1e-12);
    CHECK(test::largest_difference(f.beta, r.beta) < 1e-6);
    const Slope slope = decreasing();
    const Fit s = fit<Composite<LogisticLoss, Slope>>(loss, slope, e, 0.1);
    const Fit t = fit<Composite<LogisticLoss, Slope>>(loss, slope, e, 0.1, tight);
    CHECK(t.step.gap <= 1e-12);
    CHECK(test::largest_difference(s.beta, t.beta) < 1e-6);
}

TEST_CASE("proximal solver: stationary on a quadratic whose columns are nearly copies") {
    const SquaredLoss loss;
    Example e(loss, 40, 8);
    for (std::size_t i = 0; i < 40; ++i) e.x(i, 1) = e.x(i, 0) + 1e-3 * e.x(i, 2);
    const PlainDesign x(e.x);
    GramModel<PlainDesign> gram(x);
    static_assert(ProductModel<GramModel<PlainDesign>> && ProductModel<ResidualModel<PlainDesign>>);
    static_assert(BlockModel<BlocksModel<GramModel<PlainDesign>>> &&
                  BlockModel<BlocksModel<ResidualModel<PlainDesign>>>);
    gram.reset(e.weights, false);
    gram.add(test::all_below(p), alone);
    std::vector<double> g(p), rest(p), beta(p, 0.0);
    std::vector<double> wy(40);
    for (std::size_t i = 0; i < 40; ++i) wy[i] = e.weights[i] * e.y[i];
    x.transposed_product(wy, alone, g);
    const Slope slope = decreasing();
    const double lambda = 0.05 * slope.lambda_max(g);
    gram.set_gradient(g);
    ProximalSolver<Slope> solver(slope);
    CHECK(solver.solve(gram, beta, lambda, 1e-11, 1000, alone).converged);
    std::vector<double> pull(p);
    for (std::size_t k = 0; k < p; ++k) pull[k] = gram.gradient(k);
    // The factors are not one: the residual is looked at by a step in the penalty's own metric.
    std::vector<double> at(p);
    for (std::size_t j = 0; j < p; ++j) at[j] = beta[j] + pull[j] / slope.metric(j);
    slope.prox(test::all_below(p), at, 1.0, lambda, rest);
    CHECK(test::largest_difference(rest, beta) < 1e-9);
    // Two rounds are not enough, and that is told.
    std::vector<double> start(p, 0.0);
    gram.set_gradient(g);
    CHECK_FALSE(solver.solve(gram, start, 1e-6 * lambda, 1e-15, 2, alone).converged);
}

TEST_SUITE_END();
