#include "shrinkage/nn/step/layer_products.hpp"

#include <algorithm>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/kernels/product.hpp"
#include "shrinkage/nn/kernels/sparse_product.hpp"

namespace shrinkage {
namespace {

// A nonzero costs a little more than a number of the dense product does, and so do lists.
constexpr double largest_share = 0.65;
// Below this, blocks are not used often enough for what it costs to make them.
constexpr std::size_t least_size = 64;
// So many fill too little of a vector of weights.
constexpr std::size_t few_units = 4;
constexpr double operations_to_list = 8.0;  // for each number
constexpr std::size_t units_of_a_task = 64;

}  // namespace

template <typename T>
void LayerProducts<T>::reserve(std::size_t widest, std::size_t capacity) {
    transposed_.resize(padded<T>(capacity) * padded<T>(widest));
    if (std::min(widest, capacity) < least_size) return;
    nonzeros_.reserve(capacity, widest);
    nonzeros_.reserve(widest, capacity);
}

template <typename T>
template <typename P>
void LayerProducts<T>::compute(const P& product, const Context& context) const {
    parallel_for(product.n_tasks(), context.threads_for(product.flops()), [&](std::size_t task) {
        context.check();
        multiply(product, task);
    });
}

template <typename T>
template <typename P>
void LayerProducts<T>::compute_gradient(const P& product, const DenseLayer& layer,
                                        const TakeTile<T>& take, const Context& context) const {
    if (!take) return compute(product, context);
    parallel_for(product.n_tasks(), context.threads_for(product.flops()), [&](std::size_t task) {
        context.check();
        alignas(cache_line) T tile[P::task_rows * P::task_cols];
        P part = product.part(task);
        const auto place = static_cast<std::size_t>(part.c - product.c);
        const auto [rows, cols] = part.stored();
        part.c = tile;
        part.c_stride = padded<T>(cols);
        multiply(part, 0);
        take({layer.weights + place, rows, part.c_stride, tile, part.c_stride});
    });
}

template <typename T>
bool LayerProducts<T>::may_skip(const DenseLayer& layer) const {
    return std::min({layer.inputs, layer.units, n_rows_}) >= least_size;
}

template <typename T>
bool LayerProducts<T>::skips(const DenseLayer& layer, const Signals<T>& signals,
                             std::size_t units) const {
    const auto numbers = static_cast<double>(units * stride_);
    return may_skip(layer) && static_cast<double>(signals.nonzeros) < largest_share * numbers;
}

template <typename T>
void LayerProducts<T>::list(const Factor<T>& factor, const Context& context) {
    nonzeros_.start(factor);
    const double operations = operations_to_list * static_cast<double>(factor.rows * factor.sums);
    parallel_for(nonzeros_.n_tasks(), context.threads_for(operations),
                 [&](std::size_t task) { nonzeros_.collect(task); });
}

template <typename T>
void LayerProducts<T>::forward(const DenseLayer& layer, const T* parameters, const Signals<T>& in,
                               T* sums, const Context& context) {
    const T* weights = parameters + layer.weights;
    const T* biases = parameters + layer.biases;
    if (!skips(layer, in, layer.inputs)) {
        compute<Product<T>>({layer.units, stride_, layer.inputs, weights, 1, layer.stride,
                             in.values, stride_, sums, stride_, biases},
                            context);
        return;
    }
    list({in.values, stride_, true, stride_, layer.inputs}, context);
    compute<SparseProduct<T>>({&nonzeros_, stride_, layer.units, weights, layer.stride, false, sums,
                               stride_, true, biases},
                              context);
}

template <typename T>
void LayerProducts<T>::backward(const DenseLayer& layer, const T* parameters,
                                const Signals<T>& deltas, T* by_inputs, const Context& context) {
    const T* weights = parameters + layer.weights;
    if (!skips(layer, deltas, layer.units)) {
        compute<Product<T>>({layer.inputs, stride_, layer.units, weights, layer.stride, 1,
                             deltas.values, stride_, by_inputs, stride_, nullptr},
                            context);
        return;
    }
    list({deltas.values, stride_, true, stride_, layer.units}, context);
    compute<SparseProduct<T>>({&nonzeros_, stride_, layer.inputs, weights, layer.stride, true,
                               by_inputs, stride_, true, nullptr},
                              context);
}

template <typename T>
void LayerProducts<T>::transpose_deltas(const DenseLayer& layer, const T* deltas,
                                        const Context& context) {
    const std::size_t units = layer.units;
    const std::size_t n_tasks = (units + units_of_a_task - 1) / units_of_a_task;
    const double operations = 4.0 * static_cast<double>(units * stride_);
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        const std::size_t first = task * units_of_a_task;
        transpose(deltas + first * stride_, std::min(units_of_a_task, units - first), stride_,
                  transposed_.data() + first, layer.stride);
    });
    if (layer.stride == units) return;
    for (std::size_t j = 0; j < n_rows_; ++j) {  // what the last user left in the padding
        T* row = transposed_.data() + j * layer.stride;
        std::fill(row + units, row + layer.stride, T{0});
    }
}

template <typename T>
void LayerProducts<T>::gradient(const DenseLayer& layer, const Signals<T>& in,
                                const Signals<T>& deltas, T* gradient, const TakeTile<T>& take,
                                const Context& context) {
    T* by_weights = gradient + layer.weights;
    if (layer.units <= few_units) {
        dot_products(in.values, layer.inputs, deltas.values, layer.units, stride_, by_weights,
                     layer.stride);
        if (take) take({layer.weights, layer.inputs, layer.stride, by_weights, layer.stride});
        return;
    }
    const bool skips_in = skips(layer, in, layer.inputs);
    const bool skips_deltas = skips(layer, deltas, layer.units);
    if (!skips_in && !skips_deltas) {
        transpose_deltas(layer, deltas.values, context);
        compute_gradient<Product<T>>(
            {layer.inputs, layer.stride, n_rows_, in.values, stride_, 1, transposed_.data(),
             layer.stride, by_weights, layer.stride, nullptr},
            layer, take, context);
        return;
    }
    // The one with fewer nonzeros for its size.
    const bool by_in =
        skips_in && (!skips_deltas || static_cast<double>(in.nonzeros * layer.units) <=
                                          static_cast<double>(deltas.nonzeros * layer.inputs));
    if (by_in) {
        list({in.values, stride_, false, layer.inputs, n_rows_}, context);
        compute_gradient<SparseProduct<T>>(
            {&nonzeros_, layer.inputs, layer.units, deltas.values, stride_, true, by_weights,
             layer.stride, false, nullptr},
            layer, take, context);
    } else {
        list({deltas.values, stride_, false, layer.units, n_rows_}, context);
        compute_gradient<SparseProduct<T>>({&nonzeros_, layer.units, layer.inputs, in.values,
                                            stride_, true, by_weights, layer.stride, true, nullptr},
                                           layer, take, context);
    }
}

template class LayerProducts<float>;
template class LayerProducts<double>;

}  // namespace shrinkage
