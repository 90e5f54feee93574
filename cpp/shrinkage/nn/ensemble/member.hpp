// One member of an ensemble whose masks all rows share: the network that they leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/ensemble/layer.hpp"
#include "shrinkage/nn/ensemble/plan.hpp"
#include "shrinkage/nn/masks/connections.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// Layers plan.first() ... of a member, packed: only the units that are kept, each row of weights
/// times the factor of what enters it.
template <typename T>
class Member {
public:
    Member(const Layout<T>& whole, const EnsemblePlan& plan);

    /// Becomes member t of the network with these parameters.
    void draw(std::uint64_t t, const T* parameters, const Context& context);

    LayerView<T> layer(std::size_t l) const;
    /// What layer plan.first() sums over: the kept, or with plan.subtracts() the dropped numbers.
    std::span<const std::uint32_t> summed() const { return summed_; }
    bool sums_all() const { return summed_.size() == whole_[first_].inputs; }
    /// The units that layer l computes.
    std::span<const std::uint32_t> units(std::size_t l) const { return kept_[l + 1 - first_]; }
    /// The factor of the sum of everything; 0 without plan.subtracts().
    T factor_of_all() const { return factor_of_all_; }

private:
    void draw_layer(std::size_t l, const MaskPlan& masks);
    void draw_bits(std::size_t l, const MaskPlan& masks);
    void draw_factors(std::size_t l, const MaskPlan& masks);
    void pack_layer(std::size_t l, const T* parameters);
    void pack_biases(std::size_t l, const T* parameters, T* biases);

    const EnsemblePlan& plan_;
    Layout<T> whole_, layout_;  // layout_ begins with layer first_
    std::size_t first_;
    std::vector<std::vector<std::uint32_t>> kept_;  // of what enters layers first_ ..., and outputs
    std::vector<std::uint32_t> summed_, dropped_;
    std::vector<Aligned<T>> factors_;  // of the kept of each layer; empty: 1 each
    T factor_of_all_ = T{0};
    std::vector<std::uint8_t> mask_;
    Aligned<T> numbers_, parameters_;
    std::optional<Connections<T>> connections_;  // of DropConnect, which packs nothing
};

}  // namespace shrinkage
