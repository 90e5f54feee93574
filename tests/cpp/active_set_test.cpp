// The active-set solver on quadratics: KKT conditions by plain loops.
#include "shrinkage/solver/quadratic/active_set.hpp"

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "penalty_cases.hpp"
#include "problems.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

template <typename P>
concept Solvable = requires(const P& penalty) { ActiveSetSolver<P>(penalty); };
static_assert(Solvable<Separable<L1>> && Solvable<Separable<ElasticNet>>);
static_assert(!Solvable<test::BlockArchetype>, "coordinate descent needs a sum over coefficients");

namespace {

constexpr Context alone{};
constexpr std::size_t enough = 1000;

/// b'Gb / 2 - q'b with G = X'X / n, q = X'y / n; the last columns depend on the first ones.
struct Quadratic {
    Matrix x;
    std::vector<double> weights, y, q;
    Matrix gram;

    Quadratic(std::size_t n, std::size_t p, std::size_t dependent, std::uint64_t seed)
        : gram(p, p) {
        Random random(seed);
        x = Matrix::random(n, p, random);
        for (std::size_t k = 0; k < dependent; ++k) {
            const std::size_t j = p - dependent + k;
            for (std::size_t i = 0; i < n; ++i) {
                x(i, j) = k % 2 == 0 ? x(i, k) : x(i, k) + x(i, k + 1);
            }
        }
        weights.assign(n, 1.0 / static_cast<double>(n));
        y = random.normals(n);
        for (std::size_t i = 0; i < n; ++i) y[i] += 2.0 * x(i, 0) - x(i, 1) + 0.5 * x(i, 2);
        for (std::size_t j = 0; j < p; ++j) {
            q.push_back(0.0);
            for (std::size_t i = 0; i < n; ++i) q[j] += weights[i] * x(i, j) * y[i];
            for (std::size_t k = 0; k < p; ++k) {
                for (std::size_t i = 0; i < n; ++i) gram(j, k) += weights[i] * x(i, j) * x(i, k);
            }
        }
    }

    std::vector<double> negative_gradient(ConstVector beta) const {
        std::vector<double> h = q;
        for (std::size_t j = 0; j < q.size(); ++j) {
            for (std::size_t k = 0; k < q.size(); ++k) h[j] -= gram(j, k) * beta[k];
        }
        return h;
    }
    double value(ConstVector beta) const {
        const std::vector<double> h = negative_gradient(beta);
        return -0.5 * (test::inner_product(q, beta) + test::inner_product(h, beta));
    }
};

/// Solves from beta with the Gram model or the residual model.
template <typename P>
SolveOutcome solve(const Quadratic& problem, const P& penalty, std::vector<double>& beta,
                   double lambda, double tolerance, bool on_residual,
                   std::size_t max_rounds = enough, const Context& context = alone) {
    const PlainDesign design(problem.x);
    const std::vector<std::size_t> all = test::all_below(beta.size());
    ActiveSetSolver<P> solver(penalty);
    if (on_residual) {
        ResidualModel<PlainDesign> model(design);
        model.reset(problem.weights, false);
        model.add(all, alone);
        std::vector<double> v = problem.y;
        for (std::size_t i = 0; i < v.size(); ++i) {
            for (std::size_t j = 0; j < beta.size(); ++j) v[i] -= problem.x(i, j) * beta[j];
            v[i] *= problem.weights[i];
        }
        model.set_residual(v);
        return solver.solve(model, beta, lambda, tolerance, max_rounds, context);
    }
    GramModel<PlainDesign> model(design);
    model.reset(problem.weights, false);
    model.add(all, alone);
    model.set_gradient(problem.negative_gradient(beta));
    return solver.solve(model, beta, lambda, tolerance, max_rounds, context);
}

template <typename P>
void check_optimal(const Quadratic& problem, const P& penalty, ConstVector beta, double lambda) {
    const std::vector<double> h = problem.negative_gradient(beta);
    for (std::size_t j = 0; j < beta.size(); ++j) {
        CAPTURE(j);
        CAPTURE(beta[j]);
        CHECK(penalty.kkt_distance(j, h[j], beta[j], lambda) <= 2e-12);
        const Interval box = penalty.bounds(j);
        CHECK(beta[j] >= box.lo);
        CHECK(beta[j] <= box.hi);
    }
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("KKT conditions to 1e-12 for every penalty, with factors and bounds, from any start") {
    Random random(7);
    for (const std::size_t dependent : {0, 6}) {
        const Quadratic problem(60, 24, dependent, 11 + dependent);
        const auto check = [&](const auto& penalty) {
            for (const double lambda : {0.5, 0.05, 0.001}) {
                CAPTURE(lambda);
                // With dependent columns the far start is a near one: coordinate descent alone
                // cancels opposite coefficients of equal columns.
                const double distance = dependent == 0 ? 3.0 : 0.0;
                std::vector<double> zero(24, 0.0), far(24);
                for (std::size_t j = 0; j < 24; ++j) {
                    const Interval box = penalty.bounds(j);
                    far[j] = std::min(std::max(distance * random.normal(), box.lo), box.hi);
                }
                CHECK(solve(problem, penalty, zero, lambda, 1e-12, false).converged);
                check_optimal(problem, penalty, zero, lambda);
                CHECK(solve(problem, penalty, far, lambda, 1e-12, true).converged);
                check_optimal(problem, penalty, far, lambda);
                const double a = problem.value(zero) + penalty.value(zero, lambda);
                const double b = problem.value(far) + penalty.value(far, lambda);
                CHECK(std::abs(a - b) <= 1e-11);
            }
        };
        CAPTURE(dependent);
        test::for_each_separable(check, 24);
    }
}

TEST_CASE("more columns than rows, approached by steps as on a path") {
    const Quadratic problem(20, 50, 0, 21);
    const Separable<L1> penalty(L1{}, std::vector<double>(50, 1.0));
    std::vector<double> gram(50, 0.0), residual(50, 0.0);
    for (double lambda = 1.0; lambda > 0.003; lambda *= 0.7) {
        CAPTURE(lambda);
        CHECK(solve(problem, penalty, gram, lambda, 1e-12, false).converged);
        CHECK(solve(problem, penalty, residual, lambda, 1e-12, true).converged);
        check_optimal(problem, penalty, gram, lambda);
        CHECK(test::largest_difference(gram, residual) <= 1e-9);
    }
}

TEST_CASE("twice the same column: one optimum, whichever carries it") {
    Quadratic problem(40, 6, 2, 22);  // column 4 is column 0, column 5 is columns 1 + 2
    const Separable<L1> penalty(L1{}, std::vector<double>(6, 1.0));
    std::vector<double> beta(6, 0.0), split{1.0, 0.0, 0.0, 0.0, 1.0, 0.0};
    CHECK(solve(problem, penalty, beta, 0.1, 1e-12, false).converged);
    CHECK(solve(problem, penalty, split, 0.1, 1e-12, false).converged);
    check_optimal(problem, penalty, beta, 0.1);
    check_optimal(problem, penalty, split, 0.1);
    CHECK(beta[0] + beta[4] == doctest::Approx(split[0] + split[4]).epsilon(1e-9));
}

TEST_CASE("dependent columns slide to a kink from a start that no coordinate can leave") {
    // Opposite weights on columns that cancel: moving one alone never pays.
    const Quadratic problem(20, 9, 3, 8);
    const Separable<L1> penalty(L1{}, std::vector<double>(9, 1.0));
    for (const bool on_residual : {false, true}) {
        std::vector<double> beta{5.0, -4.0, 3.0, 0.0, 0.0, 0.0, -5.0, 4.0, -2.0};
        const SolveOutcome outcome =
            solve(problem, penalty, beta, 0.05, 1e-12, on_residual, enough);
        CHECK(outcome.converged);
        CHECK(outcome.rounds <= 10);
        const std::vector<double> h = problem.negative_gradient(beta);
        CHECK(penalty.kkt_distance(h, beta, 0.05) <= 1e-11);
    }
}

TEST_CASE("along a path with one solver: entering, leaving and staying coefficients") {
    const Quadratic problem(50, 30, 4, 23);
    const PlainDesign design(problem.x);
    const Separable<ElasticNet> penalty(ElasticNet{0.9}, std::vector<double>(30, 1.0));
    GramModel<PlainDesign> model(design);
    model.reset(problem.weights, false);
    model.add(test::all_below(30), alone);
    ActiveSetSolver<Separable<ElasticNet>> solver(penalty);
    std::vector<double> beta(30, 0.0);
    const std::vector<double> up_and_down{1.0, 0.5, 0.2,  0.1,   0.05, 0.02,
                                          0.2, 0.6, 0.01, 0.001, 0.3};
    for (const double lambda : up_and_down) {
        CAPTURE(lambda);
        model.set_gradient(problem.negative_gradient(beta));
        CHECK(solver.solve(model, beta, lambda, 1e-12, enough, alone).converged);
        check_optimal(problem, penalty, beta, lambda);
    }
    solver.forget();
    model.set_gradient(problem.negative_gradient(beta));
    CHECK(solver.solve(model, beta, 0.07, 1e-12, enough, alone).converged);
    check_optimal(problem, penalty, beta, 0.07);
}

TEST_CASE("a step that ends at a bound to rounding does not pass it") {
    // Found by fuzzing: from -129.67 a step of 129.77 ended 1.4e-15 beyond the bound of 0.1.
    const Quadratic problem(60, 3, 0, 25);
    std::vector<double> best(3, 0.0);
    CHECK(solve(problem, Separable<L2>(L2{}, std::vector<double>(3, 1.0)), best, 0.1, 1e-12, false)
              .converged);
    REQUIRE(best[0] > 0.0);
    for (int k = -200; k <= 200; ++k) {
        const double bound = best[0] * (1.0 + 2e-16 * k);
        const Separable<L2> penalty(L2{}, std::vector<double>(3, 1.0), {}, {bound, 1e9, 1e9});
        std::vector<double> beta{-130.0 - 0.37 * k, 100.0, -100.0};
        solve(problem, penalty, beta, 0.1, 1e-12, false);
        CHECK(beta[0] <= bound);
    }
}

TEST_CASE("coefficients rest exactly on zero and on their bounds") {
    const Quadratic problem(60, 10, 0, 24);
    const Separable<L1> penalty(L1{}, std::vector<double>(10, 1.0), std::vector<double>(10, -0.25),
                                std::vector<double>(10, 0.7));
    std::vector<double> beta(10, 0.0);
    CHECK(solve(problem, penalty, beta, 0.15, 1e-12, false).converged);
    CHECK(beta[0] == 0.7);    // wants 2
    CHECK(beta[1] == -0.25);  // wants -1
    CHECK(std::count(beta.begin(), beta.end(), 0.0) >= 3);
    check_optimal(problem, penalty, beta, 0.15);
}

TEST_CASE("a column of zeros keeps its coefficient") {
    Quadratic problem(30, 5, 0, 25);
    for (double& v : problem.x.column(2)) v = 0.0;
    for (std::size_t j = 0; j < 5; ++j) problem.gram(2, j) = problem.gram(j, 2) = 0.0;
    problem.q[2] = 0.0;
    const Separable<L2> penalty(L2{}, std::vector<double>(5, 1.0));
    std::vector<double> beta(5, 0.0);
    CHECK(solve(problem, penalty, beta, 0.1, 1e-12, false).converged);
    CHECK(beta[2] == 0.0);
    check_optimal(problem, penalty, beta, 0.1);
}

TEST_CASE("too few rounds are told, and a stop ends the solve") {
    const Quadratic problem(60, 24, 0, 26);
    const Separable<L1> penalty(L1{}, std::vector<double>(24, 1.0));
    std::vector<double> beta(24, 0.0);
    const SolveOutcome none = solve(problem, penalty, beta, 0.01, 1e-12, false, 0);
    CHECK_FALSE(none.converged);
    CHECK(none.rounds == 0);
    CHECK_FALSE(solve(problem, penalty, beta, 0.01, 1e-12, false, 1).converged);
    Control control;
    control.stop();
    const Context stopped{1, &control};
    CHECK_THROWS_AS(solve(problem, penalty, beta, 0.01, 1e-12, false, enough, stopped), Cancelled);
}

TEST_SUITE_END();
