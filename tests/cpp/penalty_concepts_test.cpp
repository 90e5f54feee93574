// The concepts of a penalty tell separable ones, blocks and wholes apart, and the archetypes of
// each hold nothing else; two norms are compared with a grid over three coefficients.
#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "archetypes.hpp"
#include "shrinkage/penalty/penalty.hpp"
#include "shrinkage/penalty/registry.hpp"

using namespace shrinkage;
using namespace shrinkage::test;

static_assert(Penalty<BlockArchetype> && !SeparablePenalty<BlockArchetype>);
static_assert(!WholePenalty<BlockArchetype> && !BlockPenalty<WholeArchetype>);
static_assert(Penalty<WholeArchetype> && !SeparablePenalty<WholeArchetype>);
static_assert(SeparablePenalty<Separable<L1>> && !BlockPenalty<Separable<L1>>);
static_assert(!WholePenalty<Separable<L1>> && !WholePenalty<GroupLasso>);
static_assert(ScalarPenalty<L1> && !Penalty<L1>, "a function of one coefficient is not yet P");
static_assert(MetricProx<Separable<ElasticNet>> && !MetricProx<Slope>);

namespace {

const GroupNorms group_lasso({0, 2, 1}, {0, 2, 3}, {std::sqrt(2.0), 1.0});
const Slope slope({1.0, 0.6, 0.3}, {1.0, 1.0, 1.0});
constexpr double lambda = 0.7;

const std::vector<std::vector<double>> points{
    {2.0, -1.0, 0.5}, {0.4, 0.3, -0.35}, {-1.2, 1.3, 1.25}, {0.0, 3.0, 0.01}, {0.1, 0.0, -0.2}};

double inner(ConstVector a, ConstVector b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

template <typename P>
std::vector<double> prox_of(const P& penalty, ConstVector v, double step) {
    std::vector<double> out(3);
    penalty.prox(v, step, lambda, out);
    return out;
}

template <typename P>
double distance(const P& penalty, ConstVector g, ConstVector beta, double at) {
    std::vector<double> rest(3);
    penalty.least_residual(g, beta, at, rest);
    return std::sqrt(inner(rest, rest));
}

/// Calls visit(b) for points b of a coarse grid, and of ever finer ones around the centre.
template <typename Visit>
void around(const std::vector<double>& centre, const Visit& visit) {
    for (const double h : {1.0, 0.1, 1e-2, 1e-4}) {
        for (int i = -3; i <= 3; ++i) {
            for (int j = -3; j <= 3; ++j) {
                for (int k = -3; k <= 3; ++k) {
                    visit(std::vector<double>{centre[0] + h * i, centre[1] + h * j,
                                              centre[2] + h * k});
                }
            }
        }
    }
}

/// The checks that hold for any convex penalty that is a norm.
template <typename P>
void check_norm(const P& penalty) {
    for (const auto& v : points) {
        for (const double step : {0.3, 1.0, 2.0}) {
            const std::vector<double> at = prox_of(penalty, v, step);
            const auto objective = [&](const std::vector<double>& b) {
                const std::vector<double> d{b[0] - v[0], b[1] - v[1], b[2] - v[2]};
                return inner(d, d) / (2.0 * step) + penalty.value(b, lambda);
            };
            double least = infinity;
            around(at, [&](const auto& b) { least = std::min(least, objective(b)); });
            CHECK(objective(at) <= least + 1e-14);

            // (v - prox)/step is a subgradient at prox: stationary, feasible, and tight.
            std::vector<double> g(3);
            for (std::size_t j = 0; j < 3; ++j) g[j] = (v[j] - at[j]) / step;
            CHECK(distance(penalty, g, at, lambda) < 1e-14);
            CHECK(penalty.conjugate(g, lambda * (1.0 + 1e-14)) == 0.0);
            CHECK(inner(g, at) == doctest::Approx(penalty.value(at, lambda)).epsilon(1e-13));
            g[1] += 3.0;  // farther than the dual ball is wide
            CHECK(distance(penalty, g, at, lambda) > 0.0);
        }
    }
}

/// lambda_max is the dual norm: sup of g'b over the unit ball of P; the scale brings g onto it.
template <typename P>
void check_dual_norm(const P& penalty) {
    const std::vector<double> zero(3, 0.0);
    for (const auto& g : points) {
        double best = 0.0;
        for (int i = -20; i <= 20; ++i) {
            for (int j = -20; j <= 20; ++j) {
                for (int k = -20; k <= 20; ++k) {
                    if (i == 0 && j == 0 && k == 0) continue;
                    const std::vector<double> b{0.05 * i, 0.05 * j, 0.05 * k};
                    best = std::max(best, inner(g, b) / penalty.value(b, 1.0));
                }
            }
        }
        const double top = penalty.lambda_max(g);
        CHECK(best <= top * (1.0 + 1e-14));
        CHECK(best >= 0.99 * top);
        CHECK(distance(penalty, g, zero, 1.0001 * top) == 0.0);
        CHECK(distance(penalty, g, zero, 0.999 * top) > 0.0);

        const double s = penalty.dual_scale(g, zero, lambda);
        const std::vector<double> scaled{s * g[0], s * g[1], s * g[2]};
        CHECK(penalty.lambda_max(scaled) <= lambda * (1.0 + 1e-14));
        CHECK(penalty.dual_value(s, g, zero, lambda) >=
              penalty.conjugate(scaled, lambda * (1.0 + 1e-14)));
        CHECK((s == 1.0 || penalty.lambda_max(scaled) == doctest::Approx(lambda)));
    }
}

}  // namespace

TEST_SUITE_BEGIN("penalty");

TEST_CASE("group lasso: prox, stationarity, dual norm") {
    check_norm(group_lasso);
    check_dual_norm(group_lasso);
}

TEST_CASE("group lasso: its blocks make up the whole") {
    CHECK(group_lasso.n_blocks() == 2);
    const std::vector<double> v{1.0, -2.0, 0.2}, part{1.0, 0.2};
    std::vector<double> shrunk(2);
    group_lasso.block_prox(0, part, 0.5, lambda, shrunk);
    const std::vector<double> whole = prox_of(group_lasso, v, 0.5);
    CHECK(whole[group_lasso.block(0)[0]] == shrunk[0]);
    CHECK(whole[group_lasso.block(0)[1]] == shrunk[1]);
}

TEST_CASE("SLOPE: prox, stationarity, dual norm") {
    check_norm(slope);
    check_dual_norm(slope);
}

TEST_CASE("SLOPE with equal weights is L1") {
    const Slope flat({1.0, 1.0, 1.0}, {1.0, 1.0, 1.0});
    const Separable l1(L1{}, {1.0, 1.0, 1.0});
    for (const auto& v : points) {
        const std::vector<double> ours = prox_of(flat, v, 1.0), known = prox_of(l1, v, 1.0);
        for (std::size_t j = 0; j < 3; ++j) CHECK(ours[j] == doctest::Approx(known[j]));
        CHECK(flat.value(v, lambda) == doctest::Approx(l1.value(v, lambda)));
    }
}

TEST_SUITE_END();
