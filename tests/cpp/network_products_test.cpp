// Products that skip zeros: the lists of nonzeros, the products on them, and a layer's three
// products, which skip zeros or not.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/crew.hpp"
#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/vectors.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/kernels/nonzeros.hpp"
#include "shrinkage/nn/kernels/sparse_product.hpp"
#include "shrinkage/nn/step/layer_products.hpp"

using namespace shrinkage;

namespace {

/// A matrix in padded rows, so many of its numbers not zero, the padding zero.
template <typename T>
struct Matrix {
    Matrix(std::size_t n_rows, std::size_t n_cols, double density, unsigned seed)
        : rows(n_rows), cols(n_cols), stride(padded<T>(n_cols)), values(n_rows * stride, T{0}) {
        std::mt19937 generator(seed);
        std::normal_distribution<double> normal;
        std::bernoulli_distribution kept(density);
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < cols; ++j) {
                if (kept(generator)) values[i * stride + j] = static_cast<T>(normal(generator));
            }
        }
    }
    double at(std::size_t i, std::size_t j) const {
        return static_cast<double>(values[i * stride + j]);
    }

    std::size_t rows, cols, stride;
    Aligned<T> values;
};

template <typename T>
void list_all(Nonzeros<T>& nonzeros, const Factor<T>& factor) {
    nonzeros.reserve(factor.rows, factor.sums);
    nonzeros.start(factor);
    for (std::size_t task = 0; task < nonzeros.n_tasks(); ++task) nonzeros.collect(task);
}

template <typename T>
constexpr double tolerance = sizeof(T) == 4 ? 1e-4 : 1e-12;

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE_TEMPLATE("transposes of squares, blocks and scattered rows", T, float, double) {
    const Matrix<T> in(37, 48, 1.0, 1);
    Aligned<T> out(48 * 48, T{7});
    transpose(in.values.data(), in.rows, in.stride, out.data(), 48);
    std::vector<const T*> rows;
    for (std::size_t k = 0; k < lanes_of<T>; ++k) rows.push_back(&in.values[(36 - k) * in.stride]);
    Aligned<T> line(48 * lanes_of<T>);
    const std::size_t done = transpose_line(rows.data(), 47, lanes_of<T>, line.data());
    CHECK(done > 47 - lanes_of<T>);
    CHECK(done <= 47);
    bool same = true;
    for (std::size_t j = 0; j < 48; ++j) {
        for (std::size_t i = 0; i < 48; ++i) {
            same &= static_cast<double>(out[j * 48 + i]) == (i < in.rows ? in.at(i, j) : 7.0);
        }
        for (std::size_t k = 0; k < lanes_of<T> && j < done; ++k) {
            same &= static_cast<double>(line[j * lanes_of<T> + k]) == in.at(36 - k, j);
        }
    }
    CHECK(same);
    using V = typename VectorOf<T, 16>::type;
    constexpr std::size_t width = 16 / sizeof(T);
    V square[width];
    for (std::size_t i = 0; i < width; ++i) square[i] = V{} + static_cast<T>(i);
    transpose_square(square);
    for (std::size_t i = 0; i < width; ++i) CHECK(square[0][i] == static_cast<T>(i));
}

TEST_CASE_TEMPLATE("lists hold the nonzeros of a matrix, in order", T, float, double) {
    Nonzeros<T> nonzeros;
    for (const std::size_t rows : {1, 16, 37}) {
        for (const std::size_t sums : {1, 20, 128, 300}) {
            for (const bool transposed : {false, true}) {
                Matrix<T> in(transposed ? sums : rows, transposed ? rows : sums, 0.4, 2);
                in.values[0] = std::numeric_limits<T>::quiet_NaN();  // is not zero
                list_all(nonzeros, {in.values.data(), in.stride, transposed, rows, sums});
                CHECK(nonzeros.first_sum(nonzeros.n_blocks()) == sums);
                std::size_t total = 0;
                bool same = true;
                for (std::size_t b = 0; b < nonzeros.n_blocks(); ++b) {
                    for (std::size_t r = 0; r < rows; ++r) {
                        const auto list = nonzeros.list(b, r);
                        std::size_t k = 0;
                        for (std::size_t s = nonzeros.first_sum(b); s < nonzeros.first_sum(b + 1);
                             ++s) {
                            const T x =
                                in.values[transposed ? s * in.stride + r : r * in.stride + s];
                            if (x == T{0}) continue;
                            same &=
                                k < list.count && (list.values[k] == x || std::isnan(x)) &&
                                list.places[k] == (s - nonzeros.first_sum(b)) * Nonzeros<T>::pitch;
                            ++k;
                        }
                        same &= k == list.count;
                        total += k;
                    }
                }
                CHECK(same);
                CHECK(total == count_nonzeros<T>(std::span<const T>(in.values)));
            }
        }
    }
}

TEST_CASE_TEMPLATE("products that skip zeros, in every shape and orientation", T, float, double) {
    Nonzeros<T> nonzeros;
    for (const std::size_t rows : {16, 150}) {
        for (const std::size_t cols : {1, 10, 75, 200}) {
            for (const std::size_t sums : {3, 130}) {
                for (const bool v_transposed : {false, true}) {
                    for (const bool c_transposed : {false, true}) {
                        const Matrix<T> left(rows, sums, 0.3, 1);
                        const Matrix<T> v(v_transposed ? cols : sums, v_transposed ? sums : cols,
                                          1.0, 2);
                        Matrix<T> c(c_transposed ? cols : rows, c_transposed ? rows : cols, 1.0, 3);
                        const Matrix<T> start(1, cols, 1.0, 4);
                        list_all(nonzeros, {left.values.data(), left.stride, false, rows, sums});
                        const SparseProduct<T> product{
                            &nonzeros,
                            rows,
                            cols,
                            v.values.data(),
                            v.stride,
                            v_transposed,
                            c.values.data(),
                            c.stride,
                            c_transposed,
                            v_transposed ? nullptr : start.values.data()};
                        for (std::size_t t = 0; t < product.n_tasks(); ++t) multiply(product, t);
                        double worst = 0.0;
                        for (std::size_t i = 0; i < rows; ++i) {
                            for (std::size_t j = 0; j < cols; ++j) {
                                double expected = v_transposed ? 0.0 : start.at(0, j);
                                for (std::size_t s = 0; s < sums; ++s) {
                                    expected +=
                                        left.at(i, s) * (v_transposed ? v.at(j, s) : v.at(s, j));
                                }
                                const double got = c_transposed ? c.at(j, i) : c.at(i, j);
                                worst = std::max(worst, std::abs(expected - got));
                            }
                        }
                        CHECK(worst < tolerance<T>);
                        for (std::size_t i = 0; i < c.rows; ++i) {
                            for (std::size_t j = c.cols; j < c.stride; ++j)
                                REQUIRE(c.at(i, j) == 0);
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE_TEMPLATE("a layer's products, with and without zeros, on any number of threads", T, float,
                   double) {
    Crew crew(2);
    for (const std::size_t inputs : {13, 150}) {
        for (const std::size_t units : {10, 90}) {
            for (const std::size_t n : {100, 300}) {
                for (const double density : {0.2, 1.0}) {
                    const Matrix<T> w(inputs, units, 1.0, 1), b(1, units, 1.0, 2);
                    const Matrix<T> in(inputs, n, density, 3), deltas(units, n, density * 0.9, 4);
                    DenseLayer layer{inputs, units, w.stride, 0, 0};
                    layer.biases = layer.n_weights();
                    Aligned<T> parameters = w.values;
                    parameters.insert(parameters.end(), b.values.begin(), b.values.end());
                    const auto signals = [](const Matrix<T>& m) {
                        return Signals<T>{m.values.data(),
                                          count_nonzeros<T>(std::span<const T>(m.values))};
                    };
                    std::vector<Aligned<T>> results;
                    for (const std::size_t threads : {1, 2}) {
                        const Context context{threads, nullptr, threads > 1 ? &crew : nullptr};
                        LayerProducts<T> products;
                        products.reserve(std::max(inputs, units), n);
                        products.use(n, in.stride);
                        Aligned<T> sums(units * in.stride), by_inputs(inputs * in.stride);
                        Aligned<T> gradient(parameters.size(), T{7});
                        products.forward(layer, parameters.data(), signals(in), sums.data(),
                                         context);
                        products.backward(layer, parameters.data(), signals(deltas),
                                          by_inputs.data(), context);
                        products.gradient(layer, signals(in), signals(deltas), gradient.data(), {},
                                          context);
                        Aligned<T> taken(parameters.size(), T{7});
                        products.gradient(
                            layer, signals(in), signals(deltas), gradient.data(),
                            [&](const GradientTile<T>& tile) {
                                for (std::size_t r = 0; r < tile.rows; ++r) {
                                    std::copy_n(tile.values + r * tile.stride, tile.cols,
                                                taken.data() + tile.offset + r * layer.stride);
                                }
                            },
                            context);
                        CHECK(taken == gradient);
                        for (auto* part : {&sums, &by_inputs, &gradient}) results.push_back(*part);
                    }
                    for (std::size_t k = 0; k < 3; ++k) CHECK(results[k] == results[k + 3]);
                    double worst = 0.0;
                    for (std::size_t j = 0; j < n; ++j) {
                        for (std::size_t u = 0; u < units; ++u) {
                            double expected = b.at(0, u);
                            for (std::size_t i = 0; i < inputs; ++i) {
                                expected += w.at(i, u) * in.at(i, j);
                            }
                            const auto got = static_cast<double>(results[0][u * in.stride + j]);
                            worst = std::max(worst, std::abs(expected - got));
                        }
                    }
                    CHECK(worst < tolerance<T>);
                    worst = 0.0;
                    for (std::size_t i = 0; i < inputs; ++i) {
                        for (std::size_t j = 0; j < n; ++j) {
                            double expected = 0.0;
                            for (std::size_t u = 0; u < units; ++u) {
                                expected += w.at(i, u) * deltas.at(u, j);
                            }
                            const auto got = static_cast<double>(results[1][i * in.stride + j]);
                            worst = std::max(worst, std::abs(expected - got));
                        }
                        for (std::size_t u = 0; u < w.stride; ++u) {
                            double expected = 0.0;
                            for (std::size_t j = 0; j < n && u < units; ++j) {
                                expected += in.at(i, j) * deltas.at(u, j);
                            }
                            const auto got = static_cast<double>(results[2][i * w.stride + u]);
                            worst = std::max(worst, std::abs(expected - got));
                        }
                    }
                    CHECK(worst < tolerance<T>);
                }
            }
        }
    }
}

TEST_SUITE_END();
