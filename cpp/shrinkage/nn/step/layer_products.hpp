// The three products of a dense layer on a batch, with or without the zeros of their factors.
#pragma once

#include <cstddef>
#include <functional>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/kernels/nonzeros.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// Activations of a layer or derivatives by its sums, (units, stride), the batch contiguous.
template <typename T>
struct Signals {
    const T* values = nullptr;
    std::size_t nonzeros = 0;  // how many of them, padding included; all: none is skipped
};

/// A block of the gradient by a layer's weights, (rows, cols) in rows of `tile_stride`, which
/// belongs to the parameters from `offset` on, in rows of the layer's stride.
template <typename T>
struct GradientTile {
    std::size_t offset = 0, rows = 0, cols = 0;
    const T* values = nullptr;
    std::size_t stride = 0;
};

/// Takes the blocks of a gradient as they are made, on any thread, each once.
template <typename T>
using TakeTile = std::function<void(const GradientTile<T>&)>;

template <typename T>
class LayerProducts {
public:
    /// Room for lists of nonzeros and for a transpose; nothing is allocated afterwards. `widest`
    /// is the largest number of inputs and of units, `capacity` that of examples.
    void reserve(std::size_t widest, std::size_t capacity);

    /// Examples of the batch at hand, and the padded number of them.
    void use(std::size_t n_rows, std::size_t stride) {
        n_rows_ = n_rows;
        stride_ = stride;
    }

    /// sums (units, stride) = b + W' in
    void forward(const DenseLayer& layer, const T* parameters, const Signals<T>& in, T* sums,
                 const Context& context);

    /// by_inputs (inputs, stride) = W deltas
    void backward(const DenseLayer& layer, const T* parameters, const Signals<T>& deltas,
                  T* by_inputs, const Context& context);

    /// The layer's part of gradient = in deltas', by weights; or its blocks go to `take`, and
    /// `gradient` only tells where they would lie. The batch counts, not its padding.
    void gradient(const DenseLayer& layer, const Signals<T>& in, const Signals<T>& deltas,
                  T* gradient, const TakeTile<T>& take, const Context& context);

    /// Whether the layer and the batch are large enough for zeros to be skipped: worth counting.
    bool may_skip(const DenseLayer& layer) const;

private:
    /// Whether skipping the zeros of what so many units send is worth it.
    bool skips(const DenseLayer& layer, const Signals<T>& signals, std::size_t units) const;
    void list(const Factor<T>& factor, const Context& context);
    template <typename P>
    void compute(const P& product, const Context& context) const;
    template <typename P>
    void compute_gradient(const P& product, const DenseLayer& layer, const TakeTile<T>& take,
                          const Context& context) const;
    void transpose_deltas(const DenseLayer& layer, const T* deltas, const Context& context);

    std::size_t n_rows_ = 0, stride_ = 0;
    Nonzeros<T> nonzeros_;
    Aligned<T> transposed_;  // derivatives as (batch, units' stride)
};

}  // namespace shrinkage
