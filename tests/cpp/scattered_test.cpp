#include "shrinkage/linalg/scattered.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/base/simd/cpu.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

TEST_SUITE_BEGIN("linalg");

TEST_CASE("kernels on scattered columns at every remainder of rows and columns") {
    Random random(3);
    for (const std::size_t rows : {1, 3, 8, 15, 16, 33, 511, 512, 1030}) {
        const Matrix x = Matrix::random(rows, 11, random), packed = Matrix::random(rows, 6, random);
        const std::vector<double> v = random.normals(rows);
        for (const std::size_t count : {0, 1, 4, 5, 11}) {
            CAPTURE(rows);
            CAPTURE(count);
            std::vector<const double*> columns;
            for (std::size_t k = 0; k < count; ++k)
                columns.push_back(x.view().column((7 * k) % 11).data());
            std::vector<double> coefs = random.normals(count), dots(count), expected(count);
            std::vector<double> y = v, sum_of = v;
            Matrix out(count + 1, 6, 1.0), products(count + 1, 6, 1.0);
            for (std::size_t k = 0; k < count; ++k) {
                for (std::size_t i = 0; i < rows; ++i) {
                    expected[k] += columns[k][i] * v[i];
                    sum_of[i] += coefs[k] * columns[k][i];
                    for (std::size_t l = 0; l < 6; ++l)
                        products(k, l) += columns[k][i] * packed(i, l);
                }
            }
            column_dots(columns, v, dots);
            add_scaled_columns(columns, coefs, y);
            if (count > 0) {
                add_column_dots(columns, packed.view(), {out.data.data(), count, 6, count + 1});
            }
            CHECK(test::largest_difference(dots, expected) <= 1e-11);
            CHECK(test::largest_difference(y, sum_of) <= 1e-13);
            CHECK(test::largest_difference(out.data, products.data) <= 1e-11);
        }
    }
}

TEST_CASE("the instructions in force are among those of the processor") {
    CHECK(simd() == detect_simd());
}

TEST_SUITE_END();
