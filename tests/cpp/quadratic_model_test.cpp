// Both models of a quadratic against its Gram matrix in plain loops.
#include "shrinkage/solver/problem/quadratic_model.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "problems.hpp"
#include "shrinkage/design/dense.hpp"

using namespace shrinkage;
using shrinkage::test::Matrix;
using shrinkage::test::PlainDesign;
using shrinkage::test::Random;

static_assert(QuadraticModel<GramModel<DenseDesign>>);
static_assert(QuadraticModel<ResidualModel<DenseDesign>>);
static_assert(QuadraticModel<GramModel<PlainDesign>> && QuadraticModel<ResidualModel<PlainDesign>>);
static_assert(!QuadraticModel<WorkingSet>, "a set of columns has no gradient");

namespace {

constexpr std::size_t n = 40, p = 25;
constexpr Context alone{};

/// A design, weights d with zeros, a residual v = d r, and the projected Gram matrix of all
/// columns.
struct Example {
    Random random;
    Matrix raw;
    std::vector<double> d;
    DenseDesign x;
    Matrix columns, gram;
    std::vector<double> v, g;

    Example(std::uint64_t seed, bool project)
        : random(seed),
          raw(Matrix::random(n, p, random)),
          d(test::random_weights(n, random, 6)),
          x(raw.view(),
            describe_columns(raw.view(), std::vector<double>(n, 1.0 / n), true, true, alone)),
          columns(test::penalized_columns(x, raw.view())),
          gram(p, p),
          v(n),
          g(p) {
        std::vector<double> c(p);
        double total = 0.0, mean = 0.0;
        for (double& weight : d) total += (weight *= 3.0);
        std::vector<double> r = random.normals(n);
        for (std::size_t i = 0; i < n; ++i) mean += d[i] * r[i] / total;
        for (std::size_t i = 0; i < n; ++i) v[i] = d[i] * (r[i] - (project ? mean : 0.0));
        for (std::size_t j = 0; j < p; ++j) {
            c[j] = test::inner_product(columns.view().column(j), d);
            g[j] = test::inner_product(columns.view().column(j), v);
        }
        for (std::size_t j = 0; j < p; ++j) {
            for (std::size_t k = 0; k < p; ++k) {
                for (std::size_t i = 0; i < n; ++i)
                    gram(j, k) += d[i] * columns(i, j) * columns(i, k);
                if (project) gram(j, k) -= c[j] * c[k] / total;
            }
        }
    }
};

void start(GramModel<DenseDesign>& model, const Example& e) { model.set_gradient(e.g); }
void start(ResidualModel<DenseDesign>& model, const Example& e) { model.set_residual(e.v); }

/// Diagonal, inner products and gradients of the model equal those of G after each of many moves.
template <typename M>
void check_model(M& model, Example& e) {
    std::vector<double> h = e.g;
    const auto check = [&] {
        for (std::size_t k = 0; k < model.size(); ++k) {
            CHECK(std::abs(model.gradient(k) - h[model.feature(k)]) <= 1e-12);
        }
    };
    const auto moved = [&](std::size_t slot, double delta) {
        for (std::size_t j = 0; j < p; ++j) h[j] -= delta * e.gram(j, model.feature(slot));
    };
    for (std::size_t k = 0; k < model.size(); ++k) {
        const std::size_t j = model.feature(k);
        CHECK(std::abs(model.diagonal(k) - e.gram(j, j)) <= 1e-13);
        std::vector<std::size_t> slots{model.size() - 1 - k, 0, k};
        std::vector<double> out(3);
        model.inner(k, slots, out);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(std::abs(out[i] - e.gram(j, model.feature(slots[i]))) <= 1e-13);
        }
    }
    start(model, e);
    check();
    for (int step = 0; step < 12; ++step) {
        const std::size_t slot = e.random.below(model.size());
        const double delta = e.random.normal();
        model.move(slot, delta);
        moved(slot, delta);
        if (step % 3 == 0) check();
        const std::vector<std::size_t> slots{model.size() / 2, 0, model.size() - 1};
        const std::vector<double> deltas{e.random.normal(), 0.0, e.random.normal()};
        model.move(slots, deltas, alone);
        for (std::size_t i = 0; i < 3; ++i) moved(slots[i], deltas[i]);
    }
    check();
}

template <typename M>
void check_growth(bool project) {
    Example e(project ? 1 : 2, project);
    M model(e.x);
    model.reset(e.d, project);
    CHECK(model.size() == 0);
    model.add({}, alone);
    CHECK(model.size() == 0);
    const std::vector<std::vector<std::size_t>> batches{
        {3, 24, 7}, {0}, {1, 2, 4, 5, 6, 8, 9}, {23, 22, 10}};
    for (const auto& batch : batches) {
        model.add(batch, alone);
        check_model(model, e);
    }
    CHECK(model.size() == 14);
    CHECK(model.set().contains(24));
    CHECK_FALSE(model.set().contains(11));
}

}  // namespace

TEST_SUITE_BEGIN("solver");

TEST_CASE("working set: slots in order of arrival") {
    WorkingSet set(5);
    set.add(3);
    set.add(0);
    CHECK(set.size() == 2);
    CHECK(set.feature(0) == 3);
    CHECK(set.feature(1) == 0);
    CHECK(set.contains(3));
    CHECK_FALSE(set.contains(4));
    set.clear();
    CHECK(set.size() == 0);
    CHECK_FALSE(set.contains(3));
}

TEST_CASE("Gram model: every number is that of the projected Gram matrix") {
    check_growth<GramModel<DenseDesign>>(false);
    check_growth<GramModel<DenseDesign>>(true);
}

TEST_CASE("Gram model: both triangles agree for sizes around the tiles they are copied by") {
    Random random(5);
    const Matrix data = Matrix::random(40, 100, random);
    const DenseDesign x(data.view(), plain_columns(100));
    const std::vector<double> d(40, 1.0);
    for (const std::size_t first : {1, 31, 32, 33, 64}) {
        GramModel<DenseDesign> model(x);
        model.reset(d, true);
        std::vector<std::size_t> before, after;
        for (std::size_t j = 0; j < first + 30; ++j) (j < first ? before : after).push_back(j);
        model.add(before, alone);
        model.add(after, alone);
        for (std::size_t k = 0; k < model.size(); ++k) {
            for (std::size_t l = 0; l < k; ++l) CHECK(model.column(k)[l] == model.column(l)[k]);
        }
    }
}

TEST_CASE("Gram model: some columns and changed weights, as if made anew") {
    for (const bool project : {true, false}) {
        Example e(7, project);
        const std::vector<std::size_t> all = test::all_below(p), kept{9, 3, 20, 0, 14};
        GramModel<DenseDesign> model(e.x), anew(e.x);
        std::vector<double> d = e.d, change(n, 0.0);
        model.reset(d, project);
        model.add(all, alone);
        for (std::size_t i = 0; i < n; i += 3) change[i] = i % 2 == 0 ? 0.7 : -0.5 * d[i];
        for (std::size_t i = 0; i < n; ++i) d[i] += change[i];
        model.renew(kept, change, alone);
        anew.reset(d, project);
        anew.add(kept, alone);
        REQUIRE(model.size() == kept.size());
        for (std::size_t k = 0; k < kept.size(); ++k) {
            CHECK(model.feature(k) == kept[k]);
            for (std::size_t l = 0; l < kept.size(); ++l)
                CHECK(model.column(k)[l] == doctest::Approx(anew.column(k)[l]).epsilon(1e-10));
            if (project) CHECK(model.shifts()[k] == doctest::Approx(anew.shifts()[k]));
        }
        model.add(std::vector<std::size_t>{1, 2}, alone);  // and it grows on
        anew.add(std::vector<std::size_t>{1, 2}, alone);
        CHECK(model.column(5)[2] == doctest::Approx(anew.column(5)[2]).epsilon(1e-10));
    }
}

TEST_CASE("models of a gradient times a factor") {
    Example e(6, true);
    const std::vector<std::size_t> few{5, 3, 1};
    GramModel<DenseDesign> gram(e.x);
    ResidualModel<DenseDesign> residual(e.x);
    gram.reset(e.d, true);
    gram.add(few, alone);
    residual.reset(e.d, true);
    residual.add(few, alone);
    const std::vector<double> g = e.random.normals(p), v = e.random.normals(n);
    gram.set_gradient(g, 0.25);
    for (std::size_t k = 0; k < 3; ++k) CHECK(gram.gradient(k) == 0.25 * g[few[k]]);
    std::vector<double> once;
    residual.set_residual(v);
    for (std::size_t k = 0; k < 3; ++k) once.push_back(residual.gradient(k));
    residual.set_residual(v, 0.25);
    for (std::size_t k = 0; k < 3; ++k)
        CHECK(residual.gradient(k) == doctest::Approx(0.25 * once[k]));
}

TEST_CASE("residual model: every number is that of the projected Gram matrix") {
    check_growth<ResidualModel<DenseDesign>>(false);
    check_growth<ResidualModel<DenseDesign>>(true);
}

TEST_CASE("a model can be emptied and filled again with other weights") {
    Example e(4, true);
    const std::vector<std::size_t> all = test::all_below(p), few{5, 3, 1};
    GramModel<DenseDesign> gram(e.x);
    ResidualModel<DenseDesign> residual(e.x);
    const std::vector<double> ones(n, 1.0);
    gram.reset(ones, false);
    gram.add(all, alone);
    residual.reset(ones, false);
    residual.add(all, alone);
    gram.reset(e.d, true);
    gram.add(few, alone);
    check_model(gram, e);
    residual.reset(e.d, true);
    residual.add(few, alone);
    check_model(residual, e);
    gram.release();
    CHECK(gram.size() == 0);
    gram.reset(e.d, true);
    gram.add(all, alone);
    check_model(gram, e);
}

TEST_SUITE_END();
