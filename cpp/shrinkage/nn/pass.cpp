#include "shrinkage/nn/pass.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/elementwise.hpp"
#include "shrinkage/nn/masks.hpp"
#include "shrinkage/nn/noise.hpp"

namespace shrinkage {
template <typename T>
Pass<T>::Pass(const Architecture& architecture, std::size_t capacity, bool training)
    : architecture_(architecture),
      layout_(architecture.sizes),
      capacity_(capacity),
      stride_(padded<T>(capacity)),
      layers_(architecture.depth()) {
    std::size_t widest = 0, longest_row = 0;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const DenseLayer& layer = layout_[l];
        layers_[l].in.resize(layer.inputs * stride_);
        if (training) {
            layers_[l].mask.resize(layer.inputs * stride_);
            if (l > 0) layers_[l].slope.resize(layer.inputs * stride_);
        }
        widest = std::max({widest, layer.units, l > 0 ? layer.inputs : 0});
        longest_row = std::max(longest_row, layer.stride);
    }
    layers_.back().out.resize(layout_.outputs() * stride_);
    if (training) {
        deltas_.resize(widest * stride_);
        next_deltas_.resize(widest * stride_);
        transposed_.resize(stride_ * longest_row);
    }
}

template <typename T>
void Pass<T>::compute(const Product<T>& product, const Context& context) const {
    parallel_for(product.n_tasks(), context.threads_for(product.flops()), [&](std::size_t task) {
        context.check();
        multiply(product, task);
    });
}

template <typename T>
void Pass<T>::draw_mask(std::size_t l, const MaskPlan& plan, std::span<const std::uint32_t> rows) {
    const std::size_t units = layout_[l].inputs;
    const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
    std::uint8_t* mask = layers_[l].mask.data();
    if (l > 0 || plan.input_groups.empty()) {
        batch_mask(stream, rows, units, plan.rates[l], stride_, mask);
        return;
    }
    // The groups' decisions, then a copy for each member.
    const auto groups = plan.input_groups;
    const std::size_t n_groups = *std::max_element(groups.begin(), groups.end()) + std::size_t{1};
    group_mask_.resize(n_groups * stride_);
    batch_mask(stream, rows, n_groups, plan.rates[0], stride_, group_mask_.data());
    for (std::size_t u = 0; u < units; ++u) {
        std::copy_n(group_mask_.data() + groups[u] * stride_, stride_, mask + u * stride_);
    }
}

template <typename T>
void Pass<T>::mask_otherwise(std::size_t l, const MaskPlan& plan,
                             std::span<const std::uint32_t> rows, std::span<T> value,
                             std::span<T> slope) {
    const double rate = plan.rates[l];
    if (plan.kind == DropoutKind::alpha) {
        draw_mask(l, plan, rows);
        const AlphaMap map(rate);
        const AffineMasking<T> masking{layers_[l].mask.data(), static_cast<T>(map.scale),
                                       static_cast<T>(map.shift), static_cast<T>(map.dropped)};
        apply_affine(masking, value, slope);
        return;
    }
    Aligned<T>& noise = layers_[l].noise;
    noise.resize(layers_[l].in.size());
    const DropoutStream stream{plan.seed, plan.step, static_cast<std::uint32_t>(l)};
    const std::size_t units = layout_[l].inputs;
    if (plan.kind == DropoutKind::concrete) {
        batch_gates(stream, rows, units, rate, plan.temperature, stride_, noise.data());
    } else {
        const double deviation = std::sqrt(rate / (1.0 - rate));
        batch_noise(stream, rows, units, deviation, stride_, noise.data());
    }
    multiply_by(std::span<const T>(noise.data(), value.size()), value);
    if (!slope.empty()) multiply_by(std::span<const T>(noise.data(), slope.size()), slope);
}

template <typename T>
void Pass<T>::mask_input(const MaskPlan& plan, std::span<const std::uint32_t> rows) {
    const std::span<T> input(layers_[0].in.data(), layout_.inputs() * stride_);
    if (plan.kind != DropoutKind::bernoulli) {
        mask_otherwise(0, plan, rows, input, {});
        return;
    }
    draw_mask(0, plan, rows);
    const T scale = static_cast<T>(1.0 / (1.0 - plan.rates[0]));
    apply_masking<T>({layers_[0].mask.data(), scale}, input);
}

template <typename T>
void Pass<T>::activate_layer(std::size_t l, const std::optional<MaskPlan>& masks,
                             std::span<const std::uint32_t> rows) {
    const std::size_t n = layout_[l].inputs * stride_;
    const std::span<T> value(layers_[l].in.data(), n);
    if (layers_[l].slope.empty()) return activate(architecture_.activation, value);
    const std::span<T> slope(layers_[l].slope.data(), n);
    const bool dropping = masks && masks->rates[l] > 0.0;
    if (dropping && masks->kind == DropoutKind::bernoulli) {
        draw_mask(l, *masks, rows);
        const T scale = static_cast<T>(1.0 / (1.0 - masks->rates[l]));
        activate<T>(architecture_.activation, {layers_[l].mask.data(), scale}, value, slope);
        return;
    }
    activate<T>(architecture_.activation, {}, value, slope);
    if (dropping) mask_otherwise(l, *masks, rows, value, slope);
}

template <typename T>
void Pass<T>::forward(const T* parameters, const Examples<T>& examples,
                      std::span<const std::uint32_t> rows, const std::optional<MaskPlan>& masks,
                      const Context& context) {
    stride_ = padded<T>(rows.size());
    gates_.reset();
    if (masks && masks->kind == DropoutKind::concrete) gates_ = masks;
    gather(examples, rows, inputs_, stride_, layers_[0].in.data());
    if (masks && masks->rates[0] > 0.0) mask_input(*masks, rows);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const DenseLayer& layer = layout_[l];
        T* sums = sums_of(l);
        compute({layer.units, stride_, layer.inputs, parameters + layer.weights, 1, layer.stride,
                 layers_[l].in.data(), stride_, sums, stride_, parameters + layer.biases},
                context);
        if (l + 1 == layers_.size()) break;
        activate_layer(l + 1, masks, rows);
        context.check();
    }
}

template <typename T>
double Pass<T>::loss(const Targets& targets, std::span<const std::uint32_t> rows) const {
    return batch_loss<T>(architecture_.loss, targets, rows, layers_.back().out.data(), stride_, 0.0,
                         nullptr);
}

template <typename T>
void Pass<T>::gradient_of_logit(std::size_t l, const T* slope, T* gradient) const {
    const Buffers& layer = layers_[l];
    gradient[layout_.logits() + l] = static_cast<T>(
        gate_gradient(layout_[l].inputs, stride_, gates_->rates[l], gates_->temperature,
                      layer.noise.data(), layer.in.data(), slope));
}

template <typename T>
void Pass<T>::gradient_of_layer(std::size_t l, const T* deltas, std::size_t n_rows, T* gradient,
                                const Context& context) {
    const DenseLayer& layer = layout_[l];
    transpose(deltas, layer.units, stride_, transposed_.data(), layer.stride);
    if (layer.stride > layer.units) {  // what the last user of the buffer left in the padding
        for (std::size_t j = 0; j < n_rows; ++j) {
            T* row = transposed_.data() + j * layer.stride;
            std::fill(row + layer.units, row + layer.stride, T{0});
        }
    }
    compute({layer.inputs, layer.stride, n_rows, layers_[l].in.data(), stride_, 1,
             transposed_.data(), layer.stride, gradient + layer.weights, layer.stride, nullptr},
            context);
    row_sums(deltas, layer.units, stride_, n_rows, gradient + layer.biases);
}

template <typename T>
double Pass<T>::backward(const T* parameters, const Targets& targets,
                         std::span<const std::uint32_t> rows, double scale, T* gradient,
                         const Context& context) {
    std::fill_n(gradient + layout_.logits(), padded<T>(layers_.size()), T{0});
    if (learns_rate(0)) {  // the way back then reaches the inputs
        const std::size_t size = std::max(deltas_.size(), layout_.inputs() * stride_);
        deltas_.resize(size);
        next_deltas_.resize(size);
    }
    T* deltas = deltas_.data();
    T* next = next_deltas_.data();
    const double total = batch_loss(architecture_.loss, targets, rows, layers_.back().out.data(),
                                    stride_, scale, deltas);
    for (std::size_t l = layers_.size(); l-- > 0;) {
        gradient_of_layer(l, deltas, rows.size(), gradient, context);
        if (l == 0 && !learns_rate(0)) break;
        const DenseLayer& layer = layout_[l];
        compute({layer.inputs, stride_, layer.units, parameters + layer.weights, layer.stride, 1,
                 deltas, stride_, next, stride_, nullptr},
                context);
        if (learns_rate(l)) gradient_of_logit(l, next, gradient);
        if (l == 0) break;
        const std::size_t n = layer.inputs * stride_;
        multiply_by(std::span<const T>(layers_[l].slope.data(), n), std::span<T>(next, n));
        std::swap(deltas, next);
    }
    return total;
}

template class Pass<float>;
template class Pass<double>;

}  // namespace shrinkage
