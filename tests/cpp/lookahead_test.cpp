// Several lambdas at once: what they cost is shared, what they are is not.
#include "shrinkage/solver/problem/lookahead.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/penalty/scalar/l1.hpp"
#include "shrinkage/penalty/scalar/separable.hpp"
#include "shrinkage/solver/newton/cohort.hpp"
#include "shrinkage/solver/newton/newton_engine.hpp"
#include "shrinkage/solver/problem/estimate.hpp"
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};
const LogisticLoss logistic;
const SquaredLoss squared;

struct Example {
    Matrix x;
    std::vector<double> weights, y;
    DenseDesign design;

    Example(std::size_t n, std::size_t p, std::uint64_t seed)
        : x(make(n, p, seed)),
          weights(n, 1.0 / static_cast<double>(n)),
          design(x.view(), describe_columns(x.view(), weights, true, true, alone)) {
        Random random(seed + 1);
        for (std::size_t i = 0; i < n; ++i) {
            const double eta = 2.0 * x(i, 0) - x(i, 1) + 0.3;
            y.push_back(random.uniform() < logistic.mean(eta) ? 1.0 : 0.0);
        }
    }
    Separable<L1> penalty() const { return {L1{}, std::vector<double>(x.cols, 1.0)}; }

private:
    static Matrix make(std::size_t n, std::size_t p, std::uint64_t seed) {
        Random random(seed);
        return Matrix::random(n, p, random);
    }
};

std::vector<double> falling(double largest, double ratio, std::size_t count) {
    std::vector<double> lambdas;
    for (std::size_t k = 0; k < count; ++k) lambdas.push_back(largest *= ratio);
    return lambdas;
}

/// Walks the path, looking ahead or not; returns the coefficients of every lambda, and how often a
/// solution was there before it was asked for.
template <typename Engine, typename L>
std::vector<std::vector<double>> walk(const L& loss, const Example& e, bool ahead,
                                      std::size_t n_threads, std::size_t& iterations) {
    const Separable<L1> penalty = e.penalty();
    const Context context{n_threads, nullptr};
    Point<L, DenseDesign> point(loss, e.design, {e.y, e.weights, {}, true});
    point.refresh(context);
    const double target = 1e-8 * (point.mean_loss() - point.saturated(e.weights));
    double previous = penalty.lambda_max(point.g);
    const double floor = 1e-13 * previous;
    Engine engine(point, penalty, Limits{});
    const std::vector<double> lambdas = falling(previous, 0.93, 30);
    std::vector<std::vector<double>> betas;
    iterations = 0;
    for (std::size_t k = 0; k < lambdas.size(); ++k) {
        if (ahead) {
            engine.look_ahead(ConstVector(lambdas).subspan(k), previous, target, floor, context);
        }
        const Step step = engine.solve(lambdas[k], previous, target, floor, context);
        CHECK(step.gap <= target);
        // The gap is that of the point, gradient and all.
        Point<L, DenseDesign> fresh(loss, e.design, {e.y, e.weights, {}, true});
        fresh.beta = point.beta;
        fresh.intercept = point.intercept;
        fresh.refresh(context);
        CHECK(test::largest_difference(fresh.g, point.g) <= 1e-11 * lambdas[0]);
        CHECK(test::largest_difference(fresh.eta, point.eta) <= 1e-12);
        CHECK(std::abs(fresh.gap(penalty, lambdas[k], true) - step.gap) <= 1e-4 * target);
        iterations += step.iterations;
        betas.push_back(point.beta);
        previous = lambdas[k];
    }
    return betas;
}

template <typename Engine, typename L>
void check_same_path(const L& loss, const Example& e) {
    std::size_t plain = 0, looking = 0, again = 0;
    const auto one = walk<Engine>(loss, e, false, 1, plain);
    const auto other = walk<Engine>(loss, e, true, 1, looking);
    for (std::size_t k = 0; k < one.size(); ++k) {
        CAPTURE(k);
        CHECK(test::largest_difference(one[k], other[k]) <= 2e-3);
    }
    CHECK(walk<Engine>(loss, e, true, 3, again) == other);  // the same bits
    CHECK(again == looking);
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("a path that looks ahead is the same path") {
    const Example wide(60, 400, 1), tall(2000, 30, 2);
    check_same_path<QuadraticEngine<SquaredLoss, Separable<L1>, DenseDesign>>(squared, wide);
    check_same_path<NewtonEngine<LogisticLoss, Separable<L1>, DenseDesign>>(logistic, wide);
    check_same_path<NewtonEngine<LogisticLoss, Separable<L1>, DenseDesign>>(logistic, tall);
}

TEST_CASE("the reach grows with success, and failures pause it") {
    const Example e(20, 10, 3);
    const std::vector<double> lambdas = falling(1.0, 0.98, 20);
    Lookahead<SquaredLoss, DenseDesign> ahead;
    Point<SquaredLoss, DenseDesign> point(squared, e.design, {e.y, e.weights, {}, true});
    point.refresh(alone);
    std::vector<std::size_t> reached;
    for (int round = 0; round < 4; ++round) {
        const ConstVector found = ahead.within_reach(lambdas, e.design);
        reached.push_back(found.size());
        const auto members = ahead.places(point, found.size());
        for (std::size_t k = 0; k < found.size(); ++k) {
            members[k].follow(point);
            members[k].beta[0] = static_cast<double>(k);
        }
        ahead.certify(found, std::vector<std::size_t>(found.size(), 7), alone);
        for (std::size_t k = 0; k < found.size(); ++k) {
            CHECK(ahead.holds(found[k]));
            CHECK(ahead.take(point, 1.0) == 7);
            CHECK(point.beta[0] == static_cast<double>(k));
        }
        CHECK(ahead.empty());
    }
    CHECK(reached == std::vector<std::size_t>{2, 4, 8, 8});
    const std::vector<double> apart{1.0, 0.59};
    CHECK(ahead.within_reach(apart, e.design).empty());
    ahead.places(point, 2)[0].follow(point);
    ahead.certify(ConstVector(lambdas).first(2), std::vector<std::size_t>{1}, alone);
    CHECK(ahead.holds(lambdas[0]));
    ahead.take(point, 1.0);
    ahead.reject();
    CHECK(ahead.empty());
    CHECK(ahead.within_reach(lambdas, e.design).empty());
    CHECK(ahead.within_reach(lambdas, e.design).empty());
    CHECK(ahead.within_reach(lambdas, e.design).size() == 2);
}

TEST_CASE("columns whose gradients run towards their kink are expected") {
    const Example e(40, 6, 4);
    const Separable<L1> penalty = e.penalty();
    Lookahead<SquaredLoss, DenseDesign> ahead;
    Point<SquaredLoss, DenseDesign> point(squared, e.design, {e.y, e.weights, {}, true});
    const std::vector<double> lambdas{0.9, 0.8};
    point.g = {0.5, 0.65, 0.79, -0.79, 0.1, 0.95};
    // Without a line the strong rule is asked: 2 * 0.8 - 1 = 0.6.
    CHECK(ahead.expected(penalty, point, lambdas, 1.0) == std::vector<std::size_t>{1, 2, 3, 5});
    // Slopes 0, 1, 0, 0, -7, 0 per unit of lambda, twice as far again: at 0.8 less a tenth of 0.2.
    ahead.remember(1.1, std::vector<double>{0.5, 0.55, 0.79, -0.79, 0.45, 0.95});
    CHECK(ahead.expected(penalty, point, lambdas, 1.0) == std::vector<std::size_t>{1, 2, 3, 5});
    point.g[1] = 0.55;
    CHECK(ahead.expected(penalty, point, lambdas, 1.0) == std::vector<std::size_t>{2, 3, 5});
    WorkingSet some(6);
    some.add(3);
    CHECK(outside({2, 3, 5}, some) == std::vector<std::size_t>{2, 5});
    point.beta[0] = 1.0;
    CHECK(ahead.expected(penalty, point, lambdas, 1.0) == std::vector<std::size_t>{0, 2, 3, 5});
}

TEST_CASE("a cohort arrives where each would arrive alone") {
    const Example e(1500, 12, 5);
    const Separable<L1> penalty = e.penalty();
    for (const bool intercept : {true, false}) {
        using At = Point<LogisticLoss, DenseDesign>;
        At point(logistic, e.design, {e.y, e.weights, {}, intercept});
        point.refresh(alone);
        const double null = point.mean_loss();
        const double largest = penalty.lambda_max(point.g);
        NewtonEngine<LogisticLoss, Separable<L1>, DenseDesign> engine(point, penalty, Limits{});
        const double first = 0.6 * largest;
        engine.solve(first, largest, 1e-12 * null, 1e-13 * largest, alone);
        const std::vector<double> lambdas = falling(first, 0.9, 4);
        std::vector<At> members;
        for (std::size_t k = 0; k < 4; ++k) members.emplace_back(logistic, e.design, point.data);
        GramModel<DenseDesign> model(e.design);
        std::vector<double> reference = point.curvature;
        const auto renew = [&](const At& at) {
            reference = at.curvature;
            model.reset(reference, intercept);
            model.add(test::all_below(12), alone);
            return sum(reference);
        };
        point.evaluate(alone);
        const double total = renew(point);
        ActiveSetSolver<Separable<L1>> solver(penalty);
        Cohort<LogisticLoss, Separable<L1>, DenseDesign> cohort(penalty);
        const std::vector<std::size_t> steps =
            cohort.walk(point, members, lambdas, {1e-9 * null, 1e-13 * largest, total, 0.0}, model,
                        solver, renew, alone);
        REQUIRE(steps.size() == 4);
        for (std::size_t k = 0; k < 4; ++k) {
            members[k].refresh_gradient(alone);
            CHECK(members[k].gap(penalty, lambdas[k], true) <= 2e-9 * null);
            engine.solve(lambdas[k], lambdas[k] / 0.9, 1e-12 * null, 1e-13 * largest, alone);
            CHECK(test::largest_difference(members[k].beta, point.beta) <= 1e-3);
        }
    }
}

TEST_CASE("the estimate of a set that is everything is the gap to first order") {
    const Example e(300, 8, 6);
    const Separable<L1> penalty = e.penalty();
    Point<LogisticLoss, DenseDesign> point(logistic, e.design, {e.y, e.weights, {}, true});
    point.refresh(alone);
    const double null = point.mean_loss();
    const double lambda = 0.3 * penalty.lambda_max(point.g);
    NewtonEngine<LogisticLoss, Separable<L1>, DenseDesign> engine(point, penalty, Limits{});
    engine.solve(lambda, 2.0 * lambda, 1e-13 * null, 1e-14, alone);
    const std::vector<std::size_t> all = test::all_below(8);
    CHECK(estimate_gap(penalty, point, all, lambda).gap <= 1e-10 * null);
    for (double& b : point.beta) b *= 1.001;
    point.refresh(alone);
    const Estimate estimate = estimate_gap(penalty, point, all, lambda);
    const double gap = point.gap(penalty, lambda, true);
    CHECK(estimate.gap >= 0.5 * gap);
    CHECK(estimate.gap <= 5.0 * gap);
    CHECK(estimate.distance > 0.0);
}

TEST_SUITE_END();
