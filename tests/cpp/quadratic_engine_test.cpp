// Squared loss: the full Gram matrix, the working set and the residual find the same solutions.
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "penalty_cases.hpp"
#include "problems.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};
const SquaredLoss loss;

struct Example {
    Matrix raw;
    std::vector<double> weights, offset, y;
    DenseDesign x;
    Matrix columns;

    Example(std::size_t n, std::size_t p, std::uint64_t seed, bool intercept = true)
        : Example(n, p, Random(seed), intercept) {}

private:
    Example(std::size_t n, std::size_t p, Random random, bool intercept)
        : raw(correlated(n, p, random)),
          weights(test::random_weights(n, random, 8)),
          offset(random.normals(n)),
          y(random.normals(n)),
          x(raw.view(), describe_columns(raw.view(), weights, intercept, true, alone)),
          columns(test::penalized_columns(x, raw.view())) {
        for (std::size_t i = 0; i < n; ++i) {
            y[i] += 5.0 + offset[i] + 1.5 * raw(i, 0) - raw(i, 1) + 0.5 * raw(i, p - 1);
        }
    }
    /// Neighbours share much of their variance, so that coefficients enter and leave.
    static Matrix correlated(std::size_t n, std::size_t p, Random& random) {
        Matrix m = Matrix::random(n, p, random);
        for (std::size_t j = 1; j < p; ++j) {
            for (std::size_t i = 0; i < n; ++i) m(i, j) += 0.7 * m(i, j - 1);
        }
        return m;
    }
};

struct Way {
    std::string name;
    Limits limits;
};

std::vector<Way> ways() {
    Limits gram, set, residual, change;
    set.allow_full_gram = residual.allow_full_gram = change.allow_full_gram = false;
    residual.gram_bytes = 0;
    change.gram_bytes =
        6 * 6 * sizeof(double);  // the seventh column makes it go on by the residual
    return {{"gram", gram}, {"working_set", set}, {"residual", residual}, {"change", change}};
}

/// The solutions along a path by one way; every step checked against the definitions.
template <typename P>
std::vector<std::vector<double>> path_by(const Way& way, const Example& e, const P& penalty,
                                         bool intercept, const std::vector<double>& lambdas) {
    Point<SquaredLoss, DenseDesign> point(loss, e.x, {e.y, e.weights, e.offset, intercept});
    point.refresh(alone);
    double largest = 0.0;
    for (const double g : point.g) largest = std::max(largest, std::abs(g));
    QuadraticEngine<SquaredLoss, P, DenseDesign> engine(point, penalty, way.limits);
    double previous = 2.0 * lambdas.front();
    std::vector<std::vector<double>> betas;
    for (const double lambda : lambdas) {
        CAPTURE(way.name);
        CAPTURE(lambda);
        const Step step = engine.solve(lambda, previous, 1e-13, 1e-13 * largest, alone);
        CHECK(step.gap <= 1e-13);
        CHECK(step.iterations > 0);
        const std::string regime = regime_name(step.regime);
        if (way.name == "change") CHECK((regime == "working_set" || regime == "residual"));
        // More than 64 columns get no full Gram matrix unless there are twice as many rows.
        else
            CHECK(regime == (e.raw.cols > 64 && way.name == "gram" ? "working_set" : way.name));
        engine.finish(alone);
        const auto eta = test::linear_predictor(e.columns, point.beta, point.intercept, e.offset);
        CHECK(test::largest_difference(point.eta, eta) <= 1e-11);
        double mean_loss = 0.0;
        for (std::size_t i = 0; i < e.y.size(); ++i) {
            mean_loss += e.weights[i] * loss.value(e.y[i], eta[i]);
        }
        CHECK(engine.loss() == doctest::Approx(mean_loss).epsilon(1e-10));
        for (std::size_t j = 0; j < e.raw.cols; ++j) {
            double g = 0.0;
            for (std::size_t i = 0; i < e.raw.rows; ++i) {
                g += e.weights[i] * (e.y[i] - eta[i]) * e.columns(i, j);
            }
            CHECK(penalty.kkt_distance(j, g, point.beta[j], lambda) <= 1e-6);
        }
        betas.push_back(point.beta);
        previous = lambda;
    }
    return betas;
}

template <typename P>
void check_ways(const Example& e, const P& penalty, bool intercept,
                const std::vector<double>& lambdas) {
    const auto expected = path_by(ways()[0], e, penalty, intercept, lambdas);
    for (std::size_t w = 1; w < ways().size(); ++w) {
        const auto found = path_by(ways()[w], e, penalty, intercept, lambdas);
        for (std::size_t l = 0; l < lambdas.size(); ++l) {
            CAPTURE(ways()[w].name);
            CAPTURE(lambdas[l]);
            CHECK(test::largest_difference(found[l], expected[l]) <= 1e-5);
        }
    }
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("all ways agree for every penalty, factor and bound") {
    const Example e(50, 20, 1);
    test::for_each_separable(
        [&](const auto& penalty) { check_ways(e, penalty, true, {0.7, 0.4, 0.2, 0.05, 0.01}); },
        20);
}

TEST_CASE("all ways agree without an intercept, and down to lambda = 0") {
    const Example e(50, 12, 2, false);
    const Separable<L1> penalty(L1{}, std::vector<double>(12, 1.0));
    check_ways(e, penalty, false, {2.0, 1.0, 0.3, 0.1, 0.01, 0.0});
}

TEST_CASE("more columns than rows: the ways have the same fit") {
    const Example e(25, 90, 3);
    const Separable<L1> penalty(L1{}, std::vector<double>(90, 1.0));
    check_ways(e, penalty, true, {1.0, 0.6, 0.4, 0.2, 0.1, 0.05, 0.02});
}

TEST_CASE("the solution is that of the slow reference") {
    const Example e(40, 8, 4);
    const Separable<ElasticNet> penalty(ElasticNet{0.7}, std::vector<double>(8, 1.0));
    for (const double lambda : {0.5, 0.05}) {
        const test::Solution slow = test::reference_solution(loss, penalty, e.columns, e.y,
                                                             e.weights, lambda, true, e.offset);
        for (const Way& way : ways()) {
            const auto found = path_by(way, e, penalty, true, {lambda});
            CHECK(test::largest_difference(found[0], slow.beta) <= 1e-6);
        }
    }
}

TEST_CASE("the engine needs no more than the concept of a design") {
    const Example e(40, 8, 5);
    const PlainDesign plain(e.columns);
    const Separable<L1> penalty(L1{}, std::vector<double>(8, 1.0));
    Point<SquaredLoss, PlainDesign> point(loss, plain, {e.y, e.weights, e.offset, true});
    point.refresh(alone);
    QuadraticEngine<SquaredLoss, Separable<L1>, PlainDesign> engine(point, penalty, Limits{});
    engine.solve(0.1, 1.0, 1e-13, 1e-14, alone);
    const auto dense = path_by(ways()[0], e, penalty, true, {0.1});
    CHECK(test::largest_difference(point.beta, dense[0]) <= 1e-7);
}

TEST_CASE("too few rounds end with the gap that was reached") {
    const Example e(50, 40, 6);
    const Separable<L1> penalty(L1{}, std::vector<double>(40, 1.0));
    for (Way way : ways()) {
        way.limits.max_iter = 1;
        Point<SquaredLoss, DenseDesign> point(loss, e.x, {e.y, e.weights, {}, true});
        point.refresh(alone);
        QuadraticEngine<SquaredLoss, Separable<L1>, DenseDesign> engine(point, penalty, way.limits);
        const Step step = engine.solve(0.001, 0.002, 1e-13, 1e-15, alone);
        CAPTURE(way.name);
        CHECK(step.iterations == 1);
        CHECK(step.gap > 1e-13);
    }
}

TEST_SUITE_END();
