#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/linalg/dense.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

TEST_SUITE_BEGIN("linalg");

TEST_CASE("dot and axpy on both sides of the length at which BLAS takes over") {
    Random random(1);
    for (const std::size_t n : {0, 1, 23, 24, 25, 301}) {
        CAPTURE(n);
        const std::vector<double> x = random.normals(n), y = random.normals(n);
        double expected = 0.0;
        for (std::size_t i = 0; i < n; ++i) expected += x[i] * y[i];
        CHECK(dot(x, y) == doctest::Approx(expected).epsilon(1e-13));
        std::vector<double> out = y, sum_of(n);
        axpy(-0.75, x, out);
        for (std::size_t i = 0; i < n; ++i) sum_of[i] = y[i] - 0.75 * x[i];
        CHECK(test::largest_difference(out, sum_of) <= 1e-14);
    }
}

TEST_CASE("products of views whose stride exceeds their rows") {
    Random random(2);
    const Matrix big = Matrix::random(9, 7, random), other = Matrix::random(6, 4, random);
    const ConstMatrixView a{big.data.data() + 2, 6, 7, 9};  // rows 2 to 7 of big
    const std::vector<double> v = random.normals(6);

    std::vector<double> product(7,
                                std::numeric_limits<double>::quiet_NaN());  // is written, not read
    multiply_transposed(a, v, product);
    Matrix cross(8, 4, 1.0);
    const MatrixView c{cross.data.data(), 7, 4, 8};
    add_cross_product(a, other.view(), c);
    for (std::size_t k = 0; k < 7; ++k) {
        CHECK(product[k] == doctest::Approx(test::inner_product(a.column(k), v)));
        for (std::size_t l = 0; l < 4; ++l) {
            const double expected = test::inner_product(a.column(k), other.view().column(l));
            CHECK(c(k, l) == doctest::Approx(1.0 + expected));
        }
    }
    for (std::size_t l = 0; l < 4; ++l) CHECK(cross(7, l) == 1.0);  // beyond the view
}

TEST_CASE("outer products are subtracted, triangles divided out from the right") {
    Random random(4);
    const Matrix a = Matrix::random(7, 3, random), b = Matrix::random(5, 3, random);
    Matrix c(7, 5, 1.0);
    subtract_outer_product(a.view(), b.view(), c.mutable_view());
    subtract_outer_product({a.data.data(), 7, 0, 7}, {b.data.data(), 5, 0, 5}, c.mutable_view());
    for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 5; ++j) {
            double expected = 1.0;
            for (std::size_t k = 0; k < 3; ++k) expected -= a(i, k) * b(j, k);
            CHECK(c(i, j) == doctest::Approx(expected));
        }
    }
    Matrix l = Matrix::random(3, 3, random);  // its upper triangle is not to be read
    for (std::size_t k = 0; k < 3; ++k) l(k, k) = 2.0 + std::abs(l(k, k));
    Matrix x = a;
    solve_right_transposed(l.view(), x.mutable_view());
    for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            double back = 0.0;
            for (std::size_t k = 0; k <= j; ++k) back += x(i, k) * l(j, k);
            CHECK(back == doctest::Approx(a(i, j)));
        }
    }
    solve_right_transposed(l.view(), {x.data.data(), 0, 3, 7});
}

TEST_CASE("a product with no rows is zero") {
    std::vector<double> out{3.0, 4.0};
    multiply_transposed({nullptr, 0, 2, 1}, {}, out);
    CHECK(out == std::vector<double>{0.0, 0.0});
}

TEST_CASE("add_gram adds to the lower triangle, mirror_lower completes it") {
    Random random(3);
    for (const std::size_t rows : {1, 7, 8, 11, 1030, 2056}) {
        for (const std::size_t cols : {1, 4, 5, 6, 13, 24}) {
            CAPTURE(rows);
            CAPTURE(cols);
            const Matrix a = Matrix::random(rows, cols, random);
            Matrix c(cols, cols, 2.0);
            add_gram(a.view(), c.mutable_view());
            for (std::size_t l = 0; l < cols; ++l) {
                for (std::size_t k = 0; k < cols; ++k) {
                    const double product =
                        test::inner_product(a.view().column(k), a.view().column(l));
                    CHECK(c(k, l) == doctest::Approx(k >= l ? 2.0 + product : 2.0).epsilon(1e-12));
                }
            }
            mirror_lower(c.mutable_view());
            for (std::size_t l = 0; l < cols; ++l) {
                for (std::size_t k = 0; k < cols; ++k) CHECK(c(k, l) == c(l, k));
            }
        }
    }
}

TEST_CASE("add_gram leaves what lies between the columns of a part of a matrix alone") {
    Random random(4);
    const Matrix a = Matrix::random(40, 9, random);
    Matrix c(12, 9, 1.0);
    add_gram(a.view(), {c.data.data(), 9, 9, 12});
    for (std::size_t l = 0; l < 9; ++l) {
        for (std::size_t k = 9; k < 12; ++k) CHECK(c(k, l) == 1.0);
    }
}

TEST_CASE("sum is pairwise: its error does not grow with the length") {
    for (const std::size_t n : {0, 1, 127, 128, 129, 1000}) {
        std::vector<double> x(n);
        for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<double>(i);
        CHECK(sum(x) == 0.5 * static_cast<double>(n) * (static_cast<double>(n) - 1.0));
    }
    const std::vector<double> tenths(1000000, 0.1);  // a running total is off by 1e-6
    CHECK(std::abs(sum(tenths) - 100000.0) < 1e-9);
}

TEST_SUITE_END();
