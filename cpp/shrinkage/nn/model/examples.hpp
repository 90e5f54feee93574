// The data of a training run, dense or sparse, and how a batch of it is laid out for the network.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shrinkage/base/simd/aligned.hpp"
#include "shrinkage/nn/kernels/elementwise.hpp"
#include "shrinkage/nn/model/output_loss.hpp"

namespace shrinkage {

/// X (n, inputs) row-major, or in compressed sparse rows; a view.
template <typename T>
struct Examples {
    std::size_t n = 0;
    std::size_t inputs = 0;
    std::span<const T> values;              // all of X, or its entries
    std::span<const std::int32_t> columns;  // of the entries; empty with dense X
    std::span<const std::int64_t> starts;   // n + 1; empty with dense X
    Targets targets;

    bool sparse() const { return !starts.empty(); }
};

/// Which columns of X enter a network. Both empty: all of them.
struct ChosenInputs {
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    std::span<const std::uint32_t> kept;   // their numbers, ascending
    std::span<const std::uint32_t> place;  // of each column among them, or none
};

/// Columns [first, last) of out (inputs, stride), the transpose of the given rows; zero in the
/// columns beyond them. Both are multiples of lanes_of<T>.
template <typename T>
void gather_columns(const Examples<T>& examples, std::span<const std::uint32_t> rows,
                    const ChosenInputs& chosen, std::size_t stride, std::size_t first,
                    std::size_t last, T* out) {
    const bool all = chosen.place.empty();
    const std::size_t inputs = all ? examples.inputs : chosen.kept.size();
    if (examples.sparse()) {
        for (std::size_t i = 0; i < inputs; ++i) {
            std::fill(out + i * stride + first, out + i * stride + last, T{0});
        }
        for (std::size_t j = first; j < std::min(last, rows.size()); ++j) {
            const auto end = static_cast<std::size_t>(examples.starts[rows[j] + 1]);
            for (auto e = static_cast<std::size_t>(examples.starts[rows[j]]); e < end; ++e) {
                const auto column = static_cast<std::uint32_t>(examples.columns[e]);
                const std::uint32_t place = all ? column : chosen.place[column];
                if (place != ChosenInputs::none) out[place * stride + j] = examples.values[e];
            }
        }
        return;
    }
    // As many rows at a time as fill a line of `out`.
    constexpr std::size_t lanes = lanes_of<T>;
    for (std::size_t j = first; j < last; j += lanes) {
        const T* row[lanes];
        const std::size_t used = j < rows.size() ? std::min(lanes, rows.size() - j) : 0;
        for (std::size_t k = 0; k < used; ++k)
            row[k] = &examples.values[rows[j + k] * examples.inputs];
        std::size_t i = all && used == lanes ? transpose_line(row, inputs, stride, out + j) : 0;
        for (; i < inputs; ++i) {
            T* line = out + i * stride + j;
            const std::size_t column = all ? i : chosen.kept[i];
            for (std::size_t k = 0; k < used; ++k) line[k] = row[k][column];
            for (std::size_t k = used; k < lanes; ++k) line[k] = T{0};
        }
    }
}

/// All columns.
template <typename T>
void gather(const Examples<T>& examples, std::span<const std::uint32_t> rows,
            const ChosenInputs& chosen, std::size_t stride, T* out) {
    gather_columns(examples, rows, chosen, stride, 0, stride, out);
}

}  // namespace shrinkage
