// The gap bounds the suboptimality at any point and closes at the solution.
#include "shrinkage/solver/problem/certificate.hpp"

#include <cmath>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "loss_cases.hpp"
#include "penalty_cases.hpp"
#include "problems.hpp"
#include "shrinkage/loss/any_loss.hpp"
#include "shrinkage/penalty/registry.hpp"
#include "shrinkage/solver/problem/problem.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr std::size_t n = 40, p = 5;

struct Example {
    Matrix x;
    std::vector<double> weights, offset, response;

    explicit Example(std::uint64_t seed) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        weights = test::random_weights(n, random, 9);
        offset = random.normals(n);
        for (std::size_t i = 0; i < n; ++i) {
            const double signal = x(i, 0) - 0.7 * x(i, 3) + 0.4 * offset[i];
            response.push_back(2.0 + signal + 0.5 * random.normal());
        }
    }
    template <typename L>
    std::vector<double> target(const L& loss) const {
        std::vector<double> y;
        for (const double r : response) y.push_back(test::target_at(loss, r - 2.0));
        return y;
    }
};

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("Fenchel-Young: zero at the gradient, positive beside it, that of the definition") {
    const std::vector<double> w{0.3, 0.0, 0.7}, y{1.0, 0.0, 0.0};
    const std::vector<double> eta{0.4, 900.0, -1.5};
    const LogisticLoss logistic;
    CHECK(fenchel_young(logistic, y, w, eta, 1.0) == 0.0);
    for (const double s : {0.0, 0.3, 0.999999}) {
        double expected = 0.0;
        for (const std::size_t i : {0, 2}) {
            const double u = s * logistic.gradient(y[i], eta[i]);
            expected +=
                w[i] * (logistic.value(y[i], eta[i]) + logistic.conjugate(y[i], u) - u * eta[i]);
        }
        CHECK(std::abs(fenchel_young(logistic, y, w, eta, s) - expected) <= 1e-15);
        CHECK(fenchel_young(logistic, y, w, eta, s) >= 0.0);
    }
    // Squared: (1 - s)^2 / 2 of the weighted residual norm, with no cancellation near s = 1.
    const std::vector<double> far{1e8 + 1.0, 0.0, 1e8}, at{1e8, 0.0, 1e8 + 2.0};
    const double norm = 0.3 * 1.0 + 0.7 * 4.0;
    CHECK(fenchel_young(SquaredLoss{}, far, w, at, 1.0 - 1e-9) ==
          doctest::Approx(0.5e-18 * norm).epsilon(1e-6));
}

TEST_CASE("the gap is the primal minus the dual objective of the textbook lasso") {
    const Example e(1);
    const PlainDesign design(e.x);
    const SquaredLoss loss;
    const Separable<L1> penalty(L1{}, std::vector<double>(p, 1.0));
    Point<SquaredLoss, PlainDesign> point(loss, design, {e.response, e.weights, {}, true});
    point.beta = {0.8, 0.0, 0.1, -0.5, 0.0};
    point.refresh({});
    const double lambda = 0.05;
    double mean = 0.0, primal = penalty.value(point.beta, lambda), largest = 0.0;
    for (std::size_t i = 0; i < n; ++i) mean += e.weights[i] * e.response[i];
    for (const double g : point.g) largest = std::max(largest, std::abs(g));
    REQUIRE(largest > lambda);
    const double s = lambda / largest;
    double dual = 0.0;  // sum w (y^2 - (y - s r)^2) / 2 with y and r centred
    for (std::size_t i = 0; i < n; ++i) {
        const double r = e.response[i] - point.eta[i], y = e.response[i] - mean;
        primal += 0.5 * e.weights[i] * r * r;
        dual += 0.5 * e.weights[i] * (y * y - (y - s * r) * (y - s * r));
    }
    CHECK(point.gap(penalty, lambda, true) == doctest::Approx(primal - dual).epsilon(1e-12));
}

TEST_CASE("the gap is at least the suboptimality, and closes at the solution") {
    const Example e(2);
    const PlainDesign design(e.x);
    std::size_t checked = 0;
    test::for_each_smooth_loss([&](const auto& loss, const test::LossCase&) {
        using L = std::remove_cvref_t<decltype(loss)>;
        const std::vector<double> y = e.target(loss);
        test::for_each_separable([&](const auto& penalty) {
            for (std::size_t j = 0; j < p; ++j) {
                // A point with free coefficients is tried where they are stationary.
                if (penalty.is_free(j, 1.0)) return;
            }
            const double lambda = 0.03;
            const test::Solution best = test::reference_solution(loss, penalty, e.x, y, e.weights,
                                                                 lambda, true, e.offset, 3000);
            const double least = test::objective(loss, penalty, e.x, y, e.weights, best.beta,
                                                 best.intercept, lambda, e.offset);
            Point<L, PlainDesign> point(loss, design, {y, e.weights, e.offset, true});
            Random random(3);
            for (const double distance : {0.0, 1e-4, 1e-2, 1.0}) {
                CAPTURE(distance);
                for (std::size_t j = 0; j < p; ++j) {
                    const Interval box = penalty.bounds(j);
                    const double b = best.beta[j] + distance * random.normal();
                    point.beta[j] = std::min(std::max(b, box.lo), box.hi);
                }
                point.intercept = best.intercept;
                point.refresh({});
                const double here = test::objective(loss, penalty, e.x, y, e.weights, point.beta,
                                                    point.intercept, lambda, e.offset);
                const double gap = point.gap(penalty, lambda, true);
                CHECK(gap >= here - least - 1e-13);
                if (distance == 0.0) CHECK(gap <= 1e-11);
                // Where the dual point is not known to be feasible, zero is.
                const double crude = point.gap(penalty, lambda, false);
                CHECK(crude >= here - least - 1e-13);
                ++checked;
            }
        });
    });
    CHECK(checked >= 6 * 3 * 2 * 4);
}

TEST_CASE("with a ridge part the unscaled dual point closes the gap faster") {
    const Example e(4);
    const PlainDesign design(e.x);
    const SquaredLoss loss;
    const Separable<ElasticNet> penalty(ElasticNet{0.5}, std::vector<double>(p, 1.0));
    const double lambda = 0.1;
    test::Solution near =
        test::reference_solution(loss, penalty, e.x, e.response, e.weights, lambda, true);
    Point<SquaredLoss, PlainDesign> point(loss, design, {e.response, e.weights, {}, true});
    point.beta = near.beta;
    point.beta[0] += 1e-4;
    point.beta[3] -= 1e-4;
    point.refresh({});
    const double s = penalty.dual_scale(point.g, point.beta, lambda);
    const double scaled = fenchel_young(loss, e.response, e.weights, point.eta, s) +
                          penalty.value(point.beta, lambda) +
                          penalty.dual_value(s, point.g, point.beta, lambda) -
                          s * test::inner_product(point.g, point.beta);
    // Second order in the error, where the scaled point is of first order.
    CHECK(point.gap(penalty, lambda, true) < 1e-6);
    CHECK(point.gap(penalty, lambda, true) < 0.1 * scaled);
}

TEST_CASE("a dual point that is not the slope of the loss costs its distance, scaled or not") {
    // A kinked loss has many slopes: loss_part(1) is not zero, whichever of the two gaps is taken.
    const Separable<L2> penalty(L2{}, std::vector<double>(1, 1.0));
    const std::vector<double> g{0.5}, beta{0.5};
    const auto loss_part = [](double s) { return 0.25 + (1.0 - s); };
    const Gap gap = best_gap(penalty, g, beta, 1.0, true, loss_part);
    CHECK(gap.value == doctest::Approx(0.25).epsilon(1e-15));
    CHECK(gap.scale == 1.0);
    CHECK(duality_gap(penalty, g, beta, 1.0, true, loss_part) == gap.value);
    const Gap unknown = best_gap(penalty, g, beta, 1.0, false, loss_part);
    CHECK(unknown.scale == 0.0);
    CHECK(unknown.value == doctest::Approx(1.25 + 0.125).epsilon(1e-15));
}

TEST_SUITE_END();
