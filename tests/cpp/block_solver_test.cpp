// Rows that move together: the solver on the quadratic of several targets.
#include "shrinkage/solver/quadratic/block_solver.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/penalty/block/row_group.hpp"
#include "shrinkage/solver/newton/softmax_model.hpp"
#include "shrinkage/solver/quadratic/targets_engine.hpp"
#include "vector_cases.hpp"

using namespace shrinkage;
using shrinkage::test::PlainDesign;
using shrinkage::test::VectorExample;

namespace {

constexpr Context alone{};

static_assert(BlockModel<TargetsModel<PlainDesign>>);
static_assert(BlockModel<SoftmaxModel<PlainDesign>>);

/// The negative gradient X'W(Y - XB) of all coefficients.
std::vector<double> gradient(const VectorExample& e, ConstVector beta) {
    const std::size_t n = e.x.rows, p = e.x.cols;
    std::vector<double> g(beta.size(), 0.0);
    for (std::size_t k = 0; k < e.outputs; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            double r = e.targets[i + k * n];
            for (std::size_t j = 0; j < p; ++j) r -= e.x(i, j) * beta[j + k * p];
            for (std::size_t j = 0; j < p; ++j) g[j + k * p] += e.weights[i] * e.x(i, j) * r;
        }
    }
    return g;
}

double distance(const RowGroup& penalty, ConstVector g, ConstVector beta, double lambda) {
    std::vector<double> rest(g.size());
    penalty.least_residual(g, beta, lambda, rest);
    return std::sqrt(test::inner_product(rest, rest));
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("block solver: stationary to 1e-13 from any start, fewer rows at larger lambda") {
    const VectorExample e(30, 12, 4, 1);
    const PlainDesign x(e.x);
    GramModel<PlainDesign> gram(x);
    gram.reset(e.weights, false);
    gram.add(test::all_below(12), alone);
    const RowGroup penalty(std::vector<double>(12, 1.0), 4);
    const double largest = penalty.lambda_max(gradient(e, std::vector<double>(48, 0.0)));
    test::Random random(3);
    std::size_t kept = 0;
    for (const double share : {0.9, 0.5, 0.1, 0.01, 0.0}) {
        std::vector<double> beta = random.normals(48);
        TargetsModel<PlainDesign> model(gram, 4);
        model.set_gradient(gradient(e, beta), 12);
        BlockSolver<RowGroup> solver(penalty);
        const SolveOutcome outcome = solver.solve(model, beta, share * largest, 1e-13, 1000, alone);
        CHECK(outcome.converged);
        CHECK(distance(penalty, gradient(e, beta), beta, share * largest) < 1e-12);
        std::size_t rows = 0;
        for (std::size_t j = 0; j < 12; ++j) rows += penalty.norm(j, beta) > 0.0;
        CHECK(rows >= kept);
        kept = rows;
    }
    CHECK(kept == 12);
}

TEST_CASE("block solver: rounds are bounded and reported") {
    const VectorExample e(30, 12, 4, 2);
    const PlainDesign x(e.x);
    GramModel<PlainDesign> gram(x);
    gram.reset(e.weights, false);
    gram.add(test::all_below(12), alone);
    const RowGroup penalty(std::vector<double>(12, 1.0), 4);
    std::vector<double> beta(48, 0.0);
    TargetsModel<PlainDesign> model(gram, 4);
    model.set_gradient(gradient(e, beta), 12);
    BlockSolver<RowGroup> solver(penalty);
    const SolveOutcome outcome = solver.solve(model, beta, 1e-3, 1e-30, 2, alone);
    CHECK_FALSE(outcome.converged);
    CHECK(outcome.rounds == 2);
}

TEST_SUITE_END();
