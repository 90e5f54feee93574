// Kinds of dropout: their maps, the part of a network that a batch's mask leaves, noise.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "shrinkage/base/simd/philox_lanes.hpp"
#include "shrinkage/nn/masks/connections.hpp"
#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/train/subnetwork.hpp"
#include "shrinkage/nn/train/trainer.hpp"

using namespace shrinkage;

TEST_SUITE_BEGIN("nn");

TEST_CASE("alpha dropout's map has the published constants and keeps two moments") {
    const AlphaMap tenth(0.1), half(0.5);
    CHECK(tenth.scale == doctest::Approx(0.9212845165).epsilon(1e-9));
    CHECK(tenth.shift == doctest::Approx(0.1619709701).epsilon(1e-9));
    CHECK(half.scale == doctest::Approx(0.8864048947).epsilon(1e-9));
    CHECK(half.shift == doctest::Approx(0.7791939305).epsilon(1e-9));
    for (const double rate : {0.05, 0.3, 0.7}) {
        const AlphaMap map(rate);
        const double mean = (1.0 - rate) * map.shift + rate * map.dropped;
        const double square = (1.0 - rate) * (map.scale * map.scale + map.shift * map.shift) +
                              rate * map.dropped * map.dropped;
        CHECK(std::abs(mean) < 1e-14);
        CHECK(square == doctest::Approx(1.0).epsilon(1e-14));
    }
}

TEST_CASE("every kind of dropout has a row of traits under its name, without contradictions") {
    for (std::size_t k = 0; k < dropout_kinds.size(); ++k) {
        const DropoutTraits& traits = dropout_kinds[k];
        CAPTURE(std::string(traits.name));
        CHECK(static_cast<std::size_t>(traits.kind) == k);
        CHECK(&traits_of(traits.kind) == &traits);
        CHECK(dropout_kind_named(traits.name) == traits.kind);
        CHECK(!(traits.drops_units && traits.drops_weights));
        CHECK((!traits.only_noise || !(traits.drops_units || traits.drops_weights)));
        CHECK((!traits.affine || traits.drops_units));
        CHECK((!traits.skips_units || traits.drops_units));
        CHECK((!traits.enumerable || traits.drops_units));
        CHECK((!traits.recurring || !(traits.per_row || traits.enumerable || traits.integrable)));
        const UnitMap map = unit_map(traits.kind, 0.3);
        CHECK((map.scale == 1.0 / (1.0 - 0.3)) != traits.affine);
        CHECK((map.shift != 0.0) == traits.affine);
        CHECK((map.dropped != 0.0) == traits.affine);
    }
    CHECK(!dropout_kind_named("spatial"));
}

TEST_CASE("the part of a network holds the kept weights, scaled, and gives its gradient back") {
    const Layout<float> whole({9, 20, 2});
    SubNetwork<float> part(whole);
    Aligned<float> parameters(whole.size(), 0.0F), gradient(whole.size(), 5.0F);
    for (const DenseLayer& layer : whole) {
        for (std::size_t i = 0; i < layer.inputs; ++i) {
            for (std::size_t j = 0; j < layer.units; ++j) {
                parameters[layer.weights + i * layer.stride + j] =
                    static_cast<float>(100 * i + j + 1);
            }
        }
    }
    const std::vector<double> rates{0.5, 0.25};
    for (std::uint64_t step = 0; step < 20; ++step) {
        const MaskPlan plan{7, step, rates, DropoutKind::batch, {}};
        part.choose(plan);
        part.pack(parameters.data(), {});
        std::vector<std::uint8_t> inputs(9), hidden(20);
        const std::vector<std::uint32_t> shared{0};
        dropout_mask({7, step, 0}, shared, 9, 0.5, inputs);
        dropout_mask({7, step, 1}, shared, 20, 0.25, hidden);
        const Layout<float>& layout = part.layout();
        for (std::size_t i = 0; i < layout.size(); ++i) part.gradient()[i] = 1.0F;
        part.unpack_gradient(gradient.data(), {});
        std::size_t row = 0;
        for (std::size_t i = 0; i < 9; ++i) {
            std::size_t column = 0;
            for (std::size_t j = 0; j < 20; ++j) {
                const bool kept = inputs[i] != 0 && hidden[j] != 0;
                CHECK(gradient[whole[0].weights + i * whole[0].stride + j] == (kept ? 2.0F : 0.0F));
                if (kept) {
                    CHECK(part.parameters()[layout[0].weights + row * layout[0].stride + column] ==
                          2.0F * static_cast<float>(100 * i + j + 1));
                }
                column += hidden[j];
            }
            CHECK(part.inputs().place[i] ==
                  (inputs[i] != 0 ? static_cast<std::uint32_t>(row) : ChosenInputs::none));
            row += inputs[i];
        }
        CHECK(layout[0].inputs == row);
        CHECK(layout[1].units == 2);
    }
}

TEST_CASE("a long row's mask is that of the row, in any instruction set") {
    const DropoutStream stream{0x123456789ABCDEFULL, 0xFEDCBA987654321ULL, 5};
    for (const std::size_t first : {std::size_t{0}, std::size_t{8}, dropout_max_units - 5000}) {
        for (const std::size_t n : {0, 7, 64, 1000, 5000}) {
            for (const double rate : {0.0, 0.3, 0.5, 0.999}) {
                std::vector<std::uint8_t> plain(n), fast(n, 9);
                const std::uint32_t threshold = dropout_threshold(rate);
                dropout_row(stream, 3, first, threshold, plain);
                long_row_mask(stream, 3, first, threshold, fast);
                CHECK(plain == fast);
            }
        }
    }
    // Enough numbers for some to lie on the threshold's upper half, where the lower half decides.
    std::vector<std::uint8_t> plain(2000000), fast(2000000);
    const std::uint32_t threshold = (std::uint32_t{30000} << 16) + 0x8000U;
    dropout_row(stream, 0, 0, threshold, plain);
    long_row_mask(stream, 0, 0, threshold, fast);
    CHECK(plain == fast);
}

#if SHRINKAGE_X86
SHRINKAGE_AVX2 void check_philox_lanes() {
    const __m256i calls = _mm256_setr_epi64x(5, 6, 7, 8), one = _mm256_set1_epi64x(1);
    const auto c = philox_avx2({calls, one, one, one}, 0x100000002ULL);
    std::uint64_t words[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), c.w2);
    for (std::uint32_t i = 0; i < 4; ++i) {
        CHECK(static_cast<std::uint32_t>(words[i]) == philox({5 + i, 1, 1, 1}, {2, 1})[2]);
    }
}

TEST_CASE("Philox by lanes is Philox") {
    if (simd() != Simd::plain) check_philox_lanes();
}
#endif

TEST_CASE_TEMPLATE("DropConnect drops the weights of dropout_mask, for any threads", T, float,
                   double) {
    const Layout<T> layout({70, 33, 5, 3});
    Aligned<T> parameters(layout.size(), T{0});
    for (const DenseLayer& layer : layout) {
        for (std::size_t i = 0; i <= layer.inputs; ++i) {  // the row behind the last: the biases
            for (std::size_t j = 0; j < layer.units; ++j) {
                parameters[layer.weights + i * layer.stride + j] = static_cast<T>(i + 2 * j + 1);
            }
        }
    }
    const std::vector<double> rates{0.25, 0.0, 0.5};
    Crew crew(3);
    Connections<T> one(layout), three(layout);
    for (std::uint64_t step = 0; step < 3; ++step) {
        const MaskPlan plan{7, step, rates, DropoutKind::dropconnect, {}};
        one.choose(plan, parameters.data(), {});
        three.choose(plan, parameters.data(), {3, nullptr, &crew});
        Aligned<T> gradient = parameters;
        one.mask_gradient(gradient.data(), {});
        for (std::size_t l = 0; l < 3; ++l) {
            const DenseLayer& layer = layout[l];
            std::vector<std::uint8_t> mask(layer.inputs * layer.units);
            const std::vector<std::uint32_t> shared{0};
            dropout_mask({7, step, static_cast<std::uint32_t>(l)}, shared, mask.size(), rates[l],
                         mask);
            for (std::size_t i = 0; i < layer.inputs; ++i) {
                for (std::size_t j = 0; j < layer.stride; ++j) {
                    const std::size_t at = layer.weights + i * layer.stride + j;
                    const T factor = j < layer.units && mask[i * layer.units + j] != 0
                                         ? static_cast<T>(1.0 / (1.0 - rates[l]))
                                         : T{0};
                    REQUIRE(one.parameters()[at] == parameters[at] * factor);
                    REQUIRE(gradient[at] == parameters[at] * factor);
                }
            }
            for (std::size_t j = 0; j < layer.stride; ++j) {
                REQUIRE(one.parameters()[layer.biases + j] == parameters[layer.biases + j]);
            }
        }
        for (std::size_t i = 0; i < layout.size(); ++i) {
            REQUIRE(one.parameters()[i] == three.parameters()[i]);
        }
    }
}

TEST_CASE("gradients under every kind are those of central differences") {
    const std::size_t n = 11;
    std::vector<double> x, y;
    for (std::size_t i = 0; i < n * 4; ++i) x.push_back(std::sin(1.0 + static_cast<double>(i * i)));
    for (std::size_t i = 0; i < n; ++i) y.push_back(std::cos(static_cast<double>(i)));
    const Context context;
    for (const DropoutTraits& traits : dropout_kinds) {
        for (const auto& [activation_name, activation] : activation_names) {
            const bool grouped = activation == Activation::tanh && traits.drops_units;
            CAPTURE(std::string(traits.name));
            CAPTURE(std::string(activation_name));
            const Architecture architecture{{4, 9, 6, 1}, activation, AnyLoss(SquaredLoss{})};
            TrainerOptions options;
            options.seed = 9;
            options.batch_size = 5;  // of which two make the last one of a single example
            Regularization regularization;
            regularization.penalties.resize(3);
            regularization.rates = {0.3, 0.4, 0.2};
            regularization.kind = traits.kind;
            if (grouped) regularization.input_groups = {0, 1, 1, 0};
            Trainer<double> trainer(architecture, options, regularization);
            trainer.set_examples({n, 4, x, {}, {}, {y, {}}}, {});
            trainer.draw_start(Start::glorot);
            auto& p = trainer.state().parameters;
            for (const DenseLayer& layer : trainer.layout()) {
                for (std::size_t k = 0; k < layer.units; ++k) {  // off the kink of relu
                    p[layer.biases + k] = 0.3 * std::cos(1.0 + static_cast<double>(k));
                }
            }
            Aligned<double> gradient, ignored;
            trainer.loss_and_gradient(4, gradient, context);
            const auto check = [&](std::size_t at) {
                const double kept = p[at], h = 1e-6;
                p[at] = kept + h;
                const double above = trainer.loss_and_gradient(4, ignored, context);
                p[at] = kept - h;
                const double below = trainer.loss_and_gradient(4, ignored, context);
                p[at] = kept;
                CHECK(gradient[at] ==
                      doctest::Approx((above - below) / (2.0 * h)).epsilon(1e-6).scale(1e-2));
            };
            for (const DenseLayer& layer : trainer.layout()) {
                for (std::size_t j = 0; j < layer.units; ++j) {
                    for (std::size_t i = 0; i < layer.inputs; ++i) {
                        check(layer.weights + i * layer.stride + j);
                    }
                    check(layer.biases + j);
                }
            }
            for (std::size_t l = 0; l < 3; ++l) {
                const std::size_t logit = trainer.layout().logits() + l;
                check(logit);
                CHECK((gradient[logit] != 0.0) == traits.learns_rates);
            }
        }
    }
}

TEST_SUITE_END();
