// Every penalty of the registry against the definitions in penalty.hpp, by brute force.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "penalty_cases.hpp"
#include "problems.hpp"
#include "shrinkage/penalty/block/group_lasso.hpp"
#include "shrinkage/penalty/block/group_norms.hpp"
#include "shrinkage/penalty/input.hpp"
#include "shrinkage/penalty/registry.hpp"
#include "shrinkage/penalty/whole/slope.hpp"

using namespace shrinkage;
using shrinkage::test::for_each_penalty;
using shrinkage::test::Random;

namespace {

constexpr double lambda = 0.7;
constexpr std::size_t p = 5;

/// Looks for a lower value around x by random steps of falling size; returns the lowest found.
template <typename F>
double lowest_around(const F& f, std::vector<double> x, Random& random) {
    double best = f(x);
    for (double size = 1.0; size > 1e-9; size *= 0.6) {
        for (int trial = 0; trial < 60; ++trial) {
            std::vector<double> other = x;
            const bool one = trial % 2 == 0;
            const std::size_t j = random.below(p);
            for (std::size_t i = 0; i < p; ++i) {
                if (!one || i == j) other[i] += size * random.normal();
                if (trial % 5 == 0 && i == j) other[i] = 0.0;
            }
            const double value = f(other);
            if (value < best) best = value, x = other;
        }
    }
    return best;
}

/// lambda P with the bounds, which a separable penalty does not look at itself.
template <typename P>
double value_at(const P& penalty, ConstVector beta) {
    if constexpr (requires { penalty.bounds(0); }) {
        for (std::size_t j = 0; j < p; ++j) {
            const Interval box = penalty.bounds(j);
            if (beta[j] < box.lo || beta[j] > box.hi) return infinity;
        }
    }
    return penalty.value(beta, lambda);
}

double length(ConstVector v) { return std::sqrt(test::inner_product(v, v)); }

/// A dual point as a solver has it: stationary in what no penalty holds.
template <typename P>
std::vector<double> dual_point(const P& penalty, Random& random) {
    std::vector<double> g = random.normals(p);
    for (std::size_t j = 0; j < p; ++j) {
        if (penalty.is_free(j, lambda)) g[j] = 0.0;
        if constexpr (requires { penalty.factor(j); }) {
            if (penalty.factor(j) == 0.0) g[j] = 0.0;
        }
    }
    if constexpr (BlockPenalty<P>) {
        for (std::size_t k = 0; k < penalty.n_blocks(); ++k) {
            std::vector<double> of_block;
            for (const std::size_t c : penalty.block(k)) of_block.push_back(g[c]);
            if (penalty.block_unheld(k, of_block, lambda) == 0.0) continue;
            for (const std::size_t c : penalty.block(k)) g[c] = std::min(g[c], 0.0);
        }
    }
    return g;
}

struct Names {
    std::set<std::string> all;
    template <typename... P>
    explicit Names(PenaltyList<P...>) : all{P::name...} {}
};

}  // namespace

TEST_SUITE_BEGIN("penalty");

TEST_CASE("every penalty of the registry has a row in the table") {
    std::set<std::string> rows;
    for (const auto& row : test::penalty_cases()) rows.insert(row.name);
    CHECK(rows == Names(Penalties{}).all);
}

TEST_CASE("the prox is the minimum that a search finds, and stationary") {
    Random random(1);
    for_each_penalty([&](const auto& penalty) {
        for (const double step : {0.3, 1.0, 2.5}) {
            std::vector<double> v = random.normals(p), at(p), g(p), rest(p);
            for (double& x : v) x *= 2.0;
            penalty.prox(v, step, lambda, at);
            // SLOPE with factors has its prox in their metric.
            std::vector<double> metric(p, 1.0);
            if constexpr (requires { penalty.metric(0); }) {
                for (std::size_t j = 0; j < p; ++j) metric[j] = penalty.metric(j);
            }
            const auto objective = [&](ConstVector b) {
                double total = value_at(penalty, b);
                for (std::size_t j = 0; j < p; ++j) {
                    total += metric[j] * (b[j] - v[j]) * (b[j] - v[j]) / (2.0 * step);
                }
                return total;
            };
            const double best = objective(at);
            CHECK(std::isfinite(best));
            CHECK(best <= lowest_around(objective, at, random) + 1e-12);
            for (std::size_t j = 0; j < p; ++j) g[j] = metric[j] * (v[j] - at[j]) / step;
            penalty.least_residual(g, at, lambda, rest);
            CHECK(length(rest) < 1e-6);
        }
    });
}

TEST_CASE("the least residual is where an infinitely short proximal step leads") {
    Random random(2);
    for_each_penalty([&](const auto& penalty) {
        if constexpr (requires { penalty.metric(0); }) {
            for (std::size_t j = 0; j < p; ++j) {
                if (penalty.metric(j) != 1.0) return;
            }
        }
        for (int repeat = 0; repeat < 20; ++repeat) {
            std::vector<double> beta = random.normals(p), g = random.normals(p), next(p), rest(p);
            if (repeat % 2 == 0) beta[1] = beta[2] = 0.0;
            if (repeat % 4 == 0) std::fill(beta.begin(), beta.end(), 0.0);
            if (repeat % 5 == 0) beta[3] = -beta[0];
            penalty.prox(std::vector<double>(beta), 0.0, lambda, beta);  // into the domain
            if (!std::isfinite(value_at(penalty, beta))) continue;
            penalty.least_residual(g, beta, lambda, rest);
            constexpr double step = 1e-7;
            std::vector<double> moved(p);
            for (std::size_t j = 0; j < p; ++j) moved[j] = beta[j] + step * g[j];
            penalty.prox(moved, step, lambda, next);
            for (std::size_t j = 0; j < p; ++j) {
                CHECK(rest[j] ==
                      doctest::Approx((beta[j] - next[j]) / step).epsilon(1e-4).scale(0.1));
            }
        }
    });
}

TEST_CASE("lambda_max is where zero becomes stationary") {
    Random random(3);
    for_each_penalty([&](const auto& penalty) {
        const std::vector<double> zero(p, 0.0), g = dual_point(penalty, random);
        const double largest = penalty.lambda_max(g);
        if (std::isinf(largest) || largest == 0.0) return;
        std::vector<double> rest(p);
        penalty.least_residual(g, zero, largest * (1.0 + 1e-10), rest);
        CHECK(length(rest) == 0.0);
        penalty.least_residual(g, zero, 0.99 * largest, rest);
        CHECK(length(rest) > 0.0);
    });
}

TEST_CASE("the dual side bounds the penalty from below") {
    Random random(4);
    for_each_penalty([&](const auto& penalty) {
        for (int repeat = 0; repeat < 30; ++repeat) {
            const std::vector<double> g = dual_point(penalty, random);
            std::vector<double> beta = random.normals(p);
            penalty.prox(std::vector<double>(beta), 0.3, lambda, beta);
            const double value = penalty.value(beta, lambda);
            REQUIRE(std::isfinite(value));
            // Fenchel and Young: P(b) + P*(s g) >= s g'b, at every s that the penalty allows.
            const double s = penalty.dual_scale(g, beta, lambda);
            CHECK((s >= 0.0 && s <= 1.0));
            const double product = test::inner_product(g, beta);
            CHECK(value + penalty.dual_value(s, g, beta, lambda) >= s * product - 1e-12);
            CHECK(value + penalty.conjugate(g, lambda) >= product - 1e-12);
            std::vector<double> scaled = g;
            for (double& x : scaled) x *= s * (1.0 - 1e-12);
            CHECK(penalty.dual_value(s, g, beta, lambda) >=
                  penalty.conjugate(scaled, lambda) - 1e-9);
        }
    });
}

TEST_CASE("a penalty of blocks: what blocks say adds up to the whole") {
    Random random(5);
    for_each_penalty([&](const auto& penalty) {
        if constexpr (BlockPenalty<std::remove_cvref_t<decltype(penalty)>>) {
            std::vector<double> beta = random.normals(p), d = random.normals(p);
            penalty.prox(std::vector<double>(beta), 0.0, lambda, beta);
            for (std::size_t k = 0; k < penalty.n_blocks(); ++k) {
                std::vector<double> b, step, before(p, 0.0), after(p, 0.0);
                for (const std::size_t c : penalty.block(k)) {
                    b.push_back(beta[c]);
                    step.push_back(0.1 * d[c]);
                    before[c] = beta[c];
                    after[c] = beta[c] + 0.1 * d[c];
                }
                const double change = penalty.block_change(k, b, step, lambda);
                const double direct = penalty.value(after, lambda) - penalty.value(before, lambda);
                if (!std::isfinite(direct)) {
                    CHECK(change == infinity);
                    CHECK(penalty.block_reach(k, b, step) < 1.0);
                    continue;
                }
                CHECK(change == doctest::Approx(direct).epsilon(1e-12));
                CHECK(penalty.block_reach(k, b, step) == 1.0);
                if (penalty.block_kinked(k, 0, b, lambda)) continue;
                // Slope and curvature by differences of the change.
                constexpr double h = 1e-4;
                std::vector<double> slope(b.size(), 0.0), bend(b.size(), 0.0), up(step), down(step);
                penalty.add_block_slope(k, b, lambda, 1.0, slope);
                penalty.add_block_curvature(k, b, step, lambda, bend);
                for (std::size_t i = 0; i < b.size(); ++i) {
                    up[i] = h * step[i];
                    down[i] = -h * step[i];
                }
                const double rise = penalty.block_change(k, b, up, lambda);
                const double fall = penalty.block_change(k, b, down, lambda);
                if (!std::isfinite(rise) || !std::isfinite(fall)) continue;
                CHECK((rise - fall) / (2.0 * h) ==
                      doctest::Approx(test::inner_product(slope, step)).epsilon(1e-6));
                CHECK((rise + fall) / (h * h) ==
                      doctest::Approx(test::inner_product(bend, step)).epsilon(1e-4).scale(1e-3));
            }
        }
    });
}

TEST_CASE("inputs that describe no penalty are refused by name") {
    const auto refused = [](PenaltyInput input, const std::string& argument) {
        try {
            with_penalty(input, [](const auto&) {});
        } catch (const InvalidArgument& error) {
            CHECK(error.fields().argument == argument);
            CHECK_FALSE(error.fields().remedy.empty());
            return;
        }
        FAIL("taken: " << input.name);
    };
    const auto named = [](const std::string& name) {
        PenaltyInput input = test::penalty_by_name(name);
        input.features = 3;
        return input;
    };
    refused(named("no such penalty"), "penalty");
    refused(named("elasticnet"), "penalty");
    PenaltyInput input = named("l1");
    input.parameters = {0.5};
    refused(input, "penalty");
    refused(named("group_lasso"), "groups");
    input = named("group_lasso");
    input.groups = {0, 1, 7};
    refused(input, "groups[2]");
    input.groups = {0, 0, 1};
    input.weights = {1.0};
    refused(input, "weights");
    input.weights = {1.0, -1.0};
    refused(input, "weights");
    input.weights = {};
    input.factors = {1.0, 2.0, 1.0};
    refused(input, "penalty_factor[1]");
    input.factors = {};
    input.lower = {0.0, -1.0, 0.0};
    refused(input, "lower");
    input.lower = {0.0, 0.0, 0.0};
    input.upper = {infinity, 1.0, infinity};
    refused(input, "upper");
    refused(named("slope"), "weights");
    input = named("slope");
    input.weights = {1.0, 0.5, 0.6};
    refused(input, "weights[2]");
    input.weights = {0.0, 0.0, 0.0};
    refused(input, "weights[0]");
    input.weights = {1.0, 0.5, 0.5};
    input.lower = {0.0, 0.0, 0.0};
    refused(input, "lower");
    input = named("row_group");
    input.lower = {0.0, 0.0, 0.0};
    refused(input, "lower");
}

TEST_CASE("the values by hand: groups of several features, sorted magnitudes") {
    PenaltyInput input = test::penalty_by_name("group_lasso");
    input.features = 4;
    input.groups = {1, 0, 1, 1};
    const std::vector<double> beta{3.0, -2.0, 4.0, 0.0};
    CHECK(GroupLasso(input).value(beta, 0.5) ==
          doctest::Approx(0.5 * (2.0 + std::sqrt(3.0) * 5.0)));
    // A column that carries no coefficient counts in the size of its group, and is never moved.
    input.usable = {1, 1, 1, 0};
    const GroupLasso without(input);
    CHECK(without.block(1).size() == 2);
    CHECK(without.threshold(1, 1.0) == std::sqrt(3.0));
    CHECK(Slope({1.0, 0.5, 0.25, 0.0}, {1.0, 2.0, 1.0, 1.0}).value(beta, 2.0) ==
          doctest::Approx(2.0 * (4.0 + 0.5 * 4.0 + 0.25 * 3.0)));
}

TEST_SUITE_END();
