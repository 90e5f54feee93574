#include "shrinkage/nn/masks/connections.hpp"

#include <algorithm>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/kernels/stretches.hpp"
#include "shrinkage/nn/masks/masks.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t weights_of_a_piece = std::size_t{1} << 15;
constexpr std::size_t units_of_a_call = 8;  // a piece starts at a multiple of it

/// The rows that a task has: n of `units` numbers and their mask without padding.
template <typename T>
struct Rows {
    const std::uint8_t* mask;
    T scale;
    std::size_t n, units, stride;
};

/// out = in * mask * scale
template <typename T>
void masked_copy(const Rows<T>& rows, const T* in, T* out) {
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < rows.n; ++i) {
            const std::uint8_t* __restrict kept = rows.mask + i * rows.units;
            const T* __restrict from = in + i * rows.stride;
            T* __restrict to = out + i * rows.stride;
            for (std::size_t j = 0; j < rows.units; ++j) {
                to[j] = from[j] * (static_cast<T>(kept[j]) * rows.scale);
            }
        }
    });
}

/// x *= mask * scale
template <typename T>
void mask_rows(const Rows<T>& rows, T* x) {
    vectorized([=]() SHRINKAGE_INLINED {
        for (std::size_t i = 0; i < rows.n; ++i) {
            const std::uint8_t* __restrict kept = rows.mask + i * rows.units;
            T* __restrict row = x + i * rows.stride;
            for (std::size_t j = 0; j < rows.units; ++j) {
                row[j] *= static_cast<T>(kept[j]) * rows.scale;
            }
        }
    });
}

}  // namespace

template <typename T>
Connections<T>::Connections(const Layout<T>& layout)
    : layout_(layout), rates_(layout.depth(), 0.0) {
    for (std::size_t l = 0; l < layout_.depth(); ++l) {
        const DenseLayer& layer = layout_[l];
        masks_.push_back(n_weights_);
        n_weights_ += layer.inputs * layer.units;
        const std::size_t rows = (weights_of_a_piece / layer.units + units_of_a_call) /
                                 units_of_a_call * units_of_a_call;
        for (std::size_t i = 0; i < layer.inputs; i += rows) {
            pieces_.push_back({l, i, std::min(rows, layer.inputs - i)});
        }
    }
}

template <typename T>
void Connections<T>::choose(const MaskPlan& plan, const T* parameters, const Context& context) {
    rates_.assign(plan.rates.begin(), plan.rates.end());
    grow(parameters_, layout_.size(), context);
    grow(mask_, n_weights_, context);
    const double operations = 10.0 * static_cast<double>(mask_.size());
    parallel_for(pieces_.size(), context.threads_for(operations), [&](std::size_t task) {
        context.check();
        const auto [l, first_row, n_rows] = pieces_[task];
        const DenseLayer& layer = layout_[l];
        const std::size_t offset = layer.weights + first_row * layer.stride;
        if (rates_[l] == 0.0) {
            std::copy_n(parameters + offset, n_rows * layer.stride, parameters_.data() + offset);
            return;
        }
        const std::size_t first = first_row * layer.units;
        const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
        const std::span<std::uint8_t> mask(mask_.data() + masks_[l] + first, n_rows * layer.units);
        long_row_mask(stream, 0, first, dropout_threshold(rates_[l]), mask);
        const T scale = static_cast<T>(1.0 / (1.0 - rates_[l]));
        masked_copy<T>({mask.data(), scale, n_rows, layer.units, layer.stride}, parameters + offset,
                       parameters_.data() + offset);
    });
    for (const DenseLayer& layer : layout_) {
        std::copy_n(parameters + layer.biases, layer.stride, parameters_.data() + layer.biases);
    }
}

template <typename T>
void Connections<T>::mask_gradient(T* gradient, const Context& context) const {
    const double operations = static_cast<double>(mask_.size());
    parallel_for(pieces_.size(), context.threads_for(operations), [&](std::size_t task) {
        context.check();
        const auto [l, first_row, n_rows] = pieces_[task];
        if (rates_[l] == 0.0) return;
        const DenseLayer& layer = layout_[l];
        const std::uint8_t* mask = mask_.data() + masks_[l] + first_row * layer.units;
        const T scale = static_cast<T>(1.0 / (1.0 - rates_[l]));
        mask_rows<T>({mask, scale, n_rows, layer.units, layer.stride},
                     gradient + layer.weights + first_row * layer.stride);
    });
}

template class Connections<float>;
template class Connections<double>;

}  // namespace shrinkage
