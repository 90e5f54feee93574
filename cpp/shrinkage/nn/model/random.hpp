// What a training run draws beside masks: the order of the examples and the first weights. Both are
// pure functions of the seed, so that a run can be taken up again at any epoch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>

#include "shrinkage/base/philox.hpp"
#include "shrinkage/nn/kernels/activation.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// Numbers of one purpose. Its key differs from that of the dropout masks of the same seed.
class RandomStream {
public:
    enum class Purpose : std::uint32_t { order = 0x6F726465, weights = 0x77656967 };

    RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t index)
        : key_{static_cast<std::uint32_t>(seed) ^ static_cast<std::uint32_t>(purpose),
               static_cast<std::uint32_t>(seed >> 32) ^ 0x9E3779B9U},
          counter_{0, 0, static_cast<std::uint32_t>(index),
                   static_cast<std::uint32_t>(index >> 32)} {}

    /// As if so many words had been drawn from the start.
    void skip(std::uint64_t words) {
        counter_[0] = static_cast<std::uint32_t>(words / 4);
        counter_[1] = static_cast<std::uint32_t>(words / 4 >> 32);
        used_ = 4;
        for (std::uint64_t i = 0; i < words % 4; ++i) bits();
    }
    std::uint32_t bits() {
        if (used_ == 4) {
            block_ = philox(counter_, key_);
            if (++counter_[0] == 0) ++counter_[1];
            used_ = 0;
        }
        return block_[used_++];
    }
    /// In (0, 1).
    double uniform() { return (static_cast<double>(bits()) + 0.5) * 0x1p-32; }
    /// Standard normal (Box & Muller 1958).
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }
    /// Below n, by the high half of a product (Lemire 2019); its bias is below n / 2^32.
    std::uint32_t below(std::uint32_t n) {
        return static_cast<std::uint32_t>(static_cast<std::uint64_t>(bits()) * n >> 32);
    }

private:
    PhiloxKey key_;
    PhiloxCounter counter_;
    PhiloxCounter block_{};
    std::size_t used_ = 4;
};

/// The order of the examples in an epoch (Fisher & Yates; Durstenfeld 1964).
inline void shuffled_order(std::uint64_t seed, std::uint64_t epoch,
                           std::span<std::uint32_t> order) {
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    RandomStream stream(seed, RandomStream::Purpose::order, epoch);
    for (std::size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[stream.below(static_cast<std::uint32_t>(i))]);
    }
}

/// he      normal of variance 2 / inputs (He, Zhang, Ren & Sun 2015)
/// glorot  uniform of variance 2 / (inputs + units) (Glorot & Bengio 2010)
/// lecun   normal of variance 1 / inputs (LeCun, Bottou, Orr & Müller 1998)
enum class Start { he, glorot, lecun };

/// The start that the literature gives for an activation.
constexpr Start start_for(Activation activation) {
    switch (activation) {
        case Activation::relu:
        case Activation::leaky_relu:
        case Activation::gelu:
        case Activation::silu: return Start::he;
        case Activation::selu: return Start::lecun;
        case Activation::identity:
        case Activation::tanh:
        case Activation::logistic: break;
    }
    return Start::glorot;
}

/// Fills n rows of the weights of layer l; biases are left at zero. Weights do not depend on the
/// type T beyond its rounding.
template <typename T>
void draw_weights(std::uint64_t seed, std::size_t l, const DenseLayer& layer, Start start,
                  std::size_t first_row, std::size_t n, T* weights) {
    RandomStream stream(seed, RandomStream::Purpose::weights, l);
    const std::uint64_t words_of_a_weight = start == Start::glorot ? 1 : 2;
    stream.skip(words_of_a_weight * first_row * layer.units);
    const double inputs = static_cast<double>(layer.inputs),
                 units = static_cast<double>(layer.units);
    const double deviation = std::sqrt((start == Start::he ? 2.0 : 1.0) / inputs);
    const double limit = std::sqrt(6.0 / (inputs + units));
    for (std::size_t i = first_row; i < first_row + n; ++i) {
        for (std::size_t j = 0; j < layer.units; ++j) {
            weights[i * layer.stride + j] =
                static_cast<T>(start == Start::glorot ? limit * (2.0 * stream.uniform() - 1.0)
                                                      : deviation * stream.normal());
        }
    }
}

}  // namespace shrinkage
