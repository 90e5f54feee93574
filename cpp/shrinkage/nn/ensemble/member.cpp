#include "shrinkage/nn/ensemble/member.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "shrinkage/base/simd/vectorized.hpp"
#include "shrinkage/nn/masks/masks.hpp"
#include "shrinkage/nn/masks/noise.hpp"

namespace shrinkage {
namespace {

constexpr std::array<std::uint32_t, 1> shared_row{0};

/// out[j] = factor * row[columns[j]]; without columns the whole row.
template <typename T>
void pack_row(const T* row_, std::span<const std::uint32_t> columns, bool all, T factor, T* out_) {
    const T* __restrict row = row_;
    T* __restrict out = out_;
    const std::uint32_t* __restrict column = columns.data();
    const std::size_t n = columns.size();
    if (all) {
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t j = 0; j < n; ++j) out[j] = factor * row[j];
        });
    } else {
        vectorized([=]() SHRINKAGE_INLINED {
            for (std::size_t j = 0; j < n; ++j) out[j] = factor * row[column[j]];
        });
    }
}

void number(std::vector<std::uint32_t>& out, std::size_t n) {
    out.resize(n);
    std::iota(out.begin(), out.end(), std::uint32_t{0});
}

}  // namespace

template <typename T>
Member<T>::Member(const Layout<T>& whole, const EnsemblePlan& plan)
    : plan_(plan),
      whole_(whole),
      layout_(whole),
      first_(plan.first()),
      kept_(whole.depth() - first_ + 1),
      factors_(whole.depth() - first_),
      parameters_(whole.size()) {
    if (traits_of(plan.kind).drops_weights) connections_.emplace(whole);
    for (std::size_t l = first_; l < whole.depth(); ++l) number(kept_[l - first_], whole[l].inputs);
    number(kept_.back(), whole.outputs());
    number(summed_, whole[first_].inputs);
}

template <typename T>
void Member<T>::draw(std::uint64_t t, const T* parameters, const Context& context) {
    const MaskPlan masks = plan_.masks(t);
    if (connections_) {
        connections_->choose(masks, parameters, context);
        return;
    }
    std::vector<std::size_t> sizes;
    for (std::size_t l = first_; l < whole_.depth(); ++l) {
        draw_layer(l, masks);
        sizes.push_back(l == first_ ? summed_.size() : kept_[l - first_].size());
    }
    sizes.push_back(whole_.outputs());
    layout_.assign(sizes);
    for (std::size_t l = first_; l < whole_.depth(); ++l) {
        context.check();
        pack_layer(l, parameters);
    }
}

template <typename T>
void Member<T>::draw_layer(std::size_t l, const MaskPlan& masks) {
    if (masks.rates[l] > 0.0 && traits_of(masks.kind).drops_units) {
        draw_bits(l, masks);
    } else if (masks.rates[l] > 0.0) {
        draw_factors(l, masks);
    }
}

template <typename T>
void Member<T>::draw_bits(std::size_t l, const MaskPlan& masks) {
    const std::size_t units = whole_[l].inputs;
    const bool grouped = l == 0 && !masks.input_groups.empty();
    mask_.resize(n_decisions(l, units, masks.input_groups));
    shared_layer_mask(masks, l, mask_);
    std::vector<std::uint32_t>& kept = kept_[l - first_];
    kept.clear();
    dropped_.clear();
    for (std::uint32_t u = 0; u < units; ++u) {
        (mask_[grouped ? masks.input_groups[u] : u] != 0 ? kept : dropped_).push_back(u);
    }
    const double scale = unit_map(masks.kind, masks.rates[l]).scale;
    const bool subtracts = l == first_ && plan_.subtracts();
    if (l == first_) {
        summed_ = subtracts ? dropped_ : kept;
        factor_of_all_ = subtracts ? static_cast<T>(scale) : T{0};
    }
    const std::size_t n = l == first_ ? summed_.size() : kept.size();
    factors_[l - first_].assign(n, static_cast<T>(subtracts ? -scale : scale));
}

template <typename T>
void Member<T>::draw_factors(std::size_t l, const MaskPlan& masks) {
    constexpr std::size_t stride = lanes_of<T>;
    const std::size_t units = whole_[l].inputs;
    numbers_.resize(units * stride);
    layer_factors(masks, l, shared_row, units, stride, numbers_.data());
    factors_[l - first_].resize(units);
    for (std::size_t u = 0; u < units; ++u) factors_[l - first_][u] = numbers_[u * stride];
}

template <typename T>
void Member<T>::pack_layer(std::size_t l, const T* parameters) {
    const DenseLayer &from = whole_[l], &to = layout_[l - first_];
    const std::vector<std::uint32_t>& rows = l == first_ ? summed_ : kept_[l - first_];
    const std::vector<std::uint32_t>& columns = kept_[l + 1 - first_];
    const Aligned<T>& factors = factors_[l - first_];
    const bool all = columns.size() == from.units;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        T* target = parameters_.data() + to.weights + i * to.stride;
        const T* source = parameters + from.weights + rows[i] * from.stride;
        pack_row(source, columns, all, factors.empty() ? T{1} : factors[i], target);
    }
    pack_biases(l, parameters, parameters_.data() + to.biases);
}

/// Where dropout adds a constant to every number, biases take these in.
template <typename T>
void Member<T>::pack_biases(std::size_t l, const T* parameters, T* biases) {
    const DenseLayer& from = whole_[l];
    const std::vector<std::uint32_t>& columns = kept_[l + 1 - first_];
    pack_row(parameters + from.biases, columns, columns.size() == from.units, T{1}, biases);
    const double rate = plan_.rates[l];
    if (!traits_of(plan_.kind).affine || rate == 0.0) return;
    const UnitMap map = unit_map(plan_.kind, rate);
    const std::vector<std::uint32_t>& kept = kept_[l - first_];
    std::vector<double> constants(from.inputs, map.dropped), sums(columns.size(), 0.0);
    for (const std::uint32_t u : kept) constants[u] = map.shift;
    for (std::size_t i = 0; i < from.inputs; ++i) {
        const T* row = parameters + from.weights + i * from.stride;
        for (std::size_t j = 0; j < columns.size(); ++j) {
            sums[j] += constants[i] * static_cast<double>(row[columns[j]]);
        }
    }
    for (std::size_t j = 0; j < columns.size(); ++j) biases[j] += static_cast<T>(sums[j]);
}

template <typename T>
LayerView<T> Member<T>::layer(std::size_t l) const {
    if (connections_) return {whole_[l], connections_->parameters()};
    return {layout_[l - first_], parameters_.data()};
}

template class Member<float>;
template class Member<double>;

}  // namespace shrinkage
