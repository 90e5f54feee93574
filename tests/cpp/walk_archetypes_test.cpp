// The walk asks of a point and of an engine what its concepts say: it runs with the least that
// satisfies them, with one output and with several, and keeps its guards with both.
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "problems.hpp"
#include "shrinkage/base/errors.hpp"
#include "shrinkage/loss/logistic.hpp"
#include "shrinkage/loss/multi_squared.hpp"
#include "shrinkage/loss/multinomial.hpp"
#include "shrinkage/loss/quantile.hpp"
#include "shrinkage/loss/squared.hpp"
#include "shrinkage/path/engine_for.hpp"
#include "shrinkage/path/walk.hpp"

using namespace shrinkage;
using namespace shrinkage::test;

namespace {

// Every engine that there is, at its point, for the archetype of each concept.
template <typename L, typename P>
constexpr bool walks =
    PathPoint<PointOf<L, PlainDesign>> && PathEngine<EngineOf<L, P, PlainDesign>>;
static_assert(walks<SquaredLoss, SeparableArchetype> && walks<LogisticLoss, SeparableArchetype>);
static_assert(walks<QuantileLoss, SeparableArchetype>);
static_assert(walks<SquaredLoss, BlockArchetype> && walks<LogisticLoss, BlockArchetype>);
static_assert(walks<SquaredLoss, WholeArchetype> && walks<LogisticLoss, WholeArchetype>);
static_assert(walks<MultiSquaredLoss, SeparableArchetype> && walks<MultiSquaredLoss, RowArchetype>);
static_assert(walks<MultinomialLoss, SeparableArchetype> && walks<MultinomialLoss, RowArchetype>);
// What no engine fits is told apart.
static_assert(!has_engine<QuantileLoss, BlockArchetype, PlainDesign>);
static_assert(!has_engine<QuantileLoss, WholeArchetype, PlainDesign>);
static_assert(!has_engine<MultinomialLoss, BlockArchetype, PlainDesign>);
static_assert(!has_engine<MultiSquaredLoss, WholeArchetype, PlainDesign>);
static_assert(!has_engine<SquaredLoss, RowArchetype, PlainDesign>);

struct ToyLoss {
    static constexpr Shape shape = Shape::quadratic;
    double curvature_scale(double, double) const { return 0.0; }  // no typical curvature
};

/// Two features; a loss of one, whose gradient is what the test wants.
template <typename Intercept>
struct ToyPoint {
    ToyPoint(const ToyLoss& of_loss, const PlainDesign& design, const Data& of_data)
        : loss(of_loss), x(design), data(of_data), g(beta.size(), of_data.y[0]) {}

    void refresh_eta(const Context&) {}
    void settle_intercept(const Context&) {}
    void refresh_gradient(const Context&) {}
    void refresh(const Context&) {}
    double mean_loss() const { return 1.0; }
    double mean_loss(ConstVector, ConstVector) const { return 1.0; }
    double saturated(ConstVector) const { return 0.0; }
    double rounding() const { return 0.0; }
    double mean_target() const { return 0.0; }

    const ToyLoss& loss;
    const PlainDesign& x;
    const Data data;
    static constexpr std::size_t outputs = std::is_same_v<Intercept, double> ? 1 : 2;
    std::vector<double> beta = std::vector<double>(2 * outputs, 0.0);
    Intercept intercept{};
    std::vector<double> eta, g;
};

template <typename Intercept>
struct ToyEngine {
    ToyEngine(ToyPoint<Intercept>&, const SeparableArchetype&, const Limits&) {}
    Step solve(double, double, double, double, const Context&) { return {1e-9, kind}; }
    void finish(const Context&) {}
    double loss() const { return 0.5; }
    static inline CertificateKind kind = CertificateKind::gap;
};

template <typename Intercept>
struct Toy {
    explicit Toy(double gradient) : y{gradient} { options.n_lambdas = 5; }
    PathResult run(const std::function<void()>& at_each = [] {}, const Context& context = {}) {
        Matrix entries(1, 2, 1.0);
        const PlainDesign x(entries);
        const SeparableArchetype penalty(2 * ToyPoint<Intercept>::outputs);
        Walk<ToyPoint<Intercept>, ToyEngine<Intercept>, SeparableArchetype> walk(
            ToyLoss{}, penalty, x, Data{y, weights, {}, true}, options, {}, context);
        PathResult result;
        walk.run(result, [&](ConstVector, ConstVector) { at_each(); });
        return result;
    }

    std::vector<double> y, weights{1.0};
    PathOptions options;
};

/// Calls check(Intercept{}) for one output and for several.
template <typename Check>
void for_both(const Check& check) {
    check(double{});
    check(std::vector<double>{});
}

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("the walk needs no more than its concepts") {
    for_both([](auto intercept) {
        const PathResult result = Toy<decltype(intercept)>(0.7).run();
        CHECK(result.certificates.size() == 5);
        CHECK(result.lambdas.front() == doctest::Approx(0.7));
        CHECK(result.certificates[0].value == doctest::Approx(1e-9));
        CHECK(result.certificates[0].holds());
        CHECK(result.deviance_ratios[0] == doctest::Approx(0.5));
    });
}

TEST_CASE("the walk looks for a stop before every lambda") {
    for_both([](auto intercept) {
        Control control;
        std::size_t seen = 0;
        const auto stop_after_two = [&] {
            if (++seen == 2) control.stop();
        };
        Toy<decltype(intercept)> toy(0.7);
        CHECK_THROWS_AS(toy.run(stop_after_two, Context{1, &control}), Cancelled);
        CHECK(seen == 2);
    });
}

TEST_CASE("the walk refuses a gradient that is not finite") {
    for_both([](auto intercept) {
        Toy<decltype(intercept)> toy(std::numeric_limits<double>::quiet_NaN());
        CHECK_THROWS_AS(toy.run(), InvalidArgument);
    });
}

TEST_CASE("a distance from stationary is not divided by the null deviance") {
    ToyEngine<double>::kind = CertificateKind::stationarity;
    const PathResult result = Toy<double>(0.7).run();
    ToyEngine<double>::kind = CertificateKind::gap;
    CHECK(result.certificates[0].kind == CertificateKind::stationarity);
    CHECK(result.certificates[0].value == 1e-9);
}

TEST_SUITE_END();
