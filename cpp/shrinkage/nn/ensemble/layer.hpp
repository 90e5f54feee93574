// A dense layer as a product reads it, be it the network's own or a packed part of it.
#pragma once

#include <cstddef>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/kernels/product.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

template <typename T>
struct LayerView {
    std::size_t sums, units, stride;  // W is (sums, units) in rows of `stride`
    const T* weights;
    const T* biases;  // none: zero

    LayerView(const DenseLayer& layer, const T* parameters)
        : sums(layer.inputs),
          units(layer.units),
          stride(layer.stride),
          weights(parameters + layer.weights),
          biases(parameters + layer.biases) {}

    /// out (units, cols) = biases + W' in, on this thread; `in` is (sums, cols).
    void apply(const T* in, std::size_t cols, T* out, const Context& context) const {
        const Product<T> product{units, cols, sums, weights, 1,     stride,
                                 in,    cols, out,  cols,    biases};
        for (std::size_t task = 0; task < product.n_tasks(); ++task) {
            context.check();
            multiply(product, task);
        }
    }
};

}  // namespace shrinkage
