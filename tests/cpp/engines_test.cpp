// The table of engines: each is instantiated with the archetype of every concept that it accepts,
// which holds nothing but the members of the concept, and solves a small problem with it.
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "problems.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/solver/newton/composite_engine.hpp"
#include "shrinkage/solver/newton/newton_engine.hpp"
#include "shrinkage/solver/newton/softmax_engine.hpp"
#include "shrinkage/solver/pinball/quantile_engine.hpp"
#include "shrinkage/solver/quadratic/quadratic_engine.hpp"
#include "shrinkage/solver/quadratic/targets_engine.hpp"
#include "vector_cases.hpp"

using namespace shrinkage;
using namespace shrinkage::test;

namespace {

constexpr Context alone{};
constexpr std::size_t p = 6, outputs = 3;

/// Two lambdas below the largest, to a gap of 1e-9.
template <typename Engine, typename PointType, typename P>
void check_engine(PointType& point, const P& penalty, double largest) {
    Engine engine(point, penalty, Limits{});
    if constexpr (requires { engine.open(alone); }) engine.open(alone);
    double previous = largest;
    for (const double share : {0.5, 0.2}) {
        const Step step = engine.solve(share * largest, previous, 1e-9, 1e-13 * largest, alone);
        CHECK(step.gap <= 1e-9);
        previous = share * largest;
    }
}

template <template <typename, typename, typename> class Engine, typename L, typename P>
void check_scalar(const L& loss, const P& penalty, bool classes) {
    const VectorExample e(40, p, outputs, 3);
    const PlainDesign x(e.x);
    std::vector<double> y;
    for (std::size_t i = 0; i < 40; ++i) {
        y.push_back(classes ? (e.targets[i] > 3.0 ? 1.0 : 0.0) : e.targets[i]);
    }
    Point<L, PlainDesign> point(loss, x, {y, e.weights, {}, false});
    point.refresh(alone);
    check_engine<Engine<L, P, PlainDesign>>(point, penalty, penalty.lambda_max(point.g));
}

template <template <typename, typename, typename> class Engine, typename L, typename P>
void check_vector(const L& loss, const P& penalty, ConstVector y, const VectorExample& e) {
    const PlainDesign x(e.x);
    VectorPoint<L, PlainDesign> point(loss, x, {y, e.weights, {}, false});
    point.refresh(alone);
    check_engine<Engine<L, P, PlainDesign>>(point, penalty, penalty.lambda_max(point.g));
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("separable: every engine of one output takes exactly the concept") {
    const SeparableArchetype penalty(p);
    check_scalar<QuadraticEngine>(SquaredLoss{}, penalty, false);
    check_scalar<NewtonEngine>(LogisticLoss{}, penalty, true);
    check_scalar<QuantileEngine>(QuantileLoss{0.5}, penalty, false);
}

TEST_CASE("separable and rows: every engine of several outputs takes exactly the concept") {
    const VectorExample e(40, p, outputs, 4);
    const SeparableArchetype separable(p * outputs);
    const RowArchetype rows(RowGroup(std::vector<double>(p, 1.0), outputs));
    check_vector<TargetsEngine>(MultiSquaredLoss(outputs), separable, e.targets, e);
    check_vector<TargetsEngine>(MultiSquaredLoss(outputs), rows, e.targets, e);
    check_vector<SoftmaxEngine>(MultinomialLoss(outputs), separable, e.classes, e);
    check_vector<SoftmaxEngine>(MultinomialLoss(outputs), rows, e.classes, e);
}

TEST_CASE("blocks and wholes: the engine of one output takes exactly the concept") {
    const BlockArchetype blocks(GroupNorms({0, 3, 1, 2, 4, 5}, {0, 2, 6}, {1.4, 2.0}));
    const WholeArchetype whole(Slope({1.0, 0.8, 0.8, 0.6, 0.4, 0.2}, std::vector<double>(p, 1.0)));
    check_scalar<CompositeEngine>(SquaredLoss{}, blocks, false);
    check_scalar<CompositeEngine>(LogisticLoss{}, blocks, true);
    check_scalar<CompositeEngine>(SquaredLoss{}, whole, false);
    check_scalar<CompositeEngine>(LogisticLoss{}, whole, true);
}

TEST_SUITE_END();
