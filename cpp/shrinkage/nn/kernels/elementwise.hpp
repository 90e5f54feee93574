// The passes of a training step that touch each number once, compiled for the vectors in force.
// All lengths are multiples of lanes_of<T>; all arrays lie on cache lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/kernels/activation.hpp"

namespace shrinkage {

/// What dropout does to a layer: mask 1 = kept; `scale` = 1 / (1 - rate). No mask: nothing.
template <typename T>
struct Masking {
    const std::uint8_t* mask = nullptr;
    T scale = T{1};
};

/// h holds z and becomes f(z) times the masking; slope becomes f'(z) times the masking, which is
/// all that the way back needs.
template <typename T>
void activate(Activation activation, const Masking<T>& masking, std::span<T> h, std::span<T> slope);

/// h = f(z) alone, as predictions need it.
template <typename T>
void activate(Activation activation, std::span<T> h);

/// Whether no number is infinite or not a number.
template <typename T>
bool all_finite(std::span<const T> x);

/// x *= y
template <typename T>
void multiply_by(std::span<const T> y, std::span<T> x);

/// x += y
template <typename T>
void add_to(std::span<const T> y, std::span<T> x);

/// x *= masking
template <typename T>
void apply_masking(const Masking<T>& masking, std::span<T> x);

/// value = scale value + shift where kept, `dropped` where not; slope, unless empty, times scale or
/// 0.
template <typename T>
struct AffineMasking {
    const std::uint8_t* mask = nullptr;
    T scale = T{1}, shift = T{0}, dropped = T{0};
};
template <typename T>
void apply_affine(const AffineMasking<T>& masking, std::span<T> value, std::span<T> slope);

/// out (cols, out_stride) = the transpose of in (rows, cols); rows beyond `rows` of out's columns
/// are left alone. cols must be a multiple of lanes_of<T>.
template <typename T>
void transpose(const T* in, std::size_t rows, std::size_t cols, T* out, std::size_t out_stride);

/// A line of numbers for each column of lanes_of<T> rows, which may lie anywhere: out[i * stride +
/// k] = rows[k][i] for all columns that fill vectors; returns the number of these.
template <typename T>
std::size_t transpose_line(const T* const* rows, std::size_t cols, std::size_t stride, T* out);

/// out[i * out_stride + u] = sum over all j of rows[i * stride + j] * others[u * stride + j], for
/// few u; the rest of a line of `out` becomes zero. out_stride is a multiple of lanes_of<T>.
template <typename T>
void dot_products(const T* rows, std::size_t n, const T* others, std::size_t n_others,
                  std::size_t stride, T* out, std::size_t out_stride);

/// out[i] = sum of the first `used` numbers of row i, in a fixed order.
template <typename T>
void row_sums(const T* in, std::size_t rows, std::size_t stride, std::size_t used, T* out);

}  // namespace shrinkage
