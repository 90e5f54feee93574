// Many readers of one trainer, what its numbers are when one is none, and its health.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/nn/ensemble/sampled.hpp"
#include "shrinkage/nn/model/largest.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

namespace {

constexpr std::size_t n_rows = 40, n_inputs = 3;

/// A trainer with data of its own.
template <typename T>
struct Case {
    std::vector<T> x;
    std::vector<double> y;
    Trainer<T> trainer;

    explicit Case(DropoutKind kind = DropoutKind::bernoulli, WeightPenalty penalty = {})
        : trainer({{n_inputs, 6, 1}, Activation::relu, AnyLoss(SquaredLoss{})}, {},
                  {{penalty, penalty}, {0.1, 0.3}, kind, {}, {}}) {
        for (std::size_t i = 0; i < n_rows * n_inputs; ++i) {
            x.push_back(static_cast<T>(std::sin(1.0 + 2.0 * static_cast<double>(i))));
        }
        for (std::size_t i = 0; i < n_rows; ++i) y.push_back(static_cast<double>(x[i * n_inputs]));
        trainer.set_examples(examples(), {});
        trainer.draw_start(Start::he);
    }
    Examples<T> examples() const { return {n_rows, n_inputs, x, {}, {}, {y, {}}}; }

    /// Everything that may be read, as one row of numbers.
    std::vector<double> read() {
        std::vector<double> found = trainer.outputs(examples(), {});
        found.push_back(trainer.mean_loss(examples(), {}));
        found.push_back(trainer.penalty());
        for (const double rate : trainer.rates()) found.push_back(rate);
        const KktResidual residual = trainer.kkt_residual({}, 4);
        found.push_back(residual.value);
        found.push_back(residual.error);
        Aligned<T> gradient;
        found.push_back(trainer.loss_and_gradient(7, gradient, {}));
        for (const T g : gradient) found.push_back(static_cast<double>(g));
        found.push_back(static_cast<double>(trainer.health({}).rows));
        SamplingRequest request;
        request.plan.rates = {0.1, 0.3};
        request.n_members = 5;
        const auto members = sample_ensemble(
            trainer.architecture(), trainer.state().parameters.data(), examples(), request, {});
        found.insert(found.end(), members.mean.begin(), members.mean.end());
        return found;
    }
};

}  // namespace

TEST_CASE("readers side by side find what one alone does, weights being drawn by the first") {
    for (const DropoutKind kind : {DropoutKind::bernoulli, DropoutKind::batch,
                                   DropoutKind::dropconnect, DropoutKind::concrete}) {
        const WeightPenalty penalty{WeightGroups::separable, 0.1, 0.0, 0.1};
        Case<float> alone(kind, penalty), shared(kind, penalty);
        const std::vector<double> expected = alone.read();
        std::vector<std::vector<double>> found(4);
        std::vector<std::thread> readers;
        for (auto& own : found) {
            readers.emplace_back([&] {
                for (int time = 0; time < 5; ++time) own = shared.read();
            });
        }
        for (std::thread& reader : readers) reader.join();
        for (const auto& own : found) CHECK(own == expected);
        CHECK(shared.trainer.run(2, {}) == Ending::none);  // and it may train on
    }
}

TEST_CASE_TEMPLATE("a weight that is no number leaves no residual", T, float, double) {
    for (const WeightGroups groups :
         {WeightGroups::separable, WeightGroups::incoming, WeightGroups::outgoing}) {
        Case<T> one(DropoutKind::bernoulli, {groups, 0.1, 0.0, 0.1});
        for (const std::size_t place : {0, 2}) {
            T& weight = one.trainer.state().parameters[one.trainer.layout()[0].weights + place];
            const T before = weight;
            weight = std::numeric_limits<T>::quiet_NaN();
            CHECK(std::isnan(one.trainer.kkt_residual({}, 2).value));
            CHECK(one.trainer.health({}).not_finite == n_rows);
            weight = before;
        }
        CHECK(std::isfinite(one.trainer.kkt_residual({}, 2).value));
        one.trainer.state().parameters[one.trainer.layout()[0].weights + 1] =
            std::numeric_limits<T>::quiet_NaN();
        CHECK(one.trainer.run(1, {}) == Ending::diverged);
    }
}

TEST_CASE("what is not a number stays the largest") {
    const double none = std::numeric_limits<double>::quiet_NaN();
    CHECK(above(2.0, 1.0));
    CHECK_FALSE(above(1.0, 1.0));
    CHECK(above(none, 1.0));
    CHECK_FALSE(above(1.0, none));
}

TEST_CASE("health: a dead layer, outputs that do not depend on the row") {
    Case<float> one;
    CHECK(one.trainer.health({}).dead_layer == 0);
    CHECK_FALSE(one.trainer.health({}).constant);
    const DenseLayer &first = one.trainer.layout()[0], &last = one.trainer.layout()[1];
    auto& parameters = one.trainer.state().parameters;
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(last.weights), last.n_weights(),
                0.0F);
    CHECK(one.trainer.health({}).dead_layer == 0);
    CHECK(one.trainer.health({}).constant);
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(first.biases), first.units,
                -100.0F);
    CHECK(one.trainer.health({}).dead_layer == 1);
    CHECK(one.trainer.health({}).not_finite == 0);
}
