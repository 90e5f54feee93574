#include "shrinkage/nn/ensemble/member_pass.hpp"

#include <algorithm>
#include <utility>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/masks/noise.hpp"

namespace shrinkage {
namespace {

/// z += factor * the rows of `sums` that belong to these units.
template <typename T>
void add_rows(std::span<const std::uint32_t> units, T factor, const T* sums, std::size_t stride,
              T* z) {
    for (std::size_t j = 0; j < units.size(); ++j) {
        const T* __restrict from = sums + units[j] * stride;
        T* __restrict to = z + j * stride;
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t i = 0; i < stride; ++i) to[i] += factor * from[i];
        });
    }
}

/// The most numbers a column that enter or leave layers first, ..., last - 1.
template <typename T>
std::size_t widest(const Layout<T>& layout, std::size_t first, std::size_t last) {
    std::size_t found = 0;
    for (std::size_t l = first; l < last; ++l) {
        found = std::max({found, layout[l].inputs, layout[l].units});
    }
    return found;
}

}  // namespace

template <typename T>
CommonPass<T>::CommonPass(const Architecture& architecture, const EnsemblePlan& plan,
                          std::size_t capacity)
    : layout_(architecture.sizes),
      activation_(architecture.activation),
      first_(plan.first()),
      subtracts_(plan.subtracts()) {
    one_.resize(widest(layout_, 0, first_) * padded<T>(capacity));
    other_.resize(one_.size());
}

template <typename T>
std::size_t CommonPass<T>::numbers_of_common(const Layout<T>& layout, const EnsemblePlan& plan) {
    const DenseLayer& layer = layout[plan.first()];
    return layer.inputs + (plan.subtracts() ? layer.units : 0);
}

template <typename T>
CommonBlock<T> CommonPass<T>::compute(const T* parameters, const Examples<T>& examples,
                                      std::span<const std::uint32_t> rows, T* out,
                                      const Context& context) {
    CommonBlock<T> block{rows, padded<T>(rows.size()), out, nullptr};
    T* in = first_ == 0 ? out : one_.data();
    T* next = other_.data();
    gather(examples, rows, {}, block.stride, in);
    for (std::size_t l = 0; l < first_; ++l) {
        if (l + 1 == first_) next = out;
        LayerView<T>(layout_[l], parameters).apply(in, block.stride, next, context);
        activate(activation_, std::span<T>(next, layout_[l].units * block.stride));
        std::swap(in, next);
    }
    if (subtracts_) {
        const DenseLayer& layer = layout_[first_];
        LayerView<T> bare(layer, parameters);
        bare.biases = nullptr;
        T* sums = out + layer.inputs * block.stride;
        bare.apply(block.entering, block.stride, sums, context);
        block.sums = sums;
    }
    return block;
}

template <typename T>
MemberPass<T>::MemberPass(const Architecture& architecture, const EnsemblePlan& plan,
                          std::size_t capacity)
    : layout_(architecture.sizes), activation_(architecture.activation), plan_(plan) {
    one_.resize(widest(layout_, plan.first(), layout_.depth()) * padded<T>(capacity));
    other_.resize(one_.size());
}

template <typename T>
const T* MemberPass<T>::outputs(const Member<T>& member, const CommonBlock<T>& block,
                                const Context& context) {
    const std::size_t first = plan_.first(), stride = block.stride;
    const T* in = block.entering;
    T *z = one_.data(), *next = other_.data();
    if (!member.sums_all()) {  // rows to be summed lie side by side
        for (std::size_t i = 0; i < member.summed().size(); ++i) {
            std::copy_n(block.entering + member.summed()[i] * stride, stride, next + i * stride);
        }
        in = next;
    }
    for (std::size_t l = first; l < layout_.depth(); ++l) {
        last_inputs_ = in;
        const LayerView<T> layer = member.layer(l);
        layer.apply(in, stride, z, context);
        if (l == first && member.factor_of_all() != T{0}) {
            add_rows(member.units(l), member.factor_of_all(), block.sums, stride, z);
        }
        if (l + 1 == layout_.depth()) break;
        activate(activation_, std::span<T>(z, layer.units * stride));
        in = z;
        std::swap(z, next);
    }
    return z;
}

template <typename T>
const T* MemberPass<T>::outputs(std::uint64_t t, const T* parameters, const CommonBlock<T>& block,
                                const Context& context) {
    const std::size_t first = plan_.first(), stride = block.stride;
    const MaskPlan masks = plan_.masks(t);
    T *in = one_.data(), *next = other_.data();
    std::copy_n(block.entering, layout_[first].inputs * stride, in);
    for (std::size_t l = first; l < layout_.depth(); ++l) {
        if (masks.rates[l] > 0.0) mask(l, masks, block, in);
        last_inputs_ = in;
        LayerView<T>(layout_[l], parameters).apply(in, stride, next, context);
        std::swap(in, next);
        if (l + 1 == layout_.depth()) break;
        activate(activation_, std::span<T>(in, layout_[l].units * stride));
    }
    return in;
}

/// x, what enters layer l, is masked, each row by masks of its own.
template <typename T>
void MemberPass<T>::mask(std::size_t l, const MaskPlan& masks, const CommonBlock<T>& block, T* x_) {
    const std::size_t units = layout_[l].inputs, stride = block.stride;
    const std::span<T> x(x_, units * stride);
    if (traits_of(masks.kind).drops_units) {
        draw_bits(l, masks, block);
        const UnitMap map = unit_map(masks.kind, masks.rates[l]);
        if (traits_of(masks.kind).affine) {
            const AffineMasking<T> masking{mask_.data(), static_cast<T>(map.scale),
                                           static_cast<T>(map.shift), static_cast<T>(map.dropped)};
            apply_affine(masking, x, {});
        } else {
            apply_masking<T>({mask_.data(), static_cast<T>(map.scale)}, x);
        }
        return;
    }
    noise_.resize(x.size());
    layer_factors(masks, l, block.rows, units, stride, noise_.data());
    multiply_by(std::span<const T>(noise_.data(), x.size()), x);
}

template <typename T>
void MemberPass<T>::draw_bits(std::size_t l, const MaskPlan& masks, const CommonBlock<T>& block) {
    const std::size_t units = layout_[l].inputs, stride = block.stride;
    mask_.resize(units * stride);
    const std::span<const std::uint32_t> groups = masks.input_groups;
    if (l > 0 || groups.empty()) {
        layer_mask(masks, l, block.rows, units, stride, mask_.data());
        return;
    }
    const std::size_t n_groups = n_decisions(0, units, groups);
    group_mask_.resize(n_groups * stride);
    layer_mask(masks, 0, block.rows, n_groups, stride, group_mask_.data());
    for (std::size_t u = 0; u < units; ++u) {
        std::copy_n(group_mask_.data() + groups[u] * stride, stride, mask_.data() + u * stride);
    }
}

template class CommonPass<float>;
template class CommonPass<double>;
template class MemberPass<float>;
template class MemberPass<double>;

}  // namespace shrinkage
