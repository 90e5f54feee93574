// Random factors: Gaussian noise, concrete gates, and what learned rates cost.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/simd/elementary.hpp"
#include "shrinkage/nn/masks/concrete.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/noise.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

namespace {

std::vector<std::uint32_t> some_rows(std::size_t n) {
    std::vector<std::uint32_t> rows(n);
    for (std::uint32_t i = 0; i < n; ++i) rows[i] = 3 * i + 1;
    return rows;
}

double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("logarithm and turns in float") {
    for (int i = -3000; i <= 2900; ++i) {
        const auto x = static_cast<float>(std::exp(0.025 * i));
        CHECK(std::abs(double{elementary::log(x)} - std::log(double{x})) <
              2e-7 * std::max(std::abs(std::log(double{x})), 1.0));
        const auto s = static_cast<float>(i / 3000.0);
        const auto turned = elementary::turned(s);
        CHECK(std::abs(double{turned.cosine} - std::cos(2.0 * std::numbers::pi * double{s})) <
              3e-7);
        CHECK(std::abs(double{turned.sine} - std::sin(2.0 * std::numbers::pi * double{s})) < 3e-7);
    }
}

TEST_CASE("Gaussian noise has the moments it promises and is a function of its place") {
    std::vector<std::uint32_t> rows(200);
    for (std::uint32_t i = 0; i < 200; ++i) rows[i] = 3 * i;
    const std::size_t units = 101, stride = 208;
    std::vector<double> noise(units * stride, 7.0), again(units * stride, 7.0);
    batch_noise<double>({3, 4, 5}, rows, units, 0.5, stride, noise.data());
    double sum = 0.0, squares = 0.0, cross = 0.0;
    for (std::size_t u = 0; u < units; ++u) {
        for (std::size_t j = 0; j < 200; ++j) {
            const double z = (noise[u * stride + j] - 1.0) / 0.5;
            sum += z;
            squares += z * z;
            if (u > 0) cross += z * (noise[(u - 1) * stride + j] - 1.0) / 0.5;
        }
        for (std::size_t j = 200; j < stride; ++j) CHECK(noise[u * stride + j] == 0.0);
    }
    const double n = 200.0 * units;
    CHECK(std::abs(sum) < 5.0 * std::sqrt(n));
    CHECK(std::abs(squares - n) < 5.0 * std::sqrt(2.0 * n));
    CHECK(std::abs(cross) < 5.0 * std::sqrt(n));
    const std::vector<std::uint32_t> one{rows[17]};
    batch_noise<double>({3, 4, 5}, one, units, 0.5, 8, again.data());
    for (std::size_t u = 0; u < units; ++u) CHECK(again[u * 8] == noise[u * stride + 17]);
}

TEST_CASE("noise and gates in float are those in double") {
    const auto rows = some_rows(37);
    const std::size_t units = 21, stride = 48;
    std::vector<double> fine(units * stride);
    std::vector<float> coarse(units * stride);
    batch_noise<double>({3, 4, 5}, rows, units, 0.7, stride, fine.data());
    batch_noise<float>({3, 4, 5}, rows, units, 0.7, stride, coarse.data());
    for (std::size_t i = 0; i < fine.size(); ++i) {
        CHECK(std::abs(double{coarse[i]} - fine[i]) < 4e-6);
    }
    batch_gates<double>({3, 4, 5}, rows, units, 0.3, 0.5, stride, fine.data());
    batch_gates<float>({3, 4, 5}, rows, units, 0.3, 0.5, stride, coarse.data());
    for (std::size_t i = 0; i < fine.size(); ++i) {
        CHECK(std::abs(double{coarse[i]} - fine[i]) < 4e-6);
    }
}

TEST_CASE("gates are those of the uniform numbers, and with the temperature at 0 the mask") {
    const DropoutStream stream{11, 12, 2};
    const auto rows = some_rows(37);
    const std::size_t units = 21, stride = 40;
    std::vector<double> uniform(37 * units), gates(units * stride, 7.0);
    std::vector<std::uint8_t> mask(37 * units);
    dropout_uniform(stream, rows, units, uniform);
    for (const double p : {0.05, 0.4, 0.9}) {
        batch_gates<double>(stream, rows, units, p, 0.1, stride, gates.data());
        const double logit = std::log(p / (1.0 - p));
        for (std::size_t j = 0; j < 37; ++j) {
            for (std::size_t u = 0; u < units; ++u) {
                const double x = uniform[j * units + u];
                const double k = logistic((std::log(x / (1.0 - x)) - logit) / 0.1);
                CHECK(gates[u * stride + j] == doctest::Approx(k / (1.0 - p)).epsilon(1e-9));
            }
        }
        dropout_mask(stream, rows, units, p, mask);
        batch_gates<double>(stream, rows, units, p, 1e-9, stride, gates.data());
        for (std::size_t u = 0; u < units; ++u) {
            for (std::size_t j = 0; j < stride; ++j) {
                const bool kept = j < 37 && mask[j * units + u] != 0;
                CHECK(gates[u * stride + j] == (kept ? 1.0 / (1.0 - p) : 0.0));
                if (j < 37) CHECK((uniform[j * units + u] >= p) == kept);
            }
        }
    }
}

TEST_CASE("the gradient through gates is that of central differences") {
    const DropoutStream stream{1, 2, 3};
    const auto rows = some_rows(19);
    const std::size_t units = 5, stride = 24, n = units * stride;
    std::vector<double> x(n), slope(n), gates(n), value(n);
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = std::sin(static_cast<double>(i * i));
        slope[i] = std::cos(static_cast<double>(i));
    }
    const double logit = -0.7, t = 0.2;
    const auto loss = [&](double at) {
        batch_gates<double>(stream, rows, units, logistic(at), t, stride, gates.data());
        double total = 0.0;
        for (std::size_t i = 0; i < n; ++i) total += slope[i] * (value[i] = x[i] * gates[i]);
        return total;
    };
    const double h = 1e-5, difference = (loss(logit + h) - loss(logit - h)) / (2.0 * h);
    loss(logit);
    CHECK(gate_gradient(units, stride, logistic(logit), t, gates.data(), value.data(),
                        slope.data()) == doctest::Approx(difference).epsilon(1e-8));
}

TEST_CASE("what learned rates cost, in closed form and by differences") {
    const Layout<double> layout({3, 4, 2});
    Aligned<double> parameters(layout.size(), 0.0);
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 4; ++j) {
            parameters[layout[0].weights + i * layout[0].stride + j] = 1.0;
        }
    }
    parameters[layout[1].weights] = 5.0;  // of a layer whose rate is not learned
    const ConcreteOptions options{0.1, 2.0, 0.5};
    const auto cost = [&](double p) {
        const std::vector<double> rates{p, 0.0};
        return concrete_cost(layout, options, rates, 10, parameters.data());
    };
    // (4 * 12 / (2 * 0.75) - 3 H(0.25)) / (0.5 * 10)
    CHECK(cost(0.25) == doctest::Approx((32.0 - 3.0 * 0.5623351446188083) / 5.0).epsilon(1e-14));
    const std::vector<double> rates{0.25, 0.0};
    std::vector<double> gradient(layout.size(), 0.0);
    add_concrete_gradient(layout, options, rates, 10, parameters.data(), gradient.data());
    const double logit = std::log(1.0 / 3.0), h = 1e-5;
    const double by_logit = (cost(logistic(logit + h)) - cost(logistic(logit - h))) / (2.0 * h);
    CHECK(gradient[layout.logits()] == doctest::Approx(by_logit).epsilon(1e-8));
    double& weight = parameters[layout[0].weights + 1];
    weight = 1.0 + h;
    const double above = cost(0.25);
    weight = 1.0 - h;
    const double below = cost(0.25);
    CHECK(gradient[layout[0].weights + 1] ==
          doctest::Approx((above - below) / (2.0 * h)).epsilon(1e-8));
    CHECK(gradient[layout[1].weights] == 0.0);
    CHECK(gradient[layout.logits() + 1] == 0.0);
}

TEST_CASE("rates are learned, kept over a change of penalty, and start anew with others") {
    std::vector<double> x, y;
    for (std::size_t i = 0; i < 40; ++i) {
        x.push_back(std::sin(static_cast<double>(i)));
        y.push_back(2.0 * x.back());
    }
    Regularization regularization;
    regularization.penalties.resize(2);
    regularization.rates = {0.0, 0.5};
    regularization.kind = DropoutKind::concrete;
    TrainerOptions options;
    options.learning_rate = 0.01;
    Trainer<double> trainer({{1, 8, 1}, Activation::tanh, AnyLoss(SquaredLoss{})}, options,
                            regularization);
    trainer.set_examples({40, 1, x, {}, {}, {y, {}}}, {});
    trainer.draw_start(Start::glorot);
    CHECK(trainer.rates() == std::vector<double>{0.0, 0.5});
    CHECK(trainer.run(150, {}) == Ending::none);
    const std::vector<double> learned = trainer.rates();
    CHECK(learned[0] == 0.0);
    CHECK(learned[1] < 0.45);
    CHECK(trainer.history().back().rates == learned);
    regularization.penalties[0].lambda = 0.1;
    trainer.set_regularization(regularization);
    CHECK(trainer.rates() == learned);
    regularization.rates[1] = 0.2;
    trainer.set_regularization(regularization);
    CHECK(trainer.rates()[1] == doctest::Approx(0.2).epsilon(1e-12));
}

TEST_SUITE_END();
