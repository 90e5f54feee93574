// Logistic loss: proximal Newton against a slow solver and against the KKT conditions.
#include "shrinkage/solver/newton/newton_engine.hpp"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "loss_cases.hpp"
#include "penalty_cases.hpp"
#include "problems.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/loss/huber.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};
const LogisticLoss loss;

struct Example {
    Matrix x;
    std::vector<double> weights, offset, y;

    Example(std::size_t n, std::size_t p, std::uint64_t seed, double signal = 1.0) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        weights = test::random_weights(n, random, 8);
        offset = random.normals(n);
        for (std::size_t i = 0; i < n; ++i) {
            const double eta = signal * (1.5 * x(i, 0) - x(i, 1)) + 0.5 * offset[i] - 0.5;
            y.push_back(random.uniform() < loss.mean(eta) ? 1.0 : 0.0);
        }
    }
};

/// The point and the last step after the given lambdas, fitted one after the other.
struct Fit {
    std::vector<double> beta;
    double intercept = 0.0;
    Step step;
};

template <typename P>
Fit fit(const Example& e, const P& penalty, bool intercept, const std::vector<double>& lambdas,
        const Limits& limits = {}) {
    const PlainDesign x(e.x);
    Point<LogisticLoss, PlainDesign> point(loss, x, {e.y, e.weights, e.offset, intercept});
    point.refresh(alone);
    NewtonEngine<LogisticLoss, P, PlainDesign> engine(point, penalty, limits);
    double previous = 2.0 * lambdas.front();
    Fit result;
    for (const double lambda : lambdas) {
        result.step = engine.solve(lambda, previous, 1e-13, 1e-14, alone);
        previous = lambda;
    }
    engine.finish(alone);
    const auto eta = test::linear_predictor(e.x, point.beta, point.intercept, e.offset);
    CHECK(test::largest_difference(point.eta, eta) <= 1e-11 * (1.0 + std::abs(point.intercept)));
    CHECK(engine.loss() == doctest::Approx(point.mean_loss()).epsilon(1e-12));
    result.beta = point.beta;
    result.intercept = point.intercept;
    return result;
}

template <typename P>
void check_optimal(const Example& e, const P& penalty, const Fit& f, double lambda,
                   bool intercept) {
    const auto eta = test::linear_predictor(e.x, f.beta, f.intercept, e.offset);
    std::vector<double> v(e.y.size());
    double total = 0.0;
    for (std::size_t i = 0; i < v.size(); ++i) {
        v[i] = e.weights[i] * (e.y[i] - 1.0 / (1.0 + std::exp(-eta[i])));
        total += v[i];
    }
    if (intercept)
        CHECK(std::abs(total) <= 1e-12);
    else
        CHECK(f.intercept == 0.0);
    for (std::size_t j = 0; j < f.beta.size(); ++j) {
        const double g = test::inner_product(e.x.view().column(j), v);
        CHECK(penalty.kkt_distance(j, g, f.beta[j], lambda) <= 1e-6);
    }
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE(
    "every penalty, factor and bound: certified, stationary, and the slow solver's solution") {
    const Example e(60, 5, 1);
    test::for_each_separable([&](const auto& penalty) {
        for (const bool intercept : {true, false}) {
            const double lambda = 0.02;
            CAPTURE(intercept);
            const Fit found = fit(e, penalty, intercept, {0.1, 0.05, lambda});
            CHECK(found.step.gap <= 1e-13);
            check_optimal(e, penalty, found, lambda, intercept);
            const test::Solution slow = test::reference_solution(loss, penalty, e.x, e.y, e.weights,
                                                                 lambda, intercept, e.offset, 3000);
            CHECK(test::largest_difference(found.beta, slow.beta) <= 1e-5);
            CHECK(std::abs(found.intercept - slow.intercept) <= 1e-5);
        }
    });
}

TEST_CASE("every smooth loss: certified, stationary, and the slow solver's solution") {
    const Example e(60, 5, 7);
    test::for_each_smooth_loss([&](const auto& any, const test::LossCase&) {
        using L = std::remove_cvref_t<decltype(any)>;
        std::vector<double> y;
        Random random(8);
        for (std::size_t i = 0; i < e.y.size(); ++i) {
            const double noise = 0.7 * random.normal();
            y.push_back(test::target_at(any, e.x(i, 0) - e.x(i, 1) + 0.3 * e.offset[i] + noise));
        }
        const PlainDesign x(e.x);
        test::for_each_separable([&](const auto& penalty) {
            for (const bool intercept : {true, false}) {
                CAPTURE(intercept);
                const double lambda = 0.02;
                Point<L, PlainDesign> point(any, x, {y, e.weights, e.offset, intercept});
                point.refresh(alone);
                const double null = point.mean_loss() - point.saturated(e.weights);
                NewtonEngine<L, std::remove_cvref_t<decltype(penalty)>, PlainDesign> engine(
                    point, penalty, Limits{});
                Step step;
                for (const double at : {0.5, 0.1, lambda}) {
                    step = engine.solve(at, 2.0 * at, 1e-13 * null, 1e-13 * null, alone);
                }
                engine.finish(alone);
                CHECK(step.gap <= 1e-13 * null);
                double total = 0.0;
                std::vector<double> v(y.size());
                const auto eta = test::linear_predictor(e.x, point.beta, point.intercept, e.offset);
                for (std::size_t i = 0; i < y.size(); ++i) {
                    v[i] = -e.weights[i] * any.gradient(y[i], eta[i]);
                    total += v[i];
                }
                if (intercept) CHECK(std::abs(total) <= 1e-11);
                for (std::size_t j = 0; j < 5; ++j) {
                    const double g = test::inner_product(e.x.view().column(j), v);
                    CHECK(penalty.kkt_distance(j, g, point.beta[j], lambda) <= 3e-6);
                }
                const test::Solution slow = test::reference_solution(
                    any, penalty, e.x, y, e.weights, lambda, intercept, e.offset, 3000);
                const auto value = [&](ConstVector beta, double b) {
                    return test::objective(any, penalty, e.x, y, e.weights, beta, b, lambda,
                                           e.offset);
                };
                const double ours = value(point.beta, point.intercept);
                CHECK(std::abs(ours - value(slow.beta, slow.intercept)) <= 1e-9 * null);
            }
        });
    });
}

TEST_CASE("huber far below the residuals, where few observations have curvature") {
    for (const std::size_t p : {5, 80}) {
        const Example e(50, p, 9);
        std::vector<double> y;
        Random random(10);
        for (std::size_t i = 0; i < 50; ++i) {
            y.push_back(100.0 + 60.0 * (e.x(i, 0) - e.x(i, 1)) + 50.0 * random.normal());
        }
        for (const double delta : {0.1, 1.35, 10.0}) {
            const HuberLoss huber{delta};
            const PlainDesign x(e.x);
            const auto check = [&](const auto& penalty) {
                Point<HuberLoss, PlainDesign> point(huber, x, {y, e.weights, {}, true});
                point.refresh(alone);
                const double null = point.mean_loss();
                NewtonEngine<HuberLoss, std::remove_cvref_t<decltype(penalty)>, PlainDesign> engine(
                    point, penalty, Limits{});
                double lambda = 0.5 * delta;
                std::size_t most = 0;
                for (int k = 0; k < 12; ++k, lambda *= 0.5) {
                    const Step step =
                        engine.solve(lambda, 2.0 * lambda, 1e-8 * null, 1e-13 * null, alone);
                    CAPTURE(p);
                    CAPTURE(delta);
                    CAPTURE(lambda);
                    CHECK(step.gap <= 1e-8 * null);
                    most = std::max(most, step.iterations);
                }
                CHECK(most < 300);
            };
            check(Separable<L1>(L1{}, std::vector<double>(p, 1.0)));
            check(Separable<L2>(L2{}, std::vector<double>(p, 1.0)));
        }
    }
}

TEST_CASE("with the Gram matrix and through the residual") {
    const Example e(50, 40, 2);
    Limits small;
    small.gram_bytes = 0;
    const Separable<L1> penalty(L1{}, std::vector<double>(40, 1.0));
    const Fit gram = fit(e, penalty, true, {0.1, 0.05, 0.02});
    const Fit residual = fit(e, penalty, true, {0.1, 0.05, 0.02}, small);
    CHECK(std::string(regime_name(gram.step.regime)) == "newton");
    CHECK(std::string(regime_name(residual.step.regime)) == "newton_residual");
    CHECK(gram.step.gap <= 1e-13);
    CHECK(residual.step.gap <= 1e-13);
    CHECK(test::largest_difference(gram.beta, residual.beta) <= 1e-5);
}

TEST_CASE("separable classes and a small lambda: large but finite and optimal") {
    const Example e(40, 60, 3, 50.0);
    for (const double lambda : {1e-2, 1e-3, 1e-4}) {
        const Separable<L1> lasso(L1{}, std::vector<double>(60, 1.0));
        const Separable<L2> ridge(L2{}, std::vector<double>(60, 1.0));
        const Fit sparse = fit(e, lasso, true, {0.1, lambda});
        CAPTURE(lambda);
        CHECK(sparse.step.gap <= 1e-12);
        check_optimal(e, lasso, sparse, lambda, true);
        const Fit dense = fit(e, ridge, true, {lambda});
        CHECK(dense.step.gap <= 1e-12);
        check_optimal(e, ridge, dense, lambda, true);
    }
}

TEST_CASE("few steps a lambda down a long path") {
    const Example e(200, 300, 8, 3.0);
    const Separable<L1> penalty(L1{}, std::vector<double>(300, 1.0));
    std::vector<double> lambdas;
    for (int k = 0; k < 40; ++k) lambdas.push_back(0.2 * std::pow(0.87, k));
    const PlainDesign x(e.x);
    Point<LogisticLoss, PlainDesign> point(loss, x, {e.y, e.weights, e.offset, true});
    point.refresh(alone);
    NewtonEngine<LogisticLoss, Separable<L1>, PlainDesign> engine(point, penalty, {});
    double previous = 0.25;
    std::size_t steps = 0;
    for (const double lambda : lambdas) {
        const Step step = engine.solve(lambda, previous, 1e-7, 1e-14, alone);
        CHECK(step.gap <= 1e-7);
        steps += step.iterations;
        previous = lambda;
    }
    CHECK(steps <= 6 * lambdas.size());
}

TEST_CASE("rare events") {
    Example e(400, 4, 4);
    for (double& y : e.y) y = 0.0;
    e.y[3] = e.y[9] = 1.0;
    const Separable<ElasticNet> penalty(ElasticNet{0.5}, std::vector<double>(4, 1.0));
    const Fit found = fit(e, penalty, true, {0.1, 0.01, 1e-4});
    CHECK(found.step.gap <= 1e-13);
    check_optimal(e, penalty, found, 1e-4, true);
}

TEST_CASE("from a start so far that the full step overshoots, the line search comes back") {
    const Example e(60, 3, 5);
    const PlainDesign x(e.x);
    const Separable<L1> penalty(L1{}, std::vector<double>(3, 1.0));
    Point<LogisticLoss, PlainDesign> point(loss, x, {e.y, e.weights, {}, true});
    point.beta = {-30.0, 30.0, 20.0};
    point.refresh(alone);
    NewtonEngine<LogisticLoss, Separable<L1>, PlainDesign> engine(point, penalty, Limits{});
    const Step step = engine.solve(0.01, 0.01, 1e-13, 1e-14, alone);
    CHECK(step.gap <= 1e-13);
    const test::Solution slow =
        test::reference_solution(loss, penalty, e.x, e.y, e.weights, 0.01, true, {}, 3000);
    CHECK(test::largest_difference(point.beta, slow.beta) <= 1e-5);
}

TEST_CASE("too few rounds end with the gap that was reached, and a stop ends the fit") {
    const Example e(60, 30, 6);
    const Separable<L1> penalty(L1{}, std::vector<double>(30, 1.0));
    Limits limits;
    limits.max_iter = 1;
    const Fit found = fit(e, penalty, true, {0.001}, limits);
    CHECK(found.step.iterations == 1);
    CHECK(found.step.gap > 1e-13);
    const PlainDesign x(e.x);
    Point<LogisticLoss, PlainDesign> point(loss, x, {e.y, e.weights, {}, true});
    point.refresh(alone);
    NewtonEngine<LogisticLoss, Separable<L1>, PlainDesign> engine(point, penalty, Limits{});
    Control control;
    control.stop();
    const Context stopped{1, &control};
    CHECK_THROWS_AS(engine.solve(0.01, 0.02, 1e-13, 1e-14, stopped), Cancelled);
}

TEST_SUITE_END();
