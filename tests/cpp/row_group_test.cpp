// The penalty on rows: its prox, its conjugate, what counts as stationary.
#include "shrinkage/penalty/block/row_group.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace shrinkage;
using shrinkage::test::Random;

namespace {

constexpr std::size_t p = 4, outputs = 3;
const RowGroup penalty({1.0, 2.0, 0.0, 0.5}, outputs);

double distance(ConstVector g, ConstVector beta, double lambda) {
    std::vector<double> rest(g.size());
    penalty.least_residual(g, beta, lambda, rest);
    return std::sqrt(test::inner_product(rest, rest));
}

}  // namespace

TEST_SUITE_BEGIN("penalty");

TEST_CASE("row group: rows of a matrix stored output by output") {
    CHECK(penalty.n_blocks() == p);
    const auto block = penalty.block(1);
    CHECK(std::vector<std::size_t>(block.begin(), block.end()) ==
          std::vector<std::size_t>{1, 5, 9});
    std::vector<double> beta(p * outputs, 0.0);
    beta[1] = 3.0;
    beta[5] = 4.0;
    beta[2] = 100.0;  // a factor of zero
    CHECK(penalty.value(beta, 0.5) == 0.5 * 2.0 * 5.0);
}

TEST_CASE("row group: the residual of a prox is a subgradient, and no point does better") {
    Random random(1);
    for (int repeat = 0; repeat < 20; ++repeat) {
        const double lambda = 0.7, step = 0.4;
        const std::vector<double> v = random.normals(p * outputs);
        std::vector<double> at(v.size()), g(v.size());
        penalty.prox(v, step, lambda, at);
        for (std::size_t c = 0; c < v.size(); ++c) g[c] = (v[c] - at[c]) / step;
        CHECK(distance(g, at, lambda) < 1e-13);
        const auto objective = [&](ConstVector b) {
            double total = penalty.value(b, lambda);
            for (std::size_t c = 0; c < v.size(); ++c) {
                total += (b[c] - v[c]) * (b[c] - v[c]) / (2.0 * step);
            }
            return total;
        };
        for (int trial = 0; trial < 20; ++trial) {
            std::vector<double> other = at;
            for (double& b : other) b += 0.1 * random.normal();
            CHECK(objective(other) >= objective(at));
        }
        std::vector<double> part, out(outputs);
        for (const std::size_t c : penalty.block(3)) part.push_back(v[c]);
        penalty.block_prox(3, part, step, lambda, out);
        CHECK(out[2] == at[penalty.block(3)[2]]);
    }
}

TEST_CASE("row group: lambda_max, the dual scale and the conjugate belong together") {
    Random random(2);
    std::vector<double> g = random.normals(p * outputs);
    for (const std::size_t c : penalty.block(2)) g[c] = 0.0;  // free rows are stationary
    const std::vector<double> zero(g.size(), 0.0);
    const double largest = penalty.lambda_max(g);
    CHECK(distance(g, zero, largest) < 1e-14);
    CHECK(distance(g, zero, 0.99 * largest) > 0.0);
    CHECK(penalty.conjugate(g, 1.001 * largest) == 0.0);
    CHECK(std::isinf(penalty.conjugate(g, 0.999 * largest)));
    const double s = penalty.dual_scale(g, zero, 0.5 * largest);
    CHECK(s == doctest::Approx(0.5));
    for (double& x : g) x *= s;
    CHECK(penalty.conjugate(g, 0.5 * largest * (1.0 + 1e-14)) == 0.0);
    CHECK(penalty.dual_scale(zero, zero, 1.0) == 1.0);
    CHECK(penalty.is_free(2, 1.0));
    CHECK_FALSE(penalty.is_free(1, 1.0));
    CHECK(penalty.is_free(1, 0.0));
}

TEST_SUITE_END();
