// A dense column-major X, centred and scaled implicitly.
#pragma once

#include <vector>

#include "shrinkage/design/columns.hpp"
#include "shrinkage/design/design.hpp"

namespace shrinkage {

/// Weighted means and 1/n standard deviations by two passes (Chan, Golub & LeVeque 1983). Rows of
/// weight zero do not count. weights sum to one.
Columns describe_columns(ConstMatrixView x, ConstVector weights, bool intercept, bool standardize,
                         const Context& context);

class DenseDesign {
public:
    DenseDesign(ConstMatrixView x, Columns columns)
        : x_(x), columns_(std::move(columns)), as_they_are_(columns_.as_they_are()) {}

    std::size_t rows() const { return x_.rows; }
    std::size_t cols() const { return x_.cols; }
    bool usable(std::size_t j) const { return columns_.usable[j] != 0; }
    double center(std::size_t j) const { return columns_.centers[j]; }
    double scale(std::size_t j) const { return columns_.scales[j]; }

    void transposed_product(ConstVector v, const Context& context, Vector out) const;
    void transposed_products(ConstMatrixView v, const Context& context, MatrixView out) const;
    std::size_t row_blocks(std::size_t n_columns) const;
    void sweep(const Steps& steps, const VisitRows& visit, const Context& context,
               MatrixView out) const;
    void column_products(Indices columns, ConstVector v, const Context& context, Vector out) const;
    double column_product(std::size_t j, ConstVector v) const;
    void add_columns(Indices columns, ConstVector coefs, const Context& context, Vector out) const;
    void gram(Indices a, Indices b, ConstVector d, const Context& context, MatrixView out) const;
    void gram_and_products(Indices a, ConstVector d, ConstVector v, const Context& context,
                           MatrixView out, Vector g) const;
    double product_cost(Indices columns) const {
        return 0.5 * static_cast<double>(rows() * columns.size());
    }
    double gram_cost(Indices columns) const {
        return static_cast<double>(columns.size()) * static_cast<double>(rows() * columns.size()) /
               60.0;
    }
    /// X~ diag(1 / factors) X~', rows x rows: the kernel of a ridge with these factors.
    void kernel(ConstVector factors, const Context& context, MatrixView out) const;

private:
    /// x~_j'v from x_j'v and the sum of v.
    double penalized(std::size_t j, double raw, double total) const {
        return usable(j) ? (raw - center(j) * total) / scale(j) : 0.0;
    }
    /// What a Gram matrix brings along: the products of its columns with v.
    struct Along {
        ConstVector v;
        Vector out;
    };
    /// Of all rows, or of those listed; weights count by their size.
    void full_gram(Indices a, Indices b, ConstVector d, Indices listed, const Context& context,
                   MatrixView out, const Along* along) const;
    void gram_of_some(Indices a, ConstVector d, const Context& context, MatrixView out) const;
    void skinny_gram(Indices a, Indices b, ConstVector d, const Context& context,
                     MatrixView out) const;
    bool plain(Indices columns, ConstVector d) const;
    void pack(Indices columns, ConstVector factor, Indices listed, std::size_t first,
              std::size_t count, double* out) const;

    ConstMatrixView x_;
    Columns columns_;
    bool as_they_are_;  // no column is centred, scaled or left out
};

static_assert(ScaledDesign<DenseDesign>);

}  // namespace shrinkage
