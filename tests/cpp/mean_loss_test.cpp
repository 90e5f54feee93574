#include "shrinkage/loss/mean_loss.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/squared.hpp"

using namespace shrinkage;

TEST_SUITE_BEGIN("loss");

TEST_CASE("the mean loss by hand") {
    const std::vector<double> y{1.0, 2.0, 4.0}, eta{0.0, 2.0, 1.0}, weights{1.0, 5.0, 2.0};
    CHECK(mean_loss(SquaredLoss{}, y, eta, {}) == doctest::Approx(0.5 * (1.0 + 9.0) / 3.0));
    CHECK(mean_loss(SquaredLoss{}, y, eta, weights) == doctest::Approx(0.5 * (1.0 + 18.0) / 8.0));
    const std::vector<double> labels{0.0, 1.0}, zero{0.0, 0.0};
    CHECK(mean_loss(LogisticLoss{}, labels, zero, {}) == doctest::Approx(std::log(2.0)));
}

TEST_CASE("a weight of k counts as k copies, a weight of zero not at all") {
    const std::vector<double> y{1.0, 0.0, 1.0}, eta{0.3, -0.2, 2.0}, weights{2.0, 1.0, 0.0};
    const std::vector<double> y_copied{1.0, 1.0, 0.0}, eta_copied{0.3, 0.3, -0.2};
    CHECK(mean_loss(LogisticLoss{}, y, eta, weights) ==
          doctest::Approx(mean_loss(LogisticLoss{}, y_copied, eta_copied, {})).epsilon(1e-15));
    const std::vector<double> far{0.3, -0.2, 1e200};
    CHECK(std::isfinite(mean_loss(SquaredLoss{}, y, far, weights)));
}

TEST_CASE("the gradient is one number per observation") {
    const std::vector<double> y{1.0, 2.0}, eta{0.0, 5.0};
    std::vector<double> gradient(2);
    loss_gradient(SquaredLoss{}, y, eta, gradient);
    CHECK(gradient == std::vector<double>{-1.0, 3.0});
}

TEST_SUITE_END();
