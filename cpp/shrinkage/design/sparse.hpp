// A sparse X by columns (CSC), centred and scaled implicitly at O(nnz): a centred column is never
// made dense, its centre enters every product as a correction.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "shrinkage/design/columns.hpp"
#include "shrinkage/design/design.hpp"

namespace shrinkage {

/// CSC parts as scipy stores them; row indices of a column are strictly increasing.
struct SparseView {
    template <typename Index>
    struct Parts {
        std::span<const Index> indices;  // (nnz,) row numbers
        std::span<const Index> starts;   // (cols + 1,)
    };

    std::size_t rows = 0;
    std::size_t cols = 0;
    ConstVector values;  // (nnz,)
    std::variant<Parts<std::int32_t>, Parts<std::int64_t>> parts;
};

/// As describe_columns of a dense X.
Columns describe_columns(const SparseView& x, ConstVector weights, bool intercept, bool standardize,
                         const Context& context);

class SparseDesign {
public:
    SparseDesign(const SparseView& x, Columns columns) : x_(x), columns_(std::move(columns)) {}

    std::size_t rows() const { return x_.rows; }
    std::size_t cols() const { return x_.cols; }
    bool usable(std::size_t j) const { return columns_.usable[j] != 0; }
    double center(std::size_t j) const { return columns_.centers[j]; }
    double scale(std::size_t j) const { return columns_.scales[j]; }

    void transposed_product(ConstVector v, const Context& context, Vector out) const;
    void transposed_products(ConstMatrixView v, const Context& context, MatrixView out) const;
    std::size_t row_blocks(std::size_t) const { return (rows() + sweep_rows - 1) / sweep_rows; }
    void sweep(const Steps& steps, const VisitRows& visit, const Context& context,
               MatrixView out) const;
    void column_products(Indices columns, ConstVector v, const Context& context, Vector out) const;
    double column_product(std::size_t j, ConstVector v) const;
    void add_columns(Indices columns, ConstVector coefs, const Context& context, Vector out) const;
    void gram(Indices a, Indices b, ConstVector d, const Context& context, MatrixView out) const;
    void gram_and_products(Indices a, ConstVector d, ConstVector v, const Context& context,
                           MatrixView out, Vector g) const {
        gram(a, a, d, context, out);
        column_products(a, v, context, g);
    }
    double product_cost(Indices columns) const { return static_cast<double>(entries(columns)); }
    double gram_cost(Indices columns) const { return 0.5 * gram_cost(columns, columns); }
    void kernel(ConstVector factors, const Context& context, MatrixView out) const;

private:
    static constexpr std::size_t sweep_rows = 4096;  // rows that are visited together

    /// x~_j'v from x_j'v and the sum of v.
    double penalized(std::size_t j, double raw, double total) const {
        return usable(j) ? (raw - center(j) * total) / scale(j) : 0.0;
    }
    double raw_product(std::size_t j, ConstVector v) const;
    double gram_cost(Indices a, Indices b) const;
    /// Stored entries of these columns.
    std::size_t entries(Indices columns) const;

    const SparseView x_;
    Columns columns_;
};

static_assert(ScaledDesign<SparseDesign>);

}  // namespace shrinkage
