// DropConnect (Wan, Zeiler, Zhang, LeCun & Fergus 2013): weights are dropped in place of units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shrinkage/base/progress.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"
#include "shrinkage/nn/model/layout.hpp"

namespace shrinkage {

/// The parameters of one step: weight (i, j) of layer l times M_ij / (1 - rates[l]), the biases
/// whole. M_ij is the decision of dropout_mask on unit i * units + j of row 0.
///
/// One mask serves the batch. Wan et al. draw one for each example, which costs inputs * units
/// numbers an example, more than its products; the expected gradient is the same, its variance over
/// the masks is not averaged over the batch.
template <typename T>
class Connections {
public:
    explicit Connections(const Layout<T>& layout);

    /// Draws the masks of a step and applies them to the parameters.
    void choose(const MaskPlan& plan, const T* parameters, const Context& context);

    const T* parameters() const { return parameters_.data(); }

    /// Turns the gradient by parameters() into that by the parameters given to choose().
    void mask_gradient(T* gradient, const Context& context) const;

private:
    /// Some rows of a layer's weights, of which one task takes care.
    struct Piece {
        std::size_t layer, first_row, n_rows;
    };

    Layout<T> layout_;
    std::vector<Piece> pieces_;
    std::vector<std::size_t> masks_;  // where a layer's mask starts
    std::size_t n_weights_ = 0;
    std::vector<double> rates_;
    std::vector<std::uint8_t> mask_;  // (inputs, units) of each layer, without padding
    Aligned<T> parameters_;
};

}  // namespace shrinkage
