#include "shrinkage/path/grid.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// The largest eigenvalue of X' diag(w) X by many steps of the power method.
double by_power_method(const Matrix& x, ConstVector w) {
    std::vector<double> v(x.cols), image(x.rows);
    for (std::size_t j = 0; j < x.cols; ++j) v[j] = 1.0 + 0.1 * static_cast<double>(j % 7);
    double value = 0.0;
    for (int step = 0; step < 20000; ++step) {
        for (std::size_t i = 0; i < x.rows; ++i) {
            image[i] = 0.0;
            for (std::size_t j = 0; j < x.cols; ++j) image[i] += x(i, j) * v[j];
            image[i] *= w[i];
        }
        for (std::size_t j = 0; j < x.cols; ++j)
            v[j] = test::inner_product(x.view().column(j), image);
        value = std::sqrt(test::inner_product(v, v));
        if (value == 0.0) return 0.0;
        for (double& entry : v) entry /= value;
    }
    return value;
}

}  // namespace

TEST_SUITE_BEGIN("path");

TEST_CASE("log_grid: exact ends, equal ratios") {
    const std::vector<double> grid = log_grid(0.3, 0.0003, 50);
    REQUIRE(grid.size() == 50);
    CHECK(grid.front() == 0.3);
    CHECK(grid.back() == 0.0003);
    for (std::size_t i = 1; i < 50; ++i) {
        CHECK(grid[i] < grid[i - 1]);
        CHECK(grid[i] / grid[i - 1] == doctest::Approx(std::pow(1e-3, 1.0 / 49.0)).epsilon(1e-12));
    }
    CHECK(log_grid(2.0, 0.1, 1) == std::vector<double>{2.0});
    CHECK(log_grid(2.0, 0.1, 2) == std::vector<double>{2.0, 0.1});
}

TEST_CASE("the largest eigenvalue is that of the power method") {
    struct Size {
        std::size_t n, p;
    };
    for (const Size size : {Size{30, 1}, {30, 2}, {30, 12}, {10, 35}, {2, 5}}) {
        CAPTURE(size.n);
        CAPTURE(size.p);
        Random random(size.n * 100 + size.p);
        const Matrix raw = Matrix::random(size.n, size.p, random);
        const std::vector<double> w = test::random_weights(size.n, random);
        const DenseDesign x(raw.view(), describe_columns(raw.view(), w, true, true, alone));
        const double expected = by_power_method(test::penalized_columns(x, raw.view()), w);
        CHECK(largest_eigenvalue(x, w, alone) == doctest::Approx(expected).epsilon(1e-8));
        const double many = largest_eigenvalue(x, w, Context{3, nullptr});
        CHECK(many == largest_eigenvalue(x, w, alone));
    }
}

TEST_CASE("eigenvalues that are known: equal columns, orthogonal columns, one factor, nothing") {
    const std::size_t n = 32, p = 8;
    Matrix equal(n, p), orthogonal(n, p);
    for (std::size_t j = 0; j < p; ++j) {
        for (std::size_t i = 0; i < n; ++i) {
            equal(i, j) = i % 2 == 0 ? 1.0 : -1.0;
            orthogonal(i, j) = i % p == j ? 3.0 : 0.0;
        }
    }
    const std::vector<double> w(n, 1.0 / n);
    CHECK(largest_eigenvalue(PlainDesign(equal), w, alone) == doctest::Approx(p).epsilon(1e-12));
    CHECK(largest_eigenvalue(PlainDesign(orthogonal), w, alone) ==
          doctest::Approx(9.0 / p).epsilon(1e-12));
    CHECK(largest_eigenvalue(PlainDesign(Matrix(n, p)), w, alone) == 0.0);
    const Matrix constant(n, p, 4.0);
    const DenseDesign unusable(constant.view(),
                               describe_columns(constant.view(), w, true, true, alone));
    CHECK(largest_eigenvalue(unusable, w, alone) == 0.0);
}

TEST_CASE("two almost equal eigenvalues, and a spectrum of ten orders") {
    const std::size_t n = 39;
    Matrix close(n, 3), wide(n, 11);
    for (std::size_t i = 0; i < n; ++i) {
        close(i, i % 3) = i % 3 == 0 ? 1.0 : (i % 3 == 1 ? 1.0 + 1e-9 : 0.5);
        if (i < 11) wide(i, i) = std::pow(10.0, -0.5 * static_cast<double>(i));
    }
    const std::vector<double> ones(n, 1.0);
    CHECK(largest_eigenvalue(PlainDesign(close), ones, alone) ==
          doctest::Approx(13.0).epsilon(1e-8));
    CHECK(largest_eigenvalue(PlainDesign(wide), ones, alone) ==
          doctest::Approx(1.0).epsilon(1e-10));
}

TEST_SUITE_END();
