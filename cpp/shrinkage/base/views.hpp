// Non-owning views of vectors and column-major matrices.
#pragma once

#include <cstddef>
#include <span>

namespace shrinkage {

using Vector = std::span<double>;
using ConstVector = std::span<const double>;

/// Column-major view: entry (i, j) lies at data[i + j * stride]; stride >= rows.
template <typename T>
struct BasicMatrixView {
    T* data = nullptr;
    std::size_t rows = 0;
    std::size_t cols = 0;
    std::size_t stride = 0;

    T& operator()(std::size_t i, std::size_t j) const { return data[i + j * stride]; }
    std::span<T> column(std::size_t j) const { return {data + j * stride, rows}; }
    BasicMatrixView block(std::size_t row, std::size_t height, std::size_t column,
                          std::size_t width) const {
        return {data + row + column * stride, height, width, stride};
    }
};

using MatrixView = BasicMatrixView<double>;
using ConstMatrixView = BasicMatrixView<const double>;

}  // namespace shrinkage
