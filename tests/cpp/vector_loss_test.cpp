// The losses with several outputs: derivatives against differences, conjugates against
// Fenchel-Young.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/loss/any_vector_loss.hpp"
#include "shrinkage/loss/mean_loss.hpp"
#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"

using namespace shrinkage;

static_assert(VectorLoss<MultinomialLoss> && Loss<MultinomialLoss>);
static_assert(!ScalarLoss<MultinomialLoss>, "K outputs are not one");
static_assert(ScalarLoss<LogisticLoss> && !VectorLoss<LogisticLoss>, "one output is not K");

namespace {

const MultinomialLoss softmax(3);
const std::vector<std::vector<double>> etas{
    {0.0, 0.0, 0.0}, {1.0, -2.0, 0.5}, {-6.0, 3.0, 3.0}, {20.0, -20.0, 0.0}};

std::vector<double> gradient_at(ConstVector y, ConstVector eta) {
    std::vector<double> g(3);
    softmax.gradient(y, eta, g);
    return g;
}

double inner(ConstVector a, ConstVector b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

}  // namespace

TEST_SUITE_BEGIN("loss");

TEST_CASE("softmax: gradient and curvature agree with central differences") {
    constexpr double h = 1e-5;
    for (const auto& eta : etas) {
        for (const double label : {0.0, 1.0, 2.0}) {
            const std::vector<double> y{label};
            std::vector<double> curvature(9);
            softmax.curvature(y, eta, curvature);
            for (std::size_t k = 0; k < 3; ++k) {
                std::vector<double> up = eta, down = eta;
                up[k] += h;
                down[k] -= h;
                const double slope = (softmax.value(y, up) - softmax.value(y, down)) / (2.0 * h);
                CHECK(std::abs(slope - gradient_at(y, eta)[k]) < 1e-9);
                for (std::size_t l = 0; l < 3; ++l) {
                    const double bend =
                        (gradient_at(y, up)[l] - gradient_at(y, down)[l]) / (2.0 * h);
                    CHECK(std::abs(bend - curvature[l + 3 * k]) < 1e-9);
                }
            }
        }
    }
}

TEST_CASE("softmax: Fenchel-Young with equality at the gradient") {
    for (const auto& at : etas) {
        for (const double label : {0.0, 1.0, 2.0}) {
            const std::vector<double> y{label};
            const std::vector<double> u = gradient_at(y, at);
            for (const auto& eta : etas) {
                const double slack =
                    softmax.value(y, eta) + softmax.conjugate(y, u) - inner(u, eta);
                CHECK(slack >= -1e-12);
                if (&eta == &at) CHECK(slack < 1e-12);
            }
        }
    }
    const std::vector<double> y{0.0}, outside{0.5, 0.0, 0.0};
    CHECK(std::isinf(softmax.conjugate(y, outside)));
}

TEST_CASE("softmax with two classes is the logistic loss of the difference") {
    const MultinomialLoss two(2);
    const LogisticLoss logistic;
    for (const double eta : {-3.0, 0.0, 2.5}) {
        for (const double label : {0.0, 1.0}) {
            const std::vector<double> y{label}, both{0.7, 0.7 + eta};
            CHECK(two.value(y, both) == doctest::Approx(logistic.value(label, eta)).epsilon(1e-14));
        }
    }
}

TEST_CASE("softmax: targets are class indices") {
    for (const double y : {0.0, 2.0}) CHECK(softmax.valid(std::vector<double>{y}));
    for (const double y : {-1.0, 0.5, 3.0}) CHECK_FALSE(softmax.valid(std::vector<double>{y}));
}

TEST_CASE("softmax: a good fit keeps its relative accuracy") {
    const std::vector<double> y{0.0}, eta{40.0, 0.0, 0.0};
    CHECK(softmax.value(y, eta) == doctest::Approx(2.0 * std::exp(-40.0)).epsilon(1e-12));
    CHECK(gradient_at(y, eta)[0] == doctest::Approx(-2.0 * std::exp(-40.0)).epsilon(1e-12));
}

TEST_CASE("several targets: the sum of the squared losses of each") {
    const MultiSquaredLoss loss(2);
    const SquaredLoss one;
    const std::vector<double> y{1.0, -2.0}, eta{0.5, 3.0};
    CHECK(loss.value(y, eta) == one.value(1.0, 0.5) + one.value(-2.0, 3.0));
    std::vector<double> slope(2), square(4), mean(2);
    loss.gradient(y, eta, slope);
    CHECK(slope == std::vector<double>{one.gradient(1.0, 0.5), one.gradient(-2.0, 3.0)});
    CHECK(loss.conjugate(y, slope) ==
          doctest::Approx(slope[0] * eta[0] + slope[1] * eta[1] - loss.value(y, eta)));
    loss.curvature(y, eta, square);
    CHECK(square == std::vector<double>{1.0, 0.0, 0.0, 1.0});
    loss.mean(eta, mean);
    CHECK(mean == eta);
    CHECK(loss.saturated(y) == 0.0);
    CHECK_FALSE(loss.valid(std::vector<double>{1.0, std::nan("")}));
}

TEST_CASE("over observations: matrices are stored output by output, weights are relative") {
    const MultiSquaredLoss loss(2);
    const std::vector<double> y{1.0, 2.0, 3.0, 4.0}, eta{0.0, 2.0, 1.0, 4.0}, w{3.0, 1.0};
    // Observation 0 has targets 1 and 3, observation 1 has 2 and 4.
    CHECK(mean_loss(loss, y, eta, {}) == doctest::Approx(0.5 * (0.5 * (1.0 + 4.0))));
    CHECK(mean_loss(loss, y, eta, w) == doctest::Approx(0.75 * 0.5 * (1.0 + 4.0)));
    std::vector<double> gradient(4);
    loss_gradient(loss, y, eta, gradient);
    CHECK(gradient == std::vector<double>{-1.0, 0.0, -2.0, 0.0});
}

TEST_CASE("losses with several outputs are found by name") {
    CHECK(std::holds_alternative<MultinomialLoss>(*vector_loss_named("multinomial", 3)));
    CHECK(std::get<MultiSquaredLoss>(*vector_loss_named("squared", 4)).outputs() == 4);
    CHECK_FALSE(vector_loss_named("logistic", 2).has_value());
}

TEST_SUITE_END();
