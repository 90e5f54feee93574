// Whole paths from the door: solutions, certificates, scales, weights, bits.
#include "shrinkage/path/fit.hpp"

#include <cmath>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "path_cases.hpp"
#include "penalty_cases.hpp"

using namespace shrinkage;
using shrinkage::test::audit;
using shrinkage::test::coefficients;
using shrinkage::test::fitted;
using shrinkage::test::Matrix;
using shrinkage::test::PathData;

namespace {

constexpr Context alone{};

double alpha_of(const PenaltyInput& penalty) {
    if (!penalty.parameters.empty()) return penalty.parameters[0];
    return penalty.name == L1::name ? 1.0 : 0.0;
}

const std::vector<PenaltyInput> penalties{test::penalty_by_name("l1"), test::penalty_by_name("l2"),
                                          test::penalty_by_name("elasticnet", {0.4})};

PathOptions precise(std::vector<double> lambdas = {}) {
    PathOptions options;
    options.lambdas = std::move(lambdas);
    options.n_lambdas = 20;
    options.tolerance = 1e-12;
    return options;
}

/// The same data without the rows of weight zero.
PathData without_zero_weights(const PathData& data) {
    PathData kept = data;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < data.weights.size(); ++i) {
        if (data.weights[i] > 0.0) rows.push_back(i);
    }
    kept.x = Matrix(rows.size(), data.x.cols);
    const auto select = [&](std::vector<double>& v) {
        for (std::size_t k = 0; k < rows.size(); ++k) v[k] = v[rows[k]];
        v.resize(rows.size());
    };
    for (std::size_t k = 0; k < rows.size(); ++k) {
        for (std::size_t j = 0; j < data.x.cols; ++j) kept.x(k, j) = data.x(rows[k], j);
    }
    select(kept.weights);
    select(kept.response);
    select(kept.classes);
    select(kept.offset);
    return kept;
}

double farthest(const PathResult& a, const PathResult& b, std::size_t p) {
    double worst = 0.0;
    for (std::size_t l = 0; l < fitted(a); ++l) {
        worst =
            std::max(worst, test::largest_difference(coefficients(a, l, p), coefficients(b, l, p)));
    }
    return worst;
}

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("every lambda of every path is certified, and the certificate is recomputed") {
    for (const std::size_t p : {12, 80}) {
        const PathData data(40, p, 1);
        for (const AnyLoss& loss : test::smooth_losses()) {
            for (const PenaltyInput& penalty : penalties) {
                for (const bool intercept : {true, false}) {
                    PathInput in = data.input(loss);
                    in.offset = data.offset;
                    PathOptions options;
                    options.n_lambdas = 12;
                    options.intercept = intercept;
                    options.standardize = p == 12;
                    const PathResult result = fit_path(loss, penalty, in, options, alone);
                    CAPTURE(p);
                    CAPTURE(loss.index());
                    CAPTURE(penalty.name);
                    CAPTURE(intercept);
                    REQUIRE(fitted(result) == 12);
                    REQUIRE(result.lambdas.size() == 12);
                    const double alpha = alpha_of(penalty), d0 = result.null_deviance;
                    CHECK(d0 > 0.0);
                    for (std::size_t l = 0; l < 12; ++l) {
                        CAPTURE(l);
                        const test::Audit a = std::visit(
                            [&](const auto& of) {
                                return audit(of, in, result, l, result.lambdas[l], alpha);
                            },
                            loss);
                        CHECK(result.certificates[l].holds());
                        CHECK(result.certificates[l].value <= 1e-6);
                        CHECK(std::abs(result.certificates[l].value * d0 - a.gap) <= 1e-9 * d0);
                        if (intercept) CHECK(std::abs(a.intercept_slope) <= 1e-8);
                        CHECK(result.losses[l] == doctest::Approx(a.loss).epsilon(1e-8));
                        CHECK(result.deviance_ratios[l] ==
                              doctest::Approx(1.0 - (a.loss - a.saturated) / d0)
                                  .epsilon(1e-8)
                                  .scale(1.0));
                        CHECK(result.n_nonzero[l] == result.starts[l + 1] - result.starts[l]);
                        if (l > 0) CHECK(result.lambdas[l] < result.lambdas[l - 1]);
                    }
                }
            }
        }
    }
}

TEST_CASE("lambda max is the smallest lambda at which every coefficient is zero") {
    for (const AnyLoss& loss : test::smooth_losses()) {
        for (const PenaltyInput& penalty :
             {test::penalty_by_name("l1"), test::penalty_by_name("elasticnet", {0.3})}) {
            for (const std::size_t p : {10, 70}) {
                const PathData data(50, p, 2);
                PathOptions options = precise();
                options.n_lambdas = 3;
                const PathResult grid = fit_path(loss, penalty, data.input(loss), options, alone);
                const double top = grid.lambdas.front();
                CHECK(grid.n_nonzero[0] == 0);
                CHECK(grid.deviance_ratios[0] == doctest::Approx(0.0).scale(1.0).epsilon(1e-12));
                CHECK(grid.lambdas.back() == top * 1e-3);
                const PathResult around =
                    fit_path(loss, penalty, data.input(loss),
                             precise({top * (1 + 1e-7), top * (1 - 1e-4)}), alone);
                CHECK(around.n_nonzero[0] == 0);
                CHECK(around.n_nonzero[1] >= 1);
            }
        }
    }
}

TEST_CASE("a far lambda alone is the same fit as at the end of a path") {
    const PathData data(60, 30, 3);
    for (const AnyLoss& loss : test::smooth_losses()) {
        for (const PenaltyInput& penalty : penalties) {
            const PathInput in = data.input(loss);
            const PathResult path = fit_path(loss, penalty, in, precise(), alone);
            const double last = path.lambdas[12];
            const PathResult single = fit_path(loss, penalty, in, precise({last}), alone);
            CHECK(test::largest_difference(coefficients(single, 0, 30),
                                           coefficients(path, 12, 30)) <= 1e-5);
            CHECK(single.intercepts[0] == doctest::Approx(path.intercepts[12]).epsilon(1e-5));
            const test::Audit a = std::visit(
                [&](const auto& of) { return audit(of, in, single, 0, last, alpha_of(penalty)); },
                loss);
            CHECK(a.kkt <= 1e-5);  // of the order of the square root of the gap
        }
    }
}

TEST_CASE("ridge of more columns than rows equals the normal equations") {
    const PathData data(15, 40, 4);
    std::vector<double> factors(40);
    for (std::size_t j = 0; j < 40; ++j) factors[j] = 0.5 + 0.05 * static_cast<double>(j);
    PathInput in = data.input();
    in.factors = factors;
    const std::vector<double> lambdas{10.0, 1.0, 0.1, 1e-3};
    const PathResult result =
        fit_path(SquaredLoss{}, test::penalty_by_name("l2"), in, precise(lambdas), alone);
    double total = 0.0, mean = 0.0;
    for (const double w : data.weights) total += w;
    for (std::size_t i = 0; i < 15; ++i) mean += data.weights[i] * data.response[i] / total;
    for (std::size_t l = 0; l < lambdas.size(); ++l) {
        Matrix a(40, 40);
        std::vector<double> b(40, 0.0);
        const auto column = [&](std::size_t i, std::size_t j) {
            return (data.x(i, j) - result.centers[j]) / result.scales[j];
        };
        for (std::size_t j = 0; j < 40; ++j) {
            for (std::size_t i = 0; i < 15; ++i) {
                const double w = data.weights[i] / total;
                b[j] += w * column(i, j) * (data.response[i] - mean);
                for (std::size_t k = 0; k < 40; ++k) a(j, k) += w * column(i, j) * column(i, k);
            }
            a(j, j) += lambdas[l] * factors[j];
        }
        std::vector<double> expected = test::solve_linear(a, b);
        for (std::size_t j = 0; j < 40; ++j) expected[j] /= result.scales[j];
        CHECK(test::largest_difference(coefficients(result, l, 40), expected) <= 1e-6);
        CHECK(result.n_nonzero[l] == 40);
    }
}

TEST_CASE("the reduced ridge equals the direct one, for every loss") {
    const PathData data(20, 45, 5);
    std::vector<double> far(45, 1e6);  // bounds out of reach keep the reduction away
    for (const AnyLoss& loss : test::smooth_losses()) {
        CAPTURE(loss.index());
        PathInput in = data.input(loss);
        const std::vector<double> lambdas{5.0, 0.5, 0.05, 0.005};
        const PathResult reduced =
            fit_path(loss, test::penalty_by_name("l2"), in, precise(lambdas), alone);
        in.upper = far;
        const PathResult direct =
            fit_path(loss, test::penalty_by_name("l2"), in, precise(lambdas), alone);
        CHECK(farthest(reduced, direct, 45) <= 1e-5);
        for (std::size_t l = 0; l < lambdas.size(); ++l) {
            CHECK(reduced.losses[l] == doctest::Approx(direct.losses[l]).epsilon(1e-7));
            CHECK(reduced.intercepts[l] == doctest::Approx(direct.intercepts[l]).epsilon(1e-5));
        }
    }
}

TEST_CASE("the ridge grid spans the largest eigenvalue") {
    Matrix x(4, 2);  // orthogonal columns of variances 1 and 4
    const double entries[] = {1.0, -1.0, 1.0, -1.0, 2.0, 2.0, -2.0, -2.0};
    std::copy_n(entries, 8, x.data.begin());
    const std::vector<double> y{1.0, 2.0, 4.0, 3.0}, classes{1.0, 0.0, 1.0, 1.0}, w(4, 1.0);
    PathInput in;
    in.x = x.view();
    in.y = y;
    in.weights = w;
    PathOptions options;
    options.standardize = false;
    const PathResult squared =
        fit_path(SquaredLoss{}, test::penalty_by_name("l2"), in, options, alone);
    CHECK(squared.lambdas.front() == doctest::Approx(400.0).epsilon(1e-10));
    CHECK(squared.lambdas.back() == doctest::Approx(4e-6).epsilon(1e-10));
    in.y = classes;
    const PathResult logistic =
        fit_path(LogisticLoss{}, test::penalty_by_name("l2"), in, options, alone);
    CHECK(logistic.lambdas.front() == doctest::Approx(100.0).epsilon(1e-10));
}

TEST_CASE("counts that are all zero have a ridge grid, though no typical curvature") {
    const PathData data(20, 3, 4);
    const std::vector<double> zeros(20, 0.0);
    PathInput in = data.input();
    in.y = zeros;
    PathOptions options;
    options.intercept = false;
    for (const PenaltyInput& penalty :
         {test::penalty_by_name("l2"), test::penalty_by_name("elasticnet", {0.0})}) {
        const PathResult result = fit_path(PoissonLoss{}, penalty, in, options, alone);
        CHECK(result.lambdas.front() == 100.0);
        CHECK(result.lambdas.back() == 1e-6);
        for (std::size_t l = 0; l < fitted(result); ++l) {
            CHECK(result.certificates[l].holds());
            if (l > 0) CHECK(result.lambdas[l] < result.lambdas[l - 1]);
        }
    }
}

TEST_CASE("at lambda = 0 the fit is least squares") {
    const PathData data(40, 4, 6);
    const PathResult result = fit_path(SquaredLoss{}, test::penalty_by_name("l1"), data.input(),
                                       precise({0.5, 0.0}), alone);
    Matrix a(5, 5);
    std::vector<double> b(5, 0.0);
    for (std::size_t i = 0; i < 40; ++i) {
        std::vector<double> row{1.0};
        for (std::size_t j = 0; j < 4; ++j) row.push_back(data.x(i, j));
        for (std::size_t j = 0; j < 5; ++j) {
            b[j] += data.weights[i] * row[j] * data.response[i];
            for (std::size_t k = 0; k < 5; ++k) a(j, k) += data.weights[i] * row[j] * row[k];
        }
    }
    const std::vector<double> expected = test::solve_linear(a, b);
    CHECK(result.intercepts[1] == doctest::Approx(expected[0]).epsilon(1e-9));
    const auto beta = coefficients(result, 1, 4);
    for (std::size_t j = 0; j < 4; ++j)
        CHECK(beta[j] == doctest::Approx(expected[j + 1]).epsilon(1e-9));
    CHECK(result.certificates[1].value <= 1e-12);
}

TEST_CASE("a row of weight zero is no row; weights are relative; weight two is two rows") {
    for (const bool classification : {false, true}) {
        PathData data(50, 8, 7);
        for (std::size_t i = 0; i < 50; i += 5) data.weights[i] = 0.0;
        const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
        const PathData kept = without_zero_weights(data);
        const PathResult all = fit_path(loss, test::penalty_by_name("l1"),
                                        data.input(classification), precise(), alone);
        const PathResult some = fit_path(loss, test::penalty_by_name("l1"),
                                         kept.input(classification), precise(), alone);
        CHECK(farthest(all, some, 8) <= 1e-5);
        PathData scaled = data;
        for (double& w : scaled.weights) w *= 1000.0;
        const PathResult relative = fit_path(loss, test::penalty_by_name("l1"),
                                             scaled.input(classification), precise(), alone);
        CHECK(farthest(all, relative, 8) <= 1e-5);

        PathData twice(30, 8, 8);
        PathData doubled = twice;
        twice.weights.assign(30, 1.0);
        twice.weights[4] = 2.0;
        doubled.x = Matrix(31, 8);
        for (std::size_t i = 0; i < 31; ++i) {
            for (std::size_t j = 0; j < 8; ++j) doubled.x(i, j) = twice.x(i < 30 ? i : 4, j);
        }
        doubled.response.push_back(twice.response[4]);
        doubled.classes.push_back(twice.classes[4]);
        doubled.weights.assign(31, 1.0);
        const PathResult a = fit_path(loss, test::penalty_by_name("l1"),
                                      twice.input(classification), precise(), alone);
        const PathResult b = fit_path(loss, test::penalty_by_name("l1"),
                                      doubled.input(classification), precise(), alone);
        CHECK(farthest(a, b, 8) <= 1e-5);
    }
}

TEST_CASE("with standardization the units of a column do not matter") {
    const PathData data(50, 8, 9);
    PathData other = data;
    for (double& v : other.x.column(3)) v = 1000.0 * v - 5.0;
    const PathResult a =
        fit_path(SquaredLoss{}, test::penalty_by_name("l1"), data.input(), precise(), alone);
    const PathResult b =
        fit_path(SquaredLoss{}, test::penalty_by_name("l1"), other.input(), precise(), alone);
    for (std::size_t l = 0; l < fitted(a); ++l) {
        auto left = coefficients(a, l, 8), right = coefficients(b, l, 8);
        right[3] *= 1000.0;
        CHECK(test::largest_difference(left, right) <= 1e-6);
    }
}

TEST_CASE("bounds hold on the original scale, factors of zero stay in at every lambda") {
    const PathData data(60, 6, 10);
    std::vector<double> lower(6, -0.1), upper(6, 0.2), factors(6, 1.0);
    factors[1] = 0.0;
    lower[1] = -infinity;
    upper[1] = infinity;
    for (const AnyLoss& loss : test::smooth_losses()) {
        CAPTURE(loss.index());
        PathInput in = data.input(loss);
        in.lower = lower;
        in.upper = upper;
        in.factors = factors;
        for (const PenaltyInput& penalty : penalties) {
            const PathResult result = fit_path(loss, penalty, in, precise(), alone);
            bool touched = false;
            for (std::size_t l = 0; l < fitted(result); ++l) {
                CHECK(result.certificates[l].value <= 1e-12);
                const auto beta = coefficients(result, l, 6);
                CHECK(beta[1] != 0.0);
                for (const std::size_t j : {0, 2, 3, 4, 5}) {
                    CHECK(beta[j] >= -0.1 * (1 + 1e-15));
                    CHECK(beta[j] <= 0.2 * (1 + 1e-15));
                    touched = touched || beta[j] >= 0.2 * (1 - 1e-15);
                }
            }
            CHECK(touched);
            if (alpha_of(penalty) > 0.0) CHECK(result.n_nonzero[0] == 1);  // the free one alone
        }
    }
}

TEST_CASE("a constant column gets zero, in every position of the data") {
    PathData data(30, 5, 11);
    for (double& v : data.x.column(2)) v = 7.0;
    for (const PenaltyInput& penalty : penalties) {
        const PathResult result = fit_path(SquaredLoss{}, penalty, data.input(), precise(), alone);
        for (std::size_t l = 0; l < fitted(result); ++l)
            CHECK(coefficients(result, l, 5)[2] == 0.0);
        CHECK(result.scales[2] == 1.0);
        CHECK(result.certificates.back().value <= 1e-12);
    }
}

TEST_CASE("nothing to explain: coefficients zero, gap zero, converged") {
    PathData data(20, 6, 12);
    std::fill(data.response.begin(), data.response.end(), 3.25);
    std::fill(data.classes.begin(), data.classes.end(), 1.0);
    for (const bool classification : {false, true}) {
        const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
        for (const PenaltyInput& penalty : penalties) {
            PathInput in = data.input(classification);
            const std::vector<double> start(6, 1.0);
            in.start = start;
            const PathResult result = fit_path(loss, penalty, in, precise(), alone);
            REQUIRE(fitted(result) == 20);
            for (std::size_t l = 0; l < 20; ++l) {
                CHECK(result.certificates[l].value == 0.0);
                CHECK(result.certificates[l].holds());
                CHECK(result.n_nonzero[l] == 0);
                CHECK(std::isfinite(result.intercepts[l]));
            }
            if (!classification)
                CHECK(result.intercepts[0] == doctest::Approx(3.25).epsilon(1e-14));
        }
    }
}

TEST_CASE("a warm start changes the work, not the solution") {
    const PathData data(80, 30, 13);
    for (const bool classification : {false, true}) {
        const AnyLoss loss = classification ? AnyLoss(LogisticLoss{}) : AnyLoss(SquaredLoss{});
        for (const PenaltyInput& penalty : penalties) {
            PathInput in = data.input(classification);
            const PathResult path = fit_path(loss, penalty, in, precise(), alone);
            const std::size_t l = 14;
            const PathResult cold = fit_path(loss, penalty, in, precise({path.lambdas[l]}), alone);
            const std::vector<double> start = coefficients(path, l, 30);
            in.start = start;
            in.start_intercepts = ConstVector(path.intercepts).subspan(l, 1);
            const PathResult warm = fit_path(loss, penalty, in, precise({path.lambdas[l]}), alone);
            CHECK(warm.certificates[0].value <= 1e-12);
            // A gap of 1e-12 leaves about its root over that of lambda = 1e-4 to the ridge.
            double size = 1.0;
            for (const double b : start) size = std::max(size, std::abs(b));
            CHECK(test::largest_difference(coefficients(warm, 0, 30), start) <= 1e-4 * size);
            if (alpha_of(penalty) != 0.4) CHECK(warm.n_iter[0] <= cold.n_iter[0]);
            const std::vector<double> bad(30, 50.0);  // and a bad start does no harm
            in.start = bad;
            const PathResult recovered =
                fit_path(loss, penalty, in, precise({path.lambdas[l]}), alone);
            CHECK(recovered.certificates[0].value <= 1e-12);
            CHECK(test::largest_difference(coefficients(recovered, 0, 30), start) <= 1e-4 * size);
        }
    }
}

TEST_CASE("the same bits for any number of threads") {
    const PathData tall(400, 40, 14), wide(60, 400, 15);
    for (const PathData* data : {&tall, &wide}) {
        for (const AnyLoss& loss : test::smooth_losses()) {
            for (const PenaltyInput& penalty :
                 {test::penalty_by_name("l1"), test::penalty_by_name("l2")}) {
                PathOptions options;
                options.n_lambdas = 4;
                const auto fit = [&](std::size_t threads) {
                    return fit_path(loss, penalty, data->input(loss), options,
                                    Context{threads, nullptr});
                };
                const PathResult one = fit(1);
                CHECK(test::same_bits(one, fit(2)));
                CHECK(test::same_bits(one, fit(3)));
            }
        }
    }
}

TEST_SUITE_END();
