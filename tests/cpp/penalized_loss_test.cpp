#include "shrinkage/solver/problem/penalized_loss.hpp"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "loss_cases.hpp"
#include "penalty_cases.hpp"

using namespace shrinkage;

namespace {

// Six observations of two features, column by column; the labels serve more than one loss.
const std::vector<double> entries{1.0, -0.5, 2.0, 0.3, -1.2, 0.8, 0.2, 1.5, -0.7, 0.9, 0.4, -2.0};
const ConstMatrixView x{entries.data(), 6, 2, 6};
const std::vector<double> y{0.0, 1.0, 1.0, 0.0, 1.0, 0.0}, weights{1.0, 2.0, 0.5, 1.0, 0.0, 3.0};

/// The labels, or what stands for them with this loss.
std::vector<double> targets_of(const AnyLoss& loss) {
    return std::visit(
        [](const auto& l) {
            std::vector<double> target;
            for (const double label : y) target.push_back(test::target_at(l, label));
            return target;
        },
        loss);
}

double value_at(const AnyLoss& loss, const PenaltyInput& penalty, ConstVector w, double b,
                double lambda) {
    return penalized_loss(loss, penalty, x, targets_of(loss), weights, w, b, lambda).value;
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("the value by hand") {
    const std::vector<double> data{1.0, 2.0}, target{3.0, 1.0}, w{2.0};
    const ConstMatrixView one{data.data(), 2, 1, 2};
    // eta = 2.5, 4.5: residuals 0.5, -3.5; weights 1 and 3.
    const std::vector<double> s{1.0, 3.0};
    const auto at =
        penalized_loss(SquaredLoss{}, test::penalty_by_name("l1"), one, target, s, w, 0.5, 0.1);
    CHECK(at.value == doctest::Approx((0.5 * 0.25 + 3.0 * 0.5 * 12.25) / 4.0 + 0.2));
    CHECK(at.intercept_gradient == doctest::Approx((-0.5 + 3.0 * 3.5) / 4.0));
    CHECK(at.gradient[0] == doctest::Approx((-0.5 + 3.0 * 2.0 * 3.5) / 4.0 + 0.1));
}

TEST_CASE("the gradient agrees with central differences where there is no kink") {
    const std::vector<double> w{0.6, -1.1};
    const double b = 0.2, lambda = 0.3, h = 1e-6;
    for (const AnyLoss& loss : test::smooth_losses()) {
        CAPTURE(loss.index());
        const std::vector<double> target = targets_of(loss);
        for (const PenaltyInput& penalty :
             {test::penalty_by_name("l1"), test::penalty_by_name("l2"),
              test::penalty_by_name("elasticnet", {0.4})}) {
            const auto at = penalized_loss(loss, penalty, x, target, weights, w, b, lambda);
            for (std::size_t j = 0; j < 2; ++j) {
                std::vector<double> up = w, down = w;
                up[j] += h;
                down[j] -= h;
                const double slope = (value_at(loss, penalty, up, b, lambda) -
                                      value_at(loss, penalty, down, b, lambda)) /
                                     (2.0 * h);
                CHECK(std::abs(slope - at.gradient[j]) < 1e-8);
            }
            const double slope = (value_at(loss, penalty, w, b + h, lambda) -
                                  value_at(loss, penalty, w, b - h, lambda)) /
                                 (2.0 * h);
            CHECK(std::abs(slope - at.intercept_gradient) < 1e-8);
        }
    }
}

TEST_CASE("at a kink the subgradient of least norm is given") {
    const std::vector<double> zero{0.0, 0.0};
    const auto free =
        penalized_loss(SquaredLoss{}, test::penalty_by_name("l1"), x, y, weights, zero, 0.0, 0.0);
    for (const double lambda : {0.05, 0.2, 1.0, 5.0}) {
        const auto at = penalized_loss(SquaredLoss{}, test::penalty_by_name("l1"), x, y, weights,
                                       zero, 0.0, lambda);
        for (std::size_t j = 0; j < 2; ++j) {
            // The least element of [g - lambda, g + lambda] is g moved to zero by at most lambda.
            const double g = free.gradient[j];
            const double least = std::copysign(std::max(std::abs(g) - lambda, 0.0), g);
            CHECK(at.gradient[j] == doctest::Approx(least).epsilon(1e-14));
        }
    }
}

TEST_CASE("no weights are weights of one") {
    const std::vector<double> ones(6, 1.0), w{0.5, 0.0};
    const auto a =
        penalized_loss(LogisticLoss{}, test::penalty_by_name("l2"), x, y, {}, w, 0.1, 0.2);
    const auto b =
        penalized_loss(LogisticLoss{}, test::penalty_by_name("l2"), x, y, ones, w, 0.1, 0.2);
    CHECK(a.value == b.value);
    CHECK(a.gradient == b.gradient);
}

TEST_SUITE_END();
