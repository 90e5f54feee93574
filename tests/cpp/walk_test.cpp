// The walk down a path itself: what it records, how it starts, and how it ends early.
#include "shrinkage/path/walk.hpp"

#include <cmath>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "path_cases.hpp"
#include "penalty_cases.hpp"
#include "shrinkage/path/engine_for.hpp"
#include "shrinkage/path/grid.hpp"

using namespace shrinkage;
using shrinkage::test::coefficients;
using shrinkage::test::fitted;
using shrinkage::test::Matrix;
using shrinkage::test::PathData;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// A walk on a design with nothing implicit: the walk needs no more than the concepts.
template <ScalarLoss L, Penalty P>
struct Plain {
    Matrix x;
    std::vector<double> y, weights;
    L loss{};
    P penalty;

    std::vector<std::vector<double>> run(const PathOptions& options, PathResult& result,
                                         ConstVector held_out = {}, const Context& context = alone,
                                         ConstVector start = {}) const {
        const PlainDesign design(x);
        const Data data{y, weights, {}, options.intercept};
        WalkOf<L, P, PlainDesign> walk(loss, penalty, design, data, options, held_out, context);
        if (!start.empty()) walk.start_at(start, std::vector<double>{0.5});
        std::vector<std::vector<double>> betas;
        walk.run(result, [&](ConstVector beta, ConstVector intercepts) {
            betas.emplace_back(beta.begin(), beta.end());
            betas.back().push_back(intercepts[0]);
        });
        return betas;
    }
};

template <ScalarLoss L, Penalty P>
Plain<L, P> plain_problem(std::size_t n, std::size_t p, const P& penalty, std::uint64_t seed) {
    Random random(seed);
    Plain<L, P> problem{Matrix::random(n, p, random),
                        {},
                        std::vector<double>(n, 1.0 / static_cast<double>(n)),
                        {},
                        penalty};
    for (std::size_t j = 0; j < p; ++j) {  // as with an intercept a design centres its columns
        const double mean = test::inner_product(problem.x.column(j), problem.weights);
        for (double& v : problem.x.column(j)) v -= mean;
    }
    for (std::size_t i = 0; i < n; ++i) {
        const double eta = 1.0 + 2.0 * problem.x(i, 0) - problem.x(i, 1) + random.normal();
        problem.y.push_back((L::shape == Shape::quadratic) ? eta : (eta > 0.0 ? 1.0 : 0.0));
    }
    return problem;
}

/// Enough work that a stop comes in the middle: small steps of lambda, each certified to 1e-10.
PathOptions long_path() {
    PathOptions options;
    options.n_lambdas = 3000;
    options.lambda_min_ratio = 1e-2;
    options.tolerance = 1e-10;
    return options;
}

/// The finished part of a path that was stopped is that of one that was not.
void check_prefix(const PathResult& part, const PathResult& whole, std::size_t p) {
    const std::size_t done = fitted(part);
    CHECK(done < whole.lambdas.size());
    REQUIRE(part.starts.size() == done + 1);
    CHECK(part.certificates.size() == done);
    CHECK(part.n_nonzero.size() == done);
    CHECK(part.lambdas == whole.lambdas);
    const std::size_t common = std::min(done, fitted(whole));
    for (std::size_t l = 0; l < common; ++l) {
        CHECK(coefficients(part, l, p) == coefficients(whole, l, p));
        CHECK(part.intercepts[l] == whole.intercepts[l]);
        CHECK(part.certificates[l].value == whole.certificates[l].value);
    }
}

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("a path on any design: lambda max, records, and the slow solver's solutions") {
    const Separable<L1> penalty(L1{}, std::vector<double>(6, 1.0));
    const auto problem = plain_problem<SquaredLoss>(40, 6, penalty, 1);
    PathOptions options;
    options.n_lambdas = 5;
    options.tolerance = 1e-12;
    PathResult result;
    const auto betas = problem.run(options, result);
    REQUIRE(betas.size() == 5);
    double largest = 0.0, mean = 0.0;
    for (const double y : problem.y) mean += y / 40.0;
    for (std::size_t j = 0; j < 6; ++j) {
        double g = 0.0;
        for (std::size_t i = 0; i < 40; ++i) g += problem.x(i, j) * (problem.y[i] - mean) / 40.0;
        largest = std::max(largest, std::abs(g));
    }
    CHECK(result.lambdas[0] == doctest::Approx(largest).epsilon(1e-12));
    for (std::size_t l = 0; l < 5; ++l) {
        const test::Solution slow =
            test::reference_solution(problem.loss, penalty, problem.x, problem.y, problem.weights,
                                     result.lambdas[l], true, {}, 4000);
        for (std::size_t j = 0; j < 6; ++j) CHECK(std::abs(betas[l][j] - slow.beta[j]) <= 1e-5);
        CHECK(std::abs(betas[l][6] - slow.intercept) <= 1e-5);
        CHECK(result.certificates[l].value <= 1e-12);
    }
}

TEST_CASE("unpenalized columns are in the model before lambda max is taken") {
    const Separable<L1> penalty(L1{}, {0.0, 1.0, 1.0, 0.0, 1.0});
    const auto check = [&](const auto& problem) {
        PathOptions options;
        options.n_lambdas = 4;
        options.tolerance = 1e-11;
        PathResult result;
        const auto betas = problem.run(options, result);
        CHECK(result.certificates[0].value <= 1e-11);
        CHECK(betas[0][0] != 0.0);
        CHECK(betas[0][3] != 0.0);
        for (const std::size_t j : {1, 2, 4}) CHECK(betas[0][j] == 0.0);
        PathResult below;
        options.lambdas = {result.lambdas[0] * (1.0 - 1e-4)};
        const auto next = problem.run(options, below);
        CHECK((next[0][1] != 0.0 || next[0][2] != 0.0 || next[0][4] != 0.0));
    };
    check(plain_problem<SquaredLoss>(60, 5, penalty, 2));
    check(plain_problem<LogisticLoss>(60, 5, penalty, 3));
}

TEST_CASE("held-out scores are twice the mean loss of the held-out rows") {
    const Separable<L1> penalty(L1{}, std::vector<double>(5, 1.0));
    const auto check = [&](auto problem) {
        std::vector<double> held_out(60, 0.0);
        for (std::size_t i = 0; i < 60; i += 3) {
            held_out[i] = 1.0 + static_cast<double>(i);
            problem.weights[i] = 0.0;
        }
        for (double& w : problem.weights) w *= 60.0 / 40.0;
        PathOptions options;
        options.n_lambdas = 6;
        PathResult result;
        const auto betas = problem.run(options, result, held_out);
        REQUIRE(result.scores.size() == 6);
        for (std::size_t l = 0; l < 6; ++l) {
            double score = 0.0, total = 0.0;
            for (std::size_t i = 0; i < 60; i += 3) {
                double eta = betas[l][5];
                for (std::size_t j = 0; j < 5; ++j) eta += problem.x(i, j) * betas[l][j];
                score += 2.0 * held_out[i] * problem.loss.value(problem.y[i], eta);
                total += held_out[i];
            }
            CHECK(result.scores[l] == doctest::Approx(score / total).epsilon(1e-10));
        }
    };
    check(plain_problem<SquaredLoss>(60, 5, penalty, 4));
    check(plain_problem<LogisticLoss>(60, 5, penalty, 5));
}

TEST_CASE("a start is used: at the solution little is left to do") {
    const Separable<L1> penalty(L1{}, std::vector<double>(20, 1.0));
    const auto problem = plain_problem<LogisticLoss>(80, 20, penalty, 6);
    PathOptions options;
    options.lambdas = {0.01};
    options.tolerance = 1e-10;
    PathResult cold, warm;
    const auto solution = problem.run(options, cold);
    const ConstVector beta = ConstVector(solution[0]).first(20);
    const auto again = problem.run(options, warm, {}, alone, beta);
    CHECK(test::largest_difference(again[0], solution[0]) <= 1e-6);
    CHECK(warm.n_iter[0] < cold.n_iter[0]);
}

namespace {

/// Counts the passes over all columns.
struct CountedDesign : PlainDesign {
    using PlainDesign::PlainDesign;
    mutable std::size_t passes = 0;

    void transposed_product(ConstVector v, const Context& context, Vector out) const {
        ++passes;
        PlainDesign::transposed_product(v, context, out);
    }
};

}  // namespace

TEST_CASE("an absurd start is not walked away from in small steps of lambda") {
    // Found by fuzzing: the path came down from the gradient at the start, here about e^400. That
    // took 2260 passes; Newton's own way from there takes some 600, a fit from nothing 27.
    constexpr std::size_t n = 40, p = 60;
    const Separable<L1> penalty(L1{}, std::vector<double>(p, 1.0));
    const auto problem = plain_problem<PoissonLoss>(n, p, penalty, 9);
    const Data data{problem.y, problem.weights, {}, false};
    PathOptions options;
    options.lambdas = {0.02};
    std::vector<double> start(p, 0.0);
    start[0] = start[1] = 150.0;
    const auto passes = [&](bool warm) {
        const CountedDesign design(problem.x);
        WalkOf<PoissonLoss, Separable<L1>, CountedDesign> walk(problem.loss, penalty, design, data,
                                                               options, {}, alone);
        if (warm) walk.start_at(start, std::vector<double>{0.0});
        PathResult result;
        walk.run(result, [](ConstVector, ConstVector) {});
        CHECK(result.certificates[0].holds());
        return design.passes;
    };
    const std::size_t cold = passes(false), warm = passes(true);
    CHECK(warm <= 40 * cold);
}

TEST_CASE("a far lambda is not approached by ever more steps in vain") {
    // Found by fuzzing: a hundred steps, each with all the rounds that one lambda may take.
    constexpr std::size_t n = 40, p = 60;
    const Separable<L1> penalty(L1{}, std::vector<double>(p, 1.0));
    const auto problem = plain_problem<PoissonLoss>(n, p, penalty, 9);
    const CountedDesign design(problem.x);
    PathOptions options;
    options.lambdas = {1e-9};
    options.limits.max_iter = 1;
    WalkOf<PoissonLoss, Separable<L1>, CountedDesign> walk(
        problem.loss, penalty, design, Data{problem.y, problem.weights, {}, false}, options, {},
        alone);
    std::vector<double> start(p, 0.0);
    start[0] = start[1] = 150.0;  // hundreds of Newton steps from any solution
    walk.start_at(start, std::vector<double>{0.0});
    PathResult result;
    walk.run(result, [](ConstVector, ConstVector) {});
    CHECK_FALSE(result.certificates[0].holds());
    CHECK(design.passes <= 40);
}

TEST_CASE("every fitted lambda is reported") {
    const Separable<L1> penalty(L1{}, std::vector<double>(5, 1.0));
    const auto problem = plain_problem<SquaredLoss>(40, 5, penalty, 7);
    Control control;
    PathOptions options;
    options.n_lambdas = 7;
    PathResult result;
    problem.run(options, result, {}, Context{1, &control});
    CHECK(control.done() == 7);
    CHECK(control.lambda() == result.lambdas.back());
    CHECK(control.gap() == result.certificates.back().value);
    CHECK(control.n_nonzero() == result.n_nonzero.back());
}

TEST_CASE("a stop from another thread: prompt, and the finished part is kept") {
    const PathData data(60, 120, 8);
    const PathOptions options = long_path();
    for (const bool classification : {false, true}) {
        CAPTURE(classification);
        const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
        // Counted in lambdas, not in milliseconds: a busy machine changes only the latter.
        const auto stopped_after = [&](std::size_t lambdas) {
            Control control;
            std::size_t at_stop = 0;
            PathResult result;
            {
                const std::jthread watcher([&] {
                    while (control.done() < lambdas) std::this_thread::yield();
                    control.stop();
                    at_stop = control.done();
                });
                result = fit_path(loss, test::penalty_by_name("l1"), data.input(classification),
                                  options, Context{2, &control});
            }
            CHECK(result.stop == StopReason::cancelled);
            CHECK(fitted(result) >= lambdas);
            CHECK(fitted(result) <= at_stop + 1);  // at most the one that was almost done
            return result;
        };
        const PathResult few = stopped_after(20);
        const PathResult more = stopped_after(60);
        check_prefix(few, more, 120);
        check_prefix(more, few, 120);
    }
}

TEST_CASE("a time limit ends the path and says so") {
    const PathData data(60, 120, 9);
    Control control;
    control.set_time_limit(0.002);  // shorter than the path takes on any machine
    const PathResult part = fit_path(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                     long_path(), Context{1, &control});
    const double seconds = control.seconds();
    CHECK(part.stop == StopReason::time_limit);
    CHECK(fitted(part) < part.lambdas.size());
    CHECK(part.starts.size() == fitted(part) + 1);
    CHECK(seconds >= 0.002);
    CHECK(seconds < 5.0);
}

TEST_CASE("a stop before the start returns an empty path with the grid that was given") {
    const PathData data(60, 20, 10);
    Control control;
    control.stop();
    PathOptions options;
    options.lambdas = {1.0, 0.5};
    const PathResult none = fit_path(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                     options, Context{1, &control});
    CHECK(none.stop == StopReason::cancelled);
    CHECK(fitted(none) == 0);
    CHECK(none.starts == std::vector<std::size_t>{0});
    CHECK(none.lambdas == options.lambdas);
}

TEST_CASE("lambdas that miss the tolerance say so") {
    const PathData data(60, 40, 11);
    PathOptions options;
    options.n_lambdas = 10;
    options.tolerance = 1e-12;
    options.limits.max_iter = 1;
    const PathResult result =
        fit_path(LogisticLoss{}, test::penalty_by_name("l1"), data.input(true), options, alone);
    REQUIRE(fitted(result) == 10);
    std::size_t missed = 0;
    for (std::size_t l = 0; l < 10; ++l) {
        CHECK((result.certificates[l].holds() != 0) == (result.certificates[l].value <= 1e-12));
        missed += result.certificates[l].holds() == 0;
    }
    CHECK(missed > 0);
}

TEST_SUITE_END();
