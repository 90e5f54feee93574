// Training: gradients against differences, identities of the step, state, cancellation.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/model/layout.hpp"
#include "shrinkage/nn/model/output_loss.hpp"
#include "shrinkage/nn/model/random.hpp"
#include "shrinkage/nn/step/pass.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

namespace {

constexpr std::size_t n_rows = 13, n_inputs = 5;

/// Data, and a trainer on them.
template <typename T>
struct Bench {
    std::vector<T> x;
    std::vector<double> y, weights;
    Trainer<T> trainer;

    Bench(const Architecture& architecture, const TrainerOptions& options,
          Regularization regularization, std::size_t n = n_rows)
        : trainer(architecture, options, std::move(regularization)) {
        const std::size_t targets = target_size_of(architecture.loss);
        const std::size_t inputs = architecture.sizes.front();
        for (std::size_t i = 0; i < n * inputs; ++i) {
            x.push_back(static_cast<T>(std::sin(1.0 + 2.0 * static_cast<double>(i))));
        }
        for (std::size_t i = 0; i < n * targets; ++i) {
            y.push_back(static_cast<double>((i * 7 + i / 3) % 2));
        }
        for (std::size_t i = 0; i < n; ++i) {
            weights.push_back(1.0 + 0.5 * std::cos(static_cast<double>(i)));
        }
        trainer.set_examples({n, inputs, x, {}, {}, {y, weights}}, {});
        trainer.draw_start(Start::glorot);
        // Biases off zero: with every input dropped a sum would lie on the kink of relu.
        for (const DenseLayer& layer : trainer.layout()) {
            for (std::size_t k = 0; k < layer.units; ++k) {
                trainer.state().parameters[layer.biases + k] =
                    static_cast<T>(0.2 * std::cos(2.0 + static_cast<double>(k)));
            }
        }
    }
};

/// The derivative of the loss by parameter i, by a central difference.
double difference(Trainer<double>& trainer, std::size_t i) {
    Aligned<double> ignored;
    double& parameter = trainer.state().parameters[i];
    const double kept = parameter, h = 1e-6;
    parameter = kept + h;
    const double above = trainer.loss_and_gradient(5, ignored, {});
    parameter = kept - h;
    const double below = trainer.loss_and_gradient(5, ignored, {});
    parameter = kept;
    return (above - below) / (2.0 * h);
}

Regularization unregularized(std::size_t depth, double rate = 0.0) {
    Regularization none;
    none.penalties.resize(depth);
    none.rates.assign(depth, rate);
    return none;
}

std::vector<OutputLoss> losses() {
    return {AnyLoss(SquaredLoss{}),
            AnyLoss(LogisticLoss{}),
            AnyLoss(PoissonLoss{}),
            AnyLoss(HuberLoss{0.7}),
            AnyLoss(GammaLoss{}),
            AnyLoss(QuantileLoss{0.3}),
            AnyVectorLoss(MultiSquaredLoss(3)),
            AnyVectorLoss(MultinomialLoss(2)),
            SeveralQuantiles{{0.2, 0.7}},
            GaussianNoise{2}};
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("gradients are those of central differences, for every activation and loss") {
    const Context context;
    for (const auto& [name, activation] : activation_names) {
        for (const OutputLoss& loss : losses()) {
            CAPTURE(std::string(name));
            CAPTURE(loss.index());
            const Architecture architecture{{n_inputs, 7, 4, outputs_of(loss)}, activation, loss};
            TrainerOptions options;
            options.seed = 3;
            options.batch_size = 6;  // more than one batch, the last smaller
            Bench<double> bench(architecture, options, unregularized(3, 0.3));
            Aligned<double> gradient;
            bench.trainer.loss_and_gradient(5, gradient, context);
            const Layout<double> layout(architecture.sizes);
            for (const DenseLayer& layer : layout) {
                for (const std::size_t i :
                     {layer.weights, layer.weights + layer.stride + layer.units - 1,
                      layer.weights + (layer.inputs - 1) * layer.stride, layer.biases,
                      layer.biases + layer.units - 1}) {
                    CHECK(gradient[i] ==
                          doctest::Approx(difference(bench.trainer, i)).epsilon(1e-4).scale(1e-2));
                }
            }
        }
    }
}

TEST_CASE("single precision computes the same gradient") {
    const Context context;
    const Architecture architecture{
        {n_inputs, 19, 3}, Activation::gelu, AnyVectorLoss(MultinomialLoss(3))};
    TrainerOptions options;
    options.seed = 11;
    Bench<double> fine(architecture, options, unregularized(2, 0.2));
    Bench<float> coarse(architecture, options, unregularized(2, 0.2));
    Aligned<double> g;
    Aligned<float> h;
    CHECK(fine.trainer.loss_and_gradient(1, g, context) ==
          doctest::Approx(coarse.trainer.loss_and_gradient(1, h, context)).epsilon(1e-5));
    const Layout<double> wide(architecture.sizes);
    const Layout<float> narrow(architecture.sizes);
    for (std::size_t l = 0; l < 2; ++l) {
        for (std::size_t i = 0; i < wide[l].inputs; ++i) {
            for (std::size_t j = 0; j < wide[l].units; ++j) {
                CHECK(h[narrow[l].weights + i * narrow[l].stride + j] ==
                      doctest::Approx(g[wide[l].weights + i * wide[l].stride + j])
                          .epsilon(1e-3)
                          .scale(1e-2));
            }
        }
    }
}

TEST_CASE("the padding of the parameters stays zero under every optimizer") {
    for (const OptimizerRow& row : optimizers) {
        CAPTURE(std::string(row.name));
        TrainerOptions options;
        options.optimizer.kind = row.kind;
        options.batch_size = 4;
        Regularization regularization = unregularized(2, 0.4);
        regularization.penalties = {{WeightGroups::incoming, 0.01, 0.0, 0.01, 1.5},
                                    {WeightGroups::separable, 0.01, 0.02, 0.03, 1.5}};
        Bench<float> bench({{n_inputs, 5, 1}, Activation::relu, AnyLoss(SquaredLoss{})}, options,
                           regularization);
        CHECK(bench.trainer.run(3, {}) == Ending::none);
        const auto& p = bench.trainer.state().parameters;
        for (const DenseLayer& layer : bench.trainer.layout()) {
            for (std::size_t i = 0; i < layer.inputs; ++i) {
                for (std::size_t j = layer.units; j < layer.stride; ++j) {
                    CHECK(p[layer.weights + i * layer.stride + j] == 0.0F);
                }
            }
        }
    }
}

TEST_CASE("a run that is taken up again goes on bit by bit, for any number of threads") {
    const Architecture architecture{
        {n_inputs, 200, 150, 2}, Activation::silu, AnyVectorLoss(MultinomialLoss(2))};
    TrainerOptions options;
    options.batch_size = 64;
    options.seed = 5;
    const Regularization regularization = unregularized(3, 0.5);
    Bench<float> whole(architecture, options, regularization);
    whole.trainer.run(5, {1, nullptr});
    Bench<float> first(architecture, options, regularization);
    first.trainer.run(2, {3, nullptr});
    Bench<float> second(architecture, options, regularization);
    second.trainer.state() = first.trainer.state();
    second.trainer.run(3, {2, nullptr});
    CHECK(whole.trainer.state().parameters == second.trainer.state().parameters);
    CHECK(whole.trainer.history().size() == second.trainer.history().size());
}

TEST_CASE("wide networks, whose products skip zeros, have the gradient of differences") {
    const Context context;
    const Architecture architecture{
        {70, 80, 96, 3}, Activation::relu, AnyVectorLoss(MultinomialLoss(3))};
    for (const double rate : {0.0, 0.4}) {
        TrainerOptions options;
        options.batch_size = 100;
        Bench<double> bench(architecture, options, unregularized(3, rate), 150);
        Aligned<double> gradient;
        bench.trainer.loss_and_gradient(5, gradient, context);
        for (const DenseLayer& layer : bench.trainer.layout()) {
            for (std::size_t k = 0; k < 12; ++k) {
                const std::size_t i = layer.weights + k * 5 * layer.stride + k * k % layer.units;
                CHECK(gradient[i] ==
                      doctest::Approx(difference(bench.trainer, i)).epsilon(1e-4).scale(1e-3));
            }
        }
    }
}

TEST_CASE("weights that are updated as their gradient is made are those updated afterwards") {
    const Architecture architecture{
        {70, 80, 96, 3}, Activation::relu, AnyVectorLoss(MultinomialLoss(3))};
    Regularization regularization = unregularized(3, 0.5);
    regularization.penalties = {{WeightGroups::separable, 0.001, 0.02, 0.03, 1.5},
                                {WeightGroups::incoming, 0.001, 0.0, 0.001, 1.5},
                                {WeightGroups::separable, 0.0, 0.0, 0.0, 1.5}};
    for (const OptimizerRow& row : optimizers) {
        CAPTURE(std::string(row.name));
        TrainerOptions options;
        options.optimizer.kind = row.kind;
        options.batch_size = 100;  // the second one smaller
        Bench<float> early(architecture, options, regularization, 150);
        CHECK(early.trainer.run(3, {2, nullptr}) == Ending::none);
        options.clip_norm = 1e30;  // never reached, but to be compared with the whole gradient
        Bench<float> late(architecture, options, regularization, 150);
        CHECK(late.trainer.run(3, {1, nullptr}) == Ending::none);
        CHECK(early.trainer.state().parameters == late.trainer.state().parameters);
    }
}

TEST_CASE("a stop ends the run and leaves finite weights") {
    Control control;
    control.stop();
    Bench<float> bench({{n_inputs, 3, 1}, Activation::relu, AnyLoss(SquaredLoss{})}, {},
                       unregularized(2));
    const auto before = bench.trainer.state().parameters;
    CHECK(bench.trainer.run(10, {1, &control}) == Ending::cancelled);
    CHECK(bench.trainer.state().parameters == before);
    CHECK(control.done() == 0);
}

TEST_CASE("divergence puts back the weights from before the epoch") {
    TrainerOptions options;
    options.optimizer.kind = OptimizerKind::sgd;
    options.learning_rate = 1e30;
    Bench<float> bench({{n_inputs, 4, 1}, Activation::identity, AnyLoss(SquaredLoss{})}, options,
                       unregularized(2));
    CHECK(bench.trainer.run(50, {}) == Ending::diverged);
    CHECK(bench.trainer.history().size() < 50);
    for (const float w : bench.trainer.state().parameters) CHECK(std::isfinite(w));
}

TEST_CASE("under every optimizer divergence is seen, and training goes on after it") {
    for (const OptimizerKind kind :
         {OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adam, OptimizerKind::adamw}) {
        TrainerOptions options;
        options.optimizer.kind = kind;
        options.learning_rate = 0.01;
        options.batch_size = 2;
        Bench<float> bench({{n_inputs, 4, 1}, Activation::tanh, AnyLoss(PoissonLoss{})}, options,
                           unregularized(2));
        CAPTURE(static_cast<int>(kind));
        CHECK(bench.trainer.run(5, {}) == Ending::none);
        const auto before = bench.trainer.state().parameters;
        bench.trainer.options().learning_rate = 3e38;  // leaves the range within an epoch
        CHECK(bench.trainer.run(1, {}) == Ending::diverged);
        CHECK(bench.trainer.state().parameters == before);
        bench.trainer.options().learning_rate = 0.01;
        CHECK(bench.trainer.run(5, {}) == Ending::none);
        for (const float moment : bench.trainer.state().second) CHECK(std::isfinite(moment));
    }
}

TEST_CASE("the order of an epoch is a permutation, and its own") {
    std::vector<std::uint32_t> one(100), two(100), again(100);
    shuffled_order(1, 0, one);
    shuffled_order(1, 1, two);
    shuffled_order(1, 0, again);
    CHECK(one == again);
    CHECK(one != two);
    std::sort(two.begin(), two.end());
    for (std::uint32_t i = 0; i < 100; ++i) CHECK(two[i] == i);
}

TEST_CASE("starts have the variance that they promise") {
    const DenseLayer layer{400, 320, 320, 0, 0};
    std::vector<double> w(layer.n_weights());
    for (const auto& [start, variance] :
         {std::pair{Start::he, 2.0 / 400}, {Start::glorot, 2.0 / 720}, {Start::lecun, 1.0 / 400}}) {
        draw_weights(7, 0, layer, start, 0, layer.inputs, w.data());
        double sum = 0.0, squares = 0.0;
        for (const double x : w) {
            sum += x;
            squares += x * x;
        }
        const auto n = static_cast<double>(w.size());
        CHECK(std::abs(sum / n) < 5.0 * std::sqrt(variance / n));
        CHECK(squares / n == doctest::Approx(variance).epsilon(0.02));
    }
}

TEST_CASE("sparse rows are gathered as dense ones are") {
    const std::vector<double> dense{0.0, 2.0, 0.0, 3.0, 0.0, 4.0};
    const std::vector<double> values{2.0, 3.0, 4.0};
    const std::vector<std::int32_t> columns{1, 0, 2};
    const std::vector<std::int64_t> starts{0, 1, 3};
    const std::vector<std::uint32_t> rows{1, 0};
    std::vector<double> a(24, 9.0), b(24, 9.0);
    gather<double>({2, 3, dense, {}, {}, {}}, rows, {}, 8, a.data());
    gather<double>({2, 3, values, columns, starts, {}}, rows, {}, 8, b.data());
    CHECK(a == b);
    CHECK(a[0] == 3.0);
    CHECK(a[17] == 0.0);
}

TEST_SUITE_END();
