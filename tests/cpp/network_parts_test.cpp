// The parts of a training step: products, passes, masks, optimizers, proximal steps.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/errors.hpp"
#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/nn/kernels/activation.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/kernels/product.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/step/group_step.hpp"
#include "shrinkage/nn/step/optimizer.hpp"
#include "shrinkage/nn/step/weight_penalty.hpp"
#include "shrinkage/penalty/group_norm.hpp"

using namespace shrinkage;

namespace {

template <typename T>
Aligned<T> numbers(std::size_t n, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    Aligned<T> out(n);
    for (T& x : out) x = static_cast<T>(normal(generator));
    return out;
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE_TEMPLATE("products of every shape and orientation", T, float, double) {
    const std::size_t lanes = lanes_of<T>;
    for (const std::size_t rows : {1, 2, 5, 13, 49, 100}) {
        for (const std::size_t vectors : {1, 2, 3, 7, 18}) {
            for (const std::size_t sums : {1, 3, 64, 600}) {
                const std::size_t cols = vectors * lanes;
                const auto a = numbers<T>(rows * sums, 1), v = numbers<T>(sums * cols, 2),
                           start = numbers<T>(rows, 3);
                for (const bool by_rows : {true, false}) {
                    Aligned<T> c(rows * cols, T{7});
                    const Product<T> product{rows,
                                             cols,
                                             sums,
                                             a.data(),
                                             by_rows ? sums : 1,
                                             by_rows ? 1 : rows,
                                             v.data(),
                                             cols,
                                             c.data(),
                                             cols,
                                             by_rows ? start.data() : nullptr};
                    for (std::size_t t = 0; t < product.n_tasks(); ++t) multiply(product, t);
                    double worst = 0.0;
                    for (std::size_t i = 0; i < rows; ++i) {
                        for (std::size_t j = 0; j < cols; j += 3) {
                            double expected = by_rows ? static_cast<double>(start[i]) : 0.0;
                            for (std::size_t s = 0; s < sums; ++s) {
                                expected +=
                                    static_cast<double>(a[by_rows ? i * sums + s : i + s * rows]) *
                                    static_cast<double>(v[s * cols + j]);
                            }
                            worst = std::max(
                                worst, std::abs(expected - static_cast<double>(c[i * cols + j])));
                        }
                    }
                    CHECK(worst < (sizeof(T) == 4 ? 1e-3 : 1e-12));
                }
            }
        }
    }
}

TEST_CASE("elementary functions in float") {
    for (int i = -3000; i <= 3000; ++i) {
        const double x = 0.01 * i;
        const auto f = static_cast<float>(x);
        CHECK(elementary::exp(f) == doctest::Approx(std::exp(double{f})).epsilon(1e-6));
        CHECK(elementary::tanh(f) == doctest::Approx(std::tanh(double{f})).epsilon(2e-6));
        CHECK(std::abs(double{elementary::normal_cdf(f)} -
                       0.5 * std::erfc(-double{f} / std::sqrt(2.0))) < 1e-6);
    }
    CHECK(std::isfinite(elementary::exp(1000.0F)));
    CHECK(elementary::exp(-1000.0F) >= 0.0F);
}

TEST_CASE("activations in float are those in double, and their slopes differences") {
    for (const auto& [name, activation] : activation_names) {
        CAPTURE(std::string(name));
        CHECK(activation_named(name) == activation);
        with_activation(activation, [](auto f) {
            for (double z = -5.03; z < 5.0; z += 0.1) {
                const auto fine = f.at(z);
                const auto coarse = f.at(static_cast<float>(z));
                CHECK(static_cast<double>(coarse.value) ==
                      doctest::Approx(fine.value).epsilon(1e-5).scale(1.0));
                CHECK(static_cast<double>(coarse.slope) ==
                      doctest::Approx(fine.slope).epsilon(1e-5).scale(1.0));
                const double h = 1e-6;
                CHECK(fine.slope ==
                      doctest::Approx((f.at(z + h).value - f.at(z - h).value) / (2.0 * h))
                          .epsilon(1e-6)
                          .scale(1.0));
            }
        });
    }
    CHECK(!activation_named("sine"));
}

TEST_CASE("a batch's mask is the mask of its rows, transposed") {
    const DropoutStream stream{0x123456789ABCDEFULL, 0xFEDCBA987654321ULL, 3};
    for (const std::size_t units : {1, 8, 21, 100}) {
        for (const std::size_t n : {1, 16, 37}) {
            for (const double rate : {0.0, 0.3, 0.5, 0.999}) {
                std::vector<std::uint32_t> rows;
                for (std::size_t i = 0; i < n; ++i) {
                    rows.push_back(static_cast<std::uint32_t>(i * i * 40503U + 7U));
                }
                const std::size_t stride = padded<float>(n);
                std::vector<std::uint8_t> plain(n * units), mask(units * stride, 9);
                dropout_mask(stream, rows, units, rate, plain);
                batch_mask(stream, rows, units, rate, stride, mask.data());
                for (std::size_t u = 0; u < units; ++u) {
                    for (std::size_t j = 0; j < stride; ++j) {
                        REQUIRE(mask[u * stride + j] == (j < n ? plain[j * units + u] : 0));
                    }
                }
                if (units <= 8) continue;
                std::vector<std::uint8_t> rest((units - 8) * stride, 9);
                batch_mask(stream, rows, units - 8, rate, stride, rest.data(), 8);
                CHECK(std::equal(rest.begin(), rest.end(), mask.begin() + 8 * stride));
            }
        }
    }
}

TEST_CASE("masked activation, its slope, and the passes around it") {
    const std::size_t n = 32;
    auto z = numbers<float>(n, 5);
    const auto kept = z;
    Aligned<float> slope(n);
    Aligned<std::uint8_t> mask(n);
    for (std::size_t i = 0; i < n; ++i) mask[i] = i % 3 != 0;
    activate<float>(Activation::relu, {mask.data(), 2.0F}, z, slope);
    for (std::size_t i = 0; i < n; ++i) {
        const float factor = mask[i] != 0 ? 2.0F : 0.0F;
        CHECK(z[i] == std::max(kept[i], 0.0F) * factor);
        CHECK(slope[i] == (kept[i] > 0.0F ? factor : 0.0F));
    }
    auto x = kept;
    apply_masking<float>({mask.data(), 2.0F}, x);
    for (std::size_t i = 0; i < n; ++i) CHECK(x[i] == (mask[i] != 0 ? 2.0F * kept[i] : 0.0F));
    add_to<float>(kept, x);
    CHECK(x[1] == kept[1] + 2.0F * kept[1]);
    CHECK(x[3] == kept[3]);
    Aligned<float> out(n);
    transpose(kept.data(), 2, 16, out.data(), 2);
    CHECK(out[5 * 2 + 1] == kept[16 + 5]);
    float sums[2];
    row_sums(kept.data(), 2, 16, 13, sums);
    float expected = 0.0F;
    for (std::size_t j = 0; j < 13; ++j) expected += kept[16 + j];
    CHECK(sums[1] == doctest::Approx(expected));
}

TEST_CASE_TEMPLATE("momentum without a gradient fades to zero, by no slow number", T, float,
                   double) {
    const std::size_t n = lanes_of<T>;
    for (const OptimizerKind kind : {OptimizerKind::momentum, OptimizerKind::adam}) {
        OptimizerOptions options;
        options.kind = kind;
        Aligned<T> w(n, T{1}), g(n, T{0}), m(n, T{1}), v(n, T{1});
        bool slow = false;
        for (std::uint64_t t = 1; t <= 10000; ++t) {
            const StepRule<T> rule(options, 0.01, t);
            optimizer_step(rule, 0.0, 0.0, {1, n, n, n}, 1.0, g.data(), w.data(), m.data(),
                           v.data());
            slow |= std::fpclassify(m[0]) == FP_SUBNORMAL;
        }
        CHECK(!slow);
        CHECK(m[0] == T{0});
    }
}

TEST_CASE_TEMPLATE("where an optimizer rests, the penalized objective is stationary", T, float,
                   double) {
    // A quadratic loss of its own curvature for each weight: g = c (w - target).
    const std::size_t n = 32;
    const double kink = 0.3, ridge = 0.2;
    for (const OptimizerRow& row : optimizers) {
        CAPTURE(std::string(row.name));
        OptimizerOptions options;
        options.kind = row.kind;
        const auto target = numbers<T>(n, 8);
        Aligned<T> w(n, T{0}), g(n), m(n, T{0}), v(n, T{0});
        const double rest = row.kind == OptimizerKind::adamw ? 0.0 : ridge;
        for (std::uint64_t t = 1; t <= 20000; ++t) {
            for (std::size_t i = 0; i < n; ++i) {
                g[i] = static_cast<T>(1.0 + 0.1 * static_cast<double>(i)) * (w[i] - target[i]);
            }
            const StepRule<T> rule(options, 0.01, t);
            optimizer_step(rule, kink, rest, {1, n, n, n}, 1.0, g.data(), w.data(), m.data(),
                           v.data());
        }
        const DenseLayer layer{2, 16, 16, 0, 0};
        std::vector<double> gradient(n);
        for (std::size_t i = 0; i < n; ++i) {
            gradient[i] = (1.0 + 0.1 * static_cast<double>(i)) *
                          (static_cast<double>(w[i]) - static_cast<double>(target[i]));
        }
        WeightPenalty penalty;
        penalty.kink = kink;
        penalty.ridge = rest;
        CHECK(kkt_distance(layer, penalty, w.data(), gradient.data()).distance <
              (sizeof(T) == 4 ? 1e-3 : 1e-9));
        CHECK(count_zeros(layer, w.data()) > 0);
    }
    CHECK(!optimizer_named("lbfgs"));
}

TEST_CASE("the table of optimizers: each once, with the moments it keeps and its parameters") {
    for (const OptimizerRow& row : optimizers) {
        CAPTURE(row.name);
        CHECK(optimizer_named(row.name) == &row);
        OptimizerOptions options;
        options.kind = row.kind;
        CHECK(options.keeps_first() == (row.moments > 0));
        CHECK(options.keeps_second() == (row.moments > 1));
        for (const OptimizerParameter& parameter : row.parameters) {
            options.set(parameter.name, 0.25);
            CHECK(options.*parameter.member == 0.25);
        }
    }
    OptimizerOptions options;
    CHECK(options.kind == OptimizerKind::adam);
    CHECK(options.keeps_second());
    options.kind = OptimizerKind::momentum;
    CHECK(options.keeps_first());
    CHECK_FALSE(options.keeps_second());
    CHECK_THROWS_WITH_AS(options.set("beta_1", 0.5),
                         "optimizer_parameters=beta_1 cannot be used; momentum takes momentum",
                         InvalidArgument);
    options.kind = OptimizerKind::sgd;
    CHECK_THROWS_WITH_AS(options.set("momentum", 0.5),
                         "optimizer_parameters=momentum cannot be used; sgd takes none",
                         InvalidArgument);
}

TEST_CASE("the residual is zero where the gradient is minus the penalty's, by differences") {
    const DenseLayer layer{5, 6, 8, 0, 0};
    auto w = numbers<double>(40, 13);
    for (std::size_t i = 0; i < 5; ++i) w[i * 8 + 6] = w[i * 8 + 7] = 0.0;
    for (const WeightPenalty& penalty : {WeightPenalty{WeightGroups::separable, 0.5, 0.0, 0.5},
                                         WeightPenalty{WeightGroups::separable, 0.0, 0.7, 0.7},
                                         WeightPenalty{WeightGroups::separable, 0.3, 0.2, 0.5},
                                         WeightPenalty{WeightGroups::incoming, 0.4, 0.0, 0.4},
                                         WeightPenalty{WeightGroups::outgoing, 0.4, 0.0, 0.4}}) {
        std::vector<double> gradient(40, 0.0);
        for (std::size_t i = 0; i < 5; ++i) {
            for (std::size_t j = 0; j < 6; ++j) {
                const double kept = w[i * 8 + j], h = 1e-6;
                w[i * 8 + j] = kept + h;
                const double above = penalty_value(layer, penalty, w.data());
                w[i * 8 + j] = kept - h;
                const double below = penalty_value(layer, penalty, w.data());
                w[i * 8 + j] = kept;
                gradient[i * 8 + j] = -(above - below) / (2.0 * h);
            }
        }
        CHECK(kkt_distance(layer, penalty, w.data(), gradient.data()).distance < 1e-8);
        gradient[11] += 0.1;
        CHECK(kkt_distance(layer, penalty, w.data(), gradient.data()).distance > 0.05);
    }
}

TEST_CASE("group steps of a layer are those of its groups, for any number of threads") {
    const DenseLayer layer{70, 37, 48, 0, 0};
    const auto start = numbers<float>(70 * 48, 14), second = numbers<float>(70 * 48, 15);
    Aligned<float> squares(second.size());
    for (std::size_t i = 0; i < squares.size(); ++i) squares[i] = second[i] * second[i];
    const Metric<float> metric{1.0, squares.data(), 1.5, 1e-3, 0.2};
    for (const WeightGroups kind : {WeightGroups::incoming, WeightGroups::outgoing}) {
        const WeightPenalty penalty{kind, 2.5, 0.0, 2.5};
        Aligned<float> one = start, three = start;
        Crew crew(3);
        GroupStep<float> step;
        step(layer, penalty, metric, one.data(), {});
        step(layer, penalty, metric, three.data(), {3, nullptr, &crew});
        CHECK(one == three);
        const bool incoming = kind == WeightGroups::incoming;
        const std::size_t n = incoming ? 37 : 70, count = incoming ? 70 : 37;
        std::size_t dead = 0;
        for (std::size_t g = 0; g < n; ++g) {
            std::vector<double> v(count), d(count);
            const auto at = [&](std::size_t j) { return incoming ? j * 48 + g : g * 48 + j; };
            for (std::size_t j = 0; j < count; ++j) {
                v[j] = static_cast<double>(start[at(j)]);
                d[j] = metric.at(at(j));
            }
            group_norm::metric_prox(v, d, 2.5 * std::sqrt(static_cast<double>(count)));
            for (std::size_t j = 0; j < count; ++j) {
                CHECK(std::abs(static_cast<double>(one[at(j)]) - v[j]) <= 1e-7 * std::abs(v[j]));
            }
            dead += group_norm::norm(v) == 0.0;
        }
        CHECK(dead < n);
    }
}

TEST_CASE("values of penalties, and gradients that lie in their subdifferentials") {
    const DenseLayer layer{2, 3, 8, 0, 0};
    std::vector<double> w(16, 0.0), g(16, 0.0);
    w[0] = 3.0;
    w[8] = -4.0;
    WeightPenalty net{WeightGroups::separable, 0.5, 0.2, 1.0};
    CHECK(penalty_value(layer, net, w.data()) == doctest::Approx(0.5 * 7.0 + 0.1 * 25.0));
    CHECK(count_zeros(layer, w.data()) == 4);
    WeightPenalty incoming{WeightGroups::incoming, 0.5, 0.0, 0.5};
    CHECK(penalty_value(layer, incoming, w.data()) == doctest::Approx(0.5 * std::sqrt(2.0) * 5.0));
    WeightPenalty outgoing{WeightGroups::outgoing, 0.5, 0.0, 0.5};
    CHECK(penalty_value(layer, outgoing, w.data()) == doctest::Approx(0.5 * std::sqrt(3.0) * 7.0));
    g[0] = -0.5 * std::sqrt(2.0) * 0.6;
    g[8] = 0.5 * std::sqrt(2.0) * 0.8;
    g[1] = 0.7;  // a unit at zero: within 0.5 sqrt(2)
    CHECK(kkt_distance(layer, incoming, w.data(), g.data()).distance < 1e-15);
    g[1] = 1.0;
    const KktDistance found = kkt_distance(layer, incoming, w.data(), g.data());
    CHECK(found.distance == doctest::Approx(1.0 - 0.5 * std::sqrt(2.0)));
    CHECK(found.index == 1);
    int visits = 0;
    vectorized([&]() SHRINKAGE_INLINED { ++visits; });
    CHECK(visits == 1);
}

TEST_SUITE_END();
