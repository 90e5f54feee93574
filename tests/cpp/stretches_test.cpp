// Work on long arrays that can be stopped, and what a trainer does in such stretches.
#include "shrinkage/nn/kernels/stretches.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/model/random.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

namespace {

const Architecture wide{{300, 700, 3}, Activation::relu, AnyVectorLoss(MultinomialLoss(3))};

Regularization dropout(DropoutKind kind) {
    Regularization half;
    half.penalties.resize(2);
    half.rates.assign(2, 0.5);
    half.kind = kind;
    return half;
}

struct Data {
    std::vector<float> x;
    std::vector<double> y;
    Data() {
        for (std::size_t i = 0; i < 64 * 300; ++i) x.push_back(std::sin(static_cast<float>(i)));
        for (std::size_t i = 0; i < 64; ++i) y.push_back(static_cast<double>(i % 3));
    }
    Examples<float> examples() const { return {64, 300, x, {}, {}, {y, {}}}; }
};

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("stretches cover every number once, and a copy is a copy, for any threads") {
    for (const std::size_t n :
         {std::size_t{0}, std::size_t{1}, numbers_of_a_stretch, 3 * numbers_of_a_stretch + 5}) {
        for (const std::size_t threads : {1, 3}) {
            std::vector<int> touched(n, 0);
            for_stretches(n, {threads}, [&](std::size_t first, std::size_t count) {
                for (std::size_t i = first; i < first + count; ++i) ++touched[i];
            });
            CHECK(touched == std::vector<int>(n, 1));
            std::iota(touched.begin(), touched.end(), 0);
            std::vector<int> copy{7};
            if (n > 0) {
                copy_to(touched, copy, {threads});
                CHECK(copy == touched);
            }
        }
    }
}

TEST_CASE("a stop is heard between stretches, and the work can be taken up again") {
    Control control;
    control.stop();
    const Context stopped{1, &control};
    Aligned<float> values;
    CHECK_THROWS_AS(grow(values, 10 * numbers_of_a_stretch, stopped), Cancelled);
    CHECK(values.empty());
    grow(values, 3 * numbers_of_a_stretch + 1, {});
    CHECK(values == Aligned<float>(3 * numbers_of_a_stretch + 1, 0.0F));
    CHECK_THROWS_AS(for_stretches(5, stopped, [](std::size_t, std::size_t) {}), Cancelled);
}

TEST_CASE("weights drawn some rows at a time are those drawn at once") {
    const DenseLayer layer{41, 7, 16, 0, 0};
    for (const Start start : {Start::he, Start::glorot, Start::lecun}) {
        Aligned<double> whole(layer.n_weights(), 0.0), parts = whole;
        draw_weights(5, 2, layer, start, 0, 41, whole.data());
        for (std::size_t row = 0; row < 41; row += 3) {
            draw_weights(5, 2, layer, start, row, std::min<std::size_t>(3, 41 - row), parts.data());
        }
        CHECK(whole == parts);
        CHECK(whole[40 * 16 + 6] != 0.0);
    }
}

TEST_CASE("a trainer stopped before its first step begins as one never stopped") {
    const Data data;
    for (const DropoutKind kind :
         {DropoutKind::bernoulli, DropoutKind::batch, DropoutKind::dropconnect}) {
        Trainer<float> once(wide, {}, dropout(kind)), twice(wide, {}, dropout(kind));
        for (Trainer<float>* trainer : {&once, &twice}) {
            trainer->set_examples(data.examples(), {});
            trainer->draw_start(Start::he);
        }
        Control control;
        control.stop();
        CHECK(twice.run(2, {1, &control}) == Ending::cancelled);
        CHECK(twice.history().empty());
        CHECK(once.run(2, {1}) == Ending::none);
        CHECK(twice.run(2, {3}) == Ending::none);
        CHECK(once.state().parameters == twice.state().parameters);
        CHECK(once.state().first == twice.state().first);
        CHECK(once.kkt_residual({1}).value == twice.kkt_residual({3}).value);
    }
}

TEST_CASE("weights drawn anew keep the state of the optimizer") {
    const Data data;
    Trainer<float> trainer(wide, {}, dropout(DropoutKind::bernoulli));
    trainer.set_examples(data.examples(), {});
    trainer.draw_start(Start::he);
    const Aligned<float> start = trainer.state().parameters;
    CHECK(trainer.run(1, {1}) == Ending::none);
    const Aligned<float> moments = trainer.state().first;
    trainer.draw_start(Start::he);
    const DenseLayer& layer = trainer.layout()[0];
    for (std::size_t i = 0; i < layer.n_weights(); ++i) {
        REQUIRE(trainer.state().parameters[i] == start[i]);
    }
    CHECK(trainer.state().first == moments);
}
