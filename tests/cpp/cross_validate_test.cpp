// Cross-validation against fits on the data without the held-out rows.
#include <cmath>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "path_cases.hpp"
#include "penalty_cases.hpp"
#include "shrinkage/path/fit.hpp"

using namespace shrinkage;
using shrinkage::test::coefficients;
using shrinkage::test::Matrix;
using shrinkage::test::PathData;

namespace {

constexpr Context alone{};
constexpr std::size_t n_folds = 4;

std::vector<std::int64_t> folds_of(std::size_t n) {
    std::vector<std::int64_t> fold(n);
    for (std::size_t i = 0; i < n; ++i) fold[i] = static_cast<std::int64_t>((i * 7) % n_folds);
    return fold;
}

/// The scores of one fold by fitting to the other rows and predicting the held-out ones.
std::vector<double> scores_directly(const AnyLoss& loss, const PenaltyInput& penalty,
                                    const PathData& data, bool classification,
                                    const PathOptions& options,
                                    const std::vector<std::int64_t>& fold, std::int64_t f) {
    PathData train = data;
    std::vector<std::size_t> rows, held_out;
    for (std::size_t i = 0; i < fold.size(); ++i) (fold[i] == f ? held_out : rows).push_back(i);
    train.x = Matrix(rows.size(), data.x.cols);
    train.weights.clear();
    train.response.clear();
    train.classes.clear();
    train.offset.clear();
    for (std::size_t k = 0; k < rows.size(); ++k) {
        for (std::size_t j = 0; j < data.x.cols; ++j) train.x(k, j) = data.x(rows[k], j);
        train.weights.push_back(data.weights[rows[k]]);
        train.response.push_back(data.response[rows[k]]);
        train.classes.push_back(data.classes[rows[k]]);
        train.offset.push_back(data.offset[rows[k]]);
    }
    PathInput in = train.input(classification);
    in.offset = train.offset;
    const PathResult result = fit_path(loss, penalty, in, options, alone);
    std::vector<double> scores;
    for (std::size_t l = 0; l < options.lambdas.size(); ++l) {
        const auto beta = coefficients(result, l, data.x.cols);
        double score = 0.0, total = 0.0;
        for (const std::size_t i : held_out) {
            double eta = result.intercepts[l] + data.offset[i];
            for (std::size_t j = 0; j < data.x.cols; ++j) eta += data.x(i, j) * beta[j];
            const double y = data.response[i], sign = data.classes[i] == 1.0 ? 1.0 : -1.0;
            const double deviance =
                classification ? 2.0 * std::log1p(std::exp(-sign * eta)) : (y - eta) * (y - eta);
            score += data.weights[i] * deviance;
            total += data.weights[i];
        }
        scores.push_back(score / total);
    }
    return scores;
}

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("scores equal those of direct fits: mean squared error and deviance") {
    for (const std::size_t p : {6, 70}) {
        const PathData data(60, p, 1);
        const auto fold = folds_of(60);
        for (const bool classification : {false, true}) {
            const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
            for (const PenaltyInput& penalty :
                 {test::penalty_by_name("l1"), test::penalty_by_name("l2")}) {
                PathOptions options;
                options.lambdas = {0.5, 0.2, 0.1, 0.03};
                options.tolerance = 1e-12;
                PathInput in = data.input(classification);
                in.offset = data.offset;
                const auto scores =
                    cross_validate(loss, penalty, in, options, fold, n_folds, alone);
                REQUIRE(scores.size() == n_folds);
                for (std::size_t f = 0; f < n_folds; ++f) {
                    CAPTURE(p);
                    CAPTURE(classification);
                    CAPTURE(f);
                    const auto expected =
                        scores_directly(loss, penalty, data, classification, options, fold,
                                        static_cast<std::int64_t>(f));
                    REQUIRE(scores[f].size() == expected.size());
                    for (std::size_t l = 0; l < expected.size(); ++l) {
                        CHECK(scores[f][l] == doctest::Approx(expected[l]).epsilon(1e-5));
                    }
                }
            }
        }
    }
}

TEST_CASE("the same bits for any number of threads") {
    const PathData data(80, 40, 2);
    const auto fold = folds_of(80);
    for (const bool classification : {false, true}) {
        const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
        PathOptions options;
        options.lambdas = {0.4, 0.2, 0.1, 0.05, 0.02};
        const auto scores = [&](std::size_t threads) {
            return cross_validate(loss, test::penalty_by_name("l1"), data.input(classification),
                                  options, fold, n_folds, Context{threads, nullptr});
        };
        const auto one = scores(1);
        CHECK(scores(2) == one);
        CHECK(scores(3) == one);
    }
}

TEST_CASE("a held-out row has no part in the fit, whatever its target") {
    PathData data(40, 5, 3);
    const auto fold = folds_of(40);
    PathOptions options;
    options.lambdas = {0.3, 0.05};
    const auto before = cross_validate(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                       options, fold, n_folds, alone);
    const double shift = 1000.0;
    for (std::size_t i = 0; i < 40; ++i) {
        if (fold[i] == 2) data.response[i] += shift;
    }
    const auto after = cross_validate(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                      options, fold, n_folds, alone);
    for (std::size_t l = 0; l < 2; ++l) {
        // (r + c)^2 averages to at least c^2 - 2 c sqrt(mean r^2): only the residuals have moved.
        CHECK(std::abs(std::sqrt(after[2][l]) - shift) <= std::sqrt(before[2][l]) + 1e-6);
        CHECK(after[0][l] != before[0][l]);
    }
}

TEST_CASE("a stop reaches every fold") {
    const PathData data(60, 120, 4);
    const auto fold = folds_of(60);
    PathOptions options;
    for (int l = 0; l < 3000; ++l) options.lambdas.push_back(2.0 * std::pow(0.998, l));
    options.tolerance = 1e-10;
    for (const std::size_t threads : {1, 2}) {
        Control control;
        std::size_t at_stop = 0;
        {
            const std::jthread watcher([&] {
                while (control.done() < 20) std::this_thread::yield();
                control.stop();
                at_stop = control.done();
            });
            CHECK_THROWS_AS(cross_validate(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                           options, fold, n_folds, Context{threads, &control}),
                            Cancelled);
        }
        CHECK(control.done() <= at_stop + threads);
    }
}

TEST_SUITE_END();
