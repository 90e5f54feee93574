// Random factors of units in the layout of a batch, (units, stride) numbers, one example a column:
// pure functions of the same indices as a mask. Columns beyond the rows are 0.
//
// Eight units share two Philox calls, that of their mask and the one with the bit `fine`: words 0
// to 3 and words 4 to 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/nn/masks/dropout.hpp"
#include "shrinkage/nn/masks/dropout_kind.hpp"

namespace shrinkage {

/// out[u * stride + j] = 1 + deviation * z with z standard normal: unit k of the eight takes words
/// 2 (k / 2) and 2 (k / 2) + 1 by Box and Muller (1958), the cosine for even k.
template <typename T>
void batch_noise(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                 std::size_t units, double deviation, std::size_t stride, T* out);

/// out[u * stride + j] = logistic((logit x - logit rate) / temperature) / (1 - rate), x being the
/// uniform number of dropout_uniform: the gate of Gal, Hron & Kendall 2017, eq. 5, with 1 - x in
/// the part of their uniform number, so that with the temperature at 0 it is the mask, scaled.
template <typename T>
void batch_gates(const DropoutStream& stream, std::span<const std::uint32_t> rows,
                 std::size_t units, double rate, double temperature, std::size_t stride, T* out);

/// The same for what enters layer l, by a kind that has factors in place of bits.
template <typename T>
void layer_factors(const MaskPlan& plan, std::size_t l, std::span<const std::uint32_t> rows,
                   std::size_t units, std::size_t stride, T* out);

/// Derivative of the loss by logit rate through the gates: `value` has been multiplied by
/// `factor`, what batch_gates gave, and `slope` is the derivative of the loss by `value`.
template <typename T>
double gate_gradient(std::size_t units, std::size_t stride, double rate, double temperature,
                     const T* factor, const T* value, const T* slope);

}  // namespace shrinkage
