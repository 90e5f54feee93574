// Whole paths with several outputs: scales, grids, folds, threads, early ends.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "path_cases.hpp"
#include "penalty_cases.hpp"
#include "shrinkage/path/fit.hpp"
#include "vector_cases.hpp"

using namespace shrinkage;
using shrinkage::test::coefficients;
using shrinkage::test::VectorExample;

namespace {

PathInput input_of(const VectorExample& e, bool classes) {
    PathInput input;
    input.x = e.x.view();
    input.y = classes ? ConstVector(e.classes) : ConstVector(e.targets);
    input.weights = e.weights;
    input.offset = e.offset;
    return input;
}

PathOptions some_lambdas() {
    PathOptions options;
    options.n_lambdas = 12;
    options.lambda_min_ratio = 1e-2;
    options.tolerance = 1e-9;
    return options;
}

const std::vector<PenaltyInput> penalties{test::penalty_by_name("l1"), test::penalty_by_name("l2"),
                                          test::penalty_by_name("elasticnet", {0.5}),
                                          test::penalty_by_name("row_group")};

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("vector paths: certified, the same bits for any number of threads") {
    for (const std::size_t p : {6U, 60U}) {
        const VectorExample e(40, p, 3, 1);
        for (const bool classes : {true, false}) {
            const AnyVectorLoss loss =
                classes ? AnyVectorLoss(MultinomialLoss(3)) : AnyVectorLoss(MultiSquaredLoss(3));
            for (const auto& penalty : penalties) {
                const PathResult one =
                    fit_path(loss, penalty, input_of(e, classes), some_lambdas(), {1, nullptr});
                const PathResult four =
                    fit_path(loss, penalty, input_of(e, classes), some_lambdas(), {4, nullptr});
                CHECK(test::same_bits(one, four));
                REQUIRE(one.certificates.size() == 12);
                for (const Certificate& c : one.certificates) CHECK(c.value <= 1e-9);
                CHECK(one.intercepts.size() == 36);
                for (std::size_t l = 1; l < 12; ++l) CHECK(one.losses[l] <= one.losses[l - 1]);
            }
        }
    }
}

TEST_CASE("vector paths: one target is the scalar path, and one of two classes is its logistic") {
    const VectorExample e(40, 5, 1, 2);
    const PathOptions options = some_lambdas();
    PathInput input = input_of(e, false);
    const PathResult vector = fit_path(AnyVectorLoss(MultiSquaredLoss(1)),
                                       test::penalty_by_name("l1"), input, options, {});
    const PathResult scalar =
        fit_path(AnyLoss(SquaredLoss{}), test::penalty_by_name("l1"), input, options, {});
    const PathResult rows = fit_path(AnyVectorLoss(MultiSquaredLoss(1)),
                                     test::penalty_by_name("row_group"), input, options, {});
    for (std::size_t l = 0; l < 12; ++l) {
        const auto wanted = coefficients(scalar, l, 5);
        CHECK(test::largest_difference(coefficients(vector, l, 5), wanted) < 1e-6);
        CHECK(test::largest_difference(coefficients(rows, l, 5), wanted) < 1e-4);
    }
    // Under L2 the two classes have opposite halves of the logistic coefficients.
    const VectorExample two(60, 4, 2, 3);
    PathOptions at;
    at.lambdas = {0.1};
    at.tolerance = 1e-12;
    PathInput classes = input_of(two, true);
    classes.offset = {};
    const PathResult soft =
        fit_path(AnyVectorLoss(MultinomialLoss(2)), test::penalty_by_name("l2"), classes, at, {});
    at.lambdas = {0.05};
    const PathResult logistic =
        fit_path(AnyLoss(LogisticLoss{}), test::penalty_by_name("l2"), classes, at, {});
    const auto both = coefficients(soft, 0, 8), half = coefficients(logistic, 0, 4);
    for (std::size_t j = 0; j < 4; ++j) {
        CHECK(both[j] == doctest::Approx(-both[j + 4]).epsilon(1e-6));
        CHECK(2.0 * both[j + 4] == doctest::Approx(half[j]).epsilon(1e-6));
    }
    CHECK(soft.intercepts[0] == doctest::Approx(-soft.intercepts[1]));
}

TEST_CASE("vector paths: folds score the rows that they leave out") {
    const VectorExample e(45, 5, 3, 4);
    std::vector<std::int64_t> fold(45);
    for (std::size_t i = 0; i < 45; ++i) fold[i] = static_cast<std::int64_t>(i % 3);
    PathOptions options = some_lambdas();
    options.lambdas = {0.1, 0.05};
    const AnyVectorLoss loss = MultinomialLoss(3);
    const auto scores = cross_validate(loss, test::penalty_by_name("l1"), input_of(e, true),
                                       options, fold, 3, {2, nullptr});
    REQUIRE(scores.size() == 3);
    PathInput part = input_of(e, true);
    std::vector<double> training = e.weights;
    for (std::size_t i = 0; i < 45; i += 3) training[i] = 0.0;
    part.weights = training;
    const PathResult path = fit_path(loss, test::penalty_by_name("l1"), part, options, {});
    const auto beta = coefficients(path, 1, 15);
    double total = 0.0, weight = 0.0;
    const MultinomialLoss plain(3);
    for (std::size_t i = 0; i < 45; i += 3) {
        std::vector<double> eta(3);
        for (std::size_t k = 0; k < 3; ++k) {
            eta[k] = path.intercepts[3 + k] + e.offset[i + 45 * k];
            for (std::size_t j = 0; j < 5; ++j) eta[k] += e.x(i, j) * beta[j + 5 * k];
        }
        total += 2.0 * e.weights[i] * plain.value(std::vector<double>{e.classes[i]}, eta);
        weight += e.weights[i];
    }
    CHECK(scores[0][1] == doctest::Approx(total / weight).epsilon(1e-8));
}

TEST_CASE("vector paths: a warm start ends where a cold one does, a stop keeps what is finished") {
    const VectorExample e(40, 6, 3, 5);
    const AnyVectorLoss loss = MultinomialLoss(3);
    PathInput input = input_of(e, true);
    const PathResult cold =
        fit_path(loss, test::penalty_by_name("row_group"), input, some_lambdas(), {});
    PathOptions at = some_lambdas();
    at.lambdas = {cold.lambdas[6]};
    const auto start = coefficients(cold, 5, 18);
    input.start = start;
    input.start_intercepts = ConstVector(cold.intercepts).subspan(15, 3);
    const PathResult warm = fit_path(loss, test::penalty_by_name("row_group"), input, at, {});
    CHECK(warm.certificates[0].value <= 1e-9);
    CHECK(warm.losses[0] == doctest::Approx(cold.losses[6]).epsilon(1e-7));
    Control control;
    control.stop();
    const PathResult none =
        fit_path(loss, test::penalty_by_name("row_group"), input, some_lambdas(), {1, &control});
    CHECK(none.stop == StopReason::cancelled);
    CHECK(none.certificates.empty());
}

TEST_SUITE_END();
