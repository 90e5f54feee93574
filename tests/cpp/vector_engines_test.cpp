// Several outputs: the curvature of the multinomial loss, and both engines against their optimality
// conditions.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "reference_blas.hpp"
#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"
#include "shrinkage/penalty/block/row_group.hpp"
#include "shrinkage/penalty/registry.hpp"
#include "shrinkage/solver/newton/softmax_engine.hpp"
#include "shrinkage/solver/newton/softmax_model.hpp"
#include "shrinkage/solver/quadratic/targets_engine.hpp"
#include "vector_cases.hpp"

using namespace shrinkage;
using shrinkage::test::PlainDesign;
using shrinkage::test::VectorExample;

namespace {

constexpr Context alone{};

/// g after the coefficients and the settled intercepts, for differences of the profiled gradient.
std::vector<double> profiled_gradient(const VectorExample& e, bool intercept, ConstVector beta) {
    const PlainDesign x(e.x);
    const MultinomialLoss loss(e.outputs);
    VectorPoint<MultinomialLoss, PlainDesign> point(loss, x,
                                                    {e.classes, e.weights, e.offset, intercept});
    point.beta.assign(beta.begin(), beta.end());
    point.refresh(alone);
    return point.g;
}

/// The columns about their weighted means, as a design shows them where there is an intercept.
test::Matrix centered(const VectorExample& e) {
    test::Matrix x = e.x;
    for (std::size_t j = 0; j < x.cols; ++j) {
        double mean = 0.0;
        for (std::size_t i = 0; i < x.rows; ++i) mean += e.weights[i] * x(i, j);
        for (std::size_t i = 0; i < x.rows; ++i) x(i, j) -= mean / sum(e.weights);
    }
    return x;
}

template <typename E, typename L, typename P>
void check_fit(const L& loss, const P& penalty, const VectorExample& e, ConstVector y,
               bool intercept) {
    const bool center = intercept && L::shape == Shape::quadratic;
    const PlainDesign x(center ? centered(e) : e.x);
    VectorPoint<L, PlainDesign> point(loss, x, {y, e.weights, e.offset, intercept});
    point.refresh(alone);
    E engine(point, penalty, Limits{});
    double previous = std::isinf(penalty.lambda_max(point.g)) ? 1.0 : penalty.lambda_max(point.g);
    for (const double share : {0.7, 0.4, 0.2, 0.1}) {
        const double lambda = share * previous / 0.9;
        const Step step = engine.solve(lambda, previous, 1e-11, 1e-14, alone);
        previous = lambda;
        CHECK(step.gap <= 1e-11);
        CHECK(step.iterations > 0);
        std::vector<double> rest(point.g.size());
        penalty.least_residual(point.g, point.beta, lambda, rest);
        CHECK(test::largest_difference(rest, std::vector<double>(rest.size(), 0.0)) < 1e-6);
        // What the engine carried along is what follows from the coefficients.
        const std::vector<double> carried = point.g;
        const double before = engine.loss();
        point.refresh(alone);
        CHECK(test::largest_difference(carried, point.g) < 1e-12);
        CHECK(before == doctest::Approx(point.mean_loss()).epsilon(1e-12));
    }
}

template <typename L, template <typename, typename, typename> typename Engine>
void check_every_penalty(const L& loss, const VectorExample& e, ConstVector y) {
    const std::size_t p = e.x.cols, size = p * e.outputs;
    std::vector<double> factors(size, 1.0), by_feature(p, 1.0);
    by_feature[p - 1] = 0.0;  // one feature without a penalty
    for (std::size_t c = 0; c < size; ++c) factors[c] = by_feature[c % p];
    for (const bool intercept : {true, false}) {
        const Separable<L1> l1(L1{}, factors);
        check_fit<Engine<L, Separable<L1>, PlainDesign>>(loss, l1, e, y, intercept);
        const Separable<L1> bounded(L1{}, factors, std::vector<double>(size, -0.1),
                                    std::vector<double>(size, 0.2));
        check_fit<Engine<L, Separable<L1>, PlainDesign>>(loss, bounded, e, y, intercept);
        const Separable<L2> l2(L2{}, factors);
        check_fit<Engine<L, Separable<L2>, PlainDesign>>(loss, l2, e, y, intercept);
        const Separable<ElasticNet> net(ElasticNet{0.5}, factors);
        check_fit<Engine<L, Separable<ElasticNet>, PlainDesign>>(loss, net, e, y, intercept);
        const RowGroup rows(by_feature, e.outputs);
        check_fit<Engine<L, RowGroup, PlainDesign>>(loss, rows, e, y, intercept);
    }
}

template <typename L, typename P, typename D>
using Softmax = SoftmaxEngine<L, P, D>;
template <typename L, typename P, typename D>
using Targets = TargetsEngine<L, P, D>;

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("softmax model: the curvature is the derivative of the gradient, intercepts following") {
    const VectorExample e(40, 4, 3, 3);
    const PlainDesign x(e.x);
    const MultinomialLoss loss(3);
    for (const bool intercept : {true, false}) {
        VectorPoint<MultinomialLoss, PlainDesign> point(
            loss, x, {e.classes, e.weights, e.offset, intercept});
        test::Random random(7);
        point.beta = random.normals(12);
        point.refresh(alone);
        SoftmaxModel<PlainDesign> model(x, 3);
        model.reset(point);
        // In an order that mixes classes, and in two parts.
        model.add(std::vector<std::size_t>{5, 0, 11, 2}, alone);
        model.add(std::vector<std::size_t>{8, 4, 1}, alone);
        constexpr double h = 1e-5;
        std::vector<double> row(model.size());
        for (std::size_t k = 0; k < model.size(); ++k) {
            std::vector<double> up = point.beta, down = point.beta;
            up[model.feature(k)] += h;
            down[model.feature(k)] -= h;
            const auto after = profiled_gradient(e, intercept, up);
            const auto before = profiled_gradient(e, intercept, down);
            model.inner(k, test::all_below(model.size()), row);
            for (std::size_t l = 0; l < model.size(); ++l) {
                const std::size_t c = model.feature(l);
                CHECK(std::abs((before[c] - after[c]) / (2.0 * h) - row[l]) < 1e-8);
            }
            CHECK(model.diagonal(k) == row[k]);
        }
        model.set_gradient(point.g);
        CHECK(model.gradient(2) == point.g[11]);
        model.move(2, 0.5);
        model.inner(2, test::all_below(model.size()), row);
        CHECK(model.gradient(0) == doctest::Approx(point.g[5] - 0.5 * row[0]));
    }
}

TEST_CASE("softmax engine: every penalty to a gap of 1e-11") {
    const VectorExample e(50, 6, 3, 4);
    check_every_penalty<MultinomialLoss, Softmax>(MultinomialLoss(3), e, e.classes);
}

TEST_CASE("targets engine: every penalty to a gap of 1e-11") {
    const VectorExample e(50, 6, 3, 5);
    check_every_penalty<MultiSquaredLoss, Targets>(MultiSquaredLoss(3), e, e.targets);
}

TEST_CASE("engines: more features than observations") {
    const VectorExample e(20, 40, 3, 6);
    check_every_penalty<MultinomialLoss, Softmax>(MultinomialLoss(3), e, e.classes);
    check_every_penalty<MultiSquaredLoss, Targets>(MultiSquaredLoss(3), e, e.targets);
}

TEST_SUITE_END();
