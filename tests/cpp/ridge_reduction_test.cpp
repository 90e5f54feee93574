#include "shrinkage/path/ridge_reduction.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

struct Example {
    Matrix raw;
    std::vector<double> weights, factors;
    DenseDesign x;
    Matrix columns;

    Example(std::size_t n, std::size_t p, std::uint64_t seed) : Example(n, p, Random(seed)) {}

private:
    Example(std::size_t n, std::size_t p, Random random)
        : raw(Matrix::random(n, p, random)),
          weights(test::random_weights(n, random)),
          factors(p),
          x(raw.view(), describe_columns(raw.view(), weights, true, true, alone)),
          columns(test::penalized_columns(x, raw.view())) {
        for (double& f : factors) f = 0.2 + random.uniform();
    }
};

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("Z Z' is the kernel, and Z has the rank of the centred columns") {
    const Example e(20, 70, 1);
    const RidgeReduction reduction(e.x, e.factors, alone);
    const ConstMatrixView z = reduction.z();
    CHECK(z.rows == 20);
    CHECK(z.cols == 19);  // centring takes one dimension
    double worst = 0.0;
    for (std::size_t i = 0; i < 20; ++i) {
        for (std::size_t k = 0; k < 20; ++k) {
            double kernel = 0.0, product = 0.0;
            for (std::size_t j = 0; j < 70; ++j) {
                kernel += e.columns(i, j) * e.columns(k, j) / e.factors[j];
            }
            for (std::size_t l = 0; l < z.cols; ++l) product += z(i, l) * z(k, l);
            worst = std::max(worst, std::abs(kernel - product));
        }
    }
    CHECK(worst <= 1e-9);
}

TEST_CASE("coefficients of Z become coefficients of X with the same fit and the same penalty") {
    const Example e(15, 40, 2);
    const RidgeReduction reduction(e.x, e.factors, alone);
    const ConstMatrixView z = reduction.z();
    Random random(3);
    const std::vector<double> c = random.normals(z.cols);
    std::vector<double> beta(40);
    reduction.expand(c, alone, beta);
    const auto eta = test::linear_predictor(e.columns, beta, 0.0);
    double penalty = 0.0;
    for (std::size_t j = 0; j < 40; ++j) penalty += e.factors[j] * beta[j] * beta[j];
    CHECK(penalty == doctest::Approx(test::inner_product(c, c)).epsilon(1e-8));
    for (std::size_t i = 0; i < 15; ++i) {
        double expected = 0.0;
        for (std::size_t l = 0; l < z.cols; ++l) expected += z(i, l) * c[l];
        CHECK(eta[i] == doctest::Approx(expected).epsilon(1e-8).scale(1.0));
    }
}

TEST_CASE("repeated rows and a constant column lower the rank") {
    Example e(12, 30, 4);
    for (std::size_t j = 0; j < 30; ++j) {
        for (std::size_t i = 6; i < 12; ++i) e.raw(i, j) = e.raw(i - 6, j);
        e.raw(3, j) = e.raw(9, j) = e.raw(2, j);
    }
    for (double& v : e.raw.column(7)) v = 2.0;
    const DenseDesign x(e.raw.view(), describe_columns(e.raw.view(), e.weights, true, true, alone));
    const RidgeReduction reduction(x, e.factors, alone);
    CHECK(reduction.z().cols == 4);  // five different rows, centred
    std::vector<double> beta(30, 1.0);
    reduction.expand(std::vector<double>(4, 1.0), alone, beta);
    CHECK(beta[7] == 0.0);
}

TEST_CASE("a design without any spread has rank zero") {
    Matrix constant(5, 9, 3.0);
    const std::vector<double> w(5, 0.2), factors(9, 1.0);
    const DenseDesign x(constant.view(), describe_columns(constant.view(), w, true, true, alone));
    const RidgeReduction reduction(x, factors, alone);
    CHECK(reduction.z().cols == 0);
    std::vector<double> beta(9, 1.0);
    reduction.expand({}, alone, beta);
    CHECK(beta == std::vector<double>(9, 0.0));
}

TEST_SUITE_END();
