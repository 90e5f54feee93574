#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/base/errors.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/design/design.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

namespace {

struct NoGram {
    std::size_t rows() const { return 1; }
    std::size_t cols() const { return 1; }
    bool usable(std::size_t) const { return true; }
    void transposed_product(ConstVector, const Context&, Vector) const {}
    double column_product(std::size_t, ConstVector) const { return 0.0; }
    void column_products(Indices, ConstVector, const Context&, Vector) const {}
    void add_columns(Indices, ConstVector, const Context&, Vector) const {}
};
static_assert(!Design<NoGram>, "a design has a Gram matrix");
static_assert(!Design<Matrix>, "a matrix is not yet a design");

constexpr Context alone{};

/// A design with means, spreads, zero weights and two constant columns among its p.
struct Example {
    Matrix x;
    std::vector<double> weights;
    DenseDesign design;
    PlainDesign plain;

    Example(std::size_t n, std::size_t p, std::uint64_t seed, bool intercept = true)
        : Example(make(n, p, seed), n, seed, intercept) {}

private:
    Example(Matrix m, std::size_t n, std::uint64_t seed, bool intercept)
        : x(std::move(m)),
          weights(make_weights(n, seed)),
          design(x.view(), describe_columns(x.view(), weights, intercept, true, alone)),
          plain(test::penalized_columns(design, x.view())) {}

    static Matrix make(std::size_t n, std::size_t p, std::uint64_t seed) {
        Random random(seed);
        Matrix m = Matrix::random(n, p, random);
        for (std::size_t j = 0; j < p; ++j) {
            const double spread = 0.1 + random.uniform(), mean = 3.0 * random.normal();
            for (double& v : m.column(j)) v = j % 37 == 5 ? 0.3 : mean + spread * v;
        }
        return m;
    }
    static std::vector<double> make_weights(std::size_t n, std::uint64_t seed) {
        Random random(seed + 1000);
        return test::random_weights(n, random, 7);
    }
};

Matrix gram_by(const auto& design, Indices a, Indices b, ConstVector d, std::size_t n_threads,
               double fill = 0.0) {
    Matrix out(a.size(), b.size(), fill);
    design.gram(a, b, d, Context{n_threads, nullptr}, out.mutable_view());
    return out;
}

}  // namespace

TEST_SUITE_BEGIN("design");

TEST_CASE("describe_columns: weighted means and 1/n deviations") {
    Random random(1);
    const std::size_t n = 501, p = 130;
    Matrix x = Matrix::random(n, p, random);
    for (std::size_t j = 0; j < p; ++j) {
        // A huge mean beside a spread of one: one pass would lose every digit.
        for (double& v : x.column(j)) v = j % 3 == 0 ? 1e8 + v : static_cast<double>(j) * v;
    }
    const std::vector<double> w = test::random_weights(n, random, 5);
    for (const std::size_t threads : {1, 2, 3}) {
        const Context context{threads, nullptr};
        const Columns both = describe_columns(x.view(), w, true, true, context);
        const Columns no_intercept = describe_columns(x.view(), w, false, true, context);
        for (std::size_t j = 1; j < p; ++j) {
            CAPTURE(j);
            long double mean = 0.0, variance = 0.0, total = 0.0;
            for (std::size_t i = 0; i < n; ++i) total += w[i];
            for (std::size_t i = 0; i < n; ++i)
                mean += w[i] * static_cast<long double>(x(i, j)) / total;
            for (std::size_t i = 0; i < n; ++i) {
                const long double c = x(i, j) - mean;
                variance += w[i] * c * c / total;
            }
            const double deviation = static_cast<double>(std::sqrt(variance));
            const double scale = std::abs(static_cast<double>(mean)) + deviation;
            CHECK(std::abs(both.centers[j] - static_cast<double>(mean)) <= 4e-15 * scale);
            CHECK(both.scales[j] == doctest::Approx(deviation).epsilon(1e-12));
            CHECK(both.usable[j] == 1);
            CHECK(no_intercept.centers[j] == 0.0);  // the deviation stays one about the mean
            CHECK(no_intercept.scales[j] == both.scales[j]);
        }
    }
}

TEST_CASE("describe_columns: what counts as constant and what becomes of it") {
    const std::vector<double> w{0.25, 0.25, 0.5, 0.0};
    Matrix x(4, 4);
    const double next = std::nextafter(1.0, 2.0);
    const std::vector<std::vector<double>> columns{
        {0.1, 0.1, 0.1, 0.1},    // constant
        {2.0, 2.0, 2.0, 9.0},    // constant where it counts
        {1.0, next, next, 1.0},  // a spread of rounding width
        {1.0, 2.0, 3.0, 4.0}};
    for (std::size_t j = 0; j < 4; ++j) std::copy_n(columns[j].begin(), 4, x.column(j).begin());
    for (const bool intercept : {true, false}) {
        for (const bool standardize : {true, false}) {
            CAPTURE(intercept);
            CAPTURE(standardize);
            const Columns c = describe_columns(x.view(), w, intercept, standardize, alone);
            for (std::size_t j = 0; j < 3; ++j) {
                CHECK(c.scales[j] == 1.0);
                CHECK((c.usable[j] != 0) == (!intercept && !standardize));
            }
            CHECK(c.usable[3] == 1);
            CHECK(c.centers[3] == (intercept ? doctest::Approx(2.25) : doctest::Approx(0.0)));
            CHECK(c.scales[3] == doctest::Approx(standardize ? std::sqrt(0.6875) : 1.0));
        }
    }
}

TEST_CASE("describe_columns: entries that are not finite are refused") {
    Random random(40);
    const std::vector<double> w(6, 1.0 / 6.0);
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double entry : {infinite, -infinite, std::nan("")}) {
        for (const bool all : {true, false}) {
            Matrix x = Matrix::random(6, 3, random);
            for (std::size_t i = 0; i < (all ? 6 : 1); ++i) x(i, 1) = entry;
            CHECK_THROWS_AS(describe_columns(x.view(), w, true, true, alone), InvalidArgument);
        }
    }
}

TEST_CASE("products equal those of the centred and scaled columns") {
    for (const bool intercept : {true, false}) {
        const Example e(150, 300, 2, intercept);
        Random random(3);
        const std::vector<double> v = random.normals(150);
        std::vector<double> expected(300), one(300), again(300);
        e.plain.transposed_product(v, alone, expected);
        e.design.transposed_product(v, alone, one);
        CHECK(test::largest_difference(one, expected) <= 1e-11);
        for (const std::size_t threads : {2, 3}) {
            e.design.transposed_product(v, Context{threads, nullptr}, again);
            CHECK(again == one);
        }
        for (const std::size_t j : {0, 5, 42, 127, 128, 299}) {
            CHECK(e.design.column_product(j, v) ==
                  doctest::Approx(expected[j]).scale(1.0).epsilon(1e-13));
        }
        const std::vector<std::size_t> columns{7, 5, 299, 7, 130};
        const std::vector<double> coefs{1.5, 2.0, -3.0, 0.25, 0.0};
        std::vector<double> sum_of = v, plain = v;
        e.design.add_columns(columns, coefs, alone, sum_of);
        e.plain.add_columns(columns, coefs, alone, plain);
        CHECK(test::largest_difference(sum_of, plain) <= 1e-11);
    }
}

TEST_CASE("one reading of X for several vectors") {
    const Example e(700, 300, 12);
    Random random(13);
    const Matrix v = Matrix::random(700, 6, random);
    Matrix expected(300, 6), one(300, 6, 5.0), again(300, 6);
    e.plain.transposed_products(v.view(), alone, expected.mutable_view());
    e.design.transposed_products(v.view(), alone, one.mutable_view());
    CHECK(test::largest_difference(one.data, expected.data) <= 1e-10);
    e.design.transposed_products(v.view(), Context{3, nullptr}, again.mutable_view());
    CHECK(again == one);
}

TEST_CASE("a sweep moves the predictors, visits their rows once and multiplies back") {
    for (const std::size_t n : {3, 130, 3001}) {
        const Example e(n, 60, 14);
        Random random(15);
        const std::vector<std::size_t> columns{7, 5, 59, 0, 31};
        Matrix coefs = Matrix::random(5, 3, random), start = Matrix::random(n, 3, random);
        coefs(2, 1) = 0.0;
        const std::vector<double> shifts = random.normals(3);
        const auto swept = [&](const auto& design, const Context& context, Matrix& eta) {
            Matrix v(n, 3), out(5, 3);
            std::vector<int> visits(n, 0);
            std::vector<double*> etas;
            std::vector<const double*> vs;
            for (std::size_t k = 0; k < 3; ++k) {
                etas.push_back(eta.column(k).data());
                vs.push_back(v.column(k).data());
            }
            const auto visit = [&](std::size_t, std::size_t first, std::size_t count) {
                for (std::size_t i = first; i < first + count; ++i) {
                    ++visits[i];
                    for (std::size_t k = 0; k < 3; ++k) v(i, k) = std::tanh(eta(i, k));
                }
            };
            design.sweep({columns, coefs.view(), shifts, etas, vs}, visit, context,
                         out.mutable_view());
            CHECK(visits == std::vector<int>(n, 1));
            return out;
        };
        Matrix eta = start, plain_eta = start, third = start;
        const Matrix out = swept(e.design, alone, eta), expected = swept(e.plain, alone, plain_eta);
        CHECK(test::largest_difference(eta.data, plain_eta.data) <= 1e-11);
        CHECK(test::largest_difference(out.data, expected.data) <= 1e-9);
        CHECK(swept(e.design, Context{3, nullptr}, third) == out);
        CHECK(third == eta);
    }
}

TEST_CASE("a Gram matrix brings the products with a vector along") {
    for (const bool as_they_are : {true, false}) {
        const Example e(5000, 40, 16);
        const DenseDesign raw(e.x.view(), plain_columns(40));
        const DenseDesign& design = as_they_are ? raw : e.design;
        const std::vector<std::size_t> all = test::all_below(40);
        const std::vector<double> d(5000, 2e-4);
        Random random(17);
        const std::vector<double> v = random.normals(5000);
        Matrix g(40, 40), expected(40, 40), again(40, 40);
        std::vector<double> products(40, 3.0), alike(40), third(40);
        design.gram_and_products(all, d, v, alone, g.mutable_view(), products);
        design.gram(all, all, d, alone, expected.mutable_view());
        design.column_products(all, v, alone, alike);
        CHECK(g == expected);
        CHECK(test::largest_difference(products, alike) <= 1e-10);
        design.gram_and_products(all, d, v, Context{3, nullptr}, again.mutable_view(), third);
        CHECK(again == g);
        CHECK(third == products);
    }
}

TEST_CASE("a column that is not usable has no part in anything") {
    const Example e(60, 50, 4);
    REQUIRE_FALSE(e.design.usable(5));
    Random random(5);
    const std::vector<double> v = random.normals(60);
    CHECK(e.design.column_product(5, v) == 0.0);
    std::vector<double> out = v;
    const std::size_t column[] = {5};
    const double coef[] = {10.0};
    e.design.add_columns(column, coef, alone, out);
    CHECK(out == v);
    const Matrix g = gram_by(e.design, test::all_below(50), column, e.weights, 1);
    for (const double entry : g.data) CHECK(entry == 0.0);
}

TEST_CASE("gram: sizes around the tiles and the packs of rows") {
    struct Size {
        std::size_t n, p;
    };
    for (const Size size :
         {Size{2, 3}, {511, 20}, {512, 191}, {513, 192}, {1030, 193}, {90, 400}}) {
        CAPTURE(size.n);
        CAPTURE(size.p);
        const Example e(size.n, size.p, 6);
        const std::vector<std::size_t> all = test::all_below(size.p);
        Random random(7);
        std::vector<double> d = test::random_weights(size.n, random, 4);
        const Matrix expected = gram_by(e.plain, all, all, d, 1);
        const Matrix one = gram_by(e.design, all, all, d, 1, -7.0);
        double worst = 0.0;
        bool upper_untouched = true;
        for (std::size_t l = 0; l < size.p; ++l) {
            for (std::size_t k = 0; k < size.p; ++k) {
                const bool same_tile_block = k / 192 == l / 192;
                if (k >= l) worst = std::max(worst, std::abs(one(k, l) - expected(k, l)));
                if (k < l && !same_tile_block)
                    upper_untouched = upper_untouched && one(k, l) == -7.0;
            }
        }
        CHECK(worst <= 1e-12);
        CHECK(upper_untouched);
        for (const std::size_t threads : {2, 3}) {
            CHECK(gram_by(e.design, all, all, d, threads, -7.0) == one);
        }
    }
}

TEST_CASE("gram: weights of any sign, most of them zero") {
    for (const std::size_t p : {20, 300}) {
        const Example e(1500, p, 9);
        const std::vector<std::size_t> all = test::all_below(p);
        Random random(10);
        for (const double zeros : {0.0, 0.9, 1.0}) {
            for (const bool signs : {true, false}) {
                CAPTURE(zeros);
                std::vector<double> d = random.normals(1500);
                for (double& weight : d) {
                    if (!signs) weight = std::abs(weight);
                    if (random.uniform() < zeros) weight = 0.0;
                }
                const Matrix expected = gram_by(e.plain, all, all, d, 1);
                const Matrix one = gram_by(e.design, all, all, d, 1);
                double worst = 0.0;
                for (std::size_t l = 0; l < p; ++l) {
                    for (std::size_t k = l; k < p; ++k)
                        worst = std::max(worst, std::abs(one(k, l) - expected(k, l)));
                }
                CHECK(worst <= 1e-9);
                const Matrix other = gram_by(e.design, all, all, d, 3);
                for (std::size_t l = 0; l < p; ++l) {
                    for (std::size_t k = l; k < p; ++k) CHECK_FALSE(other(k, l) != one(k, l));
                }
            }
        }
    }
}

TEST_CASE("gram: many blocks of rows for few columns") {
    for (const std::size_t n : {5000, 20011}) {  // the second leaves blocks without rows
        const Example e(n, 4, 8);
        const std::vector<std::size_t> all = test::all_below(4);
        const Matrix expected = gram_by(e.plain, all, all, e.weights, 1);
        const Matrix one = gram_by(e.design, all, all, e.weights, 1);
        for (std::size_t l = 0; l < 4; ++l) {
            for (std::size_t k = l; k < 4; ++k) {
                CHECK(one(k, l) == doctest::Approx(expected(k, l)).epsilon(1e-12).scale(1.0));
            }
        }
        for (const std::size_t threads : {2, 3}) {
            CHECK(gram_by(e.design, all, all, e.weights, threads) == one);
        }
    }
}

TEST_CASE("gram: two lists, in any order, into a part of a larger matrix") {
    const Example e(700, 410, 9);
    std::vector<std::size_t> a, b;
    for (std::size_t k = 0; k < 205; ++k) a.push_back((k * 7 + 3) % 410);
    for (std::size_t l = 0; l < 193; ++l) b.push_back(409 - l);
    const Matrix expected = gram_by(e.plain, a, b, e.weights, 1);
    Matrix one;
    for (const std::size_t threads : {1, 2, 3}) {
        Matrix out(300, 200, -7.0);
        e.design.gram(a, b, e.weights, Context{threads, nullptr}, {&out(10, 4), 205, 193, 300});
        double worst = 0.0, outside = 0.0;
        for (std::size_t l = 0; l < 200; ++l) {
            for (std::size_t k = 0; k < 300; ++k) {
                const bool inside = k >= 10 && k < 215 && l >= 4 && l < 197;
                if (inside)
                    worst = std::max(worst, std::abs(out(k, l) - expected(k - 10, l - 4)));
                else
                    outside = std::max(outside, std::abs(out(k, l) + 7.0));
            }
        }
        CHECK(worst <= 1e-12);
        CHECK(outside == 0.0);
        if (threads == 1) one = out;
        CHECK(out == one);
    }
}

TEST_CASE("gram: equal lists of different memory fill both triangles") {
    const Example e(40, 6, 10);
    const std::vector<std::size_t> a = test::all_below(6), b = a;
    const Matrix g = gram_by(e.design, a, b, e.weights, 1);
    const Matrix expected = gram_by(e.plain, a, b, e.weights, 1);
    CHECK(test::largest_difference(g.data, expected.data) <= 1e-13);
}

TEST_CASE("kernel: X~ F^-1 X~' for wide and narrow X") {
    for (const std::size_t p : {1, 3, 128, 700}) {
        CAPTURE(p);
        const std::size_t n = 45;
        const Example e(n, p, 11);
        Random random(12);
        std::vector<double> factors(p);
        for (double& f : factors) f = 0.3 + random.uniform();
        Matrix one(n, n), again(n, n);
        e.design.kernel(factors, alone, one.mutable_view());
        double worst = 0.0;
        const Matrix& x = e.plain.matrix();
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t k = 0; k < n; ++k) {
                double expected = 0.0;
                for (std::size_t j = 0; j < p; ++j) expected += x(i, j) * x(k, j) / factors[j];
                worst = std::max(worst, std::abs(one(i, k) - expected));
            }
        }
        CHECK(worst <= 1e-10);
        for (const std::size_t threads : {2, 3}) {
            e.design.kernel(factors, Context{threads, nullptr}, again.mutable_view());
            CHECK(again == one);
        }
    }
}

TEST_CASE("a stop is seen inside long products") {
    const Example e(600, 40, 13);
    Control control;
    control.stop();
    const Context context{2, &control};
    Matrix out(600, 600);
    const std::vector<std::size_t> all = test::all_below(40);
    CHECK_THROWS_AS(e.design.gram(all, all, e.weights, context, out.mutable_view()), Cancelled);
    CHECK_THROWS_AS(e.design.kernel(std::vector<double>(40, 1.0), context, out.mutable_view()),
                    Cancelled);
    CHECK_THROWS_AS(describe_columns(e.x.view(), e.weights, true, true, context), Cancelled);
}

TEST_SUITE_END();

TEST_CASE("the Gram matrix of columns that need no packing") {
    Random random(31);
    for (const std::size_t p : {200, 257, 300}) {
        CAPTURE(p);
        const std::size_t n = 4500;  // more than two blocks of rows
        const Matrix x = Matrix::random(n, p, random);
        const DenseDesign design(x.view(), plain_columns(p));
        const std::vector<double> same(n, 1.0 / static_cast<double>(n));
        std::vector<double> nearly = same;
        nearly[n / 2] *= 1.5;
        std::vector<std::size_t> all(p), later, scattered;
        for (std::size_t j = 0; j < p; ++j) all[j] = j;
        for (std::size_t j = 60; j < p; ++j) later.push_back(j);
        for (std::size_t j = 0; j < p; j += 2) scattered.push_back(j);
        for (const std::vector<double>* d :
             {&same, static_cast<const std::vector<double>*>(&nearly)}) {
            for (const auto* b : {&all, &later, &scattered}) {
                const Matrix whole = gram_by(design, all, *b, *d, 1);
                for (std::size_t l = 0; l < b->size(); l += 13) {
                    for (std::size_t k = 0; k < p; k += 7) {
                        if (b == &all && k < l) continue;  // the lower triangle alone is filled
                        double expected = 0.0;
                        for (std::size_t i = 0; i < n; ++i) {
                            expected += (*d)[i] * x.view()(i, all[k]) * x.view()(i, (*b)[l]);
                        }
                        CHECK(whole.view()(k, l) ==
                              doctest::Approx(expected).scale(1.0).epsilon(1e-13));
                    }
                }
                const Matrix again = gram_by(design, all, *b, *d, 3);
                CHECK(std::equal(again.view().column(0).begin(), again.view().column(0).end(),
                                 whole.view().column(0).begin()));
            }
        }
    }
}
