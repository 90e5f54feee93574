// The concept of a loss holds one with K outputs; the toy's formulas are checked, so the proof
// counts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/loss/loss.hpp"
#include "toy_softmax.hpp"

using namespace shrinkage;
using shrinkage::test::ToySoftmax;

static_assert(VectorLoss<ToySoftmax> && Loss<ToySoftmax>);
static_assert(!ScalarLoss<ToySoftmax>, "K outputs are not one");
static_assert(ScalarLoss<LogisticLoss> && !VectorLoss<LogisticLoss>, "one output is not K");

namespace {

const ToySoftmax softmax(3);
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
    const ToySoftmax two(2);
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

TEST_SUITE_END();
