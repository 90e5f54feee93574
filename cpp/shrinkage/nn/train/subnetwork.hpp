// The part of a network that one mask for a whole batch leaves: smaller layers, computed as such.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"
#include "shrinkage/nn/model/examples.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// Kept units in ascending order, their weights packed into a layout of their own. The rows of W
/// are scaled by 1 / (1 - rate) of what enters them, so that nothing else knows of the mask.
template <typename T>
class SubNetwork {
public:
    explicit SubNetwork(const Layout<T>& whole);

    /// Draws the masks of the step: row 0 of each layer's.
    void choose(const MaskPlan& plan);
    /// Copies the weights of the kept units.
    void pack(const T* parameters, const Context& context);
    /// gradient of the whole network from that of the part; zero for what was dropped.
    void unpack_gradient(T* gradient, const Context& context) const;

    const Layout<T>& layout() const { return layout_; }
    const T* parameters() const { return parameters_.data(); }
    T* gradient() { return gradient_.data(); }
    ChosenInputs inputs() const { return {kept_[0], place_}; }

private:
    Layout<T> whole_, layout_;
    std::vector<std::size_t> sizes_;
    std::vector<std::vector<std::uint32_t>> kept_;  // of what enters each layer, then the outputs
    std::vector<std::uint32_t> place_;              // of the inputs
    std::vector<double> scales_;                    // one a layer
    std::vector<std::uint8_t> mask_;
    Aligned<T> parameters_, gradient_;
};

}  // namespace shrinkage
