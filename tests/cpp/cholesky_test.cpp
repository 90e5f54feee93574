#include "shrinkage/linalg/cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::Random;

namespace {

constexpr Context alone{};

/// A'A by plain loops.
Matrix gram_of(const Matrix& a) {
    Matrix g(a.cols, a.cols);
    for (std::size_t k = 0; k < a.cols; ++k) {
        for (std::size_t l = 0; l < a.cols; ++l) {
            g(k, l) = test::inner_product(a.view().column(k), a.view().column(l));
        }
    }
    return g;
}

Matrix submatrix(const Matrix& g, const std::vector<std::size_t>& set) {
    Matrix s(set.size(), set.size());
    for (std::size_t k = 0; k < set.size(); ++k) {
        for (std::size_t l = 0; l < set.size(); ++l) s(k, l) = g(set[k], set[l]);
    }
    return s;
}

/// The solution by the factor against elimination and against a factor built anew.
void check_solves(const Cholesky& factor, const Matrix& g, const std::vector<std::size_t>& set,
                  Random& random) {
    REQUIRE(factor.size() == set.size());
    const Matrix s = submatrix(g, set);
    const std::vector<double> b = random.normals(set.size());
    std::vector<double> x = b, again = b;
    factor.solve(x);
    Cholesky fresh;
    REQUIRE(fresh.factor(s.view(), alone));
    fresh.solve(again);
    const std::vector<double> expected = test::solve_linear(s, b);
    double size = 1.0;
    for (const double e : expected) size = std::max(size, std::abs(e));
    CHECK(test::largest_difference(x, expected) <= 1e-8 * size);
    CHECK(test::largest_difference(again, expected) <= 1e-8 * size);
}

/// Appends the columns at once; those taken join the set. Returns how many were.
std::size_t append_columns(Cholesky& factor, const Matrix& g, std::vector<std::size_t>& set,
                           const std::vector<std::size_t>& columns) {
    Matrix rows(columns.size(), set.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
        for (std::size_t k = 0; k < set.size(); ++k) rows(i, k) = g(columns[i], set[k]);
    }
    const Matrix corner = submatrix(g, columns);
    std::vector<char> keep;
    factor.append(rows.view(), corner.view(), keep);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (!keep[i]) continue;
        set.push_back(columns[i]);
        ++taken;
    }
    return taken;
}

/// Appends the one row (row, diagonal).
bool append_row(Cholesky& factor, ConstVector row, double diagonal) {
    std::vector<char> keep;
    factor.append({row.data(), 1, row.size(), 1}, {&diagonal, 1, 1, 1}, keep);
    return keep[0] != 0;
}

bool append_column(Cholesky& factor, const Matrix& g, std::vector<std::size_t>& set,
                   std::size_t j) {
    return append_columns(factor, g, set, {j}) == 1;
}

/// Rank of the chosen columns by modified Gram-Schmidt.
std::size_t rank_of(const Matrix& a, const std::vector<std::size_t>& set) {
    std::vector<std::vector<double>> basis;
    for (const std::size_t j : set) {
        std::vector<double> v(a.view().column(j).begin(), a.view().column(j).end());
        const double before = std::sqrt(test::inner_product(v, v));
        for (int pass = 0; pass < 2; ++pass) {
            for (const auto& u : basis) {
                const double c = test::inner_product(u, v);
                for (std::size_t i = 0; i < v.size(); ++i) v[i] -= c * u[i];
            }
        }
        const double norm = std::sqrt(test::inner_product(v, v));
        if (norm <= 1e-9 * before) continue;
        for (double& x : v) x /= norm;
        basis.push_back(v);
    }
    return basis.size();
}

}  // namespace

TEST_SUITE_BEGIN("linalg");

TEST_CASE("columns appended at once are the factor of them, without those that depend on others") {
    Random random(11);
    Matrix a = Matrix::random(50, 30, random);
    for (std::size_t i = 0; i < a.rows; ++i) {
        a(i, 7) = a(i, 2) - a(i, 5);   // on columns of the same block
        a(i, 21) = a(i, 0) + a(i, 9);  // on columns before it
    }
    const Matrix g = gram_of(a);
    for (const std::size_t block : {1, 3, 10, 30}) {
        CAPTURE(block);
        Cholesky factor;
        std::vector<std::size_t> set;
        for (std::size_t first = 0; first < 30; first += block) {
            std::vector<std::size_t> columns;
            for (std::size_t j = first; j < std::min<std::size_t>(first + block, 30); ++j)
                columns.push_back(j);
            append_columns(factor, g, set, columns);
        }
        CHECK(set.size() == 28);
        CHECK(std::count(set.begin(), set.end(), 7) + std::count(set.begin(), set.end(), 21) == 0);
        check_solves(factor, g, set, random);
    }
}

TEST_CASE("a factor that grows and shrinks at random stays the factor of its columns") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        CAPTURE(seed);
        Random random(seed);
        const Matrix g = gram_of(Matrix::random(60, 40, random));
        Cholesky factor;
        std::vector<std::size_t> set;
        for (int operation = 0; operation < 120; ++operation) {
            const bool shrink = !set.empty() && (set.size() == 40 || random.uniform() < 0.4);
            if (shrink) {
                const std::size_t k = random.below(set.size());
                factor.remove(k);
                set.erase(set.begin() + static_cast<std::ptrdiff_t>(k));
            } else {
                std::size_t j = random.below(40);
                while (std::find(set.begin(), set.end(), j) != set.end()) j = (j + 1) % 40;
                CHECK(append_column(factor, g, set, j));
            }
            check_solves(factor, g, set, random);
        }
    }
}

TEST_CASE("dependent columns are refused exactly while they depend") {
    Random random(4);
    Matrix a = Matrix::random(30, 16, random);
    for (std::size_t j = 12; j < 16; ++j) {  // combinations of three of the first twelve
        for (std::size_t i = 0; i < 30; ++i)
            a(i, j) = a(i, j - 12) - 2.0 * a(i, j - 11) + 0.5 * a(i, j - 8);
    }
    const Matrix g = gram_of(a);
    Cholesky factor;
    std::vector<std::size_t> set;
    std::size_t refused = 0;
    for (int operation = 0; operation < 200; ++operation) {
        if (!set.empty() && random.uniform() < 0.35) {
            const std::size_t k = random.below(set.size());
            factor.remove(k);
            set.erase(set.begin() + static_cast<std::ptrdiff_t>(k));
            continue;
        }
        const std::size_t j = random.below(16);
        std::vector<std::size_t> wider = set;
        wider.push_back(j);
        const bool independent = rank_of(a, wider) == wider.size();
        CHECK(append_column(factor, g, set, j) == independent);
        refused += !independent;
        check_solves(factor, g, set, random);
    }
    CHECK(refused > 20);
}

TEST_CASE("removing the first, the last, and all") {
    Random random(5);
    const Matrix g = gram_of(Matrix::random(12, 6, random));
    Cholesky factor;
    std::vector<std::size_t> set{0, 1, 2, 3, 4, 5};
    REQUIRE(factor.factor(submatrix(g, set).view(), alone));
    factor.remove(5);
    set.pop_back();
    check_solves(factor, g, set, random);
    factor.remove(0);
    set.erase(set.begin());
    check_solves(factor, g, set, random);
    while (!set.empty()) {
        factor.remove(set.size() / 2);
        set.erase(set.begin() + static_cast<std::ptrdiff_t>(set.size() / 2));
    }
    CHECK(factor.size() == 0);
    factor.solve({});
    CHECK(append_column(factor, g, set, 3));
    check_solves(factor, g, set, random);
}

TEST_CASE("factor refuses what is not positive definite and can be used again") {
    Random random(6);
    const Matrix good = gram_of(Matrix::random(20, 9, random));
    Matrix indefinite = good;
    indefinite(4, 4) = -1.0;
    const Matrix singular = gram_of(Matrix::random(5, 9, random));
    Cholesky factor;
    CHECK_FALSE(factor.factor(indefinite.view(), alone));
    CHECK(factor.size() == 0);
    CHECK_FALSE(factor.factor(singular.view(), alone));
    CHECK(factor.size() == 0);
    REQUIRE(factor.factor(good.view(), alone));
    check_solves(factor, good, test::all_below(9), random);
    // Only the lower triangle is read, and a smaller matrix reuses the memory of a larger one.
    Matrix small = submatrix(good, {0, 1, 2});
    small(0, 2) = small(0, 1) = small(1, 2) = std::nan("");
    REQUIRE(factor.factor(small.view(), alone));
    check_solves(factor, good, {0, 1, 2}, random);
    CHECK(factor.factor({nullptr, 0, 0, 0}, alone));
    CHECK(factor.size() == 0);
}

TEST_CASE("a column with a zero or a not finite diagonal is refused") {
    Cholesky factor;
    CHECK_FALSE(append_row(factor, {}, 0.0));
    CHECK_FALSE(append_row(factor, {}, std::nan("")));
    CHECK(append_row(factor, {}, 4.0));
    const double row[] = {std::nan("")};
    CHECK_FALSE(append_row(factor, row, 1.0));
    CHECK(factor.size() == 1);
    std::vector<double> b{8.0};
    factor.solve(b);
    CHECK(b[0] == 2.0);
    factor.clear();
    CHECK(factor.size() == 0);
}

TEST_CASE(
    "sizes around the blocks of columns: the factor of one column at a time, for any threads") {
    Random random(8);
    for (const std::size_t n : {95, 96, 97, 192, 370}) {
        CAPTURE(n);
        const Matrix g = gram_of(Matrix::random(n + 20, n, random));
        const std::vector<double> b = random.normals(n);
        Cholesky one;
        REQUIRE(one.factor(g.view(), alone));
        std::vector<double> x = b, back(n, 0.0);
        one.solve(x);
        for (std::size_t j = 0; j < n; ++j) {
            for (std::size_t i = 0; i < n; ++i) back[i] += g(i, j) * x[j];
        }
        double size = 1.0;
        for (const double v : x) size = std::max(size, std::abs(v));
        CHECK(test::largest_difference(back, b) <= 1e-11 * static_cast<double>(n) * size);
        for (const std::size_t threads : {2, 3}) {
            Cholesky other;
            REQUIRE(other.factor(g.view(), Context{threads, nullptr}));
            std::vector<double> again = b;
            other.solve(again);
            CHECK(again == x);
        }
        one.remove(n / 2);  // a factor by blocks goes on by columns
        std::vector<double> row;
        for (std::size_t j = 0; j < n; ++j) {
            if (j != n / 2) row.push_back(g(n / 2, j));
        }
        CHECK(append_row(one, row, g(n / 2, n / 2)));
    }
}

TEST_CASE("large factors are read by panels, with the same bits for any threads") {
    Random random(10);
    for (const std::size_t n : {512, 530, 640, 700}) {
        CAPTURE(n);
        const Matrix g = gram_of(Matrix::random(n + 60, n + 30, random));
        std::vector<std::size_t> set(n), more(30);
        for (std::size_t k = 0; k < n; ++k) set[k] = k;
        for (std::size_t k = 0; k < 30; ++k) more[k] = n + k;
        const std::vector<double> b = random.normals(n + 30);
        std::vector<double> first;
        for (const std::size_t threads : {1, 2, 3}) {
            const Context context{threads, nullptr};
            Cholesky factor;
            REQUIRE(factor.factor(submatrix(g, set).view(), context));
            Matrix rows(30, n);
            for (std::size_t i = 0; i < 30; ++i) {
                for (std::size_t k = 0; k < n; ++k) rows(i, k) = g(n + i, k);
            }
            std::vector<char> keep;
            factor.append(rows.view(), submatrix(g, more).view(), keep, context);
            CHECK(std::all_of(keep.begin(), keep.end(), [](char taken) { return taken != 0; }));
            std::vector<double> x = b, back(n + 30, 0.0);
            factor.solve(x, context);
            if (first.empty()) first = x;
            CHECK(x == first);
            for (std::size_t j = 0; j < n + 30; ++j) {
                for (std::size_t i = 0; i < n + 30; ++i) back[i] += g(i, j) * x[j];
            }
            double size = 1.0;
            for (const double v : x) size = std::max(size, std::abs(v));
            CHECK(test::largest_difference(back, b) <= 1e-11 * static_cast<double>(n) * size);
        }
    }
}

TEST_CASE("a matrix that turns indefinite in a late block is refused") {
    Random random(9);
    Matrix g = gram_of(Matrix::random(220, 200, random));
    g(150, 150) = 0.0;
    Cholesky factor;
    CHECK_FALSE(factor.factor(g.view(), alone));
    CHECK(factor.size() == 0);
}

TEST_CASE("a stop is seen inside a large factorization, and the factor is empty") {
    Random random(7);
    const Matrix g = gram_of(Matrix::random(220, 200, random));
    Cholesky factor;
    REQUIRE(factor.factor(submatrix(g, {0, 1}).view(), alone));
    Control control;
    control.stop();
    CHECK_THROWS_AS(factor.factor(g.view(), Context{1, &control}), Cancelled);
    CHECK(factor.size() == 0);
}

TEST_SUITE_END();
