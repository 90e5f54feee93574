#include "shrinkage/nn/step/pass.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "shrinkage/base/threads.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/masks/noise.hpp"

namespace shrinkage {
namespace {

constexpr std::size_t units_of_a_task = 64;
constexpr double operations_a_number = 4.0;
constexpr std::size_t examples_of_a_task = 32;
constexpr double operations_a_loss = 300.0;  // for each output: two exponentials

}  // namespace

template <typename T>
Pass<T>::Pass(const Architecture& architecture, std::size_t capacity, bool training)
    : architecture_(architecture),
      layout_(architecture.sizes),
      capacity_(capacity),
      stride_(padded<T>(capacity)),
      layers_(architecture.depth()) {
    std::size_t widest = 0;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const DenseLayer& layer = layout_[l];
        layers_[l].in.resize(layer.inputs * stride_);
        if (training) {
            layers_[l].mask.resize(layer.inputs * stride_);
            if (l > 0) layers_[l].slope.resize(layer.inputs * stride_);
        }
        widest = std::max({widest, layer.units, l > 0 ? layer.inputs : 0});
    }
    layers_.back().out.resize(layout_.outputs() * stride_);
    if (training) {
        deltas_.resize(widest * stride_);
        next_deltas_.resize(widest * stride_);
        products_.reserve(std::max(widest, layout_.inputs()), capacity);
    }
}

template <typename T>
template <typename F>
std::size_t Pass<T>::sum_over_units(std::size_t units, const Context& context, const F& f) const {
    const std::size_t n_tasks = (units + units_of_a_task - 1) / units_of_a_task;
    const double operations = operations_a_number * static_cast<double>(units * stride_);
    std::atomic<std::size_t> total{0};
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        context.check();
        const std::size_t first = task * units_of_a_task;
        total += f(first, std::min(units_of_a_task, units - first));
    });
    return total;
}

template <typename T>
void Pass<T>::gather_input(const Examples<T>& examples, std::span<const std::uint32_t> rows,
                           const Context& context) {
    T* out = layers_[0].in.data();
    const std::size_t n_tasks = stride_ / lanes_of<T>;
    const double operations = operations_a_number * static_cast<double>(layout_.inputs() * stride_);
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        const std::size_t first = task * lanes_of<T>;
        gather_columns(examples, rows, inputs_, stride_, first, first + lanes_of<T>, out);
    });
}

template <typename T>
void Pass<T>::draw_groups(const MaskPlan& plan, std::span<const std::uint32_t> rows) {
    const auto groups = plan.input_groups;
    if (groups.empty()) return;
    const std::size_t n_groups = n_decisions(0, groups.size(), groups);
    group_mask_.resize(n_groups * stride_);
    layer_mask(plan, 0, rows, n_groups, stride_, group_mask_.data());
}

template <typename T>
void Pass<T>::draw_mask(std::size_t l, const MaskPlan& plan, std::span<const std::uint32_t> rows,
                        std::size_t first, std::size_t n) {
    std::uint8_t* mask = layers_[l].mask.data() + first * stride_;
    if (l > 0 || plan.input_groups.empty()) {
        layer_mask(plan, l, rows, n, stride_, mask, first);
        return;
    }
    for (std::size_t u = 0; u < n; ++u) {  // a copy of the group's decisions for each member
        const std::size_t group = plan.input_groups[first + u];
        std::copy_n(group_mask_.data() + group * stride_, stride_, mask + u * stride_);
    }
}

template <typename T>
void Pass<T>::mask_otherwise(std::size_t l, const MaskPlan& plan,
                             std::span<const std::uint32_t> rows, std::span<T> value,
                             std::span<T> slope) {
    if (traits_of(plan.kind).affine) {
        if (l == 0) draw_groups(plan, rows);
        draw_mask(l, plan, rows, 0, layout_[l].inputs);
        const UnitMap map = unit_map(plan.kind, plan.rates[l]);
        const AffineMasking<T> masking{layers_[l].mask.data(), static_cast<T>(map.scale),
                                       static_cast<T>(map.shift), static_cast<T>(map.dropped)};
        apply_affine(masking, value, slope);
        return;
    }
    Aligned<T>& noise = layers_[l].noise;
    noise.resize(layers_[l].in.size());
    layer_factors(plan, l, rows, layout_[l].inputs, stride_, noise.data());
    multiply_by(std::span<const T>(noise.data(), value.size()), value);
    if (!slope.empty()) multiply_by(std::span<const T>(noise.data(), slope.size()), slope);
}

template <typename T>
void Pass<T>::mask_input(const MaskPlan& plan, std::span<const std::uint32_t> rows,
                         const Context& context) {
    T* input = layers_[0].in.data();
    if (!traits_of(plan.kind).has_plain_masks()) {
        mask_otherwise(0, plan, rows, {input, layout_.inputs() * stride_}, {});
        return;
    }
    draw_groups(plan, rows);
    const T scale = static_cast<T>(1.0 / (1.0 - plan.rates[0]));
    sum_over_units(layout_.inputs(), context, [&](std::size_t first, std::size_t n) {
        draw_mask(0, plan, rows, first, n);
        const std::size_t start = first * stride_;
        apply_masking<T>({layers_[0].mask.data() + start, scale}, {input + start, n * stride_});
        return 0;
    });
}

template <typename T>
void Pass<T>::activate_layer(std::size_t l, const std::optional<MaskPlan>& masks,
                             std::span<const std::uint32_t> rows, const Context& context) {
    const std::size_t units = layout_[l].inputs;
    const std::span<T> value(layers_[l].in.data(), units * stride_);
    const bool training = !layers_[l].slope.empty();
    const std::span<T> slope(layers_[l].slope.data(), training ? value.size() : 0);
    const bool dropping = training && masks && masks->rates[l] > 0.0;
    const bool by_bits = dropping && traits_of(masks->kind).has_plain_masks();
    const T scale = static_cast<T>(by_bits ? 1.0 / (1.0 - masks->rates[l]) : 1.0);
    layers_[l].nonzeros = sum_over_units(units, context, [&](std::size_t first, std::size_t n) {
        const std::size_t start = first * stride_, size = n * stride_;
        const std::span<T> part = value.subspan(start, size);
        Masking<T> masking;
        if (by_bits) {
            draw_mask(l, *masks, rows, first, n);
            masking = {layers_[l].mask.data() + start, scale};
        }
        if (!training) {
            activate(architecture_.activation, part);
            return size;
        }
        activate<T>(architecture_.activation, masking, part, slope.subspan(start, size));
        return products_.may_skip(layout_[l]) ? count_nonzeros<T>(part) : size;
    });
    if (!dropping || by_bits) return;
    mask_otherwise(l, *masks, rows, value, slope);
    count_zeros(l, context);
}

template <typename T>
void Pass<T>::count_zeros(std::size_t l, const Context& context) {
    // Predictions skip none: whether zeros are skipped depends on all rows of the batch, and a
    // row's prediction should not.
    const bool training = !layers_[l].mask.empty();
    const bool counts = training && products_.may_skip(layout_[l]);
    layers_[l].nonzeros =
        sum_over_units(layout_[l].inputs, context, [&](std::size_t first, std::size_t n) {
            const T* part = layers_[l].in.data() + first * stride_;
            const std::size_t size = n * stride_;
            return counts ? count_nonzeros(std::span<const T>(part, size)) : size;
        });
}

template <typename T>
void Pass<T>::forward(const T* parameters, const Examples<T>& examples,
                      std::span<const std::uint32_t> rows, const std::optional<MaskPlan>& masks,
                      const Context& context) {
    stride_ = padded<T>(rows.size());
    products_.use(rows.size(), stride_);
    gates_.reset();
    if (masks && traits_of(masks->kind).learns_rates) gates_ = masks;
    gather_input(examples, rows, context);
    if (masks && masks->rates[0] > 0.0) mask_input(*masks, rows, context);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const DenseLayer& layer = layout_[l];
        if (l == 0) count_zeros(l, context);
        products_.forward(layer, parameters, entering(l), sums_of(l), context);
        if (l + 1 == layers_.size()) break;
        activate_layer(l + 1, masks, rows, context);
        context.check();
    }
}

template <typename T>
double Pass<T>::loss(const Targets& targets, std::span<const std::uint32_t> rows) const {
    return batch_loss<T>(architecture_.loss, targets, rows, layers_.back().out.data(), stride_, 0.0,
                         nullptr, stride_);
}

template <typename T>
void Pass<T>::gradient_of_logit(std::size_t l, const T* slope, T* gradient) const {
    const Buffers& layer = layers_[l];
    gradient[layout_.logits() + l] = static_cast<T>(
        gate_gradient(layout_[l].inputs, stride_, gates_->rates[l], gates_->temperature,
                      layer.noise.data(), layer.in.data(), slope));
}

template <typename T>
double Pass<T>::output_loss(const Targets& targets, std::span<const std::uint32_t> rows,
                            double scale, T* deltas, const Context& context) {
    const std::size_t n_tasks = (stride_ + examples_of_a_task - 1) / examples_of_a_task;
    const double operations = operations_a_loss * static_cast<double>(layout_.outputs() * stride_);
    losses_.resize(n_tasks);
    parallel_for(n_tasks, context.threads_for(operations), [&](std::size_t task) {
        const std::size_t first = task * examples_of_a_task;
        const std::size_t cols = std::min(examples_of_a_task, stride_ - first);
        const auto part = first < rows.size()
                              ? rows.subspan(first, std::min(cols, rows.size() - first))
                              : std::span<const std::uint32_t>();
        losses_[task] =
            batch_loss(architecture_.loss, targets, part, layers_.back().out.data() + first,
                       stride_, scale, deltas + first, cols);
    });
    return std::accumulate(losses_.begin(), losses_.end(), 0.0);
}

template <typename T>
double Pass<T>::backward(const T* parameters, const Targets& targets,
                         std::span<const std::uint32_t> rows, double scale, T* gradient,
                         const Take& take, const Context& context) {
    std::fill_n(gradient + layout_.logits(), padded<T>(layers_.size()), T{0});
    if (learns_rate(0)) {  // the way back then reaches the inputs
        const std::size_t size = std::max(deltas_.size(), layout_.inputs() * stride_);
        deltas_.resize(size);
        next_deltas_.resize(size);
    }
    T* deltas = deltas_.data();
    T* next = next_deltas_.data();
    const double total = output_loss(targets, rows, scale, deltas, context);
    const DenseLayer& last = layout_[layers_.size() - 1];
    row_sums(deltas, last.units, stride_, rows.size(), gradient + last.biases);
    std::size_t nonzeros = layout_.outputs() * stride_;
    for (std::size_t l = layers_.size(); l-- > 0;) {
        const DenseLayer& layer = layout_[l];
        const Signals<T> by_sums{deltas, nonzeros};
        const bool goes_on = l > 0 || learns_rate(0);
        if (goes_on) products_.backward(layer, parameters, by_sums, next, context);
        TakeTile<T> take_tile;
        if (take) take_tile = [&take, l](const GradientTile<T>& tile) { take(l, tile); };
        products_.gradient(layer, entering(l), by_sums, gradient, take_tile, context);
        if (goes_on && learns_rate(l)) gradient_of_logit(l, next, gradient);
        if (l == 0) break;
        const DenseLayer& before = layout_[l - 1];
        nonzeros = sum_over_units(layer.inputs, context, [&](std::size_t first, std::size_t n) {
            const std::span<T> part(next + first * stride_, n * stride_);
            multiply_by({layers_[l].slope.data() + first * stride_, part.size()}, part);
            row_sums(part.data(), n, stride_, rows.size(), gradient + before.biases + first);
            return products_.may_skip(before) ? count_nonzeros<T>(part) : part.size();
        });
        std::swap(deltas, next);
    }
    return total;
}

template class Pass<float>;
template class Pass<double>;

}  // namespace shrinkage
