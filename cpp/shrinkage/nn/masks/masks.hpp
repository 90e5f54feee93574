// Dropout masks in the layout of a batch: (units, stride) bytes, one example a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"

namespace shrinkage {

/// mask[u * stride + j] = 1 where unit first_unit + u of example rows[j] is kept: the numbers of
/// dropout_mask, transposed. Columns beyond the rows are 0; first_unit is a multiple of 8.
void batch_mask(const DropoutStream& stream, std::span<const std::uint32_t> rows, std::size_t units,
                double rate, std::size_t stride, std::uint8_t* mask, std::size_t first_unit = 0);

/// The same for decisions on what enters layer l, by a kind that drops units.
void layer_mask(const MaskPlan& plan, std::size_t l, std::span<const std::uint32_t> rows,
                std::size_t units, std::size_t stride, std::uint8_t* mask,
                std::size_t first_unit = 0);

/// Fills mask[k], 1 = kept, with decision k of row 0, likewise: the mask that all rows share.
void shared_layer_mask(const MaskPlan& plan, std::size_t l, std::span<std::uint8_t> mask);

/// Fills mask[k], 1 = kept, for unit first_unit + k of one row, as dropout_row does and faster;
/// first_unit is a multiple of 8.
void long_row_mask(const DropoutStream& stream, std::uint32_t row, std::size_t first_unit,
                   std::uint32_t threshold, std::span<std::uint8_t> mask);

}  // namespace shrinkage
