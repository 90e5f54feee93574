#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/columns.hpp"
#include "shrinkage/design/dense.hpp"
#include "shrinkage/design/sparse.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// The same matrix twice: dense, and by columns with indices of the given width. One column is
/// empty, one full and constant, one has stored zeros.
template <typename Index>
struct Twins {
    Matrix x;
    std::vector<double> values, weights;
    std::vector<Index> indices, starts{0};
    SparseView view;

    Twins(std::size_t n, std::size_t p, std::uint64_t seed) : x(n, p) {
        Random random(seed);
        for (std::size_t j = 0; j < p; ++j) {
            for (std::size_t i = 0; i < n; ++i) {
                const bool kept = j == 1 || (j != 0 && random.uniform() < 0.3);
                const double value = j == 1 ? 2.5 : (j == 2 && i % 2 ? 0.0 : random.normal());
                if (!kept) continue;
                x(i, j) = value;
                values.push_back(value);
                indices.push_back(static_cast<Index>(i));
            }
            starts.push_back(static_cast<Index>(values.size()));
        }
        weights = test::random_weights(n, random, 7);
        view = {n, p, values, SparseView::Parts<Index>{indices, starts}};
    }

    DenseDesign dense(bool intercept) const {
        return {x.view(), describe_columns(x.view(), weights, intercept, true, alone)};
    }
    SparseDesign sparse(bool intercept) const {
        return {view, describe_columns(view, weights, intercept, true, alone)};
    }
};

void check_close(ConstVector a, ConstVector b, double tolerance = 1e-11) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) <= tolerance);
}

}  // namespace

TEST_SUITE_BEGIN("design");

TEST_CASE_TEMPLATE("a sparse design is the dense one", Index, std::int32_t, std::int64_t) {
    for (const bool intercept : {true, false}) {
        const Twins<Index> twins(60, 40, 3);
        const DenseDesign dense = twins.dense(intercept);
        const SparseDesign sparse = twins.sparse(intercept);
        for (std::size_t j = 0; j < 40; ++j) {
            CHECK(sparse.usable(j) == dense.usable(j));
            CHECK(std::abs(sparse.center(j) - dense.center(j)) <= 1e-13);
            CHECK(std::abs(sparse.scale(j) - dense.scale(j)) <= 1e-13);
        }
        Random random(9);
        const std::vector<double> v = random.normals(60), coefs = random.normals(3);
        std::vector<double> a(40), b(40);
        dense.transposed_product(v, alone, a);
        sparse.transposed_product(v, alone, b);
        check_close(a, b);
        CHECK(std::abs(sparse.column_product(7, v) - a[7]) <= 1e-12);

        const Matrix several = Matrix::random(60, 6, random);
        Matrix m(40, 6), one(40, 6), again(40, 6);
        dense.transposed_products(several.view(), alone, m.mutable_view());
        sparse.transposed_products(several.view(), alone, one.mutable_view());
        sparse.transposed_products(several.view(), Context{3, nullptr}, again.mutable_view());
        check_close(m.data, one.data);
        CHECK(again == one);

        const std::vector<std::size_t> columns{7, 0, 1};
        std::vector<double> c(60, 0.5), d(60, 0.5);
        dense.add_columns(columns, coefs, alone, c);
        sparse.add_columns(columns, coefs, alone, d);
        check_close(c, d);
    }
}

TEST_CASE("Gram matrices and kernels of a sparse design, for any number of threads") {
    const Twins<std::int32_t> twins(70, 90, 4);
    const DenseDesign dense = twins.dense(true);
    const SparseDesign sparse = twins.sparse(true);
    std::vector<std::size_t> some, others;
    for (std::size_t j = 0; j < 90; ++j) (j % 3 ? some : others).push_back(j);

    for (const bool symmetric : {true, false}) {
        const std::vector<std::size_t>& right = symmetric ? some : others;
        const Indices a(some), b = symmetric ? a : Indices(right);
        Matrix expected(a.size(), b.size()), found(a.size(), b.size()), again(a.size(), b.size());
        dense.gram(a, b, twins.weights, alone, expected.mutable_view());
        sparse.gram(a, b, twins.weights, alone, found.mutable_view());
        sparse.gram(a, b, twins.weights, Context{3, nullptr}, again.mutable_view());
        check_close(expected.data, found.data);
        CHECK(found == again);
    }

    std::vector<double> factors(90);
    Random random(5);
    for (double& f : factors) f = 0.5 + random.uniform();
    Matrix expected(70, 70), found(70, 70);
    dense.kernel(factors, alone, expected.mutable_view());
    sparse.kernel(factors, alone, found.mutable_view());
    check_close(expected.data, found.data, 1e-10);
}

TEST_CASE("plain columns are penalized as they are") {
    const Columns columns = plain_columns(2);
    CHECK(columns.centers == std::vector<double>{0.0, 0.0});
    CHECK(columns.scales == std::vector<double>{1.0, 1.0});
    CHECK(columns.usable == std::vector<char>{1, 1});
}

TEST_SUITE_END();
